"""Signed XML that must be refused, each named by its fault, with the answer it must get.

Attacks that move, copy, hide or split what was signed; signatures that were made wrong; hostile
markup. Those that are about time and memory are in `BOMBS`.
"""

import base64
import hmac
import re
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from signing.certificates import LeafUse, Subject, make_leaf
from signing.judge.codes import Code
from tests.pki import make
from tests.vectors import xml
from tests.vectors.xml import DS, ENVELOPED, INVOICE, MORE, SIGNATURE_MARK, XADES, Plan, Reference

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


def named(pki: make.Pki) -> bytes:
    """Signed by reference to the document element's Id instead of URI=""."""
    bare = NAMED.replace(SIGNATURE_MARK, "").encode()
    octets = xml.canonical(bare, "invoice", xml.C14N_10)
    reference = Reference(
        uri="#invoice",
        transforms=f'{ENVELOPED}<ds:Transform Algorithm="{xml.C14N_10}"></ds:Transform>',
        octets=octets,
    )
    return good(pki, Plan(references=(reference,)), NAMED)


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


# --- signature wrapping --------------------------------------------------------------------------


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


# --- changed after signing -----------------------------------------------------------------------


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


# --- properties of XAdES -------------------------------------------------------------------------


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


# --- algorithms and transforms -------------------------------------------------------------------


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


def with_transform(pki: make.Pki, step: str) -> bytes:
    return good(pki, Plan(references=(Reference(transforms=ENVELOPED + step),)))


@fault(Code.XML_TRANSFORM)
def a_stylesheet_as_transform(pki: make.Pki) -> bytes:
    sheet = '<x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform" version="1.0"/>'
    algorithm = "http://www.w3.org/TR/1999/REC-xslt-19991116"
    return with_transform(pki, f'<ds:Transform Algorithm="{algorithm}">{sheet}</ds:Transform>')


def _xpath(expression: str) -> str:
    algorithm = "http://www.w3.org/TR/1999/REC-xpath-19991116"
    return f'<ds:Transform Algorithm="{algorithm}"><ds:XPath>{expression}</ds:XPath></ds:Transform>'


@fault(Code.XML_TRANSFORM)
def an_xpath_that_selects_nothing(pki: make.Pki) -> bytes:
    return with_transform(pki, _xpath("false()"))


@fault(Code.XML_TRANSFORM)
def an_xpath_that_leaves_out_more(pki: make.Pki) -> bytes:
    return with_transform(pki, _xpath("not(ancestor-or-self::ram:GrandTotalAmount)"))


@fault(Code.XML_TRANSFORM)
def an_xpath_whose_prefix_is_another_namespace(pki: make.Pki) -> bytes:
    step = _xpath("not(ancestor-or-self::rsm:Signature)")
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
    return good(pki, Plan(references=(Reference(uri="#xpointer(/)", octets=b""),)))


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


# --- markup --------------------------------------------------------------------------------------


def _with_type(pki: make.Pki, declaration: str) -> bytes:
    return swapped(good(pki), "?>\n<rsm", f"?>\n{declaration}\n<rsm")


@fault(Code.XML_DOCTYPE)
def a_document_type(pki: make.Pki) -> bytes:
    return _with_type(pki, f"<!DOCTYPE {ROOT}>")


@fault(Code.XML_DOCTYPE)
def an_external_document_type(pki: make.Pki) -> bytes:
    return _with_type(pki, f'<!-- x --><!DOCTYPE {ROOT} SYSTEM "http://127.0.0.1:9/a.dtd">')


@fault(Code.XML_DOCTYPE)
def an_external_entity(pki: make.Pki) -> bytes:
    data = _with_type(pki, '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]>')
    return swapped(data, "107.00", "&b;")


@fault(Code.XML_DOCTYPE)
def a_billion_laughs(pki: make.Pki) -> bytes:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha"}">' for n in range(10))
    return swapped(_with_type(pki, f"<!DOCTYPE a [{entities}]>"), "107.00", "&e9;")


@fault(Code.XML_DOCTYPE)
def identifiers_declared_by_a_document_type(pki: make.Pki) -> bytes:
    return _with_type(pki, "<!DOCTYPE a [<!ATTLIST a b ID #IMPLIED>]>")


@fault(Code.XML_ENCODING)
def two_bytes_a_character(pki: make.Pki) -> bytes:
    return good(pki).decode().replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16")


@fault(Code.XML_ENCODING)
def another_encoding(pki: make.Pki) -> bytes:
    return good(pki).decode().replace("UTF-8", "windows-874").encode("cp874")


