"""`tdh validate`: judge one signed document, offline, as intake would.

The document is judged in a confined child, so a hostile file cannot hurt. Exit codes: 0 passed,
1 failed, 2 cannot tell, 3 unsigned, 64 wrong use, 66 a file cannot be opened, 70 the judge does
not work. It changes nothing and asks no network.
"""

import argparse
import asyncio
import base64
import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from signing.judge.memfd import Memfd
from signing.judge.policy import Limits, Policy, RevocationMode
from signing.judge.pool import JudgePool
from signing.judge.report import Report, report_to_plain
from signing.trust import TrustError, TrustFolder, load_trust
from tdh.cli import words
from tdh.cli.next_steps import DETACHED, next_steps
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
EX_USAGE = 64
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
        description="ตรวจลายมือชื่อในเอกสารหนึ่งฉบับ โดยไม่ต่อเครือข่าย / Judge one signed document, "
        "offline: PDF, CMS (.p7m, .p7s), XML, ASiC container or timestamp; the bytes tell, not the "
        "name.",
        epilog="Exit code: 0 passed, 1 failed, 2 cannot tell, 3 no signature; 64 wrong use, "
        "66 a file cannot be opened, 70 the judge does not work.",
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
        choices=[RevocationMode.REQUIRE.value, RevocationMode.IF_PRESENT.value],
        default=RevocationMode.REQUIRE.value,
        help="whether revocation data must be there (default: require)",
    )
    parser.add_argument(
        "--allow-files",
        action="store_true",
        help="accept a PDF that carries files inside, as receipts do; nothing is said of them",
    )
    parser.add_argument(
        "--content",
        type=Path,
        metavar="FILE",
        help="what a detached signature or a timestamp stands over; by default what lies beside "
        "it under its name without .p7s, .tst or .tsr",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the full report (JSON)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> int:
    """Judge, print, and give the exit code."""
    at = args.at or now()
    beside = args.content or _beside(args.file)
    if args.report and any(_is_same(args.report, path) for path in (args.file, beside) if path):
        thai = "ไม่เขียนรายงานทับเอกสาร"
        print(f"tdh validate: {thai} / --report would overwrite {args.report}", file=sys.stderr)
        return EX_USAGE
    try:
        trust = load_trust(args.trust)
        with ExitStack() as stack:
            document = stack.enter_context(_Loaded(args.file))
            content = stack.enter_context(_Loaded(beside)) if beside else None
            if content and content.memfd.size > Limits().document_bytes:
                return _cannot_open(content.path, "larger than what can be judged")
            mode = RevocationMode(args.revocation)
            policy = Policy(
                revocation=mode,
                accept_later_data=args.at is not None,
                allow_embedded_files=args.allow_files,
            )
            report = asyncio.run(_judge(document, content, trust, policy, at))
            facts = document.facts | ({"content": content.facts} if content else {})
        if args.report is not None:
            _write_report(args.report, report, facts, trust)
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
        steps = next_steps(report, file=args.file, content=beside, anchors=len(trust.anchors))
        print(picture(args.file.name, report, beside.name if beside else None, steps))
    return EXIT_CODES[report.verdict.indication]


class _Loaded:
    """A file in memory, sealed; one byte more than may be judged is enough to say so."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.memfd = Memfd()
        self._digest = hashlib.sha256()

    def __enter__(self) -> Self:
        self.memfd.__enter__()
        limit = Limits().document_bytes
        with self.path.open("rb") as file:
            while self.memfd.size <= limit and (piece := file.read(_CHUNK)):
                self.memfd.write(piece)
                self._digest.update(piece)
        self.memfd.seal()
        return self

    def __exit__(self, *problem: object) -> None:
        self.memfd.close()

    @property
    def facts(self) -> dict[str, Any]:
        """What the report says of the file."""
        digest = self._digest.hexdigest()
        return {"file": self.path.name, "size": self.memfd.size, "sha256": digest}


def _beside(file: Path) -> Path | None:
    """`letter.pdf` for `letter.pdf.p7s`: where programs put what a detached signature signs."""
    if file.suffix.lower() not in DETACHED:
        return None
    candidate = file.with_suffix("")
    return candidate if candidate.is_file() else None


def _is_same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


async def _judge(
    document: _Loaded, content: _Loaded | None, trust: TrustFolder, policy: Policy, at: datetime
) -> Report:
    async with JudgePool(trust, policy=policy, concurrency=1) as pool:
        beside = content.memfd if content else None
        return await pool.report(document.memfd.fd, document.memfd.size, at, beside)


def _write_report(path: Path, report: Report, facts: Mapping[str, Any], trust: TrustFolder) -> None:
    """Everything that the verdict is a function of, and what decided nothing."""
    plain = report_to_plain(report)
    plain["revocation_data"] = _stapled(report, trust)
    plain["document"] = dict(facts)
    plain["engines"] = {name: version(name) for name in ENGINES}
    path.write_text(json.dumps(plain, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _stapled(report: Report, trust: TrustFolder) -> dict[str, str]:
    """Lists and answers of trust folders that decided; what a document brought is in it."""
    named = {item.data_sha256 for one in report.verdict.signatures for item in one.revocation}
    digests = {hashlib.sha256(der).hexdigest(): der for der in (*trust.crls, *trust.ocsps)}
    return {
        digest: base64.b64encode(der).decode("ascii")
        for digest, der in digests.items()
        if digest in named
    }


def _cannot_open(path: Path | str, why: str) -> int:
    print(f"tdh validate: เปิดไฟล์ไม่ได้ / cannot open {path}: {why}", file=sys.stderr)
    return EX_NOINPUT
