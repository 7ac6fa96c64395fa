"""Files that readers take apart differently, that never end, or that unpack to far too much."""

import zlib

from signing.judge.codes import Code
from tests.vectors import pdf_writing as write
from tests.vectors.pdf_forgery import BYTE_RANGE
from tests.vectors.pdf_registry import WHOLE, Kit, refused

DAMAGED = Code.STRUCTURE_DAMAGED


def signed(kit: Kit, objects: dict[int, bytes], **options: bytes) -> bytes:
    return write.complete(write.build({**write.letter_objects(), **objects}, **options), kit.signer)


@refused(Code.HEADER_MISPLACED, pdfsig=WHOLE)
def header_after_a_line(kit: Kit) -> bytes:
    return signed(kit, {}, header=b"\n" + write.HEADER)


@refused(Code.HEADER_MISPLACED, pdfsig=WHOLE)
def header_after_a_script(kit: Kit) -> bytes:
    """A file that is HTML as well."""
    page = b"<html><script>document.write('Pay 900')</script><!--\n"
    return signed(kit, {}, header=page + write.HEADER)


@refused(Code.HEADER_MISPLACED, pdfsig=WHOLE)
def header_twice(kit: Kit) -> bytes:
    return signed(kit, {}, header=write.HEADER + b"%PDF-1.4\n")


@refused(Code.ALSO_AN_ARCHIVE, pdfsig=WHOLE)
def polyglot_zip_around(kit: Kit) -> bytes:
    """The whole file is a ZIP archive as well: its directory stands in a signed stream."""
    local = b"PK\x03\x04" + bytes(26) + b"PK\x01\x02" + bytes(42) + b"PK\x05\x06" + bytes(18)
    return signed(kit, {8: write.stream(local)})


@refused(Code.BYTES_AFTER_SIGNATURE, Code.ALSO_AN_ARCHIVE)
def polyglot_zip_appended(kit: Kit) -> bytes:
    return kit.letter + b"PK\x05\x06" + bytes(18)


@refused(DAMAGED, pdfsig=WHOLE)
def duplicate_key_in_the_catalog(kit: Kit) -> bytes:
    return signed(kit, {1: write.CATALOG % b"/Pages 8 0 R ", 8: write.PAGES})


@refused(DAMAGED, pdfsig=WHOLE)
def duplicate_key_in_a_page(kit: Kit) -> bytes:
    return signed(kit, {3: write.PAGE % b"/Contents 8 0 R ", 8: write.drawing(b"Pay 900")})


@refused(DAMAGED, pdfsig=WHOLE)
def duplicate_key_spelled_otherwise(kit: Kit) -> bytes:
    return signed(kit, {3: write.PAGE % b"/#43ontents 8 0 R ", 8: write.drawing(b"Pay 900")})


@refused(DAMAGED, Code.CROSS_REFERENCE_WRONG, pdfsig=WHOLE)
def table_leads_beside_the_page(kit: Kit) -> bytes:
    """Readers that repair build the table anew; those that do not see no text."""
    data = write.build(write.letter_objects())
    place = b"%010d 00000 n" % (data.index(b"\n4 0 obj") + 1)
    wrong = b"%010d 00000 n" % (data.index(b"\n4 0 obj") + 9)
    return write.complete(data.replace(place, wrong), kit.signer)


@refused(Code.CROSS_REFERENCE_WRONG)
def table_leads_beside_the_font(kit: Kit) -> bytes:
    data = write.build(write.letter_objects())
    place = b"%010d 00000 n" % (data.index(b"\n5 0 obj") + 1)
    wrong = b"%010d 00000 n" % (data.index(b"\n5 0 obj") + 9)
    return write.complete(data.replace(place, wrong), kit.signer)


@refused(Code.CROSS_REFERENCE_WRONG)
def table_leads_beside_the_structure(kit: Kit) -> bytes:
    """What no reader draws; but one that repairs builds the whole table anew."""
    objects = write.letter_objects(catalog=b"/StructTreeRoot 8 0 R ")
    data = write.build({**objects, 8: b"<< /Type /StructTreeRoot >>"})
    place = b"%010d 00000 n" % (data.index(b"\n8 0 obj") + 1)
    wrong = b"%010d 00000 n" % (data.index(b"\n8 0 obj") + 9)
    return write.complete(data.replace(place, wrong), kit.signer)


