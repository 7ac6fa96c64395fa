"""Signed documents that act by themselves, carry other files, or show what is not in them."""

from signing.judge.codes import Code
from tests.vectors import pdf_writing as write
from tests.vectors.pdf_registry import WHOLE, Kit, refused

ACTIVE = Code.ACTIVE_CONTENT
FILES = Code.EMBEDDED_FILES
SCRIPT = b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"


def signed(kit: Kit, objects: dict[int, bytes]) -> bytes:
    return write.complete(write.build({**write.letter_objects(), **objects}), kit.signer)


def catalog(kit: Kit, entries: bytes, **objects: bytes) -> bytes:
    numbered = {int(number[1:]): item for number, item in objects.items()}
    return signed(kit, {1: write.CATALOG % entries, **numbered})


@refused(ACTIVE, pdfsig=WHOLE)
def javascript_on_opening(kit: Kit) -> bytes:
    return catalog(kit, b"/OpenAction %s " % SCRIPT)


@refused(ACTIVE, pdfsig=WHOLE)
def javascript_spelled_otherwise(kit: Kit) -> bytes:
    return catalog(kit, b"/Open#41ction << /S /Java#53cript /JS (1) >> ")


@refused(ACTIVE, pdfsig=WHOLE)
def javascript_behind_a_comment(kit: Kit) -> bytes:
    return catalog(
        kit, b"/OpenAction %%x\n<<%%y\n/S%%z\n/JavaScript /JS (1) >> ".replace(b"%%", b"%")
    )


@refused(ACTIVE, pdfsig=WHOLE)
def javascript_of_the_document(kit: Kit) -> bytes:
    return catalog(kit, b"/Names << /JavaScript << /Names [(a) %s] >> >> " % SCRIPT)


@refused(ACTIVE, pdfsig=WHOLE)
def javascript_in_a_form_field(kit: Kit) -> bytes:
    form = (write.CATALOG % b"").replace(b"[6 0 R]", b"[6 0 R 8 0 R]")
    field = write.text_field(b"1", appearance=9).replace(b"/FT", b"/AA << /C %s >> /FT" % SCRIPT)
    return signed(kit, {1: form, 8: field, 9: write.appearance_of(b"1")})


@refused(ACTIVE, pdfsig=WHOLE)
def javascript_after_another_action(kit: Kit) -> bytes:
    action = (
        b"<< /S /GoTo /D [3 0 R /Fit] /Next [<< /S /Named /N /NextPage /Next %s >>] >>" % SCRIPT
    )
    return catalog(kit, b"/OpenAction %s " % action)


@refused(ACTIVE, pdfsig=WHOLE)
def javascript_in_an_outline(kit: Kit) -> bytes:
    return catalog(
        kit,
        b"/Outlines 8 0 R ",
        o8=b"<< /First 9 0 R /Last 10 0 R /Count 2 >>",
        o9=b"<< /Title (a) /Parent 8 0 R /Next 10 0 R >>",
        o10=b"<< /Title (b) /Parent 8 0 R /Prev 9 0 R /A %s >>" % SCRIPT,
    )


@refused(ACTIVE, pdfsig=WHOLE)
def javascript_when_a_page_opens(kit: Kit) -> bytes:
    return signed(kit, {3: write.PAGE % (b"/AA << /O %s >> " % SCRIPT)})


@refused(ACTIVE, pdfsig=WHOLE)
def javascript_in_a_rendition(kit: Kit) -> bytes:
    return catalog(kit, b"/OpenAction << /S /Rendition /OP 0 /JS (1) >> ")


@refused(ACTIVE, pdfsig=WHOLE)
def program_started(kit: Kit) -> bytes:
    return catalog(kit, b"/OpenAction << /S /Launch /F (calc.exe) >> ")


@refused(ACTIVE, pdfsig=WHOLE)
def form_sent_on_closing(kit: Kit) -> bytes:
    return catalog(kit, b"/AA << /WC << /S /SubmitForm /F (http://e.invalid) >> >> ")


