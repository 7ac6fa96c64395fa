"""Dispatcher, worker, timers, pushes and submissions, over deliveries in memory."""

import asyncio
from datetime import timedelta
from itertools import count

import pytest

from relay.amqp import names
from relay.amqp.batches import parse_batch, print_batch
from relay.amqp.cloudevents import CloudEvent, parse_event, print_event
from relay.amqp.errors import BrokerUnavailable, NotTaken, Unroutable
from relay.amqp.pushes import Pushes
from relay.amqp.requests import print_digest
from relay.amqp.submissions import Submissions
from relay.dispatcher import Dispatcher
from relay.loops import Alarm, take_turns
from relay.timers import Timers
from relay.worker import ForwardWorker
from tdh.domain.errors import InvalidValue, SealingUnavailable, StorageUnavailable
from tdh.domain.identifiers import party_slug
from tdh.domain.lifecycle import ConsignmentMode, DeliveryState
from tdh.domain.outbox import Task
from tdh.domain.parties import Channel
from tdh.domain.policies import ATTEMPTS_BEFORE_PARKING
from tests import builders as make
from tests.fakes_amqp import MemoryPublisher, MemoryReceived
from tests.memory_service import MemoryService

BASIC, CONSENT = ConsignmentMode.BASIC, ConsignmentMode.CONSENT
COMPANY = make.party(make.COMPANY, Channel.QUEUE)
CITIZEN = make.party(make.CITIZEN)
SLUG = party_slug(make.COMPANY)
MAILBOX = names.mailbox_queue(SLUG)


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


@pytest.fixture
def timers(service):
    return Timers(outbox=service, commit=service, ids=service.ids, clock=service.clock)


@pytest.fixture
def pushes(service, publisher):
    return Pushes(
        outbox=service,
        deliveries=service,
        publisher=publisher,
        commit=service,
        ids=service.ids,
        clock=service.clock,
        source="urn:tdh:test",
    )


@pytest.fixture
def submissions(service, publisher):
    numbers = count(1)
    return Submissions(
        consumer=None,
        publisher=publisher,
        commit=service,
        ids=service.ids,
        clock=service.clock,
        problem_of=lambda error: {"code": error.code, "retryable": error.retryable},
        source="urn:tdh:test",
        new_message_id=lambda: f"message-{next(numbers)}",
    )


def published_rows(publisher):
    return [list(parse_batch(message.body)) for message in publisher.published]


# --- dispatcher ----------------------------------------------------------------------------------


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
    for seconds in (0, 1, 2):
        service.clock.forward(seconds=seconds)
        assert await dispatcher.turn() == 1
    assert published_rows(publisher) == [[1]]
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


# --- worker --------------------------------------------------------------------------------------


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


# --- timers --------------------------------------------------------------------------------------


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


# --- pushes --------------------------------------------------------------------------------------


async def consigned(service):
    delivery = await service.submit(COMPANY, BASIC)
    await service.forward(delivery)
    return delivery


async def test_a_confirmed_push_is_a_notification_once_and_told_again_after_an_hour(
    service, publisher, pushes
):
    delivery = await consigned(service)
    assert await pushes.turn() == 1
    assert service.happened(delivery)[-1] == "ConsignmentNotification"
    assert await pushes.turn() == 0
    service.clock.forward(minutes=59)
    assert await pushes.turn() == 0
    service.clock.forward(minutes=2)
    assert await pushes.turn() == 1
    assert service.happened(delivery).count("ConsignmentNotification") == 1
    first, second = publisher.published
    assert first.message_id == second.message_id
    assert (first.exchange, first.key) == (names.MAILBOX, MAILBOX)


async def test_telling_again_never_parks_a_row(service, publisher, pushes):
    await consigned(service)
    for _ in range(3 * ATTEMPTS_BEFORE_PARKING):
        assert await pushes.turn() == 1
        service.clock.forward(hours=2)


@pytest.mark.parametrize(
    ("error", "code"), [(Unroutable("no queue"), "queue-missing"), (NotTaken(""), "queue-refused")]
)
async def test_a_push_that_the_broker_does_not_take_is_a_failed_notice_and_tried_again(
    service, publisher, pushes, error, code
):
    delivery = await consigned(service)
    publisher.error = error
    await pushes.turn()
    failure = service.events[delivery][-1]
    assert failure.name == "ConsignmentNotificationFailure"
    assert (failure.channel, failure.because[0].code) == ("amqp", code)
    publisher.error = None
    service.clock.forward(seconds=2)
    assert await pushes.turn() == 1
    assert service.happened(delivery)[-1] == "ConsignmentNotification"


