"""The loop that has signatures judged again which were accepted on older revocation data.

It runs where documents can be opened and judged: in the API's process, which holds the vault's keys
and can start a judge. One letter at a time, so that letters that come in do not wait for it, by a
judge of its own that is there only while there is work. Whether a changed answer may be told is
decided under the deliveries' locks, not here.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import structlog

from relay.loops import Alarm, take_turns
from relay.outcomes import leave
from tdh.domain.errors import ServiceUnavailable, TDHError
from tdh.domain.outbox import OutboxItem, Task
from tdh.domain.policies import Policy
from tdh.ports import Clock, Judge, Outbox

log = structlog.get_logger(__name__)

TASKS = frozenset({Task.RECHECK_SIGNATURE})
PAUSE = timedelta(minutes=1)
"""Until the next try when judge, vault, database or sealer were missing; it counts as none."""
MOST_A_TURN = 100
"""Letters by one judge: the next one has the trust that is in force then."""
LONGEST_REST_SECONDS = 5.0
"""Letters wait for hours here: nobody needs this loop to look ten times a second."""


class Rechecks:
    """Has letters judged again whose time has come. Several of these loops do no harm."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        recheck: Callable[[OutboxItem, Judge], Awaitable[bool]],
        judge: Callable[[], AbstractAsyncContextManager[Judge]],
        clock: Clock,
        policy: Policy,
    ) -> None:
        """`recheck`: one try; whether every document of the letter has its answer.

        `judge`: starts one for times gone by. Raises JudgeUnavailable.
        """
        self._outbox = outbox
        self._recheck = recheck
        self._judge = judge
        self._clock = clock
        self._policy = policy
        self._alarm = Alarm("rechecks")

    async def run(self) -> None:
        """Until cancelled."""
        await take_turns(
            self.turn, name="rechecks", full=MOST_A_TURN, longest_rest_seconds=LONGEST_REST_SECONDS
        )

    async def turn(self) -> int:
        """Try the letters that are due; how many there were. Raises StorageUnavailable."""
        item = await self._next()
        if item is None:
            return 0
        try:
            async with self._judge() as judge:
                done = 0
                while item is not None:
                    await self._try(item, judge)
                    item, done = None, done + 1
                    if done < MOST_A_TURN:
                        item = await self._next()
        except ServiceUnavailable as error:
            if item is None:
                raise
            await self._wait(item, error)
            return 1
        return done

    async def _next(self) -> OutboxItem | None:
        """The letter that waits longest; it comes up again later, whatever becomes of this try."""
        now = self._clock.now()
        most = self._policy.recheck_most
        tries = [self._policy.recheck_at(n + 1, now) for n in range(1, most + 1)]
        items = await self._outbox.claim(TASKS, 1, now, tries=tries)
        return items[0] if items else None

    async def _try(self, item: OutboxItem, judge: Judge) -> None:
        facts = {"delivery": item.delivery, "outbox": item.id, "attempts": item.attempts}
        try:
            if await self._recheck(item, judge):
                await self._outbox.finish([item.id])  # gone already where something was told
                return
        except ServiceUnavailable as error:
            await self._wait(item, error)
            return
        except TDHError as error:
            log.warning("recheck-failed", problem=error.code, **facts)
        except Exception:
            log.exception("recheck-failed", **facts)
        if item.attempts >= self._policy.recheck_most:
            self._alarm.ring("recheck-parked", **facts)

    async def _wait(self, item: OutboxItem, error: ServiceUnavailable) -> None:
        self._alarm.ring(error.code, problem=str(error), delivery=item.delivery, outbox=item.id)
        await leave(self._outbox, [item.id], self._clock.now() + PAUSE)
