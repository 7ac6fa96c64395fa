"""A receipt as a PDF: judged by the rules for signed documents, and the files inside taken out.

The judge's careful rules (`signing.judge.pades`) say that one seal covers page and files, and that
nothing but long-term data follows it. It runs in this process: `tdh verify` is told by its user
which file to look at. No network, no pyHanko rule of our own.
"""

import logging
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TypeVar

from asn1crypto.cms import ContentInfo
from cryptography import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import EmbeddedPdfSignature

from signing import cms, timestamps
from signing.archive.verification import checkable_until
from signing.certificates import der
from signing.errors import ProofError
from signing.judge import pdf_reading
from signing.judge.chain import material_of
from signing.judge.codes import Refused
from signing.judge.judgement import Inputs, answer
from signing.judge.pades import judge_pdf
from signing.judge.pdf_reading import target
from signing.judge.policy import Policy, RevocationMode
from signing.receipt.attachments import Attachment
from signing.trust import Anchor, Role, TrustFolder
from signing.tst_info import TimestampError, TstInfo
from signing.verify.receipt_growth import ReceiptGrowthError, table_before_seal
from signing.verify.terms import Terms
from tdh.domain.verdicts import Indication, Verdict

logging.getLogger("pyhanko").addHandler(logging.NullHandler())
"""What it has to say of odd files is said in our lines."""
MAX_FILES = 64
_POLICY = Policy(
    identifier="tdh-receipt/1",
    revocation=RevocationMode.IF_PRESENT,
    allow_plain_pkcs7=False,
    allow_embedded_files=True,
    max_signatures=2,
)
"""As for letters, but for the files inside; one seal and one timestamp over the whole."""
_AFTER = timedelta(seconds=1)
T = TypeVar("T")


class ReceiptFormError(ProofError):
    """A PDF that is no receipt."""

    code = "receipt-malformed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptPdf:
    """What was found in a PDF with a seal."""

    verdict: Verdict
    signer: x509.Certificate
    issuers: tuple[x509.Certificate, ...]
    """Further certificates in the seal."""
    files: tuple[Attachment, ...]
    """In the order in which they were put in."""
    table: int
    """Where the page's own cross-reference stands: the page as it was before its seal."""
    sealed_at: datetime | None
    """When the whole was there, by its own timestamp, where that is believed."""


def read_receipt(data: bytes, terms: Terms) -> ReceiptPdf:
    """Judge and take apart. Raises ReceiptFormError for a PDF that is no receipt at all."""
    try:
        verdict = _judge(data, terms, terms.at)
        reader = pdf_reading.open_strictly(data)
        seal, signer = _one_seal(reader)
        sealed_at = _stamped(data, reader, terms)
        if verdict.indication is not Indication.TOTAL_PASSED and sealed_at is not None:
            # The certificate may have ended since: what counts is that all of it was there before.
            verdict = _judge(data, terms, sealed_at + _AFTER)
        issuers = tuple(
            x509.load_der_x509_certificate(one.dump()) for one in seal.other_embedded_certs
        )
        files = tuple(_files(reader))
        table = table_before_seal(reader)
    except (ReceiptFormError, ReceiptGrowthError, MemoryError):
        raise
    except Exception as exc:  # whatever escapes from the parsers: nothing is valid by accident
        raise ReceiptFormError(f"not a receipt: {type(exc).__name__} {exc}") from exc
    return ReceiptPdf(
        verdict=verdict,
        signer=signer,
        issuers=issuers,
        files=files,
        table=table,
        sealed_at=sealed_at,
    )


def _one_seal(reader: PdfFileReader) -> tuple[EmbeddedPdfSignature, x509.Certificate]:
    seals: list[EmbeddedPdfSignature] = list(reader.embedded_regular_signatures)
    if len(seals) != 1 or seals[0].signer_cert is None:
        raise ReceiptFormError("a receipt has one seal")
    return seals[0], x509.load_der_x509_certificate(seals[0].signer_cert.dump())


def _judge(data: bytes, terms: Terms, at: datetime) -> Verdict:
    trust = TrustFolder(
        anchors=(
            *_anchors(terms.trust.seal_roots, Role.SENDER),
            *_anchors(terms.trust.all_tsa_roots, Role.TIMESTAMP),
        )
    )
    inputs = Inputs(material=material_of(trust), trust_version=trust.version, policy=_POLICY, at=at)
    try:
        return _finished(judge_pdf(data, inputs)).verdict
    except Refused as refusal:
        return answer(inputs, refusal.code, kind=None, seen=str(refusal)).verdict


def _anchors(roots: tuple[x509.Certificate, ...], role: Role) -> Iterator[Anchor]:
    return (Anchor(der=der(root), roles=frozenset({role})) for root in roots)


def _finished(coroutine: Coroutine[None, None, T]) -> T:
    """The result of a coroutine that waits for nothing: judging reads bytes, and only those."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    coroutine.close()
    raise ReceiptFormError("the judge waits for something")


def _stamped(data: bytes, reader: PdfFileReader, terms: Terms) -> datetime | None:
    """The time of the timestamp over the whole file; None where it is not to be believed now.

    Raises ReceiptFormError where there is none, or it is over other bytes: a receipt is made with
    one, and whatever was altered behind its seal shows by it.
    """
    stamps: list[EmbeddedPdfSignature] = list(reader.embedded_timestamp_signatures)
    if len(stamps) != 1:
        raise ReceiptFormError("a receipt has one timestamp")
    first, length, second, rest = (int(one) for one in stamps[0].byte_range)
    if (first, second + rest) != (0, len(data)):
        raise ReceiptFormError("its timestamp is not over the whole file")
    imprint = sha256(data[:length] + data[second:]).digest()
    token: bytes = ContentInfo.load(stamps[0].pkcs7_content).dump()  # without the padding
    if data[length:second] != b"<%b>" % token.hex().upper().encode().ljust(
        second - length - 2, b"0"
    ):
        raise ReceiptFormError("its timestamp is not in its one spelling")
    if TstInfo.decode(cms.open_signed_data(token).content).digest != imprint:
        raise ReceiptFormError("the file was altered after its timestamp")
    try:
        found = timestamps.verify_token(token, imprint, terms.trust.all_tsa_roots, at=terms.at)
    except TimestampError:
        return None
    if terms.in_other_hands(found.path) is not None:
        return None  # who has that key can stamp at any time
    return found.time if terms.at <= checkable_until(found) else None


def _files(reader: PdfFileReader) -> Iterator[Attachment]:
    """The files that the catalog lists (ISO 32000-2, 14.13)."""
    listed = reader.root.get("/AF", ())
    if len(listed) > MAX_FILES:
        raise ReceiptFormError("too many files")
    for item in listed:
        one = target(item)
        yield Attachment(name=str(one["/UF"]), data=bytes(one["/EF"]["/F"].data))
