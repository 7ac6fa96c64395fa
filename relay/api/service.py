"""What the machine room asks: alive, ready, and what this interface is."""

from collections.abc import Coroutine, Mapping
from typing import Any, Protocol

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from relay.api.remembered import Remembered
from relay.api.responses import json_answer
from relay.api.routes import Bytes, Operation, Route


class Health(Protocol):
    """Looks at the parts that this process needs."""

    def parts(self) -> Coroutine[Any, Any, Mapping[str, bool]]:
        """Name of each part, and whether it works now. Never raises."""
        ...


class AliveOut(BaseModel):
    """The process runs."""

    model_config = ConfigDict(extra="forbid")
    alive: bool


class ReadyOut(BaseModel):
    """Whether requests should be sent here, and each part's own answer."""

    model_config = ConfigDict(extra="forbid")
    ready: bool
    parts: dict[str, bool]


class Service:
    """Answers that need no caller."""

    def __init__(self, *, parts: Remembered[Mapping[str, bool]]) -> None:
        """`parts` remembers what a Health says."""
        self._parts = parts

    def routes(self) -> tuple[Route, ...]:
        return (
            Route(method="GET", path="/healthz", handler=self._alive, operation=_ALIVE),
            Route(method="GET", path="/readyz", handler=self._ready, operation=_READY),
        )

    async def _alive(self, _request: web.Request) -> web.Response:
        return json_answer(AliveOut(alive=True))

    async def _ready(self, _request: web.Request) -> web.Response:
        parts = dict(await self._parts.answer())
        ready = all(parts.values())
        return json_answer(ReadyOut(ready=ready, parts=parts), status=200 if ready else 503)


class Description:
    """/openapi.json, made once when the application is built."""

    def __init__(self, document: bytes) -> None:
        self._document = document

    async def read(self, _request: web.Request) -> web.Response:
        return web.Response(
            body=self._document,
            content_type="application/json",
            headers={"Cache-Control": "public, max-age=300"},
        )


_ALIVE = Operation(
    id="alive",
    en="The process runs.",
    th="โปรเซสทำงานอยู่",
    answers={200: (AliveOut,)},
    public=True,
)
_READY = Operation(
    id="ready",
    en="Every part that is needed works.",
    th="ทุกส่วนที่จำเป็นพร้อมใช้งาน",
    answers={200: (ReadyOut,), 503: (ReadyOut,)},
    public=True,
)
DESCRIBE = Operation(
    id="describe",
    en="This description (OpenAPI 3.1).",
    th="คำอธิบายนี้ (OpenAPI 3.1)",
    answers={200: (Bytes(media_type="application/json"),)},
    public=True,
)
