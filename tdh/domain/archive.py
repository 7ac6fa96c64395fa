"""Values of the archive: rounds of evidences that share timestamps (RFC 4998)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

GROUP_ENTRIES = 256
"""Entries of the log whose evidences have a subtree: what a record of one of them reads."""
HASH_BYTES = 32
NO_EVIDENCE = bytes(HASH_BYTES)
"""Stands for the root of a group without evidence: operator's acts only."""


class TreeDigest(StrEnum):
    """Digest algorithms of the archive's trees, the weaker first."""

    SHA_256 = "sha-256"
    SHA_512 = "sha-512"

    @property
    def bits(self) -> int:
        """Of its digests; more are stronger."""
        return int(self.removeprefix("sha-"))

    @classmethod
    def of_bits(cls, bits: int) -> "TreeDigest":
        """The one with digests of so many bits. Raises ValueError."""
        return cls(f"sha-{bits}")


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
    digest: TreeDigest = TreeDigest.SHA_256
    """Of its tree. Where it is another than that of the timestamp before, a new chain begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordChain:
    """A chain of timestamps, seen from one evidence of the round."""

    leaf: bytes
    """What stands for the evidence in the chain's tree."""
    way: tuple[bytes, ...]
    """The leaf's siblings up to the round's root."""
    stamps: tuple[RoundStamp, ...]
    """The oldest first; at least one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupAnew:
    """Leaves of a group that was hashed anew, in the order of the log; at least one."""

    place: int
    """Of the group in its round, from 0."""
    leaves: tuple[bytes, ...]
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DueRound:
    """A round that wants a timestamp."""

    number: int
    roots: tuple[bytes, ...]
    stamps: int
    """How many timestamps it has in all its chains."""
    digest: TreeDigest
    """Of its newest chain."""
    token_digests: tuple[bytes, ...]
    """Of each timestamp of its newest chain, by the chain's algorithm, the oldest first."""
    outside: bool
    """An outsider's is among those of its newest chain."""
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
    digest: TreeDigest = TreeDigest.SHA_256
    """Of the tree. Another one than that of the round's newest chain begins a new chain."""
    anew: tuple[GroupAnew, ...] = ()
    """For a new chain: what its leaves are, by group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """How far the archive has come."""

    rounds: int
    unstamped: int
    own_word: int
    """Rounds whose newest chain no outsider stamped, the unstamped among them."""
    until: datetime | None
    """When the first round ends, unless it is renewed; None without a stamped one."""
