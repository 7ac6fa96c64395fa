"""Whether a signature in XML leaves anything of its document unsigned.

The defence against signature wrapping: what a reader processes must be what was digested. So a
signature must cover the document element (or, where the document is itself a signature, every
ds:Object that is content), an identifier that it relies on must be unique, and what a signature
holds beside its signed parts may only be of the vocabularies of signatures.
"""

from collections.abc import Iterable, Sequence

from lxml import etree

from signing.judge.codes import Code, Refused
from signing.judge.xml_names import (
    DS,
    DS11,
    EC,
    EVIDENCE_RECORDS,
    SIGNATURE,
    WRAPPERS,
    XADES,
    XADES141,
)
from signing.judge.xml_reader import XmlDocument, children, has_text, is_element, kind
from signing.judge.xml_signature import XmlSignature, target_of

_UNSIGNED_PROPERTIES = f"{{{XADES}}}UnsignedProperties"
_KEYS = frozenset({DS, DS11})
_PROPERTIES = frozenset({DS, DS11, EC, XADES, XADES141}) | EVIDENCE_RECORDS
_MANIFEST = f"{DS}Manifest"


def signatures_in(document: XmlDocument) -> tuple[etree._Element, ...]:
    """Every ds:Signature of the document but those that countersign another."""
    return tuple(
        element for element in document.root.iter(SIGNATURE) if not _is_countersignature(element)
    )


def _is_countersignature(element: etree._Element) -> bool:
    """EN 319 132-1, 5.2.7.2: it stands in the unsigned properties of a signature."""
    above = [ancestor.tag for ancestor in element.iterancestors()]
    return _UNSIGNED_PROPERTIES in above and SIGNATURE in above[above.index(_UNSIGNED_PROPERTIES) :]


def check_coverage(
    document: XmlDocument, signature: XmlSignature, properties: etree._Element | None
) -> None:
    """Raises Refused, naming what is not signed. `properties`: the object that qualifies it."""
    if any(reference.type == _MANIFEST for reference in signature.references):
        raise Refused(Code.XML_REFERENCE, "a manifest, whose own references nobody checks")
    inside = [reference for reference in signature.references if not reference.is_outside]
    targets = [target_of(document, reference) for reference in inside]
    data = [target for target in targets if properties is None or not _is_in(target, properties)]
    _check_outside(document, data)
    contents = [item for item in signature.objects if item is not properties]
    for item in contents:
        _check_content(item, data)
    if not contents and len(inside) == len(signature.references):
        whole = {None, document.root} & set(data)
        if not whole:
            raise Refused(Code.XML_PART_UNSIGNED, "it signs nothing")
    _check_vocabulary([signature.key_info] if signature.key_info is not None else [], _KEYS)
    if properties is not None:
        _check_vocabulary(properties.iter(_UNSIGNED_PROPERTIES), _PROPERTIES)


def _is_in(target: etree._Element | None, element: etree._Element) -> bool:
    return target is not None and (target is element or element in target.iterancestors())


def _check_outside(document: XmlDocument, data: Sequence[etree._Element | None]) -> None:
    """What stands around the signatures: covered, or nothing at all."""
    root = document.root
    if None in data:  # URI="": the document with all that stands before and after its root
        return
    around = [*root.itersiblings(preceding=True), *root.itersiblings()]
    if any(kind(node) is etree.PI for node in around):
        raise Refused(Code.XML_PART_UNSIGNED, "an instruction outside the document element")
    if root.tag == SIGNATURE or any(target is root for target in data):
        return
    if root.tag in WRAPPERS and not has_text(root):
        strangers = [str(child.tag) for child in children(root) if child.tag != SIGNATURE]
        if not strangers:
            return
        raise Refused(Code.XML_PART_UNSIGNED, ", ".join(strangers)[:200])
    raise Refused(Code.XML_PART_UNSIGNED, f"the document element {root.tag!s:.100}")


def _check_content(item: etree._Element, data: Sequence[etree._Element | None]) -> None:
    """An Object, or an element in one: referred to itself, or each of its elements is."""
    if any(target is item for target in data):
        return
    if has_text(item) or set(item.attrib) - {"Id"}:
        raise Refused(Code.XML_PART_UNSIGNED, f"text or attributes of {item.tag!s:.100}")
    inside = children(item)
    if not inside:
        raise Refused(Code.XML_PART_UNSIGNED, f"{item.tag!s:.100} in an Object")
    for child in inside:
        _check_content(child, data)


def _check_vocabulary(elements: Iterable[etree._Element], names: frozenset[str]) -> None:
    for element in elements:
        for below in element.iter():
            if is_element(below) and etree.QName(below).namespace not in names:
                raise Refused(Code.XML_PART_UNSIGNED, f"{below.tag:.100} in {element.tag!s:.100}")
