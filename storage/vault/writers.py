"""How a letter's documents get into the vault: encrypted as they arrive, kept or dropped as one.

A small document waits encrypted in memory, so that a refused one never touches a disk. A large
one goes to a segment of its own while it arrives, so that memory stays constant, and that file is
removed when the letter is dropped. Never writes plaintext, never hashes it: the caller does.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from storage.vault.crash_points import LARGE_WRITTEN, SYNCED, CrashPoint
from storage.vault.frames import FRAME_BYTES, PREFIX_BYTES, Binding, Encryptor
from storage.vault.group import GroupAppender
from storage.vault.keys import key_id_of
from storage.vault.segments import SEGMENT_HEADER_BYTES, Segment, Store
from storage.vault.stored import DataKey, Location
from tdh.domain.commands import StoredDocument
from tdh.domain.identifiers import LetterId

LARGE_BYTES = 8 << 20
"""More ciphertext than this does not wait in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WritingPlaces:
    """What the writers of one vault share."""

    stores: Sequence[Store]
    group: GroupAppender
    threads: Executor
    random_bytes: Callable[[int], bytes]
    crash: CrashPoint


class LetterWriter:
    """Takes the documents of one letter. Use `async with`: leaving it without `keep` drops all.

    One task at a time. After any error: drop; nothing of the letter is kept.
    """

    def __init__(
        self, letter: LetterId, data_key: DataKey, wrapped_key: bytes, places: WritingPlaces
    ) -> None:
        self.wrapped_key = wrapped_key
        """To be stored with the letter, in the transaction that accepts it."""
        self._letter, self._data_key, self._places = letter, data_key, places
        self._key_id = key_id_of(wrapped_key)
        self._documents: dict[int, DocumentWriter] = {}
        self._prefixes: set[bytes] = set()
        self._ended = False
        self._kept = False

    def document(self, number: int) -> "DocumentWriter":
        """Begin a document. Each number once; several may be written in turns."""
        if self._ended or number in self._documents:
            raise RuntimeError(
                f"document {number} cannot begin: it did before, or the letter ended"
            )
        binding = Binding(letter=self._letter, document=number, key=self._key_id)
        encryptor = Encryptor(self._data_key, binding, self._new_prefix())
        writer = DocumentWriter(number, encryptor, self._places)
        self._documents[number] = writer
        return writer

    async def keep(self) -> tuple[StoredDocument, ...]:
        """Make every document durable in every store; on return they survive a power loss.

        In order of beginning. All must be finished. Raises StorageUnavailable, StorageFull.
        """
        writers = tuple(self._documents.values())
        if self._ended or not all(writer.finished for writer in writers):
            raise RuntimeError("a letter is kept once, when all its documents are finished")
        self._ended = True
        small = [writer for writer in writers if writer.own_segment is None]
        segments = [writer.own_segment for writer in writers if writer.own_segment is not None]
        appending = asyncio.ensure_future(self._places.group.append([w.buffered for w in small]))
        syncing = (segment.sync() for segment in segments)
        for failure in await asyncio.gather(appending, *syncing, return_exceptions=True):
            if isinstance(failure, BaseException):
                raise failure
        self._places.crash(SYNCED)
        self._kept = True
        located = dict(zip((writer.number for writer in small), appending.result(), strict=True))
        for segment in segments:
            await segment.close()
        for writer in small:
            writer.buffered.clear()
        return tuple(writer.stored(located) for writer in writers)

    async def drop(self) -> None:
        """Nothing that takes space remains, and nothing that could be opened. May be repeated.

        After `keep` only for a letter that is known not to be committed, never while the outcome
        is unknown: large documents are removed; small ones stay in their segment, closed for ever
        because their key was stored nowhere.
        """
        self._ended = True
        for writer in self._documents.values():
            writer.buffered.clear()
            if writer.own_segment is not None:
                await writer.own_segment.remove()

    def _new_prefix(self) -> bytes:
        """Random, and never twice under this letter's key: a promise, not a probability."""
        prefix = self._places.random_bytes(PREFIX_BYTES)
        while prefix in self._prefixes:
            prefix = self._places.random_bytes(PREFIX_BYTES)
        self._prefixes.add(prefix)
        return prefix

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._kept:
            await self.drop()


class DocumentWriter:
    """Takes the bytes of one document, in order; made by LetterWriter."""

    def __init__(self, number: int, encryptor: Encryptor, places: WritingPlaces) -> None:
        self.number = number
        self.finished = False
        self.buffered: list[bytes] = []
        """Ciphertext that waits in memory."""
        self.own_segment: Segment | None = None
        self._encryptor, self._places = encryptor, places
        self._buffered_bytes = 0

    async def write(self, data: bytes) -> None:
        """Encrypt a piece of any size. Raises StorageUnavailable, StorageFull (large ones only)."""
        for piece in _pieces(data):
            await self._take(self._encryptor.update(piece))

    async def finish(self) -> None:
        """The document is complete (it may be empty). Errors as `write`."""
        await self._take(self._encryptor.finish())
        if self.own_segment is not None:
            await self._write_buffered(self.own_segment)
            self._places.crash(LARGE_WRITTEN)
        self.finished = True

    def stored(self, in_group: dict[int, Location]) -> StoredDocument:
        """What the database keeps of this document; `in_group` has the places of small ones."""
        location = self._own_location() or in_group[self.number]
        return StoredDocument(
            number=self.number,
            segment=location.segment,
            offset=location.offset,
            length=location.length,
        )

    def _own_location(self) -> Location | None:
        if self.own_segment is None:
            return None
        length = self.own_segment.length - SEGMENT_HEADER_BYTES
        return Location(segment=self.own_segment.id, offset=SEGMENT_HEADER_BYTES, length=length)

    async def _take(self, chunks: list[bytes]) -> None:
        self.buffered += chunks
        self._buffered_bytes += sum(map(len, chunks))
        if self.own_segment is None:
            if self._buffered_bytes <= LARGE_BYTES:
                return
            self.own_segment = Segment(self._places.stores, self._places.threads)
            await self.own_segment.open()
        if chunks:
            await self._write_buffered(self.own_segment)

    async def _write_buffered(self, segment: Segment) -> None:
        chunks, self.buffered = self.buffered, []
        await segment.append(chunks)


def _pieces(data: bytes) -> Iterator[bytes]:
    """At most one frame at a time, so that encrypting never holds the event loop for long."""
    if len(data) <= FRAME_BYTES:
        yield data
        return
    view = memoryview(data)
    for start in range(0, len(view), FRAME_BYTES):
        yield bytes(view[start : start + FRAME_BYTES])
