"""Rewrites BER as DER where CMS messages use its freedom, before any other parser sees them.

X.690, 8 and 10: indefinite lengths become definite, OCTET STRINGs in pieces become one. Whatever
is definite and whole already is kept byte for byte, also with a length longer than it need be:
certificates and signed parts must not change. Bounded in depth and number of elements; never
interprets what the elements mean.
"""

from dataclasses import dataclass

MAX_DEPTH = 48
"""A certificate in a token in a signature reaches 25."""
MAX_ELEMENTS = 400_000
_MAX_LENGTH_OCTETS = 4
_MAX_TAG_OCTETS = 5
_CONSTRUCTED = 0x20
_OCTETS = 0x04
_OCTETS_IN_PIECES = 0x24
_OTHER_STRINGS_IN_PIECES = frozenset(
    _CONSTRUCTED | tag for tag in (3, 12, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 30)
)


class BERError(ValueError):
    """The bytes are no BER, or more of it than is looked at."""


class BytesAfter(BERError):
    """Something stands after the message."""


def to_der(data: bytes) -> bytes:
    """Rewrite one element that fills `data`; what needs no rewriting is given back as it is.

    Raises:
        BytesAfter: the element ends before the data.
        BERError: no such element, or a bound is passed.

    """
    found = _Rewriter(data).element(0, len(data), 0)
    if found.end != len(data):
        raise BytesAfter(f"{len(data) - found.end} bytes after the message")
    return data if found.chunks is None else b"".join(found.chunks)


def sequence(*parts: bytes) -> bytes:
    """Spell a SEQUENCE in DER."""
    return spelled(0x30, *parts)


def spelled(tag: int, *parts: bytes) -> bytes:
    """Spell an element in DER by its tag octet."""
    return b"".join((bytes([tag]), _der_length(sum(map(len, parts))), *parts))


@dataclass(frozen=True, slots=True)
class Element:
    """One element of DER by its place; its bytes are copied only when they are asked for."""

    data: bytes
    start: int
    inner: int
    end: int

    @property
    def tag(self) -> int:
        """The first octet: class, whether it is constructed, number."""
        return self.data[self.start]

    @property
    def content(self) -> bytes:
        return self.data[self.inner : self.end]

    @property
    def spelled(self) -> bytes:
        return self.data[self.start : self.end]

    def children(self) -> "list[Element]":
        """The elements in it. Raises BERError."""
        return elements(self.data, self.inner, self.end)


def elements(data: bytes, start: int = 0, end: int | None = None) -> list[Element]:
    """Take elements of definite length apart that stand one after the other. Raises BERError."""
    end = len(data) if end is None else end
    found: list[Element] = []
    place = start
    while place < end:
        inner, length = _length(data, _after_tag(data, place, end), end)
        if length is None or inner + length > end:
            raise BERError("an element reaches beyond what holds it")
        found.append(Element(data, place, inner, inner + length))
        place = inner + length
    return found


Chunks = list[bytes | memoryview]


@dataclass(frozen=True, slots=True)
class _Read:
    """An element of BER: where its content begins and it ends, and its DER if that differs."""

    start: int
    inner: int
    end: int
    chunks: Chunks | None = None
    """Header, then content."""


class _Rewriter:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._view = memoryview(data)
        self._elements = 0

    def element(self, start: int, limit: int, depth: int) -> _Read:
        self._elements += 1
        if depth > MAX_DEPTH or self._elements > MAX_ELEMENTS:
            raise BERError("too deep or too many elements")
        place = _after_tag(self._data, start, limit)
        tag = self._data[start]
        if self._data[start:place] == b"\0":
            raise BERError("an end of contents where none belongs")
        inner, length = _length(self._data, place, limit)
        if length is not None and inner + length > limit:
            raise BERError("an element reaches beyond what holds it")
        if tag & _CONSTRUCTED:
            end = None if length is None else inner + length
            return self._constructed(start, place, inner, end, limit, depth)
        if length is None:
            raise BERError("a primitive element of indefinite length")
        return _Read(start, inner, inner + length)

    def _constructed(  # noqa: PLR0913, PLR0917 - where one element lies
        self, start: int, after_tag: int, inner: int, end: int | None, limit: int, depth: int
    ) -> _Read:
        tag = self._data[start]
        if tag in _OTHER_STRINGS_IN_PIECES:
            raise BERError("a string in pieces that is no OCTET STRING")
        children: list[_Read] = []
        place = inner
        while place != end:
            if end is None and self._data[place : min(place + 2, limit)] == b"\0\0":
                break
            child = self.element(place, limit if end is None else end, depth + 1)
            children.append(child)
            place = child.end
        after = place + 2 if end is None else place
        if tag == _OCTETS_IN_PIECES:
            content = [chunk for child in children for chunk in self._piece(child)]
            return _Read(start, inner, after, _with_header(bytes([_OCTETS]), content))
        if end is not None and all(child.chunks is None for child in children):
            return _Read(start, inner, after)
        content = [chunk for child in children for chunk in self._chunks(child)]
        return _Read(start, inner, after, _with_header(self._data[start:after_tag], content))

    def _chunks(self, child: _Read) -> Chunks:
        if child.chunks is None:
            return [self._view[child.start : child.end]]
        return child.chunks

    def _piece(self, child: _Read) -> Chunks:
        """X.690, 8.7.3: the pieces are OCTET STRINGs themselves; gives their content."""
        if self._data[child.start] not in {_OCTETS, _OCTETS_IN_PIECES}:
            raise BERError("a piece of an OCTET STRING is something else")
        if child.chunks is None:
            return [self._view[child.inner : child.end]]
        return child.chunks[1:]


def _with_header(tag: bytes, content: Chunks) -> Chunks:
    return [tag + _der_length(sum(map(len, content))), *content]


def _after_tag(data: bytes, start: int, limit: int) -> int:
    if start >= limit:
        raise BERError("an element is cut off")
    if data[start] & 0x1F != 0x1F:  # noqa: PLR2004 - X.690, 8.1.2.4
        return start + 1
    for place in range(start + 1, min(start + 1 + _MAX_TAG_OCTETS, limit)):
        if not data[place] & 0x80:
            return place + 1
    raise BERError("a tag without end")


def _length(data: bytes, place: int, limit: int) -> tuple[int, int | None]:
    if place >= limit:
        raise BERError("an element is cut off")
    first = data[place]
    if first < 0x80:  # noqa: PLR2004 - X.690, 8.1.3.4
        return place + 1, first
    if first == 0x80:  # noqa: PLR2004 - X.690, 8.1.3.6
        return place + 1, None
    after = place + 1 + (first & 0x7F)
    digits = data[place + 1 : after].lstrip(b"\0")
    if after > limit or len(digits) > _MAX_LENGTH_OCTETS:
        raise BERError("a length that cannot be")
    return after, int.from_bytes(digits, "big")


def _der_length(length: int) -> bytes:
    if length < 0x80:  # noqa: PLR2004 - X.690, 10.1
        return bytes([length])
    digits = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(digits)]) + digits
