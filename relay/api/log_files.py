"""The public log, for everybody and without an account: its head, and the files of its tiles.

c2sp.org/tlog-tiles: `/log/checkpoint`, `/log/tile/<L>/<N>[.p/<W>]`, `/log/tile/entries/...`. Tiles
come as the sequencer wrote them into its folder, and never change, so whoever has one may keep it;
a web server or CDN before us, or in our place, may give out the same folder. A path is a tile's one
spelling or nothing: what is opened is made from numbers, never from the path that was asked for.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from hashlib import sha256

from aiohttp import ETag, hdrs, web

from relay.api.callers import known
from relay.api.errors import NoCheckpointYet
from relay.api.remembered import Remembered
from relay.api.routes import Bytes, Operation, Route
from relay.payloads.anchors import AnchorsOut
from tdh.domain.errors import InvalidValue, NotFound
from tdh.domain.log import AnchoredHead
from tdh.domain.tiles import Tile
from tdh.ports import Proofs

TIMESTAMP_REPLY = "application/timestamp-reply"
FOR_EVER = "public, max-age=31536000, immutable"
ASK_EACH_TIME = "no-cache"
_SIZE = re.compile(r"0|[1-9][0-9]{0,17}")
_OCTETS = "application/octet-stream"

ReadTile = Callable[[Tile], Awaitable[bytes | None]]
"""A tile of the log's folder; None where it is not there. Raises StorageUnavailable."""


class PublicLog:
    """Gives the log out."""

    def __init__(
        self,
        *,
        proofs: Proofs,
        newest: Remembered[AnchoredHead | None],
        read_tile: ReadTile,
        timestamp_reply: Callable[[bytes], bytes],
    ) -> None:
        """`newest` remembers the newest head of `proofs`."""
        self._proofs = proofs
        self._newest = newest
        self._read_tile = read_tile
        self._timestamp_reply = timestamp_reply

    def routes(self) -> tuple[Route, ...]:
        return tuple(
            Route(method=method, path=path, handler=handler, operation=_named(operation, method))
            for path, handler, operation in (
                ("/log/checkpoint", self._checkpoint, _CHECKPOINT),
                ("/log/checkpoint.tsr", self._token, _TOKEN),
                ("/log/anchors/{size}", self._anchors, _ANCHORS),
                ("/log/tile/{tile:.+}", self._tile, _TILE),
            )
            for method in (hdrs.METH_GET, hdrs.METH_HEAD)
        )

    async def _checkpoint(self, request: web.Request) -> web.Response:
        found = await self._head(request)
        answer = _answer(request, found.note, "text/plain", ASK_EACH_TIME)
        if answer.status == web.HTTPOk.status_code:
            answer.charset = "utf-8"
        return answer

    async def _token(self, request: web.Request) -> web.Response:
        found = await self._head(request)
        reply = self._timestamp_reply(found.head.token)
        return _answer(request, reply, TIMESTAMP_REPLY, ASK_EACH_TIME)

    async def _tile(self, request: web.Request) -> web.Response:
        known(request.query)
        try:
            tile = Tile.parse(request.rel_url.raw_path.removeprefix("/log/"))
        except InvalidValue as error:
            raise NotFound("tile") from error
        data = await self._read_tile(tile)
        if data is None:
            raise NotFound("tile")
        entries = tile.level is None
        answer = _answer(request, data, _OCTETS, FOR_EVER, in_any_coding=entries)
        if entries:  # text; hashes cannot be made shorter
            answer.enable_compression()
            answer.headers[hdrs.VARY] = hdrs.ACCEPT_ENCODING
        return answer

    async def _anchors(self, request: web.Request) -> web.Response:
        known(request.query)
        if _SIZE.fullmatch(request.match_info["size"]) is None:
            raise NotFound("checkpoint")
        found = await self._proofs.anchored(int(request.match_info["size"]))
        if found is None:
            raise NotFound("checkpoint")
        return _answer(
            request,
            AnchorsOut.of(found).model_dump_json().encode(),
            "application/json",
            ASK_EACH_TIME,
        )

    async def _head(self, request: web.Request) -> AnchoredHead:
        known(request.query, "size", "anchored")
        size, anchored = size_of(request), request.query.get("anchored")
        if anchored not in (None, "1") or (anchored and size is not None):
            raise InvalidValue("anchored", "is 1, and stands alone")
        if size is None and not anchored:
            found = await self._newest.answer()
        else:
            found = await self._proofs.anchored(size)
        if found is None and (size is not None or anchored):
            raise NotFound("checkpoint")
        if found is None:
            raise NoCheckpointYet("the log is empty")
        return found


