"""POST /tsa: our timestamp authority by HTTP (RFC 3161, 3.4), for everybody.

It carries bytes: what a query means and how it is answered is decided behind it. A query that the
authority refuses is answered 200 with the refusal inside, because it was understood on the way;
only what is wrong with the request as HTTP gets another status. Nothing in an answer depends on the
scheme or the host, so that it serves as well behind a proxy that ends TLS. Needs no account and
keeps nothing.
"""

import time
from collections.abc import Awaitable, Callable

from aiohttp import web

from relay.api.admission import Admission, address_of
from relay.api.body import ApiLimits, Body
from relay.api.callers import known
from relay.api.errors import TimestampQueryWanted
from relay.api.routes import Bytes, Operation, Route

QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
TimestampAnswer = Callable[[bytes], Awaitable[bytes]]
"""TimeStampReq in, TimeStampResp out, granted or refused (DER)."""


class Timestamping:
    """Answers queries for timestamps."""

    def __init__(
        self,
        *,
        answer: TimestampAnswer,
        limits: ApiLimits,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._answer = answer
        self._limits = limits
        self._admission = Admission(
            per_second=limits.timestamps_per_second,
            of_an_address=limits.timestamps_of_an_address,
            monotonic=monotonic,
        )

    def routes(self) -> tuple[Route, ...]:
        return (Route(method="POST", path="/tsa", handler=self._stamp, operation=_STAMP),)

    async def _stamp(self, request: web.Request) -> web.Response:
        if request.content_type != QUERY:
            raise TimestampQueryWanted(QUERY)
        known(request.query)
        self._admission.admit(address_of(request))
        body = Body(request, most=self._limits.timestamp_query_bytes, limits=self._limits)
        query = b"".join([piece async for piece in body.pieces()])
        return web.Response(body=await self._answer(query), content_type=REPLY)


_STAMP = Operation(
    id="stamp",
    en="An RFC 3161 timestamp (EN 319 422): a TimeStampResp for a TimeStampReq. SHA-256, SHA-384, "
    "SHA-512. A query that is refused is answered 200 too, with a PKIFailureInfo.",
    th="ตราประทับเวลา RFC 3161: ส่ง TimeStampReq รับ TimeStampResp "
    "คำขอที่ไม่รับตอบ 200 พร้อมเหตุผลใน PKIFailureInfo",
    takes=Bytes(media_type=QUERY),
    answers={200: (Bytes(media_type=REPLY),)},
    problems=("timestamp-query-required", "too-large", "too-many-requests", "request-timeout"),
    public=True,
)
