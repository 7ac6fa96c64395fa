"""From an end certificate to a trusted root at a given time (RFC 5280, section 6).

`cryptography` walks the path (signatures, validity, names, path lengths, unknown critical
extensions); this module states what an issuer must be and leaves the rules for the end
certificate to its caller. It does not look at revocation, never fetches anything, and takes no
root from what it checks.
"""

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from signing.errors import ProofError

MAX_ISSUERS = 8
"""Longer paths are refused; the longest seen in practice have three issuers."""


_REFUSALS = (
    VerificationError,
    UnsupportedAlgorithm,
    ValueError,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    Warning,  # where Python makes errors of the library's deprecation warnings
)
"""What the library raises for a certificate that it cannot read or will not follow."""


class PathError(ProofError):
    """No path leads from the certificate to a trusted root at that time."""

    code = "certificate-path-invalid"


def find_path(
    leaf: x509.Certificate,
    *,
    intermediates: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    at: datetime,
    leaf_policy: ExtensionPolicy,
) -> tuple[x509.Certificate, ...]:
    """Return a path from `leaf` to one of `roots`, both included, valid at `at`.

    Raises PathError if there is none, or if the leaf breaks `leaf_policy`.
    """
    if not roots:
        raise PathError("no trusted root is given")
    try:
        verifier = (
            PolicyBuilder()
            .store(Store(list(roots)))
            .time(at)
            .max_chain_depth(MAX_ISSUERS)
            .extension_policies(ca_policy=_ISSUER_POLICY, ee_policy=leaf_policy)
            .build_client_verifier()
        )
        path = tuple(verifier.verify(leaf, list(intermediates)).chain)
    except _REFUSALS as exc:
        raise PathError(f"no path to a trusted root: {exc}") from exc
    if not all(map(_signature_is_octets, path)):
        raise PathError("a certificate's signature is no whole number of octets")
    try:
        allowed = _purposes_allowed(path)
    except _REFUSALS as exc:
        raise PathError(f"a certificate that cannot be read: {exc}") from exc
    if not allowed:
        raise PathError("an authority on the path is for other purposes")
    return path


def _purposes_allowed(path: Sequence[x509.Certificate]) -> bool:
    """Whether each authority between may issue for what the leaf is for.

    RFC 5280 leaves it open, but that is how public roots keep their customers' authorities in
    bounds: one for web servers makes no timestamping units. A root's purposes are its user's.
    """
    leaf, *between = (_purposes(certificate) for certificate in path[:-1] or path)
    return leaf is None or all(
        allowed is None or leaf <= allowed or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in allowed
        for allowed in between
    )


def _purposes(certificate: x509.Certificate) -> frozenset[x509.ObjectIdentifier] | None:
    try:
        return frozenset(
            certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        )
    except x509.ExtensionNotFound:
        return None


def _signature_is_octets(certificate: x509.Certificate) -> bool:
    """Whether the signature's BIT STRING, the certificate's end, has no unused bits.

    The library reads over that count, which the signature itself does not cover: where the last
    bit happens to be zero, it could be changed unseen.
    """
    encoded = certificate.public_bytes(Encoding.DER)
    return encoded[-len(certificate.signature) - 1] == 0


def _is_authority(_: Policy, __: x509.Certificate, constraints: x509.BasicConstraints) -> None:
    if not constraints.ca:
        raise ValueError("an issuer that is no authority")


def _may_issue(_: Policy, __: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("an issuer whose key may not sign certificates")


_ISSUER_POLICY = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_authority)
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_issue)
)
