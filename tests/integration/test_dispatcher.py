"""From the outbox through a real broker to the worker, and from a push to a handover."""

import asyncio
import hashlib
import json
import uuid
from argparse import ArgumentParser
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web

from relay.amqp import names
from relay.amqp.connection import Outgoing, Publisher
from relay.amqp.consumer import Consumer
from relay.amqp.management import PartnerAccounts
from relay.amqp.partner import Collected, Failed, PartnerProgram, RequestRefused, Waiting
from relay.amqp.pushes import Pushes
from relay.amqp.submissions import Submissions
from relay.amqp.topology import declare_partner, declare_work
from relay.dispatcher import Dispatcher
from relay.worker import ForwardWorker
from tdh.cli.receive_amqp import add_arguments, run_amqp
from tdh.domain.errors import IntegrityFailure
from tdh.domain.identifiers import Digest, party_slug
from tdh.domain.lifecycle import ConsignmentMode, DeliveryState
from tdh.domain.outbox import Task
from tdh.domain.parties import Channel
from tests import builders as make
from tests.memory_service import MemoryService

BASIC, CONSENT = ConsignmentMode.BASIC, ConsignmentMode.CONSENT
COMPANY = make.party(make.COMPANY, Channel.QUEUE)
SLUG = party_slug(make.COMPANY)
CONTENT = b"%PDF-1.7 and so on\n" * 5000
TOKEN = "a bearer token"


def new_id():
    return uuid.uuid4().hex


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


async def until(condition, *, within=15.0):
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - of things that know no event
            await asyncio.sleep(0.02)


@pytest.fixture(scope="session")
async def broker(rabbitmq_server):
    await declare_work(rabbitmq_server.amqp_work_url, forward_queues=2)
    await declare_partner(rabbitmq_server.amqp_partner_url, submit_queues=2)
    return rabbitmq_server


@pytest.fixture(scope="session")
async def company_url(broker):
    async with PartnerAccounts(
        management_url=broker.management_url, amqp_url=broker.amqp_partner_url
    ) as accounts:
        return await accounts.open(make.COMPANY, "a company's password")


@pytest.fixture
async def service():
    return MemoryService()


@pytest.fixture
async def work(broker):
    publisher = Publisher(broker.amqp_work_url, name="test work")
    yield publisher
    await publisher.close()


@pytest.fixture
async def partners(broker):
    publisher = Publisher(broker.amqp_partner_url, name="test partners")
    yield publisher
    await publisher.close()


def a_worker(service, broker, work):
    consumer = Consumer(
        broker.amqp_work_url,
        name="test worker",
        queues=[names.forward_queue(n) for n in range(2)],
        prefetch=8,
    )
    return ForwardWorker(
        consumer=consumer,
        publisher=work,
        outbox=service,
        commit=service,
        ids=service.ids,
        clock=service.clock,
        new_message_id=new_id,
    )


def a_dispatcher(service, work):
    return Dispatcher(
        outbox=service,
        publisher=work,
        clock=service.clock,
        forward_queues=2,
        new_batch_id=new_id,
    )


def some_pushes(service, partners, **changes):
    settings = {
        "outbox": service,
        "deliveries": service,
        "publisher": partners,
        "commit": service,
        "ids": service.ids,
        "clock": service.clock,
        "source": "urn:tdh:test",
    }
    return Pushes(**{**settings, **changes})


@pytest.fixture
async def told(service, broker, partners):
    """Deliveries whose partners are told and answered while the test runs."""
    async with running(
        some_pushes(service, partners).run(), some_submissions(service, broker, partners).run()
    ):
        yield service


def some_submissions(service, broker, partners):
    consumer = Consumer(
        broker.amqp_partner_url,
        name="test submissions",
        queues=[names.submit_queue(n) for n in range(2)],
        prefetch=8,
    )
    return Submissions(
        consumer=consumer,
        publisher=partners,
        commit=service,
        ids=service.ids,
        clock=service.clock,
        problem_of=lambda error: {"code": error.code, "title": str(error)},
        source="urn:tdh:test",
        new_message_id=new_id,
    )


async def test_two_hundred_deliveries_go_over_the_broker_once_each(service, broker, work):
    deliveries = [await service.submit(make.party(), BASIC) for _ in range(200)]
    async with running(a_dispatcher(service, work).run(), a_worker(service, broker, work).run()):
        await until(lambda: not service.waiting(Task.FORWARD))
    for delivery in deliveries:
        assert service.happened(delivery) == ["SubmissionAcceptance", "ContentConsignment"]


