"""Rules about chains: anchors, paths, times, revocation. See `tests/vectors/chains.py`."""

from dataclasses import replace
from functools import cache
from typing import Any

from signing.judge import chain
from signing.judge.chain import ChainFinding, Question
from signing.judge.revocation_data import Said, Statement
from tests.rules.asking import careful, codes
from tests.rules.rule import ACCEPTED, Rule, always
from tests.vectors import chains, cms


async def holds(question: Question, *_: object) -> ChainFinding:
    return ChainFinding(path=(question.certificate,))


def holds_itself(question: Question, _: object) -> ChainFinding:
    return ChainFinding(path=(question.certificate,))


async def holds_at_some_time(question: Question, proven: Any) -> ChainFinding:
    """At the time of judging or at the proven one, whenever the certificate began."""
    finding = await chain._judge_at(question, question.at)
    if finding.code is not None and proven is not None:
        finding = replace(await chain._judge_at(question, proven), past=True)
    return finding


async def yes(*_: object) -> bool:
    return True


async def counts(*_: object) -> tuple[bool, tuple[()]]:
    return True, ()


def first_given(one: Any, *_: object) -> Any:
    return one


def finding_of(path: Any, *_: object) -> ChainFinding:
    return ChainFinding(path=path)


def good(datum: Any, single: Any) -> Statement:
    updates = single["this_update"].native, single["next_update"].native
    return Statement(said=Said.GOOD, datum=datum, this_update=updates[0], next_update=updates[1])


def _rule(  # noqa: PLR0917 - a row of the table
    function: str,
    vector: str,
    about: str,
    source: str,
    instead: object,
    without: str = ACCEPTED,
) -> Rule:
    maker, code = chains.VECTORS[vector]
    made = cache(maker)

    def ask() -> str:
        return careful(lambda: made().data, policy=made().policy, material=made().material)()

    return Rule(
        about=about,
        source=source,
        function=f"signing.judge.{function}",
        vector=vector,
        ask=ask,
        answers=codes([code]),
        without=without,
        instead=instead,
    )


def _path(vector: str, about: str, source: str) -> Rule:
    """Paths are built and validated by a library, from what `chain` gives it."""
    found = cms.VECTORS[vector]
    return Rule(
        about=about,
        source=source,
        function="signing.judge.chain._judge_at",
        vector=vector,
        ask=careful(lambda: found.make(cms.kit())),
        answers=codes(found.codes),
        without=ACCEPTED,
        instead=holds,
    )


