"""Receipts over the ports: who gets one, which, and what is kept."""

import asyncio

import builders
import fakes
import pytest
from builders import AGENCY, CITIZEN

from tdh.delivery.receipts import Receipts
from tdh.domain.envelope import envelope_text
from tdh.domain.errors import (
    NoReceiptForEvent,
    NotFound,
    NotLoggedYet,
    ReceiptMakerUnavailable,
)
from tdh.domain.log import EvidenceProof, HeadToken
from tdh.domain.records import EvidenceRecord


class Maker:
    """Makes other bytes each time, as the real one does."""

    def __init__(self):
        self.asked = []
        self.error = None

    async def make(self, xml, **values):
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        self.asked.append(values)
        return b"%%PDF %d" % len(self.asked)


class Store:
    def __init__(self):
        self.kept = {}

    async def newest(self, evidence):
        mine = [one for (name, _), one in self.kept.items() if name == evidence]
        return max(mine, key=lambda one: one.edition, default=None)

    async def edition(self, evidence, number):
        return self.kept.get((evidence, number))

    async def keep(self, receipt):
        return self.kept.setdefault((receipt.evidence, receipt.edition), receipt)

    async def sender(self, evidence):
        return AGENCY


class Proofs:
    error = None

    async def everything_of(self, evidence):
        if self.error is not None:
            raise self.error
        return EvidenceProof(
            size=9,
            proof=b"proof",
            tokens=(HeadToken(name="", token=b"t"),),
            record=None,
            anchored_by=("witness",),
            provable_until=None,
        )


class World:
    def __init__(self, letter, record):
        self.maker, self.store, self.proofs = Maker(), Store(), Proofs()
        self.letter, self.record = letter, record
        self.receipts = Receipts(
            mailboxes=self, proofs=self.proofs, store=self.store, maker=self.maker,
            clock=fakes.Clock(),
        )  # fmt: skip

    async def delivery(self, stream, party):
        dossier = type("Dossier", (), {"letter": self.letter})()
        return type("View", (), {"dossier": dossier})() if self.letter else None

    async def evidence(self, evidence, party):
        return self.record if (evidence, party) == (self.record.id, AGENCY) else None


@pytest.fixture
def world():
    return of_event("SubmissionAcceptance")


def of_event(event, *, letter=True):
    ids = builders.SequentialIds()
    of = builders.letter(ids)
    stream = ids.delivery(of.id)
    record = EvidenceRecord(
        id=f"evd_{'0' * 24}", stream=stream, event=event, sequence=1, time=builders.NOW,
        xml=b"<x/>", digest=bytes(32),
    )  # fmt: skip
    return World(of if letter else None, record)


async def test_it_is_made_once_and_served_to_both_parties(world):
    first = await world.receipts.of(world.record, AGENCY, None)
    again = await world.receipts.of(world.record, CITIZEN, 1)

    assert first is again
    assert (first.edition, first.size, first.anchored_by) == (1, 9, ("witness",))
    (asked,) = world.maker.asked
    assert asked["envelope"] == envelope_text(world.letter)
    assert asked["edition"] == 1


async def test_two_who_ask_at_once_get_the_same_bytes(world):
    given = await asyncio.gather(*(world.receipts.of(world.record, AGENCY, None) for _ in range(5)))

    assert len({one.pdf for one in given}) == 1
    assert len(world.maker.asked) == 5, "the others were made and thrown away"


async def test_what_was_made_is_served_while_the_maker_is_away(world):
    made = await world.receipts.of(world.record, AGENCY, None)
    world.maker.error = ReceiptMakerUnavailable("down")

    assert await world.receipts.of(world.record, AGENCY, None) is made
    with pytest.raises(ReceiptMakerUnavailable):
        await world.receipts.renew(world.record.id)


async def test_a_renewal_is_the_next_edition_and_the_newest_from_then_on(world):
    first = await world.receipts.of(world.record, AGENCY, None)
    second = await world.receipts.renew(world.record.id)

    assert (first.edition, second.edition) == (1, 2)
    assert await world.receipts.of(world.record, AGENCY, None) is second
    assert await world.receipts.of(world.record, AGENCY, 1) is first
    with pytest.raises(NotFound):
        await world.receipts.of(world.record, AGENCY, 3)


async def test_nothing_is_kept_before_the_log_has_the_evidence(world):
    world.proofs.error = NotLoggedYet("not yet")
    with pytest.raises(NotLoggedYet):
        await world.receipts.of(world.record, AGENCY, None)
    assert not world.store.kept


async def test_steps_between_have_none_and_nobody_is_asked():
    world = of_event("ContentAccessTracking")
    world.proofs.error = AssertionError("asked")
    with pytest.raises(NoReceiptForEvent):
        await world.receipts.of(world.record, AGENCY, None)


async def test_a_refused_submission_kept_no_letter_so_its_receipt_has_no_envelope():
    world = of_event("SubmissionRejection", letter=False)
    await world.receipts.of(world.record, AGENCY, None)
    assert world.maker.asked[0]["envelope"] is None
