"""Revocation data for tests: lists and OCSP answers, right ones and each wrong one by its fault."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from signing.certificates import (
    Authority,
    PrivateKey,
    Sources,
    Subject,
    Validity,
    make_intermediate,
    make_leaf,
    make_root,
    new_p256_key,
)
from signing.trust import Anchor, TrustFolder
from tests.pki.make import TestSigner

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
END = datetime(2044, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ALWAYS = Validity(not_before=BEGIN, not_after=END)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Extensions = Sequence[tuple[x509.ExtensionType, bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """An authority below a root, and signers whose certificates name sources below one address."""

    base: str
    root: Authority
    issuing: Authority
    signers: Mapping[str, TestSigner]

    @property
    def trust(self) -> TrustFolder:
        """The root, nothing else."""
        return TrustFolder(anchors=(Anchor(der=_der(self.root.certificate)),))

    def certificate(self, name: str = "both") -> x509.Certificate:
        """The certificate of a signer."""
        return self.signers[name].chain[0]


def make_web(base: str = "http://ca.example", root: Authority | None = None) -> Web:
    """Make one. Signers by the sources that they name: `both`, `list`, `answer`, `none`.

    `root`: put it below this one; then the authority's serial number is 3.
    """
    serial = 2 if root is None else 3
    root = root or make_root(
        subject=Subject(common_name="Web Root"), key=new_p256_key(), serial=1, validity=ALWAYS
    )
    issuing = make_intermediate(
        issuer=root,
        subject=Subject(common_name="Web Issuing"),
        key=new_p256_key(),
        serial=serial,
        validity=ALWAYS,
        sources=Sources(crl_url=f"{base}/root.crl"),
    )
    crl, answer = f"{base}/issuing.crl", f"{base}/ocsp"
    named = {
        "both": Sources(crl_url=crl, ocsp_url=answer),
        "list": Sources(crl_url=crl),
        "answer": Sources(ocsp_url=answer),
        "none": Sources(),
    }
    signers = {}
    for serial, (name, sources) in enumerate(named.items(), 10):
        key = new_p256_key()
        certificate = make_leaf(
            issuer=issuing,
            subject=Subject(common_name=f"Signer {name}"),
            public_key=key.public_key(),
            serial=serial,
            validity=ALWAYS,
            sources=sources,
        )
        signers[name] = TestSigner(key=key, chain=(certificate, issuing.certificate))
    return Web(base=base, root=root, issuing=issuing, signers=signers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a list."""

    serial: int
    at: datetime
    reason: x509.ReasonFlags | None = None
    extensions: Extensions = ()


def make_list(
    issuer: Authority,
    lines: Sequence[Line] = (),
    *,
    this_update: datetime = NOW - HOUR,
    next_update: datetime | None = NOW + DAY,
    extensions: Extensions = (),
    key: PrivateKey | None = None,
    digest: hashes.HashAlgorithm | None = None,
) -> bytes:
    """A revocation list, DER. `key`: sign with another one than the issuer's."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(this_update)
        .next_update(next_update or END)
        .add_extension(x509.CRLNumber(1), False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    for line in lines:
        entry = x509.RevokedCertificateBuilder().serial_number(line.serial).revocation_date(line.at)
        if line.reason is not None:
            entry = entry.add_extension(x509.CRLReason(line.reason), False)
        for extension, critical in line.extensions:
            entry = entry.add_extension(extension, critical)
        builder = builder.add_revoked_certificate(entry.build())
    signed = builder.sign(key or issuer.key, digest or hashes.SHA256())  # type: ignore[arg-type]  # only P-256 keys here
    return signed.public_bytes(serialization.Encoding.DER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    """Who signs OCSP answers."""

    key: PrivateKey
    certificate: x509.Certificate
    embedded: tuple[x509.Certificate, ...] = ()
    by_name: bool = False


def issuer_itself(issuer: Authority, *, by_name: bool = False) -> Responder:
    """The authority answers with its own key."""
    return Responder(key=issuer.key, certificate=issuer.certificate, by_name=by_name)


def make_responder(
    issuer: Authority,
    *,
    purpose: x509.ObjectIdentifier | None = ExtendedKeyUsageOID.OCSP_SIGNING,
    never_checked: bool = True,
    crl_url: str | None = None,
    validity: Validity = ALWAYS,
    by_name: bool = False,
    key_usage: bool = True,
    name: str = "Responder",
    key: PrivateKey | None = None,
) -> Responder:
    """A responder to which the authority delegated answering (RFC 6960, 4.2.2.2)."""
    key = key or new_p256_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(70)
        .not_valid_before(validity.not_before)
        .not_valid_after(validity.not_after)
        .add_extension(
            x509.KeyUsage(
                digital_signature=key_usage,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=not key_usage,
                key_cert_sign=False,
                crl_sign=False,
                encipher_only=False,
                decipher_only=False,
            ),
            True,
        )
    )
    if purpose is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), False)
    if never_checked:
        builder = builder.add_extension(x509.OCSPNoCheck(), False)
    if crl_url is not None:
        place = x509.UniformResourceIdentifier(crl_url)
        point = x509.DistributionPoint([place], None, None, None)
        builder = builder.add_extension(x509.CRLDistributionPoints([point]), False)
    certificate = builder.sign(issuer.key, hashes.SHA256())
    return Responder(key=key, certificate=certificate, embedded=(certificate,), by_name=by_name)


def make_answer(
    certificate: x509.Certificate,
    issuer: Authority,
    responder: Responder | None = None,
    *,
    this_update: datetime = NOW - HOUR,
    next_update: datetime | None = NOW + DAY,
    revoked_at: datetime | None = None,
    reason: x509.ReasonFlags | None = None,
    unknown: bool = False,
    extensions: Extensions = (),
    digest: hashes.HashAlgorithm | None = None,
) -> bytes:
    """An OCSP answer about one certificate, DER."""
    responder = responder or issuer_itself(issuer)
    status = ocsp.OCSPCertStatus.GOOD if revoked_at is None else ocsp.OCSPCertStatus.REVOKED
    encoding = ocsp.OCSPResponderEncoding
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=certificate,
            issuer=issuer.certificate,
            algorithm=hashes.SHA1(),  # noqa: S303 - names the certificate, as responders do
            cert_status=ocsp.OCSPCertStatus.UNKNOWN if unknown else status,
            this_update=this_update,
            next_update=next_update,
            revocation_time=revoked_at,
            revocation_reason=reason,
        )
        .responder_id(encoding.NAME if responder.by_name else encoding.HASH, responder.certificate)
    )
    if responder.embedded:
        builder = builder.certificates(list(responder.embedded))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    signed = builder.sign(responder.key, digest or hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.DER)


def make_refusal() -> bytes:
    """A responder that does not answer now (tryLater)."""
    refusal = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
    return refusal.public_bytes(serialization.Encoding.DER)


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)
