"""Values of the public log: entries waiting, the tree, its signed heads (RFC 6962, C2SP)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

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


class AnchorKind(StrEnum):
    """How an outsider vouches for a head."""

    WITNESS = "witness"
    """By a cosignature (C2SP tlog-cosignature): the head extends all that it saw before."""
    TIMESTAMP = "timestamp"
    """By a token (RFC 3161): the head was there at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What one outsider said of one head."""

    size: int
    kind: AnchorKind
    name: str
    """The witness's key name, or what the operator calls the timestamp authority."""
    body: bytes
    """A signature line of a note, LF at its end; or a TimeStampToken in DER, whose imprint is the
    SHA-256 of the note as the log signed it, without cosignatures."""
    time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchoredHead:
    """A head, and what outsiders said of it."""

    head: SignedHead
    anchors: tuple[Anchor, ...]
    """None of them: the operator's word only."""

    @property
    def note(self) -> bytes:
        """The checkpoint with its cosignatures, which are further lines of the note."""
        lines = (one.body for one in self.anchors if one.kind is AnchorKind.WITNESS)
        return self.head.note + b"".join(lines)

    @property
    def tokens(self) -> "tuple[HeadToken, ...]":
        """The timestamps over it, our own first."""
        stamps = (one for one in self.anchors if one.kind is AnchorKind.TIMESTAMP)
        outside = (HeadToken(name=one.name, token=one.body) for one in stamps)
        return (HeadToken(name="", token=self.head.token), *outside)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadToken:
    """A timestamp over a head as the log signed it."""

    name: str
    """Whose it is; empty for our own unit's."""
    token: bytes
    """TimeStampToken, DER."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceProof:
    """All that the log and its anchors say of one evidence: what makes it convince a stranger."""

    size: int
    """Of the head: the first anchored one that holds the evidence, else the newest."""
    proof: bytes
    """C2SP tlog-proof, the head's cosignatures in it."""
    tokens: tuple[HeadToken, ...]
    """Over that head, our own first."""
    record: bytes | None
    """RFC 4998 EvidenceRecord (DER) over the evidence's bytes, once its round is stamped."""
    anchored_by: tuple[str, ...]
    """Names of the outsiders who vouch for that head; empty: the operator's word only."""
    provable_until: datetime | None
    """Until when the newest timestamp of the record can be checked without a renewal."""
