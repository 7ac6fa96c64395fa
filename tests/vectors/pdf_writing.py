"""Writes PDFs byte by byte, so that every fault can be made, and signs what is written.

`build` makes a file of numbered objects, `letter` one with a signature, `revision` appends an
update, `complete` fills the last placeholder of a signature. None of them asks whether the result
makes sense.
"""

import asyncio
import hashlib
import re
import zlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes

from signing import pades
from tests.pki.make import SIGNED_AT, TestSigner

HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
ROOM = 2400
"""Bytes reserved for a CMS."""
PLACEHOLDER = b"/ByteRange [0 0000000000 0000000000 0000000000] /Contents <" + b"00" * ROOM + b">"
_OPEN = re.compile(rb"/ByteRange \[0 0{10} 0{10} 0{10}\] */Contents <((?:00)+)>")

Objects = Mapping[int, bytes]

CATALOG = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] /SigFlags 3 >> %s>>"
PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
PAGE = (
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
    b"/Resources << /Font << /F1 5 0 R >> >> /Annots [6 0 R] %s>>"
)
FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
FIELD = (
    b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (%s) /F 132 /Rect [0 0 0 0] /P 3 0 R "
    b"/V %d 0 R >>"
)
SIGNATURE = b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter %s %s /M (D:20260201093000Z) %s>>"
CADES = b"/ETSI.CAdES.detached"


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<< /Length %d %s>>\nstream\n%s\nendstream" % (len(content), entries, content)


def drawing(text: bytes) -> bytes:
    return stream(b"BT /F1 24 Tf 72 720 Td (%s) Tj ET" % text)


def field(number_of_value: int, name: bytes = b"Signature1") -> bytes:
    return FIELD % (name, number_of_value)


def signature(entries: bytes = b"", *, subfilter: bytes = CADES) -> bytes:
    return SIGNATURE % (subfilter, PLACEHOLDER, entries)


def letter_objects(
    text: bytes = b"Pay 100 Baht", *, catalog: bytes = b"", page: bytes = b"", entries: bytes = b""
) -> dict[int, bytes]:
    """The objects of a signed letter of one page: 6 is the field, 7 the signature."""
    return {
        1: CATALOG % catalog,
        2: PAGES,
        3: PAGE % page,
        4: drawing(text),
        5: FONT,
        6: field(7),
        7: signature(entries),
    }


def body(objects: Objects, start: int, eol: bytes = b"\n") -> tuple[bytes, dict[int, int]]:
    """The objects one after the other, and where each begins in the file."""
    content, places = bytearray(), {}
    for number, item in objects.items():
        places[number] = start + len(content)
        content += b"%d 0 obj%s%s%sendobj%s" % (number, eol, item, eol, eol)
    return bytes(content), places


def table(places: Mapping[int, int], *, first_free: bool = True, eol: bytes = b" \n") -> bytes:
    """A cross-reference table with a subsection for every run of numbers."""
    line = eol[-1:] if eol == b" \n" else eol.strip(b" ")
    entries = {number: b"%010d 00000 n" % place for number, place in places.items()}
    if first_free:
        entries[0] = b"0000000000 65535 f"
    lines, runs = [b"xref"], _runs(sorted(entries))
    for run in runs:
        lines.append(b"%d %d" % (run[0], len(run)))
        lines += [b"%s" % entries[number] + eol for number in run]
    content = bytearray()
    for one in lines:
        content += one if one.endswith(eol) and len(one) == len(b"0" * 18 + eol) else one + line
    return bytes(content)


