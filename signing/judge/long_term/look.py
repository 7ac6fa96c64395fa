"""The default look that one widespread library gives every form it writes anew.

ISO 32000-2, 12.7.3.3 (/DA, /DR): how text is drawn in fields that do not say it themselves. It
changes nothing where the signed form has signature fields only; any other form, and any other look,
keeps what it had. Nothing else of the form is read.
"""

from collections.abc import Iterator

from pyhanko.pdf_utils import generic

from signing.judge.long_term.views import Key, opened, references, refusal
from signing.judge.pdf_reading import target

_LOOK = "/Helv 0 Tf 0 g "
_FONTS = frozenset({"/Helvetica", "/ZapfDingbats"})
"""Of the fonts that every reader has (ISO 32000-2, 9.6.2.2)."""


def new_look(
    old_form: generic.DictionaryObject, new_form: generic.DictionaryObject
) -> frozenset[str]:
    """Which entries for the look a form got that had none and needs none; of /DA and /DR."""
    came = {key for key in ("/DA", "/DR") if key in new_form and key not in old_form}
    return frozenset(came) if came and _has_only_signatures(old_form) else frozenset()


def check_look(new_form: generic.DictionaryObject, came: frozenset[str]) -> Iterator[Key]:
    """Explain the objects of a look that came. Raises Refused for any but the library's own."""
    if "/DA" in came and new_form.raw_get("/DA") != _LOOK:
        raise refusal("another default look")
    if "/DR" not in came:
        return
    resources = yield from opened(new_form, "/DR")
    if set(resources) != {"/Font"}:
        raise refusal("default resources other than fonts")
    fonts = yield from opened(resources, "/Font")
    for name in fonts:
        font = yield from opened(fonts, name)
        if not _is_standard(font):
            raise refusal("a default font of its own")


def _is_standard(font: generic.DictionaryObject) -> bool:
    entries = {key: font.raw_get(key) for key in font}
    encoding = entries.pop("/Encoding", "/WinAnsiEncoding")
    base = entries.pop("/BaseFont", None)
    return (
        not isinstance(font, generic.StreamObject)
        and entries == {"/Type": "/Font", "/Subtype": "/Type1"}
        and encoding == "/WinAnsiEncoding"
        and base in _FONTS
    )


def _has_only_signatures(form: generic.DictionaryObject) -> bool:
    """No text that a default could show; a field with kids may hide some."""
    fields = target(form.raw_get("/Fields")) if "/Fields" in form else None
    for reference in references(fields):
        field = target(reference)
        if not isinstance(field, generic.DictionaryObject):
            return False
        if field.get("/FT") != "/Sig" or "/Kids" in field:
            return False
    return True
