"""Judges a container: ASiC-S and ASiC-E with CAdES, XAdES, or timestamps only.

ETSI EN 319 162-1. Every signature is judged over the files that it covers, and every file must be
covered. Timestamps beside signatures help or are left out; in a container without signatures they
are what is judged, and the result is nobody's signature. Evidence records are not judged.
"""

import json
from collections.abc import Sequence
from dataclasses import replace

from signing.judge.asic_layout import Layout, sorted_out
from signing.judge.asic_manifest import Manifest, read_manifest
from signing.judge.asic_times import Stamp, judge_stamps
from signing.judge.cades import Signed, combined, judge_signers
from signing.judge.cms_checks import worse
from signing.judge.cms_reader import read_message
from signing.judge.codes import Code, NoteCode, Refused
from signing.judge.judgement import (
    Inputs,
    JudgedSignature,
    Judgement,
    Note,
    answer,
    judged,
    rewritten,
)
from signing.judge.policy import Coverage, Policy, Signers
from signing.judge.tokens import imprint_of
from signing.judge.xades import judge_xades
from signing.judge.zip_reader import read_zip
from tdh.domain.verdicts import Indication, SignatureKind

_MAX_COVERED = 24_000
"""Octets of names, spelled in JSON, that a verdict repeats; all signatures together."""


async def judge_container(data: bytes, inputs: Inputs) -> Judgement:
    """Judge a ZIP archive. Raises Refused where it is no container of signatures."""
    layout = sorted_out(read_zip(data), inputs.policy)
    try:
        return await _judge(layout, inputs)
    except Refused as refusal:
        return answer(inputs, refusal.code, kind=layout.kind, seen=str(refusal))


async def _judge(layout: Layout, inputs: Inputs) -> Judgement:
    if not (layout.cades or layout.xades or layout.tokens or layout.records):
        return answer(inputs, Code.NO_SIGNATURE, kind=None)
    _check_form(layout, inputs.policy)
    manifests = [read_manifest(name, layout.files[name]) for name in layout.manifests]
    stamps = await judge_stamps(layout, manifests, inputs)
    notes = list(layout.notes)
    if layout.records:
        notes.append(Note(field=layout.records[0], code=NoteCode.EVIDENCE_RECORD_NOT_JUDGED))
    signatures = [
        *await _judge_cades(layout, manifests, stamps, inputs),
        *await _judge_xades(layout, inputs),
    ]
    if signatures:
        notes.extend(
            Note(field=stamp.name, code=NoteCode.TIMESTAMP_NOT_COUNTED)
            for stamp in stamps
            if not stamp.holds
        )
    elif layout.cades or layout.xades:
        return answer(inputs, Code.NO_SIGNATURE, kind=None)
    elif stamps:
        signatures = [stamp.judged for stamp in stamps]
    else:
        return answer(
            inputs, Code.CONTAINER_ONLY_EVIDENCE_RECORD, kind=layout.kind, notes=tuple(notes)
        )
    judgement = combined(inputs, signatures, layout.kind, tuple(notes))
    return _told_briefly(_with_coverage(judgement, layout, signatures, inputs))


def _check_form(layout: Layout, policy: Policy) -> None:
    """4.3.3.2, 4.4.3.2: one file, in no folder, and one signature file in ASiC-S; not both ways."""
    _check_count(len(layout.cades) + len(layout.xades) + len(layout.tokens), policy)
    if layout.cades and layout.xades:
        raise Refused(Code.CONTAINER_MIXED)
    if not layout.data:
        raise Refused(Code.CONTAINER_EMPTY)
    if layout.kind is SignatureKind.ASIC_S and (
        len(layout.data) > 1 or len(layout.cades) + len(layout.xades) > 1
    ):
        raise Refused(Code.CONTAINER_SEVERAL_FILES)
    if layout.kind is SignatureKind.ASIC_S and "/" in layout.data[0]:
        raise Refused(Code.CONTAINER_FILE_PLACE, layout.data[0])


def _check_count(count: int, policy: Policy) -> None:
    """As many signatures and timestamps as the policy allows, over all files."""
    if count > policy.max_signatures:
        raise Refused(Code.TOO_MANY_SIGNATURES, str(count))


