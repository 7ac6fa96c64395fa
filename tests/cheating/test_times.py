"""Cheats with time: events dated back, and timestamps used for what they were not made for.

What the operator's own clock says is its word. An outsider's time over a head says by when all
below it existed, never since when: an event that is dated back is in no head as old as it says.
"""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from holders import PASS, ask_witness, audit_log, head_in, kept, run, verify
from operator_with_keys import Cheater, Logged, own_token

from signing.checkpoint import without_cosignatures
from tdh.domain.identifiers import evidence_of, letter_month
from tdh.system import RandomIds

EVENTS = ("SubmissionAcceptance", "ContentConsignment")


async def add_letter(cheater: Cheater, of: str, back: timedelta) -> tuple[list[Logged], str]:
    """A letter that never was, made of another one, dated back and sealed with the real key."""
    place, ids, now = cheater.place, RandomIds(), datetime.now(UTC)
    (row,) = await place.sql(f"SELECT * FROM deliveries WHERE id = '{of}'")
    # An id has its milliseconds; the month of the tables is that of the original, which is there.
    letter = ids.letter(now)
    assert letter_month(letter) == row["letter_month"], "the month has just ended"
    delivery, pseudonym, tracking = ids.delivery(letter), ids.pseudonym(), ids.tracking()
    other = {"pseudonym": pseudonym, "tracking": tracking, "id": delivery, "letter": letter}
    await place.sql(*_copies(row["letter"], of, other, back))
    await cheater.put_document(letter, await cheater.document(row["letter"]))
    entries = []
    for name in EVENTS:
        _, facts = await cheater.evidence(of, name)
        event = ids.event(delivery)
        own = dict(facts.particulars) | {"delivery": delivery, "tracking": tracking}
        own.pop("envelope")  # as evidence was before it sealed one
        if "holding-until" in own:
            own["holding-until"] = (row["holding_until"] - back).isoformat()
        made = replace(
            facts,
            id=evidence_of(event),
            time=facts.time - back,
            pseudonym=pseudonym,
            submitted_at=facts.submitted_at - back,
            message=letter,
            particulars=tuple(own.items()),
        )
        sealed = cheater.seal(made)
        await cheater.add_event(delivery, made, sealed)
        entries.append(Logged(evidence=sealed.id, entry=sealed.log_entry))
    return entries, delivery


def _copies(old: str, of: str, other: dict[str, str], back: timedelta) -> list[str]:
    """Statements that copy a letter and one delivery of it under other names."""
    letter, before = other["letter"], f"- interval '{back.total_seconds()} s'"
    names = ", ".join(f"{name} = '{value}'" for name, value in other.items())
    return [
        statement
        for table, where, changes in (
            ("letters", f"id = '{old}'", f"id = '{letter}', submitted_at = submitted_at {before}"),
            ("documents", f"letter = '{old}'", f"letter = '{letter}'"),
            ("idempotency", f"letter = '{old}'", f"letter = '{letter}', key = '{letter}'"),
            ("deliveries", f"id = '{of}'", f"{names}, holding_until = holding_until {before}"),
        )
        for statement in (
            f"CREATE TEMP TABLE made AS SELECT * FROM {table} WHERE {where}",
            f"UPDATE made SET {changes}",
            f"INSERT INTO {table} SELECT * FROM made",
            "DROP TABLE made",
        )
    ] + [
        (
            "INSERT INTO outbox (kind, task, delivery, next_try)"
            f" VALUES ('job', 'end-holding', '{other['id']}', now() + interval '3 days')"
        )
    ]


async def add_and_publish(world, place, back: timedelta, tmp_path) -> tuple[Cheater, object, str]:
    """The forged letter in the log, whose head's own timestamp is dated back, too."""
    cheater = Cheater(place)
    entries, delivery = await add_letter(cheater, world.deliveries["last"], back)
    head = await cheater.append(entries, ago=back)
    xml, _ = await cheater.evidence(delivery, EVENTS[0])
    forged = tmp_path / "forged" / f"01-{EVENTS[0]}.xml"
    forged.parent.mkdir()
    forged.write_bytes(xml)
    forged.with_suffix(".tlog-proof").write_bytes(await cheater.proof(entries[0].evidence, head))
    (forged.parent / "checkpoint.tsr").write_bytes(head.token)
    return cheater, head, forged