@refused(ACTIVE, pdfsig=WHOLE)
def layers_switched_by_a_click(kit: Kit) -> bytes:
    """What is shown depends on an action, after signing and without a trace."""
    link = (
        b"<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] "
        b"/A << /S /SetOCGState /State [/Toggle 9 0 R] >> >>"
    )
    page = (write.PAGE % b"").replace(b"[6 0 R]", b"[6 0 R 8 0 R]")
    return signed(kit, {3: page, 8: link, 9: b"<< /Type /OCG /Name (L) >>"})


@refused(Code.XFA_FORM, pdfsig=WHOLE)
def xfa_form(kit: Kit) -> bytes:
    form = (write.CATALOG % b"").replace(b"/SigFlags 3", b"/SigFlags 3 /XFA 8 0 R")
    return signed(kit, {1: form, 8: write.stream(b"<xdp/>")})


@refused(Code.XFA_FORM, pdfsig=WHOLE)
def xfa_needs_rendering(kit: Kit) -> bytes:
    return catalog(kit, b"/NeedsRendering true ")


@refused(FILES, pdfsig=WHOLE)
def file_embedded(kit: Kit) -> bytes:
    spec = b"<< /Type /Filespec /F (a.exe) /EF << /F 9 0 R >> >>"
    names = b"/Names << /EmbeddedFiles << /Names [(a.exe) 8 0 R] >> >> "
    return catalog(kit, names, o8=spec, o9=write.stream(b"MZ", b"/Type /EmbeddedFile "))


@refused(FILES, pdfsig=WHOLE)
def file_associated_with_a_page(kit: Kit) -> bytes:
    spec = b"<< /Type /Filespec /F (a.exe) /EF << /F 9 0 R >> >>"
    return signed(kit, {3: write.PAGE % b"/AF [8 0 R] ", 8: spec, 9: write.stream(b"MZ")})


@refused(FILES, pdfsig=WHOLE)
def file_attached_to_a_note(kit: Kit) -> bytes:
    note = b"<< /Type /Annot /Subtype /FileAttachment /Rect [0 0 9 9] /FS 9 0 R >>"
    page = (write.PAGE % b"").replace(b"[6 0 R]", b"[6 0 R 8 0 R]")
    return signed(kit, {3: page, 8: note, 9: b"<< /Type /Filespec /F (a) >>"})


@refused(FILES)
def file_associated_with_the_structure(kit: Kit) -> bytes:
    """Readers list it with the others, and few look for it there."""
    return catalog(
        kit,
        b"/StructTreeRoot 8 0 R ",
        o8=b"<< /Type /StructTreeRoot /K << /S /Document /AF [9 0 R] >> >>",
        o9=b"<< /Type /Filespec /F (a.exe) /#45F << /F 10 0 R >> >>",
        o10=write.stream(b"MZ"),
    )


@refused(FILES, pdfsig=WHOLE)
def portfolio(kit: Kit) -> bytes:
    return catalog(kit, b"/Collection << /View /D >> ")


@refused(Code.EXTERNAL_CONTENT, pdfsig=WHOLE)
def page_text_from_another_file(kit: Kit) -> bytes:
    """The stream's bytes are elsewhere (7.3.8.2, /F): nobody signed them."""
    return signed(kit, {4: write.stream(b"", b"/F (text.bin) ")})


@refused(Code.EXTERNAL_CONTENT, pdfsig=WHOLE)
def picture_from_the_web(kit: Kit) -> bytes:
    page = (write.PAGE % b"").replace(b"/Font", b"/XObject << /X 8 0 R >> /Font")
    entries = b"/Type /XObject /Subtype /Image /F << /FS /URL /F (http://e.invalid/a) >> "
    return signed(kit, {3: page, 8: write.stream(b"", entries)})


