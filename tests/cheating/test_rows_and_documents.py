"""Cheats in the database and the vault that leave the log alone."""

import hashlib
from dataclasses import replace

from holders import audit_log, kept, run, verify
from honest_world import as_client, serving
from operator_with_keys import Cheater, Logged

from tests.installation import CITIZEN

LETTER = "(SELECT letter FROM deliveries WHERE id = '{}')"


async def test_a_changed_subject_is_not_the_sealed_envelope(world, place) -> None:
    letter = LETTER.format(world.deliveries["lost"])
    await place.sql(f"UPDATE letters SET subject = 'แจ้งผลอื่น' WHERE id = {letter}")
    said = await place.audit(world)
    assert (said.code, said.failed) == (1, {"evidence-seals"}), said.text
    await _strangers_see_nothing(world, place)


async def test_a_changed_recipient_is_not_whom_the_evidence_names(world, place) -> None:
    await place.sql(
        "UPDATE deliveries SET recipient = (SELECT id FROM parties WHERE id NOT IN"
        f" (recipient, sender) LIMIT 1) WHERE id = '{world.deliveries['lost']}'"
    )
    said = await place.audit(world)
    assert (said.code, said.failed) == (1, {"evidence-seals"}), said.text
    await _strangers_see_nothing(world, place)


async def test_a_changed_verdict_is_not_the_sealed_one(world, place) -> None:
    letter = LETTER.format(world.deliveries["lost"])
    await place.sql(
        "UPDATE documents SET verdict = jsonb_set(verdict, '{indication}', '\"TOTAL_FAILED\"')"
        f" WHERE letter = {letter}"
    )
    said = await place.audit(world)
    assert (said.code, said.failed) == (1, {"evidence-seals"}), said.text
    await _strangers_see_nothing(world, place)


async def _strangers_see_nothing(world, place) -> None:
    """Rows are not in the log; and files that were kept stay what they are."""
    assert (await audit_log(str(place.log), world.trust)).code == 0
    assert (await verify(world.outside, world.kept("sender", "lost"))).code == 0


async def test_an_evidence_that_was_sealed_again_is_not_the_logged_one(
    world, place, tmp_path
) -> None:
    cheater = Cheater(place)
    _, facts = await cheater.evidence(world.deliveries["lost"], "ContentHandover")
    forged = cheater.seal(replace(facts, letter_number="ดศ 0201/9999"))
    await cheater.replace_evidence(forged)
    said = await place.audit(world)
    assert said.code == 1
    assert {"evidence-entries", "evidence-seals"} <= said.failed, said.text

    # Who is given the forged one gets a proof that is not its own.
    real = world.evidence("sender", "lost", "ContentHandover")
    given = tmp_path / real.name
    given.write_bytes(forged.xml)
    given.with_suffix(".tlog-proof").write_bytes(real.with_suffix(".tlog-proof").read_bytes())
    said = await verify(world.outside, given)
    assert (said.code, said.failed) == (1, {"digest", "inclusion"}), said.text
    # The log has not changed, so it tells a stranger nothing.
    assert (await audit_log(str(place.log), world.trust)).code == 0


async def test_an_evidence_that_is_sealed_and_logged_again_contradicts_the_first(
    world, place, tmp_path
) -> None:
    cheater = Cheater(place)
    _, facts = await cheater.evidence(world.deliveries["lost"], "ContentHandover")
    forged = cheater.seal(replace(facts, letter_number="ดศ 0201/9999"))
    await cheater.replace_evidence(forged)
    await cheater.append([Logged(evidence=None, entry=forged.log_entry)])
    said = await place.audit(world)
    assert (said.code, {"sequences", "evidence-entries"} <= said.failed) == (1, True), said.text
    # Whoever reads the log sees two of the same number; the witness does not read entries.
    said = await audit_log(str(place.log), world.trust, state=kept(world.head("today"), tmp_path))
    assert (said.code, said.failed) == (1, {"sequences", "contradictions"}), said.text


async def test_another_document_in_the_vault_is_not_the_sealed_one(world, place, tmp_path) -> None:
    cheater = Cheater(place)
    deliveries = [world.deliveries[name] for name in ("other", "last")]
    letters = [await place.letter(each) for each in deliveries]
    forged = [(await cheater.document(each))[:-8] + b"% other\n" for each in letters]
    for letter, content in zip(letters, forged, strict=True):
        await cheater.put_document(letter, content)
    said = await place.audit(world)
    assert (said.code, said.failed) == (1, {"documents"}), said.text
    # Of the second letter the digest in the tables is changed, too.
    digest = hashlib.sha256(forged[1]).hexdigest()
    await place.sql(f"UPDATE documents SET digest = '\\x{digest}' WHERE letter = '{letters[1]}'")
    said = await place.audit(world)
    assert (said.code, said.failed) == (1, {"documents", "evidence-seals"}), said.text

    received, bundle = tmp_path / "received", tmp_path / "letter.asice"
    async with serving(place) as here:
        said = await run("receive", "--to", str(received), **as_client(here, CITIZEN))
        # The recipient's program keeps nothing that has another digest than it was told; but it
        # believes what it is told.
        assert (said.code, "wrong digest" in said.text) == (1, True), said.text
        assert not list((received / deliveries[0]).glob("*.pdf"))
        (kept_one,) = (received / deliveries[1]).glob("*.pdf")
        assert kept_one.read_bytes() == forged[1]
        said = await run("bundle", deliveries[1], "-o", str(bundle), **as_client(here, CITIZEN))
        assert said.code == 0, said.text
    # A bundle of it shows what happened: the sealed evidence names the real document.
    said = await verify(world.outside, bundle)
    assert (said.code, "digest" in said.failed) == (1, True), said.text
