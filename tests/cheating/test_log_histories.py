"""Cheats that take something out of the log, or tell two stories: heads that outsiders kept speak.

Each operator here signs what it likes with the log's real key, and its own database fits.
"""

import shutil
from dataclasses import replace

from holders import ask_witness, audit_log, head_in, kept, served, verify, watching, witnessed
from honest_world import size_of
from operator_with_keys import Cheater, Logged

from signing.log_entry import parse_entry

NEWEST = "ConsignmentRejection"


async def evidence_ids(place, delivery: str) -> set[str]:
    rows = await place.sql(f"SELECT id FROM events WHERE delivery = '{delivery}'")
    return {"evd_" + row["id"][4:] for row in rows}


async def undo_the_refusal(place, delivery: str) -> str:
    """The last event of a delivery goes, with its evidence; its row says that it never was."""
    (row,) = await place.sql(
        f"SELECT id FROM events WHERE delivery = '{delivery}' AND name = '{NEWEST}'"
    )
    await place.sql(
        f"DELETE FROM evidence WHERE event = '{row['id']}'",
        f"DELETE FROM events WHERE id = '{row['id']}'",
        "UPDATE deliveries d SET state = 'awaiting_acceptance', sequence = e.sequence,"
        " last_event_at = e.happened_at FROM events e WHERE e.delivery = d.id"
        f" AND d.id = '{delivery}' AND e.name = 'NotificationForAcceptance'",
        "INSERT INTO outbox (kind, task, delivery, next_try)"
        f" VALUES ('job', 'expire', '{delivery}', now() + interval '3 days')",
    )
    return "evd_" + row["id"][4:]


async def test_an_event_that_is_deleted_from_the_tables_stays_in_the_log(world, place) -> None:
    await undo_the_refusal(place, world.deliveries["refused"])
    said = await place.audit(world)
    assert (said.code, said.failed) == (1, {"one-evidence-each"}), said.text
    # The log still says that it happened; only its sender and recipient know that it is gone.
    assert (await audit_log(str(place.log), world.trust)).code == 0
    assert (await verify(world.outside, world.kept("sender", "refused"))).code == 0


async def test_an_event_that_is_deleted_from_the_log_too_contradicts_every_kept_head(
    world, place, neighbour, tmp_path
) -> None:
    cheater = Cheater(place)
    gone = await undo_the_refusal(place, world.deliveries["refused"])
    before = await cheater.entries()
    head = await cheater.rebuild([one for one in before if one.evidence != gone])
    cheater.forget_seals(lambda line: _digest_of(before, gone) not in line)
    said = await place.audit(world)
    assert (said.code, said.failed) == (0, set()), said.text  # the operator's own books agree
    await nobody_new_sees_it_who_trusts_the_operator_alone(world, place)
    await whoever_kept_a_head_sees_it(world, place, tmp_path, "refused")
    await the_witness_does_not_vouch_for_it(cheater, neighbour, head)


async def test_an_event_in_the_middle_that_is_deleted_leaves_a_gap(world, place) -> None:
    cheater = Cheater(place)
    entries = await cheater.entries()
    lost = await evidence_ids(place, world.deliveries["lost"])
    place_of = [n for n, one in enumerate(entries) if one.evidence in lost][1]
    await cheater.rebuild([*entries[:place_of], *entries[place_of + 1 :]])
    said = await audit_log(str(place.log), world.trust)
    assert said.code == 1, said.text
    assert "sequences" in said.failed


