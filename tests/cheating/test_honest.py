"""Before anybody cheats, every holder finds everything right: a test of the tests."""

from holders import audit_log, verify

DELIVERIES = ("old", "lost", "refused", "last")


async def test_everybody_finds_an_honest_installation_right(world, place) -> None:
    said = await place.audit(world)
    assert (said.code, said.failed) == (0, set()), said.text
    said = await audit_log(str(place.log), world.trust)
    assert said.code == 0, said.text
    folders = [world.kept("sender", name) for name in DELIVERIES]
    said = await verify(world.outside, *folders, world.folder / "receipt.pdf")
    assert said.code == 0, said.text
    assert (await verify(world.outside, world.kept("recipient", "lost"))).code == 0
