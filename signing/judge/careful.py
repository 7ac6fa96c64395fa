"""Judges one PDF by the whole acceptance rule and says why, in one of the listed answers.

The order: is it a PDF, has it signatures, do its form and every clause hold, then each signature
(integrity, algorithms, timestamps, chain), then the worst of them for the whole. A broken clause or
anything unexpected is a refusal with a name. Pure: bytes, material, policy and time in, values out.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import x509
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from signing.judge import brought, pdf, revisions, tokens
from signing.judge.chain import Material, Question, judge_chain
from signing.judge.cms_checks import (
    check_algorithms,
    check_integrity,
    check_signed_attributes,
    signer_certificate,
    signer_of,
    worse,
)
from signing.judge.content import check_content
from signing.judge.policy import Policy
from signing.judge.reasons import ANSWERS, Code, NoteCode, Refused, reason
from tdh.domain.verdicts import (
    Indication,
    SignatureKind,
    SignatureLevel,
    SignatureVerdict,
    Signer,
    Verdict,
)

FOREIGN_PURPOSES = frozenset({"time_stamping", "ocsp_signing", "code_signing", "server_auth"})
"""Extended key usages that exclude documents. Many authorities give persons `client_auth` only."""
LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that decided nothing and should be said."""

    field: str
    code: NoteCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict and what the report adds to it."""

    verdict: Verdict
    notes: tuple[Note, ...] = ()
    seen: str = ""
    """For the log: what made a clause fail, in a developer's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Everything that a verdict depends on (with the document's bytes)."""

    material: Material
    trust_version: str
    policy: Policy
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """One signature, judged."""

    code: Code
    verdict: SignatureVerdict
    notes: tuple[Note, ...]


async def judge(data: bytes, inputs: Inputs) -> Judgement:
    """Judge one document; never raises for what the document holds."""
    try:
        return await _judge(data, inputs)
    except Refused as refusal:
        return _answer(inputs, refusal.code, kind=SignatureKind.PADES, seen=str(refusal))
    except MemoryError:
        raise
    except PdfError as problem:
        return _answer(inputs, Code.STRUCTURE_DAMAGED, kind=SignatureKind.PADES, seen=str(problem))
    except Exception as problem:  # clause 10: whatever happens is a refusal
        LOG.debug("unexpected", exc_info=problem)
        seen = f"{type(problem).__name__}: {problem}"
        return _answer(inputs, Code.UNEXPECTED, kind=SignatureKind.PADES, seen=seen)


async def _judge(data: bytes, inputs: Inputs) -> Judgement:
    if not pdf.is_pdf(data):
        return _answer(inputs, Code.NOT_A_PDF, kind=None)
    reader = pdf.open_strictly(data)
    pdf.check_encryption(reader)
    pdf.check_object_streams(reader)
    objects = pdf.signed_objects(data, reader, inputs.policy)
    if not objects:
        return _answer(inputs, Code.NO_SIGNATURE, kind=None)
    pdf.check_header(data)
    pdf.check_hybrid(reader)
    check_content(reader, inputs.policy)
    signatures = [item for item in objects if not item.is_timestamp]
    if not signatures:
        return _answer(inputs, Code.ONLY_A_TIMESTAMP, kind=SignatureKind.TIMESTAMP)
    revisions.check_nesting(objects)
    revisions.check_end(data, reader, objects)
    for item in signatures:
        if item.embedded is not None:
            revisions.check_changes(item.embedded, last=item is signatures[-1])
    return await _judge_signatures(data, reader, objects, inputs)


async def _judge_signatures(
    data: bytes, reader: PdfFileReader, objects: Sequence[pdf.SignedObject], inputs: Inputs
) -> Judgement:
    store = brought.from_store(reader)
    material = inputs.material
    for found in (store, brought.from_signatures(objects)):
        material = material.plus(
            certificates=found.certificates, crls=found.crls, ocsps=found.ocsps
        )
    moment = tokens.Moment(material=material, policy=inputs.policy, at=inputs.at)
    stamps = await tokens.verified_document_timestamps(data, objects, moment)
    case = _Case(data=data, moment=moment, stamps=stamps, has_store=store.has_revocation)
    try:
        judged = [await _judge_signature(item, case) for item in objects if not item.is_timestamp]
    except pdf.LIBRARY_TROUBLE as problem:
        raise Refused(Code.CONTENTS_DAMAGED, str(problem)) from problem
    uncounted = sum(item.is_timestamp for item in objects) - len(stamps)
    notes = [note for one in judged for note in one.notes]
    if uncounted:
        notes.append(Note(field="", code=NoteCode.TIMESTAMP_NOT_COUNTED))
    code = _worst(judged)
    return _answer(
        inputs,
        code,
        kind=SignatureKind.PADES,
        signatures=tuple(one.verdict for one in judged),
        notes=tuple(notes),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What the signatures of one document have in common."""

    data: bytes
    moment: tokens.Moment
    stamps: tuple[tokens.DocumentTimestamp, ...]
    has_store: bool


