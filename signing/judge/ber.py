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


def to_der(data: bytes) -> bytes:
    """Rewrite one element that fills `data`.

    Raises:
        BERError: no such element, bytes after it, or a bound is passed.

    """
    found = _Rewriter(data).element(0, len(data), 0)
    if found.end != len(data):
        raise BERError(f"{len(data) - found.end} bytes after the message")
    return found.spelled(data)


@dataclass(frozen=True, slots=True)
class _Element:
    start: int
    end: int
    rewritten: bytes | None = None
    """None: as it stands."""

    def spelled(self, data: bytes) -> bytes:
        return data[self.start : self.end] if self.rewritten is None else self.rewritten


class _Rewriter:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._elements = 0

    def element(self, start: int, limit: int, depth: int) -> _Element:
        self._elements += 1
        if depth > MAX_DEPTH or self._elements > MAX_ELEMENTS:
            raise BERError("too deep or too many elements")
        place = self._after_tag(start, limit)
        tag = self._data[start:place]
        if tag == b"\0":
            raise BERError("an end of contents where none belongs")
        place, length = self._length(place, limit)
        constructed = bool(tag[0] & _CONSTRUCTED)
        if length is None and not constructed:
            raise BERError("a primitive element of indefinite length")
        end = None if length is None else place + length
        if end is not None and end > limit:
            raise BERError("an element reaches beyond what holds it")
        if not constructed:
            return _Element(start, end or place)
        return self._constructed(start, tag, place, end, limit, depth)

    def _constructed(  # noqa: PLR0913, PLR0917 - where one element lies
        self, start: int, tag: bytes, place: int, end: int | None, limit: int, depth: int
    ) -> _Element:
        if tag[0] in _OTHER_STRINGS_IN_PIECES:
            raise BERError("a string in pieces that is no OCTET STRING")
        children: list[_Element] = []
        while place != end:
            if end is None and self._data[place : min(place + 2, limit)] == b"\0\0":
                break
            child = self.element(place, limit if end is None else end, depth + 1)
            children.append(child)
            place = child.end
        after = place + 2 if end is None else place
        if tag[0] == _OCTETS_IN_PIECES:
            return _Element(start, after, self._joined(children))
        if end is not None and all(child.rewritten is None for child in children):
            return _Element(start, after)
        content = b"".join(child.spelled(self._data) for child in children)
        return _Element(start, after, tag + _der_length(len(content)) + content)

    def _joined(self, pieces: list[_Element]) -> bytes:
        """X.690, 8.7.3: the pieces are OCTET STRINGs themselves."""
        content = []
        for piece in pieces:
            spelled = piece.spelled(self._data)
            if spelled[0] != _OCTETS:
                raise BERError("a piece of an OCTET STRING is something else")
            begin, _ = _Rewriter(spelled)._length(1, len(spelled))  # noqa: SLF001 - its own class
            content.append(spelled[begin:])
        whole = b"".join(content)
        return bytes([_OCTETS]) + _der_length(len(whole)) + whole

    def _after_tag(self, start: int, limit: int) -> int:
        if start >= limit:
            raise BERError("an element is cut off")
        if self._data[start] & 0x1F != 0x1F:  # noqa: PLR2004 - X.690, 8.1.2.4
            return start + 1
        for place in range(start + 1, min(start + 1 + _MAX_TAG_OCTETS, limit)):
            if not self._data[place] & 0x80:
                return place + 1
        raise BERError("a tag without end")

    def _length(self, place: int, limit: int) -> tuple[int, int | None]:
        if place >= limit:
            raise BERError("an element is cut off")
        first = self._data[place]
        if first < 0x80:  # noqa: PLR2004 - X.690, 8.1.3.4
            return place + 1, first
        if first == 0x80:  # noqa: PLR2004 - X.690, 8.1.3.6
            return place + 1, None
        count = first & 0x7F
        after = place + 1 + count
        digits = self._data[place + 1 : after].lstrip(b"\0")
        if after > limit or len(digits) > _MAX_LENGTH_OCTETS:
            raise BERError("a length that cannot be")
        return after, int.from_bytes(digits, "big")


def _der_length(length: int) -> bytes:
    if length < 0x80:  # noqa: PLR2004 - X.690, 10.1
        return bytes([length])
    digits = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(digits)]) + digits
