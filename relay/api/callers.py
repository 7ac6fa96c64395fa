"""Who calls, and what a request says in its path, query and headers."""

import re
from collections.abc import Mapping

from aiohttp import hdrs, web

from relay.api.errors import IdempotencyKeyRequired
from relay.auth import METHOD, BearerTokens
from relay.payloads.requests import page_limit
from tdh.domain.errors import InvalidValue, NotFound
from tdh.domain.identifiers import (
    DeliveryId,
    EvidenceId,
    LetterId,
    TrackingNumber,
    is_id,
    parse_tracking_number,
)
from tdh.domain.parties import Authentication, Party, TokenHolder
from tdh.ports import Clock

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_CURSOR = re.compile(r"[A-Za-z0-9_.=:~-]{1,512}")


class Callers:
    """Finds who calls."""

    def __init__(self, tokens: BearerTokens, clock: Clock) -> None:
        self._tokens = tokens
        self._clock = clock

    async def party(self, request: web.Request) -> Party:
        """For whom the call is. Raises Unauthenticated."""
        return (await self.holder(request)).party

    async def holder(self, request: web.Request) -> TokenHolder:
        """The same, and who acts for it: for calls that do something. Raises Unauthenticated."""
        return await self._tokens.holder(request.headers.getall(hdrs.AUTHORIZATION, []))

    def acting(self, holder: TokenHolder) -> Authentication:
        """How the caller showed who it is, now: sealed into evidence of what it does.

        Raises ServiceUnavailable when the clock cannot be trusted.
        """
        return Authentication(
            party=holder.party.id,
            method=METHOD,
            at=self._clock.now(),
            delegate=holder.delegate,
        )


def letter_id(request: web.Request) -> LetterId:
    """The letter in the path. What cannot be an id is as good as missing: raises NotFound."""
    return LetterId(_identifier(request, "ltr", "letter"))


def delivery_id(request: web.Request) -> DeliveryId:
    """The delivery in the path. Raises NotFound."""
    return DeliveryId(_identifier(request, "dlv", "delivery"))


def evidence_id(request: web.Request) -> EvidenceId:
    """The evidence in the path. Raises NotFound."""
    return EvidenceId(_identifier(request, "evd", "evidence"))


def tracking_number(request: web.Request) -> TrackingNumber:
    """The tracking number in the path, as people type it. Raises NotFound."""
    try:
        return parse_tracking_number(request.match_info["tracking"])
    except InvalidValue:
        raise NotFound("delivery") from None


def document_number(request: web.Request) -> int | None:
    """The document in the path, None for what cannot be a document's number."""
    text = request.match_info["document"]
    return int(text) if re.fullmatch(r"[1-9][0-9]{0,3}", text) else None


def page_wanted(request: web.Request) -> tuple[int, str | None]:
    """`limit` and `cursor` of a list. Raises InvalidValue."""
    known(request.query, "limit", "cursor")
    cursor = request.query.get("cursor")
    if cursor is not None and _CURSOR.fullmatch(cursor) is None:
        raise InvalidValue("cursor", "must be a next_cursor of this list")
    return page_limit(request.query.get("limit")), cursor


def known(query: Mapping[str, str], *names: str) -> None:
    """Refuse unknown query parameters. Raises InvalidValue."""
    for name in query:
        if name not in names:
            raise InvalidValue("query", "has a parameter that is not known here")


def idempotency_key(request: web.Request) -> str:
    """Raises IdempotencyKeyRequired."""
    values = request.headers.getall("Idempotency-Key", [])
    if len(values) != 1 or _KEY.fullmatch(values[0]) is None:
        raise IdempotencyKeyRequired("1 to 255 visible characters")
    return values[0]


def _identifier(request: web.Request, prefix: str, what: str) -> str:
    text = request.match_info[what]
    if not is_id(prefix, text):
        raise NotFound(what)
    return text
