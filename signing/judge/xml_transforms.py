"""Which bytes a reference stands for: the allowed transforms and canonicalisation.

XML Signature 1.1, 4.4.3 and 6; Canonical XML 1.0 and 1.1; Exclusive XML Canonicalization. The
allow-list: leaving out the signature itself or all signatures, then one canonicalisation or one
base64 decoding. XSLT and free XPath never run.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from lxml import etree

from signing.judge.codes import Code, Refused
from signing.judge.xml_c14n import Effort, canonicalise
from signing.judge.xml_names import (
    BASE64,
    CANONICALS,
    DEFAULT_CANONICAL,
    DS,
    EC,
    ENVELOPED,
    FILTER2,
    SIGNATURE,
    XPATH,
    Canonical,
)
from signing.judge.xml_reader import XmlDocument, children, from_base64, leaf, read_xml

MAX_TRANSFORMS = 4


class LeftOut(Enum):
    """What a selecting transform takes out of the referenced part."""

    OWN_SIGNATURE = "own"
    TOP_SIGNATURES = "top"
    """Those directly in the document element."""
    ALL_SIGNATURES = "all"


_NAME = r"([A-Za-z_][\w.-]*)"
_FILTERED = (
    (
        re.compile(rf"not\(\s*ancestor-or-self::{_NAME}:Signature\s*\)"),
        LeftOut.ALL_SIGNATURES,
    ),
)
_SUBTRACTED = (
    (re.compile(rf"/descendant::{_NAME}:Signature"), LeftOut.ALL_SIGNATURES),
    (re.compile(rf"/\*/{_NAME}:Signature"), LeftOut.TOP_SIGNATURES),
    (re.compile(rf"here\(\)/ancestor::{_NAME}:Signature\[1\]"), LeftOut.OWN_SIGNATURE),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a reference within a document stands for."""

    target: etree._Element | None
    """None: the whole document."""
    own: etree._Element
    """The signature that refers to it."""
    with_comments: bool
    """A reference without XPointer selects no comments (XML Signature 1.1, 4.4.3.3), whatever the
    canonical form would do with them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transforms:
    """What happens between a referenced part and its digest."""

    left_out: frozenset[LeftOut] = frozenset()
    canonical: Canonical | None = None
    base64: bool = False


def read_transforms(element: etree._Element | None) -> Transforms:
    """Read ds:Transforms; None: there are none. Raises Refused for any other than the allowed."""
    left_out: set[LeftOut] = set()
    canonical, base64 = None, False
    steps = () if element is None else children(element)
    if len(steps) > MAX_TRANSFORMS:
        raise Refused(Code.XML_TRANSFORM, "too many")
    for step in steps:
        if canonical is not None or base64:  # they give bytes, from which nothing can be left out
            raise Refused(Code.XML_TRANSFORM, "something after the last step")
        if step.tag != f"{{{DS}}}Transform":
            raise Refused(Code.XML_SIGNATURE_STRUCTURE, str(step.tag)[:80])
        match step.get("Algorithm"):
            case name if name in CANONICALS:
                canonical = read_canonical(step)
            case name if name == BASE64 and not children(step):
                base64 = True
            case name if name == ENVELOPED and not children(step):
                left_out.add(LeftOut.OWN_SIGNATURE)
            case name if name in {XPATH, FILTER2}:
                left_out.add(_read_xpath(step))
            case name:
                raise Refused(Code.XML_TRANSFORM, str(name)[:80])
    return Transforms(left_out=frozenset(left_out), canonical=canonical, base64=base64)


def _read_xpath(step: etree._Element) -> LeftOut:
    """Three expressions that real signers use, letter by letter; nothing is evaluated."""
    filtering = step.get("Algorithm") == FILTER2
    inside = children(step)
    if len(inside) != 1 or inside[0].tag != f"{{{FILTER2 if filtering else DS}}}XPath":
        raise Refused(Code.XML_TRANSFORM, "XPath")
    (expression,) = inside
    if filtering and expression.get("Filter") != "subtract":
        raise Refused(Code.XML_TRANSFORM, "XPath filter")
    text = leaf(expression)
    for pattern, meaning in _SUBTRACTED if filtering else _FILTERED:
        found = pattern.fullmatch(text)
        if found is not None and expression.nsmap.get(found[1]) == DS:
            return meaning
    raise Refused(Code.XML_TRANSFORM, text[:80])


def read_canonical(element: etree._Element) -> Canonical:
    """Read ds:CanonicalizationMethod or a ds:Transform. Raises Refused."""
    method = CANONICALS.get(element.get("Algorithm", ""))
    if method is None:
        raise Refused(Code.XML_TRANSFORM, element.get("Algorithm", "")[:80])
    inside = children(element)
    if not inside:
        return method
    (first, *more) = inside
    if more or not method.exclusive or first.tag != f"{{{EC}}}InclusiveNamespaces" or len(first):
        raise Refused(Code.XML_TRANSFORM, "parameters of a canonicalisation")
    prefixes = tuple(first.get("PrefixList", "").split())
    return Canonical(exclusive=True, comments=method.comments, prefixes=prefixes)


def octets_of_part(
    document: XmlDocument, part: Part, transforms: Transforms, effort: Effort
) -> bytes:
    """The bytes of a part of the same document. Raises Refused."""
    target = part.target
    if transforms.base64:
        if target is None or len(target) or transforms.left_out:
            raise Refused(Code.XML_TRANSFORM, "base64 of more than text")
        effort.spend(len(target.text or ""))
        return from_base64(target.text or "")
    without = _left_out(document, target, transforms.left_out, part.own)
    method = transforms.canonical or DEFAULT_CANONICAL
    comments = method.comments and part.with_comments
    return canonicalise(document, target, method, effort, without=without, comments=comments)


def octets_of_content(content: bytes, transforms: Transforms, effort: Effort) -> bytes:
    """The bytes of something outside the document. Raises Refused."""
    effort.spend(len(content) // 8)  # digesting is that much faster than canonicalising
    if transforms.left_out:
        raise Refused(Code.XML_TRANSFORM, "a signature to be left out of another file")
    if transforms.base64:
        try:
            return from_base64(content.decode("ascii"))
        except UnicodeDecodeError as problem:
            raise Refused(Code.XML_TRANSFORM, "base64") from problem
    if transforms.canonical is None:
        return content
    document = read_xml(content)
    return canonicalise(
        document, None, transforms.canonical, effort, comments=transforms.canonical.comments
    )


def _left_out(
    document: XmlDocument,
    target: etree._Element | None,
    which: frozenset[LeftOut],
    own: etree._Element,
) -> list[int]:
    """The places, among the signatures below the target in document order, of what is left out."""
    start = document.root if target is None else target
    if start.tag == SIGNATURE and which:
        raise Refused(Code.XML_TRANSFORM, "a signature without itself")
    below = list(start.iter(SIGNATURE))
    if LeftOut.OWN_SIGNATURE in which and own not in below:
        raise Refused(Code.XML_TRANSFORM, "the signature is not in what it signs")
    gone: dict[LeftOut, Callable[[etree._Element], bool]] = {
        LeftOut.ALL_SIGNATURES: lambda _: True,
        LeftOut.TOP_SIGNATURES: lambda signature: signature.getparent() is document.root,
        LeftOut.OWN_SIGNATURE: lambda signature: signature is own,
    }
    return [
        place for place, signature in enumerate(below) if any(gone[one](signature) for one in which)
    ]
