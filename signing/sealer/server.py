"""The socket of a small program (the sealer, the receipt maker): one thread, one request at a time.

Only processes of the same user, of root and, where a group of clients is named, of that group are
listened to. A client that does not take its answers is not read from; a frame that is too long ends
its connection. Never decides anything: who answers does.
"""

import grp
import os
import selectors
import socket
import stat
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from signing.sealer import frames
from signing.sealer.errors import FrameError, RefusalCode, SealerSetupError
from signing.sealer.messages import Refused

MAX_CLIENTS = 32
MAX_SOCKET_PATH = 107
"""What a sockaddr_un holds (unix(7))."""
_READ_BYTES = 256 * 1024
_BACKLOG = 16
_CREDENTIALS = struct.Struct("iII")
_SO_PEERGROUPS = 59
"""asm-generic/socket.h; the socket module has no name for it."""
_GROUP = struct.Struct("I")
_UNKNOWN_GROUP = 65534
"""How the kernel names a group that has no number in our user namespace (user_namespaces(7))."""
_MOST_GROUPS = 256
"""What one question may bring back (the socket module's limit). Who has more is not listened to."""


@contextmanager
def listening(path: Path, clients_group: int | None = None) -> Iterator[socket.socket]:
    """A listening socket of mode 0600, gone afterwards; with a group, 0660 and of that group.

    Raises:
        SealerSetupError: it cannot be made there, or cannot be given to the group.

    """
    if len(os.fsencode(path)) > MAX_SOCKET_PATH:
        raise SealerSetupError(f"{path}: a socket's path has at most {MAX_SOCKET_PATH} bytes")
    _remove_stale(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    except OSError as exc:
        listener.close()
        raise SealerSetupError(f"{path}: {exc}") from exc
    finally:
        os.umask(before)
    try:
        if clients_group is not None:
            _open_for(path, clients_group)
        listener.listen(_BACKLOG)
        listener.setblocking(False)
        yield listener
    finally:
        listener.close()
        with suppress(FileNotFoundError):
            path.unlink()


def _open_for(path: Path, group: int) -> None:
    try:
        # Not where our own group is meant: a unit's filter of calls may refuse any chown.
        if path.stat().st_gid != group:
            os.chown(path, -1, group)
        path.chmod(0o660)  # last: nobody of another group may have it in between
    except OSError as exc:
        raise SealerSetupError(f"{path}: cannot be given to group {group}: {exc}") from exc


def group_number(name: str) -> int:
    """The number of a group given by name or number. Raises SealerSetupError."""
    try:
        number = int(name) if name.isascii() and name.isdecimal() else grp.getgrnam(name).gr_gid
    except KeyError as exc:
        raise SealerSetupError(f"{name}: there is no such group") from exc
    if number == _UNKNOWN_GROUP:
        raise SealerSetupError(f"group {name}: in a user namespace every unknown group looks so")
    return number


def _remove_stale(path: Path) -> None:
    """A socket without a listener is left over from a crash; anything else is not ours."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise SealerSetupError(f"{path}: is there, and is no socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink(missing_ok=True)
            return
    raise SealerSetupError(f"{path}: another program listens here")


class LastAnswer(Exception):
    """Raised by who answers: give this payload, then end by `cause`."""

    def __init__(self, payload: bytes, cause: Exception) -> None:
        super().__init__(str(cause))
        self.payload, self.cause = payload, cause


class Server:
    """Answers the frames that come to a listening socket."""

    def __init__(
        self,
        listener: socket.socket,
        answer: Callable[[bytes], bytes],
        clients_group: int | None = None,
    ) -> None:
        """`answer` gives a payload for a payload, or raises FrameError for one that it refuses.

        It raises LastAnswer where the program must end once the answer is out.
        """
        self._listener, self._answer_payload = listener, answer
        self._clients_group = clients_group
        self._clients: set[_Client] = set()
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ)

    def serve(self) -> None:
        """Serve until an error of who answers, or a signal's exception, ends it."""
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    self._accept()
                else:
                    self._serve_client(key.data)

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:  # the client is gone again
            return
        if len(self._clients) >= MAX_CLIENTS or not self._is_admitted(connection):
            connection.close()
            return
        connection.setblocking(False)
        client = _Client(connection)
        self._clients.add(client)
        self._selector.register(connection, selectors.EVENT_READ, client)

    def _is_admitted(self, connection: socket.socket) -> bool:
        """Whether the kernel's word of the peer fits: the folder's rights are the first wall."""
        raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        _, user, group = _CREDENTIALS.unpack(raw)
        if user in (0, os.geteuid()):
            return True
        wanted = self._clients_group
        return wanted is not None and (group == wanted or wanted in _more_groups(connection))

    def _serve_client(self, client: "_Client") -> None:
        try:
            if not client.outgoing:
                client.receive()
                for payload in frames.take_frames(client.incoming):
                    client.outgoing += self._answer(payload)
            client.send()
        except LastAnswer as last:
            client.outgoing += frames.frame(last.payload)
            with suppress(OSError):
                client.send()
            raise last.cause from last
        except FrameError as exc:
            client.refuse(exc)
            self._drop(client)
        except OSError:
            self._drop(client)
        else:
            wanted = selectors.EVENT_WRITE if client.outgoing else selectors.EVENT_READ
            self._selector.modify(client.connection, wanted, client)

    def _answer(self, payload: bytes) -> bytes:
        try:
            answer = self._answer_payload(payload)
        except FrameError as exc:
            return _refusal(exc)
        return frames.frame(answer)

    def _drop(self, client: "_Client") -> None:
        self._selector.unregister(client.connection)
        self._clients.discard(client)
        client.connection.close()


class _Client:
    """One connection with what came and what is still to go."""

    __slots__ = ("connection", "incoming", "outgoing")

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.incoming = bytearray()
        self.outgoing = bytearray()

    def receive(self) -> None:
        """Take what is there. Raises OSError at the end of the connection."""
        data = self.connection.recv(_READ_BYTES)
        if not data:
            raise ConnectionResetError("the client has gone")
        self.incoming += data

    def send(self) -> None:
        """Give as much as the client takes now."""
        with suppress(BlockingIOError):
            while self.outgoing:
                del self.outgoing[: self.connection.send(self.outgoing)]

    def refuse(self, error: FrameError) -> None:
        """Say why before the connection ends, if the client listens."""
        with suppress(OSError):
            self.connection.send(_refusal(error))


def _refusal(error: FrameError) -> bytes:
    answer = Refused(code=RefusalCode.MALFORMED, problem=str(error))
    return frames.frame(frames.encode_answer(answer))


def _more_groups(connection: socket.socket) -> tuple[int, ...]:
    """The peer's supplementary groups when it connected (SO_PEERGROUPS, from Linux 4.13 on)."""
    try:
        raw = connection.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _MOST_GROUPS * _GROUP.size)
    except OSError:  # more groups than fit, or a kernel that does not know: not admitted by them
        return ()
    return tuple(group for (group,) in _GROUP.iter_unpack(raw))
