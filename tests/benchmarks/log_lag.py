"""How far the log's public head is behind what happened, and how many files it writes."""

import asyncio
import time
from bisect import bisect_right
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path

import asyncpg

from tests.benchmarks.load import percentile

LOOK_EACH_SECONDS = 0.005

Sighting = tuple[float, int]
"""When a head was there (seconds since 1970), and its size."""


@asynccontextmanager
async def watched_heads(checkpoint: Path) -> AsyncIterator[list[Sighting]]:
    """Every head that the file shows while the block runs."""
    seen: list[Sighting] = []
    watching = asyncio.ensure_future(_watch(checkpoint, seen))
    try:
        yield seen
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def lag_figures(
    dsn: str, seen: Sequence[Sighting], folder: Path, since: datetime, seconds: float
) -> dict[str, float]:
    """From an event's time to the first head in public that holds it; of all events since then."""
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(
            "SELECT l.index, e.happened_at FROM log_entries l"
            "  JOIN events e ON replace(e.id, 'evt_', 'evd_') = l.evidence"
            " WHERE e.happened_at >= $1",
            since,
        )
    finally:
        await connection.close()
    sizes = [size for _, size in seen]
    lags = []
    for row in rows:
        first = bisect_right(sizes, row["index"])
        if first < len(seen):
            lags.append(seen[first][0] - row["happened_at"].timestamp())
    files = [path for path in (folder / "tile").rglob("*") if path.is_file()]
    new = [path for path in files if path.stat().st_mtime >= since.timestamp()]
    return {
        "lag_p50_ms": percentile(lags, 50) * 1e3,
        "lag_p99_ms": percentile(lags, 99) * 1e3,
        "lag_most_ms": max(lags) * 1e3,
        "heads_per_second": len(seen) / seconds,
        "files_per_second": (len(new) + len(seen)) / seconds,
        "bytes_per_second": sum(path.stat().st_size for path in new) / seconds,
        "events": len(lags),
    }


async def _watch(checkpoint: Path, seen: list[Sighting]) -> None:
    last = 0
    while True:
        with suppress(FileNotFoundError):
            last = _look(checkpoint, seen, last)
        await asyncio.sleep(LOOK_EACH_SECONDS)


def _look(checkpoint: Path, seen: list[Sighting], last: int) -> int:
    """Note the head if its file has changed; when it did so last."""
    changed = checkpoint.stat().st_mtime_ns
    if changed != last:
        now, size = time.time(), int(checkpoint.read_bytes().split(b"\n", 2)[1])
        seen.append((now, size))
    return changed
