"""Clause 3: every byte behind the last signature belongs to something that a table lists.

ISO 32000-2, 7.5.6. Behind the signed bytes stand objects, each listed, readable without repair and
where the table says; tables with their trailers; `startxref` and `%%EOF`; between them white space
and short comments. So there is no place that one reader skips and another one, which repairs files,
reads. `long_term` says what the objects may be.
"""

import re
from collections.abc import Iterator
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import XRefSectionType

from signing.judge import pdf_reading, scan, syntax
from signing.judge.codes import Code, Refused
from signing.judge.pdf_reading import LIBRARY_TROUBLE

Span = tuple[int, int]
"""First byte, and the first byte behind."""

_TABLE = re.compile(
    rb"xref[\r\n\t ]+(?:\d{1,10} \d{1,10}[\r\n\t ]+(?:\d{10} \d{5} [nf][\r\n ]{1,2})*)+"
    rb"trailer[\x00\t\n\x0c\r ]*"
)
_ZERO_IN_USE = re.compile(rb"[\r\n]0 \d{1,10}[\r\n\t ]+\d{10} \d{5} n")
"""Object 0 is the head of the list of free ones (7.5.4)."""
_FILLER = re.compile(
    rb"[\x00\t\n\x0c\r ]+|startxref[\r\n\t ]+(?P<start>\d{1,10})[\r\n\t ]+%%EOF"
    rb"|%(?P<comment>[^\r\n]{0,127})[\r\n]"
)
_END = re.compile(rb"startxref[\r\n\t ]+\d{1,10}[\r\n\t ]+%%EOF(?:\r\n|\r|\n)?\Z")
_END_BYTES = 64
_OBJECT_STREAM = {"/Type", "/N", "/First", "/Length", "/Filter", "/DecodeParms"}
_MEANINGFUL = (b"obj", b"stream", b"xref", b"trailer", b"PDF-", b"EOF")


def check_tail(data: bytes, reader: PdfFileReader, signed: int, start: int) -> None:
    """Clause 3 (ISO 32000-2, 7.5.6): what follows the signed bytes is whole revisions, no more.

    `signed` is the number of the last signature's revision, `start` where its bytes end.
    """
    if start == len(data):
        return
    revisions = range(signed + 1, reader.xrefs.total_revisions)
    if not revisions:
        raise _no("no revision")
    try:
        spans = sorted({span for number in revisions for span in _spans(data, reader, number)})
        for number in revisions:
            _check_object_streams(reader, number)
    except LIBRARY_TROUBLE as problem:
        raise _no(str(problem)) from problem
    declared: list[int] = []
    position = start
    for begin, end in [*spans, (len(data), len(data))]:
        if begin < position:
            raise _no(f"a table leads to {begin}, which is taken")
        declared += _filler(data, position, begin)
        position = end
    if declared != [_table_place(data, reader, number) for number in revisions]:
        raise _no("startxref")
    if not _END.search(data, len(data) - _END_BYTES):
        raise _no("end of file")
    begins = {begin for begin, _ in spans}
    if not begins.issuperset(scan.object_heads(data, start)):
        raise _no("an object that no table lists")


def _no(seen: str) -> Refused:
    return Refused(Code.BYTES_AFTER_SIGNATURE, seen)


