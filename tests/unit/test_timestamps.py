"""RFC 3161: what our unit issues, what a verifier refuses, and how requests are answered."""

import hashlib
import warnings
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from signing import cms, der
from signing.certificates import (
    Authority,
    LeafUse,
    Subject,
    Validity,
    make_intermediate,
    make_leaf,
    make_root,
    new_p256_key,
    new_rsa_key,
)
from signing.cms_signer import CmsSigner
from signing.errors import ProofError
from signing.timestamp_messages import QC_STATEMENTS, granted_token
from signing.timestamps import (
    FailureInfo,
    RequestRefused,
    TimestampAuthority,
    TimestampRequest,
    build_request,
    parse_request,
    refusal,
    reply,
    token_of_reply,
    verify_token,
)
from signing.tst_info import TST_INFO, TimestampError, TstInfo, write_imprint

POLICY = "1.3.6.1.4.1.55555.1.1"
NOW = datetime(2026, 11, 22, 9, 41, 3, 450_000, tzinfo=UTC)
VALIDITY = Validity(not_before=NOW - timedelta(days=300), not_after=NOW + timedelta(days=300))
DIGEST = hashlib.sha256(b"checkpoint").digest()
NONCE = 0xFEDCBA9876543210

ROOT = make_root(
    subject=Subject(common_name="Root"), key=new_p256_key(), serial=1, validity=VALIDITY
)
ISSUER = make_intermediate(
    issuer=ROOT,
    subject=Subject(common_name="Issuer of units"),
    key=new_p256_key(),
    serial=2,
    validity=VALIDITY,
)
KEYS = {"p256": new_p256_key(), "rsa": new_rsa_key()}
ROOTS = [ROOT.certificate]


def certificate_for(key, **changes) -> x509.Certificate:
    fields = {
        "issuer": ISSUER,
        "subject": Subject(common_name="หน่วยประทับเวลา 1"),
        "public_key": key.public_key(),
        "serial": 3,
        "validity": VALIDITY,
        "use": LeafUse.TIMESTAMP,
    }
    return make_leaf(**fields | changes)


def authority(kind: str = "p256", **changes) -> TimestampAuthority:
    key = KEYS[kind]
    fields = {
        "key": key,
        "chain": [certificate_for(key), ISSUER.certificate, ROOT.certificate],
        "policy_oid": POLICY,
        "accuracy": timedelta(milliseconds=500),
    }
    return TimestampAuthority(**fields | changes)


UNITS = {kind: authority(kind) for kind in KEYS}
TOKENS = {kind: unit.stamp(DIGEST, serial=77, gen_time=NOW) for kind, unit in UNITS.items()}


def issue(certificate: x509.Certificate, *carried: x509.Certificate, **changes) -> bytes:
    """A token made past all checks of the unit, as a careless or hostile authority might."""
    info = TstInfo(
        policy=POLICY,
        digest=DIGEST,
        imprint=write_imprint(DIGEST),
        serial=77,
        time=NOW,
        accuracy=None,
        nonce=None,
    )
    signer = CmsSigner(key=KEYS["p256"], certificate=certificate, content_type=TST_INFO)
    others = [other.public_bytes(Encoding.DER) for other in (ISSUER.certificate, *carried)]
    return signer.sign(replace(info, **changes).encode(), certificates=others)


@pytest.mark.parametrize("kind", KEYS)
def test_a_token_says_what_was_stamped(kind: str) -> None:
    found = verify_token(TOKENS[kind], DIGEST, ROOTS, at=NOW, policies=[POLICY])
    assert (found.time, found.accuracy) == (NOW, timedelta(milliseconds=500))
    assert (found.policy, found.serial) == (POLICY, 77)
    assert found.signer.public_key() == KEYS[kind].public_key()
    assert found.path == (found.signer, ISSUER.certificate, ROOT.certificate)


def test_a_token_carries_the_chain_without_its_root() -> None:
    carried = cms.open_signed_data(TOKENS["p256"]).others
    assert carried == (ISSUER.certificate.public_bytes(Encoding.DER),)


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("change", [0x01, 0x0A, 0x80, 0xFF])
def test_no_byte_of_a_token_can_be_changed(kind: str, change: int) -> None:
    token = TOKENS[kind]
    for place in range(len(token)):
        changed = bytearray(token)
        changed[place] ^= change
        with pytest.raises(TimestampError):
            verify_token(bytes(changed), DIGEST, ROOTS)


