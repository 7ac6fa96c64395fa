"""Child processes that never outlive us, and the processes below them, read from /proc.

Never signals a process that this program, or the trampoline, did not start.
"""

import contextlib
import os
import pwd
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tdh.local.errors import NotTheMainThread

TRAMPOLINE = Path(__file__).with_name("trampoline.py")
POLL_SECONDS = 0.02
"""How long a wait sleeps between two looks; short against the 0.15 s that PostgreSQL needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who a server runs as; None for both: as ourselves."""

    user: int | None
    group: int | None

    def owns(self, path: Path) -> None:
        """Give a file or folder that we made to the account."""
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group)


def account_for_server(*names: str) -> Account:
    """Choose whom to run a server as: ourselves, or as root the first known name, else nobody."""
    if os.geteuid() != 0:
        return Account(user=None, group=None)
    for name in (*names, "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(user=entry.pw_uid, group=entry.pw_gid)
    raise KeyError("nobody")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """In what a server's programs run."""

    account: Account
    folder: Path
    """The working folder."""
    environment: Mapping[str, str]
    """All of it; nothing is inherited."""
    log: Path
    """Both outputs are appended here."""


def spawn(
    program: list[str],
    surroundings: Surroundings,
    *,
    given: Path | None = None,
    when_we_die: signal.Signals = signal.SIGKILL,
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, which the kernel signals when we end.

    `given` is a file for its standard input (nothing by default). Raises NotTheMainThread.
    """
    if threading.current_thread() is not threading.main_thread():
        raise NotTheMainThread
    account = surroundings.account
    user = -1 if account.user is None else account.user
    group = -1 if account.group is None else account.group
    numbers = [str(n) for n in (os.getpid(), int(when_we_die), user, group)]
    with (
        surroundings.log.open("ab") as output,
        (given or Path(os.devnull)).open("rb") as standard_input,
    ):
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(TRAMPOLINE), *numbers, *program],
            stdin=standard_input,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=surroundings.folder,
            env=dict(surroundings.environment),
            start_new_session=True,
        )


def run_to_end(process: subprocess.Popen[bytes]) -> Generator[None, None, int]:
    """Wait for a program, giving way at each look; return how it ended."""
    while (code := process.poll()) is None:
        yield
    return code


def family(process: int) -> tuple[int, ...]:
    """Give a process and everything below it, parents before children."""
    children: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                children.setdefault(parent_of(int(entry.name)), []).append(int(entry.name))
    found = [process]
    for member in found:
        found.extend(children.get(member, ()))
    return tuple(found)


def signal_family(process: int, number: signal.Signals) -> None:
    """Signal a process and everything below it; what has already ended is passed over.

    PostgreSQL puts each backend into a session of its own, so a signal to a process group would
    reach the postmaster only.
    """
    for member in family(process):
        with contextlib.suppress(ProcessLookupError):
            os.kill(member, number)


def end_family(process: subprocess.Popen[bytes]) -> None:
    """Kill a child and everything below it, and wait until all are gone."""
    if process.poll() is not None:
        return
    members = family(process.pid)
    for member in members:
        with contextlib.suppress(ProcessLookupError):
            os.kill(member, signal.SIGKILL)
    process.wait()
    wait_until_gone(members, seconds=10)


def wait_until_gone(processes: tuple[int, ...], *, seconds: float) -> bool:
    """Wait until none of the processes runs; say whether that came true in time."""
    limit = time.monotonic() + seconds
    while any(is_running(process) for process in processes):
        if time.monotonic() > limit:
            return False
        time.sleep(POLL_SECONDS)
    return True


def is_running(process: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        return _stat(process)[0] not in ("Z", "X")
    except OSError:
        return False


def parent_of(process: int) -> int:
    """Give the parent's id; raises OSError when there is no such process."""
    return int(_stat(process)[1])


def started_at(process: int) -> int:
    """Give the instant a process began, in clock ticks since boot; raises OSError when gone.

    Ids are used again, this number is not: the two together name one process.
    """
    return int(_stat(process)[19])


def _stat(process: int) -> list[str]:
    # The command in brackets may hold spaces and brackets itself: proc(5), /proc/pid/stat.
    text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    return text.rpartition(")")[2].split()
