"""Until when a finding about a chain stays as it is: facts for the fast lane.

A chain is judged from certificates, anchors' terms and revocation data; as long as no validity of
any of them begins or ends, the same question has the same answer. The interval given here lies
between the nearest such instants around the time of judging, kept a little away from both. It is
conservative: everything at hand counts, whether the chain uses it or not.
"""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from asn1crypto import x509

from signing.judge.chain import ChainFinding, Material, Question
from signing.judge.codes import NoteCode
from signing.judge.facts import ChainFact, Purpose
from signing.judge.revocation_data import TROUBLE, Origin, RevocationDatum
from signing.judge.revocation_weigh import FUTURE_TOLERANCE, WITHOUT_NEXT_UPDATE
from signing.judge.signer import key_findings, signer_of

MARGIN = timedelta(seconds=2)
"""Validators tolerate a second."""
_EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
_LATEST = datetime(9999, 12, 30, tzinfo=UTC)


def with_fact(question: Question, finding: ChainFinding, purpose: Purpose) -> ChainFinding:
    """Add the fact that a good finding is, if it is one that stays for a while.

    It is none where it holds only for a time gone by, rests on revocation data that the document
    brought or that are too old, or on something that cannot be read.
    """
    return replace(finding, facts=_facts(question, finding, purpose))


def _facts(question: Question, finding: ChainFinding, purpose: Purpose) -> tuple[ChainFact, ...]:
    certificates = question.material.others
    documents_own = any(one.origin is Origin.DOCUMENT for one in question.material.revocation)
    old = NoteCode.REVOCATION_DATA_OLD in finding.notes
    if finding.code is not None or finding.past or documents_own or old or not finding.path:
        return ()
    try:
        interval = stable_interval(question, finding.path)
    except TROUBLE:
        return ()
    if interval is None:
        return ()
    return (
        ChainFact(
            purpose=purpose,
            certificate_sha256=question.certificate.sha256.hex(),
            material=_digest_of(certificates),
            not_before=interval[0],
            not_after=interval[1],
            signer=signer_of(question.certificate),
            algorithms=key_findings(question.certificate),
            revocation=finding.revocation,
            notes=tuple(sorted(code.value for code in finding.notes)),
        ),
    )


def _digest_of(certificates: tuple[x509.Certificate, ...]) -> str:
    """As `fast.verify.material_digest`: certificates in order, each once."""
    total = hashlib.sha256()
    for digest in dict.fromkeys(certificate.sha256 for certificate in certificates):
        total.update(digest)
    return total.hexdigest()


def stable_interval(
    question: Question, path: tuple[x509.Certificate, ...]
) -> tuple[datetime, datetime] | None:
    """The interval around the time of judging in which nothing at hand begins or ends.

    None if something does so just then. Raises what escapes from the libraries.
    """
    instants = set(_instants(question, path))
    before = max((one for one in instants if one <= question.at), default=_EARLIEST)
    after = min((one for one in instants if one > question.at), default=_LATEST)
    begin, end = before + MARGIN, after - MARGIN
    return (begin, end) if begin <= question.at <= end else None


def _instants(question: Question, path: tuple[x509.Certificate, ...]) -> Iterator[datetime]:
    material = question.material
    for anchor in material.anchors:
        yield from (one for one in (anchor.valid_from, anchor.valid_until) if one is not None)
        yield from _life(anchor.certificate)
    for certificate in (*material.others, *path, question.certificate):
        yield from _life(certificate)
    for datum in material.revocation:
        for issued, ends in _updates(datum):
            yield issued
            yield issued - FUTURE_TOLERANCE
            yield ends or issued + WITHOUT_NEXT_UPDATE
            if question.policy.max_revocation_age is not None:
                yield issued + question.policy.max_revocation_age
        yield from _revocations(datum, path)


def warm(material: Material) -> None:
    """Read the dates of the trust material, which are then remembered by it, before the forks."""
    for certificate in (*(anchor.certificate for anchor in material.anchors), *material.others):
        with suppress(*TROUBLE):
            _life(certificate)


def _life(certificate: x509.Certificate) -> tuple[datetime, datetime]:
    return certificate.not_valid_before, certificate.not_valid_after


def _updates(datum: RevocationDatum) -> Iterator[tuple[datetime, datetime | None]]:
    """When each statement in a datum was issued, and until when it is meant to be used."""
    if (crl := datum.as_list) is not None:
        yield crl.last_update_utc, crl.next_update_utc
    if (answer := datum.as_answer) is not None:
        yield answer["tbs_response_data"]["produced_at"].native, None
        for certificate in answer["certs"] or ():
            for instant in _life(certificate):
                yield instant, instant
        for one in answer["tbs_response_data"]["responses"]:
            yield one["this_update"].native, one["next_update"].native


def _revocations(datum: RevocationDatum, path: tuple[x509.Certificate, ...]) -> Iterator[datetime]:
    """Revocations of certificates of the path, one that is yet to come among them."""
    if (crl := datum.as_list) is not None:
        for certificate in path:
            entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
            if entry is not None:
                yield entry.revocation_date_utc
    if (answer := datum.as_answer) is not None:
        for one in answer["tbs_response_data"]["responses"]:
            if one["cert_status"].name == "revoked":
                yield one["cert_status"].chosen["revocation_time"].native
