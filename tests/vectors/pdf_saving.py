"""Incremental saving attacks: something is appended after signing, in ever stranger ways.

"1 Trillion Dollar Refund" (CCS 2019), 4.2, and more of the kind: without a table, without a
trailer, with a copy of the signature, a second header, trailing bytes.
"""

import re

from signing.judge.codes import Code
from tests.vectors import pdf_writing as write
from tests.vectors.pdf_registry import Kit, refused

ATTACKED = {4: write.drawing(b"Pay 900 Baht")}
AFTER = (Code.REVISION_AFTER_SIGNING, Code.BYTES_AFTER_SIGNATURE)


def bodies(kit: Kit) -> bytes:
    content, _ = write.body(ATTACKED, len(kit.letter))
    return content


def old_end(kit: Kit) -> bytes:
    return b"startxref\n%d\n%%%%EOF\n" % write.startxref(kit.letter)


@refused(Code.REVISION_AFTER_SIGNING)
def isa_page_replaced(kit: Kit) -> bytes:
    return write.revision(kit.letter, ATTACKED)


@refused(*AFTER, Code.STRUCTURE_DAMAGED)
def isa_objects_only(kit: Kit) -> bytes:
    return kit.letter + bodies(kit)


@refused(Code.BYTES_AFTER_SIGNATURE)
def isa_objects_and_old_end(kit: Kit) -> bytes:
    return kit.letter + bodies(kit) + old_end(kit)


@refused(Code.BYTES_AFTER_SIGNATURE)
def isa_objects_trailer_and_old_end(kit: Kit) -> bytes:
    trailer = b"trailer\n<< /Size 8 /Root 1 0 R >>\n"
    return kit.letter + bodies(kit) + trailer + old_end(kit)


@refused(Code.STRUCTURE_DAMAGED)
def isa_table_without_trailer(kit: Kit) -> bytes:
    content, places = write.body(ATTACKED, len(kit.letter))
    at = len(kit.letter) + len(content)
    return kit.letter + content + write.table(places) + b"startxref\n%d\n%%%%EOF\n" % at


@refused(Code.STRUCTURE_DAMAGED)
def isa_trailer_without_table(kit: Kit) -> bytes:
    at = len(kit.letter) + len(bodies(kit))
    trailer = b"trailer\n<< /Size 8 /Root 1 0 R /Prev %d >>\n" % write.startxref(kit.letter)
    return kit.letter + bodies(kit) + trailer + b"startxref\n%d\n%%%%EOF\n" % at


@refused(Code.SIGNATURES_DISAGREE, Code.STRUCTURE_DAMAGED)
def isa_copied_signature(kit: Kit) -> bytes:
    """The update carries the signature object once more, as if it covered the update."""
    old = kit.letter[kit.letter.index(b"7 0 obj\n") + len(b"7 0 obj\n") :]
    copy = old[: old.index(b"\nendobj")]
    return write.revision(kit.letter, {**ATTACKED, 7: copy})


@refused(Code.SIGNATURES_DISAGREE, Code.STRUCTURE_DAMAGED)
def isa_copied_signature_without_table(kit: Kit) -> bytes:
    start = kit.letter.index(b"7 0 obj\n")
    copy = kit.letter[start : kit.letter.index(b"endobj", start) + len(b"endobj\n")]
    return kit.letter + bodies(kit) + copy + old_end(kit)


@refused(Code.STRUCTURE_DAMAGED, Code.BYTE_RANGE_SHAPE, *AFTER)
def isa_without_previous(kit: Kit) -> bytes:
    """The new table names all objects and no older table: a document of its own."""
    content, places = write.body(ATTACKED, len(kit.letter))
    for number in (1, 2, 3, 5, 6, 7):
        places[number] = kit.letter.index(b"\n%d 0 obj" % number) + 1
    at = len(kit.letter) + len(content)
    return kit.letter + content + write.ending(places, size=8, at=at)


@refused(Code.REVISION_AFTER_SIGNING)
def isa_catalog_replaced(kit: Kit) -> bytes:
    objects = {
        1: (write.CATALOG % b"").replace(b"/Pages 2 0 R", b"/Pages 8 0 R"),
        8: b"<< /Type /Pages /Kids [9 0 R] /Count 1 >>",
        9: (write.PAGE % b"").replace(b"4 0 R", b"10 0 R").replace(b"2 0 R", b"8 0 R"),
        10: write.drawing(b"Pay 900 Baht"),
    }
    return write.revision(kit.letter, objects)


@refused(Code.REVISION_AFTER_SIGNING)
def isa_other_root(kit: Kit) -> bytes:
    """The new trailer names another catalog; the old one stays as it was."""
    objects = {
        8: (write.CATALOG % b"").replace(b"/Pages 2 0 R", b"/Pages 9 0 R"),
        9: b"<< /Type /Pages /Kids [10 0 R] /Count 1 >>",
        10: (write.PAGE % b"").replace(b"4 0 R", b"11 0 R").replace(b"2 0 R", b"9 0 R"),
        11: write.drawing(b"Pay 900 Baht"),
    }
    data = write.revision(kit.letter, objects)
    place = data.rindex(b"/Root 1 0 R")
    return data[:place] + b"/Root 8 0 R" + data[place + len(b"/Root 1 0 R") :]


@refused(Code.REVISION_AFTER_SIGNING)
def isa_in_a_cross_reference_stream(kit: Kit) -> bytes:
    content, places = write.body(ATTACKED, len(kit.letter))
    at = len(kit.letter) + len(content)
    entries = {4: (1, places[4], 0), 8: (1, at, 0)}
    trailer = b"/Root 1 0 R /Prev %d " % write.startxref(kit.letter)
    table = write.cross_reference_stream(entries, size=9, trailer=trailer)
    return kit.letter + content + b"8 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (table, at)


