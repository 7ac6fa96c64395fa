"""Before the judge's program serves, a confined child tries what it must not, and judges a letter.

Walls are promises of the machine: of its kernel, its processor, whatever container this runs in. So
they are tried where they will be needed, and a judge whose children could open a file or a socket
does not start. It does not start either where the walls are too narrow to judge behind them.
"""

import errno
import os
import signal
import socket
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NoReturn

from signing.judge import child, sandbox
from signing.judge.memfd import Memfd
from signing.judge.policy import Limits
from signing.judge.seccomp import WallMissing
from signing.judge.wire import Request, answer_from_bytes

_ALL_STAND = b"all walls stand"


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


ATTEMPTS: Mapping[str, Callable[[], object]] = MappingProxyType(
    {
        "open a file": lambda: os.open("/", os.O_RDONLY),
        "make a local socket": lambda: socket.socket(socket.AF_UNIX),
        "make a network socket": lambda: socket.socket(socket.AF_INET),
        "start a program": lambda: os.execv("/nowhere", ["/nowhere"]),  # noqa: S606 - it must fail
        "fork": _fork,
        "signal its parent": lambda: os.kill(os.getppid(), 0),
        "make a file in memory": lambda: os.memfd_create("x"),
    }
)
"""What the filter must refuse a confined child, with EPERM; other walls have other answers."""


def check_walls(limits: Limits) -> None:
    """Have confined children of both sorts try everything. Raises WallMissing: what they could."""
    for receives in (False, True):
        _check_walls(limits, receives=receives)


def _check_walls(limits: Limits, *, receives: bool) -> None:
    reader, writer = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _try_all(limits, parent, writer, receives=receives)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        said = answer.read()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if said != _ALL_STAND:
        raise WallMissing(said.decode("utf-8", "replace") or f"a child ended with status {status}")


def _try_all(limits: Limits, parent: int, answer: int, *, receives: bool) -> NoReturn:
    said = b""
    try:
        sandbox.close_all_but(answer)
        sandbox.confine(limits, parent, receives=receives)
        could = [name for name, attempt in ATTEMPTS.items() if not _refused(attempt)]
        said = f"a confined child could {', '.join(could)}".encode() if could else _ALL_STAND
    except (WallMissing, OSError) as problem:
        said = f"a child cannot be confined: {problem}".encode()
    finally:
        try:
            os.write(answer, said)
        finally:
            os._exit(0)  # whatever happens: never back into the parent's code


def _refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError as problem:
        return problem.errno == errno.EPERM
    return False


def judge_behind_walls(bench: child.Bench, document: bytes, at: datetime) -> str:
    """The code of the answer of a child with all its walls. Raises WallMissing if none comes."""
    reader, writer = os.pipe()
    with Memfd(document) as memfd, os.fdopen(reader, "rb") as answer:
        memfd.seal()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            request = Request(number=0, size=memfd.size, at=at)
            child.run(bench, request, [memfd.fd], writer, parent)
        os.close(writer)
        try:
            content = answer.read()
        finally:
            os.kill(pid, signal.SIGKILL)  # changes nothing for one that has ended by itself
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if not content:
        raise WallMissing(f"a confined child cannot judge; it ended with status {status}")
    return answer_from_bytes(content).verdict.reason.code
