"""What the judge asks for and what it gives on: needs and facts about chains. Plain values.

A *need* names revocation data that would answer an open question; a guarded fetcher brings the
bytes, and the child parses them in a second round. A *fact* says that a chain of certificates held
under given material, and between which instants nothing about that can change; the fast path
relies on such facts and on nothing else about chains.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tdh.domain.verdicts import AlgorithmFinding, RevocationFinding, Signer


class Purpose(StrEnum):
    """What a certificate is used for."""

    SIGN = "sign"
    TIMESTAMP = "timestamp"


class NeedKind(StrEnum):
    """Which sort of revocation data."""

    CRL = "crl"
    OCSP = "ocsp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Revocation data of one certificate that are not at hand."""

    kind: NeedKind
    url: str
    """As the certificate says: hostile until checked."""
    request: bytes = b""
    """The OCSP request in DER; empty for a list."""
    certificate_sha256: str
    """Whose revocation is asked, lower-case hexadecimal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """Revocation data that a fetcher brought for a need."""

    kind: NeedKind
    data: bytes
    """A CertificateList or an OCSPResponse in DER; hostile until its signature was verified."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainFact:
    """A chain that held, under the trust and the material named by `material`."""

    purpose: Purpose
    certificate_sha256: str
    material: str
    """Digest over everything that the document brought along for the chain: certificates,
    revocation data. The same certificate with the same material has the same finding."""
    not_before: datetime
    not_after: datetime
    """Between these instants no validity and no revocation data begin or end."""
    signer: Signer
    algorithms: tuple[AlgorithmFinding, ...] = ()
    """Of the key and the chain."""
    revocation: tuple[RevocationFinding, ...] = ()
    notes: tuple[str, ...] = ()
    """Codes of notes that the chain brought with it."""
