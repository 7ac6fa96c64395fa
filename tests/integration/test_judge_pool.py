"""The judge in its real processes: limits, walls, deaths, and what the pool makes of them."""

import asyncio
import os
import resource
import signal
import socket
import time
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from signing.judge import child, parent
from signing.judge.budget import DocumentBudget, JudgeBusy
from signing.judge.chain import material_of
from signing.judge.memfd import Memfd
from signing.judge.policy import Limits, Policy
from signing.judge.pool import JudgePool
from signing.judge.report import report_bytes
from signing.judge.wire import Outcome
from signing.trust import load_trust
from tdh.domain.errors import JudgeUnavailable
from tdh.domain.verdicts import Indication, SubIndication, Verdict
from tests.pki import make

QUICK = Limits(wall_seconds=1.0, cpu_seconds=5)
THRIFTY = Limits(wall_seconds=60.0, cpu_seconds=1)
"""Ends a slow child after the same work, however busy the machine is."""


@pytest.fixture(scope="session")
def letter() -> bytes:
    return make.sign_pdf(make.simple_pdf(size=100_000), make.shared_pki().signers["good"])


@pytest.fixture(scope="session")
def slow() -> bytes:
    """A page with so many annotations that reading them takes seconds."""
    count = 120_000
    kids = b" ".join(b"%d 0 R" % (number + 4) for number in range(count))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        make.PAGE[:-2] + b"/Annots [" + kids + b"] >>",
    ]
    objects += [b"<< /Type /Annot /A << /S /URI /URI (a) /Next %d 0 R >> >>" % 3] * count
    return make.sign_pdf(make.assemble(objects), make.shared_pki().signers["good"])


@pytest.fixture(scope="session")
def bomb() -> bytes:
    """An object stream of 5 MB that unpacks to 1 GB."""
    packer = zlib.compressobj(1)
    block = bytes(1 << 20)
    packed = b"".join(packer.compress(block) for _ in range(1024)) + packer.flush()
    return stream_bomb(packed)


def stream_bomb(packed: bytes) -> bytes:
    """A document whose cross-reference stream points into one huge object stream."""
    head = b"%PDF-1.7\n"
    catalog = b"1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
    stream = b"3 0 obj\n<< /Type /ObjStm /N 1 /First 8 /Filter /FlateDecode /Length %d >>\nstream\n"
    body = stream % len(packed) + packed + b"\nendstream\nendobj\n"
    place = len(head) + len(catalog)
    start = place + len(body)
    entries = b"".join(
        kind.to_bytes(1, "big") + a.to_bytes(4, "big") + b.to_bytes(1, "big")
        for kind, a, b in ((0, 0, 255), (1, len(head), 0), (2, 3, 0), (1, place, 0), (1, start, 0))
    )
    table = (
        b"4 0 obj\n<< /Type /XRef /Size 5 /W [1 4 1] /Root 1 0 R /Length %d >>\nstream\n%s\n"
        b"endstream\nendobj\nstartxref\n%d\n%%%%EOF\n"
    ) % (len(entries), entries, start)
    return head + catalog + body + table


@pytest.fixture
async def pool() -> AsyncIterator[JudgePool]:
    async with JudgePool(load_trust([make.shared_pki().trust_folder])) as running:
        yield running


@pytest.fixture
async def quick_pool() -> AsyncIterator[JudgePool]:
    trust = load_trust([make.shared_pki().trust_folder])
    async with JudgePool(trust, limits=QUICK, concurrency=4) as running:
        yield running


@pytest.fixture
async def thrifty_pool() -> AsyncIterator[JudgePool]:
    trust = load_trust([make.shared_pki().trust_folder])
    async with JudgePool(trust, limits=THRIFTY, concurrency=4) as running:
        yield running


async def judged(pool: JudgePool, content: bytes) -> Verdict:
    with Memfd(content) as memfd:
        memfd.seal()
        return await pool.judge(memfd.fd, memfd.size, make.JUDGED_AT)


