"""The list of signed XML that must be refused, and the sound documents that faults are made of.

A function decorated with `fault` makes one; its name is the name of the fault. The faults are in
`xml_wrapping`, `xml_wrong` and `xml_markup`.
"""

import re
from collections.abc import Callable

from signing.judge.codes import Code
from tests.pki import make
from tests.vectors import xml
from tests.vectors.xml import ENVELOPED, INVOICE, SIGNATURE_MARK, Plan, Reference

Maker = Callable[[make.Pki], bytes]
FAULTS: dict[str, tuple[Maker, Code]] = {}
"""Name of the fault to who makes it and what it is called."""

END = "</ds:Signature>"
ROOT = "rsm:TaxInvoice_CrossIndustryInvoice"
NAMED = INVOICE.replace(f"<{ROOT} ", f'<{ROOT} Id="invoice" ')
"""The same invoice with an Id on its document element."""


def fault(code: Code) -> Callable[[Maker], Maker]:
    def register(maker: Maker) -> Maker:
        FAULTS[maker.__name__.replace("_", " ")] = (maker, code)
        return maker

    return register


def good(pki: make.Pki, plan: Plan | None = None, document: str = INVOICE) -> bytes:
    return xml.sign(document, pki.signers["good"], plan)


def named(pki: make.Pki, uri: str = "#invoice") -> bytes:
    """Signed by reference to the document element's Id instead of URI=""."""
    bare = NAMED.replace(SIGNATURE_MARK, "").encode()
    octets = xml.canonical(bare, "invoice", xml.C14N_10)
    transforms = f'{ENVELOPED}<ds:Transform Algorithm="{xml.C14N_10}"></ds:Transform>'
    reference = Reference(uri=uri, transforms=transforms, octets=octets)
    return good(pki, Plan(references=(reference,)), NAMED)


def pointed(pki: make.Pki) -> bytes:
    """The same by an XPointer."""
    return named(pki, "#xpointer(id('invoice'))")


def swapped(data: bytes, old: str, new: str) -> bytes:
    """Replace once; the text must be there."""
    before, found, after = data.partition(old.encode())
    assert found, old
    return before + new.encode() + after


def signature_of(data: bytes) -> str:
    return re.search(r"<ds:Signature .*</ds:Signature>", data.decode(), re.DOTALL)[0]  # type: ignore[index]  # there is one


def edited(old: str, new: str) -> Callable[[str], str]:
    """An edit before signing."""

    def edit(text: str) -> str:
        assert old in text, old
        return text.replace(old, new)

    return edit


def xpath(expression: str) -> str:
    algorithm = "http://www.w3.org/TR/1999/REC-xpath-19991116"
    return f'<ds:Transform Algorithm="{algorithm}"><ds:XPath>{expression}</ds:XPath></ds:Transform>'


def with_transform(pki: make.Pki, step: str) -> bytes:
    return good(pki, Plan(references=(Reference(transforms=ENVELOPED + step),)))


def enveloping(pki: make.Pki, content: str = "<letter>จดหมาย</letter>") -> bytes:
    """The document element is the signature; its Object is the content."""
    plan = Plan(
        references=(Reference(uri="#content", transforms=""),),
        objects=f'<ds:Object Id="content">{content}</ds:Object>',
    )
    return good(pki, plan, SIGNATURE_MARK)


BY_XPATH = xpath("not(ancestor-or-self::ds:Signature)")


def without_signatures(pki: make.Pki) -> bytes:
    """Signed by the XPath that leaves out all signatures."""
    return good(pki, Plan(references=(Reference(transforms=BY_XPATH),)))
