"""Reads hostile XML into a tree that holds nothing surprising, or refuses with a name.

UTF-8 only; no document type, so no entity and nothing from outside; bounds on depth, elements,
attributes, namespaces. XInclude and processing instructions are never followed. Also: the ways in
which the judge reads one element, so that no text is read other than as it was signed.
"""

import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from types import MappingProxyType

from lxml import etree

from signing.judge.codes import Code, Refused
from signing.judge.xml_names import XML

MAX_BYTES = 32 * 1024 * 1024
MAX_ELEMENTS = 100_000
MAX_ATTRIBUTES = 256
"""Of one element."""
MAX_ALL_ATTRIBUTES = 200_000
MAX_NAMESPACE_LENGTH = 512
"""Characters of name and prefix: the exclusive way writes them again on many elements."""
MAX_NAMESPACES = 64
"""Declared around any one element: canonicalisation compares each element with all of them."""
_WHITE = " \t\n\r"
_PROLOG = re.compile(rb"(?:\xef\xbb\xbf)?(?:[ \t\r\n]+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_DECLARATION = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml[ \t\r\n](.*?)\?>", re.DOTALL)
_VERSION = re.compile(rb"version[ \t\r\n]*=[ \t\r\n]*[\"']([^\"']*)[\"']")
_ENCODING = re.compile(rb"encoding[ \t\r\n]*=[ \t\r\n]*[\"']([^\"']*)[\"']")
_ID_NAMES = ("Id", "ID", "id", f"{{{XML}}}id")
"""What any program may take for an ID: by XML Signature, by XML schemas, by xml:id."""
_RESOURCE_LIMIT = 114
"""libxml2's XML_ERR_RESOURCE_LIMIT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlDocument:
    """A document that was read within the bounds."""

    data: bytes
    root: etree._Element
    elements: tuple[etree._Element, ...]
    """All of them in document order; while they are kept, each is one Python object."""
    ids: Mapping[str, tuple[etree._Element, ...]]
    """Whatever carries an identifier, by identifier."""
    namespaces: int
    """The most declarations that stand around any one element."""

    def by_id(self, name: str) -> etree._Element:
        """The one element of this name. Raises Refused if there is none or more than one."""
        found = self.ids.get(name, ())
        if len(found) > 1:
            raise Refused(Code.XML_ID_AMBIGUOUS, name[:80])
        if not found:
            raise Refused(Code.XML_REFERENCE, f"nothing is called {name[:80]!r}")
        return found[0]


def read_xml(data: bytes) -> XmlDocument:
    """Parse and check a document. Raises Refused."""
    if len(data) > MAX_BYTES or data.count(b"<") > 4 * MAX_ELEMENTS:
        raise Refused(Code.XML_TOO_COMPLEX, "too long")
    _check_encoding(data)
    prolog = _PROLOG.match(data)
    if prolog is not None and data[prolog.end() :].startswith(b"<!DOCTYPE"):
        raise Refused(Code.XML_DOCTYPE)
    root = parse(data)
    namespaces = _count_namespaces(root)
    elements = _elements(root)
    return XmlDocument(
        data=data, root=root, elements=elements, ids=_ids(elements), namespaces=namespaces
    )


def parse(data: bytes) -> etree._Element:
    """Parse without entities, network and document types. Raises Refused."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=False,
        remove_pis=False,
        remove_blank_text=False,
        strip_cdata=True,
    )
    try:
        tree = etree.parse(BytesIO(data), parser)
    except etree.XMLSyntaxError as problem:
        limit = getattr(problem, "code", 0) == _RESOURCE_LIMIT or "XML_PARSE_HUGE" in str(problem)
        code = Code.XML_TOO_COMPLEX if limit else Code.XML_MALFORMED
        raise Refused(code, str(problem)) from problem
    info = tree.docinfo
    if info.internalDTD is not None or info.externalDTD is not None:
        raise Refused(Code.XML_DOCTYPE)
    return tree.getroot()


def _check_encoding(data: bytes) -> None:
    """UTF-8 and XML 1.0 only: another encoding could show another text to another reader."""
    declaration = _DECLARATION.match(data)
    if declaration is not None:
        version, encoding = (p.search(declaration[1]) for p in (_VERSION, _ENCODING))
        if version is not None and version[1] != b"1.0":
            raise Refused(Code.XML_ENCODING, repr(version[1][:20]))
        if encoding is not None and encoding[1].upper() not in {b"UTF-8", b"UTF8"}:
            raise Refused(Code.XML_ENCODING, repr(encoding[1][:40]))
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise Refused(Code.XML_ENCODING, str(problem)) from problem


