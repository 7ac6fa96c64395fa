"""Names of exchanges, queues and routing keys in the broker: programs outside depend on them.

Pure. A party's slug is its id with `:` replaced by `-`; it never holds a dot, so that it is one
word of a topic key.
"""

from dataclasses import dataclass

from tdh.domain.errors import InvalidValue
from tdh.domain.identifiers import PartyId, party_of_slug

WORK_HOST = "tdh-work"
PARTNER_HOST = "tdh"

FORWARD = "forward"
"""In the work host: direct, from the deposit side to the delivery side."""
MAILBOX = "tdh.mailbox"
SUBMIT = "tdh.submit"
EVENTS = "tdh.events"
DEAD = "tdh.dead"
"""In both hosts: a queue can only hand its dead letters to an exchange of its own host."""
DEFAULT_EXCHANGE = ""
"""The broker's own: a message goes to the queue that is named like its routing key."""
DEAD_WORK = "dead.work"

LETTER_SUBMIT = "letter.submit"
DELIVERY_ACCEPT = "delivery.accept"
DELIVERY_REFUSE = "delivery.refuse"
HANDOVER_ACKNOWLEDGE = "handover.acknowledge"
ACTIONS = (LETTER_SUBMIT, DELIVERY_ACCEPT, DELIVERY_REFUSE, HANDOVER_ACKNOWLEDGE)
"""What a partner may ask for; a routing key is `<user>.<action>`."""


def forward_queue(number: int) -> str:
    """One of the queues between deposit and delivery side; also its routing key."""
    return f"forward.{number}"


def submit_queue(number: int) -> str:
    """One of the queues in which partners' requests wait for us."""
    return f"submit.{number}"


def mailbox_queue(slug: str) -> str:
    """Where a partner takes its deliveries from; also the routing key to it."""
    return f"mailbox.{slug}"


def reply_queue(slug: str) -> str:
    """Where a partner finds the answers to its requests."""
    return f"reply.{slug}"


def events_queue(slug: str) -> str:
    """A partner's event feed."""
    return f"events.{slug}"


def dead_queue(slug: str) -> str:
    """What a partner sent or was to get and could not be parsed or delivered."""
    return f"dead.{slug}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKey:
    """The routing key of a partner's request. The broker lets nobody use another's user."""

    user: str
    party: PartyId
    action: str


def request_key(user: str, action: str) -> str:
    """The routing key under which `user` asks for `action`."""
    return f"{user}.{action}"


def parse_request_key(key: str) -> RequestKey:
    """Inverse of `request_key`. Raises InvalidValue: unknown action, or no party's slug."""
    user, _, action = key.partition(".")
    if action not in ACTIONS:
        raise InvalidValue("routing-key", "must be <user>. and one of: " + ", ".join(ACTIONS))
    return RequestKey(user=user, party=party_of_slug(user), action=action)
