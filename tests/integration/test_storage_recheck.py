"""Re-checks of signatures on a real PostgreSQL: the job's life, and an event for every delivery."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from builders import AGENCY, CITIZEN, COMPANY, NOW, by, party
from storage_world import DistinctIds, act, forward, submission, take_in

from storage.audit import Check, PostgresAudit
from storage.database import Database
from storage.journal import PostgresJournal
from storage.mailboxes import PostgresMailboxes
from storage.outbox import PostgresOutbox
from tdh.delivery.commit import GroupCommit
from tdh.domain import commands as cmd
from tdh.domain.decisions import Decision, Repetition
from tdh.domain.errors import NotFound
from tdh.domain.events import EventReason
from tdh.domain.identifiers import DeliveryId
from tdh.domain.lifecycle import ConsignmentMode, DeliveryState
from tdh.domain.outbox import Task
from tdh.domain.parties import Channel
from tdh.domain.policies import Policy
from tests.memory_journal import MemorySealer

TASKS = frozenset({Task.RECHECK_SIGNATURE})
DUE = NOW + Policy().recheck_after
BOTH = (party(CITIZEN), party(COMPANY, Channel.QUEUE))


class At:
    def now(self):
        return DUE


def provisional(ids: DistinctIds, **wanted) -> cmd.Submit:
    """A letter to two, accepted on older revocation data."""
    asked = submission(ids, to=BOTH, **wanted)
    main = asked.letter.documents[0]
    verdict = replace(main.verdict, provisional=True)
    documents = (replace(main, verdict=verdict), *asked.letter.documents[1:])
    return replace(asked, letter=replace(asked.letter, documents=documents))


def told(ids: DistinctIds, delivery: DeliveryId) -> cmd.RecordSignatureStatus:
    return cmd.RecordSignatureStatus(
        delivery=delivery,
        event=ids.event(delivery),
        document=1,
        checked_at=DUE,
        before="TOTAL_PASSED",
        before_code="passed",
        now="INDETERMINATE/REVOKED_NO_POE",
        reason=EventReason(code="revoked", details=("ถูกเพิกถอน", "It was revoked.")),
    )


@pytest.fixture
def outbox(database: Database) -> PostgresOutbox:
    return PostgresOutbox(database)


@pytest.fixture
def mailboxes(database: Database) -> PostgresMailboxes:
    return PostgresMailboxes(database)


@asynccontextmanager
async def committing(journal: PostgresJournal):
    commit = GroupCommit(
        journal=journal,
        sealer=MemorySealer(),
        clock=At(),
        policy=Policy(),
        crash=lambda _name: None,
    )
    running = asyncio.ensure_future(commit.run())
    try:
        yield commit
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def findings(database: Database, check: Check) -> list[str]:
    async with PostgresAudit(database).snapshot() as snapshot:
        return [one.id async for one in snapshot.findings() if one.check is check]


async def test_the_job_commits_with_the_acceptance_and_comes_up_when_it_is_due(
    journal: PostgresJournal, outbox: PostgresOutbox, ids: DistinctIds
) -> None:
    asked = provisional(ids)
    await take_in(journal, asked)
    assert await outbox.claim(TASKS, 9, DUE - timedelta(microseconds=1)) == ()
    (item,) = await outbox.claim(TASKS, 9, DUE)
    assert item.delivery == asked.recipients[0].delivery


async def test_its_tries_are_those_that_the_loop_names_and_then_it_is_parked(
    journal: PostgresJournal, outbox: PostgresOutbox, ids: DistinctIds
) -> None:
    await take_in(journal, provisional(ids))
    now = DUE
    for attempts in (1, 2, 3):
        tries = [now + timedelta(days=days) for days in (1, 2, 3)]
        (item,) = await outbox.claim(TASKS, 9, now, tries=tries)
        assert item.attempts == attempts
        now = tries[attempts - 1]
        assert await outbox.claim(TASKS, 9, now - timedelta(microseconds=1), tries=tries) == ()
    assert await outbox.claim(TASKS, 9, now, tries=[now] * 3) == ()
    assert [one.id for one in await outbox.parked()] == [item.id]


async def test_the_letter_is_found_by_any_of_its_deliveries_with_all_of_them(
    journal: PostgresJournal, mailboxes: PostgresMailboxes, ids: DistinctIds
) -> None:
    asked = provisional(ids)
    await take_in(journal, asked)
    for one in asked.recipients:
        view = await mailboxes.letter_of(one.delivery)
        assert view == await mailboxes.letter(asked.letter.id, AGENCY)
        assert view.letter.is_provisional
        assert len(view.deliveries) == 2
    assert await mailboxes.letter_of(ids.delivery(asked.letter.id)) is None


async def test_every_delivery_has_its_event_and_the_job_ends_with_them(
    database: Database,
    journal: PostgresJournal,
    mailboxes: PostgresMailboxes,
    outbox: PostgresOutbox,
    ids: DistinctIds,
) -> None:
    asked = provisional(ids, mode=ConsignmentMode.CONSENT)
    await take_in(journal, asked)
    waiting, ended = (one.delivery for one in asked.recipients)
    await act(journal, forward(ids, ended))
    refused = {"delivery": ended, "event": ids.event(ended), "by": by(COMPANY)}
    await act(journal, cmd.Refuse(**refused, received_at=NOW))
    (item,) = await outbox.claim(TASKS, 9, DUE)
    both = cmd.Together(commands=tuple(told(ids, one) for one in (ended, waiting)), outbox=item.id)
    async with committing(journal) as commit:
        first, again = await asyncio.gather(commit(both), commit(both))
    assert isinstance(first.answer, Decision)
    assert isinstance(again.answer, Repetition)
    assert await outbox.items([item.id]) == ()
    view = await mailboxes.letter(asked.letter.id, AGENCY)
    states = {one.dossier.delivery.id: one.dossier.delivery.state for one in view.deliveries}
    assert states == {waiting: DeliveryState.ACCEPTED, ended: DeliveryState.REFUSED}
    for one in view.deliveries:
        event = one.events[-1]
        assert (event.name, event.cause) == ("SignatureStatus", f"1:{DUE.isoformat()}")
        knows = one.dossier.delivery.id == ended
        for reader, sees in ((AGENCY, True), (one.dossier.recipient.id, knows)):
            assert (await mailboxes.evidence(event.evidence, reader) is not None) == sees
    async with PostgresAudit(database).snapshot() as snapshot:
        assert [one async for one in snapshot.findings()] == []


async def test_a_letter_to_a_thousand_is_told_to_all_of_them_at_once(
    database: Database, journal: PostgresJournal, mailboxes: PostgresMailboxes, ids: DistinctIds
) -> None:
    asked = submission(ids, to=(party(CITIZEN),) * 1000)
    await take_in(journal, asked)
    view = await mailboxes.letter_of(asked.recipients[-1].delivery)
    commands = tuple(told(ids, one.dossier.delivery.id) for one in view.deliveries)
    async with committing(journal) as commit:
        committed = await commit(cmd.Together(commands=commands))
    assert len(committed.sealed) == 1000
    (row,) = await database.fetch(
        "SELECT count(*) AS told, count(DISTINCT cause) AS causes, count(DISTINCT delivery) AS to"
        " FROM events WHERE name = 'SignatureStatus'"
    )
    assert tuple(row) == (1000, 1, 1000)


async def test_where_one_delivery_is_missing_nobody_is_told_and_the_job_stays(
    database: Database, journal: PostgresJournal, outbox: PostgresOutbox, ids: DistinctIds
) -> None:
    asked = provisional(ids)
    await take_in(journal, asked)
    (item,) = await outbox.claim(TASKS, 9, DUE)
    deliveries = (asked.recipients[0].delivery, ids.delivery(asked.letter.id))
    both = cmd.Together(commands=tuple(told(ids, one) for one in deliveries), outbox=item.id)
    async with committing(journal) as commit:
        with pytest.raises(NotFound):
            await commit(both)
    assert await outbox.items([item.id]) == (item,)
    rows = await database.fetch("SELECT FROM events WHERE name = 'SignatureStatus'")
    assert rows == []


async def test_the_audit_knows_what_the_job_is_for(
    database: Database, journal: PostgresJournal, ids: DistinctIds
) -> None:
    asked = provisional(ids)
    await take_in(journal, asked)
    first = asked.recipients[0].delivery
    await database.fetch("DELETE FROM outbox WHERE task = 'forward' AND delivery = $1", first)
    stuck = await findings(database, Check.DELIVERY_WITHOUT_FUTURE)
    assert stuck == [first], "a re-check moves no delivery"
    withdrawn = {"delivery": first, "event": ids.event(first), "by": by(AGENCY)}
    await act(journal, cmd.Withdraw(**withdrawn))
    assert await findings(database, Check.ROW_WITHOUT_PURPOSE) == []
    rows = await database.fetch("SELECT task FROM outbox WHERE delivery = $1", first)
    assert [row["task"] for row in rows] == ["recheck-signature"]
