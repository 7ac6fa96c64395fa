"""A client's end of a socket on which frames take turns: the sealer's, and the receipt maker's.

One connection, made when it is needed and made anew after any failure. Knows nothing of what the
frames say.
"""

import asyncio
import select
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from signing.sealer import frames

_READ_AHEAD_BYTES = 4 * 1024 * 1024

Answer = TypeVar("Answer")
_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class FrameConnection:
    """Asks one program; calls take turns."""

    def __init__(self, socket_path: Path, timeout_seconds: float) -> None:
        """Nothing happens yet. The time-out is for a whole call, waiting for its turn included."""
        self._path = socket_path
        self._timeout = timeout_seconds
        self._streams: _Streams | None = None
        self._turn = asyncio.Lock()
        self.made = 0
        """How many connections there have been: another one may lead to another program."""

    async def ask(
        self, payloads: Sequence[bytes], decode: Callable[[bytes], Answer]
    ) -> list[Answer]:
        """Send the payloads one after another and read the answer of each.

        Raises TimeoutError, OSError, EOFError, FrameError, and what `decode` raises.
        """
        async with asyncio.timeout(self._timeout), self._turn:
            return await self._exchange(payloads, decode)

    @property
    def lives(self) -> bool:
        """Whether there is a connection that the program has not ended."""
        if self._streams is None or self._streams[1].is_closing():
            return False
        poll = select.poll()
        poll.register(self._streams[1].get_extra_info("socket").fileno(), select.POLLRDHUP)
        return not poll.poll(0)

    async def close(self) -> None:
        """End the connection; the next call makes another."""
        if self._streams is not None:
            writer = self._streams[1]
            self._drop()
            with suppress(OSError):
                await writer.wait_closed()

    async def _exchange(
        self, payloads: Sequence[bytes], decode: Callable[[bytes], Answer]
    ) -> list[Answer]:
        whole = False
        try:
            reader, writer = await self._connected()
            answers = []
            for payload in payloads:
                writer.write(frames.frame(payload))
                await writer.drain()
                length = frames.payload_bytes(await reader.readexactly(frames.HEADER_BYTES))
                answers.append(decode(await reader.readexactly(length)))
            whole = True
        finally:
            # Also when cancelled: an answer still on its way would be taken for the next one's.
            if not whole:
                self._drop()
        return answers

    async def _connected(self) -> _Streams:
        if self._streams is not None and _is_stale(self._streams[1]):
            self._drop()
        if self._streams is None:
            self._streams = await asyncio.open_unix_connection(self._path, limit=_READ_AHEAD_BYTES)
            self.made += 1
        return self._streams

    def _drop(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def _is_stale(writer: asyncio.StreamWriter) -> bool:
    """Whether the program ended the connection, or said something unasked.

    The kernel is asked, as the event loop may not have come round since: else the first call after
    a restart of the program would fail.
    """
    if writer.is_closing():
        return True
    poll = select.poll()
    poll.register(writer.get_extra_info("socket").fileno(), select.POLLIN | select.POLLRDHUP)
    return bool(poll.poll(0))
