"""Universal signature forgery: the signature's own entries are missing, empty or wrong.

Mladenov, Mainka, zu Selhausen, Grothe, Schwenk: "1 Trillion Dollar Refund" (CCS 2019), 4.1, and
more of the kind. The idea is that a reader shows a signature and fails to check it.
"""

import re

from signing.judge.codes import Code
from tests.vectors import pdf_writing as write
from tests.vectors.pdf_registry import WHOLE, Kit, refused

CONTENTS = re.compile(rb"/Contents <[0-9a-f]+>")
BYTE_RANGE = re.compile(rb"/ByteRange \[[0-9 ]+\]")


def with_contents(kit: Kit, value: bytes) -> bytes:
    return CONTENTS.sub(value, kit.letter)


def with_range(kit: Kit, value: bytes) -> bytes:
    """Replace /ByteRange in the same room, so that nothing else moves."""
    match = BYTE_RANGE.search(kit.letter)
    room = match.end() - match.start()
    return kit.letter[: match.start()] + value.ljust(room) + kit.letter[match.end() :]


def numbers(kit: Kit) -> tuple[int, int, int, int]:
    found = re.findall(rb"\d+", BYTE_RANGE.search(kit.letter).group())
    first, length, second, rest = map(int, found)
    return first, length, second, rest


DAMAGED = (Code.STRUCTURE_DAMAGED, Code.SIGNATURE_INCOMPLETE, Code.BYTE_RANGE_SHAPE)


@refused(Code.SIGNATURE_INCOMPLETE, Code.STRUCTURE_DAMAGED)
def usf_contents_absent(kit: Kit) -> bytes:
    match = CONTENTS.search(kit.letter)
    room = match.end() - match.start()
    return kit.letter[: match.start()] + b" " * room + kit.letter[match.end() :]


@refused(Code.BYTE_RANGE_GAP, Code.SIGNATURE_INCOMPLETE)
def usf_contents_null(kit: Kit) -> bytes:
    match = CONTENTS.search(kit.letter)
    room = match.end() - match.start()
    value = b"/Contents null".ljust(room)
    return kit.letter[: match.start()] + value + kit.letter[match.end() :]


@refused(Code.BYTE_RANGE_GAP)
def usf_contents_null_byte(kit: Kit) -> bytes:
    match = CONTENTS.search(kit.letter)
    room = match.end() - match.start()
    value = b"/Contents <00>".ljust(room)
    return kit.letter[: match.start()] + value + kit.letter[match.end() :]


@refused(Code.BYTE_RANGE_GAP)
def usf_contents_literal_string(kit: Kit) -> bytes:
    match = CONTENTS.search(kit.letter)
    room = match.end() - match.start() - len(b"/Contents ()")
    value = b"/Contents (%s)" % (b"A" * room)
    return kit.letter[: match.start()] + value + kit.letter[match.end() :]


@refused(Code.CONTENTS_EMPTY)
def usf_contents_zeros(kit: Kit) -> bytes:
    _, length, second, _ = numbers(kit)
    return kit.letter[: length + 1] + b"0" * (second - length - 2) + kit.letter[second - 1 :]


@refused(Code.CONTENTS_DAMAGED)
def usf_contents_garbage(kit: Kit) -> bytes:
    _, length, second, _ = numbers(kit)
    return kit.letter[: length + 1] + b"f" * (second - length - 2) + kit.letter[second - 1 :]


@refused(Code.SIGNATURE_INCOMPLETE)
def usf_contents_reference(kit: Kit) -> bytes:
    """The CMS is another object; the gap holds it, the entry leads to it."""
    objects = write.letter_objects()
    objects[7] = objects[7].replace(b"/Contents <", b"/Contents 8 0 R /Data <")
    data = write.build({**objects, 8: b"<%s>" % (b"00" * write.ROOM)})
    place = data.index(b"/Data <") + len(b"/Data <")
    end = data.index(b">", place) + 1
    ranges = b"/ByteRange [0 %010d %010d %010d]" % (place - 1, end, len(data) - end)
    data = data.replace(b"/ByteRange [0 0000000000 0000000000 0000000000]", ranges)
    message = write.cms_over(data[: place - 1] + data[end:], kit.signer)
    other = data.index(b"\n8 0 obj\n<") + len(b"\n8 0 obj\n<")
    return write.fill(write.fill(data, place, message), other, message)


@refused(*DAMAGED)
def usf_byte_range_absent(kit: Kit) -> bytes:
    return with_range(kit, b"")


@refused(Code.BYTE_RANGE_SHAPE)
def usf_byte_range_null(kit: Kit) -> bytes:
    return with_range(kit, b"/ByteRange null")


