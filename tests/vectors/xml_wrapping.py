"""Attacks on signed XML that move, copy, hide or alter what was signed."""

import base64
import re

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from signing.judge.codes import Code
from tests.pki import make
from tests.vectors import xml
from tests.vectors.xml import DS, INVOICE, SIGNATURE_MARK, Plan, Reference
from tests.vectors.xml_registry import (
    END,
    NAMED,
    ROOT,
    enveloping,
    fault,
    good,
    named,
    signature_of,
    swapped,
    without_signatures,
)

# --- signature wrapping ---


def _without_declaration(data: bytes) -> str:
    return data.decode().partition("?>\n")[2]


@fault(Code.XML_PART_UNSIGNED)
def the_original_moved_into_an_object_of_the_signature(pki: make.Pki) -> bytes:
    signed = _without_declaration(named(pki))
    signature = signature_of(signed.encode())
    original = signed.replace(signature, "")
    holding = signature.replace(END, f"<ds:Object>{original}</ds:Object>{END}")
    return (
        NAMED.replace('Id="invoice"', "")
        .replace("107.00", "9.00")
        .replace(SIGNATURE_MARK, holding)
        .encode()
    )


@fault(Code.XML_PART_UNSIGNED)
def the_original_moved_into_an_extension(pki: make.Pki) -> bytes:
    signed = _without_declaration(named(pki))
    return (
        NAMED.replace('Id="invoice"', "")
        .replace("107.00", "9.00")
        .replace(SIGNATURE_MARK, f'<ext:Kept xmlns:ext="urn:ext">{signed}</ext:Kept>')
        .encode()
    )


@fault(Code.XML_PART_UNSIGNED)
def another_document_put_around_it(pki: make.Pki) -> bytes:
    return f"<outer>{_without_declaration(named(pki))}</outer>".encode()


@fault(Code.XML_ID_AMBIGUOUS)
def two_parts_of_the_same_identifier(pki: make.Pki) -> bytes:
    return swapped(named(pki), "<rsm:ExchangedDocument>", '<rsm:ExchangedDocument Id="invoice">')


@fault(Code.XML_ID_AMBIGUOUS)
def an_identifier_given_to_what_nobody_signs_too(pki: make.Pki) -> bytes:
    return swapped(named(pki), "<ds:KeyInfo>", '<ds:KeyInfo Id="invoice">')


@fault(Code.XML_ID_AMBIGUOUS)
def an_identifier_of_another_spelling(pki: make.Pki) -> bytes:
    tag = "<rsm:ExchangedDocument"
    return swapped(named(pki), f"{tag}>", f'{tag} xml:id="invoice">')


@fault(Code.CHANGED_AFTER_SIGNING)
def the_signature_moved_to_another_document(pki: make.Pki) -> bytes:
    other = INVOICE.replace("107.00", "9.00")
    return other.replace(SIGNATURE_MARK, signature_of(good(pki))).encode()


@fault(Code.XML_PART_UNSIGNED)
def only_a_harmless_part_is_signed(pki: make.Pki) -> bytes:
    document = INVOICE.replace("<ram:Name>", '<ram:Name Id="name">', 1)
    return good(pki, Plan(references=(Reference(uri="#name", transforms=""),)), document)


@fault(Code.XML_PART_UNSIGNED)
def nothing_but_its_own_properties_is_signed(pki: make.Pki) -> bytes:
    return good(pki, Plan(references=()), SIGNATURE_MARK)


@fault(Code.XML_PART_UNSIGNED)
def a_detached_part_beside_the_signature(pki: make.Pki) -> bytes:
    document = f'<box><data Id="data">1</data>{SIGNATURE_MARK}</box>'
    return good(pki, Plan(references=(Reference(uri="#data", transforms=""),)), document)


@fault(Code.XML_PART_UNSIGNED)
def an_object_added_after_signing(pki: make.Pki) -> bytes:
    return swapped(good(pki), END, "<ds:Object><evil/></ds:Object></ds:Signature>")


@fault(Code.XML_PART_UNSIGNED)
def text_added_in_an_object(pki: make.Pki) -> bytes:
    return swapped(good(pki), END, "<ds:Object>9.00</ds:Object></ds:Signature>")


@fault(Code.XML_PART_UNSIGNED)
def an_attribute_of_an_object_of_which_only_the_element_is_signed(pki: make.Pki) -> bytes:
    plan = Plan(
        references=(Reference(uri="#letter", transforms=""),),
        objects='<ds:Object><letter Id="letter">1</letter></ds:Object>',
    )
    signed = good(pki, plan, SIGNATURE_MARK)
    return swapped(signed, "<ds:Object><letter", '<ds:Object Encoding="base64"><letter')


@fault(Code.XML_PART_UNSIGNED)
def something_hidden_in_the_key_information(pki: make.Pki) -> bytes:
    return swapped(good(pki), "</ds:KeyInfo>", "<evil/></ds:KeyInfo>")


@fault(Code.XML_PART_UNSIGNED)
def something_hidden_in_unsigned_properties(pki: make.Pki) -> bytes:
    hidden = (
        "</xades:SignedProperties><xades:UnsignedProperties><xades:UnsignedSignatureProperties>"
        "<evil/></xades:UnsignedSignatureProperties></xades:UnsignedProperties>"
    )
    return swapped(good(pki), "</xades:SignedProperties>", hidden)


@fault(Code.XML_PART_UNSIGNED)
def an_instruction_outside_a_named_root(pki: make.Pki) -> bytes:
    style = '?>\n<?xml-stylesheet type="text/xsl" href="evil.xsl"?>\n<rsm'
    return swapped(named(pki), "?>\n<rsm", style)


