"""Seals under the receipt key: a PDF as PAdES B-LTA, a manifest as detached CAdES B-T.

ETSI EN 319 142-1, 6.3 and EN 319 122-1, 6.3. The chain, revocation lists and those of the
timestamps go into the PDF, so that it can be judged for as long as its last timestamp can. The key
signs nothing but what this program made itself. Nothing is fetched.
"""

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from asn1crypto import crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign import signers
from pyhanko.sign.ades.api import CAdESSignedAttrSpec
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.signers.pdf_signer import (
    DSSContentSettings,
    SigDSSPlacementPreference,
    TimestampDSSContentSettings,
)
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import PathError
from typing_extensions import override

from signing.certificates import PrivateKey, der
from signing.pades import signer_of
from signing.receipt_maker.errors import SealNotMade, TimestampNotMade
from signing.receipt_maker.stamper import OwnStamper
from signing.sealer.client import SealerClient
from signing.tst_info import TimestampError
from tdh.domain.errors import SealingUnavailable

FIELD = "Receipt"
STAMP_FIELD = "Timestamp"
_DIGEST = "sha256"
_STORE = DSSContentSettings(
    include_vri=False, placement=SigDSSPlacementPreference.TOGETHER_WITH_SIGNATURE
)
"""Validation data go in before the signature: behind it there is the last timestamp and no more."""
_STORE_OF_STAMP = TimestampDSSContentSettings(include_vri=False, update_before_ts=True)
T = TypeVar("T")


class _Appending(IncrementalPdfFileWriter):
    """Adds a revision and leaves title, keywords and PDF/A mark as they are.

    pyHanko would write them anew at each revision, in another form and with the clock's time; then
    a reader could not tell that nothing of them was altered.
    """

    @override
    def _update_meta(self) -> None:
        pass


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptKey:
    """The key for receipts."""

    key: PrivateKey
    chain: tuple[x509.Certificate, ...]
    """The key's certificate, then its issuers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationData:
    """What goes into a PDF for those who judge it later."""

    roots: Sequence[x509.Certificate]
    """Of the key's chain, and of our own timestamps."""
    revocation_lists: Sequence[bytes]
    """The newest list of each authority, DER."""


class Sealing:
    """Makes seals with our own timestamps."""

    def __init__(self, key: ReceiptKey, sealer_socket: Path, now: Callable[[], datetime]) -> None:
        self._key, self._socket, self._now = key, sealer_socket, now

    def seal_pdf(self, pdf: bytes, data: ValidationData) -> bytes:
        """The PDF with one seal, B-LTA. Raises SealNotMade, TimestampNotMade."""
        return self._run(self._seal_pdf(pdf, data))

    def seal_data(self, data: bytes) -> bytes:
        """A detached CAdES B-T signature (DER). Raises SealNotMade, TimestampNotMade."""
        return self._run(self._seal_data(data))

    def _run(self, making: Coroutine[None, None, T]) -> T:
        try:
            return asyncio.run(making)
        except (SealingUnavailable, TimestampError) as problem:
            raise TimestampNotMade(str(problem)) from problem
        except (PdfError, SigningError, PathError, ValueError) as problem:
            raise SealNotMade(str(problem)) from problem

    async def _seal_pdf(self, pdf: bytes, data: ValidationData) -> bytes:
        context = self._context(data)
        metadata = signers.PdfSignatureMetadata(
            field_name=FIELD,
            md_algorithm=_DIGEST,
            subfilter=SigSeedSubFilter.PADES,
            certify=True,
            docmdp_permissions=MDPPerm.NO_CHANGES,
            embed_validation_info=True,
            validation_context=context,
            dss_settings=_STORE,
        )
        out = io.BytesIO()
        async with self._stamper() as stamper:
            signer = signers.PdfSigner(metadata, self._signer(), timestamper=stamper)
            await signer.async_sign_pdf(_Appending(io.BytesIO(pdf)), output=out)
            await signers.PdfTimeStamper(stamper, field_name=STAMP_FIELD).async_timestamp_pdf(
                _Appending(out), _DIGEST, context, in_place=True, dss_settings=_STORE_OF_STAMP
            )
        return out.getvalue()

    async def _seal_data(self, data: bytes) -> bytes:
        async with self._stamper() as stamper:
            message = await self._signer().async_sign_general_data(
                data,
                _DIGEST,
                detached=True,
                timestamper=stamper,
                use_cades=True,
                signed_attr_settings=PdfCMSSignedAttributes(
                    signing_time=self._now(), cades_signed_attrs=CAdESSignedAttrSpec()
                ),
            )
        encoded: bytes = message.dump()
        return encoded

    def _signer(self) -> signers.SimpleSigner:
        return signer_of(self._key.key, self._key.chain)

    def _context(self, data: ValidationData) -> ValidationContext:
        return ValidationContext(
            trust_roots=[asn1_x509.Certificate.load(der(root)) for root in data.roots],
            other_certs=[asn1_x509.Certificate.load(der(one)) for one in self._key.chain],
            crls=[crl.CertificateList.load(one) for one in data.revocation_lists],
            allow_fetching=False,
            revocation_mode="require",
            moment=self._now(),
        )

    @asynccontextmanager
    async def _stamper(self) -> AsyncIterator[OwnStamper]:
        sealer = SealerClient(self._socket)
        try:
            yield OwnStamper(sealer, self._now)
        finally:
            await sealer.close()
