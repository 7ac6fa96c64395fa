"""Attacks on certified documents: annotations and signatures that the certification forbids.

Rohlmann, Mladenov, Mainka, Schwenk: "Breaking the Specification: PDF Certification" (S&P 2021):
evil annotation attack, sneaky signature attack; and the certification itself taken away.
"""

from signing.judge.codes import Code
from tests.vectors import pdf_writing as write
from tests.vectors.pdf_registry import WHOLE, Kit, refused

LATER = Code.REVISION_AFTER_SIGNING
BETWEEN = (Code.CHANGED_BETWEEN_SIGNATURES, Code.CHANGE_FORBIDDEN_BY_SIGNER)
ANNOTATIONS = (
    b"/Type /Annot /Rect [72 700 300 740] /F 4 /Subtype /%s /Contents (Pay 900) /AP << /N 31 0 R >>"
)


def annotated(kit: Kit, level: int, kind: bytes, extra: bytes = b"") -> bytes:
    """The evil annotation attack: a note that covers the text."""
    objects = write.certified_objects(level)
    page = objects[3].replace(b"10 0 R]", b"10 0 R 30 0 R]")
    note = b"<< %s %s>>" % (ANNOTATIONS % kind, extra)
    added = {3: page, 30: note, 31: write.appearance_of(b"Pay 900 Baht")}
    return write.revision(kit.certified(level), added)


@refused(LATER)
def eaa_free_text_after_p1(kit: Kit) -> bytes:
    return annotated(kit, 1, b"FreeText", b"/DA (/Helv 24 Tf 0 g) ")


@refused(LATER)
def eaa_free_text_after_p2(kit: Kit) -> bytes:
    return annotated(kit, 2, b"FreeText", b"/DA (/Helv 24 Tf 0 g) ")


@refused(LATER)
def eaa_free_text_after_p3(kit: Kit) -> bytes:
    """The certification allows notes; without a signature over it, it is refused all the same."""
    return annotated(kit, 3, b"FreeText", b"/DA (/Helv 24 Tf 0 g) ")


@refused(LATER)
def eaa_stamp_after_p3(kit: Kit) -> bytes:
    return annotated(kit, 3, b"Stamp", b"/Name /Approved ")


@refused(LATER)
def eaa_highlight_after_p3(kit: Kit) -> bytes:
    return annotated(kit, 3, b"Highlight", b"/QuadPoints [72 740 300 740 72 700 300 700] ")


@refused(LATER)
def eaa_redaction_after_p3(kit: Kit) -> bytes:
    return annotated(kit, 3, b"Redact", b"/OverlayText (0) /IC [0 0 0] ")


@refused(*BETWEEN, pdfsig=WHOLE)
def eaa_free_text_after_p3_and_signed(kit: Kit) -> bytes:
    """The attacker signs his own note: the note is still none of the certifier's."""
    return signed_field(kit, annotated(kit, 3, b"FreeText"), 3)


@refused(LATER)
def certified_form_filled_without_signature(kit: Kit) -> bytes:
    """Allowed by P=2, but nobody says who filled it in."""
    objects = {8: write.text_field(b"900", appearance=32), 32: write.appearance_of(b"900")}
    return write.revision(kit.certified(2), objects)


@refused(*BETWEEN, pdfsig=WHOLE)
def certified_p1_form_filled_and_signed(kit: Kit) -> bytes:
    objects = {8: write.text_field(b"900", appearance=32), 32: write.appearance_of(b"900")}
    return signed_field(kit, write.revision(kit.certified(1), objects), 1)


@refused(*BETWEEN, pdfsig=WHOLE)
def certified_p1_and_signed(kit: Kit) -> bytes:
    return signed_field(kit, kit.certified(1), 1)


def signed_field(kit: Kit, data: bytes, level: int) -> bytes:
    """Sign the empty field 10 as somebody else."""
    field = write.certified_objects(level)[10].replace(b">>", b"/V 41 0 R >>")
    return write.complete(write.revision(data, {10: field, 41: write.signature()}), kit.attacker)


@refused(*BETWEEN, pdfsig=WHOLE)
def ssa_visible_signature_over_the_text(kit: Kit) -> bytes:
    """The sneaky signature attack: a new signature field whose picture covers the text."""
    objects = write.certified_objects(2)
    form = objects[1].replace(b"10 0 R]", b"10 0 R 40 0 R]")
    page = objects[3].replace(b"10 0 R]", b"10 0 R 40 0 R]")
    field = write.field(41, b"Signature3").replace(b"[0 0 0 0]", b"[72 700 300 740]")
    field = field.replace(b"/F 132", b"/F 4 /AP << /N 42 0 R >>")
    added = {1: form, 3: page, 40: field, 41: write.signature()}
    data = write.revision(kit.certified(2), {**added, 42: write.appearance_of(b"Pay 900 Baht")})
    return write.complete(data, kit.attacker)


@refused(LATER)
def ssa_empty_field_with_a_picture(kit: Kit) -> bytes:
    """The field stays unsigned; its picture is shown."""
    objects = write.certified_objects(2)
    field = objects[10].replace(b"[0 0 0 0]", b"[72 700 300 740]")
    field = field.replace(b"/F 132", b"/F 4 /AP << /N 42 0 R >>")
    added = {10: field, 42: write.appearance_of(b"Pay 900 Baht")}
    return write.revision(kit.certified(2), added)


