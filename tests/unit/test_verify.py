"""Offline checking: what holds together is valid, what was touched never is, strangers are told."""

import hashlib
import os
import random
from dataclasses import replace
from datetime import timedelta

import pytest

from signing import certificates as made
from signing.log_entry import operation_entry
from signing.seal_check import Outcome
from signing.standalone import tdh_verify as small
from signing.tlog_proof import TlogProof
from signing.trust_file import TRUST_NOBODY
from signing.verify import verify_files
from signing.verify.evidence import Beside, examine
from signing.verify.report import CheckId, FileReport, Kind, Result
from signing.verify.terms import Terms
from tests.proof_samples import AT, CITIZEN, COMPANY, NOW, Operator

ALL = tuple(CheckId)
PASS, FAIL, UNKNOWN = Outcome


@pytest.fixture(scope="module")
def operator():
    operator = Operator()
    operator.delivery(1, COMPANY, "basic")
    operator.delivery(2, CITIZEN, "consent")
    return operator


@pytest.fixture
def files(operator, tmp_path):
    """The files of the citizen's delivery."""
    return operator.write(tmp_path / "files", *operator.logged[3:])


def outcomes(file: FileReport) -> dict[CheckId, Outcome]:
    return {check.id: check.outcome for check in file.checks}


def text_of(file: FileReport, wanted: CheckId) -> str:
    (text,) = [check.text for check in file.checks if check.id is wanted]
    assert text.th
    assert text.th != text.en
    return text.en


def only(report) -> FileReport:
    (file,) = report.files
    return file


def test_a_delivery_s_evidences_with_proofs_and_token_are_valid(operator, files):
    report = verify_files(files, operator.trust, AT)
    assert report.result is Result.VALID
    for file in report.files:
        assert file.kind is Kind.EVIDENCE
        assert tuple(check.id for check in file.checks) == ALL
        unknown = {each for each, outcome in outcomes(file).items() if outcome is UNKNOWN}
        assert unknown == {CheckId.ANCHOR}
        assert "Operator's word only" in text_of(file, CheckId.ANCHOR)
    assert report.to_plain()["files"][0]["checks"][0].keys() == {"id", "result", "text"}


def test_one_evidence_alone_is_valid_without_token(operator, tmp_path):
    for path in operator.write(tmp_path, *operator.logged, token=False)[:3]:
        file = only(verify_files([path], operator.trust, AT))
        assert file.result is Result.VALID
        assert outcomes(file)[CheckId.TIMESTAMP] is UNKNOWN


def test_without_a_trust_file_nothing_is_more_than_intact(files):
    report = verify_files(files, TRUST_NOBODY, AT)
    assert report.result is Result.CANNOT_TELL
    for file in report.files:
        found = outcomes(file)
        assert found[CheckId.SEAL] is found[CheckId.INCLUSION] is PASS
        assert found[CheckId.CERTIFICATE] is found[CheckId.CHECKPOINT] is UNKNOWN


@pytest.mark.parametrize("missing", ["seal_roots", "logs"])
def test_half_a_trust_file_is_not_enough(operator, files, missing):
    trust = replace(operator.trust, **{missing: ()})
    assert verify_files(files, trust, AT).result is Result.CANNOT_TELL


def test_a_complete_set_under_a_stranger_s_keys_does_not_verify(operator, tmp_path):
    stranger = Operator()  # the same names, the same origin, every file in order
    stranger.delivery(1, COMPANY, "basic")
    files = stranger.write(tmp_path)
    assert verify_files(files, stranger.trust, AT).result is Result.VALID
    for file in verify_files(files, operator.trust, AT).files:
        assert file.result is Result.INVALID
        assert outcomes(file)[CheckId.CERTIFICATE] is FAIL
        assert outcomes(file)[CheckId.CHECKPOINT] is FAIL


