"""The judge's parent program: started clean, warm with imports, forks a child for each document.

Started by exec with an empty environment and one descriptor, its end of a socket pair. It never
reads a document and never reads a child's answer: it forks, limits, counts seconds, kills, and
passes on. It ends when the other end of the pair closes.
"""

import gc
import os
import resource
import selectors
import signal
import socket
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime

from signing.judge import child, intervals, rehearsal, sandbox, selftest, warm
from signing.judge.chain import material_of
from signing.judge.fast import locator
from signing.judge.policy import Limits, Policy
from signing.judge.seccomp import WallMissing
from signing.judge.wire import (
    LOCATOR,
    MAX_MESSAGE,
    NOT_READY,
    READY,
    REPLACE,
    Outcome,
    Reply,
    Request,
    Setup,
    locator_number,
)
from signing.trust import TrustFolder

MAX_DESCRIPTORS = 3
"""The document, what was fetched for it, what a detached signature stands over."""
_ROUNDING_SECONDS = 0.5
_BUSY_SHARE = 0.5
"""A child that used less of the wall time than this was starved by the machine."""


@dataclass(slots=True, kw_only=True)
class _Job:
    """A child at work."""

    number: int
    pid: int
    answer: int
    deadline: float
    killed: bool = False
    content: bytearray = field(default_factory=bytearray)


def main() -> None:
    """Serve requests until the socket closes; say why not, where children would not be confined."""
    sandbox.hide_memory()
    sandbox.leave_network()  # where it cannot, the filter of calls still leaves no child a socket
    control = socket.socket(fileno=int(sys.argv[-1]))
    message, (trust,) = _receive(control)
    setup = Setup.from_bytes(message)
    with os.fdopen(trust, "rb") as file:
        folder = TrustFolder.from_bytes(file.read(setup.trust_bytes))
    bench = child.Bench(
        material=material_of(folder),
        trust_version=folder.version,
        policy=setup.policy,
        limits=setup.limits,
    )
    warm.load()
    intervals.warm(bench.material)
    try:
        selftest.run(_code_for(setup.policy, setup.limits))
        rehearsal.check_walls(setup.limits)
        selftest.run(_code_behind_walls(setup.policy, setup.limits))
    except (selftest.SelfTestFailed, WallMissing, OSError) as problem:
        control.send(NOT_READY + str(problem).encode("utf-8", "replace"))
        return
    gc.collect()
    gc.freeze()  # children share these pages for good
    Parent(control, bench).serve(setup.locators)


def _code_for(policy: Policy, limits: Limits) -> selftest.Judge:
    def judge(trust: TrustFolder, document: bytes, at: datetime) -> str:
        bench = _bench_for(trust, policy, limits)
        return child.judge_document(bench, document, at).verdict.reason.code

    return judge


def _code_behind_walls(policy: Policy, limits: Limits) -> selftest.Judge:
    def judge(trust: TrustFolder, document: bytes, at: datetime) -> str:
        return rehearsal.judge_behind_walls(_bench_for(trust, policy, limits), document, at)

    return judge


def _bench_for(trust: TrustFolder, policy: Policy, limits: Limits) -> child.Bench:
    return child.Bench(material=material_of(trust), trust_version="", policy=policy, limits=limits)


