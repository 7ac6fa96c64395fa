"""A client of clamd, ClamAV's daemon, by its command INSTREAM (clamd(8), "COMMANDS").

A document goes over while it comes in; nothing of it is kept here. Whatever is not a plain answer
is trouble, and trouble is an answer too: this client never raises to whoever sends a document, and
never says "clean" unless clamd said so of every byte.

It trusts the daemon: clamd sees the plaintext, and keeps it in its TemporaryDirectory while it
scans, which must therefore be in memory (tmpfs). deploy/tdh.example.toml says what clamd needs.
"""

import asyncio
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from tdh.domain.scanning import ScanFinding, ScanOutcome

_END = bytes(4)
"""A piece without bytes ends the document."""
LONGEST_ANSWER = 4096
"""Bytes. An answer is one line with a name in it."""
_TOO_LONG = "INSTREAM size limit exceeded"
"""The document is longer than clamd's StreamMaxLength."""
_LIMITS = "Heuristics.Limits.Exceeded"
"""How clamd names what it did not look into, with AlertExceedsMax (clamd.conf(5))."""


class ScannerTrouble(Exception):
    """No answer from clamd; the text says why. Does not leave this module."""


class LineBroken(ScannerTrouble):
    """The connection ended while we spoke. What clamd said before may still be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long clamd may take, in seconds."""

    connect: float = 3.0
    write: float = 10.0
    """To take what was sent; a scanner that is busy reads slowly."""
    answer: float = 30.0
    """From the document's end to the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where clamd listens: a Unix socket's path, or host and port."""

    path: str = ""
    host: str = ""
    port: int = 0


def address_of(url: str) -> Address:
    """`tcp://host:port` or `unix:/path`. Raises ValueError, saying what is wrong with it."""
    parts = urlsplit(url)
    if parts.scheme == "unix" and not parts.netloc and parts.path.startswith("/"):
        return Address(path=parts.path)
    if parts.scheme == "tcp" and parts.hostname and parts.port and parts.path in ("", "/"):
        return Address(host=parts.hostname, port=parts.port)
    raise ValueError("tcp://host:port or unix:/path is wanted")


class Clamd:
    """Scans documents, each over a connection of its own."""

    def __init__(self, address: Address, patience: Patience | None = None) -> None:
        self._address = address
        self._patience = patience or Patience()

    def document(self) -> "DocumentInScan":
        """Begin a document; the first bytes open the connection."""
        return DocumentInScan(self)

    async def works(self) -> bool:
        """Whether clamd answers now."""
        try:
            return await self.ask(b"zPING\0") == "PONG"
        except ScannerTrouble:
            return False

    async def ask(self, command: bytes) -> str:
        """The answer to a command without data. Raises ScannerTrouble."""
        line = await self.connect()
        try:
            await line.send(command)
            return await line.answer()
        finally:
            line.close()

    async def connect(self) -> "_Line":
        """A connection for one command. Raises ScannerTrouble."""
        try:
            async with asyncio.timeout(self._patience.connect):
                return _Line(await _connected(self._address), self._patience)
        except TimeoutError as error:
            raise ScannerTrouble("does not take the connection in time") from error
        except OSError as error:
            raise ScannerTrouble(f"cannot be reached: {error.strerror or error}") from error
        except ValueError as error:  # a name that no resolver takes
            raise ScannerTrouble(f"cannot be reached: {error}") from error


