"""From the outbox to the forward queues: claims rows, publishes their ids in batches.

A row is claimed in a short transaction that is over before anything is published; it stays until
the delivery side has done its work, and is claimed again if that takes too long. So a broker that
forgets everything loses nothing, and one that is down only delays. Nothing is published a second
time while it is still on its way or while nobody takes from the queues, and that counts as no
attempt: at the last attempt a letter is given up. Never holds a lock while publishing, never
removes a row.
"""

import asyncio
import itertools
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

import structlog

from relay.amqp import names
from relay.amqp.batches import print_batch
from relay.amqp.connection import Outgoing, Publisher
from relay.loops import take_turns
from relay.outcomes import leave
from tdh.domain.errors import TDHError
from tdh.domain.identifiers import OutboxId
from tdh.domain.outbox import OutboxItem, Task
from tdh.ports import Clock, Outbox

log = structlog.get_logger(__name__)

BATCH = 64
"""Rows in a message: where the cost of a message stops mattering, and a group commit is full."""
MOST_IN_FLIGHT = 1024
"""Rows published and not done. Beyond it the backlog stays where it is safe, in the database."""
ON_ITS_WAY = timedelta(seconds=5)
"""A row that was published so recently is not published again, though it is due again: under load
everything would otherwise travel twice, and the second time alone."""
PAUSE_AFTER_REFUSAL = timedelta(seconds=2)
PAUSE_WITHOUT_WORKERS = timedelta(seconds=2)


class Dispatcher:
    """Claims due FORWARD rows and publishes them. One suffices; several do no harm."""

    def __init__(  # noqa: PLR0913 - its ports and limits, by name
        self,
        *,
        outbox: Outbox,
        publisher: Publisher,
        clock: Clock,
        forward_queues: int,
        new_batch_id: Callable[[], str],
        wake: asyncio.Event | None = None,
        batch: int = BATCH,
        most_in_flight: int = MOST_IN_FLIGHT,
    ) -> None:
        """`wake` may be set by whoever has just committed rows, to spare them the poll.

        `publisher` is of the work host; `new_batch_id` gives unique names.
        """
        self._outbox = outbox
        self._publisher = publisher
        self._clock = clock
        self._names = tuple(names.forward_queue(n) for n in range(forward_queues))
        self._queues = itertools.cycle(self._names)
        self._new_batch_id = new_batch_id
        self._wake = wake
        self._batch = batch
        self._most = most_in_flight
        self._in_flight: dict[OutboxId, datetime] = {}

    async def run(self) -> None:
        """Until cancelled."""
        await take_turns(self.turn, name="dispatcher", full=self._batch, wake=self._wake)

    async def turn(self) -> int:
        """One round of claiming and publishing; how many rows there were.

        Raises StorageUnavailable, BrokerUnavailable: then nothing is lost, only later.
        """
        # The broker first: a claim counts as an attempt, and an absent broker is not the row's
        # fault.
        await self._publisher.ready()
        room = await self._room()
        if room == 0:
            return 0
        items = await self._outbox.claim(frozenset({Task.FORWARD}), room, self._clock.now())
        if not items:
            return 0
        # If we die here: the rows are claimed and not published; their next try comes.
        now = self._clock.now()
        news = await self._without_the_waiting(items, now)
        self._in_flight.update((item.id, now + ON_ITS_WAY) for item in news)
        failures = await asyncio.gather(
            *(self._publish(rows) for rows in batches(news, self._batch)), return_exceptions=True
        )
        for failure in failures:
            if failure is not None:
                raise failure
        return len(items)

    async def _without_the_waiting(
        self, items: Sequence[OutboxItem], now: datetime
    ) -> Sequence[OutboxItem]:
        """The rows to publish now; the claim of the others is taken back."""
        early = {item.id for item in items if self._in_flight.get(item.id, now) > now}
        if early:
            until = max(self._in_flight[row] for row in early)
            await leave(self._outbox, sorted(early), until)
        again = {item.id for item in items if item.attempts > 1} - early
        if again and not await self._somebody_listens():
            await leave(self._outbox, sorted(again), now + PAUSE_WITHOUT_WORKERS)
            early |= again
        return [item for item in items if item.id not in early]

    async def _somebody_listens(self) -> bool:
        """Whether anybody takes from any of the queues."""
        for queue in self._names:
            if await self._publisher.consumers(queue):
                return True
        return False

    async def _publish(self, rows: Sequence[OutboxId]) -> None:
        batch = self._new_batch_id()
        try:
            await self._publisher.publish(
                Outgoing(
                    exchange=names.FORWARD,
                    key=next(self._queues),
                    body=print_batch(rows),
                    message_id=batch,
                    type="tdh.forward",
                )
            )
        except TDHError as error:
            for row in rows:
                self._in_flight.pop(row, None)
            log.warning("forward-not-published", batch=batch, rows=len(rows), problem=error.code)
            until = self._clock.now() + PAUSE_AFTER_REFUSAL
            await leave(self._outbox, rows, until)
            raise

    async def _room(self) -> int:
        """How many more rows may be published, looking at what has been done meanwhile."""
        if self._most - len(self._in_flight) >= self._batch:
            return self._most - len(self._in_flight)
        now = self._clock.now()
        waiting = [row for row, until in self._in_flight.items() if until > now]
        there = {item.id for item in await self._outbox.items(waiting)} if waiting else set()
        self._in_flight = {row: self._in_flight[row] for row in waiting if row in there}
        return max(self._most - len(self._in_flight), 0)


def batches(items: Sequence[OutboxItem], size: int) -> Iterator[tuple[OutboxId, ...]]:
    """New rows together, `size` at a time; rows that were tried before alone.

    One of those may be what broke its company the last time.
    """
    fresh = [item.id for item in items if item.attempts <= 1]
    for start in range(0, len(fresh), size):
        yield tuple(fresh[start : start + size])
    yield from ((item.id,) for item in items if item.attempts > 1)
