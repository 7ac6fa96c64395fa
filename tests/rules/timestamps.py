"""Rules about timestamps: over signatures, over archives, alone.

A message whose signer was revoked since is saved by a timestamp from before, if that counts; the
messages are in `tests/vectors/cms_stamped.py`.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from signing.judge import chain
from signing.judge.algorithms import DIGESTS
from signing.judge.codes import Code
from signing.trust import Role
from tests.pki.make import SIGNED_AT, Pki, shared_pki
from tests.rules.asking import careful
from tests.rules.rule import ACCEPTED, PROVEN, Rule, always, nothing
from tests.vectors import cms_stamped, xml
from tests.vectors.cms_stamped import CONTENT, VECTORS


async def any_unit(question: chain.Question, proven: Any) -> chain.ChainFinding:
    """Every unit's chain holds; signers' are judged."""
    if question.role is Role.TIMESTAMP:
        return chain.ChainFinding(path=(question.certificate,))
    return await _judge_chain(question, proven)


_judge_chain = chain.judge_chain


def token_of_another_xml_signature() -> bytes:
    """Two letters of one revoked signer, both stamped; one has the other's token."""
    pki, signer = shared_pki(), shared_pki().signers["revoked"]
    plan = xml.Plan(timestamp=pki.timestamp(SIGNED_AT))
    one, other = (xml.sign(xml.INVOICE, signer, plan).decode() for _ in range(2))
    tokens = [re.search(_TOKEN, text) for text in (one, other)]
    assert tokens[0] is not None
    assert tokens[1] is not None
    return one.replace(tokens[0][0], tokens[1][0]).encode()


_TOKEN = "<xades:EncapsulatedTimeStamp[^>]*>[^<]*"


def _rule(function: str, vector: str, about: str, source: str, instead: object = nothing) -> Rule:
    return Rule(
        about=about,
        source=source,
        function=f"signing.judge.{function}",
        vector=vector,
        ask=careful(lambda: VECTORS[vector](shared_pki())),
        answers=frozenset([Code.CERTIFICATE_REVOKED.value]),
        without=ACCEPTED,
        instead=instead,
    )


def _alone(  # noqa: PLR0917 - a row of the table
    function: str,
    make: Callable[[Pki], bytes],
    code: Code,
    about: str,
    source: str,
    instead: object = nothing,
) -> Rule:
    name = make.__name__.replace("_", "-")
    return Rule(
        about=about,
        source=source,
        function=f"signing.judge.{function}",
        vector=name,
        ask=careful(lambda: make(shared_pki()), content=CONTENT),
        answers=frozenset([code.value]),
        without=PROVEN,
        instead=instead,
    )


RULES = (
    _rule(
        "tokens._compare_imprint",
        "token-over-something-else",
        "A token stands over this very signature.",
        "RFC 3161, 2.4.2; EN 319 102-1, 5.4",
    ),
    _rule(
        "algorithms.DIGESTS",
        "token-over-a-weak-digest",
        "A token's imprint is of a strong digest.",
        "EN 319 422, 5.1.3; TS 119 312",
        DIGESTS | {"sha1"},
    ),
    _rule(
        "cms_checks.check_integrity",
        "token-altered",
        "A token's signature is its unit's.",
        "RFC 3161, 2.4.2",
    ),
    _rule(
        "cms_checks.check_integrity",
        "token-with-another-time-written-into-it",
        "A token's time is the signed one.",
        "RFC 3161, 2.4.2",
    ),
    _rule(
        "tokens._is_timestamping_unit",
        "unit-for-more-than-timestamps",
        "A unit's certificate is for timestamps only, critically so.",
        "RFC 3161, 2.3",
        always(value=True),
    ),
    _rule(
        "chain.judge_chain",
        "unit-of-a-stranger",
        "A unit's certificate leads to an anchor for timestamps.",
        "EN 319 102-1, 5.4; RFC 5280, 6",
        any_unit,
    ),
    _rule(
        "chain.judge_chain",
        "unit-revoked",
        "A unit's certificate was not revoked.",
        "EN 319 102-1, 5.4",
        any_unit,
    ),
    _rule(
        "archive_timestamps._imprint_of",
        "archive-over-other-content",
        "An archive timestamp stands over content, signature and hash index.",
        "EN 319 122-1, 5.5.3",
        always(value=None),
    ),
    _rule(
        "archive_timestamps._lists_everything",
        "archive-that-lists-what-is-not-there",
        "What a hash index lists is there, what must be listed is.",
        "EN 319 122-1, 5.5.2",
        always(value=True),
    ),
    Rule(
        about="A token over an XML signature stands over that very value.",
        source="EN 319 132-1, 5.3",
        function="signing.judge.tokens._compare_imprint",
        vector="token-of-another-xml-signature",
        ask=careful(token_of_another_xml_signature),
        answers=frozenset([Code.CERTIFICATE_REVOKED.value]),
        without=ACCEPTED,
    ),
    _alone(
        "tokens.FUTURE_TOLERANCE",
        cms_stamped.token_file_from_the_future,
        Code.TIMESTAMP_FROM_FUTURE,
        "A timestamp is not from the future.",
        "our rule; EN 319 102-1, 5.4",
        timedelta(days=9),
    ),
    _alone(
        "tokens._compare_imprint",
        cms_stamped.token_file_of_other_content,
        Code.TIMESTAMP_IMPRINT,
        "A timestamp alone stands over what came along.",
        "RFC 3161, 2.4.2",
    ),
    _alone(
        "tokens._is_timestamping_unit",
        cms_stamped.token_file_of_a_faulty_unit,
        Code.TIMESTAMP_UNIT,
        "Who stamps a file alone is a timestamping unit.",
        "RFC 3161, 2.3",
        always(value=True),
    ),
    _alone(
        "timestamp_file._GRANTED",
        cms_stamped.reply_that_was_not_granted,
        Code.TIMESTAMP_REFUSED,
        "A reply grants what it holds.",
        "RFC 3161, 2.4.2",
        frozenset({"granted", "rejection"}),
    ),
)
