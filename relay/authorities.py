"""Outside timestamp authorities (RFC 3161) by HTTP: the preferred first, the next where it fails.

One POST each, bounded in time and bytes, TLS verified by the system's roots, no redirect, no
cookie, no proxy. An answer counts only once it was checked as a stranger would (`Check`); one that
fails is a failure of that authority, which then rests, twice as long after each further failure.
Believes nothing of what arrives; of an answer the log has at most why it was refused, cut short,
because a stranger's certificate may have names in it.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import ClassVar, Protocol, Self
from urllib.parse import urlsplit

import aiohttp
import structlog
from yarl import URL

from relay.bounded import TooLong, body_of
from tdh.domain.errors import TDHError

log = structlog.get_logger(__name__)

QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
"""RFC 3161, 3.4."""
ANSWER_SECONDS = 10.0
ANSWER_BYTES = 64 * 1024
FIRST_REST_SECONDS, LONGEST_REST_SECONDS = 5.0, 600.0
_NONCE_BITS = 64
_WHY_CHARACTERS = 120


class NoTimestamp(TDHError):
    """No outside authority gave a timestamp that holds; later one may."""

    code = "no-outside-timestamp"
    retryable = True


class AuthorityFailed(TDHError):
    """One authority gave no timestamp; `why` is a few words of our own."""

    code = "timestamp-authority-failed"
    retryable = True

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")
        self.name = name
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Who is asked."""

    name: str
    """What the operator calls it; stands beside its tokens for ever."""
    url: str

    _NAME: ClassVar[frozenset[str]] = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-")

    @classmethod
    def read(cls, text: str) -> Self:
        """`name=https://host/path`; the name as in a file's. Raises ValueError."""
        name, _, url = text.partition("=")
        parts = urlsplit(url)
        if not 0 < len(name) <= 64 or not set(name) <= cls._NAME or name.startswith((".", "-")):  # noqa: PLR2004 - part of file names
            raise ValueError(f"{name}: a name has small letters, digits, dots and hyphens")
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment:
            raise ValueError(f"{name}: an address of HTTP or HTTPS is wanted")
        return cls(name=name, url=url)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideToken:
    """A timestamp that an outsider gave."""

    name: str
    token: bytes
    """TimeStampToken, DER."""
    time: datetime


class Checked(Protocol):
    """A token that a stranger would believe."""

    @property
    def token(self) -> bytes: ...
    @property
    def time(self) -> datetime: ...


class Check(Protocol):
    """Checks a reply: `signing.outside_token.check_reply` with the roots in it."""

    def __call__(
        self, reply: bytes, *, digest: bytes, nonce: int, asked: datetime, answered: datetime
    ) -> Checked:
        """The token. Raises TDHError, whose text may be logged."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityHealth:
    """What an authority did lately."""

    name: str
    failures: int
    """In a row, up to now; 0: it works, or was not asked yet."""
    problem: str
    """The last failure in a row; empty where there is none."""
    last_token: datetime | None
    """Of this process."""


class _Known:
    """One authority and what is remembered of it."""

    __slots__ = ("authority", "failures", "last_token", "problem", "rests_until")

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.failures = 0
        self.problem = ""
        self.last_token: datetime | None = None
        self.rests_until = 0.0

    def failed(self, why: str, now: float) -> None:
        self.failures += 1
        self.problem = why
        rest = FIRST_REST_SECONDS * 2 ** min(self.failures - 1, 16)
        self.rests_until = now + min(rest, LONGEST_REST_SECONDS)

    def gave(self, at: datetime) -> None:
        self.failures, self.problem, self.rests_until, self.last_token = 0, "", 0.0, at


class AuthorityPool:
    """Asks authorities in their order. Close after use."""

    def __init__(  # noqa: PLR0913 - its parts, by name
        self,
        authorities: Sequence[Authority],
        *,
        question: Callable[[bytes, int], bytes],
        check: Check,
        now: Callable[[], datetime],
        answer_seconds: float = ANSWER_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
        random_bits: Callable[[int], int] = secrets.randbits,
    ) -> None:
        """`question` makes a TimeStampReq of digest and nonce; `now` is UTC, may raise TDHError."""
        self._known = tuple(_Known(each) for each in authorities)
        self._question, self._check, self._now = question, check, now
        self._seconds, self._monotonic, self._random = answer_seconds, monotonic, random_bits
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def stamp(self, digest: bytes) -> OutsideToken:
        """A timestamp over a digest of SHA-2, by the first authority that gives one that holds.

        Takes at most `answer_seconds` for each authority that does not rest. Raises NoTimestamp,
        which names nobody: the log and `health` do.
        """
        for known in self._known:
            if known.rests_until > self._monotonic():
                continue
            try:
                return await self._from(known, digest)
            except AuthorityFailed as error:
                known.failed(error.why, self._monotonic())
                log.warning(
                    "authority.failed", name=error.name, why=error.why, failures=known.failures
                )
        raise NoTimestamp("no outside authority gave a timestamp that holds")

    def health(self) -> tuple[AuthorityHealth, ...]:
        """Every authority, in the order of preference."""
        return tuple(
            AuthorityHealth(
                name=known.authority.name,
                failures=known.failures,
                problem=known.problem,
                last_token=known.last_token,
            )
            for known in self._known
        )

    async def _from(self, known: _Known, digest: bytes) -> OutsideToken:
        """One question, one answer, checked. Raises AuthorityFailed."""
        authority, nonce, asked = known.authority, self._random(_NONCE_BITS), self._now()
        began = self._monotonic()
        try:
            async with asyncio.timeout(self._seconds):
                reply = await self._post(authority, self._question(digest, nonce))
        except TimeoutError as error:
            raise AuthorityFailed(authority.name, "no answer in time") from error
        except aiohttp.ClientSSLError as error:
            raise AuthorityFailed(authority.name, "TLS is not to be trusted") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise AuthorityFailed(authority.name, "no connection, or it broke") from error
        answered = self._now()
        try:
            checked = self._check(reply, digest=digest, nonce=nonce, asked=asked, answered=answered)
        except TDHError as error:
            raise AuthorityFailed(authority.name, str(error)[:_WHY_CHARACTERS]) from error
        known.gave(checked.time)
        took = round(1000 * (self._monotonic() - began))
        log.info("authority.stamped", name=authority.name, milliseconds=took)
        return OutsideToken(name=authority.name, token=checked.token, time=checked.time)

    async def _post(self, authority: Authority, query: bytes) -> bytes:
        async with self._opened().post(
            URL(authority.url, encoded=True),
            data=query,
            headers={"Content-Type": QUERY, "Accept": REPLY},
            allow_redirects=False,
        ) as response:
            if response.status != 200:  # noqa: PLR2004 - RFC 3161, 3.4: refusals come with it too
                raise AuthorityFailed(authority.name, f"status {response.status}")
            if response.content_type != REPLY:
                raise AuthorityFailed(authority.name, "an answer of another type")
            if response.headers.get("Content-Encoding", "identity").lower() != "identity":
                raise AuthorityFailed(authority.name, "an encoded answer")
            try:
                return await body_of(response, most=ANSWER_BYTES)
            except TooLong:
                raise AuthorityFailed(authority.name, "an answer without end") from None

    def _opened(self) -> aiohttp.ClientSession:
        """A session without memory: no cookies, no proxy, no connection used twice."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(force_close=True, limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"Accept-Encoding": "identity", "User-Agent": "tdh-anchor/1"},
                auto_decompress=False,
                trust_env=False,
                timeout=aiohttp.ClientTimeout(total=None),
            )
        return self._session