class Parent:
    """The loop: requests in, children forked, answers and deaths out."""

    def __init__(self, control: socket.socket, bench: child.Bench) -> None:
        self._control = control
        self._bench = bench
        self._jobs: dict[int, _Job] = {}
        self._locators: set[int] = set()
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ)

    def serve(self, locators: int) -> None:
        """Say that all is ready and work until the other end closes; then kill what still runs."""
        try:
            for _ in range(locators):
                self._add_locator()
            self._control.send(READY)
            while self._turn():
                pass
        finally:
            for pid in (*(job.pid for job in self._jobs.values()), *self._locators):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

    def _turn(self) -> bool:
        for key, _ in self._selector.select(self._wait()):
            if key.fileobj is self._control:
                message, descriptors = _receive(self._control)
                if not message:
                    return False
                if (pid := locator_number(message, REPLACE)) is not None:
                    self._replace_locator(pid)
                else:
                    self._begin(Request.from_bytes(message), descriptors)
            else:
                self._take(self._jobs[key.fd])
        self._enforce()
        return True

    def _wait(self) -> float | None:
        if not self._jobs:
            return None
        nearest = min(job.deadline for job in self._jobs.values())
        return max(0.0, nearest - time.monotonic())

    def _add_locator(self) -> None:
        """Fork one and hand the other end of its socket to the pool."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        parent = os.getpid()
        with ours, theirs:
            pid = os.fork()
            if pid == 0:
                locator.run(self._bench.limits, theirs.fileno(), parent)
            self._locators.add(pid)
            socket.send_fds(self._control, [LOCATOR + b"%d" % pid], [ours.fileno()])

    def _replace_locator(self, pid: int) -> None:
        if pid not in self._locators:
            return
        self._locators.remove(pid)
        os.kill(pid, signal.SIGKILL)  # changes nothing for one that has ended by itself
        os.waitpid(pid, 0)
        self._add_locator()

    def _begin(self, request: Request, descriptors: list[int]) -> None:
        reader, writer = os.pipe()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            child.run(self._bench, request, descriptors, writer, parent)
        for descriptor in (writer, *descriptors):
            os.close(descriptor)
        os.set_blocking(reader, False)
        deadline = time.monotonic() + self._bench.limits.wall_seconds
        self._jobs[reader] = _Job(number=request.number, pid=pid, answer=reader, deadline=deadline)
        self._selector.register(reader, selectors.EVENT_READ)

    def _take(self, job: _Job) -> None:
        try:
            piece = os.read(job.answer, MAX_MESSAGE)
        except BlockingIOError:
            return
        job.content += piece
        if len(job.content) > MAX_MESSAGE:
            os.kill(job.pid, signal.SIGKILL)
            job.content.clear()
        elif not piece:
            self._finish(job)

    def _enforce(self) -> None:
        now = time.monotonic()
        for job in self._jobs.values():
            if job.deadline <= now and not job.killed:
                job.killed = True
                job.deadline = now + 1
                os.kill(job.pid, signal.SIGKILL)

    def _finish(self, job: _Job) -> None:
        """The child's end of the pipe is closed: it is done, dead or about to be."""
        self._selector.unregister(job.answer)
        os.close(job.answer)
        del self._jobs[job.answer]
        os.kill(job.pid, signal.SIGKILL)  # changes nothing for one that has ended by itself
        _, status, usage = os.wait4(job.pid, 0)
        outcome = self._outcome(job, status, usage)
        answer = bytes(job.content) if outcome is Outcome.ANSWERED else b""
        reply = Reply(number=job.number, outcome=outcome, answer=answer)
        self._control.send(reply.to_bytes())

    def _outcome(self, job: _Job, status: int, usage: resource.struct_rusage) -> Outcome:
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0 and job.content:
            return Outcome.ANSWERED
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == child.EXIT_MEMORY:
            return Outcome.MEMORY_LIMIT
        limits = self._bench.limits
        used = usage.ru_utime + usage.ru_stime
        if job.killed:
            busy = used >= limits.wall_seconds * _BUSY_SHARE
            return Outcome.TIME_LIMIT if busy else Outcome.STARVED
        if os.WIFSIGNALED(status) and used >= limits.cpu_seconds - _ROUNDING_SECONDS:
            return Outcome.TIME_LIMIT
        return Outcome.CRASHED


def _receive(control: socket.socket) -> tuple[bytes, list[int]]:
    message, descriptors, _, _ = socket.recv_fds(control, MAX_MESSAGE, MAX_DESCRIPTORS)
    return message, descriptors
