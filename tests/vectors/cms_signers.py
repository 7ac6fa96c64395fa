"""Signers and timestamping units for tests whose certificates have a fault, or an unusual key."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from asn1crypto import algos
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from signing.certificates import (
    Authority,
    PrivateKey,
    Sources,
    Subject,
    Validity,
    der,
    make_intermediate,
    make_leaf,
    new_p256_key,
    new_rsa_key,
)
from tests.pki.make import ALWAYS, BEGIN, EXPIRED_AT, Pki, TestSigner
from tests.vectors.cms_writing import elements, sequence, spelled_length

NO_SOURCES = Sources()
STAMPING = ExtendedKeyUsageOID.TIME_STAMPING


def with_key(pki: Pki, key: PrivateKey, *, serial: int = 200) -> TestSigner:
    """A good certificate for an unusual key."""
    certificate = make_leaf(
        issuer=pki.issuing,
        subject=Subject(common_name="Unusual Key", organization="TDH Test"),
        public_key=key.public_key(),
        serial=serial,
        validity=ALWAYS,
    )
    return TestSigner(key=key, chain=(certificate, pki.issuing.certificate))


def unusual(pki: Pki) -> dict[str, TestSigner]:
    keys: dict[str, PrivateKey] = {
        "p384": ec.generate_private_key(ec.SECP384R1()),
        "p521": ec.generate_private_key(ec.SECP521R1()),
        "brainpoolP256r1": ec.generate_private_key(ec.BrainpoolP256R1()),
        "brainpoolP384r1": ec.generate_private_key(ec.BrainpoolP384R1()),
        "brainpoolP512r1": ec.generate_private_key(ec.BrainpoolP512R1()),
        "ed448": ed448.Ed448PrivateKey.generate(),
        "rsa3072": new_rsa_key(3072),
    }
    return {name: with_key(pki, key, serial=200 + n) for n, (name, key) in enumerate(keys.items())}


def short_curve(pki: Pki) -> TestSigner:
    return with_key(pki, ec.generate_private_key(ec.SECP224R1()), serial=230)


def issued_by_nobody_s_authority(pki: Pki) -> TestSigner:
    """Broken path: a person's certificate issued it, which is no authority."""
    person = pki.signers["good"]
    as_authority = Authority(certificate=person.chain[0], key=person.key)
    key = new_p256_key()
    certificate = make_leaf(
        issuer=as_authority,
        subject=Subject(common_name="Issued by a Person"),
        public_key=key.public_key(),
        serial=240,
        validity=ALWAYS,
    )
    return TestSigner(key=key, chain=(certificate, *person.chain))


def wrongly_signed(pki: Pki) -> TestSigner:
    """Broken path: the issuer's name is right, its signature is another key's."""
    other = replace(pki.issuing, key=new_p256_key())
    key = new_p256_key()
    certificate = make_leaf(
        issuer=other,
        subject=Subject(common_name="Wrongly Signed"),
        public_key=key.public_key(),
        serial=241,
        validity=ALWAYS,
    )
    return TestSigner(key=key, chain=(certificate, pki.issuing.certificate))


def outside_name_constraint(pki: Pki) -> TestSigner:
    """The authority may issue for Elsewhere only (RFC 5280, 4.2.1.10)."""
    key, authority_key = new_p256_key(), new_p256_key()
    plain = make_intermediate(
        issuer=pki.root,
        subject=Subject(common_name="TDH Constrained"),
        key=authority_key,
        serial=242,
        validity=ALWAYS,
    )
    permitted = x509.DirectoryName(
        x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Elsewhere")])
    )
    constraint = x509.NameConstraints(permitted_subtrees=[permitted], excluded_subtrees=None)
    constrained = _again(plain.certificate, pki.root.key, (constraint, True))
    authority = Authority(certificate=constrained, key=authority_key)
    certificate = make_leaf(
        issuer=authority,
        subject=Subject(common_name="Outside", organization="TDH Test"),
        public_key=key.public_key(),
        serial=243,
        validity=ALWAYS,
    )
    return TestSigner(key=key, chain=(certificate, constrained))


