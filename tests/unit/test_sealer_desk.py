"""What the sealer's desk does with a request, at any time one likes."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from evidence_samples import NOW, ORIGIN, VALIDITY, facts, sealing_keys

from signing import certificates as made
from signing.checkpoint import NoteSigner
from signing.merkle import leaf_hash
from signing.sealer import ledger
from signing.sealer.crash_points import CRASH_POINTS
from signing.sealer.desk import Desk, HeadMaker, Keys
from signing.sealer.errors import RefusalCode
from signing.sealer.heads import Heads
from signing.sealer.ledger import Ledger
from signing.sealer.messages import (
    HeadSigned,
    Ping,
    Pong,
    Refused,
    Sealed,
    SealFacts,
    SignHead,
)
from signing.sealer.serials import Serials
from signing.timestamps import TimestampAuthority
from tdh.domain.records import RefusedItem, SealedEvidence


class Office:
    """A desk with keys of its own, a clock to be set, and the crash points it came by."""

    def __init__(self, folder: Path, validity: made.Validity = VALIDITY) -> None:
        self.folder = folder
        self.now = NOW
        self.passed: list[str] = []
        sealing = sealing_keys(validity=validity)
        tsa_key = made.new_p256_key()
        root = made.make_root(
            subject=made.Subject(common_name="TSA Root"),
            key=made.new_p256_key(),
            serial=1,
            validity=VALIDITY,
        )
        unit = made.make_leaf(
            issuer=root,
            subject=made.Subject(common_name="TSA"),
            public_key=tsa_key.public_key(),
            serial=2,
            validity=validity,
            use=made.LeafUse.TIMESTAMP,
        )
        self.unit = unit
        keys = Keys(
            issuer=sealing.issuer,
            seal=sealing.seal,
            log=NoteSigner(name=ORIGIN, private_key=Ed25519PrivateKey.generate()),
            timestamps=TimestampAuthority(
                key=tsa_key,
                chain=[unit],
                policy_oid="1.2.3",
                accuracy=timedelta(seconds=1),
                more_policies=["1.2.4"],
            ),
            timestamp_chain=(unit,),
        )
        self.ledger = Ledger(folder)
        self.serials = Serials(folder)
        self.clock_problem: str | None = None
        make = HeadMaker(keys, self.serials, lambda: self.now)
        self.heads = Heads(folder, epoch=1, make=make, crash=self.passed.append)
        self.desk = Desk(
            keys=keys,
            ledger=self.ledger,
            heads=self.heads,
            serials=self.serials,
            clock_problem=lambda: self.clock_problem,
            now=lambda: self.now,
            crash=self.passed.append,
        )

    def seal(self, *items, clock=NOW):
        return self.desk.answer(SealFacts(clock=clock, facts=items))

    def head(self) -> HeadSigned:
        answer = self.desk.answer(
            SignHead(clock=self.now, size=1, root=leaf_hash(b""), consistency=())
        )
        assert isinstance(answer, HeadSigned)
        return answer

    def close(self) -> None:
        for record in (self.ledger, self.heads, self.serials):
            record.close()

    def lines(self) -> int:
        return len(list(ledger.read(self.folder / "ledger")))


@pytest.fixture
def office(tmp_path):
    opened = Office(tmp_path)
    yield opened
    opened.close()


@pytest.mark.parametrize("seconds", [-1, 0, 1])
def test_clocks_may_differ_by_a_second(office, seconds) -> None:
    assert office.desk.answer(Ping(clock=NOW + timedelta(seconds=seconds))) == Pong()


@pytest.mark.parametrize("seconds", [-1.001, 1.001, -(10**10), 10**9])
def test_clocks_that_differ_by_more_refuse_every_frame(office, seconds) -> None:
    clock = NOW + timedelta(seconds=seconds)

    for request in (
        Ping(clock=clock),
        SealFacts(clock=clock, facts=(facts(time=clock),)),
        SignHead(clock=clock, size=1, root=leaf_hash(b""), consistency=()),
    ):
        answer = office.desk.answer(request)
        assert isinstance(answer, Refused)
        assert answer.code is RefusalCode.CLOCK
    assert office.lines() == 0
    assert office.heads.size == 0


@pytest.mark.parametrize(
    ("seconds", "sealed"), [(-5, True), (-5.001, False), (0, True), (1, True), (1.001, False)]
)
def test_an_event_is_of_the_last_seconds(office, seconds, sealed) -> None:
    answer = office.seal(facts(time=NOW + timedelta(seconds=seconds)))

    assert isinstance(answer, Sealed)
    assert isinstance(answer.items[0], SealedEvidence) == sealed
    assert office.lines() == sealed


def test_refused_items_are_not_in_the_ledger_and_harm_nobody(office) -> None:
    batch = [facts(number) for number in range(1, 129)]
    batch[99] = replace(batch[99], event="Nothing")

    answer = office.seal(*batch)

    refused = [n for n, item in enumerate(answer.items) if isinstance(item, RefusedItem)]
    assert refused == [99]
    assert [item.id for item in answer.items] == [one.id for one in batch]
    assert office.lines() == 127


def test_an_item_that_breaks_in_an_unknown_way_is_refused_alone(office) -> None:
    broken = replace(facts(2), particulars=(("name", 7),))

    answer = office.seal(facts(1), broken)

    assert isinstance(answer.items[0], SealedEvidence)
    assert answer.items[1].problem.startswith("unknown problem")


def test_the_ledger_is_written_between_its_two_crash_points(office) -> None:
    office.seal(facts())

    assert office.passed == ["sealer.before_ledger", "sealer.after_ledger"]


def test_a_head_is_made_between_its_crash_points(office) -> None:
    request = SignHead(clock=NOW, size=1, root=leaf_hash(b"a"), consistency=())

    first = office.desk.answer(request)

    assert isinstance(first, HeadSigned)
    assert office.passed == list(CRASH_POINTS[2:])
    assert office.desk.answer(request) == first


@pytest.mark.parametrize("days", [-2, 2])
def test_a_certificate_that_does_not_hold_now_makes_nothing(tmp_path, days) -> None:
    middle = NOW + timedelta(days=days)
    one_day = timedelta(days=1)
    office = Office(
        tmp_path, made.Validity(not_before=middle - one_day, not_after=middle + one_day)
    )

    for request in (
        SealFacts(clock=NOW, facts=(facts(),)),
        SignHead(clock=NOW, size=1, root=leaf_hash(b"a"), consistency=()),
    ):
        answer = office.desk.answer(request)
        assert isinstance(answer, Refused)
        assert answer.code is RefusalCode.CERTIFICATE
    assert office.lines() == 0
    assert office.heads.size == 0
    office.close()


def test_an_event_before_the_certificate_began_is_refused(tmp_path) -> None:
    office = Office(tmp_path, replace(VALIDITY, not_before=NOW))

    answer = office.seal(facts(time=NOW - timedelta(seconds=2)))

    assert "not valid at the event" in answer.items[0].problem
    office.close()


def test_an_answer_that_no_frame_could_carry_is_refused_before_the_ledger(office) -> None:
    long = tuple(facts(number, letter_number="ก" * 1_300_000) for number in range(1, 4))

    answer = office.seal(*long)

    assert isinstance(answer, Refused)
    assert answer.code is RefusalCode.TOO_LARGE
    assert office.lines() == 0
