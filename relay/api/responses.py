"""Answers: JSON, problems, and what every answer carries."""

from collections.abc import Mapping

from aiohttp import hdrs, web
from pydantic import BaseModel

from relay.problems import MEDIA_TYPE, Problem

REQUEST_ID = web.RequestKey("request_id", str)
"""Set on every request; travels in `X-Request-Id` and in the log, never in a body."""

POLICY = "Content-Security-Policy"
NOTHING_ALLOWED = "default-src 'none'; frame-ancestors 'none'"
EVERY_ANSWER: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000",
    hdrs.SERVER: "tdh",
}


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Signal handler: security headers, and no storing unless the answer says otherwise."""
    response.headers.setdefault(POLICY, NOTHING_ALLOWED)  # a page says itself what it may do
    response.headers.update(EVERY_ANSWER)
    response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
    response.headers["X-Request-Id"] = request.get(REQUEST_ID, "-")


def json_answer(
    value: BaseModel, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A value as JSON in UTF-8."""
    return web.Response(
        body=value.model_dump_json().encode(),
        status=status,
        headers=headers,
        content_type="application/json",
    )


def problem_answer(problem: Problem) -> web.Response:
    """A problem document."""
    return web.Response(
        body=problem.body(),
        status=problem.status,
        headers=problem.headers,
        content_type=MEDIA_TYPE,
    )
