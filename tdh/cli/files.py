"""Files of the command line: whole or absent, and evidence never over other evidence."""

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
        raise Stop(
            NO_INPUT,
            f"มีหลักฐานฉบับอื่นอยู่แล้ว โปรดเลือกโฟลเดอร์อื่น {path}",
            f"other evidence is there, choose another folder: {path}",
        )
    return write_whole(path, data)