def test_a_stranger_s_log_or_a_stranger_s_seal_alone_does_not_verify(operator, tmp_path):
    stranger = Operator()
    stranger.delivery(1, COMPANY, "basic")
    files = stranger.write(tmp_path)
    for theirs, failing in (("seal_roots", CheckId.CHECKPOINT), ("logs", CheckId.CERTIFICATE)):
        trust = replace(operator.trust, **{theirs: getattr(stranger.trust, theirs)})
        file = verify_files(files, trust, AT).files[0]
        assert file.result is Result.INVALID
        failed = {each for each, outcome in outcomes(file).items() if outcome is FAIL}
        assert failed == {failing}


def test_a_trusted_log_that_the_evidence_does_not_name_does_not_count(operator, tmp_path):
    other = Operator(origin="another.example/log")
    (logged, *_) = operator.logged
    other.add(logged.entry)
    (path,) = operator.write(tmp_path, logged)
    proof = TlogProof(index=0, hashes=(), checkpoint_note=other.head(), extra=logged.entry)
    path.with_suffix(".tlog-proof").write_bytes(proof.text())
    trust = replace(operator.trust, logs=(*operator.trust.logs, *other.trust.logs))
    file = only(verify_files([path], trust, AT))
    assert outcomes(file)[CheckId.INCLUSION] is PASS
    assert outcomes(file)[CheckId.CHECKPOINT] is FAIL
    assert "another.example/log" in text_of(file, CheckId.CHECKPOINT)


def test_every_byte_of_an_evidence_matters(operator):
    """A flipped byte is never valid, and a check that fails is named."""
    logged = operator.logged[1]
    terms = Terms(trust=operator.trust, at=AT)
    beside = Beside(proof=operator.proof(logged), proof_name="p")
    assert not _broken(examine(logged.xml, beside, terms))
    seeded = random.Random(1)  # noqa: S311 - which flip is tried must be the same in every run
    for place in range(len(logged.xml)):
        changed = bytearray(logged.xml)
        changed[place] ^= seeded.randrange(1, 256)
        broken = _broken(examine(bytes(changed), beside, terms))
        assert broken & {CheckId.SCHEMA, CheckId.SEAL}, place
        assert CheckId.DIGEST in broken, place


def test_every_byte_of_a_proof_matters(operator):
    logged = operator.logged[4]
    terms = Terms(trust=operator.trust, at=AT)
    proof = operator.proof(logged)
    for place in range(len(proof)):
        for flip in (1, 2, 32, 128):
            changed = bytearray(proof)
            changed[place] ^= flip
            examined = examine(logged.xml, Beside(proof=bytes(changed), proof_name="p"), terms)
            broken = _broken(examined)
            assert broken & {CheckId.DIGEST, CheckId.INCLUSION, CheckId.CHECKPOINT}, place


def test_cut_short_or_longer_files_are_not_valid(operator):
    logged = operator.logged[0]
    terms = Terms(trust=operator.trust, at=AT)
    proof = operator.proof(logged)
    for xml, text in (
        (logged.xml[:-1], proof),
        (logged.xml + b"\n", proof),
        (b"", proof),
        (logged.xml, proof[:-1]),
        (logged.xml, proof + b"\n"),
        (logged.xml, b""),
    ):
        assert _broken(examine(xml, Beside(proof=text, proof_name="p"), terms))


def _broken(examined) -> set[CheckId]:
    return {line.id for line in examined.lines if line.outcome is FAIL}


def test_another_evidence_s_proof_is_named_by_digest_and_inclusion(operator, files):
    proof = files[0].with_suffix(".tlog-proof").read_bytes()
    files[1].with_suffix(".tlog-proof").write_bytes(proof)
    file = only(verify_files([files[1]], operator.trust, AT))
    assert file.result is Result.INVALID
    assert outcomes(file)[CheckId.DIGEST] is outcomes(file)[CheckId.INCLUSION] is FAIL
    assert "digest that the log's entry names" in text_of(file, CheckId.DIGEST)


