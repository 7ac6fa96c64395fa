"""Opens a PDF strictly: one header, one reading, nothing repaired.

Clause 1 of the acceptance rule, and encryption of clause 9. What a repairing reader would mend is
refused, because it may mend it into another document.
"""

import io
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pyhanko.pdf_utils import generic, misc, xref
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import ObjStreamRef, XRefSection, read_object_header
from typing_extensions import override

from signing.judge import hexstrings, scan
from signing.judge.codes import Code, Refused
from signing.judge.trouble import OF_PARSERS

hexstrings.install()

LIBRARY_TROUBLE = (
    *OF_PARSERS,
    misc.PdfError,
    StopIteration,
    struct.error,
    zlib.error,
)
"""What escapes from pyHanko and asn1crypto on damaged input (seen, not documented)."""

_check_numbers = xref._check_freed_refs  # noqa: SLF001 - the check has no other name


def _check_numbers_but_of_tables(
    ix: int, section: XRefSection, all_sections: list[XRefSection]
) -> None:
    """Let the number of a cross-reference stream that no table lists be used for an object.

    To every reader there was no such object (ISO 32000-2, 7.5.8.3), and one widespread library
    gives the number to the first object that it adds. pyHanko refuses it for the sake of encrypted
    files, which are refused here anyhow; a stream that a table lists stays what it is.
    """
    table = section.meta_info.stream_ref
    listed = section.xref_data.explicit_refs_in_revision
    if table is not None and (table.idnum, table.generation) not in listed:
        section = replace(section, meta_info=replace(section.meta_info, stream_ref=None))
    _check_numbers(ix, section, all_sections)


xref._check_freed_refs = _check_numbers_but_of_tables  # noqa: SLF001 - as above

_ARCHIVE_SEARCH = 65_535 + 22
"""A ZIP archive's directory ends so near the end of the file (APPNOTE 4.3.16)."""
_ARCHIVE_END = re.compile(rb"PK\x05\x06\x00\x00\x00\x00", re.DOTALL)


class StrictReader(PdfFileReader):
    """pyHanko's strict reader, except that a reference to nothing means null.

    ISO 32000-2, 7.3.10 says so, and real long-term files have such references. A later revision
    that fills the gap still counts as a change.
    """

    @override
    def _read_object(
        self,
        ref: generic.Reference,
        marker: int | ObjStreamRef | None,
        never_decrypt: bool = False,
        as_metadata_stream: bool = False,
    ) -> Any:
        if marker is None:
            nothing = generic.NullObject()
            nothing.container_ref = ref
            return nothing
        return super()._read_object(ref, marker, never_decrypt, as_metadata_stream)


def open_strictly(data: bytes) -> PdfFileReader:
    """Clause 1: a strict reader opens the file; nothing is repaired."""
    try:
        reader = StrictReader(io.BytesIO(data), strict=True)
        if not isinstance(reader.root["/Pages"], generic.DictionaryObject):
            raise Refused(Code.STRUCTURE_DAMAGED, "no page tree")
    except LIBRARY_TROUBLE as problem:
        if b"/Encrypt" in data:
            raise Refused(Code.ENCRYPTED, str(problem)) from problem
        if scan.header_offsets(data) != (0,):
            raise Refused(Code.HEADER_MISPLACED, str(problem)) from problem
        raise Refused(Code.STRUCTURE_DAMAGED, str(problem)) from problem
    return reader


def target(item: generic.PdfObject) -> Any:
    """What a reference leads to; anything else is itself."""
    return item.get_object()  # type: ignore[no-untyped-call]  # pyHanko is typed in part


def entry(node: generic.DictionaryObject, key: str) -> Any:
    """What stands under a key, references followed; None where nothing does (ISO 32000-2, 7.3.7).

    A dictionary's own `get` would give the reference itself, in which nobody finds anything.
    """
    try:
        return node[key]
    except KeyError:
        return None


def check_header(data: bytes) -> None:
    """Clause 1: exactly one header, at byte 0 (ISO 32000-2, 7.5.2)."""
    if scan.header_offsets(data) != (0,):
        raise Refused(Code.HEADER_MISPLACED)


def check_encryption(reader: PdfFileReader) -> None:
    """Clause 9: no encryption (ISO 32000-2, 7.6); what cannot be read cannot be checked."""
    try:
        encrypted = reader.encrypted
    except LIBRARY_TROUBLE as problem:
        raise Refused(Code.ENCRYPTED, str(problem)) from problem
    if encrypted:
        raise Refused(Code.ENCRYPTED)


def check_archive(data: bytes) -> None:
    """Clause 1, our rule: the file is no ZIP archive too, which other programs would unpack."""
    if _ARCHIVE_END.search(data, max(0, len(data) - _ARCHIVE_SEARCH)):
        raise Refused(Code.ALSO_AN_ARCHIVE)


def check_offsets(data: bytes, reader: PdfFileReader) -> None:
    """Clause 1 (ISO 32000-2, 7.5.4): each entry of each table leads to the head of its object.

    A reader that meets a wrong one builds the table anew from the whole file, and may find others.
    White space before the head is common; offset 0 is what some programs write for "none".
    """
    for revision in range(reader.xrefs.total_revisions):
        section = reader.xrefs.get_xref_data(revision)
        entries = list(section.standard_xrefs.items())
        if section.hybrid is not None:
            entries += section.hybrid.xref_data.standard_xrefs.items()
        for number, (generation, place) in entries:
            if place and not scan.is_object_head(data, place, number, generation):
                raise Refused(Code.CROSS_REFERENCE_WRONG, f"object {number} at {place}")


def compressed_contents(reader: PdfFileReader) -> Iterator[bytes]:
    """What the object streams of all revisions hold, unpacked (ISO 32000-2, 7.5.7).

    Raises:
        LIBRARY_TROUBLE: one of them cannot be read.

    """
    for revision in range(reader.xrefs.total_revisions):
        section = reader.xrefs.get_xref_data(revision)
        used = set(section.obj_streams_used)
        if section.hybrid is not None:
            used |= section.hybrid.xref_data.obj_streams_used
        for number in used:
            reference = generic.Reference(number, 0, reader)
            yield reader.get_object(reference, revision).data  # type: ignore[no-untyped-call]  # pyHanko is typed in part


def object_at(reader: PdfFileReader, place: int) -> tuple[generic.PdfObject, int]:
    """The object that begins at a place, and where its `endobj` ends (ISO 32000-2, 7.3.10).

    Raises:
        LIBRARY_TROUBLE: there is none, or it cannot be read.

    """
    stream = reader.stream
    stream.seek(place)
    number, generation = read_object_header(stream, strict=True)  # type: ignore[no-untyped-call]  # pyHanko is typed in part
    value = generic.read_object(stream, generic.Reference(number, generation, reader))
    misc.read_non_whitespace(stream, seek_back=True)  # type: ignore[no-untyped-call]  # as above
    if stream.read(len(b"endobj")) != b"endobj":
        raise misc.PdfReadError(f"no endobj for the object at {place}")
    end: int = stream.tell()
    return value, end
