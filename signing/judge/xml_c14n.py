"""Canonical XML 1.0 and 1.1 and Exclusive XML Canonicalization of a document or one element of it.

By `lxml`, with what it leaves to its caller: an element inherits attributes of the xml namespace
from above (Canonical XML, 2.4). Trees are written and read again before anything is taken out of
them, so that the document itself is never altered.
"""

from collections.abc import Sequence

from lxml import etree

from signing.judge.codes import Code, Refused
from signing.judge.xml_names import SIGNATURE, XML, Canonical
from signing.judge.xml_prefixes import check_prefixes
from signing.judge.xml_reader import XmlDocument, parse

MAX_DIGESTED = 256 * 1024 * 1024
"""Bytes that one document may make the judge canonicalise or digest."""


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
        effort.spend(_cost(document.data, document))
        root = parse(document.data)
    else:
        text = etree.tostring(target, encoding="utf-8", with_tail=False)
        effort.spend(_cost(text, document))
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
        if method.exclusive:
            check_prefixes(root, written)
    except etree.C14NError as problem:  # a relative namespace name: Canonical XML 1.0, 1.3
        raise Refused(Code.XML_TRANSFORM, f"canonicalisation: {problem}") from problem
    return written


def _cost(text: bytes, document: XmlDocument) -> int:
    """In bytes; each element is compared with all namespaces around it, which takes longer."""
    return len(text) + 16 * text.count(b"<") * document.namespaces


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
