"""Exchanges, queues, partners' accounts and publishing, against a real broker."""

import asyncio
import uuid

import aiormq
import pytest

from relay.amqp import names
from relay.amqp.connection import Link, Outgoing, Publisher
from relay.amqp.consumer import Consumer
from relay.amqp.errors import (
    AccessRefused,
    BrokerUnavailable,
    ManagementRefused,
    NotTaken,
    TopologyMismatch,
    Unroutable,
)
from relay.amqp.management import PartnerAccounts, partner_url
from relay.amqp.topology import declare_partner, declare_party, declare_work
from tdh.domain.errors import TDHError
from tdh.domain.identifiers import party_slug
from tests.builders import AGENCY, COMPANY

COMPANY_SLUG, AGENCY_SLUG = party_slug(COMPANY), party_slug(AGENCY)


def message(exchange, key, **changes):
    return Outgoing(exchange=exchange, key=key, body=b"[1]", message_id=uuid.uuid4().hex, **changes)


async def answer_to(publisher, sent):
    """What a publish raised; None if it went well."""
    try:
        await publisher.publish(sent)
    except TDHError as error:
        return type(error)
    return None


async def channel_of(url):
    connection = await aiormq.connect(url)
    return connection, await connection.channel()


async def get(url, queue, *, within=5.0):
    """One message of a queue, taken for good. Counters of quorum queues lag, so: consume."""
    connection, channel = await channel_of(url)
    try:
        async with asyncio.timeout(within):
            while True:
                taken = await channel.basic_get(queue, no_ack=True)
                if isinstance(taken.delivery, aiormq.spec.Basic.GetOk):
                    return taken
                await asyncio.sleep(0.05)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
async def broker(rabbitmq_server):
    await declare_work(rabbitmq_server.amqp_work_url, forward_queues=2)
    await declare_partner(rabbitmq_server.amqp_partner_url, submit_queues=2)
    return rabbitmq_server


@pytest.fixture(scope="session")
async def accounts(broker):
    async with PartnerAccounts(
        management_url=broker.management_url, amqp_url=broker.amqp_partner_url
    ) as accounts:
        yield accounts


@pytest.fixture(scope="session")
async def company_url(accounts):
    return await accounts.open(COMPANY, "a company's password/with:signs@")


@pytest.fixture(scope="session")
async def agency_url(accounts):
    return await accounts.open(AGENCY, "an agency's password")


@pytest.fixture
async def publisher(broker):
    publisher = Publisher(broker.amqp_partner_url, name="test", timeout_seconds=3)
    yield publisher
    await publisher.close()


async def test_declaring_twice_changes_nothing(broker):
    await declare_work(broker.amqp_work_url, forward_queues=2)
    await declare_partner(broker.amqp_partner_url, submit_queues=2)
    await declare_party(broker.amqp_partner_url, COMPANY)
    await declare_party(broker.amqp_partner_url, COMPANY)


async def test_a_queue_that_exists_with_other_arguments_is_named_and_left_alone(broker):
    connection, channel = await channel_of(broker.amqp_work_url)
    await channel.queue_declare("forward.7", durable=True)
    await connection.close()
    try:
        with pytest.raises(TopologyMismatch) as caught:
            await declare_work(broker.amqp_work_url, forward_queues=8)
        assert caught.value.name == "forward.7"
    finally:
        connection, channel = await channel_of(broker.amqp_work_url)
        for number in range(2, 8):
            await channel.queue_delete(f"forward.{number}")
        await connection.close()


async def test_a_published_message_arrives_persistent_and_named(broker, publisher, company_url):
    queue = names.mailbox_queue(COMPANY_SLUG)
    sent = message(names.MAILBOX, queue, type="delivery.consigned", headers={"tdh-mode": "x"})
    await publisher.publish(sent)
    got = await get(broker.amqp_partner_url, queue)
    properties = got.header.properties
    assert got.body == b"[1]"
    assert properties.message_id == sent.message_id
    assert properties.delivery_mode == 2
    assert properties.message_type == "delivery.consigned"
    assert properties.headers["tdh-mode"] == "x"


async def test_a_message_that_no_queue_takes_is_a_failure_though_it_is_confirmed(publisher):
    with pytest.raises(Unroutable):
        await publisher.publish(message(names.MAILBOX, "mailbox.nobody"))


async def test_a_returned_message_does_not_disturb_its_neighbours(broker, publisher, company_url):
    queue = names.reply_queue(COMPANY_SLUG)
    sent = [message("", queue) for _ in range(20)]
    lost = [message("", "reply.nobody") for _ in range(20)]
    both = [one for pair in zip(sent, lost, strict=True) for one in pair]
    answers = await asyncio.gather(
        *(publisher.publish(one) for one in both), return_exceptions=True
    )
    assert [type(answer) for answer in answers] == [type(None), Unroutable] * 20
    arrived = {
        (await get(broker.amqp_partner_url, queue)).header.properties.message_id for _ in sent
    }
    assert arrived == {one.message_id for one in sent}


