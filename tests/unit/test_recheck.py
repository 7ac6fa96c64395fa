"""What was accepted on older revocation data is judged again until there is an answer."""

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from relay.rechecks import MOST_A_TURN, PAUSE, Rechecks
from tdh.delivery.expiry import end_holding
from tdh.delivery.recheck import RecheckPorts, Standing, recheck, standing_of
from tdh.domain.errors import IntegrityFailure, JudgeUnavailable, SealingUnavailable
from tdh.domain.lifecycle import DeliveryState
from tdh.domain.outbox import Task
from tdh.domain.policies import Policy
from tdh.domain.reports import ReportedVerdict
from tdh.domain.verdicts import (
    Indication,
    Reason,
    RevocationFinding,
    RevocationStatus,
    SubIndication,
)
from tests import builders as make
from tests.memory_service import MemoryService

_LIST = RevocationFinding(
    certificate_sha256="ab" * 32,
    subject="ผู้ลงนาม",
    status=RevocationStatus.REVOKED,
    source="crl fetched",
    data_sha256="cd" * 32,
    revoked_at=make.NOW,
)
_TOLD = (
    f"revoked: certificate sha256:{'ab' * 32} at {make.NOW.isoformat()}"
    f" by crl fetched sha256:{'cd' * 32}"
)
_GOOD = replace(_LIST, status=RevocationStatus.GOOD, revoked_at=None)
PASSED = make.verdict()
OLD_DATA = replace(PASSED, provisional=True)
REVOKED = replace(
    PASSED,
    indication=Indication.INDETERMINATE,
    sub_indication=SubIndication.REVOKED_NO_POE,
    reason=Reason(code="certificate-revoked", th="ถูกเพิกถอน", en="It was revoked."),
    signatures=(make.signature(revocation=(_GOOD, _LIST)), make.signature(revocation=(_LIST,))),
)
LATER = replace(REVOKED, sub_indication=SubIndication.TRY_LATER)
CRASHED = replace(
    REVOKED,
    sub_indication=SubIndication.FORMAT_FAILURE,
    reason=Reason(code="judge-crashed", th="ขัดข้อง", en="The judge crashed."),
)


class Judge:
    """Says of each document, known by its bytes, what a test wants; also a vault of such bytes."""

    def __init__(self):
        self.says = {}
        self.asked = []
        self.open = 0
        self.started = 0
        self.missing = False

    async def read(self, letter, wrapped_key, stored):
        for piece in (b"document ", str(stored.number).encode()):
            yield piece

    def document(self, holder):
        assert holder == "recheck", "a sender's share of the memory is not used up"
        self.open += 1
        return _Judged(self)


class _Judged:
    def __init__(self, judge):
        self._judge, self._data = judge, b""

    async def write(self, data):
        self._data += data

    async def judge(self, at):
        number = int(self._data.removeprefix(b"document "))
        self._judge.asked.append((number, at))
        says = self._judge.says[number]
        if isinstance(says, Exception):
            raise says
        return ReportedVerdict(verdict=replace(says, evaluated_at=at), report=b"{}")

    def close(self):
        self._judge.open -= 1


class House:
    def __init__(self, **policy):
        self.service = MemoryService(policy=Policy(**policy))
        self.judge = Judge()
        self.points = []
        ports = RecheckPorts(
            letters=self.service,
            vault=self.judge,
            commit=self.service,
            clock=self.service.clock,
            ids=self.service.ids,
            crash=self.points.append,
        )
        self.rechecks = Rechecks(
            outbox=self.service,
            recheck=partial(recheck, ports=ports),
            judge=self.judging,
            clock=self.service.clock,
            policy=self.service.policy,
        )

    @asynccontextmanager
    async def judging(self):
        if self.judge.missing:
            raise JudgeUnavailable("it does not start")
        self.judge.started += 1
        yield self.judge

    async def submit(self, *verdicts, recipients=1):
        """A letter whose documents were judged so; its deliveries."""
        letter = make.letter(self.service.ids, documents=len(verdicts))
        documents = zip(letter.documents, verdicts, strict=True)
        letter = replace(letter, documents=tuple(replace(d, verdict=v) for d, v in documents))
        to = [make.recipient(self.service.ids, letter.id) for _ in range(recipients)]
        committed = await self.service(make.submit(self.service.ids, *to, of=letter))
        return [change.after.id for change in committed.answer.changes]

    @property
    def jobs(self):
        return [row for row in self.service.rows.values() if row.task is Task.RECHECK_SIGNATURE]

    async def turn(self, **later):
        self.service.clock.forward(**(later or {"hours": 25}))
        assert self.judge.open == 0
        done = await self.rechecks.turn()
        assert self.judge.open == 0, "a document stayed in memory"
        return done

    def told(self, delivery):
        return [one for one in self.service.events[delivery] if one.name == "SignatureStatus"]


@pytest.fixture
def house():
    return House()


@pytest.mark.parametrize(
    ("verdict", "standing"),
    [
        (PASSED, Standing.HOLDS),
        (OLD_DATA, Standing.OPEN),
        (REVOKED, Standing.CHANGED),
        (replace(REVOKED, indication=Indication.TOTAL_FAILED), Standing.CHANGED),
        (LATER, Standing.OPEN),
        (CRASHED, Standing.OPEN),
    ],
)
def test_a_re_check_holds_changed_or_stays_open(verdict, standing):
    assert standing_of(verdict) is standing


async def test_nothing_is_judged_again_before_its_time(house):
    await house.submit(OLD_DATA)
    assert await house.turn(minutes=59) == 0
    assert house.judge.asked == []


