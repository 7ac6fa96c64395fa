"""The audit's reading: silent on a sound database, and it finds each wrong."""

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import AGENCY, CITIZEN, COMPANY, NOW, by, party
from storage_world import POLICY, DistinctIds, act, forward, refusal, submission, take_in, written

from storage.archive import PostgresArchive
from storage.audit import AuditSnapshot, Check, Finding, PostgresAudit
from storage.database import Database
from storage.journal import PostgresJournal
from storage.log import PostgresLogStore
from tdh.domain import commands as cmd
from tdh.domain.archive import ArchiveToken, NewStamp
from tdh.domain.decide import decide
from tdh.domain.lifecycle import ConsignmentMode, DeliveryState
from tdh.domain.log import SignedHead
from tdh.domain.parties import Channel
from tdh.domain.replay import replay, replay_refusal


@pytest.fixture
async def lived(database: Database, journal: PostgresJournal, ids: DistinctIds):
    """Deliveries in several states, a refused submission, one round of the log."""
    both = (party(CITIZEN), party(COMPANY, Channel.QUEUE))
    basic = submission(ids, to=both, key="basic", documents=2)
    consent = submission(ids, to=both, key="consent", mode=ConsignmentMode.CONSENT)
    refused = refusal(ids, key="refused")
    await take_in(journal, basic, consent)
    async with journal.transaction() as transaction:
        await transaction.claim_keys([refused.idempotency])
        await transaction.write([written(decide(refused, None, NOW, POLICY))], ())
        await transaction.commit()
    rows = await database.fetch("SELECT id, delivery FROM outbox")
    await act(
        journal,
        *(replace(forward(ids, row["delivery"]), outbox=row["id"]) for row in rows),
    )
    reading = {"delivery": basic.recipients[0].delivery, "document": 1, "by": by(CITIZEN)}
    await act(journal, cmd.TrackAccess(event=ids.event(reading["delivery"]), **reading))
    await act(journal, cmd.Release(event=ids.event(reading["delivery"]), **reading))
    declined = consent.recipients[0].delivery
    await act(
        journal,
        cmd.Refuse(delivery=declined, event=ids.event(declined), by=by(CITIZEN), received_at=NOW),
    )
    log = PostgresLogStore(database)
    async with log.round() as one:
        tree, entries = await one.tree(), await one.take(5)
        nodes = {(0, index): bytes([index]) * 32 for index in range(5)}
        assert await one.append(tree, entries, nodes, replace(tree, size=5))
        await one.commit()
    await log.publish(SignedHead(size=5, root=b"r" * 32, note=b"n", token=b"t"))
    archive = PostgresArchive(database)
    for first, end in ((0, 3), (3, 5), (5, 6)):
        await archive.add_round(first, end, [b"r" * 32])
    token = ArchiveToken(name="outsider", token=b"t", time=NOW, until=NOW + timedelta(days=36500))
    await archive.stamp(token, [NewStamp(round=n, after=0, siblings=()) for n in (1, 2)])
    return basic, consent, refused


async def findings(database: Database) -> list[Finding]:
    async with PostgresAudit(database).snapshot() as snapshot:
        return [finding async for finding in snapshot.findings()]


async def test_a_sound_database_has_no_findings(database: Database, lived) -> None:
    assert await findings(database) == []


async def test_every_delivery_is_where_its_events_lead(database: Database, lived) -> None:
    *_, refused = lived
    async with PostgresAudit(database).snapshot() as snapshot:
        deliveries = [one async for one in snapshot.deliveries()]
        refusals = [one async for one in snapshot.refusals()]
    assert len(deliveries) == 4
    for one in deliveries:
        led = replay(one.events, one.mode)
        assert (led.state, led.sequence, led.last_event_at) == (
            one.state,
            one.sequence,
            one.last_event_at,
        )
    assert {one.state for one in deliveries} == {
        DeliveryState.CONSIGNED,
        DeliveryState.AWAITING_ACCEPTANCE,
        DeliveryState.REFUSED,
    }
    assert [one.id for one in refusals] == [refused.stream]
    replay_refusal(refusals[0].events)


