"""The journal on a real PostgreSQL: what one batch writes, guards and gives back."""

import asyncio
import zlib
from dataclasses import replace
from datetime import timedelta

import pytest
from builders import AGENCY, CITIZEN, COMPANY, NOW, by, party
from storage_world import POLICY, DistinctIds, act, forward, refusal, submission, take_in, written

from storage.database import Database
from storage.journal import PostgresJournal
from storage.queries import statements_beside
from tdh.domain import commands as cmd
from tdh.domain.decide import decide
from tdh.domain.errors import Conflict, DataRefused, InvalidValue, StorageUnavailable
from tdh.domain.identifiers import LetterId, OutboxId, make_body
from tdh.domain.lifecycle import ConsignmentMode, DeliveryState
from tdh.domain.outbox import Task
from tdh.domain.parties import Channel
from tdh.domain.records import RecordedSubmission


async def count(database: Database, table: str) -> int:
    rows = await database.fetch(f"SELECT count(*) AS number FROM {table}")  # noqa: S608 - our own
    return rows[0]["number"]


async def test_what_was_taken_in_is_the_dossier_that_is_locked(
    journal: PostgresJournal, ids: DistinctIds
) -> None:
    asked = submission(
        ids,
        to=(party(CITIZEN), party(COMPANY, Channel.QUEUE)),
        mode=ConsignmentMode.CONSENT,
        documents=3,
    )
    await take_in(journal, asked)
    expected = {
        change.after.id: (change.after, change.dossier)
        for change in decide(asked, None, NOW, POLICY).changes
    }
    async with journal.transaction() as transaction:
        found = await transaction.lock(sorted(expected))
    assert found.keys() == expected.keys()
    for delivery, dossier in found.items():
        after, before = expected[delivery]
        assert dossier == replace(before, delivery=after)


async def test_each_event_has_one_evidence_and_one_waiting_entry(
    journal: PostgresJournal, database: Database, ids: DistinctIds
) -> None:
    asked = submission(ids, to=(party(CITIZEN), party(COMPANY, Channel.QUEUE)))
    await take_in(journal, asked)
    await act(journal, *(forward(ids, each.delivery) for each in asked.recipients))
    rows = await database.fetch(
        "SELECT e.id, e.name, e.delivery, e.sequence, q.evidence, q.stream, q.sequence AS place"
        "  FROM events e JOIN evidence v ON v.event = e.id"
        "  JOIN log_queue q ON q.evidence = replace(e.id, 'evt_', 'evd_') ORDER BY q.id"
    )
    assert [(row["name"], row["delivery"], row["sequence"]) for row in rows] == [
        (name, each.delivery, place)
        for place, name in enumerate(("SubmissionAcceptance", "ContentConsignment"), 1)
        for each in asked.recipients
    ]
    assert all((row["delivery"], row["sequence"]) == (row["stream"], row["place"]) for row in rows)
    assert await count(database, "evidence") == 4


async def test_a_refused_submission_leaves_its_stream_and_no_letter(
    journal: PostgresJournal, database: Database, ids: DistinctIds
) -> None:
    refused = refusal(ids)
    async with journal.transaction() as transaction:
        await transaction.claim_keys([refused.idempotency])
        await transaction.write([written(decide(refused, None, NOW, POLICY))], ())
        await transaction.commit()
    assert [await count(database, table) for table in ("letters", "documents", "deliveries")] == [
        0
    ] * 3
    assert [await count(database, t) for t in ("refused_submissions", "events", "evidence")] == [
        1
    ] * 3
    async with journal.transaction() as transaction:
        recorded = await transaction.claim_keys([refused.idempotency])
    assert recorded == {
        refused.idempotency: RecordedSubmission(
            fingerprint=refused.idempotency.fingerprint, letter=None, stream=refused.stream
        )
    }


