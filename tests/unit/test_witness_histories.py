"""Whatever logs tell a witness, and wherever it dies: it vouches for one history.

A log grows, forks and lies as hypothesis likes; the witness dies before any call that changes the
disk, or restarts, or gets both. What it gave out is remembered and compared in the end.
"""

import os
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from witness_samples import CLASSIC, LOG, History

from relay.witnesses import request_body
from signing.cosignature import cosigned_line
from tdh.witness.errors import OtherSize, Refused
from tdh.witness.rules import KnownLogs
from tdh.witness.state import StateFolder, allow_keys
from tdh.witness.witness import Witness

LOGS = KnownLogs.of([LOG.vkey])
MOST_ENTRIES = 40


class Killed(BaseException):
    """The process is gone: nothing tidies up."""


class Dying:
    """Ends the process before its n-th change of the disk."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.real = (os.fsync, Path.replace, Path.mkdir, os.open)

    def __enter__(self) -> None:
        fsync, replace, mkdir, opened = self.real
        self.patches = (
            patch("os.fsync", self.counted(fsync)),
            patch.object(Path, "replace", self.counted(replace)),
            patch.object(Path, "mkdir", self.counted(mkdir)),
            patch("os.open", self.counted(opened)),
        )
        for one in self.patches:
            one.start()

    def __exit__(self, *_exc: object) -> None:
        for one in self.patches:
            one.stop()

    def counted(self, real):
        def call(*arguments, **named):
            if self.left == 0:
                raise Killed
            self.left -= 1
            return real(*arguments, **named)

        return call


class Histories(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.state_path = self.folder / "state"
        allow_keys(self.state_path, [CLASSIC.vkey])
        self.now = datetime(2026, 11, 23, tzinfo=UTC)
        self.given: list[tuple[tuple[bytes, ...], datetime]] = []
        self.histories = [History(())]
        self.entries = 0
        self.state: StateFolder | None = None
        self.restart()

    def teardown(self) -> None:
        self.state.close()
        shutil.rmtree(self.folder)

    @initialize()
    def begin(self) -> None:
        self.grow(0, 3)
        self.tell(0)

    @rule(which=st.integers(0, 9))
    def tell(self, which: int) -> None:
        """Send the newest head of a history, as an honest log does."""
        self.send(which, MOST_ENTRIES, None, None, None)

    @rule(which=st.integers(0, 9), count=st.integers(1, 6))
    def grow(self, which: int, count: int) -> None:
        history = self.histories[which % len(self.histories)]
        new = tuple(b"%d" % (self.entries + number) for number in range(count))
        self.entries += count
        grown = History((*history.entries, *new)[:MOST_ENTRIES])
        self.histories[which % len(self.histories)] = grown

    @precondition(lambda self: len(self.histories) < 6)
    @rule(which=st.integers(0, 9), at=st.integers(0, MOST_ENTRIES))
    def fork(self, which: int, at: int) -> None:
        history = self.histories[which % len(self.histories)]
        self.histories.append(History(history.entries[:at]))
        self.grow(len(self.histories) - 1, 1)

    @rule(
        which=st.integers(0, 9),
        size=st.integers(0, MOST_ENTRIES),
        old=st.none() | st.integers(0, MOST_ENTRIES),
        teller=st.none() | st.integers(0, 9),
        dies_after=st.none() | st.integers(0, 9),
    )
    def send(self, which, size, old, teller, dies_after) -> None:
        """Send a head; the proof may be of another history, the old size made up."""
        history = self.histories[which % len(self.histories)]
        size = min(size, len(history.entries))
        held = self.held()
        old = held if old is None else old
        prover = history if teller is None else self.histories[teller % len(self.histories)]
        proved = old <= size <= len(prover.entries)
        proof = prover.proof(old, size) if proved else ()
        try:
            with Dying(-1 if dies_after is None else dies_after):
                lines = self.witness.add_checkpoint(request_body(old, proof, history.note(size)))
        except Killed:
            self.restart()
            return
        except (Refused, OtherSize):
            prefix = self.given[-1][0] if self.given else ()
            honest = teller is None and old == held and size >= held == len(prefix)
            assert not (honest and history.entries[:held] == prefix)
            return
        _, time = cosigned_line(history.note(size), lines, CLASSIC.verifier)
        self.given.append((history.entries[:size], time))
        assert self.held() == size

    @rule()
    def restart(self) -> None:
        if self.state is not None:
            self.state.close()
        self.state = StateFolder(self.state_path, [CLASSIC.vkey])
        self.witness = Witness(
            signers=[CLASSIC], logs=LOGS, state=self.state, clock=lambda: self.now
        )

    @rule()
    def wait(self) -> None:
        self.now += timedelta(seconds=1)

    @invariant()
    def one_history(self) -> None:
        for (before, earlier), (after, later) in zip(self.given, self.given[1:], strict=False):
            assert after[: len(before)] == before
            assert earlier <= later
        if self.given:
            assert self.held() >= len(self.given[-1][0])

    def held(self) -> int:
        return self.witness.watched()[0].size


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=100,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
