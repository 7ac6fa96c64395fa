"""The service as the command line sees it: over HTTP, with a token that is never in argv.

It follows no redirect, keeps no cookie, and says what the service said: problems are shown in
both languages, and decide the exit code.
"""

import argparse
import asyncio
import hashlib
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar

from tdh.cli import refusals

Plain = dict[str, Any]
Subparsers = argparse._SubParsersAction  # noqa: SLF001 - argparse gives its type no public name

FINE, NO, USAGE, NO_INPUT, UNREACHABLE, INTERNAL = 0, 1, 64, 66, 69, 70

TIMEOUT = ClientTimeout(total=None, connect=10, sock_connect=10, sock_read=120)
"""Large documents take their time; silence does not."""
PIECE = 256 * 1024


class Stop(Exception):
    """Ends the command with a sentence in both languages."""

    def __init__(self, code: int, th: str, en: str) -> None:
        super().__init__(f"{th} / {en}")
        self.code = code


class Refused(Exception):
    """The service's answer is a problem document."""

    def __init__(self, problem: Plain, retry_after: float) -> None:
        super().__init__(str(problem.get("code")))
        self.problem = problem
        self.retry_after = retry_after
        """Seconds."""

    @property
    def code(self) -> str:
        """The problem's stable code."""
        return str(self.problem.get("code"))

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later."""
        return bool(self.problem.get("retryable"))

    def words(self) -> str:
        """The problem for people."""
        of = self.problem
        lines = [f"{' / '.join(refusals.title(of))} ({of.get('code')})"]
        lines += [
            f"  {one.get('pointer')}: {one.get('detail_th')} / {one.get('detail')}"
            for one in of.get("errors", [])
        ]
        if not of.get("errors") and of.get("detail") != of.get("title"):
            lines.append(f"  {of.get('detail')}")
        if "evidence" in of:
            lines.append(f"  หลักฐาน / evidence: {of['evidence']['id']} {of['evidence']['event']}")
        advice = refusals.advice(of)
        return "\n".join([*lines, f"  {' / '.join(advice)}"] if any(advice) else lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the service is, and who asks."""

    server: str
    token: str


def add_connection(parser: argparse.ArgumentParser, *, with_json: bool = True) -> None:
    """Options that every client command has."""
    parser.add_argument("--server", metavar="URL", help="default: TDH_SERVER")
    parser.add_argument(
        "--token-file", type=Path, metavar="FILE", help="holds the token; default: TDH_TOKEN_FILE"
    )
    if with_json:
        parser.add_argument("--json", action="store_true", help="print JSON")


def address_of(args: argparse.Namespace, environment: Mapping[str, str]) -> Address:
    """Raises Stop when there is no server, no token, or neither can be used."""
    server = args.server or environment.get("TDH_SERVER")
    if not server or urlsplit(server).scheme not in {"http", "https"}:
        raise Stop(
            USAGE, "ระบุเซิร์ฟเวอร์ด้วย --server หรือ TDH_SERVER", "no server: --server or TDH_SERVER"
        )
    path = args.token_file or environment.get("TDH_TOKEN_FILE")
    if not path:
        raise Stop(
            USAGE, "ระบุไฟล์โทเคนด้วย --token-file หรือ TDH_TOKEN_FILE", "no token: --token-file"
        )
    try:
        token = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Stop(NO_INPUT, "เปิดไฟล์โทเคนไม่ได้", f"cannot open the token file {path}") from error
    return Address(server=server.rstrip("/"), token=token)


class Service:
    """Requests of one caller."""

    def __init__(self, session: ClientSession) -> None:
        self._session = session

    async def get(self, path: str, **query: str) -> Plain:
        """A JSON answer. Raises Refused."""
        wanted = {"Accept": "application/json"}
        async with self._asked("GET", path, params=query, headers=wanted) as answer:
            return _object(await answer.read())

    async def post(self, path: str, body: Plain) -> Plain:
        """A JSON answer to a JSON body. Raises Refused."""
        async with self._asked("POST", path, json=body) as answer:
            return _object(await answer.read())

    async def submit(
        self, body: AsyncIterator[bytes], headers: Mapping[str, str], *, expect100: bool
    ) -> Plain:
        """Send a letter; `headers` have the body's length and type. Raises Refused."""
        async with self._asked(
            "POST", "/v1/letters", data=body, headers=headers, expect100=expect100
        ) as answer:
            return _object(await answer.read())

    async def fetch(self, path: str, accept: str = "application/xml, */*") -> bytes:
        """Something small that is no JSON. Raises Refused."""
        async with self._asked("GET", path, headers={"Accept": accept}) as answer:
            return await answer.read()

    async def download(self, path: str, to: BinaryIO) -> str:
        """A document into a file; its SHA-256 as it came. Raises Refused."""
        running = hashlib.sha256()
        async with self._asked("GET", path) as answer:
            async for piece in answer.content.iter_chunked(PIECE):
                running.update(piece)
                to.write(piece)
        return running.hexdigest()

    async def listed(self, path: str) -> list[Plain]:
        """All items of a list, page by page. Raises Refused."""
        items: list[Plain] = []
        query = {"limit": "200"}
        while True:
            page = await self.get(path, **query)
            items += page["data"]
            if page["next_cursor"] is None:
                return items
            query["cursor"] = page["next_cursor"]

    @asynccontextmanager
    async def _asked(self, method: str, path: str, **more: Any) -> AsyncIterator[ClientResponse]:
        asking = self._session.request(method, path, allow_redirects=False, **more)
        async with asking as answer:
            if answer.status >= 300:  # noqa: PLR2004 - everything but success
                raise _refusal(await answer.read(), answer)
            yield answer


def run(
    args: argparse.Namespace, act: Callable[[Service, argparse.Namespace], Awaitable[int]]
) -> int:
    """Run one client command; its exit code."""
    server = ""
    try:
        address = address_of(args, os.environ)
        server = shown_address(address.server)
        return asyncio.run(_run(address, act, args))
    except Stop as stop:
        print(f"tdh: {stop}", file=sys.stderr)
        return stop.code
    except Refused as refused:
        if args.json:
            print(as_json(refused.problem))
        else:
            print(f"tdh: {refused.words()}", file=sys.stderr)
        return NO
    except (ClientError, TimeoutError, OSError) as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise  # a file of this machine, not the service
        print(f"tdh: ติดต่อบริการไม่ได้ / the service cannot be reached: {server}", file=sys.stderr)
        return UNREACHABLE


def shown_address(url: str) -> str:
    """A URL as it may stand on a screen: without a password that somebody wrote into it."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


async def _run(
    address: Address,
    act: Callable[[Service, argparse.Namespace], Awaitable[int]],
    args: argparse.Namespace,
) -> int:
    headers = {"Authorization": f"Bearer {address.token}", "User-Agent": "tdh"}
    async with ClientSession(
        address.server, headers=headers, timeout=TIMEOUT, cookie_jar=DummyCookieJar()
    ) as session:
        return await act(Service(session), args)


def as_json(value: object) -> str:
    """For programs."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def _object(body: bytes) -> Plain:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Stop(INTERNAL, "อ่านคำตอบของเซิร์ฟเวอร์ไม่ได้", "the answer cannot be read")
    return found


def _refusal(body: bytes, answer: ClientResponse) -> Refused:
    try:
        problem = _object(body)
    except Stop:
        title = f"HTTP {answer.status}"
        problem = {"code": "no-problem-document", "title": title, "title_th": title}
    try:
        retry_after = float(answer.headers.get("Retry-After", "1"))
    except ValueError:
        retry_after = 1.0
    return Refused(problem, retry_after)
