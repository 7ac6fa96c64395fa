"""PostgreSQL, RabbitMQ and the sealer go away and come back under load; nothing accepted is lost.

No part of the service is started again for it: each heals by itself.
"""

import asyncio
import contextlib
import os
import signal
import time
import uuid
from contextlib import asynccontextmanager

import asyncpg
import pytest

from relay.amqp.partner import Collected, PartnerProgram
from tests.installation import COMPANY
from tests.stories import audit, new_key, signed_pdf, submit, to, until_state
from tests.traffic import assert_all_there_once, traffic

PARTS = ("sealer", "sequencer", "worker", "dispatcher", "api-0")
WAYS = ("stop", "kill")


@asynccontextmanager
async def nothing_started_again(here, *but):
    before = {part: here.supervisor.pid(part) for part in PARTS if part not in but}
    assert None not in before.values()
    yield
    assert {part: here.supervisor.pid(part) for part in before} == before


async def end(server, way):
    await asyncio.to_thread(getattr(server, way))


async def start(server):
    """From the main thread, as servers must be started, and without holding up the others."""
    for _ in server.starting():
        await asyncio.sleep(0.02)


@asynccontextmanager
async def away(server, way):
    """A server that is gone for the block, and comes back even from a failed test."""
    await end(server, way)
    try:
        yield
    finally:
        await start(server)


async def readiness(here):
    async with here.client(None) as client, client.get("/readyz") as answer:
        return answer.status, (await answer.json())["parts"]


async def until_readiness(here, *wanted):
    """Readiness is remembered for a second: wait until it is told as it is."""
    seen = None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(10):
            while (seen := await readiness(here)) != wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    assert seen == wanted


async def alive(here):
    async with here.client(None) as client, client.get("/healthz") as answer:
        return answer.status == 200


@pytest.mark.parametrize("way", WAYS)
async def test_without_postgresql_nothing_is_accepted_and_nothing_accepted_is_lost(
    here, postgres_server, way
):
    async with nothing_started_again(here):
        async with traffic(here) as seen:
            await seen.until_sent(6)
            async with away(postgres_server, way):
                await seen.until_refused("storage-unavailable")
                await until_readiness(here, 503, {"database": False, "sealer": True})
                assert await alive(here)
                ended = time.monotonic()  # answers from before have been read by now
                await asyncio.sleep(0.5)
                began = time.monotonic()
            await seen.until_sent(6)
        assert not [one for one in seen.sent if ended < one.at < began]
        assert set(seen.refused) <= {"storage-unavailable", "outcome-unknown",
                                     "service-unavailable"}, seen.refused  # fmt: skip
        await assert_all_there_once(here, seen.sent)
    await audit(here)


@pytest.mark.parametrize("way", WAYS)
async def test_without_rabbitmq_letters_are_accepted_and_their_deliveries_follow(
    here, rabbitmq_server, way, tmp_path
):
    async with nothing_started_again(here):
        await end(rabbitmq_server, way)
        try:
            async with traffic(here, recipients=[*to(), *to(COMPANY)]) as seen:
                await seen.until_sent(10)
            assert not seen.refused
            assert (await readiness(here))[0] == 200
            await asyncio.sleep(0.3)
            for one in seen.sent:
                await until_state(here, one.delivery, "accepted")
        finally:
            await start(rabbitmq_server)
        await assert_all_there_once(here, seen.sent)
        await the_company_collects(here, seen.sent, tmp_path)
    await audit(here)


async def the_company_collects(here, sent, folder):
    """All letters of the outage from the company's own queue, and no other one twice."""
    program = PartnerProgram(
        amqp_url=here.amqp_urls[COMPANY],
        server=here.url,
        token=here.tokens[COMPANY],
        folder=folder,
        new_message_id=lambda: uuid.uuid4().hex,
    )
    wanted = {one.letter["deliveries"][1]["id"]: one.pdf for one in sent}
    told: asyncio.Queue = asyncio.Queue()
    running = asyncio.create_task(program.run(told.put_nowait))
    try:
        async with asyncio.timeout(40):
            while wanted:
                outcome = await told.get()
                assert isinstance(outcome, Collected), outcome
                pdf = wanted.pop(str(outcome.letter.delivery))
                assert outcome.files[0].read_bytes() == pdf
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_without_a_worker_letters_wait_and_no_attempt_is_counted(here):
    """Attempts are for causes on the recipient's side: at the last one a letter is given up."""
    async with nothing_started_again(here, "worker"):
        async with kept_from_serving(here, "worker"), traffic(here, senders=1) as seen:
            await seen.until_sent(3)
            await asyncio.sleep(4)
            counted = await attempts(here)
        assert len(counted) >= 3
        assert max(counted) <= 1, counted
        await assert_all_there_once(here, seen.sent)
    await audit(here)


@asynccontextmanager
async def kept_from_serving(here, part):
    """Killed as often as it is started."""

    async def kill():
        while True:
            here.kill(part)
            await asyncio.sleep(0.05)

    killer = asyncio.create_task(kill())
    try:
        yield
    finally:
        killer.cancel()
        await asyncio.gather(killer, return_exceptions=True)


async def attempts(here):
    connection = await asyncpg.connect(here.dsn)
    try:
        rows = await connection.fetch("SELECT attempts FROM outbox WHERE task = 'forward'")
    finally:
        await connection.close()
    return [row["attempts"] for row in rows]


async def test_a_killed_sealer_is_started_again_and_nobody_is_told_too_much(here):
    async with nothing_started_again(here, "sealer"), traffic(here) as seen:
        for _ in range(3):
            await seen.until_sent(3)
            before = here.supervisor.pid("sealer")
            here.kill("sealer")
            async with asyncio.timeout(10):
                while here.supervisor.pid("sealer") in (None, before):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        await seen.until_sent(3)
    assert seen.refused["sealing-unavailable"], "the sealer was never missed"
    assert set(seen.refused) == {"sealing-unavailable"}
    await assert_all_there_once(here, seen.sent)
    await audit(here)


async def test_a_sealer_that_hangs_is_waited_for_two_seconds(here):
    pdf, key = signed_pdf(here), new_key()
    pid = here.supervisor.pid("sealer")
    async with nothing_started_again(here):
        os.kill(pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            status, problem = await submit(here, pdf, key, to())
            took = time.monotonic() - began
            assert (status, problem["code"]) == (503, "sealing-unavailable")
            assert 1.5 < took < 30  # two seconds, and what a busy machine adds
            await until_readiness(here, 503, {"database": True, "sealer": False})
        finally:
            os.kill(pid, signal.SIGCONT)
        async with traffic(here, senders=1) as seen:
            await seen.send(pdf, key, to())
            await seen.until_sent(2)
        await assert_all_there_once(here, seen.sent)
    await audit(here)
