"""The one place where it is decided what a command does. Pure: values and `now` in, an answer out.

`decide` never looks at a clock, a database or the network. It is called under the delivery's row
lock, so the dossier that it gets is the truth until the transaction ends. The rules of single
commands are in `recipient_rules` and `service_rules`.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from tdh.domain import commands as cmd
from tdh.domain import events as ev
from tdh.domain import recipient_rules as recipient
from tdh.domain import service_rules as service
from tdh.domain.commands import rows_of
from tdh.domain.decisions import Answer, Decision, DeliveryChange, Refusal, Repetition
from tdh.domain.errors import ClockBehind, IllegalTransition, NotFound
from tdh.domain.identifiers import DeliveryId
from tdh.domain.letters import Delivery, Dossier
from tdh.domain.lifecycle import DeliveryState, advance
from tdh.domain.outbox import OutboxEntry, Task
from tdh.domain.policies import CLOCK_TOLERANCE, Policy
from tdh.domain.step import Step

S = DeliveryState


def decide(
    command: cmd.SingleCommand, dossier: Dossier | None, now: datetime, policy: Policy
) -> Answer:
    """What `command` does to the delivery in `dossier` at `now`.

    `dossier` is None for submissions, and for a delivery that does not exist. `now` is checked
    UTC; the events' time is the later of `now` and the delivery's last event.
    """
    match command:
        case cmd.Submit():
            return _submit(command, now, policy)
        case cmd.RefuseSubmission():
            return _refuse_submission(command, now)
        case _:
            if dossier is None:
                return Refusal(error=NotFound("delivery"), done=rows_of(command))
            return _decide_step(command, Step(command, dossier, now, policy))


def decide_together(
    command: cmd.Together, dossiers: Mapping[DeliveryId, Dossier], now: datetime, policy: Policy
) -> Answer:
    """One answer for all: the first refusal, else what is new of them, else that nothing is."""
    decided = Decision(done=rows_of(command))
    for part in command.commands:
        match decide(part, dossiers.get(part.delivery), now, policy):
            case Refusal() as refusal:
                return refusal
            case Decision() as decision:
                decided = decided.with_other(decision)
            case Repetition():
                pass  # it happened before
    if decided.changes:
        return decided
    return Repetition(delivery=command.commands[0].delivery, event="", done=decided.done)


def is_visible(delivery: Delivery) -> bool:
    """Whether the recipient may know of the delivery: it was notified or consigned."""
    return delivery.acceptance_deadline is not None or delivery.holding_until is not None


def _submit(command: cmd.Submit, now: datetime, policy: Policy) -> Decision:
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
    if command.letter.is_provisional:
        first, due = command.recipients[0].delivery, policy.recheck_at(1, now)
        outbox.append(OutboxEntry(task=Task.RECHECK_SIGNATURE, delivery=first, due=due))
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


def _decide_step(command: cmd.DeliveryCommand, step: Step) -> Answer:
    if step.time - step.now > CLOCK_TOLERANCE:
        return step.no(ClockBehind("the clock is behind this delivery's last event"))
    if not _may_act(command, step.dossier):
        return step.no(NotFound("delivery"))
    try:
        return _follow_rule(command, step)
    except IllegalTransition as error:
        return step.no(step.conflict(error), done=rows_of(command))


def _may_act(command: cmd.DeliveryCommand, dossier: Dossier) -> bool:
    """Authorisation, in one place: foreign and not yet visible are as good as missing."""
    match command:
        case cmd.Withdraw(by=by):
            return by.party == dossier.sender.id
        case (
            cmd.Accept(by=by)
            | cmd.Refuse(by=by)
            | cmd.Acknowledge(by=by)
            | cmd.TrackAccess(by=by)
            | cmd.Release(by=by)
        ):
            return by.party == dossier.recipient.id and is_visible(dossier.delivery)
        case _:
            return True  # the service's own jobs


def _follow_rule(command: cmd.DeliveryCommand, step: Step) -> Answer:
    match command:
        case cmd.Forward():
            return service.forward(step, command)
        case cmd.FailConsignment():
            return service.fail_consignment(step, command)
        case cmd.Accept():
            return recipient.accept(step, command)
        case cmd.Refuse():
            return recipient.refuse(step, command)
        case cmd.Expire():
            return service.expire(step, command)
        case cmd.TrackAccess():
            return recipient.track_access(step, command)
        case cmd.Release():
            return recipient.release(step, command)
        case cmd.Acknowledge():
            return recipient.acknowledge(step, command)
        case cmd.EndHolding():
            return service.end_holding(step, command)
        case cmd.RecordNotice():
            return service.record_notice(step, command)
        case cmd.Withdraw():
            return service.withdraw(step, command)
        case cmd.RecordSignatureStatus():
            return service.record_signature_status(step, command)
