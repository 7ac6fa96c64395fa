"""The second reading: finds signatures in the raw bytes, without believing any table of the file.

A PDF reader follows cross-reference tables, and forgeries live in what such a reader is not led to
(ISO 32000-2, 12.8.1). This scan looks at every byte instead: each name `/ByteRange`, in any
spelling with `#xx` escapes, counts as a signature. It sees neither strings nor comments as such, so
it can find too many, never too few, outside compressed streams. In a compressed stream no valid
signature can stand: its /Contents must be left out of the signed bytes, which only works for bytes
of the file itself (12.8.1, table 255). Object streams are searched after decompression, by
`pdf.py`; a find there is a refusal.
"""

import binascii
import re
from dataclasses import dataclass

_WHITE = rb"[\x00\t\n\x0c\r ]"
_DELIMITER = rb"[\x00\t\n\x0c\r ()<>\[\]{}/%]"


def _name_pattern(name: bytes) -> bytes:
    """Match a PDF name in every spelling that means it (ISO 32000-2, 7.3.5)."""
    letters = (b"(?:%s|#%s)" % (bytes([c]), _either_case(b"%02x" % c)) for c in name)
    return b"/" + b"".join(letters) + b"(?=%s|$)" % _DELIMITER


def _either_case(digits: bytes) -> bytes:
    return b"".join(
        b"[%c%c]" % (d, ord(chr(d).upper())) if chr(d).isalpha() else bytes([d]) for d in digits
    )


BYTE_RANGE_NAME = re.compile(_name_pattern(b"ByteRange"))
EMBEDDED_FILE_NAME = re.compile(_name_pattern(b"EF"))
_PLAIN_ARRAY = re.compile(
    rb"%s*\[%s*(\d{1,10})%s+(\d{1,10})%s+(\d{1,10})%s+(\d{1,10})%s*\]"
    % (_WHITE, _WHITE, _WHITE, _WHITE, _WHITE, _WHITE)
)
OBJECT_HEAD = re.compile(rb"(\d{1,10})%s+(\d{1,5})%s+obj(?![A-Za-z0-9])" % (_WHITE, _WHITE))
_SPACE = re.compile(rb"%s*" % _WHITE)
HEADER = re.compile(rb"%PDF-\d")
_HEX_STRING = re.compile(rb"<([0-9A-Fa-f]*)>")

Range = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRange:
    """One occurrence of the name, and the four numbers if they follow in plain form."""

    offset: int
    numbers: Range | None


def find_byte_ranges(data: bytes) -> tuple[FoundRange, ...]:
    """Every `/ByteRange` in the file, in order of place."""
    return tuple(
        FoundRange(offset=name.start(), numbers=_numbers_at(data, name.end()))
        for name in BYTE_RANGE_NAME.finditer(data)
    )


def _numbers_at(data: bytes, offset: int) -> Range | None:
    match = _PLAIN_ARRAY.match(data, offset)
    if match is None:
        return None
    first, length, second, rest = (int(group) for group in match.groups())
    return first, length, second, rest


def header_offsets(data: bytes) -> tuple[int, ...]:
    """Where lines begin with a PDF header."""
    places = (match.start() for match in HEADER.finditer(data))
    return tuple(place for place in places if place == 0 or data[place - 1] in b"\r\n")


def after_space(data: bytes, place: int) -> int:
    """Where white space that begins at a place ends; the place itself if there is none."""
    white = _SPACE.match(data, place)
    return white.end() if white else place


def is_object_head(data: bytes, place: int, number: int, generation: int) -> bool:
    """Whether `N G obj` with these numbers stands at a place, or after white space there."""
    head = OBJECT_HEAD.match(data, after_space(data, place))
    return head is not None and (int(head.group(1)), int(head.group(2))) == (number, generation)


def object_heads(data: bytes, start: int) -> tuple[int, ...]:
    """Where something from `start` on looks like the head of an object, in streams too."""
    found = (match.start() for match in OBJECT_HEAD.finditer(data, start))
    return tuple(place for place in found if not data[place - 1 : place].isdigit())


def hex_string_in_gap(data: bytes, byte_range: Range) -> bytes | None:
    """What the bytes left out by a byte range hold, if they are one hexadecimal string exactly."""
    _, length, second, _ = byte_range
    match = _HEX_STRING.fullmatch(data, length, second)
    if match is None or len(match.group(1)) % 2:
        return None
    return binascii.unhexlify(match.group(1))
