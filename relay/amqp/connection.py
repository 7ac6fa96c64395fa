"""One connection with one channel to the broker, kept alive; and publishing over it.

On `aiormq`, not on `aio-pika` above it: a message costs half the processor time, and aio-pika's
own reconnecting is what hangs (a publish on its closed robust connection waits for the broker to
come back, however long). Here every call has a time limit, every error throws the channel away,
and the next call makes a new one. Never the record of anything: that is the outbox.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast
from urllib.parse import urlencode

import aiormq
from aiormq import Channel, Connection
from aiormq.exceptions import AMQPError, DeliveryError, PublishError
from pamqp.commands import Basic

from relay.amqp.errors import AccessRefused, BrokerUnavailable, NotTaken, Unroutable

HEARTBEAT_SECONDS = 10
"""A silent broker is noticed after about three of them."""
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0
PERSISTENT = 2

LOST = (
    AMQPError,
    aiormq.exceptions.ChannelInvalidStateError,
    OSError,
    EOFError,
    RuntimeError,  # a channel asked of a connection that has just closed
    TimeoutError,
)
"""All ways in which the library says that connection or channel are gone."""


class Link:
    """Connects when needed, after a pause that grows with each failure (0.1 s to 5 s)."""

    def __init__(self, url: str, *, name: str, timeout_seconds: float) -> None:
        query = urlencode({"heartbeat": HEARTBEAT_SECONDS, "name": name})
        self._url = f"{url}{'&' if '?' in url else '?'}{query}"
        self._timeout = timeout_seconds
        self._lock = asyncio.Lock()
        self._connection: Connection | None = None
        self._channel: Channel | None = None
        self._attempts = 0
        self._failures = 0

    async def channel(self) -> Channel:
        """An open channel of an unblocked connection. Raises BrokerUnavailable, AccessRefused."""
        before = self._attempts
        async with self._lock:
            channel = self._channel
            if channel is not None and not channel.is_closed:
                return channel
            if self._attempts != before:
                # Somebody tried while we waited. Trying again for each who waits, one after the
                # other, would keep the last one for minutes.
                raise BrokerUnavailable("no connection to the broker")
            return await self._open()

    async def ready(self) -> None:
        """Returns once there is an open channel, however long that takes. Raises AccessRefused."""
        while True:
            with suppress(BrokerUnavailable):
                await self.channel()
                return

    async def _open(self) -> Channel:
        await self._end()
        await self._pause()
        self._attempts += 1
        try:
            async with asyncio.timeout(self._timeout):
                connection = await aiormq.connect(self._url)
                self._connection = connection
                await connection.ready()
                self._channel = cast(Channel, await connection.channel())
        except aiormq.exceptions.ProbableAuthenticationError as error:
            self._failures += 1
            raise AccessRefused("the broker does not know this user or password") from error
        except LOST as error:
            self._failures += 1
            await self._end()
            raise BrokerUnavailable("no connection to the broker") from error
        self._failures = 0
        return self._channel

    async def _pause(self) -> None:
        if self._failures:
            pause = FIRST_PAUSE_SECONDS * 2 ** (self._failures - 1)
            await asyncio.sleep(min(pause, LONGEST_PAUSE_SECONDS))

    async def check_unblocked(self) -> None:
        """Raises BrokerUnavailable while the broker (out of memory or disk) takes no messages."""
        if self._connection is None:
            return
        try:
            async with asyncio.timeout(self._timeout):
                await self._connection.ready()
        except TimeoutError:
            raise BrokerUnavailable("the broker is out of memory or disk") from None

    async def drop(self, channel: Channel) -> None:
        """Throw this channel and its connection away, unless another one is in use already."""
        async with self._lock:
            if self._channel is channel:
                await self._end()

    async def close(self) -> None:
        """End the connection; a later call would open a new one."""
        async with self._lock:
            await self._end()

    async def _end(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            with suppress(*LOST):
                await connection.close(timeout=self._timeout)


@asynccontextmanager
async def time_limit(seconds: float, what: str) -> AsyncIterator[None]:
    """Errors of the library and a passed time limit become BrokerUnavailable."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except aiormq.exceptions.ChannelAccessRefused as error:
        raise AccessRefused(f"{what}: {error}") from error
    except LOST as error:
        raise BrokerUnavailable(f"{what}: {type(error).__name__} {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message to publish: always persistent, mandatory and confirmed."""

    exchange: str
    key: str
    body: bytes
    message_id: str
    """Unique among the messages in flight: a returned message is known by it."""
    content_type: str = "application/json"
    type: str | None = None
    correlation_id: str | None = None
    user_id: str | None = None
    timestamp: datetime | None = None
    headers: Mapping[str, str | int] = field(default_factory=dict)


class Publisher:
    """Publishes on a channel of its own, many messages at a time."""

    def __init__(self, url: str, *, name: str, timeout_seconds: float = 5.0) -> None:
        self._link = Link(url, name=name, timeout_seconds=timeout_seconds)
        self._timeout = timeout_seconds

    async def ready(self) -> None:
        """Returns once the broker is there. Nothing should be claimed before."""
        await self._link.ready()

    async def publish(self, message: Outgoing) -> None:
        """Returns when the broker has the message in a queue, confirmed.

        Raises Unroutable, NotTaken (both: surely not there), BrokerUnavailable (nobody knows),
        AccessRefused.
        """
        channel = await self._link.channel()
        await self._link.check_unblocked()
        try:
            async with time_limit(self._timeout, f"publishing to {message.key}"):
                await _publish(channel, message)
        except (BrokerUnavailable, AccessRefused):
            # Of a message without an answer nothing is known: neither is of this channel.
            await self._link.drop(channel)
            raise

    async def consumers(self, queue: str) -> int:
        """How many take from a queue; 0 where there is no such queue.

        Raises BrokerUnavailable, AccessRefused.
        """
        channel = await self._link.channel()
        try:
            async with time_limit(self._timeout, f"asking for {queue}"):
                found = await channel.queue_declare(queue, passive=True)
        except BrokerUnavailable as error:
            await self._link.drop(channel)
            if isinstance(error.__cause__, aiormq.exceptions.ChannelNotFoundEntity):
                return 0
            raise
        return found.consumer_count or 0

    async def close(self) -> None:
        """End the connection."""
        await self._link.close()


async def _publish(channel: Channel, message: Outgoing) -> None:
    properties = Basic.Properties(
        content_type=message.content_type,
        delivery_mode=PERSISTENT,
        message_id=message.message_id,
        message_type=message.type,
        correlation_id=message.correlation_id,
        user_id=message.user_id,
        timestamp=message.timestamp,
        app_id="tdh",
        headers=dict(message.headers) or None,
    )
    try:
        # Waiting for the confirm is waiting enough; waiting for the socket first would hold the
        # channel, and messages would go out one by one.
        await channel.basic_publish(
            message.body,
            exchange=message.exchange,
            routing_key=message.key,
            properties=properties,
            mandatory=True,
            wait=False,
        )
    except PublishError as error:
        raise Unroutable(f"no queue for {message.key} at {message.exchange}") from error
    except DeliveryError as error:
        raise NotTaken(f"the broker refused a message for {message.key}") from error
