"""The sealer is killed at any moment while it stamps: no serial number ever comes twice."""

import asyncio
import hashlib
import random
from contextlib import suppress
from pathlib import Path

from sealer_program import SealerProgram, now

from signing.sealer.serials import RANDOM_BITS
from signing.timestamps import TimestampRequest, verify_token
from tdh.domain.errors import SealingUnavailable

KILLS = 5


async def stamping(program: SealerProgram, serials: list[int]) -> None:
    """Take timestamps until the sealer is gone."""
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(_stamping(program, serials))


async def _stamping(program: SealerProgram, serials: list[int]) -> None:
    client = program.client()
    with suppress(SealingUnavailable):
        while True:
            digest = hashlib.sha384(str(len(serials)).encode()).digest()
            token = await client.stamp(TimestampRequest.over(digest), now())
            serials.append(verify_token(token, digest, [program.tsa_root]).serial)
    await client.close()


async def test_no_serial_number_comes_twice_over_kills(tmp_path: Path) -> None:
    serials: list[int] = []
    chance = random.Random(4)  # noqa: S311 - moments, not secrets
    with SealerProgram(tmp_path) as program:
        for round_number in range(KILLS):
            program.start()
            stamped = len(serials)
            loop = asyncio.get_running_loop()
            loop.call_later(chance.uniform(0.05, 0.3), program.kill)
            await stamping(program, serials)
            assert len(serials) > stamped, f"nothing was stamped in round {round_number}"
    counters = [serial >> RANDOM_BITS for serial in serials]
    assert len(set(counters)) == len(counters)
