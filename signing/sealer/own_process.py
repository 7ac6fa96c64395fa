"""What a small program with a key does first: signals, memory, its parent, its words of use.

For the sealer and the receipt maker, which take arguments only.
"""

import argparse
import ctypes
import os
import resource
import signal
import sys
from typing import NoReturn

from signing.sealer.errors import SealerSetupError

USAGE, NO_INPUT, IO_ERROR = 64, 66, 74
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4


class ProgramParser(argparse.ArgumentParser):
    """argparse with the usage error of sysexits.h."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def leave_at_signals() -> None:
    """End by SystemExit with status 0 at SIGTERM and SIGINT."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)


def die_with(parent: int) -> None:
    """Get SIGTERM when the parent ends, and end now if it did already (prctl(2))."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        raise SealerSetupError("the parent is gone")


def protect_memory() -> None:
    """No core files, and no other process of this user may look inside."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _prctl(_PR_SET_DUMPABLE, 0)


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def _leave(*_: object) -> NoReturn:
    raise SystemExit(0)
