"""The places where a fault test may end the sealer, one beside each effect on the disk.

The program takes the name of one from `TDH_CRASH_POINT` in its environment.
"""

import os
import signal
from collections.abc import Callable

CrashPoint = Callable[[str], None]

BEFORE_LEDGER = "sealer.before_ledger"
"""The frame's evidence is sealed in memory; nothing is on disk, nothing was answered."""
AFTER_LEDGER = "sealer.after_ledger"
"""Every seal of the frame is in the ledger; the evidence itself was not answered."""
HEAD_DURABLE = "sealer.head_durable"
"""The new head is the last one for ever; it is not signed yet."""
HEAD_SIGNED = "sealer.head_signed"
"""Note and token exist in memory; nobody has them."""
HEAD_STORED = "sealer.head_stored"
"""Note and token are durable; they were not answered."""

CRASH_POINTS = (BEFORE_LEDGER, AFTER_LEDGER, HEAD_DURABLE, HEAD_SIGNED, HEAD_STORED)


def no_crash(name: str) -> None:
    """Go on: the crash point of every run that is no fault test."""


def crash_at(wanted: str) -> CrashPoint:
    """A crash point that kills the process, without any tidying, where it is called `wanted`."""

    def crash(name: str) -> None:
        if name == wanted:
            os.kill(os.getpid(), signal.SIGKILL)

    return crash