def _count_namespaces(root: etree._Element) -> int:
    around = most = 0
    for event, declared in etree.iterwalk(root, events=("start-ns", "end-ns")):
        around += 1 if event == "start-ns" else -1
        length = sum(map(len, declared)) if event == "start-ns" else 0
        if around > MAX_NAMESPACES or length > MAX_NAMESPACE_LENGTH:
            raise Refused(Code.XML_TOO_COMPLEX, "namespaces")
        most = max(most, around)
    return most


def _elements(root: etree._Element) -> tuple[etree._Element, ...]:
    found: list[etree._Element] = []
    comments: set[etree._Element] = set()
    attributes = 0
    for node in root.iter():
        if kind(node) is etree.Comment:
            parent = node.getparent()
            if parent is not None:
                comments.add(parent)
        elif kind(node) is etree.Entity:
            raise Refused(Code.XML_DOCTYPE, "an entity")
        elif is_element(node):
            found.append(node)
            here = len(node.attrib)
            attributes += here
            if here > MAX_ATTRIBUTES or attributes > MAX_ALL_ATTRIBUTES:
                raise Refused(Code.XML_TOO_COMPLEX, "attributes")
            if len(found) > MAX_ELEMENTS:
                raise Refused(Code.XML_TOO_COMPLEX, "elements")
    for element in comments:
        _check_comment(element)
    return tuple(found)


def _check_comment(element: etree._Element) -> None:
    """A comment inside text is not signed, and some programs read the text only up to it."""
    if has_text(element):
        raise Refused(Code.XML_COMMENT_IN_TEXT, str(element.tag)[:80])


def _ids(elements: tuple[etree._Element, ...]) -> Mapping[str, tuple[etree._Element, ...]]:
    found: dict[str, list[etree._Element]] = {}
    for element in elements:
        for name in {element.get(one) for one in _ID_NAMES} - {None}:
            found.setdefault(str(name), []).append(element)
    return MappingProxyType({name: tuple(them) for name, them in found.items()})


def has_text(element: etree._Element) -> bool:
    """Whether there is text other than white space directly in it."""
    texts = (element.text, *(child.tail for child in element))
    return any(text and text.strip(_WHITE) for text in texts)


def kind(node: etree._Element) -> object:
    """An element's tag; of comments, instructions and entities the function that makes them."""
    return node.tag


def is_element(node: etree._Element) -> bool:
    """Whether it is an element, not a comment or an instruction."""
    return isinstance(kind(node), str)


def children(element: etree._Element) -> tuple[etree._Element, ...]:
    """The elements in it, where it may hold nothing else but white space. Raises Refused."""
    if has_text(element):
        raise Refused(Code.XML_SIGNATURE_STRUCTURE, f"text in {element.tag!s:.80}")
    return tuple(child for child in element if is_element(child))


def leaf(element: etree._Element) -> str:
    """The text of an element without anything else in it. Raises Refused."""
    if len(element):
        raise Refused(Code.XML_SIGNATURE_STRUCTURE, f"more than text in {element.tag!s:.80}")
    return (element.text or "").strip(_WHITE)


def base64_leaf(element: etree._Element) -> bytes:
    """The value of an element in base64; white space is all that it tolerates. Raises Refused."""
    return from_base64(leaf(element))


def from_base64(text: str) -> bytes:
    """Decode base64 with white space in it (XML Schema 2, 3.2.16). Raises Refused."""
    try:
        joined = "".join(text.split()).encode("ascii")
        return binascii.a2b_base64(joined, strict_mode=True)
    except (binascii.Error, UnicodeEncodeError) as problem:
        raise Refused(Code.XML_SIGNATURE_STRUCTURE, f"base64: {problem}") from problem


def one(elements: tuple[etree._Element, ...], tag: str) -> etree._Element:
    """The only one of this tag. Raises Refused."""
    found = [element for element in elements if element.tag == tag]
    if len(found) != 1:
        raise Refused(Code.XML_SIGNATURE_STRUCTURE, f"{len(found)} times {tag}")
    return found[0]
