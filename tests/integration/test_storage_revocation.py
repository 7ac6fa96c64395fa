"""Fetched revocation data in a real PostgreSQL."""

import hashlib
from datetime import timedelta

from builders import NOW

from storage.database import Database
from storage.revocation import PostgresRevocation
from tdh.domain.revocation import KeptAnswer, RevocationQuestion, SourceState

LIST = RevocationQuestion(kind="crl", url="http://ca.example/list.crl")
ANSWER = RevocationQuestion(kind="ocsp", url="http://ca.example/ocsp", request=b"\x30\x00")
LATER = NOW + timedelta(hours=1)


async def test_an_answer_is_kept_and_found_by_its_question_and_its_digest(
    database: Database,
) -> None:
    store = PostgresRevocation(database)
    assert await store.state(LIST) == SourceState()
    kept = await store.keep(LIST, b"list", NOW)
    assert kept == await store.state(LIST)
    assert kept.answer == KeptAnswer(
        sha256=hashlib.sha256(b"list").digest(), content=b"list", fetched_at=NOW
    )
    assert await store.state(ANSWER) == SourceState()
    assert await store.content(hashlib.sha256(b"list").digest()) == b"list"
    assert await store.content(bytes(32)) is None


async def test_bytes_stay_when_newer_ones_come(database: Database) -> None:
    store = PostgresRevocation(database)
    await store.keep(LIST, b"old", NOW)
    await store.keep(LIST, b"new", LATER)
    state = await store.state(LIST)
    assert state.answer is not None
    assert state.answer.content == b"new"
    assert await store.content(hashlib.sha256(b"old").digest()) == b"old"


async def test_two_sources_may_give_the_same_bytes(database: Database) -> None:
    store = PostgresRevocation(database)
    mirror = RevocationQuestion(kind="crl", url="http://mirror.example/list.crl")
    await store.keep(LIST, b"list", NOW)
    await store.keep(mirror, b"list", LATER)
    assert (await store.state(LIST)).answer != (await store.state(mirror)).answer


async def test_what_was_read_stays_with_the_same_bytes_only(database: Database) -> None:
    store = PostgresRevocation(database)
    kept = await store.keep(LIST, b"list", NOW)
    assert kept.answer is not None
    read = KeptAnswer(
        sha256=kept.answer.sha256,
        content=b"list",
        fetched_at=NOW,
        this_update=NOW,
        next_update=LATER,
    )
    await store.learn([LIST], bytes(32), read)  # of other bytes: changes nothing
    assert (await store.state(LIST)).answer == kept.answer
    await store.learn([LIST], kept.answer.sha256, read)
    assert (await store.state(LIST)).answer == read
    again = await store.keep(LIST, b"list", LATER)
    assert again.answer is not None
    assert (again.answer.next_update, again.answer.fetched_at) == (LATER, LATER)
    other = await store.keep(LIST, b"new", LATER)
    assert other.answer is not None
    assert other.answer.next_update is None


async def test_failures_are_counted_until_an_answer_comes(database: Database) -> None:
    store = PostgresRevocation(database)
    assert await store.fail(LIST, NOW) == 1
    assert await store.state(LIST) == SourceState(failures=1, next_try=NOW)
    await store.keep(LIST, b"list", NOW)
    assert await store.fail(LIST, LATER) == 1
    assert await store.fail(LIST, LATER) == 2
    state = await store.state(LIST)
    assert state.answer is not None
    assert (state.failures, state.next_try) == (2, LATER)
    assert (await store.keep(LIST, b"list", LATER)).failures == 0
    assert (await store.state(LIST)).next_try is None


async def test_bytes_that_changed_in_the_database_are_not_served(database: Database) -> None:
    store = PostgresRevocation(database)
    await store.keep(LIST, b"list", NOW)
    await database.fetch("UPDATE revocation_data SET content = 'tsil'")
    assert (await store.state(LIST)).answer is None
    assert await store.content(hashlib.sha256(b"list").digest()) is None


async def test_bytes_that_came_another_way_are_kept_once(database: Database) -> None:
    store = PostgresRevocation(database)
    for _ in range(2):
        await store.hold("crl", [b"one", b"two", b"one"], NOW)
    assert await store.content(hashlib.sha256(b"two").digest()) == b"two"
    (row,) = await database.fetch("SELECT count(*) AS n FROM revocation_data")
    assert row["n"] == 2


async def test_a_large_list_fits(database: Database) -> None:
    store = PostgresRevocation(database)
    large = bytes(32 * 1024 * 1024)
    await store.keep(LIST, large, NOW)
    state = await store.state(LIST)
    assert state.answer is not None
    assert state.answer.content == large