@fault(Code.XML_PART_UNSIGNED)
def an_instruction_before_an_enveloping_signature(pki: make.Pki) -> bytes:
    return b'<?xml-stylesheet type="text/xsl" href="evil.xsl"?>' + enveloping(pki)


@fault(Code.CHANGED_AFTER_SIGNING)
def an_instruction_outside_the_whole_document(pki: make.Pki) -> bytes:
    return swapped(good(pki), "?>\n<rsm", '?>\n<?xml-stylesheet href="evil.xsl"?>\n<rsm')


@fault(Code.XML_SIGNATURE_STRUCTURE)
def a_second_signature_that_holds_only_an_object(pki: make.Pki) -> bytes:
    data = without_signatures(pki)
    return swapped(
        data,
        f"</{ROOT}>",
        f'<ds:Signature xmlns:ds="{DS}"><ds:Object><evil/></ds:Object></ds:Signature></{ROOT}>',
    )


@fault(Code.CHANGED_AFTER_SIGNING)
def two_parallel_signatures_of_which_the_first_knew_nothing_of_the_second(pki: make.Pki) -> bytes:
    first = good(pki, document=INVOICE.replace(SIGNATURE_MARK, SIGNATURE_MARK + "@@SECOND@@"))
    document = first.decode().replace("@@SECOND@@", SIGNATURE_MARK)
    return xml.sign(document, pki.signers["rsa"], Plan(identifier="xmldsig-2"))


@fault(Code.XML_REFERENCE)
def a_manifest_that_nobody_checks(pki: make.Pki) -> bytes:
    manifest = '<ds:Object><ds:Manifest Id="manifest"></ds:Manifest></ds:Object>'
    listed = Reference(uri="#manifest", transforms="", type=f"{DS}Manifest")
    return good(pki, Plan(references=(Reference(), listed), objects=manifest))


@fault(Code.XML_PART_UNSIGNED)
def enveloping_with_a_second_unsigned_object(pki: make.Pki) -> bytes:
    return swapped(enveloping(pki), END, "<ds:Object><b/></ds:Object></ds:Signature>")


TYPED = INVOICE.replace("xmlns:xsi=", 'xmlns:t="urn:types" xmlns:xsi=').replace(
    "<ram:GrandTotalAmount>", '<ram:GrandTotalAmount xsi:type="t:baht">'
)
EXCLUSIVE = Plan(c14n=xml.EXCLUSIVE, properties_transform=True)


@fault(Code.XML_PART_UNSIGNED)
def a_prefix_in_a_value_whose_namespace_was_exchanged(pki: make.Pki) -> bytes:
    return swapped(good(pki, EXCLUSIVE, TYPED), "urn:types", "urn:other")


@fault(Code.XML_PART_UNSIGNED)
def a_prefix_in_a_value_whose_namespace_could_be_exchanged(pki: make.Pki) -> bytes:
    return good(pki, EXCLUSIVE, TYPED)


# --- changed after signing ---


@fault(Code.CHANGED_AFTER_SIGNING)
def a_changed_amount(pki: make.Pki) -> bytes:
    return swapped(good(pki), "107.00", "907.00")


@fault(Code.CHANGED_AFTER_SIGNING)
def white_space_changed_between_elements(pki: make.Pki) -> bytes:
    return swapped(good(pki), "<rsm:ExchangedDocument>\n", "<rsm:ExchangedDocument>")


@fault(Code.CHANGED_AFTER_SIGNING)
def another_prefix_for_the_same_namespace(pki: make.Pki) -> bytes:
    data = good(pki).replace(b"<ram:Name>", b"<r:Name>").replace(b"</ram:Name>", b"</r:Name>")
    return swapped(data, "xmlns:ram=", f'xmlns:r="{xml.RAM}" xmlns:ram=')


@fault(Code.CHANGED_AFTER_SIGNING)
def a_namespace_declared_over_again(pki: make.Pki) -> bytes:
    return swapped(good(pki), "<ram:GrandTotalAmount>", '<ram:GrandTotalAmount xmlns:ram="urn:x">')


@fault(Code.CHANGED_AFTER_SIGNING)
def a_changed_signing_time(pki: make.Pki) -> bytes:
    return swapped(good(pki), "2026-02-01T16:30:00.000+07:00", "2026-02-01T16:30:00.000+06:00")


@fault(Code.SIGNATURE_DOES_NOT_VERIFY)
def references_in_another_order(pki: make.Pki) -> bytes:
    data = good(pki).decode()
    first, second = re.findall(r"<ds:Reference .*?</ds:Reference>", data, re.DOTALL)
    return data.replace(first + second, second + first).encode()


@fault(Code.SIGNATURE_DOES_NOT_VERIFY)
def another_value(pki: make.Pki) -> bytes:
    other = signature_of(good(pki, document=INVOICE.replace("107.00", "9.00")))
    value = re.search(r"-value\">([^<]*)<", other)
    assert value is not None
    return re.sub(rb"-value\">[^<]*<", b'-value">' + value[1].encode() + b"<", good(pki))


@fault(Code.SIGNATURE_DOES_NOT_VERIFY)
def a_value_as_der_instead_of_two_numbers(pki: make.Pki) -> bytes:
    data = good(pki).decode()
    value = re.search(r"-value\">([^<]*)<", data)
    assert value is not None
    raw = base64.b64decode(value[1])
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    return data.replace(value[1], base64.b64encode(der).decode()).encode()
