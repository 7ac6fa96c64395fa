"""Revocation data at hand, and what one of them says about one certificate.

RFC 5280, 5 (CertificateList) and RFC 6960, 4.2 (OCSPResponse). A datum is hostile bytes until a
statement was read from it, and only who may speak for the issuer is read (`revocation_list`,
`revocation_answer`). Nothing here weighs statements against each other; `revocation_weigh` does.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum
from functools import cached_property

from asn1crypto import ocsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from signing.judge.facts import NeedKind
from signing.judge.trouble import OF_PARSERS

TROUBLE = (
    *OF_PARSERS,
    InvalidSignature,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    x509.UnsupportedGeneralNameType,
)
"""What escapes from the libraries on damaged or unusual data."""


class Origin(StrEnum):
    """Where a datum came from."""

    DOCUMENT = "document"
    TRUST = "trust"
    FETCHED = "fetched"


@dataclass(frozen=True, kw_only=True)  # no slots: parsed and digested once, and kept
class RevocationDatum:
    """A revocation list or an OCSP answer."""

    kind: NeedKind
    der: bytes
    origin: Origin

    @property
    def source(self) -> str:
        """How findings name where it came from."""
        return f"{self.kind.value} {self.origin.value}"

    @cached_property
    def sha256(self) -> str:
        """Digest of the bytes, lower-case hexadecimal."""
        return hashlib.sha256(self.der).hexdigest()

    @cached_property
    def as_list(self) -> x509.CertificateRevocationList | None:
        """Parse it as a list; None where it is none. Lists can have 30 MB: no slow parser here."""
        try:
            return x509.load_der_x509_crl(self.der)
        except TROUBLE:
            return None

    @cached_property
    def as_answer(self) -> ocsp.BasicOCSPResponse | None:
        """Parse it as an answer; None where it is none, or no successful one."""
        try:
            whole = ocsp.OCSPResponse.load(self.der, strict=True)
            if whole["response_status"].native != "successful":
                return None
            if whole["response_bytes"]["response_type"].native != "basic_ocsp_response":
                return None
            return whole["response_bytes"]["response"].parsed
        except TROUBLE:
            return None


class Said(Enum):
    """What a datum says of a certificate."""

    GOOD = "good"
    REVOKED = "revoked"
    ON_HOLD = "on hold"
    """Revoked for the time being (RFC 5280, 5.3.1, certificateHold)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What one datum, whose signature holds, says of one certificate."""

    said: Said
    datum: RevocationDatum
    this_update: datetime
    next_update: datetime | None = None
    revoked_at: datetime | None = None
    """Only where it says REVOKED or ON_HOLD."""
    reason: str | None = None
    """Of the revocation, as RFC 5280, 5.3.1 spells it."""
    keeps_expired_from: datetime | None = None
    """Certificates that expired at this time or later are still told of (expiredCertsOnCRL, X.509;
    archive cutoff, RFC 6960, 4.4.4); None: none that have expired."""
