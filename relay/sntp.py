"""One question to one time server by SNTP (RFC 4330; the format is RFC 5905, 7.3), and its answer.

The question carries no time of ours, only random bits, which the answer must repeat: nobody who
did not see the question can answer it, and nobody learns what our clock says. What does not answer
it is not heard. Never sets a clock.
"""

import asyncio
import secrets
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

PORT = 123
_PACKET = struct.Struct(">BBbbII4sQQQQ")
_VERSION, _CLIENT, _SERVER = 4, 3, 4
_UNSYNCHRONISED = 3
_MOST_STRATUM = 15
MOST_ROOT_SECONDS = 1.0
"""RFC 5905 takes 1.5 s (MAXDIST); nobody who is further from his source tells us a second."""
_TO_UNIX = 2_208_988_800
_ERA = 1 << 32


class NoTime(Exception):
    """A server from which no time is to be had; `why` is a word or two for the log."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class KissOfDeath(NoTime):
    """A server that asks to be left alone (RFC 5905, 7.4); `kiss` says how."""

    def __init__(self, kiss: str) -> None:
        super().__init__(f"kiss {kiss}")
        self.kiss = kiss


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeServer:
    """Who is asked."""

    host: str
    port: int = PORT

    @classmethod
    def read(cls, text: str) -> Self:
        """`host`, `host:port` or `[address]:port`. Raises ValueError."""
        parts = urlsplit(f"//{text}")
        if parts.hostname is None or parts.netloc != text or parts.username is not None:
            raise ValueError(f"{text}: host or host:port is wanted")
        return cls(host=parts.hostname, port=parts.port or PORT)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one answer says of our clock."""

    server: TimeServer
    offset: float
    """Seconds to be added to our clock, by the server's."""
    round_trip: float
    """Seconds that question and answer were on their way."""
    distance: float
    """Seconds that the server itself may be off, as it says."""

    @property
    def error(self) -> float:
        """Seconds by which `offset` may be wrong: the way there may differ from the way back."""
        return self.round_trip / 2 + self.distance


Wall = Callable[[], float]


async def ask(
    server: TimeServer,
    *,
    seconds: float,
    wall: Wall = time.time,
    monotonic: Wall = time.monotonic,
    random_bits: Callable[[int], int] = secrets.randbits,
) -> Sample:
    """Ask once, for so long. Raises NoTime."""
    cookie = random_bits(64) or 1
    try:
        async with asyncio.timeout(seconds):
            return await _exchange(server, cookie, wall, monotonic)
    except TimeoutError as error:
        raise NoTime("no answer") from error
    except OSError as error:
        raise NoTime("no connection") from error


async def _exchange(server: TimeServer, cookie: int, wall: Wall, monotonic: Wall) -> Sample:
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[tuple[bytes, float]] = loop.create_future()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Listener(cookie, answered, monotonic), remote_addr=(server.host, server.port)
    )
    try:
        sent, began = wall(), monotonic()
        transport.sendto(question(cookie))
        data, ended = await answered
    finally:
        transport.close()
    return read_answer(data, server=server, sent=sent, taken=ended - began)


class _Listener(asyncio.DatagramProtocol):
    """Waits for the answer to one question; other datagrams are not heard."""

    def __init__(
        self, cookie: int, answered: "asyncio.Future[tuple[bytes, float]]", monotonic: Wall
    ) -> None:
        self._cookie, self._answered, self._monotonic = cookie, answered, monotonic

    def datagram_received(self, data: bytes, _address: object) -> None:
        if not self._answered.done() and answers(data, self._cookie):
            self._answered.set_result((data, self._monotonic()))

    def error_received(self, exc: Exception) -> None:
        if not self._answered.done():
            self._answered.set_exception(exc)


def question(cookie: int) -> bytes:
    """A client's packet, empty but for the cookie as its transmit time (RFC 4330, 5)."""
    first = _VERSION << 3 | _CLIENT
    return _PACKET.pack(first, 0, 0, 0, 0, 0, b"", 0, 0, 0, cookie)


def answers(data: bytes, cookie: int) -> bool:
    """Whether a datagram is a server's answer to the question with this cookie."""
    if len(data) < _PACKET.size:
        return False
    first, *_, origin, _received, _sent = _PACKET.unpack_from(data)
    return (first & 7, first >> 3 & 7, origin) == (_SERVER, _VERSION, cookie)


def read_answer(data: bytes, *, server: TimeServer, sent: float, taken: float) -> Sample:
    """The sample of an answer; our clock said `sent`, the answer `taken` seconds. Raises NoTime."""
    (first, stratum, _, _, delay, dispersion, reference, _, _, received, transmitted) = (
        _PACKET.unpack_from(data)
    )
    if stratum == 0:
        raise KissOfDeath(reference.decode("ascii", "replace").strip("\0"))
    if first >> 6 == _UNSYNCHRONISED or stratum > _MOST_STRATUM:
        raise NoTime("not synchronised")
    distance = (delay / 2 + dispersion) / 65_536
    if distance > MOST_ROOT_SECONDS:
        raise NoTime("too far from its source")
    if not received or not transmitted:
        raise NoTime("no time in the answer")
    there, back = _seconds(received), _seconds(transmitted)
    round_trip = taken - (back - there)
    if back < there or round_trip < 0:
        raise NoTime("times in a wrong order")
    offset = (there - sent + back - (sent + taken)) / 2
    return Sample(server=server, offset=offset, round_trip=round_trip, distance=distance)


def _seconds(stamp: int) -> float:
    """Seconds since 1970 of a timestamp, of the era from 1968 to 2104 (RFC 4330, 3)."""
    whole, fraction = divmod(stamp, _ERA)
    return whole + (0 if whole >> 31 else _ERA) - _TO_UNIX + fraction / _ERA
