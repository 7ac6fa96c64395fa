"""Files with two cross-references, as word processors write them, and what can be done with them.

ISO 32000-2, 7.5.8.4. The attacks are ours: an object that one reading sees and the other one does
not, or sees elsewhere. Older readers, and some that are not old, ignore /XRefStm.
"""

from collections.abc import Mapping

from signing.judge.codes import Code
from tests.vectors import pdf_writing as write
from tests.vectors.pdf_registry import WHOLE, Kit, refused

DISAGREE = Code.HYBRID_READINGS_DISAGREE
STRUCTURE = {12: b"<< /Type /StructTreeRoot /K 13 0 R >>", 13: b"<< /S /Document /P 12 0 R >>"}


def hybrid_base(
    objects: Mapping[int, bytes],
    hidden: Mapping[int, bytes],
    *,
    twice: Mapping[int, bytes] | None = None,
    stream_trailer: bytes = b"",
) -> bytes:
    """Write as a word processor does: a table, and an update that only adds /XRefStm.

    `hidden` stands in an object stream that the table does not list. `twice` are objects that the
    stream lists at a place of their own.
    """
    plain = {**objects, 20: write.object_stream(hidden)}
    content, places = write.body(plain, len(write.HEADER))
    more, extra = write.body(twice or {}, len(write.HEADER) + len(content))
    at = len(write.HEADER) + len(content) + len(more)
    entries = {number: (1, place, 0) for number, place in (places | extra).items()}
    entries |= {number: (2, 20, index) for index, number in enumerate(hidden)}
    table = write.cross_reference_stream(entries, size=22, trailer=stream_trailer)
    content += more + b"21 0 obj\n%s\nendobj\n" % table
    first = len(write.HEADER) + len(content)
    data = write.HEADER + content + write.ending({**places, 21: at}, size=22, at=first)
    trailer = b"<< /Size 22 /Root 1 0 R /Prev %d /XRefStm %d >>" % (first, at)
    return data + b"xref\n0 0\ntrailer\n%s\nstartxref\n%d\n%%%%EOF\n" % (trailer, len(data))


def unsigned_objects(*, catalog: bytes = b"", page: bytes = b"") -> dict[int, bytes]:
    objects = write.letter_objects()
    del objects[6], objects[7]
    objects[1] = b"<< /Type /Catalog /Pages 2 0 R %s>>" % catalog
    objects[3] = (write.PAGE % page).replace(b"/Annots [6 0 R] ", b"")
    return objects


def signed(kit: Kit, base: bytes, *, catalog: bytes = b"", page: bytes = b"") -> bytes:
    """Sign in a revision with a classic table, as most programs do with such a file."""
    objects = {
        1: write.CATALOG % catalog,
        3: write.PAGE % page,
        6: write.field(7),
        7: write.signature(),
    }
    return write.complete(write.revision(base, objects), kit.signer)


def word_like(kit: Kit) -> bytes:
    """The harmless kind: only the structure tree is hidden."""
    tree = b"/StructTreeRoot 12 0 R /MarkInfo << /Marked true >> "
    base = hybrid_base(unsigned_objects(catalog=tree), STRUCTURE)
    return signed(kit, base, catalog=tree)


@refused(DISAGREE, pdfsig=WHOLE)
def hybrid_hides_an_annotation(kit: Kit) -> bytes:
    """The newer reading shows a note that the older one does not see."""
    note = (
        b"<< /Type /Annot /Subtype /FreeText /Rect [72 600 300 640] /F 4 /Contents (Pay 900) "
        b"/DA (/Helv 24 Tf 0 g) >>"
    )
    base = hybrid_base(unsigned_objects(), {14: note})
    objects = {
        1: write.CATALOG % b"",
        3: (write.PAGE % b"").replace(b"[6 0 R]", b"[6 0 R 14 0 R]"),
        6: write.field(7),
        7: write.signature(),
    }
    return write.complete(write.revision(base, objects), kit.signer)


@refused(DISAGREE, pdfsig=WHOLE)
def hybrid_hides_a_part_of_the_text(kit: Kit) -> bytes:
    """The page has a second content stream, which only the stream's table lists."""
    base = hybrid_base(
        unsigned_objects(), STRUCTURE, twice={14: write.stream(b"BT /F1 24 Tf (not) Tj ET")}
    )
    objects = {
        1: write.CATALOG % b"",
        3: (write.PAGE % b"").replace(b"/Contents 4 0 R", b"/Contents [4 0 R 14 0 R]"),
        6: write.field(7),
        7: write.signature(),
    }
    return write.complete(write.revision(base, objects), kit.signer)


@refused(DISAGREE, pdfsig=WHOLE)
def hybrid_page_text_in_two_versions(kit: Kit) -> bytes:
    """Object 4 is at one place for older readers and at another one for newer ones."""
    return signed(kit, hybrid_base(unsigned_objects(), STRUCTURE, twice={4: write.drawing(b"900")}))


@refused(DISAGREE, pdfsig=WHOLE)
def hybrid_font_in_two_versions(kit: Kit) -> bytes:
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Symbol >>"
    return signed(kit, hybrid_base(unsigned_objects(), {5: font}))


@refused(DISAGREE, pdfsig=WHOLE)
def hybrid_frees_the_font(kit: Kit) -> bytes:
    """The stream says that the font is free: newer readers show nothing of it."""
    return signed(kit, frees_font())


