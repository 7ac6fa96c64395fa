"""Append-only files of ciphertext, the same in every store.

    segment = "TDHSEG" | version (2 bytes) | the segment's id (16 bytes) | documents ...

One process appends to a segment, and nobody ever writes into what is there. A segment whose write
or sync failed is never written or synced again: after a failed fsync the kernel forgets the dirty
pages and the next fsync succeeds without them (Rebello et al., "Can Applications Recover from
fsync Failures?", 2020). Knows nothing of letters, keys or plaintext.
"""

import asyncio
import contextlib
import itertools
import os
import re
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import TypeVar

from storage.durable import create_exclusive, make_folder, sync_folder, write_at
from storage.vault.crash_points import APPENDED, SEGMENT_CREATED, CrashPoint
from storage.vault.errors import SegmentMissing, storage_error
from storage.vault.frames import ReadAt
from storage.vault.stored import Location, SegmentId
from tdh.domain.errors import IntegrityFailure, StorageUnavailable

_MAGIC = b"TDHSEG\x00\x01"
_SEGMENT_ID = re.compile(r"[0-9a-f]{32}")
_CLOSED = -1
_Part = TypeVar("_Part")

SEGMENT_HEADER_BYTES = len(_MAGIC) + 16


class Store:
    """One place where every segment is kept whole: a folder, best on a disk of its own."""

    def __init__(self, folder: Path, *, crash: CrashPoint) -> None:
        self._folder = folder / "segments"
        self._crash = crash
        try:
            make_folder(self._folder)
        except OSError as exc:
            raise storage_error("making the folder of segments", exc) from exc

    def create(self, segment: SegmentId) -> "SegmentCopy":
        """A new, empty, durable segment. Raises StorageUnavailable, StorageFull."""
        path = self._path(segment)
        try:
            fd = create_exclusive(path, _MAGIC + bytes.fromhex(segment))
            try:
                sync_folder(self._folder)
            except OSError:
                os.close(fd)
                path.unlink(missing_ok=True)
                raise
        except OSError as exc:
            raise storage_error("creating a segment", exc) from exc
        self._crash(SEGMENT_CREATED)
        return SegmentCopy(path, fd, self._crash)

    def reader(self, location: Location, *, from_device: bool = False) -> ReadAt:
        """Reads within one document; `from_device` first drops what the page cache has of it.

        The reader raises SegmentMissing, StorageUnavailable; IntegrityFailure for no segment id.
        """
        path = self._path(location.segment)

        def read_at(offset: int, length: int) -> bytes:
            start = location.offset + offset
            try:
                fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
                try:
                    if from_device:
                        os.posix_fadvise(fd, start, length, os.POSIX_FADV_DONTNEED)
                    return _read_at(fd, start, length)
                finally:
                    os.close(fd)
            except FileNotFoundError as exc:
                raise SegmentMissing(f"no segment {location.segment}") from exc
            except OSError as exc:
                raise storage_error(f"reading segment {location.segment}", exc) from exc

        return read_at

    def _path(self, segment: SegmentId) -> Path:
        if _SEGMENT_ID.fullmatch(segment) is None:
            raise IntegrityFailure("not the name of a segment")
        return self._folder / f"{segment}.seg"


class SegmentCopy:
    """A segment in one store, open for appending. Blocks; OSError as it comes."""

    def __init__(self, path: Path, fd: int, crash: CrashPoint) -> None:
        self._path, self._fd, self._crash = path, fd, crash

    def write(self, chunks: Sequence[bytes], offset: int) -> None:
        write_at(self._fd, chunks, offset)

    def write_durably(self, chunks: Sequence[bytes], offset: int) -> None:
        write_at(self._fd, chunks, offset)
        self._crash(APPENDED)
        os.fdatasync(self._fd)

    def sync(self) -> None:
        os.fdatasync(self._fd)

    def cut(self, length: int) -> None:
        os.ftruncate(self._fd, length)

    def close(self) -> None:
        """May be repeated."""
        if self._fd != _CLOSED:
            fd, self._fd = self._fd, _CLOSED
            os.close(fd)

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)


