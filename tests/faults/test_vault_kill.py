"""kill -9 at every point of the vault, and at random: what was kept is there, whole.

Run as a program, this file is the process that gets killed.
"""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from storage.vault.crash_points import CRASH_POINTS, no_crash
from storage.vault.keys import FileKeyService
from storage.vault.vault import Vault
from tdh.domain.commands import StoredDocument
from tdh.domain.identifiers import LetterId

ROOT = Path(__file__).parents[2]
NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)
LARGE = 9 << 20


def content(letter: str, number: int, size: int) -> bytes:
    seed = f"{letter}/{number}"
    return random.Random(seed).randbytes(size)  # noqa: S311 - test data, the same in each run


async def keep(vault: Vault, letter: str, month: date, sizes: list[int]) -> str:
    """Keep a letter; one line of JSON that finds it again."""
    async with vault.begin(LetterId(letter), month) as writer:
        for number, size in enumerate(sizes):
            document = writer.document(number)
            await document.write(content(letter, number, size))
            await document.finish()
        stored = await writer.keep()
    documents = [
        [s.number, s.segment, s.offset, s.length, size]
        for s, size in zip(stored, sizes, strict=True)
    ]
    return json.dumps([letter, b64encode(writer.wrapped_key).decode(), documents])


async def assert_readable(vault: Vault, line: str) -> None:
    letter, wrapped, documents = json.loads(line)
    for number, segment, offset, length, size in documents:
        stored = StoredDocument(number=number, segment=segment, offset=offset, length=length)
        frames = vault.read(LetterId(letter), b64decode(wrapped), stored)
        assert b"".join([frame async for frame in frames]) == content(letter, number, size)


def start(folder: Path, what: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, __file__, str(folder), what],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("stores", [1, 2])
@pytest.mark.parametrize("point", CRASH_POINTS)
async def test_a_process_killed_at_a_point_takes_no_kept_letter_with_it(
    tmp_path: Path, point: str, stores: int
) -> None:
    child = start(tmp_path, f"{point}@{stores}")
    output, _ = child.communicate(timeout=60)
    assert child.returncode == -signal.SIGKILL, "the point was reached"
    (kept,) = output.splitlines()
    vault = open_vault(tmp_path, stores)
    await assert_readable(vault, kept)
    after = await keep(vault, "ltr_after", DECEMBER, [1000, LARGE])
    await assert_readable(vault, after)
    await vault.close()


@pytest.mark.parametrize("seed", range(5))
async def test_a_process_killed_at_any_instant_takes_no_kept_letter_with_it(
    tmp_path: Path, seed: int
) -> None:
    child = start(tmp_path, "until-killed@1")
    assert child.stdout is not None
    first = child.stdout.readline()
    await asyncio.sleep(random.Random(seed).uniform(0.05, 0.4))  # noqa: S311 - a test's delay
    child.kill()
    lines = (first + child.stdout.read()).splitlines(keepends=True)
    child.stdout.close()
    child.wait(timeout=60)
    vault = open_vault(tmp_path, 1)
    for line in lines:
        if line.endswith("\n"):
            await assert_readable(vault, line)
    await vault.close()


def open_vault(folder: Path, stores: int, crash: "Armed | None" = None) -> Vault:
    point = no_crash if crash is None else crash
    return Vault(
        folder / "vault",
        FileKeyService(folder / "keys", crash=point),
        extra_folders=[folder / f"vault-{number}" for number in range(1, stores)],
        segment_bytes=1 << 20,
        crash=point,
    )


class Armed:
    """Ends this process at one crash point, once armed."""

    def __init__(self, point: str) -> None:
        self.point, self.armed = point, False

    def __call__(self, name: str) -> None:
        if self.armed and name == self.point:
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)  # a signal to oneself in a thread may take an instant


async def keep_then_die(folder: Path, point: str, stores: int) -> None:
    armed = Armed(point)
    vault = open_vault(folder, stores, armed)
    sys.stdout.write(await keep(vault, "ltr_before", NOVEMBER, [1000, 900_000, LARGE]) + "\n")
    sys.stdout.flush()
    armed.armed = True
    await keep(vault, "ltr_killed", DECEMBER, [900_000, LARGE])


async def keep_until_killed(folder: Path) -> None:
    vault = open_vault(folder, 1)

    async def sender(name: int) -> None:
        for number in range(100_000):
            size = LARGE if number % 20 == 1 and name == 0 else 20_000
            line = await keep(vault, f"ltr_{name}_{number}", NOVEMBER, [size, 10])
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

    await asyncio.gather(*(sender(name) for name in range(8)))


def main(arguments: Iterator[str]) -> None:
    folder = Path(next(arguments))
    what, _, stores = next(arguments).partition("@")
    if what == "until-killed":
        asyncio.run(keep_until_killed(folder))
    else:
        asyncio.run(keep_then_die(folder, what, int(stores)))


if __name__ == "__main__":
    main(iter(sys.argv[1:]))
