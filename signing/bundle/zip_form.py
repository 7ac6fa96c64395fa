"""The one ZIP form of our containers: entries stored one after another, and nothing between.

PKWARE APPNOTE 6.3, 4.3 and 4.4, and EN 319 162-1, A.1: `mimetype` first. Nothing is compressed and
nothing is said after an entry (no data descriptor), so the place of every byte follows from the
names, sizes and checksums: the central directory can be written again from the entries, and a
reader compares it instead of believing it. ZIP64 only where a number does not fit. Pure functions.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

MIMETYPE_NAME = "mimetype"
MIMETYPE = b"application/vnd.etsi.asic-e+zip"
LOCAL_MARK = b"PK\x03\x04"
MAX_ENTRIES = 1000
MAX_NAME_BYTES = 1024

_CENTRAL_MARK, _END_MARK = b"PK\x01\x02", b"PK\x05\x06"
_END64_MARK, _LOCATOR_MARK = b"PK\x06\x06", b"PK\x06\x07"
LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_PLAIN, _LARGE = 20, 45
"""Version needed: 2.0, and 4.5 for ZIP64."""
_UNIX = 3 << 8
_REGULAR_FILE = 0o100644 << 16
_STORED = 0
_UTF8 = 0x0800
_MIDNIGHT, _FIRST_DAY = 0, 1 << 5 | 1
"""1 January 1980, the first day that the format knows: the files have no time of their own."""
_FULL = 0xFFFFFFFF
_ZIP64 = 0x0001


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file of the container, as far as ZIP is concerned."""

    name: str
    size: int
    """In bytes."""
    crc: int
    """CRC-32 of the content."""


def local_header(entry: Entry) -> bytes:
    """What stands before the content."""
    large = entry.size >= _FULL
    size = _FULL if large else entry.size
    name = entry.name.encode()
    extra = struct.pack("<2H2Q", _ZIP64, 16, entry.size, entry.size) if large else b""
    head = LOCAL.pack(
        LOCAL_MARK,
        _LARGE if large else _PLAIN,
        _flags(name),
        _STORED,
        _MIDNIGHT,
        _FIRST_DAY,
        entry.crc,
        size,
        size,
        len(name),
        len(extra),
    )
    return head + name + extra


def directory(entries: Sequence[Entry]) -> bytes:
    """All that follows the last content: central directory and end records."""
    offset, found = 0, []
    for entry in entries:
        found.append(_central(entry, offset))
        offset += len(local_header(entry)) + entry.size
    central = b"".join(found)
    return central + _end(len(entries), len(central), offset)


def container_size(entries: Sequence[Entry]) -> int:
    """Bytes of the whole container."""
    contents = sum(len(local_header(entry)) + entry.size for entry in entries)
    return contents + len(directory(entries))


def _central(entry: Entry, offset: int) -> bytes:
    """4.5.3: what does not fit stands in the extra field, in this order."""
    sizes = (entry.size, entry.size) if entry.size >= _FULL else ()
    places = (offset,) if offset >= _FULL else ()
    wide = (*sizes, *places)
    extra = struct.pack(f"<2H{len(wide)}Q", _ZIP64, 8 * len(wide), *wide) if wide else b""
    size = min(entry.size, _FULL)
    version = _LARGE if wide else _PLAIN
    name = entry.name.encode()
    head = _CENTRAL.pack(
        _CENTRAL_MARK,
        _UNIX | version,
        _LARGE if sizes else _PLAIN,
        _flags(name),
        _STORED,
        _MIDNIGHT,
        _FIRST_DAY,
        entry.crc,
        size,
        size,
        len(name),
        len(extra),
        0,
        0,
        0,
        _REGULAR_FILE,
        min(offset, _FULL),
    )
    return head + name + extra


def _end(count: int, size: int, offset: int) -> bytes:
    wide = b""
    if offset >= _FULL:
        wide = _END64.pack(
            _END64_MARK, 44, _UNIX | _LARGE, _LARGE, 0, 0, count, count, size, offset
        ) + _LOCATOR.pack(_LOCATOR_MARK, 0, offset + size, 1)
    return wide + _END.pack(_END_MARK, 0, 0, count, count, size, min(offset, _FULL), 0)


def _flags(name: bytes) -> int:
    return 0 if name.isascii() else _UTF8
