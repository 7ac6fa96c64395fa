"""The small verifier takes the one form of evidence and nothing looser, whoever sealed it."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings

from signing.evidence_document import ETSI_REASONS, EVENT_NAMES, write_evidence
from signing.log_entry import evidence_entry
from signing.standalone import tdh_verify as small
from signing.verify.bundle import check_bundle
from signing.verify.files import verify_files
from signing.verify.report import FileReport, Kind
from signing.verify.terms import Terms
from tests import evidence_samples as sample
from tests.bundle_samples import BundlingOperator
from tests.proof_samples import AT, Logged, Operator, Stamper

LOOSER = {
    "an element more in Extensions": ("</ev:Extensions>", "<tdh:More></tdh:More></ev:Extensions>"),
    "a second log": (
        "</ev:TransactionLog>",
        "</ev:TransactionLog><ev:TransactionLog><tdh:Origin>x</tdh:Origin></ev:TransactionLog>",
    ),
    "a second sequence": (
        "<tdh:MergeDelaySeconds>",
        "<tdh:Sequence>9</tdh:Sequence><tdh:MergeDelaySeconds>",
    ),
    "an event below another base": ("http://uri.etsi.org/19522/Event/", "http://other.example/"),
    "an event almost of the standard": ("http://uri.etsi.org/", "http://uri-etsi.org/"),
    "an event of nobody": ("Event/SubmissionAcceptance", "Event/SubmissionHandover"),
    "a method below another base": (sample.URI_BASE + "/assur", "https://else.example/assur"),
    "another order of a part": (
        "<ContentType>application/pdf</ContentType><ds:DigestMethod",
        "<ContentType>application/pdf</ContentType><ContentType>x</ContentType><ds:DigestMethod",
    ),
    "a second identity": ("</ev:Identity><Id", "</ev:Identity><ev:Identity></ev:Identity><Id"),
    "more parts than there are": ("<ComposingParts>2<", "<ComposingParts>3<"),
    "a verdict of another part": ('<tdh:Verdict part="2"', '<tdh:Verdict part="1"'),
    "another namespace": ("<ev:Extensions>", '<ev:Extensions xmlns:tdh="urn:other">'),
    "an attribute more": ("<EventTime>", '<EventTime zone="x">'),
    "a critical extension": ('isCritical="false"', 'isCritical="true"'),
    "a level that is none": ("eidas.europa.eu/LoA/substantial", "eidas.europa.eu/LoA/highest"),
    "text between": ("</ev:SenderDetails>", "</ev:SenderDetails>x"),
}  # fmt: skip


def looser(operator: Operator, before: str, after: str) -> Logged:
    """An evidence in a looser form, sealed and logged by the operator itself."""
    facts = operator.facts(1, 1, "SubmissionAcceptance", "basic")
    document = write_evidence(facts, operator.issuer).decode()
    assert before in document
    changed = document.replace(before, after, 1).encode()
    xml = operator.keys.seal.seal(changed, signing_time=facts.time)
    entry = evidence_entry(
        event=facts.event, time=facts.time, pseudonym=facts.pseudonym, sequence=facts.sequence,
        due=facts.due, digest=hashlib.sha256(xml).digest(),
    )  # fmt: skip
    found = Logged(facts=facts, xml=xml, entry=entry, index=operator.checkpoint().size)
    operator.add(entry)
    return found


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
