"""What partners ask for by message, over deliveries in memory."""

from itertools import count

import pytest

from relay.amqp import names
from relay.amqp.cloudevents import CloudEvent, parse_event, print_event
from relay.amqp.errors import BrokerUnavailable, Unroutable
from relay.amqp.requests import print_digest
from relay.amqp.submissions import Submissions
from tdh.domain.identifiers import party_slug
from tdh.domain.lifecycle import ConsignmentMode, DeliveryState
from tdh.domain.parties import Channel
from tests import builders as make
from tests.fakes_amqp import MemoryPublisher, MemoryReceived
from tests.memory_service import MemoryService

BASIC, CONSENT = ConsignmentMode.BASIC, ConsignmentMode.CONSENT
COMPANY = make.party(make.COMPANY, Channel.QUEUE)
CITIZEN = make.party(make.CITIZEN)
SLUG = party_slug(make.COMPANY)


@pytest.fixture
def service():
    return MemoryService()


@pytest.fixture
def publisher():
    return MemoryPublisher()


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
    delivery = await service.consigned(COMPANY)
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
    delivery = await service.consigned(COMPANY)
    asked = {"delivery": delivery, "digests": ["sha-256:" + "0" * 64]}
    answer = await answer_to(submissions, publisher, request(names.HANDOVER_ACKNOWLEDGE, asked))
    assert answer.data["problem"]["code"] == "digest-mismatch"
    assert service.state(delivery) is DeliveryState.CONSIGNED


async def test_a_defect_is_answered_as_an_internal_problem(service, publisher, submissions):
    delivery = await service.consigned(COMPANY)
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


@pytest.mark.parametrize(
    "data", ['{"delivery": "\\ud800"}', '{"\\ud800": 1}', '{"delivery": 1, "delivery": 2}']
)
async def test_what_no_answer_could_repeat_is_a_dead_letter_at_once(publisher, submissions, data):
    """And not tried again and again, while the requests of others wait behind it."""
    body = '{"specversion": "1.0", "id": "1", "source": "x", "type": "delivery.accept", "data": %s}'
    key = f"{SLUG}.delivery.accept"
    received = MemoryReceived((body % data).encode(), key=key, user=SLUG)
    await submissions.handle(received)
    (message,) = publisher.published
    assert (message.exchange, message.key) == (names.DEAD, f"dead.{SLUG}")
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
