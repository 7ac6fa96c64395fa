"""GET /v1/inbox/{delivery}/documents/{document}: content leaves, and both ends of it are recorded.

The access is committed before the first byte; the release is recorded after the last byte has
arrived at the other end's system, and not if the client went away before. No ranges, no HEAD.
"""

from urllib.parse import quote

from aiohttp import hdrs, web

from relay.api import digests
from relay.api.callers import Callers, delivery_id, document_number, known
from relay.api.conflicts import explained
from relay.api.inbox import in_inbox
from relay.api.last_byte import SentBytes
from relay.api.leaving import release, send_body
from relay.api.routes import Bytes, Operation, Route
from relay.api.undisturbed import Undisturbed
from tdh.delivery import handover
from tdh.domain.errors import IntegrityFailure, NotFound
from tdh.domain.identifiers import DeliveryId
from tdh.domain.letters import Document
from tdh.ports import Commit, Ids, Mailboxes, Vault


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
        self._undisturbed.begin(
            release(sent, delivery, [document.number], by, commit=self._commit, ids=self._ids)
        )
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
        return await send_body(
            request, headers=_headers(document), size=document.size, first=first, pieces=pieces
        )


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
