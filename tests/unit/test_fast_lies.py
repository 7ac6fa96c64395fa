"""Children that were taken over and lie to the fast lane: what still cannot be had by it."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from signing.judge.facts import ChainFact, Purpose
from signing.judge.fast.lane import FastLane
from signing.judge.fast.locate import Located, locate
from signing.judge.fast.verify import Verified, verify
from signing.judge.fast.vouched import Vouching
from signing.judge.policy import Policy
from signing.judge.report import Report
from signing.trust import TrustFolder, load_trust
from signing.trust_list import Role
from tests.fast_and_careful import BothJudges
from tests.pki import make

AT = make.JUDGED_AT


@pytest.fixture(scope="module")
def both() -> BothJudges:
    return BothJudges(load_trust([make.shared_pki().trust_folder]))


def seen_by(both: BothJudges, document: bytes) -> tuple[Verified, Report]:
    verified = both.verified(document)
    assert verified is not None
    return verified, both.careful(document)


def stamped(name: str = "good") -> bytes:
    pki = make.shared_pki()
    stamp = pki.timestamp(make.SIGNED_AT)
    return make.sign_pdf(make.simple_pdf(), pki.signers[name], timestamp=stamp)


class NoProgram:
    def replace_locator(self, pid: int) -> None:
        raise AssertionError(pid)


def lane_under(trust: TrustFolder) -> FastLane:
    return FastLane(NoProgram(), Policy(), trust)


# --- a careful child ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["good", "rsa", "without-source"])
def test_what_an_honest_child_says_of_chains_is_kept(both: BothJudges, name: str) -> None:
    lane = lane_under(both.trust)
    verified, report = seen_by(both, stamped(name))
    lane.learn(verified, report, AT)
    assert len(lane.memory) == 2
    assert lane.accept(verified, AT) is not None


def test_a_child_cannot_vouch_for_a_stranger_beyond_its_own_document(
    both: BothJudges,
) -> None:
    """The stranger's own document is lost, if his bytes took the child over; no later one is."""
    document = make.sign_pdf(make.simple_pdf(), make.shared_pki().signers["stranger"])
    verified = both.verified(document)
    assert verified is not None
    _, good = seen_by(both, make.sign_pdf(make.simple_pdf(), make.shared_pki().signers["good"]))
    lie = replace(
        good.facts[0],
        certificate_sha256=verified.signer.certificate_sha256,
        material=verified.signer.material,
    )
    forged = lying(good, lie, verified.signer.certificate_sha256)
    lane = lane_under(both.trust)
    lane.learn(verified, forged, AT)
    assert len(lane.memory) == 0
    assert lane.accept(verified, AT) is None


def lying(report: Report, fact: ChainFact, sha256: str) -> Report:
    """A report that says what the fact says: the fast lane compares the two."""
    signer = replace(fact.signer, certificate_sha256=sha256)
    (signature,) = report.verdict.signatures
    told = replace(report.verdict, signatures=(replace(signature, signer=signer),))
    return replace(report, verdict=told, facts=(replace(fact, signer=signer),))


def test_a_child_cannot_give_a_certificate_another_holder(both: BothJudges) -> None:
    verified, report = seen_by(
        both, make.sign_pdf(make.simple_pdf(), make.shared_pki().signers["good"])
    )
    (fact,) = report.facts
    for other in (
        replace(fact.signer, organization="กรมอื่น"),
        replace(fact.signer, citizen_id="1101700230708"),
        replace(fact.signer, common_name="นายกรัฐมนตรี"),
    ):
        lane = lane_under(both.trust)
        forged = lying(report, replace(fact, signer=other), fact.certificate_sha256)
        lane.learn(verified, forged, AT)
        assert len(lane.memory) == 0
    honest = lane_under(both.trust)
    honest.learn(verified, lying(report, fact, fact.certificate_sha256), AT)
    assert len(honest.memory) == 1


def test_a_fact_holds_no_longer_than_its_certificate(both: BothJudges) -> None:
    verified, report = seen_by(both, stamped())
    vouching = Vouching(both.trust)
    fact = report.facts[0]
    assert vouching.holds(fact, verified.signer, AT)
    late = replace(fact, not_after=make.END + timedelta(days=9_000))
    assert not vouching.holds(late, verified.signer, AT)


def test_only_anchors_for_the_purpose_and_the_time_vouch(both: BothJudges) -> None:
    verified, report = seen_by(both, stamped())
    fact = next(one for one in report.facts if one.purpose is Purpose.SIGN)

    def under(**terms: object) -> bool:
        anchors = tuple(replace(one, **terms) for one in both.trust.anchors)  # type: ignore[arg-type]  # by name
        trust = TrustFolder(anchors=anchors, intermediates=both.trust.intermediates)
        return Vouching(trust).holds(fact, verified.signer, AT)

    assert under()
    assert not under(roles=frozenset({Role.TIMESTAMP}))
    assert not under(valid_until=AT)
    assert not under(valid_from=AT + timedelta(seconds=1))


# --- a locator ------------------------------------------------------------------------------------


def test_a_locator_cannot_write_the_contents_of_other_documents_into_a_report() -> None:
    """It sees many documents; the name of the field goes to the parties of this one."""
    letter = make.sign_pdf(make.simple_pdf(), make.shared_pki().signers["good"])
    located = locate(letter)
    assert located is not None
    assert verify(letter, located) is not None
    assert verify(letter, replace(located, field="the secret of an earlier letter")) is None
    assert verify(letter, replace(located, made="D:20200101000000Z")) is None


@pytest.mark.parametrize("name", ["Approval of 2026", "a:b", "x-y_z+1"])
def test_a_field_of_another_name_is_found_in_every_spelling(name: str) -> None:
    letter = make.sign_pdf(make.simple_pdf(), make.shared_pki().signers["good"], field_name=name)
    located = locate(letter)
    assert located is not None
    assert located.field == name
    assert verify(letter, located) is not None


@pytest.mark.parametrize(
    "said",
    [
        b"[" * 1024,
        json.dumps(["a\0b", "/ETSI.CAdES.detached", 1, 2, None]).encode(),
        json.dumps(["\ud800", "/ETSI.CAdES.detached", 1, 2, None]).encode(),
        json.dumps(["a", "/ETSI.Other", 1, 2, None]).encode(),
        json.dumps(["a", "/ETSI.CAdES.detached", 1, 2, "yesterday"]).encode(),
        json.dumps(["a" * 129, "/ETSI.CAdES.detached", 1, 2, None]).encode(),
    ],
)
def test_what_none_of_our_locators_says_is_a_value_error(said: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever its text
        Located.from_bytes(said)
