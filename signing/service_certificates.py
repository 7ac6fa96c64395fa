"""Whether a certificate may serve from now on: checked before the operator puts its key to work.

By the same rules by which a stranger will check what it signs: path to a root that is trusted, use
of the key, kind and length of the key, validity. Never looks at a private key.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy

from signing.certificate_path import find_path
from signing.certificates import DOCUMENT_SIGNING
from signing.errors import ProofError
from signing.seal_check import SEAL_POLICY
from signing.seals import algorithm_of
from signing.service_keys import ServiceKeyError
from signing.timestamps import UNIT_POLICY
from signing.trust_file import TrustFile
from tdh.domain.service_keys import KeyUse


def check_certificates(use: KeyUse, pem: bytes, trust: TrustFile, now: datetime) -> None:
    """Return if the first certificate of a file may serve in this use now.

    The others are its issuers. Raises ServiceKeyError, saying what is wrong.
    """
    try:
        chain = x509.load_pem_x509_certificates(pem)
    except ValueError as exc:
        raise ServiceKeyError("no certificates in PEM") from exc
    if use not in _POLICIES:
        raise ServiceKeyError(f"a {use} key has no certificate")
    roots = trust.tsa_roots if use is KeyUse.TIMESTAMP else trust.seal_roots
    try:
        algorithm_of(chain[0].public_key())
        for one in chain:
            _check_times(one, now)
        find_path(
            chain[0],
            intermediates=chain[1:],
            roots=roots,
            at=now,
            leaf_policy=_POLICIES[use],
        )
    except (ProofError, ValueError, UnsupportedAlgorithm) as exc:
        raise ServiceKeyError(f"the certificate cannot serve as {use}: {exc}") from exc


def _check_times(certificate: x509.Certificate, now: datetime) -> None:
    name = certificate.subject.rfc4514_string()
    if now < certificate.not_valid_before_utc:
        raise ServiceKeyError(f"{name} begins at {certificate.not_valid_before_utc.isoformat()}")
    if now > certificate.not_valid_after_utc:
        raise ServiceKeyError(f"{name} ended at {certificate.not_valid_after_utc.isoformat()}")


def _signs(_: Policy, __: x509.Certificate, usage: x509.KeyUsage) -> None:
    if not (usage.digital_signature or usage.content_commitment):
        raise ValueError("a key that may not sign")


def _for_documents(_: Policy, __: x509.Certificate, usage: x509.ExtendedKeyUsage) -> None:
    if DOCUMENT_SIGNING not in usage:
        raise ValueError("not for signing documents (RFC 9336)")


_RECEIPT_POLICY = (
    ExtensionPolicy.permit_all()
    .require_present(x509.KeyUsage, Criticality.AGNOSTIC, _signs)
    .require_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _for_documents)
)
_POLICIES: Mapping[KeyUse, ExtensionPolicy] = MappingProxyType(
    {
        KeyUse.SEAL: SEAL_POLICY,
        KeyUse.TIMESTAMP: UNIT_POLICY,
        KeyUse.RECEIPT: _RECEIPT_POLICY,
    }
)
