"""GET .../documents/{document}/report: the judge's full report, the bytes whose digest is sealed.

For the sender, and for a recipient while the content may be read; of a refused submission for its
sender, under the submission's stream. It is no content: reading it is no event.
"""

from aiohttp import hdrs, web

from relay.api import digests
from relay.api.callers import Callers, delivery_id, document_number, known, letter_id
from relay.api.routes import Bytes, Operation, Route
from tdh.domain.errors import NotFound
from tdh.domain.identifiers import DeliveryId, PartyId
from tdh.ports import Mailboxes

JSON = "application/json"


class Reports:
    """Gives reports, exactly as they are kept."""

    def __init__(self, *, callers: Callers, mailboxes: Mailboxes) -> None:
        self._callers = callers
        self._mailboxes = mailboxes

    def routes(self) -> tuple[Route, ...]:
        below = "documents/{document}/report"
        return (
            Route(
                method="GET",
                path="/v1/letters/{letter}/" + below,
                handler=self._of_letter,
                operation=_OF_LETTER,
            ),
            Route(
                method="GET",
                path="/v1/deliveries/{delivery}/" + below,
                handler=self._of_delivery,
                operation=_OF_DELIVERY,
            ),
        )

    async def _of_letter(self, request: web.Request) -> web.Response:
        party, number = await self._asked(request)
        return _answer(await self._mailboxes.report(letter_id(request), number, party))

    async def _of_delivery(self, request: web.Request) -> web.Response:
        party, number = await self._asked(request)
        return _answer(await self._report(delivery_id(request), number, party))

    async def _asked(self, request: web.Request) -> tuple[PartyId, int]:
        """By whom, and for which document. Raises NotFound."""
        party = await self._callers.party(request)
        known(request.query)
        number = document_number(request)
        if number is None:
            raise NotFound("report")
        return party.id, number

    async def _report(self, stream: DeliveryId, number: int, party: PartyId) -> bytes | None:
        view = await self._mailboxes.delivery(stream, party)
        if view is None:
            return await self._mailboxes.refusal_report(stream, number, party)
        return await self._mailboxes.report(view.dossier.letter.id, number, party)


def _answer(report: bytes | None) -> web.Response:
    if report is None:
        raise NotFound("report")
    headers = {"Content-Digest": digests.header_of(digests.sha256(report)), hdrs.CONTENT_TYPE: JSON}
    return web.Response(body=report, headers=headers)


_OF_LETTER = Operation(
    id="readReport",
    en="The judge's report on a document; evidence names it by its SHA-256.",
    th="รายงานผลตรวจลายมือชื่อของเอกสาร หลักฐานระบุรายงานนี้ด้วยค่าแฮช",
    answers={200: (Bytes(media_type=JSON),)},
    problems=("not-found", "integrity-failure"),
)
_OF_DELIVERY = Operation(
    id="readReportOfDelivery",
    en="The same by delivery, or by the stream of a refused submission.",
    th="รายงานเดียวกัน โดยระบุการนำจ่าย หรือคำขอที่ไม่รับฝาก",
    answers={200: (Bytes(media_type=JSON),)},
    problems=("not-found", "integrity-failure"),
)