def certified_with_sha1(pki: Pki) -> tuple[TestSigner, bytes]:
    """The certificate itself is signed over SHA-1; gives its bytes too."""
    signer = pki.signers["good"]
    weak = algos.SignedDigestAlgorithm({"algorithm": "sha1_ecdsa"}).dump()
    tbs, old, _ = elements(elements(der(signer.chain[0]))[0].content)
    parts = elements(tbs.content)
    new = sequence(*(weak if part.spelled == old.spelled else part.spelled for part in parts))
    value = b"\0" + pki.issuing.key.sign(new, ec.ECDSA(hashes.SHA1()))  # noqa: S303 - the fault
    return signer, sequence(new, weak, b"\x03" + spelled_length(len(value)) + value)


def negative_modulus(pki: Pki) -> tuple[TestSigner, bytes]:
    """As on some identity cards: the modulus lacks its leading zero. Gives the certificate too."""
    signer = pki.signers["rsa"]
    good = signer.chain[0]
    numbers = good.public_key().public_numbers()
    modulus = b"\x02" + spelled_length(256) + numbers.n.to_bytes(256, "big")
    exponent = b"\x02\x03" + numbers.e.to_bytes(3, "big")
    public = b"\0" + sequence(modulus, exponent)
    algorithm = algos.SignedDigestAlgorithm({"algorithm": "rsassa_pkcs1v15"}).dump()
    new = sequence(algorithm, b"\x03" + spelled_length(len(public)) + public)
    old = good.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    parts = elements(elements(good.tbs_certificate_bytes)[0].content)
    assert sum(part.spelled == old for part in parts) == 1
    tbs = sequence(*(new if part.spelled == old else part.spelled for part in parts))
    value = b"\0" + pki.issuing.key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    _, signed_with, _ = elements(elements(der(good))[0].content)
    return signer, sequence(tbs, signed_with.spelled, b"\x03" + spelled_length(len(value)) + value)


def timestamping_unit(
    pki: Pki,
    *extensions: tuple[x509.ExtensionType, bool],
    issuer: Authority | None = None,
    serial: int = 250,
    validity: Validity = ALWAYS,
) -> TestSigner:
    """A unit with exactly these extensions beside the usual ones."""
    issuer = issuer or pki.root
    key = new_rsa_key()
    plain = make_leaf(
        issuer=issuer,
        subject=Subject(common_name="Another Timestamping Unit"),
        public_key=key.public_key(),
        serial=serial,
        validity=validity,
    )
    certificate = _again(plain, issuer.key, *extensions)
    return TestSigner(key=key, chain=(certificate,))


def faulty_units(pki: Pki) -> dict[str, TestSigner]:
    """Timestamping units whose tokens must not count, by their fault."""
    only = x509.ExtendedKeyUsage([STAMPING])
    two = x509.ExtendedKeyUsage([STAMPING, ExtendedKeyUsageOID.CLIENT_AUTH])
    other = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    expired = Validity(not_before=BEGIN, not_after=EXPIRED_AT - timedelta(days=400))
    return {
        "no purpose": timestamping_unit(pki),
        "other purpose": timestamping_unit(pki, (other, True)),
        "purpose not critical": timestamping_unit(pki, (only, False)),
        "purpose not alone": timestamping_unit(pki, (two, True)),
        "expired": timestamping_unit(pki, (only, True), validity=expired),
        "revoked": timestamping_unit(pki, (only, True), issuer=pki.issuing, serial=16),
        "stranger's": pki.stranger_timestamper,
    }


def _again(
    like: x509.Certificate, key: PrivateKey, *more: tuple[x509.ExtensionType, bool]
) -> x509.Certificate:
    """The same certificate with more extensions."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(like.subject)
        .issuer_name(like.issuer)
        .public_key(like.public_key())
        .serial_number(like.serial_number)
        .not_valid_before(like.not_valid_before_utc)
        .not_valid_after(like.not_valid_after_utc)
    )
    present: Sequence[x509.Extension[x509.ExtensionType]] = list(like.extensions)
    for extension in present:
        builder = builder.add_extension(extension.value, extension.critical)
    for value, critical in more:
        builder = builder.add_extension(value, critical)
    return builder.sign(key, hashes.SHA256())
