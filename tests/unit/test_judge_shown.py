"""What hostile names and taken-over children may not bring into reports, evidence and memory."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from signing.judge import child, wire
from signing.judge.chain import material_of
from signing.judge.judgement import MAX_NEEDS
from signing.judge.policy import Limits, Policy
from signing.judge.report import Report, presentable, report_bytes
from signing.judge.revocation_needs import needs_of
from signing.judge.shown import all_shown, is_shown, shown
from signing.judge.signer import signer_of
from signing.trust import load_trust
from tests.pki import make
from tests.unit.test_judge_signer import certificate

KEY = ec.generate_private_key(ec.SECP256R1())
NASTY = "a\x00b\x1b[31m\u202ecod\x85\ufffe\U0001d11e"
FIT = "a\ufffdb\ufffd[31m\ufffdcod\ufffd\ufffd\U0001d11e"
THAI = "กรม\u200bทดสอบ นายกฯ"
"""With the space of no width that Thai texts have between words."""


def judged(document: bytes | None = None) -> Report:
    pki = make.shared_pki()
    bench = child.Bench(
        material=material_of(load_trust([pki.trust_folder])),
        trust_version="t",
        policy=Policy(),
        limits=Limits(),
    )
    letter = make.sign_pdf(make.simple_pdf(), pki.signers["good"])
    return child.judge_document(bench, document or letter, make.JUDGED_AT)


# --- hostile names -------------------------------------------------------------------------------


def test_each_character_that_must_not_be_shown_is_replaced_and_none_is_left_out() -> None:
    assert shown(NASTY) == FIT
    assert shown("\ud800") == "\ufffd"
    assert shown(THAI) == THAI
    assert not is_shown({"a": [{"b": NASTY}]})
    assert not is_shown({NASTY: 1})
    assert is_shown(all_shown({"a": [NASTY, 1, None], "b": True}))


@pytest.mark.parametrize("kind", [NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME])
def test_no_control_character_comes_out_of_a_certificate(kind: x509.ObjectIdentifier) -> None:
    signer = signer_of(certificate((kind, NASTY)))
    assert FIT in {signer.common_name, signer.organization}
    assert all(is_shown(list(pair)) for pair in signer.subject)


def test_a_name_does_not_become_that_of_another_by_what_is_replaced() -> None:
    signer = signer_of(certificate((NameOID.ORGANIZATION_NAME, "กรมทดสอบ\x00")))
    assert signer.organization == "กรมทดสอบ\ufffd"


@pytest.mark.parametrize(
    "number", ["０１０５５３６０００３１５", "0105536000315\n", "0105536000315\x00"]
)
def test_a_number_in_other_digits_or_with_more_is_none(number: str) -> None:
    signer = signer_of(certificate((NameOID.ORGANIZATION_IDENTIFIER, f"NTRTH-{number}")))
    assert (signer.citizen_id, signer.tax_id) == (None, None)


def test_a_field_with_a_nasty_name_is_reported_fit_to_be_kept() -> None:
    report = judged()
    (signature,) = report.verdict.signatures
    hostile = replace(
        report,
        verdict=replace(report.verdict, signatures=(replace(signature, field=NASTY),)),
        seen="\ud800",
    )
    fit = presentable(hostile)
    assert [one.field for one in fit.verdict.signatures] == [FIT]
    assert fit.seen == "\ufffd"
    assert (fit.needs, fit.facts) == (report.needs, report.facts)
    assert presentable(report) is report


def test_a_signed_field_with_a_nasty_name_leaves_the_child_fit() -> None:
    signer = make.shared_pki().signers["good"]
    report = judged(make.sign_pdf(make.simple_pdf(), signer, field_name="a\x00\u202eb"))
    assert report.verdict.accepted
    assert [one.field for one in report.verdict.signatures] == ["a\ufffd\ufffdb"]


def test_what_only_developers_should_see_is_not_in_the_report_that_is_kept() -> None:
    kept = report_bytes(replace(judged(), seen="/usr/lib/python3.11/secret"))
    assert b"secret" not in kept
    assert "seen" not in json.loads(kept)


def test_an_address_with_a_control_character_is_asked_by_nobody() -> None:
    assert asked(lists=["http://a/list"]) == ["http://a/list"]
    for nasty in ("http://a/\0", "http://a/\r\nX-Other: 1", "http://a/\x1b[2J", "http://a/\x7f"):
        assert asked(lists=[nasty]) == []
        assert asked(answers=[nasty]) == []


def test_two_responders_that_answer_nonsense_do_not_keep_the_list_from_being_asked_for() -> None:
    """In each further round the next need of a certificate is met, and there are two of them."""
    needs = asked(answers=["http://a/1", "http://a/2"], lists=["http://a/3", "http://a/4"])
    assert needs == ["http://a/1", "http://a/3", "http://a/2", "http://a/4"]


def asked(answers: Sequence[str] = (), lists: Sequence[str] = ()) -> list[str]:
    """The addresses that are asked about a certificate that names these."""
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(x509.Name([]))
        .public_key(KEY.public_key())
        .serial_number(1)
        .not_valid_before(make.BEGIN)
        .not_valid_after(make.END)
    )
    points = [
        x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)
        for url in lists
    ]
    places = [
        x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(url)
        )
        for url in answers
    ]
    if points:
        made = made.add_extension(x509.CRLDistributionPoints(points), critical=False)
    if places:
        made = made.add_extension(x509.AuthorityInformationAccess(places), critical=False)
    der = made.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    certificate = asn1_x509.Certificate.load(der)
    return [need.url for need in needs_of(certificate, certificate)]


# --- a child that was taken over -----------------------------------------------------------------


def _nasty_field(plain: Any) -> None:
    plain["report"]["signatures"][0]["field"] = NASTY


def _half_a_pair(plain: Any) -> None:
    plain["report"]["reason"]["en"] = "\ud800"


def _naive_claim(plain: Any) -> None:
    plain["report"]["signatures"][0]["claimed_time"] = "2026-01-01T00:00:00"


def _naive_evaluation(plain: Any) -> None:
    plain["report"]["evaluated_at"] = "2026-01-01"


def _naive_fact(plain: Any) -> None:
    plain["facts"][0]["not_before"] = "2026-01-01T00:00:00"


def _naive_data(plain: Any) -> None:
    plain["report"]["signatures"][0]["revocation"][0]["next_update"] = "2026-01-01T00:00:00"


def _no_digest(plain: Any) -> None:
    plain["report"]["signatures"][0]["revocation"][0]["data_sha256"] = "zz"


def _many_needs(plain: Any) -> None:
    need = {"kind": "crl", "url": "http://a", "request": "", "certificate_sha256": "0" * 64}
    plain["needs"] = [need] * (MAX_NEEDS + 1)


@pytest.mark.parametrize(
    "spoil",
    [
        _nasty_field,
        _half_a_pair,
        _naive_claim,
        _naive_evaluation,
        _naive_fact,
        _naive_data,
        _no_digest,
        _many_needs,
    ],
)
def test_an_answer_that_would_harm_others_is_no_answer(spoil: Callable[[Any], None]) -> None:
    said = wire.answer_to_bytes(judged())
    assert wire.answer_from_bytes(said).verdict.accepted
    plain = json.loads(said)
    spoil(plain)
    with pytest.raises(ValueError):  # noqa: PT011 - whatever its text
        wire.answer_from_bytes(json.dumps(plain).encode())


def test_times_with_zones_survive() -> None:
    report = wire.answer_from_bytes(wire.answer_to_bytes(judged()))
    assert isinstance(report.verdict.evaluated_at, datetime)
    assert report.verdict.evaluated_at.tzinfo is not None
