"""Well-signed documents that must pass: as our own and other programs write them, oddities and all.

What is harmless is decided here, document by document; the list with the reasons stands in
`signing/judge/README.md`.
"""

import io
import re

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.signers import PdfTimeStamper

from signing import pades
from tdh.domain.verdicts import SignatureLevel
from tests.pki import faults, make
from tests.vectors import pdf_hybrid, pdf_long_term
from tests.vectors import pdf_writing as write
from tests.vectors.pdf_certified import signed_field
from tests.vectors.pdf_registry import Kit, accepted
from tests.vectors.pdf_shadow import second_signature
from tests.vectors.pdf_structure import compressed

B_B, B_T = SignatureLevel.B_B, SignatureLevel.B_T
B_LT, B_LTA = SignatureLevel.B_LT, SignatureLevel.B_LTA


def signed(kit: Kit, objects: dict[int, bytes], **options: bytes) -> bytes:
    return write.complete(write.build({**write.letter_objects(), **objects}, **options), kit.signer)


# --- the levels, as our own program writes them -----------------------------------------------


@accepted(B_B)
def level_b_b(kit: Kit) -> bytes:
    return make.sign_pdf(make.simple_pdf(), kit.signer)


@accepted(B_T)
def level_b_t(kit: Kit) -> bytes:
    stamp = kit.pki.timestamp(make.SIGNED_AT)
    return make.sign_pdf(make.simple_pdf(), kit.signer, timestamp=stamp)


@accepted(B_LT)
def level_b_lt(kit: Kit) -> bytes:
    return faults.with_validation_data(
        level_b_t(kit),
        certificates=[kit.pki.issuing.certificate],
        lists=list(make.revocation_lists(kit.pki).values()),
    )


@accepted(B_LTA)
def level_b_lta(kit: Kit) -> bytes:
    return faults.with_document_timestamp(level_b_lt(kit), kit.pki.timestamp(make.JUDGED_AT))


@accepted(B_LTA)
def level_b_lta_renewed(kit: Kit) -> bytes:
    """A second document timestamp, years later."""
    stamper: pades._Stamper = pades._Stamper(kit.pki.timestamp(make.JUDGED_AT))
    return (
        PdfTimeStamper(stamper, field_name="Timestamp2")
        .timestamp_pdf(
            IncrementalPdfFileWriter(io.BytesIO(level_b_lta(kit))), md_algorithm="sha256"
        )
        .getvalue()
    )


@accepted(B_B, B_B)
def two_signatures(kit: Kit) -> bytes:
    return second_signature(kit, kit.letter)


@accepted(B_B, B_B)
def two_signatures_with_a_stamp(kit: Kit) -> bytes:
    """The second one is seen beside the text."""
    return second_signature(kit, kit.letter, rect=b"72 100 272 160")


@accepted(B_B)
def larger(kit: Kit) -> bytes:
    return make.sign_pdf(make.simple_pdf(size=300_000), kit.signer)


# --- forms ------------------------------------------------------------------------------------


@accepted(B_B, B_B)
def form_filled_between_two_signatures(kit: Kit) -> bytes:
    objects = write.certified_objects(2)
    objects[1] = objects[1].replace(b"/Perms << /DocMDP 7 0 R >> ", b"")
    objects[7] = write.signature()
    data = write.complete(write.build(objects), kit.signer)
    filled = {8: write.text_field(b"900", appearance=32), 32: write.appearance_of(b"900")}
    return signed_field(kit, write.revision(data, filled), 2)


@accepted(B_B, B_B)
def certified_then_filled_then_signed(kit: Kit) -> bytes:
    filled = {8: write.text_field(b"900", appearance=32), 32: write.appearance_of(b"900")}
    return signed_field(kit, write.revision(kit.certified(2), filled), 2)


@accepted(B_B)
def certified_and_never_changed(kit: Kit) -> bytes:
    return kit.certified(1)


@accepted(B_B)
def certified_without_naming_the_level(kit: Kit) -> bytes:
    """Then it is 2 (ISO 32000-2, table 257)."""
    plain = b"<< /Type /TransformParams /V /1.2 >>"
    return write.complete(write.build(write.certified_objects(2, params=plain)), kit.signer)


