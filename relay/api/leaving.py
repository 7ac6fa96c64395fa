"""Content on its way out: every byte or a broken connection, and the release once it has arrived.

What is recorded as released was confirmed by the other end's system to its last byte.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence

import structlog
from aiohttp import web

from relay.api.last_byte import SentBytes
from tdh.delivery import handover
from tdh.domain.errors import IntegrityFailure, TDHError
from tdh.domain.identifiers import DeliveryId
from tdh.domain.parties import Authentication
from tdh.ports import Commit, Ids

log = structlog.get_logger()

ARRIVES_WITHIN_SECONDS = 30.0
"""How long the last bytes may be on their way; later they do not count as released."""
RELEASE_TRIES = 5
"""A release that cannot be recorded is tried again 1, 2, 4 and 8 seconds later.

After that the recipient's next reading records it.
"""


async def send_body(
    request: web.Request,
    *,
    headers: Mapping[str, str],
    size: int,
    first: bytes,
    pieces: AsyncIterator[bytes],
) -> web.StreamResponse:
    """Answer with `size` bytes: `first`, then the pieces, which are closed at the end.

    Raises ConnectionError where the client does not get all of them.
    """
    response = web.StreamResponse(headers=headers)
    response.content_length = size
    await response.prepare(request)
    try:
        await _send_all(request, response, first, pieces)
    except TDHError as error:
        # Content-Length is out already: the client sees a body that ends too early.
        log.error("content-broken-off", code=error.code)  # noqa: TRY400 - said in full by its code
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionAbortedError("content broken off") from error
    finally:
        if isinstance(pieces, AsyncGenerator):
            await pieces.aclose()
    return response


async def release(  # noqa: PLR0913 - what is recorded, by name
    sent: SentBytes,
    delivery: DeliveryId,
    numbers: Sequence[int],
    by: Authentication,
    *,
    commit: Commit,
    ids: Ids,
) -> None:
    """Record the release of documents, once the other end's system has all of them."""
    with sent:
        if not await sent.arrived(within_seconds=ARRIVES_WITHIN_SECONDS):
            return
    for number in numbers:
        if not await _recorded(delivery, number, by, commit=commit, ids=ids):
            return


async def _recorded(
    delivery: DeliveryId, number: int, by: Authentication, *, commit: Commit, ids: Ids
) -> bool:
    for tried in range(RELEASE_TRIES):
        try:
            await handover.release(delivery, number, by, commit=commit, ids=ids)
        except TDHError as error:
            log.warning("release-not-recorded", code=error.code, tried=tried + 1)
            if not error.retryable:
                return False
            await asyncio.sleep(2**tried)
        else:
            return True
    return False


async def _send_all(
    request: web.Request,
    response: web.StreamResponse,
    first: bytes,
    pieces: AsyncIterator[bytes],
) -> None:
    """Every byte into the operating system's hands. Raises IntegrityFailure, ConnectionError.

    The last piece is held back until the reading has ended: after it nothing is waited for but
    the network, or a client that has everything and closes would look like one that went before.
    """
    if request.transport is not None:
        request.transport.set_write_buffer_limits(high=0)  # `drain` now waits for the last byte
    sent, piece = 0, first
    async for following in pieces:
        sent += len(piece)
        await response.write(piece)
        piece = following
    if sent + len(piece) != response.content_length:
        raise IntegrityFailure("a document of another size")
    await response.write(piece)
    await response.write_eof()
    await request.writer.drain()
    # A lost connection ends `drain` too, but only a drained one ends the pause. Whether it still
    # stands does not matter: who has the last byte may leave.
    if request.protocol.writing_paused:
        raise ConnectionResetError("the client went away before the last byte")
    if request.transport is not None:
        request.transport.set_write_buffer_limits()
