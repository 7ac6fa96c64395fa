"""Around every handler: a request's name, refusals by headers, errors as answers, one log line.

The log has the route's pattern, never a path, a query, a header, a body or an error's own text.
"""

import asyncio
import traceback
from collections.abc import Callable
from contextlib import suppress

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from relay.api.body import ApiLimits, check_headers
from relay.api.errors import MethodNotAllowed, Told
from relay.api.responses import REQUEST_ID, problem_answer
from relay.problems import Problem, problem_of
from tdh.domain.errors import InvalidValue, NotFound, TDHError

log = structlog.get_logger()

CLIENT_GONE = 499
"""Never sent; what the log says of a request whose client went away."""
LINGER_SECONDS = 1.0
LINGER_BYTES = 1024 * 1024
"""What is still read, and thrown away, of a refused body, so that the answer gets through."""


def guard(
    *, limits: ApiLimits, request_id: Callable[[], str], monotonic: Callable[[], float]
) -> Middleware:
    """The one middleware."""

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[REQUEST_ID] = f"req_{request_id()}"
        began = monotonic()
        status = 0
        try:
            response = await _answer(request, handler, limits)
            status = response.status
            return response
        finally:
            log.info(
                "http-request",
                request=request[REQUEST_ID],
                method=request.method,
                route=_route(request),
                status=status,
                milliseconds=round((monotonic() - began) * 1000, 1),
            )

    return guarded


async def _answer(request: web.Request, handler: Handler, limits: ApiLimits) -> web.StreamResponse:
    try:
        check_headers(request, limits.body_bytes)
        return await handler(request)
    except ConnectionError:
        request.protocol.force_close()  # nobody is left to be answered
        return web.Response(status=CLIENT_GONE)
    except Exception as error:  # noqa: BLE001 - every error has its answer; unknown ones say nothing
        answer = problem_answer(_problem(request, error))
        if isinstance(error, web.HTTPMethodNotAllowed):
            answer.headers[hdrs.ALLOW] = ", ".join(sorted(error.allowed_methods))
        if answer.status == web.HTTPUnauthorized.status_code:
            answer.headers[hdrs.WWW_AUTHENTICATE] = 'Bearer realm="tdh"'
        return await _without_the_rest(request, answer)


def _problem(request: web.Request, error: Exception) -> Problem:
    match error:
        case Told():
            return problem_of(error.error, error.evidence)
        case TDHError():
            problem = problem_of(error)
        case web.HTTPNotFound():
            return problem_of(NotFound("route"))
        case web.HTTPMethodNotAllowed():
            return problem_of(MethodNotAllowed(request.method))
        case web.HTTPException() if error.status < web.HTTPInternalServerError.status_code:
            return problem_of(InvalidValue("request", "is not HTTP as it is spoken here"))
        case _:
            problem = problem_of(TDHError())
    if problem.status >= web.HTTPInternalServerError.status_code:
        log.error(
            "request-failed",
            request=request[REQUEST_ID],
            route=_route(request),
            error=type(error).__name__,
            code=problem.code,
            where=_where(error),
        )
    return problem


async def _without_the_rest(request: web.Request, answer: web.Response) -> web.Response:
    """Answer a request whose body was not read to its end, then close.

    A little is read and thrown away: a client that only writes would never see the answer.
    """
    if request.content.is_eof() or not request.can_read_body:
        return answer
    answer.force_close()
    await answer.prepare(request)
    await answer.write_eof()
    # Who waits for `100 Continue` sends nothing more: there is nothing to throw away.
    thrown_away = LINGER_BYTES if hdrs.EXPECT in request.headers else 0
    with suppress(TimeoutError, ConnectionError, web.RequestPayloadError):
        async with asyncio.timeout(LINGER_SECONDS):
            while thrown_away < LINGER_BYTES and (piece := await request.content.readany()):
                thrown_away += len(piece)
    request.protocol.force_close()
    return answer


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return "-" if resource is None else resource.canonical


def _where(error: Exception) -> list[str]:
    """Where it happened, without the words of the error, which may name people."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-8:]]
