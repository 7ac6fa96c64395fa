"""GET /v1/deliveries/{delivery}/bundle: all that convinces a stranger, in one file (`.asice`).

For both parties, each by what it may see. A recipient who gets the documents in a bundle has
accessed them, as by reading each: the access to every document is committed before the first byte,
their release recorded when the whole bundle has arrived, and before acceptance there is no content
(409), only `?content=none`. The evidence of that very access is not in the bundle, which was sealed
before; it is in the next one. A sender who fetches what it sent itself is no event. Each document
was read to its end, and the bundle sealed, before anything is recorded: what cannot be given is not
recorded as accessed.
"""

from collections.abc import Sequence

from aiohttp import hdrs, web

from relay.api.callers import Callers, delivery_id, known
from relay.api.conflicts import explained
from relay.api.last_byte import SentBytes
from relay.api.leaving import release, send_body
from relay.api.routes import Bytes, Operation, Route
from relay.api.undisturbed import Undisturbed
from tdh.delivery import handover
from tdh.delivery.bundles import Bundle, Bundles
from tdh.domain.errors import InvalidValue
from tdh.domain.identifiers import DeliveryId
from tdh.domain.lifecycle import CONTENT_AVAILABLE
from tdh.domain.parties import Authentication
from tdh.ports import Commit, Ids, Mailboxes

MEDIA_TYPE = "application/vnd.etsi.asic-e+zip"


class BundleReading:
    """Gives bundles out."""

    def __init__(  # noqa: PLR0913 - its parts, by name
        self,
        *,
        callers: Callers,
        mailboxes: Mailboxes,
        bundles: Bundles,
        commit: Commit,
        ids: Ids,
        undisturbed: Undisturbed,
    ) -> None:
        self._callers = callers
        self._mailboxes = mailboxes
        self._bundles = bundles
        self._commit = commit
        self._ids = ids
        self._undisturbed = undisturbed

    def routes(self) -> tuple[Route, ...]:
        path = "/v1/deliveries/{delivery}/bundle"
        return (Route(method="GET", path=path, handler=self._read, operation=_READ),)

    async def _read(self, request: web.Request) -> web.StreamResponse:
        holder = await self._callers.holder(request)
        party = holder.party
        delivery = delivery_id(request)
        content = _content_wanted(request)
        view = await self._mailboxes.delivery(delivery, party.id)
        receives = content and view is not None and view.dossier.recipient.id == party.id
        by = self._callers.acting(holder) if receives else None
        if by and view and view.dossier.delivery.state not in CONTENT_AVAILABLE:
            await self._track(delivery, [1], by)  # refuses, and says why
        bundle = await self._bundles.of(delivery, party.id, content=content)
        if by:
            await self._track(delivery, bundle.documents, by)
        # If we die here, an access is on record whose bytes never left: the safe side.
        sent = SentBytes(request)
        try:
            response = await _send(request, delivery, bundle)
        except BaseException:
            sent.close()
            raise
        if by:
            self._undisturbed.begin(
                release(sent, delivery, bundle.documents, by, commit=self._commit, ids=self._ids)
            )
        else:
            sent.close()
        return response

    async def _track(
        self, delivery: DeliveryId, documents: Sequence[int], by: Authentication
    ) -> None:
        """Record the access to each document: all, or nothing leaves."""
        async with explained(self._mailboxes, delivery, by.party):
            for number in documents:
                await self._undisturbed.run(
                    handover.track_access(delivery, number, by, commit=self._commit, ids=self._ids)
                )


async def _send(request: web.Request, delivery: DeliveryId, bundle: Bundle) -> web.StreamResponse:
    headers: dict[str, str] = {
        hdrs.CONTENT_TYPE: MEDIA_TYPE,
        hdrs.CONTENT_DISPOSITION: f'attachment; filename="{delivery}.asice"',
        hdrs.ACCEPT_RANGES: "none",
    }
    first = await anext(bundle.pieces)
    return await send_body(
        request, headers=headers, size=bundle.size, first=first, pieces=bundle.pieces
    )


def _content_wanted(request: web.Request) -> bool:
    """Raises InvalidValue."""
    known(request.query, "content")
    wanted = request.query.get("content", "all")
    if wanted not in {"all", "none"}:
        raise InvalidValue("content", "must be none, or left out")
    return wanted == "all"


_READ = Operation(
    id="readBundle",
    en="All evidence and the documents in one sealed file (ASiC-E). `content=none`: no documents.",
    th="หลักฐานทั้งหมดและเอกสารในไฟล์เดียวที่ประทับตรา (ASiC-E) ใช้ content=none เมื่อไม่ต้องการเอกสาร",
    answers={200: (Bytes(media_type=MEDIA_TYPE),)},
    problems=(
        "invalid-request",
        "not-found",
        "not-logged-yet",
        "not-accepted-yet",
        "already-final",
        "integrity-failure",
        "receipt-maker-unavailable",
        "receipt-key-given-up",
    ),
    choices=(("content", ("all", "none")),),
)