async def test_a_batch_of_128_letters_with_four_recipients_each_is_one_transaction(
    journal: PostgresJournal, database: Database, ids: DistinctIds
) -> None:
    recipients = (party(CITIZEN),) * 4
    batch = [submission(ids, to=recipients, key=f"key-{n}") for n in range(128)]
    await take_in(journal, *batch)
    tables = ("letters", "documents", "deliveries", "events", "evidence", "log_queue", "outbox")
    assert [await count(database, table) for table in tables] == [128, 128, *(512,) * 5]
    deliveries = sorted(each.delivery for one in batch for each in one.recipients)
    async with journal.transaction() as transaction:
        assert list(await transaction.lock(deliveries)) == deliveries
    transactions = await database.fetch("SELECT count(DISTINCT xmin::text) AS n FROM deliveries")
    assert transactions[0]["n"] == 1


async def test_leaving_the_block_without_commit_leaves_nothing(
    journal: PostgresJournal, database: Database, ids: DistinctIds
) -> None:
    asked = submission(ids)
    async with journal.transaction() as transaction:
        await transaction.claim_keys([asked.idempotency])
        await transaction.write([written(decide(asked, None, NOW, POLICY))], ())
    tables = ("letters", "deliveries", "events", "evidence", "outbox", "log_queue", "idempotency")
    assert [await count(database, table) for table in tables] == [0] * 7


async def test_an_error_in_the_block_leaves_nothing_and_the_pool_as_it_was(
    journal: PostgresJournal, database: Database, ids: DistinctIds
) -> None:
    asked = submission(ids)
    for _ in range(20):
        with pytest.raises(RuntimeError, match="ours"):  # noqa: PT012 - the block is what is tested
            async with journal.transaction() as transaction:
                await transaction.claim_keys([asked.idempotency])
                raise RuntimeError("ours")
    assert await count(database, "idempotency") == 0


async def test_a_missing_delivery_is_missing_in_the_answer(
    journal: PostgresJournal, ids: DistinctIds
) -> None:
    asked = submission(ids)
    await take_in(journal, asked)
    known, unknown = asked.recipients[0].delivery, ids.delivery(asked.letter.id)
    async with journal.transaction() as transaction:
        assert set(await transaction.lock([known, unknown])) == {known}


async def test_a_decision_on_an_older_state_loses_its_guard(
    journal: PostgresJournal, ids: DistinctIds
) -> None:
    asked = submission(ids)
    await take_in(journal, asked)
    delivery = asked.recipients[0].delivery
    async with journal.transaction() as transaction:
        old = (await transaction.lock([delivery]))[delivery]
    await act(journal, forward(ids, delivery))
    late = decide(
        cmd.Withdraw(delivery=delivery, event=ids.event(delivery), by=by(AGENCY)), old, NOW, POLICY
    )
    async with journal.transaction() as transaction:
        with pytest.raises(Conflict, match=delivery):
            await transaction.write([written(late)], ())
    async with journal.transaction() as transaction:
        now = (await transaction.lock([delivery]))[delivery].delivery
    assert (now.state, now.sequence) == (DeliveryState.CONSIGNED, 2)


async def test_two_steps_of_one_delivery_in_one_batch_are_written_in_order(
    journal: PostgresJournal, ids: DistinctIds
) -> None:
    asked = submission(ids)
    await take_in(journal, asked)
    delivery = asked.recipients[0].delivery
    opened = cmd.TrackAccess(
        delivery=delivery, event=ids.event(delivery), document=1, by=by(CITIZEN)
    )
    async with journal.transaction() as transaction:
        dossier = (await transaction.lock([delivery]))[delivery]
        first = decide(forward(ids, delivery), dossier, NOW, POLICY)
        second = decide(opened, replace(dossier, delivery=first.changes[0].after), NOW, POLICY)
        await transaction.write([written(first), written(second)], ())
        await transaction.commit()
    async with journal.transaction() as transaction:
        after = (await transaction.lock([delivery]))[delivery]
    assert after.delivery == second.changes[0].after
    assert after.happened == {("ContentAccessTracking", f"1:{CITIZEN}")}


async def test_two_decisions_from_the_same_state_do_not_pass_as_one_batch(
    journal: PostgresJournal, ids: DistinctIds
) -> None:
    asked = submission(ids)
    await take_in(journal, asked)
    delivery = asked.recipients[0].delivery
    async with journal.transaction() as transaction:
        dossier = (await transaction.lock([delivery]))[delivery]
        both = [decide(forward(ids, delivery), dossier, NOW, POLICY) for _ in range(2)]
        with pytest.raises(Conflict):
            await transaction.write([written(each) for each in both], ())


