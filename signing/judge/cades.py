"""Judges a CMS message as a document: CAdES and plain CMS, attached (.p7m) and detached (.p7s).

RFC 5652, 5; ETSI EN 319 122-1. Each signer is judged; the policy says whether all must hold.
Attribute certificates and countersignatures never help. What is signed is not looked into: a PDF in
a .p7m may have signatures of its own, which are not judged.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from asn1crypto import cms, core

from signing.judge import archive_timestamps, tokens
from signing.judge.brought_cms import from_message, has_revocation_data
from signing.judge.cms_reader import CmsMessage, read_message, signers_apart
from signing.judge.cms_signature import CmsSignature, judge_signature
from signing.judge.codes import Code, NoteCode, Refused
from signing.judge.judgement import (
    Inputs,
    JudgedSignature,
    Judgement,
    Note,
    answer,
    judged,
    rewritten,
    whole,
)
from signing.judge.kinds import Kind, kind_of
from signing.judge.pdf_reading import LIBRARY_TROUBLE
from signing.judge.policy import Policy, Signers
from signing.judge.timestamp_file import judge_token_file
from tdh.domain.verdicts import SignatureKind

_ESS = frozenset({"signing_certificate", "signing_certificate_v2"})
_MESSAGE_VERSIONS = frozenset({"v1", "v3", "v4", "v5"})
_SIGNER_VERSIONS = frozenset({"v1", "v3"})
_COUNTERSIGNATURE = "counter_signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What the signers of a message signed."""

    digest: tokens.Imprint | None
    """None: it did not come along."""
    covers: tuple[str, ...] = ()
    later: tuple[datetime, ...] = ()
    """Times of verified timestamps outside the message that stand over all of it."""


async def judge_cms(data: bytes, inputs: Inputs) -> Judgement:
    """Judge a CMS message. Raises Refused for a broken clause of form."""
    message = read_message(data)
    if message.is_timestamp:
        return await judge_token_file(message.signed_data, inputs)
    content = _content(message, inputs)
    if content is None:
        signed = Signed(digest=None)
    else:
        signed = Signed(digest=tokens.imprint_of(content), covers=(description(content),))
    signatures = await judge_signers(message, signed, inputs)
    if not signatures:
        return answer(inputs, Code.NO_SIGNATURE, kind=None)
    return combined(inputs, signatures, SignatureKind.CADES)


def combined(
    inputs: Inputs,
    signatures: Sequence[JudgedSignature],
    kind: SignatureKind,
    notes: tuple[Note, ...] = (),
) -> Judgement:
    """Combine the signers as the policy says: all must hold, or one is enough."""
    judgement = whole(inputs, signatures, kind=kind, notes=notes)
    held = [one for one in signatures if one.code is Code.SIGNATURE_VALID]
    if inputs.policy.signers is Signers.ALL or not held:
        return judgement
    best = whole(inputs, held, kind=kind, notes=judgement.notes)
    every = judgement.verdict.signatures
    return replace(judgement, verdict=replace(best.verdict, signatures=every))


async def judge_signers(
    message: CmsMessage, signed: Signed, inputs: Inputs, *, prefix: str = ""
) -> list[JudgedSignature]:
    """Judge every signer of a message; none is a message without signers.

    Raises Refused for a broken clause that concerns all of it.
    """
    try:
        _check_counts(message.signed_data, inputs.policy)
        apart = signers_apart(message.signed_data)
        found = from_message(message.signed_data)
    except LIBRARY_TROUBLE as problem:
        raise Refused(Code.CONTENTS_DAMAGED, str(problem)) from problem
    material = inputs.material.plus(
        certificates=found.certificates, crls=found.crls, ocsps=found.ocsps
    )
    moment = tokens.Moment(material=material, policy=inputs.policy, at=inputs.at)
    signatures = []
    for number, alone in enumerate(apart, 1):
        name = prefix if prefix and len(apart) == 1 else f"{prefix}#{number}"
        try:
            one = await _judge_signer(name, message, alone, signed, moment)
        except Refused as refusal:
            one = judged(name, refusal.code, covers=signed.covers)
        except LIBRARY_TROUBLE:
            one = judged(name, Code.CONTENTS_DAMAGED, covers=signed.covers)
        signatures.append(one)
    return signatures