async def test_a_full_queue_refuses_and_the_publisher_is_told(broker, publisher):
    connection, channel = await channel_of(broker.amqp_partner_url)
    arguments = {"x-queue-type": "quorum", "x-max-length": 1, "x-overflow": "reject-publish"}
    await channel.queue_declare("full", durable=True, arguments=arguments)
    try:
        # A quorum queue learns a little late that it is full.
        answers = [await answer_to(publisher, message("", "full")) for _ in range(200)]
        assert set(answers) == {None, NotTaken}
        assert answers[-1] is NotTaken
    finally:
        await channel.queue_delete("full")
        await connection.close()


async def test_an_exchange_that_is_missing_is_an_error_and_the_next_publish_works(
    broker, publisher, company_url
):
    with pytest.raises(BrokerUnavailable):
        await publisher.publish(message("no.such.exchange", "x"))
    queue = names.reply_queue(COMPANY_SLUG)
    await publisher.publish(message("", queue))
    assert (await get(broker.amqp_partner_url, queue)).body == b"[1]"


async def test_a_wrong_password_is_refused_by_name(broker):
    url = partner_url(broker.amqp_partner_url, "nobody", "wrong")
    with pytest.raises(AccessRefused):
        await Link(url, name="test", timeout_seconds=5).channel()


async def test_a_dead_letter_reaches_the_queue_of_dead_letters(broker, publisher, company_url):
    queue = names.mailbox_queue(COMPANY_SLUG)
    await publisher.publish(message(names.MAILBOX, queue))
    connection, channel = await channel_of(company_url)
    taken = await channel.basic_get(queue)
    await channel.basic_reject(taken.delivery_tag, requeue=False)
    dead = await get(company_url, names.dead_queue(COMPANY_SLUG))
    await connection.close()
    assert dead.body == b"[1]"
    assert dead.header.properties.headers["x-first-death-queue"] == queue


async def test_a_message_that_is_never_answered_for_is_a_dead_letter_in_the_end(
    broker, publisher, company_url
):
    queue = names.mailbox_queue(COMPANY_SLUG)
    await publisher.publish(message(names.MAILBOX, queue))
    connection, channel = await channel_of(company_url)
    for _ in range(21):
        taken = await channel.basic_get(queue)
        await channel.basic_reject(taken.delivery_tag, requeue=True)
    assert (await get(company_url, names.dead_queue(COMPANY_SLUG))).body == b"[1]"
    await connection.close()


# --- what a partner may do -----------------------------------------------------------------------


async def test_a_partner_reads_its_own_queues(broker, publisher, company_url):
    for queue in (names.mailbox_queue(COMPANY_SLUG), names.reply_queue(COMPANY_SLUG)):
        await publisher.publish(message("", queue))
        assert (await get(company_url, queue)).body == b"[1]"


@pytest.mark.parametrize("kind", ["mailbox", "reply", "events", "dead"])
async def test_a_partner_cannot_read_another_ones_queue(company_url, agency_url, kind):
    connection, channel = await channel_of(company_url)
    with pytest.raises(aiormq.exceptions.ChannelAccessRefused):
        await channel.basic_get(f"{kind}.{AGENCY_SLUG}")
    await connection.close()


@pytest.mark.parametrize("queue", ["dead.work", "submit.0", f"mailbox.{COMPANY_SLUG}x"])
async def test_a_partner_cannot_read_our_queues(company_url, queue):
    connection, channel = await channel_of(company_url)
    with pytest.raises(aiormq.exceptions.ChannelAccessRefused):
        await channel.basic_consume(queue, lambda _: None)
    await connection.close()


async def test_a_partner_publishes_under_its_own_name(broker, company_url):
    partner = Publisher(company_url, name="partner")
    key = names.request_key(COMPANY_SLUG, names.DELIVERY_ACCEPT)
    await partner.publish(message(names.SUBMIT, key, user_id=COMPANY_SLUG))
    await partner.close()
    arrived = await get(broker.amqp_partner_url, names.submit_queue(1))
    assert arrived.header.properties.user_id == COMPANY_SLUG


@pytest.mark.parametrize(
    ("exchange", "key", "user"),
    [
        (names.SUBMIT, f"{AGENCY_SLUG}.delivery.accept", COMPANY_SLUG),
        (names.SUBMIT, f"{COMPANY_SLUG}x.delivery.accept", COMPANY_SLUG),
        (names.SUBMIT, f"x{COMPANY_SLUG}.delivery.accept", COMPANY_SLUG),
        (names.MAILBOX, f"mailbox.{COMPANY_SLUG}", COMPANY_SLUG),
        (names.EVENTS, f"sender.{COMPANY_SLUG}.x", COMPANY_SLUG),
        (names.DEAD, f"dead.{AGENCY_SLUG}", COMPANY_SLUG),
        ("", f"mailbox.{AGENCY_SLUG}", COMPANY_SLUG),
    ],
)
async def test_a_partner_cannot_publish_elsewhere_or_under_another_name(
    company_url, agency_url, exchange, key, user
):
    partner = Publisher(company_url, name="partner")
    with pytest.raises(AccessRefused):
        await partner.publish(message(exchange, key, user_id=user))
    await partner.close()


