"""When the clock is trusted: majorities, steps, silence, kisses. The servers are functions here."""

from dataclasses import replace
from datetime import timedelta

import pytest

from relay.ntp import ClockWatch, agreed
from relay.sntp import KissOfDeath, NoTime, Sample, TimeServer

A, B, C = (TimeServer(host=name) for name in "abc")
EVERY = 64.0


def sample(server: TimeServer = A, offset: float = 0.0, way: float = 0.02) -> Sample:
    return Sample(server=server, offset=offset, round_trip=way, distance=0.0)


class World:
    """Clocks to be set, servers that answer what a test puts there."""

    def __init__(self, *servers: TimeServer, accuracy: float = 1.0) -> None:
        self.wall, self.boot = 1_795_000_000.0, 1000.0
        self.says: dict[TimeServer, Sample | NoTime] = {each: sample(each) for each in servers}
        self.asked: list[TimeServer] = []
        self.watch = ClockWatch(
            servers=servers,
            accuracy=timedelta(seconds=accuracy),
            every=EVERY,
            wall=lambda: self.wall,
            boot=lambda: self.boot,
            ask=self.ask,
        )

    async def ask(self, server: TimeServer) -> Sample:
        self.asked.append(server)
        said = self.says[server]
        if isinstance(said, NoTime):
            raise said
        return said

    def pass_seconds(self, seconds: float) -> None:
        self.wall += seconds
        self.boot += seconds

    async def problem(self) -> str:
        await self.watch.look()
        return self.watch.problem() or ""


async def test_nothing_is_trusted_before_somebody_answered() -> None:
    world = World(A)
    assert "not been compared" in (world.watch.problem() or "")
    assert await world.problem() == ""


@pytest.mark.parametrize(
    ("offset", "way", "trusted"),
    [
        (0.9, 0.1, True),
        (-0.9, 0.1, True),
        (0.96, 0.1, False),
        (-0.96, 0.1, False),
        (0.0, 2.1, False),
        (4.0, 0.01, False),
    ],
)
async def test_offset_and_half_the_way_stay_within_the_accuracy(offset, way, trusted) -> None:
    world = World(A)
    world.says[A] = sample(offset=offset, way=way)
    assert (await world.problem() == "") == trusted


async def test_a_step_of_the_clock_is_noticed_at_once() -> None:
    world = World(A)
    assert await world.problem() == ""
    world.wall += 1.5
    assert "1.510 s off" in (world.watch.problem() or "")
    world.wall -= 3.0
    assert "off" in (world.watch.problem() or "")
    world.wall += 1.5
    assert world.watch.problem() is None


async def test_a_clock_that_a_step_put_right_is_trusted_again() -> None:
    world = World(A)
    world.says[A] = sample(offset=3.0)
    assert "3.010 s off" in await world.problem()
    world.wall += 3.0
    assert world.watch.problem() is None


async def test_silence_ends_the_trust_after_a_while() -> None:
    world = World(A)
    assert await world.problem() == ""
    world.says[A] = NoTime("no answer")
    for _ in range(4):
        world.pass_seconds(EVERY)
        assert await world.problem() == ""
    world.pass_seconds(EVERY)
    assert "no time servers that agree have answered for 320 s" in await world.problem()
    world.says[A] = sample()
    assert await world.problem() == ""


async def test_one_liar_of_three_is_outvoted_and_two_are_believed() -> None:
    world = World(A, B, C)
    world.says[C] = sample(C, offset=30.0, way=0.001)
    assert await world.problem() == ""
    world.says[B] = sample(B, offset=30.0, way=0.002)
    assert "30.0" in await world.problem()


async def test_a_majority_is_of_those_that_are_named() -> None:
    world = World(A, B, C)
    world.says |= {B: NoTime("no answer"), C: NoTime("no answer")}
    assert "not been compared" in await world.problem()
    world.says[B] = sample(B)
    assert await world.problem() == ""


def test_of_those_who_agree_the_shortest_way_counts() -> None:
    near, far = sample(A, offset=0.1, way=0.3), sample(B, offset=0.0, way=0.8)
    assert agreed([far, near], 2) == near
    assert agreed([near, sample(B, offset=9.0)], 2) is None
    assert agreed([], 1) is None


@pytest.mark.parametrize("kiss", ["DENY", "RSTR"])
async def test_a_server_that_denies_is_never_asked_again(kiss: str) -> None:
    world = World(A)
    world.says[A] = KissOfDeath(kiss)
    for _ in range(3):
        await world.watch.look()
    assert world.asked == [A]
    assert world.watch.health()[0].problem == f"kiss {kiss}"


async def test_a_server_that_is_asked_too_often_is_asked_less() -> None:
    world = World(A)
    world.says[A] = KissOfDeath("RATE")
    asked = []
    for _ in range(12):
        before = len(world.asked)
        await world.watch.look()
        asked.append(len(world.asked) > before)
    assert [n for n, each in enumerate(asked) if each] == [0, 2, 6]


async def test_each_server_has_its_health() -> None:
    world = World(A, B)
    world.says[B] = NoTime("no answer")
    assert [one.works for one in world.watch.health()] == [False, False]
    await world.watch.look()
    good, bad = world.watch.health()
    assert (good.server, good.works, good.problem) == ("a:123", True, "")
    assert (bad.server, bad.works, bad.problem) == ("b:123", False, "no answer")


async def test_trust_fades_with_the_drift_of_clocks() -> None:
    world = World(A, accuracy=0.011)
    world.says[A] = replace(sample(), offset=0.0)
    assert await world.problem() == ""
    world.pass_seconds(100)
    assert "off" in (world.watch.problem() or "")