async def _judge_signer(
    name: str,
    message: CmsMessage,
    alone: cms.SignedData,
    signed: Signed,
    moment: tokens.Moment,
) -> JudgedSignature:
    (info,) = alone["signer_infos"]
    _check_versions(alone, info)
    digest = signed.digest or _stated_digest(info)
    archived = await archive_timestamps.verified(info, message.signed_data, digest, moment)
    bound = _check_binding(info, moment.policy)
    one = await judge_signature(
        CmsSignature(
            name=name,
            signed_data=alone,
            info=info,
            digest=digest,
            content_type=message.content_type,
            is_baseline=bound,
            claimed=_claimed_time(info),
            later=(*archived.times, *signed.later),
            has_validation_data=has_revocation_data(message.signed_data, info),
            covers=signed.covers,
        ),
        moment,
    )
    notes = []
    if archived.uncounted:
        notes.append(NoteCode.ARCHIVE_TIMESTAMP_NOT_JUDGED)
    if _has(info["unsigned_attrs"], {_COUNTERSIGNATURE}):
        notes.append(NoteCode.COUNTERSIGNATURE_NOT_JUDGED)
    one = replace(one, notes=(*one.notes, *(Note(field=name, code=note) for note in notes)))
    if signed.digest is None and one.code is Code.SIGNATURE_VALID:
        return rewritten(one, Code.CONTENT_MISSING)
    return one


def _content(message: CmsMessage, inputs: Inputs) -> bytes | None:
    """What is signed: enclosed, or brought along; where both are there, they must be the same."""
    if message.content is None:
        return inputs.content
    if inputs.content is not None and inputs.content != message.content:
        raise Refused(Code.CONTENT_DIFFERS)
    return message.content


def _check_counts(signed_data: cms.SignedData, policy: Policy) -> None:
    signers = signed_data["signer_infos"]
    if len(signers) > policy.max_signatures:
        raise Refused(Code.TOO_MANY_SIGNATURES)
    if len(signed_data["certificates"] or ()) > policy.max_certificates:
        raise Refused(Code.TOO_MANY_CERTIFICATES)


def _check_versions(signed_data: cms.SignedData, info: cms.SignerInfo) -> None:
    """RFC 5652, 5.1 and 5.3. asn1crypto checks what it is asked for, so all that remains is."""
    _ = signed_data["digest_algorithms"].native
    versions = signed_data["version"].native, info["version"].native
    if versions[0] not in _MESSAGE_VERSIONS or versions[1] not in _SIGNER_VERSIONS:
        raise Refused(Code.CONTENTS_DAMAGED, f"versions {versions}")


def _check_binding(info: cms.SignerInfo, policy: Policy) -> bool:
    """EN 319 122-1, 5.2.2: one signing-certificate attribute, of either kind; none is plain CMS."""
    count = sum(attribute["type"].native in _ESS for attribute in (info["signed_attrs"] or ()))
    if count > 1:
        raise Refused(Code.SIGNED_ATTRIBUTE_REPEATED, "signing-certificate")
    if count == 0 and not policy.allow_plain_cms:
        raise Refused(Code.SIGNING_CERTIFICATE_ATTRIBUTE)
    return count == 1


def _stated_digest(info: cms.SignerInfo) -> tokens.Imprint:
    """Without content: believe the digest that was signed, to say what else can be said."""
    stated = [
        attribute["values"][0].native
        for attribute in (info["signed_attrs"] or ())
        if attribute["type"].native == "message_digest"
    ]
    name = info["digest_algorithm"]["algorithm"].native

    def digest(asked: str) -> bytes:
        return stated[0] if stated and asked == name else b""

    return digest


def _claimed_time(info: cms.SignerInfo) -> datetime | None:
    times = [
        attribute["values"][0].native
        for attribute in (info["signed_attrs"] or ())
        if attribute["type"].native == "signing_time"
    ]
    return times[0] if times and isinstance(times[0], datetime) else None


def _has(attributes: core.Asn1Value, kinds: set[str]) -> bool:
    return any(attribute["type"].native in kinds for attribute in (attributes or ()))


def description(content: bytes) -> str:
    """Say of signed content what can be said without a name: kind, size, digest."""
    digest, kind = hashlib.sha256(content).hexdigest(), kind_of(content)
    name = "file" if kind is Kind.UNKNOWN else kind.value
    return f"{name}, {len(content)} bytes, sha256 {digest}"
