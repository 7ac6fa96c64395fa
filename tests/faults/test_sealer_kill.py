"""The sealer is killed with SIGKILL at each of its steps, and at any time: what then holds."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from evidence_samples import facts
from sealer_program import SealerProgram, now

from signing import checkpoint, merkle
from signing.seal_check import verify_seal
from signing.sealer import crash_points, ledger
from signing.sealer.client import SealerClient
from tdh.domain.errors import SealingUnavailable
from tdh.domain.records import SealedEvidence


@pytest.fixture
def program(tmp_path: Path) -> Iterator[SealerProgram]:
    with SealerProgram(tmp_path) as made:
        yield made


@pytest.fixture
async def client(program: SealerProgram) -> AsyncIterator[SealerClient]:
    made = program.client()
    yield made
    await made.close()


def batch(first: int, count: int = 3):
    time = now()
    return [facts(number, time=time) for number in range(first, first + count)]


def lines(program: SealerProgram) -> list[bytes]:
    return [line.digest for line in ledger.read(program.state / "ledger")]


class GrowingLog:
    """A tree with proofs, as the sequencer has it."""

    def __init__(self) -> None:
        self.nodes: dict[tuple[int, int], bytes] = {}
        self.frontier = merkle.Frontier.empty()

    def grow(self, count: int) -> None:
        for _ in range(count):
            leaf = merkle.leaf_hash(str(self.frontier.size).encode())
            self.nodes |= {(lv, number): value for lv, number, value in self.frontier.append(leaf)}

    def proof_from(self, size: int) -> tuple[bytes, ...]:
        return merkle.consistency_proof(
            size, self.frontier.size, lambda level, number: self.nodes[level, number]
        )

    async def sign(self, client: SealerClient):
        size, _ = await client.last_head()
        root = self.frontier.root()
        return await client.sign_head(self.frontier.size, root, self.proof_from(size), now())


@pytest.mark.parametrize(
    ("point", "extra"), [(crash_points.BEFORE_LEDGER, 0), (crash_points.AFTER_LEDGER, 3)]
)
async def test_killed_beside_the_ledger(program, client, point, extra) -> None:
    program.start()
    kept = await client.seal(batch(1), now())
    program.end()
    program.start(crash_point=point)

    with pytest.raises(SealingUnavailable):
        await client.seal(batch(4), now())
    assert program.wait() == -signal.SIGKILL
    program.start()
    again = await client.seal(batch(4), now())

    # What was answered is in the ledger; what was not may be, as lines without evidence.
    digests = lines(program)
    assert digests[:3] == [item.digest for item in kept]
    assert digests[3 + extra :] == [item.digest for item in again]


@pytest.mark.parametrize(
    ("point", "durable"),
    [
        (crash_points.HEAD_DURABLE, True),
        (crash_points.HEAD_SIGNED, True),
        (crash_points.HEAD_STORED, True),
        (crash_points.BEFORE_LEDGER, False),
    ],
)
async def test_killed_beside_a_head(program, client, point, durable) -> None:
    log = GrowingLog()
    log.grow(3)
    program.start()
    await log.sign(client)
    program.end()
    program.start(crash_point=point)
    log.grow(4)
    if durable:
        with pytest.raises(SealingUnavailable):
            await log.sign(client)
        assert program.wait() == -signal.SIGKILL
    else:  # a crash point of the other work does not concern heads
        await log.sign(client)
        program.kill()
    program.start()

    assert await client.last_head() == (7, log.frontier.root())
    head = await log.sign(client)

    verifier = checkpoint.NoteVerifier.parse(program.keys.vkey)
    opened, _ = checkpoint.open_note(head.note, [verifier])
    assert (opened.size, opened.root) == (7, log.frontier.root())
    assert await log.sign(client) == head


async def test_a_fork_is_refused_after_a_kill_between_head_and_signature(program, client) -> None:
    log = GrowingLog()
    log.grow(2)
    program.start(crash_point=crash_points.HEAD_DURABLE)
    with pytest.raises(SealingUnavailable):
        await log.sign(client)
    program.wait()
    program.start()
    other = merkle.root([merkle.leaf_hash(b"other"), merkle.leaf_hash(b"history")])

    with pytest.raises(Exception, match="two roots for one size"):
        await client.sign_head(2, other, (), now())
    assert (await log.sign(client)).root == log.frontier.root()


async def test_killed_at_any_time_under_load_it_loses_nothing_that_it_answered(
    program, client
) -> None:
    chance = random.Random(20261122)  # noqa: S311 - which moments are tried, not a secret
    answered: list[SealedEvidence] = []
    log = GrowingLog()
    heads: dict[int, bytes] = {}
    number = 1
    for _ in range(12):
        program.start()
        killer = asyncio.get_running_loop().call_later(
            chance.uniform(0.001, 0.08), program.process.send_signal, signal.SIGKILL
        )
        with suppress(SealingUnavailable):
            while True:
                answered += await client.seal(batch(number, 5), now())
                number += 5
                log.grow(2)
                head = await log.sign(client)
                heads[head.size] = head.root
        killer.cancel()
        assert program.wait() == -signal.SIGKILL

    program.start()
    recorded = set(lines(program))
    assert len(answered) > 50
    assert all(item.digest in recorded for item in answered)
    assert all(verify_seal(item.xml, [program.seal_root]).holds for item in answered[:40])
    size, _ = await client.last_head()
    assert size >= max(heads)
    assert (await log.sign(client)).size == log.frontier.size
