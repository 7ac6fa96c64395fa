"""Letters through the whole life, as fast as the service takes them: senders and recipients.

A closed loop: each sender submits, and waits for the answer before the next; each recipient waits
until its letter is there, fetches it, and with the last byte it is handed over.
"""

import asyncio
import itertools
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import aiohttp

from tests.installation import AGENCY, CITIZEN, Installation, letter_form


@dataclass(slots=True)
class Result:
    """What was seen from outside."""

    submitted: int = 0
    finished: int = 0
    seconds: float = 0.0
    submissions: list[float] = field(default_factory=list)
    """Wall seconds of each submission."""
    lives: list[float] = field(default_factory=list)
    """Wall seconds of each letter, from the beginning of its submission to its last byte."""

    @property
    def letters_per_second(self) -> float:
        """Whole lives a second, from the first submission to the last handover."""
        return self.finished / self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class _Posted:
    delivery: str
    began: float


def percentile(times: Sequence[float], percent: int) -> float:
    """The time within which so many percent were done."""
    return statistics.quantiles(times, n=100, method="inclusive")[percent - 1]


class Load:
    """Senders and recipients against one installation."""

    def __init__(self, here: Installation, pdf: bytes) -> None:
        self._here = here
        self._pdf = pdf
        self._numbers = itertools.count(1)
        self._run = f"{time.time_ns()}"

    async def run(self, *, seconds: float, senders: int) -> Result:
        """Submit for so long, then wait until everything is handed over."""
        result = Result()
        posted: asyncio.Queue[_Posted | None] = asyncio.Queue()
        until = time.monotonic() + seconds
        began = time.perf_counter()
        async with (
            self._here.client(AGENCY) as agency,
            self._here.client(CITIZEN) as citizen,
            asyncio.TaskGroup() as group,
        ):
            receiving = [
                group.create_task(self._receive(citizen, posted, result)) for _ in range(senders)
            ]
            sending = [
                group.create_task(self._send(agency, posted, until, result)) for _ in range(senders)
            ]
            await asyncio.gather(*sending)
            for _ in receiving:
                posted.put_nowait(None)
        result.seconds = time.perf_counter() - began
        return result

    async def _send(
        self,
        agency: aiohttp.ClientSession,
        posted: asyncio.Queue[_Posted | None],
        until: float,
        result: Result,
    ) -> None:
        while time.monotonic() < until:
            key = f"{self._run}-{next(self._numbers)}"
            recipients = [{"party": CITIZEN, "consignment_mode": "basic"}]
            began = time.perf_counter()
            async with agency.post(
                "/v1/letters",
                data=letter_form(self._pdf, recipients),
                headers={"Idempotency-Key": key},
            ) as answer:
                body = await answer.json()
                if answer.status != 201:
                    raise RuntimeError(f"{answer.status}: {body}")
            result.submissions.append(time.perf_counter() - began)
            result.submitted += 1
            posted.put_nowait(_Posted(delivery=body["deliveries"][0]["id"], began=began))

    async def _receive(
        self,
        citizen: aiohttp.ClientSession,
        posted: asyncio.Queue[_Posted | None],
        result: Result,
    ) -> None:
        while (letter := await posted.get()) is not None:
            rest = 0.02
            while not await self._fetched(citizen, letter.delivery):
                await asyncio.sleep(rest)
                rest = min(rest * 2, 0.5)
            result.lives.append(time.perf_counter() - letter.began)
            result.finished += 1

    async def _fetched(self, citizen: aiohttp.ClientSession, delivery: str) -> bool:
        async with citizen.get(f"/v1/inbox/{delivery}/documents/1") as answer:
            if answer.status == 404:
                return False  # not in the mailbox yet
            content = await answer.read()
            if answer.status != 200 or len(content) != len(self._pdf):
                raise RuntimeError(f"{answer.status}: {content[:200]!r}")
            return True
