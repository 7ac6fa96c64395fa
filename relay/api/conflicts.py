"""Who comes too late is told what came first: the refusal carries that event's evidence."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from relay.api.errors import Told
from relay.problems import EvidenceNote
from tdh.domain.errors import AcceptanceTooLate, AlreadyDecided
from tdh.domain.events import FINAL_EVENTS
from tdh.domain.identifiers import DeliveryId, PartyId
from tdh.ports import Mailboxes


@asynccontextmanager
async def explained(
    mailboxes: Mailboxes, delivery: DeliveryId, party: PartyId
) -> AsyncIterator[None]:
    """Around a step on a delivery: raises Told in place of a refusal that has a winner."""
    try:
        yield
    except (AlreadyDecided, AcceptanceTooLate) as error:
        winner = error.winner if isinstance(error, AlreadyDecided) else ""
        note = await _winner(mailboxes, delivery, party, winner)
        if note is None:
            raise
        raise Told(error, note) from error


async def _winner(
    mailboxes: Mailboxes, delivery: DeliveryId, party: PartyId, winner: str
) -> EvidenceNote | None:
    """The event of that name, else the one that ended the delivery."""
    view = await mailboxes.delivery(delivery, party)
    if view is None:
        return None
    named = [one for one in view.events if one.name == winner]
    final = [one for one in view.events if one.name in FINAL_EVENTS]
    for event in (*named[-1:], *final[-1:]):
        return EvidenceNote(id=event.evidence, event=event.name)
    # A failed notification ends a delivery without being final by name.
    last = view.events[-1:] if winner else ()
    return next((EvidenceNote(id=one.evidence, event=one.name) for one in last), None)
