"""Files of the command line: whole or absent, and evidence never over other bytes."""

import filecmp
import os
from pathlib import Path

from tdh.cli.client import NO_INPUT, Stop


def write_whole(path: Path, data: bytes) -> Path:
    """The file with exactly these bytes, or the one that was there before. Raises Stop."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + ".partial")
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise Stop(NO_INPUT, f"เขียนไฟล์ไม่ได้ {path}", f"cannot write {path}") from error
    return path


def write_once(path: Path, data: bytes) -> Path:
    """Like `write_whole`, but never over other bytes: evidence does not change. Raises Stop."""
    if path.exists() and path.read_bytes() != data:
        raise _in_the_way(path)
    return write_whole(path, data)


def place_for(path: Path) -> None:
    """Whether a file or folder may be made here: no folder is made of a typing error. Raises Stop.

    Asked before the service is: it may record that content went out.
    """
    folder = path.absolute().parent
    if not folder.is_dir():
        raise Stop(NO_INPUT, f"ไม่มีโฟลเดอร์ {folder}", f"there is no folder {folder}")


def file_for(path: Path) -> None:
    """Like `place_for`, for a file, which no folder may be in the way of. Raises Stop."""
    place_for(path)
    if path.is_dir():
        raise Stop(NO_INPUT, f"เป็นโฟลเดอร์ ต้องเป็นชื่อไฟล์ {path}", f"a folder, not a file: {path}")


def move_once(path: Path, new: Path) -> None:
    """Put a finished file in its place, never over other bytes. Raises Stop, OSError."""
    if path.exists() and not filecmp.cmp(path, new, shallow=False):
        new.unlink()
        raise _in_the_way(path)
    new.replace(path)


def _in_the_way(path: Path) -> Stop:
    return Stop(
        NO_INPUT,
        f"มีไฟล์อื่นชื่อนี้อยู่แล้ว โปรดเลือกที่อื่น {path}",
        f"another file is there, choose another place: {path}",
    )
