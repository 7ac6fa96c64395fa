"""The loop of the log's rounds; one is active, the others wait for its lock."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from tdh.delivery.publication import Publication
from tdh.domain.errors import LogDiverged, TDHError
from tdh.ports import Clock

log = structlog.get_logger()

HOUSEKEEPING = timedelta(hours=6)
"""How often the months to come get their place in the database."""
SHORTEST_REST = 0.05
"""Seconds between the end of a round and the next, however long it took."""


class Leadership(Protocol):
    """The right to do rounds; another one gets it when this one is lost."""

    async def check(self) -> None:
        """Return while it is held. Raises StorageUnavailable."""
        ...


class Sequencer:
    """Rounds with a rest between them, while this is the one that leads."""

    def __init__(
        self,
        *,
        publication: Publication,
        leadership: Callable[[], AbstractAsyncContextManager[Leadership]],
        round_seconds: float,
        keep_house: Callable[[datetime], Awaitable[object]],
        clock: Clock,
    ) -> None:
        """`round_seconds`: from the beginning of a round to the next one's.

        `leadership`: waits until nobody else leads.
        """
        self._publication = publication
        self._leadership = leadership
        self._round_seconds = round_seconds
        self._keep_house = keep_house
        self._clock = clock
        self._kept_at: datetime | None = None

    async def run(self) -> None:
        """Until cancelled. A history that does not fit stops sequencing, loudly, for good."""
        while True:
            try:
                async with self._leadership() as leadership:
                    log.info("log.leading")
                    await self._lead(leadership)
            except TDHError as error:
                log.warning("log.not-leading", code=error.code, problem=str(error))
            await asyncio.sleep(self._round_seconds)

    async def _lead(self, leadership: Leadership) -> None:
        """Rounds until leadership is lost: raises StorageUnavailable."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            await leadership.check()
            try:
                await self._keep()
                await self._publication.round()
            except LogDiverged as error:
                await leadership.check()  # who lost it in mid-round saw only the other's work
                log.critical("log.diverged", problem=str(error), alarm=True)
                await asyncio.sleep(60)
                continue
            except TDHError as error:
                log.warning("log.round-failed", code=error.code, problem=str(error))
            spent = loop.time() - began
            await asyncio.sleep(max(self._round_seconds - spent, SHORTEST_REST))

    async def _keep(self) -> None:
        now = self._clock.now()
        if self._kept_at is None or now - self._kept_at >= HOUSEKEEPING:
            await self._keep_house(now)
            self._kept_at = now