def _runs(numbers: Sequence[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs


def ending(places: Mapping[int, int], *, size: int, at: int, trailer: bytes = b"") -> bytes:
    """A table, its trailer and the end of the file; the table begins at `at`."""
    return b"%strailer\n<< /Size %d /Root 1 0 R %s>>\nstartxref\n%d\n%%%%EOF\n" % (
        table(places),
        size,
        trailer,
        at,
    )


def build(objects: Objects, *, trailer: bytes = b"", header: bytes = HEADER) -> bytes:
    """Write a file of these objects; object 1 is the catalog."""
    content, places = body(objects, len(header))
    at = len(header) + len(content)
    return header + content + ending(places, size=max(objects) + 1, at=at, trailer=trailer)


def startxref(data: bytes) -> int:
    """Where the file says that its newest cross-reference begins."""
    return int(re.findall(rb"startxref\s+(\d+)", data)[-1])


def size_of(data: bytes) -> int:
    return max(int(number) for number in re.findall(rb"/Size (\d+)", data))


def revision(data: bytes, objects: Objects, *, trailer: bytes = b"", between: bytes = b"") -> bytes:
    """Append an update with a table and a trailer. `between` stands before the table."""
    content, places = body(objects, len(data))
    content += between
    size = max([size_of(data), *(number + 1 for number in objects)])
    prev = b"/Prev %d %s" % (startxref(data), trailer)
    at = len(data) + len(content)
    return data + content + ending(places, size=size, at=at, trailer=prev)


def letter(signer: TestSigner, **options: bytes) -> bytes:
    """A letter of one revision, signed as a whole."""
    return complete(build(letter_objects(**options)), signer)


def complete(data: bytes, signer: TestSigner) -> bytes:
    """Fill the last placeholder: byte range to the end of the file, and the CMS."""
    found = list(_OPEN.finditer(data))[-1]
    start, end = found.start(1) - 1, found.end(1) + 1
    numbers = b"/ByteRange [0 %010d %010d %010d]" % (start, end, len(data) - end)
    place = found.start()
    data = data[:place] + numbers + data[place + len(numbers) :]
    return fill(data, found.start(1), cms_over(data[:start] + data[end:], signer))


def fill(data: bytes, place: int, message: bytes) -> bytes:
    """Write a CMS as digits over the zeros at `place`."""
    digits = message.hex().encode()
    return data[:place] + digits + data[place + len(digits) :]


def cms_over(content: bytes, signer: TestSigner) -> bytes:
    """A CAdES signature of the content, detached."""

    async def sign() -> bytes:
        message = await pades.signer_of(signer.key, signer.chain).async_sign(
            hashlib.sha256(content).digest(),
            "sha256",
            use_pades=True,
            signed_attr_settings=PdfCMSSignedAttributes(signing_time=SIGNED_AT),
        )
        encoded: bytes = message.dump()
        return encoded

    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, sign()).result()


def object_stream(objects: Objects, entries: bytes = b"") -> bytes:
    """An object stream (ISO 32000-2, 7.5.7)."""
    head, content = bytearray(), bytearray()
    for number, item in objects.items():
        head += b"%d %d " % (number, len(content))
        content += item + b" "
    packed = zlib.compress(bytes(head) + bytes(content))
    kind = b"/Type /ObjStm /N %d /First %d /Filter /FlateDecode %s" % (
        len(objects),
        len(head),
        entries,
    )
    return stream(packed, kind)


def cross_reference_stream(
    entries: Mapping[int, tuple[int, int, int]], *, size: int, trailer: bytes = b""
) -> bytes:
    """A cross-reference stream (7.5.8): number to type and two fields."""
    index, rows = bytearray(), bytearray()
    for run in _runs(sorted(entries)):
        index += b"%d %d " % (run[0], len(run))
        for number in run:
            kind, second, third = entries[number]
            rows += bytes([kind]) + second.to_bytes(4, "big") + third.to_bytes(2, "big")
    kind_entries = b"/Type /XRef /Size %d /W [1 4 2] /Index [%s] %s" % (size, index, trailer)
    return stream(bytes(rows), kind_entries)


def certified_objects(level: int, *, params: bytes | None = None) -> dict[int, bytes]:
    """A certified form: 8 is a text field with appearance 9, 10 an empty signature field."""
    if params is None:
        params = b"<< /Type /TransformParams /P %d /V /1.2 >>" % level
    certifies = b"/Reference [<< /Type /SigRef /TransformMethod /DocMDP /TransformParams %s >>] "
    form = b"<< /Fields [6 0 R 8 0 R 10 0 R] /SigFlags 3 /DA (/Helv 12 Tf 0 g) >>"
    return {
        **letter_objects(page=b"", entries=certifies % params),
        1: b"<< /Type /Catalog /Pages 2 0 R /AcroForm %s /Perms << /DocMDP 7 0 R >> >>" % form,
        3: (PAGE % b"").replace(b"[6 0 R]", b"[6 0 R 8 0 R 10 0 R]"),
        8: text_field(b"100", appearance=9),
        9: appearance_of(b"100"),
        10: b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Signature2) /F 132 /Rect [0 0 0 0] "
        b"/P 3 0 R >>",
    }


def text_field(value: bytes, *, appearance: int) -> bytes:
    return (
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (Amount) /V (%s) /F 4 "
        b"/Rect [72 600 272 620] /P 3 0 R /DA (/Helv 12 Tf 0 g) /AP << /N %d 0 R >> >>"
    ) % (value, appearance)


def appearance_of(text: bytes) -> bytes:
    entries = b"/Type /XObject /Subtype /Form /BBox [0 0 200 20] /Resources << >> "
    return stream(b"BT /F1 12 Tf 2 4 Td (%s) Tj ET" % text, entries)