def _spans(data: bytes, reader: PdfFileReader, revision: int) -> Iterator[Span]:
    """The objects that a revision lists, and its table."""
    section = reader.xrefs.get_xref_data(revision)
    for number, (generation, stated) in section.standard_xrefs.items():
        place = scan.after_space(data, stated)
        head = scan.OBJECT_HEAD.match(data, place)
        if head is None or (int(head[1]), int(head[2])) != (number, generation):
            raise _no(f"no object {number} at {place}")
        yield place, _object_end(data, reader, place)
    table = reader.xrefs.get_xref_container_info(revision)
    if table.xref_section_type is XRefSectionType.STREAM:
        yield table.start_location, _object_end(data, reader, table.start_location)
        return
    if table.xref_section_type is not XRefSectionType.STANDARD:
        raise Refused(Code.HYBRID_READINGS_DISAGREE, "a later revision with two tables")
    begin = _table_place(data, reader, revision)
    written = _TABLE.fullmatch(data, begin, table.end_location)
    if not written or _ZERO_IN_USE.search(written.group()):
        raise _no("table")
    reader.stream.seek(table.end_location)
    trailer: Any = generic.DictionaryObject.read_from_stream(
        reader.stream,
        generic.TrailerReference(reader),  # type: ignore[no-untyped-call]  # pyHanko is typed in part
    )
    _check_trailer(reader, revision, trailer)
    yield begin, syntax.value_end(data, table.end_location)


def _object_end(data: bytes, reader: PdfFileReader, place: int) -> int:
    """Where an object ends, by pyHanko's reading and by our own, which must agree."""
    value, end = pdf_reading.object_at(reader, place)
    length = len(value.encoded_data) if isinstance(value, generic.StreamObject) else None
    if syntax.object_end(data, place, length) != end:
        raise _no(f"readers differ on the object at {place}")
    return end


def _check_object_streams(reader: PdfFileReader, revision: int) -> None:
    """ISO 32000-2, 7.5.7: what a compressed stream holds is listed, nothing lies between."""
    section = reader.xrefs.get_xref_data(revision)
    for container in section.obj_streams_used:
        reference = generic.Reference(container, 0, reader)
        stream = reader.get_object(reference, revision)  # type: ignore[no-untyped-call]  # pyHanko is typed in part
        if not set(stream) <= _OBJECT_STREAM:
            raise _no("an object stream with other entries")
        listed = {
            (place.ix_in_stream, number)
            for number, place in section.xrefs_in_objstm.items()
            if place.obj_stream_id == container
        }
        if listed != set(enumerate(_packed_numbers(stream))):
            raise _no("an object that no table lists, in a compressed stream")


def _packed_numbers(stream: generic.StreamObject) -> list[int]:
    """The numbers of the objects in a stream, which stand one behind the other from /First on."""
    data, first, count = stream.data + b"\n", int(stream["/First"]), int(stream["/N"])
    pairs = [int(word) for word in data[:first].split()]
    if len(pairs) != 2 * count:
        raise _no("the head of an object stream")
    position = first
    for offset in pairs[1::2]:
        if data[position : first + offset].strip(b"\0\t\n\x0c\r ") or first + offset < position:
            raise _no("something between compressed objects")
        position = syntax.value_end(data, first + offset)
    if data[position:].strip(b"\0\t\n\x0c\r "):
        raise _no("something behind compressed objects")
    return pairs[::2]


def _table_place(data: bytes, reader: PdfFileReader, revision: int) -> int:
    table = reader.xrefs.get_xref_container_info(revision)
    if table.xref_section_type is XRefSectionType.STREAM:
        return table.start_location
    return data.rfind(b"xref", 0, table.start_location)


def _check_trailer(reader: PdfFileReader, revision: int, trailer: generic.DictionaryObject) -> None:
    """ISO 32000-2, 7.5.6: a trailer repeats what the ones before it said.

    Otherwise the catalog or the title would depend on whether a reader looks further back.
    """
    before = reader.trailer.flatten(revision - 1)
    for key in ("/Root", "/Info"):
        if key in before and key not in trailer:
            raise _no(f"a trailer without {key}")


def _filler(data: bytes, begin: int, end: int) -> Iterator[int]:
    """White space and comments; gives the places that `startxref` names."""
    while begin < end:
        match = _FILLER.match(data, begin, end)
        if match is None:
            raise _no(f"something at {begin}")
        comment = match.group("comment")
        if comment is not None and any(word in comment for word in _MEANINGFUL):
            raise _no("a comment that means something")
        if match.group("start") is not None:
            yield int(match.group("start"))
        begin = match.end()
