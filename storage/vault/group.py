"""Group commit of small documents: many letters, one write and one fdatasync.

A run takes what is waiting when it begins and waits for no company; whoever comes meanwhile goes
with the next run. So one letter alone is as fast as the disk, and sixty-four cost little more.
"""

import asyncio
import itertools
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from storage.vault.segments import Segment, Store
from storage.vault.stored import Location
from tdh.domain.errors import StorageUnavailable

Chunks = Sequence[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    documents: Sequence[Chunks]
    answer: asyncio.Future[tuple[Location, ...]]


class GroupAppender:
    """Appends to this process's current segment; starts another one when it is full or failed."""

    def __init__(self, stores: Sequence[Store], threads: Executor, *, segment_bytes: int) -> None:
        self._stores, self._threads, self._segment_bytes = stores, threads, segment_bytes
        self._waiting: list[_Waiting] = []
        self._segment: Segment | None = None
        self._runner: asyncio.Task[None] | None = None

    async def append(self, documents: Sequence[Chunks]) -> tuple[Location, ...]:
        """On return the documents are on disk in every store, one location for each, in order.

        Raises StorageUnavailable, StorageFull: then none of them is kept.
        """
        if not documents:
            return ()
        answer: asyncio.Future[tuple[Location, ...]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(documents=documents, answer=answer))
        if self._runner is None or self._runner.done():
            self._runner = asyncio.create_task(self._run(), name="vault group commit")
        return await answer

    async def close(self) -> None:
        """Finish what is waiting, then close the segment."""
        if self._runner is not None:
            await self._runner
        if self._segment is not None:
            await self._segment.close()
            self._segment = None

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await self._append(batch)
            except BaseException as exc:
                for member in batch:
                    if not member.answer.done():
                        member.answer.set_exception(_for_member(exc))
                if not isinstance(exc, Exception):
                    raise

    async def _append(self, batch: Sequence[_Waiting]) -> None:
        documents = [chunks for member in batch for chunks in member.documents]
        segment = await self._segment_for(sum(_size(chunks) for chunks in documents))
        located = iter(_locate(documents, segment))
        try:
            await segment.append_durably([chunk for chunks in documents for chunk in chunks])
        except BaseException:
            self._segment = None
            await segment.retire()
            raise
        for member in batch:
            locations = tuple(itertools.islice(located, len(member.documents)))
            if not member.answer.done():  # a caller that is gone leaves ciphertext without a key
                member.answer.set_result(locations)

    async def _segment_for(self, size: int) -> Segment:
        current = self._segment
        if current is not None:
            if current.length + size <= self._segment_bytes:
                return current
            self._segment = None
            await current.close()
        new = Segment(self._stores, self._threads)
        try:
            await new.open()
        except BaseException:
            await new.remove()
            raise
        self._segment = new
        return new


def _size(chunks: Chunks) -> int:
    return sum(map(len, chunks))


def _locate(documents: Sequence[Chunks], segment: Segment) -> list[Location]:
    """Where each document will lie when all are appended one after another."""
    ends = list(itertools.accumulate(map(_size, documents), initial=segment.length))
    return [
        Location(segment=segment.id, offset=start, length=end - start)
        for start, end in itertools.pairwise(ends)
    ]


def _for_member(failure: BaseException) -> StorageUnavailable:
    """Each caller raises an exception of its own, or their tracebacks would grow together."""
    if isinstance(failure, StorageUnavailable):
        own = type(failure)(*failure.args)
    else:
        own = StorageUnavailable("the documents could not be written")
    own.__cause__ = failure
    return own
