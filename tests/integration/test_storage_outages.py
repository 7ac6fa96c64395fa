"""Storage while PostgreSQL is killed, paused, restarted, or set up wrongly."""

import asyncio
import time
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest
from builders import AGENCY, CITIZEN, NOW, party
from storage_world import POLICY, DistinctIds, submission, take_in, written

from storage.database import Database, Limits, open_database
from storage.errors import DatabaseUnfit
from storage.journal import PostgresJournal
from storage.parties import PostgresParties
from tdh.domain.decide import decide
from tdh.domain.errors import CommitUnknown, StorageUnavailable
from tdh.domain.parties import Channel
from tdh.local.postgres import PostgresServer

QUICK = Limits(
    connections=3,
    wait_seconds=1.0,
    statement_seconds=1.0,
    lock_seconds=0.8,
    idle_in_transaction_seconds=1.0,
)


@pytest.fixture
async def quick(database_dsn: str) -> AsyncIterator[Database]:
    """A small pool with short limits; the server is up again after the test."""
    opened = await open_database(database_dsn, application_name="quick", limits=QUICK)
    await PostgresParties(opened).register(party(AGENCY, Channel.API))
    await PostgresParties(opened).register(party(CITIZEN))
    yield opened
    await opened.close()


@pytest.fixture
def server(postgres_server: PostgresServer):
    """The server, which is up and awake again after the test."""
    yield postgres_server
    postgres_server.resume()
    postgres_server.start()


async def all_connections(database: Database) -> None:
    """Use every connection of the pool at once, so that each one is open."""

    async def use() -> None:
        async with database.session() as session:
            await session.fetch("SELECT pg_sleep(0.1)")

    await asyncio.gather(*(use() for _ in range(QUICK.connections)))


async def test_the_pool_heals_by_itself_after_the_server_was_killed(
    server: PostgresServer, quick: Database, ids: DistinctIds
) -> None:
    journal = PostgresJournal(quick)
    await all_connections(quick)
    server.kill()
    for _ in range(5):
        with pytest.raises(StorageUnavailable):
            await take_in(journal, submission(ids))
    server.start()
    await take_in(journal, submission(ids))
    await all_connections(quick)


async def test_a_server_restarted_between_two_uses_is_not_noticed(
    server: PostgresServer, quick: Database
) -> None:
    await all_connections(quick)
    server.stop()
    server.start()
    await asyncio.sleep(0.2)  # the event loop stood still meanwhile; now it hears of the ends
    await all_connections(quick)


async def test_a_kill_inside_a_transaction_is_unavailability_and_leaves_nothing(
    server: PostgresServer, quick: Database, ids: DistinctIds
) -> None:
    journal, asked = PostgresJournal(quick), submission(ids)
    with pytest.raises(StorageUnavailable):  # noqa: PT012 - where it happens is what is tested
        async with journal.transaction() as transaction:
            await transaction.claim_keys([asked.idempotency])
            server.kill()
            await transaction.write([written(decide(asked, None, NOW, POLICY))], ())
    server.start()
    assert not await journal.committed([asked.recipients[0].event])
    await take_in(journal, asked)


async def test_a_kill_before_the_answer_to_commit_is_an_unknown_outcome_that_can_be_looked_up(
    server: PostgresServer, quick: Database, ids: DistinctIds
) -> None:
    journal, asked = PostgresJournal(quick), submission(ids)
    with pytest.raises(CommitUnknown):  # noqa: PT012 - where it happens is what is tested
        async with journal.transaction() as transaction:
            await transaction.claim_keys([asked.idempotency])
            await transaction.write([written(decide(asked, None, NOW, POLICY))], ())
            server.kill()
            await transaction.commit()
    with pytest.raises(StorageUnavailable):
        await journal.committed([asked.recipients[0].event])
    server.start()
    assert not await journal.committed([asked.recipients[0].event])


async def test_a_silent_server_is_unavailability_within_the_limits(
    server: PostgresServer, quick: Database, ids: DistinctIds
) -> None:
    journal, asked = PostgresJournal(quick), submission(ids)
    await all_connections(quick)
    server.pause()
    began = time.monotonic()
    with pytest.raises(StorageUnavailable):
        await take_in(journal, asked)
    assert time.monotonic() - began < QUICK.statement_seconds + 2 + QUICK.wait_seconds + 1
    server.resume()
    for _ in range(QUICK.connections):
        await quick.fetch("SELECT 1")
    await take_in(journal, asked)


async def test_a_server_silent_at_commit_leaves_the_outcome_to_be_looked_up(
    server: PostgresServer, quick: Database, ids: DistinctIds
) -> None:
    """COMMIT lies before a server that answers nobody. Carried out or not: it is found out."""
    journal, asked = PostgresJournal(quick), submission(ids)
    events = [asked.recipients[0].event]
    with pytest.raises(CommitUnknown):  # noqa: PT012 - where it happens is what is tested
        async with journal.transaction() as transaction:
            await transaction.claim_keys([asked.idempotency])
            await transaction.write([written(decide(asked, None, NOW, POLICY))], ())
            server.pause()
            await transaction.commit()
    with pytest.raises(StorageUnavailable):
        await journal.committed(events)
    server.resume()
    answer = await journal.committed(events)
    await asyncio.sleep(1.5)
    rows = await quick.fetch("SELECT id FROM letters")
    assert answer is (len(rows) == 1)


