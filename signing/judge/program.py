"""Runs the judge's parent program and speaks to it: one process, one socket pair.

The program gets an empty environment, no descriptor but its socket, `/` as folder, and nothing of
this process's memory, because it is started by exec.
"""

import asyncio
import os
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Protocol, Self

from signing.judge.memfd import Memfd
from signing.judge.wire import (
    LOCATOR,
    MAX_MESSAGE,
    NOT_READY,
    READY,
    REPLACE,
    Reply,
    Request,
    Setup,
    locator_number,
)
from signing.trust import TrustFolder

START_SECONDS = 30.0
"""Importing takes half a second; a cold disk or a busy machine much longer."""
_STOP_SECONDS = 5.0
# -I leaves out user site, PYTHON* variables and the current folder; so the program names the folder
# of its own packages, wherever they are installed. An editable install is thereby served as well.
_BOOT = "import sys; sys.path.append(sys.argv[1]); from signing.judge.parent import main; main()"
_PACKAGES = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One document to be judged, by descriptor, with what came along."""

    document: int
    size: int
    at: datetime
    extra: Memfd | None = None
    content: Memfd | None = None
    sender: str = ""
    """Whose turn it is that the document takes; stays here."""

    def request(self, number: int) -> Request:
        """Describe it for the parent program."""
        return Request(
            number=number,
            size=self.size,
            at=self.at,
            extra=0 if self.extra is None else self.extra.size,
            content=None if self.content is None else self.content.size,
        )

    def descriptors(self) -> list[int]:
        """The descriptors in the order of the request."""
        more = [memfd.fd for memfd in (self.extra, self.content) if memfd is not None]
        return [self.document, *more]


class Locators(Protocol):
    """Takes the sockets of the children that only locate signatures."""

    def add(self, pid: int, requests: socket.socket) -> None: ...
    def close(self) -> None: ...


class ProgramEnded(Exception):
    """The parent program is gone, and its last words if any; what was asked is not answered."""


class Program:
    """A started and warm parent program."""

    def __init__(self, process: Process, control: socket.socket) -> None:
        self.process = process
        self.ended = False
        self._control = control
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._locators: Locators | None = None
        self._made: list[tuple[int, socket.socket]] = []
        """Locators that nobody has taken yet."""

    def give_locators(self, locators: "Locators") -> None:
        """Name who takes the locators that the program has made and will make."""
        self._locators = locators
        while self._made:
            locators.add(*self._made.pop(0))

    def replace_locator(self, pid: int) -> None:
        """Have a locator ended, and another one made in its place."""
        if not self.ended:
            with suppress(OSError):
                self._control.send(REPLACE + b"%d" % pid)

    @classmethod
    async def start(cls, setup: Setup, trust: TrustFolder) -> Self:
        """Exec the program and wait until it is warm. Raises ProgramEnded, OSError."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-I",
                    "-c",
                    _BOOT,
                    str(_PACKAGES),
                    str(theirs.fileno()),
                    stdin=DEVNULL,
                    stdout=DEVNULL,
                    stderr=DEVNULL,
                    cwd="/",
                    env={},
                    pass_fds=[theirs.fileno()],
                )
        except OSError:
            ours.close()
            raise
        program = cls(process, ours)
        try:
            await program._greet(setup, trust)
        except BaseException:
            await program.stop()
            raise
        return program

    async def _greet(self, setup: Setup, trust: TrustFolder) -> None:
        self._control.setblocking(False)
        loop = asyncio.get_running_loop()
        packed = trust.to_bytes()
        with Memfd(packed) as memfd:
            memfd.seal()
            os.lseek(memfd.fd, 0, os.SEEK_SET)
            message = replace(setup, trust_bytes=len(packed)).to_bytes()
            socket.send_fds(self._control, [message], [memfd.fd])
        answer: asyncio.Future[bytes] = loop.create_future()
        loop.add_reader(self._control, self._receive_greeting, answer)
        try:
            async with asyncio.timeout(START_SECONDS):
                said = await answer
        except TimeoutError as problem:
            raise ProgramEnded(f"it was not ready after {START_SECONDS:.0f} s") from problem
        except OSError as problem:
            raise ProgramEnded(f"its socket broke: {problem.strerror}") from problem
        if said != READY:
            why = said.removeprefix(NOT_READY).decode("utf-8", "replace")
            raise ProgramEnded(why or "it ended before it was ready")
        loop.add_reader(self._control, self._receive)

    def _receive_greeting(self, answer: asyncio.Future[bytes]) -> None:
        """Take the locators that the program made; the message after them is its answer."""
        try:
            message, descriptors = self._message()
        except BlockingIOError:
            return
        pid = locator_number(message, LOCATOR)
        if pid is not None:
            self._take_locator(pid, descriptors)
            return
        asyncio.get_running_loop().remove_reader(self._control)
        if not answer.done():
            answer.set_result(message)

    def _message(self) -> tuple[bytes, list[int]]:
        """Receive one; an empty one when the program has ended. Raises BlockingIOError."""
        try:
            message, descriptors, _, _ = socket.recv_fds(self._control, MAX_MESSAGE, 1)
        except BlockingIOError:
            raise
        except OSError:
            return b"", []
        return message, descriptors

    async def ask(self, task: Task) -> Reply:
        """Have one document judged. Raises ProgramEnded."""
        if self.ended:
            raise ProgramEnded
        number = next(self._numbers)
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            message = task.request(number).to_bytes()
            socket.send_fds(self._control, [message], task.descriptors())
            return await future
        except OSError as problem:
            self._end()
            raise ProgramEnded from problem
        finally:
            self._waiting.pop(number, None)

    def _receive(self) -> None:
        try:
            message, descriptors = self._message()
        except BlockingIOError:
            return
        if not message:
            self._end()
            return
        pid = locator_number(message, LOCATOR)
        if pid is not None:
            self._take_locator(pid, descriptors)
            return
        reply = Reply.from_bytes(message)
        future = self._waiting.get(reply.number)  # None: who asked was cancelled meanwhile
        if future is not None and not future.done():
            future.set_result(reply)

    def _take_locator(self, pid: int, descriptors: list[int]) -> None:
        (descriptor,) = descriptors
        os.set_inheritable(descriptor, False)
        requests = socket.socket(fileno=descriptor)
        if self._locators is None:
            self._made.append((pid, requests))
        else:
            self._locators.add(pid, requests)

    def _end(self) -> None:
        if self.ended:
            return
        self.ended = True
        if self._locators is not None:
            self._locators.close()
        for _, requests in self._made:
            requests.close()
        asyncio.get_running_loop().remove_reader(self._control)
        self._control.close()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(ProgramEnded())

    async def stop(self) -> None:
        """Close the socket, upon which the program ends; kill it if it does not."""
        self._end()
        if self.process.returncode is not None:
            return
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self.process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()
