"""Whether an evidence stands: its form, its seal, and the certificate of the seal.

The order, as in the verdict: (1) the evidence is in its one form; (2) the seal is in its one form,
over exactly this evidence and by the certificate that the evidence names; (3) that certificate
leads to a root that the caller trusts. The signature is not interpreted: it is written again from
its few values and compared, so that nothing can be wrapped, moved or referred to elsewhere.
Revocation is not looked at; roots are never taken from the evidence.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy
from lxml import etree

from signing.certificate_path import find_path
from signing.certificates import DOCUMENT_SIGNING
from signing.errors import ProofError
from signing.evidence_document import EvidenceDocumentError
from signing.evidence_reader import PREFIXES, EvidenceContent, parse, read_evidence
from signing.seals import XADES, SealAlgorithm, SealError, SealParts, read_base64, verify_value

MOST_BEFORE_SEAL = timedelta(seconds=60)
"""A sealer seals within seconds of the event; later seals are of another making."""
MOST_AFTER_SEAL = timedelta(seconds=5)
MAX_CERTIFICATES = 8

_PREFIXES = {**PREFIXES, "xades": XADES}
_PROPERTIES = "ds:Signature/ds:Object/xades:QualifyingProperties/xades:SignedProperties"
_SIGNING_TIME = f"{_PROPERTIES}/xades:SignedSignatureProperties/xades:SigningTime"


class SealCertificateError(ProofError):
    """The seal's certificate does not lead to a trusted root, or is not for seals."""

    code = "seal-certificate-invalid"


class Outcome(StrEnum):
    """What came of one check."""

    PASS = "pass"  # noqa: S105 - a word of the answer
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The outcome of one check, with the error that stands for a failure."""

    outcome: Outcome
    error: ProofError | None = None

    @property
    def problem(self) -> str:
        """Why, in English; empty where the check passed."""
        return "" if self.error is None else str(self.error)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealVerdict:
    """What was found. A check that another one's failure prevented is unknown."""

    schema: Check
    seal: Check
    certificate: Check
    content: EvidenceContent | None = None
    """Set when the form passed: it may only be believed when all of the checks passed."""
    signer: x509.Certificate | None = None
    chain: tuple[x509.Certificate, ...] = ()
    """The certificates of the seal, the signer's first; set where the seal passed."""
    path: tuple[x509.Certificate, ...] = ()
    """From the signer to one of the roots, both included; set where the certificate passed."""
    signing_time: datetime | None = None

    @property
    def holds(self) -> bool:
        """Whether all three passed."""
        return all(
            check.outcome is Outcome.PASS for check in (self.schema, self.seal, self.certificate)
        )

    def require(self) -> EvidenceContent:
        """The content, or the error of the first check that did not pass."""
        for check in (self.schema, self.seal, self.certificate):
            if check.error is not None:
                raise check.error
        if self.content is None or not self.holds:
            raise SealError("the seal could not be checked")
        return self.content


_PASSED = Check(outcome=Outcome.PASS)
_UNKNOWN = Check(outcome=Outcome.UNKNOWN)


def verify_seal(
    xml: bytes, roots: Sequence[x509.Certificate], *, at: datetime | None = None
) -> SealVerdict:
    """Check one evidence. Never raises for what is wrong with it: the verdict says it.

    `at` is when the certificates must have been valid: the time of the event if not given.
    Without roots the certificate's check is unknown.
    """
    try:
        content = read_evidence(xml)
    except EvidenceDocumentError as exc:
        return SealVerdict(schema=_failed(exc), seal=_UNKNOWN, certificate=_UNKNOWN)
    try:
        parts, chain = _check_seal(xml, content)
    except SealError as exc:
        return SealVerdict(schema=_PASSED, seal=_failed(exc), certificate=_UNKNOWN, content=content)
    certificate, path = _check_certificate(chain, roots, at or content.facts.time)
    return SealVerdict(
        schema=_PASSED,
        seal=_PASSED,
        certificate=certificate,
        content=content,
        signer=chain[0],
        chain=chain,
        path=path,
        signing_time=parts.signing_time,
    )


def was_valid(verdict: SealVerdict, roots: Sequence[x509.Certificate], at: datetime) -> bool:
    """Whether the seal's certificate leads to one of the roots at another time than the event's."""
    if not verdict.chain:
        return False
    check, _ = _check_certificate(verdict.chain, roots, at)
    return check.outcome is Outcome.PASS


