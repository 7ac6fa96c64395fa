"""A file of lines of one width that only grows, durable line by line.

An append is one write and one fdatasync. The fixed width tells after a crash whether the last
line is whole: a torn one was never answered for and is cut off when the file is opened; any other
damage stops the program. A failed write or sync is final as well: after it nobody knows what the
disk holds.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from signing.durable import sync_folder
from signing.sealer.errors import LedgerError


class FixedLines:
    """One open file. Every method raises LedgerError."""

    __slots__ = ("_broken", "_file", "_path", "_width", "count")

    def __init__(self, path: Path, width: int) -> None:
        """Open or make the file; cut a torn last line. `width` counts the LF."""
        self._path = path
        self._width = width
        self._broken = False
        new = not path.exists()
        try:
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            self._file = os.open(path, flags, 0o600)
            if new:
                sync_folder(path.parent)
            size = os.fstat(self._file).st_size
            if size % width:
                os.ftruncate(self._file, size - size % width)
                os.fsync(self._file)
        except OSError as exc:
            raise LedgerError(path, f"cannot be opened: {exc}") from exc
        self.count = size // width

    def last(self) -> bytes | None:
        """The last line without its LF; None where there is none."""
        if self.count == 0:
            return None
        line = os.pread(self._file, self._width, (self.count - 1) * self._width)
        if len(line) != self._width or not line.endswith(b"\n"):
            raise LedgerError(self._path, "the last line is not in its form")
        return line[:-1]

    def append(self, lines: Sequence[str]) -> None:
        """Add lines (without LF); return when they are on the disk."""
        data = "".join(f"{line}\n" for line in lines).encode("ascii")
        if self._broken or len(data) != self._width * len(lines):
            raise LedgerError(
                self._path, "cannot be written any more, or a line has no right width"
            )
        try:
            written = os.write(self._file, data)
            os.fdatasync(self._file)
        except OSError as exc:
            self._broken = True
            raise LedgerError(self._path, f"cannot be written: {exc}") from exc
        if written != len(data):
            self._broken = True
            raise LedgerError(self._path, "was written in part only")
        self.count += len(lines)

    def close(self) -> None:
        """Give the file back."""
        os.close(self._file)
