"""Values of the archive: rounds of evidences that share timestamps (RFC 4998)."""

from dataclasses import dataclass
from datetime import datetime

GROUP_ENTRIES = 256
"""Entries of the log whose evidences have a subtree: what a record of one of them reads."""
HASH_BYTES = 32
NO_EVIDENCE = bytes(HASH_BYTES)
"""Stands for the root of a group without evidence: operator's acts only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveRound:
    """A stretch of the log; its leaves are the digests of the evidences in it."""

    number: int
    """From 1."""
    first: int
    end: int
    """Indexes in the log: `first <= index < end`."""
    roots: tuple[bytes, ...]
    """Of its groups, in order; at least one of them is of evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveToken:
    """A timestamp over rounds."""

    name: str
    """Of the authority; empty for our own unit's: the operator's word."""
    token: bytes
    """TimeStampToken, DER."""
    time: datetime
    until: datetime
    """Until when its certificates are all valid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundStamp:
    """One of the timestamps of a round."""

    token: ArchiveToken
    siblings: tuple[bytes, ...]
    """Of the round's leaf, in the tree whose root the token is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueRound:
    """A round that wants a timestamp."""

    number: int
    roots: tuple[bytes, ...]
    token_digests: tuple[bytes, ...]
    """SHA-256 of each timestamp that it has, the oldest first."""
    outside: bool
    """An outsider's is among them."""
    time: datetime | None
    """Of the newest."""
    until: datetime | None
    """Until when the newest can be checked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStamp:
    """A timestamp that a round gets."""

    round: int
    after: int
    """How many it had: another number by now, and it is not written."""
    siblings: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """How far the archive has come."""

    rounds: int
    unstamped: int
    own_word: int
    """Rounds that no outsider stamped, the unstamped among them."""
    until: datetime | None
    """When the first round ends, unless it is renewed; None without a stamped one."""
