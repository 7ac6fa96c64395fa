"""The receipt maker's desk: one request in, one answer out.

It checks the evidence itself, makes the page from nothing else, and seals what it made. Nothing
that is asked can change a word of the page. It keeps nothing: the same request gets another PDF of
the same content.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from signing.bundle.manifest import ManifestError, write_manifest
from signing.errors import ProofError
from signing.evidence_reader import read_evidence
from signing.receipt import wire
from signing.receipt.attachments import attachments_of
from signing.receipt.envelope import seals_envelope
from signing.receipt.messages import (
    Answer,
    BundleSealed,
    MakeReceipt,
    ReceiptMade,
    ReceiptRefusal,
    Refused,
    Request,
    SealBundle,
)
from signing.receipt.page import NoPage, make_page, maker
from signing.receipt_maker.errors import EvidenceNotProven, SealNotMade, TimestampNotMade
from signing.receipt_maker.keys import load_trust, revocation_lists
from signing.receipt_maker.proven import prove
from signing.receipt_maker.seal import Sealing, ValidationData
from signing.sealer.errors import FrameError
from signing.verify.terms import Terms
from tdh.domain.errors import TDHError

LOG = logging.getLogger(__name__)
MAX_PDF_BYTES = 11 * 1024 * 1024
"""So that it fits a frame in Base64."""


class ReceiptDesk:
    """Answers requests one after another."""

    def __init__(
        self, *, folder: Path, sealing: Sealing, public_url: str, now: Callable[[], datetime]
    ) -> None:
        """`folder` holds trust file and revocation lists; `public_url` goes into QR codes."""
        self._folder, self._sealing = folder, sealing
        self._public_url, self._now = public_url, now

    def answer_payload(self, payload: bytes) -> bytes:
        """The answer's payload. Raises FrameError for what is no request."""
        return wire.encode_answer(self.answer(wire.decode_request(payload)))

    def answer(self, request: Request) -> Answer:
        """Make what is asked for, or refuse it."""
        try:
            match request:
                case MakeReceipt():
                    return self._receipt(request)
                case SealBundle():
                    return self._bundle(request)
        except TDHError as exc:
            return Refused(code=_code_of(exc), problem=str(exc))
        except Exception as exc:  # one poisoned request must not harm the others
            LOG.exception("receipt.failed")
            problem = f"unknown problem: {type(exc).__name__}"
            return Refused(code=ReceiptRefusal.NOT_MADE, problem=problem)

    def _receipt(self, request: MakeReceipt) -> Answer:
        trust = load_trust(self._folder)
        terms = Terms(trust=trust, at=self._now())
        statement = prove(
            request.material,
            terms,
            edition=request.edition,
            public_url=self._public_url,
            made_with=maker(),
        )
        material = request.material
        if not seals_envelope(read_evidence(material.xml).facts):
            material = replace(material, envelope=None)  # nothing says that it is the right one
        page = make_page(attachments_of(material, statement.text()))
        data = ValidationData(
            roots=(*trust.seal_roots, *trust.tsa_roots),
            revocation_lists=revocation_lists(self._folder),
        )
        pdf = self._sealing.seal_pdf(page.pdf, data)
        if len(pdf) > MAX_PDF_BYTES:
            raise FrameError("the receipt would be too long")
        return ReceiptMade(pdf=pdf)

    def _bundle(self, request: SealBundle) -> Answer:
        manifest = write_manifest(request.entries)
        return BundleSealed(manifest=manifest, seal=self._sealing.seal_data(manifest))


def _code_of(error: TDHError) -> ReceiptRefusal:
    match error:
        case NoPage():
            return ReceiptRefusal.NO_RECEIPT
        case TimestampNotMade():
            return ReceiptRefusal.TIMESTAMP
        case SealNotMade():
            return ReceiptRefusal.CERTIFICATE
        case ManifestError() | FrameError():
            return ReceiptRefusal.MALFORMED
        case EvidenceNotProven() | ProofError():
            return ReceiptRefusal.NOT_PROVEN
        case _:
            return ReceiptRefusal.NOT_MADE
