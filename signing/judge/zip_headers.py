"""The headers of a ZIP archive: end record, central directory, and what stands before each entry.

PKWARE APPNOTE, 4.3 and 4.4. Says where entries lie and refuses what could be read in two ways.
Looks at no content and at no name's meaning.
"""

import struct
from dataclasses import dataclass

from signing.judge.codes import Code, Refused

MAX_ENTRIES = 1000

STORED, DEFLATED = 0, 8
UTF8 = 0x0800
_END = struct.Struct("<4s4H2LH")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_END_MARK, _CENTRAL_MARK, _LOCAL_MARK = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04"
_DESCRIPTOR_MARK = b"PK\x07\x08"
_MAX_COMMENT = 0xFFFF
_ENCRYPTED = 0x0001 | 0x0040 | 0x2000
_SIZES_FOLLOW = 0x0008
_DEFLATE_SPEED = 0x0006
"""How hard the writer tried: says nothing to a reader."""
_ZIP64 = 0x0001
_OTHER_NAME = 0x7075
"""Info-ZIP Unicode Path: a second name for the same entry."""
_NEWEST_VERSION = 63
_SATURATED = 0xFFFFFFFF
_UNIX, _TYPE, _REGULAR, _DIRECTORY = 3, 0o170000, 0o100000, 0o040000


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the central directory says of an entry."""

    raw_name: bytes
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    offset: int
    is_directory: bool


def central_directory(data: bytes) -> tuple[list[Header], int]:
    """4.3.12, 4.3.16: the last end record, whose comment ends the file; one archive, one disk."""
    place = data.rfind(_END_MARK, max(0, len(data) - _END.size - _MAX_COMMENT))
    if place < 0 or len(data) - place < _END.size:
        raise Refused(Code.CONTAINER_DAMAGED, "no end record")
    _, disk, start_disk, here, count, size, offset, comment = _END.unpack_from(data, place)
    if place + _END.size + comment != len(data):
        raise Refused(Code.CONTAINER_HIDDEN_DATA, "data after the end record")
    if (disk, start_disk, here) != (0, 0, count):
        raise Refused(Code.CONTAINER_DAMAGED, "an archive in several parts")
    _check_one_end(data, place)
    if offset + size != place:
        code = Code.CONTAINER_HIDDEN_DATA if offset + size < place else Code.CONTAINER_DAMAGED
        raise Refused(code, "the central directory does not reach the end record")
    if count > MAX_ENTRIES:
        raise Refused(Code.CONTAINER_TOO_LARGE, f"{count} entries")
    headers = []
    for _ in range(count):
        header, offset = _central_header(data, offset, place)
        headers.append(header)
    if offset != place:
        raise Refused(Code.CONTAINER_HIDDEN_DATA, "data in the central directory")
    return headers, place - size


def _check_one_end(data: bytes, last: int) -> None:
    """A reader that searches from another side must not find another archive."""
    place = data.find(_END_MARK, max(0, len(data) - _END.size - _MAX_COMMENT))
    while place < last:
        if place + _END.size + _END.unpack_from(data, place)[-1] == len(data):
            raise Refused(Code.CONTAINER_HIDDEN_DATA, "two end records")
        place = data.find(_END_MARK, place + 1)


def _central_header(data: bytes, offset: int, limit: int) -> tuple[Header, int]:
    if offset + _CENTRAL.size > limit:
        raise Refused(Code.CONTAINER_DAMAGED, "the central directory is cut off")
    fields = _CENTRAL.unpack_from(data, offset)
    mark, made_by, needed, flags, method, _, _, crc, compressed, size = fields[:10]
    name_length, extra_length, comment_length, disk, _, attributes, local = fields[10:]
    end = offset + _CENTRAL.size + name_length + extra_length + comment_length
    if mark != _CENTRAL_MARK or end > limit or disk:
        raise Refused(Code.CONTAINER_DAMAGED, "no header in the central directory")
    _check_version(needed)
    begin = offset + _CENTRAL.size
    raw_name = data[begin : begin + name_length]
    extra = data[begin + name_length : begin + name_length + extra_length]
    size, compressed, local = _large(extra, (size, compressed, local))
    header = Header(
        raw_name=raw_name,
        flags=flags,
        method=method,
        crc=crc,
        compressed=compressed,
        size=size,
        offset=local,
        is_directory=raw_name.endswith(b"/"),
    )
    _check_kind(header, made_by >> 8, attributes >> 16)
    return header, end


def _check_version(needed: int) -> None:
    """4.4.3: who knows less must not read it; this is the newest version there is."""
    if needed > _NEWEST_VERSION:
        raise Refused(Code.CONTAINER_METHOD, f"version {needed}")


def _check_kind(header: Header, system: int, mode: int) -> None:
    if header.flags & _ENCRYPTED or header.method not in {STORED, DEFLATED}:
        raise Refused(Code.CONTAINER_METHOD, f"flags {header.flags:#x}, method {header.method}")
    kind = mode & _TYPE if system == _UNIX else 0
    wanted = _DIRECTORY if header.is_directory else _REGULAR
    if kind not in {0, wanted} or (header.is_directory and header.size):
        raise Refused(Code.CONTAINER_DAMAGED, "an entry that is neither file nor directory")


def _large(extra: bytes, values: tuple[int, int, int]) -> tuple[int, int, int]:
    """4.5.3: values too large for their fields stand in an extra field, in this order."""
    fields = _extra_fields(extra)
    if _OTHER_NAME in fields:
        raise Refused(Code.CONTAINER_HEADERS_DISAGREE, "a second name")
    content = fields.get(_ZIP64, b"")
    found = []
    for value in values:
        if value != _SATURATED:
            found.append(value)
            continue
        if len(content) < 8:  # noqa: PLR2004 - eight bytes a value
            raise Refused(Code.CONTAINER_DAMAGED, "a size is missing")
        found.append(int.from_bytes(content[:8], "little"))
        content = content[8:]
    return found[0], found[1], found[2]


def _extra_fields(extra: bytes) -> dict[int, bytes]:
    fields: dict[int, bytes] = {}
    place = 0
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, place)
        content = extra[place + 4 : place + 4 + length]
        if kind in fields or len(content) != length:
            raise Refused(Code.CONTAINER_DAMAGED, "extra fields")
        fields[kind] = content
        place += 4 + length
    if any(extra[place:]):  # some writers align with up to three zeros
        raise Refused(Code.CONTAINER_DAMAGED, "extra fields")
    return fields


def local_header(data: bytes, header: Header) -> int:
    """4.3.7: the same as the central directory says; gives where the content begins."""
    if header.offset + _LOCAL.size > len(data):
        raise Refused(Code.CONTAINER_DAMAGED, "an entry is cut off")
    fields = _LOCAL.unpack_from(data, header.offset)
    mark, needed, flags, method, _, _, crc, compressed, size, name_length, extra_length = fields
    begin = header.offset + _LOCAL.size
    raw_name = data[begin : begin + name_length]
    after = begin + name_length + extra_length
    if mark != _LOCAL_MARK:
        raise Refused(Code.CONTAINER_DAMAGED, "no entry where one should be")
    _check_version(needed)
    size, compressed, _ = _large(data[begin + name_length : after], (size, compressed, 0))
    stated, known = (crc, compressed, size), (header.crc, header.compressed, header.size)
    later = bool(flags & _SIZES_FOLLOW) and stated == (0, 0, 0)
    differ = (flags ^ header.flags) & ~_DEFLATE_SPEED
    if (raw_name, method) != (header.raw_name, header.method) or differ:
        raise Refused(Code.CONTAINER_HEADERS_DISAGREE, repr(raw_name[:80]))
    if stated != known and not later:
        raise Refused(Code.CONTAINER_HEADERS_DISAGREE, repr(raw_name[:80]))
    return int(after)


def after_entry(data: bytes, header: Header, begin: int, limit: int) -> int:
    """Where the next entry must begin: after the content, and its descriptor (4.3.9) if any."""
    place = begin + header.compressed
    if place > limit:
        raise Refused(Code.CONTAINER_DAMAGED, "an entry reaches into the central directory")
    if not header.flags & _SIZES_FOLLOW:
        return place
    for form in ("<3L", "<LQQ"):
        spelled = struct.pack(form, header.crc, header.compressed, header.size)
        for descriptor in (_DESCRIPTOR_MARK + spelled, spelled):
            after = place + len(descriptor)
            follows = data[after : after + 4] in {_LOCAL_MARK, _CENTRAL_MARK}
            if data[place:after] == descriptor and follows:
                return after
    raise Refused(Code.CONTAINER_HEADERS_DISAGREE, "the sizes after an entry")
