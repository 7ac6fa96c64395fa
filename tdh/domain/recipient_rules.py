"""What a recipient may do with a delivery: one function a command. Pure."""

from dataclasses import replace

from tdh.domain import commands as cmd
from tdh.domain import events as ev
from tdh.domain.decisions import Answer
from tdh.domain.errors import NotFound, WrongDigests
from tdh.domain.lifecycle import CONTENT_AVAILABLE, DeliveryState, advance
from tdh.domain.parties import Channel
from tdh.domain.step import Step

S = DeliveryState


def accept(step: Step, command: cmd.Accept) -> Answer:
    """Accept, and consign the content with it."""
    if step.before.state in CONTENT_AVAILABLE and step.before.acceptance_deadline is not None:
        return step.again("ConsignmentAcceptance")
    event = ev.ConsignmentAcceptance(
        **step.base(command.event), by=command.by, received_at=command.received_at
    )
    advance(step.before.state, step.before.mode, event)
    if (late := step.late(command.received_at)) is not None:
        return step.no(late)
    return step.consigned((event,), command.consignment_event)


def refuse(step: Step, command: cmd.Refuse) -> Answer:
    """Refuse."""
    if step.before.state is S.REFUSED:
        return step.again("ConsignmentRejection")
    event = ev.ConsignmentRejection(
        **step.base(command.event),
        by=command.by,
        received_at=command.received_at,
        note=command.note,
    )
    after = step.after(event)
    if (late := step.late(command.received_at)) is not None:
        return step.no(late)
    return step.yes(after, (event,))


def track_access(step: Step, command: cmd.TrackAccess) -> Answer:
    """Record that a document is about to go out."""
    if command.document not in {d.number for d in step.dossier.letter.documents}:
        return step.no(NotFound("document"))
    event = ev.ContentAccessTracking(
        **step.base(command.event), by=command.by, document=command.document
    )
    if step.before.state not in CONTENT_AVAILABLE:
        return step.no(step.no_content())
    if (event.name, event.cause) in step.dossier.happened:
        return step.again(event.name, cause=event.cause)
    return step.yes(step.after(event), (event,))


def release(step: Step, command: cmd.Release) -> Answer:
    """Record that a document went out; a person's last one is the handover."""
    if step.before.state not in CONTENT_AVAILABLE:
        return step.no(step.no_content())
    if command.document in step.before.released:
        return step.again("")
    released = step.before.released | {command.document}
    everything = {d.number for d in step.dossier.letter.documents}
    person = step.before.channel is Channel.PERSON
    if step.before.state is not S.CONSIGNED or not person or released != everything:
        after = replace(step.before, released=released)
        return step.yes(after, (), released=command.document)
    event = ev.ContentHandover(
        **step.base(command.event),
        by=command.by,
        kind=ev.HandoverKind.TRANSPORT_COMPLETE,
    )
    after = replace(step.after(event), released=released)
    return step.yes(after, (event,), released=command.document)


def acknowledge(step: Step, command: cmd.Acknowledge) -> Answer:
    """Take the word of the recipient's system for what it has."""
    if step.before.state not in CONTENT_AVAILABLE:
        return step.no(step.no_content())
    if tuple(d.digest for d in step.dossier.letter.documents) != command.digests:
        return step.no(WrongDigests("these are not the digests of the documents, in order"))
    if step.before.state is S.HANDED_OVER or step.before.channel is Channel.PERSON:
        return step.again("ContentHandover" if step.before.state is S.HANDED_OVER else "")
    event = ev.ContentHandover(
        **step.base(command.event), by=command.by, kind=ev.HandoverKind.ACKNOWLEDGED
    )
    return step.yes(step.after(event), (event,))
