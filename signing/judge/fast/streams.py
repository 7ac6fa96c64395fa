"""Unpacks the streams that hold tables and objects (ISO 32000-2, 7.4, 7.5.7), in small bounds."""

import re
import zlib
from collections.abc import Callable
from typing import Final

from signing.judge.fast.syntax import NotUnderstood, Reference, Value

MAX_UNPACKED: Final = 4 * 1024 * 1024
"""Of all such streams of a document together; a long letter has some 100 kB."""
_BEGIN = re.compile(rb"[\t\n\r ]*stream\r?\n")
_END = re.compile(rb"\r?\n?endstream[\t\n\x0c\r ]+endobj(?![A-Za-z0-9])")
_ELSEWHERE: Final = frozenset({b"/F", b"/FFilter", b"/FDecodeParms", b"/Ref", b"/OPI"})
"""ISO 32000-2, 7.3.8.2, 8.10.4: what is drawn stands in another file."""
_UP: Final = 12

Length = Callable[[Reference], Value]


class Room:
    """How much may still be unpacked of one document."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        """Begin a document."""
        self.left = MAX_UNPACKED


def span(data: bytes, place: int, head: dict[bytes, Value], length_of: Length) -> tuple[int, int]:
    """Where the stream whose dictionary ends at `place` begins and ends. Raises NotUnderstood."""
    begin = _BEGIN.match(data, place)
    length = head.get(b"/Length")
    if type(length) is Reference:
        length = length_of(length)
    if begin is None or type(length) is not int or length < 0:
        raise NotUnderstood("no stream of known length")
    start = begin.end()
    if _END.match(data, start + length) is None:
        raise NotUnderstood("a stream that ends elsewhere")
    if not _ELSEWHERE.isdisjoint(head):
        raise NotUnderstood("a stream that shows another file")
    return start, start + length


def unpacked(
    data: bytes, place: int, head: dict[bytes, Value], room: Room, length_of: Length
) -> bytes:
    """Give the content of the stream whose dictionary ends at `place`. Raises NotUnderstood."""
    start, end = span(data, place, head, length_of)
    packed = data[start:end]
    match head.get(b"/Filter"):
        case None if b"/DecodeParms" not in head:
            return _within(packed, room)
        case b"/FlateDecode" | [b"/FlateDecode"]:
            return _predicted(_inflated(packed, room), head.get(b"/DecodeParms"))
        case _:
            raise NotUnderstood("another filter")


def _within(content: bytes, room: Room) -> bytes:
    room.left -= len(content)
    if room.left < 0:
        raise NotUnderstood("too much to unpack")
    return content


def _inflated(packed: bytes, room: Room) -> bytes:
    inflater = zlib.decompressobj()
    try:
        content = inflater.decompress(packed, room.left + 1)
    except zlib.error as problem:
        raise NotUnderstood("damaged packing") from problem
    if not inflater.eof or inflater.unused_data:
        raise NotUnderstood("packing that is cut off, or too much to unpack")
    return _within(content, room)


def _predicted(content: bytes, parameters: Value) -> bytes:
    """Undo the PNG predictor `up` (ISO 32000-2, 7.4.4.4), the only one that tables use."""
    if isinstance(parameters, list) and len(parameters) == 1:
        parameters = parameters[0]
    if parameters is None or parameters == {b"/Predictor": 1}:
        return content
    columns = parameters.get(b"/Columns") if isinstance(parameters, dict) else None
    if (
        type(columns) is not int
        or not 0 < columns < 32  # noqa: PLR2004 - three numbers of eight bytes are 24
        or parameters != {b"/Predictor": _UP, b"/Columns": columns}
        or len(content) % (columns + 1)
        or content[:: columns + 1].strip(b"\x02")
    ):
        raise NotUnderstood("another predictor")
    above, rows = bytes(columns), list[bytes]()
    for start in range(1, len(content), columns + 1):
        row = content[start : start + columns]
        above = bytes([(a + b) & 0xFF for a, b in zip(above, row, strict=True)])
        rows.append(above)
    return b"".join(rows)
