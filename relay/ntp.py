"""Watches our clock by time servers: whether it is known to be within an accuracy now.

All servers are asked every `every` seconds. What more than half of those that are *named* agree on
(their intervals of error share a point; RFC 5905, 11.2.1 in small) is believed, and of these the
answer with the shortest way counts. Between answers the clock is compared with CLOCK_BOOTTIME,
which nobody can set: a step is noticed at once. Two servers are worse than one, because both must
answer; name one or three. Never sets a clock.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from relay.sntp import KissOfDeath, NoTime, Sample, TimeServer, ask

log = structlog.get_logger(__name__)

ANSWER_SECONDS = 5.0
BELIEVED_ROUNDS = 4
"""An answer is believed for so many rounds without another one."""
DRIFT = 15e-6
"""Seconds a second that a clock may drift (RFC 5905, PHI)."""
_FIRST_REST_SECONDS = 2.0
_LEAVE_ALONE = frozenset({"DENY", "RSTR"})

Ask = Callable[[TimeServer], Awaitable[Sample]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerHealth:
    """What a server did when it was asked last."""

    server: str
    works: bool
    problem: str
    """Empty where it works."""


@dataclass(slots=True)
class _Known:
    """What is remembered of a server."""

    problem: str = "not asked yet"
    skip: int = 0
    """Rounds in which it is left alone, because it said that it is asked too often."""
    skips: int = 1
    denied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checked:
    """The last believed answer, and where our clocks stood then."""

    offset: float
    error: float
    boot: float
    ahead: float
    """Wall clock less boot time."""


def agreed(samples: Sequence[Sample], named: int) -> Sample | None:
    """Of the samples that more than half of `named` servers agree on, the one of shortest way."""
    best: list[Sample] = []
    for one in samples:
        for point in (one.offset - one.error, one.offset + one.error):
            around = [each for each in samples if abs(each.offset - point) <= each.error + 1e-9]
            if len(around) > len(best):
                best = around
    if 2 * len(best) <= named:
        return None
    return min(best, key=lambda each: each.round_trip)


@dataclass(slots=True, kw_only=True)
class ClockWatch:
    """Our clock against the servers'. `run` it; `problem` says whether it may be used."""

    servers: Sequence[TimeServer]
    accuracy: timedelta
    every: float
    """Seconds."""
    wall: Callable[[], float] = time.time
    boot: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME)
    ask: Ask = lambda server: ask(server, seconds=ANSWER_SECONDS)
    _checked: _Checked | None = None
    _known: dict[TimeServer, _Known] = field(default_factory=dict)
    _trusted: bool | None = None

    async def run(self) -> None:
        """Ask for ever: soon again while nothing is known, then at the regular times."""
        rest = _FIRST_REST_SECONDS
        while True:
            found = await self.look()
            rest = self.every if found else min(rest * 2, self.every)
            await asyncio.sleep(rest)

    async def look(self) -> bool:
        """Ask every server once. Returns whether enough of them agree."""
        asked = [server for server in self.servers if self._may_be_asked(server)]
        answers = await asyncio.gather(*map(self._one, asked))
        samples = [sample for sample in answers if sample is not None]
        chosen = agreed(samples, len(self.servers))
        if chosen is not None:
            boot = self.boot()
            self._checked = _Checked(
                offset=chosen.offset, error=chosen.error, boot=boot, ahead=self.wall() - boot
            )
        self._tell(answered=len(samples))
        return chosen is not None

    def problem(self) -> str | None:
        """Why the clock is not known to be within the accuracy, None if it is."""
        checked, boot = self._checked, self.boot()
        if checked is None:
            return "the clock has not been compared with enough time servers yet"
        age = boot - checked.boot
        if age > self.every * BELIEVED_ROUNDS + ANSWER_SECONDS:
            return f"no time servers that agree have answered for {age:.0f} s"
        offset = checked.offset - (self.wall() - boot - checked.ahead)
        off = abs(offset) + checked.error + age * DRIFT
        if off > self.accuracy.total_seconds():
            return f"the clock may be {off:.3f} s off"
        return None

    def health(self) -> tuple[ServerHealth, ...]:
        """Each server's last answer."""
        return tuple(
            ServerHealth(server=str(server), works=not problem, problem=problem)
            for server in self.servers
            for problem in (self._of(server).problem,)
        )

    async def _one(self, server: TimeServer) -> Sample | None:
        known = self._of(server)
        try:
            sample = await self.ask(server)
        except NoTime as error:
            if known.problem != error.why:
                log.warning("clock.server-useless", server=str(server), why=error.why)
            known.problem = error.why
            if isinstance(error, KissOfDeath):
                known.denied = error.kiss in _LEAVE_ALONE
                known.skips = min(known.skips * 2, 64)
                known.skip = known.skips
            return None
        known.problem, known.skips = "", 1
        return sample

    def _may_be_asked(self, server: TimeServer) -> bool:
        known = self._of(server)
        if known.denied:
            return False
        known.skip = max(0, known.skip - 1)
        return known.skip == 0

    def _of(self, server: TimeServer) -> _Known:
        return self._known.setdefault(server, _Known())

    def _tell(self, *, answered: int) -> None:
        """A line in the log whenever the clock begins or ceases to be trusted."""
        problem = self.problem()
        if self._trusted is (problem is None):
            return
        self._trusted = problem is None
        if problem is None:
            log.info("clock.agrees", servers=answered)
        else:
            log.warning("clock.not-trusted", why=problem, servers=answered)
