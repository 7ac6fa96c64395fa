"""Kept receipts in a real PostgreSQL."""

import hashlib
from dataclasses import replace

import pytest
from builders import AGENCY, NOW
from storage_world import DistinctIds, submission, take_in

from storage.database import Database
from storage.journal import PostgresJournal
from storage.receipts import PostgresReceipts
from tdh.domain.errors import IntegrityFailure
from tdh.domain.identifiers import EvidenceId, evidence_of
from tdh.domain.receipts import Receipt

EVIDENCE = EvidenceId("evd_" + "0" * 24)


def receipt(edition: int = 1, pdf: bytes = b"%PDF-1.7") -> Receipt:
    return Receipt(
        evidence=EVIDENCE,
        edition=edition,
        pdf=pdf,
        digest=hashlib.sha256(pdf).digest(),
        made_at=NOW,
        size=7,
        anchored_by=("witness.example", "พยาน"),
        has_record=True,
    )


async def test_what_was_kept_first_stays_for_everybody(database: Database) -> None:
    store = PostgresReceipts(database)
    assert await store.newest(EVIDENCE) is None

    first = await store.keep(receipt())
    second = await store.keep(receipt(pdf=b"%PDF-1.7 another"))

    assert first == second == receipt() == await store.newest(EVIDENCE)


async def test_a_renewal_is_an_edition_and_old_ones_stay(database: Database) -> None:
    store = PostgresReceipts(database)
    await store.keep(receipt())
    renewed = await store.keep(receipt(2, b"%PDF-1.7 anchored"))

    assert await store.newest(EVIDENCE) == renewed
    assert await store.edition(EVIDENCE, 1) == receipt()
    for missing in (0, 3, 2**40):
        assert await store.edition(EVIDENCE, missing) is None


async def test_bytes_that_differ_from_their_digest_are_not_given_out(database: Database) -> None:
    store = PostgresReceipts(database)
    with pytest.raises(IntegrityFailure):
        await store.keep(replace(receipt(), digest=bytes(32)))
    with pytest.raises(IntegrityFailure):
        await store.newest(EVIDENCE)


async def test_the_sender_of_an_evidence_is_found_by_its_id(database: Database) -> None:
    ids, store = DistinctIds(), PostgresReceipts(database)
    sent = submission(ids)
    await take_in(PostgresJournal(database), sent)

    assert await store.sender(evidence_of(sent.recipients[0].event)) == AGENCY
    assert await store.sender(EVIDENCE) is None
