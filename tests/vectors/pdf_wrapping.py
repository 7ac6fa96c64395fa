"""Signature wrapping attacks: the signed bytes are moved aside, others take their place.

"1 Trillion Dollar Refund" (CCS 2019), 4.3: the second part of the byte range is pushed back, and
what stands in the gap is read but not signed.
"""

from signing.judge.codes import Code
from tests.vectors import pdf_writing as write
from tests.vectors.pdf_forgery import BYTE_RANGE, numbers
from tests.vectors.pdf_registry import WHOLE, Kit, refused
from tests.vectors.pdf_saving import ATTACKED, bodies
from tests.vectors.pdf_shadow import second_signature

GAP = (Code.BYTE_RANGE_GAP, Code.STRUCTURE_DAMAGED, Code.SIGNATURES_DISAGREE)


def stuffed(kit: Kit, stuffing: bytes) -> bytes:
    """Put bytes behind /Contents and let the byte range leave them out as well."""
    first, length, second, rest = numbers(kit)
    changed = b"/ByteRange [%d %d %d %d]" % (first, length, second + len(stuffing), rest)
    match = BYTE_RANGE.search(kit.letter)
    room = match.end() - match.start()
    start = kit.letter[: match.start()] + changed.ljust(room) + kit.letter[match.end() : second]
    return start + stuffing + kit.letter[second:]


@refused(*GAP)
def swa_gap_stuffed_with_an_entry(kit: Kit) -> bytes:
    return stuffed(kit, b" /Reason (paid) ")


@refused(*GAP)
def swa_gap_stuffed_with_objects(kit: Kit) -> bytes:
    """The dictionary is closed, a table and an attacker's objects follow, all in the gap."""
    _, _, second, _ = numbers(kit)
    closed = b" >>\nendobj\n"
    objects, places = write.body(ATTACKED, second + len(closed))
    for number in (1, 2, 3, 5, 6, 7):
        places[number] = kit.letter.index(b"\n%d 0 obj" % number) + 1
    at = second + len(closed) + len(objects)
    end = write.ending(places, size=8, at=at)
    data = stuffed(kit, closed + objects + end)
    return data[: data.rindex(b"startxref")] + b"startxref\n%d\n%%%%EOF\n" % at


@refused(*GAP)
def swa_string_longer_than_the_gap_says(kit: Kit) -> bytes:
    """/Contents is prolonged by spaces and digits inside its brackets."""
    _, _, second, _ = numbers(kit)
    data = stuffed(kit, b"  00>")
    return data[: second - 1] + b" " + data[second:]


@refused(Code.SIGNATURES_DISAGREE, Code.STRUCTURE_DAMAGED)
def swa_signature_duplicated_before(kit: Kit) -> bytes:
    """A copy of the signature object stands before the real one, unlisted."""
    start = kit.letter.index(b"7 0 obj")
    copy = kit.letter[start : kit.letter.index(b"endobj", start) + 7]
    return kit.letter[:start] + copy + kit.letter[start:]


@refused(Code.GAP_OUTSIDE_SIGNATURE)
def swa_contents_moved(kit: Kit) -> bytes:
    """The gap is the string of another object; the signature has the same bytes, covered.

    Such a file cannot be made with a true signature (its own value would have to be in the signed
    bytes), but a reader that looks only at /Contents takes a copied one.
    """
    objects = write.letter_objects()
    dummy = b"<< /Length 2 /Contents <%s> >>" % (b"00" * write.ROOM)
    objects[7] = objects[7].replace(b"00" * write.ROOM, b"00" * write.ROOM)
    data = write.build({**objects, 8: dummy})
    place = data.index(b"8 0 obj")
    start = data.index(b"<0", place)
    end = data.index(b">", start) + 1
    ranges = b"[0 %010d %010d %010d]" % (start, end, len(data) - end)
    data = data.replace(b"[0 0000000000 0000000000 0000000000]", ranges)
    message = write.cms_over(data[:start] + data[end:], kit.signer)
    inner = data.index(b"/Contents <") + len(b"/Contents <")
    return write.fill(write.fill(data, start + 1, message), inner, message)


@refused(Code.GAP_OUTSIDE_SIGNATURE, Code.SIGNATURES_DISAGREE)
def swa_byte_range_elsewhere(kit: Kit) -> bytes:
    """The numbers that scanning finds are not those of the signature's own dictionary."""
    objects = write.letter_objects()
    objects[7] = objects[7].replace(b"/ByteRange [", b"/Byte#52ange [")
    return write.build({**objects, 8: b"<< /X %s >>" % kit_range(kit)})


def kit_range(kit: Kit) -> bytes:
    return BYTE_RANGE.search(kit.letter).group()


