"""CPU time and peak memory of processes with all their descendants, read from /proc."""

import os
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a group of processes used since they began."""

    cpu_seconds: float
    """Descendants that have ended are in it once their parent has waited for them."""
    peak_bytes: int
    """Sum of the peaks of those that are running."""


def usage_of(roots: list[int]) -> Usage:
    """Usage of these processes and everything below them."""
    children = _children()
    waiting, seen = list(roots), set()
    cpu, peak = 0.0, 0
    while waiting:
        pid = waiting.pop()
        if pid in seen:
            continue
        seen.add(pid)
        waiting += children.get(pid, [])
        cpu += _cpu(pid)
        peak += _peak(pid)
    return Usage(cpu_seconds=cpu, peak_bytes=peak)


def _children() -> dict[int, list[int]]:
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            fields = _stat(int(entry.name))
            if fields:
                below.setdefault(int(fields[1]), []).append(int(entry.name))
    return below


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the state on; empty if the process is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _cpu(pid: int) -> float:
    fields = _stat(pid)
    # utime, stime, cutime, cstime are fields 14 to 17 of proc(5); the state is field 3.
    return sum(int(value) for value in fields[11:15]) / TICK if fields else 0.0


def _peak(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0
