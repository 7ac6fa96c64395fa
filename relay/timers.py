"""Terms that end: expiry of the waiting for accept or refuse, end of the holding time.

A timer is an outbox row that commits with the state that makes it due, so it survives every
restart; this loop only claims rows whose time has come. Whether it really has is decided under
the delivery's lock, not here.
"""

import asyncio
from datetime import timedelta

import structlog

from relay.loops import Alarm, take_turns
from relay.outcomes import UNAVAILABLE_PAUSE, leave
from tdh.delivery.expiry import end_holding, expire
from tdh.domain.errors import NotDueYet, ServiceUnavailable, TDHError
from tdh.domain.outbox import OutboxItem, Task
from tdh.domain.policies import ATTEMPTS_BEFORE_PARKING
from tdh.ports import Clock, Commit, Ids, Outbox

log = structlog.get_logger(__name__)

TASKS = frozenset({Task.EXPIRE, Task.END_HOLDING})
MOST_AT_ONCE = 128
EARLY_PAUSE = timedelta(seconds=1)
"""Until the next look at a term that turned out to run longer."""


class Timers:
    """Ends terms that are over. Several of these loops do no harm."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        commit: Commit,
        ids: Ids,
        clock: Clock,
        most_at_once: int = MOST_AT_ONCE,
    ) -> None:
        self._outbox = outbox
        self._commit = commit
        self._ids = ids
        self._clock = clock
        self._most = most_at_once
        self._alarm = Alarm("timers")

    async def run(self) -> None:
        """Until cancelled."""
        await take_turns(self.turn, name="timers", full=self._most)

    async def turn(self) -> int:
        """End what is over; how many rows there were. Raises StorageUnavailable."""
        items = await self._outbox.claim(TASKS, self._most, self._clock.now())
        pauses = await asyncio.gather(*(self._end(item) for item in items))
        for pause in (EARLY_PAUSE, UNAVAILABLE_PAUSE):
            rows = [item.id for item, chosen in zip(items, pauses, strict=True) if chosen is pause]
            if rows:
                await leave(self._outbox, rows, self._clock.now() + pause)
        return len(items)

    async def _end(self, item: OutboxItem) -> timedelta | None:
        """How long to wait where it could not be done for no fault of the row."""
        facts = {"delivery": item.delivery, "outbox": item.id, "attempts": item.attempts}
        step = expire if item.task is Task.EXPIRE else end_holding
        try:
            await step(item.delivery, item.id, commit=self._commit, ids=self._ids)
        except NotDueYet:
            return EARLY_PAUSE
        except ServiceUnavailable as error:
            self._alarm.ring(error.code, problem=str(error), **facts)
            return UNAVAILABLE_PAUSE
        except TDHError as error:
            log.warning("term-not-ended", task=item.task, problem=error.code, **facts)
        except Exception:
            log.exception("term-not-ended", task=item.task, **facts)
        else:
            return None
        if item.attempts >= ATTEMPTS_BEFORE_PARKING:
            self._alarm.ring("term-parked", task=item.task, **facts)
        return None
