"""Long-term updates that are more than that: each has one thing too many.

EN 319 142-1, 5.4 and 5.5. All begin with a proper update: a security store, a document timestamp.
"""

from collections.abc import Mapping

from asn1crypto import cms

from signing.judge.codes import Code
from tests.pki.faults import with_document_timestamp
from tests.pki.make import JUDGED_AT
from tests.vectors import pdf_writing as write
from tests.vectors.pdf_registry import WHOLE, Kit, refused

LATER = Code.REVISION_AFTER_SIGNING
AFTER = Code.BYTES_AFTER_SIGNATURE
STORE = b"/DSS 8 0 R "


def stored(kit: Kit, objects: Mapping[int, bytes], **options: bytes) -> bytes:
    """A letter with a security store of one certificate; `objects` are added or put in place."""
    store = {
        1: write.CATALOG % STORE,
        8: b"<< /Certs [9 0 R] >>",
        9: write.stream(b"0\x00"),
    }
    return write.revision(kit.letter, {**store, **objects}, **options)


def stamped(
    kit: Kit,
    *,
    entries: bytes = b"",
    rect: bytes = b"0 0 0 0",
    more: Mapping[int, bytes] | None = None,
    value: bytes | None = None,
) -> bytes:
    """A letter with a document timestamp whose token is another letter's: it proves nothing."""
    field = write.field(21, b"Timestamp").replace(b"[0 0 0 0]", b"[%s] %s" % (rect, entries))
    stamp = write.SIGNATURE % (b"/ETSI.RFC3161", write.PLACEHOLDER, b"")
    stamp = stamp.replace(b"/Type /Sig", b"/Type /DocTimeStamp")
    objects = {
        1: (write.CATALOG % b"").replace(b"[6 0 R]", b"[6 0 R 20 0 R]"),
        3: (write.PAGE % b"").replace(b"[6 0 R]", b"[6 0 R 20 0 R]"),
        20: field,
        21: value or stamp,
        **(more or {}),
    }
    return completed(kit, write.revision(kit.letter, objects))


def completed(kit: Kit, data: bytes) -> bytes:
    """Fill the placeholder with the timestamp of another document."""
    data = write.complete(data, kit.signer)
    place = data.rindex(b"/Contents <") + len(b"/Contents <")
    digits = copied_token(kit).hex().encode().ljust(2 * write.ROOM, b"0")
    return data[:place] + digits + data[place + 2 * write.ROOM :]


def copied_token(kit: Kit) -> bytes:
    other = with_document_timestamp(kit.other_letter, kit.pki.timestamp(JUDGED_AT))
    place = other.rindex(b"/Contents <") + len(b"/Contents <")
    padded = bytes.fromhex(other[place : other.index(b">", place)].decode())
    token: bytes = cms.ContentInfo.load(padded).dump()
    return token


@refused(LATER)
def lta_object_without_a_purpose(kit: Kit) -> bytes:
    return stored(kit, {30: write.drawing(b"Pay 900 Baht")})


@refused(LATER)
def lta_store_with_an_unknown_entry(kit: Kit) -> bytes:
    return stored(kit, {8: b"<< /Certs [9 0 R] /Pages 2 0 R >>"})


@refused(LATER)
def lta_store_is_the_page_s_text(kit: Kit) -> bytes:
    """The text is written anew, as a "certificate"."""
    return stored(kit, {8: b"<< /Certs [4 0 R] >>", 4: write.drawing(b"Pay 900 Baht")})


@refused(LATER)
def lta_certificate_with_entries_of_a_picture(kit: Kit) -> bytes:
    return stored(kit, {9: write.stream(b"0\x00", b"/Type /XObject /Subtype /Form ")})


@refused(LATER)
def lta_certificate_in_an_unusual_filter(kit: Kit) -> bytes:
    return stored(kit, {9: write.stream(b"3000>", b"/Filter /ASCIIHexDecode ")})


@refused(LATER)
def lta_certificate_is_no_stream(kit: Kit) -> bytes:
    return stored(kit, {9: b"<< /A 1 >>"})


@refused(LATER)
def lta_store_by_signature_holds_more(kit: Kit) -> bytes:
    related = b"<< /VRI << /%s << /Cert [9 0 R] /JS (1) >> >> >>" % (b"A" * 40)
    return stored(kit, {8: related})


