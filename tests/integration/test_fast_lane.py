"""The fast lane in its real processes: what it takes, and what becomes of a locator that fails."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from signing.judge.facts import Brought, Need
from signing.judge.fast import lane
from signing.judge.memfd import Memfd
from signing.judge.policy import Policy, RevocationMode
from signing.judge.pool import JudgePool
from signing.judge.report import Report, report_bytes
from signing.trust import load_trust
from tests.pki import faults, make


@pytest.fixture(scope="session")
def letter() -> bytes:
    return make.sign_pdf(make.simple_pdf(size=100_000), make.shared_pki().signers["good"])


@pytest.fixture(scope="session")
def large() -> bytes:
    return make.sign_pdf(make.simple_pdf(size=2_000_000), make.shared_pki().signers["good"])


@pytest.fixture
async def pool() -> AsyncIterator[JudgePool]:
    async with JudgePool(load_trust([make.shared_pki().trust_folder]), concurrency=2) as running:
        yield running


async def judged(pool: JudgePool, content: bytes) -> Report:
    with Memfd(content) as memfd:
        memfd.seal()
        return await pool.report(memfd.fd, memfd.size, make.JUDGED_AT)


def lane_of(pool: JudgePool) -> lane.FastLane:
    assert pool._lane is not None
    return pool._lane


async def with_locators(pool: JudgePool, others: frozenset[int] = frozenset()) -> frozenset[int]:
    """Wait until the pool has its two locators, none of these."""
    await until(lambda: len(lane_of(pool).locators - others) == 2)
    return lane_of(pool).locators


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - it is other processes that change
            await asyncio.sleep(0.01)


def is_gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


async def test_the_second_letter_of_a_signer_is_fast_and_has_the_same_report(
    pool: JudgePool, letter: bytes, large: bytes
) -> None:
    first = await judged(pool, letter)
    assert lane_of(pool).accepted == 0
    for number, document in enumerate((letter, letter, large), 1):
        again = await judged(pool, document)
        assert lane_of(pool).accepted == number
        assert report_bytes(again) == report_bytes(first)


async def test_many_letters_at_once_are_all_judged(pool: JudgePool, letter: bytes) -> None:
    await judged(pool, letter)
    reports = await asyncio.gather(*(judged(pool, letter) for _ in range(50)))
    assert all(report.verdict.accepted for report in reports)
    assert lane_of(pool).accepted == 50


async def test_a_changed_letter_is_refused_as_ever(pool: JudgePool, letter: bytes) -> None:
    await judged(pool, letter)
    changed = await judged(pool, faults.altered_byte(letter))
    assert changed.verdict.reason.code == "changed-after-signing"
    assert lane_of(pool).accepted == 0


async def test_without_the_fast_lane_reports_are_the_same(letter: bytes) -> None:
    trust = load_trust([make.shared_pki().trust_folder])
    async with JudgePool(trust, fast=False) as slow, JudgePool(trust) as fast:
        expected = report_bytes(await judged(slow, letter))
        assert slow._lane is None or not slow._lane.locators
        for _ in range(3):
            assert report_bytes(await judged(fast, letter)) == expected


async def test_a_locator_that_dies_is_replaced(pool: JudgePool, letter: bytes) -> None:
    await judged(pool, letter)
    before = await with_locators(pool)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    assert (await judged(pool, letter)).verdict.accepted
    after = await with_locators(pool, before)
    assert not after & before
    accepted = lane_of(pool).accepted
    assert (await judged(pool, letter)).verdict.accepted
    assert lane_of(pool).accepted == accepted + 1


async def test_a_locator_that_never_answers_is_ended_and_its_document_judged_with_care(
    pool: JudgePool, letter: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "WALL_SECONDS", 0.2)
    await judged(pool, letter)
    before = await with_locators(pool)
    for pid in before:
        os.kill(pid, signal.SIGSTOP)
    reports = await asyncio.gather(*(judged(pool, letter) for _ in before))
    assert all(report.verdict.accepted for report in reports)
    await with_locators(pool, before)
    await until(lambda: all(is_gone(pid) for pid in before))


async def test_a_locator_that_burns_its_time_is_ended(
    pool: JudgePool, letter: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "CPU_SECONDS", -1.0)
    monkeypatch.setattr(lane, "_LOOK_SECONDS", 0.0)
    before = await with_locators(pool)
    assert (await judged(pool, letter)).verdict.accepted
    monkeypatch.undo()
    assert lane_of(pool).locators != before or await with_locators(pool, before)


async def test_a_locator_is_replaced_after_some_documents(
    pool: JudgePool, letter: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "DOCUMENTS_EACH", 3)
    before = await with_locators(pool)
    for _ in range(4):
        await asyncio.gather(*(judged(pool, letter) for _ in before))
    after = await with_locators(pool, before)
    assert not after & before
    assert all(is_gone(pid) for pid in before)


async def test_who_does_not_wait_leaves_no_half_answered_locator(
    pool: JudgePool, letter: bytes
) -> None:
    await judged(pool, letter)
    for _ in range(5):
        task = asyncio.create_task(judged(pool, letter))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert (await judged(pool, letter)).verdict.accepted
    assert len(await with_locators(pool)) == 2


async def test_locators_end_with_the_pool(letter: bytes) -> None:
    trust = load_trust([make.shared_pki().trust_folder])
    async with JudgePool(trust, concurrency=2) as pool:
        pids = await with_locators(pool)
        await judged(pool, letter)
    assert all(is_gone(pid) for pid in pids)


async def test_when_the_program_dies_what_it_knew_is_forgotten(
    pool: JudgePool, letter: bytes
) -> None:
    await judged(pool, letter)
    old = lane_of(pool)
    assert len(old.memory) == 1
    program = pool._program
    assert program is not None
    os.kill(program.process.pid, signal.SIGKILL)
    await until(lambda: program.ended)
    assert old.locators == frozenset()
    assert (await judged(pool, letter)).verdict.accepted
    assert lane_of(pool) is not old
    assert lane_of(pool).accepted == 0


class NothingThere:
    """A fetcher that finds nothing."""

    async def bring(self, needs: Sequence[Need], at: datetime) -> Mapping[Need, Brought]:
        return {}


async def test_where_data_are_still_missing_nothing_is_learned(letter: bytes) -> None:
    trust = load_trust([make.shared_pki().trust_without_lists])
    policy = Policy(revocation=RevocationMode.IF_PRESENT)
    async with JudgePool(trust, policy=policy, revocation=NothingThere()) as pool:
        for _ in range(2):
            report = await judged(pool, letter)
            assert report.verdict.accepted
            assert report.needs
        assert len(lane_of(pool).memory) == 0
    async with JudgePool(trust, policy=policy) as pool:
        first = await judged(pool, letter)
        again = await judged(pool, letter)
        assert lane_of(pool).accepted == 1
        assert report_bytes(first) == report_bytes(again)
        assert [note.reason.code for note in again.notes] == ["revocation-not-checked"]


async def test_a_locator_at_work_is_confined(pool: JudgePool, letter: bytes) -> None:
    await judged(pool, letter)
    for pid in await with_locators(pool):
        status, opened = await asyncio.to_thread(what_is_told_of, pid)
        assert "Seccomp:\t2" in status
        assert "NoNewPrivs:\t1" in status
        if os.geteuid() == 0:
            assert "Uid:\t65534\t65534\t65534\t65534" in status
            assert sum(name.startswith("socket:") for name in opened) == 1
            assert {name.partition(":")[0] for name in opened} <= {"/dev/null", "socket"}


def what_is_told_of(pid: int) -> tuple[str, list[str]]:
    folder = Path(f"/proc/{pid}")
    opened = [] if os.geteuid() else [str(link.readlink()) for link in (folder / "fd").iterdir()]
    return (folder / "status").read_text(encoding="utf-8"), opened
