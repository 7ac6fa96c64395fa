"""The log's queue, rounds and heads on a real PostgreSQL."""

import asyncio
import hashlib
from dataclasses import replace

import pytest
from builders import CITIZEN, NOW, by
from storage_world import POLICY, DistinctIds, act, forward, submission, take_in, written

from storage.database import Database
from storage.journal import PostgresJournal
from storage.log import PostgresLogStore
from tdh.domain import commands as cmd
from tdh.domain.decide import decide
from tdh.domain.errors import Conflict, DataRefused
from tdh.domain.identifiers import evidence_of
from tdh.domain.log import SignedHead, Tree

EMPTY = Tree(epoch=1, size=0, root=hashlib.sha256(b"").digest())


@pytest.fixture
def log(database: Database) -> PostgresLogStore:
    return PostgresLogStore(database)


def grown(tree: Tree, by_entries: int) -> Tree:
    return replace(tree, size=tree.size + by_entries, root=bytes([by_entries]) * 32)


async def take_all(log: PostgresLogStore, limit: int = 1000) -> list[bytes]:
    async with log.round() as one:
        tree, entries = await one.tree(), await one.take(limit)
        nodes = {(0, tree.size + n): bytes([n]) * 32 for n in range(len(entries))}
        assert await one.append(tree, entries, nodes, grown(tree, len(entries)))
        await one.commit()
    return [each.entry for each in entries]


async def test_the_log_begins_with_the_empty_tree(log: PostgresLogStore) -> None:
    assert await log.tree() == EMPTY
    assert await log.head() is None


async def test_a_round_moves_entries_from_the_queue_to_their_places(
    journal: PostgresJournal, log: PostgresLogStore, ids: DistinctIds
) -> None:
    batch = [submission(ids, key=f"{n}") for n in range(5)]
    await take_in(journal, *batch)
    assert await log.waiting() == 5
    entries = await take_all(log)
    assert await log.waiting() == 0
    tree = await log.tree()
    assert (tree.size, tree.root) == (5, bytes([5]) * 32)
    assert [each.entry for each in await log.entries(0, 99)] == entries
    found = [await log.entry(evidence_of(each.recipients[0].event)) for each in batch]
    assert {each.index for each in found if each} == {0, 1, 2, 3, 4}
    assert await log.nodes([(0, 3), (7, 7)]) == {(0, 3): bytes([3]) * 32}


async def test_an_undone_round_leaves_queue_and_tree(
    journal: PostgresJournal, log: PostgresLogStore, ids: DistinctIds
) -> None:
    await take_in(journal, submission(ids))
    async with log.round() as one:
        tree, entries = await one.tree(), await one.take(10)
        assert await one.append(tree, entries, {(0, 0): b"0" * 32}, grown(tree, 1))
        assert (await one.tree()).size == 1
    assert (await log.tree(), await log.waiting()) == (EMPTY, 1)


async def test_a_round_on_an_old_tree_is_told_so_and_writes_nothing(
    journal: PostgresJournal, log: PostgresLogStore, ids: DistinctIds
) -> None:
    await take_in(journal, submission(ids))
    for wrong in (replace(EMPTY, size=7), replace(EMPTY, epoch=2)):
        async with log.round() as one:
            entries = await one.take(10)
            assert not await one.append(wrong, entries, {}, grown(wrong, 1))
            await one.commit()
    assert (await log.tree(), await log.waiting()) == (EMPTY, 1)


async def test_an_entry_never_gets_two_places(
    journal: PostgresJournal, log: PostgresLogStore, ids: DistinctIds
) -> None:
    await take_in(journal, submission(ids))
    async with log.round() as one:
        entries = await one.take(10)
    await take_all(log)
    tree = await log.tree()
    async with log.round() as one:
        with pytest.raises(Conflict):
            await one.append(tree, entries, {}, grown(tree, 1))