def test_the_uncovered_bit_count_of_an_issuer_s_signature_cannot_be_changed() -> None:
    # Where a signature's last bit is zero, "one unused bit" is good DER for the same octets.
    token, signature = TOKENS["p256"], ISSUER.certificate.signature
    place = token.index(b"\x00" + signature)
    changed = bytearray(token)
    changed[place] = 1
    with pytest.raises(TimestampError):
        verify_token(bytes(changed), DIGEST, ROOTS)


def test_no_change_shows_as_a_warning_or_another_error_where_warnings_pass() -> None:
    # Elsewhere in these tests warnings are errors; in service they are not.
    token = TOKENS["rsa"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for place in range(len(token)):
            changed = bytearray(token)
            changed[place] ^= 0x20
            with pytest.raises(TimestampError):
                verify_token(bytes(changed), DIGEST, ROOTS)


@given(data=st.data(), kind=st.sampled_from(list(KEYS)))
def test_no_cut_insertion_or_swap_in_a_token_verifies(data, kind: str) -> None:
    token = TOKENS[kind]
    start = data.draw(st.integers(min_value=0, max_value=len(token) - 1))
    end = data.draw(st.integers(min_value=start, max_value=min(len(token), start + 40)))
    changed = token[:start] + data.draw(st.binary(max_size=40)) + token[end:]
    if changed != token:
        with pytest.raises(TimestampError):
            verify_token(changed, DIGEST, ROOTS)


@given(noise=st.binary(max_size=400))
def test_noise_is_refused_with_the_typed_error(noise: bytes) -> None:
    with pytest.raises(TimestampError):
        verify_token(noise, DIGEST, ROOTS)
    with pytest.raises(TimestampError):
        token_of_reply(noise)
    with pytest.raises(RequestRefused):
        parse_request(noise)


def test_a_token_proves_nothing_of_other_data() -> None:
    with pytest.raises(TimestampError, match="other data"):
        verify_token(TOKENS["p256"], hashlib.sha256(b"other").digest(), ROOTS)


def test_a_token_needs_a_root_that_was_given() -> None:
    stranger = make_root(
        subject=Subject(common_name="Root"), key=new_p256_key(), serial=1, validity=VALIDITY
    )
    for roots in ([], [stranger.certificate]):
        with pytest.raises(TimestampError, match="root"):
            verify_token(TOKENS["p256"], DIGEST, roots)


def test_a_carried_root_is_not_trusted() -> None:
    certificate = certificate_for(KEYS["p256"])
    token = issue(certificate, ROOT.certificate)
    stranger = make_root(
        subject=Subject(common_name="Other"), key=new_p256_key(), serial=1, validity=VALIDITY
    )
    assert verify_token(token, DIGEST, ROOTS).signer == certificate
    with pytest.raises(TimestampError, match="root"):
        verify_token(token, DIGEST, [stranger.certificate])


def test_the_policy_the_nonce_and_the_evaluation_time_are_compared() -> None:
    token = UNITS["p256"].stamp(DIGEST, serial=1, gen_time=NOW, nonce=NONCE)
    verify_token(token, DIGEST, ROOTS, nonce=NONCE, policies=["1.2.3", POLICY], at=NOW)
    with pytest.raises(TimestampError, match="policy"):
        verify_token(token, DIGEST, ROOTS, policies=["1.2.3"])
    with pytest.raises(TimestampError, match="another request"):
        verify_token(token, DIGEST, ROOTS, nonce=NONCE + 1)
    with pytest.raises(TimestampError, match="another request"):
        verify_token(TOKENS["p256"], DIGEST, ROOTS, nonce=NONCE)
    with pytest.raises(TimestampError, match="future"):
        verify_token(token, DIGEST, ROOTS, at=NOW - timedelta(seconds=1))


@pytest.mark.parametrize("time", [VALIDITY.not_before, VALIDITY.not_after])
def test_the_chain_must_be_valid_at_the_tokens_own_time(time: datetime) -> None:
    verify_token(UNITS["p256"].stamp(DIGEST, serial=1, gen_time=time), DIGEST, ROOTS)
    outside = time + (timedelta(seconds=1) if time > NOW else -timedelta(seconds=1))
    with pytest.raises(TimestampError, match="no path"):
        verify_token(UNITS["p256"].stamp(DIGEST, serial=1, gen_time=outside), DIGEST, ROOTS)


def usage_certificate(
    purposes, *, critical: bool, ca: bool = False, issuer: Authority | None = None, **usage
) -> x509.Certificate:
    """A certificate of the unit's key that make_leaf would not make."""
    flags = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(Subject(common_name="Odd unit").name())
        .issuer_name((issuer or ISSUER).certificate.subject)
        .public_key(KEYS["p256"].public_key())
        .serial_number(9)
        .not_valid_before(VALIDITY.not_before)
        .not_valid_after(VALIDITY.not_after)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(KEYS["p256"].public_key()), critical=False
        )
    )
    if usage:
        builder = builder.add_extension(x509.KeyUsage(**flags | usage), critical=True)
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=critical)
    return builder.sign((issuer or ISSUER).key, hashes.SHA256())


