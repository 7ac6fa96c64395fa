"""The seal on an evidence: what it covers, what breaks it, which check says so."""

import base64
import hashlib
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from evidence_samples import NOW, VALIDITY, any_facts, facts, rejection, sealing_keys
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from signing import certificates as made
from signing.evidence_document import EvidenceDocumentError, write_evidence
from signing.seal_check import Outcome, SealCertificateError, SealVerdict, verify_seal
from signing.seals import Seal, SealError

DS = "{http://www.w3.org/2000/09/xmldsig#}"
XADES = "{http://uri.etsi.org/01903/v1.3.2#}"
KEYS = sealing_keys()
RSA_KEY = made.new_rsa_key(3072)
SEALED = KEYS.seal.seal(write_evidence(facts(), KEYS.issuer), signing_time=NOW)
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def check(xml: bytes, **options) -> SealVerdict:
    return verify_seal(xml, [KEYS.root], **options)


def canonical_of(xml: bytes, tag: str) -> bytes:
    element = next(etree.fromstring(xml).iter(tag))
    return etree.tostring(element, method="c14n", with_tail=False)


@given(any_facts())
@settings(deadline=None, max_examples=40)
def test_any_sealed_evidence_is_canonical_and_its_seal_holds(one) -> None:
    one = replace(one, time=NOW)
    xml = KEYS.seal.seal(write_evidence(one, KEYS.issuer), signing_time=NOW)

    assert etree.tostring(etree.fromstring(xml), method="c14n") == xml
    assert check(xml).require().facts == one


@pytest.mark.parametrize("key", [made.new_p256_key(), RSA_KEY], ids=["P-256", "RSA-3072"])
@pytest.mark.parametrize("intermediate", [False, True], ids=["below root", "intermediate"])
def test_both_kinds_of_keys_seal(key, intermediate) -> None:
    keys = sealing_keys(key, intermediate=intermediate)
    xml = keys.seal.seal(write_evidence(rejection(), keys.issuer), signing_time=NOW)

    verdict = verify_seal(xml, [keys.root])

    assert verdict.holds
    assert verdict.signing_time == NOW
    assert verdict.signer == keys.seal.chain[0]


def test_the_digests_are_over_what_lxml_canonicalises() -> None:
    root = etree.fromstring(SEALED)
    digests = [base64.b64decode(e.text) for e in root.iter(f"{DS}DigestValue")]
    properties = canonical_of(SEALED, f"{XADES}SignedProperties")
    signature = root[-1]
    root.remove(signature)

    assert hashlib.sha256(etree.tostring(root, method="c14n")).digest() in digests
    assert hashlib.sha256(properties).digest() in digests


def test_every_changed_byte_is_noticed() -> None:
    unnoticed = [
        place
        for place in range(len(SEALED))
        if check(SEALED[:place] + bytes((SEALED[place] ^ 1,)) + SEALED[place + 1 :]).holds
    ]

    assert unnoticed == []


@given(st.data())
@settings(deadline=None, max_examples=300)
def test_noise_in_a_sealed_evidence_never_holds_and_never_raises(data) -> None:
    start = data.draw(st.integers(0, len(SEALED) - 1))
    end = data.draw(st.integers(start, min(len(SEALED), start + 40)))
    noise = data.draw(st.binary(max_size=40).filter(lambda value: value != SEALED[start:end]))

    assert not check(SEALED[:start] + noise + SEALED[end:]).holds


def test_a_changed_letter_breaks_the_seal_and_nothing_else() -> None:
    verdict = check(SEALED.replace("กรม".encode(), "กรน".encode(), 1))

    assert verdict.schema.outcome is Outcome.PASS
    assert verdict.seal.outcome is Outcome.FAIL
    assert verdict.certificate.outcome is Outcome.UNKNOWN
    with pytest.raises(SealError, match="not over this evidence"):
        verdict.require()


def test_an_evidence_without_a_seal_does_not_hold() -> None:
    verdict = check(write_evidence(facts(), KEYS.issuer))

    assert verdict.schema.outcome is Outcome.PASS
    assert verdict.seal.problem == "the evidence has no seal"


def test_another_evidences_seal_does_not_fit() -> None:
    other = KEYS.seal.seal(write_evidence(facts(2), KEYS.issuer), signing_time=NOW)
    head, _, _ = SEALED.partition(b"<ds:Signature")
    _, mark, seal = other.partition(b"<ds:Signature")

    assert check(head + mark + seal).seal.outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'URI=""', b'URI="#seal-properties"'),
        (b'URI="#seal-properties"', b'URI="#other"'),
        (b"2006/12/xml-c14n11", b"2001/10/xml-exc-c14n#"),
        (b'Target="#seal"', b'Target="#none"'),
        (b"ecdsa-sha256", b"rsa-sha256"),
        (b"<ds:KeyInfo>", b"<ds:KeyInfo><ds:KeyName>x</ds:KeyName>"),
        (b"<ds:Object>", b"<ds:Object></ds:Object><ds:Object>"),
        (b"text/xml", b"text/html"),
        (b".123456Z</xades", b"Z</xades"),
        (b"Z</xades:SigningTime>", b"</xades:SigningTime>"),
    ],
)
def test_a_seal_of_another_form_is_refused(old: bytes, new: bytes) -> None:
    assert old in SEALED

    assert check(SEALED.replace(old, new)).seal.outcome is Outcome.FAIL