def frees_font() -> bytes:
    base = hybrid_base(unsigned_objects(), STRUCTURE)
    place = base.index(b"21 0 obj")
    # 7 bytes an entry: the fifth is object 5, whose type becomes 0.
    rows = base.index(b"stream\n", place) + len(b"stream\n")
    entry = rows + 4 * 7
    return base[:entry] + bytes([0, 0, 0, 0, 0, 0, 1]) + base[entry + 7 :]


@refused(DISAGREE, pdfsig=WHOLE)
def hybrid_stream_names_another_root(kit: Kit) -> bytes:
    objects = {**unsigned_objects(), 15: b"<< /Type /Catalog /Pages 16 0 R >>", 16: write.PAGES}
    return signed(kit, hybrid_base(objects, STRUCTURE, stream_trailer=b"/Root 15 0 R "))


@refused(DISAGREE)
def hybrid_stream_names_an_older_table(kit: Kit) -> bytes:
    """Some readers follow the stream's own /Prev."""
    return signed(kit, hybrid_base(unsigned_objects(), STRUCTURE, stream_trailer=b"/Prev 15 "))


@refused(Code.SIGNATURE_IN_OBJECT_STREAM, pdfsig=WHOLE)
def hybrid_hides_a_signature(kit: Kit) -> bytes:
    hidden = b"<< /Type /Sig /ByteRange [0 1 2 3] /Contents <30> >>"
    return signed(kit, hybrid_base(unsigned_objects(), {14: hidden}))


@refused(DISAGREE, Code.SIGNATURES_DISAGREE, pdfsig=WHOLE)
def hybrid_hides_the_form(kit: Kit) -> bytes:
    """Older readers see an unsigned document."""
    form = b"<< /Fields [6 0 R] /SigFlags 3 >>"
    objects = {**unsigned_objects(catalog=b"/AcroForm 14 0 R "), 6: write.field(7)}
    objects[7] = write.signature()
    return write.complete(hybrid_base(objects, {14: form}), kit.signer)


@refused(DISAGREE, Code.STRUCTURE_DAMAGED)
def hybrid_stream_behind_the_signature(kit: Kit) -> bytes:
    """The signed table names a stream that somebody appends later."""
    objects = unsigned_objects(catalog=b"/AcroForm << /Fields [6 0 R] /SigFlags 3 >> ")
    objects |= {6: write.field(7), 7: write.signature()}
    later = 9_000
    data = write.complete(write.build(objects, trailer=b"/XRefStm %d " % later), kit.signer)
    at = later
    entries = {4: (1, at + 400, 0)}
    table = b"21 0 obj\n%s\nendobj\n" % write.cross_reference_stream(entries, size=22)
    text = b"4 0 obj\n%s\nendobj\n" % write.drawing(b"Pay 900 Baht")
    padding = b"\n" * (later - len(data))
    return data + padding + table.ljust(400) + text


@refused(DISAGREE)
def hybrid_update_after_signing(kit: Kit) -> bytes:
    """A later revision that changes nothing by its table, and something by its stream."""
    text, places = write.body({4: write.drawing(b"Pay 900 Baht")}, len(kit.letter))
    at = len(kit.letter) + len(text)
    entries = {4: (1, places[4], 0)}
    table = b"21 0 obj\n%s\nendobj\n" % write.cross_reference_stream(entries, size=22)
    start = at + len(table)
    prev = write.startxref(kit.letter)
    trailer = b"<< /Size 22 /Root 1 0 R /Prev %d /XRefStm %d >>" % (prev, at)
    end = b"xref\n0 0\ntrailer\n%s\nstartxref\n%d\n%%%%EOF\n" % (trailer, start)
    return kit.letter + text + table + end


@refused(DISAGREE)
def hybrid_stream_shared_with_a_later_revision(kit: Kit) -> bytes:
    """The signed table names as its stream what a later, harmless update brings as its table."""
    objects = unsigned_objects(catalog=b"/AcroForm << /Fields [6 0 R] /SigFlags 3 >> ")
    objects |= {6: write.field(7), 7: write.signature(), 20: b"null"}
    store = {1: objects[1].replace(b"/AcroForm", b"/DSS 8 0 R /AcroForm"), 8: b"<< /Certs [] >>"}
    size = len(write.build(objects, trailer=b"/XRefStm 0000000000 "))
    content, places = write.body(store, size)
    at = size + len(content)
    data = write.complete(write.build(objects, trailer=b"/XRefStm %010d " % at), kit.signer)
    entries = {1: (1, places[1], 0), 8: (1, places[8], 0)}
    trailer = b"/Root 1 0 R /Prev %d " % write.startxref(data)
    table = write.cross_reference_stream(entries, size=21, trailer=trailer)
    return data + content + b"9 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (table, at)


@refused(Code.STRUCTURE_DAMAGED)
def hybrid_stream_lists_a_later_generation(kit: Kit) -> bytes:
    """Generation 1 of an object that was never freed, in a file of one section."""
    content, places = write.body(write.letter_objects(), len(write.HEADER))
    at = len(write.HEADER) + len(content)
    table = write.cross_reference_stream({4: (1, places[4], 1)}, size=22, trailer=b"")
    data = write.HEADER + content + b"21 0 obj\n%s\nendobj\n" % table
    trailer = b"/XRefStm %d " % at
    end = write.ending({**places, 21: at}, size=22, at=len(data), trailer=trailer)
    return write.complete(data + end, kit.signer)