STAMPING = ExtendedKeyUsageOID.TIME_STAMPING


def test_the_odd_certificates_of_these_tests_would_do_if_they_were_right() -> None:
    certificate = usage_certificate([STAMPING], critical=True, digital_signature=True)
    assert verify_token(issue(certificate), DIGEST, ROOTS).signer == certificate


@pytest.mark.parametrize(
    "certificate",
    [
        usage_certificate([], critical=False, digital_signature=True),
        usage_certificate([STAMPING], critical=False, digital_signature=True),
        usage_certificate([STAMPING, STAMPING], critical=True, digital_signature=True),
        usage_certificate(
            [STAMPING, ExtendedKeyUsageOID.CODE_SIGNING], critical=True, digital_signature=True
        ),
        usage_certificate([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE], critical=True),
        usage_certificate([STAMPING], critical=True, key_encipherment=True),
        usage_certificate([STAMPING], critical=True, digital_signature=True, crl_sign=True),
        usage_certificate(
            [STAMPING], critical=True, ca=True, digital_signature=True, key_cert_sign=True
        ),
    ],
)
def test_a_certificate_that_is_not_for_timestamps_alone_is_refused(certificate) -> None:
    # A good certificate of the same key in the bag does not help: the one that signed counts.
    with pytest.raises(TimestampError, match="no path"):
        verify_token(issue(certificate, certificate_for(KEYS["p256"])), DIGEST, ROOTS)


def test_an_end_certificate_cannot_issue_units() -> None:
    key = new_p256_key()
    end = certificate_for(key, use=LeafUse.SIGN_DOCUMENTS, serial=4)
    faked = (
        x509.CertificateBuilder()
        .subject_name(Subject(common_name="Faked unit").name())
        .issuer_name(end.subject)
        .public_key(KEYS["p256"].public_key())
        .serial_number(5)
        .not_valid_before(VALIDITY.not_before)
        .not_valid_after(VALIDITY.not_after)
        .add_extension(x509.ExtendedKeyUsage([STAMPING]), critical=True)
        .sign(key, hashes.SHA256())
    )
    with pytest.raises(TimestampError, match="no path"):
        verify_token(issue(faked, end), DIGEST, ROOTS)


@pytest.mark.parametrize(
    ("purposes", "allowed"),
    [
        ([ExtendedKeyUsageOID.SERVER_AUTH], False),
        ([ExtendedKeyUsageOID.SERVER_AUTH, STAMPING], True),
        ([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE], True),
        ([], True),
    ],
)
def test_an_authority_for_other_purposes_makes_no_units(purposes, allowed) -> None:
    """So public roots bound the authorities of their customers."""
    authority = usage_certificate(
        purposes, critical=False, ca=True, issuer=ROOT, key_cert_sign=True
    )
    unit = make_leaf(
        issuer=Authority(certificate=authority, key=KEYS["p256"]),
        subject=Subject(common_name="Unit"),
        public_key=KEYS["p256"].public_key(),
        serial=10,
        validity=VALIDITY,
        use=LeafUse.TIMESTAMP,
    )
    token = issue(unit, authority)
    if allowed:
        assert verify_token(token, DIGEST, ROOTS).signer == unit
    else:
        with pytest.raises(TimestampError, match="for other purposes"):
            verify_token(token, DIGEST, ROOTS)


def test_another_certificate_for_the_same_key_is_not_the_signers() -> None:
    # Same issuer, serial and key; only the binding by digest tells them apart.
    real = certificate_for(KEYS["p256"])
    double = certificate_for(KEYS["p256"], subject=Subject(common_name="Double"))
    token = authority(chain=[real, ISSUER.certificate]).answer(
        parse_request(build_request(DIGEST, cert_req=False)), serial=1, gen_time=NOW
    )
    verify_token(token, DIGEST, ROOTS, certificates=[real, ISSUER.certificate])
    with pytest.raises(TimestampError, match="binds another certificate"):
        verify_token(token, DIGEST, ROOTS, certificates=[double, ISSUER.certificate])
    with pytest.raises(TimestampError, match="not there"):
        verify_token(token, DIGEST, ROOTS)


