"""Work that a client's going away must not stop: once it has begun, it ends."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class Undisturbed:
    """Runs steps in tasks of their own and knows those that still run."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    async def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """The result of `work`; whoever waits may be cancelled, the work goes on."""
        return await asyncio.shield(self.begin(work))

    def begin(self, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        """Begin without waiting."""
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._forget)
        return task

    async def finish(self, *, within_seconds: float) -> None:
        """Wait for what still runs: the last act of a server that stops.

        What takes longer waits for a part that is gone already; it is given up.
        """
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=within_seconds)
            for task in late:
                task.cancel()

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waits has it; nobody may be left to