async def test_waiting_for_a_connection_is_bounded(quick: Database) -> None:
    enough = asyncio.Event()

    async def hold() -> None:
        async with quick.session():
            await enough.wait()

    holders = [asyncio.ensure_future(hold()) for _ in range(QUICK.connections)]
    await asyncio.sleep(0.2)
    with pytest.raises(StorageUnavailable):
        await quick.fetch("SELECT 1")
    assert not any(holder.done() for holder in holders)
    enough.set()
    await asyncio.gather(*holders)
    await quick.fetch("SELECT 1")


async def test_waiting_for_a_lock_is_bounded(quick: Database, ids: DistinctIds) -> None:
    journal, asked = PostgresJournal(quick), submission(ids)
    await take_in(journal, asked)
    delivery = asked.recipients[0].delivery
    async with journal.transaction() as holder:
        await holder.lock([delivery])
        with pytest.raises(StorageUnavailable):
            async with journal.transaction() as waiting:
                await waiting.lock([delivery])


async def test_a_stopped_committer_holds_its_locks_no_longer_than_the_limit(
    quick: Database, ids: DistinctIds
) -> None:
    journal, asked = PostgresJournal(quick), submission(ids)
    await take_in(journal, asked)
    delivery = asked.recipients[0].delivery
    with pytest.raises(StorageUnavailable):  # noqa: PT012 - what comes after the pause is tested
        async with journal.transaction() as stopped:
            await stopped.lock([delivery])
            await asyncio.sleep(1.5)
            async with journal.transaction() as other:
                assert delivery in await other.lock([delivery])
            await stopped.lock_outbox([])
            await stopped.write((), [1])


async def test_a_cancelled_transaction_frees_its_locks_and_its_connection(
    quick: Database, ids: DistinctIds
) -> None:
    journal, asked = PostgresJournal(quick), submission(ids)
    await take_in(journal, asked)
    delivery = asked.recipients[0].delivery

    async def stuck() -> None:
        async with journal.transaction() as transaction:
            await transaction.lock([delivery])
            await transaction._fetch("SELECT pg_sleep(30)")

    for _ in range(QUICK.connections + 1):
        task = asyncio.ensure_future(stuck())
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(2):
            async with journal.transaction() as transaction:
                assert delivery in await transaction.lock([delivery])


async def test_a_cancelled_commit_is_waited_for(quick: Database, ids: DistinctIds) -> None:
    journal, asked = PostgresJournal(quick), submission(ids)
    at_commit = asyncio.Event()

    async def commit() -> None:
        async with journal.transaction() as transaction:
            await transaction.claim_keys([asked.idempotency])
            await transaction.write([written(decide(asked, None, NOW, POLICY))], ())
            at_commit.set()
            await transaction.commit()

    task = asyncio.ensure_future(commit())
    await at_commit.wait()
    await asyncio.sleep(0)  # COMMIT is on its way
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    rows = await quick.fetch("SELECT id FROM letters")
    assert [row["id"] for row in rows] == [asked.letter.id]


async def test_an_unreachable_server_is_named_at_once(database_dsn: str) -> None:
    nowhere = urlsplit(database_dsn)._replace(netloc="tdh:x@127.0.0.1:1").geturl()
    with pytest.raises(StorageUnavailable):
        await open_database(nowhere, application_name="test", limits=QUICK)


async def test_a_wrong_password_is_unavailability_and_says_no_secret(database_dsn: str) -> None:
    parts = urlsplit(database_dsn)
    wrong = parts._replace(netloc=f"tdh:guessed@127.0.0.1:{parts.port}").geturl()
    with pytest.raises(StorageUnavailable) as raised:
        await open_database(wrong, application_name="test", limits=QUICK)
    assert "guessed" not in str(raised.value)


async def test_a_server_that_would_lose_commits_is_refused_by_name(database_dsn: str) -> None:
    name = urlsplit(database_dsn).path.removeprefix("/")
    connection = await asyncpg.connect(database_dsn)
    await connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    await connection.close()
    with pytest.raises(DatabaseUnfit, match="synchronous_commit is off") as raised:
        await open_database(database_dsn, application_name="test")
    assert len(raised.value.problems) == 1


async def test_sessions_carry_the_limits_and_the_name(quick: Database) -> None:
    shown = {}
    for name in (
        "application_name",
        "statement_timeout",
        "lock_timeout",
        "idle_in_transaction_session_timeout",
        "TimeZone",
        "transaction_isolation",
    ):
        rows = await quick.fetch("SELECT current_setting($1) AS value", name)
        shown[name] = rows[0]["value"]
    assert shown == {
        "application_name": "quick",
        "statement_timeout": "1s",
        "lock_timeout": "800ms",
        "idle_in_transaction_session_timeout": "1s",
        "TimeZone": "UTC",
        "transaction_isolation": "read committed",
    }
