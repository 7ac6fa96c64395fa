"""Writing files so that they are on the disk when the call returns (fsync of file and folder).

For keys, ledgers and lists that must survive a power cut whole or not at all. Never follows a
name to an older file with looser rights: the mode is set on the open file.
"""

import os
from pathlib import Path

OWNER_ONLY = 0o600


def write_new(path: Path, content: bytes, mode: int = OWNER_ONLY) -> None:
    """Make a file. Raises FileExistsError where there is one, OSError."""
    _write(path, content, os.O_EXCL, mode)


def write_over(path: Path, content: bytes, mode: int = OWNER_ONLY) -> None:
    """Make a file, or give one new content in place; a crash may leave half of it."""
    _write(path, content, os.O_TRUNC, mode)


def replace_file(path: Path, content: bytes, mode: int = OWNER_ONLY) -> None:
    """Give a file new content at once: whoever reads it finds the old or the new. Raises OSError.

    The new content is written beside it first, under the name with `.new` added.
    """
    beside = path.with_name(path.name + ".new")
    write_over(beside, content, mode)
    beside.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make new and renamed entries of a folder durable. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write(path: Path, content: bytes, how: int, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | how, mode)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, mode)  # one that a crash left may be open to others
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
