"""Files with two cross-references, as word processors write them: both readings must agree.

ISO 32000-2, 7.5.8.4: beside a classic table, /XRefStm names a cross-reference stream with objects
that older readers shall not see. So one file has two readings, with and without the stream. It is
judged where nothing that is shown depends on which one is used:

- an object that both readings see is at the same place in both;
- an object that only the newer reading sees is reached from nowhere but the structure tree, which
  draws nothing (word processors hide that);
- the trailer's entries are the same in both; so, by all this, are form, signatures and pages;
- no entry of the stream leads to another catalog or an older table, as some readers would follow.

A stream behind the signed bytes would have to be the table of a later revision: what that lists
differs from the signed table, and so does its /Prev.
"""

import io
from collections.abc import Iterator

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import ObjStreamRef, XRefSection, read_object_header

from signing.judge.codes import Code, Refused
from signing.judge.graph import dictionaries
from signing.judge.pdf_reading import LIBRARY_TROUBLE, StrictReader, target
from signing.judge.policy import Policy

_MAY_BE_HIDDEN = frozenset({"/StructTreeRoot"})
_SAME_IN_BOTH = ("/Root", "/Info", "/Encrypt", "/Prev")

Place = int | ObjStreamRef | None


def check_readings(data: bytes, reader: PdfFileReader, policy: Policy) -> None:
    """Clause 1 (ISO 32000-2, 7.5.8.4): where a file has two readings, both show the same."""
    hybrids = list(_hybrids(reader))
    if not hybrids:
        return
    try:
        plain = _without_streams(data)
        for revision, hybrid in hybrids:
            _check_trailer(reader, revision, hybrid)
        hidden = set(_hidden(reader, plain, hybrids))
        _check_shown(reader, hidden, policy.max_structure_nodes)
    except LIBRARY_TROUBLE as problem:
        raise Refused(Code.HYBRID_READINGS_DISAGREE, str(problem)) from problem


def _hybrids(reader: PdfFileReader) -> Iterator[tuple[int, XRefSection]]:
    for revision in range(reader.xrefs.total_revisions):
        hybrid = reader.xrefs.get_xref_data(revision).hybrid
        if hybrid is not None:
            yield revision, hybrid


def _without_streams(data: bytes) -> PdfFileReader:
    """Read the file as a reader does that knows no /XRefStm."""
    plain = StrictReader(io.BytesIO(data), strict=True)
    for revision in range(plain.xrefs.total_revisions):
        plain.xrefs.get_xref_data(revision).hybrid = None
    plain.resolved_objects.clear()
    return plain


def _check_trailer(reader: PdfFileReader, revision: int, hybrid: XRefSection) -> None:
    """No reader may find another catalog by taking the stream's entries for the trailer's."""
    reader.stream.seek(hybrid.meta_info.start_location)
    number, generation = read_object_header(reader.stream, strict=True)  # type: ignore[no-untyped-call]  # pyHanko is typed in part
    reference = generic.Reference(number, generation, reader)
    entries = generic.StreamObject.read_from_stream(reader.stream, reference)
    trailer = reader.trailer.flatten(revision)
    for key in _SAME_IN_BOTH:
        if key in entries and (key not in trailer or entries.raw_get(key) != trailer.raw_get(key)):
            raise Refused(Code.HYBRID_READINGS_DISAGREE, f"{key} of the stream")


def _hidden(
    reader: PdfFileReader, plain: PdfFileReader, hybrids: list[tuple[int, XRefSection]]
) -> Iterator[tuple[int, int]]:
    """Which objects only the newer reading sees; raises if both see one at different places."""
    for revision, hybrid in hybrids:
        entries: dict[tuple[int, int], Place] = {
            (number, generation): place
            for number, (generation, place) in hybrid.xref_data.standard_xrefs.items()
        }
        entries |= {(n, 0): place for n, place in hybrid.xref_data.xrefs_in_objstm.items()}
        for key, place in entries.items():
            reference = generic.Reference(*key, reader)
            if _place(plain, reference, revision) not in (None, place):
                raise Refused(Code.HYBRID_READINGS_DISAGREE, f"object {key[0]} is twice")
            if _place(plain, reference) is None:
                yield key
            elif _place(plain, reference) != _place(reader, reference):
                raise Refused(Code.HYBRID_READINGS_DISAGREE, f"object {key[0]} differs")
        for number in hybrid.xref_data.freed:
            if _place(plain, generic.Reference(number, 0, reader), revision) is not None:
                raise Refused(Code.HYBRID_READINGS_DISAGREE, f"object {number} is freed in one")


def _place(reader: PdfFileReader, reference: generic.Reference, revision: int = -1) -> Place:
    try:
        if revision < 0:
            place: Place = reader.xrefs[reference]
        else:
            place = reader.xrefs.get_historical_ref(reference, revision)
    except KeyError:
        return None
    return place


def _check_shown(reader: PdfFileReader, hidden: set[tuple[int, int]], limit: int) -> None:
    """Nothing that is shown leads to an object that one reading does not see."""

    def leads(node: generic.DictionaryObject) -> Iterator[generic.PdfObject]:
        return (node.raw_get(key) for key in node if key not in _MAY_BE_HIDDEN)

    def resolve(item: generic.IndirectObject) -> generic.PdfObject:
        if (item.idnum, item.generation) in hidden:
            raise Refused(Code.HYBRID_READINGS_DISAGREE, f"object {item.idnum} is hidden")
        value: generic.PdfObject = target(item)
        return value

    start = [value for key, value in reader.trailer.flatten().items() if key != "/Prev"]
    for _ in dictionaries(start, limit=limit, leads=leads, resolve=resolve):
        pass
