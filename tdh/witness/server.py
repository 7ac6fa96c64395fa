"""The witness over HTTP: `add-checkpoint`, the newest cosigned heads, and whether it is well.

Implements the server's side of c2sp.org/tlog-witness. Bodies are bounded in size and time, and so
is the number of requests at once; everything else is decided in `witness.py`, in a thread, so that
waiting for the disk holds nobody up. TLS is ended by a proxy in front. Never asks who calls: what
counts is the log's signature.
"""

import asyncio
import logging
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from tdh.domain.errors import ClockBehind
from tdh.witness.errors import OtherSize, Refused
from tdh.witness.rules import MAX_BODY_BYTES
from tdh.witness.witness import Watched, Witness

BODY_SECONDS = 10.0
"""How long a body may take to arrive; a head with its proof is a few thousand bytes."""
MOST_AT_ONCE = 64
"""More requests at once are answered 503: each may hold a quarter of a megabyte."""
SIZE_TYPE = "text/x.tlog.size"

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Doors:
    """The handlers, and how many requests are inside."""

    witness: Witness
    inside: int = 0
    disk_failed: bool = False

    async def add_checkpoint(self, request: web.Request) -> web.Response:
        """Cosign a head, or say by the status why not."""
        if self.inside >= MOST_AT_ONCE:
            return _refusal(HTTPStatus.SERVICE_UNAVAILABLE, "too many requests at once")
        self.inside += 1
        try:
            return await self._cosign(await _body(request))
        except OtherSize as exc:
            size = f"{exc.size}\n".encode()
            return web.Response(status=exc.status, body=size, content_type=SIZE_TYPE)
        except Refused as exc:
            return _refusal(exc.status, exc.why)
        finally:
            self.inside -= 1

    async def _cosign(self, body: bytes) -> web.Response:
        try:
            lines = await asyncio.to_thread(self.witness.add_checkpoint, body)
        except ClockBehind as exc:
            return _refusal(HTTPStatus.SERVICE_UNAVAILABLE, str(exc))
        except OSError:
            self.disk_failed = True
            log.exception("a head could not be remembered; it was not cosigned")
            return _refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "the head could not be remembered")
        self.disk_failed = False
        return web.Response(body=lines, content_type="text/plain", charset="utf-8")

    async def newest(self, request: web.Request) -> web.Response:
        """The newest cosigned head of a log, for whoever watches the witness."""
        note = self.witness.newest(request.match_info["origin"])
        if note is None:
            return _refusal(HTTPStatus.NOT_FOUND, "no head of such a log was cosigned here")
        headers = {"Cache-Control": "no-cache"}
        return web.Response(body=note, content_type="text/plain", charset="utf-8", headers=headers)

    async def health(self, _request: web.Request) -> web.Response:
        """200 while heads can be remembered; what is watched, and whose history has forked."""
        watched = await asyncio.to_thread(self.witness.watched)
        status = HTTPStatus.INTERNAL_SERVER_ERROR if self.disk_failed else HTTPStatus.OK
        answer = {
            "status": "disk failed" if self.disk_failed else "ok",
            "logs": [_shown(one) for one in watched],
        }
        return web.json_response(answer, status=status)


def make_app(witness: Witness) -> web.Application:
    """The routes; for a proxy that gives the witness a path of its own, they are its root."""
    doors = _Doors(witness)
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    app.router.add_post("/add-checkpoint", doors.add_checkpoint)
    app.router.add_get("/{origin:[0-9a-f]{64}}/checkpoint", doors.newest)
    app.router.add_get("/health", doors.health)
    return app


def make_runner(app: web.Application) -> web.AppRunner:
    """A server for the application: bodies as they come, no access log, short patience."""
    return web.AppRunner(
        app,
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=75.0,
        max_headers=32,
        shutdown_timeout=BODY_SECONDS,
    )


async def _body(request: web.Request) -> bytes:
    """The whole body. Raises Refused where it does not come, HTTPException where it is too long."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except TimeoutError as exc:
        raise Refused(HTTPStatus.REQUEST_TIMEOUT, "the body did not arrive in time") from exc
    except (OSError, web.PayloadAccessError, web.RequestPayloadError) as exc:
        raise Refused(HTTPStatus.BAD_REQUEST, "the body did not arrive whole") from exc


def _refusal(status: HTTPStatus, why: str) -> web.Response:
    return web.Response(status=status, text=f"{why}\n")


def _shown(one: Watched) -> dict[str, object]:
    time = one.time.isoformat() if one.time else None
    return {
        "origin": one.origin,
        "size": one.size,
        "cosigned_at": time,
        "two_histories": one.contradiction,
    }
