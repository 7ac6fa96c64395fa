"""`/verify` and what belongs to it: the page on which anybody checks evidence, in the browser.

Static files, for everybody and without an account. Nothing is ever sent to these routes: the page
digests and checks on the device, and reads no more than the public log.
"""

from collections.abc import Sequence
from hashlib import sha256

from aiohttp import ETag, hdrs, web

from relay.api.callers import known
from relay.api.responses import POLICY
from relay.api.routes import Bytes, Handler, Operation, Route
from tdh.domain.published import PublishedFile

_A_DAY_FOR_FONTS = "public, max-age=86400"
_ASK_EACH_TIME = "no-cache"


class Verifier:
    """Gives the files out."""

    def __init__(self, files: Sequence[PublishedFile]) -> None:
        self._files = files

    def routes(self) -> tuple[Route, ...]:
        return tuple(
            Route(
                method="GET",
                path=file.path,
                handler=_giving(file),
                operation=Operation(
                    id=f"readVerifier{number}",
                    en=f"The small verifier: {file.name}.",
                    th=f"โปรแกรมตรวจหลักฐานขนาดเล็ก: {file.name}",
                    answers={200: (Bytes(media_type=file.media_type),)},
                    public=True,
                ),
            )
            for number, file in enumerate(self._files)
        )


def _giving(file: PublishedFile) -> Handler:
    etag = ETag(value=sha256(file.body).hexdigest()[:32])
    caching = _A_DAY_FOR_FONTS if file.media_type.startswith("font/") else _ASK_EACH_TIME

    async def give(request: web.Request) -> web.Response:
        known(request.query)
        if any(each.value in (etag.value, "*") for each in request.if_none_match or ()):
            answer = web.Response(status=web.HTTPNotModified.status_code)
        else:
            answer = web.Response(body=file.body, content_type=file.media_type)
            if file.media_type.startswith("text/"):
                answer.charset = "utf-8"
        answer.etag = etag
        answer.headers[hdrs.CACHE_CONTROL] = caching
        if file.content_policy is not None:
            answer.headers[POLICY] = file.content_policy
        return answer

    return give
