"""Each rule about lists and answers is needed: without it, the datum named beside it counts."""

import asyncio
from collections.abc import Callable

import pytest
from asn1crypto import x509 as asn1

from signing.certificates import der
from signing.judge.chain import Question, judge_chain, material_of
from signing.judge.codes import Code
from signing.judge.facts import Brought, NeedKind
from signing.judge.policy import Policy
from tests.pki.revocation import NOW, make_list
from tests.vectors.revocation import ANSWERS, LISTS, SIGNER, WEB

ROOT_LIST = make_list(WEB.root)
OF_LISTS = {
    "revocation_list._is_named_like": "of another name, by the issuer's key",
    "revocation_list._is_signed": "of another issuer with the same name",
    "revocation_list._is_strong": "weak digest",
    "revocation_list._is_understood": "critical extension",
    "revocation_list._is_delta": "delta",
    "revocation_list._is_indirect": "indirect",
    "revocation_list._is_in_scope": "for authorities only",
    "revocation_weigh._is_fresh": "expired",
    "revocation_weigh._is_issued": "from the future",
}
OF_ANSWERS = {
    "revocation_answer._is_about": "about another certificate",
    "revocation_answer._is_understood": "critical extension",
    "revocation_answer._is_named": "responder of another name",
    "revocation_answer._is_strong": "weak digest",
    "revocation_answer._is_signed": "signature altered",
    "revocation_answer._has_purpose": "another signer of the same issuer",
    "revocation_answer._may_sign": "responder that may not sign",
    "revocation_check.may_answer": "responder of a stranger",
    "revocation_weigh._is_fresh": "expired",
    "revocation_weigh._is_issued": "from the future",
}
NEGATIVE = frozenset({"_is_delta", "_is_indirect"})
"""Rules that say no by True."""


def code_of(kind: NeedKind, data: bytes) -> Code | None:
    brought = [Brought(kind=NeedKind.CRL, data=ROOT_LIST), Brought(kind=kind, data=data)]
    issuing = asn1.Certificate.load(der(WEB.issuing.certificate))
    question = Question(
        certificate=asn1.Certificate.load(der(SIGNER)),
        material=material_of(WEB.trust).with_fetched(brought).plus(certificates=[issuing]),
        policy=Policy(),
        at=NOW,
    )
    return asyncio.run(judge_chain(question, None)).code


def without(monkeypatch: pytest.MonkeyPatch, rule: str) -> None:
    name = rule.rsplit(".", 1)[1]
    always: Callable[..., object] = lambda *_: name not in NEGATIVE  # noqa: E731 - as short as it is

    async def always_later(*_: object) -> bool:
        return True

    stand_in = always_later if name == "may_answer" else always
    monkeypatch.setattr(f"signing.judge.{rule}", stand_in)


@pytest.mark.parametrize("rule", OF_LISTS)
def test_without_a_rule_its_list_counts(monkeypatch: pytest.MonkeyPatch, rule: str) -> None:
    data = LISTS[OF_LISTS[rule]]
    assert code_of(NeedKind.CRL, data) is Code.REVOCATION_UNKNOWN
    without(monkeypatch, rule)
    assert code_of(NeedKind.CRL, data) is None


@pytest.mark.parametrize("rule", OF_ANSWERS)
def test_without_a_rule_its_answer_counts(monkeypatch: pytest.MonkeyPatch, rule: str) -> None:
    data = ANSWERS[OF_ANSWERS[rule]]
    assert code_of(NeedKind.OCSP, data) is Code.REVOCATION_UNKNOWN
    without(monkeypatch, rule)
    assert code_of(NeedKind.OCSP, data) is None
