"""The body of an outsider's answer, up to a bound: who answers without end is not listened to."""

import aiohttp

_CHUNK = 64 * 1024


class TooLong(Exception):
    """More came than was wanted; the caller says so in an error of its own."""


async def body_of(response: aiohttp.ClientResponse, *, most: int) -> bytes:
    """All of it. Raises TooLong, and what aiohttp raises where the connection breaks."""
    if (response.content_length or 0) > most:
        raise TooLong
    content = bytearray()
    async for piece in response.content.iter_chunked(_CHUNK):
        content += piece
        if len(content) > most:
            raise TooLong
    return bytes(content)
