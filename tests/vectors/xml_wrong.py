"""XML signatures that were made wrong: their properties, algorithms, transforms."""

import base64
import hmac
import re

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from signing.certificates import LeafUse, Subject, make_leaf
from signing.judge.codes import Code
from tests.pki import make
from tests.vectors import xml
from tests.vectors.xml import DS, ENVELOPED, INVOICE, MORE, SIGNATURE_MARK, XADES, Plan, Reference
from tests.vectors.xml_registry import (
    END,
    edited,
    fault,
    good,
    swapped,
    with_transform,
    xpath,
)

# --- properties of XAdES ---


@fault(Code.NOT_XADES)
def plain_xml_signature(pki: make.Pki) -> bytes:
    return good(pki, Plan(properties=False))


@fault(Code.XADES_VERSION)
def an_old_version_of_xades(pki: make.Pki) -> bytes:
    return good(pki, Plan(edit=edited(XADES, "http://uri.etsi.org/01903/v1.1.1#")))


@fault(Code.SIGNED_PROPERTIES_UNSIGNED)
def properties_that_no_reference_signs(pki: make.Pki) -> bytes:
    def edit(text: str) -> str:
        return re.sub(r"<ds:Reference Type=.*?</ds:Reference>", "", text)

    return good(pki, Plan(edit=edit))


@fault(Code.SIGNED_PROPERTIES_UNSIGNED)
def a_reference_of_another_type_to_the_properties(pki: make.Pki) -> bytes:
    return good(pki, Plan(edit=edited(xml.SIGNED_PROPERTIES, f"{XADES}SignedProperties")))


@fault(Code.SIGNED_PROPERTIES_UNSIGNED)
def the_typed_reference_leads_elsewhere(pki: make.Pki) -> bytes:
    elsewhere = Reference(uri="", transforms=ENVELOPED, type=xml.SIGNED_PROPERTIES)

    def edit(text: str) -> str:
        return re.sub(r'<ds:Reference Type="[^"]*" URI="#.*?</ds:Reference>', "", text)

    return good(pki, Plan(references=(elsewhere,), edit=edit))


@fault(Code.SIGNED_ATTRIBUTE_REPEATED)
def qualifying_properties_twice(pki: make.Pki) -> bytes:
    data = good(pki)
    held = re.search(rb"<ds:Object>.*?</ds:Object>", data, re.DOTALL)
    assert held is not None
    copy = held[0].replace(b"-properties", b"-other").decode()
    return swapped(data, END, f"{copy}</ds:Signature>")


@fault(Code.XML_SIGNATURE_STRUCTURE)
def properties_of_another_signature(pki: make.Pki) -> bytes:
    return swapped(good(pki), 'Target="#xmldsig-1"', 'Target="#xmldsig-2"')


@fault(Code.SIGNED_ATTRIBUTE_REPEATED)
def two_signing_certificates(pki: make.Pki) -> bytes:
    def edit(text: str) -> str:
        return re.sub(r"(<xades:SigningCertificate>.*</xades:SigningCertificate>)", r"\1\1", text)

    return good(pki, Plan(edit=edit))


@fault(Code.SIGNING_CERTIFICATE_ATTRIBUTE)
def no_signing_certificate(pki: make.Pki) -> bytes:
    def edit(text: str) -> str:
        return re.sub(r"<xades:SigningCertificate>.*</xades:SigningCertificate>", "", text)

    return good(pki, Plan(edit=edit))


@fault(Code.SIGNING_CERTIFICATE_ATTRIBUTE)
def another_serial_number(pki: make.Pki) -> bytes:
    return good(pki, Plan(edit=edited("<ds:X509SerialNumber>10<", "<ds:X509SerialNumber>11<")))


@fault(Code.SIGNING_CERTIFICATE_ATTRIBUTE)
def another_issuer(pki: make.Pki) -> bytes:
    return good(pki, Plan(edit=edited("CN=TDH Test Issuing", "CN=Somebody")))


@fault(Code.SIGNING_CERTIFICATE_MISSING)
def another_certificate_of_the_same_key(pki: make.Pki) -> bytes:
    signer = pki.signers["good"]
    other = make_leaf(
        issuer=pki.issuing,
        subject=Subject(common_name="Somebody Else", organization="TDH Test"),
        public_key=signer.key.public_key(),
        serial=4711,
        validity=make.ALWAYS,
        sources=make.SOURCES,
        use=LeafUse.SIGN_DOCUMENTS,
    )
    both = (signer.chain[0], other)
    old, new = (base64.b64encode(one.public_bytes(Encoding.DER)) for one in both)
    return good(pki).replace(old, new)


@fault(Code.SIGNING_CERTIFICATE_MISSING)
def a_bare_key_without_a_certificate(pki: make.Pki) -> bytes:
    bare = "<ds:KeyInfo><ds:KeyName>the key that you trust</ds:KeyName></ds:KeyInfo>"
    return good(pki, Plan(key_info=bare))


@fault(Code.XML_SIGNATURE_STRUCTURE)
def a_signing_time_that_is_none(pki: make.Pki) -> bytes:
    return good(pki, Plan(edit=edited("2026-02-01T16:30:00.000+07:00", "yesterday")))


# --- algorithms and transforms ---


