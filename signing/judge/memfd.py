"""A document in memory only, passed to the judge by descriptor: an anonymous file that is sealed.

`memfd_create(2)`: no name in any folder, nothing on disk. After `seal` nobody can change or
resize it, so what was hashed while it streamed in is what the judge reads.
"""

import fcntl
import os
from types import TracebackType
from typing import Self

_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL


class Memfd:
    """Bytes to be judged. Use as a context manager or call `close`."""

    def __init__(self, content: bytes = b"") -> None:
        self.fd = os.memfd_create("document", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        self.size = 0
        self._sealed = False
        if content:
            self.write(content)

    def write(self, data: bytes) -> None:
        """Append. Raises OSError when memory is short."""
        view = memoryview(data)
        while view:
            written = os.write(self.fd, view)
            view = view[written:]
        self.size += len(data)

    def seal(self) -> None:
        """Forbid every further change, for this process too."""
        if not self._sealed:
            fcntl.fcntl(self.fd, fcntl.F_ADD_SEALS, _SEALS)
            self._sealed = True

    def close(self) -> None:
        """Give the memory back (once the judge is done with it). May be called twice."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
