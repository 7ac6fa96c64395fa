"""What parties see, and what they do not, on a real PostgreSQL."""

from dataclasses import replace

import pytest
from builders import AGENCY, CITIZEN, COMPANY, NOW, by, party, verdict
from storage_world import POLICY, DistinctIds, act, forward, refusal, submission, take_in, written

from storage.database import Database
from storage.journal import PostgresJournal
from storage.mailboxes import PostgresMailboxes
from tdh.domain import commands as cmd
from tdh.domain.decide import decide
from tdh.domain.errors import IntegrityFailure, InvalidValue
from tdh.domain.identifiers import (
    DeliveryId,
    EvidenceId,
    LetterId,
    PartyId,
    TrackingNumber,
    evidence_of,
)
from tdh.domain.lifecycle import ConsignmentMode
from tdh.domain.parties import Channel
from tdh.domain.records import RecordedSubmission
from tdh.domain.reports import DocumentReport
from tdh.domain.signers import SenderMatch

STRANGER = PartyId("th-agency:nobody")
BOTH = (party(CITIZEN), party(COMPANY, Channel.QUEUE))
NO_IDS = ("", "ltr_", "dlv_0", "evd_" + "z" * 24, "dlv_" + "z" * 24, "ltr_" + "z" * 24, "x\0")


@pytest.fixture
def mailboxes(database: Database) -> PostgresMailboxes:
    return PostgresMailboxes(database)


async def test_a_sender_sees_its_letter_with_all_deliveries_and_events(
    journal: PostgresJournal, mailboxes: PostgresMailboxes, ids: DistinctIds
) -> None:
    asked = submission(ids, to=BOTH, documents=2)
    await take_in(journal, asked)
    await act(journal, *(forward(ids, each.delivery) for each in asked.recipients))
    view = await mailboxes.letter(asked.letter.id, AGENCY)
    assert view is not None
    assert view.letter == asked.letter
    assert [each.dossier.delivery.id for each in view.deliveries] == sorted(
        each.delivery for each in asked.recipients
    )
    for one in view.deliveries:
        assert [event.name for event in one.events] == [
            "SubmissionAcceptance",
            "ContentConsignment",
        ]
        assert [event.evidence for event in one.events] == [evidence_of(e.id) for e in one.events]
        async with journal.transaction() as transaction:
            delivery = one.dossier.delivery.id
            assert one.dossier == (await transaction.lock([delivery]))[delivery]


async def test_nobody_else_sees_the_letter(
    journal: PostgresJournal, mailboxes: PostgresMailboxes, ids: DistinctIds
) -> None:
    asked = submission(ids)
    await take_in(journal, asked)
    for other in (CITIZEN, COMPANY, STRANGER):
        assert await mailboxes.letter(asked.letter.id, other) is None
        assert (await mailboxes.letters(other, 10, None)).items == ()


@pytest.mark.parametrize("mode", [ConsignmentMode.BASIC, ConsignmentMode.CONSENT])
async def test_a_recipient_sees_a_delivery_once_it_was_notified_or_consigned(
    journal: PostgresJournal, mailboxes: PostgresMailboxes, ids: DistinctIds, mode
) -> None:
    asked = submission(ids, mode=mode)
    await take_in(journal, asked)
    to = asked.recipients[0]

    async def sights(who: PartyId) -> list[bool]:
        return [
            await mailboxes.delivery(to.delivery, who) is not None,
            await mailboxes.tracked(to.tracking, who) is not None,
            await mailboxes.evidence(evidence_of(to.event), who) is not None,
            len((await mailboxes.inbox(who, 10, None)).items) == 1,
        ]

    assert await sights(CITIZEN) == [False] * 4
    assert await sights(AGENCY) == [True, True, True, False]
    await act(journal, forward(ids, to.delivery))
    assert await sights(CITIZEN) == [True] * 4
    for other in (COMPANY, STRANGER):
        assert await sights(other) == [False] * 4


@pytest.mark.parametrize("name", NO_IDS)
async def test_what_is_no_id_names_nothing(mailboxes: PostgresMailboxes, name: str) -> None:
    assert await mailboxes.letter(LetterId(name), AGENCY) is None
    assert await mailboxes.delivery(DeliveryId(name), AGENCY) is None
    assert await mailboxes.evidence(EvidenceId(name), AGENCY) is None
    assert await mailboxes.content(DeliveryId(name), 1) is None
    assert await mailboxes.refusal(DeliveryId(name), AGENCY) is None
    assert await mailboxes.tracked(TrackingNumber("TDH-0"), AGENCY) is None


async def test_pages_of_letters_are_newest_first_and_miss_and_repeat_nothing(
    journal: PostgresJournal, mailboxes: PostgresMailboxes, ids: DistinctIds
) -> None:
    batch = [submission(ids, key=f"{n}") for n in range(7)]
    await take_in(journal, *batch)
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor is not None:
        page = await mailboxes.letters(AGENCY, 3, cursor)
        seen += [view.letter.id for view in page.items]
        cursor, pages = page.next_cursor, pages + 1
    assert seen == sorted((each.letter.id for each in batch), reverse=True)
    assert pages == 3


