"""Whether the certificates of a valid path are revoked, by the data at hand; what is missing.

ETSI EN 319 102-1, 5.2.6: every certificate below the anchor. Data may come from the document, from
the trust folder or from a fetcher: each counts by its own signature only. Fetches nothing.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from asn1crypto import x509
from pyhanko_certvalidator.util import get_declared_revinfo

from signing.judge.facts import Need, NeedKind
from signing.judge.revocation_answer import Answer, answer_about, is_never_checked, may_answer
from signing.judge.revocation_data import RevocationDatum, Statement
from signing.judge.revocation_list import statement_of_list
from signing.judge.revocation_needs import needs_of
from signing.judge.revocation_weigh import Occasion, Standing, Weighed, weigh
from signing.judge.shown import shown
from tdh.domain.verdicts import RevocationFinding, RevocationStatus

MAX_NEEDS = 8
"""Of one chain: two authorities and a signer with two addresses each, and something over."""
MAX_SUBJECT = 200
"""Characters of a name in a finding."""

_STATUS = {
    Standing.GOOD: RevocationStatus.GOOD,
    Standing.GOOD_BY_OLD_DATA: RevocationStatus.GOOD,
    Standing.REVOKED: RevocationStatus.REVOKED,
    Standing.ON_HOLD: RevocationStatus.REVOKED,
    Standing.UNKNOWN: RevocationStatus.UNKNOWN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One certificate of a path."""

    weighed: Weighed
    names_source: bool
    finding: RevocationFinding
    needs: tuple[Need, ...] = ()


async def check_path(
    path: Sequence[x509.Certificate], data: Sequence[RevocationDatum], occasion: Occasion
) -> tuple[Checked, ...]:
    """Check every certificate of a path but its first, the anchor; the signer's comes last."""
    return tuple(
        [
            await _check(certificate, issuer, data, occasion)
            for issuer, certificate in pairwise(path)
        ]
    )


def needs_of_path(checked: Sequence[Checked]) -> tuple[Need, ...]:
    """Everything that is missing, the signer's first, bounded."""
    every = [need for one in reversed(checked) for need in one.needs]
    return tuple(dict.fromkeys(every))[:MAX_NEEDS]


async def _check(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    data: Sequence[RevocationDatum],
    occasion: Occasion,
) -> Checked:
    statements = _lists(certificate, issuer, data)
    more: list[Need] = []
    for datum in data:
        answer = answer_about(datum, certificate, issuer) if _is_answer(datum) else None
        if answer is None:
            continue
        counts, asked = await _counts(answer, issuer, data, occasion)
        more.extend(asked)
        if counts:
            statements.append(answer.statement)
    weighed = weigh(statements, certificate.not_valid_after, occasion)
    names_source = any(get_declared_revinfo(certificate))
    settled = weighed.standing in {Standing.GOOD, Standing.REVOKED}
    return Checked(
        weighed=weighed,
        names_source=names_source,
        finding=_finding(certificate, weighed, names_source=names_source),
        needs=() if settled else (*more, *needs_of(certificate, issuer)),
    )


def _lists(
    certificate: x509.Certificate, issuer: x509.Certificate, data: Sequence[RevocationDatum]
) -> list[Statement]:
    found = [
        statement_of_list(datum, certificate, issuer)
        for datum in data
        if datum.kind is NeedKind.CRL
    ]
    return [statement for statement in found if statement is not None]


def _is_answer(datum: RevocationDatum) -> bool:
    return datum.kind is NeedKind.OCSP


async def _counts(
    answer: Answer,
    issuer: x509.Certificate,
    data: Sequence[RevocationDatum],
    occasion: Occasion,
) -> tuple[bool, tuple[Need, ...]]:
    """Whether who signed the answer may answer; and what is missing to say so.

    RFC 6960, 4.2.2.2.1: where the responder's certificate names a source it is looked up, in lists
    only (an answer about who answers would go round in circles); where it names none the issuer
    made it short-lived or means it to be trusted.
    """
    responder = answer.responder
    if responder is None:
        return True, ()
    times = (answer.produced_at, max(answer.produced_at, occasion.at))
    if not await may_answer(responder, issuer, tuple(dict.fromkeys(times))):
        return False, ()
    if is_never_checked(responder):
        return True, ()
    weighed = weigh(_lists(responder, issuer, data), responder.not_valid_after, occasion)
    match weighed.standing:
        case Standing.GOOD | Standing.GOOD_BY_OLD_DATA:
            return True, ()
        case Standing.REVOKED | Standing.ON_HOLD:
            return False, ()
        case Standing.UNKNOWN if any(get_declared_revinfo(responder)):
            lists = [n for n in needs_of(responder, issuer) if n.kind is NeedKind.CRL]
            return False, tuple(lists)
        case Standing.UNKNOWN:
            return True, ()


def _finding(
    certificate: x509.Certificate, weighed: Weighed, *, names_source: bool
) -> RevocationFinding:
    status, statement = _STATUS[weighed.standing], weighed.statement
    if status is RevocationStatus.UNKNOWN and not names_source:
        status = RevocationStatus.NOT_NEEDED
    return RevocationFinding(
        certificate_sha256=hashlib.sha256(certificate.dump()).hexdigest(),
        subject=shown(certificate.subject.human_friendly[:MAX_SUBJECT]),
        status=status,
        source=None if statement is None else statement.datum.source,
        data_sha256=None if statement is None else statement.datum.sha256,
        this_update=None if statement is None else statement.this_update,
        next_update=None if statement is None else statement.next_update,
        revoked_at=None if statement is None else statement.revoked_at,
        revocation_reason=None if statement is None else statement.reason,
    )
