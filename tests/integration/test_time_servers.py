"""Real datagrams from a time server of the tests' own: it lies, is silent, or mixes things up."""

import asyncio
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from relay.ntp import ClockWatch
from relay.sntp import KissOfDeath, NoTime, TimeServer, ask

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


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with time_server() as running:
        yield running


def watching(*servers: Server) -> ClockWatch:
    return ClockWatch(
        servers=[each.at for each in servers],
        accuracy=timedelta(seconds=1),
        every=64,
        ask=lambda one: ask(one, seconds=0.3),
    )


async def test_an_honest_server_is_within_a_breath(server) -> None:
    found = await ask(server.at, seconds=1)
    assert abs(found.offset) < 0.25
    assert 0 <= found.round_trip < 0.5


@pytest.mark.parametrize("ahead", [-3.0, 3.0])
async def test_a_server_that_is_seconds_off_ends_the_trust(server, ahead: float) -> None:
    watch = watching(server)
    await watch.look()
    assert watch.problem() is None
    server.answers = lambda query: [answer(query, ahead=ahead)]
    await watch.look()
    assert "the clock may be 3.0" in (watch.problem() or "") or "2.9" in (watch.problem() or "")


async def test_one_liar_among_three_changes_nothing(server) -> None:
    async with time_server() as second, time_server() as third:
        second.answers = lambda query: [answer(query, ahead=5)]
        watch = watching(server, second, third)
        assert await watch.look()
        assert watch.problem() is None


async def test_a_silent_server_is_no_time(server) -> None:
    server.answers = lambda _query: []
    with pytest.raises(NoTime, match="no answer"):
        await ask(server.at, seconds=0.1)
    watch = watching(server)
    assert not await watch.look()
    assert "not been compared" in (watch.problem() or "")


async def test_answers_to_other_questions_are_not_heard(server) -> None:
    server.answers = lambda query: [
        answer(query, ahead=60, origin=1),
        b"noise",
        query,
        answer(query),
    ]
    assert abs((await ask(server.at, seconds=1)).offset) < 0.25
    server.answers = lambda query: [answer(query, origin=1)]
    with pytest.raises(NoTime, match="no answer"):
        await ask(server.at, seconds=0.1)


async def test_the_first_answer_counts_and_a_later_one_does_not(server) -> None:
    server.answers = lambda query: [answer(query), answer(query, ahead=60)]
    assert abs((await ask(server.at, seconds=1)).offset) < 0.25


async def test_a_server_that_is_not_synchronised_or_denies_is_no_time(server) -> None:
    server.answers = lambda query: [answer(query, first=0b11_100_100)]
    with pytest.raises(NoTime, match="not synchronised"):
        await ask(server.at, seconds=1)
    server.answers = lambda query: [answer(query, stratum=0, reference=b"DENY")]
    with pytest.raises(KissOfDeath, match="DENY"):
        await ask(server.at, seconds=1)


async def test_where_nobody_listens_there_is_no_time() -> None:
    async with time_server() as gone:
        at = gone.at
    with pytest.raises(NoTime, match="no connection"):
        await ask(at, seconds=1)
    with pytest.raises(NoTime, match="no connection"):
        await ask(TimeServer(host="no-such-host.invalid"), seconds=5)


async def test_the_watch_asks_at_its_times(server) -> None:
    watch = watching(server)
    watch.every = 0.05
    running = asyncio.ensure_future(watch.run())
    await asyncio.sleep(0.4)
    running.cancel()
    assert 3 <= server.asked <= 9
