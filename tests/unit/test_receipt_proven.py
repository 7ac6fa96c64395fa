"""What the maker finds before it prints: who anchors the log, and until when it can be proven."""

import hashlib
from dataclasses import replace

import pytest
from proof_samples import AT, NOW, Operator

from signing.certificates import der
from signing.receipt.messages import Material
from signing.receipt_maker.errors import EvidenceNotProven
from signing.receipt_maker.proven import prove
from signing.trust_file import TRUST_NOBODY
from signing.verify.terms import Terms
from tdh.domain.log import HeadToken


@pytest.fixture(scope="module")
def operator() -> Operator:
    one = Operator()
    one.delivery(1, "SubmissionAcceptance ContentConsignment", "basic")
    return one


def proven(operator, trust, *, note=None, tokens=(), **changes):
    logged = operator.logged[0]
    material = Material(
        xml=logged.xml,
        proof=operator.proof(logged, note),
        tokens=tuple(HeadToken(name="x", token=token) for token in tokens),
        record=None,
        envelope=None,
    )
    return prove(
        replace(material, **changes),
        Terms(trust=trust, at=AT),
        edition=3,
        public_url="https://tdh.example.go.th",
        made_with="this",
    )


def test_without_outsiders_it_is_the_operator_s_word(operator) -> None:
    found = proven(operator, operator.outsiders(), tokens=[operator.token(operator.head())])

    assert not found.is_anchored
    assert "Operator's word only" in found.anchor_en
    assert found.stamped_at is not None
    assert found.provable_until is not None
    assert found.seal_root == hashlib.sha256(der(operator.keys.root)).digest()


def test_a_witness_anchors_and_is_named(operator) -> None:
    found = proven(operator, operator.outsiders(), note=operator.cosigned(1))

    assert found.is_anchored
    assert operator.witnesses[0].verifier.name in found.anchor_en
    assert found.provable_until is None, "no timestamp that could be checked"


def test_a_witness_whom_nobody_told_it_of_is_none(operator) -> None:
    found = proven(operator, operator.trust, note=operator.cosigned(1))

    assert not found.is_anchored


def test_an_outside_authority_s_timestamp_anchors(operator) -> None:
    token = operator.outside.token(operator.head(), NOW)

    found = proven(operator, operator.outsiders(), tokens=[token])

    assert found.is_anchored


def test_a_strangers_timestamp_neither_helps_nor_harms(operator) -> None:
    token = Operator().token(operator.head())

    found = proven(operator, operator.trust, tokens=[token])

    assert (found.stamped_at, found.provable_until) == (None, None)


def test_a_record_by_an_authority_that_nobody_told_it_of_keeps_no_receipt_from_being_made(
    operator,
) -> None:
    record = operator.outside.record(operator.logged[0].xml, NOW).encode()

    found = proven(operator, operator.trust, record=record)
    known = proven(operator, operator.outsiders(), record=record)

    assert found.recorded_at is None
    assert known.recorded_at is not None


def test_under_its_own_trust_alone(operator) -> None:
    for trust in (TRUST_NOBODY, Operator().trust, replace(operator.trust, logs=())):
        with pytest.raises(EvidenceNotProven):
            proven(operator, trust)


@pytest.mark.parametrize("changes", [{"proof": b""}, {"xml": b""}, {"record": b"0"}])
def test_what_does_not_hold_is_refused(operator, changes) -> None:
    with pytest.raises(EvidenceNotProven):
        proven(operator, operator.trust, **changes)
