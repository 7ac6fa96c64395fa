"""Signs a PDF as PAdES B-B or B-T (ETSI EN 319 142-1, 6): the demo's letters, tests.

Signing adds an incremental revision; the bytes before it stay as they are. The time that the
signature claims is an argument. It never judges a signature, never uses the network (a timestamp
comes from the function that the caller passes in), and holds a key only while it runs.
"""

import asyncio
import io
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TypeVar

from asn1crypto import keys, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore
from typing_extensions import override

from signing.certificates import PrivateKey, der

TimestampReply = Callable[[bytes], bytes]
"""Takes a DER TimeStampReq, gives a DER TimeStampResp (RFC 3161, 2.4)."""

T = TypeVar("T")


class DocumentNotSigned(Exception):
    """The PDF could not be read or could not take a signature."""

    code = "document-not-signed"


def sign_pdf(  # noqa: PLR0913 - what a signature says, by name
    pdf: bytes,
    *,
    key: PrivateKey,
    chain: Sequence[x509.Certificate],
    signed_at: datetime,
    field_name: str = "Signature1",
    reason: str | None = None,
    location: str | None = None,
    timestamp: TimestampReply | None = None,
    digest: str | None = None,
    pades: bool = True,
) -> bytes:
    """Append one signature to a PDF.

    `chain` begins with the signer's certificate, followed by the intermediates to embed. With
    `timestamp` the result is B-T, without it B-B. `digest` is a name that hashlib
    knows; None means what suits the key. With
    `pades=False` it is a plain `adbe.pkcs7.detached` signature, as older programs make them.
    About 50 ms of one core for a small file, while the caller waits: inside a loop use a thread.

    Raises:
        DocumentNotSigned: the PDF is damaged, or its own rules forbid another signature.

    """
    subfilter = SigSeedSubFilter.PADES if pades else SigSeedSubFilter.ADOBE_PKCS7_DETACHED
    metadata = signers.PdfSignatureMetadata(
        field_name=field_name,
        md_algorithm=digest,
        subfilter=subfilter,
        reason=reason,
        location=location,
    )
    signer = signers.PdfSigner(
        metadata, signer_of(key, chain), timestamper=_Stamper(timestamp) if timestamp else None
    )
    try:
        return _run(_sign(signer, IncrementalPdfFileWriter(io.BytesIO(pdf)), signed_at))
    except (PdfError, SigningError, ValueError) as problem:
        raise DocumentNotSigned(str(problem)) from problem


async def _sign(
    signer: signers.PdfSigner, writer: IncrementalPdfFileWriter, signed_at: datetime
) -> bytes:
    """Do what PdfSigner does, but at the caller's time instead of the clock's."""
    session = signer.init_signing_session(writer)
    session.system_time = signed_at
    prepared = await session.perform_presign_validation(writer)
    reserved = await session.estimate_signature_container_size(prepared)
    unsigned = session.prepare_tbs_document(validation_info=prepared, bytes_reserved=reserved)
    digest, output = unsigned.digest_tbs_document()
    signed = await unsigned.perform_signature(
        document_digest=digest.document_digest,
        pdf_cms_signed_attrs=PdfCMSSignedAttributes(signing_time=signed_at),
    )
    await signed.post_signature_processing(output)
    output.seek(0)
    content: bytes = output.read()
    return content


def signer_of(key: PrivateKey, chain: Sequence[x509.Certificate]) -> signers.SimpleSigner:
    """A key and its certificates as pyHanko wants them."""
    private = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    certificates = [asn1_x509.Certificate.load(der(certificate)) for certificate in chain]
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]  # pyHanko is typed in part
    store.register_multiple(certificates[1:])
    return signers.SimpleSigner(
        signing_cert=certificates[0],
        signing_key=keys.PrivateKeyInfo.load(private),
        cert_registry=store,
    )


class _Stamper(TimeStamper):
    """Lets pyHanko ask the caller's function instead of a server."""

    def __init__(self, reply: TimestampReply) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # pyHanko is typed in part
        self._reply = reply

    @override
    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        return tsp.TimeStampResp.load(self._reply(req.dump()))


def _run(coroutine: Coroutine[None, None, T]) -> T:
    """Run pyHanko's coroutine to its end on a loop of its own, also where a loop already runs."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, coroutine).result()
