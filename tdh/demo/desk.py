"""One party's desk: what its program says to the service over HTTP, and what it is answered.

An ordinary client with a token, as anybody could write one. It knows nothing of the service but
its address.
"""

import asyncio
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp

from tdh.demo.failures import NotAsTold
from tdh.domain.parties import Party

TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the service answered; all of it has arrived."""

    request: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    def expect(self, status: int, code: str | None = None) -> Self:
        """The answer itself, if it has this status and, for a problem, this code.

        Raises NotAsTold.
        """
        if self.status != status or (code is not None and self.problem != code):
            raise NotAsTold(
                f"{self.request}: expected {status} {code or ''}, "
                f"got {self.status} {self.body[:300].decode(errors='replace')}"
            )
        return self

    @property
    def problem(self) -> str | None:
        """The code of a problem document (RFC 9457); None for other answers."""
        if "problem+json" not in self.headers.get("Content-Type", ""):
            return None
        return str(self.json()["code"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A letter and its signed document as one request; sent again it is the same bytes."""

    key: str
    content_type: str
    body: bytes
    sha256: str
    """Of the document, as the service must find it."""


def new_submission(letter: Mapping[str, object], document: bytes) -> Submission:
    """Build multipart/form-data (RFC 7578): the letter first, then its document."""
    boundary = secrets.token_hex(16)
    parts = (
        ("letter", "application/json", json.dumps(letter, ensure_ascii=False).encode()),
        ("main", "application/pdf", document),
    )
    body = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n'
        f"Content-Type: {kind}\r\n\r\n".encode()
        + content
        + b"\r\n"
        for name, kind, content in parts
    )
    return Submission(
        key=secrets.token_urlsafe(18),
        content_type=f"multipart/form-data; boundary={boundary}",
        body=body + f"--{boundary}--\r\n".encode(),
        sha256=hashlib.sha256(document).hexdigest(),
    )


class Desk:
    """A party's client; a context manager, made inside a running loop."""

    def __init__(self, party: Party, *, server: str, token: str) -> None:
        self.party = party
        self._server = server
        self._authorization = {"Authorization": f"Bearer {token}"}
        self._session = aiohttp.ClientSession(
            base_url=server,
            headers=self._authorization,
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            # Killed and started again, the service knows nothing of an older connection.
            connector=aiohttp.TCPConnector(force_close=True),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def get(self, path: str, *, accept: str | None = None) -> Answer:
        """Raises aiohttp.ClientError, TimeoutError."""
        return await self._ask("GET", path, headers={"Accept": accept} if accept else {})

    async def post(self, path: str, body: Mapping[str, object] | None = None) -> Answer:
        """Raises as `get`."""
        data = json.dumps(body or {}, ensure_ascii=False).encode()
        return await self._ask("POST", path, data, {"Content-Type": "application/json"})

    async def submit(self, submission: Submission) -> Answer:
        """Raises as `get`."""
        headers = {"Content-Type": submission.content_type, "Idempotency-Key": submission.key}
        return await self._ask("POST", "/v1/letters", submission.body, headers)

    async def submit_and_leave(self, submission: Submission) -> "Unanswered":
        """Send the whole request and do not wait for the answer. Raises OSError."""
        place = urlsplit(self._server)
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        headers = {
            "Host": place.netloc,
            **self._authorization,
            "Content-Type": submission.content_type,
            "Content-Length": str(len(submission.body)),
            "Idempotency-Key": submission.key,
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"POST /v1/letters HTTP/1.1\r\n{head}\r\n".encode() + submission.body)
        await writer.drain()
        return Unanswered(reader, writer)

    async def _ask(
        self,
        method: str,
        path: str,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        async with self._session.request(
            method, path, data=data, headers=headers, allow_redirects=False
        ) as answer:
            return Answer(
                request=f"{method} {path}",
                status=answer.status,
                headers=answer.headers.copy(),
                body=await answer.read(),
            )


class Unanswered:
    """A request that was sent completely and whose answer nobody has read."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def answer(self) -> bytes:
        """What came before the connection ended; empty if nothing did."""
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await self._reader.read()
        except ConnectionError:
            return b""
        finally:
            self._writer.close()
