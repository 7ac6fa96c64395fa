"""The receipt of an evidence: GET /v1/evidence/{evidence} with `Accept: application/pdf`."""

import re

from aiohttp import web

from relay.api import digests
from tdh.delivery.receipts import Receipts
from tdh.domain.errors import InvalidValue
from tdh.domain.identifiers import PartyId
from tdh.domain.records import EvidenceRecord

PDF = "application/pdf"
EDITION = "edition"
EDITION_HEADER = "TDH-Edition"
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


async def receipt_answer(
    request: web.Request, receipts: Receipts, record: EvidenceRecord, party: PartyId
) -> web.Response:
    """The PDF, byte for byte as it was kept. Raises InvalidValue and as `Receipts.of`."""
    receipt = await receipts.of(record, party, _edition(request))
    return web.Response(
        body=receipt.pdf,
        content_type=PDF,
        headers={
            "Content-Disposition": f'attachment; filename="{record.id}.{receipt.edition}.pdf"',
            "Content-Digest": digests.header_of(receipt.digest),
            EDITION_HEADER: str(receipt.edition),
            "Vary": "Accept",
        },
    )


def _edition(request: web.Request) -> int | None:
    text = request.query.get(EDITION)
    if text is None:
        return None
    if _NUMBER.fullmatch(text) is None:
        raise InvalidValue(EDITION, "must be the number of an edition, from 1")
    return int(text)
