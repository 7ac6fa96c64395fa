"""Free ports on the loopback address, and short questions to what listens there."""

import contextlib
import os
import random
import socket
from collections.abc import Iterable
from pathlib import Path

LOOPBACK = "127.0.0.1"
FIRST, LAST = 15_000, 29_999
"""Below the range from which Linux takes ports for outgoing connections (32768 and up), so that a
server that was stopped for a moment finds its own port free when it comes back."""
LISTENING = "0A"
"""TCP_LISTEN in the state column of /proc/net/tcp: proc(5)."""


def free_ports(count: int) -> tuple[int, ...]:
    """Choose ports that nobody listens on now; a starting server must still expect to lose one."""
    chosen: list[int] = []
    while len(chosen) < count:
        port = random.SystemRandom().randint(FIRST, LAST)
        if port not in chosen and is_free(port):
            chosen.append(port)
    return tuple(chosen)


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def first_byte_of_answer(port: int, question: bytes, *, seconds: float = 1.0) -> bytes:
    """Send the first bytes of a protocol and give the first byte of the answer; empty for none."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=seconds) as connection:
            connection.sendall(question)
            return connection.recv(1)
    except OSError:
        return b""


def listening_ports(processes: Iterable[int]) -> frozenset[int]:
    """Give the IPv4 ports on which the processes themselves listen, by /proc.

    An answer alone does not tell whose server it is: a stranger's PostgreSQL on a port that we
    chose answers as well as ours.
    """
    sockets = set()
    for process in processes:
        with contextlib.suppress(OSError):
            for descriptor in os.scandir(f"/proc/{process}/fd"):
                with contextlib.suppress(OSError):
                    sockets.add(str(Path(descriptor.path).readlink()))
    ports = set()
    for row in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        _, local, _, state, *_, inode = row.split()[:10]
        if state == LISTENING and f"socket:[{inode}]" in sockets:
            ports.add(int(local.rpartition(":")[2], 16))
    return frozenset(ports)
