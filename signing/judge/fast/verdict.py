"""The verdict of the fast lane: the very report that the careful judge would give, or none.

It accepts only what is shown: a plain document, signed whole, by a value that verifies, under a
chain of which the careful judge said that it holds now; likewise for the timestamp. It never says
anything but "accepted"; what it does not accept, the careful judge judges.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from signing.judge.codes import Code, NoteCode
from signing.judge.facts import ChainFact, Purpose
from signing.judge.fast.memory import ChainMemory
from signing.judge.fast.message import MAX_CERTIFICATES
from signing.judge.fast.syntax import MAX_TOKENS
from signing.judge.fast.verify import FUTURE_TOLERANCE, Party, Verified
from signing.judge.judgement import judged, whole
from signing.judge.policy import Policy
from signing.judge.reasons import note
from signing.judge.report import Note, Report, report_bytes
from tdh.domain.verdicts import AlgorithmFinding, SignatureKind, SignatureLevel

PADES: Final = "/ETSI.CAdES.detached"
PLAIN_PKCS7: Final = "/adbe.pkcs7.detached"


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """By which rules, under which trust and when it is judged."""

    trust_version: str
    policy: Policy
    at: datetime


def parties(verified: Verified) -> Iterator[tuple[Purpose, Party]]:
    """Of whom a fact is needed."""
    yield Purpose.SIGN, verified.signer
    if verified.stamp is not None:
        yield Purpose.TIMESTAMP, verified.stamp.unit


def accept(verified: Verified, memory: ChainMemory, occasion: Occasion) -> Report | None:
    """Give the report of an acceptance, or None where the careful judge must look."""
    if not _may_pass(verified, occasion):
        return None
    facts = list[ChainFact]()
    for purpose, party in parties(verified):
        fact = memory.find(purpose, party, occasion.at)
        if fact is None:
            return None
        facts.append(fact)
    return _report(verified, facts, occasion)


def learn(verified: Verified, report: Report, memory: ChainMemory, occasion: Occasion) -> bool:
    """Keep the facts of a careful acceptance, if they explain its report to the byte.

    Only facts about the certificates that were verified here are kept: a child that was taken over
    cannot speak about the certificates of others.
    """
    known = {(fact.purpose, fact.certificate_sha256, fact.material): fact for fact in report.facts}
    wanted = [
        known.get((purpose, party.certificate_sha256, party.material))
        for purpose, party in parties(verified)
    ]
    facts = [fact for fact in wanted if fact is not None]
    if not report.verdict.accepted or report.verdict.provisional or len(facts) < len(wanted):
        return False
    if facts[0].signer.certificate_sha256 != verified.signer.certificate_sha256:
        return False
    mine = _report(verified, facts, occasion)
    if not _may_pass(verified, occasion) or report_bytes(mine) != report_bytes(report):
        return False
    for fact in facts:
        memory.learn(fact, occasion.at)
    return True


def _may_pass(verified: Verified, occasion: Occasion) -> bool:
    """What depends on times and rules, beside chains."""
    stamp, at, policy = verified.stamp, occasion.at, occasion.policy
    if policy.max_certificates < MAX_CERTIFICATES or policy.max_structure_nodes < MAX_TOKENS:
        return False  # stricter bounds than those that were kept here
    if stamp is not None and stamp.time > at + FUTURE_TOLERANCE:
        return False
    existed = at if stamp is None else stamp.time
    plain = verified.subfilter == PLAIN_PKCS7 and policy.allow_plain_pkcs7
    return existed >= verified.begins and (verified.subfilter == PADES or plain)


def _report(verified: Verified, facts: Sequence[ChainFact], occasion: Occasion) -> Report:
    """Put the report together as `cms_signature` does; the first fact is the signer's."""
    signer = facts[0]
    noted = {code for fact in facts for code in fact.notes}
    proven = None if verified.stamp is None else verified.stamp.time
    level = SignatureLevel.B_B if proven is None else SignatureLevel.B_T
    signature = judged(
        verified.field,
        Code.SIGNATURE_VALID,
        signer=signer.signer,
        claimed=verified.claimed,
        proven=proven,
        level=level if verified.subfilter == PADES else None,
        algorithms=(
            AlgorithmFinding(use="digest", name=verified.digest, accepted=True),
            AlgorithmFinding(use="signature", name=verified.mechanism, accepted=True),
            *signer.algorithms,
        ),
        revocation=tuple(dict.fromkeys(one for fact in facts for one in fact.revocation)),
        notes=[code for code in NoteCode if code in noted],
    )
    judgement = whole(occasion, [signature], kind=SignatureKind.PADES)
    return Report(
        verdict=judgement.verdict,
        notes=tuple(Note(field=item.field, reason=note(item.code)) for item in judgement.notes),
        facts=tuple(facts),
    )