async def test_of_concurrent_batches_on_one_delivery_each_sees_what_the_other_wrote(
    journal: PostgresJournal, ids: DistinctIds
) -> None:
    asked = submission(ids, documents=9)
    await take_in(journal, asked)
    delivery = asked.recipients[0].delivery
    await act(journal, forward(ids, delivery))

    async def open_document(number: int) -> None:
        await act(
            journal,
            cmd.TrackAccess(
                delivery=delivery, event=ids.event(delivery), document=number, by=by(CITIZEN)
            ),
        )

    await asyncio.gather(*(open_document(number) for number in range(1, 10)))
    async with journal.transaction() as transaction:
        after = (await transaction.lock([delivery]))[delivery]
    assert after.delivery.sequence == 11
    assert len(after.happened) == 9


async def test_batches_that_share_deliveries_in_any_order_never_deadlock(
    journal: PostgresJournal, ids: DistinctIds
) -> None:
    batch = [submission(ids, key=f"key-{n}") for n in range(20)]
    await take_in(journal, *batch)
    deliveries = [each.recipients[0].delivery for each in batch]

    async def hold(order: list) -> int:
        async with journal.transaction() as transaction:
            return len(await transaction.lock(order))

    forwards = [hold(deliveries) for _ in range(10)]
    backwards = [hold(deliveries[::-1]) for _ in range(10)]
    assert await asyncio.gather(*forwards, *backwards) == [20] * 20


async def test_the_second_claim_of_a_key_waits_and_gets_what_the_first_recorded(
    journal: PostgresJournal, ids: DistinctIds
) -> None:
    asked = submission(ids)
    claimed = asyncio.Event()

    async def first() -> None:
        async with journal.transaction() as transaction:
            assert await transaction.claim_keys([asked.idempotency]) == {asked.idempotency: None}
            claimed.set()
            await asyncio.sleep(0.3)
            await transaction.write([written(decide(asked, None, NOW, POLICY))], ())
            await transaction.commit()

    async def second() -> object:
        await claimed.wait()
        async with journal.transaction() as transaction:
            return (await transaction.claim_keys([asked.idempotency]))[asked.idempotency]

    _, recorded = await asyncio.gather(first(), second())
    assert recorded == RecordedSubmission(
        fingerprint=asked.idempotency.fingerprint, letter=asked.letter.id, stream=None
    )


async def test_a_key_whose_first_claim_was_undone_is_free(
    journal: PostgresJournal, ids: DistinctIds
) -> None:
    key = submission(ids).idempotency
    claimed = asyncio.Event()

    async def first() -> None:
        async with journal.transaction() as transaction:
            await transaction.claim_keys([key])
            claimed.set()
            await asyncio.sleep(0.2)

    async def second() -> object:
        await claimed.wait()
        async with journal.transaction() as transaction:
            return (await transaction.claim_keys([key]))[key]

    assert (await asyncio.gather(first(), second()))[1] is None


async def test_crossing_claims_of_many_keys_never_deadlock(
    journal: PostgresJournal, ids: DistinctIds
) -> None:
    keys = [submission(ids, key=f"key-{n}").idempotency for n in range(30)]

    async def claim(order: list) -> int:
        async with journal.transaction() as transaction:
            return len(await transaction.claim_keys(order))

    orders = [keys, keys[::-1], keys[10:] + keys[:10], keys[::-1]]
    assert await asyncio.gather(*(claim(order) for order in orders)) == [30] * 4


async def test_a_key_belongs_to_its_sender_alone(
    journal: PostgresJournal, ids: DistinctIds
) -> None:
    asked = submission(ids)
    await take_in(journal, asked)
    other = replace(asked.idempotency, sender=COMPANY)
    async with journal.transaction() as transaction:
        assert await transaction.claim_keys([other]) == {other: None}


async def test_the_key_of_a_submission_that_left_the_batch_is_free_afterwards(
    journal: PostgresJournal, database: Database, ids: DistinctIds
) -> None:
    stays, leaves = submission(ids, key="stays"), submission(ids, key="leaves")
    async with journal.transaction() as transaction:
        await transaction.claim_keys([stays.idempotency, leaves.idempotency])
        await transaction.write([written(decide(stays, None, NOW, POLICY))], ())
        await transaction.commit()
    rows = await database.fetch("SELECT key FROM idempotency")
    assert [row["key"] for row in rows] == ["stays"]


