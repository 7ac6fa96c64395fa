"""`tdh audit`: whether a log, or a whole installation, is what it must be.

With `--log` it reads the public files of a log, anybody's: no settings, account or database. Else
it reads the installation that the settings name, live or restored. Exit codes: 0 all holds, 1
something is broken, 2 cannot tell, 64 usage, 66 a file cannot be opened, 69 database or log are not
reachable, 70 internal error. It writes nothing but the file of `--state`.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, TextIO

from signing.seal_check import Outcome
from signing.trust_file import TrustFile, TrustFileError
from tdh.audit.installation import Progress, Wish, audit_installation, no_progress
from tdh.audit.report import AuditReport
from tdh.audit.stranger import PublicWish, audit_log
from tdh.cli import audit_renew, audit_watch
from tdh.cli.audit_words import picture
from tdh.cli.verify import (
    EX_USAGE,
    add_trust_option,
    cannot_open,
    chosen_trust,
    language,
    speak_any_alphabet,
)
from tdh.config import load
from tdh.domain.errors import InvalidValue, ServiceUnavailable, StorageUnavailable

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its only name

EXIT_CODES: Mapping[Outcome, int] = MappingProxyType(
    {Outcome.PASS: 0, Outcome.FAIL: 1, Outcome.UNKNOWN: 2}
)

EX_UNAVAILABLE = 69


def add_parser(subparsers: "Subparsers") -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser(
        "audit",
        help="audit a log, or an installation (ตรวจสอบสมุดบันทึก หรือทั้งระบบ)",
        usage="tdh audit [options] [watch ... | renew ...]",
        description="Check a public log (--log), or every invariant of the installation that the "
        "settings name. Exit code: 0 all hold, 1 one is broken, 2 cannot tell.",
    )
    parser.add_argument(
        "--log",
        metavar="URL",
        help="audit this log by its public files alone; a folder will do, too",
    )
    parser.add_argument(
        "--state",
        type=Path,
        metavar="FILE",
        help="with --log: keeps the head for the next time, to catch a log that is rewound",
    )
    parser.add_argument(
        "--database",
        action="store_true",
        help="with --log: the installation of the settings, too, which must be the one behind it",
    )
    add_trust_option(parser)
    parser.add_argument(
        "--full", action="store_true", help="every seal and document, not only a sample"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--lang", choices=["th", "en"], help="language; by LANG if not given")
    parser.set_defaults(run=run)
    acts = parser.add_subparsers(dest="act", metavar="[ACT]", prog="tdh audit")
    audit_renew.add_parser(acts)
    audit_watch.add_parser(acts)


def run(args: argparse.Namespace) -> int:
    """Audit, print, and give the exit code. Raises ConfigError, TDHError."""
    speak_any_alphabet()
    if args.log is None and (args.state or args.database):
        print("tdh audit: --state และ --database ใช้กับ --log / need --log", file=sys.stderr)
        return EX_USAGE
    try:
        report = asyncio.run(_audit(args, chosen_trust(args.trust, os.environ)))
    except TrustFileError as error:
        print(f"tdh audit: ไฟล์ความเชื่อถือใช้ไม่ได้ / unusable trust file: {error}", file=sys.stderr)
        return EX_USAGE
    except InvalidValue as error:
        print(f"tdh audit: ใช้ไม่ได้ / unusable: {error}", file=sys.stderr)
        return EX_USAGE
    except StorageUnavailable:  # of the installation, whose operator gets the stable name
        raise
    except ServiceUnavailable as error:
        print(f"tdh audit: อ่านไม่ได้ ลองใหม่ภายหลัง / not readable now: {error}", file=sys.stderr)
        return EX_UNAVAILABLE
    except OSError as error:
        return cannot_open(error)
    if args.json:
        print(json.dumps(report.to_plain(), ensure_ascii=False, indent=2))
    else:
        thai = (args.lang or language()) == "th"
        print("\n".join(picture(report, thai=thai)))
    return EXIT_CODES[report.outcome]


async def _audit(args: argparse.Namespace, trust: TrustFile) -> AuditReport:
    progress = progress_on(sys.stderr)
    reports = []
    if args.log is not None:
        wish = PublicWish(log=args.log, trust=trust, state=args.state)
        reports.append(await audit_log(wish, now=datetime.now(UTC), progress=progress))
    if args.log is None or args.database:
        own = Wish(trust=trust, log_url=args.log, full=args.full)
        reports.append(await audit_installation(load(), own, progress=progress))
    return AuditReport(
        checks=tuple(check for report in reports for check in report.checks),
        statistics=reports[-1].statistics,
    )


def progress_on(stream: TextIO) -> Progress:
    """A line that is written over again and again, where somebody looks."""
    if not stream.isatty():
        return no_progress

    def show(what: str, number: int) -> None:
        stream.write(f"\r\x1b[K{what}: {number:,}")
        stream.flush()

    return show
