"""Keys in other hands: what an outsider saw before still counts, everything else no longer does."""

from dataclasses import replace
from datetime import timedelta

import pytest

from signing import certificates as made
from signing.compromise import CompromisedKey, name_of_verifier, names_of_path
from signing.seal_check import Outcome
from signing.verify import CheckId, Result, verify_files
from tests import evidence_samples as sample
from tests.proof_samples import AT, COMPANY, NOW, Operator, Stamper

PASS, FAIL, UNKNOWN = Outcome
SEEN = NOW + timedelta(minutes=2)
SINCE = NOW + timedelta(minutes=10)
EARLIER = NOW + timedelta(minutes=1)
"""Before any outsider saw the head."""


@pytest.fixture(scope="module")
def operator():
    operator = Operator()
    operator.keys = sample.sealing_keys(intermediate=True)
    operator.issuer = replace(operator.keys.issuer, origin=operator.signer.name)
    operator.delivery(1, COMPANY, "basic")
    return operator


@pytest.fixture
def path(operator, tmp_path):
    (path,) = operator.write(tmp_path, operator.logged[0])
    return path


def lost(*keys: str, since=SINCE) -> tuple[CompromisedKey, ...]:
    return tuple(CompromisedKey(key=key, since=since) for key in keys)


def seal_keys(operator) -> tuple[str, ...]:
    """Of leaf, intermediate and root."""
    return names_of_path((*operator.keys.seal.chain, operator.keys.root))


def check(path, trust, at=AT, **more):
    (file,) = verify_files([path], trust, at, **more).files
    return file


def line(file, wanted: CheckId):
    return next(check for check in file.checks if check.id is wanted)


def cosign(operator, path, *places, at=SEEN):
    operator.write(path.parent, operator.logged[0], note=operator.cosigned(*places, at=at))


def outside_token(operator, path, at=SEEN):
    token = operator.outside.token(operator.head(), at)
    (path.parent / "checkpoint-3-outside.tsr").write_bytes(token)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_any_key_of_the_seal_s_chain_counts(operator, path, place):
    trust = operator.outsiders(compromised=lost(seal_keys(operator)[place]))
    file = check(path, trust)
    assert (file.result, line(file, CheckId.CERTIFICATE).outcome) == (Result.INVALID, FAIL)
    assert "no outsider proves" in line(file, CheckId.CERTIFICATE).text.en
    cosign(operator, path, 1)
    file = check(path, trust)
    assert (file.result, line(file, CheckId.CERTIFICATE).outcome) == (Result.VALID, PASS)
    assert "still valid" in line(file, CheckId.CERTIFICATE).text.en
    assert "witness.example/w1" in line(file, CheckId.CERTIFICATE).text.en


def test_an_outside_timestamp_before_the_loss_helps_and_one_after_does_not(operator, path):
    trust = operator.outsiders(compromised=lost(seal_keys(operator)[0]))
    outside_token(operator, path)
    assert check(path, trust).result is Result.VALID
    outside_token(operator, path, at=SINCE + timedelta(seconds=1))
    assert check(path, trust).result is Result.INVALID


def test_the_accuracy_of_a_timestamp_is_on_nobody_s_side_but_the_thief_s(operator, path):
    trust = operator.outsiders(compromised=lost(seal_keys(operator)[0]))
    outside_token(operator, path, at=SINCE - timedelta(seconds=1))
    assert check(path, trust).result is Result.INVALID
    outside_token(operator, path, at=SINCE - timedelta(seconds=2))
    assert check(path, trust).result is Result.VALID


def test_the_operator_s_own_timestamp_does_not_help_against_his_seal(operator, path):
    assert (path.parent / "checkpoint.tsr").exists()
    for trust in (operator.trust, operator.outsiders()):
        file = check(path, replace(trust, compromised=lost(seal_keys(operator)[0])))
        assert line(file, CheckId.TIMESTAMP).outcome is PASS
        assert file.result is Result.INVALID


def test_so_many_witnesses_as_are_asked_for_must_have_seen_it_before(operator, path):
    trust = operator.outsiders(2, compromised=lost(seal_keys(operator)[0]))
    text = operator.checkpoint().text()
    late = operator.witnesses[1].signature_line(text, SINCE + timedelta(minutes=1))
    operator.write(path.parent, operator.logged[0], note=operator.cosigned(1) + late)
    file = check(path, trust)
    assert line(file, CheckId.ANCHOR).outcome is PASS
    assert line(file, CheckId.CERTIFICATE).outcome is FAIL
    cosign(operator, path, 1, 2)
    assert check(path, trust).result is Result.VALID