async def test_a_letter_deleted_with_all_its_traces_is_proven_by_what_others_kept(
    world, place, neighbour, tmp_path
) -> None:
    delivery = world.deliveries["lost"]
    cheater = Cheater(place)
    gone = await evidence_ids(place, delivery)
    entries = await cheater.entries()
    pseudonyms = {parse_entry(one.entry).pseudonym for one in entries if one.evidence in gone}
    ((letter, _),) = await place.sql(f"SELECT letter, id FROM deliveries WHERE id = '{delivery}'")
    evidence = ", ".join(f"'{one}'" for one in gone)
    events = ", ".join(f"'evt_{one[4:]}'" for one in gone)
    await place.sql(
        f"DELETE FROM receipts WHERE evidence IN ({evidence})",
        f"DELETE FROM evidence WHERE event IN ({events})",
        f"DELETE FROM events WHERE delivery = '{delivery}'",
        f"DELETE FROM releases WHERE delivery = '{delivery}'",
        f"DELETE FROM outbox WHERE delivery = '{delivery}'",
        f"DELETE FROM idempotency WHERE letter = '{letter}'",
        f"DELETE FROM documents WHERE letter = '{letter}'",
        f"DELETE FROM deliveries WHERE id = '{delivery}'",
        f"DELETE FROM letters WHERE id = '{letter}'",
    )
    head = await cheater.rebuild([one for one in entries if one.evidence not in gone])
    cheater.forget_seals(lambda line: line.split()[1] not in pseudonyms)
    said = await place.audit(world)
    assert (said.code, said.failed) == (0, set()), said.text
    await nobody_new_sees_it_who_trusts_the_operator_alone(world, place)
    await whoever_kept_a_head_sees_it(world, place, tmp_path, "lost")
    await the_witness_does_not_vouch_for_it(cheater, neighbour, head)
    # What both parties have holds for ever, and the receipt is enough by itself.
    assert (await verify(world.outside, world.kept("recipient", "lost"))).code == 0
    assert (await verify(world.outside, world.folder / "receipt.pdf")).code == 0


async def nobody_new_sees_it_who_trusts_the_operator_alone(world, place) -> None:
    assert (await audit_log(str(place.log), world.trust)).code == 0


async def whoever_kept_a_head_sees_it(world, place, tmp_path, name: str) -> None:
    """The auditor by its state, the sender by his proofs; who asks for a witness finds none."""
    state = kept(world.head("today"), tmp_path)
    said = await audit_log(str(place.log), world.trust, state=state)
    assert (said.code, said.failed) == (1, {"append-only"}), said.text
    assert state.with_name(state.name + ".contradiction").exists()
    said = await audit_log(str(place.log), world.outside)
    assert (said.code, said.unknown - {"append-only"}) == (2, {"anchored"}), said.text
    async with served(place.log, world.anchored) as url:  # the real anchored head shown beside it
        said = await audit_log(url, world.outside)
    assert (said.code, said.unknown - {"append-only"}) == (2, {"anchored"}), said.text
    (proof, *_) = sorted(world.kept("sender", name).glob("*.tlog-proof"))[-1:]
    said = await audit_log(str(place.log), world.trust, state=head_in(proof, tmp_path / "sent"))
    assert (said.code, said.failed) == (1, {"append-only"}), said.text
    assert (await verify(world.outside, world.kept("sender", name))).code == 0


async def the_witness_does_not_vouch_for_it(cheater, neighbour, head) -> None:
    """Neither for the shorter log, nor when it has grown beyond the one that the witness knows."""
    assert await ask_witness(neighbour.url, head.note, old_size=neighbour.size) != 200
    one = (await cheater.entries())[0]
    grown = await cheater.append(
        [Logged(evidence=None, entry=one.entry)] * (neighbour.size + 1 - head.size)
    )
    proof = await cheater.consistency(neighbour.size, grown.size)
    assert await ask_witness(neighbour.url, grown.note, old_size=neighbour.size, proof=proof) == 422


def _digest_of(entries: list[Logged], evidence: str) -> str:
    (entry,) = [one.entry for one in entries if one.evidence == evidence]
    return parse_entry(entry).digest.hex()