@refused(LATER)
def lta_extension_of_a_stranger(kit: Kit) -> bytes:
    more = b"/Extensions << /EVIL << /BaseVersion /1.7 /ExtensionLevel 1 >> >> "
    return stored(kit, {1: write.CATALOG % (STORE + more)})


@refused(LATER)
def lta_extension_with_content(kit: Kit) -> bytes:
    more = b"/Extensions << /ESIC << /BaseVersion /1.7 /ExtensionLevel [4 0 R] >> >> "
    return stored(kit, {1: write.CATALOG % (STORE + more)})


@refused(LATER)
def lta_version_goes_back(kit: Kit) -> bytes:
    data = write.letter(kit.signer, catalog=b"/Version /2.0 ")
    return write.revision(data, {1: write.CATALOG % b"/Version /1.0 "})


@refused(LATER)
def lta_signature_flags_taken_away(kit: Kit) -> bytes:
    """Readers need not look for signatures any more (table 225)."""
    return stored(kit, {1: (write.CATALOG % STORE).replace(b"/SigFlags 3", b"/SigFlags 0")})


@refused(LATER)
def lta_language_changed(kit: Kit) -> bytes:
    return stored(kit, {1: write.CATALOG % (STORE + b"/Lang (en) ")})


@refused(LATER)
def lta_view_changed(kit: Kit) -> bytes:
    """The document opens at another place."""
    return stored(kit, {1: write.CATALOG % (STORE + b"/OpenAction [3 0 R /XYZ 0 0 9] ")})


@refused(LATER)
def lta_field_added_that_is_no_timestamp(kit: Kit) -> bytes:
    catalog = (write.CATALOG % STORE).replace(b"[6 0 R]", b"[6 0 R 30 0 R]")
    objects = {1: catalog, 30: write.text_field(b"900", appearance=31)}
    return stored(kit, {**objects, 31: write.appearance_of(b"900")})


@refused(LATER)
def lta_empty_signature_field_added(kit: Kit) -> bytes:
    catalog = (write.CATALOG % STORE).replace(b"[6 0 R]", b"[6 0 R 30 0 R]")
    field = write.field(7, b"Signature9").replace(b"/V 7 0 R ", b"")
    return stored(kit, {1: catalog, 30: field})


@refused(LATER, pdfsig=WHOLE)
def lta_visible_timestamp(kit: Kit) -> bytes:
    return stamped(kit, rect=b"72 600 300 640")


@refused(LATER, pdfsig=WHOLE)
def lta_timestamp_with_a_picture(kit: Kit) -> bytes:
    picture = {22: write.appearance_of(b"Pay 900 Baht")}
    return stamped(kit, entries=b"/AP << /N 22 0 R >> ", more=picture)


@refused(LATER, pdfsig=WHOLE)
def lta_timestamp_with_a_script(kit: Kit) -> bytes:
    return stamped(kit, entries=b"/A << /S /URI /URI (http://e.invalid) >> ")


@refused(LATER, pdfsig=WHOLE)
def lta_timestamp_and_a_note(kit: Kit) -> bytes:
    """The page gets one annotation more than the timestamp's."""
    note = b"<< /Type /Annot /Subtype /Text /Rect [0 0 20 20] /Contents (void) >>"
    page = (write.PAGE % b"").replace(b"[6 0 R]", b"[6 0 R 20 0 R 23 0 R]")
    return stamped(kit, more={3: page, 23: note})


@refused(LATER, pdfsig=WHOLE)
def lta_timestamp_hides_another_field(kit: Kit) -> bytes:
    """The old field is no longer on the page."""
    page = (write.PAGE % b"").replace(b"[6 0 R]", b"[20 0 R]")
    return stamped(kit, more={3: page})


@refused(LATER, Code.SIGNATURES_DISAGREE, pdfsig=WHOLE)
def lta_timestamp_takes_the_place_of_the_signature(kit: Kit) -> bytes:
    """The list of fields has the timestamp only."""
    catalog = (write.CATALOG % b"").replace(b"[6 0 R]", b"[20 0 R]")
    return stamped(kit, more={1: catalog})


