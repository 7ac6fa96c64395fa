"""Telling partners' queues, over deliveries in memory."""

import pytest

from relay.amqp import names
from relay.amqp.errors import BrokerUnavailable, NotTaken, Unroutable
from relay.amqp.pushes import Pushes
from tdh.domain.errors import SealingUnavailable
from tdh.domain.identifiers import party_slug
from tdh.domain.lifecycle import ConsignmentMode, DeliveryState
from tdh.domain.parties import Channel
from tdh.domain.policies import ATTEMPTS_BEFORE_PARKING
from tests import builders as make
from tests.fakes_amqp import MemoryPublisher
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


async def test_a_confirmed_push_is_a_notification_once_and_told_again_after_an_hour(
    service, publisher, pushes
):
    delivery = await service.consigned(COMPANY)
    assert await pushes.turn() == 1
    assert service.happened(delivery)[-1] == "ConsignmentNotification"
    assert await pushes.turn() == 0
    service.clock.forward(minutes=59)
    assert await pushes.turn() == 0
    service.clock.forward(minutes=2)
    assert await pushes.turn() == 1
    assert service.happened(delivery).count("ConsignmentNotification") == 1
    assert service.commands["RecordNotice"] == 1
    first, second = publisher.published
    assert first.message_id == second.message_id
    assert (first.exchange, first.key) == (names.MAILBOX, MAILBOX)


async def test_telling_again_never_parks_a_row(service, publisher, pushes):
    await service.consigned(COMPANY)
    for _ in range(3 * ATTEMPTS_BEFORE_PARKING):
        assert await pushes.turn() == 1
        service.clock.forward(hours=2)


@pytest.mark.parametrize(
    ("error", "code"), [(Unroutable("no queue"), "queue-missing"), (NotTaken(""), "queue-refused")]
)
async def test_a_push_that_the_broker_does_not_take_is_a_failed_notice_and_tried_again(
    service, publisher, pushes, error, code
):
    delivery = await service.consigned(COMPANY)
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
    delivery = await service.consigned(COMPANY)
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
    delivery = await service.consigned(COMPANY)
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