async def test_a_letter_dated_back_by_half_an_hour_is_late_in_the_log(
    world, place, neighbour, tmp_path
) -> None:
    cheater, head, forged = await add_and_publish(world, place, timedelta(minutes=30), tmp_path)
    said = await place.audit(world)
    assert said.code == 1
    assert {"entry-times", "head-tokens"} <= said.failed, said.text
    # Everybody who reads the log sees it; it extends all that was there before, so the witness
    # vouches for the head, and by its line says when it saw it.
    state = kept(world.head("today"), tmp_path)
    said = await audit_log(str(place.log), world.trust, state=state)
    assert (said.code, said.failed) == (1, {"entry-times"}), said.text
    proof = await cheater.consistency(neighbour.size, head.size)
    said = await ask_witness(neighbour.url, head.note, old_size=neighbour.size, proof=proof)
    assert said == 200
    # Who has the forged evidence alone, and believes the operator, believes it.
    assert (await verify(world.trust, forged)).code == 0
    # An outsider vouches for it by now, not by then.
    said = await verify(world.outside, forged)
    assert (said.code, said.unknown) == (2, {"anchor"}), said.text


async def test_a_letter_dated_back_by_minutes_shows_in_the_database_only(
    world, place, tmp_path
) -> None:
    await add_and_publish(world, place, timedelta(minutes=5), tmp_path)
    said = await place.audit(world)
    assert (said.code, "head-tokens" in said.failed) == (1, True), said.text
    assert (await audit_log(str(place.log), world.trust)).code == 0


async def test_a_letter_dated_back_before_the_seals_certificate_has_no_valid_seal(
    world, place, tmp_path
) -> None:
    _, _, forged = await add_and_publish(world, place, timedelta(hours=3), tmp_path)
    said = await verify(world.trust, forged)
    assert said.code == 1, said.text
    assert "certificate" in said.failed


async def test_a_letter_dated_back_by_seconds_is_found_by_nobody(world, place, tmp_path) -> None:
    cheater = Cheater(place)
    entries, _ = await add_letter(cheater, world.deliveries["last"], timedelta(seconds=2))
    await cheater.append(entries)
    said = await place.audit(world)
    assert (said.code, said.failed) == (0, set()), said.text
    assert (await audit_log(str(place.log), world.trust)).code == 0


async def test_a_timestamp_of_another_head_vouches_for_nothing(world, tmp_path) -> None:
    folder = tmp_path / "kept"
    shutil.copytree(world.kept("sender", "last"), folder)
    evidence = next(folder.glob(f"*-{EVENTS[0]}.xml"))
    said = await verify(world.authority_only, evidence)
    assert (said.code, "anchor" in said.named(PASS)) == (0, True), said.text
    # The authority's token and the archive record are those of yesterday's head and evidence.
    (old,) = [*world.kept("sender", "old").glob(f"*-{EVENTS[0]}.xml")]
    for token in folder.glob("*-openssl.tsr"):
        token.write_bytes(next(world.kept("sender", "old").glob("*-openssl.tsr")).read_bytes())
    evidence.with_suffix(".ers").unlink()
    said = await verify(world.authority_only, evidence)
    assert (said.code, said.unknown) == (0, {"anchor"}), said.text
    assert "operator" in said.text
    said = await run(
        "verify", "--require-anchor", "--trust", str(world.authority_only), str(evidence)
    )
    assert said.code == 2, said.text
    # An archive record of another evidence is not only worth nothing: it is wrong.
    evidence.with_suffix(".ers").write_bytes(old.with_suffix(".ers").read_bytes())
    said = await verify(world.authority_only, evidence)
    assert (said.code, said.failed) == (1, {"timestamp"}), said.text


async def test_an_own_timestamp_from_before_the_event_is_a_contradiction(
    world, place, tmp_path
) -> None:
    cheater = Cheater(place)
    folder = tmp_path / "kept"
    shutil.copytree(world.kept("sender", "last"), folder)
    evidence = next(folder.glob(f"*-{EVENTS[0]}.xml"))
    note = head_in(evidence.with_suffix(".tlog-proof"), tmp_path / "head").read_bytes()
    early = datetime.now(UTC) - timedelta(minutes=30)
    own = own_token(cheater.keys, without_cosignatures(note), early)
    for token in folder.glob("checkpoint*.tsr"):
        if "openssl" not in token.name:
            token.write_bytes(own)
    said = await verify(world.trust, evidence)
    assert (said.code, said.failed) == (1, {"timestamp"}), said.text
    # In the operator's own books it is older than that of a smaller head.
    async with place.connected() as connection:
        await connection.execute(
            "UPDATE log_heads SET token = $1 WHERE size = (SELECT max(size) FROM log_heads)", own
        )
    said = await place.audit(world)
    assert (said.code, said.failed) == (1, {"head-tokens"}), said.text
