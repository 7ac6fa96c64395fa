"""Heads go to outsiders, evidences get records: on a real database, killed at each step."""

import asyncio
import hashlib
import zlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from anchored_world import Killed, World, killed_at
from archive_samples import NOW, YEAR

from signing.archive.hash_tree import SHA256, SHA512
from signing.archive.record import EvidenceRecord
from signing.archive.verification import VerifiedRecord, verify_record
from signing.checkpoint import without_cosignatures
from signing.cosignature import cosigners
from signing.timestamps import verify_token
from signing.tlog_proof import TlogProof
from storage.database import Database, open_database
from tdh.domain.archive import NewStamp, TreeDigest
from tdh.domain.errors import NotLoggedYet
from tdh.domain.log import AnchorKind

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
async def one_database(new_database, template_database: str) -> AsyncIterator[Database]:
    """For all tests here, each of which begins with an empty log."""
    opened = await open_database(await new_database(template_database), application_name="test")
    yield opened
    await opened.close()


@pytest.fixture
async def world(one_database: Database) -> World:
    await one_database.fetch(
        "TRUNCATE log_entries, log_nodes, log_heads, log_anchors, log_settled, "
        "archive_rounds, archive_tokens, archive_stamps, archive_leaves, evidence"
    )
    return World(one_database)


async def check(world: World, evidence) -> VerifiedRecord:
    """Everything that is given out for an evidence is what a stranger takes."""
    given = await world.proving.everything_of(evidence)
    proof = TlogProof.parse(given.proof)
    assert proof.extra is not None
    head, _ = proof.verify(proof.extra, [world.signer.verifier])
    assert head.size == given.size
    digest = hashlib.sha256(world.xml[evidence]).digest()
    assert proof.extra.endswith(digest.hex().encode() + b"\n")
    imprint = hashlib.sha256(without_cosignatures(proof.checkpoint_note)).digest()
    for token in given.tokens:
        verify_token(token.token, imprint, world.roots)
    assert given.record is not None
    found = verify_record(
        given.record, digest, world.roots, at=world.clock.now(), data=world.xml[evidence]
    )
    assert found.until == given.provable_until
    assert await world.proving.provable_until([evidence]) == {evidence: found.until}
    return found


async def test_outsiders_vouch_for_the_newest_head_and_proofs_stay_under_it(world: World) -> None:
    [first] = await world.grow(1)
    anchoring = world.anchoring()
    before = await world.proving.everything_of(first)
    assert (before.anchored_by, before.record, len(before.tokens)) == ((), None, 1)
    assert await world.proving.anchored() is None
    assert await anchoring.turn() == 3
    assert await anchoring.turn() == 0, "nobody is asked twice for one head"
    given = await world.proving.everything_of(first)
    assert set(given.anchored_by) == {"w1.example", "w2.example", "outsider"}
    assert [token.name for token in given.tokens] == ["", "outsider"]
    verifiers = [one.signer.verifier for one in world.witnesses]
    note = TlogProof.parse(given.proof).checkpoint_note
    assert {one.name for one in cosigners(note, verifiers)} == {"w1.example", "w2.example"}
    await world.grow(3)
    assert await anchoring.turn() == 3
    assert await world.proving.everything_of(first) == given, "the same for ever"
    newest = await world.proving.anchored()
    assert newest is not None
    assert newest.head.size == 4
    older = await world.proving.anchored(1)
    assert older is not None
    assert older.note == note