def test_signed_data_of_another_type_is_no_timestamp() -> None:
    signer = CmsSigner(
        key=KEYS["p256"],
        certificate=certificate_for(KEYS["p256"]),
        content_type="1.2.840.113549.1.7.1",
    )
    with pytest.raises(TimestampError, match="no timestamp"):
        verify_token(signer.sign(b"data"), DIGEST, ROOTS)


def test_a_request_is_answered_as_it_asks() -> None:
    request = parse_request(build_request(DIGEST, NONCE))
    assert request == TimestampRequest(
        digest=DIGEST, imprint=write_imprint(DIGEST), policy=None, nonce=NONCE, cert_req=True
    )
    token = UNITS["p256"].answer(request, serial=5, gen_time=NOW)
    assert token_of_reply(reply(token)) == token
    assert verify_token(token, DIGEST, ROOTS, nonce=NONCE).serial == 5


def test_a_token_repeats_the_imprint_byte_for_byte() -> None:
    # SHA-256 without the NULL parameter, as RFC 5754 would have it.
    algorithm = der.sequence(der.oid(cms.SHA256))
    imprint = der.sequence(algorithm, der.octet_string(DIGEST))
    request = parse_request(der.sequence(der.integer(1), imprint, der.oid(POLICY)))
    assert (request.policy, request.nonce, request.cert_req) == (POLICY, None, False)
    token = UNITS["p256"].answer(request, serial=5, gen_time=NOW)
    assert imprint in token
    verify_token(token, DIGEST, ROOTS, certificates=[certificate_for_unit(), ISSUER.certificate])


def certificate_for_unit() -> x509.Certificate:
    return verify_token(TOKENS["p256"], DIGEST, ROOTS).signer


def request_of(*parts: bytes) -> bytes:
    return der.sequence(*parts)


VERSION, IMPRINT = der.integer(1), write_imprint(DIGEST)


def extension(name: str) -> bytes:
    return der.sequence(der.oid(name), der.octet_string(b"value"))


def extended_request(*extensions: bytes) -> bytes:
    return request_of(VERSION, IMPRINT, der.tlv(der.explicit(0), *extensions))


SHA1_IMPRINT = der.sequence(der.sequence(der.oid("1.3.14.3.2.26")), der.octet_string(bytes(20)))


@pytest.mark.parametrize(
    ("request_bytes", "failure"),
    [
        (request_of(der.integer(2), IMPRINT), FailureInfo.BAD_REQUEST),
        (request_of(VERSION), FailureInfo.BAD_DATA_FORMAT),
        (request_of(VERSION, SHA1_IMPRINT), FailureInfo.BAD_ALGORITHM),
        (request_of(VERSION, IMPRINT) + b"\0", FailureInfo.BAD_DATA_FORMAT),
        (request_of(VERSION, IMPRINT, der.integer(2**255)), FailureInfo.BAD_REQUEST),
        (extended_request(), FailureInfo.BAD_DATA_FORMAT),
        (extended_request(der.sequence()), FailureInfo.BAD_DATA_FORMAT),
        (extended_request(extension("1.2.3")), FailureInfo.UNACCEPTED_EXTENSION),
        (
            extended_request(extension(QC_STATEMENTS), extension("1.2.3")),
            FailureInfo.UNACCEPTED_EXTENSION,
        ),
        (
            extended_request(extension(QC_STATEMENTS)),
            FailureInfo.ADDITIONAL_INFORMATION_NOT_AVAILABLE,
        ),
        (
            request_of(
                VERSION, der.sequence(der.sequence(der.oid(cms.SHA256)), der.octet_string(b"x"))
            ),
            FailureInfo.BAD_DATA_FORMAT,
        ),
        (request_of(VERSION, IMPRINT, bytes(5000)), FailureInfo.BAD_DATA_FORMAT),
        (b"", FailureInfo.BAD_DATA_FORMAT),
    ],
)
def test_a_request_that_cannot_be_served_says_how_to_refuse_it(request_bytes, failure) -> None:
    with pytest.raises(RequestRefused) as refused:
        parse_request(request_bytes)
    assert refused.value.failure is failure


def test_another_policy_than_ours_is_refused() -> None:
    request = parse_request(request_of(VERSION, IMPRINT, der.oid("1.2.3")))
    with pytest.raises(RequestRefused) as refused:
        UNITS["p256"].answer(request, serial=1, gen_time=NOW)
    assert refused.value.failure is FailureInfo.UNACCEPTED_POLICY


