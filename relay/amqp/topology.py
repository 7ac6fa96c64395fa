"""Exchanges and queues, declared once, at set-up, and never just before their first use.

A quorum queue that is killed with its broker within a few seconds of its declaration may be lost
with its messages; so nothing here is called on the way of a letter. Declaring again is harmless.
All arguments are understood by RabbitMQ 3.10 and later. Never deletes or changes what exists.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiormq import Channel
from aiormq.exceptions import ChannelPreconditionFailed

from relay.amqp import names
from relay.amqp.connection import Link, time_limit
from relay.amqp.errors import TopologyMismatch
from tdh.domain.identifiers import PartyId, party_slug

DELIVERY_LIMIT = 20
"""Deliveries of one message before it is a dead letter. Said, because 3.10 has no default and 4.0
has this one."""
DEAD_DELIVERY_LIMIT = 1_000_000
"""Dead letters are looked at and put back; they must not vanish by that."""
LONGEST_QUEUE = 100_000
"""Messages in a queue; then the broker refuses more, and the rest waits in the outbox."""
TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """An exchange that survives restarts."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A quorum queue and the bindings into it, as (exchange, routing key)."""

    name: str
    bindings: Sequence[tuple[str, str]] = ()
    dead: str | None = None
    """Where its dead letters go; None for a queue of dead letters."""

    @property
    def arguments(self) -> Mapping[str, str | int]:
        """What the broker is told of the queue; it refuses to have them changed later."""
        common: dict[str, str | int] = {
            "x-queue-type": "quorum",
            "x-max-length": LONGEST_QUEUE,
            "x-overflow": "reject-publish",
        }
        if self.dead is None:
            return {**common, "x-delivery-limit": DEAD_DELIVERY_LIMIT}
        return {
            **common,
            "x-delivery-limit": DELIVERY_LIMIT,
            "x-dead-letter-exchange": names.DEAD,
            "x-dead-letter-routing-key": self.dead,
            "x-dead-letter-strategy": "at-least-once",  # takes effect with reject-publish only
        }


DEAD_WORK = Queue(name=names.DEAD_WORK, bindings=((names.DEAD, names.DEAD_WORK),))


async def declare_work(url: str, *, forward_queues: int) -> None:
    """Make what the virtual host of our own queues needs.

    Raises TopologyMismatch, BrokerUnavailable, AccessRefused.
    """
    exchanges = (
        Exchange(name=names.FORWARD, kind="direct"),
        Exchange(name=names.DEAD, kind="direct"),
    )
    forward = [
        Queue(name=name, bindings=((names.FORWARD, name),), dead=names.DEAD_WORK)
        for name in map(names.forward_queue, range(forward_queues))
    ]
    await _declare(url, exchanges, [DEAD_WORK, *forward])


async def declare_partner(url: str, *, submit_queues: int) -> None:
    """Make what all partners share in their virtual host.

    Requests are spread over the submit queues by what they ask for: one action, one queue, so
    that a partner's acknowledgements keep their order. Raises as `declare_work`.
    """
    exchanges = (
        Exchange(name=names.MAILBOX, kind="direct"),
        Exchange(name=names.SUBMIT, kind="topic"),
        Exchange(name=names.EVENTS, kind="topic"),
        Exchange(name=names.DEAD, kind="direct"),
    )
    submit = [
        Queue(
            name=names.submit_queue(number),
            bindings=tuple(
                (names.SUBMIT, f"*.{action}")
                for place, action in enumerate(names.ACTIONS)
                if place % submit_queues == number
            ),
            dead=names.DEAD_WORK,
        )
        for number in range(submit_queues)
    ]
    await _declare(url, exchanges, [DEAD_WORK, *submit])


async def declare_party(url: str, party: PartyId) -> None:
    """Make the queues of one partner: mailbox, replies, events, dead letters.

    Needs `declare_partner` first. Raises as `declare_work`.
    """
    slug = party_slug(party)
    dead = names.dead_queue(slug)
    mailbox = names.mailbox_queue(slug)
    queues = (
        Queue(name=dead, bindings=((names.DEAD, dead),)),
        Queue(name=mailbox, bindings=((names.MAILBOX, mailbox),), dead=dead),
        Queue(name=names.reply_queue(slug), dead=dead),
        Queue(name=names.events_queue(slug), bindings=((names.EVENTS, f"*.{slug}.#"),), dead=dead),
    )
    await _declare(url, (), queues)


async def _declare(url: str, exchanges: Sequence[Exchange], queues: Sequence[Queue]) -> None:
    link = Link(url, name="tdh-topology", timeout_seconds=TIMEOUT_SECONDS)
    try:
        channel = await link.channel()
        for exchange in exchanges:
            async with _asking_for(exchange.name):
                await channel.exchange_declare(
                    exchange.name, exchange_type=exchange.kind, durable=True
                )
        for queue in queues:
            async with _asking_for(queue.name):
                await _declare_queue(channel, queue)
    finally:
        await link.close()


async def _declare_queue(channel: Channel, queue: Queue) -> None:
    await channel.queue_declare(queue.name, durable=True, arguments=dict(queue.arguments))
    for exchange, key in queue.bindings:
        await channel.queue_bind(queue.name, exchange, key)


@asynccontextmanager
async def _asking_for(name: str) -> AsyncIterator[None]:
    async with time_limit(TIMEOUT_SECONDS, f"declaring {name}"):
        try:
            yield
        except ChannelPreconditionFailed as error:
            raise TopologyMismatch(name, str(error)) from error