async def test_every_evidence_has_the_keys_of_its_ledger_line(database: Database, lived) -> None:
    basic, _, refused = lived
    async with PostgresAudit(database).snapshot() as snapshot:
        found = [one async for one in snapshot.evidence()]
    assert len(found) == 11
    assert all(one.xml is not None for one in found)
    pseudonyms = {one.stream: one.pseudonym for one in found}
    assert pseudonyms[refused.stream] == refused.pseudonym
    assert pseudonyms[basic.recipients[0].delivery] == basic.recipients[0].pseudonym


async def test_a_changed_evidence_comes_without_bytes(database: Database, lived) -> None:
    await database.fetch(
        "UPDATE evidence SET digest = sha256('x')"
        " WHERE event = (SELECT event FROM evidence ORDER BY event LIMIT 1)"
    )
    async with PostgresAudit(database).snapshot() as snapshot:
        assert [one.xml is None async for one in snapshot.evidence()] == [True, *[False] * 10]


async def test_every_document_comes_with_its_place_and_digest(database: Database, lived) -> None:
    basic, consent, _ = lived
    async with PostgresAudit(database).snapshot() as snapshot:
        found = [one async for one in snapshot.documents()]
    assert [(one.letter, one.stored, one.digest) for one in found] == [
        (letter.letter.id, stored, document.digest.value)
        for letter in sorted((basic, consent), key=lambda each: each.letter.id)
        for stored, document in zip(letter.stored, letter.letter.documents, strict=True)
    ]
    assert {one.wrapped_key for one in found} == {basic.wrapped_key}


async def test_the_log_is_read_in_order_with_its_heads_and_tree(database: Database, lived) -> None:
    async with PostgresAudit(database).snapshot() as snapshot:
        entries = [one async for one in snapshot.log()]
        heads = [one async for one in snapshot.heads()]
        tree = await snapshot.tree()
    assert [one.index for one in entries] == [0, 1, 2, 3, 4]
    assert [one.leaf for one in entries] == [bytes([n]) * 32 for n in range(5)]
    assert ([head.size for head in heads], tree.size) == ([5], 5)


WRONGS: dict[Check, tuple[str, str]] = {
    Check.EVENT_WITHOUT_EVIDENCE: ("DELETE FROM evidence WHERE event = $1", "event"),
    Check.EVIDENCE_WITHOUT_EVENT: ("DELETE FROM events WHERE id = $1", "event"),
    Check.EVENT_WITHOUT_STREAM: ("DELETE FROM deliveries WHERE id = $1", "delivery"),
    Check.STREAM_WITHOUT_EVENT: ("DELETE FROM events WHERE delivery = $1", "delivery"),
    Check.DELIVERY_WITHOUT_LETTER: ("DELETE FROM letters WHERE id = $1", "letter"),
    Check.DELIVERY_WITHOUT_PARTY: ("DELETE FROM parties WHERE id = $1", "party"),
    Check.LETTER_WITHOUT_DELIVERY: ("DELETE FROM deliveries WHERE letter = $1", "letter"),
    Check.LETTER_WITHOUT_MAIN_DOCUMENT: (
        "DELETE FROM documents WHERE letter = $1 AND number = 1",
        "letter",
    ),
    Check.DOCUMENT_WITHOUT_LETTER: ("DELETE FROM letters WHERE id = $1", "letter"),
    Check.REPORT_WITHOUT_REFUSAL: (
        """INSERT INTO refused_reports (letter_month, stream, number, report, digest)
           SELECT letter_month, id, 1, 'x', sha256('x') FROM deliveries WHERE id = $1""",
        "delivery",
    ),
    Check.RELEASE_WITHOUT_DOCUMENT: ("DELETE FROM documents WHERE letter = $1", "letter"),
    Check.RELEASE_WITHOUT_CONTENT: (
        "DELETE FROM events WHERE delivery = $1 AND name = 'ContentConsignment'",
        "delivery",
    ),
    Check.TERM_WITHOUT_EVENT: (
        "UPDATE deliveries SET acceptance_deadline = now() WHERE id = $1",
        "delivery",
    ),
    Check.KEY_WITHOUT_SUBMISSION: ("DELETE FROM letters WHERE id = $1", "letter"),
    Check.SUBMISSION_WITHOUT_KEY: ("DELETE FROM idempotency WHERE letter = $1", "letter"),
    Check.DELIVERY_WITHOUT_FUTURE: ("DELETE FROM outbox WHERE delivery = $1", "delivery"),
    Check.ROW_WITHOUT_PURPOSE: (
        "UPDATE deliveries SET state = 'withdrawn' WHERE id = $1",
        "delivery",
    ),
    Check.PARKED_ROW: ("UPDATE outbox SET parked_at = now() WHERE delivery = $1", "delivery"),
    Check.EVIDENCE_WITHOUT_LOG: ("DELETE FROM log_queue WHERE stream = $1", "delivery"),
    Check.LOG_WITHOUT_EVIDENCE: ("DELETE FROM evidence WHERE event = $1", "event"),
    Check.LOGGED_TWICE: (
        """INSERT INTO log_queue (evidence, stream, sequence, entry)
           SELECT evidence, stream, sequence, entry FROM log_queue WHERE stream = $1""",
        "delivery",
    ),
    Check.LOG_WITH_HOLES: ("DELETE FROM log_entries WHERE index = $1::text::bigint", "place"),
    Check.HEAD_BEYOND_TREE: ("UPDATE log_heads SET size = $1::text::bigint", "beyond"),
    Check.EVIDENCE_WITHOUT_RECORD: (
        """UPDATE archive_rounds SET stamps = 0, outside = false, until = NULL
            WHERE number = 1 AND $1::text <> ''""",
        "logged",
    ),
    Check.ROUND_WITH_GAP: (
        "UPDATE archive_rounds SET number = number + $1::text::bigint WHERE number = 3",
        "gap",
    ),
    Check.ROUND_WITHOUT_STAMP: (
        "UPDATE archive_rounds SET outside = false WHERE number = $1::text::bigint",
        "round",
    ),
    Check.ROUND_ENDED: (
        "UPDATE archive_rounds SET until = '2026-01-01' WHERE number = $1::text::bigint",
        "round",
    ),
}
"""For each check what makes it wrong, and what that is done to."""