async def test_the_loser_of_a_key_inside_one_batch_gets_a_record_without_a_name(
    journal: PostgresJournal, ids: DistinctIds
) -> None:
    first = submission(ids).idempotency
    second = replace(first, fingerprint=b"\2" * 32)
    async with journal.transaction() as transaction:
        answer = await transaction.claim_keys([first, second])
    assert answer == {
        first: None,
        second: RecordedSubmission(fingerprint=first.fingerprint, letter=None, stream=None),
    }


async def test_a_submission_without_its_claim_is_not_written(
    journal: PostgresJournal, ids: DistinctIds
) -> None:
    asked = submission(ids)
    with pytest.raises(Conflict, match="claimed"):
        async with journal.transaction() as transaction:
            await transaction.write([written(decide(asked, None, NOW, POLICY))], ())


async def test_an_event_without_its_evidence_is_not_written(
    journal: PostgresJournal, ids: DistinctIds
) -> None:
    one, two = submission(ids, key="1"), submission(ids, key="2")
    right, wrong = (written(decide(each, None, NOW, POLICY)) for each in (one, two))
    for sealed in ((), wrong.sealed, right.sealed * 2):
        with pytest.raises(InvalidValue, match="evidence"):
            async with journal.transaction() as transaction:
                await transaction.write([replace(right, sealed=sealed)], ())


async def test_a_nul_in_a_text_is_refused_data_and_poisons_only_its_own_batch(
    journal: PostgresJournal, database: Database, ids: DistinctIds
) -> None:
    good, bad = submission(ids, key="good"), submission(ids, key="bad")
    envelope = replace(bad.letter.envelope, subject="เรื่อง\0")
    bad = replace(bad, letter=replace(bad.letter, envelope=envelope))
    with pytest.raises(DataRefused):
        await take_in(journal, good, bad)
    assert await count(database, "letters") == 0
    await take_in(journal, good)
    assert await count(database, "letters") == 1


async def test_a_letter_of_a_month_without_partition_is_refused_as_unavailable(
    journal: PostgresJournal, database: Database, ids: DistinctIds
) -> None:
    later = NOW + timedelta(days=200)
    there = DistinctIds(later)
    asked = submission(there)
    asked = replace(
        asked, letter=replace(asked.letter, id=LetterId("ltr_" + make_body(later, b"9" * 9)))
    )
    with pytest.raises(StorageUnavailable, match="partition"):
        await take_in(journal, asked)
    assert await count(database, "letters") == 0


async def test_outbox_rows_are_written_forgotten_and_finished_with_the_step(
    journal: PostgresJournal, database: Database, ids: DistinctIds
) -> None:
    asked = submission(ids, to=(party(COMPANY, Channel.QUEUE),), mode=ConsignmentMode.CONSENT)
    await take_in(journal, asked)
    delivery = asked.recipients[0].delivery

    async def tasks() -> dict:
        rows = await database.fetch("SELECT id, task, kind, next_try FROM outbox ORDER BY id")
        return {row["task"]: row for row in rows}

    forwarding = (await tasks())[Task.FORWARD]
    row = OutboxId(forwarding["id"])
    assert (forwarding["kind"], forwarding["next_try"]) == ("job", NOW)
    async with journal.transaction() as transaction:
        dossier = (await transaction.lock([delivery]))[delivery]
        assert await transaction.lock_outbox([row, OutboxId(row + 1000)]) == {row}
        command = replace(forward(ids, delivery), outbox=row)
        await transaction.write([written(decide(command, dossier, NOW, POLICY))], ())
        await transaction.commit()
    waiting = await tasks()
    assert set(waiting) == {Task.EXPIRE, Task.PUSH_ENVELOPE}
    accepted = await act(
        journal,
        cmd.Accept(
            delivery=delivery,
            event=ids.event(delivery),
            consignment_event=ids.event(delivery),
            by=by(COMPANY),
            received_at=NOW,
        ),
    )
    assert [event.name for event in accepted[0].events] == [
        "ConsignmentAcceptance",
        "ContentConsignment",
    ]
    assert set(await tasks()) == {Task.END_HOLDING, Task.PUSH_CONTENT}
    await act(
        journal,
        cmd.Acknowledge(
            delivery=delivery,
            event=ids.event(delivery),
            digests=tuple(each.digest for each in asked.letter.documents),
            by=by(COMPANY),
        ),
    )
    assert await tasks() == {}


