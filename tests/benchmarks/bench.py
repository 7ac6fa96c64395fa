"""`make bench`: letters a second through the whole life, beside what the machine does at best.

Everything is real and set as it is installed: signed PDF, judge, vault, sealer, PostgreSQL,
RabbitMQ, log. The load comes from this process, on the same cores. What it prints are tables for
the README; the last line is the path of a JSON file with the same figures.
"""

import argparse
import asyncio
import json
import os
import platform
import sys
import time
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean

import asyncpg

from tdh.local.postgres import PostgresServer
from tdh.local.rabbitmq import RabbitServer
from tdh.local.servers import start_together
from tests.benchmarks import validation, yardsticks
from tests.benchmarks.load import Load, Result, percentile
from tests.benchmarks.log_lag import lag_figures, watched_heads
from tests.benchmarks.processes import (
    Part,
    Reach,
    cpu_seconds,
    machine_cpu_seconds,
    watched_memory,
)
from tests.installation import Installation, installation
from tests.pki.make import sign_pdf, simple_pdf

RESULTS = Path(__file__).resolve().parents[2] / "bench-results"
DOCUMENT_BYTES = 100_000
SENDERS = 16
API_PROCESSES = 2
AS_INSTALLED = {"TDH_LOG__ROUND_SECONDS": "0.5"}
"""Where the tests' installation is in more of a hurry than a real one."""
EVENTS = ["SubmissionAcceptance", "ContentConsignment", "ContentAccessTracking", "ContentHandover"]
JUDGE = "judge"


def main() -> int:
    """Measure, print, write the JSON file."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a few seconds instead of half a minute"
    )
    quick = parser.parse_args().quick
    seconds = 4.0 if quick else 30.0
    postgres, rabbitmq = PostgresServer(), RabbitServer()
    try:
        start_together(rabbitmq, postgres)
        figures = asyncio.run(_measure(postgres, rabbitmq, seconds))
    finally:
        postgres.close()
        rabbitmq.close()
    _say("validation")
    figures["validation"] = validation.measure(seconds=0.2 if quick else 1.5)
    _print(figures)
    print(validation.text_of(figures["validation"]))
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(path)
    return 0


async def _measure(postgres: PostgresServer, rabbitmq: RabbitServer, seconds: float) -> dict:
    _say("yardsticks")
    yards = [yardsticks.yard_seconds()]
    async with installation(
        postgres.dsn, rabbitmq, api_processes=API_PROCESSES, extra=AS_INSTALLED
    ) as here:
        others = {
            "fdatasync_us": 1e6 * yardsticks.fdatasync_seconds(here.folder),
            "commit_us": 1e6 * await yardsticks.commit_seconds(here.dsn),
            "confirmed_publish_us": 1e6
            * await yardsticks.confirmed_publish_seconds(rabbitmq.amqp_work_url),
        }
        signer = here.pki.signers["good"]
        pdf = sign_pdf(simple_pdf(size=DOCUMENT_BYTES), signer, signed_at=datetime.now(UTC))
        load = Load(here, pdf)
        _say("warming up")
        await load.run(seconds=2, senders=SENDERS)
        _say("one sender at a time")
        alone = await load.run(seconds=min(seconds, 5), senders=1)
        _say(f"{SENDERS} senders for {seconds:.0f} s")
        since, folder = datetime.now(UTC), here.config.log.folder
        async with watched_heads(folder / "checkpoint") as heads:
            busy, used, memory = await _under_watch(
                load.run(seconds=seconds, senders=SENDERS), _parts(here, postgres, rabbitmq)
            )
            commits = await _check(here, busy, since)
            await asyncio.sleep(1)  # the last head
        log = await lag_figures(here.dsn, heads, folder, since, busy.seconds)
    yards.append(yardsticks.yard_seconds())
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}",
        "document_bytes": len(pdf),
        "senders": SENDERS,
        "one_at_a_time": _outside(alone),
        "whole_life": _outside(busy),
        "evidences_a_commit": commits,
        "log": log,
        "cpu_yards_a_letter": {
            name: used[name] / busy.finished / fmean(yards) for name in used if name != "other work"
        },
        "cores_busy_with_other_work": used["other work"] / busy.seconds,
        "peak_megabytes": {name: value / 1e6 for name, value in memory.items()},
        "yardsticks": {"p256_verify_us": 1e6 * fmean(yards)} | others,
        "p256_verify_us_before_and_after": [1e6 * yard for yard in yards],
    }


def _parts(here: Installation, postgres: PostgresServer, rabbitmq: RabbitServer) -> dict[str, Part]:
    def pids(*names: str) -> list[int]:
        found = [here.supervisor.pid(name) for name in names]
        if None in found:
            raise RuntimeError(f"not all of {', '.join(names)} are running")
        return [pid for pid in found if pid is not None]

    apis = pids(*(f"api-{number}" for number in range(API_PROCESSES)))
    return {
        "API": Part(roots=apis, reach=Reach.ALONE),
        JUDGE: Part(roots=apis, reach=Reach.BELOW),
        "sealer": Part(roots=pids("sealer")),
        "dispatcher": Part(roots=pids("dispatcher")),
        "worker": Part(roots=pids("worker")),
        "sequencer": Part(roots=pids("sequencer")),
        "PostgreSQL": Part(roots=list(postgres.processes)),
        "RabbitMQ": Part(roots=list(rabbitmq.processes)),
    }


async def _under_watch(
    work: Coroutine[None, None, Result], parts: Mapping[str, Part]
) -> tuple[Result, dict[str, float], dict[str, int]]:
    """The work's result; CPU seconds by part, load and others included; most bytes by part."""

    def used_so_far() -> dict[str, float]:
        used = {name: cpu_seconds(part) for name, part in parts.items()}
        used["load generator"] = time.process_time()
        return used | {"other work": machine_cpu_seconds() - sum(used.values())}

    async with watched_memory(parts) as memory:
        before = used_so_far()
        result = await work
        after = used_so_far()
    return result, {name: after[name] - before[name] for name in after}, memory


