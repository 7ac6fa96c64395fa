"""The delivery side: messages from the forward queues become commands for the group commit.

A message is acknowledged after everything in it has its outcome. It may come twice: the outbox
row goes in the transaction of its effect, so the second message finds nothing to do. Never
decides anything about a delivery; never trusts a message beyond the ids in it.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from relay.amqp import names
from relay.amqp.batches import parse_batch
from relay.amqp.connection import Outgoing, Publisher
from relay.amqp.consumer import Consumer, Received
from relay.loops import Alarm
from relay.outcomes import UNAVAILABLE_PAUSE, leave
from tdh.delivery.forwarding import fail_consignment, forward
from tdh.domain.errors import InvalidValue, MailboxClosed, ServiceUnavailable, TDHError
from tdh.domain.events import EventReason
from tdh.domain.outbox import OutboxItem, Task
from tdh.domain.policies import ATTEMPTS_BEFORE_PARKING
from tdh.ports import Clock, Commit, Ids, Outbox

log = structlog.get_logger(__name__)

MAILBOX_CLOSED = EventReason(code="mailbox-closed")


class ForwardWorker:
    """Does what the forward queues say."""

    def __init__(  # noqa: PLR0913 - its ports, by name
        self,
        *,
        consumer: Consumer,
        publisher: Publisher,
        outbox: Outbox,
        commit: Commit,
        ids: Ids,
        clock: Clock,
        new_message_id: Callable[[], str],
        last_attempt: int = ATTEMPTS_BEFORE_PARKING,
    ) -> None:
        """`consumer` of the forward queues; `publisher` of the same host, for dead letters.

        They have a connection each: a broker short of memory blocks those that publish.
        """
        self._consumer = consumer
        self._publisher = publisher
        self._outbox = outbox
        self._commit = commit
        self._ids = ids
        self._clock = clock
        self._new_message_id = new_message_id
        self._last_attempt = last_attempt
        self._alarm = Alarm("worker")

    async def run(self) -> None:
        """Until cancelled."""
        await self._consumer.run(self.handle)

    async def handle(self, received: Received) -> None:
        """Do what one message says. Raises BrokerUnavailable: then the message comes again."""
        try:
            rows = parse_batch(received.incoming.body)
        except InvalidValue as error:
            await self._bury(received, error)
            return
        try:
            items = await self._outbox.items(rows)
        except ServiceUnavailable as error:
            # The rows are still there, and due again soon: the message has done its part.
            self._alarm.ring(error.code, problem=str(error))
            await received.ack()
            return
        await self._do(items)
        # If we die before this: the message comes again and finds its rows gone.
        await received.ack()

    async def _do(self, items: Sequence[OutboxItem]) -> None:
        forwarded = [item for item in items if item.task is Task.FORWARD]
        postponed = await asyncio.gather(*(self._forward(item) for item in forwarded))
        rows = [item.id for item in postponed if item is not None]
        if rows:
            await leave(self._outbox, rows, self._clock.now() + UNAVAILABLE_PAUSE)

    async def _forward(self, item: OutboxItem) -> OutboxItem | None:
        """Gives the item back where a part of the service is what is missing."""
        facts = {"delivery": item.delivery, "outbox": item.id, "attempts": item.attempts}
        try:
            await self._forward_or_fail(item)
        except ServiceUnavailable as error:
            self._alarm.ring(error.code, problem=str(error), **facts)
            return item
        except TDHError as error:
            log.warning("forward-refused", problem=error.code, retryable=error.retryable, **facts)
        except Exception:
            log.exception("forward-failed", **facts)
        else:
            return None
        if item.attempts >= self._last_attempt:
            self._alarm.ring("forward-parked", **facts)
        return None

    async def _forward_or_fail(self, item: OutboxItem) -> None:
        try:
            await forward(item.delivery, item.id, commit=self._commit, ids=self._ids)
        except MailboxClosed:
            if item.attempts < self._last_attempt:
                raise
            await fail_consignment(
                item.delivery, item.id, MAILBOX_CLOSED, commit=self._commit, ids=self._ids
            )

    async def _bury(self, received: Received, problem: InvalidValue) -> None:
        incoming = received.incoming
        self._alarm.ring("message-unreadable", queue=incoming.queue, problem=str(problem))
        await self._publisher.publish(
            Outgoing(
                exchange=names.DEAD,
                key=names.DEAD_WORK,
                body=incoming.body,
                message_id=self._new_message_id(),
                content_type="application/octet-stream",
                headers={
                    "tdh-reason": str(problem),
                    "tdh-queue": incoming.queue,
                    "tdh-message-id": incoming.message_id,
                },
            )
        )
        await received.ack()
