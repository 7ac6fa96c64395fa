"""Where a document lies and what opens it: the few values that the database keeps for the vault."""

from dataclasses import dataclass
from typing import NewType

SegmentId = NewType("SegmentId", str)
"""32 lower-case hexadecimal digits, random; also the name of the file, without its ending."""

KeyId = NewType("KeyId", str)
"""Names a key-encryption key, for example `2026-11-standard`."""

DataKey = NewType("DataKey", bytes)
"""The 32 secret bytes that encrypt one letter. Never stored, logged or sent."""

WrappedKey = NewType("WrappedKey", bytes)
"""A data key encrypted under a key-encryption key; names that key; useless without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A run of bytes in a segment; the same in every store."""

    segment: SegmentId
    offset: int
    """Bytes from the start of the file."""
    length: int
    """Bytes of ciphertext, the document's header included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDocument:
    """One document of a letter, durable in every store."""

    number: int
    """Its number in the letter, as given to `LetterWriter.document`; bound to the ciphertext."""
    location: Location
    size_plain: int
    """Bytes of the document itself."""
