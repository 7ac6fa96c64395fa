"""Dispatcher and worker, over deliveries in memory."""

import asyncio
from itertools import count

import pytest

from relay.amqp import names
from relay.amqp.batches import parse_batch, print_batch
from relay.amqp.errors import BrokerUnavailable, NotTaken, Unroutable
from relay.dispatcher import Dispatcher
from relay.worker import ForwardWorker
from tdh.domain.errors import InvalidValue, SealingUnavailable, StorageUnavailable
from tdh.domain.lifecycle import ConsignmentMode, DeliveryState
from tdh.domain.outbox import Task
from tdh.domain.policies import ATTEMPTS_BEFORE_PARKING
from tests import builders as make
from tests.fakes_amqp import MemoryPublisher, MemoryReceived
from tests.memory_service import MemoryService

BASIC, CONSENT = ConsignmentMode.BASIC, ConsignmentMode.CONSENT
CITIZEN = make.party(make.CITIZEN)


@pytest.fixture
def service():
    return MemoryService()


@pytest.fixture
def publisher():
    return MemoryPublisher()


@pytest.fixture
def dispatcher(service, publisher):
    return make_dispatcher(service, publisher)


def make_dispatcher(service, publisher, **changes):
    numbers = count(1)
    settings = {
        "outbox": service,
        "publisher": publisher,
        "clock": service.clock,
        "forward_queues": 2,
        "new_batch_id": lambda: f"batch-{next(numbers)}",
    }
    return Dispatcher(**{**settings, **changes})


def published_rows(publisher):
    return [list(parse_batch(message.body)) for message in publisher.published]


@pytest.fixture
def worker(service, publisher):
    numbers = count(1)
    return ForwardWorker(
        consumer=None,
        publisher=publisher,
        outbox=service,
        commit=service,
        ids=service.ids,
        clock=service.clock,
        new_message_id=lambda: f"message-{next(numbers)}",
    )


async def test_new_rows_travel_together_round_the_forward_queues(service, publisher):
    dispatcher = make_dispatcher(service, publisher, batch=2)
    for _ in range(5):
        await service.submit(CITIZEN, BASIC)
    assert await dispatcher.turn() == 5
    assert published_rows(publisher) == [[1, 2], [3, 4], [5]]
    assert [m.key for m in publisher.published] == ["forward.0", "forward.1", "forward.0"]
    assert len({m.message_id for m in publisher.published}) == 3


async def test_a_row_that_was_tried_before_travels_alone(service, publisher, dispatcher):
    for _ in range(3):
        await service.submit(CITIZEN, BASIC)
    await dispatcher.turn()
    publisher.published.clear()
    await service.submit(CITIZEN, BASIC)
    service.clock.forward(seconds=6)
    assert await dispatcher.turn() == 4
    assert sorted(published_rows(publisher)) == [[1], [2], [3], [4]]


async def test_what_is_in_flight_is_bounded_and_the_rest_waits_in_the_outbox(service, publisher):
    dispatcher = make_dispatcher(service, publisher, batch=2, most_in_flight=4)
    for _ in range(10):
        await service.submit(CITIZEN, BASIC)
    assert await dispatcher.turn() == 4
    assert await dispatcher.turn() == 0
    assert published_rows(publisher) == [[1, 2], [3, 4]]
    await service.finish([1, 2, 3])
    assert await dispatcher.turn() == 3
    assert published_rows(publisher)[2:] == [[5, 6], [7]]


async def test_a_row_that_is_still_on_its_way_is_not_published_again(
    service, publisher, dispatcher
):
    await service.submit(CITIZEN, BASIC)
    for seconds, due in ((0, 1), (1, 1), (3, 0)):
        service.clock.forward(seconds=seconds)
        assert await dispatcher.turn() == due
    assert published_rows(publisher) == [[1]]
    assert service.rows[1].attempts == 1, "what is not published is no attempt"
    service.clock.forward(seconds=4)
    assert await dispatcher.turn() == 1
    assert published_rows(publisher) == [[1], [1]]


