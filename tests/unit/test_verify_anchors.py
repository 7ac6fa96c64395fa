"""Outsiders: who anchors a head, who does not, and that no trick makes the operator an outsider."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from signing import certificates as made
from signing.checkpoint import Checkpoint, sign
from signing.compromise import CompromisedKey, names_of_path
from signing.cosignature import CosignatureSigner
from signing.seal_check import Outcome
from signing.timestamps import TimestampAuthority
from signing.tlog_proof import TlogProof
from signing.verify import CheckId, Result, verify_files
from signing.witness_policy import WitnessPolicy
from tests.proof_samples import AT, COMPANY, NOW, VALIDITY, Operator, Stamper, witness

PASS, FAIL, UNKNOWN = Outcome
SOON = NOW + timedelta(minutes=2)


@pytest.fixture(scope="module")
def operator():
    operator = Operator()
    operator.delivery(1, COMPANY, "basic")
    return operator


class Folder:
    """One evidence, its proof under any note, and timestamps beside it."""

    def __init__(self, operator, folder) -> None:
        self.operator, self.folder = operator, folder
        (self.path, *_) = operator.write(folder, operator.logged[0])

    def note(self, note: bytes) -> "Folder":
        self.operator.write(self.folder, self.operator.logged[0], note=note)
        return self

    def token(self, token: bytes, name: str = "checkpoint-3-outside.tsr") -> "Folder":
        (self.folder / name).write_bytes(token)
        return self

    def check(self, trust, at=AT, **more):
        (file,) = verify_files([self.path], trust, at, **more).files
        return file


@pytest.fixture
def folder(operator, tmp_path):
    return Folder(operator, tmp_path)


def line(file, wanted: CheckId):
    found = [check for check in file.checks if check.id is wanted]
    assert all(check.text.th != check.text.en for check in found)
    return found[0]


def anchor(file):
    return line(file, CheckId.ANCHOR)


def policy(operator, quorum: str, *places: int, log: bool = True) -> WitnessPolicy:
    lines = [f"log {operator.signer.vkey}"] if log else []
    lines += [f"witness w{place} {operator.witnesses[place - 1].vkey}" for place in places]
    lines.append(f"quorum {quorum}" if quorum in {"none", "w1"} else f"group g {quorum}")
    if quorum not in {"none", "w1"}:
        lines.append("quorum g")
    return WitnessPolicy.parse("".join(f"{one}\n" for one in lines).encode())


# --- who anchors ---------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [1, 2])
def test_a_trusted_witness_anchors_and_is_named_with_its_time(operator, folder, place):
    file = folder.note(operator.cosigned(place)).check(operator.outsiders(1))
    assert file.result is Result.VALID
    assert anchor(file).outcome is PASS
    assert anchor(file).text.en == (
        f"Anchored by the witness witness.example/w{place} (2026-11-22T09:32:15+00:00)."
    )
    assert "22 พ.ย. 2569 16:32:15 น." in anchor(file).text.th


def test_an_outside_authority_anchors_where_no_witness_is_asked_for(operator, folder):
    folder.token(operator.outside.token(operator.head()))
    file = folder.check(operator.outsiders())
    assert (file.result, anchor(file).outcome) == (Result.VALID, PASS)
    assert "the timestamp of Outside Timestamps" in anchor(file).text.en
    assert folder.check(operator.outsiders(), require_anchor=True).result is Result.VALID
    file = folder.check(operator.outsiders(1))
    assert (file.result, anchor(file).outcome) == (Result.CANNOT_TELL, UNKNOWN)
    assert "0 of 1 witnesses" in anchor(file).text.en


def test_tokens_are_over_the_head_without_its_cosignatures(operator, folder):
    folder.note(operator.cosigned(1, 2, 3)).token(operator.outside.token(operator.head()))
    file = folder.check(operator.outsiders(3))
    stamps = [check for check in file.checks if check.id is CheckId.TIMESTAMP]
    assert [check.outcome for check in stamps] == [PASS, PASS]
    assert "operator's own timestamp (TSU)" in stamps[0].text.en
    assert "outsider's timestamp (Outside Timestamps)" in stamps[1].text.en
    assert "can be checked until 2029-" in stamps[1].text.en
    assert all(f"w{place}" in anchor(file).text.en for place in (1, 2, 3))


@pytest.mark.parametrize(("count", "result"), [(1, Result.CANNOT_TELL), (2, Result.VALID)])
def test_so_many_witnesses_as_the_trust_file_asks_for(operator, folder, count, result):
    file = folder.note(operator.cosigned(*range(1, count + 1))).check(operator.outsiders(2))
    assert file.result is result
    if result is not Result.VALID:
        assert "1 of 2 witnesses" in anchor(file).text.en


def test_where_nobody_outside_is_known_it_is_the_operator_s_word_only(operator, folder):
    folder.note(operator.cosigned(1)).token(operator.outside.token(operator.head()))
    file = folder.check(operator.trust)
    assert (file.result, anchor(file).outcome) == (Result.VALID, UNKNOWN)
    assert "Operator's word only" in anchor(file).text.en
    assert folder.check(operator.trust, require_anchor=True).result is Result.CANNOT_TELL


# --- tricks --------------------------------------------------------------------------------------


def test_a_witness_twice_is_one_witness(operator, folder):
    note = operator.cosigned(1) + operator.witnesses[0].signature_line(
        operator.checkpoint().text(), SOON + timedelta(minutes=1)
    )
    assert folder.note(note).check(operator.outsiders(2)).result is Result.CANNOT_TELL


def test_one_key_under_two_names_is_one_witness(operator, folder):
    """An Ed25519 cosignature does not cover the name: whoever has one can write the other."""
    twin = CosignatureSigner(name="twin", private_key=operator.witnesses[0].private_key)
    trust = operator.outsiders(2)
    trust = replace(trust, witnesses=(*trust.witnesses, twin.verifier))
    file = folder.note(operator.cosigned(1, by=(twin,))).check(trust)
    assert (file.result, anchor(file).outcome) == (Result.CANNOT_TELL, UNKNOWN)


def test_an_unknown_witness_does_not_count(operator, folder):
    stranger = witness(9)
    file = folder.note(operator.cosigned(by=(stranger,))).check(operator.outsiders(1))
    assert (file.result, anchor(file).outcome) == (Result.CANNOT_TELL, UNKNOWN)
    namesake = replace(witness(9), name=operator.witnesses[0].name)
    file = folder.note(operator.cosigned(by=(namesake,))).check(operator.outsiders(1))
    assert (file.result, anchor(file).outcome) == (Result.CANNOT_TELL, UNKNOWN)


def test_a_known_witness_s_wrong_line_is_refused(operator, folder):
    other = Checkpoint(origin=operator.signer.name, size=3, root=bytes(32))
    for signer in operator.witnesses:
        wrong = signer.signature_line(other.text(), SOON)
        file = folder.note(operator.cosigned() + wrong).check(operator.outsiders())
        assert (file.result, anchor(file).outcome) == (Result.INVALID, FAIL)
        assert signer.name in anchor(file).text.en


def test_the_log_is_no_witness_of_itself(operator, folder):
    key = operator.signer.private_key
    for name in (operator.signer.name, "witness.example/own"):
        itself = CosignatureSigner(name=name, private_key=key)
        trust = replace(operator.outsiders(1), witnesses=(itself.verifier,))
        file = folder.note(operator.cosigned(by=(itself,))).check(trust)
        assert file.result is not Result.VALID


def test_the_operator_s_own_timestamp_is_no_outsider_s(operator, folder):
    folder.token(operator.token(operator.head(), at=SOON))  # under an outsider's name
    file = folder.check(operator.outsiders(), require_anchor=True)
    assert (file.result, anchor(file).outcome) == (Result.CANNOT_TELL, UNKNOWN)
    namesake = Stamper("Outside Timestamps")
    folder.token(namesake.token(operator.head()))
    file = folder.check(operator.outsiders(), require_anchor=True)
    assert (file.result, anchor(file).outcome) == (Result.CANNOT_TELL, UNKNOWN)


@pytest.mark.parametrize("record", [False, True])
def test_a_public_root_above_both_does_not_make_the_operator_an_outsider(operator, folder, record):
    """One public authority certified the outsider and, by a cross certificate, the operator."""
    public, own = operator.outside.root, operator.tsa
    crossed = made.make_intermediate(
        issuer=public,
        subject=made.Subject(common_name="TSU Root"),
        key=own.root.key,
        serial=9,
        validity=VALIDITY,
    )
    signer = made.new_p256_key()
    unit = made.make_leaf(
        issuer=own.root,
        subject=made.Subject(common_name="TSU"),
        public_key=signer.public_key(),
        serial=10,
        validity=VALIDITY,
        use=made.LeafUse.TIMESTAMP,
    )
    crossing = Stamper("TSU")
    crossing.authority = TimestampAuthority(
        key=signer,
        chain=[unit, crossed.certificate],
        policy_oid="1.3.6.1.4.1.55555.1.1",
        accuracy=timedelta(seconds=1),
    )
    if record:
        xml = operator.logged[0].xml
        folder.path.with_suffix(".ers").write_bytes(crossing.record(xml, SOON).encode())
    else:
        folder.token(crossing.token(operator.head(), SOON))
    seal = names_of_path(operator.keys.seal.chain)[0]
    lost = CompromisedKey(key=seal, since=SOON + timedelta(days=1))
    trust = operator.outsiders(compromised=(lost,))
    file = folder.check(trust)
    assert (file.result, anchor(file).outcome) == (Result.INVALID, UNKNOWN)
    assert line(file, CheckId.CERTIFICATE).outcome is FAIL


def test_a_certificate_without_an_end_has_one_that_can_be_told(operator, folder):
    """RFC 5280, 4.1.2.5: 99991231235959Z, which is no time in Bangkok any more."""
    endless = made.Validity(
        not_before=VALIDITY.not_before, not_after=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    )
    stamper = Stamper("Endless", endless)
    trust = replace(operator.outsiders(), outside_tsa_roots=(stamper.root.certificate,))
    folder.token(stamper.token(operator.head(), SOON))
    file = folder.check(trust)
    assert (file.result, anchor(file).outcome) == (Result.VALID, PASS)
    assert any("until 9999-12-31T23:59:59" in check.text.en for check in file.checks)


def test_an_outsider_s_timestamp_of_another_head_does_not_anchor_this_one(operator, folder):
    other = Operator()
    other.signer = operator.signer
    other.delivery(2, COMPANY, "basic")
    folder.token(operator.outside.token(other.head()))
    file = folder.check(operator.outsiders(), require_anchor=True)
    assert (file.result, anchor(file).outcome) == (Result.CANNOT_TELL, UNKNOWN)


def test_a_cosignature_of_another_head_is_refused_here(operator, folder):
    bigger = Operator()
    bigger.signer = operator.signer
    bigger.delivery(1, COMPANY, "basic")
    bigger.delivery(2, COMPANY, "basic")
    _, _, lines = bigger.cosigned(1).partition(bigger.head())
    file = folder.note(operator.head() + lines).check(operator.outsiders())
    assert (file.result, anchor(file).outcome) == (Result.INVALID, FAIL)


def test_a_head_without_the_log_s_signature_is_not_saved_by_witnesses(operator, folder):
    text = operator.checkpoint().text()
    note = text + b"\n" + operator.witnesses[0].signature_line(text, SOON)
    file = folder.note(note).check(operator.outsiders(1))
    assert file.result is Result.INVALID
    assert line(file, CheckId.CHECKPOINT).outcome is FAIL


def test_a_stranger_s_complete_set_with_his_own_outsiders_does_not_verify(operator, tmp_path):
    stranger = Operator()
    stranger.witnesses = (witness(7), witness(8), witness(9))
    stranger.delivery(1, COMPANY, "basic")
    theirs = Folder(stranger, tmp_path).note(stranger.cosigned(1, 2, 3))
    theirs.token(stranger.outside.token(stranger.head()))
    assert theirs.check(stranger.outsiders(3)).result is Result.VALID
    for threshold in (0, 1):
        file = theirs.check(operator.outsiders(threshold))
        assert file.result is Result.INVALID
        assert line(file, CheckId.CERTIFICATE).outcome is FAIL
        assert line(file, CheckId.CHECKPOINT).outcome is FAIL
        assert anchor(file).outcome is not PASS


# --- time ----------------------------------------------------------------------------------------


def test_what_outsiders_say_from_after_the_check_is_not_believed(operator, folder):
    folder.note(operator.cosigned(1)).token(operator.outside.token(operator.head(), SOON))
    file = folder.check(operator.outsiders(1), at=NOW + timedelta(seconds=70))
    assert (file.result, anchor(file).outcome) == (Result.CANNOT_TELL, UNKNOWN)
    assert "after the time of this check" in anchor(file).text.en
    file = folder.check(operator.outsiders(), at=NOW + timedelta(seconds=70))
    assert anchor(file).outcome is UNKNOWN


def test_an_outsider_from_before_the_event_shows_a_contradiction(operator, folder):
    early = NOW - timedelta(minutes=1)
    file = folder.note(operator.cosigned(1, at=early)).check(operator.outsiders())
    assert (file.result, anchor(file).outcome) == (Result.INVALID, FAIL)
    folder.note(operator.head()).token(operator.outside.token(operator.head(), early))
    file = folder.check(operator.outsiders())
    assert file.result is Result.INVALID
    assert FAIL in {check.outcome for check in file.checks if check.id is CheckId.TIMESTAMP}


def test_a_proof_alone_knows_the_minute_of_its_entry(operator, folder):
    proof = folder.path.with_suffix(".tlog-proof")
    trust = operator.outsiders(1)
    folder.note(operator.cosigned(1))
    assert verify_files([proof], trust, AT).result is Result.VALID
    folder.note(operator.cosigned(1, at=NOW - timedelta(minutes=2)))
    assert verify_files([proof], trust, AT).result is Result.INVALID


def test_a_timestamp_whose_certificate_ended_no_longer_anchors(operator, folder):
    folder.token(operator.outside.token(operator.head()))
    late = AT + timedelta(days=365 * 3)
    file = folder.check(operator.outsiders(), at=late)
    assert anchor(file).outcome is UNKNOWN
    assert "could be checked until" in line(file, CheckId.TIMESTAMP).text.en
    assert file.result is Result.CANNOT_TELL


# --- a policy of the verifier's own --------------------------------------------------------------


def test_the_policy_decides_instead_of_the_threshold(operator, folder):
    trust = operator.outsiders()
    two_of_three = policy(operator, "2 w1 w2 w3", 1, 2, 3)
    folder.note(operator.cosigned(1)).token(operator.outside.token(operator.head()))
    file = folder.check(trust, policy=two_of_three)
    assert (file.result, anchor(file).outcome) == (Result.CANNOT_TELL, UNKNOWN)
    assert "policy is not met" in anchor(file).text.en
    assert folder.note(operator.cosigned(1, 3)).check(trust, policy=two_of_three).result is (
        Result.VALID
    )
    strict = operator.outsiders(3)
    assert folder.check(strict, policy=two_of_three).result is Result.VALID


def test_a_policy_s_witnesses_are_its_own_whatever_the_trust_file_names(operator, folder):
    folder.note(operator.cosigned(2, 3))
    file = folder.check(operator.outsiders(1), policy=policy(operator, "w1", 1))
    assert (file.result, anchor(file).outcome) == (Result.CANNOT_TELL, UNKNOWN)
    assert "no witness of the policy" in anchor(file).text.en
    file = folder.note(operator.cosigned(1)).check(operator.trust, policy=policy(operator, "w1", 1))
    assert file.result is Result.VALID


def test_a_policy_for_another_log_does_not_anchor(operator, folder):
    other = Operator(origin="another.example/log")
    theirs = WitnessPolicy.parse(
        f"log {other.signer.vkey}\nwitness w {operator.witnesses[0].vkey}\nquorum w\n".encode()
    )
    file = folder.note(operator.cosigned(1)).check(operator.outsiders(), policy=theirs)
    assert (file.result, anchor(file).outcome) == (Result.CANNOT_TELL, UNKNOWN)
    assert "other logs" in anchor(file).text.en


def test_a_policy_that_asks_for_nobody_anchors_by_nobody(operator, folder):
    nobody = policy(operator, "none", 1)
    file = folder.check(operator.outsiders(), policy=nobody)
    assert (file.result, anchor(file).outcome) == (Result.VALID, UNKNOWN)
    assert folder.check(operator.trust, policy=nobody, require_anchor=True).result is (
        Result.CANNOT_TELL
    )
    folder.note(operator.cosigned(1))
    assert anchor(folder.check(operator.trust, policy=nobody)).outcome is PASS


def test_a_policy_may_name_the_log_where_the_trust_file_names_none(operator, folder):
    trust = replace(operator.trust, logs=())
    folder.note(operator.cosigned(1))
    assert folder.check(trust).result is Result.CANNOT_TELL
    assert folder.check(trust, policy=policy(operator, "w1", 1)).result is Result.VALID
    unnamed = policy(operator, "w1", 1, log=False)
    assert folder.check(trust, policy=unnamed).result is Result.CANNOT_TELL


# --- the log's second signature ------------------------------------------------------------------


def test_a_log_may_sign_by_ml_dsa_and_either_key_is_enough(operator, folder):
    further = replace(witness(2), name=operator.signer.name)
    note = operator.head() + further.signature_line(operator.checkpoint().text(), None)
    both = replace(operator.trust, logs=(operator.signer.verifier, further.verifier))
    for trust in (operator.trust, both, replace(both, logs=(further.verifier,))):
        assert folder.note(note).check(trust).result is Result.VALID
    folder.token(operator.outside.token(note))
    assert anchor(folder.check(replace(operator.outsiders(), logs=both.logs))).outcome is PASS
    other = Checkpoint(origin=operator.signer.name, size=3, root=bytes(32))
    wrong = operator.head() + further.signature_line(other.text(), None)
    assert folder.note(wrong).check(both).result is Result.INVALID


def test_the_proof_s_note_may_be_any_trusted_one_but_must_hold_the_entry(operator, folder):
    empty = sign(Checkpoint(origin=operator.signer.name, size=1, root=bytes(32)), operator.signer)
    proof = TlogProof.parse(folder.path.with_suffix(".tlog-proof").read_bytes())
    text = operator.witnesses[0].signature_line(
        Checkpoint(origin=operator.signer.name, size=1, root=bytes(32)).text(), SOON
    )
    changed = replace(proof, checkpoint_note=empty + text, hashes=(), index=0)
    folder.path.with_suffix(".tlog-proof").write_bytes(changed.text())
    file = folder.check(operator.outsiders(1))
    assert file.result is Result.INVALID
    assert line(file, CheckId.INCLUSION).outcome is FAIL
