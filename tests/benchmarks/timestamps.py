"""What a timestamp costs: /tsa over HTTP with the real sealer behind it, and the sealer alone.

    python -m tests.benchmarks.timestamps [--quick]

CPU time of sealer and API, in *yards* (one P-256 verification from Python), and tokens a second of
a core. One connection asks at a time, so nothing is hidden by waiting. The yardstick of a token is
one P-256 signature: what no unit can do without.
"""

import argparse
import asyncio
import hashlib
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp
import structlog
from aiohttp import web
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from relay.api.body import ApiLimits
from relay.api.middleware import guard
from relay.api.tsa import QUERY, Timestamping
from relay.app import make_runner
from signing.sealer.ceremony import make_keys
from signing.sealer.client import SealerClient
from signing.timestamps import TimestampRequest, build_request
from tdh.config import Config, load
from tdh.roles import sealer_command
from tdh.timestamping import timestamp_service
from tests.benchmarks import yardsticks
from tests.benchmarks.processes import Part, Reach, cpu_seconds

LIMITS = ApiLimits(timestamps_per_second=1e9, timestamps_of_an_address=0)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer tokens")
    count = 500 if parser.parse_args().quick else 4000
    with tempfile.TemporaryDirectory() as folder:
        config = load(
            {
                "TDH_SEALER__SOCKET": f"{folder}/s",
                "TDH_SEALER__KEYS": f"{folder}/keys",
                "TDH_SEALER__STATE": f"{folder}/state",
            }
        )
        keys, origin = config.sealer.keys, config.issuer.origin
        make_keys(keys, origin=origin, organization="Benchmark", now=now())
        command = sealer_command(config)
        with subprocess.Popen(command, stderr=subprocess.PIPE) as sealer:
            assert sealer.stderr is not None
            sealer.stderr.readline()  # ready
            try:
                sys.stdout.write(asyncio.run(_measure(config, sealer.pid, count)))
            finally:
                sealer.terminate()
    return 0


def now() -> datetime:
    return datetime.now(UTC)


async def _measure(config: Config, sealer: int, count: int) -> str:
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    yard = yardsticks.yard_seconds()
    client = SealerClient(config.sealer.socket)
    query = build_request(hashlib.sha256(b"data").digest(), 2**63)
    request = TimestampRequest.over(hashlib.sha256(b"data").digest(), nonce=2**63)

    async def alone() -> None:
        await client.stamp(request, now())

    ways = {"signature": (_sign_seconds(), 0.0), "sealer alone": await _cost(sealer, count, alone)}
    stamping = Timestamping(answer=timestamp_service(client, now, None).answer, limits=LIMITS)
    async with _served(stamping) as url, aiohttp.ClientSession() as session:

        async def by_http() -> None:
            async with session.post(url, data=query, headers={"Content-Type": QUERY}) as answer:
                await answer.read()
                assert answer.status == web.HTTPOk.status_code

        ways["POST /tsa, asker included"] = await _cost(sealer, count, by_http)
    await client.close()
    lines = [f"yard: {yard * 1e6:.0f} us (one P-256 verification)\n"]
    for name, (in_sealer, beside) in ways.items():
        cost = in_sealer + beside
        lines.append(
            f"{name:26} {1 / cost:7.0f} /s and core  {cost / yard:5.2f} yards, "
            f"of these in the sealer {in_sealer / yard:5.2f}\n"
        )
    return "".join(lines)


def _sign_seconds() -> float:
    key, how = ec.generate_private_key(ec.SECP256R1()), ec.ECDSA(hashes.SHA256())
    began = time.process_time()
    for _ in range(1000):
        key.sign(b"yard", how)
    return (time.process_time() - began) / 1000


@asynccontextmanager
async def _served(stamping: Timestamping) -> AsyncIterator[str]:
    """The route on a socket, with the guard that every route has."""
    guarded = guard(limits=LIMITS, request_id=lambda: "0" * 16, monotonic=time.monotonic)
    application = web.Application(middlewares=[guarded])
    for route in stamping.routes():
        application.router.add_route(route.method, route.path, route.handler)
    runner = make_runner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/tsa"
    finally:
        await runner.cleanup()


async def _cost(
    sealer: int, count: int, once: Callable[[], Awaitable[None]]
) -> tuple[float, float]:
    """CPU seconds of one, in the sealer and in this process."""
    for _ in range(50):
        await once()
    part = Part(roots=[sealer], reach=Reach.ALONE)
    there, here = cpu_seconds(part), time.process_time()
    for _ in range(count):
        await once()
    return (cpu_seconds(part) - there) / count, (time.process_time() - here) / count


if __name__ == "__main__":
    sys.exit(main())
