"""`tdh validate`: judge one signed document, offline, as intake would.

The document is judged in a confined child, so a hostile file cannot hurt. Exit codes: 0 passed,
1 failed, 2 cannot tell, 3 unsigned, 66 a file cannot be opened, 70 the judge does not work. It
changes nothing and asks no network.
"""

import argparse
import asyncio
import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

from signing.judge.memfd import Memfd
from signing.judge.policy import Limits, Policy, RevocationMode
from signing.judge.pool import JudgePool
from signing.judge.report import Report, report_to_plain
from signing.trust import TrustError, TrustFolder, load_trust
from tdh.cli import words
from tdh.cli.verdict_picture import picture
from tdh.domain.errors import JudgeUnavailable
from tdh.domain.verdict_json import verdict_to_plain
from tdh.domain.verdicts import Indication

EXIT_CODES: Mapping[Indication, int] = MappingProxyType(
    {
        Indication.TOTAL_PASSED: 0,
        Indication.TOTAL_FAILED: 1,
        Indication.INDETERMINATE: 2,
        Indication.NO_SIGNATURE: 3,
    }
)
EX_NOINPUT = 66
EX_SOFTWARE = 70
ENGINES = ("pyhanko", "pyhanko-certvalidator", "asn1crypto", "cryptography")
_CHUNK = 1 << 20

Subparsers = argparse._SubParsersAction  # noqa: SLF001 - argparse gives its type no public name


def add_parser(subparsers: "Subparsers[Any]") -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser(
        "validate",
        help="judge one signed document (ตรวจลายมือชื่อในเอกสาร)",
        description="Judge one signed document, offline. Exit code: 0 passed, 1 failed, "
        "2 cannot tell, 3 no signature.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the document")
    parser.add_argument(
        "--trust",
        type=Path,
        action="append",
        default=[],
        metavar="PEM|FOLDER",
        help="trusted authorities, revocation lists, OCSP answers; may be repeated",
    )
    parser.add_argument(
        "--at",
        type=words.instant,
        metavar="TIME",
        help="time of judging (RFC 3339); now by default",
    )
    parser.add_argument(
        "--revocation",
        type=RevocationMode,
        choices=[RevocationMode.REQUIRE, RevocationMode.IF_PRESENT],
        default=RevocationMode.REQUIRE,
        metavar="{require,if-present}",
        help="what to do where revocation data are missing (default: require)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the full report (JSON)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> int:
    """Judge, print, and give the exit code."""
    at = args.at or now()
    try:
        trust = load_trust(args.trust)
        with args.file.open("rb") as file, Memfd() as memfd:
            digest = hashlib.sha256()
            limit = Limits().document_bytes
            while memfd.size <= limit and (piece := file.read(_CHUNK)):
                memfd.write(piece)
                digest.update(piece)
            memfd.seal()
            policy = Policy(revocation=args.revocation, accept_later_data=args.at is not None)
            report = asyncio.run(_judge(memfd, trust, policy, at))
            facts = {"file": args.file.name, "size": memfd.size, "sha256": digest.hexdigest()}
        if args.report is not None:
            _write_report(args.report, report, facts)
    except OSError as problem:
        return _cannot_open(problem.filename or args.file, problem.strerror or str(problem))
    except TrustError as problem:
        said = f"ใช้เป็นหลักความเชื่อถือไม่ได้ / no use as trust: {problem.path}: {problem.why}"
        print(f"tdh validate: {said}", file=sys.stderr)
        return EX_NOINPUT
    except JudgeUnavailable as problem:
        said = f"โปรแกรมตรวจไม่ทำงาน / the judge does not work: {problem}"
        print(f"tdh validate: {said}", file=sys.stderr)
        return EX_SOFTWARE
    if args.json:
        print(json.dumps(verdict_to_plain(report.verdict), ensure_ascii=False, indent=2))
    else:
        print(picture(args.file.name, report))
    return EXIT_CODES[report.verdict.indication]


async def _judge(memfd: Memfd, trust: TrustFolder, policy: Policy, at: datetime) -> Report:
    async with JudgePool(trust, policy=policy, concurrency=1) as pool:
        return await pool.report(memfd.fd, memfd.size, at)


def _write_report(path: Path, report: Report, facts: Mapping[str, Any]) -> None:
    """Everything that the verdict is a function of, and what decided nothing."""
    plain = report_to_plain(report)
    plain["document"] = dict(facts)
    plain["engines"] = {name: version(name) for name in ENGINES}
    path.write_text(json.dumps(plain, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _cannot_open(path: Path | str, why: str) -> int:
    print(f"tdh validate: เปิดไฟล์ไม่ได้ / cannot open {path}: {why}", file=sys.stderr)
    return EX_NOINPUT
