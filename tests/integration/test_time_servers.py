"""Real datagrams from a time server of the tests' own: it lies, is silent, or mixes things up."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from relay.ntp import ClockWatch
from relay.sntp import KissOfDeath, NoTime, TimeServer, ask
from tests.time_server import Server, answer, time_server


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
