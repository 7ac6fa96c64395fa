"""What `tdh doctor` finds in a real database: a log at a standstill, anchors, archive, work."""

from datetime import timedelta

import pytest
from builders import NOW
from storage_world import submission, take_in

from signing.seal_check import Outcome
from storage.anchors import PostgresAnchors
from storage.archive import PostgresArchive
from storage.database import Database
from storage.log import PostgresLogStore
from storage.outbox import PostgresOutbox
from tdh.config import AnchorConfig, Config
from tdh.doctor import programs, proofs, rooms
from tdh.domain.archive import ArchiveToken, NewStamp
from tdh.domain.log import Anchor, AnchorKind, SignedHead
from tdh.domain.outbox import Task
from tdh.domain.policies import ATTEMPTS_BEFORE_PARKING

WATCHED = Config(anchor=AnchorConfig(witnesses=("w",), seconds=60.0))


async def heads(database: Database, *sizes: int) -> None:
    for size in sizes:
        head = SignedHead(size=size, root=b"r" * 32, note=b"note", token=b"token")
        await PostgresLogStore(database).publish(head)


async def test_a_database_of_this_version_is_whole(database: Database) -> None:
    assert (await programs.database(database)).outcome is Outcome.PASS
    await database.fetch("DELETE FROM schema_migrations WHERE name = '0009_service_keys'")

    found = await programs.database(database)
    assert found.outcome is Outcome.FAIL
    assert "0009_service_keys" in found.text.en


async def test_entries_that_nobody_takes_up_are_trouble(database, monkeypatch) -> None:
    monkeypatch.setattr(proofs, "QUEUE_SECONDS", 0.5)
    assert (await proofs.log(database, NOW)).outcome is Outcome.UNKNOWN
    await heads(database, 7)
    assert (await proofs.log(database, NOW)).outcome is Outcome.PASS
    await PostgresLogStore(database).queue_operation(b"tdh-operation/v1\n")

    found = await proofs.log(database, NOW)
    assert found.outcome is Outcome.FAIL
    assert "1 entries wait" in found.text.en


async def test_outsiders_are_named_or_it_is_the_operator_s_word(database) -> None:
    alone = await proofs.anchors(Config(), database, NOW)
    assert (alone.outcome, alone.counts) == (Outcome.UNKNOWN, False)
    assert "operator's word only" in alone.text.en
    assert (await proofs.anchors(WATCHED, database, NOW)).outcome is Outcome.FAIL
    await heads(database, 7, 9)
    store, time = PostgresAnchors(database), NOW - timedelta(seconds=40)
    await store.add(
        Anchor(size=7, kind=AnchorKind.WITNESS, name="w.example", body=b"line", time=time)
    )
    await store.settle(7)

    found = await proofs.anchors(WATCHED, database, NOW)
    assert found.outcome is Outcome.PASS
    assert "anchored by w.example, 40 s ago" in found.text.en
    late = await proofs.anchors(WATCHED, database, NOW + timedelta(minutes=6))
    assert late.outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("days", "outcome"), [(900, Outcome.PASS), (30, Outcome.UNKNOWN), (-1, Outcome.FAIL)]
)
async def test_the_archive_is_renewed_before_it_ends(database, days, outcome) -> None:
    assert not (await proofs.archive(database, NOW)).counts

    archive = PostgresArchive(database)
    await archive.add_round(0, 3, [b"r" * 32])
    until = NOW + timedelta(days=days)
    token = ArchiveToken(name="tsa", token=b"token", time=NOW - timedelta(days=9), until=until)
    assert await archive.stamp(token, [NewStamp(round=1, after=0, siblings=())]) == 1

    assert (await proofs.archive(database, NOW)).outcome is outcome


async def test_parked_work_is_trouble(database, journal, ids) -> None:
    assert (await rooms.outbox(database, NOW)).outcome is Outcome.PASS
    await take_in(journal, submission(ids))
    outbox, tries = PostgresOutbox(database), [NOW] * ATTEMPTS_BEFORE_PARKING
    for _ in range(ATTEMPTS_BEFORE_PARKING + 1):
        await outbox.claim(frozenset({Task.FORWARD}), 10, NOW, tries=tries)

    found = await rooms.outbox(database, NOW)
    assert found.outcome is Outcome.FAIL
    assert "1 rows are parked" in found.text.en


async def test_an_unsigned_trust_store_is_worth_knowing(database) -> None:
    found = await rooms.trust(Config(), database, NOW)
    assert (found.outcome, found.counts) == (Outcome.UNKNOWN, False)
