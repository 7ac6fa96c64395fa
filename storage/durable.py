"""Files that are there after a power loss: what must be fsynced, and in which order.

A file's bytes and its name are two facts: fsync of the file keeps the bytes, fsync of the folder
keeps the name (fsync(2)). Raises OSError as it comes; the callers name what they were doing.
"""

import contextlib
import errno
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

_MOST_BUFFERS = 1024
"""IOV_MAX of Linux: buffers in one pwritev."""


def make_folder(folder: Path) -> None:
    """Make a folder (and the folders above it) that only its owner enters; durable by name."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)
        sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Make the bytes of a file durable, whoever wrote them."""
    _sync_opened(path, os.O_RDONLY)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    _sync_opened(folder, os.O_RDONLY | os.O_DIRECTORY)


def _sync_opened(path: Path, flags: int) -> None:
    fd = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def create_exclusive(path: Path, content: bytes) -> int:
    """Make a new file with mode 0600, durable by bytes (not yet by name); its open descriptor."""
    fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        write_at(fd, (content,), 0)
        os.fsync(fd)
    except BaseException:
        os.close(fd)
        path.unlink(missing_ok=True)
        raise
    return fd


def create_once(path: Path, content: bytes) -> None:
    """Make `path` with this content unless it is there: whoever is first wins, always whole.

    The caller syncs the folder. If we die in between, a file ending in `.new` is left that
    nothing refers to.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.new")
    os.close(create_exclusive(temporary, content))
    try:
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        temporary.unlink()


def write_at(fd: int, chunks: Sequence[bytes], offset: int) -> int:
    """Write all chunks one after another from `offset`; the offset after the last byte."""
    waiting = [memoryview(chunk) for chunk in chunks if chunk]
    first = 0
    while first < len(waiting):
        written = os.pwritev(fd, waiting[first : first + _MOST_BUFFERS], offset)
        if not written:
            raise OSError(errno.EIO, "the kernel takes no bytes")
        offset += written
        while first < len(waiting) and written >= len(waiting[first]):
            written -= len(waiting[first])
            first += 1
        if written:  # the kernel may stop within a buffer
            waiting[first] = waiting[first][written:]
    return offset
