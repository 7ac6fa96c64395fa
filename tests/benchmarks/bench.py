"""`make bench`: letters a second through the whole life, beside what the machine does at best.

Everything is real: signed PDF, judge, vault, sealer, PostgreSQL, RabbitMQ, log. The load comes
from this process, on the same cores. The last line is the path of a JSON file.
"""

import argparse
import asyncio
import json
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from tdh.local.postgres import PostgresServer
from tdh.local.rabbitmq import RabbitServer
from tdh.local.servers import start_together
from tests.benchmarks import yardsticks
from tests.benchmarks.load import Load, Result
from tests.benchmarks.processes import Usage, usage_of
from tests.installation import Installation, installation
from tests.pki.make import sign_pdf, simple_pdf

RESULTS = Path(__file__).resolve().parents[2] / "bench-results"
DOCUMENT_BYTES = 100_000
SENDERS = 16
API_PROCESSES = 2
EVENTS = ["SubmissionAcceptance", "ContentConsignment", "ContentAccessTracking", "ContentHandover"]


def main() -> int:
    """Measure, print, write the JSON file."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a few seconds instead of half a minute"
    )
    seconds = 4.0 if parser.parse_args().quick else 30.0
    postgres, rabbitmq = PostgresServer(), RabbitServer()
    try:
        start_together(rabbitmq, postgres)
        figures = asyncio.run(_measure(postgres, rabbitmq, seconds))
    finally:
        postgres.close()
        rabbitmq.close()
    _print(figures)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(path)
    return 0


async def _measure(postgres: PostgresServer, rabbitmq: RabbitServer, seconds: float) -> dict:
    _say("yardsticks")
    yard = yardsticks.yard_seconds()
    async with installation(postgres.dsn, rabbitmq, api_processes=API_PROCESSES) as here:
        figures = {
            "machine": f"{platform.machine()}, Python {platform.python_version()}",
            "yardsticks": {
                "p256_verify_us": yard * 1e6,
                "fdatasync_us": yardsticks.fdatasync_seconds(here.folder) * 1e6,
                "commit_us": await yardsticks.commit_seconds(here.dsn) * 1e6,
                "confirmed_publish_us": 1e6
                * await yardsticks.confirmed_publish_seconds(rabbitmq.amqp_work_url),
            },
        }
        signer = here.pki.signers["good"]
        pdf = sign_pdf(simple_pdf(size=DOCUMENT_BYTES), signer, signed_at=datetime.now(UTC))
        load = Load(here, pdf)
        _say("warming up")
        await load.run(seconds=2, senders=SENDERS)
        _say("one sender at a time")
        alone = await load.run(seconds=min(seconds, 5), senders=1)
        _say(f"{SENDERS} senders for {seconds:.0f} s")
        before = _usages(here, postgres, rabbitmq)
        began = time.process_time()
        busy = await load.run(seconds=seconds, senders=SENDERS)
        client = time.process_time() - began
        after = _usages(here, postgres, rabbitmq)
        await _check(here, busy)
        figures |= {
            "document_bytes": len(pdf),
            "senders": SENDERS,
            "one_at_a_time": _outside(alone),
            "whole_life": _outside(busy),
            "cpu_yards_a_letter": {
                name: (after[name].cpu_seconds - before[name].cpu_seconds) / busy.finished / yard
                for name in after
            }
            | {"load generator": client / busy.finished / yard},
            "peak_megabytes": {name: after[name].peak_bytes / 1e6 for name in after},
        }
    return figures


def _outside(result: Result) -> dict:
    return {
        "letters": result.finished,
        "letters_per_second": result.letters_per_second,
        "submission_p50_ms": result.percentile(50) * 1e3,
        "submission_p99_ms": result.percentile(99) * 1e3,
    }


def _usages(
    here: Installation, postgres: PostgresServer, rabbitmq: RabbitServer
) -> dict[str, Usage]:
    parts = {
        "api (judge included)": [here.supervisor.pid(f"api-{n}") for n in range(API_PROCESSES)],
        "sealer": [here.supervisor.pid("sealer")],
        "dispatcher": [here.supervisor.pid("dispatcher")],
        "worker": [here.supervisor.pid("worker")],
        "sequencer": [here.supervisor.pid("sequencer")],
        "PostgreSQL": list(postgres.processes),
        "RabbitMQ": list(rabbitmq.processes),
    }
    return {name: usage_of([pid for pid in pids if pid]) for name, pids in parts.items()}


async def _check(here: Installation, busy: Result) -> None:
    """Nothing is measured that did not happen: every letter has its four evidences, all logged."""
    connection = await asyncpg.connect(here.dsn)
    try:
        async with asyncio.timeout(30):
            while await connection.fetchval("SELECT count(*) FROM log_queue"):  # noqa: ASYNC110
                await asyncio.sleep(0.1)  # another process empties it
        states = await connection.fetch("SELECT state, count(*) FROM deliveries GROUP BY state")
        events = await connection.fetch("SELECT name, count(*) FROM events GROUP BY name")
    finally:
        await connection.close()
    deliveries = {row["state"]: row["count"] for row in states}
    counted = {row["name"]: row["count"] for row in events}
    if set(deliveries) != {"handed_over"}:
        raise RuntimeError(f"not everything was handed over: {deliveries}")
    if counted != dict.fromkeys(EVENTS, deliveries["handed_over"]):
        raise RuntimeError(f"not every letter has its evidence: {counted}")
    if busy.finished != busy.submitted:
        raise RuntimeError(f"{busy.submitted} submitted, {busy.finished} finished")


def _print(figures: dict) -> None:
    busy, alone = figures["whole_life"], figures["one_at_a_time"]
    print(f"\n{figures['machine']}; a signed PDF of {figures['document_bytes']:,} bytes")
    print(f"\n| the whole life, {figures['senders']} senders | |\n| --- | ---: |")
    print(f"| letters a second | {busy['letters_per_second']:.1f} |")
    print(f"| submission p50 | {busy['submission_p50_ms']:.0f} ms |")
    print(f"| submission p99 | {busy['submission_p99_ms']:.0f} ms |")
    print(f"| submission p50, one sender | {alone['submission_p50_ms']:.0f} ms |")
    print("\n| process | CPU a letter, yards | peak memory, MB |\n| --- | ---: | ---: |")
    for name, yards in figures["cpu_yards_a_letter"].items():
        peak = figures["peak_megabytes"].get(name)
        print(f"| {name} | {yards:.1f} | {'' if peak is None else f'{peak:.0f}'} |")
    print("\n| yardstick, same run | microseconds |\n| --- | ---: |")
    for name, value in figures["yardsticks"].items():
        print(f"| {name.removesuffix('_us').replace('_', ' ')} | {value:.0f} |")
    print()


def _say(what: str) -> None:
    print(f"… {what}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