async def _judge_signature(item: pdf.SignedObject, case: _Case) -> _Judged:
    if item.embedded is None:
        raise Refused(Code.CONTENTS_DAMAGED)
    signed_data, info = item.embedded.signed_data, item.embedded.signer_info
    check_signed_attributes(info, needs_certificate=item.subfilter == pdf.PADES)
    try:
        certificate, others = signer_certificate(signed_data)
        digest = tokens.byte_range_digest(
            case.data, item, info["digest_algorithm"]["algorithm"].native
        )
    except Refused as refusal:
        return _judged(item, refusal.code)
    except ValueError:
        return _judged(item, Code.UNKNOWN_ALGORITHM)
    code = worse(check_integrity(info, certificate, digest), check_algorithms(info, certificate))
    after = [stamp.time for stamp in case.stamps if stamp.end > item.end]
    times, uncounted = await tokens.signature_timestamps(
        item, case.moment, min(after, default=None)
    )
    proven = min([*times, *after], default=None)
    notes = [NoteCode.TIMESTAMP_NOT_COUNTED] if uncounted else []
    if code is None:
        question = Question(
            certificate=certificate,
            material=case.moment.material.plus(certificates=others),
            mode=case.moment.policy.revocation,
            at=case.moment.at,
        )
        finding = await judge_chain(question, proven)
        notes.extend(finding.notes)
        code = finding.code or check_key_usage(certificate)
        started, _ = await tokens.content_timestamps(case.data, item, case.moment)
        code = _after_the_fact(code, certificate, finding.revoked_at, max(started, default=None))
    return _judged(
        item,
        code or Code.SIGNATURE_VALID,
        signer=signer_of(certificate),
        claimed=pdf.claimed_time(item),
        proven=proven,
        level=_level(item, case, proven),
        notes=tuple(Note(field=item.field, code=note) for note in notes),
    )


def check_key_usage(certificate: x509.Certificate) -> Code | None:
    """RFC 5280, 4.2.1.3 and 4.2.1.12: a key for other things signs no document."""
    usage = certificate.key_usage_value
    if usage is not None and not usage.native & {"digital_signature", "non_repudiation"}:
        return Code.KEY_USAGE
    purposes = certificate.extended_key_usage_value
    if purposes is not None and set(purposes.native) <= FOREIGN_PURPOSES:
        return Code.KEY_USAGE
    return None


def _after_the_fact(
    code: Code | None,
    certificate: x509.Certificate,
    revoked_at: datetime | None,
    started: datetime | None,
) -> Code | None:
    """EN 319 102-1, 5.3.4: a content timestamp proves that the signing itself came later."""
    if started is None:
        return code
    if code is Code.CERTIFICATE_REVOKED and revoked_at is not None and started >= revoked_at:
        return Code.SIGNED_AFTER_REVOCATION
    expired = {Code.CERTIFICATE_EXPIRED, Code.CERTIFICATE_EXPIRED_NOT_REVOKED}
    if code in expired and started > certificate.not_valid_after:
        return Code.SIGNED_AFTER_EXPIRY
    return code


def _level(item: pdf.SignedObject, case: _Case, proven: datetime | None) -> SignatureLevel | None:
    """ETSI EN 319 142-1, 6: what the signature carries, as far as it verifies."""
    if item.subfilter != pdf.PADES:
        return None
    if proven is None:
        return SignatureLevel.B_B
    if not case.has_store:
        return SignatureLevel.B_T
    archived = any(stamp.end > item.end for stamp in case.stamps)
    return SignatureLevel.B_LTA if archived else SignatureLevel.B_LT


def _judged(  # noqa: PLR0913 - the fields of a signature's verdict
    item: pdf.SignedObject,
    code: Code,
    *,
    signer: Signer | None = None,
    claimed: datetime | None = None,
    proven: datetime | None = None,
    level: SignatureLevel | None = None,
    notes: tuple[Note, ...] = (),
) -> _Judged:
    answer = ANSWERS[code]
    verdict = SignatureVerdict(
        field=item.field,
        indication=answer.indication,
        sub_indication=answer.sub_indication,
        level=level,
        signer=signer,
        claimed_time=claimed,
        proven_time=proven,
    )
    return _Judged(code=code, verdict=verdict, notes=notes)


def _worst(judged: Sequence[_Judged]) -> Code:
    """Every signature must pass; the gravest failing decides, the earlier of equals."""
    order = (Indication.TOTAL_FAILED, Indication.INDETERMINATE, Indication.TOTAL_PASSED)
    return min(judged, key=lambda one: order.index(ANSWERS[one.code].indication)).code


def _answer(  # noqa: PLR0913 - the fields of a verdict
    inputs: Inputs,
    code: Code,
    *,
    kind: SignatureKind | None,
    signatures: tuple[SignatureVerdict, ...] = (),
    notes: tuple[Note, ...] = (),
    seen: str = "",
) -> Judgement:
    answer = ANSWERS[code]
    verdict = Verdict(
        indication=answer.indication,
        sub_indication=answer.sub_indication,
        reason=reason(code),
        kind=kind,
        policy=inputs.policy.name,
        trust_version=inputs.trust_version,
        evaluated_at=inputs.at,
        signatures=signatures,
    )
    return Judgement(verdict=verdict, notes=notes, seen=seen)