def _check_seal(
    xml: bytes, content: EvidenceContent
) -> tuple[SealParts, tuple[x509.Certificate, ...]]:
    if not content.seal:
        raise SealError("the evidence has no seal")
    parts = _parts(parse(xml), content)
    try:
        written = parts.xml()
    except (ProofError, OverflowError) as exc:
        raise SealError(f"a value of the seal cannot be written: {exc}") from exc
    if written != content.seal:
        raise SealError("the seal is not over this evidence, or not in its one form")
    if parts.certificates[0] != content.issuer.certificate:
        raise SealError("the seal's certificate is not the one that the evidence names")
    delay = parts.signing_time - content.facts.time
    if not -MOST_AFTER_SEAL <= delay <= MOST_BEFORE_SEAL:
        raise SealError("the seal was not made at the time of the event")
    try:
        chain = tuple(x509.load_der_x509_certificate(der) for der in parts.certificates)
        verify_value(chain[0], parts)
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise SealError(f"a certificate of the seal cannot be read: {exc}") from exc
    return parts, chain


def _parts(root: etree._Element, content: EvidenceContent) -> SealParts:
    """The values from which the whole signature is written again."""
    signature = "ds:Signature"
    method = root.find(f"{signature}/ds:SignedInfo/ds:SignatureMethod", _PREFIXES)
    value = root.findtext(f"{signature}/ds:SignatureValue", "", _PREFIXES)
    time = root.findtext(_SIGNING_TIME, "", _PREFIXES)
    found = root.findall(f"{signature}/ds:KeyInfo/ds:X509Data/ds:X509Certificate", _PREFIXES)
    if not 1 <= len(found) <= MAX_CERTIFICATES:
        raise SealError("the seal has no certificate, or too many")
    try:
        return SealParts(
            algorithm=SealAlgorithm("" if method is None else method.get("Algorithm", "")),
            evidence_digest=hashlib.sha256(content.document).digest(),
            signing_time=datetime.fromisoformat(time),
            certificates=tuple(read_base64(element.text or "") for element in found),
            value=read_base64(value),
        )
    except ValueError as exc:
        raise SealError(f"a value of the seal cannot be read: {exc}") from exc


def _check_certificate(
    chain: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], at: datetime
) -> tuple[Check, tuple[x509.Certificate, ...]]:
    if not roots:
        return _UNKNOWN, ()
    try:
        path = find_path(
            chain[0], intermediates=chain[1:], roots=roots, at=at, leaf_policy=SEAL_POLICY
        )
    except ProofError as exc:
        error = SealCertificateError(str(exc))
        error.__cause__ = exc
        return _failed(error), ()
    return _PASSED, path


def _may_sign(_: Policy, __: x509.Certificate, usage: x509.KeyUsage) -> None:
    if not (usage.digital_signature or usage.content_commitment):
        raise ValueError("a key that may not sign")


def _is_no_authority(
    _: Policy, __: x509.Certificate, constraints: x509.BasicConstraints | None
) -> None:
    if constraints is not None and constraints.ca:
        raise ValueError("an authority's key is no seal's")


def _not_for_others(_: Policy, __: x509.Certificate, usage: x509.ExtendedKeyUsage | None) -> None:
    if usage is not None and ExtendedKeyUsageOID.TIME_STAMPING in usage:
        raise ValueError("a timestamping unit's key is no seal's")
    if usage is not None and DOCUMENT_SIGNING in usage:
        raise ValueError("a key for receipts seals no evidence")
    if usage is not None and ExtendedKeyUsageOID.SERVER_AUTH in usage:
        raise ValueError("a web server's key is no seal's")


SEAL_POLICY = (
    ExtensionPolicy.permit_all()
    .require_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_sign)
    .may_be_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_no_authority)
    .may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _not_for_others)
)


RECEIPT_POLICY = (
    ExtensionPolicy.permit_all()
    .require_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_sign)
    .may_be_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_no_authority)
)
"""What the receipt key's certificate must be, beside its purpose."""


def is_for_receipts(certificate: x509.Certificate) -> bool:
    """Whether a certificate is for documents that people read (RFC 9336)."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (x509.ExtensionNotFound, ValueError):
        return False
    return DOCUMENT_SIGNING in usage.value


def _failed(error: ProofError) -> Check:
    return Check(outcome=Outcome.FAIL, error=error)