async def test_pages_of_the_inbox_are_newest_first_and_miss_and_repeat_nothing(
    journal: PostgresJournal, mailboxes: PostgresMailboxes, ids: DistinctIds
) -> None:
    batch = [submission(ids, key=f"{n}") for n in range(6)]
    await take_in(journal, *batch)
    deliveries = [each.recipients[0].delivery for each in batch]
    await act(journal, *(forward(ids, each) for each in deliveries[:4]))
    first = await mailboxes.inbox(CITIZEN, 2, None)
    second = await mailboxes.inbox(CITIZEN, 2, first.next_cursor)
    shown = [view.dossier.delivery.id for page in (first, second) for view in page.items]
    assert shown == sorted(deliveries[:4], reverse=True)
    assert second.next_cursor is None


@pytest.mark.parametrize("cursor", ["", "!", "AAAA", "bHRyXw==", "ก", "ltr_" + "0" * 24])
async def test_a_foreign_cursor_is_refused(mailboxes: PostgresMailboxes, cursor: str) -> None:
    with pytest.raises(InvalidValue):
        await mailboxes.inbox(CITIZEN, 10, cursor)
    with pytest.raises(InvalidValue):
        await mailboxes.letters(AGENCY, 10, cursor)


async def test_an_evidence_comes_back_byte_for_byte(
    journal: PostgresJournal, mailboxes: PostgresMailboxes, ids: DistinctIds
) -> None:
    asked = submission(ids)
    await take_in(journal, asked)
    (sealed,) = written(decide(asked, None, NOW, POLICY)).sealed
    record = await mailboxes.evidence(sealed.id, AGENCY)
    assert record is not None
    assert (record.xml, record.digest) == (sealed.xml, sealed.digest)
    assert (record.event, record.sequence, record.time) == ("SubmissionAcceptance", 1, NOW)
    assert record.stream == asked.recipients[0].delivery


@pytest.mark.parametrize("change", ["xml = xml || 'x'", "xml = 'x'", "digest = sha256('x')"])
async def test_a_changed_evidence_is_never_given_out(
    journal: PostgresJournal,
    mailboxes: PostgresMailboxes,
    database: Database,
    ids: DistinctIds,
    change: str,
) -> None:
    asked = submission(ids)
    await take_in(journal, asked)
    if change == "xml = xml || 'x'":
        change = "xml = overlay(xml PLACING 'x'::bytea FROM 12)"
    await database.fetch(f"UPDATE evidence SET {change}")  # noqa: S608 - our own
    with pytest.raises(IntegrityFailure):
        await mailboxes.evidence(evidence_of(asked.recipients[0].event), AGENCY)


async def test_the_place_of_a_document_is_found_by_delivery_and_number(
    journal: PostgresJournal, mailboxes: PostgresMailboxes, ids: DistinctIds
) -> None:
    asked = submission(ids, documents=2)
    await take_in(journal, asked)
    delivery = asked.recipients[0].delivery
    for stored in asked.stored:
        assert await mailboxes.content(delivery, stored.number) == (
            asked.letter.id,
            asked.wrapped_key,
            stored,
        )
    for number in (0, 3, -1, 10**9):
        assert await mailboxes.content(delivery, number) is None


async def test_a_key_and_a_refusal_are_found_by_their_sender_alone(
    journal: PostgresJournal, mailboxes: PostgresMailboxes, ids: DistinctIds
) -> None:
    refused = refusal(ids)
    async with journal.transaction() as transaction:
        await transaction.claim_keys([refused.idempotency])
        await transaction.write([written(decide(refused, None, NOW, POLICY))], ())
        await transaction.commit()
    key = refused.idempotency
    assert await mailboxes.recorded(AGENCY, key.key) == RecordedSubmission(
        fingerprint=key.fingerprint, letter=None, stream=refused.stream
    )
    view = await mailboxes.refusal(refused.stream, AGENCY)
    assert view is not None
    assert (view.reasons, view.time) == (refused.reasons, NOW)
    assert view.evidence == evidence_of(refused.event)
    assert await mailboxes.evidence(view.evidence, AGENCY) is not None
    for other in (CITIZEN, STRANGER):
        assert await mailboxes.recorded(other, key.key) is None
        assert await mailboxes.refusal(refused.stream, other) is None
        assert await mailboxes.evidence(view.evidence, other) is None


async def test_views_for_the_service_show_repeatable_events_and_releases(
    journal: PostgresJournal, mailboxes: PostgresMailboxes, ids: DistinctIds
) -> None:
    asked = submission(ids, documents=2)
    await take_in(journal, asked)
    delivery = asked.recipients[0].delivery
    await act(journal, forward(ids, delivery))
    reading = {"delivery": delivery, "document": 2, "by": by(CITIZEN)}
    await act(journal, cmd.TrackAccess(event=ids.event(delivery), **reading))
    await act(journal, cmd.Release(event=ids.event(delivery), **reading))
    missing = ids.delivery(asked.letter.id)
    views = await mailboxes.views([delivery, missing])
    assert set(views) == {delivery}
    dossier = views[delivery].dossier
    assert dossier.delivery.released == {2}
    assert dossier.happened == {("ContentAccessTracking", f"2:{CITIZEN}")}
    assert views[delivery].events[-1].cause == f"2:{CITIZEN}"
    assert await mailboxes.views([]) == {}