async def test_a_dead_outsider_hinders_nobody_and_is_asked_less_and_less(world: World) -> None:
    [first] = await world.grow(1)
    time = [0.0]
    anchoring = world.anchoring(monotonic=lambda: time[0])
    gone, lively = world.witnesses
    gone.gone = True
    assert await anchoring.turn() == 2
    assert {one.name for one in await world.anchors.of(1)} == {"w2.example", "outsider"}
    assert await world.anchors.settled() is None, "it may still answer"
    for _ in range(20):
        time[0] += 60.0
        await world.grow(1)
        await anchoring.turn()
    assert gone.asked == 5
    assert lively.asked == 21
    assert await world.anchors.settled() == 21
    assert (await world.proving.everything_of(first)).anchored_by
    gone.gone, time[0] = False, time[0] + 3600
    await world.grow(1)
    assert await anchoring.turn() == 3, "it comes back and extends what it saw"


async def test_while_all_outsiders_are_gone_there_is_the_operators_word(world: World) -> None:
    [first] = await world.grow(1)
    world.outside.gone = world.witnesses[0].gone = world.witnesses[1].gone = True
    assert await world.anchoring().turn() == 0
    assert await world.keeping().turn() == 1
    given = await world.proving.everything_of(first)
    assert given.anchored_by == ()
    found = await check(world, first)
    assert found.stamps[0].path[-1] == world.own.authority.certificate


async def test_a_head_wants_for_one_who_fails_now_and_then_only_for_a_while(world: World) -> None:
    anchoring = world.anchoring()
    flapping = world.witnesses[0]
    for _ in range(4):
        await world.grow(1)
        flapping.gone = True
        await anchoring.turn()
        anchoring.rests.answered(flapping.name)
    assert await world.anchors.settled() == 4


async def test_an_outsider_who_comes_back_stamps_what_had_our_own_word_only(world: World) -> None:
    world.outside.gone = True
    names = []
    keeping = world.keeping()
    for _ in range(3):
        names += await world.grow(2)
        await keeping.turn()
    assert (await world.archive.archived()).own_word == 3
    world.outside.gone = False
    world.clock.time += DAY
    names += await world.grow(1)
    asked = world.outside.asked
    assert await keeping.turn() == 4
    assert world.outside.asked == asked + 1, "all of them under one timestamp"
    assert (await world.archive.archived()).own_word == 0
    for name in names:
        found = await check(world, name)
        assert found.stamps[-1].path[-1] == world.outside.authority.certificate
    assert len((await check(world, names[0])).stamps) == 2
    assert len((await check(world, names[-1])).stamps) == 1
    assert await keeping.turn() == 0


async def test_without_authorities_our_own_unit_stamps_and_renews(world: World) -> None:
    [first] = await world.grow(1)
    keeping = world.keeping(outside=False)
    assert await keeping.turn() == 1
    assert await keeping.turn() == 0
    world.clock.time = NOW + YEAR - 30 * DAY
    assert await keeping.turn() == 0, "a unit that ends itself makes nothing better"
    world.own.authority = type(world.own.authority)("own", begins=NOW, ends=NOW + 3 * YEAR)
    late = world.keeping(outside=False)
    assert await late.turn() == 1
    given = await world.proving.everything_of(first)
    assert given.provable_until == NOW + 3 * YEAR


async def test_rounds_that_end_soon_are_renewed_together(world: World) -> None:
    names = []
    keeping = world.keeping()
    for _ in range(3):
        names += await world.grow(5)
        await keeping.turn()
        world.clock.time += DAY
    world.clock.time = NOW + 2 * YEAR - 100 * DAY
    old = world.outside.authority
    world.outside.authority = type(old)("outsider", begins=NOW + YEAR, ends=NOW + 6 * YEAR)
    keeping = world.keeping()
    roots = [old.certificate, *world.roots]
    assert await keeping.turn() == 3
    assert await keeping.turn() == 0
    world.clock.time = NOW + 3 * YEAR
    for name in names:
        given = await world.proving.everything_of(name)
        digest = hashlib.sha256(world.xml[name]).digest()
        assert given.record is not None
        found = verify_record(given.record, digest, roots, at=world.clock.now())
        assert (len(found.stamps), found.until) == (2, NOW + 6 * YEAR)


