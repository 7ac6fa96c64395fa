"""What is kept and read back: sealed evidence, recorded submissions, views for the two parties."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from tdh.domain.decisions import Answer, Decision
from tdh.domain.events import EventReason
from tdh.domain.identifiers import DeliveryId, EventId, EvidenceId, LetterId
from tdh.domain.letters import Dossier, Letter


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedEvidence:
    """What the sealer gives back for one `EvidenceFacts`."""

    id: EvidenceId
    xml: bytes
    """The exact bytes, canonical form, signature inside. Never re-written."""
    digest: bytes
    """SHA-256 of `xml`."""
    log_entry: bytes
    """The entry for the log, as UTF-8 text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedItem:
    """The sealer will not seal this one; the others of the batch are not concerned."""

    id: EvidenceId
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSubmission:
    """What an idempotency key led to before."""

    fingerprint: bytes
    letter: LetterId | None
    """None where the submission was judged and refused."""
    stream: DeliveryId | None
    """The refused submission's stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One decision together with the evidence of its events, in order."""

    decision: Decision
    sealed: tuple[SealedEvidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """The answer to a command after its transaction: what was decided, and the evidence of it."""

    answer: Answer
    sealed: tuple[SealedEvidence, ...] = ()
    recorded: RecordedSubmission | None = None
    """Set when the submission's key was used before for the same letter: answer from this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """One event of a delivery as its parties see it."""

    id: EventId
    evidence: EvidenceId
    name: str
    time: datetime
    sequence: int
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryView:
    """One delivery with its events, in order."""

    dossier: Dossier
    events: tuple[EventView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterView:
    """One letter with all its deliveries, as its sender sees it."""

    letter: Letter
    deliveries: tuple[DeliveryView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedSubmissionView:
    """A submission that was judged and refused, as its sender sees it."""

    stream: DeliveryId
    evidence: EvidenceId
    time: datetime
    reasons: tuple[EventReason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRecord:
    """One evidence as it is kept."""

    id: EvidenceId
    stream: DeliveryId
    """The delivery, or the stream of a refused submission."""
    event: str
    sequence: int
    time: datetime
    xml: bytes
    digest: bytes


Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Item]):
    """Some items, and where the next ones begin."""

    items: Sequence[Item]
    next_cursor: str | None
