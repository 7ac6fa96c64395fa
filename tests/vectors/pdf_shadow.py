"""Shadow attacks: what was prepared before signing is shown afterwards.

Mainka, Mladenov, Rohlmann: "Shadow Attacks: Hiding and Replacing Content in Signed PDFs" (NDSS
2021). The attacker writes the document, a victim signs it, the attacker appends a small update.
"""

from signing.judge.codes import Code
from tests.vectors import pdf_writing as write
from tests.vectors.pdf_registry import WHOLE, Kit, refused

LATER = Code.REVISION_AFTER_SIGNING


def prepared(kit: Kit, objects: dict[int, bytes]) -> bytes:
    return write.complete(write.build({**write.letter_objects(), **objects}), kit.signer)


def two_layers(kit: Kit) -> bytes:
    """A picture lies over the text; the form holds a text field."""
    picture = b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] "
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents [4 0 R 10 0 R] "
        b"/Resources << /Font << /F1 5 0 R >> /XObject << /X 11 0 R >> >> /Annots [6 0 R 8 0 R] >>"
    )
    return prepared(
        kit,
        {
            1: (write.CATALOG % b"").replace(b"[6 0 R]", b"[6 0 R 8 0 R]"),
            3: page,
            8: write.text_field(b"100", appearance=9),
            9: write.appearance_of(b"100"),
            10: write.stream(b"/X Do"),
            11: write.stream(b"1 g 0 0 595 842 re f", picture),
        },
    )


@refused(LATER)
def shadow_hide_picture_emptied(kit: Kit) -> bytes:
    """Hide: the overlay disappears."""
    entries = b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] "
    return write.revision(two_layers(kit), {11: write.stream(b"", entries)})


@refused(LATER)
def shadow_hide_picture_freed(kit: Kit) -> bytes:
    data = two_layers(kit)
    at, prev = len(data), write.startxref(data)
    return data + (
        b"xref\n0 1\n0000000011 65535 f \n11 1\n0000000000 00001 f \ntrailer\n"
        b"<< /Size 12 /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (prev, at)
    )


@refused(LATER)
def shadow_hide_picture_has_other_type(kit: Kit) -> bytes:
    entries = b"/Type /XObject /Subtype /PS /BBox [0 0 595 842] "
    return write.revision(two_layers(kit), {11: write.stream(b"1 g", entries)})


@refused(LATER)
def shadow_replace_font(kit: Kit) -> bytes:
    """Replace: the digits of a font look like others."""
    digits = b"/Encoding << /Differences [49 /nine] >>"
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier %s >>" % digits
    return write.revision(kit.letter, {5: font})


@refused(LATER)
def shadow_replace_field_value(kit: Kit) -> bytes:
    objects = {8: write.text_field(b"900", appearance=9), 9: write.appearance_of(b"900")}
    return write.revision(two_layers(kit), objects)


@refused(LATER)
def shadow_replace_field_appearance_only(kit: Kit) -> bytes:
    """The value stays, what is seen changes."""
    return write.revision(two_layers(kit), {9: write.appearance_of(b"900")})


@refused(LATER)
def shadow_replace_default_appearance(kit: Kit) -> bytes:
    catalog = write.CATALOG % b""
    form = b"/SigFlags 3 /NeedAppearances true /DA (/Helv 99 Tf 1 g)"
    catalog = catalog.replace(b"[6 0 R]", b"[6 0 R 8 0 R]").replace(b"/SigFlags 3", form)
    return write.revision(two_layers(kit), {1: catalog})


@refused(Code.METADATA_CHANGED)
def shadow_replace_title(kit: Kit) -> bytes:
    """The window's title is content as well, where a reader shows it."""
    return write.revision(
        kit.letter, {8: b"<< /Title (Contract cancelled) >>"}, trailer=b"/Info 8 0 R "
    )


@refused(Code.METADATA_CHANGED)
def shadow_replace_metadata(kit: Kit) -> bytes:
    xmp = (
        b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf"
        b"-syntax-ns#'><rdf:Description xmlns:dc='http://purl.org/dc/elements/1.1/'><dc:title>"
        b"Contract cancelled</dc:title></rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    objects = {
        1: write.CATALOG % b"/Metadata 8 0 R ",
        8: write.stream(xmp, b"/Type /Metadata /Subtype /XML "),
    }
    return write.revision(kit.letter, objects)


def two_trees(kit: Kit) -> bytes:
    """Hide and replace: a second, unused page tree is signed along."""
    return prepared(
        kit,
        {
            8: b"<< /Type /Pages /Kids [9 0 R] /Count 1 >>",
            9: (write.PAGE % b"").replace(b"4 0 R", b"10 0 R").replace(b"2 0 R", b"8 0 R"),
            10: write.drawing(b"Pay 900 Baht"),
            11: (write.CATALOG % b"").replace(b"/Pages 2 0 R", b"/Pages 8 0 R"),
        },
    )


