"""Walks what a reader of the document acts upon, and finds its one signature.

Each clause of the acceptance rule that concerns the form of a document must be shown to hold, in
the narrow form that most signed letters have: one filled signature field, no action but a link, no
script, no file, no form of another kind, no earlier or later signature.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from signing.judge.fast.document import Document
from signing.judge.fast.syntax import NotUnderstood, Reference, Text, Value

_CATALOG_REFUSED: Final = frozenset(
    {
        b"/AA", b"/AF", b"/Collection", b"/DSS", b"/Perms", b"/Legal",
        b"/NeedsRendering", b"/Requirements", b"/OCProperties", b"/Threads",
    }
)  # fmt: skip
_NAMES_KNOWN: Final = frozenset({b"/Dests"})
_FORM_KNOWN: Final = frozenset({b"/Fields", b"/SigFlags", b"/DR", b"/DA", b"/NeedAppearances"})
_SKIPPED: Final = frozenset({b"/StructTreeRoot", b"/SE", b"/SD", b"/PieceInfo"})
"""As the careful judge does: what no reader acts upon or draws."""
_NEVER: Final = frozenset({b"/AA", b"/AF", b"/JS", b"/XFA", b"/EF", b"/RichMediaContent"})
_AUTOMATIC: Final = frozenset({b"/GoTo", b"/Named"})
_ACTIONS: Final = frozenset(
    {b"/URI", b"/GoTo", b"/Named"}
    | {b"/Transparency", b"/Alpha", b"/Luminosity", b"/GTS_PDFA1", b"/GTS_PDFX"}
    | {b"/S", b"/D", b"/B", b"/I", b"/U", b"/R", b"/r", b"/A", b"/a"}
)
"""Actions; groups, masks and output intents; borders, page labels and transitions."""
_SUBTYPES: Final = frozenset(
    {b"/Link", b"/Widget", b"/Text", b"/Highlight", b"/Underline", b"/Popup", b"/Form", b"/Image"}
    | {b"/Type0", b"/Type1", b"/TrueType", b"/Type3", b"/CIDFontType0", b"/CIDFontType2"}
    | {b"/Type1C", b"/CIDFontType0C", b"/OpenType", b"/XML"}
)
"""Of annotations, of what is drawn, of fonts and their programs, of metadata."""
_MAX_DEPTH: Final = 32
_FIELD_REFUSED: Final = frozenset({b"/Kids", b"/Parent", b"/Lock", b"/SV"})
_FIELD_TYPES: Final = frozenset({b"/Tx", b"/Btn", b"/Ch", b"/Sig"})
_SIGNATURE_REFUSED: Final = frozenset({b"/Reference", b"/Changes", b"/Cert", b"/V"})
SUBFILTERS: Final = frozenset({b"/ETSI.CAdES.detached", b"/adbe.pkcs7.detached"})
PLAIN_TEXT = re.compile(rb"[A-Za-z0-9 _:+\-]{1,128}")
DATE = re.compile(rb"D:[0-9]{14}(?:Z|[+-][0-9]{2}'[0-9]{2}'?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSignature:
    """The one signature, as its dictionary says."""

    field: str
    subfilter: str
    byte_range: tuple[int, int, int, int]
    contents: tuple[int, int]
    """Where the string of /Contents begins and ends, with its brackets."""
    made: str | None
    """Its /M."""


def find_signature(document: Document) -> FoundSignature:
    """Show that the document is of the plain kind. Raises NotUnderstood."""
    root = _dictionary(document, document.trailer.get(b"/Root"), b"/Catalog")
    if not _CATALOG_REFUSED.isdisjoint(root):
        raise NotUnderstood("a catalog with more")
    names = document.value(root.get(b"/Names"))
    if names is not None and not (isinstance(names, dict) and names.keys() <= _NAMES_KNOWN):
        raise NotUnderstood("names of more than places")
    _dictionary(document, root.get(b"/Pages"), b"/Pages")
    _check_page_tree(document, root[b"/Pages"])
    for node in _nodes(document, root):
        _check_node(node)
    _check_opening(document, root)
    form = document.value(root.get(b"/AcroForm"))
    if not isinstance(form, dict) or not form.keys() <= _FORM_KNOWN:
        raise NotUnderstood("no plain form")
    (found,) = _filled(document, form)
    return _signature(document, *found)


def _dictionary(document: Document, item: Value, kind: bytes) -> dict[bytes, Value]:
    value = document.value(item)
    if type(item) is not Reference or not isinstance(value, dict) or value.get(b"/Type") != kind:
        raise NotUnderstood("not the object that was expected")
    return value


def _nodes(document: Document, root: dict[bytes, Value]) -> Iterator[dict[bytes, Value]]:
    """Give each dictionary that a reader may come by, once."""
    waiting: list[Value] = [root]
    seen = set[Reference]()
    while waiting:
        item = waiting.pop()
        if type(item) is Reference:
            if item in seen:
                continue
            seen.add(item)
            item = document.value(item)
        if isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, dict):
            yield item
            waiting.extend(item[key] for key in item if key not in _SKIPPED)


def _check_opening(document: Document, root: dict[bytes, Value]) -> None:
    """What happens by itself: a place in the document is shown, or it is printed; no chain."""
    action = document.value(root.get(b"/OpenAction"))
    if not isinstance(action, dict):
        return
    kind = action.get(b"/S")
    if type(kind) is not bytes or kind not in _AUTOMATIC or b"/Next" in action:
        raise NotUnderstood("something that happens by itself")


def _check_page_tree(document: Document, pages: Value) -> None:
    """Each node once, and not too deep."""
    level, seen = [pages], set[Value]()
    for _ in range(_MAX_DEPTH):
        inner = list[Value]()
        for item in level:
            node = document.value(item)
            if type(item) is not Reference or item in seen or type(node) is not dict:
                raise NotUnderstood("a page tree that is none")
            seen.add(item)
            kids = document.value(node.get(b"/Kids", []))
            if not isinstance(kids, list):
                raise NotUnderstood("a page tree that is none")
            inner.extend(kids)
        if not inner:
            return
        level = inner
    raise NotUnderstood("a page tree that is too deep")


def _check_node(node: dict[bytes, Value]) -> None:
    if not _NEVER.isdisjoint(node):
        raise NotUnderstood("something that acts")
    action = node.get(b"/S")
    if action is not None and (type(action) is not bytes or action not in _ACTIONS):
        raise NotUnderstood("an action of another kind")
    annotation = node.get(b"/Subtype")
    if annotation is not None and (type(annotation) is not bytes or annotation not in _SUBTYPES):
        raise NotUnderstood("an annotation of another kind")


def _filled(
    document: Document, form: dict[bytes, Value]
) -> list[tuple[dict[bytes, Value], Reference]]:
    fields = document.value(form.get(b"/Fields"))
    if not isinstance(fields, list) or len(set(map(repr, fields))) != len(fields):
        raise NotUnderstood("no list of fields")
    found = []
    for item in fields:
        field = document.value(item)
        if type(item) is not Reference or not isinstance(field, dict):
            raise NotUnderstood("no field")
        kind = field.get(b"/FT")
        if (
            not _FIELD_REFUSED.isdisjoint(field)
            or type(kind) is not bytes
            or kind not in _FIELD_TYPES
        ):
            raise NotUnderstood("a field of another kind")
        if kind == b"/Sig" and b"/V" in field:
            found.append((field, field[b"/V"]))
    if len(found) != 1:
        raise NotUnderstood("not one signature")
    return found


def _signature(document: Document, field: dict[bytes, Value], item: Value) -> FoundSignature:
    signature = _dictionary(document, item, b"/Sig")
    if int(item) not in document.newest or not _SIGNATURE_REFUSED.isdisjoint(signature):
        raise NotUnderstood("a signature of another kind, or an earlier one")
    numbers, contents = signature.get(b"/ByteRange"), signature.get(b"/Contents")
    subfilter, filter_name = signature.get(b"/SubFilter"), signature.get(b"/Filter")
    if (
        not isinstance(numbers, list)
        or len(numbers) != 4  # noqa: PLR2004 - ISO 32000-2, table 255: two ranges
        or any(type(number) is not int for number in numbers)
        or type(contents) is not Text
        or not contents.is_hex
        or type(subfilter) is not bytes
        or subfilter not in SUBFILTERS
        or type(filter_name) is not bytes
    ):
        raise NotUnderstood("a signature in another form")
    first, length, second, rest = numbers
    return FoundSignature(
        field=_plain(field.get(b"/T"), PLAIN_TEXT),
        subfilter=subfilter.decode("ascii"),
        byte_range=(first, length, second, rest),
        contents=(contents.start, contents.end),
        made=None if b"/M" not in signature else _plain(signature[b"/M"], DATE),
    )


def _plain(item: Value, pattern: re.Pattern[bytes]) -> str:
    text = item.plain if type(item) is Text else b""
    if pattern.fullmatch(text) is None:
        raise NotUnderstood("a string in another spelling")
    return text.decode("ascii")