@refused(Code.REVISION_AFTER_SIGNING)
def isa_under_the_number_of_a_cross_reference_stream(kit: Kit) -> bytes:
    """The page waits for object 20: first an unlisted table, then one more text."""
    waiting = write.PAGE.replace(b"/Contents 4 0 R", b"/Contents [4 0 R 20 0 R]") % b""
    return _under_the_number_of_a_table(signed_with_page(kit, waiting))


@refused(Code.REVISION_AFTER_SIGNING)
def isa_unused_under_the_number_of_a_cross_reference_stream(kit: Kit) -> bytes:
    return _under_the_number_of_a_table(kit.letter)


def _under_the_number_of_a_table(data: bytes) -> bytes:
    content, places = write.body(
        {1: write.CATALOG % b"/DSS 8 0 R ", 8: b"<< /Certs [] >>"}, len(data)
    )
    at = len(data) + len(content)
    entries = {number: (1, place, 0) for number, place in places.items()}
    trailer = b"/Root 1 0 R /Prev %d " % write.startxref(data)
    table = write.cross_reference_stream(entries, size=21, trailer=trailer)
    stored = data + content + b"20 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (table, at)
    return write.revision(stored, {20: write.drawing(b"Pay 900 Baht")})


def signed_with_page(kit: Kit, page: bytes) -> bytes:
    objects = {**write.letter_objects(), 3: page}
    return write.complete(write.build(objects), kit.signer)


@refused(Code.REVISION_AFTER_SIGNING)
def isa_in_an_object_stream(kit: Kit) -> bytes:
    """The page is replaced by one in a compressed stream."""
    page = (write.PAGE % b"").replace(b"4 0 R", b"8 0 R")
    objects = {8: write.drawing(b"Pay 900 Baht"), 9: write.object_stream({3: page})}
    content, places = write.body(objects, len(kit.letter))
    at = len(kit.letter) + len(content)
    entries = {3: (2, 9, 0), 8: (1, places[8], 0), 9: (1, places[9], 0), 10: (1, at, 0)}
    trailer = b"/Root 1 0 R /Prev %d " % write.startxref(kit.letter)
    table = write.cross_reference_stream(entries, size=11, trailer=trailer)
    return kit.letter + content + b"10 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (table, at)


@refused(Code.REVISION_AFTER_SIGNING)
def isa_object_freed(kit: Kit) -> bytes:
    """The page's text is marked as free: the page is empty."""
    at = len(kit.letter)
    prev = write.startxref(kit.letter)
    return kit.letter + (
        b"xref\n0 1\n0000000004 65535 f \n4 1\n0000000000 00001 f \ntrailer\n"
        b"<< /Size 8 /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (prev, at)
    )


@refused(Code.BYTES_AFTER_SIGNATURE)
def isa_hidden_object_in_an_update(kit: Kit) -> bytes:
    """An object that no table lists stands in an update that is long-term data otherwise."""
    objects = {1: write.CATALOG % b"/DSS 8 0 R ", 8: b"<< /Certs [9 0 R] >>", 9: write.stream(b"")}
    return write.revision(kit.letter, objects, between=bodies(kit))


@refused(Code.BYTES_AFTER_SIGNATURE)
def isa_object_inside_a_stream(kit: Kit) -> bytes:
    """A "certificate" holds an object that readers that repair a file would find."""
    certificate = write.stream(bodies(kit))
    objects = {1: write.CATALOG % b"/DSS 8 0 R ", 8: b"<< /Certs [9 0 R] >>", 9: certificate}
    return write.revision(kit.letter, objects)


@refused(Code.HEADER_MISPLACED)
def isa_second_document_appended(kit: Kit) -> bytes:
    """A whole other file follows: which of the two is read depends on the reader."""
    return kit.letter + write.build({1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: write.PAGES})


@refused(Code.BYTES_AFTER_SIGNATURE)
def trailing_comment(kit: Kit) -> bytes:
    return kit.letter + b"% one more line\n"


@refused(Code.BYTES_AFTER_SIGNATURE)
def trailing_line_end(kit: Kit) -> bytes:
    return kit.letter + b"\n"


@refused(Code.BYTES_AFTER_SIGNATURE)
def trailing_nul(kit: Kit) -> bytes:
    return kit.letter + b"\0"


@refused(Code.BYTES_AFTER_SIGNATURE, Code.STRUCTURE_DAMAGED)
def trailing_megabyte(kit: Kit) -> bytes:
    return kit.letter + b"\n" * 1_000_000


@refused(Code.SIGNATURES_DISAGREE)
def trailing_byte_range(kit: Kit) -> bytes:
    return kit.letter + b"%/ByteRange [0 1 2 3]\n"


@refused(Code.CHANGED_AFTER_SIGNING)
def changed_in_place(kit: Kit) -> bytes:
    return kit.letter.replace(b"Pay 100", b"Pay 900")


@refused(Code.SIGNATURES_DISAGREE, Code.BYTE_RANGE_SHAPE, Code.STRUCTURE_DAMAGED)
def truncated_to_its_first_half(kit: Kit) -> bytes:
    return kit.letter[: kit.letter.index(b"xref\n")]


@refused(Code.CHANGED_AFTER_SIGNING)
def signature_of_another_letter(kit: Kit) -> bytes:
    contents = re.compile(rb"/Contents <[0-9a-f]+>")
    return contents.sub(contents.search(kit.other_letter).group(), kit.letter)
