"""The fast lane in the trusted process: documents to locators, their places verified, facts kept.

Each locator has one document at a time. One that takes too long, dies or babbles is replaced, and
its document goes to the careful judge; so does every document that is not understood. The lane
lives as long as one parent program: its facts hold under one trust store and one policy.
"""

import asyncio
import mmap
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Final, Protocol

from signing.judge.fast import verdict
from signing.judge.fast.locate import Located
from signing.judge.fast.locator import MAX_ANSWER, MAX_DOCUMENT, NOT_UNDERSTOOD, spell_request
from signing.judge.fast.memory import ChainMemory
from signing.judge.fast.verify import Verified, verify
from signing.judge.fast.vouched import Vouching
from signing.judge.policy import Policy
from signing.judge.report import Report
from signing.trust import TrustFolder

CPU_SECONDS: Final = 0.3
"""What a locator may use for one document; a letter needs a thousandth of it."""
WALL_SECONDS: Final = 2.0
"""How long a document may wait for a locator and its answer before the careful judge gets it."""
DOCUMENTS_EACH: Final = 1_000
"""After so many a locator is replaced: what one document may have left behind is gone."""
_PDF: Final = b"%PDF-"
_LOOK_SECONDS: Final = 0.05
_LARGE: Final = 512 * 1024
"""From this size on digests are computed in a thread, so that the event loop goes on."""


class Replacing(Protocol):
    """Ends a locator and has another one made."""

    def replace_locator(self, pid: int) -> None: ...


class _Locator:
    """One locator, its socket, and the document that it has."""

    def __init__(
        self, pid: int, requests: socket.socket, when_ended: Callable[["_Locator"], None]
    ) -> None:
        requests.setblocking(False)
        self.pid = pid
        self._when_ended = when_ended
        self.requests = requests
        self.documents = 0
        self.answer: asyncio.Future[bytes] | None = None
        self._deadline = self._allowed = 0.0
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(requests, self._receive)

    def _receive(self) -> None:
        try:
            message = self.requests.recv(MAX_ANSWER)
        except BlockingIOError:
            return
        except OSError:
            message = b""
        if self.answer is not None and not self.answer.done():
            self.answer.set_result(message)
        if not message:
            self._when_ended(self)

    async def ask(self, document: int, size: int) -> bytes:
        """Give its answer; nothing if it died or took too long."""
        self.documents += 1
        self.answer = self._loop.create_future()
        self._deadline = time.monotonic() + WALL_SECONDS
        self._allowed = _cpu_seconds(self.pid) + CPU_SECONDS
        look = self._loop.call_later(_LOOK_SECONDS, self._look)
        try:
            socket.send_fds(self.requests, [spell_request(size)], [document])
            return await self.answer
        finally:
            look.cancel()

    def _look(self) -> None:
        """Whether it still may go on."""
        if self.answer is None or self.answer.done():
            return
        if time.monotonic() > self._deadline or _cpu_seconds(self.pid) > self._allowed:
            self.answer.set_result(b"")
        else:
            self._loop.call_later(_LOOK_SECONDS, self._look)

    def close(self) -> None:
        """Upon which the locator ends, if it still can."""
        self._loop.remove_reader(self.requests)
        self.requests.close()
        if self.answer is not None and not self.answer.done():
            self.answer.set_result(b"")


def _cpu_seconds(pid: int) -> float:
    """CPU time of another process: its clock has this number (clock_getcpuclockid(3))."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


class FastLane:
    """Accepts what it can show to be acceptable, and learns from the careful judge."""

    def __init__(self, program: Replacing, policy: Policy, trust: TrustFolder) -> None:
        """Begin without locators and without facts."""
        self.memory = ChainMemory()
        self.accepted = 0
        """How many documents the careful judge need not have looked at."""
        self._program = program
        self._policy = policy
        self._trust_version = trust.version
        self._trust = trust.intermediates
        self._vouching = Vouching(trust)
        self._idle: asyncio.LifoQueue[_Locator] = asyncio.LifoQueue()
        """The one that answered last is asked next: its memory is warm."""
        self._all: dict[int, _Locator] = {}

    @property
    def locators(self) -> frozenset[int]:
        """Process numbers of the locators in use."""
        return frozenset(self._all)

    def add(self, pid: int, requests: socket.socket) -> None:
        """Take a new locator into use."""
        locator = _Locator(pid, requests, self._drop)
        self._all[pid] = locator
        self._idle.put_nowait(locator)

    def close(self) -> None:
        """Let all locators go."""
        for locator in self._all.values():
            locator.close()
        self._all.clear()
        while not self._idle.empty():
            self._idle.get_nowait()

    async def verified(self, document: int, size: int) -> Verified | None:
        """Give the one signature of a plain document, verified; None for every other document."""
        if not self._all or size > MAX_DOCUMENT or os.pread(document, 5, 0) != _PDF:
            return None
        located = await self._located(document, size)
        if located is None:
            return None
        if size < _LARGE:
            return verify(os.pread(document, size, 0), located, self._trust)
        return await asyncio.to_thread(_verify_large, document, size, located, self._trust)

    def accept(self, verified: Verified, at: datetime) -> Report | None:
        """Give the report of an acceptance if everything about the chains is known."""
        report = verdict.accept(verified, self.memory, self._occasion(at))
        self.accepted += report is not None
        return report

    def learn(self, verified: Verified, report: Report, at: datetime) -> None:
        """Keep what the careful judge found about the chains of this document."""
        vouched = self._vouching.vouched(verified, report, at)
        verdict.learn(verified, vouched, self.memory, self._occasion(at))

    def _occasion(self, at: datetime) -> verdict.Occasion:
        return verdict.Occasion(trust_version=self._trust_version, policy=self._policy, at=at)

    async def _located(self, document: int, size: int) -> Located | None:
        locator = await self._free()
        if locator is None:
            return None
        answer = b""
        try:
            with suppress(OSError):
                answer = await locator.ask(document, size)
        finally:  # also where nobody waits for the answer any more: then it may be half way
            if answer and locator.documents < DOCUMENTS_EACH:
                self._idle.put_nowait(locator)
            else:
                self._drop(locator)
        if answer in {b"", NOT_UNDERSTOOD}:
            return None
        try:
            return Located.from_bytes(answer)
        except ValueError:
            return None

    async def _free(self) -> _Locator | None:
        """Take a locator that has nothing to do; None where none is to be had for long."""
        with suppress(asyncio.QueueEmpty):
            locator = self._idle.get_nowait()
            while self._all.get(locator.pid) is not locator:  # it ended while it waited
                locator = self._idle.get_nowait()
            return locator
        try:
            async with asyncio.timeout(WALL_SECONDS):
                return await self._idle.get()
        except TimeoutError:
            return None

    def _drop(self, locator: _Locator) -> None:
        """Have it replaced, once."""
        if self._all.get(locator.pid) is locator:
            del self._all[locator.pid]
            locator.close()
            self._program.replace_locator(locator.pid)


def _verify_large(
    document: int, size: int, located: Located, trust: tuple[bytes, ...]
) -> Verified | None:
    with mmap.mmap(document, size, prot=mmap.PROT_READ) as data:
        return verify(data, located, trust)
