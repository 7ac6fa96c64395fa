"""The witness itself: decides, signs, remembers, answers; in this order, one request at a time.

A cosignature leaves only after the head that it is over is on the disk as the newest one. So
whatever ends the process, and whenever, no two cosignatures of its keys contradict each other.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from threading import Lock

from signing.cosignature import CosignatureKind, CosignatureSigner
from tdh.domain.errors import ClockBehind
from tdh.witness.errors import Refused, WitnessSetupError
from tdh.witness.rules import (
    NOTHING,
    Held,
    KnownLogs,
    Request,
    check_growth,
    contradicts,
    read_request,
)
from tdh.witness.state import StateFolder, origin_hash

CLOCK_TOLERANCE = timedelta(seconds=5)
"""The clock may read so much earlier than the last cosignature, which is repeated then."""
_MAX_ORIGIN_BYTES = 255

CrashPoint = Callable[[str], None]
DECIDED = "witness.decided"
"""Lines exist in memory; nothing is on the disk, nobody has them."""
REMEMBERED = "witness.remembered"
"""The head is the newest one for ever; nobody has its lines."""

log = logging.getLogger(__name__)


def no_crash(_name: str) -> None:
    """Go on: the crash point of every run that is no fault test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What can be said of one log."""

    origin: str
    size: int
    time: datetime | None
    """Of its last cosignature."""
    contradiction: bool
    """Whether it signed two histories, and the proof is kept."""


class Witness:
    """One name, its keys, the logs that it watches and what it remembers of them.

    Its methods may be called from several threads.
    """

    __slots__ = ("_clock", "_crash", "_held", "_lock", "_logs", "_signers", "_state")

    def __init__(
        self,
        *,
        signers: Sequence[CosignatureSigner],
        logs: KnownLogs,
        state: StateFolder,
        clock: Callable[[], datetime],
        crash: CrashPoint = no_crash,
    ) -> None:
        """Continue from the state folder.

        Raises:
            StateError: a head in the folder is damaged.
            WitnessSetupError: a name of a log is too long for a key.

        """
        if any(signer.kind is CosignatureKind.ML_DSA_44 for signer in signers):
            for origin in logs.keys:
                if len(origin.encode()) > _MAX_ORIGIN_BYTES:
                    raise WitnessSetupError(f"too long a name for ML-DSA-44: {origin[:80]}")
        self._signers, self._logs, self._state = tuple(signers), logs, state
        self._clock, self._crash = clock, crash
        self._held = dict(state.read())
        self._lock = Lock()

    def add_checkpoint(self, body: bytes) -> bytes:
        """The cosignature lines for a request.

        Raises:
            Refused: with the status that it is answered with.
            ClockBehind: the clock cannot be believed at the moment.
            OSError: the head could not be remembered; nothing was cosigned.

        """
        request = read_request(body, self._logs)
        origin = request.head.origin
        with self._lock:
            held = self._held.get(origin, NOTHING)
            if contradicts(request, held):
                self._state.write_contradiction(origin, held.note, request.note)
                log.error("%s signed two histories at size %d", origin, held.size)
            check_growth(request, held)
            time = self._time_after(held.time)
            if time == held.time and held.lines and held.note.startswith(request.note):
                return held.lines  # asked again within the second: nothing new to remember
            new = self._cosign(request, time)
            self._crash(DECIDED)
            # If we die here, nobody has the lines: the old head is still the newest one.
            self._state.write(origin, new)
            self._crash(REMEMBERED)
            # If we die here, the sender asks again, learns the new size and gets new lines.
            self._held[origin] = new
        log.info("%s cosigned at size %d", origin, new.size)
        return new.lines

    def newest(self, hashed_origin: str) -> bytes | None:
        """The newest cosigned head of the log that is named so in paths, for monitors."""
        with self._lock:
            for origin, held in self._held.items():
                if origin_hash(origin) == hashed_origin:
                    return held.note
        return None

    def watched(self) -> tuple[Watched, ...]:
        """Each known log, by name."""
        with self._lock:
            return tuple(
                Watched(
                    origin=origin,
                    size=(held := self._held.get(origin, NOTHING)).size,
                    time=held.time,
                    contradiction=self._state.has_contradiction(origin),
                )
                for origin in sorted(self._logs.keys)
            )

    def _time_after(self, last: datetime | None) -> datetime:
        """Now; not before the last cosignature, which said that there was no greater head yet."""
        now = self._clock().replace(microsecond=0)
        if last is None or now >= last:
            return now
        if now < last - CLOCK_TOLERANCE:
            raise ClockBehind("the clock reads earlier than the last cosignature")
        return last

    def _cosign(self, request: Request, time: datetime) -> Held:
        """The head with a line of each key. Raises Refused where none can cosign such a one."""
        head = request.head
        signers = [
            signer
            for signer in self._signers
            if not (head.extensions and signer.kind is CosignatureKind.ML_DSA_44)
        ]
        if not signers:
            raise Refused(HTTPStatus.BAD_REQUEST, "extension lines are not cosigned here")
        lines = b"".join(signer.signature_line(request.text, time) for signer in signers)
        note = request.note + lines
        return Held(size=head.size, root=head.root, time=time, note=note, lines=lines)
