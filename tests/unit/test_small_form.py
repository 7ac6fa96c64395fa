"""The small verifier takes the one form of evidence and nothing looser, whoever sealed it."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings

from signing.evidence_document import ETSI_REASONS, EVENT_NAMES, write_evidence
from signing.standalone import tdh_verify as small
from signing.verify.bundle import check_bundle
from signing.verify.files import verify_files
from signing.verify.report import FileReport, Kind
from signing.verify.terms import Terms
from tests import evidence_samples as sample
from tests.bundle_samples import BundlingOperator
from tests.loose_evidence import LOOSER, looser
from tests.proof_samples import AT, Operator, Stamper


@pytest.mark.parametrize("name", LOOSER)
def test_a_looser_form_under_a_good_seal_is_invalid(tmp_path, name) -> None:
    operator = Operator()
    (path,) = operator.write(tmp_path, looser(operator, *LOOSER[name]))
    report = verify_files([path], operator.trust, AT)  # and by the small one: conftest
    assert report.result.value == "invalid"
    ((_, lines),) = small.check_files([path], small.read_trust(operator.trust.text(), AT))
    assert next(line.id for line in lines if line.outcome == small.FAIL) == "schema"


def test_the_form_itself_is_valid(tmp_path) -> None:
    operator = Operator()
    (path,) = operator.write(tmp_path, looser(operator, "x", "x"))
    assert verify_files([path], operator.trust, AT).result.value == "valid"


KEYS = sample.sealing_keys()


@settings(max_examples=60, deadline=None)
@given(sample.any_facts())
def test_whatever_the_writer_writes_is_in_the_form(facts) -> None:
    evidence = small.Evidence.parse(write_evidence(facts, KEYS.issuer))
    assert (evidence.event, evidence.sequence) == (facts.event, facts.sequence)


def test_names_of_events_and_reasons_are_those_of_the_writer() -> None:
    own = {"Withdrawal", "SignatureStatus"}
    expand = small.re.compile(small.EVENTS)
    assert {each for each in EVENT_NAMES if expand.fullmatch(each)} == EVENT_NAMES - own
    reasons = small.re.compile(small.REASONS)
    assert all(reasons.fullmatch(each) for each in ETSI_REASONS)
    assert not reasons.fullmatch("R_ERDS_MessageRejectedForNothing")


# --- heads, receipts and times --------------------------------------------------------------------


def judged(path, operator) -> tuple[str, str, str]:
    trust = operator.trust
    lines = check_bundle(path, Terms(trust=trust, at=AT))
    found = small.check_bundle(path, small.read_trust(trust.text(), AT))
    said = "\n".join(line.why for line in found)
    whole = FileReport(file="b", kind=Kind.BUNDLE, checks=lines).result.value
    return whole, small.result(found), said


@pytest.mark.parametrize("more", [0, 1, 2, 5])
def test_two_forked_heads_inside_one_bundle_are_found(tmp_path, more) -> None:
    """The second head is the same log's with another entry in its middle, and `more` behind."""
    operator = BundlingOperator(tmp_path / "keys")
    plain = operator.operator
    other = Operator()
    other.signer = plain.signer
    third = operator.logged[2]
    for entry in (operator.logged[0].entry, b"another entry", third.entry):
        other.add(entry)
    for number in range(more):
        other.add(b"later %d" % number)
    contents = operator.contents()
    *others, last = contents.evidences
    last = replace(last, proof=replace(last.proof, proof=other.proof(third)))
    lying = replace(contents, evidences=(*others, last))
    whole, narrow, said = judged(operator.write(tmp_path / "b.asice", lying), operator)
    assert (whole, narrow) == ("invalid", "invalid")
    assert "FORKED" in said


LAST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_a_token_at_the_end_of_the_calendar_ends_nothing(tmp_path) -> None:
    operator = Operator()
    (logged,) = operator.delivery(1, "SubmissionAcceptance", "basic")
    far = Stamper("Far", sample.made.Validity(
        not_before=sample.VALIDITY.not_before, not_after=LAST,
    ))  # fmt: skip
    operator.tsa = far
    (path,) = operator.write(tmp_path, logged)
    token = far.token(operator.head(), LAST)
    (tmp_path / "checkpoint.tsr").write_bytes(token)
    trust = small.read_trust(operator.trust.text(), LAST)
    stamp = small.verify_token(token, hashlib.sha256(operator.head()).digest(), trust)
    assert stamp.by < LAST
    for at in (AT, LAST):
        assert verify_files([path], operator.trust, at).result.value in ("valid", "cannot_tell")
