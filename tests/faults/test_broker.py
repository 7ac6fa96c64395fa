"""The broker stopped, killed, emptied, blocked, cut off: deliveries follow after, once each."""

import asyncio
import uuid
from contextlib import asynccontextmanager
from datetime import timedelta

import aiormq
import pytest

from relay.amqp import names
from relay.amqp.connection import Link, Outgoing, Publisher
from relay.amqp.consumer import Consumer
from relay.amqp.errors import BrokerUnavailable, Unroutable
from relay.amqp.topology import declare_partner, declare_party, declare_work
from relay.dispatcher import Dispatcher
from relay.worker import ForwardWorker
from tdh.domain.identifiers import party_slug
from tdh.domain.lifecycle import ConsignmentMode
from tdh.domain.outbox import Task
from tests import builders as make
from tests.memory_service import MemoryService

REGISTERED_SECONDS = 4.0
"""A quorum queue that is killed with its broker right after its declaration may be lost."""


class RunningClock:
    """The time of day, so that rows become due again while a test waits."""

    def __init__(self):
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time()

    def now(self):
        return make.NOW + timedelta(seconds=self._loop.time() - self._start)


@asynccontextmanager
async def running(*loops):
    tasks = [asyncio.create_task(loop) for loop in loops]
    try:
        yield
        for task in tasks:
            if task.done():
                await task
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(condition, *, within=30.0):
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - of things that know no event
            await asyncio.sleep(0.05)


async def start(server):
    for _ in server.starting():
        await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
async def broker(rabbitmq_server):
    await start(rabbitmq_server)
    await declare_work(rabbitmq_server.amqp_work_url, forward_queues=2)
    await declare_partner(rabbitmq_server.amqp_partner_url, submit_queues=2)
    await declare_party(rabbitmq_server.amqp_partner_url, make.COMPANY)
    await asyncio.sleep(REGISTERED_SECONDS)
    return rabbitmq_server


@pytest.fixture
async def service():
    return MemoryService(clock=RunningClock())


@pytest.fixture
async def work(broker):
    publisher = Publisher(broker.amqp_work_url, name="test work", timeout_seconds=3)
    yield publisher
    await publisher.close()


@pytest.fixture
async def loops(service, broker, work):
    """A dispatcher and a worker that run while the test does its harm."""
    queues = [names.forward_queue(n) for n in range(2)]
    consumer = Consumer(
        broker.amqp_work_url, name="test worker", queues=queues, prefetch=8, timeout_seconds=5
    )
    worker = ForwardWorker(
        consumer=consumer,
        publisher=work,
        outbox=service,
        commit=service,
        ids=service.ids,
        clock=service.clock,
        new_message_id=new_id,
    )
    dispatcher = Dispatcher(
        outbox=service,
        publisher=work,
        clock=service.clock,
        forward_queues=2,
        new_batch_id=new_id,
        batch=8,
    )
    async with running(dispatcher.run(), worker.run()):
        yield


def new_id():
    return uuid.uuid4().hex


def message(key):
    return Outgoing(exchange=names.FORWARD, key=key, body=b"[1]", message_id=new_id())


async def submit(service, number):
    return [await service.submit(make.party(), ConsignmentMode.BASIC) for _ in range(number)]


async def each_consigned_once(service, deliveries):
    await until(lambda: not service.waiting(Task.FORWARD))
    for delivery in deliveries:
        assert service.happened(delivery) == ["SubmissionAcceptance", "ContentConsignment"]


async def test_while_the_broker_is_stopped_letters_wait_and_then_follow(service, broker, loops):
    before = await submit(service, 5)
    await each_consigned_once(service, before)
    broker.stop()
    after = await submit(service, 20)
    await asyncio.sleep(3)
    assert len(service.waiting(Task.FORWARD)) == 20
    assert max(value.attempts for value in service.rows.values()) <= 2
    await start(broker)
    await each_consigned_once(service, before + after)


async def test_a_broker_killed_in_the_middle_loses_and_doubles_nothing(service, broker, loops):
    deliveries = []
    for round_ in range(20):
        deliveries += await submit(service, 15)
        await asyncio.sleep(0.02)
        if round_ == 10:
            broker.kill()
    await start(broker)
    await each_consigned_once(service, deliveries)


