"""Whose the seal of a receipt or bundle is: below a shared root, not everybody's."""

from dataclasses import replace

import pytest

from signing.seal_check import Outcome
from signing.standalone import tdh_verify as small
from signing.verify.bundle import check_bundle
from signing.verify.receipt import check_receipt
from signing.verify.report import CheckId, FileReport, Kind, Result
from signing.verify.terms import Terms
from tests.bundle_samples import BundlingOperator
from tests.evidence_samples import sealing_keys
from tests.proof_samples import AT, COMPANY, Operator
from tests.receipt_samples import printer


def failures(path, trust) -> list[str]:
    """What fails, by both verifiers."""
    lines = check_bundle(path, Terms(trust=trust, at=AT))
    whole = FileReport(file="b", kind=Kind.BUNDLE, checks=lines).result.value
    found = small.check_bundle(path, small.read_trust(trust.text(), AT))
    assert small.result(found) == whole
    failed = {line.id for line in found if line.outcome == small.FAIL}
    assert failed == {line.id.value for line in lines if line.outcome is Outcome.FAIL}
    return [line.text.en for line in lines if line.outcome is Outcome.FAIL]


@pytest.mark.parametrize("organization", ["Other Customer", "tdh", None])
def test_a_bundle_of_another_below_the_same_root_is_not_valid(tmp_path, organization) -> None:
    operator = BundlingOperator(tmp_path / "keys", organization=organization)
    (said,) = failures(operator.write(tmp_path / "b.asice"), operator.trust)
    assert (
        f"sealed by {organization or 'CN=Receipts 1,C=TH'}, and the evidence inside by TDH" in said
    )


def test_one_of_several_successive_seals_is_enough(tmp_path) -> None:
    plain = Operator()
    first, roots = plain.keys, plain.trust.seal_roots
    operator = BundlingOperator(tmp_path / "keys", plain, organization="TDH")
    others = sealing_keys(organization="TDH before its merger")
    plain.keys, plain.issuer = others, replace(others.issuer, origin=plain.issuer.origin)
    older = plain.log(operator.facts(1, "SubmissionAcceptance"))
    plain.keys = first
    logged = [older, *operator.logged[1:]]
    trust = replace(operator.trust, seal_roots=(*roots, others.root, operator.root.certificate))
    path = operator.write(tmp_path / "b.asice", operator.contents(logged))
    assert failures(path, trust) == []


@pytest.mark.parametrize("organization", ["Other Customer", None])
def test_a_receipt_of_another_below_the_same_root_is_not_valid(organization) -> None:
    stranger = printer(organization)
    (logged, *_) = stranger.operator.delivery(1, COMPANY, "basic")
    lines = check_receipt(stranger.receipt(logged), Terms(trust=stranger.trust, at=AT))
    (failed,) = (line for line in lines if line.outcome is Outcome.FAIL)
    assert failed.id is CheckId.CERTIFICATE
    assert "it is no receipt of the operator's" in failed.text.en
    assert "ไม่ใช่ใบรับของผู้ให้บริการ" in failed.text.th


def test_a_receipt_of_the_operator_is_valid() -> None:
    own = printer()
    (logged, *_) = own.operator.delivery(1, COMPANY, "basic")
    lines = check_receipt(own.receipt(logged), Terms(trust=own.trust, at=AT))
    assert FileReport(file="r", kind=Kind.RECEIPT, checks=lines).result is Result.VALID


def test_a_page_of_another_version_is_the_operator_s_word_and_the_evidence_is_told() -> None:
    own = printer()
    (logged, *_) = own.operator.delivery(1, COMPANY, "basic")
    pdf = own.receipt(logged, made_with="typst 9, page 0\x1b[2J")
    lines = check_receipt(pdf, Terms(trust=own.trust, at=AT))
    assert FileReport(file="r", kind=Kind.RECEIPT, checks=lines).result is Result.VALID
    by_version, said = (line for line in lines if line.id is CheckId.DIGEST and not line.needed)
    assert "the words on this page are the operator's only" in by_version.text.en
    assert "\x1b" not in by_version.text.en
    assert said.text.en == (
        "The evidence inside says: SubmissionAcceptance, at 2026-11-22T09:30:16+00:00, letter "
        "ดศ 0201/๑๒๓๔, from Department of Examples (06001) to Example Co., Ltd. "
        "(0105536000315)."
    )
    assert "กรมพัฒนาตัวอย่าง (06001)" in said.text.th