async def test_nobody_to_stamp_is_an_error_and_nothing_is_half_done(world: World) -> None:
    [first] = await world.grow(1)
    world.outside.gone = world.own.gone = True
    with pytest.raises(Exception, match="own"):
        await world.keeping().turn()
    assert (await world.proving.everything_of(first)).record is None
    world.own.gone = False
    assert await world.keeping().turn() == 1
    await check(world, first)


async def test_a_round_of_many_groups_gives_each_evidence_its_record(world: World) -> None:
    some = await world.grow(700, operations=2)
    await world.grow(0, operations=300)
    more = await world.grow(40)
    assert await world.keeping().turn() == 1
    assert (await world.archive.archived()).rounds == 1
    for name in (some[0], some[255], some[256], some[699], more[0], more[39]):
        assert len((await check(world, name)).stamps) == 1


async def test_operators_acts_alone_cost_no_round(world: World) -> None:
    keeping = world.keeping()
    await world.grow(0, operations=3)
    assert await keeping.turn() == 0
    assert world.outside.asked == 0
    [name] = await world.grow(1)
    assert await keeping.turn() == 1
    await check(world, name)
    with pytest.raises(NotLoggedYet):
        await world.proving.everything_of("evd_unknown")


ANCHOR_POINTS = ("anchor.given", "anchor.kept", "anchor.settled")
ARCHIVE_POINTS = ("archive.round_added", "archive.token_given", "archive.stamped")


@pytest.mark.parametrize("point", ANCHOR_POINTS)
async def test_anchoring_survives_a_kill_at(world: World, point: str) -> None:
    [first] = await world.grow(1)
    with pytest.raises(Killed):
        await world.anchoring(crash=killed_at(point)).turn()
    [second] = await world.grow(1)
    assert await world.anchoring().turn() == 3
    for name in (first, second):
        given = await world.proving.everything_of(name)
        assert given.anchored_by
    kinds = [one.kind for one in await world.anchors.of(2)]
    assert kinds.count(AnchorKind.WITNESS) == 2


@pytest.mark.parametrize("point", ARCHIVE_POINTS)
async def test_the_archive_survives_a_kill_at(world: World, point: str) -> None:
    names = await world.grow(3)
    with pytest.raises(Killed):
        await world.keeping(crash=killed_at(point)).turn()
    names += await world.grow(2)
    await world.keeping().turn()
    assert (await world.archive.archived()).unstamped == 0
    for name in names:
        assert len((await check(world, name)).stamps) == 1


async def chains_of(world: World, evidence) -> list[tuple[str, int]]:
    """Algorithm and number of timestamps of each chain of a record that a stranger takes."""
    await check(world, evidence)
    record = (await world.proving.everything_of(evidence)).record
    assert record is not None
    chains = EvidenceRecord.parse(record).chains
    return [(chain[0].algorithm, len(chain)) for chain in chains]


async def test_what_rests_on_a_weaker_digest_is_hashed_anew(world: World) -> None:
    names = await world.grow(3)
    keeping, again = world.keeping(), world.again()
    await keeping.turn()
    names += await world.grow(300, operations=2)
    await world.grow(0, operations=600)
    names += await world.grow(40)
    await keeping.turn()
    world.clock.time += DAY
    asked = world.outside.asked
    assert await world.archive.count_weaker(TreeDigest.SHA_512) == 2
    assert await again.turn() == 2
    assert world.outside.asked == asked + 1, "all of them under one timestamp"
    assert await again.turn() == 0
    assert await keeping.turn() == 0
    assert await world.archive.count_weaker(TreeDigest.SHA_512) == 0
    for name in (names[0], names[2], names[3], names[258], names[302], names[303], names[-1]):
        assert await chains_of(world, name) == [(SHA256, 1), (SHA512, 1)]
    [late] = await world.grow(1)
    assert await keeping.turn() == 1
    assert await again.turn() == 1
    assert await chains_of(world, late) == [(SHA256, 1), (SHA512, 1)]


