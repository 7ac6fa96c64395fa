"""What a partner's queue is told: a delivery waits for accept or refuse, or its content is there.

By reference: the letter's envelope, the documents' digests and addresses, never their content.
Pure: a delivery in, a message out.
"""

import base64
from dataclasses import dataclass

from relay.amqp import names
from relay.amqp.cloudevents import CONTENT_TYPE, CloudEvent, print_event, print_time
from relay.amqp.connection import Outgoing
from tdh.domain.identifiers import party_slug
from tdh.domain.letters import Document, Dossier
from tdh.domain.lifecycle import DeliveryState
from tdh.domain.outbox import Task
from tdh.domain.parties import Party
from tdh.domain.records import DeliveryView, EventView

AWAITING_ACCEPTANCE = "delivery.awaiting_acceptance"
CONSIGNED = "delivery.consigned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """A kind of message: which event it tells of, and while the delivery is in which state."""

    type: str
    event: str
    state: DeliveryState


ANNOUNCEMENTS = {
    Task.PUSH_ENVELOPE: Announcement(
        type=AWAITING_ACCEPTANCE,
        event="NotificationForAcceptance",
        state=DeliveryState.AWAITING_ACCEPTANCE,
    ),
    Task.PUSH_CONTENT: Announcement(
        type=CONSIGNED, event="ContentConsignment", state=DeliveryState.CONSIGNED
    ),
}


def announce(view: DeliveryView, task: Task, *, source: str, attempt: int) -> Outgoing | None:
    """The message for a push row; None where there is nothing to tell any more.

    The same event gives the same `message_id`, however often it is told. `source` is the URI of
    this service in CloudEvents.
    """
    kind = ANNOUNCEMENTS[task]
    event = _event_named(view, kind.event)
    delivery = view.dossier.delivery
    if event is None or delivery.state is not kind.state:
        return None
    queue = names.mailbox_queue(party_slug(delivery.recipient))
    told = CloudEvent(
        id=event.id,
        source=source,
        type=kind.type,
        subject=delivery.id,
        time=event.time,
        data=_data(view.dossier, with_content=task is Task.PUSH_CONTENT),
    )
    return Outgoing(
        exchange=names.MAILBOX,
        key=queue,
        body=print_event(told),
        message_id=event.id,
        content_type=CONTENT_TYPE,
        type=kind.type,
        timestamp=event.time,
        headers=_headers(view.dossier, attempt),
    )


def is_told(view: DeliveryView, channel: str) -> bool:
    """Whether the ConsignmentNotification of this channel is on record."""
    return ("ConsignmentNotification", channel) in {(e.name, e.cause) for e in view.events}


def _event_named(view: DeliveryView, name: str) -> EventView | None:
    return next((event for event in view.events if event.name == name), None)


def _headers(dossier: Dossier, attempt: int) -> dict[str, str | int]:
    delivery, main = dossier.delivery, dossier.letter.documents[0]
    due = delivery.holding_until or delivery.acceptance_deadline
    headers: dict[str, str | int] = {
        "tdh-delivery": delivery.id,
        "tdh-letter": delivery.letter,
        "tdh-tracking": delivery.tracking,
        "tdh-mode": "reference",
        "tdh-attempt": attempt,
        "tdh-digest": _content_digest(main),
    }
    if due is not None:
        headers["tdh-due"] = print_time(due)
    return headers


def _content_digest(document: Document) -> str:
    """As in RFC 9530's Content-Digest."""
    value = base64.b64encode(document.digest.value).decode("ascii")
    return f"{document.digest.algorithm}=:{value}:"


def _data(dossier: Dossier, *, with_content: bool) -> dict[str, object]:
    delivery, envelope = dossier.delivery, dossier.letter.envelope
    due = delivery.holding_until if with_content else delivery.acceptance_deadline
    address = f"/v1/inbox/{delivery.id}"
    return {
        "delivery": delivery.id,
        "letter": delivery.letter,
        "tracking": delivery.tracking,
        "state": delivery.state.value,
        "consignment_mode": delivery.mode.value,
        "sender": _party(dossier.sender),
        "recipient": _party(dossier.recipient),
        "number": envelope.number,
        "date": envelope.date.isoformat(),
        "subject": envelope.subject,
        "salutation": envelope.salutation,
        "references": list(envelope.references),
        "urgency": envelope.urgency.value,
        "secrecy": envelope.secrecy.value,
        "documents": [
            _document(document, address if with_content else None)
            for document in dossier.letter.documents
        ],
        "due_at": None if due is None else print_time(due),
        "href": address,
    }


def _party(party: Party) -> dict[str, str]:
    return {"party": party.id, "name_th": party.name_th, "name_en": party.name_en}


def _document(document: Document, address: str | None) -> dict[str, object]:
    """Before acceptance a document has no address: there would be nothing to fetch."""
    plain: dict[str, object] = {
        "number": document.number,
        "role": document.role.value,
        "filename": document.filename,
        "media_type": document.media_type,
        "size": document.size,
        "digest": f"{document.digest.algorithm}:{document.digest.hex}",
    }
    if address is not None:
        plain["href"] = f"{address}/documents/{document.number}"
    return plain