@refused(Code.SIGNATURE_TYPE, pdfsig=WHOLE)
def lta_timestamp_that_says_signature(kit: Kit) -> bytes:
    stamp = write.SIGNATURE % (b"/ETSI.RFC3161", write.PLACEHOLDER, b"")
    return stamped(kit, value=stamp)


@refused(LATER, pdfsig=WHOLE)
def lta_timestamp_dictionary_leads_elsewhere(kit: Kit) -> bytes:
    stamp = write.SIGNATURE % (b"/ETSI.RFC3161", write.PLACEHOLDER, b"/Data 4 0 R ")
    return stamped(kit, value=stamp.replace(b"/Type /Sig", b"/Type /DocTimeStamp"))


@refused(Code.METADATA_CHANGED)
def lta_title_changed(kit: Kit) -> bytes:
    objects = {**write.letter_objects(), 8: b"<< /Title (Loan) /ModDate (D:20260101) >>"}
    data = write.complete(write.build(objects, trailer=b"/Info 8 0 R "), kit.signer)
    new = b"<< /Title (Gift) /ModDate (D:20260102) >>"
    return write.revision(data, {8: new}, trailer=b"/Info 8 0 R ")


XMP = (
    b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><dc:title>%s</dc:title>"
    b"<xmp:ModifyDate>%s</xmp:ModifyDate></x:xmpmeta>"
)
METADATA = b"/Type /Metadata /Subtype /XML "


def with_metadata(kit: Kit, first: bytes, then: bytes) -> bytes:
    objects = {
        **write.letter_objects(catalog=b"/Metadata 8 0 R "),
        8: write.stream(first, METADATA),
    }
    data = write.complete(write.build(objects), kit.signer)
    return write.revision(data, {8: write.stream(then, METADATA)})


@refused(Code.METADATA_CHANGED)
def lta_title_changed_in_the_metadata(kit: Kit) -> bytes:
    return with_metadata(kit, XMP % (b"Loan", b"1"), XMP % (b"Gift", b"2"))


@refused(Code.METADATA_CHANGED)
def lta_title_hidden_in_the_record_of_writing(kit: Kit) -> bytes:
    """An element inside the date, which a reader may take for the title."""
    then = XMP % (b"Loan", b"<dc:title>Gift</dc:title>")
    return with_metadata(kit, XMP % (b"Loan", b"1"), then)


@refused(LATER)
def lta_metadata_is_also_the_page_s_text(kit: Kit) -> bytes:
    """One stream is both: a date that draws, where the text was."""
    objects = {
        **write.letter_objects(catalog=b"/Metadata 8 0 R "),
        3: (write.PAGE % b"").replace(b"/Contents 4 0 R", b"/Contents [4 0 R 8 0 R]"),
        8: write.stream(XMP % (b"Loan", b"1"), METADATA),
    }
    data = write.complete(write.build(objects), kit.signer)
    then = XMP % (b"Loan", b" BT /F1 24 Tf 72 700 Td (plus 800) Tj ET ")
    return write.revision(data, {8: write.stream(then, METADATA)})


@refused(AFTER, Code.METADATA_CHANGED)
def lta_title_dropped_by_a_trailer(kit: Kit) -> bytes:
    """The last trailer has no /Info: readers differ on whether they look further back."""
    objects = {**write.letter_objects(), 8: b"<< /Title (Loan) >>"}
    data = write.complete(write.build(objects, trailer=b"/Info 8 0 R "), kit.signer)
    return write.revision(data, {1: write.CATALOG % b"/Version /2.0 "})


@refused(Code.METADATA_CHANGED)
def lta_last_written_at_no_date(kit: Kit) -> bytes:
    info = {8: b"<< /ModDate (Cancelled on 1 May) >>"}
    return write.revision(kit.letter, info, trailer=b"/Info 8 0 R ")


@refused(LATER)
def lta_trailer_entry_leads_elsewhere(kit: Kit) -> bytes:
    """An entry that one office program opens instead of the pages."""
    return stored(kit, {}, trailer=b"/AdditionalStreams [/application#2Fx 9 0 R] ")


@refused(AFTER)
def lta_comment_that_looks_like_an_object(kit: Kit) -> bytes:
    return stored(kit, {}, between=b"% 4 0 obj << >> endobj\n")


@refused(AFTER)
def lta_bytes_between_objects(kit: Kit) -> bytes:
    return stored(kit, {}, between=b"(Pay 900 Baht)\n")


