"""What the supervisor tells the processes that it starts."""

import asyncio
import sys

from tdh.roles import Part, Supervisor

SAYS = "import os, pathlib, sys; pathlib.Path(sys.argv[1]).write_text(' '.join(sorted(os.environ)))"


async def environment_of(file, **part):
    part = Part(name="one", command=(sys.executable, "-c", SAYS, str(file)), **part)
    environment = {"PATH": "/usr/bin", "TDH_DATABASE__DSN": "secret", "TDH_CRASH_POINT": "x"}
    supervisor = Supervisor([part], environment=environment)
    await supervisor.start()
    async with asyncio.timeout(20):
        while not file.exists() or not file.read_text():  # noqa: ASYNC110 - another process writes
            await asyncio.sleep(0.02)
    await supervisor.stop()
    return set(file.read_text().split())


async def test_a_part_that_reads_no_settings_is_told_no_password(tmp_path):
    told = await environment_of(tmp_path / "told", reads_settings=False)
    assert {"PATH", "TDH_CRASH_POINT"} <= told
    assert "TDH_DATABASE__DSN" not in told


async def test_the_other_parts_are_told_all(tmp_path):
    assert {"TDH_DATABASE__DSN", "TDH_PARENT_PID"} <= await environment_of(tmp_path / "told")