async def test_a_signature_that_holds_ends_the_job_and_tells_nobody(house):
    (delivery,) = await house.submit(OLD_DATA)
    house.judge.says = {1: PASSED}
    assert await house.turn(hours=1) == 1
    assert house.judge.asked == [(1, make.NOW)], "as of the instant of the acceptance"
    assert (house.jobs, house.told(delivery)) == ([], [])


async def test_a_changed_answer_is_told_to_every_delivery_and_moves_none(house):
    deliveries = await house.submit(OLD_DATA, recipients=3)
    await house.service.forward(deliveries[1])
    states = [house.service.state(one) for one in deliveries]
    house.judge.says = {1: REVOKED}
    assert await house.turn() == 1
    events = [house.told(one)[0] for one in deliveries]
    assert {event.cause for event in events} == {f"1:{house.service.clock.now().isoformat()}"}
    assert {(event.before, event.now) for event in events} == {
        ("TOTAL_PASSED", "INDETERMINATE/REVOKED_NO_POE")
    }
    assert events[0].reasons[0].code == "certificate-revoked"
    assert events[0].reasons[0].details == (
        "ถูกเพิกถอน",
        "It was revoked.",
        "INDETERMINATE/REVOKED_NO_POE",
        _TOLD,
    )
    assert [house.service.state(one) for one in deliveries] == states
    assert house.jobs == []
    assert house.service.commands["Together"] == 1
    assert house.points == ["recheck.judged"]


async def test_it_is_told_after_the_delivery_s_end_too(house):
    (delivery,) = await house.submit(OLD_DATA)
    await house.service.forward(delivery)
    house.service.clock.forward(days=91)
    await end_holding(delivery, None, commit=house.service, ids=house.service.ids)
    house.judge.says = {1: REVOKED}
    assert await house.turn() == 1
    assert house.service.state(delivery) is DeliveryState.UNCOLLECTED
    assert house.service.happened(delivery)[-1] == "SignatureStatus"


async def test_without_newer_data_it_is_tried_again_and_waits_longer(house):
    await house.submit(OLD_DATA)
    waits = []
    for says in (OLD_DATA, LATER, CRASHED):
        house.judge.says = {1: says}
        assert await house.turn() == 1
        waits.append(house.jobs[0].next_try - house.service.clock.now())
    assert waits == [timedelta(hours=2), timedelta(hours=4), timedelta(hours=8)]
    house.judge.says = {1: PASSED}
    await house.turn()
    assert house.jobs == []


async def test_after_so_many_tries_it_waits_for_an_operator():
    house = House(recheck_most=3)
    await house.submit(OLD_DATA)
    house.judge.says = {1: OLD_DATA}
    assert [await house.turn() for _ in range(5)] == [1, 1, 1, 0, 0]
    assert house.jobs[0].parked


async def test_only_documents_accepted_on_older_data_are_judged_again(house):
    await house.submit(OLD_DATA, PASSED, None, OLD_DATA)
    house.judge.says = {1: PASSED, 4: PASSED}
    await house.turn()
    assert [number for number, _ in house.judge.asked] == [1, 4]
    assert house.jobs == []


async def test_documents_have_their_own_answers_and_each_is_told_once(house):
    (delivery,) = await house.submit(OLD_DATA, OLD_DATA)
    house.judge.says = {1: REVOKED, 2: OLD_DATA}
    await house.turn()
    assert [event.document for event in house.told(delivery)] == [1]
    assert len(house.jobs) == 1, "the other one is still open"
    house.judge.asked.clear()
    house.judge.says = {2: REVOKED}
    await house.turn()
    assert [number for number, _ in house.judge.asked] == [2]
    assert [event.document for event in house.told(delivery)] == [1, 2]
    assert house.jobs == []


async def test_two_documents_that_changed_at_once_are_both_told(house):
    (delivery,) = await house.submit(OLD_DATA, OLD_DATA)
    house.judge.says = {1: REVOKED, 2: REVOKED}
    await house.turn()
    assert [event.document for event in house.told(delivery)] == [1, 2]
    assert house.jobs == []


@pytest.mark.parametrize("missing", [JudgeUnavailable("gone"), SealingUnavailable("silent")])
async def test_a_missing_part_costs_no_attempt(house, missing):
    await house.submit(OLD_DATA)
    house.judge.says = {1: missing}
    assert await house.turn() == 1
    assert house.jobs[0].attempts == 0
    assert house.jobs[0].next_try == house.service.clock.now() + PAUSE


@pytest.mark.parametrize("defect", [IntegrityFailure("damaged"), ZeroDivisionError()])
async def test_a_damaged_document_or_a_defect_ends_neither_job_nor_loop(house, defect):
    (delivery,) = await house.submit(OLD_DATA)
    house.judge.says = {1: defect}
    assert await house.turn() == 1
    house.judge.says = {1: REVOKED}
    await house.turn()
    assert len(house.told(delivery)) == 1


async def test_one_judge_is_started_for_all_that_are_due_and_none_for_nothing(house):
    for _ in range(3):
        await house.submit(OLD_DATA)
    house.judge.says = {1: PASSED}
    assert [await house.turn(), await house.turn()] == [3, 0]
    assert house.judge.started == 1


async def test_a_judge_is_not_used_for_ever(house):
    for _ in range(MOST_A_TURN + 1):
        await house.submit(OLD_DATA)
    house.judge.says = {1: PASSED}
    assert [await house.turn(), await house.turn()] == [MOST_A_TURN, 1]
    assert house.judge.started == 2
    assert house.jobs == []


async def test_a_judge_that_does_not_start_costs_no_attempt(house):
    await house.submit(OLD_DATA)
    house.judge.missing = True
    assert await house.turn() == 1
    assert house.jobs[0].attempts == 0
    assert house.jobs[0].next_try == house.service.clock.now() + PAUSE