def test_a_wrapped_evidence_is_refused() -> None:
    head, mark, seal = SEALED.partition(b"<ds:Signature")
    forged = write_evidence(facts(9), KEYS.issuer).removesuffix(b"</ev:Evidence>")
    signature = (mark + seal).removesuffix(b"</ev:Evidence>")
    inside = signature.replace(b"<ds:Object>", b"<ds:Object>" + SEALED + b"</ds:Object><ds:Object>")

    for wrapped in (
        forged + inside + b"</ev:Evidence>",
        forged + signature + signature + b"</ev:Evidence>",
        head + signature + b"<ev:Extensions></ev:Extensions></ev:Evidence>",
    ):
        assert not check(wrapped).holds


def test_the_other_value_that_ecdsa_would_accept_is_refused() -> None:
    value = re.search(rb"<ds:SignatureValue>(.+)</ds:SignatureValue>", SEALED)[1]
    raw = base64.b64decode(value)
    other = raw[:32] + (ORDER - int.from_bytes(raw[32:])).to_bytes(32)

    verdict = check(SEALED.replace(value, base64.b64encode(other)))

    assert verdict.seal.problem == "the seal's value is not in its one form"


def test_a_seal_by_a_key_that_the_evidence_does_not_name_is_refused() -> None:
    stranger = sealing_keys()
    xml = stranger.seal.seal(write_evidence(facts(), KEYS.issuer), signing_time=NOW)

    assert verify_seal(xml, [stranger.root]).seal.outcome is Outcome.FAIL


def test_a_seal_made_later_than_the_event_is_refused() -> None:
    document = write_evidence(facts(), KEYS.issuer)

    late = KEYS.seal.seal(document, signing_time=NOW + timedelta(minutes=5))

    assert check(late).seal.problem == "the seal was not made at the time of the event"


def test_without_roots_nothing_is_said_of_the_certificate() -> None:
    verdict = verify_seal(SEALED, [])

    assert verdict.seal.outcome is Outcome.PASS
    assert verdict.certificate.outcome is Outcome.UNKNOWN
    assert not verdict.holds
    with pytest.raises(SealError):
        verdict.require()


@pytest.mark.parametrize(
    "keys",
    [
        sealing_keys(use=made.LeafUse.TIMESTAMP),
        sealing_keys(validity=replace(VALIDITY, not_after=NOW - timedelta(hours=1))),
        sealing_keys(validity=replace(VALIDITY, not_before=NOW + timedelta(hours=1))),
    ],
    ids=["for timestamps", "ended", "not yet valid"],
)
def test_a_certificate_that_may_not_seal_then_fails(keys) -> None:
    xml = keys.seal.seal(write_evidence(facts(), keys.issuer), signing_time=NOW)

    verdict = verify_seal(xml, [keys.root])

    assert verdict.seal.outcome is Outcome.PASS
    with pytest.raises(SealCertificateError):
        verdict.require()


def test_a_strangers_root_fails_the_certificate_only() -> None:
    verdict = verify_seal(SEALED, [sealing_keys().root])

    assert verdict.seal.outcome is Outcome.PASS
    assert verdict.certificate.outcome is Outcome.FAIL


def test_the_certificate_can_be_judged_at_another_time() -> None:
    assert check(SEALED, at=NOW + timedelta(days=10)).holds
    assert not check(SEALED, at=NOW + timedelta(days=4000)).holds


def test_bytes_that_are_no_evidence_fail_the_schema() -> None:
    for junk in (b"", b"<a></a>", b"\x00", b"%PDF-1.7", b"<ev:Evidence>"):
        with pytest.raises(EvidenceDocumentError):
            check(junk).require()


@pytest.mark.parametrize(
    "key", [ec.generate_private_key(ec.SECP384R1()), made.new_rsa_key(2048)], ids=["P-384", "RSA"]
)
def test_weak_and_unusual_keys_do_not_seal(key) -> None:
    with pytest.raises(SealError, match="P-256 or RSA"):
        sealing_keys(key)


def test_a_seal_wants_the_certificate_of_its_key() -> None:
    with pytest.raises(SealError, match="not that of the seal's key"):
        Seal(key=made.new_p256_key(), chain=KEYS.seal.chain)
