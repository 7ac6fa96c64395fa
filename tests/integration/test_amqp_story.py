"""A company that receives by its queue, at a whole running service."""

import asyncio
import uuid
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import pytest

from relay.amqp import names
from relay.amqp.partner import Collected, PartnerProgram, RequestRefused, Waiting
from relay.amqp.requests import print_digest
from tests.installation import COMPANY, installation
from tests.stories import new_key, signed_pdf, submit_with_patience, to, until_state


@pytest.fixture(scope="module")
async def here(new_database, postgres_server, rabbitmq_server):
    dsn = await new_database("template0")
    async with installation(dsn, rabbitmq_server) as running:
        yield running
    connection = await asyncpg.connect(postgres_server.dsn_of("postgres"))
    await connection.execute(f"DROP DATABASE {urlsplit(dsn).path[1:]} WITH (FORCE)")
    await connection.close()


@pytest.fixture
async def company(here, tmp_path):
    """The company's program, running, and what it tells."""
    program = PartnerProgram(
        amqp_url=here.amqp_urls[COMPANY],
        server=here.url,
        token=here.tokens[COMPANY],
        folder=tmp_path,
        new_message_id=lambda: uuid.uuid4().hex,
    )
    async with receiving(program) as outcomes:
        yield program, outcomes


@asynccontextmanager
async def receiving(program):
    outcomes = asyncio.Queue()
    running = asyncio.create_task(program.run(outcomes.put_nowait))
    try:
        yield outcomes
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def send(here, mode):
    pdf = signed_pdf(here)
    status, letter = await submit_with_patience(here, pdf, new_key(), to(COMPANY, mode))
    assert status == 201, letter
    return pdf, letter["deliveries"][0]["id"]


async def events(here, delivery, state):
    seen = await until_state(here, delivery, state)
    return [one["event"] for one in seen["evidence"]]


async def test_the_company_has_its_letter_from_its_queue_and_the_handover_is_on_record(
    here, company
):
    pdf, delivery = await send(here, "basic")
    told = await asyncio.wait_for(company[1].get(), 30)
    assert isinstance(told, Collected), told
    assert told.letter.delivery == delivery
    assert told.files[0].read_bytes() == pdf
    assert told.evidence is not None
    happened = await events(here, delivery, "handed_over")
    assert sorted(happened) == [
        "ConsignmentNotification",
        "ContentAccessTracking",
        "ContentConsignment",
        "ContentHandover",
        "SubmissionAcceptance",
    ]


async def test_a_letter_by_consent_is_accepted_by_message_and_then_collected(here, company):
    program, outcomes = company
    pdf, delivery = await send(here, "consent")
    waiting = await asyncio.wait_for(outcomes.get(), 30)
    assert isinstance(waiting, Waiting), waiting
    digests = [print_digest(document.digest) for document in waiting.letter.documents]
    early = {"delivery": delivery, "digests": digests}
    with pytest.raises(RequestRefused) as caught:
        await program.ask(names.HANDOVER_ACKNOWLEDGE, early)
    assert caught.value.problem == "not-accepted-yet"
    await program.ask(names.DELIVERY_ACCEPT, {"delivery": delivery})
    collected = await asyncio.wait_for(outcomes.get(), 30)
    assert isinstance(collected, Collected), collected
    assert collected.files[0].read_bytes() == pdf
    await until_state(here, delivery, "handed_over")


async def test_a_letter_by_consent_is_refused_by_message(here, company):
    program, outcomes = company
    _, delivery = await send(here, "consent")
    await asyncio.wait_for(outcomes.get(), 30)
    await program.ask(names.DELIVERY_REFUSE, {"delivery": delivery, "note": "ไม่ใช่ของเรา"})
    assert "ConsignmentRejection" in await events(here, delivery, "refused")
    with pytest.raises(RequestRefused) as caught:
        await program.ask(names.DELIVERY_ACCEPT, {"delivery": delivery})
    assert caught.value.problem == "already-final"


async def test_a_letter_submitted_by_message_is_told_that_this_is_not_served_yet(company):
    with pytest.raises(RequestRefused) as caught:
        await company[0].ask(names.LETTER_SUBMIT, {})
    assert caught.value.problem == "not-available-yet"
