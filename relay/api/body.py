"""A request's body: counted, timed, read once, and asked for only when it is wanted.

Everything that can be refused by headers alone is refused before `100 Continue` is sent and
before a byte is read. A body that says it is too large is never read.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from aiohttp import hdrs, web

from relay.api import digests
from relay.api.errors import (
    BodyTooLarge,
    BodyTooSlow,
    BodyTrickles,
    EncodingRefused,
    ExpectationFailed,
    MalformedBody,
    UnsupportedMediaType,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiLimits:
    """What one request may cost."""

    body_bytes: int = 1024 * 1024 * 1024
    """Of a submission, documents included (`api.max_body_bytes`)."""
    letter_bytes: int = 1024 * 1024
    """Of the part `letter`: a thousand recipients need 150 KB."""
    answer_bytes: int = 128 * 1024
    """Of every other body: a thousand digests need 70 KB."""
    silence_seconds: float = 30.0
    """How long nothing may come of a body that is being read."""
    slow_after_seconds: float = 60.0
    """How long a body is waited for before its rate counts: bad lines have their bad minutes."""
    least_bytes_per_second: float = 4096.0
    """Of the whole body on average, from then on: who sends a byte now and then holds memory
    that others need. A line of 64 kbit/s is faster."""
    timestamp_query_bytes: int = 4096
    """Of a timestamp query: a usual one has 60 to 100 bytes."""
    timestamps_per_second: float = 100.0
    """Of all callers of one process together; each costs the sealer as much as an evidence."""
    timestamps_of_an_address: float = 20.0
    """Of one address, in a second; 0: no limit of its own."""
    remembered_seconds: float = 1.0
    """How long an answer for everybody (`/readyz`, the log's head) is given again: what needs no
    token must not cost the sealer and the database something each time."""


def check_headers(request: web.Request, most: int) -> None:
    """Refuse by headers. Raises BodyTooLarge, EncodingRefused, ExpectationFailed."""
    length = request.content_length
    if length is not None and length > most:
        raise BodyTooLarge(most)
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        raise EncodingRefused("bodies come as they are")
    if request.headers.get(hdrs.EXPECT, "100-continue").lower() != "100-continue":
        raise ExpectationFailed("100-continue only")


async def send_no_continue(request: web.Request) -> None:
    """In place of aiohttp's answer to Expect: `Body` sends it, once the body is wanted."""


class Pace:
    """How fast a body comes. Only the waiting for it counts: our own work is not the client's."""

    def __init__(self, limits: ApiLimits) -> None:
        self._after = limits.slow_after_seconds
        self._least = limits.least_bytes_per_second
        self._bytes = 0
        self._seconds = 0.0

    def add(self, count: int, seconds: float) -> None:
        """`count` bytes were waited for so long. Raises BodyTrickles."""
        self._bytes += count
        self._seconds += seconds
        if self._seconds >= self._after and self._bytes < self._least * self._seconds:
            raise BodyTrickles(f"{self._bytes} bytes in {self._seconds:.0f} seconds")


class Body:
    """The body of one request."""

    def __init__(self, request: web.Request, *, most: int, limits: ApiLimits) -> None:
        """`most`: bytes of this body; of `limits` only those of its pace are looked at."""
        self._request = request
        self._most = most
        self._silence = limits.silence_seconds
        self._pace = Pace(limits)
        self._wanted = digests.promised(request.headers.getall("Content-Digest", []))

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The bytes as they come; ends only if they were all there and fit the Content-Digest.

        Raises BodyTooLarge, BodyTooSlow, BodyTrickles, MalformedBody, DigestMismatch;
        ConnectionError where the client went away.
        """
        if (self._request.content_length or 0) > self._most:
            raise BodyTooLarge(self._most)
        await self._go_on()
        count = 0
        running = None if self._wanted is None else hashlib.sha256()
        while piece := await self._timed():
            count += len(piece)
            if count > self._most:
                raise BodyTooLarge(self._most)
            if running is not None:
                running.update(piece)
            yield piece
        if running is not None:
            digests.check(self._wanted, running.digest())

    async def json(self) -> bytes:
        """The whole of a small body: JSON, or nothing. Raises as `pieces`, UnsupportedMediaType."""
        data = b"".join([piece async for piece in self.pieces()])
        if data and self._request.content_type != "application/json":
            raise UnsupportedMediaType("application/json is taken here")
        return data

    async def _timed(self) -> bytes:
        now = asyncio.get_running_loop().time
        began = now()
        piece = await self._next()
        if piece:
            self._pace.add(len(piece), now() - began)
        return piece

    async def _next(self) -> bytes:
        try:
            async with asyncio.timeout(self._silence):
                return await self._request.content.readany()
        except TimeoutError:
            raise BodyTooSlow("nothing came for too long") from None
        except ConnectionError:
            raise
        except (web.RequestPayloadError, ValueError) as error:
            raise MalformedBody("the body's framing is broken") from error

    async def _go_on(self) -> None:
        if hdrs.EXPECT in self._request.headers:
            writer = self._request.writer
            await writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            writer.output_size = 0  # no part of the answer