def test_an_entry_that_says_something_else_of_the_evidence_is_named(operator, tmp_path):
    logged = operator.logged[0]
    lying = Operator()
    lying.keys, lying.issuer, lying.signer = operator.keys, operator.issuer, operator.signer
    later = lying.facts(1, 1, "SubmissionAcceptance", "basic", time=NOW + timedelta(minutes=9))
    entry = lying.log(later).entry
    same_digest = (
        entry[: entry.rindex(b"sha-256")] + logged.entry[logged.entry.rindex(b"sha-256") :]
    )
    cheat = Operator()
    cheat.signer = operator.signer
    cheat.add(same_digest)
    path = tmp_path / "01.xml"
    path.write_bytes(logged.xml)
    proof = TlogProof(index=0, hashes=(), checkpoint_note=cheat.head(), extra=same_digest)
    path.with_suffix(".tlog-proof").write_bytes(proof.text())
    file = only(verify_files([path], operator.trust, AT))
    found = outcomes(file)
    assert found[CheckId.DIGEST] is found[CheckId.INCLUSION] is FAIL
    assert found[CheckId.CHECKPOINT] is PASS
    assert "not the one that this evidence makes" in text_of(file, CheckId.DIGEST)


def test_a_missing_proof_cannot_tell_and_is_called_by_its_name(operator, files):
    files[0].with_suffix(".tlog-proof").unlink()
    file = only(verify_files([files[0]], operator.trust, AT))
    assert file.result is Result.CANNOT_TELL
    assert "01-SubmissionAcceptance.tlog-proof" in text_of(file, CheckId.INCLUSION)


def test_the_proof_may_also_be_called_after_the_whole_name(operator, files):
    beside = files[0].with_suffix(".tlog-proof")
    beside.rename(files[0].with_name(files[0].name + ".tlog-proof"))
    assert only(verify_files([files[0]], operator.trust, AT)).result is Result.VALID


def test_a_proof_without_its_entry_cannot_tell(operator, files):
    beside = files[0].with_suffix(".tlog-proof")
    bare = replace(TlogProof.parse(beside.read_bytes()), extra=None)
    beside.write_bytes(bare.text())
    report = verify_files([files[0], beside], operator.trust, AT)
    assert [file.result for file in report.files] == [Result.CANNOT_TELL] * 2
    assert outcomes(report.files[0])[CheckId.DIGEST] is UNKNOWN


# --- the operator's word -------------------------------------------------------------------------


def test_the_operator_s_word_is_not_enough_where_an_anchor_is_asked_for(operator, files):
    assert verify_files(files, operator.trust, AT, require_anchor=True).result is Result.CANNOT_TELL
    trust = replace(operator.trust, witness_threshold=1)
    assert verify_files(files, trust, AT).result is Result.CANNOT_TELL


# --- time ----------------------------------------------------------------------------------------


def test_a_check_before_the_event_cannot_tell(operator, files):
    file = verify_files(files, operator.trust, NOW - timedelta(days=1)).files[0]
    assert file.result is Result.CANNOT_TELL
    assert outcomes(file)[CheckId.CERTIFICATE] is UNKNOWN


def test_after_the_certificate_s_end_only_a_token_from_before_it_helps(tmp_path):
    short = made.Validity(not_before=NOW - timedelta(days=1), not_after=NOW + timedelta(hours=2))
    operator = Operator(validity=short)
    operator.delivery(1, COMPANY, "basic")
    years_later = NOW + timedelta(days=700)
    with_token = operator.write(tmp_path / "with")
    report = verify_files(with_token, operator.trust, years_later)
    assert report.result is Result.VALID
    assert "has ended since" in text_of(report.files[0], CheckId.CERTIFICATE)
    without = operator.write(tmp_path / "without", token=False)
    report = verify_files(without, operator.trust, years_later)
    assert report.result is Result.CANNOT_TELL
    assert outcomes(report.files[0])[CheckId.CERTIFICATE] is UNKNOWN
    late = operator.token(operator.head(), at=NOW + timedelta(hours=3))
    (without[0].parent / "checkpoint.tsr").write_bytes(late)
    assert verify_files(without, operator.trust, years_later).result is Result.CANNOT_TELL
    assert verify_files(without, operator.trust, AT).result is Result.VALID