def packed(kit: Kit, container: bytes, listed: Mapping[int, int]) -> bytes:
    """An update in a compressed stream; `listed` are numbers and their places in it."""
    content, places = write.body({9: container}, len(kit.letter))
    at = len(kit.letter) + len(content)
    entries = {number: (2, 9, index) for number, index in listed.items()}
    entries |= {9: (1, places[9], 0), 10: (1, at, 0)}
    trailer = b"/Root 1 0 R /Prev %d " % write.startxref(kit.letter)
    table = write.cross_reference_stream(entries, size=11, trailer=trailer)
    return kit.letter + content + b"10 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (table, at)


COMPRESSED = {1: write.CATALOG % STORE, 8: b"<< /Certs [] >>"}


@refused(AFTER)
def lta_unlisted_object_in_a_compressed_stream(kit: Kit) -> bytes:
    hidden = {**COMPRESSED, 3: write.PAGE % b"/Rotate 180 "}
    return packed(kit, write.object_stream(hidden), {1: 0, 8: 1})


@refused(AFTER)
def lta_text_behind_compressed_objects(kit: Kit) -> bytes:
    hidden = {1: COMPRESSED[1], 8: COMPRESSED[8] + b" (Pay 900)"}
    return packed(kit, write.object_stream(hidden), {1: 0, 8: 1})


@refused(AFTER)
def lta_object_stream_that_extends_another(kit: Kit) -> bytes:
    return packed(kit, write.object_stream(COMPRESSED, b"/Extends 4 0 R "), {1: 0, 8: 1})


@refused(AFTER)
def lta_dictionary_with_a_wrong_end(kit: Kit) -> bytes:
    """Some readers take any byte for the second bracket."""
    return stored(kit, {8: b"<< /Certs [9 0 R] >x"})


@refused(AFTER)
def lta_comment_inside_an_object(kit: Kit) -> bytes:
    return stored(kit, {8: b"<< /Certs % void\n[9 0 R] >>"})


@refused(AFTER)
def lta_startxref_beside_its_table(kit: Kit) -> bytes:
    """One byte before the table: some readers skip white space, others repair the file."""
    data = stored(kit, {})
    at = write.startxref(data)
    place = data.rindex(b"%d" % at)
    return data[:place] + b"%d" % (at - 1) + data[place + len(b"%d" % at) :]


@refused(AFTER)
def lta_second_end(kit: Kit) -> bytes:
    """One `startxref` more than revisions."""
    return stored(kit, {}, between=b"startxref\n%d\n%%%%EOF\n" % write.startxref(kit.letter))


@refused(AFTER)
def lta_line_ends_after_the_end(kit: Kit) -> bytes:
    return stored(kit, {}) + b"\n"


@refused(AFTER)
def lta_table_with_marks_between_its_lines(kit: Kit) -> bytes:
    """The two bytes that end a line of the table are other ones."""
    data = stored(kit, {})
    return data[: data.rindex(b" n \n")] + b" nX\n" + data[data.rindex(b" n \n") + 4 :]


@refused(LATER)
def lta_replaced_store_written_anew_as_the_page_s_text(kit: Kit) -> bytes:
    """Object 8 was the store once; the page waits for it, and the last revision fills it."""
    page = (write.PAGE % b"").replace(b"/Contents 4 0 R", b"/Contents [4 0 R 8 0 R]")
    letter = write.complete(write.build({**write.letter_objects(), 3: page}), kit.signer)
    stored = write.revision(letter, {1: write.CATALOG % STORE, 8: b"<< /Certs [] >>"})
    return write.revision(
        stored,
        {
            1: write.CATALOG % b"/DSS 10 0 R ",
            8: write.drawing(b"Pay 900 Baht"),
            10: b"<< /Certs [] >>",
        },
    )


@refused(LATER)
def lta_replaced_store_written_anew_as_something_else(kit: Kit) -> bytes:
    later = {1: write.CATALOG % b"/DSS 10 0 R ", 8: write.drawing(b"x"), 10: b"<< /Certs [] >>"}
    return write.revision(stored(kit, {}), later)


