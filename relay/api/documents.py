"""GET /v1/inbox/{delivery}/documents/{document}: content leaves, and both ends of it are recorded.

The access is committed before the first byte; the release is recorded after the last byte has
arrived at the other end's system, and not if the client went away before. No ranges, no HEAD.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from urllib.parse import quote

import structlog
from aiohttp import hdrs, web

from relay.api import digests
from relay.api.callers import Callers, delivery_id, document_number, known
from relay.api.conflicts import explained
from relay.api.inbox import in_inbox
from relay.api.last_byte import SentBytes
from relay.api.routes import Bytes, Operation, Route
from relay.api.undisturbed import Undisturbed
from tdh.delivery import handover
from tdh.domain.errors import IntegrityFailure, NotFound, TDHError
from tdh.domain.identifiers import DeliveryId
from tdh.domain.letters import Document
from tdh.domain.parties import Authentication
from tdh.ports import Commit, Ids, Mailboxes, Vault

log = structlog.get_logger()

ARRIVES_WITHIN_SECONDS = 30.0
"""How long the last bytes may be on their way; later they do not count as released."""
RELEASE_TRIES = 5
"""A release that cannot be recorded is tried again 1, 2, 4 and 8 seconds later.

After that the recipient's next reading records it.
"""


class Documents:
    """Gives content to its recipient."""

    def __init__(  # noqa: PLR0913 - its parts, by name
        self,
        *,
        callers: Callers,
        mailboxes: Mailboxes,
        vault: Vault,
        commit: Commit,
        ids: Ids,
        undisturbed: Undisturbed,
    ) -> None:
        self._callers = callers
        self._mailboxes = mailboxes
        self._vault = vault
        self._commit = commit
        self._ids = ids
        self._undisturbed = undisturbed

    def routes(self) -> tuple[Route, ...]:
        path = "/v1/inbox/{delivery}/documents/{document}"
        return (Route(method="GET", path=path, handler=self._read, operation=_READ),)

    async def _read(self, request: web.Request) -> web.StreamResponse:
        holder = await self._callers.holder(request)
        party = holder.party
        known(request.query)
        delivery = delivery_id(request)
        view = await in_inbox(self._mailboxes, delivery, party.id)
        number = document_number(request)
        document = next((d for d in view.dossier.letter.documents if d.number == number), None)
        if document is None:
            raise NotFound("document")
        by = self._callers.acting(holder)
        async with explained(self._mailboxes, delivery, party.id):
            await self._undisturbed.run(
                handover.track_access(
                    delivery, document.number, by, commit=self._commit, ids=self._ids
                )
            )
        # If we die here, an access is on record whose bytes never left: the safe side.
        sent = SentBytes(request)
        try:
            response = await self._send(request, delivery, document)
        except BaseException:
            sent.close()
            raise
        self._undisturbed.begin(self._release(sent, delivery, document.number, by))
        return response

    async def _send(
        self, request: web.Request, delivery: DeliveryId, document: Document
    ) -> web.StreamResponse:
        place = await self._mailboxes.content(delivery, document.number)
        if place is None:
            raise IntegrityFailure("a document without a place")
        pieces = self._vault.read(*place)
        # A first frame that is damaged is an answer of its own; a later one ends the connection.
        first = await anext(pieces, b"")
        response = web.StreamResponse(headers=_headers(document))
        response.content_length = document.size
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

    async def _release(
        self, sent: SentBytes, delivery: DeliveryId, number: int, by: Authentication
    ) -> None:
        """Record the release of a document, once the other end's system has all of it."""
        with sent:
            if not await sent.arrived(within_seconds=ARRIVES_WITHIN_SECONDS):
                return
        for tried in range(RELEASE_TRIES):
            try:
                await handover.release(delivery, number, by, commit=self._commit, ids=self._ids)
            except TDHError as error:
                log.warning("release-not-recorded", code=error.code, tried=tried + 1)
                if not error.retryable:
                    return
                await asyncio.sleep(2**tried)
            else:
                return


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


def _headers(document: Document) -> dict[str, str]:
    name = quote(document.filename, safe="!#$&+-.^_`|~")
    return {
        hdrs.CONTENT_TYPE: document.media_type,
        hdrs.CONTENT_DISPOSITION: f"attachment; filename*=UTF-8''{name}",
        "Content-Digest": digests.header_of(document.digest.value),
        hdrs.ACCEPT_RANGES: "none",
    }


_READ = Operation(
    id="readDocument",
    en="Content. The access is recorded before the first byte, the release after the last.",
    th="เนื้อหาเอกสาร บันทึกการเปิดก่อนส่งไบต์แรก และบันทึกการส่งมอบหลังไบต์สุดท้าย",
    answers={200: (Bytes(media_type="application/octet-stream"),)},
    problems=("not-found", "not-accepted-yet", "already-final", "integrity-failure"),
)