@accepted(B_B)
def certified_by_a_level_behind_a_reference(kit: Kit) -> bytes:
    named = b"<< /Type /TransformParams /P 12 0 R /V /1.2 >>"
    objects = {**write.certified_objects(1, params=named), 12: b"1"}
    return write.complete(write.build(objects), kit.signer)


@accepted(B_B)
def certified_p1_with_long_term_data(kit: Kit) -> bytes:
    """ISO 32000-2, 12.8.2.2.2: a security store may be added under every certification."""
    catalog = write.certified_objects(1)[1].replace(b"/Perms", b"/DSS 50 0 R /Perms")
    return write.revision(kit.certified(1), {1: catalog, 50: b"<< /Certs [] >>"})


# --- how files are written --------------------------------------------------------------------


@accepted(B_B)
def compressed_objects(kit: Kit) -> bytes:
    """Object and cross-reference streams, as modern programs write."""
    return faults.with_object_stream(kit.signer)


@accepted(B_B)
def compressed_page(kit: Kit) -> bytes:
    return compressed(kit, {3: (2, 20, 0)}, write.object_stream({3: write.PAGE % b""}))


@accepted(B_B)
def number_of_a_cross_reference_stream_used_anew(kit: Kit) -> bytes:
    """A stream that no table lists leaves its number free; one widespread library takes it."""
    objects = write.letter_objects()
    plain = {number: objects[number] for number in (2, 4, 5)}
    plain |= {1: b"<< /Type /Catalog /Pages 2 0 R >>", 3: objects[3].replace(b"[6 0 R]", b"[]")}
    content, places = write.body(dict(sorted(plain.items())), len(write.HEADER))
    at = len(write.HEADER) + len(content)
    entries = {number: (1, place, 0) for number, place in places.items()}
    table = write.cross_reference_stream(entries, size=7, trailer=b"/Root 1 0 R ")
    first = write.HEADER + content + b"6 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (table, at)
    update = {number: objects[number] for number in (1, 3, 6, 7)}
    return write.complete(write.revision(first, update), kit.signer)


@accepted(B_B)
def word_processor_s_hybrid_file(kit: Kit) -> bytes:
    return pdf_hybrid.word_like(kit)


@accepted(B_B)
def linearized(kit: Kit) -> bytes:
    """Two tables, the newer one first in the file: /Prev leads forward (Annex F)."""
    objects = write.letter_objects()
    first, places = write.body({1: objects[1], 3: objects[3]}, len(write.HEADER))
    room = 400
    start = len(write.HEADER) + len(first)
    rest = {n: objects[n] for n in (2, 4, 5, 6, 7)}
    second, more = write.body(rest, start + room)
    main = start + room + len(second)
    trailer = b"/Prev %d " % main
    head = write.table({1: places[1], 3: places[3]}, first_free=False)
    head += b"trailer\n<< /Size 8 /Root 1 0 R %s>>\nstartxref\n0\n%%%%EOF\n" % trailer
    tail = write.table(more) + b"trailer\n<< /Size 8 >>\nstartxref\n%d\n%%%%EOF\n" % start
    data = write.HEADER + first + head.ljust(room - 1) + b"\n" + second + tail
    return write.complete(data, kit.signer)


@accepted(B_B)
def line_ends_crlf(kit: Kit) -> bytes:
    return with_line_ends(kit, b"\r\n", b"\r\n")


@accepted(B_B)
def line_ends_cr(kit: Kit) -> bytes:
    return with_line_ends(kit, b"\r", b" \r")


def with_line_ends(kit: Kit, eol: bytes, entry_eol: bytes) -> bytes:
    header = eol.join((b"%PDF-1.7", b"%\xe2\xe3\xcf\xd3", b""))
    objects = {n: item.replace(b"\n", eol) for n, item in write.letter_objects().items()}
    objects[4] = objects[4].replace(b"stream\r", b"stream\r\n") if eol == b"\r" else objects[4]
    objects[4] = objects[4].replace(b"end" + b"stream\r\n", b"endstream\r")
    content, places = write.body(objects, len(header), eol)
    at = len(header) + len(content)
    rows = [b"xref", b"0 8", *(b"" for _ in ())]
    table = eol.join(rows) + eol + b"0000000000 65535 f" + entry_eol
    table += b"".join(b"%010d 00000 n" % places[n] + entry_eol for n in sorted(places))
    end = (b"trailer", b"<< /Size 8 /Root 1 0 R >>", b"startxref", b"%d" % at, b"%%EOF", b"")
    return write.complete(header + content + table + eol.join(end), kit.signer)


