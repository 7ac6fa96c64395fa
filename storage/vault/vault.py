"""The vault: where documents lie, encrypted and durable, and where they are read and checked.

A letter has one data key; the wrapped key and the locations are the database's.
Never writes plaintext, never decides who may read, never knows a document's name or kind.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from hashlib import sha256
from pathlib import Path

from storage.vault.crash_points import CrashPoint, no_crash
from storage.vault.frames import Binding, ReadAt, decrypt_frames
from storage.vault.group import GroupAppender
from storage.vault.keys import STANDARD, KeyService, RetentionClass, key_id_of
from storage.vault.segments import Store
from storage.vault.stored import Location, SegmentId
from storage.vault.writers import LetterWriter, WritingPlaces
from tdh.domain.commands import StoredDocument
from tdh.domain.identifiers import LetterId

SEGMENT_BYTES = 256 << 20
"""A segment is full at this size: small enough to compact and to copy, large enough to be few."""

_FILE_THREADS = 4
"""Reads and large documents at once; more only makes a disk seek more."""


class Vault:
    """Documents at rest, in one or several stores that each hold everything.

    Lives in one event loop; `close` at its end. Several processes may use the same folders: each
    appends to segments of its own, all read every segment.
    """

    def __init__(  # noqa: PLR0913 - each is one outside thing, by name
        self,
        folder: Path,
        keys: KeyService,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        extra_folders: Sequence[Path] = (),
        random_bytes: Callable[[int], bytes] = os.urandom,
        crash: CrashPoint = no_crash,
    ) -> None:
        folders = (folder, *extra_folders)
        if len({path.resolve() for path in folders}) != len(folders):
            raise ValueError("two stores in one folder are one store")
        self._keys = keys
        self._stores = tuple(Store(path, crash=crash) for path in folders)
        # The group commit has threads of its own: it must not queue behind a slow reader.
        self._commit_threads = ThreadPoolExecutor(len(folders), "vault-commit")
        self._file_threads = ThreadPoolExecutor(_FILE_THREADS * len(folders), "vault-files")
        self._group = GroupAppender(self._stores, self._commit_threads, segment_bytes=segment_bytes)
        self._places = WritingPlaces(
            stores=self._stores,
            group=self._group,
            threads=self._file_threads,
            random_bytes=random_bytes,
            crash=crash,
        )

    def begin(
        self, letter: LetterId, month: date, retention: RetentionClass = STANDARD
    ) -> LetterWriter:
        """Begin to take in a letter; `month` is any day of the letter's month.

        Raises what KeyService.new_data_key raises, and once a month blocks for two fsyncs.
        """
        data_key, wrapped_key = self._keys.new_data_key(letter, month, retention)
        return LetterWriter(letter, data_key, wrapped_key, self._places)

    async def read(
        self, letter: LetterId, wrapped_key: bytes, stored: StoredDocument
    ) -> AsyncIterator[bytes]:
        """Yield the document in pieces of up to 1 MiB, each authenticated before it is given out.

        Raises IntegrityFailure, StorageUnavailable, KeyUnavailable or UnwrapRefused, possibly
        after some pieces: only a run to the end gives the whole document.
        """
        copies = [store.reader(_location(stored)) for store in self._stores]
        frames = self._frames(letter, wrapped_key, stored, copies)
        loop = asyncio.get_running_loop()
        while (
            frame := await loop.run_in_executor(self._file_threads, next, frames, None)
        ) is not None:
            yield frame

    async def verify(self, letter: LetterId, wrapped_key: bytes, stored: StoredDocument) -> bytes:
        """Read the whole document in every store, past the page cache, and check each frame.

        Returns the SHA-256 of the plaintext, to be compared with the evidence. Raises as `read`,
        if any one store fails; the damage may then still be mended from another.
        """
        loop = asyncio.get_running_loop()
        digest = b""
        for store in self._stores:  # one after another: what passes the tags is equal in all
            copy = store.reader(_location(stored), from_device=True)
            frames = self._frames(letter, wrapped_key, stored, [copy])
            digest = await loop.run_in_executor(self._file_threads, _digest, frames)
        return digest

    async def close(self) -> None:
        """Finish what is being kept, then let go of files and threads."""
        await self._group.close()
        self._commit_threads.shutdown()
        self._file_threads.shutdown()

    def _frames(
        self,
        letter: LetterId,
        wrapped_key: bytes,
        stored: StoredDocument,
        copies: Sequence[ReadAt],
    ) -> Iterator[bytes]:
        """The frames; runs in threads, one frame at a time."""
        binding = Binding(letter=letter, document=stored.number, key=key_id_of(wrapped_key))
        key = self._keys.unwrap(letter, wrapped_key)
        yield from decrypt_frames(copies, stored.length, key=key, binding=binding)


def _location(stored: StoredDocument) -> Location:
    return Location(segment=SegmentId(stored.segment), offset=stored.offset, length=stored.length)


def _digest(frames: Iterator[bytes]) -> bytes:
    digest = sha256()
    for frame in frames:
        digest.update(frame)
    return digest.digest()
