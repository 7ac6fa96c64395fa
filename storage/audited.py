"""What auditors get of the database: rows as values, told apart from what broke.

Like `storage.rows`, but of what stands there, whole or not: what is missing is None, and a finding.
"""

from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from storage.mailboxes import sealed_bytes
from storage.rows import envelope_of
from tdh.domain.archive import TreeDigest
from tdh.domain.commands import StoredDocument
from tdh.domain.errors import IntegrityFailure
from tdh.domain.evidence import DocumentFacts
from tdh.domain.identifiers import (
    DeliveryId,
    Digest,
    EvidenceId,
    LetterId,
    PartyId,
    Pseudonym,
    TrackingNumber,
)
from tdh.domain.letters import Document, DocumentRole, Letter
from tdh.domain.lifecycle import ConsignmentMode, DeliveryState
from tdh.domain.replay import RecordedEvent

_COLUMN_OF = MappingProxyType(
    {
        "identifier": "identifiers",
        "media_type": "media_types",
        "sha256": "digests",
        "verdict": "verdicts",
        "report": "reports",
        "sender_match": "matches",
        "scanned_by": "scanners",
    }
)
"""Fields of DocumentFacts and the arrays that `audit.sql` has of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedDelivery:
    """A delivery as it stands, and the events that should have led there."""

    id: DeliveryId
    mode: ConsignmentMode
    state: DeliveryState
    sequence: int
    last_event_at: datetime
    events: tuple[RecordedEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedRefusal:
    """The stream of a refused submission."""

    id: DeliveryId
    events: tuple[RecordedEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedTerms:
    """What a delivery's row says that its evidence says too."""

    tracking: TrackingNumber
    mode: ConsignmentMode
    acceptance_deadline: datetime | None
    holding_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedEvidence:
    """An evidence with the keys of its line in the sealer's ledger."""

    id: EvidenceId
    stream: DeliveryId
    pseudonym: Pseudonym | None
    """None where the stream is missing, which is a finding of its own."""
    event: str
    sequence: int
    time: datetime
    digest: bytes
    xml: bytes | None
    """None where the stored bytes are not what was sealed."""
    index: int | None
    """Its place in the log; None while it waits."""
    entry: bytes | None
    """What the log has of it, or will have; None is a finding of its own."""
    letter: LetterId | None
    """None for a refused submission."""
    documents: tuple[DocumentFacts, ...]
    """The letter's documents as its evidence must name them, in order."""
    terms: AuditedTerms | None
    """None for a refused submission, and where the delivery is missing."""
    sender: PartyId | None
    """None where the stream is missing."""
    recipient: PartyId | None
    """None for a refused submission, as what follows, and that where the letter is missing."""
    letter_number: str | None
    submitted_at: datetime | None
    envelope: str | None
    """SHA-256, in hexadecimal, of the letter's envelope as its rows have it now."""
    refused_reports: tuple[bytes, ...] = ()
    """Of a refused submission: digests of the judge's reports, in the documents' order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedEntry:
    """A place in the log."""

    index: int
    evidence: EvidenceId | None
    entry: bytes
    leaf: bytes | None
    """The stored leaf hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedNode:
    """An inner node of the log's tree and the hashes below it, where those are stored."""

    level: int
    index: int
    hash: bytes
    left: bytes | None
    right: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedDocument:
    """A document and where the vault has it."""

    letter: LetterId
    wrapped_key: bytes
    stored: StoredDocument
    digest: bytes
    """SHA-256 of the plaintext."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedReport:
    """A report of the judge as it is kept."""

    id: str
    """`ltr_.../1`, or of a refused submission `dlv_.../1`."""
    is_whole: bool
    """Whether its bytes have the digest beside them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedGroup:
    """A group of a round of the archive, and what the log has there."""

    round: int
    root: bytes
    entries: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedStamp:
    """A timestamp of a round."""

    token: bytes
    siblings: tuple[bytes, ...]
    digest: TreeDigest = TreeDigest.SHA_256


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedRound:
    """A round of the archive."""

    number: int
    roots: tuple[bytes, ...]
    stamps: tuple[AuditedStamp, ...]
    anew: tuple[bytes, ...] = ()
    """For its second chain: the roots of the groups that have evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedLeaves:
    """A group that was hashed anew, its round, and the evidences that it is over."""

    round: AuditedRound
    digest: TreeDigest
    place: int
    leaves: tuple[bytes, ...]
    root: bytes
    entries: tuple[bytes, ...]
    """Of the log, those without evidence among them."""
    evidence: tuple[bytes | None, ...]
    """What belongs to each entry; None where there is none, or it is not what was sealed."""


def event_of(row: Any) -> RecordedEvent:
    """A row of `events`."""
    return RecordedEvent(
        name=row["name"],
        sequence=row["sequence"],
        time=row["happened_at"],
        cause=row["cause"],
        final=row["is_final"] and row["name"] == "NotificationForAcceptanceFailure",
    )


def documents_of(row: Any) -> tuple[DocumentFacts, ...]:
    """What an evidence must say of its documents; an array a field."""
    if row["digests"] is None:
        return ()
    columns = (row[column] for column in _COLUMN_OF.values())
    return tuple(
        DocumentFacts(**dict(zip(_COLUMN_OF, values, strict=True)))
        for values in zip(*columns, strict=True)
    )


def letter_of(row: Any) -> Letter:
    """The letter of an evidence's row, as far as its envelope goes."""
    columns = ("numbers", "roles", "filenames", "media_types", "sizes", "algorithms", "digests")
    rows = zip(*(row[column] or () for column in columns), strict=True)
    return Letter(
        id=LetterId(row["letter"]),
        sender=PartyId(row["letter_sender"]),
        envelope=envelope_of(row),
        documents=tuple(
            Document(
                number=number,
                role=DocumentRole(role),
                filename=filename,
                media_type=media_type,
                size=size,
                digest=Digest(value=digest, algorithm=algorithm),
            )
            for number, role, filename, media_type, size, algorithm, digest in rows
        ),
        submitted_at=row["submitted_at"],
    )


def terms_of(row: Any) -> AuditedTerms:
    """A row of `deliveries`, as its evidence tells it."""
    return AuditedTerms(
        tracking=TrackingNumber(row["tracking"]),
        mode=ConsignmentMode(row["mode"]),
        acceptance_deadline=row["acceptance_deadline"],
        holding_until=row["holding_until"],
    )


def sealed_or_none(compressed: bytes, digest: bytes) -> bytes | None:
    """What was sealed; None where the stored bytes are something else."""
    try:
        return sealed_bytes(compressed, digest)
    except IntegrityFailure:
        return None
