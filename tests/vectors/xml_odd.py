"""XML whose signature is in no form of the schemas: each must be refused by its name.

Most are signed as they stand, so that nothing but their form is wrong.
"""

import re
from collections.abc import Callable

from signing.judge.codes import Code
from tests.pki import make
from tests.vectors import xml
from tests.vectors.xml import ENVELOPED, INVOICE, SIGNATURE_MARK, Plan, Reference
from tests.vectors.xml_registry import NAMED, ROOT, edited, good, swapped

Maker = Callable[[make.Pki], bytes]
VECTORS: dict[str, tuple[Maker, Code]] = {}


def _enter(name: str, code: Code, old: str, new: str) -> None:
    """Signed with this text in place of that."""
    VECTORS[name] = (lambda pki: good(pki, Plan(edit=edited(old, new)))), code


def _again(pattern: str) -> Callable[[str], str]:
    """An edit that writes a part twice."""

    def edit(text: str) -> str:
        found = re.search(pattern, text, re.DOTALL)
        assert found is not None, pattern
        return text.replace(found[0], found[0] * 2, 1)

    return edit


def odd(code: Code) -> Callable[[Maker], Maker]:
    def enter(maker: Maker) -> Maker:
        VECTORS[maker.__name__.replace("_", " ")] = maker, code
        return maker

    return enter


_STRUCTURE = Code.XML_SIGNATURE_STRUCTURE
_enter(
    "another method of canonicalisation",
    Code.XML_TRANSFORM,
    f'<ds:CanonicalizationMethod Algorithm="{xml.C14N_10}">',
    '<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2000/09/xmldsig#minimal">',
)
_enter(
    "a canonicalisation with parameters",
    Code.XML_TRANSFORM,
    "</ds:CanonicalizationMethod>",
    "<ds:Anything/></ds:CanonicalizationMethod>",
)
_enter("no canonicalisation named", _STRUCTURE, "ds:CanonicalizationMethod", "ds:Method")
_enter("no method named", _STRUCTURE, "ds:SignatureMethod", "ds:Method")
_enter("no digest value", _STRUCTURE, "ds:DigestValue", "ds:Value")
_enter(
    "more among the qualifying properties",
    _STRUCTURE,
    "</xades:QualifyingProperties>",
    "<xades:More/></xades:QualifyingProperties>",
)
_enter(
    "more among the signed properties",
    _STRUCTURE,
    "</xades:SignedProperties>",
    "<xades:More/></xades:SignedProperties>",
)
_enter("a binding without a digest", _STRUCTURE, "xades:CertDigest", "xades:Digest")
_enter(
    "a binding that names nothing", Code.SIGNING_CERTIFICATE_ATTRIBUTE, "xades:Cert>", "xades:C>"
)
_enter(
    "properties signed in part",
    Code.SIGNED_PROPERTIES_UNSIGNED,
    'URI="#xmldsig-1-properties">',
    f'URI="#xmldsig-1-properties"><ds:Transforms>{ENVELOPED}</ds:Transforms>',
)


@odd(Code.XML_SIGNATURE_STRUCTURE)
def a_transform_that_is_none(pki: make.Pki) -> bytes:
    return good(pki, Plan(edit=lambda text: re.sub("ds:Transform([ >])", r"ds:Step\1", text)))


@odd(Code.SIGNED_ATTRIBUTE_REPEATED)
def two_signing_times(pki: make.Pki) -> bytes:
    return good(pki, Plan(edit=_again(r"<xades:SigningTime>.*?</xades:SigningTime>")))


@odd(Code.XML_SIGNATURE_STRUCTURE)
def two_groups_of_unsigned_properties(pki: make.Pki) -> bytes:
    group = "<xades:UnsignedSignatureProperties></xades:UnsignedSignatureProperties>"
    unsigned = f"<xades:UnsignedProperties>{group * 2}</xades:UnsignedProperties>"
    return swapped(good(pki), "</xades:SignedProperties>", f"</xades:SignedProperties>{unsigned}")


@odd(Code.XML_SIGNATURE_STRUCTURE)
def something_else_among_the_references(pki: make.Pki) -> bytes:
    return good(pki, Plan(edit=edited("</ds:SignedInfo>", "<ds:Manifest/></ds:SignedInfo>")))


@odd(Code.XML_TRANSFORM)
def a_base_for_names_above_a_signed_part(pki: make.Pki) -> bytes:
    """Canonical XML 1.1 would have to join it with those below."""
    document = INVOICE.replace(f"<{ROOT} ", f'<{ROOT} xml:base="http://a/" ')
    return good(pki, Plan(c14n=xml.C14N_11), document)


@odd(Code.XML_TRANSFORM)
def a_signature_left_out_of_a_part_that_does_not_hold_it(pki: make.Pki) -> bytes:
    document = NAMED.replace("<rsm:ExchangedDocument>", '<rsm:ExchangedDocument Id="part">')
    part = Reference(uri="#part", octets=b"x")
    return good(pki, Plan(references=(Reference(), part)), document)


@odd(Code.XML_TRANSFORM)
def a_signature_without_itself(pki: make.Pki) -> bytes:
    return good(pki, Plan(references=(Reference(octets=b"x"),)), SIGNATURE_MARK)


@odd(Code.CONTENTS_DAMAGED)
def a_certificate_that_is_none(pki: make.Pki) -> bytes:
    none = "<ds:X509Certificate>MAA=</ds:X509Certificate>"
    return good(pki, Plan(key_info=f"<ds:KeyInfo><ds:X509Data>{none}</ds:X509Data></ds:KeyInfo>"))
