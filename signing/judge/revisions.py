"""Clauses 3 to 5: each signature covers its revision, and what later signers changed was allowed.

A PDF grows by revisions (ISO 32000-2, 7.5.6). Between two signatures stands what the earlier one's
own DocMDP and FieldMDP allow, at most filling in of forms and further signatures; pyHanko's
difference analysis sorts these changes. What follows the last signature is the subject of
`long_term` and `tail`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import (
    DEFAULT_DIFF_POLICY,
    DiffResult,
    ModificationLevel,
    SuspiciousModification,
)
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import EmbeddedPdfSignature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.status import SignatureCoverageLevel

from signing.judge.certification import level_of
from signing.judge.codes import Code, Refused
from signing.judge.pdf import SignedObject
from signing.judge.pdf_reading import LIBRARY_TROUBLE


def check_nesting(objects: Sequence[SignedObject]) -> None:
    """Clause 3 (our rule): each signature covers those before it; no two end at the same place."""
    ends = [item.end for item in objects]
    if len(set(ends)) != len(ends):
        raise Refused(Code.SIGNATURES_DISAGREE, "two signatures cover the same bytes")
    for earlier, later in pairwise(objects):
        if later.byte_range[1] < earlier.end:
            raise Refused(Code.BYTE_RANGE_SHAPE, "signatures overlap")


def signed_revision(reader: PdfFileReader, signature: SignedObject, size: int) -> int:
    """The number of the newest revision that a signature covers. `size` is the file's.

    A signature up to the last byte covers them all, also where a linearized file (Annex F) has the
    tables of one revision in two places.
    """
    if signature.end == size:
        return reader.total_revisions - 1
    revision: int = _embedded(signature).signed_revision
    return revision


def _embedded(signature: SignedObject) -> EmbeddedPdfSignature:
    if signature.embedded is None:
        raise Refused(Code.CONTENTS_DAMAGED)
    return signature.embedded


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How the document grew from signature to signature."""

    last: int
    """The revision of the last signature."""
    filled_after: tuple[str, ...]
    """The signatures after which somebody filled in the form, and signed for that himself."""


def check_revisions(reader: PdfFileReader, signatures: Sequence[SignedObject], size: int) -> Growth:
    """Clauses 3, 4, 5 for each signature, up to the revision of the last one."""
    last = signed_revision(reader, signatures[-1], size)
    fields = {item.field for item in signatures}
    filled = []
    for item in signatures:
        check_own_revision(_embedded(item))
        first = signed_revision(reader, item, size)
        if check_changes(reader, item, range(first, last + 1)) - fields:
            filled.append(item.field)
    return Growth(last=last, filled_after=tuple(filled))


def check_own_revision(embedded: EmbeddedPdfSignature) -> None:
    """Clause 3 (ISO 32000-2, 12.8.1): a signature covers the whole revision it belongs to."""
    try:
        coverage = embedded.evaluate_signature_coverage()
    except LIBRARY_TROUBLE as problem:
        raise Refused(Code.BYTES_AFTER_SIGNATURE, str(problem)) from problem
    if coverage < SignatureCoverageLevel.ENTIRE_REVISION:
        raise Refused(Code.BYTES_AFTER_SIGNATURE, "its own revision is not covered")


def check_changes(
    reader: PdfFileReader, signature: SignedObject, revisions: range
) -> frozenset[str]:
    """Clauses 4 and 5 (ISO 32000-2, 12.8.2.2, 12.8.2.4): are the changes that follow allowed.

    `revisions` begin with this signature's own and end with the last signature's: each change in
    them is somebody's. Gives the names of the form fields that were changed.
    """
    seen, changed = "", frozenset[str]()
    rules = _rules(signature)
    try:
        compare = partial(_differences, reader, _embedded(signature), rules, revisions[0])
        results = [compare(later) for later in revisions[1:]]
        level = max((one.modification_level for one in results), default=ModificationLevel.NONE)
        changed = changed.union(*(one.changed_form_fields for one in results))
    except SuspiciousModification as problem:
        level, seen = ModificationLevel.OTHER, str(problem)
    except (SignatureValidationError, *LIBRARY_TROUBLE) as problem:
        raise Refused(Code.CHANGED_BETWEEN_SIGNATURES, str(problem)) from problem
    if rules is not None and level.value > rules.value:
        raise Refused(Code.CHANGE_FORBIDDEN_BY_SIGNER, seen or level.name)
    if level > ModificationLevel.FORM_FILLING:
        raise Refused(Code.CHANGED_BETWEEN_SIGNATURES, seen or level.name)
    return changed


def _rules(signature: SignedObject) -> MDPPerm | None:
    try:
        level = level_of(signature)
    except LIBRARY_TROUBLE as problem:
        raise Refused(Code.CERTIFICATION_MISPLACED, str(problem)) from problem
    return None if level is None else MDPPerm(level)


def _differences(
    reader: PdfFileReader,
    embedded: EmbeddedPdfSignature,
    rules: MDPPerm | None,
    base: int,
    later: int,
) -> DiffResult:
    return DEFAULT_DIFF_POLICY.apply(
        old=reader.get_historical_resolver(base),
        new=reader.get_historical_resolver(later),
        field_mdp_spec=embedded.fieldmdp,
        doc_mdp=rules,
    )