@accepted(B_B)
def no_line_end_at_the_end(kit: Kit) -> bytes:
    return write.complete(write.build(write.letter_objects())[:-1], kit.signer)


@accepted(B_B)
def comment_behind_the_end(kit: Kit) -> bytes:
    """It is signed like everything else."""
    return write.complete(write.build(write.letter_objects()) + b"% written by X\n", kit.signer)


@accepted(B_B)
def empty_section_in_a_table(kit: Kit) -> bytes:
    """A table that lists object 0 alone before the others."""
    data = write.build(write.letter_objects())
    data = data.replace(
        b"xref\n0 8\n0000000000 65535 f \n", b"xref\n0 1\n0000000000 65535 f \n1 7\n"
    )
    return write.complete(data, kit.signer)


@accepted(B_B)
def free_objects_listed(kit: Kit) -> bytes:
    data = write.build(write.letter_objects())
    table = data.rindex(b"trailer")
    more = b"8 2\n0000000009 00001 f \n0000000000 00001 f \n"
    data = data[:table] + more + data[table:].replace(b"/Size 8", b"/Size 10")
    return write.complete(data, kit.signer)


@accepted(B_B)
def entry_at_offset_zero(kit: Kit) -> bytes:
    """What some programs write for an object that does not exist."""
    data = write.build(write.letter_objects())
    table = data.rindex(b"trailer")
    more = b"8 1\n0000000000 00000 n \n"
    data = data[:table] + more + data[table:].replace(b"/Size 8", b"/Size 9")
    return write.complete(data, kit.signer)


@accepted(B_B)
def entries_before_white_space(kit: Kit) -> bytes:
    """Offsets that lead to the line end before an object."""
    data = write.build(write.letter_objects())
    place = data.index(b"\n4 0 obj")
    old, new = b"%010d 00000 n" % (place + 1), b"%010d 00000 n" % place
    return write.complete(data.replace(old, new), kit.signer)


@accepted(B_B)
def reference_to_nothing(kit: Kit) -> bytes:
    """It means null (7.3.10)."""
    return signed(kit, {3: write.PAGE % b"/Thumb 99 0 R "})


@accepted(B_B)
def names_spelled_with_escapes(kit: Kit) -> bytes:
    return signed(kit, {3: (write.PAGE % b"").replace(b"/MediaBox", b"/Media#42ox")})


@accepted(B_B)
def comments_between_tokens(kit: Kit) -> bytes:
    return signed(kit, {2: write.PAGES.replace(b"/Count", b"% pages\n/Count")})


@accepted(B_B)
def archive_of_a_past_version_in_names(kit: Kit) -> bytes:
    """A name that looks like an archive's mark, but is none."""
    return signed(kit, {8: write.stream(b"PK\x05\x06 and more text")})


# --- how signatures are written ---------------------------------------------------------------


@accepted(B_B)
def contents_in_capitals(kit: Kit) -> bytes:
    place = re.search(rb"/Contents <([0-9a-f]+)>", kit.letter)
    digits = place.group(1).upper()
    return kit.letter[: place.start(1)] + digits + kit.letter[place.end(1) :]


@accepted(B_B)
def byte_range_padded(kit: Kit) -> bytes:
    objects = write.letter_objects()
    objects[7] = objects[7].replace(b"] /Contents", b"]            /Contents")
    return write.complete(write.build(objects), kit.signer)


@accepted(B_B)
def type_of_the_signature_missing(kit: Kit) -> bytes:
    """Optional for signatures (table 255)."""
    objects = write.letter_objects()
    objects[7] = objects[7].replace(b"/Type /Sig ", b"")
    return write.complete(write.build(objects), kit.signer)


