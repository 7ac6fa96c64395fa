"""CPU time and memory of processes and of what they started, read from /proc."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
SAMPLE_SECONDS = 2.0
"""One look costs some 40 ms of CPU, which show as the load generator's."""


Children = Mapping[int, Sequence[int]]
"""The children of each process that has any."""


class Reach(Enum):
    """Which processes of a family are meant."""

    ALONE = auto()
    """Those that are named."""
    BELOW = auto()
    """Their descendants, those included that ended and were waited for."""
    ALL = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the service, as the operating system sees it."""

    roots: Sequence[int]
    reach: Reach = Reach.ALL

    def members(self, children: Children) -> set[int]:
        """Process ids of now."""
        roots = set(self.roots)
        below = set(_below(self.roots, children))
        match self.reach:
            case Reach.ALONE:
                return roots
            case Reach.BELOW:
                return below - roots
            case Reach.ALL:
                return below | roots


def cpu_seconds(part: Part) -> float:
    """CPU time since the processes began."""
    members = part.members(_children())
    total = sum(map(_own, members))
    match part.reach:
        case Reach.ALONE:
            return total
        case Reach.BELOW:
            return total + sum(map(_waited_for, members | set(part.roots)))
        case Reach.ALL:
            return total + sum(map(_waited_for, members))


def machine_cpu_seconds() -> float:
    """CPU time that this machine has given to anything at all, and that was stolen from it."""
    fields = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:9]
    user, nice, system, _idle, _waiting, interrupts, soft, stolen = map(int, fields)
    return (user + nice + system + interrupts + soft + stolen) / TICK


@asynccontextmanager
async def watched_memory(parts: Mapping[str, Part]) -> AsyncIterator[dict[str, int]]:
    """The most bytes that each part had while the block ran, looked at every other second.

    What processes share is shared out among them (Pss), so that nothing counts twice.
    """
    most = dict.fromkeys(parts, 0)

    async def watch() -> None:
        while True:
            for name, now in (await asyncio.to_thread(_shared_out, parts)).items():
                most[name] = max(most[name], now)
            await asyncio.sleep(SAMPLE_SECONDS)

    watching = asyncio.create_task(watch())
    try:
        yield most
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


def _shared_out(parts: Mapping[str, Part]) -> dict[str, int]:
    children = _children()
    return {name: sum(_pss(pid) for pid in part.members(children)) for name, part in parts.items()}


def _pss(pid: int) -> int:
    for line in _read(pid, "smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _children() -> Children:
    found: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (fields := _stat(int(entry.name))):
            found.setdefault(int(fields[1]), []).append(int(entry.name))
    return found


def _below(roots: Sequence[int], children: Children) -> Iterator[int]:
    waiting = [child for root in roots for child in children.get(root, [])]
    while waiting:
        pid = waiting.pop()
        yield pid
        waiting += children.get(pid, [])


def _own(pid: int) -> float:
    # utime and stime are fields 14 and 15 of proc(5); the state, our first, is field 3.
    return sum(map(int, _stat(pid)[11:13])) / TICK


def _waited_for(pid: int) -> float:
    return sum(map(int, _stat(pid)[13:15])) / TICK  # cutime and cstime


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the state on; empty if the process is gone."""
    return _read(pid, "stat").rpartition(")")[2].split()


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
