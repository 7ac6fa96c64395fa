"""Writes ZIP archives for tests, well made or faulty: every field can be set against the others."""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

UTF8, SIZES_FOLLOW = 0x0800, 0x0008
STORED, DEFLATED = 0, 8
UNIX = 3 << 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One entry; what is None is worked out from the content."""

    name: bytes
    content: bytes = b""
    method: int = DEFLATED
    flags: int = 0
    packed: bytes | None = None
    size: int | None = None
    crc: int | None = None
    local_name: bytes | None = None
    local_size: int | None = None
    local_crc: int | None = None
    local_method: int | None = None
    local_flags: int | None = None
    extra: bytes = b""
    local_extra: bytes = b""
    made_by: int = 20
    mode: int = 0
    gap: bytes = b""
    """What stands before the entry."""
    descriptor: str = "marked"
    """With SIZES_FOLLOW: marked, bare, large, none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What is around the entries."""

    prefix: bytes = b""
    before_directory: bytes = b""
    in_directory: bytes = b""
    comment: bytes = b""
    after: bytes = b""
    count: int | None = None
    disk: int = 0
    offset_shift: int = 0


def files(contents: dict[str, bytes], **changes: object) -> list[Member]:
    """An ordinary list of members: `mimetype` stored, everything else deflated."""
    return [
        replace(
            Member(
                name=name.encode(),
                content=content,
                method=STORED if name == "mimetype" else DEFLATED,
                flags=0 if name.isascii() else UTF8,
            ),
            **changes,  # type: ignore[arg-type]  # fields of a Member
        )
        for name, content in contents.items()
    ]


def write(members: Sequence[Member], around: Around | None = None) -> bytes:
    """Put the archive together."""
    around = around or Around()
    data, directory = bytearray(around.prefix), bytearray()
    for member in members:
        data += member.gap
        directory += _central(member, len(data) + around.offset_shift)
        data += _local(member)
    data += around.before_directory
    directory += around.in_directory
    count = len(members) if around.count is None else around.count
    end = struct.pack(
        "<4s4H2LH",
        b"PK\x05\x06",
        around.disk,
        0,
        count,
        count,
        len(directory),
        len(data) + around.offset_shift,
        len(around.comment),
    )
    return bytes(data + directory + end + around.comment + around.after)


def packed(member: Member) -> bytes:
    if member.packed is not None:
        return member.packed
    if member.method != DEFLATED:
        return member.content
    squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return squeeze.compress(member.content) + squeeze.flush()


@dataclass(frozen=True, slots=True)
class _Facts:
    crc: int
    compressed: int
    size: int = field(default=0)


def _facts(member: Member) -> _Facts:
    return _Facts(
        crc=zlib.crc32(member.content) if member.crc is None else member.crc,
        compressed=len(packed(member)),
        size=len(member.content) if member.size is None else member.size,
    )


def _first(*values: int | None) -> int:
    return next(value for value in values if value is not None)


def _local(member: Member) -> bytes:
    facts = _facts(member)
    later = bool(member.flags & SIZES_FOLLOW)
    name = member.name if member.local_name is None else member.local_name
    head = struct.pack(
        "<4s5H3L2H",
        b"PK\x03\x04",
        20,
        _first(member.local_flags, member.flags),
        _first(member.local_method, member.method),
        0,
        0x5A00,
        _first(member.local_crc, 0 if later else facts.crc),
        0 if later else facts.compressed,
        _first(member.local_size, 0 if later else facts.size),
        len(name),
        len(member.local_extra),
    )
    return head + name + member.local_extra + packed(member) + _descriptor(member, facts, later)


def _descriptor(member: Member, facts: _Facts, later: bool) -> bytes:  # noqa: FBT001 - a part
    if not later or member.descriptor == "none":
        return b""
    form = "<LQQ" if member.descriptor == "large" else "<3L"
    spelled = struct.pack(form, facts.crc, facts.compressed, facts.size)
    return spelled if member.descriptor == "bare" else b"PK\x07\x08" + spelled


def _central(member: Member, offset: int) -> bytes:
    facts = _facts(member)
    head = struct.pack(
        "<4s6H3L5H2L",
        b"PK\x01\x02",
        member.made_by,
        20,
        member.flags,
        member.method,
        0,
        0x5A00,
        facts.crc,
        facts.compressed,
        facts.size,
        len(member.name),
        len(member.extra),
        0,
        0,
        0,
        member.mode << 16,
        offset,
    )
    return head + member.name + member.extra
