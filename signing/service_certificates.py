"""Whether a certificate may serve from now on: checked before the operator puts its key to work.

By the same rules by which a stranger will check what it signs: path to a root that is trusted, use
of the key, kind and length of the key, validity. Never looks at a private key.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID
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

_STAMPS = ExtendedKeyUsageOID.TIME_STAMPING
_UNREADABLE = (
    ValueError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises for a certificate whose parts cannot be read."""


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
    try:
        algorithm_of(chain[0].public_key())
        for one in chain:
            _check_times(one, now)
        _check_use(use, chain[0])
        _check_path(use, chain, trust, now)
    except ProofError as exc:
        raise ServiceKeyError(f"the certificate cannot serve as {use}: {exc}") from exc
    except _UNREADABLE as exc:
        raise ServiceKeyError("a certificate of the file cannot be read") from exc


def _check_path(
    use: KeyUse, chain: Sequence[x509.Certificate], trust: TrustFile, now: datetime
) -> None:
    """In our own words: the library's speak of its parts, not of what the operator can mend."""
    roots = trust.tsa_roots if use is KeyUse.TIMESTAMP else trust.seal_roots
    name = "tsa_roots" if use is KeyUse.TIMESTAMP else "seal_roots"
    if not roots:
        raise ServiceKeyError(f"the trust file has no {name}")
    for policy, problem in (
        (
            ExtensionPolicy.permit_all(),
            f"no path from it to any of the {name} of the trust file (its issuers follow it)",
        ),
        (_POLICIES[use], "its extensions do not allow this use"),
    ):
        try:
            find_path(chain[0], intermediates=chain[1:], roots=roots, at=now, leaf_policy=policy)
        except ProofError as exc:
            raise ServiceKeyError(problem) from exc


def _check_use(use: KeyUse, certificate: x509.Certificate) -> None:
    """What is wrong most often, by name; the policies have the whole rule."""
    constraints = _extension(certificate, x509.BasicConstraints)
    if constraints is not None and constraints.value.ca:
        raise ServiceKeyError("it is an authority's own, not that of an end")
    usage = _extension(certificate, x509.KeyUsage)
    if usage is None and use is not KeyUse.TIMESTAMP:
        raise ServiceKeyError("it has no key usage")
    if usage is not None and not (usage.value.digital_signature or usage.value.content_commitment):
        raise ServiceKeyError("its key usage has neither digitalSignature nor nonRepudiation")
    purposes = _extension(certificate, x509.ExtendedKeyUsage)
    named = set() if purposes is None else set(purposes.value)
    if use is KeyUse.TIMESTAMP and (
        purposes is None or named != {_STAMPS} or not purposes.critical
    ):
        raise ServiceKeyError("timeStamping must be its only extended key usage, and critical")
    if use is KeyUse.RECEIPT and DOCUMENT_SIGNING not in named:
        raise ServiceKeyError("its extended key usage lacks document signing (RFC 9336)")
    if use is not KeyUse.TIMESTAMP and _STAMPS in named:
        raise ServiceKeyError(f"a timestamping unit's is no {use}'s")
    if use is KeyUse.SEAL and DOCUMENT_SIGNING in named:
        raise ServiceKeyError("one for receipts (document signing, RFC 9336) is no seal's")


_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


def _extension(
    certificate: x509.Certificate, kind: type[_Extension]
) -> x509.Extension[_Extension] | None:
    try:
        return certificate.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None


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
