"""What happened to a delivery: one frozen class an event, spelled as in ETSI EN 319 522-1, 6.2.

`Withdrawal` and `SignatureStatus` are own events. A repeatable event has a cause and happens once
for each cause.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tdh.domain.identifiers import DeliveryId, EventId
from tdh.domain.parties import Authentication


@dataclass(frozen=True, slots=True, kw_only=True)
class EventReason:
    """Why (EN 319 522-2, component G04): a code and words.

    `code` is a name of the standard's table (`R_ERDS_MessageRejectedByRecipient`) or an own
    kebab-case name; the evidence document turns either into its URI.
    """

    code: str
    details: tuple[str, ...] = ()


class HandoverKind(StrEnum):
    """What a ContentHandover rests on."""

    TRANSPORT_COMPLETE = "transport-complete"
    """Handed to the network, not confirmed by the recipient."""
    ACKNOWLEDGED = "acknowledged"
    """The recipient's system confirmed the documents' digests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryEvent:
    """What every event has."""

    id: EventId
    delivery: DeliveryId
    sequence: int
    """From 1, without gaps, in this delivery."""
    time: datetime

    @property
    def name(self) -> str:
        """The standard's name, which is the class's."""
        return type(self).__name__

    @property
    def cause(self) -> str:
        """What makes one of several alike: empty for events that happen once."""
        return ""

    @property
    def reasons(self) -> tuple[EventReason, ...]:
        """Why it happened; every negative event has one."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionAcceptance(DeliveryEvent):
    """A.1: the letter was taken in for this recipient."""

    by: Authentication


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionRejection(DeliveryEvent):
    """A.2: the submission was judged and refused. A stream of its own with this one event."""

    by: Authentication
    because: tuple[EventReason, ...]

    @property
    def reasons(self) -> tuple[EventReason, ...]:
        return self.because


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationForAcceptance(DeliveryEvent):
    """C.1: the envelope is in the recipient's inbox, waiting for accept or refuse."""

    deadline: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationForAcceptanceFailure(DeliveryEvent):
    """C.2: a notice could not be given; final where an outside notice was required."""

    channel: str
    because: tuple[EventReason, ...]
    final: bool

    @property
    def cause(self) -> str:
        return self.channel

    @property
    def reasons(self) -> tuple[EventReason, ...]:
        return self.because


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsignmentAcceptance(DeliveryEvent):
    """C.3: the recipient accepted."""

    by: Authentication
    received_at: datetime
    """When the whole request was there; this instant is held against the deadline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsignmentRejection(DeliveryEvent):
    """C.4: the recipient refused."""

    by: Authentication
    received_at: datetime
    note: str = ""
    """The recipient's own words, if any."""

    @property
    def reasons(self) -> tuple[EventReason, ...]:
        details = (self.note,) if self.note else ()
        return (EventReason(code="R_ERDS_MessageRejectedByRecipient", details=details),)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptanceRejectionExpiry(DeliveryEvent):
    """C.5: neither accepted nor refused in time."""

    deadline: datetime

    @property
    def reasons(self) -> tuple[EventReason, ...]:
        return (EventReason(code="R_ERDS_MessageNotAcceptedByRecipient"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentConsignment(DeliveryEvent):
    """D.1: the content is in the mailbox, under the recipient's authority."""

    holding_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentConsignmentFailure(DeliveryEvent):
    """D.2: the content could not be placed, for a cause on the recipient's side."""

    because: tuple[EventReason, ...]

    @property
    def reasons(self) -> tuple[EventReason, ...]:
        return self.because


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsignmentNotification(DeliveryEvent):
    """D.3: the recipient was told that content is there."""

    channel: str

    @property
    def cause(self) -> str:
        return self.channel


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsignmentNotificationFailure(DeliveryEvent):
    """D.4: that notice failed on one channel."""

    channel: str
    because: tuple[EventReason, ...]

    @property
    def cause(self) -> str:
        return self.channel

    @property
    def reasons(self) -> tuple[EventReason, ...]:
        return self.because


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentAccessTracking(DeliveryEvent):
    """D.6: the recipient opened a document; committed before its first byte leaves."""

    by: Authentication
    document: int

    @property
    def cause(self) -> str:
        return f"{self.document}:{self.by.actor}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentHandover(DeliveryEvent):
    """E.1: the content crossed the border to the recipient."""

    by: Authentication
    kind: HandoverKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentHandoverFailure(DeliveryEvent):
    """E.2: the holding time ended; `released` says which documents had gone out."""

    released: tuple[int, ...]

    @property
    def reasons(self) -> tuple[EventReason, ...]:
        said = ",".join(map(str, self.released)) or "none"
        return (EventReason(code="holding-time-ended", details=(f"documents released: {said}",)),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal(DeliveryEvent):
    """Own event: the sender took the delivery back before its content was placed."""

    by: Authentication


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureStatus(DeliveryEvent):
    """Own event: a document's signatures were judged again, and the answer is another one now.

    Its acceptance rested on older revocation data. Nothing moves by it, in whatever state the
    delivery is: the letter was accepted, and stays so; both parties learn what is known today.
    """

    document: int
    """Its number in the letter."""
    checked_at: datetime
    before: str
    """The indication and sub-indication that the letter was accepted with."""
    before_code: str
    """Code of the reason for it."""
    now: str
    """What the judge says today of the instant at which it was accepted."""
    because: tuple[EventReason, ...]

    @property
    def cause(self) -> str:
        """The re-check: what was looked at, and when."""
        return f"{self.document}:{self.checked_at.isoformat()}"

    @property
    def reasons(self) -> tuple[EventReason, ...]:
        return self.because


EVENTS: tuple[type[DeliveryEvent], ...] = (
    SubmissionAcceptance,
    SubmissionRejection,
    NotificationForAcceptance,
    NotificationForAcceptanceFailure,
    ConsignmentAcceptance,
    ConsignmentRejection,
    AcceptanceRejectionExpiry,
    ContentConsignment,
    ContentConsignmentFailure,
    ConsignmentNotification,
    ConsignmentNotificationFailure,
    ContentAccessTracking,
    ContentHandover,
    ContentHandoverFailure,
    Withdrawal,
    SignatureStatus,
)
REPEATABLE: frozenset[str] = frozenset(
    {
        "NotificationForAcceptanceFailure",
        "ConsignmentNotification",
        "ConsignmentNotificationFailure",
        "ContentAccessTracking",
        "SignatureStatus",
    }
)
"""Names of the events that may happen again, for another cause."""
FINAL_EVENTS: frozenset[str] = frozenset(
    {
        "SubmissionRejection",
        "ConsignmentRejection",
        "AcceptanceRejectionExpiry",
        "ContentConsignmentFailure",
        "ContentHandover",
        "ContentHandoverFailure",
        "Withdrawal",
    }
)
"""Names of the events that always end a delivery."""
