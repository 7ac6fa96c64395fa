"""What this machine does at best with one thing at a time: measured in the same run as the service.

A *yard* is the CPU time of one P-256 verification from Python; figures in yards can be compared
between machines, figures in milliseconds cannot.
"""

import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path

import aiormq
import asyncpg
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

REPEATS = 7


def yard_seconds() -> float:
    """CPU seconds of one P-256 verification from Python: the median of several runs."""
    key = ec.generate_private_key(ec.SECP256R1())
    public, how = key.public_key(), ec.ECDSA(hashes.SHA256())
    signature = key.sign(b"yard", how)
    runs = []
    for _ in range(REPEATS):
        began = time.process_time()
        for _ in range(300):
            public.verify(signature, b"yard", how)
        runs.append((time.process_time() - began) / 300)
    return statistics.median(runs)


def fdatasync_seconds(folder: Path) -> float:
    """Wall seconds of an 8 KiB append made durable: the median."""
    runs = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(100):
            began = time.perf_counter()
            os.write(file.fileno(), b"x" * 8192)
            os.fdatasync(file.fileno())
            runs.append(time.perf_counter() - began)
    return statistics.median(runs)


async def commit_seconds(dsn: str) -> float:
    """Wall seconds of a transaction with one small row, one connection: the median."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("CREATE TABLE yardstick (n int, t text)")
        runs = []
        for number in range(200):
            began = time.perf_counter()
            await connection.execute("INSERT INTO yardstick VALUES ($1, $2)", number, "x" * 200)
            runs.append(time.perf_counter() - began)
        await connection.execute("DROP TABLE yardstick")
    finally:
        await connection.close()
    return statistics.median(runs)


async def confirmed_publish_seconds(url: str) -> float:
    """Wall seconds of one confirmed publish of 500 bytes to a quorum queue: the median."""
    connection = await aiormq.connect(url)
    channel = await connection.channel(publisher_confirms=True)
    queue = "yardstick"
    await channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum"})
    await asyncio.sleep(1)
    runs = []
    for _ in range(200):
        began = time.perf_counter()
        await channel.basic_publish(
            b"x" * 500,
            routing_key=queue,
            mandatory=True,
            properties=aiormq.spec.Basic.Properties(delivery_mode=2),
        )
        runs.append(time.perf_counter() - began)
    await channel.queue_delete(queue)
    await connection.close()
    return statistics.median(runs)