@refused(LATER)
def shadow_hide_and_replace_by_root(kit: Kit) -> bytes:
    """Only the trailer changes: the catalog is another one, signed as well."""
    data = two_trees(kit)
    at, prev = len(data), write.startxref(data)
    return data + (
        b"xref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size 12 /Root 11 0 R /Prev %d >>\n"
        b"startxref\n%d\n%%%%EOF\n" % (prev, at)
    )


@refused(Code.CROSS_REFERENCE_WRONG)
def shadow_hide_and_replace_by_table(kit: Kit) -> bytes:
    """Only the table changes: object 4 is now found where object 10 was."""
    data = two_trees(kit)
    place = data.index(b"\n10 0 obj") + 1
    at, prev = len(data), write.startxref(data)
    return data + (
        b"xref\n4 1\n%010d 00000 n \ntrailer\n<< /Size 12 /Root 1 0 R /Prev %d >>\n"
        b"startxref\n%d\n%%%%EOF\n" % (place, prev, at)
    )


@refused(LATER)
def shadow_hide_and_replace_inner_object(kit: Kit) -> bytes:
    """The second text lies inside a signed stream; a later table leads to it."""
    inner = b"4 0 obj\n%s\nendobj\n" % write.drawing(b"Pay 900 Baht")
    data = prepared(kit, {8: write.stream(b"\n" + inner)})
    place = data.index(b"4 0 obj", data.index(b"8 0 obj"))
    at, prev = len(data), write.startxref(data)
    return data + (
        b"xref\n4 1\n%010d 00000 n \ntrailer\n<< /Size 9 /Root 1 0 R /Prev %d >>\n"
        b"startxref\n%d\n%%%%EOF\n" % (place, prev, at)
    )


def with_layers(kit: Kit) -> bytes:
    page = (write.PAGE % b"").replace(b"/Font", b"/Properties << /L 8 0 R >> /Font")
    layers = b"/OCProperties << /OCGs [8 0 R] /D << /OFF [8 0 R] >> >> "
    text = b"/OC /L BDC BT /F1 24 Tf 72 700 Td (not) Tj ET EMC"
    objects = {
        1: write.CATALOG % layers,
        3: page,
        4: write.stream(text),
        8: b"<< /Type /OCG /Name (L) >>",
    }
    return prepared(kit, objects)


@refused(LATER)
def shadow_layer_switched_on(kit: Kit) -> bytes:
    """A hidden layer is shown (optional content, 8.11)."""
    layers = b"/OCProperties << /OCGs [8 0 R] /D << /ON [8 0 R] >> >> "
    return write.revision(with_layers(kit), {1: write.CATALOG % layers})


@refused(LATER)
def shadow_page_contents_swapped(kit: Kit) -> bytes:
    page = (write.PAGE % b"").replace(b"/Contents 4 0 R", b"/Contents [8 0 R 4 0 R]")
    data = prepared(kit, {8: write.stream(b"1 g 0 0 595 842 re f")})
    return write.revision(data, {3: page})


@refused(LATER)
def shadow_page_added(kit: Kit) -> bytes:
    objects = {
        2: b"<< /Type /Pages /Kids [3 0 R 8 0 R] /Count 2 >>",
        8: (write.PAGE % b"").replace(b"/Annots [6 0 R] ", b"").replace(b"4 0 R", b"9 0 R"),
        9: write.drawing(b"and one more thing"),
    }
    return write.revision(kit.letter, objects)


@refused(LATER)
def shadow_page_rotated(kit: Kit) -> bytes:
    return write.revision(kit.letter, {3: write.PAGE % b"/Rotate 180 "})


@refused(LATER)
def shadow_page_cropped(kit: Kit) -> bytes:
    return write.revision(kit.letter, {3: write.PAGE % b"/CropBox [0 0 10 10] "})


@refused(LATER)
def shadow_gap_filled(kit: Kit) -> bytes:
    """The page refers to an object that does not exist; a later "certificate" is that object."""
    page = (write.PAGE % b"").replace(b"/Contents 4 0 R", b"/Contents [4 0 R 30 0 R]")
    data = prepared(kit, {3: page})
    objects = {
        1: write.CATALOG % b"/DSS 29 0 R ",
        29: b"<< /Certs [30 0 R] >>",
        30: write.stream(b"BT /F1 24 Tf 72 700 Td (plus 800) Tj ET"),
    }
    return write.revision(data, objects)


