"""Follows cross-reference tables and streams (ISO 32000-2, 7.5.4, 7.5.8) where they are flawless.

Every entry must lead to an object of its number; no object is freed and used again, or has a
generation; no file has two readings. What is only repairable is not understood.
"""

import re
import struct
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from signing.judge.fast.streams import Room, unpacked
from signing.judge.fast.syntax import NotUnderstood, Reference, Tokens, Value, read_value

MAX_SECTIONS: Final = 16
MAX_ENTRIES: Final = 20_000
_TAIL_BYTES: Final = 64
_TAIL = re.compile(
    rb"(?:\r\n|\n|\r)startxref(?:\r\n|\n|\r)([0-9]{1,10})(?:\r\n|\n|\r)%%EOF(?:\r\n|\n)?\Z"
)
_HEAD = re.compile(rb"([1-9][0-9]{0,6}) 0 obj[\t\n\x0c\r ]*(?=<<)")
_TABLE = re.compile(rb"xref[ ]?(?:\r\n|\n|\r)")
_SUBSECTION = re.compile(rb"([0-9]{1,7}) ([0-9]{1,7})[ ]?(?:\r\n|\n|\r)")
_START = re.compile(rb"[\t\n\x0c\r ]+startxref[\r\n]")
_TRAILER = re.compile(rb"trailer[\t\n\x0c\r ]*(?=<<)")
_ENTRIES = re.compile(rb"(?:[0-9]{10} (?:00000 n|[0-9]{5} f)(?: \n|\r\n| \r))*+")
_ENTRY_BYTES: Final = 20
_MARK, _IN_USE = 17, ord("n")
_ROWS: Final = {
    (1, 2, 1): ">BHB",
    (1, 2, 2): ">BHH",
    (1, 4, 1): ">BIB",
    (1, 4, 2): ">BIH",
    (1, 8, 1): ">BQB",
    (1, 8, 2): ">BQH",
}
_FREE, _PLAIN, _PACKED = 0, 1, 2
_LINE_ENDS: Final = (b"\n", b"\r", b" ")
_BEHIND_A_HEAD: Final = frozenset(bytes([one]) for one in b"\t\n\x0c\r <[(/")
_MAX_GENERATION: Final = 65_535


class Packed(NamedTuple):
    """Where an object in an object stream stands."""

    stream: int
    position: int


