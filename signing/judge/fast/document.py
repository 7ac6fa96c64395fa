"""A PDF whose tables are flawless: gives its objects, each read strictly and once.

Objects in object streams (ISO 32000-2, 7.5.7) too; all such streams are unpacked and searched, so
that no signature dictionary can hide in them.
"""

import re
from typing import Final

from signing.judge import scan
from signing.judge.fast.streams import Room, span, unpacked
from signing.judge.fast.syntax import NotUnderstood, Reference, Tokens, Value, read_value
from signing.judge.fast.xref import Packed, read_sections

MAX_OBJECTS: Final = 2_000
"""That are looked at; a letter of fifty pages has some hundred."""
_HEAD = re.compile(rb"([1-9][0-9]{0,6}) 0 obj(?=[\t\n\x0c\r <\[(/])")
_END = re.compile(rb"[\t\n\x0c\r ]+endobj(?![A-Za-z0-9])")
_PAIRS = re.compile(rb"[0-9\t\n\x0c\r ]*")
_WHITE = b"\t\n\x0c\r "


class Stream(dict[bytes, Value]):
    """The dictionary of a stream; what the stream holds is not read."""

    __slots__ = ()


class Document:
    """Objects by number. Every method raises NotUnderstood."""

    def __init__(self, data: bytes) -> None:
        """Read the tables and unpack the object streams."""
        self.data = data
        self._tokens = Tokens()
        self._room = Room()
        self._known = dict[int, Value]()
        self._unpacked = dict[int, tuple[bytes, list[int], int]]()
        sections = read_sections(data, self._tokens, self._room)
        self.trailer = sections[0].trailer
        self.newest = {number for number, place in sections[0].used.items() if type(place) is int}
        """Objects of the last revision that stand in the file itself."""
        self._places = {
            number: place
            for section in reversed(sections)
            for number, place in section.used.items()
        }
        streams = {
            place.stream
            for section in sections
            for place in section.used.values()
            if type(place) is Packed
        }
        for number in streams:
            if sum(number in section.used for section in sections) != 1:
                raise NotUnderstood("an object stream that is replaced")
            self._unpack(number)

    def value(self, item: Value) -> Value:
        """What a reference leads to; anything else is itself. A reference to nothing is refused."""
        if type(item) is not Reference:
            return item
        number = int(item)
        if number not in self._known:
            if len(self._known) == MAX_OBJECTS:
                raise NotUnderstood("too many objects")
            self._known[number] = self._read(number)
        return self._known[number]

    def _read(self, number: int) -> Value:
        place = self._places.get(number)
        if type(place) is int:
            return self._read_plain(number, place)
        if type(place) is Packed:
            return self._read_packed(number, place)
        raise NotUnderstood("a reference to nothing")

    def _read_plain(self, number: int, place: int) -> Value:
        value, end = self._begun(number, place)
        if _END.match(self.data, end) is not None and type(value) is not Reference:
            return value
        if type(value) is dict:
            span(self.data, end, value, self.value)
            return Stream(value)
        raise NotUnderstood("an object with more than a value")

    def _begun(self, number: int, place: int) -> tuple[Value, int]:
        head = _HEAD.match(self.data, place)
        if head is None or int(head[1]) != number:
            raise NotUnderstood("another object at this place")
        return read_value(self.data, head.end(), self._tokens)

    def _read_packed(self, number: int, place: Packed) -> Value:
        content, numbers, first = self._unpacked[place.stream]
        if place.position * 2 >= len(numbers) or numbers[place.position * 2] != number:
            raise NotUnderstood("an object stream with other objects")
        begin = first + numbers[place.position * 2 + 1]
        value, end = read_value(content, begin, self._tokens)
        behind = min((first + at for at in numbers[1::2] if first + at > begin), default=None)
        if (
            type(value) is Reference
            or content[begin : begin + 1] in _WHITE
            or (behind is not None and end > behind)
            or content[end:behind].strip(_WHITE)
        ):
            raise NotUnderstood("a packed object with more than a value, or none")
        return value

    def _unpack(self, number: int) -> None:
        place = self._places.get(number)
        if type(place) is not int:
            raise NotUnderstood("an object stream that is nowhere")
        head, end = self._begun(number, place)
        if not isinstance(head, dict) or head.get(b"/Type") != b"/ObjStm" or b"/Extends" in head:
            raise NotUnderstood("no object stream")
        content = unpacked(self.data, end, head, self._room, self.value)
        count, first = head.get(b"/N"), head.get(b"/First")
        if type(count) is not int or type(first) is not int or not 0 < first <= len(content):
            raise NotUnderstood("an object stream without its numbers")
        if _PAIRS.fullmatch(content, 0, first) is None:
            raise NotUnderstood("an object stream with other numbers")
        numbers = [int(item) for item in content[:first].split()]
        if len(numbers) != 2 * count or len(set(numbers[::2])) != count:
            raise NotUnderstood("an object stream with other numbers")
        if scan.BYTE_RANGE_NAME.search(content) or scan.EMBEDDED_FILE_NAME.search(content):
            raise NotUnderstood("a signature or a file in an object stream")
        self._unpacked[number] = content, numbers, first
