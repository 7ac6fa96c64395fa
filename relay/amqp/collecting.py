"""The partner's side of a push: what the message says, and its documents fetched, checked, saved.

Nothing of a document is kept unless all its bytes have the digest that the message names.
"""

import asyncio
import hashlib
import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from relay.amqp.cloudevents import CloudEvent
from relay.amqp.requests import parse_digest
from tdh.domain.errors import IntegrityFailure, InvalidValue, ServiceUnavailable, TDHError
from tdh.domain.identifiers import DeliveryId, Digest, is_id

PIECE = 256 * 1024
LONGEST_NAME = 180
"""In bytes; file systems take 255."""
MOST_DOCUMENTS = 1000


class ServerRefused(TDHError):
    """The server does not give the document, and asking again would not help."""

    code = "document-not-given"

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(f"HTTP {status} {problem}".strip())
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedDocument:
    """A document as the message names it."""

    number: int
    filename: str
    size: int
    digest: Digest

    @property
    def saved_as(self) -> str:
        """A name that is safe in a folder, whatever the sender called the document."""
        name = self.filename.rpartition("/")[2]
        plain = "".join("_" if _is_unsafe(character) else character for character in name)
        short = plain.lstrip(".").encode()[-LONGEST_NAME:].decode(errors="ignore")
        return f"{self.number:02d}-{short or 'document'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedLetter:
    """A delivery as the message names it."""

    delivery: DeliveryId
    tracking: str
    subject: str
    sender: str
    due_at: str
    documents: tuple[NamedDocument, ...]


def read_letter(event: CloudEvent) -> NamedLetter:
    """What a push says. Raises InvalidValue."""
    data = event.data
    delivery, documents = data.get("delivery"), data.get("documents")
    if not isinstance(delivery, str) or not is_id("dlv", delivery):
        raise InvalidValue("/data/delivery", "must be the id of a delivery")
    if not isinstance(documents, list) or not 1 <= len(documents) <= MOST_DOCUMENTS:
        raise InvalidValue("/data/documents", "must be a list of documents")
    sender = data.get("sender")
    return NamedLetter(
        delivery=DeliveryId(delivery),
        tracking=str(data.get("tracking", "")),
        subject=str(data.get("subject", "")),
        sender=str(sender.get("name_th", "")) if isinstance(sender, dict) else "",
        due_at=str(data.get("due_at") or ""),
        documents=tuple(_document(one, place) for place, one in enumerate(documents)),
    )


def _document(plain: Mapping[str, Any], place: int) -> NamedDocument:
    field = f"/data/documents/{place}"
    if not isinstance(plain, dict):
        raise InvalidValue(field, "must be an object")
    number, size = plain.get("number"), plain.get("size")
    if type(number) is not int or type(size) is not int or number < 1 or size < 0:
        raise InvalidValue(field, "must have a number and a size")
    return NamedDocument(
        number=number,
        filename=str(plain.get("filename", "")),
        size=size,
        digest=parse_digest(plain.get("digest"), f"{field}/digest"),
    )


def _is_unsafe(character: str) -> bool:
    return character in '\\:*?"<>|' or unicodedata.category(character).startswith("C")


class Collector:
    """Fetches documents over HTTP into a folder for each delivery."""

    def __init__(self, *, session: aiohttp.ClientSession, server: str, folder: Path) -> None:
        """`session` carries the bearer token; `server` is the root address of the service."""
        self._session = session
        self._server = server.rstrip("/")
        self._folder = folder

    async def collect(self, letter: NamedLetter) -> tuple[Path, ...]:
        """Save what is not there yet; gives the files in the documents' order.

        Raises IntegrityFailure, ServerRefused, ServiceUnavailable.
        """
        folder = self._folder / letter.delivery
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        return tuple([await self._one(letter, named, folder) for named in letter.documents])

    async def _one(self, letter: NamedLetter, named: NamedDocument, folder: Path) -> Path:
        target = folder / named.saved_as
        if await asyncio.to_thread(_has_digest, target, named.digest):
            return target
        part = folder / f".{named.saved_as}.part"
        try:
            await self._fetch(letter.delivery, named, part)
            # Durable before the acknowledgement says that we have it.
            await asyncio.to_thread(_keep, part, target)
        finally:
            part.unlink(missing_ok=True)
        return target

    async def _fetch(self, delivery: DeliveryId, named: NamedDocument, part: Path) -> None:
        url = f"{self._server}/v1/inbox/{delivery}/documents/{named.number}"
        seen, size = hashlib.sha256(), 0
        try:
            async with self._session.get(url, allow_redirects=False) as answer:
                await _check_status(answer)
                with part.open("wb") as file:
                    async for piece in answer.content.iter_chunked(PIECE):
                        size += len(piece)
                        if size > named.size:
                            break
                        seen.update(piece)
                        await asyncio.to_thread(file.write, piece)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ServiceUnavailable(f"fetching: {type(error).__name__}") from error
        if size != named.size or seen.digest() != named.digest.value:
            raise IntegrityFailure(f"document {named.number} is not what the message names")


async def _check_status(answer: aiohttp.ClientResponse) -> None:
    if answer.status == 200:  # noqa: PLR2004 - OK, and nothing else: we ask for no range
        return
    text = (await answer.text())[:300]
    if answer.status >= 500 or answer.status == 429:  # noqa: PLR2004 - later, they say
        raise ServiceUnavailable(f"HTTP {answer.status} {text}")
    raise ServerRefused(answer.status, text)


def _has_digest(path: Path, digest: Digest) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest() == digest.value


def _keep(part: Path, target: Path) -> None:
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
