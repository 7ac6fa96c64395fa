"""Who is judged next: so many at once, and of those who wait each sender in its turn.

A document may cost ten seconds of a core. One sender of a thousand such documents makes others wait
for one of them, not for all.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class FairTurns:
    """At most `most` blocks at once; first come first served of each sender, senders in a ring."""

    def __init__(self, most: int) -> None:
        self._free = most
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def turn(self, sender: str) -> AsyncIterator[None]:
        """Wait for a turn, and have it for the block."""
        await self._begin(sender)
        try:
            yield
        finally:
            self._end()

    async def _begin(self, sender: str) -> None:
        if self._free > 0:  # then nobody waits
            self._free -= 1
            return
        mine = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(sender, deque()).append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self._end()  # the turn came, but nobody is there to take it
            raise

    def _end(self) -> None:
        """Hand the turn on."""
        while self._waiting:
            sender, queue = self._waiting.popitem(last=False)
            following = queue.popleft()
            if queue:
                self._waiting[sender] = queue
            if not following.done():
                following.set_result(None)
                return
        self._free += 1