async def test_rows_that_came_to_nothing_make_room_when_they_are_due_again(service, publisher):
    dispatcher = make_dispatcher(service, publisher, batch=2, most_in_flight=2)
    for _ in range(4):
        await service.submit(CITIZEN, BASIC)
    assert await dispatcher.turn() == 2
    service.clock.forward(seconds=6)
    assert await dispatcher.turn() == 2
    assert published_rows(publisher) == [[1, 2], [1], [2]]


@pytest.mark.parametrize("error", [BrokerUnavailable("gone"), Unroutable("no queue"), NotTaken("")])
async def test_what_could_not_be_published_comes_again_without_a_lost_attempt(
    service, publisher, dispatcher, error
):
    await service.submit(CITIZEN, BASIC)
    publisher.error = error
    with pytest.raises(type(error)):
        await dispatcher.turn()
    publisher.error = None
    service.clock.forward(seconds=3)
    assert await dispatcher.turn() == 1
    assert published_rows(publisher) == [[1]]
    assert service.rows[1].attempts == 1


async def test_one_queue_that_takes_nothing_does_not_hold_up_the_other(service, publisher):
    dispatcher = make_dispatcher(service, publisher, batch=1)
    for _ in range(4):
        await service.submit(CITIZEN, BASIC)
    publisher.errors["forward.1"] = Unroutable("no queue")
    with pytest.raises(Unroutable):
        await dispatcher.turn()
    assert published_rows(publisher) == [[1], [3]]
    assert set(service.postponed) == {2, 4}


async def test_nothing_is_claimed_before_the_broker_is_there(service, publisher, dispatcher):
    await service.submit(CITIZEN, BASIC)
    never = asyncio.Event()
    publisher.ready = never.wait
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(dispatcher.turn(), 0.05)
    assert service.rows[1].attempts == 0


async def test_nothing_is_published_again_while_nobody_takes_from_the_queues(
    service, publisher, dispatcher
):
    await service.submit(CITIZEN, BASIC)
    publisher.listeners = 0
    for _ in range(5):
        await dispatcher.turn()
        service.clock.forward(seconds=10)
    assert published_rows(publisher) == [[1]]
    assert service.rows[1].attempts == 1, "what is not published is no attempt"
    publisher.listeners = 1
    await dispatcher.turn()
    assert published_rows(publisher) == [[1], [1]]


async def test_the_wake_up_spares_the_poll(service, publisher):
    wake = asyncio.Event()
    dispatcher = make_dispatcher(service, publisher, wake=wake)
    running = asyncio.create_task(dispatcher.run())
    try:
        await asyncio.sleep(0.4)  # it now rests 200 ms at a time
        await service.submit(CITIZEN, BASIC)
        wake.set()
        await asyncio.sleep(0.03)
        assert published_rows(publisher) == [[1]]
    finally:
        running.cancel()


async def test_a_message_becomes_consignments_and_is_acknowledged_after_them(service, worker):
    deliveries = [await service.submit(CITIZEN, mode) for mode in (BASIC, CONSENT)]
    received = MemoryReceived(print_batch([1, 2]))
    await worker.handle(received)
    assert [service.state(delivery) for delivery in deliveries] == [
        DeliveryState.CONSIGNED,
        DeliveryState.AWAITING_ACCEPTANCE,
    ]
    assert received.answers == ["ack"]
    assert not service.waiting(Task.FORWARD)


async def test_a_message_that_comes_twice_does_its_work_once(service, worker):
    delivery = await service.submit(CITIZEN, BASIC)
    for _ in range(3):
        received = MemoryReceived(print_batch([1]))
        await worker.handle(received)
        assert received.answers == ["ack"]
    assert service.happened(delivery) == ["SubmissionAcceptance", "ContentConsignment"]


async def test_rows_of_other_tasks_in_a_message_are_left_alone(service, worker):
    delivery = await service.submit(CITIZEN, CONSENT)
    await service.forward(delivery)
    (row,) = service.waiting(Task.EXPIRE)
    received = MemoryReceived(print_batch([row]))
    await worker.handle(received)
    assert received.answers == ["ack"]
    assert service.waiting(Task.EXPIRE) == [row]


