"""What came of a command: a decision to write, a repetition to answer, or a refusal."""

from dataclasses import dataclass

from tdh.domain.commands import RefuseSubmission, Submit
from tdh.domain.errors import TDHError
from tdh.domain.events import DeliveryEvent, SubmissionRejection
from tdh.domain.identifiers import DeliveryId, OutboxId
from tdh.domain.letters import Delivery, Dossier
from tdh.domain.outbox import OutboxEntry, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryChange:
    """One delivery's step: from, to, and the events between, in order."""

    dossier: Dossier
    """As it stood before; for a new delivery its `delivery` has sequence 0."""
    after: Delivery
    events: tuple[DeliveryEvent, ...]
    forget: frozenset[Task] = frozenset()
    """Outbox tasks of this delivery that the step makes pointless."""
    released: int | None = None
    """A document that went out, to be recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one transaction is to write for one command."""

    changes: tuple[DeliveryChange, ...] = ()
    submission: Submit | None = None
    refused: tuple[RefuseSubmission, SubmissionRejection] | None = None
    outbox: tuple[OutboxEntry, ...] = ()
    done: tuple[OutboxId, ...] = ()
    """Outbox rows whose effect this is; a missing one means that somebody else was first."""

    @property
    def events(self) -> tuple[DeliveryEvent, ...]:
        """All new events, in order."""
        happened = tuple(event for change in self.changes for event in change.events)
        return happened if self.refused is None else (*happened, self.refused[1])

    def with_other(self, other: "Decision") -> "Decision":
        """Both, for one transaction; of deliveries, not of submissions."""
        return Decision(
            changes=(*self.changes, *other.changes),
            outbox=(*self.outbox, *other.outbox),
            done=(*self.done, *other.done),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Repetition:
    """It happened before, by the same command of the same party: answer with that evidence."""

    delivery: DeliveryId
    event: str
    """Name of the event that is the answer; empty where there is none."""
    cause: str = ""
    done: tuple[OutboxId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The command may not happen; nothing is written but the end of pointless rows."""

    error: TDHError
    delivery: DeliveryId | None = None
    done: tuple[OutboxId, ...] = ()


Answer = Decision | Repetition | Refusal
