"""What the judge of each kind takes and gives: inputs, findings of one signature, the whole.

Plain values. Every kind ends in `whole`, so that all kinds combine their signatures alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from signing.judge.codes import Code, NoteCode
from signing.judge.facts import ChainFact, Need
from signing.judge.policy import Policy
from signing.judge.reasons import ANSWERS, reason
from tdh.domain.verdicts import (
    AlgorithmFinding,
    Indication,
    RevocationFinding,
    SignatureKind,
    SignatureLevel,
    SignatureType,
    SignatureVerdict,
    Signer,
    Verdict,
)

MAX_NEEDS = 16
"""Of one document: whoever asks the judge does not become a tool for asking others."""

if TYPE_CHECKING:  # the trusted process puts verdicts together too, without pyHanko
    from signing.judge.chain import Material


class Terms(Protocol):
    """By which rules, under which trust and when something was judged."""

    @property
    def trust_version(self) -> str: ...
    @property
    def policy(self) -> Policy: ...
    @property
    def at(self) -> datetime: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Everything that a verdict depends on (with the document's bytes)."""

    material: "Material"
    trust_version: str
    policy: Policy
    at: datetime
    content: bytes | None = None
    """What a detached signature stands over, where it came along."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that decided nothing and should be said."""

    field: str
    code: NoteCode


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedSignature:
    """One signature, judged."""

    code: Code
    verdict: SignatureVerdict
    notes: tuple[Note, ...] = ()
    facts: tuple[ChainFact, ...] = ()
    needs: tuple[Need, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict and what the report adds to it."""

    verdict: Verdict
    notes: tuple[Note, ...] = ()
    seen: str = ""
    """For the log: what made a clause fail, in a developer's words."""
    needs: tuple[Need, ...] = ()
    """Revocation data that would help: a second round may bring them."""
    facts: tuple[ChainFact, ...] = ()
    """Chains that held and until when: the fast path may rely on them for other documents. It knows
    documents with one signature only, so of others nothing is told."""


def judged(  # noqa: PLR0913 - the fields of a signature's verdict
    name: str,
    code: Code,
    *,
    signer: Signer | None = None,
    claimed: datetime | None = None,
    proven: datetime | None = None,
    level: SignatureLevel | None = None,
    covers: tuple[str, ...] = (),
    algorithms: tuple[AlgorithmFinding, ...] = (),
    revocation: tuple[RevocationFinding, ...] = (),
    notes: Sequence[NoteCode] = (),
    facts: tuple[ChainFact, ...] = (),
    needs: tuple[Need, ...] = (),
) -> JudgedSignature:
    """Put one signature's verdict together."""
    answer = ANSWERS[code]
    verdict = SignatureVerdict(
        field=name,
        indication=answer.indication,
        sub_indication=answer.sub_indication,
        reason=reason(code),
        level=level,
        type=_type(code, signer),
        signer=signer,
        claimed_time=claimed,
        proven_time=proven,
        covers=covers,
        algorithms=algorithms,
        revocation=revocation,
    )
    return JudgedSignature(
        code=code,
        verdict=verdict,
        notes=tuple(Note(field=name, code=note) for note in notes),
        facts=facts,
        needs=needs,
    )


def rewritten(one: JudgedSignature, code: Code, **changes: Any) -> JudgedSignature:
    """Give a signature another answer; what else is known of it stays."""
    answer = ANSWERS[code]
    verdict = replace(
        one.verdict,
        indication=answer.indication,
        sub_indication=answer.sub_indication,
        reason=reason(code),
        type=_type(code, one.verdict.signer),
        **changes,
    )
    return replace(one, code=code, verdict=verdict)


_INTACT_BUT_NOT_TRUSTED = frozenset(
    {Code.UNKNOWN_ROOT, Code.CHAIN_INVALID, Code.REVOCATION_UNKNOWN, Code.KEY_USAGE}
)


def _type(code: Code, signer: Signer | None) -> SignatureType | None:
    """Electronic Transactions Act, 9, 26, 28: which type the signature shows itself to be.

    Sections 26(3) and (4), that changes show, hold for every intact signature; 26(1) and (2) are
    presumed of a key that an authority certified; a trusted authority makes it section 28.
    """
    if code is Code.SIGNATURE_VALID:
        return SignatureType.CERTIFIED
    if signer is not None and code in _INTACT_BUT_NOT_TRUSTED:
        return SignatureType.RELIABLE if code is not Code.UNKNOWN_ROOT else SignatureType.GENERAL
    return None


def whole(
    inputs: Terms,
    signatures: Sequence[JudgedSignature],
    *,
    kind: SignatureKind,
    notes: tuple[Note, ...] = (),
) -> Judgement:
    """Combine: every signature must pass; the gravest failing decides, the earlier of equals."""
    order = (Indication.TOTAL_FAILED, Indication.INDETERMINATE, Indication.TOTAL_PASSED)
    worst = min(signatures, key=lambda one: order.index(ANSWERS[one.code].indication)).code
    every_note = (*(note for one in signatures for note in one.notes), *notes)
    # What has failed for good is not worth asking anybody anything.
    asking = () if ANSWERS[worst].indication is Indication.TOTAL_FAILED else signatures
    return answer(
        inputs,
        worst,
        kind=kind,
        signatures=tuple(one.verdict for one in signatures),
        notes=every_note,
        needs=tuple(dict.fromkeys(need for one in asking for need in one.needs))[:MAX_NEEDS],
        facts=signatures[0].facts if len(signatures) == 1 else (),
    )


def answer(  # noqa: PLR0913 - the fields of a verdict
    inputs: Terms,
    code: Code,
    *,
    kind: SignatureKind | None,
    signatures: tuple[SignatureVerdict, ...] = (),
    notes: tuple[Note, ...] = (),
    seen: str = "",
    needs: tuple[Need, ...] = (),
    facts: tuple[ChainFact, ...] = (),
) -> Judgement:
    """Put the verdict of a document together."""
    row = ANSWERS[code]
    passed = row.indication is Indication.TOTAL_PASSED
    verdict = Verdict(
        indication=row.indication,
        sub_indication=row.sub_indication,
        reason=reason(code),
        kind=kind,
        policy=inputs.policy.name,
        trust_version=inputs.trust_version,
        evaluated_at=inputs.at,
        signatures=signatures,
        provisional=passed and any(note.code in PROVISIONAL for note in notes),
    )
    return Judgement(verdict=verdict, notes=notes, seen=seen, needs=needs, facts=facts)


PROVISIONAL = frozenset({NoteCode.REVOCATION_DATA_OLD})
"""What makes an acceptance worth a second look when newer data are there."""
