"""Where the one signature of a plain PDF stands, or that the document is not of that kind.

The whole first half of the fast lane: bytes in, a few numbers and short strings out. It decides
nothing about cryptography, and what it says is checked against the bytes by `verify`. Runs in a
confined child, because it reads hostile bytes.
"""

import json
import re
from dataclasses import dataclass
from itertools import islice

from signing.judge import scan
from signing.judge.fast.document import Document
from signing.judge.fast.structure import DATE, PLAIN_TEXT, SUBFILTERS, find_signature
from signing.judge.fast.syntax import NotUnderstood

_HEADER = re.compile(rb"%PDF-[12]\.[0-9](?:\r\n|\n|\r)")
_START = b"%PDF-"
_NAMES = re.compile(scan.BYTE_RANGE_NAME.pattern + b"|" + scan.EMBEDDED_FILE_NAME.pattern)
_RANGE_BYTES = 256
"""More than the name and four numbers of ten digits take."""
_ARCHIVE = b"PK\x05\x06"
"""How the directory of a ZIP archive ends."""
_ARCHIVE_SEARCH = 65_557
_FIELD = re.compile(PLAIN_TEXT.pattern.decode("ascii"))
_MADE = re.compile(DATE.pattern.decode("ascii"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """The one signature of a document that it covers whole."""

    field: str
    subfilter: str
    length: int
    """Bytes before the string of /Contents."""
    second: int
    """Where the signed bytes go on behind it."""
    made: str | None
    """When the signature's dictionary says that it was made."""

    def to_bytes(self) -> bytes:
        """Spell for the way to the trusted process."""
        plain = [self.field, self.subfilter, self.length, self.second, self.made]
        return json.dumps(plain).encode("ascii")

    @staticmethod
    def from_bytes(message: bytes) -> "Located":
        """Read what a locator wrote. Raises ValueError for what none of ours writes."""
        try:
            plain = json.loads(message)
        except RecursionError as problem:
            raise ValueError("no place of a signature") from problem
        match plain:
            case [str(field), str(subfilter), int(length), int(second), (str() | None) as made] if (
                _FIELD.fullmatch(field)
                and subfilter.encode() in SUBFILTERS
                and (made is None or _MADE.fullmatch(made))
            ):
                return Located(
                    field=field, subfilter=subfilter, length=length, second=second, made=made
                )
            case _:
                raise ValueError("no place of a signature")


def locate(data: bytes) -> Located | None:
    """Show that the document is plain and signed whole; None where that is not shown."""
    try:
        return _located(data)
    except Exception:  # noqa: BLE001 - NotUnderstood, or whatever else goes wrong: nothing is shown
        return None


def _located(data: bytes) -> Located:
    if _HEADER.match(data) is None or data.find(_START, 1) >= 0:
        raise NotUnderstood("no header, or more than one")
    if data.find(_ARCHIVE, max(0, len(data) - _ARCHIVE_SEARCH)) >= 0:
        raise NotUnderstood("an archive too")
    found = find_signature(Document(data))
    first, length, second, rest = found.byte_range
    if first != 0 or found.contents != (length, second) or second + rest != len(data):
        raise NotUnderstood("a signature that does not cover all but itself")
    _check_names(data, found.byte_range)
    return Located(
        field=found.field,
        subfilter=found.subfilter,
        length=length,
        second=second,
        made=found.made,
    )


def _check_names(data: bytes, byte_range: scan.Range) -> None:
    """In all the bytes stands one name /ByteRange, with these numbers, and no name of a file."""
    places = [match.start() for match in islice(_NAMES.finditer(data), 2)]
    near = b"" if len(places) != 1 else data[places[0] : places[0] + _RANGE_BYTES]
    if [place.numbers for place in scan.find_byte_ranges(near)] != [byte_range]:
        raise NotUnderstood("another reading finds another signature, or a file")
