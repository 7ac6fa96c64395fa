"""Our timestamp authority as a service: a query in, an answer out, whatever happens.

Reads the query (RFC 3161, 2.4.1), looks whether the clock is to be trusted, and has the sealer's
unit stamp. Everything that forbids a token has its PKIFailureInfo; a failure of our own is
`systemFailure`, never silence and never a token. Holds no key.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import structlog

from relay.ntp import ClockWatch
from relay.sntp import TimeServer
from signing.timestamp_messages import (
    FailureInfo,
    RequestRefused,
    TimestampRequest,
    parse_request,
    refusal,
    reply,
)
from signing.timestamps import MAX_ACCURACY
from tdh.config import Config, ConfigError
from tdh.domain.errors import ClockBehind, ServiceUnavailable

log = structlog.get_logger(__name__)


class Unit(Protocol):
    """A timestamping unit somewhere else: the sealer's."""

    async def stamp(self, request: TimestampRequest, clock: datetime) -> bytes:
        """The token. Raises RequestRefused, ServiceUnavailable, ClockBehind."""
        ...


class TimestampService:
    """Answers queries."""

    def __init__(
        self,
        *,
        unit: Unit,
        now: Callable[[], datetime],
        clock_problem: Callable[[], str | None],
    ) -> None:
        """`now` raises ClockBehind; `clock_problem` says why the clock is not known to be right."""
        self._unit, self._now, self._clock_problem = unit, now, clock_problem

    async def answer(self, query: bytes) -> bytes:
        """The TimeStampResp for a TimeStampReq."""
        try:
            token = await self._stamp(parse_request(query))
        except RequestRefused as error:
            log.info("tsa.refused", failure=error.failure.name)
            return refusal(error.failure, str(error))
        except ClockBehind as error:
            log.info("tsa.refused", failure=FailureInfo.TIME_NOT_AVAILABLE.name)
            return refusal(FailureInfo.TIME_NOT_AVAILABLE, str(error))
        except ServiceUnavailable as error:
            log.warning("tsa.unit-unavailable", code=error.code)
            return refusal(FailureInfo.SYSTEM_FAILURE, "the timestamping unit does not answer")
        return reply(token)

    async def _stamp(self, request: TimestampRequest) -> bytes:
        problem = self._clock_problem()
        if problem is not None:
            raise RequestRefused(FailureInfo.TIME_NOT_AVAILABLE, problem)
        return await self._unit.stamp(request, self._now())


def clock_watch(config: Config) -> ClockWatch | None:
    """Who compares our clock with time servers; None, and a line in the log, if none are named.

    Raises ConfigError, for the rates of `/tsa` too.
    """
    try:
        servers = tuple(dict.fromkeys(TimeServer.read(text) for text in config.tsa.ntp))
    except ValueError as error:
        raise ConfigError("tsa.ntp", str(error)) from error
    if config.tsa.per_second <= 0 or config.tsa.address_per_second < 0:
        raise ConfigError("tsa.per_second", "is more than nothing; tsa.offered ends the offer")
    if not 1 <= config.tsa.ntp_seconds <= 3600:  # noqa: PLR2004 - an hour is long for a clock
        raise ConfigError("tsa.ntp_seconds", "is between 1 and 3600")
    if not servers:
        if config.tsa.offered and not config.tsa.kernel_clock:
            log.warning("tsa.clock-unchecked", why="no time server is named")
        return None
    return ClockWatch(servers=servers, accuracy=MAX_ACCURACY, every=config.tsa.ntp_seconds)


def timestamp_service(
    unit: Unit, now: Callable[[], datetime], watch: ClockWatch | None
) -> TimestampService:
    """Our authority, refusing while the watch does not trust the clock."""
    return TimestampService(
        unit=unit, now=now, clock_problem=unchecked if watch is None else watch.problem
    )


def unchecked() -> str | None:
    """Nobody is asked: the clock is taken as it is."""
    return None
