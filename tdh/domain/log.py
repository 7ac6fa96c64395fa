"""Values of the public log: entries waiting, the tree, its signed heads (RFC 6962, C2SP)."""

from dataclasses import dataclass

from tdh.domain.identifiers import EvidenceId

NodeAddress = tuple[int, int]
"""(level, index) of a complete subtree's hash; level 0 are the leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedEntry:
    """An entry that waits for its place. `evidence` is None for an operator's act."""

    queue_id: int
    evidence: EvidenceId | None
    entry: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEntry:
    """An entry and its place."""

    index: int
    entry: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The log as the database has it. `epoch` grows when a restore began a new history."""

    epoch: int
    size: int
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedHead:
    """A head that the sealer signed: a C2SP checkpoint and an RFC 3161 token over its bytes."""

    size: int
    root: bytes
    note: bytes
    token: bytes
    """DER TimeStampToken whose imprint is the SHA-256 of `note`."""
