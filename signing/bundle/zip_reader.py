"""Reads a container from its first byte to its last, in constant memory, in its one form only.

Every entry is read where the one before it ended; at the end, central directory and end record are
written again from what was read, and compared. So no reader can find other files in it than this
one: nothing lies between, before or after, no name stands twice, and nothing is compressed. Names
are checked as `signing.bundle.manifest` says. Never writes anything.
"""

import hashlib
import unicodedata
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from signing.bundle.manifest import is_plain_name
from signing.bundle.zip_form import (
    LOCAL,
    LOCAL_MARK,
    MAX_ENTRIES,
    MAX_NAME_BYTES,
    MIMETYPE,
    MIMETYPE_NAME,
    Entry,
    directory,
    local_header,
)
from signing.errors import ProofError

PIECE = 1 << 20
MAX_KEPT_BYTES = 64 << 20
"""All that is kept in memory together; documents are not."""
_MAX_EXTRA = 20


class ContainerError(ProofError):
    """A file that is no container in its one form."""

    code = "container-malformed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadEntry:
    """One file of the container."""

    name: str
    size: int
    sha256: bytes
    content: bytes | None
    """Where it was wanted; else only its digest is known."""


def read_container(path: Path, limit_of: Callable[[str], int]) -> Mapping[str, ReadEntry]:
    """All files, in their order; `limit_of` says how much of a file by that name may be kept.

    0: only its digest is taken. Raises ContainerError, also where a file is longer than its limit;
    OSError where the file itself cannot be read.
    """
    with path.open("rb") as file:
        return _read(file, limit_of)


def _read(file: BinaryIO, limit_of: Callable[[str], int]) -> Mapping[str, ReadEntry]:
    entries: list[Entry] = []
    found: dict[str, ReadEntry] = {}
    folded: set[str] = set()
    kept = 0
    while True:
        head = _exactly(file, 4)
        if head != LOCAL_MARK:
            break
        entry = _entry(file)
        if len(entries) >= MAX_ENTRIES:
            raise ContainerError(f"more than {MAX_ENTRIES} files")
        if (entry.name == MIMETYPE_NAME) != (not entries):
            raise ContainerError("the first file, and no other, is mimetype")
        if _folded(entry.name) in folded:
            raise ContainerError(f"{entry.name} stands twice")
        limit = limit_of(entry.name)
        kept += entry.size if limit else 0
        if limit and (entry.size > limit or kept > MAX_KEPT_BYTES):
            raise ContainerError(f"{entry.name} is too long")
        found[entry.name] = _content(file, entry, keep=limit > 0)
        entries.append(entry)
        folded.add(_folded(entry.name))
    if any(not folded.isdisjoint(_folders(name)) for name in folded):
        raise ContainerError("a file is a folder too")
    expected = directory(entries)
    if not entries or head + file.read(len(expected)) != expected or file.read(1):
        raise ContainerError("what follows the files is not their directory, or more than that")
    if found[MIMETYPE_NAME].sha256 != hashlib.sha256(MIMETYPE).digest():
        raise ContainerError("mimetype does not say that this is an ASiC-E container")
    return found


def _folded(name: str) -> str:
    """As systems see it that ignore case or compose characters."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _folders(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def _entry(file: BinaryIO) -> Entry:
    """One local header, whose one spelling follows from its name, size and checksum."""
    rest = _exactly(file, LOCAL.size - 4)
    fields = LOCAL.unpack(LOCAL_MARK + rest)
    crc, size, name_length, extra_length = fields[6], fields[8], fields[9], fields[10]
    if not 0 < name_length <= MAX_NAME_BYTES or extra_length > _MAX_EXTRA:
        raise ContainerError("a name or a field that is too long")
    raw_name, extra = _exactly(file, name_length), _exactly(file, extra_length)
    try:
        name = raw_name.decode()
    except UnicodeDecodeError as exc:
        raise ContainerError("a name that is not UTF-8") from exc
    if not is_plain_name(name):
        raise ContainerError(f"{name[:80]!r} is no name of a file in a container")
    if extra:
        size = int.from_bytes(extra[4:12], "little")
    entry = Entry(name=name, size=size, crc=crc)
    if local_header(entry) != LOCAL_MARK + rest + raw_name + extra:
        raise ContainerError(f"{name} is not stored in the one form")
    return entry


def _content(file: BinaryIO, entry: Entry, *, keep: bool) -> ReadEntry:
    digest, crc, left = hashlib.sha256(), 0, entry.size
    pieces: list[bytes] = []
    while left:
        piece = _exactly(file, min(left, PIECE))
        digest.update(piece)
        crc = zlib.crc32(piece, crc)
        left -= len(piece)
        if keep:
            pieces.append(piece)
    if crc != entry.crc:
        raise ContainerError(f"{entry.name} was changed: its checksum does not fit")
    content = b"".join(pieces) if keep else None
    return ReadEntry(name=entry.name, size=entry.size, sha256=digest.digest(), content=content)


def _exactly(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) != count:
        raise ContainerError("the file is cut off")
    return data
