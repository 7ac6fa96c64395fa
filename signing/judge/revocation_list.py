"""What a certificate revocation list says of one certificate (RFC 5280, 5 and 6.3.3).

Only complete, direct lists, signed with the key that issued the certificate: delta lists, indirect
lists, lists for some reasons only, and lists with critical extensions that are not understood say
nothing here. Never follows a distribution point; never decides whether a list is fresh.
"""

from datetime import datetime

from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_public_key

from signing.judge.revocation_data import TROUBLE, RevocationDatum, Said, Statement

_DIGESTS = frozenset(
    {"sha256", "sha384", "sha512", "sha512-256", "sha3-256", "sha3-384", "sha3-512"}
)
_EDWARDS = frozenset({"1.3.101.112", "1.3.101.113"})
_UNDERSTOOD = frozenset(
    {
        x509.IssuingDistributionPoint.oid,
        x509.AuthorityKeyIdentifier.oid,
        x509.CRLNumber.oid,
        x509.IssuerAlternativeName.oid,
        x509.FreshestCRL.oid,
        x509.AuthorityInformationAccess.oid,
        x509.DeltaCRLIndicator.oid,
    }
)
"""May be critical."""
_EXPIRED_ON_LIST = x509.ObjectIdentifier("2.5.29.60")
_REASON = {item: item.value for item in x509.ReasonFlags}


def statement_of_list(
    datum: RevocationDatum, certificate: asn1.Certificate, issuer: asn1.Certificate
) -> Statement | None:
    """Read the certificate's line; None where the list does not speak of this certificate."""
    try:
        listed = datum.as_list
        if listed is None or not _is_by(listed, issuer):
            return None
        return _read(datum, listed, certificate)
    except TROUBLE:
        return None


def _is_by(listed: x509.CertificateRevocationList, issuer: asn1.Certificate) -> bool:
    return (
        _is_named_like(listed, issuer)
        and _may_sign_lists(issuer)
        and _is_strong(listed)
        and _is_signed(listed, issuer)
    )


def _is_named_like(listed: x509.CertificateRevocationList, issuer: asn1.Certificate) -> bool:
    """RFC 5280, 6.3.3 (b)(1): a list of the issuer itself."""
    name = listed.issuer.public_bytes()
    return bool(name == issuer.subject.dump() or asn1.Name.load(name) == issuer.subject)


def _may_sign_lists(issuer: asn1.Certificate) -> bool:
    """RFC 5280, 6.3.3 (f): cRLSign, where the key's use is limited at all."""
    usage = issuer.key_usage_value
    return usage is None or "crl_sign" in usage.native


def _is_strong(listed: x509.CertificateRevocationList) -> bool:
    """The policy's cryptography; the issuer's key was judged with the path."""
    digest = listed.signature_hash_algorithm
    if digest is None:
        return listed.signature_algorithm_oid.dotted_string in _EDWARDS
    return digest.name in _DIGESTS


def _is_signed(listed: x509.CertificateRevocationList, issuer: asn1.Certificate) -> bool:
    """RFC 5280, 6.3.3 (g): by the key that issued the certificate, not by a namesake's."""
    key = load_der_public_key(issuer.public_key.dump())
    return listed.is_signature_valid(key)  # type: ignore[arg-type]  # raises TypeError for a key that signs nothing


def _read(
    datum: RevocationDatum, listed: x509.CertificateRevocationList, certificate: asn1.Certificate
) -> Statement | None:
    if not _is_understood(listed) or _is_delta(listed) or _is_indirect(listed):
        return None
    # What a complete list names is revoked, whatever its scope says.
    line = listed.get_revoked_certificate_by_serial_number(certificate.serial_number)
    if line is None and not _is_in_scope(listed, certificate):
        return None
    said, reason = _line_says(line)
    return Statement(
        said=said,
        datum=datum,
        this_update=listed.last_update_utc,
        next_update=listed.next_update_utc,
        revoked_at=None if line is None else line.revocation_date_utc,
        reason=reason,
        keeps_expired_from=_keeps_expired_from(listed),
    )


def _is_understood(listed: x509.CertificateRevocationList) -> bool:
    """RFC 5280, 5.2: a list with an unknown critical extension says nothing."""
    return all(item.oid in _UNDERSTOOD for item in listed.extensions if item.critical)


def _is_delta(listed: x509.CertificateRevocationList) -> bool:
    """RFC 5280, 5.2.4: it tells changes only, and is critical; a careless one is none the less."""
    return _extension(listed, x509.DeltaCRLIndicator.oid) is not None


def _line_says(line: x509.RevokedCertificate | None) -> tuple[Said, str | None]:
    """A line means revoked, whatever the reason: `removeFromCRL` has no place in a complete list.

    A line with a critical extension that is not understood means revoked, too (RFC 5280, 5.3).
    """
    if line is None:
        return Said.GOOD, None
    try:
        reason = line.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return Said.REVOKED, None
    except TROUBLE:
        return Said.REVOKED, None
    hold = reason is x509.ReasonFlags.certificate_hold
    return Said.ON_HOLD if hold else Said.REVOKED, _REASON[reason]


def _extension(
    listed: x509.CertificateRevocationList, oid: x509.ObjectIdentifier
) -> x509.ExtensionType | None:
    return next((item.value for item in listed.extensions if item.oid == oid), None)


def _is_indirect(listed: x509.CertificateRevocationList) -> bool:
    """Its lines may speak of other issuers' certificates: a serial number alone says nothing."""
    scope = _extension(listed, x509.IssuingDistributionPoint.oid)
    return isinstance(scope, x509.IssuingDistributionPoint) and scope.indirect_crl


def _is_in_scope(listed: x509.CertificateRevocationList, certificate: asn1.Certificate) -> bool:
    """RFC 5280, 6.3.3 (b)(2): whether the certificate's absence means that it is good."""
    scope = _extension(listed, x509.IssuingDistributionPoint.oid)
    if scope is None:
        return True
    if not isinstance(scope, x509.IssuingDistributionPoint):
        return False
    if scope.only_some_reasons is not None or scope.only_contains_attribute_certs:
        return False
    if scope.only_contains_user_certs and certificate.ca:
        return False
    if scope.only_contains_ca_certs and not certificate.ca:
        return False
    if scope.relative_name is not None:
        return False
    if scope.full_name is None:
        return True
    named = asn1_crl.IssuingDistributionPoint.load(scope.public_bytes())["distribution_point"]
    return bool(_names(named) & distribution_point_names(certificate))


def distribution_point_names(certificate: asn1.Certificate) -> frozenset[bytes]:
    """Every full name of every distribution point of a certificate, in DER."""
    points = certificate.crl_distribution_points_value or ()
    names: frozenset[bytes] = frozenset()
    for point in points:
        names |= _names(point["distribution_point"])
    return names


def _names(point: asn1.DistributionPointName) -> frozenset[bytes]:
    if point.native is None or point.name != "full_name":
        return frozenset()
    return frozenset(name.dump() for name in point.chosen)


def _keeps_expired_from(listed: x509.CertificateRevocationList) -> datetime | None:
    """ITU-T X.509, expiredCertsOnCRL: a GeneralizedTime."""
    value = _extension(listed, _EXPIRED_ON_LIST)
    if not isinstance(value, x509.UnrecognizedExtension):
        return None
    stated: datetime = asn1_crl.GeneralizedTime.load(value.value, strict=True).native
    return stated