@accepted(B_B)
def time_without_a_zone(kit: Kit) -> bytes:
    objects = write.letter_objects()
    objects[7] = objects[7].replace(b"(D:20260201093000Z)", b"(D:20260201093000)")
    return write.complete(write.build(objects), kit.signer)


@accepted(B_B)
def time_that_is_none(kit: Kit) -> bytes:
    objects = write.letter_objects()
    objects[7] = objects[7].replace(b"(D:20260201093000Z)", b"(yesterday)")
    return write.complete(write.build(objects), kit.signer)


@accepted(B_B)
def field_below_another_field(kit: Kit) -> bytes:
    """The field's widget and type come from a parent (12.7.4.1)."""
    catalog = (write.CATALOG % b"").replace(b"[6 0 R]", b"[8 0 R]")
    parent = b"<< /T (Form) /FT /Sig /Kids [6 0 R] >>"
    child = write.field(7).replace(b"/FT /Sig", b"/Parent 8 0 R")
    return signed(kit, {1: catalog, 6: child, 8: parent})


@accepted(B_B)
def visible_signature(kit: Kit) -> bytes:
    picture = b"/Type /XObject /Subtype /Form /BBox [0 0 200 50] /Resources << >> "
    field = write.field(7).replace(b"[0 0 0 0]", b"[72 72 272 122] /AP << /N 8 0 R >>")
    return signed(kit, {6: field, 8: write.stream(b"0 0 200 50 re S", picture)})


# --- what may follow --------------------------------------------------------------------------


@accepted(B_B)
def hybrid_file_with_long_term_data(kit: Kit) -> bytes:
    tree = b"/StructTreeRoot 12 0 R /MarkInfo << /Marked true >> /DSS 30 0 R "
    objects = {1: write.CATALOG % tree, 30: b"<< /Certs [] >>"}
    return write.revision(pdf_hybrid.word_like(kit), objects)


@accepted(B_B)
def store_that_does_not_verify(kit: Kit) -> bytes:
    """Certificates and lists that are none help nobody, and hurt nobody."""
    return pdf_long_term.stored(kit, {})


@accepted(B_B)
def timestamp_of_another_letter(kit: Kit) -> bytes:
    """It is judged as if it were absent; what it touches is long-term data only."""
    return pdf_long_term.stamped(kit)


@accepted(B_B)
def timestamp_without_type(kit: Kit) -> bytes:
    stamp = write.SIGNATURE % (b"/ETSI.RFC3161", write.PLACEHOLDER, b"")
    return pdf_long_term.stamped(kit, value=stamp.replace(b"/Type /Sig ", b""))


@accepted(B_B)
def timestamp_with_an_empty_picture(kit: Kit) -> bytes:
    entries = b"/Type /XObject /Subtype /Form /BBox [0 0 0 0] /Resources << /ProcSet [/PDF] >> "
    picture = {22: write.stream(b" \n", entries)}
    return pdf_long_term.stamped(kit, entries=b"/AP << /N 22 0 R >> ", more=picture)


@accepted(B_B)
def update_with_a_comment(kit: Kit) -> bytes:
    """One widespread program signs its tables so."""
    return pdf_long_term.stored(kit, {}, between=b"%iText-5.5.3\n")


@accepted(B_B)
def update_with_white_space(kit: Kit) -> bytes:
    return pdf_long_term.stored(kit, {}, between=b"\r\n\t \n")


@accepted(B_B)
def update_that_writes_a_page_anew(kit: Kit) -> bytes:
    """The page is just as it was."""
    return pdf_long_term.stored(kit, {3: write.PAGE % b""})


@accepted(B_B)
def update_that_records_its_program(kit: Kit) -> bytes:
    old = b"<< /Title (Loan) /ModDate (D:20260101) /Producer (A) >>"
    objects = {**write.letter_objects(), 8: old}
    data = write.complete(write.build(objects, trailer=b"/Info 8 0 R "), kit.signer)
    new = b"<< /Title (Loan) /ModDate (D:20260201093000+07'00') /Producer (A; changed by B) >>"
    return write.revision(data, {8: new}, trailer=b"/Info 8 0 R ")


