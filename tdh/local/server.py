"""What the two private servers have in common: start, stop, kill, pause, and an end with us.

Starting is a generator that gives way while it waits, so that several servers come up at once
without threads: the kernel ties a child's life to the thread that made it.
"""

import contextlib
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from tdh.local.errors import LocalServerError, ServerDidNotStart
from tdh.local.folders import FOLDER_VARIABLE, fresh_folder, remove_folder
from tdh.local.ports import is_free, listening_ports
from tdh.local.processes import (
    POLL_SECONDS,
    Account,
    Surroundings,
    end_family,
    family,
    signal_family,
    wait_until_gone,
)

PORT_ATTEMPTS = 8
"""How often other ports are tried when somebody took the chosen ones in the meantime."""
START_SECONDS = 120.0
"""A broker needs 5 to 12 s on two free cores; a machine that tests in parallel needs more."""
STOP_SECONDS = 20.0


class PrivateServer(ABC):
    """One private server, its folder and its processes; a context manager that starts and removes.

    Restarting (`stop` or `kill`, then `start`) keeps data and ports.
    """

    name: str

    def __init__(self, *, account: Account) -> None:
        self._account = account
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._ports: tuple[int, ...] = ()

    @property
    def folder(self) -> Path:
        """Where data and log lie; raises LocalServerError before the first start."""
        if self._folder is None:
            raise LocalServerError(f"{self.name} has not been started")
        return self._folder

    @property
    def log(self) -> Path:
        """What the server has said."""
        return self.folder / "server.log"

    @property
    def processes(self) -> tuple[int, ...]:
        """The server's process ids, the first one started before the others; empty when stopped."""
        process = self._running()
        return () if process is None else family(process.pid)

    def start(self) -> None:
        """Start, and return when the server answers.

        Raises MissingServer, ServerDidNotStart, NotTheMainThread.
        """
        for _ in self.starting():
            time.sleep(POLL_SECONDS)

    def starting(self) -> Iterator[None]:
        """Start, giving way while waiting; to start several servers at once, or inside a loop."""
        if self._running() is not None:
            return
        try:
            if self._folder is None:
                self._find_programs()
                self._folder = fresh_folder(self.name)
                yield from self._preparing()
            yield from self._serving()
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Stop in good order, keeping data and ports; without effect when stopped."""
        process = self._running()
        if process is None:
            return
        members = family(process.pid)
        self.resume()
        with contextlib.suppress(ProcessLookupError):
            self._ask_to_stop(process)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            end_family(process)
        wait_until_gone(members, seconds=STOP_SECONDS)

    def kill(self) -> None:
        """End every process of the server with SIGKILL, keeping data and ports."""
        process = self._running()
        if process is not None:
            end_family(process)

    def pause(self) -> None:
        """Stop the server's processes where they are (SIGSTOP): it listens, but never answers."""
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        """Let paused processes go on."""
        self._signal_all(signal.SIGCONT)

    def close(self) -> None:
        """End the server and remove its folder, data included."""
        self.kill()  # nothing of it is kept, so there is nothing to put in order first
        if self._folder is not None:
            remove_folder(self._folder)
            self._folder = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @abstractmethod
    def _find_programs(self) -> None:
        """Look for the server's programs; raise MissingServer."""

    @abstractmethod
    def _preparing(self) -> Iterator[None]:
        """Make the data, once."""

    @abstractmethod
    def _choose_ports(self) -> tuple[int, ...]:
        """Choose ports that are free now."""

    @abstractmethod
    def _spawn(self) -> Iterator[None]:
        """Start the server's process on the chosen ports and set `_process`."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether the server does what it is for."""

    @abstractmethod
    def _ask_to_stop(self, process: subprocess.Popen[bytes]) -> None:
        """Send the signal of a stop in good order."""

    def _serving(self) -> Iterator[None]:
        may_move = not self._ports
        for _ in range(PORT_ATTEMPTS):
            if may_move:
                self._ports = self._choose_ports()
            self.log.unlink(missing_ok=True)
            yield from self._spawn()
            if (yield from self._until_it_answers()):
                return
            self.kill()
            # Now that nothing of ours runs: does somebody else listen where we wanted to?
            if not may_move or all(is_free(port) for port in self._ports):
                break
        self._ports = () if may_move else self._ports
        raise ServerDidNotStart(server=self.name, reason="it ended at its start", log=self.log)

    def _until_it_answers(self) -> Generator[None, None, bool]:
        limit = time.monotonic() + START_SECONDS
        while self._running() is not None:
            if self._answers() and listening_ports(self.processes).issuperset(self._ports):
                return True
            if time.monotonic() > limit:
                reason = f"no answer within {START_SECONDS:.0f} s"
                raise ServerDidNotStart(server=self.name, reason=reason, log=self.log)
            yield
        return False

    @property
    def _home(self) -> Path:
        """The server's working and home folder."""
        return self.folder

    def _surroundings(self) -> Surroundings:
        return Surroundings(
            account=self._account,
            folder=self._home,
            environment=self._environment(),
            log=self.log,
        )

    def _environment(self) -> dict[str, str]:
        # Nothing of our own environment: a server must not read settings meant for another one.
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "HOME": str(self._home),
            FOLDER_VARIABLE: str(self.folder),
        }

    def _running(self) -> subprocess.Popen[bytes] | None:
        if self._process is None or self._process.poll() is not None:
            return None
        return self._process

    def _signal_all(self, number: signal.Signals) -> None:
        process = self._running()
        if process is not None:
            signal_family(process.pid, number)
