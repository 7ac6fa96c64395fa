"""Clause 9: nothing in the document acts by itself, brings files along, or shows other files.

Walks all that the catalog leads to but what nobody draws: a list of the places where such things
usually stand is never complete. Streams are not decoded. The walk is bounded; a longer one is
refused.
"""

from collections.abc import Iterator

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from signing.judge import scan
from signing.judge.codes import Code, Refused
from signing.judge.graph import dictionaries
from signing.judge.pdf_reading import LIBRARY_TROUBLE, compressed_contents, entry, target
from signing.judge.policy import Policy

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
        "/SetOCGState",
        "/SetState",
        "/Hide",
        "/ResetForm",
    }
)
"""ISO 32000-2, 12.6.4: actions that run, send, load, or change what is shown."""
ACTIVE_ANNOTATIONS = frozenset({"/RichMedia", "/Movie", "/Screen", "/3D"})
_MAX_ACTIONS = 1000
"""In one chain."""
MAX_PAGE_TREE_DEPTH = 64
"""Balanced trees of a million pages have ten levels."""
AUTOMATIC_ACTIONS = frozenset({"/GoTo", "/Named", "/Trans", "/GoToDp"})
"""What may happen by itself (12.6.3): another place of this very document is shown."""
_SKIPPED = frozenset({"/StructTreeRoot", "/SE", "/SD", "/PieceInfo", "/DSS"})
"""What no reader acts upon or draws: the structure tree, programs' own notes, validation data."""


def check_content(data: bytes, reader: PdfFileReader, policy: Policy) -> None:
    """Clause 9: no XFA, no active content, no embedded file unless policy says so."""
    try:
        root = reader.root
        check_page_tree(root, policy.max_structure_nodes)
        check_no_xfa(root)
        if not policy.allow_embedded_files:
            check_no_files(root)
            check_no_hidden_files(data, reader, policy.max_structure_nodes)
        if not policy.allow_active_content:
            check_no_document_scripts(root)
        nodes = dictionaries([root], limit=policy.max_structure_nodes, leads=_leads)
        for node in nodes:
            _check_node(node, policy)
    except LIBRARY_TROUBLE as problem:
        raise Refused(Code.STRUCTURE_DAMAGED, str(problem)) from problem


def check_page_tree(root: generic.DictionaryObject, limit: int) -> None:
    """Clause 1 (ISO 32000-2, 7.7.3): pages form a tree, not so deep that readers give up."""
    level: list[generic.PdfObject] = [root.raw_get("/Pages")]
    seen: set[generic.Reference] = set()
    for _ in range(MAX_PAGE_TREE_DEPTH):
        inner = [item for item in level if _is_inner_node(item)]
        level = []
        for item in inner:
            if isinstance(item, generic.IndirectObject):
                if item.reference in seen:
                    raise Refused(Code.STRUCTURE_DAMAGED, "a loop in the page tree")
                seen.add(item.reference)
            level.extend(list.__iter__(target(item)["/Kids"]))
        if len(level) > limit:
            raise Refused(Code.STRUCTURE_DAMAGED, "too many pages")
        if not level:
            return
    raise Refused(Code.STRUCTURE_DAMAGED, "the page tree is too deep")


def _is_inner_node(item: generic.PdfObject) -> bool:
    node = target(item)
    return isinstance(node, generic.DictionaryObject) and "/Kids" in node


def check_no_xfa(root: generic.DictionaryObject) -> None:
    """Clause 9 (ISO 32000-1, 12.7.8; gone from ISO 32000-2): programs show XFA differently."""
    form = entry(root, "/AcroForm")
    if isinstance(form, generic.DictionaryObject) and "/XFA" in form:
        raise Refused(Code.XFA_FORM)
    if "/NeedsRendering" in root:
        raise Refused(Code.XFA_FORM, "/NeedsRendering")