def _outside(result: Result) -> dict:
    return {
        "letters": result.finished,
        "letters_per_second": result.letters_per_second,
        "submission_p50_ms": percentile(result.submissions, 50) * 1e3,
        "submission_p99_ms": percentile(result.submissions, 99) * 1e3,
        "life_p50_ms": percentile(result.lives, 50) * 1e3,
    }


async def _check(here: Installation, busy: Result, since: datetime) -> float:
    """Nothing is measured that did not happen: every letter has its four evidences, all logged.

    Gives the mean number of evidences in a commit since `since`.
    """
    connection = await asyncpg.connect(here.dsn)
    try:
        async with asyncio.timeout(30):
            while await connection.fetchval("SELECT count(*) FROM log_queue"):  # noqa: ASYNC110
                await asyncio.sleep(0.1)  # another process empties it
        states = await connection.fetch("SELECT state, count(*) FROM deliveries GROUP BY state")
        events = await connection.fetch("SELECT name, count(*) FROM events GROUP BY name")
        commits = await connection.fetchval(
            "SELECT count(*)::float / count(DISTINCT xmin::text) FROM events "
            "WHERE happened_at >= $1",
            since,
        )
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
    return commits


def _print(figures: dict) -> None:
    busy, alone = figures["whole_life"], figures["one_at_a_time"]
    print(f"\n{figures['machine']}; a signed PDF of {figures['document_bytes']:,} bytes;")
    print(f"{figures['cores_busy_with_other_work']:.1f} cores were busy with other work.")
    print(f"\n| the whole life, {figures['senders']} senders | |\n| --- | ---: |")
    print(f"| letters a second | {busy['letters_per_second']:.1f} |")
    print(f"| submission p50 | {busy['submission_p50_ms']:.0f} ms |")
    print(f"| submission p99 | {busy['submission_p99_ms']:.0f} ms |")
    print(f"| submission p50, one sender | {alone['submission_p50_ms']:.0f} ms |")
    print(f"| submission to last byte p50, one sender | {alone['life_p50_ms']:.0f} ms |")
    print(f"| evidences in a commit, mean | {figures['evidences_a_commit']:.1f} |")
    log = figures["log"]
    print(f"| log lag p50: from event to public head | {log['lag_p50_ms']:.0f} ms |")
    print(f"| log lag p99 | {log['lag_p99_ms']:.0f} ms |")
    print(f"| log files written a second | {log['files_per_second']:.1f} |")
    _print_parts(figures["cpu_yards_a_letter"], figures["peak_megabytes"])
    print("\n| yardstick, same run | microseconds |\n| --- | ---: |")
    print(f"| a yard: P-256 verify | {figures['yardsticks']['p256_verify_us']:.0f} |")
    for name, value in list(figures["yardsticks"].items())[1:]:
        print(f"| {name.removesuffix('_us').replace('_', ' ')} | {value:.0f} |")
    print()


def _print_parts(cpu: Mapping[str, float], memory: Mapping[str, float]) -> None:
    print("\n| process | CPU a letter, yards | peak memory, MB |\n| --- | ---: | ---: |")
    for name in memory:
        print(f"| {name} | {cpu[name]:.1f} | {memory[name]:.0f} |")
    total = sum(cpu[name] for name in memory)
    print(f"| all | {total:.1f} | {sum(memory.values()):.0f} |")
    print(f"| all but the judge | {total - cpu[JUDGE]:.1f} | |")
    print(f"| (load generator, measuring) | {cpu['load generator']:.1f} | |")


def _say(what: str) -> None:
    print(f"… {what}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
