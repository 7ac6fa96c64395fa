"""Parts of the service are killed with SIGKILL at random moments, under load.

What a sender has a 201 for exists exactly once and is handed over; what was not answered settles
when it is asked again.
"""

import asyncio
import random
import uuid
from contextlib import asynccontextmanager

import asyncpg

from relay.amqp.partner import Collected, PartnerProgram
from tests.installation import COMPANY
from tests.stories import assert_nothing_twice, audit, events_of, to, until_state
from tests.traffic import assert_all_there_once, read_until_handed_over, traffic

API_KILLS = 12
OTHERS = ("worker", "worker", "dispatcher", "sequencer", "sealer")


async def kill_again_and_again(here, dice):
    """The API as soon as it serves again, at the latest after half a second of work."""
    for _ in range(API_KILLS):  # the other parts have two or three times as many meanwhile
        await here.ready()
        await asyncio.sleep(dice.uniform(0, 0.5))
        here.kill("api-0")


async def kill_the_others(here, dice):
    while True:
        await asyncio.sleep(dice.uniform(0.2, 1.2))
        here.kill(dice.choice(OTHERS))


@asynccontextmanager
async def in_background(work):
    task = asyncio.create_task(work)
    try:
        yield
        assert not task.done() or task.exception() is None
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def read_everything(here, seen, read):
    """The citizen opens each letter as it comes, while everything is being killed."""
    while True:
        for one in [one for one in seen.sent if one.key not in read]:
            await read_until_handed_over(here, one)
            read.add(one.key)
        await asyncio.sleep(0.05)


async def test_what_was_accepted_between_many_kills_is_handed_over_exactly_once(here, tmp_path):
    # Any seed will do: moments differ in every run; the seed names the run that failed.
    seed = random.randrange(10**6)  # noqa: S311 - no secret
    dice, read = random.Random(seed), set()  # noqa: S311 - no secret
    told: dict[str, int] = {}
    program = PartnerProgram(
        amqp_url=here.amqp_urls[COMPANY],
        server=here.url,
        token=here.tokens[COMPANY],
        folder=tmp_path,
        new_message_id=lambda: uuid.uuid4().hex,
    )

    def collected(outcome):
        assert isinstance(outcome, Collected), (seed, outcome)
        told[outcome.letter.delivery] = told.get(outcome.letter.delivery, 0) + 1

    async with in_background(program.run(collected)):
        async with traffic(here, senders=4, recipients=[*to(), *to(COMPANY)]) as seen:
            async with (
                in_background(read_everything(here, seen, read)),
                in_background(kill_the_others(here, dice)),
            ):
                await kill_again_and_again(here, dice)
            await here.ready()
        assert seen.refused["no answer"], "no kill was ever noticed"
        await assert_all_there_once(here, seen.sent)
        await asyncio.gather(*(assert_handed_over(here, one, told) for one in seen.sent))
    assert await letters_of(here) == {one.letter["id"] for one in seen.sent}
    assert await work_left(here) == 0
    await audit(here)


async def assert_handed_over(here, one, told):
    """To the citizen and to the company, each once."""
    company = one.letter["deliveries"][1]["id"]
    await read_until_handed_over(here, one)
    await until_state(here, company, "handed_over")
    for delivery in (one.delivery, company):
        assert_nothing_twice(await events_of(here, delivery))
    assert told[company] >= 1


async def letters_of(here):
    connection = await asyncpg.connect(here.dsn)
    try:
        return {row["id"] for row in await connection.fetch("SELECT id FROM letters")}
    finally:
        await connection.close()


async def work_left(here):
    """Rows that ask for something to be done, of deliveries that have come to their end."""
    connection = await asyncpg.connect(here.dsn)
    try:
        return await connection.fetchval("SELECT count(*) FROM outbox WHERE kind <> 'note'")
    finally:
        await connection.close()
