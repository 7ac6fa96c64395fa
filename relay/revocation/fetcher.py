"""Brings bytes from an address that a stranger wrote, or says why not. Nothing more.

One request, one answer: the name is resolved once and each address checked, the connection goes to
one of those very addresses, no redirect leads elsewhere, no cookie and no proxy has a part, the
body comes as it is and ends at a limit, and everything together takes a bounded time. What arrives
is neither read nor believed here: content type, encoding and meaning are the judge's business.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self
from urllib.parse import urljoin
from weakref import WeakValueDictionary

import aiohttp
import structlog
from yarl import URL

from relay.bounded import TooLong, body_of
from relay.revocation.guard import Forbidden, Place, Rules
from relay.revocation.resolver import GetAddresses, GuardedResolver

log = structlog.get_logger(__name__)

_MOVED = frozenset({301, 302, 307, 308})
_MOST_MOVES = 2
_RESTING = 4096
"""Hosts and places of which it is remembered that they did not answer."""
_HEADERS = {
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "User-Agent": "tdh-revocation/1",
}


class NotFetched(Exception):
    """Nothing came; `why` is one word or two for the log."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class _HostDown(NotFetched):
    """The host as a whole does not answer: others need not wait for it either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """What an answer may cost."""

    connect_seconds: float = 3.0
    seconds: float = 5.0
    """From the name to the last byte."""
    answer_bytes: int = 64 * 1024
    list_bytes: int = 32 * 1024 * 1024
    retry_seconds: float = 60.0
    """A host that took no connection, or a place that gave no answer, is left alone so long."""
    same_host_moves: bool = False
    """Follow a redirect that leads to the same host, port and scheme."""
    requests: int = 16
    requests_of_a_host: int = 4


class Fetcher:
    """Fetches lists and answers. Close after use."""

    def __init__(
        self,
        rules: Rules,
        patience: Patience | None = None,
        *,
        addresses: GetAddresses | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`addresses`: how names are resolved; the operating system's way if None."""
        self._rules = rules
        self._patience = patience or Patience()
        self._resolver = GuardedResolver(rules, addresses)
        self._monotonic = monotonic
        self._all = asyncio.Semaphore(self._patience.requests)
        self._hosts: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._resting: OrderedDict[str, float] = OrderedDict()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None
        await self._resolver.close()

    async def bring(self, url: str, request: bytes) -> bytes | None:
        """Like `fetch`, for who does not ask why there is nothing."""
        try:
            return await self.fetch(url, request)
        except NotFetched:
            return None

    async def fetch(self, url: str, request: bytes = b"") -> bytes:
        """Ask. A `request` is posted, as OCSP wants it (RFC 6960, A.1). Raises NotFetched."""
        begun = self._monotonic()
        try:
            place = self._rules.place(url)
        except Forbidden as problem:
            log.warning("revocation.refused", why=str(problem))
            raise NotFetched(f"forbidden: {problem}") from problem
        facts = {"host": place.host, "kind": "ocsp" if request else "crl"}
        try:
            content = await self._guarded(place, request)
        except NotFetched as problem:
            log.warning("revocation.not-fetched", why=problem.why, **facts)
            raise
        took = round(1000 * (self._monotonic() - begun))
        log.info("revocation.fetched", bytes=len(content), milliseconds=took, **facts)
        return content

    async def _guarded(self, place: Place, request: bytes) -> bytes:
        """Bounded by time, by turns, and by what is known of the host and of the place."""
        spot = f"{place.host}:{place.port}"
        if self._rests(spot) or self._rests(place.url):
            raise NotFetched("rests")
        turns = self._hosts.setdefault(spot, asyncio.Semaphore(self._patience.requests_of_a_host))
        try:
            async with asyncio.timeout(self._patience.seconds):
                await turns.acquire()
        except TimeoutError as problem:
            raise NotFetched("no turn") from problem
        try:
            return await self._timed(place, request, spot)
        finally:
            turns.release()

    async def _timed(self, place: Place, request: bytes, spot: str) -> bytes:
        try:
            async with self._all, asyncio.timeout(self._patience.seconds):
                return await self._follow(place, request)
        except TimeoutError as problem:
            # It took the connection: a list beside a slow responder may still be asked for.
            self._rest(place.url)
            raise NotFetched("time") from problem
        except _HostDown:
            self._rest(spot)
            raise

    def _rests(self, name: str) -> bool:
        return self._resting.get(name, 0.0) > self._monotonic()

    def _rest(self, name: str) -> None:
        self._resting[name] = self._monotonic() + self._patience.retry_seconds
        self._resting.move_to_end(name)
        while len(self._resting) > _RESTING:
            self._resting.popitem(last=False)

    async def _follow(self, place: Place, request: bytes) -> bytes:
        for _ in range(_MOST_MOVES + 1):
            answer = await self._once(place, request)
            if isinstance(answer, bytes):
                return answer
            place = self._moved(place, answer, request)
        raise NotFetched("too many redirects")

    def _moved(self, place: Place, answer: str, request: bytes) -> Place:
        if request or not self._patience.same_host_moves:
            raise NotFetched("redirect")
        try:
            there = self._rules.place(urljoin(place.url, answer))
        except (Forbidden, ValueError) as problem:
            raise NotFetched("redirect") from problem
        if (there.scheme, there.host, there.port) != (place.scheme, place.host, place.port):
            raise NotFetched("redirect")
        return there

    async def _once(self, place: Place, request: bytes) -> bytes | str:
        """The body, or where it is said to be."""
        headers = {"Content-Type": "application/ocsp-request"} if request else {}
        try:
            async with self._opened().request(
                "POST" if request else "GET",
                URL(place.url, encoded=True),
                data=request or None,
                headers=headers,
                allow_redirects=False,
            ) as response:
                if response.status in _MOVED:
                    return response.headers.get("Location", "")
                return await self._body(response, most=self._most(request))
        except Forbidden as problem:
            raise NotFetched(f"forbidden: {problem}") from problem
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as problem:
            raise _HostDown("no connection") from problem
        except (aiohttp.ClientError, OSError, ValueError) as problem:
            raise NotFetched("connection broke") from problem

    def _most(self, request: bytes) -> int:
        return self._patience.answer_bytes if request else self._patience.list_bytes

    async def _body(self, response: aiohttp.ClientResponse, *, most: int) -> bytes:
        if response.status != 200:  # noqa: PLR2004 - OK
            raise NotFetched(f"status {response.status}")
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise NotFetched("encoded")
        try:
            content = await body_of(response, most=most)
        except TooLong:
            raise NotFetched("too long") from None
        if not content:
            raise NotFetched("empty")
        return content

    def _opened(self) -> aiohttp.ClientSession:
        """A session without memory: no cookies, no proxy, no connection used twice, no cache."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=self._resolver, use_dns_cache=False, force_close=True, limit=0
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=_HEADERS,
                auto_decompress=False,
                trust_env=False,
                timeout=aiohttp.ClientTimeout(total=None, connect=self._patience.connect_seconds),
            )
        return self._session
