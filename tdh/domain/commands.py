"""What somebody asks for. A step prepares a command; `decide` answers it; the group commit acts.

Ids of the events that may come of a command travel with it, so that a repeated decision of the
same command makes the same events.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tdh.domain.events import EventReason
from tdh.domain.identifiers import (
    DeliveryId,
    Digest,
    EventId,
    OutboxId,
    PartyId,
    Pseudonym,
    TrackingNumber,
)
from tdh.domain.letters import Letter
from tdh.domain.lifecycle import ConsignmentMode
from tdh.domain.parties import Authentication, Party
from tdh.domain.reports import DocumentReport


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKey:
    """The sender's own name for one submission; binds as long as the letter."""

    sender: PartyId
    key: str
    fingerprint: bytes
    """SHA-256 over the canonical JSON of the letter and its documents' digests in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One addressee of a submission, with the names that its delivery will have."""

    party: Party
    mode: ConsignmentMode
    accept_within: timedelta | None
    delivery: DeliveryId
    tracking: TrackingNumber
    pseudonym: Pseudonym
    event: EventId


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDocument:
    """Where the vault keeps one document of a letter."""

    number: int
    segment: str
    offset: int
    length: int
    """Of the ciphertext, in bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """Take in a letter whose documents are durable and judged: all its deliveries, or none."""

    letter: Letter
    sender: Party
    recipients: tuple[Recipient, ...]
    by: Authentication
    idempotency: IdempotencyKey
    wrapped_key: bytes
    """The letter's data key, wrapped by a key-encryption key."""
    stored: tuple[StoredDocument, ...]
    reports: tuple[DocumentReport, ...] = ()
    """One for each judged document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseSubmission:
    """Record that a submission was judged and refused. No letter and no document remain."""

    stream: DeliveryId
    pseudonym: Pseudonym
    event: EventId
    letter: Letter
    """As submitted: the evidence names its number and its documents' digests."""
    sender: Party
    recipients: tuple[Party, ...]
    by: Authentication
    idempotency: IdempotencyKey
    reasons: tuple[EventReason, ...]
    reports: tuple[DocumentReport, ...] = ()
    """Of the documents that were judged; they are kept, the documents are not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """Bring an accepted delivery into the mailbox, or ask the recipient first."""

    delivery: DeliveryId
    event: EventId
    outbox: OutboxId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FailConsignment:
    """Give up consigning, for a cause on the recipient's side."""

    delivery: DeliveryId
    event: EventId
    reason: EventReason
    outbox: OutboxId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """The recipient accepts; content is consigned with it."""

    delivery: DeliveryId
    event: EventId
    consignment_event: EventId
    by: Authentication
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """The recipient refuses."""

    delivery: DeliveryId
    event: EventId
    by: Authentication
    received_at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expire:
    """The term for accept or refuse is over."""

    delivery: DeliveryId
    event: EventId
    outbox: OutboxId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackAccess:
    """The recipient is about to get a document; committed before its first byte leaves."""

    delivery: DeliveryId
    event: EventId
    document: int
    by: Authentication


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A document went out completely, its last byte drained. With the last one: handover."""

    delivery: DeliveryId
    event: EventId
    document: int
    by: Authentication


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge:
    """The recipient's system confirms what it has, by the documents' digests in order."""

    delivery: DeliveryId
    event: EventId
    digests: tuple[Digest, ...]
    by: Authentication


@dataclass(frozen=True, slots=True, kw_only=True)
class EndHolding:
    """The holding time is over without a handover."""

    delivery: DeliveryId
    event: EventId
    outbox: OutboxId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordNotice:
    """A channel told the recipient, or could not: a confirmed push, or a returned one."""

    delivery: DeliveryId
    event: EventId
    channel: str
    failure: EventReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """The sender takes a delivery back before its content is placed."""

    delivery: DeliveryId
    event: EventId
    by: Authentication


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSignatureStatus:
    """A re-check of a document's signatures led to another answer; the fields are the event's."""

    delivery: DeliveryId
    event: EventId
    document: int
    checked_at: datetime
    before: str
    before_code: str
    now: str
    reason: EventReason


DeliveryCommand = (
    Forward
    | FailConsignment
    | Accept
    | Refuse
    | Expire
    | TrackAccess
    | Release
    | Acknowledge
    | EndHolding
    | RecordNotice
    | Withdraw
    | RecordSignatureStatus
)
SingleCommand = Submit | RefuseSubmission | DeliveryCommand


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """Commands of one kind on several deliveries, all in one transaction or none of them.

    What happened before to one of them is left out; what one may not do, none does.
    """

    commands: tuple[DeliveryCommand, ...]
    """At least one, each of another delivery; as many as a letter has at most."""
    outbox: OutboxId | None = None
    """The row whose effect they are together."""


Command = SingleCommand | Together


def rows_of(command: Command) -> tuple[OutboxId, ...]:
    """The outbox row whose effect a command is, as a tuple; empty where there is none."""
    row = getattr(command, "outbox", None)
    return () if row is None else (OutboxId(row),)