async def test_a_message_published_three_times_and_shuffled_does_its_work_once(
    service, broker, work
):
    deliveries = [await service.submit(make.party(), BASIC) for _ in range(20)]
    bodies = [json.dumps([row]).encode() for row in service.rows] * 3
    bodies = bodies[7:] + bodies[:7]
    async with running(a_worker(service, broker, work).run()):
        for body in bodies:
            await work.publish(
                Outgoing(exchange=names.FORWARD, key="forward.1", body=body, message_id=new_id())
            )
        await until(lambda: not service.waiting(Task.FORWARD))
        await until(lambda: service.commands["Forward"] >= 20)
    for delivery in deliveries:
        assert service.happened(delivery).count("ContentConsignment") == 1


async def test_a_worker_that_dies_between_effect_and_acknowledgement_loses_and_doubles_nothing(
    service, broker, work
):
    delivery = await service.submit(make.party(), BASIC)
    first = a_worker(service, broker, work)
    reached = asyncio.Event()

    async def dies_before_the_acknowledgement(received):
        received.ack = asyncio.Event().wait  # never comes back
        reached.set()
        await first.handle(received)

    async with running(first._consumer.run(dies_before_the_acknowledgement)):
        await a_dispatcher(service, work).turn()
        await until(lambda: service.state(delivery) is DeliveryState.CONSIGNED)
    redelivered = asyncio.Queue()
    second = a_worker(service, broker, work)

    async def noting(received):
        await second.handle(received)
        redelivered.put_nowait(received.incoming.redelivered)

    async with running(second._consumer.run(noting)):
        assert await asyncio.wait_for(redelivered.get(), 10)
    assert service.happened(delivery) == ["SubmissionAcceptance", "ContentConsignment"]


async def test_nonsense_in_a_forward_queue_is_a_dead_letter_and_the_rest_flows(
    service, broker, work
):
    delivery = await service.submit(make.party(), BASIC)
    dead = asyncio.Queue()

    async def bury(received):
        dead.put_nowait(received.incoming)
        await received.ack()

    graves = Consumer(
        broker.amqp_work_url, name="test graves", queues=[names.DEAD_WORK], prefetch=1
    )
    async with running(a_worker(service, broker, work).run(), graves.run(bury)):
        await work.publish(
            Outgoing(exchange=names.FORWARD, key="forward.0", body=b"x", message_id=new_id())
        )
        assert (await asyncio.wait_for(dead.get(), 10)).body == b"x"
        await a_dispatcher(service, work).turn()
        await until(lambda: service.state(delivery) is DeliveryState.CONSIGNED)


# --- a partner's program -------------------------------------------------------------------------


class Documents:
    """Serves one content for every document, as the HTTP interface would; faults by switch."""

    def __init__(self):
        self.content = CONTENT
        self.statuses = []
        self.served = 0

    async def serve(self, request):
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        if self.statuses:
            return web.Response(status=self.statuses.pop(0), text="problem")
        self.served += 1
        return web.Response(body=self.content)


@pytest.fixture
async def documents():
    return Documents()


@pytest.fixture
async def server(documents):
    application = web.Application()
    application.router.add_get("/v1/inbox/{delivery}/documents/{number}", documents.serve)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    await runner.cleanup()


@pytest.fixture
def program(company_url, server, tmp_path):
    return a_program(company_url, server, tmp_path)


def a_program(company_url, server, folder):
    return PartnerProgram(
        amqp_url=company_url,
        server=server,
        token=TOKEN,
        folder=folder,
        new_message_id=new_id,
        timeout_seconds=10,
    )


async def a_letter(service, mode=BASIC):
    """A consigned (or waiting) delivery to the company, of one document with CONTENT."""
    digest = Digest(value=hashlib.sha256(CONTENT).digest())
    only = make.document(size=len(CONTENT), digest=digest, filename="หนังสือ/../1234.pdf")
    letter = replace(make.letter(service.ids), documents=(only,))
    delivery = await service.submit(COMPANY, mode, of=letter)
    await service.forward(delivery)
    return delivery


async def test_the_company_takes_its_letter_and_acknowledges_it(told, program, tmp_path):
    service, delivery = told, await a_letter(told)
    outcome = await program.first(within_seconds=15)
    assert isinstance(outcome, Collected)
    assert outcome.evidence is not None
    assert outcome.files == (tmp_path / delivery / "01-1234.pdf",)
    assert outcome.files[0].read_bytes() == CONTENT
    assert service.happened(delivery) == [
        "SubmissionAcceptance",
        "ContentConsignment",
        "ConsignmentNotification",
        "ContentHandover",
    ]
    assert not service.rows


async def test_a_letter_that_comes_again_is_found_done(
    service, broker, partners, program, documents
):
    delivery = await a_letter(service)
    pushes = some_pushes(service, partners, again_after=timedelta(0))
    await pushes.turn()
    await pushes.turn()
    outcomes = asyncio.Queue()
    async with running(
        some_submissions(service, broker, partners).run(), program.run(outcomes.put_nowait)
    ):
        first, second = [await asyncio.wait_for(outcomes.get(), 15) for _ in range(2)]
    assert {first.evidence is None, second.evidence is None} == {True, False}
    assert service.happened(delivery).count("ContentHandover") == 1
    assert service.happened(delivery).count("ConsignmentNotification") == 1


