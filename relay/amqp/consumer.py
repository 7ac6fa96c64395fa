"""Taking messages from queues, again and again: the connection may end, the consumer goes on.

A message that was not acknowledged comes again; who handles messages must not mind. Never
acknowledges by itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog
from aiormq import Channel
from aiormq.abc import DeliveredMessage
from pamqp.commands import Basic

from relay.amqp.connection import LOST, Link, time_limit
from relay.amqp.errors import BrokerUnavailable
from relay.loops import Alarm

log = structlog.get_logger(__name__)

PAUSE_AFTER_FAILURE_SECONDS = 1.0
RENEW_SECONDS = 60.0
"""After so long without a message the consumer subscribes anew: a quorum queue that was declared
or lost its leader at the wrong moment takes a subscription, confirms messages, and delivers none.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A message as it came. `user_id` was checked by the broker, if it is there."""

    body: bytes
    key: str
    queue: str
    message_id: str
    correlation_id: str
    user_id: str
    type: str
    redelivered: bool


class Received:
    """An incoming message with the right to answer for it, once."""

    def __init__(self, incoming: Incoming, *, tag: int, channel: Channel) -> None:
        self.incoming = incoming
        self._tag = tag
        self._channel = channel

    async def ack(self) -> None:
        """It is done. If the connection is gone meanwhile, the message comes again."""
        with suppress(*LOST):
            await self._channel.basic_ack(self._tag, wait=False)

    async def again(self) -> None:
        """Back into its queue; after the queue's delivery limit it is a dead letter."""
        with suppress(*LOST):
            await self._channel.basic_reject(self._tag, requeue=True, wait=False)

    async def bury(self) -> None:
        """To the queue's dead letters, at once."""
        with suppress(*LOST):
            await self._channel.basic_reject(self._tag, requeue=False, wait=False)


Handle = Callable[[Received], Awaitable[None]]


class Consumer:
    """Takes from `queues`, at most `prefetch` unanswered messages of each at a time."""

    def __init__(  # noqa: PLR0913 - where, what, and its limits, by name
        self,
        url: str,
        *,
        name: str,
        queues: Sequence[str],
        prefetch: int,
        timeout_seconds: float = 10.0,
        renew_seconds: float = RENEW_SECONDS,
    ) -> None:
        self._link = Link(url, name=name, timeout_seconds=timeout_seconds)
        self._queues = tuple(queues)
        self._prefetch = prefetch
        self._timeout = timeout_seconds
        self._renew = renew_seconds
        self._taken = 0
        self._alarm = Alarm(name)
        self._handling: set[asyncio.Task[None]] = set()

    async def run(self, handle: Handle) -> None:
        """Until cancelled. Each message is handled in a task of its own.

        A message whose handling fails unexpectedly goes back after a second. Raises
        AccessRefused: that does not mend itself.
        """
        try:
            while True:
                try:
                    await self._consume(handle)
                except BrokerUnavailable as error:
                    self._alarm.ring("broker-unavailable", problem=str(error))
                    await asyncio.sleep(PAUSE_AFTER_FAILURE_SECONDS)
        finally:
            for task in self._handling:
                task.cancel()
            await asyncio.gather(*self._handling, return_exceptions=True)
            await self._link.close()

    async def _consume(self, handle: Handle) -> None:
        channel = await self._link.channel()
        ended = asyncio.Event()

        async def stopped(_: Basic.Cancel) -> None:  # the queue was deleted, or lost its leader
            ended.set()

        channel.on_consumer_cancel_callbacks.add(stopped)
        channel.closing.add_done_callback(lambda _: ended.set())
        try:
            async with time_limit(self._timeout, "consuming"):
                await channel.basic_qos(prefetch_count=self._prefetch)
                for queue in self._queues:
                    await channel.basic_consume(queue, self._taker(queue, channel, handle))
            await self._until_quiet(ended)
        finally:
            await self._link.drop(channel)

    async def _until_quiet(self, ended: asyncio.Event) -> None:
        """Returns when it is time to subscribe anew. Raises BrokerUnavailable at the end."""
        while True:
            before = self._taken
            try:
                await asyncio.wait_for(ended.wait(), self._renew)
            except TimeoutError:
                if self._taken == before and not self._handling:
                    return
            else:
                raise BrokerUnavailable("the broker ended the consumer")

    def _taker(
        self, queue: str, channel: Channel, handle: Handle
    ) -> Callable[[DeliveredMessage], Coroutine[None, None, None]]:
        # In tasks of ours: the library cancels its own when the channel closes, and what began
        # to be handled should be finished.
        async def take(message: DeliveredMessage) -> None:
            self._taken += 1
            task = asyncio.create_task(self._handle(_received(queue, channel, message), handle))
            self._handling.add(task)
            task.add_done_callback(self._handling.discard)

        return take

    async def _handle(self, received: Received, handle: Handle) -> None:
        try:
            await handle(received)
        except Exception:
            log.exception(
                "message-not-handled",
                queue=received.incoming.queue,
                message_id=received.incoming.message_id,
            )
            await asyncio.sleep(PAUSE_AFTER_FAILURE_SECONDS)
            await received.again()


def _received(queue: str, channel: Channel, message: DeliveredMessage) -> Received:
    properties = message.header.properties
    incoming = Incoming(
        body=message.body,
        key=message.routing_key or "",
        queue=queue,
        message_id=properties.message_id or "",
        correlation_id=properties.correlation_id or "",
        user_id=properties.user_id or "",
        type=properties.message_type or "",
        redelivered=bool(message.redelivered),
    )
    return Received(incoming, tag=message.delivery_tag or 0, channel=channel)