def test_a_seal_of_a_certificate_that_was_not_valid_at_the_event_fails(tmp_path):
    over = made.Validity(not_before=NOW - timedelta(days=1), not_after=NOW - timedelta(hours=1))
    operator = Operator(validity=over)
    operator.delivery(1, COMPANY, "basic")
    file = verify_files(operator.write(tmp_path), operator.trust, AT).files[0]
    assert outcomes(file)[CheckId.CERTIFICATE] is FAIL


def test_a_token_from_before_the_event_shows_that_the_head_cannot_hold_it(operator, files):
    early = operator.token(operator.head(), at=NOW - timedelta(minutes=1))
    (files[0].parent / "checkpoint.tsr").write_bytes(early)
    file = verify_files(files, operator.trust, AT).files[0]
    assert file.result is Result.INVALID
    assert outcomes(file)[CheckId.TIMESTAMP] is FAIL


def test_a_token_over_another_head_or_by_a_stranger_neither_helps_nor_harms(operator, files):
    beside = files[0].parent / "checkpoint.tsr"
    for token in (operator.token(b"another head"), Operator().token(operator.head()), b"junk"):
        beside.write_bytes(token)
        file = verify_files(files, operator.trust, AT).files[0]
        assert file.result is Result.VALID
        assert outcomes(file)[CheckId.TIMESTAMP] is UNKNOWN


def test_a_token_may_be_given_as_a_file_instead_of_lying_beside(operator, files, tmp_path):
    beside = files[0].parent / "checkpoint.tsr"
    elsewhere = tmp_path / "head.tst"
    beside.rename(elsewhere)
    report = verify_files([files[0], elsewhere], operator.trust, AT)
    assert outcomes(report.files[0])[CheckId.TIMESTAMP] is PASS


def test_a_pipe_or_a_device_beside_an_evidence_is_not_waited_for(operator, files):
    """Who packs the folder chooses what lies beside: a pipe would hold the check for ever."""
    proof = files[0].with_suffix(".tlog-proof")
    proof.unlink()
    os.mkfifo(proof)
    (files[0].parent / "checkpoint.tsr").unlink()
    (files[0].parent / "checkpoint.tsr").symlink_to("/dev/zero")
    assert verify_files([files[0]], operator.trust, AT).result is Result.CANNOT_TELL


def test_a_pipe_or_a_device_is_no_file_to_check(tmp_path):
    """A stranger's folder may have one where `*` finds it."""
    pipe, device = tmp_path / "a.xml", tmp_path / "b.asice"
    os.mkfifo(pipe)
    device.symlink_to("/dev/zero")
    for path in (pipe, device):
        with pytest.raises(OSError, match="not a plain file") as refused:
            verify_files([path], TRUST_NOBODY, AT)
        assert refused.value.filename == str(path)
        with pytest.raises(OSError, match="not a plain file"):
            small.check_files([path], small.read_trust(b"{}", AT))


def test_data_of_a_token_that_never_end_are_not_read(operator, files):
    token = files[0].parent / "checkpoint.tsr"
    for path in files:
        path.with_suffix(".tlog-proof").unlink()
    token.with_suffix("").unlink(missing_ok=True)
    token.with_suffix("").symlink_to("/dev/zero")
    report = verify_files([token], operator.trust, AT)
    assert outcomes(only(report))[CheckId.DIGEST] is UNKNOWN


# --- several evidences of one delivery -----------------------------------------------------------


def test_a_gap_between_evidences_cannot_tell_and_the_number_is_said(operator, files):
    report = verify_files([files[0], files[1], files[3]], operator.trust, AT)
    assert report.result is Result.CANNOT_TELL
    assert "Number 3 of this delivery is missing" in text_of(report.files[0], CheckId.SEQUENCE)


def test_the_last_evidences_alone_hold_together(operator, files):
    assert verify_files(files[2:], operator.trust, AT).result is Result.VALID


def test_the_same_evidence_given_twice_is_one(operator, files):
    assert verify_files([*files, files[2]], operator.trust, AT).result is Result.VALID