async def test_a_partner_cannot_name_another_user(company_url, agency_url):
    partner = Publisher(company_url, name="partner")
    key = names.request_key(COMPANY_SLUG, names.DELIVERY_ACCEPT)
    with pytest.raises(BrokerUnavailable):
        await partner.publish(message(names.SUBMIT, key, user_id=AGENCY_SLUG))
    await partner.close()


async def test_a_partner_cannot_declare_bind_delete_or_purge(company_url, agency_url):
    own = names.mailbox_queue(COMPANY_SLUG)
    attempts = (
        lambda channel: channel.queue_declare("mine", durable=True),
        lambda channel: channel.queue_declare("", exclusive=True),
        lambda channel: channel.exchange_declare("mine"),
        lambda channel: channel.queue_bind(own, names.EVENTS, "#"),
        lambda channel: channel.queue_bind(own, names.SUBMIT, "#"),
        lambda channel: channel.queue_delete(own),
        lambda channel: channel.queue_purge(names.mailbox_queue(AGENCY_SLUG)),
    )
    for attempt in attempts:
        connection, channel = await channel_of(company_url)
        with pytest.raises(aiormq.exceptions.ChannelAccessRefused):
            await attempt(channel)
        await connection.close()


async def test_a_known_limit_the_broker_tells_anybody_inside_how_full_a_queue_is(
    company_url, agency_url
):
    # RabbitMQ asks for no permission on a passive declaration. The README says what follows; a
    # broker that refuses this fails the test, and then the README is to be mended.
    connection, channel = await channel_of(company_url)
    told = await channel.queue_declare(names.mailbox_queue(AGENCY_SLUG), passive=True)
    assert told.message_count is not None
    await connection.close()


async def test_a_partner_cannot_enter_the_host_of_our_own_queues(broker, company_url):
    await (await aiormq.connect(company_url)).close()
    with pytest.raises(aiormq.exceptions.AMQPError):
        await aiormq.connect(company_url.rpartition("/")[0] + "/" + names.WORK_HOST)


async def test_a_closed_account_opens_again_with_another_password(accounts, broker):
    first = await accounts.open(AGENCY, "first")
    await accounts.close(AGENCY)
    await accounts.close(AGENCY)
    with pytest.raises(AccessRefused):
        await Link(first, name="test", timeout_seconds=5).channel()
    second = await accounts.open(AGENCY, "an agency's password")
    link = Link(second, name="test", timeout_seconds=5)
    await link.channel()
    await link.close()


async def test_a_refusal_of_the_management_interface_is_typed(broker):
    wrong = broker.management_url.replace("://tdh:", "://tdh:wrong")
    async with PartnerAccounts(management_url=wrong, amqp_url=broker.amqp_partner_url) as accounts:
        with pytest.raises(ManagementRefused) as caught:
            await accounts.open(COMPANY, "x")
    assert caught.value.status == 401


# --- consuming -----------------------------------------------------------------------------------


async def test_a_consumer_goes_on_when_its_connection_is_ended(broker, publisher, company_url):
    queue, seen = names.mailbox_queue(COMPANY_SLUG), asyncio.Queue()

    async def handle(received):
        await received.ack()
        seen.put_nowait(received.incoming)

    consumer = Consumer(company_url, name="test", queues=[queue], prefetch=10)
    running = asyncio.create_task(consumer.run(handle))
    try:
        first = message(names.MAILBOX, queue)
        await publisher.publish(first)
        assert (await asyncio.wait_for(seen.get(), 5)).message_id == first.message_id
        await (await consumer._link.channel()).connection.close()
        second = message(names.MAILBOX, queue)
        await publisher.publish(second)
        assert (await asyncio.wait_for(seen.get(), 10)).message_id == second.message_id
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_what_fails_unexpectedly_comes_again(broker, publisher, company_url):
    queue, seen = names.mailbox_queue(COMPANY_SLUG), asyncio.Queue()

    async def handle(received):
        seen.put_nowait(received.incoming)
        if not received.incoming.redelivered:
            raise ZeroDivisionError
        await received.ack()

    consumer = Consumer(company_url, name="test", queues=[queue], prefetch=10)
    running = asyncio.create_task(consumer.run(handle))
    try:
        await publisher.publish(message(names.MAILBOX, queue))
        assert not (await asyncio.wait_for(seen.get(), 5)).redelivered
        assert (await asyncio.wait_for(seen.get(), 5)).redelivered
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_consumer_that_may_not_read_says_so(company_url, agency_url):
    consumer = Consumer(
        company_url, name="test", queues=[names.mailbox_queue(AGENCY_SLUG)], prefetch=1
    )
    with pytest.raises(AccessRefused):
        await asyncio.wait_for(consumer.run(lambda _: None), 10)
