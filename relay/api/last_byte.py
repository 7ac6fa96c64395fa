"""Whether the other end's system has the last byte: what a person's handover rests on.

That this process has written everything says little: the operating system takes a whole letter
into its buffers for a client that is long gone. What TCP still holds unacknowledged says more
(SIOCOUTQ, tcp(7)). With a proxy in front, the other end is the proxy.
"""

import asyncio
import fcntl
import os
import struct
import termios
from types import TracebackType
from typing import Self

from aiohttp import web

_FIRST_PAUSE_SECONDS = 0.001
_LONGEST_PAUSE_SECONDS = 0.1
_INT = struct.Struct("i")


class SentBytes:
    """A second descriptor of the connection: it can be asked after the connection is closed."""

    def __init__(self, request: web.Request) -> None:
        transport = request.transport
        socket = None if transport is None else transport.get_extra_info("socket")
        if socket is None or socket.fileno() < 0:
            raise ConnectionResetError("the client went away")
        self._descriptor = os.dup(socket.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection; until then it is not ended for the client either."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def unacknowledged(self) -> int:
        """Bytes that the other end's system has not confirmed; stays where it is if that died."""
        answer = fcntl.ioctl(self._descriptor, termios.TIOCOUTQ, _INT.pack(0))
        return int(_INT.unpack(answer)[0])

    async def arrived(self, *, within_seconds: float) -> bool:
        """Wait until everything is confirmed; False if it was not in time."""
        loop = asyncio.get_running_loop()
        until, pause = loop.time() + within_seconds, _FIRST_PAUSE_SECONDS
        while self.unacknowledged():
            if loop.time() > until:
                return False
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
        return True