def test_a_broken_evidence_does_not_count_against_the_others(operator, files):
    data = bytearray(files[5].read_bytes())
    data[2000] ^= 1
    files[5].write_bytes(data)
    report = verify_files(files, operator.trust, AT)
    assert [file.result for file in report.files] == [Result.VALID] * 5 + [Result.INVALID]


@pytest.mark.parametrize(
    ("events", "mode"),
    [
        ("SubmissionAcceptance NotificationForAcceptance ContentConsignment", "consent"),
        ("SubmissionAcceptance ContentConsignment ContentHandoverFailure ContentHandover", "basic"),
        ("SubmissionAcceptance ConsignmentRejection", "consent"),
        ("SubmissionAcceptance ContentConsignment", ""),
    ],
)
def test_evidences_that_contradict_each_other_are_all_refused(tmp_path, events, mode):
    operator = Operator()  # an operator who seals and logs whatever it likes
    operator.delivery(1, events, mode)
    report = verify_files(operator.write(tmp_path), operator.trust, AT)
    for file in report.files:
        assert file.result is Result.INVALID
        failed = {each for each, outcome in outcomes(file).items() if outcome is FAIL}
        assert failed == {CheckId.SEQUENCE}


@pytest.mark.parametrize(
    ("minutes", "result"), [((0, 1), Result.VALID), ((1, 1), Result.INVALID)], ids=str
)
def test_each_re_check_of_a_document_is_told_once_also_after_the_end(tmp_path, minutes, result):
    operator = Operator()
    operator.delivery(1, "SubmissionAcceptance ContentConsignment ContentHandover", "basic")
    for place, minute in enumerate(minutes, start=4):
        one = operator.facts(1, place, "SignatureStatus", "basic")
        checked_at = (NOW + timedelta(minutes=minute)).isoformat()
        own = tuple(pair for pair in one.particulars if pair[0] != "checked-at")
        operator.log(replace(one, particulars=(*own, ("checked-at", checked_at))))
    report = verify_files(operator.write(tmp_path), operator.trust, AT)
    assert report.result is result


def test_two_different_evidences_of_one_number_are_refused(tmp_path):
    operator = Operator()
    operator.log(operator.facts(1, 1, "SubmissionAcceptance", "basic"))
    operator.log(operator.facts(1, 2, "ContentConsignment", "basic"))
    operator.log(operator.facts(1, 2, "Withdrawal", "basic"))
    report = verify_files(operator.write(tmp_path), operator.trust, AT)
    assert "two different events are number 2" in text_of(report.files[0], CheckId.SEQUENCE)
    assert report.result is Result.INVALID


@pytest.mark.parametrize("changed", [{"letter_number": "other"}, {"submitted_at": NOW}])
def test_evidences_of_one_pseudonym_that_name_another_letter_are_refused(tmp_path, changed):
    operator = Operator()
    operator.log(operator.facts(1, 1, "SubmissionAcceptance", "basic"))
    operator.log(operator.facts(1, 2, "ContentConsignment", "basic", **changed))
    report = verify_files(operator.write(tmp_path), operator.trust, AT)
    assert outcomes(report.files[1])[CheckId.SEQUENCE] is FAIL


def test_a_number_that_the_event_cannot_have_is_refused_alone(tmp_path):
    operator = Operator()
    operator.log(operator.facts(1, 2, "SubmissionAcceptance", "basic"))
    operator.log(operator.facts(2, 2, "ContentHandover", "basic"))
    report = verify_files(operator.write(tmp_path), operator.trust, AT)
    for file in report.files:
        assert outcomes(file)[CheckId.SEQUENCE] is FAIL


def test_a_refused_submission_is_a_stream_of_its_own(tmp_path):
    operator = Operator()
    operator.log(operator.facts(1, 1, "SubmissionRejection", "basic"))
    assert verify_files(operator.write(tmp_path), operator.trust, AT).result is Result.VALID
    operator.log(operator.facts(1, 2, "ContentConsignment", "basic"))
    report = verify_files(operator.write(tmp_path), operator.trust, AT)
    assert outcomes(report.files[0])[CheckId.SEQUENCE] is FAIL


