"""The outbox on a real PostgreSQL: claims, tries, parking."""

import asyncio
from datetime import timedelta

import pytest
from builders import CITIZEN, NOW, party
from storage_world import DistinctIds, act, forward, submission, take_in

from storage.database import Database
from storage.journal import PostgresJournal
from storage.outbox import PostgresOutbox
from tdh.domain.identifiers import OutboxId
from tdh.domain.lifecycle import ConsignmentMode
from tdh.domain.outbox import Task
from tdh.domain.policies import ATTEMPTS_BEFORE_PARKING, retry_at

FORWARD = frozenset({Task.FORWARD})


@pytest.fixture
def outbox(database: Database) -> PostgresOutbox:
    return PostgresOutbox(database)


async def test_a_claim_counts_an_attempt_and_hides_the_row_until_its_next_try(
    journal: PostgresJournal, outbox: PostgresOutbox, ids: DistinctIds
) -> None:
    asked = submission(ids)
    await take_in(journal, asked)
    (item,) = await outbox.claim(FORWARD, 10, NOW)
    assert (item.task, item.delivery, item.attempts) == (
        Task.FORWARD,
        asked.recipients[0].delivery,
        1,
    )
    assert await outbox.claim(FORWARD, 10, NOW) == ()
    assert await outbox.items([item.id, OutboxId(item.id + 9)]) == (item,)


async def test_next_tries_are_those_of_the_policy_and_the_last_one_parks(
    journal: PostgresJournal, database: Database, outbox: PostgresOutbox, ids: DistinctIds
) -> None:
    await take_in(journal, submission(ids))
    now = NOW
    for attempts in range(1, ATTEMPTS_BEFORE_PARKING + 1):
        (item,) = await outbox.claim(FORWARD, 10, now)
        assert item.attempts == attempts
        rows = await database.fetch("SELECT next_try FROM outbox")
        assert rows[0]["next_try"] == retry_at(attempts, now)
        just_before = rows[0]["next_try"] - timedelta(microseconds=1)
        assert await outbox.claim(FORWARD, 10, just_before) == ()
        now = rows[0]["next_try"]
    assert await outbox.parked() == ()
    assert await outbox.claim(FORWARD, 10, now) == ()
    (parked,) = await outbox.parked()
    assert (parked.id, parked.attempts) == (item.id, ATTEMPTS_BEFORE_PARKING)
    assert await outbox.items([item.id]) == ()
    assert await outbox.claim(FORWARD, 10, now + timedelta(days=365)) == ()


async def test_a_replayed_row_has_all_its_attempts_again(
    journal: PostgresJournal, outbox: PostgresOutbox, ids: DistinctIds
) -> None:
    await take_in(journal, submission(ids))
    later = NOW + timedelta(days=1)
    for _ in range(ATTEMPTS_BEFORE_PARKING + 1):
        await outbox.claim(FORWARD, 10, later)
        later += timedelta(minutes=6)
    (parked,) = await outbox.parked()
    assert await outbox.replay([parked.id, OutboxId(parked.id + 1)], later) == {parked.id}
    (item,) = await outbox.claim(FORWARD, 10, later)
    assert (item.id, item.attempts) == (parked.id, 1)
    assert await outbox.replay([parked.id], later) == frozenset()


async def test_what_is_postponed_costs_no_attempt(
    journal: PostgresJournal, outbox: PostgresOutbox, ids: DistinctIds
) -> None:
    await take_in(journal, submission(ids))
    until = NOW
    for _ in range(3 * ATTEMPTS_BEFORE_PARKING):
        (item,) = await outbox.claim(FORWARD, 10, until)
        assert item.attempts == 1
        until += timedelta(hours=1)
        await outbox.postpone([item.id], until)
        assert await outbox.claim(FORWARD, 10, until - timedelta(seconds=1)) == ()
    assert await outbox.parked() == ()


async def test_finished_rows_are_gone(
    journal: PostgresJournal, outbox: PostgresOutbox, ids: DistinctIds
) -> None:
    await take_in(journal, *(submission(ids, key=f"{n}") for n in range(3)))
    items = await outbox.claim(FORWARD, 10, NOW)
    await outbox.finish([item.id for item in items[:2]])
    assert await outbox.items([item.id for item in items]) == items[2:]


async def test_concurrent_claims_share_the_rows_and_none_is_given_twice(
    journal: PostgresJournal, outbox: PostgresOutbox, ids: DistinctIds
) -> None:
    await take_in(journal, *(submission(ids, key=f"{n}") for n in range(120)))
    claims = await asyncio.gather(*(outbox.claim(FORWARD, 40, NOW) for _ in range(8)))
    rows = [item.id for claim in claims for item in claim]
    rows += [item.id for item in await outbox.claim(FORWARD, 200, NOW)]
    assert len(rows) == len(set(rows)) == 120


async def test_a_row_in_the_hands_of_a_transaction_is_passed_over(
    journal: PostgresJournal, outbox: PostgresOutbox, ids: DistinctIds
) -> None:
    await take_in(journal, submission(ids))
    (item,) = await outbox.claim(FORWARD, 10, NOW)
    later = NOW + timedelta(hours=1)
    async with journal.transaction() as transaction:
        assert await transaction.lock_outbox([item.id]) == {item.id}
        assert await outbox.claim(FORWARD, 10, later) == ()
    assert len(await outbox.claim(FORWARD, 10, later)) == 1


async def test_only_the_tasks_asked_for_are_claimed_the_longest_waiting_first(
    journal: PostgresJournal, outbox: PostgresOutbox, ids: DistinctIds
) -> None:
    waiting = submission(ids, to=(party(CITIZEN),), mode=ConsignmentMode.CONSENT, key="waiting")
    await take_in(journal, waiting)
    await act(journal, forward(ids, waiting.recipients[0].delivery))
    late = NOW + timedelta(days=30)
    await take_in(journal, submission(ids, key="later"), now=late)
    assert [i.task for i in await outbox.claim(frozenset({Task.EXPIRE}), 9, late)] == [Task.EXPIRE]
    late += timedelta(minutes=10)
    both = frozenset({Task.FORWARD, Task.EXPIRE, Task.END_HOLDING})
    assert [item.task for item in await outbox.claim(both, 1, late)] == [Task.FORWARD]


async def test_the_pressure_says_what_waits_for_whom(
    journal: PostgresJournal, outbox: PostgresOutbox, ids: DistinctIds
) -> None:
    await take_in(journal, *(submission(ids, key=f"{n}") for n in range(3)))
    (pressure,) = await outbox.pressure(NOW + timedelta(seconds=5))
    assert (pressure.task, pressure.due, pressure.parked, pressure.oldest) == (
        Task.FORWARD,
        3,
        0,
        NOW,
    )