def test_an_outside_record_helps_and_the_operator_s_own_does_not(operator, path):
    trust = operator.outsiders(compromised=lost(seal_keys(operator)[0]))
    record = operator.outside.record(operator.logged[0].xml, SEEN)
    path.with_suffix(".ers").write_bytes(record.encode())
    assert check(path, trust).result is Result.VALID
    own = operator.tsa.record(operator.logged[0].xml, SEEN)
    path.with_suffix(".ers").write_bytes(own.encode())
    assert check(path, trust).result is Result.INVALID
    backdated = operator.outside.renew(own, SINCE + timedelta(minutes=1))
    path.with_suffix(".ers").write_bytes(backdated.encode())
    assert check(path, trust).result is Result.INVALID


def test_an_outsider_whose_key_is_lost_is_no_outsider_by_the_operator_s_renewal(operator, path):
    """Who has the keys of an outsider and of the operator can date both stamps as he likes."""
    stolen = (seal_keys(operator)[0], names_of_path((operator.outside.unit,))[0])
    trust = operator.outsiders(compromised=lost(*stolen))
    forged = operator.outside.record(operator.logged[0].xml, SEEN)
    renewed = operator.tsa.renew(forged, SINCE - timedelta(minutes=1))
    path.with_suffix(".ers").write_bytes(renewed.encode())
    file = check(path, trust)
    assert line(file, CheckId.CERTIFICATE).outcome is FAIL
    assert file.result is Result.INVALID
    other = Stamper("Other Outsider")
    roots = (*trust.outside_tsa_roots, other.root.certificate)
    renewed = other.renew(forged, SINCE - timedelta(minutes=1))
    path.with_suffix(".ers").write_bytes(renewed.encode())
    assert check(path, replace(trust, outside_tsa_roots=roots)).result is Result.VALID


def test_a_head_that_does_not_hold_the_evidence_does_not_date_it(operator, path, tmp_path):
    """The head was seen before, but what the thief sealed since is not under it."""
    trust = operator.outsiders(compromised=lost(seal_keys(operator)[0]))
    forged = Operator()
    forged.keys, forged.issuer, forged.signer = operator.keys, operator.issuer, operator.signer
    (one, *_) = forged.delivery(5, COMPANY, "basic")
    (theirs,) = forged.write(tmp_path / "forged", one)
    theirs.with_suffix(".tlog-proof").write_bytes(
        operator.proof(operator.logged[0], operator.cosigned(1))
    )
    file = check(theirs, trust)
    assert file.result is Result.INVALID
    assert line(file, CheckId.CERTIFICATE).outcome is FAIL


def test_the_check_s_own_time_does_not_hide_a_loss(operator, path):
    """A thief dates what he makes; who checks as of then must not believe it."""
    trust = operator.outsiders(compromised=lost(seal_keys(operator)[0]))
    assert check(path, trust, at=NOW + timedelta(minutes=5)).result is Result.INVALID


def test_another_key_s_loss_does_not_matter(operator, path):
    trust = operator.outsiders(compromised=lost("0" * 64, since=EARLIER))
    assert check(path, trust).result is Result.VALID


def test_the_log_s_key(operator, path):
    trust = operator.outsiders(compromised=lost(name_of_verifier(operator.signer.verifier)))
    file = check(path, trust)
    assert (file.result, line(file, CheckId.CHECKPOINT).outcome) == (Result.INVALID, FAIL)
    cosign(operator, path, 2)
    file = check(path, trust)
    assert (file.result, line(file, CheckId.CHECKPOINT).outcome) == (Result.VALID, PASS)
    assert "still valid" in line(file, CheckId.CHECKPOINT).text.en
    cosign(operator, path, 2, at=SINCE + timedelta(minutes=1))
    assert check(path, trust).result is Result.INVALID
    proof = path.with_suffix(".tlog-proof")
    assert verify_files([proof], trust, AT).result is Result.INVALID


