"""Asks an outside witness to cosign the log's newest head (c2sp.org/tlog-witness, client side).

What a witness answers is bounded in time and size and believed only as far as its own key signed
it. Proofs and signatures come in as functions: nothing is proved or verified here. Never decides
how many witnesses are enough, never repeats an answer that it did not verify.
"""

import asyncio
import base64
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import aiohttp

from relay.bounded import TooLong, body_of
from tdh.domain.errors import TDHError

Proof = Callable[[int], Awaitable[Sequence[bytes]]]
"""Gives the consistency proof (RFC 6962, 2.1.2) from an older size to the head that is sent."""
Verify = Callable[[bytes, bytes], tuple[bytes, datetime]]
"""Finds the witness's line for a note in an answer; gives line and time, or raises TDHError."""

_OK, _CONFLICT, _UNPROCESSABLE, _SERVERS_FAULT = 200, 409, 422, 500
_MOST_BYTES = 64 * 1024
"""A post-quantum cosignature has 3,300 characters; a witness may have several keys."""
_SIZE_TYPE = "text/x.tlog.size"
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")
_HEADERS = {
    "Content-Type": "text/plain; charset=utf-8",
    "Accept-Encoding": "identity",
    "User-Agent": "tdh-log/1",
}


class WitnessError(TDHError):
    """A witness did not cosign a head; another witness, or a later call, may."""

    code = "witness-failed"
    retryable: ClassVar[bool] = True

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"witness {name}: {why}")
        self.name = name
        self.why = why


class WitnessUnreachable(WitnessError):
    """No connection, no answer in time, or an answer that says the fault is the witness's own."""

    code = "witness-unreachable"


class WitnessRefused(WitnessError):
    """It answered, and did not cosign: it knows no such log, or its answer cannot be used."""

    code = "witness-refused"


class WitnessContradicts(WitnessError):
    """It saw another history of this log than the one that is sent: an alarm.

    The log was forked or put back (a restored database), or somebody else signs heads by its key.
    `size` is that of the head which the witness holds.
    """

    code = "witness-contradicts"

    def __init__(self, name: str, why: str, size: int) -> None:
        super().__init__(name, why)
        self.size = size


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigned:
    """What a witness gave for a head, verified."""

    line: bytes
    """One signature line of a note, LF at its end."""
    time: datetime
    """By the witness's clock."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    media_type: str
    body: bytes


class WitnessClient:
    """One witness, and the size of the head that it is believed to hold.

    The calls of one client run one after the other: two at once would contradict each other.
    """

    def __init__(self, url: str, name: str, *, verify: Verify, timeout: float) -> None:
        """Talk to the witness whose `add-checkpoint` is below `url`.

        `timeout` is in seconds, for one exchange; a call makes two at most.
        """
        self.name = name
        self._url = url.rstrip("/") + "/add-checkpoint"
        self._verify = verify
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._size = 0
        self._turn = asyncio.Lock()

    @property
    def size(self) -> int:
        """Of the head that the witness is believed to hold; 0 until it said so."""
        return self._size

    async def cosign(self, note: bytes, size: int, proof: Proof) -> Cosigned:
        """Have the newest head cosigned: the log's signed note, and the size in it.

        Raises:
            WitnessUnreachable: it may answer later.
            WitnessRefused: it does not cosign, or what it answered is no cosignature by its key.
            WitnessContradicts: it holds a head that does not lead to this one.
            TDHError: what `proof` raised.

        """
        async with self._turn:
            answer = await self._send(note, min(self._size, size), size, proof)
            if answer.status == _CONFLICT:
                self._size = self._size_in(answer)
                if self._size > size:
                    why = f"it holds a head of size {self._size}, ours has {size}"
                    raise WitnessContradicts(self.name, why, self._size)
                answer = await self._send(note, self._size, size, proof)
            return self._read(note, size, answer)

    async def _send(self, note: bytes, old_size: int, size: int, proof: Proof) -> _Answer:
        hashes = await proof(old_size) if 0 < old_size < size else ()
        return await self._post(request_body(old_size, hashes, note))

    async def _post(self, body: bytes) -> _Answer:
        try:
            async with (
                aiohttp.ClientSession(timeout=self._timeout, auto_decompress=False) as session,
                session.post(
                    self._url, data=body, headers=_HEADERS, allow_redirects=False
                ) as response,
            ):
                body = await body_of(response, most=_MOST_BYTES)
                return _Answer(response.status, response.content_type, body)
        except TooLong:
            raise WitnessRefused(self.name, f"answers more than {_MOST_BYTES} bytes") from None
        except (aiohttp.ClientError, OSError, TimeoutError) as exc:
            why = str(exc) or type(exc).__name__
            raise WitnessUnreachable(self.name, f"no answer: {why}") from exc

    def _size_in(self, answer: _Answer) -> int:
        match = _SIZE.fullmatch(answer.body)
        if match is None or answer.media_type != _SIZE_TYPE:
            raise WitnessRefused(self.name, "says that it holds another size, but not which")
        return int(match[1])

    def _read(self, note: bytes, size: int, answer: _Answer) -> Cosigned:
        if answer.status == _UNPROCESSABLE:
            # It took our word for the size that it holds, and from there our proof does not hold.
            why = f"our head of size {size} does not extend the one it holds, of size {self._size}"
            raise WitnessContradicts(self.name, why, self._size)
        if answer.status >= _SERVERS_FAULT:
            raise WitnessUnreachable(self.name, f"answers {answer.status}")
        if answer.status != _OK:
            raise WitnessRefused(self.name, f"answers {answer.status}")
        try:
            line, time = self._verify(note, answer.body)
        except TDHError as exc:
            raise WitnessRefused(self.name, f"its answer does not verify: {exc}") from exc
        self._size = size
        return Cosigned(line=line, time=time)


def request_body(old_size: int, proof: Sequence[bytes], note: bytes) -> bytes:
    """The body of `add-checkpoint`: old size, proof, empty line, checkpoint."""
    lines = [b"old %d" % old_size, *map(base64.b64encode, proof), b"", note]
    return b"\n".join(lines)
