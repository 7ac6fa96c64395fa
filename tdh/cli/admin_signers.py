"""`tdh admin party signer`: by what certificates of a party's signers are known.

A tax or citizen number in the party's own id needs no mark; an agency is known by its marks alone.
"""

import argparse
import asyncio
import hashlib
import json
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tdh.config import load
from tdh.domain.errors import InvalidValue, NotFound
from tdh.domain.identifiers import parse_party_id
from tdh.domain.signers import MarkKind, SignerMark
from tdh.registration import Registry, registry
from tdh.system import CheckedClock

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its only name

REFUSED, USAGE = 1, 64
_WORDS = {
    MarkKind.ORGANIZATION: "ชื่อหน่วยงาน / organisation",
    MarkKind.CERTIFICATE: "ใบรับรอง / certificate",
    MarkKind.NUMBER: "เลขประจำตัว / number",
}

Act = Callable[[Registry, argparse.Namespace], Awaitable[tuple[Any, str]]]


def add_verbs(verbs: "Subparsers") -> None:
    """Add `add`, `list` and `remove`."""
    _verb(verbs, "list", _list, "แสดงผู้ลงนามที่ลงทะเบียน / list what a party's signers are known by")
    for name, act, text in (
        ("add", _add, "ลงทะเบียนผู้ลงนาม / know the party's signers by this, too"),
        ("remove", _remove, "ยกเลิกผู้ลงนาม / know them by this no more"),
    ):
        verb = _verb(verbs, name, act, text)
        mark = verb.add_mutually_exclusive_group(required=True)
        mark.add_argument("--organization", metavar="NAME", help="as certificates name it (O)")
        mark.add_argument(
            "--certificate", metavar="FILE", help="one certificate, PEM or DER, or its SHA-256"
        )
        mark.add_argument("--number", metavar="N", help="citizen or tax number, 13 digits")


def _verb(verbs: "Subparsers", name: str, act: Act, text: str) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=text)
    parser.add_argument("party", help="th-agency:…, th-tax-id:… or th-citizen-id:…")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=partial(_run, act))
    return parser


def _run(act: Act, args: argparse.Namespace) -> int:
    try:
        answer, words = asyncio.run(_opened(act, args))
    except InvalidValue as error:
        print(f"tdh admin party signer: ค่าไม่ถูกต้อง / bad value: {error}", file=sys.stderr)
        return USAGE
    except NotFound as error:
        print(f"tdh admin party signer: ไม่พบ / not found: {error}", file=sys.stderr)
        return REFUSED
    print(json.dumps(answer, ensure_ascii=False) if args.json else words)
    return 0


async def _opened(act: Act, args: argparse.Namespace) -> tuple[Any, str]:
    async with registry(load()) as registered:
        return await act(registered, args)


async def _add(registered: Registry, args: argparse.Namespace) -> tuple[Any, str]:
    party, mark = parse_party_id(args.party), _mark(args)
    await registered.add_signer_mark(party, mark, CheckedClock().now())
    return {"party": party, **_plain(mark)}, f"{party}: {_line(mark)}"


async def _remove(registered: Registry, args: argparse.Namespace) -> tuple[Any, str]:
    party, mark = parse_party_id(args.party), _mark(args)
    await registered.remove_signer_mark(party, mark)
    return {"party": party, "removed": _plain(mark)}, f"ยกเลิกแล้ว / removed: {_line(mark)}"


async def _list(registered: Registry, args: argparse.Namespace) -> tuple[Any, str]:
    marks = await registered.signer_marks(parse_party_id(args.party))
    lines = [_line(mark) for mark in marks]
    return {"data": [_plain(mark) for mark in marks]}, "\n".join(lines) or "ไม่มี / none"


def _mark(args: argparse.Namespace) -> SignerMark:
    """Raises InvalidValue."""
    if args.organization is not None:
        value = " ".join(args.organization.split())
        return SignerMark(kind=MarkKind.ORGANIZATION, value=value)
    if args.number is not None:
        return SignerMark(kind=MarkKind.NUMBER, value=args.number)
    path = Path(args.certificate)
    digest = args.certificate.lower() if not path.is_file() else _fingerprint(path.read_bytes())
    return SignerMark(kind=MarkKind.CERTIFICATE, value=digest)


def _fingerprint(data: bytes) -> str:
    """SHA-256 of the certificate's DER. Raises InvalidValue."""
    try:
        pem = b"-----BEGIN" in data
        one = x509.load_pem_x509_certificate(data) if pem else x509.load_der_x509_certificate(data)
    except ValueError as error:
        raise InvalidValue("certificate", "is no certificate, PEM or DER") from error
    return hashlib.sha256(one.public_bytes(Encoding.DER)).hexdigest()


def _plain(mark: SignerMark) -> dict[str, str]:
    return {"kind": mark.kind.value, "value": mark.value}


def _line(mark: SignerMark) -> str:
    return f"{_WORDS[mark.kind]}: {mark.value}"
