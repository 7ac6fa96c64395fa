"""An answer for everybody, asked for at most once in a while however many want it.

What needs no token must not let a stranger ask the sealer or the database as often as he likes.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from relay.api.undisturbed import Undisturbed

Answer = TypeVar("Answer")


class Remembered(Generic[Answer]):
    """The answer to one question. An error is shared by those who wait for it, then forgotten."""

    def __init__(
        self,
        question: Callable[[], Coroutine[Any, Any, Answer]],
        *,
        undisturbed: Undisturbed,
        seconds: float,
        monotonic: Callable[[], float],
    ) -> None:
        """`seconds`: how long an answer is given again, from when it was asked for."""
        self._question = question
        self._undisturbed = undisturbed
        self._seconds = seconds
        self._monotonic = monotonic
        self._asked: asyncio.Task[Answer] | None = None
        self._asked_at = 0.0

    async def answer(self) -> Answer:
        """The remembered answer, or a new one; while one is awaited no other is asked for.

        Raises what the question raises.
        """
        if self._asked is None or self._is_spent(self._asked):
            self._asked_at = self._monotonic()
            self._asked = self._undisturbed.begin(self._question())
        return await asyncio.shield(self._asked)

    def forget(self) -> None:
        """The next one who wants it gets an answer that is asked for then."""
        self._asked = None

    def _is_spent(self, asked: asyncio.Task[Answer]) -> bool:
        if not asked.done():
            return False
        failed = asked.cancelled() or asked.exception() is not None
        return failed or self._monotonic() - self._asked_at >= self._seconds