@pytest.mark.parametrize("body", [b"", b"nonsense", b"[]", b"[1,1]", b'["1"]'])
async def test_what_cannot_be_parsed_is_a_dead_letter_with_its_reason(publisher, worker, body):
    received = MemoryReceived(body, message_id="the-first")
    await worker.handle(received)
    (dead,) = publisher.published
    assert (dead.exchange, dead.key, dead.body) == (names.DEAD, names.DEAD_WORK, body)
    assert dead.headers["tdh-reason"].startswith("body: ")
    assert dead.headers["tdh-message-id"] == "the-first"
    assert received.answers == ["ack"]


async def test_a_dead_letter_that_cannot_be_published_is_not_acknowledged(publisher, worker):
    publisher.error = BrokerUnavailable("gone")
    received = MemoryReceived(b"nonsense")
    with pytest.raises(BrokerUnavailable):
        await worker.handle(received)
    assert received.answers == []


async def test_a_poisoned_delivery_harms_no_other_of_its_message(service, worker):
    deliveries = [await service.submit(CITIZEN, BASIC) for _ in range(5)]
    service.fails[deliveries[1]] = ZeroDivisionError("nobody foresaw this")
    service.fails[deliveries[3]] = InvalidValue("x", "y")
    received = MemoryReceived(print_batch([1, 2, 3, 4, 5]))
    await worker.handle(received)
    states = [service.state(delivery) for delivery in deliveries]
    assert states.count(DeliveryState.CONSIGNED) == 3
    assert states[1] == states[3] == DeliveryState.ACCEPTED
    assert service.waiting(Task.FORWARD) == [2, 4]
    assert received.answers == ["ack"]


@pytest.mark.parametrize("error", [SealingUnavailable("silent"), StorageUnavailable("gone")])
async def test_a_missing_part_of_the_service_costs_no_attempt(service, worker, error):
    delivery = await service.submit(CITIZEN, BASIC)
    await service.claim({Task.FORWARD}, 10, service.clock.now())
    service.fails[delivery] = error
    received = MemoryReceived(print_batch([1]))
    await worker.handle(received)
    assert received.answers == ["ack"]
    assert service.rows[1].attempts == 0
    service.fails.clear()
    await worker.handle(MemoryReceived(print_batch([1])))
    assert service.state(delivery) is DeliveryState.CONSIGNED


async def test_a_database_that_is_down_leaves_the_row_for_its_next_try(service, worker):
    delivery = await service.submit(CITIZEN, BASIC)
    service.down = True
    received = MemoryReceived(print_batch([1]))
    await worker.handle(received)
    assert received.answers == ["ack"]
    service.down = False
    assert service.waiting(Task.FORWARD) == [1]
    assert service.state(delivery) is DeliveryState.ACCEPTED


async def test_a_closed_mailbox_is_tried_again_and_fails_at_the_last_attempt(
    service, worker, publisher, dispatcher
):
    delivery = await service.submit(CITIZEN, BASIC)
    service.close_mailbox(delivery)
    for _ in range(ATTEMPTS_BEFORE_PARKING):
        assert service.state(delivery) is DeliveryState.ACCEPTED
        assert await dispatcher.turn() == 1
        await worker.handle(MemoryReceived(publisher.published[-1].body))
        service.clock.forward(minutes=6)
    assert service.state(delivery) is DeliveryState.UNDELIVERABLE
    assert service.happened(delivery)[-1] == "ContentConsignmentFailure"
    assert not service.rows


async def test_a_mailbox_that_opens_again_gets_its_delivery(service, worker):
    delivery = await service.submit(CITIZEN, BASIC)
    service.close_mailbox(delivery)
    await worker.handle(MemoryReceived(print_batch([1])))
    service.close_mailbox(delivery, closed=False)
    await worker.handle(MemoryReceived(print_batch([1])))
    assert service.state(delivery) is DeliveryState.CONSIGNED