async def test_a_push_without_an_answer_is_neither_given_nor_failed(service, publisher, pushes):
    delivery = await consigned(service)
    publisher.error = BrokerUnavailable("no confirm in time")
    await pushes.turn()
    assert service.happened(delivery)[-1] == "ContentConsignment"
    publisher.error = None
    service.clock.forward(seconds=10)
    await pushes.turn()
    assert service.happened(delivery)[-1] == "ConsignmentNotification"


async def test_a_waiting_delivery_is_told_and_the_failure_of_that_is_recorded(
    service, publisher, pushes
):
    delivery = await service.submit(COMPANY, CONSENT)
    await service.forward(delivery)
    publisher.error = Unroutable("no queue")
    await pushes.turn()
    assert service.happened(delivery)[-1] == "NotificationForAcceptanceFailure"
    assert service.state(delivery) is DeliveryState.AWAITING_ACCEPTANCE
    publisher.error = None
    service.clock.forward(seconds=2)
    await pushes.turn()
    assert publisher.published[0].type == "delivery.awaiting_acceptance"


async def test_a_notice_that_could_not_be_recorded_is_recorded_with_the_next_telling(
    service, publisher, pushes
):
    delivery = await consigned(service)
    service.fails[delivery] = SealingUnavailable("silent")
    await pushes.turn()
    assert len(publisher.published) == 1
    service.fails.clear()
    service.clock.forward(seconds=10)
    await pushes.turn()
    assert service.happened(delivery)[-1] == "ConsignmentNotification"


async def test_people_are_not_told_by_queue(service, publisher, pushes):
    delivery = await service.submit(CITIZEN, BASIC)
    await service.forward(delivery)
    assert await pushes.turn() == 0


# --- submissions ---------------------------------------------------------------------------------


def request(action, data, **changes):
    body = print_event(CloudEvent(id="event", source="urn:x", type=action, data=data))
    settings = {"key": f"{SLUG}.{action}", "user": SLUG, "correlation_id": "c-1"}
    return MemoryReceived(body, **{**settings, **changes})


async def answer_to(submissions, publisher, received):
    await submissions.handle(received)
    assert received.answers == ["ack"]
    reply = publisher.published[-1]
    assert (reply.exchange, reply.key) == ("", names.reply_queue(SLUG))
    assert reply.correlation_id == "c-1"
    return parse_event(reply.body)


async def test_an_acknowledgement_is_a_handover_and_its_repetition_says_so(
    service, publisher, submissions
):
    delivery = await consigned(service)
    digests = [
        print_digest(document.digest) for document in service.dossiers[delivery].letter.documents
    ]
    asked = {"delivery": delivery, "digests": digests}
    answer = await answer_to(submissions, publisher, request(names.HANDOVER_ACKNOWLEDGE, asked))
    assert answer.type == "request.done"
    assert answer.data["result"] == "done"
    assert answer.data["events"][0]["event"] == "ContentHandover"
    assert answer.data["events"][0]["evidence"].startswith("evd_")
    assert service.state(delivery) is DeliveryState.HANDED_OVER
    assert service.events[delivery][-1].by.method == "amqp-password"
    again = await answer_to(submissions, publisher, request(names.HANDOVER_ACKNOWLEDGE, asked))
    assert again.data["result"] == "done-before"


async def test_accept_and_refuse_by_message(service, publisher, submissions):
    first, second = [await service.submit(COMPANY, CONSENT) for _ in range(2)]
    for delivery in (first, second):
        await service.forward(delivery)
    asked = request(names.DELIVERY_ACCEPT, {"delivery": first})
    answer = await answer_to(submissions, publisher, asked)
    assert [one["event"] for one in answer.data["events"]] == [
        "ConsignmentAcceptance",
        "ContentConsignment",
    ]
    asked = request(names.DELIVERY_REFUSE, {"delivery": second, "note": "ไม่ใช่ของเรา"})
    await answer_to(submissions, publisher, asked)
    assert service.state(second) is DeliveryState.REFUSED
    assert service.events[second][-1].note == "ไม่ใช่ของเรา"


