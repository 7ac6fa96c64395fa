"""Judges one CMS signature, whatever carries it: a PDF, a .p7m, a container (EN 319 102-1, 5.3).

The order: form of the attributes, signer's certificate, digest and signature value, cryptography,
timestamps, chain at the time of judging or at the proven time, use of the key. Says nothing about
the document around it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from asn1crypto import cms

from signing.judge import tokens
from signing.judge.chain import ChainFinding, Question, judge_chain
from signing.judge.cms_checks import (
    algorithm_findings,
    check_algorithms,
    check_fields,
    check_integrity,
    check_signed_attributes,
    signer_certificate,
    worse,
)
from signing.judge.codes import Code, NoteCode, Refused
from signing.judge.facts import Purpose
from signing.judge.intervals import with_fact
from signing.judge.judgement import JudgedSignature, judged
from signing.judge.signer import signer_of
from signing.judge.signer_rules import after_the_fact, check_key_usage
from tdh.domain.verdicts import SignatureLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class CmsSignature:
    """One signer of a CMS message and what it stands over."""

    name: str
    """Field of the PDF, file in the container, or number of the signer."""
    signed_data: cms.SignedData
    """With this signer only."""
    info: cms.SignerInfo
    digest: tokens.Imprint
    """Digest name to the digest of the signed content."""
    content_type: str = "data"
    """What the message says that it encloses."""
    is_baseline: bool
    """Whether it claims a baseline profile: it then binds its certificate, and has a level."""
    claimed: datetime | None = None
    later: Sequence[datetime] = ()
    """Times of verified timestamps that stand over the whole signature."""
    has_validation_data: bool = False
    """Whether revocation data are kept with it (B-LT)."""
    covers: tuple[str, ...] = ()


async def judge_signature(one: CmsSignature, moment: tokens.Moment) -> JudgedSignature:
    """Judge one signer. Raises Refused for a broken clause of form."""
    info = one.info
    check_fields(one.signed_data, info)
    check_signed_attributes(info, needs_certificate=one.is_baseline)
    try:
        certificate, others = signer_certificate(one.signed_data)
        digest = one.digest(info["digest_algorithm"]["algorithm"].native)
    except Refused as refusal:
        return judged(one.name, refusal.code)
    except ValueError:
        return judged(one.name, Code.UNKNOWN_ALGORITHM)
    code = worse(
        check_integrity(info, certificate, digest, one.content_type),
        check_algorithms(info, certificate),
    )
    own, chain = replace(moment, units=[]), ChainFinding()
    times, uncounted = await tokens.signature_timestamps(info, own, min(one.later, default=None))
    proven = min([*times, *one.later], default=None)
    notes = [NoteCode.TIMESTAMP_NOT_COUNTED] if uncounted else []
    if code is None:
        question = Question(
            certificate=certificate,
            material=moment.material.plus(certificates=others),
            policy=moment.policy,
            at=moment.at,
        )
        chain = await judge_chain(question, proven)
        chain = with_fact(question, chain, Purpose.SIGN)
        code = chain.code or check_key_usage(certificate)
        started, _ = await tokens.content_timestamps(info, one.digest, own)
        code = after_the_fact(code, certificate, chain.revoked_at, max(started, default=None))
    chains = (chain, *own.units, *moment.units)
    notes.extend(note for note in NoteCode if any(note in item.notes for item in chains))
    return judged(
        one.name,
        code or Code.SIGNATURE_VALID,
        signer=signer_of(certificate),
        claimed=one.claimed,
        proven=proven,
        level=_level(one, proven),
        covers=one.covers,
        algorithms=algorithm_findings(info, certificate),
        revocation=tuple(dict.fromkeys(found for item in chains for found in item.revocation)),
        notes=notes,
        needs=tuple(dict.fromkeys(need for item in chains for need in item.needs)),
        facts=() if code else tuple(fact for item in chains for fact in item.facts),
    )


def _level(one: CmsSignature, proven: datetime | None) -> SignatureLevel | None:
    """EN 319 142-1 and 319 122-1, 6: what the signature carries, as far as it verifies."""
    if not one.is_baseline:
        return None
    if proven is None:
        return SignatureLevel.B_B
    if not one.has_validation_data:
        return SignatureLevel.B_T
    return SignatureLevel.B_LTA if one.later else SignatureLevel.B_LT