@refused(DAMAGED, Code.CROSS_REFERENCE_WRONG, pdfsig=WHOLE)
def table_leads_to_another_object(kit: Kit) -> bytes:
    data = write.build({**write.letter_objects(), 8: write.drawing(b"Pay 900")})
    place = b"%010d 00000 n" % (data.index(b"\n4 0 obj") + 1)
    other = b"%010d 00000 n" % (data.index(b"\n8 0 obj") + 1)
    return write.complete(data.replace(place, other, 1), kit.signer)


@refused(DAMAGED, pdfsig=WHOLE)
def startxref_leads_nowhere(kit: Kit) -> bytes:
    data = write.build(write.letter_objects())
    end = data.rindex(b"startxref")
    return write.complete(data[:end] + b"startxref\n1\n%%EOF\n", kit.signer)


@refused(DAMAGED, pdfsig=WHOLE)
def previous_table_is_itself(kit: Kit) -> bytes:
    data = write.build(write.letter_objects())
    at = write.startxref(data)
    loop = data.replace(b"/Root 1 0 R", b"/Root 1 0 R /Prev %d" % at)
    return write.complete(loop, kit.signer)


@refused(DAMAGED, pdfsig=WHOLE)
def previous_tables_go_in_a_circle(kit: Kit) -> bytes:
    first = write.build(write.letter_objects(), trailer=b"/Prev 0000000000 ")
    second = write.revision(first, {8: b"null"})
    circle = b"/Prev %010d " % write.startxref(second)
    return write.complete(second.replace(b"/Prev 0000000000 ", circle), kit.signer)


@refused(DAMAGED, Code.TIME_LIMIT, pdfsig=WHOLE)
def table_claims_a_billion_objects(kit: Kit) -> bytes:
    data = write.build(write.letter_objects())
    return write.complete(data.replace(b"xref\n0 8\n", b"xref\n0 999999999\n"), kit.signer)


@refused(DAMAGED, pdfsig=WHOLE)
def page_tree_bites_its_tail(kit: Kit) -> bytes:
    return signed(kit, {2: b"<< /Type /Pages /Kids [3 0 R 2 0 R] /Count 2 >>"})


@refused(DAMAGED, pdfsig=WHOLE)
def page_tree_is_a_very_long_chain(kit: Kit) -> bytes:
    links = range(100, 3100)
    chain = {n: b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % (n + 1) for n in links}
    chain[3100] = write.PAGE % b""
    return signed(kit, {2: b"<< /Type /Pages /Kids [100 0 R] /Count 1 >>", **chain})


@refused(DAMAGED, Code.SIGNATURES_DISAGREE, pdfsig=WHOLE)
def form_kids_go_in_a_circle(kit: Kit) -> bytes:
    catalog = (write.CATALOG % b"").replace(b"[6 0 R]", b"[8 0 R]")
    circle = b"<< /T (A) /Kids [9 0 R 6 0 R] >>"
    return signed(kit, {1: catalog, 8: circle, 9: b"<< /T (B) /Kids [8 0 R] >>"})


@refused(DAMAGED, pdfsig=WHOLE)
def dictionaries_nested_too_deep(kit: Kit) -> bytes:
    deep = b"<< /A " * 5000 + b"1" + b" >>" * 5000
    return signed(kit, {1: write.CATALOG % (b"/X %s " % deep)})


@refused(DAMAGED, pdfsig=WHOLE)
def object_stream_bomb(kit: Kit) -> bytes:
    """300 kB that unpack to 300 MB of objects."""
    page = write.PAGE % b""
    packed = zlib.compress(b"3 0 " + page + b" " * 300_000_000, 9)
    kind = b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode "
    return compressed(kit, {3: (2, 20, 0)}, write.stream(packed, kind))


def compressed(kit: Kit, hidden: dict[int, tuple[int, int, int]], packed: bytes) -> bytes:
    """A letter with a cross-reference stream; object 20 is the stream of the hidden ones."""
    objects = write.letter_objects()
    plain = {number: objects[number] for number in objects if number not in hidden}
    content, places = write.body({**plain, 20: packed}, len(write.HEADER))
    at = len(write.HEADER) + len(content)
    entries = {number: (1, place, 0) for number, place in places.items()}
    entries |= {**hidden, 21: (1, at, 0)}
    table = write.cross_reference_stream(entries, size=22, trailer=b"/Root 1 0 R ")
    end = b"21 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (table, at)
    return write.complete(write.HEADER + content + end, kit.signer)


