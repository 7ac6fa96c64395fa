"""Whatever is wrong, and however much of it: never valid; and never more anchored than it is."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signing.compromise import CompromisedKey, name_of_verifier, names_of_path
from signing.seal_check import Outcome
from signing.tlog_proof import TlogProof
from signing.trust_file import TrustFile
from signing.verify import CheckId, Result, verify_files
from signing.witness_policy import WitnessPolicy
from tests.proof_samples import AT, COMPANY, NOW, Logged, Operator, Stamper, witness

SEEN = NOW + timedelta(minutes=2)
LOST = NOW + timedelta(minutes=1)
"""When keys are lost in these tests: before any outsider saw anything."""


@dataclass
class Case:
    """One evidence with everything beside it, and whom the verifier believes."""

    operator: Operator
    folder: Path
    trust: TrustFile

    @property
    def one(self) -> Logged:
        return self.operator.logged[0]

    @property
    def path(self) -> Path:
        return self.folder / f"{self.one.name}.xml"

    @property
    def proof(self) -> Path:
        return self.path.with_suffix(".tlog-proof")

    @property
    def record(self) -> Path:
        return self.path.with_suffix(".ers")

    @property
    def outside(self) -> Path:
        return self.folder / "checkpoint-3-outside.tsr"

    def change_proof(self, **changes) -> None:
        proof = TlogProof.parse(self.proof.read_bytes())
        self.proof.write_bytes(replace(proof, **changes).text())

    def lose(self, *keys: str) -> None:
        lost = (CompromisedKey(key=key, since=LOST) for key in keys)
        self.trust = replace(self.trust, compromised=(*self.trust.compromised, *lost))

    def check(self, **more):
        (file,) = verify_files([self.path], self.trust, AT, require_anchor=True, **more).files
        return file


@pytest.fixture(scope="module")
def operator():
    operator = Operator()
    operator.delivery(1, COMPANY, "basic")
    return operator


@pytest.fixture(scope="module")
def stranger():
    stranger = Operator()
    stranger.witnesses = (witness(7), witness(8), witness(9))
    stranger.delivery(1, COMPANY, "basic")
    return stranger


@pytest.fixture
def case(operator, tmp_path):
    return complete(operator, tmp_path)


def complete(operator: Operator, folder: Path) -> Case:
    case = Case(operator, folder, operator.outsiders(2))
    operator.write(folder, case.one, note=operator.cosigned(1, 2))
    case.outside.write_bytes(operator.outside.token(operator.head(), SEEN))
    case.record.write_bytes(operator.outside.record(case.one.xml, SEEN).encode())
    return case


def test_what_is_complete_is_valid(case):
    assert case.check().result is Result.VALID


# Each spoils the whole: whatever else is done to the case, it is not valid any more.


def xml_of_a_stranger(case, stranger):
    case.path.write_bytes(stranger.logged[0].xml)


def proof_of_a_stranger(case, stranger):
    case.proof.write_bytes(stranger.proof(stranger.logged[0], stranger.cosigned(1, 2, 3)))


def no_proof(case, _):
    case.proof.unlink()


def proof_of_another_entry(case, _):
    case.proof.write_bytes(case.operator.proof(case.operator.logged[1]))


def only_one_witness(case, _):
    case.change_proof(checkpoint_note=case.operator.cosigned(1))


def the_same_witness_twice(case, _):
    case.change_proof(checkpoint_note=case.operator.cosigned(1, 1))


def unknown_witnesses(case, stranger):
    note = case.operator.cosigned(1, by=stranger.witnesses)
    case.change_proof(checkpoint_note=note)


def witnesses_from_after_the_check(case, _):
    case.change_proof(checkpoint_note=case.operator.cosigned(1, 2, at=AT + timedelta(days=1)))


def witnesses_from_before_the_event(case, _):
    case.change_proof(checkpoint_note=case.operator.cosigned(1, 2, at=NOW - timedelta(days=1)))


def a_witness_s_key_is_lost(case, _):
    case.lose(name_of_verifier(case.operator.witnesses[0].verifier))


def the_seal_s_key_is_lost(case, _):
    case.lose(names_of_path(case.operator.keys.seal.chain)[0])


def the_log_s_key_is_lost(case, _):
    case.lose(name_of_verifier(case.operator.signer.verifier))


def another_record(case, _):
    foreign = case.operator.outside.record(case.operator.logged[1].xml, SEEN)
    case.record.write_bytes(foreign.encode())


def no_seal_roots(case, _):
    case.trust = replace(case.trust, seal_roots=())


def another_s_seal_roots(case, stranger):
    case.trust = replace(case.trust, seal_roots=stranger.trust.seal_roots)


def another_s_log(case, stranger):
    case.trust = replace(case.trust, logs=stranger.trust.logs)


SPOILS: list[Callable] = [
    xml_of_a_stranger,
    proof_of_a_stranger,
    proof_of_another_entry,
    only_one_witness,
    the_same_witness_twice,
    unknown_witnesses,
    witnesses_from_after_the_check,
    witnesses_from_before_the_event,
    a_witness_s_key_is_lost,
    the_seal_s_key_is_lost,
    the_log_s_key_is_lost,
    another_record,
    no_seal_roots,
    another_s_seal_roots,
    another_s_log,
    no_proof,
]


# Each of these takes nothing away that is needed and adds nothing that is true.


def own_token_under_an_outsider_s_name(case, _):
    case.outside.write_bytes(case.operator.token(case.operator.head(), SEEN))


def a_stranger_s_token(case, stranger):
    token = stranger.outside.token(case.operator.head(), SEEN)
    (case.folder / "checkpoint-1.tsr").write_bytes(token)


def token_of_another_head(case, stranger):
    token = case.operator.outside.token(stranger.head(), SEEN)
    (case.folder / "checkpoint-2.tst").write_bytes(token)


def junk_beside(case, _):
    (case.folder / "checkpoint.tsr").write_bytes(b"junk")


def a_stranger_s_record(case, _):
    case.record.write_bytes(Stamper("Outside Timestamps").record(case.one.xml, SEEN).encode())


NOISE: list[Callable] = [
    own_token_under_an_outsider_s_name,
    a_stranger_s_token,
    token_of_another_head,
    junk_beside,
    a_stranger_s_record,
]


@pytest.mark.parametrize("spoil", SPOILS)
def test_each_wrong_thing_alone_is_not_valid(case, stranger, spoil):
    spoil(case, stranger)
    assert case.check().result is not Result.VALID


@pytest.mark.parametrize("noise", NOISE)
def test_what_proves_nothing_does_no_harm_to_what_is_proven(case, stranger, noise):
    noise(case, stranger)
    assert case.check().result is Result.VALID


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tricks=st.tuples(
        st.sets(st.sampled_from(SPOILS), min_size=1), st.sets(st.sampled_from(NOISE))
    ).flatmap(lambda both: st.permutations(sorted(both[0] | both[1], key=str)))
)
def test_wrong_things_together_never_make_a_right_one(operator, stranger, tmp_path_factory, tricks):
    case = complete(operator, tmp_path_factory.mktemp("case"))

    def place(trick: Callable) -> tuple[bool, bool]:
        # Without a proof nothing is left to change; a stranger's record takes a wrong one's place.
        return trick is not a_stranger_s_record, trick is no_proof

    for trick in sorted(tricks, key=place):
        trick(case, stranger)
    assert case.check().result is not Result.VALID


@pytest.mark.parametrize(
    "quorum",
    [
        "witness a {w1}\nwitness b {w9}\ngroup g 2 a b\nquorum g\n",
        "witness a {w9}\nquorum a\n",
        "witness a {w1}\nwitness b {w2}\nwitness c {w3}\ngroup g all a b c\nquorum g\n",
        "quorum none\n",
    ],
)
def test_no_policy_is_met_by_witnesses_that_it_does_not_name(case, quorum):
    vkeys = {f"w{number}": witness(number).vkey for number in (1, 2, 3, 9)}
    policy = WitnessPolicy.parse(quorum.format(**vkeys).encode())
    case.change_proof(checkpoint_note=case.operator.cosigned(1, 2))
    case.outside.unlink()
    file = case.check(policy=policy)
    (anchor,) = [check for check in file.checks if check.id is CheckId.ANCHOR]
    assert anchor.outcome is Outcome.UNKNOWN
    assert file.result is Result.CANNOT_TELL


def test_every_word_of_the_report_is_there_in_both_languages(case, stranger):
    for trick in [None, *SPOILS, *NOISE]:
        fresh = complete(case.operator, case.folder)
        if trick is not None:
            trick(fresh, stranger)
        for check in fresh.check().checks:
            assert check.text.th
            assert check.text.en
            assert "{" not in check.text.th + check.text.en
            assert "Spoken(" not in check.text.th + check.text.en
            assert any("\u0e00" <= letter <= "\u0e7f" for letter in check.text.th)
