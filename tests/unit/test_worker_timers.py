"""Terms that end, and what all loops share."""

import asyncio
from datetime import timedelta

import pytest

from relay.loops import Alarm, take_turns
from relay.timers import Timers
from tdh.domain.errors import SealingUnavailable, StorageUnavailable
from tdh.domain.lifecycle import ConsignmentMode, DeliveryState
from tdh.domain.outbox import Task
from tests import builders as make
from tests.memory_service import MemoryService

BASIC, CONSENT = ConsignmentMode.BASIC, ConsignmentMode.CONSENT
CITIZEN = make.party(make.CITIZEN)


@pytest.fixture
def service():
    return MemoryService()


@pytest.fixture
def timers(service):
    return Timers(outbox=service, commit=service, ids=service.ids, clock=service.clock)


async def test_a_term_ends_when_it_is_over_and_not_before(service, timers):
    delivery = await service.submit(CITIZEN, CONSENT)
    await service.forward(delivery)
    service.clock.forward(days=15)
    assert await timers.turn() == 0
    service.clock.forward(seconds=120)
    assert await timers.turn() == 1
    assert service.state(delivery) is DeliveryState.EXPIRED
    assert not service.rows


async def test_a_holding_time_ends(service, timers):
    delivery = await service.submit(CITIZEN, BASIC)
    await service.forward(delivery)
    service.clock.forward(days=91)
    assert await timers.turn() == 1
    assert service.state(delivery) is DeliveryState.UNCOLLECTED


async def test_a_timer_that_fires_too_early_is_looked_at_again(service, timers):
    delivery = await service.submit(CITIZEN, CONSENT)
    await service.forward(delivery)
    (row,) = service.waiting(Task.EXPIRE)
    service.rows[row].next_try = service.clock.now()
    assert await timers.turn() == 1
    assert service.postponed[row] == service.clock.now() + timedelta(seconds=1)
    assert service.rows[row].attempts == 0
    assert service.state(delivery) is DeliveryState.AWAITING_ACCEPTANCE


async def test_a_missing_sealer_costs_a_timer_no_attempt(service, timers):
    delivery = await service.submit(CITIZEN, CONSENT)
    await service.forward(delivery)
    (row,) = service.waiting(Task.EXPIRE)
    service.clock.forward(days=16)
    service.fails[delivery] = SealingUnavailable("silent")
    assert await timers.turn() == 1
    assert service.rows[row].attempts == 0
    assert service.rows[row].next_try == service.clock.now() + timedelta(seconds=5)


async def test_a_timer_outlives_a_missing_sealer_and_a_defect(service, timers):
    delivery = await service.submit(CITIZEN, CONSENT)
    await service.forward(delivery)
    service.clock.forward(days=16)
    for error in (SealingUnavailable("silent"), ZeroDivisionError("unforeseen")):
        service.fails[delivery] = error
        assert await timers.turn() == 1
        assert service.state(delivery) is DeliveryState.AWAITING_ACCEPTANCE
        service.clock.forward(seconds=10)
    service.fails.clear()
    assert await timers.turn() == 1
    assert service.state(delivery) is DeliveryState.EXPIRED


def test_an_alarm_rings_once_a_minute_for_each_cause():
    now = [0.0]
    alarm = Alarm("test", monotonic=lambda: now[0])
    rung = []
    for _ in range(125):
        rung.append(alarm.ring("broker-unavailable"))
        now[0] += 1
    assert rung.count(True) == 3
    assert alarm.ring("another")


async def test_a_loop_goes_on_after_what_nobody_foresaw():
    turns = []

    async def turn():
        turns.append(1)
        if len(turns) < 3:
            raise [StorageUnavailable("gone"), ZeroDivisionError()][len(turns) - 1]
        return 0

    running = asyncio.create_task(
        take_turns(turn, name="test", full=1, rest_after_failure_seconds=0.01)
    )
    await asyncio.sleep(0.2)
    running.cancel()
    assert len(turns) >= 3
