"""`/log/trust.json` and `/log/trust.tlog-proof`: the operator's trust file, and its proof.

For everybody, without an account. Whoever has an older file takes this one by `tdh trust update`,
which believes the proof only as far as the older file does; whoever has none must not take it from
here alone: it would be the operator vouching for himself.
"""

from collections.abc import Awaitable
from typing import Protocol

from aiohttp import hdrs, web

from relay.api.callers import known
from relay.api.routes import Bytes, Operation, Route
from tdh.domain.errors import NotFound

_JSON, _PROOF = "application/json", "text/plain"


class PublishedTrust(Protocol):
    """The newest published trust file."""

    async def file(self) -> bytes | None: ...
    async def proof(self) -> bytes | None:
        """Raises NotLoggedYet before a head holds its entry."""
        ...


class TrustFiles:
    """Gives both out."""

    def __init__(self, published: PublishedTrust) -> None:
        self._published = published

    def routes(self) -> tuple[Route, ...]:
        return (
            Route(method="GET", path="/log/trust.json", handler=self._file, operation=_FILE),
            Route(
                method="GET",
                path="/log/trust.tlog-proof",
                handler=self._tlog_proof,
                operation=_ITS,
            ),
        )

    async def _file(self, request: web.Request) -> web.Response:
        known(request.query)
        return await _given(self._published.file(), _JSON)

    async def _tlog_proof(self, request: web.Request) -> web.Response:
        known(request.query)
        return await _given(self._published.proof(), _PROOF)


async def _given(reading: Awaitable[bytes | None], media_type: str) -> web.Response:
    body = await reading
    if body is None:
        raise NotFound("trust file")
    answer = web.Response(body=body, content_type=media_type)
    answer.headers[hdrs.CACHE_CONTROL] = "no-cache"
    return answer


_FILE = Operation(
    id="readTrustFile",
    en="The newest published trust.json: whom to believe about this operator. A claim, if you have "
    "no older one.",
    th="ไฟล์ความเชื่อถือล่าสุดที่ผู้ให้บริการเผยแพร่",
    answers={200: (Bytes(media_type=_JSON),)},
    public=True,
    problems=("not-found",),
)
_ITS = Operation(
    id="readTrustFileProof",
    en="Its proof by the log (C2SP tlog-proof), for `tdh trust update`.",
    th="หลักฐานของไฟล์นั้นในสมุดบันทึก",
    answers={200: (Bytes(media_type=_PROOF),)},
    public=True,
    problems=("not-found", "not-logged-yet"),
)