@pytest.mark.parametrize("check", Check)
async def test_each_wrong_is_found_and_named(database: Database, lived, check: Check) -> None:
    basic, *_ = lived
    delivery, letter, event = (
        basic.recipients[0].delivery,
        basic.letter.id,
        basic.recipients[0].event,
    )
    subjects = {
        "event": event,
        "delivery": delivery,
        "letter": letter,
        "party": CITIZEN,
        "place": "2",
        "beyond": "9",
        "logged": (await database.fetch("SELECT evidence FROM log_entries WHERE index = 0"))[0][0],
        "gap": "1",
        "round": "2",
    }
    statement, subject = WRONGS[check]
    await database.fetch(statement, subjects[subject])
    named = {finding.id for finding in await findings(database) if finding.check is check}
    expected = {
        Check.EVENT_WITHOUT_STREAM: event,
        Check.DELIVERY_WITHOUT_LETTER: delivery,
        Check.DELIVERY_WITHOUT_PARTY: delivery,
        Check.DOCUMENT_WITHOUT_LETTER: f"{letter}/1",
        Check.REPORT_WITHOUT_REFUSAL: f"{delivery}/1",
        Check.RELEASE_WITHOUT_DOCUMENT: f"{delivery}/1",
        Check.RELEASE_WITHOUT_CONTENT: f"{delivery}/1",
        Check.KEY_WITHOUT_SUBMISSION: f"{AGENCY} basic",
        Check.LOG_WITHOUT_EVIDENCE: event.replace("evt_", "evd_"),
        Check.ROUND_WITH_GAP: "4",
    }
    if check in {Check.ROW_WITHOUT_PURPOSE, Check.PARKED_ROW}:
        rows = await database.fetch("SELECT id FROM outbox WHERE delivery = $1", delivery)
        assert named == {str(row["id"]) for row in rows}
    elif check in {Check.EVIDENCE_WITHOUT_LOG, Check.LOGGED_TWICE}:
        assert named  # those of the delivery's events that were still waiting
    else:
        assert expected.get(check, subjects[subject]) in named


async def test_an_audit_sees_one_moment(
    database: Database, journal: PostgresJournal, ids: DistinctIds, lived
) -> None:
    async def count(snapshot: AuditSnapshot) -> int:
        return len([one async for one in snapshot.deliveries()])

    async with PostgresAudit(database).snapshot() as snapshot:
        before = await count(snapshot)
        await take_in(journal, submission(ids, key="meanwhile"))
        assert await count(snapshot) == before
    async with PostgresAudit(database).snapshot() as snapshot:
        assert await count(snapshot) == before + 1
