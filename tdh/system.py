"""Clock, randomness and crash points of a running process: what the domain gets as arguments."""

import ctypes
import os
import resource
import secrets
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tdh.domain.errors import ClockBehind
from tdh.domain.identifiers import (
    RANDOM_BYTES,
    DeliveryId,
    EventId,
    LetterId,
    Pseudonym,
    TrackingNumber,
    made_at,
    make_body,
    make_tracking_number,
)

STEP = timedelta(seconds=1)
"""A jump of the wall clock against CLOCK_BOOTTIME that stops us."""
RECOVERY = timedelta(seconds=10)
"""How long the two must agree before work goes on."""


class CheckedClock:
    """UTC that notices its own jumps.

    Steps are measured against CLOCK_BOOTTIME, which counts through suspend and cannot be set.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        boot: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
    ) -> None:
        self._wall = wall
        self._boot = boot
        self._offset = wall() - boot()
        self._distrusted_until = 0.0

    def now(self) -> datetime:
        """UTC with microseconds. Raises ClockBehind for ten seconds after a jump."""
        wall, boot = self._wall(), self._boot()
        offset = wall - boot
        if abs(offset - self._offset) > STEP.total_seconds():
            self._distrusted_until = boot + RECOVERY.total_seconds()
        self._offset = offset  # slewing by NTP moves it slowly, and may
        if boot < self._distrusted_until:
            raise ClockBehind("the clock was set; waiting until it has been steady")
        return datetime.fromtimestamp(wall, UTC)


class RandomIds:
    """New names from the system's random source."""

    def letter(self, now: datetime) -> LetterId:
        """A new letter's id."""
        return LetterId("ltr_" + make_body(now, secrets.token_bytes(RANDOM_BYTES)))

    def delivery(self, of: LetterId) -> DeliveryId:
        """A new delivery of a letter; carries the letter's milliseconds."""
        return DeliveryId("dlv_" + make_body(made_at(of), secrets.token_bytes(RANDOM_BYTES)))

    def event(self, of: DeliveryId) -> EventId:
        """A new event of a delivery; carries the letter's milliseconds."""
        return EventId("evt_" + make_body(made_at(of), secrets.token_bytes(RANDOM_BYTES)))

    def pseudonym(self) -> Pseudonym:
        """128 random bits."""
        return Pseudonym(secrets.token_hex(16))

    def tracking(self) -> TrackingNumber:
        """75 random bits and a check character."""
        return make_tracking_number(secrets.token_bytes(10))


_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4


def protect_memory() -> None:
    """No core file of this process, and none of its memory for others of its user (prctl(2)).

    A role has keys, passwords and letters in its memory. A core file would put them on a disk that
    nobody guards; and whoever runs as the same user could else trace it, or read its memory, its
    environment and its open files below /proc/PID. Programs that it starts by exec begin anew.

    Raises:
        OSError: the kernel does not do it.

    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def die_with_parent(parent: int) -> None:
    """Have the kernel end this process with SIGTERM when its parent ends; now if it has already."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit(0)


def crash_point_of(environment: str | None, role: str) -> Callable[[str], None]:
    """The crash point of this process: nothing, unless `TDH_CRASH_POINT` names one of its own.

    The value is `<role>/<name>@<file>`: there the process ends as by `kill -9` (no clean-up runs,
    no buffer is written), once: the file is made first, and while it is there nothing happens.
    """
    wanted_role, _, rest = (environment or "").partition("/")
    wanted, _, flag = rest.partition("@")
    if not flag or wanted_role != role:
        return lambda _name: None

    def crash(name: str) -> None:
        if name == wanted:
            try:
                os.close(os.open(flag, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                return
            os.kill(os.getpid(), signal.SIGKILL)

    return crash
