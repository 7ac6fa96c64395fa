"""Evidence and its proof of inclusion, for the parties."""

from aiohttp import hdrs, web

from relay.api import digests
from relay.api.callers import Callers, evidence_id, known
from relay.api.errors import NotAcceptable
from relay.api.log_files import size_of
from relay.api.receipts import EDITION, PDF, receipt_answer
from relay.api.remembered import Remembered
from relay.api.responses import json_answer
from relay.api.routes import Bytes, Operation, Route
from relay.payloads.evidence import EvidenceOut
from tdh.delivery.receipts import Receipts
from tdh.domain.errors import NotArchivedYet, NotFound, NotLoggedYet
from tdh.domain.identifiers import PartyId
from tdh.domain.log import AnchoredHead
from tdh.domain.records import EvidenceRecord
from tdh.ports import Mailboxes, Proofs

XML, JSON = "application/xml", "application/json"
OCTETS = "application/octet-stream"


class EvidenceReading:
    """Gives evidence out: always the bytes that were sealed."""

    def __init__(
        self,
        *,
        callers: Callers,
        mailboxes: Mailboxes,
        proofs: Proofs,
        newest: Remembered[AnchoredHead | None],
        receipts: Receipts | None = None,
    ) -> None:
        """`newest` remembers the newest head of `proofs`; without `receipts` none are offered."""
        self._callers = callers
        self._mailboxes = mailboxes
        self._proofs = proofs
        self._newest = newest
        self._receipts = receipts

    def routes(self) -> tuple[Route, ...]:
        path = "/v1/evidence/{evidence}"
        return (
            Route(method="GET", path=path, handler=self._read, operation=_READ),
            Route(method="GET", path=f"{path}/proof", handler=self._proof, operation=_PROOF),
            Route(method="GET", path=f"{path}/record", handler=self._archived, operation=_RECORD),
        )

    async def _record(self, request: web.Request, *parameters: str) -> EvidenceRecord:
        return (await self._seen(request, *parameters))[1]

    async def _seen(self, request: web.Request, *parameters: str) -> tuple[PartyId, EvidenceRecord]:
        party = await self._callers.party(request)
        known(request.query, *parameters)
        record = await self._mailboxes.evidence(evidence_id(request), party.id)
        if record is None:
            raise NotFound("evidence")
        return party.id, record

    async def _read(self, request: web.Request) -> web.Response:
        wanted = chosen_type(request.headers.get(hdrs.ACCEPT), pdf=self._receipts is not None)
        if wanted == PDF and self._receipts is not None:
            party, seen = await self._seen(request, EDITION)
            return await receipt_answer(request, self._receipts, seen, party)
        record = await self._record(request)
        if wanted == JSON:
            until = (await self._proofs.provable_until([record.id])).get(record.id)
            return json_answer(EvidenceOut.of(record, until), headers={"Vary": "Accept"})
        return web.Response(
            body=record.xml,
            content_type=XML,
            headers={
                "Content-Disposition": f'attachment; filename="{record.id}.xml"',
                "Content-Digest": digests.header_of(record.digest),
                "Vary": "Accept",
            },
        )

    async def _proof(self, request: web.Request) -> web.Response:
        record = await self._record(request, "size")
        proof = await self._proofs.proof_of(record.id, size_of(request))
        self._newest.forget()  # the proof's head must not be ahead of the one that is shown next
        name = f'attachment; filename="{record.id}.tlog-proof"'
        return web.Response(
            body=proof,
            content_type="text/plain",
            charset="utf-8",
            headers={"Content-Disposition": name},
        )

    async def _archived(self, request: web.Request) -> web.Response:
        record = await self._record(request)
        try:
            found = (await self._proofs.everything_of(record.id)).record
        except NotLoggedYet:
            found = None
        if found is None:
            raise NotArchivedYet("its round of the archive has no timestamp yet")
        return web.Response(
            body=found,
            content_type=OCTETS,
            headers={"Content-Disposition": f'attachment; filename="{record.id}.ers"'},
        )


def chosen_type(accept: str | None, *, pdf: bool = True) -> str:
    """XML, JSON or a receipt in PDF, as an Accept header (RFC 9110, 12.5.1) prefers.

    Of two alike the one that is named more exactly, else XML. Raises NotAcceptable.
    """
    if accept is None or not accept.strip():
        return XML
    weights = {XML: 0.0, JSON: 0.0} | ({PDF: 0.0} if pdf else {})
    exact: dict[str, int] = dict.fromkeys(weights, -1)
    for ranged in accept.split(","):
        media, *parameters = (one.strip().lower() for one in ranged.split(";"))
        for offered in weights:
            rank = _fits(media, offered)
            if rank > exact[offered]:
                exact[offered], weights[offered] = rank, _weight(parameters)
    best = max(weights, key=lambda one: (weights[one], exact[one]))
    if weights[best] <= 0:
        raise NotAcceptable("application/xml, application/json or application/pdf")
    return best


def _fits(ranged: str, offered: str) -> int:
    """How exactly a media range names what is offered; -1 if it does not."""
    if ranged == offered or (ranged, offered) == ("text/xml", XML):
        return 2
    return {"application/*": 1, "*/*": 0}.get(ranged, -1)


def _weight(parameters: list[str]) -> float:
    for one in parameters:
        name, _, value = one.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0


_READ = Operation(
    id="readEvidence",
    en="The evidence as it was sealed (XML), what it is about (JSON), or its receipt (PDF): one "
    "page for people with all proof inside, the newest edition, or that of `edition`.",
    th="หลักฐานตามที่ประทับตรา (XML) ข้อมูลโดยย่อ (JSON) หรือใบรับสำหรับพิมพ์ (PDF) ซึ่งมีหลักฐานครบชุดอยู่ภายใน",
    answers={200: (Bytes(media_type=XML), EvidenceOut, Bytes(media_type=PDF))},
    problems=(
        "not-found",
        "not-acceptable",
        "not-logged-yet",
        "no-receipt-for-this-event",
        "receipt-maker-unavailable",
        "receipt-key-given-up",
    ),
    of_an_edition=True,
)
_PROOF = Operation(
    id="readProof",
    en="C2SP tlog-proof: that the public log contains the evidence, with the head's cosignatures. "
    "Under the first anchored head that holds it, else the newest; `size`: in which head.",
    th="ข้อพิสูจน์ว่าหลักฐานอยู่ในสมุดบันทึกสาธารณะ (C2SP tlog-proof)",
    answers={200: (Bytes(media_type="text/plain"),)},
    problems=("not-found", "not-logged-yet"),
    of_a_head=True,
)
_RECORD = Operation(
    id="readArchiveRecord",
    en="RFC 4998 EvidenceRecord (DER) over the bytes of the evidence: that they existed, for "
    "checkers of today and of later, when the seal's certificate has ended.",
    th="ระเบียนหลักฐานระยะยาวตาม RFC 4998 (DER) ใช้ตรวจได้แม้ใบรับรองของตราประทับหมดอายุแล้ว",
    answers={200: (Bytes(media_type=OCTETS),)},
    problems=("not-found", "not-archived-yet"),
)