async def test_a_server_that_fails_for_a_while_is_asked_again(told, program, documents):
    service, delivery = told, await a_letter(told)
    documents.statuses = [503, 429]
    outcome = await program.first(within_seconds=15)
    assert isinstance(outcome, Collected)
    assert service.state(delivery) is DeliveryState.HANDED_OVER


@pytest.mark.parametrize("content", [CONTENT[:-1] + b"x", CONTENT[:-1], CONTENT + b"x", b""])
async def test_a_document_with_other_bytes_is_neither_kept_nor_acknowledged(
    told, program, documents, tmp_path, content
):
    documents.content = content
    service, delivery = told, await a_letter(told)
    outcome = await program.first(within_seconds=15)
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.problem, IntegrityFailure)
    assert service.state(delivery) is DeliveryState.CONSIGNED
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


async def test_a_letter_that_waits_is_told_and_accepted_by_message(told, program):
    service, delivery = told, await a_letter(told, CONSENT)
    outcomes = asyncio.Queue()
    async with running(program.run(outcomes.put_nowait)):
        waiting = await asyncio.wait_for(outcomes.get(), 15)
        assert isinstance(waiting, Waiting)
        assert waiting.letter.delivery == delivery
        assert service.state(delivery) is DeliveryState.AWAITING_ACCEPTANCE
        await program.ask(names.DELIVERY_ACCEPT, {"delivery": delivery})
        assert isinstance(await asyncio.wait_for(outcomes.get(), 15), Collected)
    assert service.state(delivery) is DeliveryState.HANDED_OVER


async def test_a_refused_request_names_its_problem(told, program):
    async with running(program.run(lambda _: None)):
        with pytest.raises(RequestRefused) as caught:
            await program.ask(names.DELIVERY_ACCEPT, {"delivery": "dlv_" + "0" * 24})
        with pytest.raises(RequestRefused) as later:
            await program.ask(names.LETTER_SUBMIT, {})
    assert caught.value.problem == "not-found"
    assert later.value.problem == "not-available-yet"


# --- the command ---------------------------------------------------------------------------------


def arguments(*words):
    parser = ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(words)


@pytest.fixture
def environment(monkeypatch, tmp_path, server, company_url):
    (tmp_path / "token").write_text(TOKEN + "\n")
    (tmp_path / "amqp").mkdir()
    (tmp_path / "amqp" / SLUG).write_text(company_url + "\n")
    monkeypatch.setenv("TDH_SERVER", server)
    monkeypatch.setenv("TDH_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("TDH_HOME", str(tmp_path))
    return tmp_path


async def test_the_command_receives_one_letter_and_ends(told, environment, capsys):
    delivery = await a_letter(told)
    code = await run_amqp(arguments("--to", str(environment / "in"), "--json"))
    said = json.loads(capsys.readouterr().out)
    assert code == 0
    assert (said["outcome"], said["delivery"]) == ("collected", delivery)
    assert (environment / "in" / delivery / "01-1234.pdf").read_bytes() == CONTENT


async def test_the_command_follows_until_it_is_interrupted(told, environment, capsys):
    words = ("--to", str(environment / "in"), "--json", "--follow")
    running_ = asyncio.create_task(run_amqp(arguments(*words)))
    deliveries = [await a_letter(told) for _ in range(2)]
    await until(lambda: all(told.state(one) is DeliveryState.HANDED_OVER for one in deliveries))
    await asyncio.sleep(0.2)
    running_.cancel()
    assert await running_ == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {one["delivery"] for one in said} == set(deliveries)


async def test_the_command_says_when_nothing_came(broker, environment, capsys):
    code = await run_amqp(arguments("--to", str(environment / "in"), "--within", "0.3"))
    assert code == 1
    assert "no letter came" in capsys.readouterr().err


async def test_the_command_names_a_missing_setting(broker, environment, monkeypatch, capsys):
    words = ("--to", str(environment / "in"))
    assert await run_amqp(arguments(*words, "--party", "th-agency:none")) == 66
    (environment / "amqp" / "another").write_text("x")
    assert await run_amqp(arguments(*words)) == 64
    monkeypatch.delenv("TDH_SERVER")
    assert await run_amqp(arguments(*words)) == 64
    assert "TDH_SERVER" in capsys.readouterr().err


async def test_the_command_says_when_the_account_is_refused(broker, environment, capsys):
    url = (environment / "amqp" / SLUG).read_text().replace("a%20company", "another")
    (environment / "url").write_text(url)
    words = ("--to", str(environment), "--amqp-url-file", str(environment / "url"))
    assert await run_amqp(arguments(*words)) == 1
    assert "refuses this account" in capsys.readouterr().err
