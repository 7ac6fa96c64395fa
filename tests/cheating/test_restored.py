"""Yesterday's database in place of today's: what was sealed since is not in it any more."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from holders import ask_witness, audit, audit_log, kept, served, verify
from operator_with_keys import Cheater, Logged, publication

from signing.sealer.client import SealerClient
from storage.database import open_database
from tdh.domain.errors import LogDiverged
from tdh.roles import sealer_command


@contextmanager
def sealer(place) -> Iterator[SealerClient]:
    """The real sealer's program on the place's keys and memory."""
    command = sealer_command(place.config)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "ready" in process.stderr.readline()
        yield SealerClient(place.config.sealer.socket, timeout_seconds=5.0)
        process.terminate()


async def test_a_sealer_that_remembers_signs_no_second_history(
    world, place, yesterday, tmp_path
) -> None:
    # Sealer's state, log's files and vault are today's; the database is yesterday's.
    restored = replace(place, dsn=yesterday.dsn)
    said = await restored.audit(world)
    assert (said.code, said.failed) == (1, {"log-files"}), said.text
    async with served(restored.log) as url:
        said = await audit(restored.settings, world.trust, "--log", url, "--database")
    assert (said.code, {"log-files", "served-head"} <= said.failed) == (1, True), said.text
    # The sequencer stops before it has changed anything.
    database = await open_database(restored.dsn, application_name="test")
    with sealer(restored) as client:
        with pytest.raises(LogDiverged, match="signed up to"):
            await publication(database, client, restored.log).round()
        await client.close()
    await database.close()


async def test_a_sealer_whose_memory_is_restored_too_is_found_by_every_kept_head(
    world, yesterday, neighbour, tmp_path
) -> None:
    said = await yesterday.audit(world)
    assert (said.code, said.failed) == (0, set()), said.text
    assert (await audit_log(str(yesterday.log), world.trust)).code == 0
    said = await audit_log(
        str(yesterday.log), world.trust, state=kept(world.head("today"), tmp_path)
    )
    assert (said.code, said.failed) == (1, {"append-only"}), said.text
    assert "rewound" in said.text

    # And when life goes on differently until the log is as long as it was.
    cheater = Cheater(yesterday)
    entries = await cheater.entries()
    others = [Logged(evidence=None, entry=entries[0].entry)] * (neighbour.size - len(entries) + 1)
    head = await cheater.append(others)
    proof = await cheater.consistency(neighbour.size, head.size)
    said = await ask_witness(neighbour.url, head.note, old_size=neighbour.size, proof=proof)
    assert said == 422
    said = await audit_log(
        str(yesterday.log), world.trust, state=kept(world.head("today"), tmp_path)
    )
    assert (said.code, "append-only" in said.failed) == (1, True), said.text
    assert "forked" in said.text
    # What was accepted in between is proven by those who have it.
    assert (await verify(world.outside, world.kept("sender", "lost"))).code == 0
