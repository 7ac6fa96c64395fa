"""Who signed: what the judge reads out of a certificate, and what it does not believe."""

from datetime import UTC, datetime

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from signing.judge.signer import key_findings, signer_of

CITIZEN, COMPANY = "1101700230708", "0105536000315"
BEGIN, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)


def certificate(
    *attributes: tuple[x509.ObjectIdentifier, str],
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None,
) -> asn1_x509.Certificate:
    key = key or ec.generate_private_key(ec.SECP256R1())
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(kind, value) for kind, value in attributes]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ผู้ออก")]))
        .public_key(key.public_key())
        .serial_number(0xABC)
        .not_valid_before(BEGIN)
        .not_valid_after(END)
        .sign(key, hashes.SHA256())
    )
    return asn1_x509.Certificate.load(made.public_bytes(serialization.Encoding.DER))


THAI = (NameOID.COUNTRY_NAME, "TH")
NAME = (NameOID.COMMON_NAME, "ผู้ลงนาม")


def test_every_attribute_of_the_subject_is_told_in_order() -> None:
    signer = signer_of(
        certificate(
            THAI, (NameOID.ORGANIZATION_NAME, "กรมทดสอบ"), (NameOID.GIVEN_NAME, "สมชาย"), NAME
        )
    )
    assert signer.subject == (("C", "TH"), ("O", "กรมทดสอบ"), ("GN", "สมชาย"), ("CN", "ผู้ลงนาม"))
    assert (signer.common_name, signer.organization) == ("ผู้ลงนาม", "กรมทดสอบ")
    assert (signer.serial, signer.issuer) == ("abc", "CN=ผู้ออก")
    assert len(signer.certificate_sha256) == 64


@pytest.mark.parametrize(
    ("attributes", "citizen", "company"),
    [
        ([THAI, NAME, (NameOID.SERIAL_NUMBER, CITIZEN)], CITIZEN, None),
        ([THAI, NAME, (NameOID.SERIAL_NUMBER, COMPANY)], None, COMPANY),
        ([NAME, (NameOID.SERIAL_NUMBER, f"PNOTH-{CITIZEN}")], CITIZEN, None),
        ([NAME, (NameOID.ORGANIZATION_IDENTIFIER, f"VATTH-{COMPANY}")], None, COMPANY),
        (
            [
                THAI,
                NAME,
                (NameOID.SERIAL_NUMBER, CITIZEN),
                (NameOID.ORGANIZATION_IDENTIFIER, f"NTRTH-{COMPANY}"),
            ],
            CITIZEN,
            COMPANY,
        ),
        # Without Thailand a bare number of 13 digits may be anything.
        ([NAME, (NameOID.SERIAL_NUMBER, CITIZEN)], None, None),
        ([(NameOID.COUNTRY_NAME, "EE"), NAME, (NameOID.SERIAL_NUMBER, CITIZEN)], None, None),
        ([THAI, NAME, (NameOID.SERIAL_NUMBER, "PNOEE-47101010033")], None, None),
        ([THAI, NAME, (NameOID.SERIAL_NUMBER, CITIZEN + "0")], None, None),
        # A name is no number, and of two numbers nobody knows which is meant.
        ([THAI, (NameOID.COMMON_NAME, CITIZEN)], None, None),
        (
            [
                THAI,
                NAME,
                (NameOID.SERIAL_NUMBER, CITIZEN),
                (NameOID.SERIAL_NUMBER, "1101700230716"),
            ],
            None,
            None,
        ),
    ],
)
def test_thai_numbers_are_read_only_where_they_belong(
    attributes: list[tuple[x509.ObjectIdentifier, str]], citizen: str | None, company: str | None
) -> None:
    signer = signer_of(certificate(*attributes))
    assert (signer.citizen_id, signer.tax_id) == (citizen, company)


def test_a_subject_without_a_name_is_described_by_what_it_has() -> None:
    assert signer_of(certificate(THAI, (NameOID.TITLE, "อธิบดี"))).common_name == "C=TH, title=อธิบดี"


def test_a_subject_of_a_thousand_attributes_is_cut() -> None:
    many = [(NameOID.ORGANIZATIONAL_UNIT_NAME, f"unit {number}") for number in range(1000)]
    signer = signer_of(certificate(*many))
    assert len(signer.subject) == 32
    assert len(signer.common_name) <= 256


@pytest.mark.parametrize(
    ("key", "name", "accepted"),
    [
        (ec.generate_private_key(ec.SECP256R1()), "ec-secp256r1", True),
        (rsa.generate_private_key(65537, 2048), "rsa-2048", True),
        (rsa.generate_private_key(65537, 1024), "rsa-1024", False),  # noqa: S505 - weak on purpose
    ],
)
def test_sort_and_strength_of_the_key_are_told(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, name: str, *, accepted: bool
) -> None:
    (finding,) = key_findings(certificate(NAME, key=key))
    assert (finding.use, finding.name, finding.accepted) == ("key", name, accepted)