@refused(Code.EXTERNAL_CONTENT, pdfsig=WHOLE)
def page_of_another_document(kit: Kit) -> bytes:
    """A reference XObject (8.10.4) shows a page of another file."""
    page = (write.PAGE % b"").replace(b"/Font", b"/XObject << /X 8 0 R >> /Font")
    entries = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Ref << /F (other.pdf) /Page 0 >> "
    return signed(kit, {3: page, 8: write.stream(b"", entries)})


# --- the same behind references, where a careless look finds nothing -----------------------------


@refused(Code.XFA_FORM)
def xfa_in_a_form_behind_a_reference(kit: Kit) -> bytes:
    objects = write.letter_objects()
    form = b"<< /Fields [6 0 R] /SigFlags 3 /XFA 21 0 R >>"
    root = objects[1].partition(b"/AcroForm")[0] + b"/AcroForm 20 0 R >>"
    return signed(kit, {1: root, 20: form, 21: write.stream(b"<xdp/>")})


@refused(ACTIVE)
def javascript_of_the_document_behind_a_reference(kit: Kit) -> bytes:
    names = b"<< /JavaScript << /Names [(a) %s] >> >>" % SCRIPT
    return catalog(kit, b"/Names 20 0 R ", n20=names)


@refused(FILES)
def files_of_the_document_behind_a_reference(kit: Kit) -> bytes:
    return catalog(kit, b"/Names 20 0 R ", n20=b"<< /EmbeddedFiles << /Names [] >> >>")


@refused(ACTIVE)
def javascript_named_behind_a_reference(kit: Kit) -> bytes:
    return catalog(kit, b"/OpenAction << /S 20 0 R /JS (1) >> ", n20=b"/JavaScript")


@refused(ACTIVE)
def film_named_behind_a_reference(kit: Kit) -> bytes:
    page = write.letter_objects()[3].replace(b"6 0 R]", b"6 0 R 21 0 R]")
    film = b"<< /Type /Annot /Subtype 20 0 R /Rect [0 0 9 9] >>"
    return signed(kit, {3: page, 20: b"/RichMedia", 21: film})


@refused(FILES)
def attachment_named_behind_a_reference(kit: Kit) -> bytes:
    page = write.letter_objects()[3].replace(b"6 0 R]", b"6 0 R 21 0 R]")
    clip = b"<< /Type /Annot /Subtype 20 0 R /Rect [0 0 9 9] >>"
    return signed(kit, {3: page, 20: b"/FileAttachment", 21: clip})


# --- wherever a reader comes by, not only where most writers put such things ---------------------


def with_annotation(kit: Kit, entries: bytes, objects: dict[int, bytes]) -> bytes:
    page = (write.PAGE % b"").replace(b"[6 0 R]", b"[6 0 R 30 0 R]")
    note = b"<< /Type /Annot /Rect [0 0 9 9] %s >>" % entries
    return signed(kit, {3: page, 30: note, **objects})


def with_resource(kit: Kit, entries: bytes, objects: dict[int, bytes]) -> bytes:
    page = (write.PAGE % b"").replace(b"/Resources << ", b"/Resources << %s " % entries)
    return signed(kit, {3: page, **objects})


ELSEWHERE = write.stream(b"", b"/F (other.bin) ")


@refused(ACTIVE)
def javascript_in_a_presentation_step(kit: Kit) -> bytes:
    """Navigation nodes (12.4.4.2) run an action before and after each step."""
    step = b"<< /Type /NavNode /NA %s >>" % SCRIPT
    return signed(kit, {3: write.PAGE % b"/PresSteps 20 0 R ", 20: step})


@refused(ACTIVE)
def javascript_of_the_last_outline_entry_only(kit: Kit) -> bytes:
    return catalog(kit, b"/Outlines << /Last << /Title (a) /A %s >> >> " % SCRIPT)


@refused(ACTIVE)
def javascript_in_a_note_of_a_note(kit: Kit) -> bytes:
    popup = b"/Subtype /Text /Popup << /Type /Annot /Subtype /Popup /A %s >>" % SCRIPT
    return with_annotation(kit, popup, {})