def check_no_files(root: generic.DictionaryObject) -> None:
    """Clause 9 (ISO 32000-2, 7.11.4, 12.3.5, 14.13): no embedded files, no portfolio."""
    names = entry(root, "/Names")
    if isinstance(names, generic.DictionaryObject) and "/EmbeddedFiles" in names:
        raise Refused(Code.EMBEDDED_FILES)
    if "/AF" in root or "/Collection" in root:
        raise Refused(Code.EMBEDDED_FILES)


def check_no_hidden_files(data: bytes, reader: PdfFileReader, limit: int) -> None:
    """Clause 9 (ISO 32000-2, 7.11.3): nothing anywhere embeds a file, not in the structure tree.

    The whole document is walked only where the name of the entry stands somewhere in the bytes.
    """
    places = (data, *compressed_contents(reader))
    if not any(map(scan.EMBEDDED_FILE_NAME.search, places)):
        return
    for node in dictionaries([reader.root], limit=limit):
        if "/EF" in node:
            raise Refused(Code.EMBEDDED_FILES, "embedded somewhere")


def check_no_document_scripts(root: generic.DictionaryObject) -> None:
    """Clause 9 (ISO 32000-2, 12.6.4.17): no JavaScript in the document's name tree."""
    names = entry(root, "/Names")
    if isinstance(names, generic.DictionaryObject) and "/JavaScript" in names:
        raise Refused(Code.ACTIVE_CONTENT, "document-level JavaScript")


def _check_node(node: generic.DictionaryObject, policy: Policy) -> None:
    if not policy.allow_active_content:
        check_inactive(node)
    if not policy.allow_embedded_files and (
        entry(node, "/Subtype") == "/FileAttachment" or "/EF" in node or "/AF" in node
    ):
        raise Refused(Code.EMBEDDED_FILES)
    if isinstance(node, generic.StreamObject):
        check_self_contained(node)


def check_inactive(node: generic.DictionaryObject) -> None:
    """Clause 9 (ISO 32000-2, 12.6.4, 12.5.6): no action or annotation that acts."""
    check_triggers(node)
    if "/JS" in node:
        raise Refused(Code.ACTIVE_CONTENT, "a script")
    action = entry(node, "/S")
    if isinstance(action, str) and action in ACTIVE_ACTIONS:
        raise Refused(Code.ACTIVE_CONTENT, str(action))
    annotation = entry(node, "/Subtype")
    if isinstance(annotation, str) and annotation in ACTIVE_ANNOTATIONS:
        raise Refused(Code.ACTIVE_CONTENT, str(annotation))


def check_self_contained(stream: generic.StreamObject) -> None:
    """Clause 9 (ISO 32000-2, 7.3.8.2, 8.10.4): what is drawn is in the file, where it is signed."""
    for key in ("/F", "/FFilter", "/Ref", "/OPI"):
        if key in stream:
            raise Refused(Code.EXTERNAL_CONTENT, key)


def check_triggers(node: generic.DictionaryObject) -> None:
    """Clause 9 (ISO 32000-2, 12.6.3): what happens without a click stays in the document.

    Another document on opening would be taken for this one; a page on the web learns of the reader.
    """
    automatic = [entry(node, "/OpenAction")]
    additional = entry(node, "/AA")
    if isinstance(additional, generic.DictionaryObject):
        automatic += [entry(additional, key) for key in additional]
    for action in automatic:
        if isinstance(action, generic.DictionaryObject):  # an array is a place in the document
            _check_chain(action)


def _check_chain(action: generic.DictionaryObject) -> None:
    for one in dictionaries([action], limit=_MAX_ACTIONS, leads=_next_actions):
        kind = entry(one, "/S")
        if kind is not None and kind not in AUTOMATIC_ACTIONS:
            raise Refused(Code.ACTIVE_CONTENT, f"{kind} by itself")


def _next_actions(action: generic.DictionaryObject) -> Iterator[generic.PdfObject]:
    if "/Next" in action:
        yield action.raw_get("/Next")


def _leads(node: generic.DictionaryObject) -> Iterator[generic.PdfObject]:
    return (node.raw_get(key) for key in node if key not in _SKIPPED)
