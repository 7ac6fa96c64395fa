"""What names a key or a run of ciphertext inside the vault; outside, only bytes and text go."""

from dataclasses import dataclass
from typing import NewType

SegmentId = NewType("SegmentId", str)
"""32 lower-case hexadecimal digits, random; also the name of the file, without its ending."""

KeyId = NewType("KeyId", str)
"""Names a key-encryption key, for example `2026-11-standard`."""

DataKey = NewType("DataKey", bytes)
"""The 32 secret bytes that encrypt one letter. Never stored, logged or sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A run of bytes in a segment; the same in every store."""

    segment: SegmentId
    offset: int
    """Bytes from the start of the file."""
    length: int
    """Bytes of ciphertext, the document's header included."""