# --- proofs and tokens alone, other kinds --------------------------------------------------------


def test_a_proof_alone_shows_that_the_log_holds_its_entry(operator, files):
    proof = files[0].with_suffix(".tlog-proof")
    file = only(verify_files([proof], operator.trust, AT))
    assert (file.kind, file.result) == (Kind.PROOF, Result.VALID)
    assert set(outcomes(file)) == set(ALL) - {
        CheckId.SEAL,
        CheckId.CERTIFICATE,
        CheckId.DIGEST,
        CheckId.SEQUENCE,
    }
    text = proof.read_bytes()
    for place in range(0, len(text), 3):
        changed = bytearray(text)
        changed[place] ^= 4
        proof.write_bytes(changed)
        assert only(verify_files([proof], operator.trust, AT)).result is Result.INVALID, place


def test_the_proof_of_an_operator_s_act_is_a_proof_too(tmp_path):
    operator = Operator()
    entry = operation_entry("key-added", NOW, [("key", "k")])
    operator.add(entry)
    proof = TlogProof(index=0, hashes=(), checkpoint_note=operator.head(), extra=entry)
    path = tmp_path / "x.tlog-proof"
    path.write_bytes(proof.text())
    assert verify_files([path], operator.trust, AT).result is Result.VALID
    path.write_bytes(replace(proof, extra=b"no entry").text())
    assert outcomes(only(verify_files([path], operator.trust, AT)))[CheckId.SCHEMA] is FAIL


def test_a_token_is_checked_against_the_data_of_its_name(operator, tmp_path):
    data, token = tmp_path / "letter.pdf", tmp_path / "letter.pdf.tsr"
    data.write_bytes(b"some bytes")
    token.write_bytes(operator.token(b"some bytes"))
    file = only(verify_files([token], operator.trust, AT))
    assert (file.kind, file.result) == (Kind.TOKEN, Result.VALID)
    data.write_bytes(b"other bytes")
    file = only(verify_files([token], operator.trust, AT))
    assert outcomes(file) == {CheckId.SCHEMA: PASS, CheckId.DIGEST: FAIL, CheckId.TIMESTAMP: PASS}
    data.unlink()
    assert only(verify_files([token], operator.trust, AT)).result is Result.CANNOT_TELL
    stray = token.rename(tmp_path / "token")
    assert only(verify_files([stray], operator.trust, AT)).result is Result.CANNOT_TELL


def test_all_files_of_a_folder_may_be_given(operator, tmp_path):
    """`tdh verify folder/*`: a token called after its head's size finds the head in the proofs."""
    operator.write(tmp_path, *operator.logged[:3])
    (tmp_path / "checkpoint-9-outside.tsr").write_bytes(operator.outside.token(operator.head()))
    report = verify_files(sorted(tmp_path.iterdir()), operator.outsiders(), AT)
    assert [file.result for file in report.files] == [Result.VALID] * 9
    token = next(file for file in report.files if file.file.endswith("outside.tsr"))
    assert "01-SubmissionAcceptance.tlog-proof" in text_of(token, CheckId.DIGEST)
    other = tmp_path / "checkpoint-8.tsr"
    other.write_bytes(operator.token(b"another head"))
    assert only(verify_files([other], operator.trust, AT)).result is Result.CANNOT_TELL


def test_a_stranger_s_token_does_not_verify_and_an_unknown_one_cannot_tell(operator, tmp_path):
    data, token = tmp_path / "checkpoint", tmp_path / "checkpoint.tsr"
    data.write_bytes(operator.head())
    token.write_bytes(Operator().token(operator.head()))
    assert verify_files([token], operator.trust, AT).result is Result.INVALID
    assert verify_files([token], TRUST_NOBODY, AT).result is Result.CANNOT_TELL
    token.write_bytes(operator.token(operator.head()))
    early = verify_files([token], operator.trust, NOW)
    assert early.result is Result.CANNOT_TELL


