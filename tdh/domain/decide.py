"""The one place where it is decided what a command does. Pure: values and `now` in, an answer out.

`decide` never looks at a clock, a database or the network. It is called under the delivery's row
lock, so the dossier that it gets is the truth until the transaction ends.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypedDict

from tdh.domain import commands as cmd
from tdh.domain import events as ev
from tdh.domain.decisions import Answer, Decision, DeliveryChange, Refusal, Repetition
from tdh.domain.errors import (
    AcceptanceNotCommitted,
    AcceptanceTooLate,
    AlreadyDecided,
    ClockBehind,
    IllegalTransition,
    MailboxClosed,
    NotAcceptedYet,
    NotDueYet,
    NotFound,
    TDHError,
    WrongDigests,
)
from tdh.domain.identifiers import DeliveryId, EventId, OutboxId
from tdh.domain.letters import Delivery, Dossier
from tdh.domain.lifecycle import (
    CONTENT_AVAILABLE,
    FINAL,
    ConsignmentMode,
    DeliveryState,
    advance,
)
from tdh.domain.outbox import WAITING_TASKS, OutboxEntry, Task
from tdh.domain.parties import Authentication, Channel
from tdh.domain.policies import CLOCK_TOLERANCE, Policy

S = DeliveryState


def decide(command: cmd.Command, dossier: Dossier | None, now: datetime, policy: Policy) -> Answer:
    """What `command` does to the delivery in `dossier` at `now`.

    `dossier` is None for submissions, and for a delivery that does not exist. `now` is checked
    UTC; the events' time is the later of `now` and the delivery's last event.
    """
    match command:
        case cmd.Submit():
            return _submit(command, now)
        case cmd.RefuseSubmission():
            return _refuse_submission(command, now)
        case _:
            if dossier is None:
                return Refusal(error=NotFound("delivery"), done=_rows(command))
            return _Step(command, dossier, now, policy).answer()


def is_visible(delivery: Delivery) -> bool:
    """Whether the recipient may know of the delivery: it was notified or consigned."""
    return delivery.acceptance_deadline is not None or delivery.holding_until is not None


def _rows(command: cmd.Command) -> tuple[OutboxId, ...]:
    row = getattr(command, "outbox", None)
    return () if row is None else (OutboxId(row),)


def _submit(command: cmd.Submit, now: datetime) -> Decision:
    changes, outbox = [], []
    for to in command.recipients:
        new = Delivery(
            id=to.delivery,
            letter=command.letter.id,
            recipient=to.party.id,
            mode=to.mode,
            channel=to.party.channel,
            tracking=to.tracking,
            pseudonym=to.pseudonym,
            state=S.ACCEPTED,
            accept_within=to.accept_within,
        )
        event = ev.SubmissionAcceptance(
            id=to.event, delivery=to.delivery, sequence=1, time=now, by=command.by
        )
        advance(None, to.mode, event)
        dossier = Dossier(
            delivery=new,
            letter=replace(command.letter, submitted_at=now),
            sender=command.sender,
            recipient=to.party,
        )
        after = replace(new, sequence=1, last_event_at=now)
        changes.append(DeliveryChange(dossier=dossier, after=after, events=(event,)))
        outbox.append(OutboxEntry(task=Task.FORWARD, delivery=to.delivery, due=now))
    submission = replace(command, letter=replace(command.letter, submitted_at=now))
    return Decision(changes=tuple(changes), submission=submission, outbox=tuple(outbox))


def _refuse_submission(command: cmd.RefuseSubmission, now: datetime) -> Decision:
    event = ev.SubmissionRejection(
        id=command.event,
        delivery=command.stream,
        sequence=1,
        time=now,
        by=command.by,
        because=command.reasons,
    )
    refused = replace(command, letter=replace(command.letter, submitted_at=now))
    return Decision(refused=(refused, event))


class _Base(TypedDict):
    id: EventId
    delivery: DeliveryId
    sequence: int
    time: datetime


class _Step:
    """One command on one delivery."""

    def __init__(
        self, command: cmd.DeliveryCommand, dossier: Dossier, now: datetime, policy: Policy
    ) -> None:
        self.command = command
        self.dossier = dossier
        self.before = dossier.delivery
        self.policy = policy
        self.now = now
        last = self.before.last_event_at
        self.time = now if last is None else max(now, last)

    def answer(self) -> Answer:
        if self.time - self.now > CLOCK_TOLERANCE:
            return self._no(ClockBehind("the clock is behind this delivery's last event"))
        if not self._may_act():
            return self._no(NotFound("delivery"))
        try:
            return self._choose()
        except IllegalTransition as error:
            return self._no(self._conflict(error), done=_rows(self.command))

    def _choose(self) -> Answer:
        match self.command:
            case cmd.Forward():
                return self._forward(self.command)
            case cmd.FailConsignment():
                return self._fail_consignment(self.command)
            case cmd.Accept():
                return self._accept(self.command)
            case cmd.Refuse():
                return self._refuse(self.command)
            case cmd.Expire():
                return self._expire(self.command)
            case cmd.TrackAccess():
                return self._track_access(self.command)
            case cmd.Release():
                return self._release(self.command)
            case cmd.Acknowledge():
                return self._acknowledge(self.command)
            case cmd.EndHolding():
                return self._end_holding(self.command)
            case cmd.RecordNotice():
                return self._record_notice(self.command)
            case cmd.Withdraw():
                return self._withdraw(self.command)

    def _may_act(self) -> bool:
        """Authorisation, in one place: foreign and not yet visible are as good as missing."""
        match self.command:
            case cmd.Withdraw(by=by):
                return by.party == self.dossier.sender.id
            case cmd.Accept(by=by) | cmd.Refuse(by=by) | cmd.Acknowledge(by=by):
                return self._is_visible_to(by)
            case cmd.TrackAccess(by=by) | cmd.Release(by=by):
                return self._is_visible_to(by)
            case _:
                return True  # the service's own jobs

    def _is_visible_to(self, by: Authentication) -> bool:
        return by.party == self.dossier.recipient.id and is_visible(self.before)

    # Each method: one command.

    def _forward(self, command: cmd.Forward) -> Answer:
        if self.before.state is not S.ACCEPTED:
            return self._again("", done=_rows(command))
        if not self.dossier.recipient.mailbox_open:
            return self._no(MailboxClosed("the recipient's mailbox takes nothing now"))
        if self.before.mode is ConsignmentMode.BASIC:
            return self._consigned((), command.event, done=_rows(command))
        term = self.before.accept_within or self.policy.accept_within
        deadline = self.time + term
        event = ev.NotificationForAcceptance(**self._base(command.event), deadline=deadline)
        outbox = [self._entry(Task.EXPIRE, self.policy.expires_at(deadline))]
        if self.before.channel is Channel.QUEUE:
            outbox.append(self._entry(Task.PUSH_ENVELOPE, self.time))
        after = replace(self._after(event), acceptance_deadline=deadline)
        return self._yes(after, (event,), outbox=outbox, done=_rows(command))

    def _fail_consignment(self, command: cmd.FailConsignment) -> Answer:
        if self.before.state is not S.ACCEPTED:
            return self._again("", done=_rows(command))
        base = self._base(command.event)
        event: ev.DeliveryEvent
        if self.before.mode is ConsignmentMode.BASIC:
            event = ev.ContentConsignmentFailure(**base, because=(command.reason,))
            return self._yes(self._after(event), (event,), done=_rows(command))
        return self._no(MailboxClosed("the recipient's mailbox takes nothing now"))

    def _accept(self, command: cmd.Accept) -> Answer:
        if self.before.state in CONTENT_AVAILABLE and self.before.acceptance_deadline is not None:
            return self._again("ConsignmentAcceptance")
        event = ev.ConsignmentAcceptance(
            **self._base(command.event), by=command.by, received_at=command.received_at
        )
        advance(self.before.state, self.before.mode, event)
        if (late := self._late(command.received_at)) is not None:
            return self._no(late)
        return self._consigned((event,), command.consignment_event)

    def _refuse(self, command: cmd.Refuse) -> Answer:
        if self.before.state is S.REFUSED:
            return self._again("ConsignmentRejection")
        event = ev.ConsignmentRejection(
            **self._base(command.event),
            by=command.by,
            received_at=command.received_at,
            note=command.note,
        )
        after = self._after(event)
        if (late := self._late(command.received_at)) is not None:
            return self._no(late)
        return self._yes(after, (event,))

    def _expire(self, command: cmd.Expire) -> Answer:
        deadline = self.before.acceptance_deadline
        if self.before.state is not S.AWAITING_ACCEPTANCE or deadline is None:
            return self._again("", done=_rows(command))
        if self.now < self.policy.expires_at(deadline):
            return self._no(NotDueYet("the term for accept or refuse is not over"))
        event = ev.AcceptanceRejectionExpiry(**self._base(command.event), deadline=deadline)
        return self._yes(self._after(event), (event,), done=_rows(command))

    def _track_access(self, command: cmd.TrackAccess) -> Answer:
        if command.document not in {d.number for d in self.dossier.letter.documents}:
            return self._no(NotFound("document"))
        event = ev.ContentAccessTracking(
            **self._base(command.event), by=command.by, document=command.document
        )
        if self.before.state not in CONTENT_AVAILABLE:
            return self._no(self._no_content())
        if (event.name, event.cause) in self.dossier.happened:
            return self._again(event.name, cause=event.cause)
        return self._yes(self._after(event), (event,))

    def _release(self, command: cmd.Release) -> Answer:
        if self.before.state not in CONTENT_AVAILABLE:
            return self._no(self._no_content())
        if command.document in self.before.released:
            return self._again("")
        released = self.before.released | {command.document}
        everything = {d.number for d in self.dossier.letter.documents}
        person = self.before.channel is Channel.PERSON
        if self.before.state is not S.CONSIGNED or not person or released != everything:
            after = replace(self.before, released=released)
            return self._yes(after, (), released=command.document)
        event = ev.ContentHandover(
            **self._base(command.event),
            by=command.by,
            kind=ev.HandoverKind.TRANSPORT_COMPLETE,
        )
        after = replace(self._after(event), released=released)
        return self._yes(after, (event,), released=command.document)

    def _acknowledge(self, command: cmd.Acknowledge) -> Answer:
        if self.before.state not in CONTENT_AVAILABLE:
            return self._no(self._no_content())
        if tuple(d.digest for d in self.dossier.letter.documents) != command.digests:
            return self._no(WrongDigests("these are not the digests of the documents, in order"))
        if self.before.state is S.HANDED_OVER or self.before.channel is Channel.PERSON:
            return self._again("ContentHandover" if self.before.state is S.HANDED_OVER else "")
        event = ev.ContentHandover(
            **self._base(command.event), by=command.by, kind=ev.HandoverKind.ACKNOWLEDGED
        )
        return self._yes(self._after(event), (event,))

    def _end_holding(self, command: cmd.EndHolding) -> Answer:
        until = self.before.holding_until
        if self.before.state is not S.CONSIGNED or until is None:
            return self._again("", done=_rows(command))
        if self.now < until:
            return self._no(NotDueYet("the holding time is not over"))
        event = ev.ContentHandoverFailure(
            **self._base(command.event), released=tuple(sorted(self.before.released))
        )
        return self._yes(self._after(event), (event,), done=_rows(command))

    def _record_notice(self, command: cmd.RecordNotice) -> Answer:
        base = self._base(command.event)
        event: ev.DeliveryEvent
        if self.before.state is S.AWAITING_ACCEPTANCE:
            if command.failure is None:
                return self._again("")  # the notification itself is an event already
            event = ev.NotificationForAcceptanceFailure(
                **base, channel=command.channel, because=(command.failure,), final=False
            )
        elif command.failure is None:
            event = ev.ConsignmentNotification(**base, channel=command.channel)
        else:
            event = ev.ConsignmentNotificationFailure(
                **base, channel=command.channel, because=(command.failure,)
            )
        if (event.name, event.cause) in self.dossier.happened:
            return self._again(event.name, cause=event.cause)
        return self._yes(self._after(event), (event,))

    def _withdraw(self, command: cmd.Withdraw) -> Answer:
        if self.before.state is S.WITHDRAWN:
            return self._again("Withdrawal")
        event = ev.Withdrawal(**self._base(command.event), by=command.by)
        return self._yes(self._after(event), (event,))

    # What they share.

    def _consigned(
        self,
        first: tuple[ev.DeliveryEvent, ...],
        event_id: EventId,
        done: tuple[OutboxId, ...] = (),
    ) -> Decision:
        """The content into the mailbox, after `first` in the same transaction."""
        until = self.time + self.policy.holding
        event = ev.ContentConsignment(**self._base(event_id, after=len(first)), holding_until=until)
        outbox = [self._entry(Task.END_HOLDING, until)]
        if self.before.channel is Channel.QUEUE:
            outbox.append(self._entry(Task.PUSH_CONTENT, self.time))
        after = replace(self._after(*first, event), holding_until=until)
        return self._yes(after, (*first, event), outbox=outbox, done=done)

    def _base(self, event: EventId, after: int = 0) -> _Base:
        return {
            "id": event,
            "delivery": self.before.id,
            "sequence": self.before.sequence + 1 + after,
            "time": self.time,
        }

    def _after(self, *events: ev.DeliveryEvent) -> Delivery:
        state = self.before.state
        for event in events:
            state = advance(state, self.before.mode, event)
        return replace(
            self.before,
            state=state,
            sequence=self.before.sequence + len(events),
            last_event_at=self.time,
        )

    def _entry(self, task: Task, due: datetime) -> OutboxEntry:
        return OutboxEntry(task=task, delivery=self.before.id, due=due)

    def _yes(
        self,
        after: Delivery,
        events: Sequence[ev.DeliveryEvent],
        *,
        outbox: Sequence[OutboxEntry] = (),
        done: tuple[OutboxId, ...] = (),
        released: int | None = None,
    ) -> Decision:
        forget: frozenset[Task] = frozenset()
        if after.state in FINAL and after.state is not self.before.state:
            forget = frozenset(Task)
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

    def _no(self, error: TDHError, done: tuple[OutboxId, ...] = ()) -> Refusal:
        return Refusal(error=error, delivery=self.before.id, done=done)

    def _again(self, event: str, cause: str = "", done: tuple[OutboxId, ...] = ()) -> Repetition:
        return Repetition(delivery=self.before.id, event=event, cause=cause, done=done)

    def _late(self, received_at: datetime) -> TDHError | None:
        deadline = self.before.acceptance_deadline
        if deadline is not None and received_at > deadline:
            return AcceptanceTooLate("the term for accept or refuse was over")
        if self.now - received_at > self.policy.acceptance_commit:
            return AcceptanceNotCommitted("the answer could not be committed in time")
        return None

    def _no_content(self) -> TDHError:
        if self.before.state in FINAL:
            return AlreadyDecided(self._winner() or "")
        return NotAcceptedYet("content is not available in this state")

    def _conflict(self, error: IllegalTransition) -> TDHError:
        winner = self._winner()
        return error if winner is None else AlreadyDecided(winner)

    def _winner(self) -> str | None:
        """The event that brought the delivery where it is, None while others may still come."""
        if self.before.state is S.UNDELIVERABLE and self.before.mode is not ConsignmentMode.BASIC:
            return "NotificationForAcceptanceFailure"
        return WINNER.get(self.before.state)


WINNER: dict[DeliveryState, str] = {
    S.CONSIGNED: "ContentConsignment",
    S.HANDED_OVER: "ContentHandover",
    S.REFUSED: "ConsignmentRejection",
    S.EXPIRED: "AcceptanceRejectionExpiry",
    S.UNDELIVERABLE: "ContentConsignmentFailure",
    S.UNCOLLECTED: "ContentHandoverFailure",
    S.WITHDRAWN: "Withdrawal",
}
"""The event that ends in a state: its evidence answers whoever came later."""
