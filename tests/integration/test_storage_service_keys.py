"""Keys of the service and trust files for strangers: remembered together with their entries."""

from datetime import timedelta

import pytest
from builders import NOW

from storage.database import Database
from storage.log import PostgresLogStore
from storage.service_keys import PostgresServiceKeys, RecordedTrustFile
from tdh.domain.errors import Conflict
from tdh.domain.service_keys import Compromise, KeyUse, Retirement, ServiceKey, problem_with

SEAL = ServiceKey(
    use=KeyUse.SEAL, key=b"s" * 32, certificate=b"c" * 32, ends_at=NOW + timedelta(days=90)
)
NEXT = ServiceKey(
    use=KeyUse.SEAL, key=b"n" * 32, certificate=b"d" * 32, ends_at=NOW + timedelta(days=900)
)
LOG = ServiceKey(use=KeyUse.LOG, key=b"l" * 32)


@pytest.fixture
def keys(database: Database) -> PostgresServiceKeys:
    return PostgresServiceKeys(database)


async def waiting(database: Database) -> int:
    return await PostgresLogStore(database).waiting()


async def test_a_key_is_entered_once_with_its_entry(keys, database) -> None:
    assert await keys.enter(SEAL, NOW, b"seal")
    assert await keys.enter(LOG, NOW, b"log")
    assert not await keys.enter(SEAL, NOW + timedelta(days=1), b"seal again")

    assert [one.key for one in await keys.all()] == [LOG, SEAL]
    assert await waiting(database) == 2


async def test_a_rotation_is_whole_and_never_gives_a_key_more_time(keys, database) -> None:
    await keys.enter(SEAL, NOW, b"seal")
    end = Retirement(use=KeyUse.SEAL, key=SEAL.key, at=NOW + timedelta(hours=1))

    assert await keys.rotate(NEXT, NOW, b"next", [(end, b"end")])
    later = Retirement(use=KeyUse.SEAL, key=SEAL.key, at=NOW + timedelta(hours=9))
    assert not await keys.rotate(NEXT, NOW, b"next", [(later, b"later")])

    old, new = sorted(await keys.all(), key=lambda one: one.key.ends_at)
    assert (old.retires_at, new.retires_at) == (end.at, None)
    assert await waiting(database) == 3
    assert problem_with(SEAL, [old, new], NOW) is None
    assert "retired" in (problem_with(SEAL, [old, new], end.at) or "")


async def test_the_moment_of_a_compromise_only_moves_back(keys, database) -> None:
    await keys.enter(SEAL, NOW, b"seal")
    word = Compromise(key=SEAL.key, since=NOW, reason="stolen")

    assert await keys.compromise(word, NOW, b"one")
    later = Compromise(key=SEAL.key, since=NOW + timedelta(days=1), reason="no, later")
    assert not await keys.compromise(later, NOW, b"two")
    earlier = Compromise(key=SEAL.key, since=NOW - timedelta(days=1), reason="since yesterday")
    assert await keys.compromise(earlier, NOW, b"three")

    (found,) = await keys.all()
    assert (found.compromised_since, found.reason) == (earlier.since, earlier.reason)
    assert await waiting(database) == 3
    assert "since yesterday" in (problem_with(SEAL, [found], NOW) or "")


async def test_versions_of_the_trust_file_only_grow(keys, database) -> None:
    second = RecordedTrustFile(version=2, content=b"two", made_at=NOW, entry=b"2")
    await keys.record_trust_file(second)
    await keys.record_trust_file(second)

    for other in (
        RecordedTrustFile(version=1, content=b"one", made_at=NOW, entry=b"1"),
        RecordedTrustFile(version=2, content=b"another", made_at=NOW, entry=b"x"),
    ):
        with pytest.raises(Conflict):
            await keys.record_trust_file(other)

    assert await keys.newest_trust_file() == second
    assert await waiting(database) == 1
