"""`tdh audit`: whether an installation is what it must be, on a live or a restored system.

Exit codes: 0 every invariant holds, 1 one is broken, 2 cannot tell, 64 usage, 66 the trust file
cannot be opened, 69 database or log are not reachable, 70 internal error. It writes nothing.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, TextIO

from signing.seal_check import Outcome
from signing.trust_file import TrustFileError
from signing.verify.report import Text
from tdh.audit.installation import Progress, Wish, audit_installation, no_progress
from tdh.audit.report import MEANINGS, AuditCheck, AuditReport
from tdh.cli import audit_renew
from tdh.cli.verify import (
    EX_USAGE,
    SIGNS,
    add_trust_option,
    cannot_open,
    chosen_trust,
    language,
    speak_any_alphabet,
)
from tdh.config import load

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its only name

EXIT_CODES: Mapping[Outcome, int] = MappingProxyType(
    {Outcome.PASS: 0, Outcome.FAIL: 1, Outcome.UNKNOWN: 2}
)
RESULTS: Mapping[Outcome, Text] = MappingProxyType(
    {
        Outcome.PASS: Text(th="ถูกต้องทุกข้อ", en="every invariant holds"),
        Outcome.FAIL: Text(th="พบข้อที่ไม่ถูกต้อง", en="BROKEN"),
        Outcome.UNKNOWN: Text(th="ยังบอกไม่ได้", en="cannot tell"),
    }
)
EXAMPLES_SHOWN = 5


def add_parser(subparsers: "Subparsers") -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser(
        "audit",
        help="audit an installation (ตรวจสอบทั้งระบบ)",
        description="Check the log and every invariant of the installation that the settings "
        "name. Exit code: 0 all hold, 1 one is broken, 2 cannot tell.",
    )
    parser.add_argument("--log", metavar="URL", help="where the log is served: compare its head")
    add_trust_option(parser)
    parser.add_argument(
        "--full", action="store_true", help="every seal and document, not only a sample"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--lang", choices=["th", "en"], help="language; by LANG if not given")
    parser.set_defaults(run=run)
    acts = parser.add_subparsers(dest="act", metavar="ACT")
    audit_renew.add_parser(acts)


def run(args: argparse.Namespace) -> int:
    """Audit, print, and give the exit code. Raises ConfigError, TDHError."""
    speak_any_alphabet()
    config = load()
    try:
        trust = chosen_trust(args.trust, os.environ)
        wish = Wish(trust=trust, log_url=args.log, full=args.full)
        report = asyncio.run(audit_installation(config, wish, progress=progress_on(sys.stderr)))
    except TrustFileError as error:
        print(f"tdh audit: ไฟล์ความเชื่อถือใช้ไม่ได้ / unusable trust file: {error}", file=sys.stderr)
        return EX_USAGE
    except OSError as error:
        return cannot_open(error)
    if args.json:
        print(json.dumps(report.to_plain(), ensure_ascii=False, indent=2))
    else:
        thai = (args.lang or language()) == "th"
        print("\n".join(picture(report, thai=thai)))
    return EXIT_CODES[report.outcome]


def picture(report: AuditReport, *, thai: bool) -> Iterator[str]:
    """The report as lines for people."""
    for check in report.checks:
        yield from _picture_of(check, thai=thai)
    result = RESULTS[report.outcome]
    yield result.th if thai else result.en


def progress_on(stream: TextIO) -> Progress:
    """A line that is written over again and again, where somebody looks."""
    if not stream.isatty():
        return no_progress

    def show(what: str, number: int) -> None:
        stream.write(f"\r\x1b[K{what}: {number:,}")
        stream.flush()

    return show


def _picture_of(check: AuditCheck, *, thai: bool) -> Iterator[str]:
    meaning = MEANINGS[check.name]
    words = meaning.th if thai else meaning.en
    yield f"{SIGNS[check.outcome]} {check.name:<18}{check.checked:>9,}  {words}"
    for example in check.examples[:EXAMPLES_SHOWN]:
        yield f"    ✗ {example}"
    if check.problems > EXAMPLES_SHOWN:
        yield f"    ✗ … {check.problems:,}"
    for note in check.notes[:EXAMPLES_SHOWN]:
        yield f"    – {note}"
