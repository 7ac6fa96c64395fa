"""`tdh send`: one letter with its documents, each with the digest that it had here."""

import argparse
import base64
import hashlib
import json
import mimetypes
import os
import secrets
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from io import BufferedReader
from pathlib import Path
from typing import Any

from aiohttp import ClientError

from tdh.cli import client, words
from tdh.cli.client import NO_INPUT, PIECE, USAGE, Plain, Service, Stop
from tdh.cli.document_words import judged
from tdh.domain.letters import Secrecy, Urgency
from tdh.domain.lifecycle import ConsignmentMode

SHOWN_FROM = 8 * 1024 * 1024
"""Bytes from which on progress is shown, on a terminal."""
ASK_FIRST_FROM = 1024 * 1024
"""Bytes from which on the headers go first: what they are refused for costs no upload."""


def add_parser(subparsers: "client.Subparsers[Any]") -> None:
    """Describe `tdh send`."""
    parser = subparsers.add_parser(
        "send",
        help="ส่งหนังสือ / send a letter",
        description="ส่งหนังสือหนึ่งฉบับถึงผู้รับหนึ่งรายหรือหลายราย / send one letter",
    )
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="หนังสือ (PDF ลงลายมือชื่อแล้ว) / the signed PDF"
    )
    parser.add_argument(
        "--to",
        action="append",
        required=True,
        type=recipient,
        metavar="PARTY[:MODE]",
        help="ผู้รับ ใส่ซ้ำได้ เช่น th-tax-id:0105536000315:consent / recipient, may be repeated; "
        "MODE: basic (ธรรมดา, default), consent (ลงทะเบียน)",
    )
    parser.add_argument("--number", required=True, help="ที่ / number")
    parser.add_argument("--subject", required=True, help="เรื่อง / subject")
    parser.add_argument("--salutation", default="ผู้เกี่ยวข้อง", help="เรียน / salutation")
    parser.add_argument(
        "--date",
        type=day_argument,
        metavar="DAY",
        help="ลงวันที่ เช่น 22/11/2569 / date of the letter (today by default)",
    )
    parser.add_argument(
        "--reference", action="append", default=[], help="อ้างถึง / reference, may be repeated"
    )
    parser.add_argument(
        "--enclosure",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="สิ่งที่ส่งมาด้วย / enclosure, may be repeated",
    )
    parser.add_argument("--urgency", choices=[one.value for one in Urgency], default="normal")
    parser.add_argument("--secrecy", choices=[one.value for one in Secrecy], default="none")
    parser.add_argument(
        "--accept-within",
        metavar="P15D",
        help="กำหนดลงรับ เช่น P15D คือ 15 วัน / term for accept or refuse (consent only)",
    )
    parser.add_argument(
        "--idempotency-key", metavar="KEY", help="คีย์เดิมเมื่อส่งซ้ำ / the same key when repeating"
    )
    client.add_connection(parser)
    parser.set_defaults(run=lambda args: client.run(args, send))


def recipient(text: str) -> tuple[str, ConsignmentMode]:
    """`PARTY` or `PARTY:MODE`; a party has a colon of its own. Raises ArgumentTypeError."""
    party, _, last = text.rpartition(":")
    try:
        return party, ConsignmentMode(last)
    except ValueError:
        if ":" in party:
            raise argparse.ArgumentTypeError(
                f"ไม่มีบริการนำจ่ายแบบนี้ / no such consignment mode: {last!r}"
            ) from None
        return text, ConsignmentMode.BASIC


