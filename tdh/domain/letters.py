"""Letters and deliveries: what was submitted, and its way to each recipient.

The fields are those of a Thai official letter (PM Office Regulation on Saraban B.E. 2526).
A letter has no state; each of its deliveries has one.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from tdh.domain.identifiers import (
    DeliveryId,
    Digest,
    LetterId,
    PartyId,
    Pseudonym,
    TrackingNumber,
)
from tdh.domain.lifecycle import ConsignmentMode, DeliveryState
from tdh.domain.parties import Channel, Party
from tdh.domain.signers import SenderMatch
from tdh.domain.verdicts import Verdict


class Urgency(StrEnum):
    """ชั้นความเร็ว (Regulation clause 28)."""

    NORMAL = "normal"
    URGENT = "urgent"  # ด่วน
    VERY_URGENT = "very-urgent"  # ด่วนมาก
    MOST_URGENT = "most-urgent"  # ด่วนที่สุด


class Secrecy(StrEnum):
    """ชั้นความลับ (Regulation on Official Secrets B.E. 2544); ลับที่สุด is never carried."""

    NONE = "none"
    CONFIDENTIAL = "confidential"  # ลับ
    SECRET = "secret"  # noqa: S105 - ลับมาก, a class of documents
    TOP_SECRET = "top-secret"  # noqa: S105 - ลับที่สุด


class DocumentRole(StrEnum):
    """The letter itself, or สิ่งที่ส่งมาด้วย."""

    MAIN = "main"
    ENCLOSURE = "enclosure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document of a letter; never its bytes."""

    number: int
    """From 1, in the order of submission; 1 is the main document."""
    role: DocumentRole
    filename: str
    media_type: str
    size: int
    """In bytes."""
    digest: Digest
    verdict: Verdict | None = None
    """What the judge said; None for what was not judged."""
    report: Digest | None = None
    """Of the judge's full report, which is kept with the letter; there is one for each verdict."""
    sender_match: SenderMatch | None = None
    """How the signers fit the sender; None where no signature holds."""
    scanned_by: str | None = None
    """The malware scanner that found nothing in it; None where none was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What the sender wrote on the letter: the fields of a Thai official letter."""

    number: str  # ที่
    date: date
    subject: str  # เรื่อง
    salutation: str  # เรียน
    references: tuple[str, ...]  # อ้างถึง
    urgency: Urgency
    secrecy: Secrecy


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A letter as one sender submitted it."""

    id: LetterId
    sender: PartyId
    envelope: Envelope
    documents: tuple[Document, ...]
    submitted_at: datetime

    @property
    def is_provisional(self) -> bool:
        """Whether a document's signatures must be judged again once there are newer data."""
        return any(each.verdict is not None and each.verdict.provisional for each in self.documents)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One letter on its way to one recipient, as it stands after its last event."""

    id: DeliveryId
    letter: LetterId
    recipient: PartyId
    mode: ConsignmentMode
    channel: Channel
    """The recipient's channel when the letter was submitted; it decides which handover counts."""
    tracking: TrackingNumber
    pseudonym: Pseudonym
    state: DeliveryState
    sequence: int = 0
    """Number of events so far; the next one is `sequence + 1`."""
    last_event_at: datetime | None = None
    accept_within: timedelta | None = None
    """Consent and signed only: how long the recipient has, counted from the notification."""
    acceptance_deadline: datetime | None = None
    holding_until: datetime | None = None
    """Until when the content waits for its handover; set by ContentConsignment."""
    released: frozenset[int] = field(default=frozenset())
    """Numbers of the documents that went out to the recipient completely."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """All that a decision about one delivery needs: the delivery, its letter, both parties."""

    delivery: Delivery
    letter: Letter
    sender: Party
    recipient: Party
    happened: frozenset[tuple[str, str]] = frozenset()
    """(event name, cause) of the repeatable events so far; each cause counts once."""