async def test_the_sender_that_is_its_own_recipient_finds_it_on_both_sides(
    journal: PostgresJournal, mailboxes: PostgresMailboxes, ids: DistinctIds
) -> None:
    asked = submission(ids, to=(replace(party(AGENCY), channel=Channel.API),))
    await take_in(journal, asked)
    assert (await mailboxes.inbox(AGENCY, 10, None)).items == ()
    await act(journal, forward(ids, asked.recipients[0].delivery))
    assert len((await mailboxes.inbox(AGENCY, 10, None)).items) == 1


def reported(asked: cmd.Submit) -> cmd.Submit:
    """A submission whose documents were all judged and scanned."""
    reports = tuple(
        DocumentReport(number=each.number, content=f'{{"report":{each.number}}}'.encode() * 500)
        for each in asked.letter.documents
    )
    documents = tuple(
        replace(
            each,
            verdict=verdict(),
            report=report.digest,
            sender_match=SenderMatch.OTHER,
            scanned_by="TestScanner 1",
        )
        for each, report in zip(asked.letter.documents, reports, strict=True)
    )
    return replace(asked, letter=replace(asked.letter, documents=documents), reports=reports)


async def test_what_intake_found_out_is_kept_with_each_document(
    journal: PostgresJournal, mailboxes: PostgresMailboxes, ids: DistinctIds
) -> None:
    asked = reported(submission(ids, documents=2))
    await take_in(journal, asked)
    view = await mailboxes.letter(asked.letter.id, AGENCY)
    assert view is not None
    assert view.letter == asked.letter


async def test_a_report_is_for_the_sender_and_for_who_may_read_the_content(
    database: Database, journal: PostgresJournal, mailboxes: PostgresMailboxes, ids: DistinctIds
) -> None:
    asked = reported(submission(ids, mode=ConsignmentMode.CONSENT, documents=2))
    unjudged = submission(ids, key="other", documents=2)
    await take_in(journal, asked, unjudged)
    letter, delivery = asked.letter.id, asked.recipients[0].delivery
    kept = asked.reports[1].content

    async def seen(party_: PartyId) -> bytes | None:
        return await mailboxes.report(letter, 2, party_)

    assert [await seen(each) for each in (AGENCY, CITIZEN, STRANGER)] == [kept, None, None]
    await act(journal, forward(ids, delivery))
    assert await seen(CITIZEN) is None, "notified, not accepted"
    await act(
        journal,
        cmd.Accept(
            delivery=delivery,
            event=ids.event(delivery),
            consignment_event=ids.event(delivery),
            by=by(CITIZEN),
            received_at=NOW,
        ),
    )
    assert [await seen(each) for each in (AGENCY, CITIZEN, COMPANY)] == [kept, kept, None]
    for number in (0, 3, 2**15):
        assert await mailboxes.report(letter, number, AGENCY) is None
    assert await mailboxes.report(unjudged.letter.id, 1, AGENCY) is None
    for name in NO_IDS:
        assert await mailboxes.report(LetterId(name), 1, AGENCY) is None
        assert await mailboxes.refusal_report(DeliveryId(name), 1, AGENCY) is None
    await database.fetch(
        "UPDATE documents SET report_digest = sha256('x') WHERE report IS NOT NULL"
    )
    with pytest.raises(IntegrityFailure):
        await seen(AGENCY)


async def test_a_report_on_a_refused_submission_is_for_its_sender_alone(
    journal: PostgresJournal, mailboxes: PostgresMailboxes, ids: DistinctIds
) -> None:
    report = DocumentReport(number=1, content=b'{"why":"bad"}')
    asked = replace(refusal(ids), reports=(report,))
    async with journal.transaction() as transaction:
        await transaction.claim_keys([asked.idempotency])
        await transaction.write([written(decide(asked, None, NOW, POLICY))], ())
        await transaction.commit()
    assert await mailboxes.refusal_report(asked.stream, 1, AGENCY) == report.content
    assert await mailboxes.refusal_report(asked.stream, 2, AGENCY) is None
    assert await mailboxes.refusal_report(asked.stream, 1, CITIZEN) is None


async def test_a_verdict_without_its_report_is_not_written(
    journal: PostgresJournal, ids: DistinctIds
) -> None:
    asked = reported(submission(ids))
    for wrong in (
        replace(asked, reports=()),
        replace(asked, reports=(DocumentReport(number=1, content=b"another"),)),
    ):
        with pytest.raises(InvalidValue, match="reports"):
            await take_in(journal, wrong)
