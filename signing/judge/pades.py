"""Judges a PDF by the whole acceptance rule: its form, what was appended, each signature.

ISO 32000-2, 12.8, and ETSI EN 319 142-1. A broken clause is a refusal with a name. Pure: bytes,
material, policy and time in, values out.
"""

from collections.abc import Sequence
from datetime import datetime

from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from signing.judge import brought, pdf, pdf_reading, revisions, tail, tokens
from signing.judge.added import check_added_fields
from signing.judge.certification import check_certification
from signing.judge.cms_signature import CmsSignature, judge_signature
from signing.judge.codes import Code, NoteCode, Refused
from signing.judge.content import check_content
from signing.judge.hybrid import check_readings
from signing.judge.judgement import Inputs, Judgement, Note, answer, whole
from signing.judge.long_term.updates import check_updates
from tdh.domain.verdicts import SignatureKind


async def judge_pdf(data: bytes, inputs: Inputs) -> Judgement:
    """Judge a PDF. Raises Refused for a broken clause, and what escapes from the libraries."""
    try:
        return await _judge(data, inputs)
    except PdfError as problem:
        raise Refused(Code.STRUCTURE_DAMAGED, str(problem)) from problem


async def _judge(data: bytes, inputs: Inputs) -> Judgement:
    reader = pdf_reading.open_strictly(data)
    pdf_reading.check_encryption(reader)
    pdf.check_object_streams(reader)
    objects = pdf.signed_objects(data, reader, inputs.policy)
    if not objects:
        return answer(inputs, Code.NO_SIGNATURE, kind=None)
    pdf_reading.check_header(data)
    pdf_reading.check_archive(data)
    pdf_reading.check_offsets(data, reader)
    signatures = [item for item in objects if not item.is_timestamp]
    if not signatures:
        return answer(inputs, Code.ONLY_A_TIMESTAMP, kind=SignatureKind.TIMESTAMP)
    check_readings(data, reader, inputs.policy)
    check_content(data, reader, inputs.policy)
    check_certification(reader, signatures)
    revisions.check_nesting(objects)
    growth = revisions.check_revisions(reader, signatures, len(data))
    check_updates(reader, growth.last, inputs.policy.max_structure_nodes)
    tail.check_tail(data, reader, growth.last, signatures[-1].end)
    first = revisions.signed_revision(reader, signatures[0], len(data))
    check_added_fields(reader, first, inputs.policy.max_structure_nodes)
    notes = [Note(field=name, code=NoteCode.FORM_FILLED_LATER) for name in growth.filled_after]
    return await _judge_signatures(data, reader, objects, inputs, notes)


async def _judge_signatures(
    data: bytes,
    reader: PdfFileReader,
    objects: Sequence[pdf.SignedObject],
    inputs: Inputs,
    notes: Sequence[Note],
) -> Judgement:
    store = brought.from_store(reader)
    material = inputs.material
    for found in (store, brought.from_signatures(objects)):
        material = material.plus(
            certificates=found.certificates, crls=found.crls, ocsps=found.ocsps
        )
    moment = tokens.Moment(material=material, policy=inputs.policy, at=inputs.at)
    stamps = await tokens.verified_document_timestamps(data, objects, moment)
    signatures = [
        _signature(
            item,
            data,
            later=[stamp.time for stamp in stamps if stamp.end > item.end],
            has_store=store.has_revocation,
        )
        for item in objects
        if not item.is_timestamp
    ]
    try:
        judged = [await judge_signature(one, moment) for one in signatures]
    except pdf_reading.LIBRARY_TROUBLE as problem:
        raise Refused(Code.CONTENTS_DAMAGED, str(problem)) from problem
    uncounted = sum(item.is_timestamp for item in objects) - len(stamps)
    if uncounted:
        notes = [*notes, Note(field="", code=NoteCode.TIMESTAMP_NOT_COUNTED)]
    return whole(inputs, judged, kind=SignatureKind.PADES, notes=tuple(notes))


def _signature(
    item: pdf.SignedObject, data: bytes, *, later: Sequence[datetime], has_store: bool
) -> CmsSignature:
    if item.embedded is None:
        raise Refused(Code.CONTENTS_DAMAGED)
    return CmsSignature(
        name=item.field,
        signed_data=item.embedded.signed_data,
        info=item.embedded.signer_info,
        digest=tokens.imprint_of_ranges(data, item),
        is_baseline=item.subfilter == pdf.PADES,
        claimed=pdf.claimed_time(item),
        later=later,
        has_validation_data=has_store,
    )