class Segment:
    """A segment that is being written, in all stores at once. One operation at a time.

    `open` comes first, and `close` or `remove` last, whatever happened in between. Every operation
    that any store failed, or whose caller was cancelled, and every one after that, raises
    StorageUnavailable or StorageFull.
    """

    def __init__(self, stores: Sequence[Store], threads: Executor) -> None:
        self.id = SegmentId(secrets.token_hex(16))
        self.length = SEGMENT_HEADER_BYTES
        """Where the next byte goes."""
        self._durable_length = SEGMENT_HEADER_BYTES
        self._stores, self._threads = stores, threads
        self._copies: list[SegmentCopy] = []
        self._running: asyncio.Future[list[BaseException | None]] | None = None
        self._failed = False
        self._ended = False

    async def open(self) -> None:
        """Create the file in every store."""
        await self._each(lambda store: self._copies.append(store.create(self.id)), self._stores)

    async def append(self, chunks: Sequence[bytes]) -> None:
        """Hand bytes to the kernel; nothing is promised before `sync`."""
        offset = self.length
        self.length += sum(map(len, chunks))
        await self._each(lambda copy: copy.write(chunks, offset), self._copies)

    async def append_durably(self, chunks: Sequence[bytes]) -> None:
        """Write and sync in one visit to a thread; on return the bytes are on every disk."""
        offset = self.length
        self.length += sum(map(len, chunks))
        await self._each(lambda copy: copy.write_durably(chunks, offset), self._copies)
        self._durable_length = self.length

    async def sync(self) -> None:
        """On return everything appended is on every disk."""
        await self._each(SegmentCopy.sync, self._copies)
        self._durable_length = self.length

    async def close(self) -> None:
        """End writing; what is not durable by now is promised to nobody."""
        await self._end(SegmentCopy.close)

    async def retire(self) -> None:
        """End writing after a failure; give back the space that nothing durable needs."""
        if self._durable_length == SEGMENT_HEADER_BYTES:
            await self.remove()
        else:
            await self._end(lambda copy: copy.cut(self._durable_length), SegmentCopy.close)

    async def remove(self) -> None:
        """Close and take the file out of every store. One that stays holds no promise."""
        await self._end(SegmentCopy.close, SegmentCopy.remove)

    async def _end(self, *steps: Callable[[SegmentCopy], None]) -> None:
        self._ended = True
        if self._running is not None and not self._running.done():
            await asyncio.wait((self._running,))
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._threads, _do_all, steps, self._copies)

    async def _each(self, do: Callable[[_Part], None], parts: Sequence[_Part]) -> None:
        if self._failed or self._ended:
            raise StorageUnavailable("the segment takes nothing more")
        loop = asyncio.get_running_loop()
        started = [loop.run_in_executor(self._threads, do, part) for part in parts]
        self._running = asyncio.gather(*started, return_exceptions=True)
        try:
            # Whoever waits may be cancelled; the threads are not, and `_end` waits for them:
            # else they would write to a descriptor that by then is another file's.
            results = await asyncio.shield(self._running)
        except asyncio.CancelledError:
            self._failed = True
            raise
        for failure in results:
            if failure is not None:
                self._failed = True
                if isinstance(failure, OSError):
                    raise storage_error("writing a segment", failure) from failure
                raise failure


def _do_all(steps: Sequence[Callable[[SegmentCopy], None]], copies: Sequence[SegmentCopy]) -> None:
    """Every step on every copy, whatever fails: nothing durable depends on these."""
    for copy, step in itertools.product(copies, steps):
        with contextlib.suppress(OSError):
            step(copy)


def _read_at(fd: int, offset: int, length: int) -> bytes:
    data = os.pread(fd, length, offset)
    while len(data) < length:  # a signal or the end of the file
        more = os.pread(fd, length - len(data), offset + len(data))
        if not more:
            break
        data += more
    return data
