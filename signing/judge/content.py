"""Clause 9: nothing in the document acts by itself or brings other files along.

Walks what a reader acts upon: catalog, name trees, pages, annotations, form fields, outline. It
does not walk drawing resources, which only draw. The walk is bounded; a longer one is refused.
"""

from collections.abc import Iterator

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from signing.judge.pdf import target
from signing.judge.policy import Policy
from signing.judge.reasons import Code, Refused

ACTIVE_ACTIONS = frozenset(
    {
        "/JavaScript",
        "/Launch",
        "/SubmitForm",
        "/ImportData",
        "/Rendition",
        "/RichMediaExecute",
        "/Movie",
        "/GoToE",
    }
)
ACTIVE_ANNOTATIONS = frozenset({"/RichMedia", "/Movie", "/Screen", "/3D"})
_FOLLOW = frozenset(
    {
        "/OpenAction",
        "/AA",
        "/A",
        "/PA",
        "/Next",
        "/Pages",
        "/Kids",
        "/Annots",
        "/Outlines",
        "/First",
        "/AcroForm",
        "/Fields",
        "/Names",
    }
)
_TRIGGERS = frozenset({"/AA"})
"""Additional-action dictionaries: every value is an action, whatever its key."""


def check_content(reader: PdfFileReader, policy: Policy) -> None:
    """Clause 9: no XFA, no JavaScript or launch action, no embedded file unless policy says so."""
    root = reader.root
    form = root.get("/AcroForm")
    if isinstance(form, generic.DictionaryObject) and "/XFA" in form:
        raise Refused(Code.XFA_FORM)
    if not policy.allow_embedded_files:
        _check_embedded_files(root)
    if not policy.allow_active_content:
        names = root.get("/Names")
        if isinstance(names, generic.DictionaryObject) and "/JavaScript" in names:
            raise Refused(Code.ACTIVE_CONTENT, "document-level JavaScript")
    for node in _nodes(root, policy.max_structure_nodes):
        _check_node(node, policy)


def _check_embedded_files(root: generic.DictionaryObject) -> None:
    names = root.get("/Names")
    if isinstance(names, generic.DictionaryObject) and "/EmbeddedFiles" in names:
        raise Refused(Code.EMBEDDED_FILES)
    if "/AF" in root or "/Collection" in root:
        raise Refused(Code.EMBEDDED_FILES)


def _check_node(node: generic.DictionaryObject, policy: Policy) -> None:
    action = node.get("/S")
    if not policy.allow_active_content and action in ACTIVE_ACTIONS:
        raise Refused(Code.ACTIVE_CONTENT, str(action))
    annotation = node.get("/Subtype")
    if not policy.allow_active_content and annotation in ACTIVE_ANNOTATIONS:
        raise Refused(Code.ACTIVE_CONTENT, str(annotation))
    if annotation == "/FileAttachment" and not policy.allow_embedded_files:
        raise Refused(Code.EMBEDDED_FILES, "attachment annotation")


def _nodes(root: generic.DictionaryObject, limit: int) -> Iterator[generic.DictionaryObject]:
    """Give each dictionary that a reader may act upon, once; cycles and depth are harmless."""
    waiting: list[generic.PdfObject] = [root]
    seen: set[generic.Reference] = set()
    count = 0
    while waiting:
        item = waiting.pop()
        if isinstance(item, generic.IndirectObject):
            if item.reference in seen:
                continue
            seen.add(item.reference)
            item = target(item)
        if isinstance(item, generic.ArrayObject):
            waiting.extend(list.__iter__(item))
        elif isinstance(item, generic.DictionaryObject):
            count += 1
            if count > limit:
                raise Refused(Code.STRUCTURE_DAMAGED, "too many parts")
            yield item
            waiting.extend(_leads(item))


def _leads(node: generic.DictionaryObject) -> Iterator[generic.PdfObject]:
    for key in node:
        if key in _TRIGGERS:
            triggers = node[key]
            if isinstance(triggers, generic.DictionaryObject):
                for trigger in triggers:
                    yield triggers.raw_get(trigger)
        elif key in _FOLLOW or (key == "/Next" and "/Title" in node):
            yield node.raw_get(key)
