"""SIGINT, SIGTERM and SIGHUP as one orderly end, wherever the demo is just then.

The first of them ends what is being done; those that follow are ignored, so that cleaning up
comes to its end.
"""

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from types import FrameType
from typing import Any, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """A context manager around everything; `guarding` around what runs in a loop."""

    def __init__(self) -> None:
        self.came = False
        """Whether somebody asked the demo to end."""
        self._deaf = False
        self._task: asyncio.Task[Any] | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._on_signal) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def ignore_from_now_on(self) -> None:
        """Clean-up has begun: nothing may cut it short."""
        self._deaf = True

    @contextlib.contextmanager
    def guarding(self) -> Iterator[None]:
        """Inside a task: the signal cancels it, instead of being raised wherever Python is."""
        self._task = asyncio.current_task()
        try:
            yield
        finally:
            self._task = None
            self._deaf = True

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self._deaf:
            return
        self._deaf = self.came = True
        if self._task is None:
            raise KeyboardInterrupt
        loop = self._task.get_loop()
        self._task.cancel()
        loop.call_soon_threadsafe(lambda: None)  # wakes the loop, which may wait for I/O
