"""The loop of the log's rounds; one is active, the others wait for its lock."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from tdh.delivery.publication import Publication
from tdh.domain.errors import LogDiverged, TDHError
from tdh.ports import Clock

log = structlog.get_logger()

HOUSEKEEPING = timedelta(hours=6)
"""How often the months to come get their place in the database."""


class Sequencer:
    """Rounds with a rest between them."""

    def __init__(
        self,
        *,
        publication: Publication,
        rest_seconds: float,
        keep_house: Callable[[datetime], Awaitable[object]],
        clock: Clock,
    ) -> None:
        self._publication = publication
        self._rest = rest_seconds
        self._keep_house = keep_house
        self._clock = clock
        self._kept_at: datetime | None = None

    async def run(self) -> None:
        """Until cancelled. A history that does not fit stops sequencing, loudly, for good."""
        while True:
            try:
                await self._keep()
                await self._publication.round()
            except LogDiverged as error:
                log.critical("log.diverged", problem=str(error), alarm=True)
                await asyncio.sleep(60)
                continue
            except TDHError as error:
                log.warning("log.round-failed", code=error.code, problem=str(error))
            await asyncio.sleep(self._rest)

    async def _keep(self) -> None:
        now = self._clock.now()
        if self._kept_at is None or now - self._kept_at >= HOUSEKEEPING:
            await self._keep_house(now)
            self._kept_at = now