def test_every_byte_of_a_token_matters(operator, tmp_path):
    data, path = tmp_path / "checkpoint", tmp_path / "checkpoint.tsr"
    data.write_bytes(operator.head())
    token = operator.token(operator.head())
    for place in range(len(token)):
        changed = bytearray(token)
        changed[place] ^= 1
        path.write_bytes(changed)
        file = only(verify_files([path], operator.trust, AT))
        assert file.result is not Result.VALID, place
        assert FAIL in outcomes(file).values(), place


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.xml", b"%PDF-2.0\n", Kind.RECEIPT),
        ("a.pdf", b"PK\x03\x04rest", Kind.BUNDLE),
        ("a.bin", b"whatever", None),
        ("empty", b"", None),
    ],
)
def test_the_kind_is_told_from_the_bytes(operator, tmp_path, name, data, kind):
    path = tmp_path / name
    path.write_bytes(data)
    file = only(verify_files([path], operator.trust, AT))
    assert (file.kind, file.result) == (kind, Result.INVALID if kind else Result.CANNOT_TELL)
    assert text_of(file, CheckId.SCHEMA)


@pytest.mark.parametrize("name", ["a.xml", "a.tlog-proof", "a.tsr", "a.ers", "a.pdf", "a.asice"])
def test_a_file_that_is_not_what_its_name_claims_is_refused_by_its_schema(operator, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"0 and nothing else")
    file = only(verify_files([path], operator.trust, AT))
    assert file.result is Result.INVALID
    assert outcomes(file)[CheckId.SCHEMA] is FAIL


def test_an_enormous_file_is_refused_and_not_read_to_its_end(operator, tmp_path):
    path = tmp_path / "big.xml"
    with path.open("wb") as file:
        file.write(operator.logged[0].xml)
        file.truncate(1 << 40)
    assert verify_files([path], operator.trust, AT).result is Result.INVALID


def test_a_bundle_of_gigabytes_is_not_read_into_memory(operator, tmp_path):
    path = tmp_path / "big.asice"
    with path.open("wb") as file:
        file.write(b"PK\x03\x04")
        file.truncate(1 << 40)
    assert verify_files([path], operator.trust, AT).result is Result.INVALID


def test_the_envelope_beside_an_evidence_is_compared_where_the_evidence_names_one(tmp_path):
    operator = Operator()
    envelope = b'{"subject":"x"}'
    plain = operator.facts(1, 1, "SubmissionAcceptance", "basic")
    sealed = ("envelope", hashlib.sha256(envelope).hexdigest())
    named = replace(plain, particulars=(*plain.particulars, sealed))
    operator.log(named)
    (path,) = operator.write(tmp_path)
    assert only(verify_files([path], operator.trust, AT)).result is Result.VALID
    (tmp_path / "envelope.json").write_bytes(envelope)
    file = only(verify_files([path], operator.trust, AT))
    digests = [check for check in file.checks if check.id is CheckId.DIGEST]
    assert [check.outcome for check in digests] == [PASS, PASS]
    assert "envelope" in digests[1].text.en
    (tmp_path / "envelope.json").write_bytes(envelope + b" ")
    file = only(verify_files([path], operator.trust, AT))
    digests = [check for check in file.checks if check.id is CheckId.DIGEST]
    assert [check.outcome for check in digests] == [PASS, FAIL]
    assert file.result is Result.INVALID


def test_an_evidence_from_before_envelopes_were_sealed_is_not_compared(operator, files):
    (files[0].parent / "envelope.json").write_bytes(b"anything")
    assert verify_files(files, operator.trust, AT).result is Result.VALID


def test_a_file_that_is_not_there_is_said_by_its_name(operator, tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        verify_files([tmp_path / "gone.xml"], operator.trust, AT)
    assert str(caught.value.filename).endswith("gone.xml")


def test_of_nothing_nothing_can_be_told(operator):
    assert verify_files([], operator.trust, AT).result is Result.CANNOT_TELL


def test_the_report_is_a_function_of_files_trust_and_time(operator, files):
    first = verify_files(files, operator.trust, AT).to_plain()
    assert verify_files(files, operator.trust, AT).to_plain() == first
