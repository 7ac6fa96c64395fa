"""Telling partners' queues: a confirmed, routed message is a notice given, a return a failed one.

The mailbox row is the consignment; the queue only tells of it. A push row stays until the
handover, and is told again after a while, under the same message id. Never pushes content.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Protocol

import structlog

from relay.amqp.announcements import announce, is_told
from relay.amqp.connection import Publisher
from relay.amqp.errors import BrokerUnavailable, NotTaken
from relay.loops import Alarm, take_turns
from relay.outcomes import UNAVAILABLE_PAUSE, leave
from tdh.delivery.forwarding import record_notice
from tdh.domain.errors import ServiceUnavailable, TDHError
from tdh.domain.events import EventReason
from tdh.domain.identifiers import DeliveryId, OutboxId
from tdh.domain.outbox import OutboxItem, Task
from tdh.domain.records import DeliveryView
from tdh.ports import Clock, Commit, Ids, Outbox

log = structlog.get_logger(__name__)

TASKS = frozenset({Task.PUSH_ENVELOPE, Task.PUSH_CONTENT})
CHANNEL = "amqp"
MOST_AT_ONCE = 128
AGAIN_AFTER = timedelta(hours=1)
"""A partner that lost a message has it again within the hour; one that is merely slow does not
drown in repetitions."""


class DeliveryReader(Protocol):
    """Reads deliveries for the service itself, whoever their parties are."""

    async def views(self, deliveries: Sequence[DeliveryId]) -> Mapping[DeliveryId, DeliveryView]:
        """Those that exist, with their events."""
        ...


class Pushes:
    """Tells partners' queues of their deliveries. Several of these loops do no harm."""

    def __init__(  # noqa: PLR0913 - its ports, by name
        self,
        *,
        outbox: Outbox,
        deliveries: DeliveryReader,
        publisher: Publisher,
        commit: Commit,
        ids: Ids,
        clock: Clock,
        source: str,
        again_after: timedelta = AGAIN_AFTER,
        most_at_once: int = MOST_AT_ONCE,
    ) -> None:
        """`publisher` is of the partners' host; `source` names this service in CloudEvents."""
        self._outbox = outbox
        self._deliveries = deliveries
        self._publisher = publisher
        self._commit = commit
        self._ids = ids
        self._clock = clock
        self._source = source
        self._again_after = again_after
        self._most = most_at_once
        self._alarm = Alarm("pushes")

    async def run(self) -> None:
        """Until cancelled."""
        await take_turns(self.turn, name="pushes", full=self._most)

    async def turn(self) -> int:
        """One round; how many rows there were. Raises StorageUnavailable, BrokerUnavailable."""
        await self._publisher.ready()  # a claim counts as an attempt
        items = await self._outbox.claim(TASKS, self._most, self._clock.now())
        if not items:
            return 0
        views = await self._deliveries.views([item.delivery for item in items])
        pauses = await asyncio.gather(*(self._push(item, views) for item in items))
        await self._postpone(items, pauses)
        return len(items)

    async def _postpone(
        self, items: Sequence[OutboxItem], pauses: Sequence[timedelta | None]
    ) -> None:
        now = self._clock.now()
        grouped: dict[timedelta, list[OutboxId]] = {}
        for item, pause in zip(items, pauses, strict=True):
            if pause is not None:
                grouped.setdefault(pause, []).append(item.id)
        for pause, rows in grouped.items():
            # If we die before this: the message goes out once more, under the same id.
            await leave(self._outbox, rows, now + pause)

    async def _push(
        self, item: OutboxItem, views: Mapping[DeliveryId, DeliveryView]
    ) -> timedelta | None:
        """How long to wait before the next time; None leaves that to the row's own attempts."""
        facts = {"delivery": item.delivery, "outbox": item.id, "attempts": item.attempts}
        try:
            return await self._tell(item, views.get(item.delivery))
        except ServiceUnavailable as error:
            self._alarm.ring(error.code, problem=str(error), **facts)
            return UNAVAILABLE_PAUSE
        except TDHError as error:
            log.warning("push-refused", problem=error.code, **facts)
        except Exception:
            log.exception("push-failed", **facts)
        return None

    async def _tell(self, item: OutboxItem, view: DeliveryView | None) -> timedelta | None:
        if view is None:
            return self._again_after
        message = announce(view, item.task, source=self._source, attempt=item.attempts)
        if message is None:
            return self._again_after  # overtaken: the row goes with the next step
        failure = None
        try:
            await self._publisher.publish(message)
        except BrokerUnavailable:
            raise  # perhaps told, perhaps not: neither is to be recorded
        except NotTaken as error:
            failure = EventReason(code=error.reason)
            self._alarm.ring(error.code, delivery=item.delivery, queue=message.key)
        # If we die here: it is told again, and recorded then.
        if failure is not None or (item.task is Task.PUSH_CONTENT and not is_told(view, CHANNEL)):
            await record_notice(item.delivery, CHANNEL, failure, commit=self._commit, ids=self._ids)
        return self._again_after if failure is None else None
