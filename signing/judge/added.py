"""Clause 4: what later signers placed on the pages does not hide what the first one signed.

A signature brings a picture along (ISO 32000-2, 12.5.5, 12.7.5.5), and its field may lie anywhere,
so that a later signer could paper over a page (the "sneaky signature"). Whether a stamp lies on a
text cannot be told without drawing; here only its size is bounded. Fields that the first signer
had placed himself may be as large as he made them.
"""

from collections.abc import Iterator

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from signing.judge.codes import Code, Refused
from signing.judge.graph import dictionaries
from signing.judge.pdf_reading import LIBRARY_TROUBLE, entry, target

_OF_ONE, _OF_ALL = 0.25, 0.5
"""Parts of a page that one added field, and all of them together, may take."""
_CORNERS = 4


def check_added_fields(reader: PdfFileReader, first: int, limit: int) -> None:
    """Clause 4, our rule: no page is papered over after `first`, the first signature's revision."""
    if first == reader.total_revisions - 1:
        return
    try:
        pages = list(dictionaries([reader.root.raw_get("/Pages")], limit=limit, leads=_kids))
        for page in pages:
            areas = list(_added_areas(reader, page, first))
            if not any(areas):
                continue
            whole = min(_boxes(pages), default=0.0)
            if max(areas) > _OF_ONE * whole or sum(areas) > _OF_ALL * whole:
                raise Refused(Code.CHANGED_BETWEEN_SIGNATURES, "a page papered over")
    except LIBRARY_TROUBLE as problem:
        raise Refused(Code.CHANGED_BETWEEN_SIGNATURES, str(problem)) from problem


def _kids(node: generic.DictionaryObject) -> Iterator[generic.PdfObject]:
    if "/Kids" in node:
        yield node.raw_get("/Kids")


def _added_areas(
    reader: PdfFileReader, page: generic.DictionaryObject, first: int
) -> Iterator[float]:
    annotations = entry(page, "/Annots")
    if not isinstance(annotations, generic.ArrayObject):
        return
    for item in list.__iter__(annotations):
        if isinstance(item, generic.IndirectObject) and _is_added(reader, item, first):
            note = target(item)
            if isinstance(note, generic.DictionaryObject):
                yield _area(entry(note, "/Rect"))


def _is_added(reader: PdfFileReader, item: generic.IndirectObject, first: int) -> bool:
    before = reader.get_historical_resolver(first)
    then = before.get_object(generic.Reference(item.idnum, item.generation, before))
    return not isinstance(then, generic.DictionaryObject)


def _boxes(pages: list[generic.DictionaryObject]) -> Iterator[float]:
    """What is shown of the pages; the smallest counts, whatever an annotation says of its page."""
    for page in pages:
        for key in ("/MediaBox", "/CropBox"):
            if entry(page, key) is not None:
                yield _area(entry(page, key))


def _area(box: object) -> float:
    """In square units of the page; 0 for what is no rectangle (7.9.5), which is not drawn."""
    if not isinstance(box, generic.ArrayObject) or len(box) != _CORNERS:
        return 0.0
    left, bottom, right, top = (float(target(corner)) for corner in list.__iter__(box))
    return abs(right - left) * abs(top - bottom)
