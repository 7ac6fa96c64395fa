"""One command on one delivery: what the rules of single commands share. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypedDict

from tdh.domain import events as ev
from tdh.domain.commands import DeliveryCommand
from tdh.domain.decisions import Decision, DeliveryChange, Refusal, Repetition
from tdh.domain.errors import (
    AcceptanceNotCommitted,
    AcceptanceTooLate,
    AlreadyDecided,
    IllegalTransition,
    NotAcceptedYet,
    TDHError,
)
from tdh.domain.identifiers import DeliveryId, EventId, OutboxId
from tdh.domain.letters import Delivery, Dossier
from tdh.domain.lifecycle import FINAL, ConsignmentMode, DeliveryState, advance
from tdh.domain.outbox import ENDING_TASKS, WAITING_TASKS, OutboxEntry, Task
from tdh.domain.parties import Channel
from tdh.domain.policies import Policy

S = DeliveryState

_WINNER: dict[DeliveryState, str] = {
    S.CONSIGNED: "ContentConsignment",
    S.HANDED_OVER: "ContentHandover",
    S.REFUSED: "ConsignmentRejection",
    S.EXPIRED: "AcceptanceRejectionExpiry",
    S.UNDELIVERABLE: "ContentConsignmentFailure",
    S.UNCOLLECTED: "ContentHandoverFailure",
    S.WITHDRAWN: "Withdrawal",
}
"""The event that ends in a state: its evidence answers whoever came later."""


class Base(TypedDict):
    """What every event has, ready to be passed on."""

    id: EventId
    delivery: DeliveryId
    sequence: int
    time: datetime


class Step:
    """One command, the delivery as it stands, and the instant. Events come at `time`."""

    def __init__(
        self, command: DeliveryCommand, dossier: Dossier, now: datetime, policy: Policy
    ) -> None:
        self.command = command
        self.dossier = dossier
        self.before = dossier.delivery
        self.policy = policy
        self.now = now
        last = self.before.last_event_at
        self.time = now if last is None else max(now, last)

    def consigned(
        self,
        first: tuple[ev.DeliveryEvent, ...],
        event_id: EventId,
        done: tuple[OutboxId, ...] = (),
    ) -> Decision:
        """The content into the mailbox, after `first` in the same transaction."""
        until = self.time + self.policy.holding
        event = ev.ContentConsignment(**self.base(event_id, after=len(first)), holding_until=until)
        outbox = [self.entry(Task.END_HOLDING, until)]
        if self.before.channel is Channel.QUEUE:
            outbox.append(self.entry(Task.PUSH_CONTENT, self.time))
        after = replace(self.after(*first, event), holding_until=until)
        return self.yes(after, (*first, event), outbox=outbox, done=done)

    def base(self, event: EventId, after: int = 0) -> Base:
        """The fields that every event has; `after`: how many of the same decision come before."""
        return {
            "id": event,
            "delivery": self.before.id,
            "sequence": self.before.sequence + 1 + after,
            "time": self.time,
        }

    def after(self, *events: ev.DeliveryEvent) -> Delivery:
        """The delivery after these events. Raises IllegalTransition where the table has none."""
        state = self.before.state
        for event in events:
            state = advance(state, self.before.mode, event)
        return replace(
            self.before,
            state=state,
            sequence=self.before.sequence + len(events),
            last_event_at=self.time,
        )

    def entry(self, task: Task, due: datetime) -> OutboxEntry:
        """A new outbox row of this delivery."""
        return OutboxEntry(task=task, delivery=self.before.id, due=due)

    def yes(
        self,
        after: Delivery,
        events: Sequence[ev.DeliveryEvent],
        *,
        outbox: Sequence[OutboxEntry] = (),
        done: tuple[OutboxId, ...] = (),
        released: int | None = None,
    ) -> Decision:
        """The decision to write: what ends with it is forgotten from the outbox."""
        forget: frozenset[Task] = frozenset()
        if after.state in FINAL and after.state is not self.before.state:
            forget = ENDING_TASKS
        elif after.state is S.CONSIGNED and self.before.state is not S.CONSIGNED:
            forget = WAITING_TASKS
        change = DeliveryChange(
            dossier=self.dossier,
            after=after,
            events=tuple(events),
            forget=forget,
            released=released,
        )
        return Decision(changes=(change,), outbox=tuple(outbox), done=done)

    def no(self, error: TDHError, done: tuple[OutboxId, ...] = ()) -> Refusal:
        """Nothing happens but the end of pointless rows."""
        return Refusal(error=error, delivery=self.before.id, done=done)

    def again(self, event: str, cause: str = "", done: tuple[OutboxId, ...] = ()) -> Repetition:
        """It happened before: answer with that evidence."""
        return Repetition(delivery=self.before.id, event=event, cause=cause, done=done)

    def late(self, received_at: datetime) -> TDHError | None:
        """Why an answer received then does not count, None if it does."""
        deadline = self.before.acceptance_deadline
        if deadline is not None and received_at > deadline:
            return AcceptanceTooLate("the term for accept or refuse was over")
        if self.now - received_at > self.policy.acceptance_commit:
            return AcceptanceNotCommitted("the answer could not be committed in time")
        return None

    def no_content(self) -> TDHError:
        """Why there is no content in this state."""
        if self.before.state in FINAL:
            return AlreadyDecided(self._winner() or "")
        return NotAcceptedYet("content is not available in this state")

    def conflict(self, error: IllegalTransition) -> TDHError:
        """What to say where the table has no such step."""
        winner = self._winner()
        return error if winner is None else AlreadyDecided(winner)

    def _winner(self) -> str | None:
        """The event that brought the delivery where it is, None while others may still come."""
        if self.before.state is S.UNDELIVERABLE and self.before.mode is not ConsignmentMode.BASIC:
            return "NotificationForAcceptanceFailure"
        return _WINNER.get(self.before.state)