@refused(ACTIVE)
def javascript_among_the_renditions(kit: Kit) -> bytes:
    return catalog(kit, b"/Names << /Renditions << /Names [(a) << /S /MR /JS (1) >>] >> >> ")


@refused(ACTIVE)
def javascript_in_an_action_of_no_kind(kit: Kit) -> bytes:
    return catalog(kit, b"/OpenAction << /JS (1) >> ")


@refused(ACTIVE)
def names_of_scripts_without_scripts(kit: Kit) -> bytes:
    return catalog(kit, b"/Names << /JavaScript << /Names [] >> >> ")


@refused(ACTIVE)
def form_emptied_on_opening(kit: Kit) -> bytes:
    """Fields then show their default, which may be another amount (12.7.6.3)."""
    return catalog(kit, b"/OpenAction << /S /ResetForm >> ")


@refused(ACTIVE)
def another_document_shown_on_opening(kit: Kit) -> bytes:
    return catalog(kit, b"/OpenAction << /S /GoToR /F (other.pdf) /D [0 /Fit] >> ")


@refused(ACTIVE)
def web_page_called_on_opening(kit: Kit) -> bytes:
    chain = b"<< /S /GoTo /D [3 0 R /Fit] /Next [<< /S /URI /URI (http://e.invalid) >>] >>"
    return catalog(kit, b"/OpenAction %s " % chain)


@refused(ACTIVE)
def web_page_called_when_a_page_opens(kit: Kit) -> bytes:
    action = b"<< /S /URI /URI (http://e.invalid) >>"
    return signed(kit, {3: write.PAGE % b"/AA 20 0 R ", 20: b"<< /O 21 0 R >>", 21: action})


@refused(Code.EXTERNAL_CONTENT)
def letters_from_another_file(kit: Kit) -> bytes:
    """The font says which picture a letter has."""
    font = b"<< /Type /Font /Subtype /TrueType /BaseFont /X /FontDescriptor 20 0 R >>"
    descriptor = b"<< /Type /FontDescriptor /FontName /X /FontFile2 21 0 R >>"
    return signed(kit, {5: font, 20: descriptor, 21: ELSEWHERE})


@refused(Code.EXTERNAL_CONTENT)
def letters_drawn_in_another_file(kit: Kit) -> bytes:
    font = b"<< /Type /Font /Subtype /Type3 /CharProcs << /a 20 0 R >> >>"
    return signed(kit, {5: font, 20: ELSEWHERE})


@refused(Code.EXTERNAL_CONTENT)
def mask_from_another_file(kit: Kit) -> bytes:
    state = b"/ExtGState << /G << /SMask << /S /Alpha /G 20 0 R >> >> >>"
    return with_resource(kit, state, {20: ELSEWHERE})


@refused(Code.EXTERNAL_CONTENT)
def colours_from_another_file(kit: Kit) -> bytes:
    return with_resource(kit, b"/ColorSpace << /C [/ICCBased 20 0 R] >>", {20: ELSEWHERE})


@refused(Code.EXTERNAL_CONTENT)
def state_of_a_button_from_another_file(kit: Kit) -> bytes:
    button = b"/Subtype /Widget /AS /On /AP << /N << /On 20 0 R >> >>"
    return with_annotation(kit, button, {20: ELSEWHERE})


@refused(Code.EXTERNAL_CONTENT)
def icon_of_a_button_from_another_file(kit: Kit) -> bytes:
    return with_annotation(kit, b"/Subtype /Widget /MK << /I 20 0 R >>", {20: ELSEWHERE})


@refused(Code.EXTERNAL_CONTENT)
def inherited_from_a_parent_outside_the_tree(kit: Kit) -> bytes:
    """Some readers inherit along /Parent, others along /Kids."""
    page = (write.PAGE % b"").replace(b"/Parent 2 0 R", b"/Parent 20 0 R")
    parent = b"<< /Type /Pages /Kids [3 0 R] /Count 1 /Resources << /XObject << /X 21 0 R >> >> >>"
    return signed(kit, {3: page, 20: parent, 21: ELSEWHERE})