def children_of(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except FileNotFoundError:
        return []
    return [int(child) for child in text.split()]


def judging(pool: JudgePool) -> list[int]:
    """The children that judge a document; locators stay, and judge none."""
    if pool._program is None or pool._lane is None:
        return []
    return [pid for pid in children_of(program_of(pool)) if pid not in pool._lane.locators]


def program_of(pool: JudgePool) -> int:
    assert pool._program is not None
    return pool._program.process.pid


def is_running(pid: int) -> bool:
    """Not gone, and not dead and unburied."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False


async def first_child(pool: JudgePool) -> int:
    while True:
        children = judging(pool)
        if children:
            return children[0]
        await asyncio.sleep(0.005)


async def test_a_letter_is_judged_in_a_child(pool: JudgePool, letter: bytes) -> None:
    verdict = await judged(pool, letter)
    assert verdict.accepted
    assert verdict.evaluated_at == make.JUDGED_AT
    assert judging(pool) == []


async def test_a_document_that_comes_in_pieces_is_judged_and_its_memory_given_back(
    pool: JudgePool, letter: bytes
) -> None:
    document = pool.document("a")
    for start in range(0, len(letter), 10_000):
        await document.write(letter[start : start + 10_000])
    assert pool.budget.used == len(letter)
    assert (await document.judge(make.JUDGED_AT)).verdict.accepted
    document.close()
    document.close()
    assert pool.budget.used == 0


def once_confined(status: Path) -> list[str]:
    """What the kernel says of a child that has just been forked, when it has its filter."""
    while "Seccomp:\t2" not in (lines := status.read_text(encoding="ascii").splitlines()):
        time.sleep(0.001)
    return lines


async def test_a_child_at_work_is_confined(pool: JudgePool, slow: bytes) -> None:
    task = asyncio.create_task(judged(pool, slow))
    pid = await first_child(pool)
    lines = await asyncio.to_thread(once_confined, Path(f"/proc/{pid}/status"))
    os.kill(pid, signal.SIGKILL)
    await task
    assert "NoNewPrivs:\t1" in lines
    if os.getuid() == 0:
        assert next(line for line in lines if line.startswith("Uid:")).split()[1:] == ["65534"] * 4


async def test_many_at_once_get_each_its_own_answer(pool: JudgePool, letter: bytes) -> None:
    unsigned = make.simple_pdf()
    contents = [letter, unsigned] * 20
    verdicts = await asyncio.gather(*(judged(pool, content) for content in contents))
    expected = [Indication.TOTAL_PASSED, Indication.NO_SIGNATURE] * 20
    assert [verdict.indication for verdict in verdicts] == expected


async def test_a_document_that_takes_too_long_is_refused_and_others_are_not_held_up(
    thrifty_pool: JudgePool, slow: bytes, letter: bytes
) -> None:
    hostile = asyncio.create_task(judged(thrifty_pool, slow))
    await first_child(thrifty_pool)
    for _ in range(5):
        assert (await judged(thrifty_pool, letter)).accepted
    verdict = await hostile
    assert verdict.reason.code == "judge-time-limit"
    assert verdict.indication is Indication.TOTAL_FAILED
    assert verdict.sub_indication is SubIndication.FORMAT_FAILURE
    assert judging(thrifty_pool) == []


async def test_a_document_that_unpacks_beyond_memory_is_refused(
    pool: JudgePool, bomb: bytes, letter: bytes
) -> None:
    verdict = await judged(pool, bomb)
    assert verdict.indication is Indication.TOTAL_FAILED
    assert verdict.reason.code in {"judge-memory-limit", "structure-damaged"}
    assert (await judged(pool, letter)).accepted


async def test_a_document_that_needs_too_much_memory_is_refused(slow: bytes) -> None:
    limits = Limits(memory_bytes=len(slow) * 3)
    trust = load_trust([make.shared_pki().trust_folder])
    async with JudgePool(trust, limits=limits) as pool:
        verdict = await judged(pool, slow)
    assert verdict.reason.code == "judge-memory-limit"
    assert verdict.indication is Indication.TOTAL_FAILED


async def test_a_child_that_crashes_is_a_refusal_with_a_name(
    pool: JudgePool, slow: bytes, letter: bytes
) -> None:
    task = asyncio.create_task(judged(pool, slow))
    os.kill(await first_child(pool), signal.SIGSEGV)
    verdict = await task
    assert verdict.reason.code == "judge-crashed"
    assert not verdict.accepted
    assert (await judged(pool, letter)).accepted


async def test_a_stopped_child_says_nothing_about_its_document(
    quick_pool: JudgePool, slow: bytes
) -> None:
    task = asyncio.create_task(judged(quick_pool, slow))
    os.kill(await first_child(quick_pool), signal.SIGSTOP)
    with pytest.raises(JudgeUnavailable):
        await task


@pytest.mark.parametrize(("share", "outcome"), [(0.9, Outcome.TIME_LIMIT), (0.1, Outcome.STARVED)])
def test_a_child_killed_at_the_wall_limit_is_judged_by_whether_it_ran(
    share: float, outcome: Outcome
) -> None:
    bench = child.Bench(
        material=material_of(load_trust([])), trust_version="", policy=Policy(), limits=QUICK
    )
    job = parent._Job(number=1, pid=0, answer=-1, deadline=0, killed=True)
    used = resource.struct_rusage([share * QUICK.wall_seconds] + [0.0] * 15)
    with socket.socket() as unused:
        assert parent.Parent(unused, bench)._outcome(job, signal.SIGKILL, used) is outcome


async def test_the_program_s_death_is_survived_and_what_was_in_flight_asked_again(
    thrifty_pool: JudgePool, slow: bytes, letter: bytes
) -> None:
    task = asyncio.create_task(judged(thrifty_pool, slow))
    orphan = await first_child(thrifty_pool)
    first = program_of(thrifty_pool)
    os.kill(first, signal.SIGKILL)
    verdict = await task
    assert verdict.reason.code == "judge-time-limit"
    assert program_of(thrifty_pool) != first
    assert not is_running(orphan), "the children die with their parent"
    assert (await judged(thrifty_pool, letter)).accepted


async def test_a_program_that_dies_twice_makes_the_judge_unavailable(
    quick_pool: JudgePool, slow: bytes
) -> None:
    task = asyncio.create_task(judged(quick_pool, slow))
    for _ in range(2):
        await first_child(quick_pool)
        os.kill(program_of(quick_pool), signal.SIGKILL)
        await asyncio.sleep(0.05)
    with pytest.raises(JudgeUnavailable):
        await task


async def test_a_closed_pool_judges_nothing_and_leaves_no_process(letter: bytes) -> None:
    pool = JudgePool(load_trust([make.shared_pki().trust_folder]))
    await pool.start()
    pid = program_of(pool)
    await pool.close()
    assert not is_running(pid)
    with pytest.raises(JudgeUnavailable):
        await judged(pool, letter)


async def test_a_document_larger_than_allowed_is_told_so_without_being_kept(
    letter: bytes,
) -> None:
    trust = load_trust([make.shared_pki().trust_folder])
    async with JudgePool(trust, limits=Limits(document_bytes=1000)) as pool:
        document = pool.document("a")
        for start in range(0, len(letter), 600):
            await document.write(letter[start : start + 600])
        assert pool.budget.used == 600
        verdict = (await document.judge(make.JUDGED_AT)).verdict
        document.close()
    assert verdict.reason.code == "document-too-large"
    assert verdict.indication is Indication.TOTAL_FAILED


@pytest.mark.parametrize("size", [0, 1, 1023, 1024, 100_000])
@pytest.mark.parametrize("piece", [1, 1000, 65536])
async def test_a_scan_is_no_signed_kind_at_once_and_takes_no_memory(
    pool: JudgePool, size: int, piece: int
) -> None:
    scan = (b"\x89PNG\r\n\x1a\n" + bytes(100_000))[:size]
    document = pool.document("a")
    for start in range(0, len(scan), piece):
        await document.write(scan[start : start + piece])
        assert pool.budget.used < 1024
    quick = await document.judge(make.JUDGED_AT)
    document.close()
    with Memfd(scan) as memfd:
        memfd.seal()
        judged = await pool.report(memfd.fd, memfd.size, make.JUDGED_AT)
    assert quick.verdict == judged.verdict
    assert quick.report == report_bytes(judged), "as a child says it, byte for byte"
    assert quick.verdict.reason.code == "not-a-signed-kind"


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def test_documents_that_wait_to_be_judged_have_no_descriptors_while_they_are_small(
    pool: JudgePool, letter: bytes
) -> None:
    before = descriptors()
    documents = [pool.document("a") for _ in range(100)]
    for document in documents:
        await document.write(letter[:1000])
    assert descriptors() == before
    for document in documents:
        await document.write(letter[1000:])
    assert (await documents[0].judge(make.JUDGED_AT)).verdict.accepted
    for document in documents:
        document.close()
    assert descriptors() == before
    assert pool.budget.used == 0


async def test_a_document_that_outgrows_the_small_ones_is_judged_as_it_came(
    pool: JudgePool,
) -> None:
    signer = make.shared_pki().signers["good"]
    large = make.sign_pdf(
        make.simple_pdf("Large", size=2_500_000), signer, signed_at=make.JUDGED_AT
    )
    for piece in (300_000, 10_000_000):
        document = pool.document("a")
        for start in range(0, len(large), piece):
            await document.write(large[start : start + piece])
        assert pool.budget.used == len(large)
        assert (await document.judge(make.JUDGED_AT)).verdict.accepted
        document.close()
        assert pool.budget.used == 0


async def test_the_budget_of_all_documents_together_is_kept() -> None:
    pool = JudgePool(load_trust([]), budget=DocumentBudget(1200))
    first, second = pool.document("a"), pool.document("b")
    third = pool.document("c")
    await first.write(bytes(600))
    await second.write(bytes(600))
    with pytest.raises(JudgeBusy):
        await third.write(b"x")
    first.close()
    await third.write(bytes(600))
    second.close()
    third.close()
    assert pool.budget.used == 0


async def test_one_holders_documents_leave_half_of_the_budget_to_others() -> None:
    pool = JudgePool(load_trust([]), budget=DocumentBudget(1200))
    first, second, other = pool.document("a"), pool.document("a"), pool.document("b")
    await first.write(bytes(400))
    with pytest.raises(JudgeBusy):
        await second.write(bytes(201))
    await other.write(bytes(600))
    for one in (first, second, other):
        one.close()
    assert pool.budget.used == 0


async def test_the_program_starts_with_nothing_of_ours(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TDH_SECRET", "canary")
    with (tmp_path / "open").open("wb") as secret:
        os.set_inheritable(secret.fileno(), True)
        async with JudgePool(load_trust([])) as pool:
            folder = Path(f"/proc/{program_of(pool)}")
            environment = await asyncio.to_thread(readable, folder / "environ")
            opened = await asyncio.to_thread(targets, folder / "fd")
    assert environment == b""
    assert not [name for name in opened if str(tmp_path) in name]
    kinds = {name.partition(":")[0] for name in opened}
    assert kinds <= {"/dev/null", "socket", "anon_inode"}
    assert sum(name.startswith("socket") for name in opened) == 1


def readable(path: Path) -> bytes:
    """Empty also where the kernel lets nobody look: the program hides its memory."""
    try:
        return path.read_bytes()
    except PermissionError:
        return b""


def targets(folder: Path) -> list[str]:
    try:
        return [str(link.readlink()) for link in folder.iterdir()]
    except PermissionError:
        return ["socket:[hidden]"]


def test_the_policy_s_name_tells_what_was_switched_on() -> None:
    names = {
        Policy().name,
        Policy(allow_plain_pkcs7=False).name,
        Policy(allow_embedded_files=True).name,
        Policy(allow_active_content=True).name,
    }
    assert len(names) == 4


async def test_many_slow_documents_of_one_sender_make_others_wait_for_one_of_them_only(
    letter: bytes, slow: bytes
) -> None:
    """Also of enclosures, which all have one holder of the memory."""
    trust = load_trust([make.shared_pki().trust_folder])
    order = list[str]()

    async def send(pool: JudgePool, sender: str, content: bytes) -> None:
        document = pool.document("enclosures", sender=sender)
        await document.write(content)
        await document.judge(make.JUDGED_AT)
        document.close()
        order.append(sender)

    async with JudgePool(trust, limits=THRIFTY, concurrency=1, fast=False) as pool:
        much = [asyncio.create_task(send(pool, "much", slow)) for _ in range(4)]
        while not children_of(pool_program(pool)):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.01)
        await send(pool, "little", letter)
        await asyncio.gather(*much)
    assert order.index("little") <= 2, order


def pool_program(pool: JudgePool) -> int:
    assert pool._program is not None
    return pool._program.process.pid


async def test_a_program_that_does_not_get_ready_in_time_is_told_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("signing.judge.program.START_SECONDS", 0.0)
    with pytest.raises(JudgeUnavailable, match="it was not ready after 0 s"):
        await JudgePool(load_trust([make.shared_pki().trust_folder])).start()


async def test_a_program_that_ends_at_once_is_told_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("signing.judge.program._BOOT", "raise SystemExit(1)")
    with pytest.raises(JudgeUnavailable, match="it ended before it was ready"):
        await JudgePool(load_trust([make.shared_pki().trust_folder])).start()
