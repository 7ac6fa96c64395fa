"""`tdh doctor`: one screen for the operator. Reads only.

Exit codes: 0 all is well, 1 something must be done, 2 something cannot be told or will be trouble
soon; bad settings are trouble too.
"""

import argparse
import asyncio
import json
import logging
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import structlog

from signing.seal_check import Outcome
from signing.verify.report import Text
from tdh.cli.verify import SIGNS, language, speak_any_alphabet
from tdh.config import ConfigError, load
from tdh.doctor.finding import Diagnosis, Finding, Part, trouble
from tdh.doctor.look import diagnose
from tdh.system import CheckedClock

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its only name

EXIT_CODES: Mapping[Outcome, int] = MappingProxyType(
    {Outcome.PASS: 0, Outcome.FAIL: 1, Outcome.UNKNOWN: 2}
)


def add_parser(subparsers: "Subparsers") -> None:
    """Add the command."""
    parser = subparsers.add_parser("doctor", help="whether an installation is well; reads only")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--lang", choices=["th", "en"], help="language; by LANG if not given")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Look, print, and give the exit code."""
    speak_any_alphabet()
    try:
        config = load()
        # What the parts would say has its line in the answer.
        quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
        structlog.configure(wrapper_class=quiet)
        logging.getLogger("aiormq").setLevel(logging.CRITICAL)
        found = asyncio.run(diagnose(config, CheckedClock().now))
    except ConfigError as error:
        found = Diagnosis(findings=(_unusable(error),))
    if args.json:
        print(json.dumps(found.to_plain(), ensure_ascii=False, indent=2))
    else:
        print("\n".join(picture(found, thai=(args.lang or language()) == "th")))
    return EXIT_CODES[found.outcome]


def picture(found: Diagnosis, *, thai: bool) -> Iterator[str]:
    """The lines for people."""
    for one in found.findings:
        text = one.text.th if thai else one.text.en
        yield f"{SIGNS[one.outcome]} {one.part:9} {text}"
        if one.advice is not None:
            yield f"{'':12}→ {one.advice.th if thai else one.advice.en}"


def _unusable(error: ConfigError) -> Finding:
    text = Text(th=f"การตั้งค่าไม่ถูกต้อง: {error}", en=f"bad setting: {error}")
    advice = Text(
        th="แก้ไฟล์ที่ TDH_CONFIG ชี้ ดู deploy/tdh.example.toml",
        en="mend the file that TDH_CONFIG names; see deploy/tdh.example.toml",
    )
    return trouble(Part.SETTINGS, text, advice)