def look(kit: Kit, form: bytes, *, objects: Mapping[int, bytes] | None = None) -> bytes:
    """A timestamp's update that gives the form other defaults; `form` stands in the catalog."""
    catalog = (write.CATALOG % b"").replace(b"[6 0 R]", b"[6 0 R 20 0 R]")
    catalog = catalog.replace(b"/SigFlags 3", b"/SigFlags 3 " + form)
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    return stamped(kit, more={1: catalog, 23: font, **(objects or {})})


@refused(LATER)
def lta_default_look_in_another_size(kit: Kit) -> bytes:
    return look(kit, b"/DA (/Helv 40 Tf 1 g) /DR << /Font << /Helv 23 0 R >> >>")


@refused(LATER)
def lta_default_look_with_pictures(kit: Kit) -> bytes:
    return look(kit, b"/DA (/Helv 0 Tf 0 g ) /DR << /XObject << /Helv 23 0 R >> >>")


@refused(LATER)
def lta_default_look_in_a_font_of_its_own(kit: Kit) -> bytes:
    drawn = b"<< /Type /Font /Subtype /Type3 /CharProcs << /a 24 0 R >> >>"
    form = b"/DA (/Helv 0 Tf 0 g ) /DR << /Font << /Helv 23 0 R >> >>"
    return look(kit, form, objects={23: drawn, 24: write.stream(b"")})


@refused(LATER)
def lta_default_look_for_a_form_with_text(kit: Kit) -> bytes:
    """A text field without a look of its own is shown once the form gives it one."""
    text = b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (Sum) /V (900) /Rect [9 9 99 99] >>"
    objects = {**write.letter_objects(), 8: text}
    objects[1] = objects[1].replace(b"[6 0 R]", b"[6 0 R 8 0 R]")
    letter = write.complete(write.build(objects), kit.signer)
    later = objects[1].replace(
        b"/SigFlags 3",
        b"/SigFlags 3 /DA (/Helv 0 Tf 0 g ) /DR << /Font << /Helv 23 0 R >> >>",
    )
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    return write.revision(letter, {1: later, 23: font})


@refused(LATER)
def lta_default_look_changed(kit: Kit) -> bytes:
    objects = write.letter_objects()
    signed = objects[1].replace(b"/SigFlags 3", b"/SigFlags 3 /DA (/Helv 9 Tf 0 g )")
    letter = write.complete(write.build({**objects, 1: signed}), kit.signer)
    return write.revision(letter, {1: signed.replace(b"Helv 9", b"Helv 0")})


@refused(LATER)
def lta_leftover_font_that_the_page_waits_for(kit: Kit) -> bytes:
    page = (write.PAGE % b"").replace(b"/F1 5 0 R", b"/F1 5 0 R /F2 20 0 R")
    letter = write.complete(write.build({**write.letter_objects(), 3: page}), kit.signer)
    return write.revision(letter, {20: b"<< /Type /Font >>"})


@refused(LATER)
def lta_leftover_font_with_a_name(kit: Kit) -> bytes:
    return stored(kit, {10: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"})


@refused(LATER)
def lta_leftover_annotation_with_an_area(kit: Kit) -> bytes:
    return stored(kit, {10: b"<< /F 132 /Rect [0 0 9 9] /Subtype /Widget >>"})


@refused(LATER)
def lta_leftover_annotation_with_an_action(kit: Kit) -> bytes:
    return stored(kit, {10: b"<< /F 132 /Rect [0 0 0 0] /Subtype /Widget /A << /S /URI >> >>"})


@refused(LATER)
def lta_leftover_table_with_another_catalog(kit: Kit) -> bytes:
    table = write.stream(bytes(7), b"/Type /XRef /Size 11 /W [1 4 2] /Index [1 1] /Root 8 0 R ")
    return stored(kit, {10: table})


@refused(LATER)
def lta_leftover_stream(kit: Kit) -> bytes:
    return stored(kit, {10: write.stream(b"x")})


@refused(Code.METADATA_CHANGED, LATER)
def lta_producer_in_an_object_of_its_own_changed(kit: Kit) -> bytes:
    objects = {**write.letter_objects(), 8: b"<< /Title (Loan) /Producer 9 0 R >>", 9: b"(A)"}
    data = write.complete(write.build(objects, trailer=b"/Info 8 0 R "), kit.signer)
    return write.revision(data, {9: b"(B)"}, trailer=b"/Info 8 0 R ")