@refused(Code.BYTE_RANGE_SHAPE)
def usf_byte_range_empty(kit: Kit) -> bytes:
    return with_range(kit, b"/ByteRange []")


@refused(Code.BYTE_RANGE_SHAPE)
def usf_byte_range_zeros(kit: Kit) -> bytes:
    return with_range(kit, b"/ByteRange [0 0 0 0]")


@refused(Code.BYTE_RANGE_SHAPE)
def usf_byte_range_negative(kit: Kit) -> bytes:
    return with_range(kit, b"/ByteRange [0 -1 -1 -1]")


@refused(Code.BYTE_RANGE_SHAPE)
def usf_byte_range_begins_later(kit: Kit) -> bytes:
    _, length, second, rest = numbers(kit)
    return with_range(kit, b"/ByteRange [8 %d %d %d]" % (length - 8, second, rest))


@refused(Code.BYTE_RANGE_SHAPE)
def usf_byte_range_too_long(kit: Kit) -> bytes:
    _, length, second, _ = numbers(kit)
    return with_range(kit, b"/ByteRange [0 %d %d 9999999999]" % (length, second))


@refused(Code.BYTE_RANGE_SHAPE)
def usf_byte_range_huge(kit: Kit) -> bytes:
    return with_range(kit, b"/ByteRange [0 18446744073709551616 1 1]")


@refused(Code.BYTE_RANGE_SHAPE, Code.BYTE_RANGE_GAP)
def usf_byte_range_overlapping(kit: Kit) -> bytes:
    _, length, second, rest = numbers(kit)
    return with_range(kit, b"/ByteRange [0 %d %d %d]" % (second + 9, length, rest))


@refused(Code.BYTE_RANGE_SHAPE)
def usf_byte_range_reals(kit: Kit) -> bytes:
    return with_range(kit, b"/ByteRange [%d %d.0 %d.0 %d.0]" % numbers(kit))


@refused(Code.BYTE_RANGE_SHAPE)
def usf_byte_range_strings(kit: Kit) -> bytes:
    return with_range(kit, b"/ByteRange [(%d)(%d)(%d)(%d)]" % numbers(kit))


@refused(Code.BYTE_RANGE_SHAPE)
def usf_byte_range_one_pair(kit: Kit) -> bytes:
    return with_range(kit, b"/ByteRange [0 %d]" % len(kit.letter))


@refused(Code.BYTE_RANGE_SHAPE)
def usf_byte_range_three_pairs(kit: Kit) -> bytes:
    _, length, second, rest = numbers(kit)
    half = rest // 2
    value = b"/ByteRange [0 %d %d %d %d %d]" % (length, second, half, second + half, rest - half)
    return with_range(kit, value)


@refused(Code.BYTE_RANGE_GAP)
def usf_byte_range_gap_wider(kit: Kit) -> bytes:
    """One more byte is left out on the right: the delimiter behind the string."""
    _, length, second, rest = numbers(kit)
    return with_range(kit, b"/ByteRange [0 %d %d %d]" % (length, second + 1, rest - 1))


@refused(Code.BYTE_RANGE_GAP)
def usf_byte_range_gap_narrower(kit: Kit) -> bytes:
    _, length, second, rest = numbers(kit)
    return with_range(kit, b"/ByteRange [0 %d %d %d]" % (length + 1, second - 1, rest + 1))


@refused(Code.BYTE_RANGE_SHAPE, pdfsig=WHOLE)
def usf_byte_range_reference(kit: Kit) -> bytes:
    """The four numbers are another object; they are even right."""
    objects = write.letter_objects()
    objects[7] = objects[7].replace(
        b"/ByteRange [0 0000000000 0000000000 0000000000]", b"/ByteRange 8 0 R"
    )
    data = write.build({**objects, 8: b"[0 0000000000 0000000000 0000000000]"})
    place = data.index(b"/Contents <0") + len(b"/Contents <")
    end = data.index(b">", place) + 1
    ranges = b"[0 %010d %010d %010d]" % (place - 1, end, len(data) - end)
    data = data.replace(b"[0 0000000000 0000000000 0000000000]", ranges)
    return write.fill(data, place, write.cms_over(data[: place - 1] + data[end:], kit.signer))


@refused(Code.BYTE_RANGE_SHAPE, Code.SIGNATURES_DISAGREE, pdfsig=WHOLE)
def usf_byte_range_of_references(kit: Kit) -> bytes:
    objects = write.letter_objects()
    objects[7] = objects[7].replace(
        b"[0 0000000000 0000000000 0000000000]", b"[0 8 0 R 9 0 R 10 0 R]"
    )
    numbers_at = {8: b"0000000001", 9: b"0000000002", 10: b"0000000003"}
    data = write.build({**objects, **numbers_at})
    place = data.index(b"/Contents <0") + len(b"/Contents <")
    end = data.index(b">", place) + 1
    for mark, value in zip((1, 2, 3), (place - 1, end, len(data) - end), strict=True):
        data = data.replace(b"obj\n%010d\n" % mark, b"obj\n%010d\n" % value)
    return write.fill(data, place, write.cms_over(data[: place - 1] + data[end:], kit.signer))


