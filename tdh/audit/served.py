"""The head that the log shows to everybody, fetched as anybody would fetch it."""

import aiohttp

from signing.checkpoint import MAX_NOTE_BYTES
from tdh.domain.errors import ServiceUnavailable

SECONDS = 10.0
PATH = "/log/checkpoint"


async def fetch_head(url: str) -> bytes:
    """The checkpoint below this address of a log. Raises ServiceUnavailable."""
    limit = aiohttp.ClientTimeout(total=SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=limit) as session,
            session.get(url.rstrip("/") + PATH, allow_redirects=False) as answer,
        ):
            if answer.status != 200:  # noqa: PLR2004 - HTTP: OK
                raise ServiceUnavailable(f"{url}{PATH} answers {answer.status}")
            return await answer.content.read(MAX_NOTE_BYTES + 1)
    except (aiohttp.ClientError, TimeoutError, ValueError) as exc:
        raise ServiceUnavailable(f"{url}{PATH} cannot be read: {exc}") from exc