RULES = (
    _path(
        "stranger-s-authority",
        "The certificate leads to an anchor.",
        "rule 8; EN 319 102-1, 5.2.6; RFC 5280, 6",
    ),
    _path("issued-by-a-person", "Who issues is an authority.", "RFC 5280, 6.1.4 (k)"),
    _path(
        "certificate-signed-by-another-key",
        "Each certificate is signed by its issuer's key.",
        "RFC 5280, 6.1.3 (a)",
    ),
    _path(
        "outside-the-name-constraint",
        "An authority keeps within its names.",
        "RFC 5280, 6.1.3 (b), 4.2.1.10",
    ),
    _rule(
        "chain.TrustedAnchor.vouches",
        "anchor-for-timestamps-only",
        "An anchor vouches for its roles only.",
        "our rule",
        always(value=True),
    ),
    _rule(
        "chain.TrustedAnchor.vouches",
        "anchor-that-was-retired",
        "An anchor that was retired vouches no longer.",
        "our rule",
        always(value=True),
    ),
    _rule(
        "chain.TrustedAnchor.vouches",
        "anchor-that-begins-later",
        "An anchor vouches from its first day.",
        "our rule",
        always(value=True),
    ),
    _rule(
        "chain._trusted_itself",
        "signer-is-an-anchor-and-expired",
        "A signer who is an anchor has a time all the same.",
        "EN 319 102-1, 5.2.6",
        holds_itself,
    ),
    _rule(
        "chain._expired",
        "signer-expired",
        "An expired certificate needs a proof of time.",
        "EN 319 102-1, 5.2.6.4",
        holds,
    ),
    _rule(
        "signer_rules.after_the_fact",
        "signed-after-the-certificate-s-end",
        "Who provably signed after the certificate's end has failed for good.",
        "EN 319 102-1, 5.3.4",
        first_given,
        "certificate-expired",
    ),
    _rule(
        "chain.judge_chain",
        "timestamp-from-before-the-certificate",
        "No signature is older than its certificate.",
        "EN 319 102-1, 5.5.4",
        holds_at_some_time,
    ),
    _rule(
        "revocation_list._line_says",
        "revoked-by-a-list",
        "Whom a list names is revoked, whatever the reason.",
        "RFC 5280, 5.3, 6.3.3",
        always((Said.GOOD, None)),
    ),
    _rule(
        "revocation_answer._read",
        "revoked-by-an-answer",
        "Whom an answer calls revoked is revoked.",
        "RFC 6960, 2.2",
        good,
    ),
    _rule(
        "revocation_weigh._by",
        "certificate-on-hold",
        "A certificate on hold is not good.",
        "EN 319 102-1, 5.2.6.4; RFC 5280, 5.3.1",
        always(value=False),
    ),
    _rule(
        "chain._finding",
        "authority-revoked",
        "No authority of the path was revoked.",
        "EN 319 102-1, 5.2.6.4",
        finding_of,
    ),
    _rule(
        "chain._counts",
        "nothing-at-hand",
        "What names a source of revocation data is looked up.",
        "EN 319 102-1, 5.2.6; RFC 5280, 6.3",
        always(value=False),
    ),
    _rule(
        "revocation_list._is_named_like",
        "list: of another name, by the issuer's key",
        "A list is of the certificate's issuer, by name.",
        "RFC 5280, 6.3.3 (b)(1)",
        always(value=True),
    ),
    _rule(
        "revocation_list._may_sign_lists",
        "list-by-a-key-that-may-sign-none",
        "Who signs a list may sign lists.",
        "RFC 5280, 6.3.3 (f), 4.2.1.3",
        always(value=True),
    ),
    _rule(
        "revocation_list._is_signed",
        "list: of another issuer with the same name",
        "A list is signed by the certificate's issuer.",
        "RFC 5280, 6.3.3 (f), (g)",
        always(value=True),
    ),
    _rule(
        "revocation_list._is_signed",
        "list: altered",
        "A list's signature holds.",
        "RFC 5280, 6.3.3 (g)",
        always(value=True),
    ),
    _rule(
        "revocation_list._is_strong",
        "list: weak digest",
        "A list is signed over a strong digest.",
        "rule 7; TS 119 312",
        always(value=True),
    ),
    _rule(
        "revocation_list._is_delta",
        "list: delta, not critical",
        "A list is complete.",
        "RFC 5280, 5.2.4",
        always(value=False),
    ),
    _rule(
        "revocation_list._is_indirect",
        "list: indirect",
        "A list speaks of one issuer's certificates.",
        "RFC 5280, 5.2.5, 5.3.3",
        always(value=False),
    ),
    _rule(
        "revocation_list._is_in_scope",
        "list: for authorities only",
        "A list's scope has the certificate.",
        "RFC 5280, 6.3.3 (b)(2)",
        always(value=True),
    ),
    _rule(
        "revocation_list._is_understood",
        "list: critical extension",
        "What is critical in a list is understood.",
        "RFC 5280, 5.2",
        always(value=True),
    ),
    _rule(
        "revocation_weigh._is_fresh",
        "list: expired",
        "Data are fresh.",
        "EN 319 102-1, 5.2.5.4",
        always(value=True),
    ),
    _rule(
        "revocation_weigh._is_issued",
        "list: from the future",
        "Data are not from the future.",
        "RFC 5280, 5.1.2.4; RFC 6960, 4.2.2.1",
        always(value=True),
    ),
    _rule(
        "revocation_weigh._is_fresh",
        "answer: expired",
        "Answers are fresh.",
        "EN 319 102-1, 5.2.5.4; RFC 6960, 2.4",
        always(value=True),
    ),
    _rule(
        "revocation_weigh._is_issued",
        "answer: from the future",
        "Answers are not from the future.",
        "RFC 6960, 4.2.2.1",
        always(value=True),
    ),
    _rule(
        "revocation_list._is_in_scope",
        "list: for some reasons only",
        "A list has revocations for whatever reason.",
        "RFC 5280, 5.2.5, 6.3.3 (b)(2)",
        always(value=True),
    ),
    _rule(
        "revocation_list._is_in_scope",
        "list: of another distribution point",
        "A list is of a distribution point that the certificate names.",
        "RFC 5280, 6.3.3 (b)(2)(i)",
        always(value=True),
    ),
    _rule(
        "revocation_weigh._is_good",
        "list-from-after-the-certificate-s-end",
        "Data from after a certificate's end say nothing of it.",
        "EN 319 102-1, 5.2.5; RFC 5280, 3.3",
        always(value=True),
    ),
    _rule(
        "revocation_weigh._is_tolerable",
        "list-older-than-the-policy-takes",
        "Older data count up to the policy's age only.",
        "our rule; EN 319 102-1, 5.2.5.4",
        always(value=True),
    ),
    _rule(
        "revocation_answer._is_about",
        "answer: about another certificate",
        "An answer is about this certificate.",
        "RFC 6960, 3.2 (1)",
        always(value=True),
    ),
    _rule(
        "revocation_answer._read",
        "answer: unknown",
        "Who does not know a certificate has not called it good.",
        "RFC 6960, 2.2",
        good,
    ),
    _rule(
        "revocation_answer._is_understood",
        "answer: critical extension",
        "What is critical in an answer is understood.",
        "RFC 6960, 4.4; RFC 5280, 4.2",
        always(value=True),
    ),
    _rule(
        "revocation_answer._is_signed",
        "answer: signature altered",
        "An answer's signature holds.",
        "RFC 6960, 3.2 (2)",
        always(value=True),
    ),
    _rule(
        "revocation_answer._is_strong",
        "answer: weak digest",
        "An answer is signed over a strong digest.",
        "rule 7; TS 119 312",
        always(value=True),
    ),
    _rule(
        "revocation_answer._is_named",
        "answer: responder of another name",
        "The responder is the one that the answer names.",
        "RFC 6960, 3.2 (3)",
        always(value=True),
    ),
    _rule(
        "revocation_answer.may_answer",
        "answer: responder of a stranger",
        "A responder's certificate is of the very issuer.",
        "RFC 6960, 4.2.2.2",
        yes,
    ),
    _rule(
        "revocation_answer.may_answer",
        "answer: responder expired",
        "A responder's certificate was valid when it answered.",
        "RFC 6960, 4.2.2.2; RFC 5280, 6.1.3",
        yes,
    ),
    _rule(
        "revocation_answer._has_purpose",
        "answer: another signer of the same issuer",
        "A responder's certificate is for this purpose.",
        "RFC 6960, 4.2.2.2",
        always(value=True),
    ),
    _rule(
        "revocation_answer._may_sign",
        "answer: responder that may not sign",
        "A responder's key may sign.",
        "RFC 5280, 4.2.1.3",
        always(value=True),
    ),
    _rule(
        "revocation_check._counts",
        "answer-of-a-revoked-responder",
        "A responder was not revoked.",
        "RFC 6960, 4.2.2.2.1",
        counts,
    ),
)
