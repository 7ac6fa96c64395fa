"""What the kernel knows of its own clock: whether something keeps it right, how far off at most.

adjtimex(2) with nothing to change, which any process may ask. Whoever disciplines the clock
(chrony, ntpd, systemd-timesyncd) tells the kernel so, and the kernel lets its bound grow by 500 ppm
from then on. A kernel that nobody tells says "not synchronised": there `--kernel-clock` must not be
given. Never sets anything.
"""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

_STA_UNSYNC, _TIME_ERROR = 0x0040, 5


class _Timex(ctypes.Structure):
    """The beginning of struct timex (linux/timex.h); room for the rest behind it."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_long * 40),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelWord:
    """What the kernel said at one moment."""

    synchronised: bool
    most_off: timedelta
    """The kernel's bound of the clock's error."""

    @classmethod
    def of(cls, state: int, status: int, most_microseconds: int) -> Self:
        """By what adjtimex(2) returned, its field `status`, and its field `maxerror`."""
        return cls(
            synchronised=state != _TIME_ERROR and not status & _STA_UNSYNC,
            most_off=timedelta(microseconds=most_microseconds),
        )

    def problem(self, accuracy: timedelta) -> str | None:
        """Why no time of this accuracy is to be had, None if it is."""
        if not self.synchronised:
            return "the kernel's clock is not synchronised"
        if self.most_off > accuracy:
            return f"the kernel's clock may be {self.most_off.total_seconds():.3f} s off"
        return None


def ask_kernel() -> KernelWord:
    """Ask. Raises OSError where the kernel does not answer (a filter of calls forbids it)."""
    found = _Timex(modes=0)
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(found))
    if state < 0:
        raise OSError(ctypes.get_errno(), "adjtimex")
    return KernelWord.of(state, found.status, found.maxerror)


def kernel_problem(
    accuracy: timedelta, ask: Callable[[], KernelWord] = ask_kernel
) -> Callable[[], str | None]:
    """A question for the desk: why the clock cannot be trusted now, None if it can."""

    def problem() -> str | None:
        try:
            return ask().problem(accuracy)
        except OSError as exc:
            return f"the kernel does not tell of its clock: {exc.strerror}"

    return problem


def unasked() -> str | None:
    """Nobody is asked: the clock is taken as it is."""
    return None
