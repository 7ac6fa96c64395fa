"""Anchors and rounds of the archive on a real PostgreSQL."""

import asyncio
import hashlib
from datetime import timedelta

import pytest
from builders import NOW

from storage.anchors import PostgresAnchors
from storage.archive import PostgresArchive
from storage.database import Database
from storage.log import PostgresLogStore
from tdh.domain.archive import ArchiveToken, NewStamp
from tdh.domain.errors import DataRefused
from tdh.domain.identifiers import EvidenceId
from tdh.domain.log import Anchor, AnchorKind, SignedHead

ROOT = bytes(range(32))
YEAR = timedelta(days=365)


@pytest.fixture
def anchors(database: Database) -> PostgresAnchors:
    return PostgresAnchors(database)


@pytest.fixture
def archive(database: Database) -> PostgresArchive:
    return PostgresArchive(database)


async def publish(database: Database, *sizes: int) -> None:
    for size in sizes:
        head = SignedHead(size=size, root=ROOT, note=b"note %d" % size, token=b"token")
        await PostgresLogStore(database).publish(head)


def anchor(size: int, name: str, kind: AnchorKind = AnchorKind.WITNESS, **changes) -> Anchor:
    fields = {"size": size, "kind": kind, "name": name, "body": b"body", "time": NOW}
    return Anchor(**fields | changes)


def token(name: str = "authority", *, ends=NOW + YEAR, body: bytes = b"token") -> ArchiveToken:
    return ArchiveToken(name=name, token=body, time=NOW, until=ends)


def stamps(*rounds: int, after: int = 0) -> list[NewStamp]:
    return [NewStamp(round=one, after=after, siblings=(ROOT, ROOT[::-1])) for one in rounds]


async def test_the_first_word_of_an_outsider_for_a_head_stays(
    database: Database, anchors: PostgresAnchors
) -> None:
    await publish(database, 5)
    stamp = anchor(5, "authority", AnchorKind.TIMESTAMP, time=NOW - YEAR)
    late = anchor(5, "slow", time=NOW + YEAR)
    for one in (stamp, late, anchor(5, "quick"), anchor(5, "quick", body=b"another")):
        await anchors.add(one)
    assert await anchors.of(5) == (anchor(5, "quick"), late, stamp)
    assert await anchors.of(6) == ()


async def test_nobody_vouches_for_a_head_that_was_not_published(anchors: PostgresAnchors) -> None:
    with pytest.raises(DataRefused):
        await anchors.add(anchor(5, "quick"))


async def test_proofs_are_given_under_the_first_settled_head_that_is_great_enough(
    database: Database, anchors: PostgresAnchors
) -> None:
    assert await anchors.settled() is None
    await publish(database, 5, 9, 12)
    for size in (9, 5, 9):
        await anchors.settle(size)
    assert await anchors.settled() == 9
    assert [await anchors.settled(above) for above in (0, 4, 5, 8, 9)] == [5, 5, 9, 9, None]


async def test_rounds_follow_one_another_without_a_gap(archive: PostgresArchive) -> None:
    assert await archive.covered() == 0
    await archive.add_round(0, 300, [ROOT, ROOT[::-1]])
    await archive.add_round(0, 300, [ROOT, ROOT])  # again, by another process
    await archive.add_round(301, 302, [ROOT])  # with a gap
    await archive.add_round(300, 301, [ROOT])
    assert await archive.covered() == 301
    found = [await archive.round_of(index) for index in (0, 299, 300, 301)]
    assert [one and (one.number, one.first, one.end) for one in found] == [
        *((1, 0, 300), (1, 0, 300), (2, 300, 301)),
        None,
    ]
    assert found[0] is not None
    assert found[0].roots == (ROOT, ROOT[::-1])


async def test_two_who_add_the_same_round_at_once_add_it_once(archive: PostgresArchive) -> None:
    await asyncio.gather(*(archive.add_round(0, 9, [ROOT]) for _ in range(8)))
    assert (await archive.archived()).rounds == 1


async def test_a_round_wants_a_timestamp_then_an_outsiders_then_a_renewal(
    archive: PostgresArchive,
) -> None:
    for first in range(3):
        await archive.add_round(first, first + 1, [ROOT])
    assert [one.number for one in await archive.unstamped(2)] == [1, 2]
    own = token("", body=b"own", ends=NOW + YEAR / 2)
    assert await archive.stamp(own, stamps(1, 2)) == 2
    assert [one.number for one in await archive.unstamped(9)] == [3]
    assert [one.number for one in await archive.own_word(9)] == [1, 2, 3]
    assert await archive.stamp(token(), stamps(1, after=1)) == 1
    assert [one.number for one in await archive.own_word(9)] == [2, 3]
    [due] = await archive.ending(NOW + YEAR * 0.7, 9)
    assert (due.number, due.until, due.roots) == (2, NOW + YEAR / 2, (ROOT,))
    assert (due.outside, due.time) == (False, NOW)
    assert due.token_digests == (hashlib.sha256(b"own").digest(),)
    [ending] = [one for one in await archive.ending(NOW + 2 * YEAR, 9) if one.number == 1]
    digests = tuple(hashlib.sha256(one).digest() for one in (b"own", b"token"))
    assert ending.token_digests == digests
    told = await archive.archived()
    assert (told.rounds, told.unstamped, told.own_word) == (3, 1, 2)
    assert told.until == NOW + YEAR / 2
    found = await archive.stamps_of(1)
    assert [one.token for one in found] == [own, token()]
    assert [one.siblings for one in found] == [(ROOT, ROOT[::-1])] * 2


async def test_what_another_process_stamped_meanwhile_is_left_as_it_is(
    archive: PostgresArchive,
) -> None:
    await archive.add_round(0, 1, [ROOT])
    await archive.add_round(1, 2, [ROOT])
    assert await archive.stamp(token(), stamps(1)) == 1
    assert await archive.stamp(token("late"), stamps(1, 2)) == 1
    assert [one.token.name for one in await archive.stamps_of(1)] == ["authority"]
    assert [one.token.name for one in await archive.stamps_of(2)] == ["late"]


async def test_an_evidence_is_provable_until_its_rounds_newest_timestamp_ends(
    database: Database, archive: PostgresArchive
) -> None:
    names = [EvidenceId(f"evd_{n}") for n in range(4)]
    await database.fetch(
        "INSERT INTO log_entries (index, evidence, entry) SELECT n - 1, e, '' "
        "FROM unnest($1::text[]) WITH ORDINALITY AS one(e, n)",
        names,
    )
    await archive.add_round(0, 2, [ROOT])
    await archive.add_round(2, 3, [ROOT])
    await archive.stamp(token(), stamps(1))
    assert await archive.until([*names, EvidenceId("evd_unknown")]) == {
        names[0]: NOW + YEAR,
        names[1]: NOW + YEAR,
    }
