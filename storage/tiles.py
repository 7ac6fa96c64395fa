"""The log as files in a folder (c2sp.org/tlog-tiles): tiles, entry bundles, the checkpoint.

Any web server may give the folder out as it stands. Nothing is seen before it is whole and on the
disk: a file is written under another name, synced, and then gets its own. Full tiles are made once
and never again; `checkpoint` comes last, when all that it stands for can be read. Knows nothing of
trees and signatures, and never decides which head is the newer one.
"""

import asyncio
import errno
import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeVar

from storage.durable import sync_file, sync_folder
from tdh.domain.errors import LogDiverged, StorageUnavailable
from tdh.domain.tiles import Tile

CrashPoint = Callable[[str], None]
Result = TypeVar("Result")

CHECKPOINT = "checkpoint"
KEPT_PARTIALS = 16
"""Partial tiles go when so many full ones have followed: readers of an older head need them."""

TILE_NAMED = "log.tile_named"
"""One file of a round has its name; nothing is promised."""
TILES_STORED = "log.tiles_stored"
"""Tiles of one run are durable; the checkpoint does not know them."""
CHECKPOINT_NAMED = "log.checkpoint_named"
"""Readers see the new checkpoint; its name may be lost with the power."""
CHECKPOINT_STORED = "log.checkpoint_stored"
"""The new checkpoint is durable."""
CRASH_POINTS = (TILE_NAMED, TILES_STORED, CHECKPOINT_NAMED, CHECKPOINT_STORED)

_LOCK, _UNFINISHED = ".lock", ".new"
_FILE_MODE, _FOLDER_MODE = 0o644, 0o755


class LogFolder:
    """The folder of one log. Every method raises StorageUnavailable."""

    def __init__(self, folder: Path, *, crash: CrashPoint = lambda _name: None) -> None:
        """Touches nothing yet; `crash` is called with the name of each step that was done."""
        self._folder = folder
        self._crash = crash

    async def checkpoint(self) -> bytes | None:
        """The checkpoint as everybody sees it; None where there is none yet."""
        return await _in_thread(lambda: _read(self._folder / CHECKPOINT))

    async def read(self, tile: Tile) -> bytes | None:
        """A tile or bundle, None where it is not there."""
        return await _in_thread(lambda: _read(self._folder / tile.path))

    @asynccontextmanager
    async def writing(self) -> AsyncIterator["OpenLogFolder"]:
        """The folder, for one writer at a time of all machines that share it.

        Raises StorageUnavailable while another one writes.
        """
        handle = await _in_thread(self._lock)
        try:
            yield OpenLogFolder(self._folder, self._crash)
        finally:
            os.close(handle)  # which lets the next one in

    def _lock(self) -> int:
        made = _make_folder(self._folder)
        made |= _make_folder(self._folder / _UNFINISHED)
        for folder in made:
            sync_folder(folder)
        handle = os.open(
            self._folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
        )
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException as error:
            os.close(handle)
            if isinstance(error, BlockingIOError):
                raise StorageUnavailable("another process writes the log's folder") from error
            raise
        return handle


class OpenLogFolder:
    """The folder while nobody else writes to it."""

    def __init__(self, folder: Path, crash: CrashPoint) -> None:
        self._folder = folder
        self._crash = crash

    async def checkpoint(self) -> bytes | None:
        """The checkpoint as everybody sees it; None where there is none yet."""
        return await _in_thread(lambda: _read(self._folder / CHECKPOINT))

    async def put(self, files: Sequence[tuple[Tile, bytes]]) -> None:
        """Keep tiles and bundles, on the disk by bytes and by name when this returns.

        Raises LogDiverged where a full one is there with other bytes: it is left as it is.
        """
        await _in_thread(lambda: self._put(files))

    async def put_checkpoint(self, note: bytes) -> None:
        """Replace the checkpoint. The caller knows that it is not older than the one before."""
        await _in_thread(lambda: self._put_checkpoint(note))

    def _put(self, files: Sequence[tuple[Tile, bytes]]) -> None:
        new = [(tile, data) for tile, data in files if not self._has(tile, data)]
        unfinished = [self._folder / _UNFINISHED / str(place) for place in range(len(new))]
        for path, (_, data) in zip(unfinished, new, strict=True):
            _write(path, data)
        for path in unfinished:  # all at once: the disk does them together
            sync_file(path)
        changed: set[Path] = set()
        for path, (tile, data) in zip(unfinished, new, strict=True):
            named = self._folder / tile.path
            changed |= _make_folder(named.parent) | {named.parent}
            self._name(path, named, tile, data)
            self._crash(TILE_NAMED)
        for folder in changed:
            sync_folder(folder)
        for tile, _ in files:
            self._drop_old_partials(tile)
        self._crash(TILES_STORED)

    def _has(self, tile: Tile, data: bytes) -> bool:
        kept = _read(self._folder / tile.path)
        if kept is not None and kept != data and tile.is_full:
            raise LogDiverged(f"{tile.path} in the log's folder is another one")
        return kept == data

    def _name(self, path: Path, named: Path, tile: Tile, data: bytes) -> None:
        """Give a whole file its name; of a full tile only once, whoever else may have done it."""
        if not tile.is_full:
            path.replace(named)
            return
        with suppress(FileExistsError):
            os.link(path, named)
        path.unlink()
        self._has(tile, data)

    def _put_checkpoint(self, note: bytes) -> None:
        path = self._folder / _UNFINISHED / CHECKPOINT
        _write(path, note)
        sync_file(path)
        path.replace(self._folder / CHECKPOINT)
        self._crash(CHECKPOINT_NAMED)
        sync_folder(self._folder)
        self._crash(CHECKPOINT_STORED)

    def _drop_old_partials(self, tile: Tile) -> None:
        number = tile.number - KEPT_PARTIALS
        if tile.is_full and number >= 0:
            old = Tile(level=tile.level, number=number, width=1)
            with suppress(FileNotFoundError):
                shutil.rmtree((self._folder / old.path).parent)


async def _in_thread(work: Callable[[], Result]) -> Result:
    """Do it beside the loop; what has begun is waited for, so that nobody else comes in between."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait((running,))
        raise
    except OSError as error:
        known = errno.errorcode.get(error.errno or 0, "")
        raise StorageUnavailable(f"the log's folder: {error.strerror} {known}") from error


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _write(path: Path, data: bytes) -> None:
    handle = os.open(
        path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, _FILE_MODE
    )
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, _FILE_MODE)  # whatever the umask: others are to read it
        file.write(data)


def _make_folder(folder: Path) -> set[Path]:
    """Make a folder and those above it that are missing; the folders that got a new name."""
    missing = [path for path in _upwards(folder) if not path.is_dir()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        path.chmod(_FOLDER_MODE)
    return {path.parent for path in missing}


def _upwards(folder: Path) -> Iterable[Path]:
    return (folder, *folder.parents)