async def _judge_cades(
    layout: Layout, manifests: Sequence[Manifest], stamps: Sequence[Stamp], inputs: Inputs
) -> list[JudgedSignature]:
    signatures: list[JudgedSignature] = []
    for name in layout.cades:
        over, covers, problem = _signed_by(name, layout, manifests)
        later = tuple(stamp.time for stamp in stamps if stamp.holds and name in stamp.covers)
        signed = Signed(digest=imprint_of(over), covers=covers, later=later)
        signatures.extend(
            _with_problem(one, problem)
            for one in await _judge_detached(name, layout.files[name], signed, inputs)
        )
        _check_count(len(signatures), inputs.policy)
    return signatures


def _signed_by(
    name: str, layout: Layout, manifests: Sequence[Manifest]
) -> tuple[bytes, tuple[str, ...], Code | None]:
    """The bytes that a signature stands over, what it covers by them, and what is wrong there."""
    if layout.kind is SignatureKind.ASIC_S:
        return layout.files[layout.data[0]], layout.data, None
    naming = [manifest for manifest in manifests if manifest.signature == name]
    if len(naming) != 1:
        raise Refused(Code.CONTAINER_SIGNATURE_LOOSE, name)
    return naming[0].content, naming[0].covers, naming[0].check(layout.files)


async def _judge_detached(
    name: str, content: bytes, signed: Signed, inputs: Inputs
) -> list[JudgedSignature]:
    try:
        message = read_message(content)
        if message.content is None and not message.is_timestamp:
            return await judge_signers(message, signed, inputs, prefix=name)
        code = Code.CONTENT_NOT_DETACHED
    except Refused as refusal:
        code = refusal.code
    return [judged(name, code, covers=signed.covers)]


async def _judge_xades(layout: Layout, inputs: Inputs) -> list[JudgedSignature]:
    signatures: list[JudgedSignature] = []
    for name in layout.xades:
        prefix = f"{name}#" if len(layout.xades) > 1 else ""
        try:
            found = await judge_xades(layout.files[name], layout.files.get, inputs, prefix=prefix)
        except Refused as refusal:
            found = [judged(name, refusal.code)]
        signatures.extend(found)
        _check_count(len(signatures), inputs.policy)
    return signatures


def _with_problem(one: JudgedSignature, problem: Code | None) -> JudgedSignature:
    """What the manifest says of the files is part of what was signed."""
    if problem is None:
        return one
    own = None if one.code is Code.SIGNATURE_VALID else one.code
    return rewritten(one, worse(own, problem) or problem)


def _with_coverage(
    judgement: Judgement, layout: Layout, signatures: Sequence[JudgedSignature], inputs: Inputs
) -> Judgement:
    """Every file is covered: by each signature or, where the policy says so, by some.

    Where the policy takes one good signer for enough, only good ones count here.
    """
    counted = signatures
    if inputs.policy.signers is Signers.ONE:
        held = [one for one in signatures if one.code is Code.SIGNATURE_VALID]
        counted = held or signatures
    covered = [set(one.verdict.covers) for one in counted]
    unsigned = set(layout.data).difference(*covered)
    partly = set(layout.data).difference(set(layout.data).intersection(*covered))
    code = None
    if unsigned:
        code = Code.CONTAINER_FILE_UNSIGNED
    elif partly and inputs.policy.coverage is Coverage.EACH:
        code = Code.CONTAINER_FILE_PARTLY_SIGNED
    found = judgement.verdict.indication
    if code is None or found is Indication.TOTAL_FAILED:
        return judgement
    if found is Indication.INDETERMINATE and code is Code.CONTAINER_FILE_PARTLY_SIGNED:
        return judgement
    named = answer(
        inputs,
        code,
        kind=layout.kind,
        signatures=judgement.verdict.signatures,
        notes=judgement.notes,
        seen=", ".join(sorted(unsigned or partly))[:500],
    )
    return replace(named, needs=judgement.needs)


def _told_briefly(judgement: Judgement) -> Judgement:
    """Name so many covered files only that the answer fits through a child's pipe."""
    signatures = judgement.verdict.signatures
    told = tuple(
        replace(one, covers=_first_names(one.covers, _MAX_COVERED // len(signatures)))
        for one in signatures
    )
    return replace(judgement, verdict=replace(judgement.verdict, signatures=told))


def _first_names(names: tuple[str, ...], room: int) -> tuple[str, ...]:
    kept: list[str] = []
    for name in names:
        room -= len(json.dumps(name))
        if room < 0:
            return (*kept, f"(+{len(names) - len(kept)})")
        kept.append(name)
    return tuple(kept)