def size_of(request: web.Request) -> int | None:
    """The size of an older head, where one is asked for. Raises InvalidValue."""
    text = request.query.get("size")
    if text is None:
        return None
    if _SIZE.fullmatch(text) is None:
        raise InvalidValue("size", "must be the size of a checkpoint")
    return int(text)


def _answer(
    request: web.Request, body: bytes, media_type: str, caching: str, *, in_any_coding: bool = False
) -> web.Response:
    """The bytes, or 304 for who has them (RFC 9110, 13.1.2)."""
    etag = ETag(value=sha256(body).hexdigest()[:32], is_weak=in_any_coding)
    theirs = request.if_none_match or ()
    if any(each.value in (etag.value, "*") for each in theirs):
        answer = web.Response(status=web.HTTPNotModified.status_code)
    else:
        answer = web.Response(body=body, content_type=media_type)
    answer.etag = etag
    answer.headers[hdrs.CACHE_CONTROL] = caching
    return answer


def _named(operation: Operation, method: str) -> Operation:
    """An operation's description for one method: ids are for one only."""
    return operation if method == hdrs.METH_GET else replace(operation, id=f"{operation.id}Head")


_CHECKPOINT = Operation(
    id="readCheckpoint",
    en="The newest signed head of the log (C2SP tlog-checkpoint), or that of `size`, with the "
    "cosignatures that it has; `anchored=1`: the newest for which outsiders vouch.",
    th="หัวสมุดบันทึกล่าสุดที่ลงนามแล้ว (C2SP tlog-checkpoint)",
    answers={200: (Bytes(media_type="text/plain"),)},
    public=True,
    problems=("no-checkpoint-yet", "not-found"),
    of_a_head=True,
    choices=(("anchored", ("1",)),),
)
_TOKEN = Operation(
    id="readCheckpointToken",
    en="Our own RFC 3161 timestamp of that head, as a TimeStampResp over the bytes of its note "
    "without cosignatures.",
    th="ตราประทับเวลา RFC 3161 ของหัวนั้น",
    answers={200: (Bytes(media_type=TIMESTAMP_REPLY),)},
    public=True,
    problems=("no-checkpoint-yet", "not-found"),
    of_a_head=True,
    choices=(("anchored", ("1",)),),
)
_ANCHORS = Operation(
    id="readAnchors",
    en="What outsiders said of the head of this size: its note with cosignatures, its timestamps.",
    th="คำรับรองของบุคคลภายนอกต่อหัวสมุดบันทึกขนาดนี้: ลายมือชื่อร่วมและการประทับเวลา",
    answers={200: (AnchorsOut,)},
    public=True,
    problems=("not-found",),
)
_TILE = Operation(
    id="readTile",
    en="Hashes of the log's tree, `<L>/<N>[.p/<W>]`, or its entries, `entries/<N>[.p/<W>]` "
    "(C2SP tlog-tiles). They never change.",
    th="ส่วนหนึ่งของต้นไม้แฮชหรือรายการในสมุดบันทึก ซึ่งไม่เปลี่ยนแปลงอีก (C2SP tlog-tiles)",
    answers={200: (Bytes(media_type=_OCTETS),)},
    public=True,
    problems=("not-found",),
)
