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
from typing import Self

from signing.judge.memfd import Memfd
from signing.judge.wire import MAX_MESSAGE, NOT_READY, READY, Reply, Request, Setup
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
        try:
            async with asyncio.timeout(START_SECONDS):
                answer = await loop.sock_recv(self._control, MAX_MESSAGE)
        except (TimeoutError, OSError) as problem:
            raise ProgramEnded from problem
        if answer != READY:
            raise ProgramEnded(answer.removeprefix(NOT_READY).decode("utf-8", "replace"))
        loop.add_reader(self._control, self._receive)

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
            message = self._control.recv(MAX_MESSAGE)
        except BlockingIOError:
            return
        except OSError:
            message = b""
        if not message:
            self._end()
            return
        reply = Reply.from_bytes(message)
        future = self._waiting.get(reply.number)  # None: who asked was cancelled meanwhile
        if future is not None and not future.done():
            future.set_result(reply)

    def _end(self) -> None:
        if self.ended:
            return
        self.ended = True
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