@refused(DAMAGED, pdfsig=WHOLE)
def object_stream_in_itself(kit: Kit) -> bytes:
    packed = write.object_stream({3: write.PAGE % b""}, b"/Extends 20 0 R ")
    return compressed(kit, {3: (2, 3, 0)}, packed)


@refused(DAMAGED)
def packed_page_that_reads_as_the_next_object(kit: Kit) -> bytes:
    """There is white space only where the page should be; what follows is the font."""
    packed = b"3 0 5 1 \r" + write.FONT
    kind = b"/Type /ObjStm /N 2 /First 8 "
    return compressed(kit, {3: (2, 20, 0), 5: (2, 20, 1)}, write.stream(packed, kind))


@refused(DAMAGED)
def object_stream_that_does_not_unpack(kit: Kit) -> bytes:
    packed = zlib.compress(b"3 0 " + write.PAGE % b"")
    broken = packed[:20] + bytes([packed[20] ^ 0xFF]) + packed[21:]
    kind = b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode "
    return compressed(kit, {3: (2, 20, 0)}, write.stream(broken, kind))


@refused(Code.ENCRYPTED)
def encrypted(kit: Kit) -> bytes:
    secret = b"/ID [<00> <00>] /Encrypt 8 0 R "
    handler = b"<< /Filter /Standard /V 1 /R 2 /O (%s) /U (%s) /P -1 >>" % (b"x" * 32, b"y" * 32)
    return signed(kit, {8: handler}, trailer=secret)


@refused(Code.ENCRYPTED)
def encrypted_by_a_later_trailer(kit: Kit) -> bytes:
    handler = b"<< /Filter /Standard /V 1 /R 2 /O (%s) /U (%s) /P -1 >>" % (b"x" * 32, b"y" * 32)
    return write.revision(kit.letter, {8: handler}, trailer=b"/ID [<00> <00>] /Encrypt 8 0 R ")


@refused(Code.TOO_MANY_SIGNATURES)
def signatures_by_the_hundred(kit: Kit) -> bytes:
    objects = {1: b"", 2: write.PAGES, 3: write.PAGE % b"", 4: write.drawing(b"x"), 5: write.FONT}
    small = b"/Type /Sig /ByteRange [0 1 2 3] /Contents <30> /SubFilter /ETSI.CAdES.detached"
    for number in range(100):
        objects[100 + number] = write.field(300 + number, b"S%d" % number)
        objects[300 + number] = b"<< %s >>" % small
    fields = b" ".join(b"%d 0 R" % (100 + number) for number in range(100))
    form = b"/AcroForm << /Fields [%s] /SigFlags 3 >>" % fields
    objects[1] = b"<< /Type /Catalog /Pages 2 0 R %s >>" % form
    return write.build(objects)


@refused(Code.NO_SIGNATURE)
def unsigned_with_flags_of_a_signed_one(kit: Kit) -> bytes:
    objects = write.letter_objects()
    del objects[7]
    objects[6] = objects[6].replace(b"/V 7 0 R ", b"")
    return write.build(objects)


@refused(DAMAGED)
def root_is_no_catalog(kit: Kit) -> bytes:
    return signed(kit, {1: b"[1 2 3]"})


@refused(DAMAGED, pdfsig=WHOLE)
def pages_are_missing(kit: Kit) -> bytes:
    return signed(kit, {1: (write.CATALOG % b"").replace(b"/Pages 2 0 R", b"")})


@refused(DAMAGED, pdfsig=WHOLE)
def comment_hides_the_end_of_a_dictionary(kit: Kit) -> bytes:
    """What follows the comment's line end is read by some, not by others."""
    catalog = (write.CATALOG % b"").replace(b"/Pages 2 0 R", b"/Pages%x\x0b/Pages 8 0 R\r2 0 R")
    return signed(kit, {1: catalog.replace(b"/Type /Catalog", b"/Type /Catalog /Pages 8 0 R")})


@refused(Code.SIGNATURES_DISAGREE, pdfsig=WHOLE)
def byte_range_in_a_content_stream(kit: Kit) -> bytes:
    """Scanning finds one more than the form names; better refused once too often."""
    return signed(kit, {8: write.stream(BYTE_RANGE.search(kit.letter).group())})


@refused(Code.CROSS_REFERENCE_WRONG)
def head_of_an_object_runs_into_a_number(kit: Kit) -> bytes:
    """The object is used by a page, and its head says `obj9`."""
    data = write.build(write.letter_objects())
    return write.complete(data.replace(b"5 0 obj\n<<", b"5 0 obj9<<"), kit.signer)