async def test_a_broker_that_forgets_what_it_confirmed_loses_nothing(service, broker, work):
    deliveries = await submit(service, 10)
    dispatcher = Dispatcher(
        outbox=service,
        publisher=work,
        clock=service.clock,
        forward_queues=2,
        new_batch_id=new_id,
    )
    assert await dispatcher.turn() == 10
    link = Link(broker.amqp_work_url, name="test", timeout_seconds=5)
    channel = await link.channel()
    purged = [await channel.queue_purge(names.forward_queue(n)) for n in range(2)]
    await link.close()
    assert sum(answer.message_count for answer in purged) == 1
    worker = ForwardWorker(
        consumer=Consumer(
            broker.amqp_work_url, name="test", queues=["forward.0", "forward.1"], prefetch=8
        ),
        publisher=work,
        outbox=service,
        commit=service,
        ids=service.ids,
        clock=service.clock,
        new_message_id=new_id,
    )
    async with running(dispatcher.run(), worker.run()):
        await each_consigned_once(service, deliveries)


async def test_a_forward_queue_that_was_deleted_is_noticed_and_its_rows_follow_later(
    service, broker, loops
):
    link = Link(broker.amqp_work_url, name="test", timeout_seconds=5)
    channel = await link.channel()
    await channel.queue_delete("forward.1")
    await link.close()
    deliveries = await submit(service, 40)
    await until(lambda: len(service.postponed) > 0)
    await declare_work(broker.amqp_work_url, forward_queues=2)
    await each_consigned_once(service, deliveries)
    await asyncio.sleep(REGISTERED_SECONDS)


async def test_a_broker_that_never_answers_is_a_time_out_and_not_a_standstill(broker, work):
    await work.publish(message("forward.0"))
    broker.pause()
    try:
        started = asyncio.get_running_loop().time()
        with pytest.raises(BrokerUnavailable):
            await work.publish(message("forward.0"))
        assert asyncio.get_running_loop().time() - started < 8
    finally:
        broker.resume()
    async with asyncio.timeout(20):
        await work.ready()
    await work.publish(message("forward.0"))


async def test_many_who_wait_for_a_missing_broker_are_told_together(broker):
    nowhere = Publisher("amqp://x:y@127.0.0.1:1/tdh-work", name="test", timeout_seconds=2)
    for _ in range(5):  # pauses between tries grow to seconds; nobody waits for more than one
        started = asyncio.get_running_loop().time()
        answers = await asyncio.gather(
            *(nowhere.publish(message("forward.0")) for _ in range(50)), return_exceptions=True
        )
        assert {type(answer) for answer in answers} == {BrokerUnavailable}
        assert asyncio.get_running_loop().time() - started < 3


async def test_a_broker_short_of_memory_delays_and_loses_nothing(service, broker, loops):
    before = await submit(service, 3)
    await each_consigned_once(service, before)
    await watermark(broker, "0.00001")
    after = await submit(service, 10)
    await asyncio.sleep(2)
    assert service.waiting(Task.FORWARD)
    await watermark(broker, "0.4")
    await each_consigned_once(service, before + after)


async def watermark(broker, fraction):
    """At which share of memory the broker takes no more messages."""
    process = await asyncio.create_subprocess_exec(
        "/usr/lib/rabbitmq/bin/rabbitmqctl",
        *("-n", broker._node, "set_vm_memory_high_watermark", fraction),
        env=broker._environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()


@pytest.mark.parametrize(("gap", "renewing"), [(1.0, 60.0), (0.0, 2.0)])
async def test_a_consumer_whose_queue_is_deleted_takes_up_again_when_it_is_there(
    broker, gap, renewing
):
    queue, seen = names.mailbox_queue(party_slug(make.COMPANY)), asyncio.Queue()

    async def handle(received):
        await received.ack()
        seen.put_nowait(received.incoming.message_id)

    publisher = Publisher(broker.amqp_partner_url, name="test")
    # Told of a deletion the consumer comes back at once; of one that a new queue follows within
    # milliseconds the broker does not tell, and only subscribing anew helps.
    consumer = Consumer(
        broker.amqp_partner_url, name="test", queues=[queue], prefetch=1, renew_seconds=renewing
    )
    one, other = [
        Outgoing(exchange=names.MAILBOX, key=queue, body=b"{}", message_id=new_id())
        for _ in range(2)
    ]
    async with running(consumer.run(handle)):
        await publisher.publish(one)
        assert await asyncio.wait_for(seen.get(), 10) == one.message_id
        connection = await aiormq.connect(broker.amqp_partner_url)
        await (await connection.channel()).queue_delete(queue)
        await connection.close()
        with pytest.raises(Unroutable):
            await publisher.publish(other)
        await asyncio.sleep(gap)
        await declare_party(broker.amqp_partner_url, make.COMPANY)
        await publisher.publish(other)
        assert await asyncio.wait_for(seen.get(), 20) == other.message_id
    await publisher.close()