class DocumentInScan:
    """One document on its way to clamd."""

    def __init__(self, clamd: Clamd) -> None:
        self._clamd = clamd
        self._line: _Line | None = None
        self._engine = ""
        self._trouble: ScannerTrouble | None = None

    async def write(self, data: bytes) -> None:
        """Send the next bytes. Trouble is remembered for `finding`; nothing is sent after it."""
        if data:  # no bytes would be the document's end
            await self._send(len(data).to_bytes(4, "big") + data)

    async def finding(self) -> ScanFinding:
        """End the document and wait for the answer."""
        try:
            outcome, name = await self._finding()
        except ScannerTrouble as trouble:
            outcome, name = ScanOutcome.UNAVAILABLE, str(trouble)
        finally:
            self.close()
        return ScanFinding(outcome=outcome, name=name, engine=self._engine)

    async def _finding(self) -> tuple[ScanOutcome, str]:
        early = self._line is not None and self._line.has_spoken()
        await self._send(_END)
        line, trouble = self._line, self._trouble
        if early and trouble is None:
            trouble = ScannerTrouble("answers before the document's end")
        if line is not None and (early or trouble is None or isinstance(trouble, LineBroken)):
            outcome, name = _understood(await line.answer())
            if trouble is None or outcome is not ScanOutcome.CLEAN:
                return outcome, name  # the latter: it did not want the rest, and says why
        raise trouble or ScannerTrouble("was not asked")

    async def _send(self, piece: bytes) -> None:
        if self._trouble is None:
            try:
                line = await self._opened()
                await line.send(piece)
            except ScannerTrouble as trouble:
                self._trouble = trouble

    def close(self) -> None:
        """End the connection, whatever was sent. Safe to call again."""
        if self._line is not None:
            self._line.close()
            self._line = None
        self._trouble = self._trouble or ScannerTrouble("the document was given up")

    async def _opened(self) -> "_Line":
        """The connection; before it is opened, clamd is asked who will judge."""
        if self._line is None:
            self._engine = await self._clamd.ask(b"zVERSION\0")
            self._line = await self._clamd.connect()
            await self._line.send(b"zINSTREAM\0")
        return self._line


class _Line:
    """A connection to clamd, for one command and its one answer.

    A bare socket: after a failed write, what clamd had said before can still be read from it.
    """

    def __init__(self, connected: socket.socket, patience: Patience) -> None:
        self._socket = connected
        self._patience = patience

    async def send(self, data: bytes) -> None:
        """Raises LineBroken, ScannerTrouble."""
        try:
            async with asyncio.timeout(self._patience.write):
                await asyncio.get_running_loop().sock_sendall(self._socket, data)
        except TimeoutError as error:
            raise ScannerTrouble("does not take the document in time") from error
        except OSError as error:
            raise LineBroken(f"ended the connection: {error.strerror or error}") from error

    async def answer(self) -> str:
        """What clamd said, in printable characters. Raises ScannerTrouble."""
        try:
            async with asyncio.timeout(self._patience.answer):
                said = await self._heard()
        except TimeoutError as error:
            raise ScannerTrouble("does not answer in time") from error
        except OSError as error:
            raise ScannerTrouble(f"ended the connection: {error.strerror or error}") from error
        text = said.decode("utf-8", "replace")
        return "".join(letter if letter.isprintable() else "?" for letter in text)

    async def _heard(self) -> bytes:
        heard = b""
        while not heard.endswith(b"\0"):
            piece = await asyncio.get_running_loop().sock_recv(self._socket, LONGEST_ANSWER)
            if not piece:
                raise ScannerTrouble("ended the connection without an answer")
            heard += piece
            if len(heard) > LONGEST_ANSWER:
                raise ScannerTrouble("answers with too many bytes")
        return heard[:-1]

    def has_spoken(self) -> bool:
        """Whether there are words of clamd that nobody has heard yet."""
        try:
            return bool(self._socket.recv(1, socket.MSG_PEEK))
        except OSError:  # there are none, or the connection ended: who asks on is told
            return False

    def close(self) -> None:
        self._socket.close()


async def _connected(address: Address) -> socket.socket:
    """Raises OSError."""
    loop = asyncio.get_running_loop()
    if address.path:
        return await _connect(socket.AF_UNIX, address.path)
    found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    trouble = OSError(f"no address of {address.host}")
    for family, _, _, _, place in found:
        try:
            return await _connect(family, place)
        except OSError as error:
            trouble = error
    raise trouble


async def _connect(family: int, place: str | tuple[str | int | bytes, ...]) -> socket.socket:
    connecting = socket.socket(family, socket.SOCK_STREAM)
    connecting.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(connecting, place)
    except BaseException:
        connecting.close()
        raise
    return connecting


def _understood(said: str) -> tuple[ScanOutcome, str]:
    """Outcome and name. Raises ScannerTrouble for what is none of clamd's plain answers."""
    if said == "stream: OK":
        return ScanOutcome.CLEAN, ""
    if said.startswith(_TOO_LONG):
        return ScanOutcome.INCOMPLETE, said
    name = said.removeprefix("stream: ").removesuffix(" FOUND")
    if said != f"stream: {name} FOUND" or not name:
        raise ScannerTrouble(f"says: {said[:200]}")
    if name.startswith(_LIMITS):
        return ScanOutcome.INCOMPLETE, name
    return ScanOutcome.FOUND, name
