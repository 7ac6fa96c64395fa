"""What partners ask for by message: parsed strictly, or refused with a typed error. Pure.

The routing key says who and what, and the broker vouches for both that and `user_id`; the body
says which delivery.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from relay.amqp import names
from relay.amqp.cloudevents import LONGEST_NAME, CloudEvent, parse_event
from relay.amqp.consumer import Incoming
from relay.payloads.fields import is_clean
from tdh.domain.errors import InvalidValue
from tdh.domain.identifiers import DeliveryId, Digest, is_id

MOST_DIGESTS = 1000
LONGEST_NOTE = 2000
SHA_256_HEX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptRequest:
    """`delivery.accept`."""

    delivery: DeliveryId


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseRequest:
    """`delivery.refuse`, with the recipient's own words or none."""

    delivery: DeliveryId
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeRequest:
    """`handover.acknowledge`: the documents' digests, in order."""

    delivery: DeliveryId
    digests: tuple[Digest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitRequest:
    """`letter.submit`: known, not served yet."""


ServedRequest = AcceptRequest | RefuseRequest | AcknowledgeRequest
Request = ServedRequest | SubmitRequest


def sender_of(incoming: Incoming) -> names.RequestKey:
    """Who asks for what. Raises InvalidValue where the message does not show it."""
    key = names.parse_request_key(incoming.key)
    if incoming.user_id != key.user:
        raise InvalidValue("user_id", "must be set to the name of the broker's user")
    return key


def read_event(body: bytes, action: str) -> CloudEvent:
    """The event that carries a request. Raises InvalidValue for what is no such event."""
    event = parse_event(body)
    if event.type != action:
        raise InvalidValue("/type", f"must be {action}, as in the routing key")
    return event


def parse_request(data: Mapping[str, Any], action: str) -> Request:
    """What is asked for. Raises InvalidValue: a missing, wrong or unknown field of `data`."""
    if action == names.LETTER_SUBMIT:
        return SubmitRequest()
    delivery = _delivery(data)
    match action:
        case names.DELIVERY_ACCEPT:
            _only(data, "delivery")
            return AcceptRequest(delivery=delivery)
        case names.DELIVERY_REFUSE:
            _only(data, "delivery", "note")
            return RefuseRequest(delivery=delivery, note=_note(data))
        case _:
            _only(data, "delivery", "digests")
            return AcknowledgeRequest(delivery=delivery, digests=_digests(data))


def _only(data: Mapping[str, Any], *known: str) -> None:
    if unknown := sorted(data.keys() - set(known)):
        raise InvalidValue(f"/data/{unknown[0][:LONGEST_NAME]}", "is not known here")


def _delivery(data: Mapping[str, Any]) -> DeliveryId:
    text = data.get("delivery")
    if not isinstance(text, str) or not is_id("dlv", text):
        raise InvalidValue("/data/delivery", "must be the id of a delivery")
    return DeliveryId(text)


def _note(data: Mapping[str, Any]) -> str:
    note = data.get("note", "")
    if not isinstance(note, str) or len(note) > LONGEST_NOTE:
        raise InvalidValue("/data/note", f"must be text of at most {LONGEST_NOTE} characters")
    if not is_clean(note):
        raise InvalidValue("/data/note", "must not contain control characters")
    return note


def _digests(data: Mapping[str, Any]) -> tuple[Digest, ...]:
    texts = data.get("digests")
    if not isinstance(texts, list) or not 1 <= len(texts) <= MOST_DIGESTS:
        raise InvalidValue("/data/digests", "must be the list of the documents' digests")
    return tuple(parse_digest(text, f"/data/digests/{n}") for n, text in enumerate(texts))


def parse_digest(text: object, field: str) -> Digest:
    """A digest as messages carry it, `sha-256:` and 64 hexadecimal digits. Raises InvalidValue."""
    algorithm, _, value = str(text).partition(":")
    if algorithm == "sha-256" and len(value) == SHA_256_HEX and value.isalnum():
        try:
            return Digest(value=bytes.fromhex(value))
        except ValueError:
            pass
    raise InvalidValue(field, "must be sha-256: and 64 hexadecimal digits")


def print_digest(digest: Digest) -> str:
    """Inverse of `parse_digest`."""
    return f"{digest.algorithm}:{digest.hex}"