Place = int | Packed


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One cross-reference section."""

    used: dict[int, Place]
    freed: dict[int, int]
    """Object number to the generation that may come next."""
    trailer: dict[bytes, Value]
    size: int
    own: int | None
    """Number of the stream that is this section."""


def last_start(data: bytes) -> int:
    """Where the newest section begins, as the end of the file says. Raises NotUnderstood."""
    found = _TAIL.search(data, max(0, len(data) - _TAIL_BYTES))
    if found is None:
        raise NotUnderstood("no plain end of file")
    return int(found[1])


def read_sections(data: bytes, tokens: Tokens, room: Room) -> list[Section]:
    """Read all sections, the newest first. Raises NotUnderstood."""
    sections, seen = list[Section](), set[int]()
    place: Value = last_start(data)
    more = True
    while more:
        if type(place) is not int or place in seen or len(sections) == MAX_SECTIONS:
            raise NotUnderstood("sections in a ring, or too many")
        seen.add(place)
        section = _section(data, place, tokens, room)
        sections.append(section)
        more, place = b"/Prev" in section.trailer, section.trailer.get(b"/Prev")
    _check_together(sections)
    for section in sections:
        _check_places(data, section)
    return sections


def _section(data: bytes, place: int, tokens: Tokens, room: Room) -> Section:
    table = _TABLE.match(data, place)
    if table is not None:
        return _table(data, table.end(), tokens)
    head = _HEAD.match(data, place)
    if head is None:
        raise NotUnderstood("no cross-reference at its place")
    return _stream(data, head, tokens, room)


def _table(data: bytes, place: int, tokens: Tokens) -> Section:
    used, freed, end = dict[int, Place](), dict[int, int](), 0
    while (head := _SUBSECTION.match(data, place)) is not None:
        first, count = int(head[1]), int(head[2])
        rows = data[head.end() : head.end() + count * _ENTRY_BYTES]
        if first < end or len(used) + count > MAX_ENTRIES or not count:
            raise NotUnderstood("a table out of order, or too long")
        if len(rows) != count * _ENTRY_BYTES or _ENTRIES.fullmatch(rows) is None:
            raise NotUnderstood("a table in another form")
        place, end = head.end() + len(rows), first + count
        for number, start in enumerate(range(0, len(rows), _ENTRY_BYTES), first):
            if rows[start + _MARK] == _IN_USE:
                used[number] = int(rows[start : start + 10])
            else:
                freed[number] = int(rows[start + 11 : start + 16])
    trailer = _TRAILER.match(data, place)
    if trailer is None:
        raise NotUnderstood("no trailer")
    values, end = read_value(data, trailer.end(), tokens)
    if b"/XRefStm" in values or _START.match(data, end) is None:
        raise NotUnderstood("two readings, or more than a trailer")
    return _made(used, freed, values, None)


def _stream(data: bytes, head: re.Match[bytes], tokens: Tokens, room: Room) -> Section:
    values, place = read_value(data, head.end(), tokens)
    content = unpacked(data, place, values, room, _no_reference)
    widths, size = values.get(b"/W"), values.get(b"/Size")
    if values.get(b"/Type") != b"/XRef" or not _are_widths(widths):
        raise NotUnderstood("a cross-reference stream in another form")
    numbers = _numbers(values.get(b"/Index", [0, size]))
    width, form = sum(widths), _ROWS.get(tuple(widths))
    if len(content) != len(numbers) * width:
        raise NotUnderstood("a cross-reference stream of another length")
    rows = struct.iter_unpack(form, content) if form else _odd_rows(content, widths)
    used, freed = dict[int, Place](), dict[int, int]()
    for number, (kind, first, second) in zip(numbers, rows, strict=True):
        if kind == _PACKED:
            used[number] = Packed(first, second)
        elif kind == _PLAIN and not second:
            used[number] = first
        elif kind == _FREE:
            freed[number] = second
        else:
            raise NotUnderstood("an entry of another kind")
    return _made(used, freed, values, int(head[1]))


def _are_widths(widths: Value) -> bool:
    return (
        isinstance(widths, list)
        and len(widths) == 3  # noqa: PLR2004 - ISO 32000-2, table 17
        and all(type(width) is int for width in widths)
        and widths[0] == 1
        and 0 < widths[1] <= 8  # noqa: PLR2004 - bytes of a number
        and 0 <= widths[2] <= 4  # noqa: PLR2004 - bytes of a number
    )


def _odd_rows(content: bytes, widths: list[int]) -> list[tuple[int, int, int]]:
    width, middle = sum(widths), 1 + widths[1]
    return [
        (
            content[start],
            int.from_bytes(content[start + 1 : start + middle]),
            int.from_bytes(content[start + middle : start + width]),
        )
        for start in range(0, len(content), width)
    ]


def _numbers(index: Value) -> list[int]:
    if (
        not isinstance(index, list)
        or len(index) % 2
        or any(type(item) is not int for item in index)
    ):
        raise NotUnderstood("no index")
    numbers, end = list[int](), 0
    for first, count in zip(index[::2], index[1::2], strict=True):
        if first < end or count < 1 or len(numbers) + count > MAX_ENTRIES:
            raise NotUnderstood("an index out of order, or too long")
        numbers.extend(range(first, first + count))
        end = first + count
    return numbers


def _no_reference(_: Reference) -> Value:
    raise NotUnderstood("a cross-reference stream whose length stands elsewhere")


def _made(
    used: dict[int, Place], freed: dict[int, int], trailer: Value, own: int | None
) -> Section:
    size = trailer.get(b"/Size") if isinstance(trailer, dict) else None
    if type(size) is not int or b"/Encrypt" in trailer:
        raise NotUnderstood("no plain trailer")
    if used.pop(0, None) is not None or max(used, default=0) >= size:
        raise NotUnderstood("object numbers beyond the trailer's size")
    if max(freed.values(), default=0) > _MAX_GENERATION:
        raise NotUnderstood("a generation out of range")
    freed.pop(0, None)
    return Section(used=used, freed=freed, trailer=trailer, size=size, own=own)


def _check_together(sections: list[Section]) -> None:
    """No freed object comes back, no table is replaced, no section knows fewer objects."""
    for newer, older in pairwise(sections):
        if newer.size < older.size:
            raise NotUnderstood("a section with fewer objects")
    later = set[int]()
    for section in sections:
        if section.own is not None and section.own in later:
            raise NotUnderstood("a table that is replaced")
        if not later.isdisjoint(section.freed):
            raise NotUnderstood("an object that comes back")
        later.update(section.used)
        later.update(section.freed)
    for section in sections[:-1]:
        if section.freed:
            raise NotUnderstood("an object that was freed later")


def _check_places(data: bytes, section: Section) -> None:
    for number, place in section.used.items():
        if type(place) is not int:
            continue
        head = b"%d 0 obj" % number
        behind = place + len(head)
        if (
            data[place - 1 : place] not in _LINE_ENDS
            or not data.startswith(head, place)
            or data[behind : behind + 1] not in _BEHIND_A_HEAD
        ):
            raise NotUnderstood("an entry that leads elsewhere")