def day_argument(text: str) -> date:
    """A day, for argparse. Raises ArgumentTypeError."""
    try:
        return words.parse_day(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"ไม่ใช่วันที่ / not a day: {text!r} (22/11/2569, 2026-11-22)"
        ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of the body: its head, and what follows."""

    head: bytes
    content: BufferedReader | bytes
    size: int

    def pieces(self) -> Iterator[bytes]:
        yield self.head
        if isinstance(self.content, bytes):
            yield self.content
        else:
            self.content.seek(0)
            while piece := self.content.read(PIECE):
                yield piece
        yield b"\r\n"


async def send(service: Service, args: argparse.Namespace) -> int:
    """Send it, and say what became of it. Raises Stop for a term that nobody has."""
    if args.accept_within and all(mode is ConsignmentMode.BASIC for _, mode in args.to):
        raise Stop(
            USAGE,
            "--accept-within ใช้กับผู้รับแบบลงทะเบียน (PARTY:consent) เท่านั้น",
            "--accept-within is for recipients by consent (PARTY:consent)",
        )
    key = args.idempotency_key or str(uuid.uuid4())
    boundary = f"tdh-{secrets.token_hex(16)}"
    with ExitStack() as opened:
        files = [opened.enter_context(_open(path)) for path in (args.file, *args.enclosure)]
        letter = _letter(args, files)
        named = json.dumps(letter, ensure_ascii=False).encode()
        parts = [_part(boundary, "letter", named, len(named), hashlib.sha256(named).digest())]
        for described, file in zip(letter["documents"], files, strict=True):
            digest = hashlib.file_digest(file, "sha256").digest()
            size = os.fstat(file.fileno()).st_size
            parts.append(_part(boundary, described["part"], file, size, digest))
        end = f"--{boundary}--\r\n".encode()
        length = sum(len(one.head) + one.size + len(b"\r\n") for one in parts) + len(end)
        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(length),
            "Idempotency-Key": key,
        }
        body = _stream(parts, end, Progress(length))
        try:
            answer = await service.submit(body, headers, expect100=length >= ASK_FIRST_FROM)
        except (ClientError, TimeoutError):
            print(
                f"ยังไม่ทราบผล ส่งซ้ำด้วย / not known what became of it, repeat with: "
                f"--idempotency-key {key}",
                file=sys.stderr,
            )
            raise
    print(client.as_json(answer) if args.json else _words(answer))
    return client.FINE


class Progress:
    """How much is out; on a terminal, for large letters only."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._out = 0
        self._shown = total >= SHOWN_FROM and sys.stderr.isatty()

    def add(self, count: int) -> None:
        """Count what went out."""
        self._out += count
        if self._shown:
            part = self._out / self._total
            bar = "█" * round(part * 30)
            end = "\n" if self._out >= self._total else ""
            said = f"\r{bar:░<30} {part:4.0%} {words.size(self._out)}/{words.size(self._total)}"
            print(said, end=end, file=sys.stderr, flush=True)


async def _stream(parts: list[Part], end: bytes, progress: Progress) -> AsyncIterator[bytes]:
    for part in parts:
        for piece in part.pieces():
            yield piece
            progress.add(len(piece))
    yield end
    progress.add(len(end))


def _open(path: Path) -> BufferedReader:
    try:
        file = path.open("rb")
    except OSError as error:
        raise Stop(NO_INPUT, f"เปิดไฟล์ไม่ได้ {path}", f"cannot open {path}") from error
    return file


def _letter(args: argparse.Namespace, files: list[BufferedReader]) -> Plain:
    on: date = args.date or words.today()
    documents = []
    for place, file in enumerate(files):
        name = Path(file.name).name
        documents.append(
            {
                "part": "main" if place == 0 else f"enclosure{place}",
                "role": "main" if place == 0 else "enclosure",
                "filename": name,
                "media_type": mimetypes.guess_type(name)[0] or "application/octet-stream",
            }
        )
    return {
        "number": args.number,
        "date": on.isoformat(),
        "subject": args.subject,
        "salutation": args.salutation,
        "references": args.reference,
        "urgency": args.urgency,
        "secrecy": args.secrecy,
        "documents": documents,
        "recipients": [_recipient(party, mode, args.accept_within) for party, mode in args.to],
    }


def _recipient(party: str, mode: ConsignmentMode, accept_within: str | None) -> Plain:
    found: Plain = {"party": party, "consignment_mode": mode.value}
    if accept_within is not None and mode is not ConsignmentMode.BASIC:
        found["accept_within"] = accept_within
    return found


def _part(
    boundary: str, name: str, content: BufferedReader | bytes, size: int, digest: bytes
) -> Part:
    head = (
        f"--{boundary}\r\nContent-Disposition: form-data; name={name}\r\n"
        f"Content-Digest: sha-256=:{base64.b64encode(digest).decode()}:\r\n\r\n"
    )
    return Part(head=head.encode(), content=content, size=size)


def _words(answer: Plain) -> str:
    lines = [f"รับฝากแล้ว / accepted: {answer['id']}  {words.moment(answer['submitted_at'])}"]
    for one in answer["documents"]:
        lines += [f"  {one['filename']}", *(f"    {said}" for said in judged(one))]
    for one in answer["deliveries"]:
        lines.append(f"  {one['tracking']}  {one['recipient']}  {words.state(one['state'])}")
        lines.append(f"    {one['id']}  หลักฐาน / evidence: {one['evidence'][0]['id']}")
    return "\n".join(lines)
