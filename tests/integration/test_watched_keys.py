"""Keys of a service on a real database and a real sealer: entered, rotated, given up, warned of."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from evidence_samples import facts
from sealer_program import SealerProgram, now

from relay.problems import problem_of
from signing.log_entry import OperationEntry, parse_operation_entry
from signing.log_tree import LogTree
from signing.service_keys import KeyPeriods, compromised, in_service, retired
from storage.database import Database
from storage.log import PostgresLogStore
from storage.service_keys import PostgresServiceKeys
from storage.tiles import LogFolder
from tdh.delivery.publication import Publication
from tdh.delivery.tiling import Tiling
from tdh.domain.errors import (
    ReceiptKeyGivenUp,
    ReceiptMakerUnavailable,
    SealingUnavailable,
    StorageUnavailable,
)
from tdh.domain.service_keys import Compromise, KeyUse, Retirement, ServiceKey
from tdh.service_keys import ServiceKeys, WatchedReceipts, WatchedSealer, keys_of


class Clock:
    """The real time, or so much later."""

    def __init__(self) -> None:
        self.later = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.later


@pytest.fixture
def program(tmp_path: Path) -> Iterator[SealerProgram]:
    with SealerProgram(tmp_path) as made:
        made.start()
        yield made


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def records(database: Database) -> PostgresServiceKeys:
    return PostgresServiceKeys(database)


@pytest.fixture
async def sealer(program, records, clock) -> AsyncIterator[WatchedSealer]:
    made = WatchedSealer(program.socket, 5.0, ServiceKeys(records, clock))
    yield made
    await made.close()


async def queued(database: Database) -> list[OperationEntry]:
    rows = await database.fetch("SELECT entry FROM log_queue ORDER BY id")
    return [parse_operation_entry(row["entry"]) for row in rows]


async def key_of(sealer: WatchedSealer, use: KeyUse) -> ServiceKey:
    return next(key for key in await sealer.keys() if key.use is use)


async def test_keys_are_in_the_queue_before_anything_is_sealed(sealer, records, database) -> None:
    await sealer.seal([], now())

    operations = await queued(database)
    assert [one.kind for one in operations] == ["key-in-service"] * 3
    assert {dict(one.fields)["use"] for one in operations} == {"seal", "timestamp", "log"}
    assert {one.key for one in await records.all()} == set(keys_of(await sealer.hello()))
    ends = [dict(one.fields)["ends"] for one in operations if dict(one.fields)["use"] == "seal"]
    seal = await key_of(sealer, KeyUse.SEAL)
    assert ends == [seal.ends_at.strftime("%Y-%m-%dT%H:%M:%SZ")]


async def test_many_processes_enter_each_key_once(program, records, clock, database) -> None:
    some = [WatchedSealer(program.socket, 5.0, ServiceKeys(records, clock)) for _ in range(6)]

    await asyncio.gather(*(one.seal([facts(n, time=now())], now()) for n, one in enumerate(some)))

    assert len(await queued(database)) == 3
    for one in some:
        await one.close()


async def test_another_sealer_s_keys_are_entered_before_it_seals(
    program, sealer, tmp_path, database
) -> None:
    await sealer.seal([facts(1, time=now())], now())
    before = {one.key for one in await sealer.keys()}
    program.end()
    other = SealerProgram(tmp_path / "next").keys.files
    program.start(seal_key=other.seal_key, seal_certificate=other.seal_certificate)

    (item,) = await sealer.seal([facts(2, time=now())], now())

    assert item.xml
    after = {one.key for one in await sealer.keys()}
    assert len(after - before) == 1
    assert len(await queued(database)) == 4


async def test_what_an_unknown_sealer_answered_in_between_does_not_count(
    program, sealer, monkeypatch
) -> None:
    """It came after the look at the keys and before the seal."""
    await sealer.keys()
    make_sure = sealer._make_sure

    async def then_another_comes(*uses: KeyUse) -> None:
        await make_sure(*uses)
        program.end()
        program.start()

    monkeypatch.setattr(sealer, "_make_sure", then_another_comes)
    with pytest.raises(SealingUnavailable, match="another sealer answered"):
        await sealer.seal([facts(1, time=now())], now())
    with pytest.raises(SealingUnavailable, match="another sealer answered"):
        await sealer.sign_head(1, b"r" * 32, (), now())
    monkeypatch.undo()
    assert await sealer.seal([facts(2, time=now())], now())


async def test_without_the_database_nothing_is_sealed_by_unknown_keys(
    program, records, clock, database
) -> None:
    sealer = WatchedSealer(program.socket, 5.0, ServiceKeys(records, clock))
    await database.close()

    with pytest.raises(StorageUnavailable):
        await sealer.seal([facts(1, time=now())], now())
    await sealer.ping(now())  # the sealer itself is well
    await sealer.close()


async def test_a_compromised_seal_seals_nothing_more_and_the_log_goes_on(
    sealer, records, clock
) -> None:
    await sealer.seal([facts(1, time=now())], now())
    key = await key_of(sealer, KeyUse.SEAL)
    word = Compromise(key=key.key, since=now().replace(microsecond=0), reason="a laptop was lost")
    await records.compromise(word, now(), compromised(word, now()))
    clock.later = timedelta(seconds=6)

    with pytest.raises(SealingUnavailable, match="compromised: a laptop was lost"):
        await sealer.seal([facts(2, time=now())], now())
    with pytest.raises(SealingUnavailable, match="compromised"):
        await sealer.ping(now())
    assert await sealer.last_head()


async def test_a_retired_timestamp_key_signs_no_head(sealer, records, clock) -> None:
    key = await key_of(sealer, KeyUse.TIMESTAMP)
    word = Retirement(use=KeyUse.TIMESTAMP, key=key.key, at=now() + timedelta(seconds=3))
    next_one = ServiceKey(use=KeyUse.TIMESTAMP, key=b"n" * 32, certificate=b"c" * 32, ends_at=now())
    await records.rotate(next_one, now(), b"entry", [(word, retired(word, now()))])
    await sealer.last_head()
    clock.later = timedelta(seconds=6)

    with pytest.raises(SealingUnavailable, match="retired"):
        await sealer.last_head()
    assert await sealer.seal([facts(1, time=now())], now())


async def test_an_ended_seal_is_not_ready_and_is_told(sealer, clock) -> None:
    with structlog.testing.capture_logs() as said:
        clock.later = timedelta(days=3 * 365 - 30)
        await sealer.warn()
        await sealer.warn()
        clock.later = timedelta(days=3 * 365 + 1)
        await sealer.warn()

    soon = [one for one in said if one["event"] == "key.ends-soon"]
    assert {(one["use"], one["days"]) for one in soon} == {("seal", 29), ("timestamp", 29)}
    assert len(soon) == 2
    assert sum(one["event"] == "key.unusable" for one in said) == 2
    with pytest.raises(SealingUnavailable, match="ended at"):
        await sealer.ping(now())


async def test_the_head_that_names_a_log_key_may_be_its_first(sealer, database, tmp_path) -> None:
    store, maths = PostgresLogStore(database), LogTree()
    log = Publication(
        store=store,
        tiling=Tiling(store=store, folder=LogFolder(tmp_path / "log"), maths=maths),
        signer=sealer,
        maths=maths,
        clock=Clock(),
        crash=lambda _name: None,
    )
    await log.round()

    head = await log.head()
    assert head is not None
    assert head.size == 3
    periods = KeyPeriods()
    for each in await store.entries(0, 3):
        periods.add(each.index, parse_operation_entry(each.entry))
    assert {use for use, _ in periods.periods} == {KeyUse.SEAL, KeyUse.TIMESTAMP, KeyUse.LOG}
    key = await key_of(sealer, KeyUse.SEAL)
    assert periods.problem(KeyUse.SEAL, key.key, index=3, time=now()) is None


async def test_a_lost_receipt_key_makes_no_receipts(program, records, clock, tmp_path) -> None:
    """Nobody is asked, so the maker need not even be there."""
    key = ServiceKey(
        use=KeyUse.RECEIPT, key=b"r" * 32, certificate=b"c" * 32, ends_at=now() + timedelta(days=9)
    )
    maker = WatchedReceipts(tmp_path / "none", 1.0, ServiceKeys(records, clock))
    with pytest.raises(ReceiptMakerUnavailable, match="cannot be used"):
        await maker.seal_bundle(())
    await records.enter(key, now(), in_service(key, now()))
    word = Compromise(key=key.key, since=now(), reason="a safe was open")
    await records.compromise(word, now(), compromised(word, now()))
    clock.later = timedelta(seconds=6)

    with pytest.raises(ReceiptKeyGivenUp, match="a safe was open") as given_up:
        await maker.seal_bundle(())
    problem = problem_of(given_up.value)
    assert (problem.status, problem.retryable) == (503, False)
    assert "must rotate the receipt key" in problem.advice
    assert b"a safe was open" not in problem.body()
    await maker.close()