async def test_a_new_chain_with_our_own_word_gets_an_outsiders_and_is_renewed(
    world: World,
) -> None:
    [first] = await world.grow(1)
    await world.keeping().turn()
    world.outside.gone = True
    assert await world.again().turn() == 1
    assert (await world.archive.archived()).own_word == 1
    assert (await check(world, first)).stamps[-1].path[-1] == world.own.authority.certificate
    world.outside.gone = False
    assert await world.keeping().turn() == 1
    assert (await world.archive.archived()).own_word == 0
    assert await chains_of(world, first) == [(SHA256, 1), (SHA512, 2)]
    world.clock.time = NOW + 2 * YEAR - 100 * DAY
    old = world.outside.authority
    world.outside.authority = type(old)("outsider", begins=NOW + YEAR, ends=NOW + 6 * YEAR)
    assert await world.keeping().turn() == 1
    record = (await world.proving.everything_of(first)).record
    assert record is not None
    digest = hashlib.sha256(world.xml[first]).digest()
    roots = [old.certificate, *world.roots]
    found = verify_record(record, digest, roots, at=NOW + 3 * YEAR, data=world.xml[first])
    assert (len(found.stamps), found.until) == (4, NOW + 6 * YEAR)


async def test_a_damaged_evidence_hinders_its_round_only(world: World) -> None:
    [bad] = await world.grow(1)
    await world.keeping().turn()
    [good] = await world.grow(1)
    await world.keeping().turn()
    await world.database.fetch(
        "UPDATE evidence SET xml = 'x' WHERE event = $1", bad.replace("evd_", "evt_")
    )
    again = world.again()
    assert await again.turn() == 1
    assert await again.turn() == 0
    assert await chains_of(world, bad) == [(SHA256, 1)]
    assert await chains_of(world, good) == [(SHA256, 1), (SHA512, 1)]
    await world.database.fetch(
        "UPDATE evidence SET xml = $2 WHERE event = $1",
        bad.replace("evd_", "evt_"),
        zlib.compress(world.xml[bad]),
    )
    assert await again.turn() == 1
    assert await chains_of(world, bad) == [(SHA256, 1), (SHA512, 1)]


async def test_what_was_stamped_meanwhile_is_hashed_anew_the_next_time(world: World) -> None:
    """A renewal that comes between makes leaves wrong, which are over what was there before."""
    [first] = await world.grow(1)
    world.outside.gone = True
    await world.keeping().turn()
    [before] = await world.archive.weaker(TreeDigest.SHA_512, 0, 9)
    stamp = (await world.archive.stamps_of(before.number))[0]
    world.outside.gone = False
    await world.keeping().turn()
    late = NewStamp(round=before.number, after=1, siblings=(), digest=TreeDigest.SHA_512)
    assert await world.archive.stamp(stamp.token, [late]) == 0
    assert await world.again().turn() == 1
    assert await chains_of(world, first) == [(SHA256, 2), (SHA512, 1)]


@pytest.mark.parametrize("point", ["archive.chain_token_given", "archive.chain_added"])
async def test_hashing_anew_survives_a_kill_at(world: World, point: str) -> None:
    names = await world.grow(3)
    await world.keeping().turn()
    with pytest.raises(Killed):
        await world.again(crash=killed_at(point)).turn()
    await asyncio.gather(*(world.again().turn() for _ in range(3)))
    for name in names:
        assert await chains_of(world, name) == [(SHA256, 1), (SHA512, 1)]


async def test_two_keepers_at_once_do_the_work_once(world: World) -> None:
    names = await world.grow(3)
    await asyncio.gather(*(world.keeping().turn() for _ in range(4)))
    told = await world.archive.archived()
    assert (told.rounds, told.unstamped) == (1, 0)
    for name in names:
        assert len((await check(world, name)).stamps) == 1