async def test_rows_of_refusals_are_removed_without_a_decision(
    journal: PostgresJournal, database: Database, ids: DistinctIds
) -> None:
    await take_in(journal, submission(ids))
    rows = [OutboxId(row["id"]) for row in await database.fetch("SELECT id FROM outbox")]
    async with journal.transaction() as transaction:
        assert await transaction.lock_outbox(rows) == set(rows)
        await transaction.write((), rows)
        await transaction.commit()
    assert await count(database, "outbox") == 0


async def test_released_documents_are_remembered_and_the_last_one_hands_over(
    journal: PostgresJournal, ids: DistinctIds
) -> None:
    asked = submission(ids, documents=2)
    await take_in(journal, asked)
    delivery = asked.recipients[0].delivery
    await act(journal, forward(ids, delivery))

    def release(number: int) -> cmd.Release:
        return cmd.Release(
            delivery=delivery, event=ids.event(delivery), document=number, by=by(CITIZEN)
        )

    await act(journal, release(2))
    async with journal.transaction() as transaction:
        assert (await transaction.lock([delivery]))[delivery].delivery.released == {2}
    (last,) = await act(journal, release(1))
    assert [event.name for event in last.events] == ["ContentHandover"]
    async with journal.transaction() as transaction:
        after = (await transaction.lock([delivery]))[delivery].delivery
    assert (after.state, after.released) == (DeliveryState.HANDED_OVER, {1, 2})


async def test_the_heartbeat_is_kept_and_never_goes_back(journal: PostgresJournal) -> None:
    assert await journal.last_beat() is None
    for seconds in (0, 10, 5):
        await journal.beat(NOW + timedelta(seconds=seconds))
    assert await journal.last_beat() == NOW + timedelta(seconds=10)


async def test_whether_a_batch_committed_can_be_asked(
    journal: PostgresJournal, ids: DistinctIds
) -> None:
    asked = submission(ids, to=(party(CITIZEN), party(COMPANY, Channel.QUEUE)))
    events = [each.event for each in asked.recipients]
    assert not await journal.committed(events)
    await take_in(journal, asked)
    assert await journal.committed(events)
    assert await journal.committed(events)  # and asking left nothing behind


@pytest.mark.parametrize("commits", [True, False])
async def test_asking_for_a_batch_waits_for_a_transaction_that_is_still_open(
    journal: PostgresJournal, ids: DistinctIds, *, commits: bool
) -> None:
    asked = submission(ids)
    events = [each.event for each in asked.recipients]
    wrote = asyncio.Event()

    async def write() -> None:
        async with journal.transaction() as transaction:
            await transaction.claim_keys([asked.idempotency])
            await transaction.write([written(decide(asked, None, NOW, POLICY))], ())
            wrote.set()
            await asyncio.sleep(0.3)
            if commits:
                await transaction.commit()

    async def ask() -> bool:
        await wrote.wait()
        return await journal.committed(events)

    assert (await asyncio.gather(write(), ask()))[1] is commits


async def test_an_evidence_is_kept_byte_for_byte(
    journal: PostgresJournal, database: Database, ids: DistinctIds
) -> None:
    asked = submission(ids)
    await take_in(journal, asked)
    rows = await database.fetch("SELECT xml, digest FROM evidence")
    (sealed,) = written(decide(asked, None, NOW, POLICY)).sealed
    assert zlib.decompress(rows[0]["xml"]) == sealed.xml
    assert rows[0]["digest"] == sealed.digest


def test_the_journal_asks_for_nothing_row_by_row() -> None:
    statements = statements_beside("storage/journal.py")
    single = {"beat", "last_beat"}
    assert all(
        "unnest(" in text or "ANY (" in text
        for name, text in statements.items()
        if name not in single
    )
