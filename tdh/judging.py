"""The judge of a running service, under the trust that lies in the folder now.

A change of the folder is taken over without a restart: a new judge is started beside the old one,
which then finishes what it has begun. What must not be taken over (a store that is incomplete,
wrongly signed, older than the log knows) is logged, and the judge keeps the trust it has. Never
reads a certificate itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import structlog

from signing.judge.incoming import DocumentInJudgement
from signing.judge.pool import JudgePool
from signing.trust import TrustFolder
from tdh.config import ConfigError
from tdh.domain.errors import TDHError

log = structlog.get_logger()

Looks = frozenset[tuple[str, int, int, int]]
_UNSETTLED: Looks = frozenset({("", -1, -1, -1)})


class FollowingJudge:
    """Judges under the newest trust. `start`, then `run` beside it, then `close`."""

    def __init__(
        self,
        folder: Path,
        read: Callable[[], Awaitable[TrustFolder]],
        make: Callable[[TrustFolder], JudgePool],
        *,
        look_seconds: float = 5.0,
        finish_seconds: float = 600.0,
    ) -> None:
        """`read` raises ConfigError or TDHError for trust that must not be taken over.

        `look_seconds`: how often the folder is looked at; a change counts once it has been the same
        for two looks. `finish_seconds`: how long a judge that was replaced may go on with documents
        that it has begun; later ones are answered with JudgeUnavailable.
        """
        self._folder = folder
        self._read = read
        self._make = make
        self._look_seconds = look_seconds
        self._finish_seconds = finish_seconds
        self._pool: JudgePool
        self._version = ""
        self._taken: Looks = frozenset()
        self._closing = AsyncExitStack()
        self._ending: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Start the first judge. Raises ConfigError, TDHError, JudgeUnavailable."""
        self._taken = await asyncio.to_thread(_look, self._folder)
        await self._take(await self._read())

    def document(self, holder: str, /, *, sender: str = "") -> DocumentInJudgement:
        """Begin a document under the trust of this moment."""
        return self._pool.document(holder, sender=sender)

    async def run(self) -> None:
        """Follow the folder, until cancelled."""
        before = self._taken
        while True:
            await asyncio.sleep(self._look_seconds)
            now = await asyncio.to_thread(_look, self._folder)
            settled, before = now == before, now
            if settled and now not in (self._taken, _UNSETTLED):
                self._taken = now
                await self._renew()

    async def close(self) -> None:
        """End every judge."""
        for task in self._ending:
            task.cancel()
        await asyncio.gather(*self._ending, return_exceptions=True)
        await self._closing.aclose()

    async def _renew(self) -> None:
        """Take over what lies in the folder, or say why not."""
        try:
            trust = await self._read()
            if trust.version == self._version:
                return
            old = self._pool
            await self._take(trust)
        except ConfigError as error:
            log.error("trust.refused", problem=str(error), kept=self._version)  # noqa: TRY400 - its reason, not our stack
            return
        except TDHError as error:
            log.warning("trust.not-read", problem=str(error), kept=self._version)
            self._taken = frozenset()  # try again: it is not the folder's fault
            return
        log.info("trust.taken", version=trust.version)
        task = asyncio.create_task(self._end(old))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _take(self, trust: TrustFolder) -> None:
        pool = self._make(trust)
        self._closing.push_async_callback(pool.close)
        await pool.start()
        self._pool, self._version = pool, trust.version

    async def _end(self, pool: JudgePool) -> None:
        await asyncio.sleep(self._finish_seconds)
        await pool.close()


def _look(folder: Path) -> Looks:
    """Names, sizes and times of everything in the folder."""
    try:
        return frozenset(_facts(folder))
    except OSError:  # a folder in it is just being replaced: another look will tell
        return _UNSETTLED


def _facts(folder: Path) -> Iterator[tuple[str, int, int, int]]:
    for path in folder.rglob("*"):
        try:
            facts = path.stat()
        except OSError:  # it is just being renamed
            yield str(path), -1, -1, -1
        else:
            yield str(path), facts.st_size, facts.st_mtime_ns, facts.st_ino
