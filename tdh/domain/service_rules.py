"""What the service's own jobs do with a delivery, and its sender: one function a command. Pure."""

from dataclasses import replace

from tdh.domain import commands as cmd
from tdh.domain import events as ev
from tdh.domain.commands import rows_of
from tdh.domain.decisions import Answer
from tdh.domain.errors import MailboxClosed, NotDueYet
from tdh.domain.lifecycle import ConsignmentMode, DeliveryState
from tdh.domain.outbox import Task
from tdh.domain.parties import Channel
from tdh.domain.step import Step

S = DeliveryState


def forward(step: Step, command: cmd.Forward) -> Answer:
    """Into the mailbox, or ask for acceptance first."""
    if step.before.state is not S.ACCEPTED:
        return step.again("", done=rows_of(command))
    if not step.dossier.recipient.mailbox_open:
        return step.no(MailboxClosed("the recipient's mailbox takes nothing now"))
    if step.before.mode is ConsignmentMode.BASIC:
        return step.consigned((), command.event, done=rows_of(command))
    term = step.before.accept_within or step.policy.accept_within
    deadline = step.time + term
    event = ev.NotificationForAcceptance(**step.base(command.event), deadline=deadline)
    outbox = [step.entry(Task.EXPIRE, step.policy.expires_at(deadline))]
    if step.before.channel is Channel.QUEUE:
        outbox.append(step.entry(Task.PUSH_ENVELOPE, step.time))
    after = replace(step.after(event), acceptance_deadline=deadline)
    return step.yes(after, (event,), outbox=outbox, done=rows_of(command))


def fail_consignment(step: Step, command: cmd.FailConsignment) -> Answer:
    """Give up, for a cause on the recipient's side."""
    if step.before.state is not S.ACCEPTED:
        return step.again("", done=rows_of(command))
    base = step.base(command.event)
    event: ev.DeliveryEvent
    if step.before.mode is ConsignmentMode.BASIC:
        event = ev.ContentConsignmentFailure(**base, because=(command.reason,))
        return step.yes(step.after(event), (event,), done=rows_of(command))
    return step.no(MailboxClosed("the recipient's mailbox takes nothing now"))


def expire(step: Step, command: cmd.Expire) -> Answer:
    """End the waiting for accept or refuse."""
    deadline = step.before.acceptance_deadline
    if step.before.state is not S.AWAITING_ACCEPTANCE or deadline is None:
        return step.again("", done=rows_of(command))
    if step.now < step.policy.expires_at(deadline):
        return step.no(NotDueYet("the term for accept or refuse is not over"))
    event = ev.AcceptanceRejectionExpiry(**step.base(command.event), deadline=deadline)
    return step.yes(step.after(event), (event,), done=rows_of(command))


def end_holding(step: Step, command: cmd.EndHolding) -> Answer:
    """End the waiting for the handover."""
    until = step.before.holding_until
    if step.before.state is not S.CONSIGNED or until is None:
        return step.again("", done=rows_of(command))
    if step.now < until:
        return step.no(NotDueYet("the holding time is not over"))
    event = ev.ContentHandoverFailure(
        **step.base(command.event), released=tuple(sorted(step.before.released))
    )
    return step.yes(step.after(event), (event,), done=rows_of(command))


def record_notice(step: Step, command: cmd.RecordNotice) -> Answer:
    """Keep what a channel reports, once for each."""
    base = step.base(command.event)
    event: ev.DeliveryEvent
    if step.before.state is S.AWAITING_ACCEPTANCE:
        if command.failure is None:
            return step.again("")  # the notification itself is an event already
        event = ev.NotificationForAcceptanceFailure(
            **base, channel=command.channel, because=(command.failure,), final=False
        )
    elif command.failure is None:
        event = ev.ConsignmentNotification(**base, channel=command.channel)
    else:
        event = ev.ConsignmentNotificationFailure(
            **base, channel=command.channel, because=(command.failure,)
        )
    if (event.name, event.cause) in step.dossier.happened:
        return step.again(event.name, cause=event.cause)
    return step.yes(step.after(event), (event,))


def record_signature_status(step: Step, command: cmd.RecordSignatureStatus) -> Answer:
    """Tell what a re-check found, whatever has become of the delivery."""
    event = ev.SignatureStatus(
        **step.base(command.event),
        document=command.document,
        checked_at=command.checked_at,
        before=command.before,
        before_code=command.before_code,
        now=command.now,
        because=(command.reason,),
    )
    if (event.name, event.cause) in step.dossier.happened:
        return step.again(event.name, cause=event.cause)
    return step.yes(step.after(event), (event,))


def withdraw(step: Step, command: cmd.Withdraw) -> Answer:
    """Take the delivery back, as its sender."""
    if step.before.state is S.WITHDRAWN:
        return step.again("Withdrawal")
    event = ev.Withdrawal(**step.base(command.event), by=command.by)
    return step.yes(step.after(event), (event,))