@fault(Code.XML_ENCODING)
def another_version_of_xml(pki: make.Pki) -> bytes:
    return swapped(good(pki), 'version="1.0"', 'version="1.1"')


@fault(Code.XML_ENCODING)
def bytes_that_are_no_characters(pki: make.Pki) -> bytes:
    return good(pki).replace(b"107.00", b"107\xff")


@fault(Code.XML_MALFORMED)
def half_a_document(pki: make.Pki) -> bytes:
    return good(pki)[:1500]


@fault(Code.XML_MALFORMED)
def an_entity_that_nobody_declared(pki: make.Pki) -> bytes:
    return swapped(good(pki), "107.00", "&b;")


@fault(Code.XML_COMMENT_IN_TEXT)
def a_comment_inside_a_text(pki: make.Pki) -> bytes:
    return swapped(good(pki), "107.00", "107<!-- -->.00")


@fault(Code.XML_COMMENT_IN_TEXT)
def a_comment_before_a_text(pki: make.Pki) -> bytes:
    return swapped(good(pki), "107.00", "<!-- -->107.00")


# --- time and memory -----------------------------------------------------------------------------


def _attributes(prefix: str, count: int) -> str:
    return " ".join(f'{prefix}{n}="urn:{n}"' for n in range(count))


SIGN_OF_LIFE = f'<ds:Signature xmlns:ds="{DS}"/>'
BOMBS: dict[str, tuple[Callable[[], str], Code]] = {
    "100,000 elements in each other": (
        lambda: "<a>" * 100_000 + "</a>" * 100_000,
        Code.XML_TOO_COMPLEX,
    ),
    "a million elements": (lambda: f"<a>{'<b/>' * 1_000_000}</a>", Code.XML_TOO_COMPLEX),
    "150,000 elements": (lambda: f"<a>{'<b/>' * 150_000}</a>", Code.XML_TOO_COMPLEX),
    "a huge attribute": (lambda: f'<a b="{"x" * 20_000_000}"/>', Code.XML_TOO_COMPLEX),
    "a huge text": (lambda: f"<a>{'x' * 20_000_000}</a>", Code.XML_TOO_COMPLEX),
    "100,000 attributes": (
        lambda: f"<a {_attributes('a', 100_000)}/>",
        Code.XML_TOO_COMPLEX,
    ),
    "many attributes on many elements": (
        lambda: "<a>" + f"<b {_attributes('a', 200)}/>" * 2_000 + "</a>",
        Code.XML_TOO_COMPLEX,
    ),
    "thousands of namespaces in scope": (
        lambda: f"<a {_attributes('xmlns:a', 5_000)}>{'<b/>' * 9_000}</a>",
        Code.XML_TOO_COMPLEX,
    ),
    "a namespace as long as a book": (
        lambda: f'<a xmlns:b="urn:{"x" * 10_000}">{"<b:c/>" * 90_000}</a>',
        Code.XML_TOO_COMPLEX,
    ),
    "33 references": (lambda: _with_references(33), Code.XML_SIGNATURE_STRUCTURE),
    "26 signatures": (lambda: f"<a>{SIGN_OF_LIFE * 26}</a>", Code.TOO_MANY_SIGNATURES),
    "a comment for each of 90,000 elements": (
        lambda: f"<a>{'<b/><!-- -->' * 90_000}</a>",
        Code.NO_SIGNATURE,
    ),
    "a prolog of comments": (
        lambda: f"{'<!-- x --><?y z?>' * 90_000}<a/>",
        Code.NO_SIGNATURE,
    ),
    "a prolog that never ends": (lambda: "<!--" * 90_000 + "<?" * 90_000, Code.XML_MALFORMED),
}
"""Name to who makes it and what it is called; each must be told in seconds."""


def _with_references(count: int) -> str:
    return xml.sign(
        INVOICE, make.shared_pki().signers["good"], Plan(references=(Reference(),) * count)
    ).decode()


# --- good ones that faults are made of -----------------------------------------------------------


def enveloping(pki: make.Pki, content: str = "<letter>จดหมาย</letter>") -> bytes:
    """The document element is the signature; its Object is the content."""
    plan = Plan(
        references=(Reference(uri="#content", transforms=""),),
        objects=f'<ds:Object Id="content">{content}</ds:Object>',
    )
    return good(pki, plan, SIGNATURE_MARK)


BY_XPATH = _xpath("not(ancestor-or-self::ds:Signature)")


def without_signatures(pki: make.Pki) -> bytes:
    """Signed by the XPath that leaves out all signatures."""
    return good(pki, Plan(references=(Reference(transforms=BY_XPATH),)))
