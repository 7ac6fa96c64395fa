"""Who calls: bearer tokens (RFC 6750), known to us by their SHA-256 only.

An answer of the token store serves for a few seconds, so that a program that sends much does not
ask the database each time; a revoked token therefore works at most that long. It never logs a
token, and never says why one is not good.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tdh.domain.errors import TDHError
from tdh.domain.parties import TokenHolder
from tdh.ports import Tokens

_BEARER = re.compile(r"[Bb]earer +([A-Za-z0-9\-._~+/]{1,512}=*)")

METHOD = "bearer-token"
"""Name of this way to authenticate, as evidence carries it."""


class Unauthenticated(TDHError):
    """No token, or none that is good: one answer for all."""

    code = "unauthenticated"


@dataclass(frozen=True, slots=True)
class _Known:
    holder: TokenHolder | None
    until: float


class BearerTokens:
    """Finds the party of a request."""

    def __init__(
        self,
        tokens: Tokens,
        *,
        monotonic: Callable[[], float],
        ttl_seconds: float = 5.0,
        most: int = 4096,
    ) -> None:
        """`most` bounds what is remembered, good and bad tokens apart.

        Strangers who guess can thus push out neither each other's memory limit nor the good ones.
        """
        self._tokens = tokens
        self._monotonic = monotonic
        self._ttl = ttl_seconds
        self._most = most
        self._good: OrderedDict[bytes, _Known] = OrderedDict()
        self._bad: OrderedDict[bytes, _Known] = OrderedDict()

    async def holder(self, authorization: Sequence[str]) -> TokenHolder:
        """Who holds the token that the `Authorization` headers carry. Raises Unauthenticated."""
        match = _BEARER.fullmatch(authorization[0]) if len(authorization) == 1 else None
        if match is None:
            raise Unauthenticated("no bearer token")
        digest = hashlib.sha256(match[1].encode()).digest()
        known = self._remembered(digest)
        if known is None:
            found = await self._tokens.holder(digest)
            known = _Known(found, self._monotonic() + self._ttl)
            self._remember(digest, known)
        if known.holder is None:
            raise Unauthenticated("not a good token")
        return known.holder

    def _remembered(self, digest: bytes) -> _Known | None:
        known = self._good.get(digest) or self._bad.get(digest)
        return known if known is not None and known.until > self._monotonic() else None

    def _remember(self, digest: bytes, known: _Known) -> None:
        self._good.pop(digest, None)
        self._bad.pop(digest, None)
        memory = self._bad if known.holder is None else self._good
        memory[digest] = known
        if len(memory) > self._most:
            memory.popitem(last=False)
