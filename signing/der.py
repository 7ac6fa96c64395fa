"""ASN.1 in DER (X.690), as little of it as timestamps need: a writer of TLVs, a strict reader.

The writer concatenates bytes, which makes a token in microseconds; the reader takes exactly one
spelling of each value and never recurses: whoever calls it walks as deep as the format he expects
and no deeper. Never interprets what it carries, never does I/O.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from signing.errors import ProofError

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
UTF8_STRING, GENERALIZED_TIME, SEQUENCE, SET = 0x0C, 0x18, 0x30, 0x31

_LONG_FORM = 0x80
_HIGH_TAG = 0x1F
_MAX_LENGTH_BYTES = 4
_MAX_OID_BYTES = 64
_TIME = re.compile(rb"([0-9]{14})(?:\.([0-9]{0,8}[1-9]))?Z")


class DerError(ProofError):
    """Bytes that are not the DER that was expected there."""

    code = "der-malformed"


def explicit(number: int) -> int:
    """Tag of a constructed, context-specific element (`[number]` EXPLICIT, or IMPLICIT SET)."""
    return 0xA0 | number


def implicit(number: int) -> int:
    """Tag of a primitive, context-specific element (`[number]` IMPLICIT)."""
    return 0x80 | number


def tlv(tag: int, *parts: bytes) -> bytes:
    """Write one element whose content is the parts in their order."""
    content = b"".join(parts)
    length = len(content)
    if length < _LONG_FORM:
        return bytes((tag, length)) + content
    size = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes((tag, _LONG_FORM | len(size))) + size + content


def sequence(*parts: bytes) -> bytes:
    """Write a SEQUENCE."""
    return tlv(SEQUENCE, *parts)


def set_of(elements: Iterable[bytes], tag: int = SET) -> bytes:
    """Write a SET OF: its elements in the order of their bytes (X.690, 11.6)."""
    return tlv(tag, *sorted(elements))


def integer(value: int, tag: int = INTEGER) -> bytes:
    """Write an INTEGER, positive or negative."""
    return tlv(tag, _integer_content(value))


def octet_string(value: bytes) -> bytes:
    """Write an OCTET STRING."""
    return tlv(OCTET_STRING, value)


def oid(dotted: str) -> bytes:
    """Write an OBJECT IDENTIFIER; raises DerError for what is none."""
    if not re.fullmatch(r"[0-2](?:\.(?:0|[1-9][0-9]{0,39})){1,20}", dotted):
        raise DerError(f"{dotted!r} is no object identifier")
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    if first < 2 and second > 39:  # noqa: PLR2004 - X.660: only the arc 2 has more children
        raise DerError(f"{dotted!r} is no object identifier")
    return tlv(OID, *(_base128(arc) for arc in (first * 40 + second, *rest)))


def generalized_time(value: datetime) -> bytes:
    """Write a time of UTC, to the microsecond, without trailing zeros (X.690, 11.7)."""
    moment = value.astimezone(UTC)
    whole = moment.isoformat(timespec="seconds").removesuffix("+00:00")
    fraction = f".{moment.microsecond:06d}".rstrip("0").rstrip(".")
    text = whole.translate(str.maketrans("", "", "-T:")) + fraction + "Z"
    return tlv(GENERALIZED_TIME, text.encode("ascii"))


def _integer_content(value: int) -> bytes:
    magnitude = value if value >= 0 else ~value
    return value.to_bytes(magnitude.bit_length() // 8 + 1, signed=True)


def _base128(arc: int) -> bytes:
    digits = [arc & 0x7F]
    while arc := arc >> 7:
        digits.append(_LONG_FORM | arc & 0x7F)
    return bytes(reversed(digits))


class Reader:
    """Reads the elements of one content from left to right. Every method raises DerError."""

    __slots__ = ("_data", "_end", "_next")

    def __init__(self, data: bytes) -> None:
        """Read elements that stand side by side in `data`."""
        self._data = data
        self._next = 0
        self._end = len(data)

    @property
    def tag(self) -> int | None:
        """Tag of the next element, or None at the end."""
        return self._data[self._next] if self._next < self._end else None

    def finish(self) -> None:
        """Refuse anything that was not read."""
        if self._next != self._end:
            raise DerError("unexpected data after the last element")

    def element(self, tag: int | None = None) -> bytes:
        """Take the next element whole, tag and length included; of this tag if one is given."""
        start = self._next
        self.content(tag)
        return self._data[start : self._next]

    def content(self, tag: int | None = None) -> bytes:
        """Take the content of the next element."""
        found = self.tag
        if found is None or (tag is not None and found != tag):
            raise DerError(f"found tag {found}, expected {tag}")
        if found & _HIGH_TAG == _HIGH_TAG:
            raise DerError("a tag of more than one byte")
        length, start = self._length(self._next + 1)
        if length > self._end - start:
            raise DerError("an element longer than what holds it")
        self._next = start + length
        return self._data[start : self._next]

    def inside(self, tag: int) -> "Reader":
        """Read the elements of the next one."""
        return Reader(self.content(tag))

    def optional(self, tag: int) -> "Reader | None":
        """Read the elements of the next one if it has this tag."""
        return self.inside(tag) if self.tag == tag else None

    def elements(self) -> list[bytes]:
        """Take all that is left, element by element."""
        found: list[bytes] = []
        while self._next < self._end:
            found.append(self.element())
        return found

    def integer(self, tag: int = INTEGER) -> int:
        """Take an INTEGER in its shortest form."""
        content = self.content(tag)
        value = int.from_bytes(content, signed=True)
        if content != _integer_content(value):
            raise DerError("an integer that is not in its shortest form")
        return value

    def boolean(self) -> bool:
        """Take a BOOLEAN: DER knows two spellings."""
        content = self.content(BOOLEAN)
        if content not in (b"\x00", b"\xff"):
            raise DerError("a boolean that is neither true nor false")
        return content == b"\xff"

    def oid(self) -> str:
        """Take an OBJECT IDENTIFIER as dotted text."""
        content = self.content(OID)
        if not 0 < len(content) <= _MAX_OID_BYTES or content[-1] & _LONG_FORM:
            raise DerError("a broken object identifier")
        arcs, arc, fresh = list[int](), 0, True
        for byte in content:
            if fresh and byte == _LONG_FORM:
                raise DerError("an object identifier with padding")
            arc = arc << 7 | byte & 0x7F
            fresh = byte < _LONG_FORM
            if fresh:
                arcs.append(arc)
                arc = 0
        first = min(arcs[0] // 40, 2)
        return ".".join(str(number) for number in (first, arcs[0] - 40 * first, *arcs[1:]))

    def generalized_time(self) -> datetime:
        """Take a time of UTC in DER's form; what is finer than microseconds is cut off."""
        match = _TIME.fullmatch(self.content(GENERALIZED_TIME))
        if match is None:
            raise DerError("a time that is not in DER's form")
        digits = match[1].decode() + (match[2] or b"").decode().ljust(6, "0")[:6]
        try:
            return datetime.strptime(digits, "%Y%m%d%H%M%S%f").replace(tzinfo=UTC)
        except ValueError as exc:
            raise DerError("a time that does not exist") from exc

    def _length(self, place: int) -> tuple[int, int]:
        """Read a length in its shortest form; return it and where the content starts."""
        if place >= self._end:
            raise DerError("an element without a length")
        first = self._data[place]
        if first < _LONG_FORM:
            return first, place + 1
        size = first & 0x7F
        start = place + 1 + size
        if not 0 < size <= _MAX_LENGTH_BYTES or start > self._end:
            raise DerError("a length that is indefinite, too long or cut off")
        length = int.from_bytes(self._data[place + 1 : start])
        if length < _LONG_FORM or 1 + size != _length_bytes(length):
            raise DerError("a length that is not in its shortest form")
        return length, start


def _length_bytes(length: int) -> int:
    return 1 if length < _LONG_FORM else 1 + (length.bit_length() + 7) // 8