@refused(Code.SIGNATURES_DISAGREE)
def usf_byte_range_in_a_comment(kit: Kit) -> bytes:
    """A number is followed by a comment: readers that scan read it otherwise."""
    _, length, second, rest = numbers(kit)
    return with_range(kit, b"/ByteRange [0 %d%%1\n%d %d]" % (length, second, rest))


@refused(Code.SIGNATURE_INCOMPLETE)
def usf_subfilter_absent(kit: Kit) -> bytes:
    return kit.letter.replace(b"/SubFilter /ETSI.CAdES.detached", b" " * 31)


@refused(Code.SUBFILTER)
def usf_subfilter_unknown(kit: Kit) -> bytes:
    return kit.letter.replace(b"/ETSI.CAdES.detached", b"/ETSI.XAdES.detached")


@refused(Code.SUBFILTER, Code.SIGNATURE_INCOMPLETE)
def usf_subfilter_is_a_string(kit: Kit) -> bytes:
    return kit.letter.replace(b"/ETSI.CAdES.detached", b"(TSI.CAdES.detached)")


@refused(Code.WEAK_ALGORITHM, pdfsig=WHOLE)
def usf_subfilter_of_sha1(kit: Kit) -> bytes:
    return write.complete(
        write.build({**write.letter_objects(), 7: write.signature(subfilter=b"/adbe.pkcs7.sha1")}),
        kit.signer,
    )


@refused(Code.SIGNATURE_TYPE)
def usf_subfilter_says_timestamp(kit: Kit) -> bytes:
    """A signature passes for a timestamp, which nobody need trust."""
    return kit.letter.replace(b"/ETSI.CAdES.detached", b"/ETSI.RFC3161       ")


@refused(Code.SIGNATURE_TYPE, pdfsig=WHOLE)
def usf_type_says_timestamp(kit: Kit) -> bytes:
    objects = write.letter_objects()
    objects[7] = objects[7].replace(b"/Type /Sig", b"/Type /DocTimeStamp")
    return write.complete(write.build(objects), kit.signer)


@refused(Code.SIGNATURE_INCOMPLETE, Code.SIGNATURES_DISAGREE)
def usf_value_is_null(kit: Kit) -> bytes:
    return kit.letter.replace(b"/V 7 0 R", b"/V null ")


@refused(Code.SIGNATURE_INCOMPLETE)
def usf_value_is_no_dictionary(kit: Kit) -> bytes:
    return kit.letter.replace(b"/V 7 0 R", b"/V (abc)")


@refused(Code.SIGNATURES_DISAGREE, Code.SIGNATURE_INCOMPLETE)
def usf_value_leads_nowhere(kit: Kit) -> bytes:
    return kit.letter.replace(b"/V 7 0 R", b"/V 9 0 R")


@refused(Code.SIGNATURE_INCOMPLETE, pdfsig=WHOLE)
def usf_value_is_direct(kit: Kit) -> bytes:
    """The value stands in the field itself: no object tells to which revision it belongs."""
    objects = write.letter_objects()
    value = objects.pop(7)
    objects[6] = objects[6].replace(b"/V 7 0 R", b"/V " + value)
    return write.complete(write.build(objects), kit.signer)


@refused(Code.STRUCTURE_DAMAGED)
def usf_name_spelled_otherwise(kit: Kit) -> bytes:
    """A second /ByteRange, spelled with escapes, that readers take for the first."""
    objects = write.letter_objects(entries=b"/#42yteRange [0 1 2 3] ")
    return write.complete(write.build(objects), kit.signer)


@refused(Code.STRUCTURE_DAMAGED, pdfsig=WHOLE)
def usf_byte_range_twice(kit: Kit) -> bytes:
    """Duplicate keys: readers disagree on which counts (7.3.7 forbids them)."""
    objects = write.letter_objects()
    objects[7] = objects[7].replace(b"/Filter", b"/ByteRange [0 1 2 3] /Filter")
    return write.complete(write.build(objects), kit.signer)


@refused(Code.STRUCTURE_DAMAGED)
def usf_contents_twice(kit: Kit) -> bytes:
    objects = write.letter_objects(entries=b"/Contents <30> ")
    return write.complete(write.build(objects), kit.signer)
