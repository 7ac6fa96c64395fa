"""What all loops share: take turns for ever, rest when idle, keep going after a failure.

A loop never gives up and never fills the log: the same alarm rings at most once a minute.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from tdh.domain.errors import TDHError

log = structlog.get_logger(__name__)

SHORTEST_REST_SECONDS = 0.05
LONGEST_REST_SECONDS = 0.2
REST_AFTER_FAILURE_SECONDS = 1.0
ALARM_SECONDS = 60.0


class Alarm:
    """Logs an error; the same one again only after a minute, with how often it came meanwhile."""

    def __init__(self, loop: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._loop = loop
        self._monotonic = monotonic
        self._rung: dict[str, float] = {}
        self._held: dict[str, int] = {}

    def ring(self, event: str, **facts: object) -> bool:
        """Whether it was logged."""
        now = self._monotonic()
        last = self._rung.get(event)
        if last is not None and now - last < ALARM_SECONDS:
            self._held[event] = self._held.get(event, 0) + 1
            return False
        self._rung[event] = now
        log.error(event, loop=self._loop, alarm=True, held=self._held.pop(event, 0), **facts)
        return True


async def take_turns(  # noqa: PLR0913 - how long it rests, and when
    turn: Callable[[], Awaitable[int]],
    *,
    name: str,
    full: int,
    wake: asyncio.Event | None = None,
    longest_rest_seconds: float = LONGEST_REST_SECONDS,
    rest_after_failure_seconds: float = REST_AFTER_FAILURE_SECONDS,
) -> None:
    """Call `turn` until cancelled. It gives how much it did; after `full` there is no rest.

    After less there is one of 50 ms, so that what comes meanwhile goes together; while there is
    nothing at all it grows to `longest_rest_seconds`. `wake` ends it.
    """
    alarm = Alarm(name)
    rest = SHORTEST_REST_SECONDS
    while True:
        try:
            done = await turn()
        except TDHError as error:
            alarm.ring(error.code, problem=str(error))
            await asyncio.sleep(rest_after_failure_seconds)
            continue
        except Exception as error:
            # What nobody foresaw must not end the loop: all rows are still in the outbox.
            if alarm.ring("loop-failed", problem=type(error).__name__):
                log.exception("loop-failed", loop=name)
            await asyncio.sleep(rest_after_failure_seconds)
            continue
        if done >= full:
            continue
        rest = SHORTEST_REST_SECONDS if done else min(rest * 2, longest_rest_seconds)
        await _rest(rest, wake)


async def _rest(seconds: float, wake: asyncio.Event | None) -> None:
    if wake is None:
        await asyncio.sleep(seconds)
        return
    with suppress(TimeoutError):
        await asyncio.wait_for(wake.wait(), seconds)
    wake.clear()
