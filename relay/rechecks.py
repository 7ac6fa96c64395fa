"""The loop that has signatures judged again which were accepted on older revocation data.

It runs where documents can be opened and judged: in the API's process, which holds the vault's keys
and the judge. One letter at a time, so that letters that come in find the judge free. Whether a
changed answer may be told is decided under the deliveries' locks, not here.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from relay.loops import Alarm, take_turns
from relay.outcomes import leave
from tdh.domain.errors import ServiceUnavailable, TDHError
from tdh.domain.outbox import OutboxItem, Task
from tdh.domain.policies import Policy
from tdh.ports import Clock, Outbox

log = structlog.get_logger(__name__)

TASKS = frozenset({Task.RECHECK_SIGNATURE})
PAUSE = timedelta(minutes=1)
"""Until the next try when judge, vault, database or sealer were missing; it counts as none."""
LONGEST_REST_SECONDS = 5.0
"""Letters wait for hours here: nobody needs this loop to look ten times a second."""


class Rechecks:
    """Has letters judged again whose time has come. Several of these loops do no harm."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        recheck: Callable[[OutboxItem], Awaitable[bool]],
        clock: Clock,
        policy: Policy,
    ) -> None:
        """`recheck`: one try; whether every document of the letter has its answer."""
        self._outbox = outbox
        self._recheck = recheck
        self._clock = clock
        self._policy = policy
        self._alarm = Alarm("rechecks")

    async def run(self) -> None:
        """Until cancelled."""
        await take_turns(
            self.turn, name="rechecks", full=1, longest_rest_seconds=LONGEST_REST_SECONDS
        )

    async def turn(self) -> int:
        """Try the letter that waits longest; how many there were. Raises StorageUnavailable."""
        now = self._clock.now()
        most = self._policy.recheck_most
        tries = [self._policy.recheck_at(n + 1, now) for n in range(1, most + 1)]
        items = await self._outbox.claim(TASKS, 1, now, tries=tries)
        for item in items:
            await self._try(item)
        return len(items)

    async def _try(self, item: OutboxItem) -> None:
        facts = {"delivery": item.delivery, "outbox": item.id, "attempts": item.attempts}
        try:
            if await self._recheck(item):
                await self._outbox.finish([item.id])  # gone already where something was told
                return
        except ServiceUnavailable as error:
            self._alarm.ring(error.code, problem=str(error), **facts)
            await leave(self._outbox, [item.id], self._clock.now() + PAUSE)
            return
        except TDHError as error:
            log.warning("recheck-failed", problem=error.code, **facts)
        except Exception:
            log.exception("recheck-failed", **facts)
        if item.attempts >= self._policy.recheck_most:
            self._alarm.ring("recheck-parked", **facts)