@accepted(B_B)
def update_with_another_file_identifier(kit: Kit) -> bytes:
    return pdf_long_term.stored(kit, {}, trailer=b"/ID [<00> <01>] ")


@accepted(B_B)
def update_with_a_developer_extension(kit: Kit) -> bytes:
    level = b"/Extensions << /ESIC << /BaseVersion /1.7 /ExtensionLevel 5 >> >> /Version /1.7 "
    return pdf_long_term.stored(kit, {1: write.CATALOG % (pdf_long_term.STORE + level)})


@accepted(B_B)
def update_in_a_cross_reference_stream(kit: Kit) -> bytes:
    objects = {1: write.CATALOG % b"/DSS 8 0 R ", 8: b"<< /Certs [] >>"}
    content, places = write.body(objects, len(kit.letter))
    at = len(kit.letter) + len(content)
    entries = {1: (1, places[1], 0), 8: (1, places[8], 0), 9: (1, at, 0)}
    trailer = b"/Root 1 0 R /Prev %d " % write.startxref(kit.letter)
    table = write.cross_reference_stream(entries, size=10, trailer=trailer)
    return kit.letter + content + b"9 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (table, at)


@accepted(B_B)
def update_in_an_object_stream(kit: Kit) -> bytes:
    store = {1: write.CATALOG % b"/DSS 8 0 R ", 8: b"<< /Certs [] >>"}
    content, places = write.body({9: write.object_stream(store)}, len(kit.letter))
    at = len(kit.letter) + len(content)
    entries = {1: (2, 9, 0), 8: (2, 9, 1), 9: (1, places[9], 0), 10: (1, at, 0)}
    trailer = b"/Root 1 0 R /Prev %d " % write.startxref(kit.letter)
    table = write.cross_reference_stream(entries, size=11, trailer=trailer)
    return kit.letter + content + b"10 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (table, at)


@accepted(B_B)
def update_without_a_line_end(kit: Kit) -> bytes:
    return pdf_long_term.stored(kit, {})[:-1]


@accepted(B_B)
def update_that_lists_free_objects(kit: Kit) -> bytes:
    """Numbers that nothing ever had."""
    data = pdf_long_term.stored(kit, {})
    place = data.rindex(b"trailer")
    more = b"50 2\n0000000051 00001 f \n0000000000 00001 f \n"
    return data[:place] + more + data[place:].replace(b"/Size 10", b"/Size 60")


def described(kit: Kit, changed: bytes = b"", title: bytes = b"Loan") -> bytes:
    """Metadata as one widespread reader writes them."""
    return (
        b"<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'>"
        b"<rdf:Description xmlns:dc='d' xmlns:xmp='x' xmlns:pdf='p'><dc:title>%s</dc:title>"
        b"<xmp:ModifyDate>2026-01-0%d</xmp:ModifyDate><pdf:Producer>A%s</pdf:Producer>"
        b"<xmpMM:InstanceID>uuid:%d</xmpMM:InstanceID></rdf:Description></x:xmpmeta>"
        b"<?xpacket end='w'?>"
    ) % (title, len(changed) + 1, changed, len(changed))


def with_metadata(kit: Kit) -> bytes:
    xmp = write.stream(described(kit), b"/Type /Metadata /Subtype /XML ")
    objects = {1: write.CATALOG % b"/Metadata 8 0 R ", 8: xmp}
    return signed(kit, objects)


@accepted(B_B)
def update_as_one_reader_writes_it(kit: Kit) -> bytes:
    """Store by signature, extension level, and a record of the writing in the metadata."""
    related = b"<< /Cert [31 0 R] /TU (D:20260202) >>"
    store = b"<< /Type /DSS /Certs [31 0 R] /VRI << /%s %s >> >>" % (b"A" * 40, related)
    level = b"/Extensions << /ADBE << /BaseVersion /1.7 /ExtensionLevel 8 >> >> "
    objects = {
        1: write.CATALOG % (b"/Metadata 8 0 R /DSS 30 0 R " + level),
        8: write.stream(described(kit, b"; by B"), b"/Type /Metadata /Subtype /XML "),
        30: store,
        31: write.stream(b"0\x00"),
    }
    return write.revision(with_metadata(kit), objects)