async def test_a_node_never_changes(
    journal: PostgresJournal, log: PostgresLogStore, ids: DistinctIds
) -> None:
    await take_in(journal, submission(ids))
    await take_all(log)
    tree = await log.tree()
    async with log.round() as one:
        with pytest.raises(DataRefused):
            await one.append(tree, (), {(0, 0): b"x" * 32}, grown(tree, 1))


async def test_rounds_follow_one_another_and_never_overlap(
    journal: PostgresJournal, log: PostgresLogStore, ids: DistinctIds
) -> None:
    await take_in(journal, *(submission(ids, key=f"{n}") for n in range(40)))
    inside = 0

    async def one_round() -> int:
        nonlocal inside
        async with log.round() as one:
            inside += 1
            assert inside == 1
            tree, entries = await one.tree(), await one.take(10)
            await asyncio.sleep(0.02)
            assert await one.append(tree, entries, {}, grown(tree, len(entries)))
            inside -= 1  # before the commit lets the next one in
            await one.commit()
            return len(entries)

    assert await asyncio.gather(*(one_round() for _ in range(4))) == [10] * 4
    assert (await log.tree()).size == 40


async def test_entries_of_one_delivery_come_in_its_order_whatever_commits_first(
    journal: PostgresJournal, log: PostgresLogStore, ids: DistinctIds, database: Database
) -> None:
    """Writers and a sequencer at once, with rounds small enough to cut through deliveries."""
    batch = [submission(ids, key=f"{n}", documents=6) for n in range(8)]
    await take_in(journal, *batch)
    deliveries = [each.recipients[0].delivery for each in batch]
    taken: list[bytes] = []

    async def live(delivery) -> None:
        await act(journal, forward(ids, delivery))
        for number in range(1, 7):
            await act(
                journal,
                cmd.TrackAccess(
                    delivery=delivery, event=ids.event(delivery), document=number, by=by(CITIZEN)
                ),
            )

    async def sequence() -> None:
        while len(taken) < 8 * 8:
            taken.extend(await take_all(log, limit=3))

    await asyncio.gather(sequence(), *(live(each) for each in deliveries))
    rows = await database.fetch(
        "SELECT e.delivery, e.sequence FROM log_entries l"
        "  JOIN events e ON replace(e.id, 'evt_', 'evd_') = l.evidence ORDER BY l.index"
    )
    for delivery in deliveries:
        order = [row["sequence"] for row in rows if row["delivery"] == delivery]
        assert order == list(range(1, 9))


async def test_rows_of_an_open_transaction_come_with_a_later_round(
    journal: PostgresJournal, log: PostgresLogStore, ids: DistinctIds
) -> None:
    early, late = submission(ids, key="early"), submission(ids, key="late")
    wrote, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with journal.transaction() as transaction:
            await transaction.claim_keys([early.idempotency])
            await transaction.write([written(decide(early, None, NOW, POLICY))], ())
            wrote.set()
            await go_on.wait()
            await transaction.commit()

    running = asyncio.ensure_future(slow())
    await wrote.wait()
    await take_in(journal, late)
    assert len(await take_all(log)) == 1
    go_on.set()
    await running
    assert len(await take_all(log)) == 1
    assert (await log.entry(evidence_of(late.recipients[0].event))).index == 0
    assert (await log.entry(evidence_of(early.recipients[0].event))).index == 1


async def test_an_operators_act_gets_its_place_without_evidence(log: PostgresLogStore) -> None:
    await log.queue_operation(b"tdh-operation/v1\noutage\n")
    assert await take_all(log) == [b"tdh-operation/v1\noutage\n"]


async def test_published_heads_only_grow(log: PostgresLogStore) -> None:
    def head(size: int, note: bytes = b"note") -> SignedHead:
        return SignedHead(size=size, root=b"r" * 32, note=note, token=b"token")

    for size in (1, 5, 3, 5):
        await log.publish(head(size))
    await log.publish(head(5, b"another note"))
    assert await log.head() == head(5)
