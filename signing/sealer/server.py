"""The sealer's socket: several clients, one thread, one request at a time.

Only processes of the same user, or of root, are listened to. A client that does not take its
answers is not read from; a frame that is too long ends its connection. Never decides anything:
the desk does.
"""

import os
import selectors
import socket
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from signing.sealer import frames
from signing.sealer.desk import Desk
from signing.sealer.errors import FrameError, RefusalCode, SealerSetupError
from signing.sealer.messages import Refused

MAX_CLIENTS = 32
MAX_SOCKET_PATH = 107
"""What a sockaddr_un holds (unix(7))."""
_READ_BYTES = 256 * 1024
_BACKLOG = 16
_CREDENTIALS = struct.Struct("3i")


@contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """A listening socket of mode 0600, gone afterwards. Raises SealerSetupError."""
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
    listener.listen(_BACKLOG)
    listener.setblocking(False)
    try:
        yield listener
    finally:
        listener.close()
        with suppress(FileNotFoundError):
            path.unlink()


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
    raise SealerSetupError(f"{path}: another sealer listens here")


class Server:
    """Serves a desk on a listening socket."""

    def __init__(self, listener: socket.socket, desk: Desk) -> None:
        self._listener, self._desk = listener, desk
        self._clients: set[_Client] = set()
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ)

    def serve(self) -> None:
        """Serve until an error of the desk, or a signal's exception, ends it."""
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
        if len(self._clients) >= MAX_CLIENTS or not _is_ours(connection):
            connection.close()
            return
        connection.setblocking(False)
        client = _Client(connection)
        self._clients.add(client)
        self._selector.register(connection, selectors.EVENT_READ, client)

    def _serve_client(self, client: "_Client") -> None:
        try:
            if not client.outgoing:
                client.receive()
                for payload in frames.take_frames(client.incoming):
                    client.outgoing += self._answer(payload)
            client.send()
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
            request = frames.decode_request(payload)
        except FrameError as exc:
            return _refusal(exc)
        return frames.frame(frames.encode_answer(self._desk.answer(request)))

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


def _is_ours(connection: socket.socket) -> bool:
    """Same user, or root (SO_PEERCRED, unix(7)): the folder's rights are the first wall."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, user, _ = _CREDENTIALS.unpack(raw)
    return user in (0, os.geteuid())
