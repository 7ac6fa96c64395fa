"""Clauses 3 to 5: what was appended after each signature, and whether that was allowed.

A PDF grows by revisions (ISO 32000-2, 7.5.6). The last signature may be followed by long-term
validation data only (LTA_UPDATES), an earlier one by what its own DocMDP and FieldMDP allow, at
most filling in of forms and further signatures. pyHanko's difference analysis sorts the changes;
around it stand checks that every appended byte belongs to a revision it knows.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import (
    DEFAULT_DIFF_POLICY,
    DiffResult,
    ModificationLevel,
)
from pyhanko.sign.validation import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from signing.judge.pdf import LIBRARY_TROUBLE, SignedObject
from signing.judge.reasons import Code, Refused

_OBJECT = re.compile(rb"(?<![0-9])(\d{1,10})[\x00\t\n\x0c\r ]+(\d{1,5})[\x00\t\n\x0c\r ]+obj\b")
_END = re.compile(rb"startxref[\r\n ]+(\d+)[\r\n ]+%%EOF[\r\n ]*\Z")
_TAIL_BYTES = 64


def check_nesting(objects: Sequence[SignedObject]) -> None:
    """Each signature covers those before it: no two end at the same place."""
    ends = [item.end for item in objects]
    if len(set(ends)) != len(ends):
        raise Refused(Code.SIGNATURES_DISAGREE, "two signatures cover the same bytes")
    for earlier, later in pairwise(objects):
        if later.byte_range[1] < earlier.end:
            raise Refused(Code.BYTE_RANGE_SHAPE, "signatures overlap")


def check_end(data: bytes, reader: PdfFileReader, objects: Sequence[SignedObject]) -> None:
    """Clause 3: the last signed object covers the last byte, or well-formed revisions follow it."""
    last = objects[-1]
    if last.end == len(data):
        return
    if last.embedded is None:
        raise Refused(Code.BYTES_AFTER_SIGNATURE, "after a timestamp that cannot be read")
    tail = data[last.end :]
    newest = reader.xrefs.total_revisions - 1
    signed = last.embedded.signed_revision
    if signed >= newest or tail.count(b"startxref") != newest - signed:
        raise Refused(Code.BYTES_AFTER_SIGNATURE, "no revision")
    end = _END.search(data, len(data) - _TAIL_BYTES)
    if end is None or int(end.group(1)) != reader.xrefs.get_startxref_for_revision(newest):
        raise Refused(Code.BYTES_AFTER_SIGNATURE, "end of file")
    listed = _listed_objects(data, reader, range(signed + 1, newest + 1))
    if any(found.start() + last.end not in listed for found in _OBJECT.finditer(tail)):
        raise Refused(Code.BYTES_AFTER_SIGNATURE, "an object that no table lists")


def _listed_objects(data: bytes, reader: PdfFileReader, revisions: range) -> set[int]:
    """Where the objects of the revisions begin; each of them must be readable without repair.

    So a repairing reader finds nothing between them, and nothing else in them.
    """
    listed = set()
    for revision in revisions:
        listed.add(reader.xrefs.get_xref_container_info(revision).start_location)
        for reference in reader.xrefs.explicit_refs_in_revision(revision):
            place = reader.xrefs.get_historical_ref(reference, revision)
            if isinstance(place, int):
                listed.add(place)
                if _OBJECT.match(data, place) is None:
                    raise Refused(Code.BYTES_AFTER_SIGNATURE, "an object without its head")
            try:
                reader.get_object(reference, revision)  # type: ignore[no-untyped-call]  # pyHanko is typed in part
            except LIBRARY_TROUBLE as problem:
                raise Refused(Code.BYTES_AFTER_SIGNATURE, str(problem)) from problem
    return listed


def check_changes(embedded: EmbeddedPdfSignature, *, last: bool) -> None:
    """Clauses 3, 4, 5: which changes follow this signature, and are they allowed."""
    try:
        coverage = embedded.evaluate_signature_coverage()
        embedded.coverage = coverage  # type: ignore[assignment]  # read by evaluate_modifications
        if coverage < SignatureCoverageLevel.ENTIRE_REVISION:
            raise Refused(Code.BYTES_AFTER_SIGNATURE, "its own revision is not covered")
        result = embedded.evaluate_modifications(DEFAULT_DIFF_POLICY)
    except LIBRARY_TROUBLE as problem:
        code = Code.REVISION_AFTER_SIGNING if last else Code.CHANGED_BETWEEN_SIGNATURES
        raise Refused(code, str(problem)) from problem
    level = result.modification_level if isinstance(result, DiffResult) else ModificationLevel.OTHER
    if last and level > ModificationLevel.LTA_UPDATES:
        raise Refused(Code.REVISION_AFTER_SIGNING, level.name)
    rules = embedded.docmdp_level
    if rules is not None and level.value > rules.value:
        raise Refused(Code.CHANGE_FORBIDDEN_BY_SIGNER, level.name)
    if level > ModificationLevel.FORM_FILLING:
        raise Refused(Code.CHANGED_BETWEEN_SIGNATURES, level.name)
