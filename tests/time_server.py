"""A time server (SNTP) on 127.0.0.1 that answers whatever a test wants."""

import asyncio
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from relay.sntp import TimeServer

PACKET = struct.Struct(">BBbbII4sQQQQ")
Answers = Callable[[bytes], list[bytes]]


def stamp(seconds: float) -> int:
    return int((seconds + 2_208_988_800) * 2**32) % 2**64


def answer(query: bytes, *, ahead: float = 0.0, origin: int = 0, **changes) -> bytes:
    now = time.time() + ahead
    fields = {
        "first": 0b00_100_100,
        "stratum": 2,
        "poll": 6,
        "precision": -20,
        "delay": 0,
        "dispersion": 0,
        "reference": b"TEST",
        "updated": stamp(now - 60),
        "origin": PACKET.unpack(query)[-1] ^ origin,
        "received": stamp(now),
        "transmitted": stamp(now),
    }
    return PACKET.pack(*(fields | changes).values())


class Server(asyncio.DatagramProtocol):
    """Answers each query by whatever `answers` gives, in that order."""

    def __init__(self) -> None:
        self.answers: Answers = lambda query: [answer(query)]
        self.asked = 0
        self.at: TimeServer

    def connection_made(self, transport) -> None:
        self.transport = transport

    def datagram_received(self, data, address) -> None:
        self.asked += 1
        for one in self.answers(data):
            self.transport.sendto(one, address)


@asynccontextmanager
async def time_server() -> AsyncIterator[Server]:
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(
        Server, local_addr=("127.0.0.1", 0)
    )
    server.at = TimeServer(host="127.0.0.1", port=transport.get_extra_info("sockname")[1])
    try:
        yield server
    finally:
        transport.close()