@fault(Code.SHARED_SECRET)
def a_code_made_with_the_public_key_as_secret(pki: make.Pki) -> bytes:
    method = f"{MORE}hmac-sha256"
    data = good(pki, Plan(method=method))
    key = pki.signers["good"].key.public_key()
    secret = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    signed = xml.canonical(data, None, xml.C14N_10, tag=f"{{{DS}}}SignedInfo", plan=Plan())
    code = base64.b64encode(hmac.digest(secret, signed, "sha256"))
    return re.sub(rb"-value\">[^<]*<", b'-value">' + code + b"<", data)


@fault(Code.WEAK_ALGORITHM)
def sha_1_as_digest(pki: make.Pki) -> bytes:
    return good(pki, Plan(digest=xml.SHA1))


@fault(Code.WEAK_ALGORITHM)
def sha_1_in_the_method(pki: make.Pki) -> bytes:
    return xml.sign(INVOICE, pki.signers["rsa"], Plan(method=f"{DS}rsa-sha1"))


@fault(Code.WEAK_ALGORITHM)
def a_short_key(pki: make.Pki) -> bytes:
    return xml.sign(INVOICE, pki.signers["weak-key"])


@fault(Code.UNKNOWN_ALGORITHM)
def a_method_that_nobody_knows(pki: make.Pki) -> bytes:
    return good(pki, Plan(method="urn:method"))


@fault(Code.SIGNATURE_DOES_NOT_VERIFY)
def a_method_for_another_kind_of_key(pki: make.Pki) -> bytes:
    return good(pki, Plan(method=f"{MORE}rsa-sha256"))


@fault(Code.XML_TRANSFORM)
def a_stylesheet_as_transform(pki: make.Pki) -> bytes:
    sheet = '<x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform" version="1.0"/>'
    algorithm = "http://www.w3.org/TR/1999/REC-xslt-19991116"
    return with_transform(pki, f'<ds:Transform Algorithm="{algorithm}">{sheet}</ds:Transform>')


@fault(Code.XML_TRANSFORM)
def an_xpath_that_selects_nothing(pki: make.Pki) -> bytes:
    return with_transform(pki, xpath("false()"))


@fault(Code.XML_TRANSFORM)
def an_xpath_that_leaves_out_more(pki: make.Pki) -> bytes:
    return with_transform(pki, xpath("not(ancestor-or-self::ram:GrandTotalAmount)"))


@fault(Code.XML_TRANSFORM)
def an_xpath_whose_prefix_is_another_namespace(pki: make.Pki) -> bytes:
    step = xpath("not(ancestor-or-self::rsm:Signature)")
    return with_transform(pki, step)


@fault(Code.XML_TRANSFORM)
def a_filter_that_keeps_instead_of_leaving_out(pki: make.Pki) -> bytes:
    name = "http://www.w3.org/2002/06/xmldsig-filter2"
    inside = f'<f:XPath xmlns:f="{name}" Filter="intersect">/descendant::ds:Signature</f:XPath>'
    return with_transform(pki, f'<ds:Transform Algorithm="{name}">{inside}</ds:Transform>')


@fault(Code.XML_TRANSFORM)
def a_selection_after_the_canonical_form(pki: make.Pki) -> bytes:
    first = f'<ds:Transform Algorithm="{xml.C14N_10}"></ds:Transform>'
    return good(pki, Plan(references=(Reference(transforms=first + ENVELOPED),)))


@fault(Code.XML_TRANSFORM)
def base64_of_the_whole_document(pki: make.Pki) -> bytes:
    step = f'<ds:Transform Algorithm="{DS}base64"></ds:Transform>'
    return good(pki, Plan(references=(Reference(transforms=step, octets=b""),)))


@fault(Code.XML_REFERENCE)
def an_xpointer(pki: make.Pki) -> bytes:
    return good(pki, Plan(references=(Reference(uri="#xpointer(//ram:ID)", octets=b""),)))


@fault(Code.XML_REFERENCE)
def a_reference_to_nothing(pki: make.Pki) -> bytes:
    more = Reference(uri="#nothing", transforms="", octets=b"")
    return good(pki, Plan(references=(Reference(), more)))


@fault(Code.XML_SIGNATURE_STRUCTURE)
def a_comment_in_a_digest(pki: make.Pki) -> bytes:
    return swapped(good(pki), "</ds:DigestValue>", "<?x?></ds:DigestValue>")


@fault(Code.XML_SIGNATURE_STRUCTURE)
def a_value_that_is_not_base64(pki: make.Pki) -> bytes:
    return swapped(good(pki), "</ds:SignatureValue>", "!</ds:SignatureValue>")


@fault(Code.XML_SIGNATURE_STRUCTURE)
def text_between_the_parts_of_a_signature(pki: make.Pki) -> bytes:
    return swapped(good(pki), "</ds:SignedInfo>", "</ds:SignedInfo>9.00")


@fault(Code.CONTENT_MISSING)
def a_file_on_this_machine(pki: make.Pki) -> bytes:
    detached = Reference(uri="file:///etc/hostname", transforms="", octets=b"")
    return good(pki, Plan(references=(detached,)), SIGNATURE_MARK)


@fault(Code.CONTENT_MISSING)
def a_page_in_the_net(pki: make.Pki) -> bytes:
    detached = Reference(uri="http://127.0.0.1:9/", transforms="", octets=b"")
    return good(pki, Plan(references=(detached,)), SIGNATURE_MARK)
