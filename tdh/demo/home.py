"""TDH_HOME: where the demo leaves what others read (ports, tokens, trust, evidence).

One demo at a time has it, by a lock of the kernel that ends with the process. Every file that is
written here is named in a list before it is made, so that the next run removes exactly those.
Never touches, follows or replaces a file that it did not make.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from tdh.demo.failures import HomeInUse, InTheWay

LIST = ".written-by-demo"
PRIVATE, PUBLIC = 0o600, 0o644
PRIVATE_FOLDERS = frozenset({"tokens", "amqp"})


class Home:
    """The folder, locked, and without what a former run wrote."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    @contextlib.contextmanager
    def locked(cls, folder: Path) -> Iterator["Home"]:
        """Make the folder if need be, lock it, clear it. Raises HomeInUse, OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise HomeInUse(folder) from None
            home = cls(folder.resolve())
            home._clear()
            yield home
        finally:
            os.close(descriptor)

    def write(self, name: str, content: bytes | str, *, mode: int = PUBLIC) -> Path:
        """Write a new file, in folders that are made as needed. Raises InTheWay."""
        path = self.folder / name
        if os.path.lexists(path):
            raise InTheWay(path)  # before its name comes on the list: the list is what is removed
        self._list(name)
        data = content.encode() if isinstance(content, str) else content
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        except FileExistsError:
            raise InTheWay(path) from None
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
        return path

    def path(self, name: str) -> Path:
        """Where a file of the demo is, or would be."""
        return self.folder / name

    def shown(self, path: Path) -> str:
        """The path as short as it can be said from the working folder."""
        with contextlib.suppress(ValueError):
            return str(path.relative_to(Path.cwd()))
        return str(path)

    def _list(self, name: str) -> None:
        """Note the name for the next run, and make its folders."""
        with (self.folder / LIST).open("a", encoding="utf-8") as names:
            names.write(f"{name}\n")
        path = self.folder / name
        top = name.partition("/")[0]
        for parent in reversed(path.relative_to(self.folder).parents[:-1]):
            (self.folder / parent).mkdir(
                mode=0o700 if top in PRIVATE_FOLDERS else 0o755, exist_ok=True
            )

    def _clear(self) -> None:
        """Remove the files on the list, then the folders that this left empty."""
        names = self.folder / LIST
        try:
            listed = names.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return
        paths = [self.folder / name for name in listed if _is_inside(name)]
        for path in paths:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
                path.unlink()
        parents = {parent for path in paths for parent in path.parents}
        for folder in sorted(parents, key=lambda one: len(one.parts), reverse=True):
            if self.folder in folder.parents:
                with contextlib.suppress(OSError):  # not empty: somebody else's files are in it
                    folder.rmdir()
        names.unlink()


def _is_inside(name: str) -> bool:
    """Whether a line of the list names a file below the folder, whoever wrote the line."""
    parts = Path(name).parts
    return bool(parts) and not Path(name).is_absolute() and ".." not in parts
