"""Makes X.509 certificates and revocation lists (RFC 5280): for the demo's authority and for tests.

Serial numbers, keys and times are arguments: the same arguments give the same certificate (up to
the randomness of the signature). It never judges a certificate (`signing.judge` does), never reads
a clock and never touches a file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    NameOID,
)

PrivateKey = (
    ec.EllipticCurvePrivateKey
    | rsa.RSAPrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
)
PublicKey = (
    ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
)


DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
"""id-kp-documentSigning (RFC 9336): for documents that people read."""


class LeafUse(Enum):
    """What the holder of an end certificate may do with its key."""

    SIGN_DOCUMENTS = "sign documents"
    """digitalSignature and nonRepudiation; persons' signatures and organisations' seals."""
    TIMESTAMP = "issue timestamps"
    """RFC 3161, 2.3: timeStamping as the only extended key usage, critical."""
    SIGN_RECEIPTS = "sign receipts"
    """Documents for people alone (RFC 9336): such a key seals no evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Who a certificate speaks of; fields that are None are left out."""

    common_name: str
    organization: str | None = None
    country: str | None = "TH"
    serial_number: str | None = None
    """A person's or organisation's registered number (X.520 serialNumber), no serial of ours."""

    def name(self) -> x509.Name:
        """Build the X.500 name, most general part first."""
        parts = (
            (NameOID.COUNTRY_NAME, self.country),
            (NameOID.ORGANIZATION_NAME, self.organization),
            (NameOID.SERIAL_NUMBER, self.serial_number),
            (NameOID.COMMON_NAME, self.common_name),
        )
        return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts if value])


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """From when until when a certificate holds; aware times."""

    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A certificate that issues others, with its key."""

    certificate: x509.Certificate
    key: PrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where a certificate says that its revocation status can be asked for."""

    crl_url: str | None = None
    ocsp_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """One line of a revocation list."""

    serial: int
    revoked_at: datetime
    reason: x509.ReasonFlags | None = None


NO_SOURCES = Sources()


def new_p256_key() -> ec.EllipticCurvePrivateKey:
    """Make a fresh P-256 key from the operating system's randomness."""
    return ec.generate_private_key(ec.SECP256R1())


def new_rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """Make a fresh RSA key from the operating system's randomness; 0.1 s or more for 2,048 bits."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def make_root(
    *,
    subject: Subject,
    key: PrivateKey,
    serial: int,
    validity: Validity,
    digest: hashes.HashAlgorithm | None = None,
) -> Authority:
    """Make a self-signed certification authority."""
    name = subject.name()
    builder = _builder(name, name, key.public_key(), serial, validity)
    builder = _as_authority(builder, path_length=None)
    return Authority(certificate=_sign(builder, key, digest), key=key)


def make_intermediate(  # noqa: PLR0913 - the fields of a certificate, by name
    *,
    issuer: Authority,
    subject: Subject,
    key: PrivateKey,
    serial: int,
    validity: Validity,
    sources: Sources = NO_SOURCES,
) -> Authority:
    """Make an authority below another one; it may issue end certificates only."""
    builder = _builder(
        subject.name(), issuer.certificate.subject, key.public_key(), serial, validity
    )
    builder = _with_issuer(_as_authority(builder, path_length=0), issuer)
    builder = _with_sources(builder, sources)
    return Authority(certificate=_sign(builder, issuer.key), key=key)


def make_leaf(  # noqa: PLR0913 - the fields of a certificate, by name
    *,
    issuer: Authority,
    subject: Subject,
    public_key: PublicKey,
    serial: int,
    validity: Validity,
    use: LeafUse = LeafUse.SIGN_DOCUMENTS,
    sources: Sources = NO_SOURCES,
    digest: hashes.HashAlgorithm | None = None,
) -> x509.Certificate:
    """Make an end certificate: a person's, an organisation's, a timestamping unit's."""
    builder = _builder(subject.name(), issuer.certificate.subject, public_key, serial, validity)
    for extension, critical in leaf_extensions(use):
        builder = builder.add_extension(extension, critical)
    builder = _with_issuer(builder, issuer)
    return _sign(_with_sources(builder, sources), issuer.key, digest)