@accepted(B_B)
def store_replaced_by_a_later_update(kit: Kit) -> bytes:
    """A renewal with a new store; the one before lies unused in the file."""
    stored = pdf_long_term.stored(kit, {})
    later = {
        1: write.CATALOG % b"/DSS 10 0 R ",
        10: b"<< /Certs [9 0 R 11 0 R] >>",
        11: write.stream(b"0\x00"),
    }
    return write.revision(stored, later)


DEFAULTS = {
    22: b"<< /Font << /Helv 23 0 R /ZaDb 24 0 R >> >>",
    23: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    24: b"<< /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats >>",
}


@accepted(B_B)
def timestamp_by_a_library_that_gives_forms_a_default_look(kit: Kit) -> bytes:
    """It concerns text fields, and the form has none (12.7.3.3)."""
    return pdf_long_term.look(kit, b"/DA (/Helv 0 Tf 0 g ) /DR 22 0 R", objects=DEFAULTS)


@accepted(B_B)
def update_with_entries_before_white_space(kit: Kit) -> bytes:
    """As a signed revision may have them too."""
    data = pdf_long_term.stored(kit, {})
    for number in (1, 8, 9):
        place = data.rindex(b"\n%d 0 obj" % number)
        data = data.replace(b"%010d 00000 n" % (place + 1), b"%010d 00000 n" % place)
    return data


@accepted(B_B)
def timestamp_with_leftovers_of_a_library(kit: Kit) -> bytes:
    """A font without a name and the other half of the field, which nothing leads to."""
    half = b"<< /F 132 /Rect [0 0 0 0] /Subtype /Widget /AP << /N 24 0 R >> >>"
    picture = b"/Type /XObject /Subtype /Form /BBox [0 0 0 0] "
    more = {22: b"<< /Type /Font >>", 23: half, 24: write.stream(b"", picture)}
    return pdf_long_term.stamped(kit, entries=b"/H /N ", more=more)


def unused_table(root: bytes, *, more: bytes = b"") -> bytes:
    entries = b"/Type /XRef /Size 11 /W [1 4 2] /Index [1 1] /Root %s /Prev 15 %s" % (root, more)
    return write.stream(bytes(7), entries)


@accepted(B_B)
def update_with_the_stream_that_a_table_replaced(kit: Kit) -> bytes:
    return pdf_long_term.stored(kit, {10: unused_table(b"1 0 R")})


@accepted(B_B)
def update_by_a_library_that_adds_to_the_producer(kit: Kit) -> bytes:
    """Its name, each time it writes."""
    data = signed(kit, {8: b"<< /Title (Loan) /Producer (A) >>"}, trailer=b"/Info 8 0 R ")
    info = b"<< /Title (Loan) /Producer (A%s) >>" % (b"; modified using A" * 40)
    return write.revision(data, {8: info}, trailer=b"/Info 8 0 R ")


@accepted(B_B)
def particulars_in_objects_of_their_own(kit: Kit) -> bytes:
    """As one operating system prints; a store is added."""
    more = {8: b"<< /Title 9 0 R /Producer 10 0 R /ModDate 11 0 R >>", 9: b"(Loan)", 10: b"(A)"}
    data = signed(kit, {**more, 11: b"(D:20260201)"}, trailer=b"/Info 8 0 R ")
    store = {1: write.CATALOG % b"/DSS 12 0 R ", 12: b"<< /Certs [] >>"}
    return write.revision(data, store, trailer=b"/Info 8 0 R ")


@accepted(B_B)
def update_of_a_form_whose_fields_are_a_list_of_their_own(kit: Kit) -> bytes:
    objects = write.letter_objects()
    catalog = objects[1].replace(b"[6 0 R]", b"8 0 R")
    data = signed(kit, {1: catalog, 8: b"[6 0 R]"})
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    look = b"/SigFlags 3 /DA (/Helv 0 Tf 0 g ) /DR << /Font << /Helv 9 0 R >> >>"
    return write.revision(data, {1: catalog.replace(b"/SigFlags 3", look), 9: font})