def test_our_own_timestamp_unit_s_key_makes_its_tokens_void(operator, path):
    for certificate in (operator.tsa.unit, operator.tsa.root.certificate):
        trust = operator.outsiders(compromised=lost(*names_of_path([certificate])))
        file = check(path, trust)
        assert (file.result, line(file, CheckId.TIMESTAMP).outcome) == (Result.VALID, UNKNOWN)
        assert "other hands" in line(file, CheckId.TIMESTAMP).text.en
        token = path.parent / "checkpoint.tsr"
        assert verify_files([token], trust, AT).result is Result.CANNOT_TELL


def test_an_outsider_s_lost_key_no_longer_anchors(operator, path):
    authority = lost(*names_of_path([operator.outside.unit]))
    outside_token(operator, path)
    file = check(path, operator.outsiders(compromised=authority), require_anchor=True)
    assert (file.result, line(file, CheckId.ANCHOR).outcome) == (Result.CANNOT_TELL, UNKNOWN)
    witness = lost(name_of_verifier(operator.witnesses[1].verifier))
    cosign(operator, path, 2)
    file = check(path, operator.outsiders(1, compromised=witness))
    assert (file.result, line(file, CheckId.ANCHOR).outcome) == (Result.CANNOT_TELL, UNKNOWN)
    assert "other hands" in line(file, CheckId.ANCHOR).text.en
    cosign(operator, path, 1, 2)
    assert check(path, operator.outsiders(1, compromised=witness)).result is Result.VALID
    seal = lost(seal_keys(operator)[0])
    both = operator.outsiders(compromised=(*witness, *authority, *seal))
    cosign(operator, path, 2)
    assert check(path, both).result is Result.INVALID


def test_a_record_whose_authority_was_lost_counts_if_it_was_renewed_before(operator, path):
    seal, authority = seal_keys(operator)[0], names_of_path([operator.tsa.unit])
    trust = operator.outsiders(compromised=(*lost(seal), *lost(*authority)))
    trust = replace(trust, outside_tsa_roots=(*trust.outside_tsa_roots, *trust.tsa_roots))
    record = operator.tsa.record(operator.logged[0].xml, SEEN)
    path.with_suffix(".ers").write_bytes(record.encode())
    assert check(path, trust).result is Result.INVALID
    renewed = operator.outside.renew(record, SEEN + timedelta(minutes=1))
    path.with_suffix(".ers").write_bytes(renewed.encode())
    assert check(path, trust).result is Result.VALID
    late = operator.outside.renew(record, SINCE + timedelta(minutes=1))
    path.with_suffix(".ers").write_bytes(late.encode())
    assert check(path, trust).result is Result.INVALID


def test_a_lost_key_whose_certificate_ended_as_well(tmp_path):
    """Seen before the loss, but only after the certificate's end: nobody knows when it was made."""
    short = made.Validity(not_before=NOW - timedelta(days=1), not_after=NOW + timedelta(minutes=5))
    operator = Operator(validity=short)
    operator.delivery(1, COMPANY, "basic")
    (path, *_) = operator.write(tmp_path, token=False)
    trust = operator.outsiders(compromised=lost(names_of_path(operator.keys.seal.chain)[0]))
    cosign(operator, path, 1)
    assert check(path, trust).result is Result.VALID
    cosign(operator, path, 1, at=NOW + timedelta(minutes=7))
    assert check(path, trust).result is Result.CANNOT_TELL


def test_an_outsider_s_record_that_only_the_operator_renewed_does_not_help(operator, path):
    """After the outsider's certificate ended, its word hangs on the operator's: no outsider's."""
    year = timedelta(days=365)
    long = made.Validity(not_before=NOW - timedelta(days=1), not_after=NOW + 9 * year)
    own, outsider = Stamper("TSU 2", long), Stamper("Younger Timestamps", long)
    trust = operator.outsiders(compromised=lost(seal_keys(operator)[0]))
    trust = replace(
        trust,
        tsa_roots=(*trust.tsa_roots, own.root.certificate),
        outside_tsa_roots=(*trust.outside_tsa_roots, outsider.root.certificate),
    )
    record = operator.outside.record(operator.logged[0].xml, SEEN)
    for stamper, result in ((own, Result.INVALID), (outsider, Result.VALID)):
        renewed = stamper.renew(record, NOW + 2 * year)
        path.with_suffix(".ers").write_bytes(renewed.encode())
        assert check(path, trust, at=NOW + 2.5 * year).result is Result.VALID
        assert check(path, trust, at=NOW + 5 * year).result is result
