"""Which bytes a reference stands for: the allowed transforms and canonicalisation.

XML Signature 1.1, 4.4.3 and 6; Canonical XML 1.0 and 1.1; Exclusive XML Canonicalization. The
allow-list: leaving out the signature itself or all signatures, then one canonicalisation or one
base64 decoding. XSLT and free XPath never run. Trees are written and read again before anything is
taken out of them: the document itself is not altered, and what an element inherits is explicit.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from lxml import etree

from signing.judge.codes import Code, Refused
from signing.judge.xml_names import (
    BASE64,
    CANONICALS,
    DEFAULT_CANONICAL,
    DS,
    EC,
    ENVELOPED,
    FILTER2,
    SIGNATURE,
    XML,
    XPATH,
    Canonical,
)
from signing.judge.xml_reader import XmlDocument, children, from_base64, leaf, parse, read_xml

MAX_DIGESTED = 256 * 1024 * 1024
"""Bytes that one document may make the judge canonicalise or digest."""
MAX_TRANSFORMS = 4
_NO_SIGNATURES = re.compile(r"not\(\s*ancestor-or-self::([A-Za-z_][\w.-]*):Signature\s*\)")
_SUBTRACT_ALL = re.compile(r"/descendant::([A-Za-z_][\w.-]*):Signature")
_SUBTRACT_OWN = re.compile(r"here\(\)/ancestor::([A-Za-z_][\w.-]*):Signature\[1\]")


class LeftOut(Enum):
    """What a selecting transform takes out of the referenced part."""

    OWN_SIGNATURE = "own"
    ALL_SIGNATURES = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transforms:
    """What happens between a referenced part and its digest."""

    left_out: frozenset[LeftOut] = frozenset()
    canonical: Canonical | None = None
    base64: bool = False


class Effort:
    """How much one document has made the judge do."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = MAX_DIGESTED

    def spend(self, size: int) -> None:
        """Count. Raises Refused when it is too much."""
        self._left -= size
        if self._left < 0:
            raise Refused(Code.XML_TOO_COMPLEX, "too much to digest")


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
    known = {_SUBTRACT_ALL: LeftOut.ALL_SIGNATURES, _SUBTRACT_OWN: LeftOut.OWN_SIGNATURE}
    for pattern, meaning in (
        known.items() if filtering else [(_NO_SIGNATURES, LeftOut.ALL_SIGNATURES)]
    ):
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
    document: XmlDocument,
    target: etree._Element | None,
    transforms: Transforms,
    own: etree._Element,
    effort: Effort,
) -> bytes:
    """The bytes of a part of the same document; None as target: the whole. Raises Refused.

    A reference without XPointer selects no comments (XML Signature 1.1, 4.4.3.3), whatever the
    canonicalisation would do with them.
    """
    if transforms.base64:
        if target is None or len(target) or transforms.left_out:
            raise Refused(Code.XML_TRANSFORM, "base64 of more than text")
        effort.spend(len(target.text or ""))
        return from_base64(target.text or "")
    without = _left_out(document, target, transforms.left_out, own)
    method = transforms.canonical or DEFAULT_CANONICAL
    return canonicalise(document, target, method, effort, without=without, comments=False)


def octets_of_content(content: bytes, transforms: Transforms, effort: Effort) -> bytes:
    """The bytes of something outside the document. Raises Refused."""
    effort.spend(len(content))
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
    everything = LeftOut.ALL_SIGNATURES in which
    return [
        place for place, signature in enumerate(below) if everything or (which and signature is own)
    ]


def canonicalise(  # noqa: PLR0913 - what, how, without what, at which cost
    document: XmlDocument,
    target: etree._Element | None,
    method: Canonical,
    effort: Effort,
    *,
    without: Sequence[int] = (),
    comments: bool | None = None,
) -> bytes:
    """Canonicalise the document or one element of it. Raises Refused.

    `comments`: whether to keep them; as the method says, if not given.
    """
    if target is None:
        effort.spend(len(document.data))
        root = parse(document.data)
    else:
        text = etree.tostring(target, encoding="utf-8", with_tail=False)
        effort.spend(len(text))
        root = parse(text)
        _inherit(root, target, method)
    signatures = list(root.iter(SIGNATURE))
    for place in without:
        _remove(signatures[place])
    try:
        written: bytes = etree.tostring(
            root.getroottree(),
            method="c14n",
            exclusive=method.exclusive,
            with_comments=method.comments if comments is None else comments,
            inclusive_ns_prefixes=list(method.prefixes) if method.exclusive else None,
        )
        effort.spend(len(written))
    except etree.C14NError as problem:  # a relative namespace name: Canonical XML 1.0, 1.3
        raise Refused(Code.XML_TRANSFORM, f"canonicalisation: {problem}") from problem
    return written


def _inherit(copy: etree._Element, original: etree._Element, method: Canonical) -> None:
    """Canonical XML 1.0, 2.4, and 1.1, 2.4: attributes of the xml namespace from above."""
    if method.exclusive:
        return
    for ancestor in original.iterancestors():
        for name, value in ancestor.attrib.items():
            qualified = str(name)
            if not qualified.startswith(f"{{{XML}}}"):
                continue
            if method.version_1_1 and qualified == f"{{{XML}}}base":
                raise Refused(Code.XML_TRANSFORM, "xml:base above a part")
            if method.version_1_1 and qualified == f"{{{XML}}}id":
                continue
            if qualified not in copy.attrib:
                copy.set(qualified, value)


def _remove(element: etree._Element) -> None:
    """Take an element out and leave the text behind it."""
    parent = element.getparent()
    if parent is None:  # inside one that was already taken out
        return
    before, tail = element.getprevious(), element.tail or ""
    if before is None:
        parent.text = (parent.text or "") + tail
    else:
        before.tail = (before.tail or "") + tail
    parent.remove(element)
