"""What a judging child gives up before it looks at a hostile document (Linux).

Each call is irreversible for the process that makes it. The wall that must stand everywhere is the
filter of calls (`seccomp.py`): without it nothing is judged. The others stand behind it, where the
machine has them: another user (only if the parent is root), an empty network namespace (root, or
user namespaces), Landlock.
"""

import ctypes
import os
import resource
import signal
from pathlib import Path

from signing.judge import landlock, seccomp
from signing.judge.policy import Limits

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_OPEN_FILES = 32
_LIBC = ctypes.CDLL(None, use_errno=True)


def leave_network() -> bool:
    """Enter an empty network namespace: no address, not even loopback. False where forbidden."""
    if _LIBC.unshare(_CLONE_NEWNET) == 0:
        return True
    return os.getuid() != 0 and _LIBC.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0


def hide_memory() -> None:
    """Nobody of the same user may trace this process or read its memory; no core dumps."""
    _LIBC.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def confine(limits: Limits, parent: int, *, receives: bool = False) -> None:
    """Give up memory, time, files, processes, network and, where the parent is root, the user.

    What is to be read or written must be open before. `parent` is the process that forked this
    one: if it is gone already, this one ends too. `receives`: it may go on receiving messages.

    Raises:
        WallMissing: the machine cannot refuse calls to the kernel.
        OSError: it does not let this process give up something else.

    """
    machine = seccomp.this_machine()
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, _address_space() + limits.memory_bytes)
    _limit(resource.RLIMIT_CPU, limits.cpu_seconds)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NOFILE, _OPEN_FILES)
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(limits.uid, limits.uid, limits.uid)
        os.setresuid(limits.uid, limits.uid, limits.uid)
    _limit(resource.RLIMIT_NPROC, 0)
    # After setuid, which clears it. A child never outlives the program that limits it.
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
    landlock.refuse_paths(landlock.version())
    seccomp.refuse_calls(machine, receives=receives)


def close_all_but(*kept: int) -> None:
    """Close every descriptor above the standard three except those named."""
    lower = 3
    for fd in sorted(kept):
        os.closerange(lower, fd)
        lower = max(lower, fd + 1)
    os.closerange(lower, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _limit(what: int, value: int) -> None:
    resource.setrlimit(what, (value, value))


def _address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()