async def test_a_log_forked_for_one_auditor_is_found_by_any_head_from_elsewhere(
    world, place, neighbour, tmp_path
) -> None:
    cheater = Cheater(place)
    entries = await cheater.entries()
    real = (place.log / "checkpoint").read_bytes()
    # Another history of the same size: the newest evidence is other than what was sealed first.
    number = max(n for n, one in enumerate(entries) if one.evidence is not None)
    _, facts = await cheater.evidence(world.deliveries["last"], "ContentConsignment")
    assert entries[number].evidence == facts.id
    other = cheater.seal(replace(facts, letter_number="ดศ 0201/9999"))
    await cheater.replace_evidence(other)
    entries[number] = Logged(evidence=entries[number].evidence, entry=other.log_entry)
    head = await cheater.rebuild(entries)
    assert (head.size, head.note == real) == (size_of(real), False)

    async with served(place.log) as url:
        # Who comes without memory and asks for no outsider is taken in.
        assert (await audit_log(url, world.trust)).code == 0
        said = await audit_log(url, world.outside)
        assert (said.code, said.unknown - {"append-only"}) == (2, {"anchored"}), said.text
        for elsewhere in (
            kept(world.head("today"), tmp_path),  # his own, or another auditor's
            await witnessed(neighbour.url, tmp_path / "the witness's"),
            head_in(world.proof("last", "ContentConsignment"), tmp_path / "the sender's"),
        ):
            said = await audit_log(url, world.trust, state=elsewhere)
            assert (said.code, said.failed) == (1, {"append-only"}), said.text
    async with served(place.log, world.anchored) as url:
        said = await audit_log(url, world.outside)
        assert (said.code, said.failed) == (1, {"anchored"}), said.text
    # The two heads beside each other, offline.
    heads = (tmp_path / "head-a", tmp_path / "head-b")
    for path, note in zip(heads, (real, head.note), strict=True):
        path.write_bytes(note)
    said = await verify(world.trust, *heads)
    assert (said.code, said.failed) == (1, {"checkpoint"}), said.text
    # Two parties who compare what they were given of one event; each is sound by itself.
    mine = world.evidence("sender", "last", "ContentConsignment")
    theirs = tmp_path / mine.name
    theirs.write_bytes(other.xml)
    theirs.with_suffix(".tlog-proof").write_bytes(await cheater.proof(other.id, head))
    assert (await verify(world.trust, mine)).code == 0
    assert (await verify(world.trust, theirs)).code == 0
    said = await verify(world.trust, mine, theirs)
    assert (said.code, said.failed) == (1, {"checkpoint", "sequence"}), said.text
    # The witness does not vouch for it, keeps both heads, and tells its operator.
    assert not (await neighbour.health())["two_histories"]
    assert await ask_witness(neighbour.url, head.note, old_size=neighbour.size) == 422
    assert (await neighbour.health())["two_histories"]
    assert list(neighbour.state.rglob("*contradiction*"))


async def test_a_stale_head_is_found_by_whoever_saw_a_newer_one(
    world, yesterday, neighbour, tmp_path
) -> None:
    async with served(yesterday.log) as url:
        # The one who is shown it for ever, and saw nothing newer, is taken in.
        state = kept(world.head("yesterday"), tmp_path)
        assert (await audit_log(url, world.trust, state=state)).code == 0
        for newer in (
            kept(world.head("today"), tmp_path),
            await witnessed(neighbour.url, tmp_path / "the witness's"),
            head_in(world.proof("last", "ContentConsignment"), tmp_path / "the sender's"),
        ):
            said = await audit_log(url, world.trust, state=newer)
            assert (said.code, said.failed) == (1, {"append-only"}), said.text


async def test_a_watcher_alarms_when_the_log_is_rewritten_or_stands_still(
    world, place, tmp_path
) -> None:
    shown, quiet = tmp_path / "shown", tmp_path / "quiet"
    for folder in (shown, quiet):
        shutil.copytree(place.log, folder)
    cheater = Cheater(place)
    entries = await cheater.entries()
    await cheater.rebuild([*entries[:-2], entries[-1], entries[-2]])
    async with (
        watching(shown, world.trust, tmp_path / "one") as one,
        watching(quiet, world.trust, tmp_path / "other", "--stale", "1") as other,
    ):
        await one.looked()
        shutil.copytree(place.log, shown, dirs_exist_ok=True)
        said = await one.ended()
        assert (said.code, "forked" in said.text) == (1, True), said.text
        said = await other.ended()
        assert (said.code, "stale" in said.text) == (1, True), said.text