def leaf_extensions(use: LeafUse) -> Sequence[tuple[x509.ExtensionType, bool]]:
    """What an end certificate says of its key, and a request asks for; each with whether critical.

    RFC 5280, 4.2.1.3, 4.2.1.9 and 4.2.1.12; RFC 3161, 2.3; RFC 9336.
    """
    may_commit = use is not LeafUse.TIMESTAMP
    said: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_key_usage(digital_signature=True, non_repudiation=may_commit), True),
    ]
    if use is LeafUse.TIMESTAMP:
        said.append((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True))
    if use is LeafUse.SIGN_RECEIPTS:
        said.append((x509.ExtendedKeyUsage([DOCUMENT_SIGNING]), False))
    return said


def make_crl(
    *,
    issuer: Authority,
    revoked: Sequence[Revocation],
    this_update: datetime,
    next_update: datetime,
    number: int,
) -> bytes:
    """Make a complete revocation list of one authority, DER."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(this_update)
        .next_update(next_update)
        .add_extension(x509.CRLNumber(number), False)
        .add_extension(_authority_key_identifier(issuer), False)
    )
    for line in revoked:
        entry = (
            x509.RevokedCertificateBuilder()
            .serial_number(line.serial)
            .revocation_date(line.revoked_at)
        )
        if line.reason is not None:
            entry = entry.add_extension(x509.CRLReason(line.reason), False)
        builder = builder.add_revoked_certificate(entry.build())
    crl = builder.sign(issuer.key, _digest_for(issuer.key))
    return crl.public_bytes(serialization.Encoding.DER)


def pem(*certificates: x509.Certificate) -> bytes:
    """Write the certificates one after another in PEM."""
    return b"".join(c.public_bytes(serialization.Encoding.PEM) for c in certificates)


def der(certificate: x509.Certificate) -> bytes:
    """Give the bytes that the issuer signed and its signature, DER."""
    return certificate.public_bytes(serialization.Encoding.DER)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PublicKey, serial: int, validity: Validity
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(validity.not_before)
        .not_valid_after(validity.not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), False)
    )


def _as_authority(
    builder: x509.CertificateBuilder, *, path_length: int | None
) -> x509.CertificateBuilder:
    return builder.add_extension(
        x509.BasicConstraints(ca=True, path_length=path_length), True
    ).add_extension(_key_usage(issues=True), True)


def _with_issuer(builder: x509.CertificateBuilder, issuer: Authority) -> x509.CertificateBuilder:
    return builder.add_extension(_authority_key_identifier(issuer), False)


def _with_sources(builder: x509.CertificateBuilder, sources: Sources) -> x509.CertificateBuilder:
    if sources.crl_url:
        point = x509.DistributionPoint(
            full_name=[x509.UniformResourceIdentifier(sources.crl_url)],
            relative_name=None,
            reasons=None,
            crl_issuer=None,
        )
        builder = builder.add_extension(x509.CRLDistributionPoints([point]), False)
    if sources.ocsp_url:
        access = x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP,
            x509.UniformResourceIdentifier(sources.ocsp_url),
        )
        builder = builder.add_extension(x509.AuthorityInformationAccess([access]), False)
    return builder


def _authority_key_identifier(issuer: Authority) -> x509.AuthorityKeyIdentifier:
    own = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own.value)


def _key_usage(
    *, digital_signature: bool = False, non_repudiation: bool = False, issues: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=non_repudiation,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=issues,
        crl_sign=issues,
        encipher_only=False,
        decipher_only=False,
    )


def _digest_for(key: PrivateKey) -> hashes.SHA256 | None:
    """Edwards curves bring their own digest; everything else here uses SHA-256."""
    edwards = isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    return None if edwards else hashes.SHA256()


def _sign(
    builder: x509.CertificateBuilder, key: PrivateKey, digest: hashes.HashAlgorithm | None = None
) -> x509.Certificate:
    return builder.sign(key, digest or _digest_for(key))  # type: ignore[arg-type]  # SHA-1 in tests