@refused(LATER)
def ssa_hidden_field_gets_a_picture(kit: Kit) -> bytes:
    """A field of no size with a picture that has one (12.5.5: the matrix may enlarge it)."""
    objects = write.certified_objects(2)
    field = objects[10].replace(b"/F 132", b"/F 4 /AP << /N 42 0 R >>")
    added = {10: field, 42: write.appearance_of(b"Pay 900 Baht")}
    return write.revision(kit.certified(2), added)


@refused(LATER)
def certification_permissions_removed(kit: Kit) -> bytes:
    catalog = write.certified_objects(1)[1].replace(b"/Perms << /DocMDP 7 0 R >> ", b"")
    return write.revision(kit.certified(1), {1: catalog})


@refused(Code.SIGNATURES_DISAGREE, LATER, Code.STRUCTURE_DAMAGED, Code.CHANGED_AFTER_SIGNING)
def certification_parameters_removed(kit: Kit) -> bytes:
    """The signature object is written anew without its /Reference."""
    old = kit.certified(1)
    start = old.index(b"7 0 obj\n") + len(b"7 0 obj\n")
    value = old[start : old.index(b"\nendobj", start)]
    cut = value[: value.index(b"/Reference")] + b">>"
    return write.revision(old, {7: cut})


@refused(Code.CHANGED_AFTER_SIGNING)
def certification_level_changed_in_place(kit: Kit) -> bytes:
    return kit.certified(1).replace(b"/P 1 /V", b"/P 3 /V")


@refused(LATER)
def certification_level_changed_by_revision(kit: Kit) -> bytes:
    """The parameters are an object of their own, which a revision replaces."""
    objects = write.certified_objects(1, params=b"12 0 R")
    objects[12] = b"<< /Type /TransformParams /P 1 /V /1.2 >>"
    data = write.complete(write.build(objects), kit.signer)
    return write.revision(data, {12: b"<< /Type /TransformParams /P 3 /V /1.2 >>"})


@refused(Code.CERTIFICATION_MISPLACED, pdfsig=WHOLE)
def certification_after_another_signature(kit: Kit) -> bytes:
    """Only the first signature may certify (12.8.2.2.1)."""
    reference = (
        b"/Reference [<< /Type /SigRef /TransformMethod /DocMDP /TransformParams "
        b"<< /Type /TransformParams /P 2 /V /1.2 >> >>] "
    )
    catalog = (write.CATALOG % b"").replace(b"[6 0 R]", b"[6 0 R 40 0 R]")
    page = (write.PAGE % b"").replace(b"[6 0 R]", b"[6 0 R 40 0 R]")
    objects = {1: catalog, 3: page, 40: write.field(41, b"Signature2")}
    later = write.revision(kit.letter, {**objects, 41: write.signature(reference)})
    return write.complete(later, kit.attacker)


@refused(Code.CERTIFICATION_MISPLACED, pdfsig=WHOLE)
def certification_names_another_signature(kit: Kit) -> bytes:
    """/Perms says certified, the signature says it is not."""
    catalog = b"/Perms << /DocMDP 7 0 R >> "
    return write.letter(kit.signer, catalog=catalog)


@refused(Code.CERTIFICATION_MISPLACED, pdfsig=WHOLE)
def certification_with_an_unknown_level(kit: Kit) -> bytes:
    objects = write.certified_objects(7)
    return write.complete(write.build(objects), kit.signer)


@refused(*BETWEEN, pdfsig=WHOLE)
def locked_field_changed(kit: Kit) -> bytes:
    """FieldMDP: the signer locked the field that is filled in afterwards."""
    lock = (
        b"/Reference [<< /Type /SigRef /TransformMethod /FieldMDP /TransformParams "
        b"<< /Type /TransformParams /Action /Include /Fields [(Amount)] /V /1.2 >> >>] "
    )
    objects = write.certified_objects(2)
    objects[1] = objects[1].replace(b"/Perms << /DocMDP 7 0 R >> ", b"")
    objects[7] = write.signature(lock)
    data = write.complete(write.build(objects), kit.signer)
    filled = {8: write.text_field(b"900", appearance=32), 32: write.appearance_of(b"900")}
    return signed_field(kit, write.revision(data, filled), 2)


def _with_references(kit: Kit, references: bytes) -> bytes:
    objects = write.certified_objects(2)
    before, _, rest = objects[7].partition(b"/Reference [")
    objects[7] = before + b"/Reference [" + references + rest
    return write.complete(write.build(objects), kit.signer)


@refused(Code.CERTIFICATION_MISPLACED)
def certification_of_two_levels(kit: Kit) -> bytes:
    """One program lets forms be filled in, another one nothing."""
    return _with_references(
        kit, b"<< /TransformMethod /DocMDP /TransformParams << /P 1 /V /1.2 >> >> "
    )


@refused(Code.CERTIFICATION_MISPLACED)
def fields_locked_in_two_ways(kit: Kit) -> bytes:
    lock = b"<< /TransformMethod /FieldMDP /TransformParams << /Action %s /V /1.2 >> >> "
    return _with_references(kit, lock % b"/Include /Fields []" + lock % b"/All")