def reply_of(*status: bytes) -> bytes:
    return der.sequence(der.sequence(*status), TOKENS["p256"])


GRANTED, WORDS = der.integer(0), der.sequence(der.tlv(der.UTF8_STRING, b"here you are"))
BITS = der.tlv(der.BIT_STRING, b"\x07\x80")


def test_a_reply_that_grants_may_say_so_in_words() -> None:
    for status in ((GRANTED,), (GRANTED, WORDS)):
        assert granted_token(reply_of(*status)) == TOKENS["p256"]


@pytest.mark.parametrize(
    "status", [(GRANTED, BITS), (GRANTED, WORDS, BITS), (der.integer(1),), (der.integer(2), BITS)]
)
def test_a_reply_that_takes_back_what_it_grants_is_none(status) -> None:
    with pytest.raises(TimestampError):
        granted_token(reply_of(*status))


@pytest.mark.parametrize("failure", FailureInfo)
def test_a_refusal_is_a_reply_without_a_token(failure: FailureInfo) -> None:
    with pytest.raises(TimestampError, match="status 2"):
        token_of_reply(refusal(failure, "ไม่รับ: not served"))


@pytest.mark.parametrize(
    "changes",
    [
        {"serial": 0},
        {"serial": -1},
        {"serial": 2**159},
        {"gen_time": NOW.replace(tzinfo=None)},
        {"nonce": 2**255},
    ],
)
def test_a_value_that_no_token_can_carry_is_refused(changes) -> None:
    with pytest.raises(TimestampError):
        UNITS["p256"].stamp(DIGEST, **{"serial": 1, "gen_time": NOW} | changes)
    with pytest.raises(TimestampError):
        UNITS["p256"].stamp(b"no digest", serial=1, gen_time=NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"chain": []},
        {"chain": [ISSUER.certificate]},
        {"chain": [certificate_for(KEYS["rsa"])]},
        {"chain": [certificate_for(KEYS["p256"], use=LeafUse.SIGN_DOCUMENTS)]},
        {"chain": [usage_certificate([STAMPING], critical=False)]},
        {"accuracy": timedelta(seconds=2)},
        {"accuracy": timedelta()},
        {"policy_oid": "no oid"},
    ],
)
def test_a_unit_that_no_verifier_would_accept_does_not_start(changes) -> None:
    with pytest.raises(TimestampError):
        authority(**changes)


def test_a_key_on_another_curve_does_not_start() -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    with pytest.raises(TimestampError):
        authority(key=key, chain=[certificate_for(key)])


@pytest.mark.parametrize(
    "accuracy",
    [timedelta(seconds=1), timedelta(milliseconds=1), timedelta(microseconds=1_001), None],
)
def test_every_accuracy_comes_back(accuracy: timedelta | None) -> None:
    info = TstInfo.decode(cms.open_signed_data(TOKENS["p256"]).content)
    assert TstInfo.decode(replace(info, accuracy=accuracy).encode()).accuracy == accuracy


def test_a_critical_extension_is_refused_and_another_one_passes_by() -> None:
    info = replace(TstInfo.decode(cms.open_signed_data(TOKENS["p256"]).content)).encode()
    fields = der.Reader(info).inside(der.SEQUENCE).elements()

    def extended(*critical: bytes) -> bytes:
        extension = der.sequence(der.oid("1.2.3"), *critical, der.octet_string(b""))
        return der.sequence(*fields, der.tlv(der.explicit(1), extension))

    assert TstInfo.decode(extended()).serial == 77
    with pytest.raises(TimestampError, match="critical"):
        TstInfo.decode(extended(bytes.fromhex("0101ff")))


def test_every_error_is_of_the_family_of_proof_errors() -> None:
    assert issubclass(TimestampError, ProofError)
    assert TimestampError.code == "timestamp-invalid"


def test_why_a_token_is_refused_can_be_followed_to_its_end() -> None:
    token = authority().stamp(DIGEST, serial=9, gen_time=NOW)
    for imprint, roots in ((b"\0" * 32, ROOTS), (DIGEST, [])):
        with pytest.raises(TimestampError) as caught:
            verify_token(token, imprint, roots)
        seen: list[BaseException] = []
        cause: BaseException | None = caught.value
        while cause is not None:
            assert cause not in seen, "an error that is its own cause"
            seen.append(cause)
            cause = cause.__cause__