@refused(Code.STRUCTURE_DAMAGED)
def shadow_gap_filled_by_an_object_stream(kit: Kit) -> bytes:
    """The signed table says that object 20 is in stream 30, which a "certificate" becomes."""
    page = (write.PAGE % b"").replace(b"/Annots [6 0 R]", b"/Annots [6 0 R 20 0 R]")
    objects = {**write.letter_objects(), 3: page}
    content, places = write.body(objects, len(write.HEADER))
    at = len(write.HEADER) + len(content)
    entries = {number: (1, place, 0) for number, place in places.items()}
    entries |= {20: (2, 30, 0), 21: (1, at, 0)}
    table = write.cross_reference_stream(entries, size=31, trailer=b"/Root 1 0 R ")
    end = b"21 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (table, at)
    data = write.complete(write.HEADER + content + end, kit.signer)
    note = (
        b"<< /Type /Annot /Subtype /FreeText /Rect [72 600 300 640] /Contents (Pay 900) "
        b"/DA (/Helv 24 Tf 0 g) >>"
    )
    later = {
        1: write.CATALOG % b"/DSS 32 0 R ",
        30: write.object_stream({20: note}),
        32: b"<< /Certs [30 0 R] >>",
    }
    return write.revision(data, later)


@refused(LATER)
def shadow_outline_added(kit: Kit) -> bytes:
    objects = {
        1: write.CATALOG % b"/Outlines 8 0 R ",
        8: b"<< /Type /Outlines /First 9 0 R /Last 9 0 R /Count 1 >>",
        9: b"<< /Title (Cancelled) /Parent 8 0 R >>",
    }
    return write.revision(kit.letter, objects)


@refused(LATER, Code.ACTIVE_CONTENT)
def shadow_javascript_added(kit: Kit) -> bytes:
    script = b"<< /S /JavaScript /JS (this.getField\\('A'\\).value = 900) >>"
    names = b"/Names << /JavaScript << /Names [(a) 8 0 R] >> >> "
    return write.revision(kit.letter, {1: write.CATALOG % names, 8: script})


@refused(LATER)
def shadow_link_added(kit: Kit) -> bytes:
    link = (
        b"<< /Type /Annot /Subtype /Link /Rect [0 0 595 842] "
        b"/A << /S /URI /URI (http://example.invalid/) >> >>"
    )
    page = (write.PAGE % b"").replace(b"[6 0 R]", b"[6 0 R 8 0 R]")
    return write.revision(kit.letter, {3: page, 8: link})


@refused(Code.CHANGED_BETWEEN_SIGNATURES, pdfsig=WHOLE)
def shadow_between_two_signatures(kit: Kit) -> bytes:
    """The attacker signs his change himself: the first signature still refuses it."""
    return second_signature(kit, write.revision(kit.letter, {4: write.drawing(b"Pay 900")}))


PAPER = write.stream(
    b"1 g 0 0 595 842 re f 0 g BT /F1 24 Tf 72 720 Td (Pay 900) Tj ET",
    b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /Font << /F1 5 0 R >> >> ",
)


def stamped(kit: Kit, rectangles: list[bytes]) -> bytes:
    """The attacker's signature with a picture in this place, and other empty fields with one."""
    numbers = [40, *range(50, 49 + len(rectangles))]
    fields = b" ".join(b"%d 0 R" % number for number in numbers)
    objects = {
        1: (write.CATALOG % b"").replace(b"[6 0 R]", b"[6 0 R %s]" % fields),
        3: (write.PAGE % b"").replace(b"[6 0 R]", b"[6 0 R %s]" % fields),
        41: write.signature(),
        42: PAPER,
    }
    for number, rectangle in zip(numbers, rectangles, strict=True):
        field = write.field(41, b"Signature%d" % number).replace(b"[0 0 0 0]", b"[%s]" % rectangle)
        drawn = field.replace(b"/P 3 0 R", b"/P 3 0 R /AP << /N 42 0 R >>")
        objects[number] = drawn if number == 40 else drawn.replace(b"/V 41 0 R ", b"")
    return write.complete(write.revision(kit.letter, objects), kit.attacker)


@refused(Code.CHANGED_BETWEEN_SIGNATURES, pdfsig=WHOLE)
def sneaky_signature_over_the_page(kit: Kit) -> bytes:
    """A later signer's stamp is as large as the page, and shows another letter."""
    return stamped(kit, [b"0 0 595 842"])


@refused(Code.CHANGED_BETWEEN_SIGNATURES)
def sneaky_fields_that_together_hide_the_page(kit: Kit) -> bytes:
    return stamped(kit, [b"0 %d 595 %d" % (place, place + 200) for place in (0, 200, 400, 600)])


def second_signature(
    kit: Kit, data: bytes, *, page: bytes = b"", rect: bytes = b"0 0 0 0"
) -> bytes:
    """Append a signature of the attacker's own: field 40, value 41."""
    catalog = (write.CATALOG % b"").replace(b"[6 0 R]", b"[6 0 R 40 0 R]")
    whole_page = (write.PAGE % page).replace(b"[6 0 R]", b"[6 0 R 40 0 R]")
    field = write.field(41, b"Signature2").replace(b"[0 0 0 0]", b"[%s]" % rect)
    objects = {1: catalog, 3: whole_page, 40: field, 41: write.signature()}
    return write.complete(write.revision(data, objects), kit.attacker)
