"""`tdh demo`: the whole story on real, private servers; then it serves until Ctrl-C.

Exit codes: 0 told to its end (or left by Ctrl-C), 1 with `FAILED step N: …` as the last line on
standard error, 64 usage.
"""

import argparse
import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

from tdh.demo.play import Wishes, play
from tdh.demo.telling import Language

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its only name

DEFAULT_HOME = ".tdh"


def add_parser(subparsers: "Subparsers") -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser(
        "demo",
        help="tell the whole story on real servers (เล่าเรื่องทั้งระบบ)",
        description="Start private servers and the service, send five letters, check every "
        f"evidence, then serve until Ctrl-C. Writes below TDH_HOME (default {DEFAULT_HOME}).",
    )
    parser.add_argument("--script", action="store_true", help="the story only, then end")
    parser.add_argument(
        "--keep", action="store_true", help="leave keys, ledger and vault behind at the end"
    )
    parser.add_argument(
        "--lang",
        type=Language,
        choices=list(Language),
        default=Language.BOTH,
        help="both (default), th or en",
    )
    parser.add_argument("--json", action="store_true", help="for programs: a JSON object a line")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without Thai shows question marks
    home = Path(os.environ.get("TDH_HOME") or DEFAULT_HOME)
    wishes = Wishes(
        home=home, script=args.script, keep=args.keep, language=args.lang, json=args.json
    )
    return play(wishes)
