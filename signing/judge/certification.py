"""Clause 5: a certification is that of the first signature, and says clearly what it allows.

ISO 32000-2, 12.8.2.2 and 12.8.6: a signature that certifies names the transform method DocMDP, and
the catalog's /Perms leads to it. Whether its rules were kept is judged in `revisions`.
"""

from collections.abc import Sequence
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from signing.judge.codes import Code, Refused
from signing.judge.pdf import SignedObject
from signing.judge.pdf_reading import LIBRARY_TROUBLE, entry

_LEVELS = frozenset({1, 2, 3})
_BY_DEFAULT = 2
"""Forms may be filled in and signed (table 257)."""


def check_certification(reader: PdfFileReader, signatures: Sequence[SignedObject]) -> None:
    """Clause 5: only the first signature certifies, /Perms agrees, the level is one of three."""
    try:
        for item in signatures:
            _check_methods(item)
        certifying = [item for item in signatures if level_of(item) is not None]
        named = _named_in_catalog(reader)
    except LIBRARY_TROUBLE as problem:
        raise Refused(Code.CERTIFICATION_MISPLACED, str(problem)) from problem
    if certifying and certifying != [signatures[0]]:
        raise Refused(Code.CERTIFICATION_MISPLACED, "not the first signature")
    if named is None:
        return
    if not certifying or _value(certifying[0]) != named:
        raise Refused(Code.CERTIFICATION_MISPLACED, "/Perms names another signature")


def _check_methods(item: SignedObject) -> None:
    """Table 256: each method is named once; of two, each program would follow another one."""
    methods = [reference["/TransformMethod"] for reference in _references(item)]
    if len(set(methods)) != len(methods):
        raise Refused(Code.CERTIFICATION_MISPLACED, "a transform method twice")


def _references(item: SignedObject) -> list[Any]:
    if item.embedded is None:
        return []
    references = entry(item.embedded.sig_object, "/Reference") or ()
    return [references[number] for number in range(len(references))]


def level_of(item: SignedObject) -> int | None:
    """What a certifying signature allows, 1 to 3; None for one that does not certify.

    Raises Refused for another level, and what escapes from the library.
    """
    for reference in _references(item):
        if reference["/TransformMethod"] != "/DocMDP":
            continue
        level: Any = entry(reference["/TransformParams"], "/P")
        if level is None:
            level = _BY_DEFAULT
        if level not in _LEVELS:
            raise Refused(Code.CERTIFICATION_MISPLACED, f"level {level}")
        return int(level)
    return None


def _named_in_catalog(reader: PdfFileReader) -> generic.Reference | None:
    permissions = entry(reader.root, "/Perms")
    if not isinstance(permissions, generic.DictionaryObject) or "/DocMDP" not in permissions:
        return None
    reference: generic.Reference = permissions.raw_get("/DocMDP").reference
    return reference


def _value(item: SignedObject) -> generic.Reference | None:
    if item.embedded is None:
        return None
    reference: generic.Reference = item.embedded.sig_field.raw_get("/V").reference
    return reference