@pytest.mark.parametrize("whose", ["another party's", "nobody's"])
async def test_a_foreign_delivery_is_answered_like_a_missing_one(
    service, publisher, submissions, whose
):
    delivery = "dlv_" + "0" * 24
    if whose == "another party's":
        delivery = await service.submit(CITIZEN, CONSENT)
        await service.forward(delivery)
    asked = request(names.DELIVERY_ACCEPT, {"delivery": delivery})
    answer = await answer_to(submissions, publisher, asked)
    assert answer.type == "request.refused"
    assert answer.data["problem"] == {"code": "not-found", "retryable": False}


@pytest.mark.parametrize(
    ("action", "data", "code"),
    [
        (names.DELIVERY_ACCEPT, {}, "invalid-request"),
        (names.DELIVERY_ACCEPT, {"delivery": "x"}, "invalid-request"),
        (names.LETTER_SUBMIT, {"letter": {}}, "not-available-yet"),
    ],
)
async def test_a_readable_request_that_is_wrong_gets_a_typed_problem(
    publisher, submissions, action, data, code
):
    answer = await answer_to(submissions, publisher, request(action, data))
    assert answer.data["problem"]["code"] == code


async def test_wrong_digests_are_refused_and_nothing_is_handed_over(
    service, publisher, submissions
):
    delivery = await consigned(service)
    asked = {"delivery": delivery, "digests": ["sha-256:" + "0" * 64]}
    answer = await answer_to(submissions, publisher, request(names.HANDOVER_ACKNOWLEDGE, asked))
    assert answer.data["problem"]["code"] == "digest-mismatch"
    assert service.state(delivery) is DeliveryState.CONSIGNED


async def test_a_defect_is_answered_as_an_internal_problem(service, publisher, submissions):
    delivery = await consigned(service)
    service.fails[delivery] = ZeroDivisionError("unforeseen")
    asked = {"delivery": delivery, "digests": ["sha-256:" + "0" * 64]}
    answer = await answer_to(submissions, publisher, request(names.HANDOVER_ACKNOWLEDGE, asked))
    assert answer.data["problem"]["code"] == "internal"


@pytest.mark.parametrize(
    ("received", "dead"),
    [
        (MemoryReceived(b"nonsense", key=f"{SLUG}.delivery.accept", user=SLUG), f"dead.{SLUG}"),
        (request(names.DELIVERY_ACCEPT, {}, user=""), f"dead.{SLUG}"),
        (request(names.DELIVERY_ACCEPT, {}, user="th-agency-mdes"), f"dead.{SLUG}"),
        (request(names.DELIVERY_ACCEPT, {}, key=f"{SLUG}.delivery.refuse"), f"dead.{SLUG}"),
        (request(names.DELIVERY_ACCEPT, {}, key="nobody.delivery.accept"), "dead.work"),
    ],
)
async def test_what_cannot_be_read_is_a_dead_letter(publisher, submissions, received, dead):
    await submissions.handle(received)
    (message,) = publisher.published
    assert (message.exchange, message.key) == (names.DEAD, dead)
    assert message.headers["tdh-reason"]
    assert received.answers == ["ack"]


async def test_a_partner_without_a_reply_queue_harms_only_itself(service, publisher, submissions):
    delivery = await service.submit(COMPANY, CONSENT)
    await service.forward(delivery)
    publisher.error = Unroutable("no queue")
    received = request(names.DELIVERY_ACCEPT, {"delivery": delivery})
    await submissions.handle(received)
    assert received.answers == ["ack"]
    assert service.state(delivery) is DeliveryState.CONSIGNED


async def test_a_request_whose_answer_is_not_confirmed_comes_again(service, publisher, submissions):
    delivery = await service.submit(COMPANY, CONSENT)
    await service.forward(delivery)
    publisher.error = BrokerUnavailable("gone")
    received = request(names.DELIVERY_ACCEPT, {"delivery": delivery})
    with pytest.raises(BrokerUnavailable):
        await submissions.handle(received)
    assert received.answers == []
    publisher.error = None
    answer = await answer_to(submissions, publisher, received)
    assert answer.data["result"] == "done-before"


# --- what loops share ----------------------------------------------------------------------------


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