@refused(Code.SIGNATURES_DISAGREE, pdfsig=WHOLE)
def swa_two_fields_share_a_value(kit: Kit) -> bytes:
    objects = write.letter_objects()
    objects[1] = objects[1].replace(b"[6 0 R]", b"[6 0 R 8 0 R]")
    objects[8] = write.field(7, b"Signature2")
    return write.complete(write.build(objects), kit.signer)


@refused(Code.SIGNATURES_DISAGREE, pdfsig=WHOLE)
def swa_detached_from_the_form(kit: Kit) -> bytes:
    """No field list names the signature; only programs that look through annotations see it."""
    objects = write.letter_objects()
    objects[1] = b"<< /Type /Catalog /Pages 2 0 R >>"
    return write.complete(write.build(objects), kit.signer)


@refused(Code.SIGNATURES_DISAGREE)
def swa_detached_by_a_revision(kit: Kit) -> bytes:
    return write.revision(kit.letter, {1: b"<< /Type /Catalog /Pages 2 0 R >>"})


@refused(Code.SIGNATURES_DISAGREE)
def swa_field_renamed_away(kit: Kit) -> bytes:
    """The field is no signature field any more."""
    return kit.letter.replace(b"/FT /Sig", b"/FT /Tx ")


@refused(Code.SIGNATURE_IN_OBJECT_STREAM)
def swa_signature_in_an_object_stream(kit: Kit) -> bytes:
    objects = write.letter_objects()
    hidden = b"<< /Type /Sig /Filter /Adobe.PPKLite /ByteRange [0 1 2 3] /Contents <30> >>"
    packed = {6: write.field(20), 20: hidden}
    plain = {number: objects[number] for number in (1, 2, 3, 4, 5)}
    content, places = write.body({**plain, 9: write.object_stream(packed)}, len(write.HEADER))
    at = len(write.HEADER) + len(content)
    entries = {number: (1, place, 0) for number, place in places.items()}
    entries |= {6: (2, 9, 0), 20: (2, 9, 1), 21: (1, at, 0)}
    table = write.cross_reference_stream(entries, size=22, trailer=b"/Root 1 0 R ")
    end = b"21 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (table, at)
    return write.HEADER + content + end


@refused(Code.SIGNATURES_DISAGREE)
def swa_old_bytes_in_a_stream(kit: Kit) -> bytes:
    """The signed file is kept whole inside another one's stream."""
    objects = {1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: write.PAGES, 3: write.PAGE % b""}
    body = kit.letter.replace(b"%PDF-", b"%XDF-")
    return write.build({**objects, 4: write.stream(body)})


@refused(Code.BYTE_RANGE_GAP, Code.SIGNATURES_DISAGREE, Code.STRUCTURE_DAMAGED)
def swa_second_part_at_the_end(kit: Kit) -> bytes:
    """The classic form: the tail is moved to the end, the attacker's objects come before it."""
    _, length, second, rest = numbers(kit)
    tail = kit.letter[second:]
    middle = b" >>\nendobj\n" + bodies(kit)
    match = BYTE_RANGE.search(kit.letter)
    moved = second + len(middle)
    changed = b"/ByteRange [0 %d %d %d]" % (length, moved, rest)
    room = match.end() - match.start()
    head = kit.letter[: match.start()] + changed.ljust(room) + kit.letter[match.end() : second]
    return head + middle + tail


@refused(Code.SIGNATURES_DISAGREE, pdfsig=WHOLE)
def swa_usage_rights_beside(kit: Kit) -> bytes:
    """A signature in /Perms that no field has (ISO 32000-1, 12.8.2.3, usage rights)."""
    rights = b"/Perms << /UR3 << /Type /Sig /ByteRange [0 1 2 3] /Contents <30> >> >> "
    return write.letter(kit.signer, catalog=rights)


@refused(Code.SIGNATURES_DISAGREE)
def swa_two_signatures_over_the_same_bytes(kit: Kit) -> bytes:
    """Each covers the file to its end and leaves out itself: only one of them can be true."""
    objects = write.letter_objects()
    objects[1] = objects[1].replace(b"[6 0 R]", b"[6 0 R 8 0 R]")
    objects |= {8: write.field(9, b"Signature2"), 9: write.signature()}
    return write.complete(write.complete(write.build(objects), kit.attacker), kit.signer)


@refused(Code.BYTES_AFTER_SIGNATURE)
def swa_first_signature_without_its_table(kit: Kit) -> bytes:
    """It ends before the table of its own revision, which somebody else may have written."""
    plain = write.build(write.letter_objects())
    end = plain.index(b"xref\n0 8")
    data = write.complete(plain[:end], kit.signer) + plain[end:]
    return second_signature(kit, data)
