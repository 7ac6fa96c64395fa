"""The judge and signatures in XML: what must pass, and each fault of `tests/vectors/xml_*`."""

import asyncio
import base64
import hashlib
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from signing.certificates import pem
from signing.evidence_document import write_evidence
from signing.judge import xades
from signing.judge.careful import judge
from signing.judge.chain import material_of
from signing.judge.codes import Code
from signing.judge.judgement import Inputs, JudgedSignature, Judgement
from signing.judge.policy import Policy, RevocationMode
from signing.trust import load_trust
from tdh.domain.verdicts import Indication, SignatureKind, SignatureLevel, SubIndication
from tests.evidence_samples import NOW, facts, sealing_keys
from tests.pki import make
from tests.vectors import xml, xml_markup, xml_registry, xml_wrapping, xml_wrong
from tests.vectors.xml import ENVELOPED, INVOICE, SIGNATURE_MARK, Plan, Reference

SOURCES = (xml_wrapping, xml_wrong, xml_markup)
"""Who enters faults into the registry."""
CONTENT = "ใบกำกับภาษี".encode()
DETACHED = Plan(references=(Reference(uri="tax%20invoice.txt", transforms="", octets=CONTENT),))
PASSED = (Indication.TOTAL_PASSED, None, "signature-valid")


@pytest.fixture(scope="session")
def pki() -> make.Pki:
    return make.shared_pki()


def inputs(trust: Path | None = None, **changes: object) -> Inputs:
    folder = load_trust([trust or make.shared_pki().trust_folder])
    values: dict[str, object] = {"policy": Policy(), "at": make.JUDGED_AT, "content": None}
    return Inputs(
        material=material_of(folder),
        trust_version=folder.version,
        **(values | changes),  # type: ignore[arg-type]  # named by the tests
    )


def judged(document: bytes, **changes: object) -> Judgement:
    return asyncio.run(judge(document, inputs(**changes)))  # type: ignore[arg-type]  # named by the tests


def outcome(judgement: Judgement) -> tuple[Indication, SubIndication | None, str]:
    verdict = judgement.verdict
    return verdict.indication, verdict.sub_indication, verdict.reason.code


def in_container(
    document: bytes, files: dict[str, bytes], prefix: str = ""
) -> list[JudgedSignature]:
    return asyncio.run(xades.judge_xades(document, files.get, inputs(), prefix=prefix))


# --- what must pass ------------------------------------------------------------------------------


@pytest.mark.parametrize("signer", ["good", "rsa", "ed25519", "without-source"])
@pytest.mark.parametrize("c14n", [xml.C14N_10, xml.C14N_11, xml.EXCLUSIVE])
@pytest.mark.parametrize("transform", [False, True])
def test_a_well_signed_tax_invoice_passes(
    pki: make.Pki, signer: str, c14n: str, *, transform: bool
) -> None:
    plan = Plan(c14n=c14n, properties_transform=transform)
    result = judged(xml.sign(INVOICE, pki.signers[signer], plan))

    assert outcome(result) == PASSED
    assert result.verdict.kind is SignatureKind.XADES
    (signature,) = result.verdict.signatures
    assert signature.field == "xmldsig-1"
    assert signature.level is SignatureLevel.B_B
    assert signature.claimed_time == make.SIGNED_AT
    assert signature.proven_time is None
    assert signature.signer is not None
    assert signature.signer.serial == f"{pki.signers[signer].chain[0].serial_number:x}"
    assert {one.use for one in signature.algorithms} == {"digest", "signature", "key"}
    assert all(one.accepted for one in signature.algorithms)
    assert signature.covers == ()
    assert not result.notes


@pytest.mark.parametrize(
    "method", ["sha256-rsa-MGF1", "rsa-pss"], ids=["PSS by its digest", "PSS by its defaults"]
)
def test_pss_passes(pki: make.Pki, method: str) -> None:
    plan = Plan(method=f"http://www.w3.org/2007/05/xmldsig-more#{method}")
    document = xml.sign(INVOICE, pki.signers["rsa"], plan)
    assert outcome(judged(document)) == PASSED


PSS = "http://www.w3.org/2007/05/xmldsig-more#"


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        (
            '<ds:DigestMethod Algorithm="{sha256}"/><p:SaltLength>32</p:SaltLength>',
            "signature-valid",
        ),
        ("<p:TrailerField>1</p:TrailerField>", "signature-valid"),
        ("<p:SaltLength>64</p:SaltLength>", "signature-does-not-verify"),
        ("<p:SaltLength>-1</p:SaltLength>", "unknown-algorithm"),
        ("<p:TrailerField>2</p:TrailerField>", "unknown-algorithm"),
        ('<ds:DigestMethod Algorithm="{sha512}"/>', "unknown-algorithm"),
        ("<p:MaskGenerationFunction/>", "unknown-algorithm"),
    ],
)
def test_pss_is_read_with_its_parameters(pki: make.Pki, parameters: str, code: str) -> None:
    inside = parameters.format(sha256=xml.SHA256, sha512=xml.SHA512)
    plan = Plan(
        method=f"{PSS}rsa-pss",
        parameters=f'<p:RSAPSSParams xmlns:p="{PSS}">{inside}</p:RSAPSSParams>',
    )
    result = judged(xml.sign(INVOICE, pki.signers["rsa"], plan))
    assert result.verdict.reason.code == code, result.seen


UBL = INVOICE.replace(SIGNATURE_MARK, "").replace(
    "<rsm:ExchangedDocumentContext>",
    '<ext:UBLExtensions xmlns:ext="urn:oasis:names:specification:ubl:schema:xsd:'
    'CommonExtensionComponents-2"><ext:UBLExtension><ext:ExtensionContent>'
    f"{SIGNATURE_MARK}</ext:ExtensionContent></ext:UBLExtension></ext:UBLExtensions>"
    "<rsm:ExchangedDocumentContext>",
)
FILTER2 = "http://www.w3.org/2002/06/xmldsig-filter2"


def _subtract(expression: str) -> str:
    return (
        f'<ds:Transform Algorithm="{FILTER2}"><f:XPath xmlns:f="{FILTER2}" Filter="subtract">'
        f"{expression}</f:XPath></ds:Transform>"
    )


def _base64_object() -> Plan:
    step = f'<ds:Transform Algorithm="{xml.DS}base64"></ds:Transform>'
    text = base64.b64encode(CONTENT).decode()
    return Plan(
        references=(Reference(uri="#content", transforms=step, octets=CONTENT),),
        objects=f'<ds:Object Id="content">{text}</ds:Object>',
    )


def _child_of_object() -> Plan:
    return Plan(
        references=(Reference(uri="#letter", transforms=""),),
        objects='<ds:Object><letter Id="letter">จดหมาย</letter></ds:Object>',
    )


GOOD: dict[str, Callable[[make.Pki], bytes]] = {
    "in UBL's extensions": lambda pki: xml_registry.good(pki, document=UBL),
    "by the root's Id": xml_registry.named,
    "by XPointer to the whole": lambda pki: xml_registry.good(
        pki, Plan(references=(Reference(uri="#xpointer(/)", octets=None),))
    ),
    "by XPointer to the root": xml_registry.pointed,
    "enveloping": xml_registry.enveloping,
    "enveloping, the element in the Object": lambda pki: xml_registry.good(
        pki, _child_of_object(), SIGNATURE_MARK
    ),
    "enveloping base64": lambda pki: xml_registry.good(pki, _base64_object(), SIGNATURE_MARK),
    "without signatures by XPath": xml_registry.without_signatures,
    "without signatures by filter": lambda pki: xml_registry.with_transform(
        pki, _subtract("/descendant::ds:Signature")
    ),
    "without signatures of the root by filter": lambda pki: xml_registry.with_transform(
        pki, _subtract("/*/ds:Signature")
    ),
    "without itself by filter": lambda pki: xml_registry.good(
        pki,
        Plan(references=(Reference(transforms=_subtract("here()/ancestor::ds:Signature[1]")),)),
    ),
    "with the newer property": lambda pki: xml_registry.good(pki, Plan(edit=_newer_property)),
    "the certificate named by SHA-1": lambda pki: xml_registry.good(pki, Plan(edit=_sha_1_binding)),
    "without a signing time": lambda pki: xml_registry.good(pki, Plan(edit=_no_time)),
    "comments with the SignedInfo": lambda pki: xml_registry.good(
        pki, Plan(c14n=f"{xml.C14N_10}#WithComments")
    ),
    "a prefix in a value, inclusive": lambda pki: xml_registry.good(
        pki, document=xml_wrapping.TYPED
    ),
    "a prefix that nothing uses, exclusive": lambda pki: xml_registry.good(
        pki,
        xml_wrapping.EXCLUSIVE,
        INVOICE.replace("xmlns:xsi=", 'xmlns:http="urn:types" xmlns:xsi=').replace(
            "107.00", "http://example.org"
        ),
    ),
    "a prefix in a value that a name uses too, exclusive": lambda pki: xml_registry.good(
        pki, xml_wrapping.EXCLUSIVE, xml_wrapping.TYPED.replace("t:baht", "ram:baht")
    ),
    "with a byte order mark": lambda pki: b"\xef\xbb\xbf" + xml_registry.good(pki),
    "an instruction, signed": lambda pki: xml_registry.good(
        pki, document=INVOICE.replace("?>\n", "?>\n<?show me?>", 1)
    ),
    "an XInclude, signed and never followed": lambda pki: xml_registry.good(
        pki,
        document=INVOICE.replace(
            "107.00",
            '<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="file:///etc/hostname"/>',
        ),
    ),
}


def _newer_property(text: str) -> str:
    (issuer,) = re.findall(r"<xades:IssuerSerial>.*</xades:IssuerSerial>", text)
    return text.replace(issuer, "").replace(
        "xades:SigningCertificate>", "xades:SigningCertificateV2>"
    )


def _sha_1_binding(text: str) -> str:
    certificate = make.shared_pki().signers["good"].chain[0].public_bytes(Encoding.DER)
    sha_1 = hashlib.new("sha1", certificate, usedforsecurity=False)
    digest = base64.b64encode(sha_1.digest()).decode()
    head, _, tail = text.partition("<xades:CertDigest>")
    return f"{head}<xades:CertDigest>" + re.sub(
        r"<ds:DigestMethod.*?</ds:DigestValue>",
        f'<ds:DigestMethod Algorithm="{xml.SHA1}"/><ds:DigestValue>{digest}</ds:DigestValue>',
        tail,
        count=1,
    )


def _no_time(text: str) -> str:
    return re.sub("<xades:SigningTime>.*</xades:SigningTime>", "", text)


@pytest.mark.parametrize("name", GOOD)
def test_other_sound_forms_pass(pki: make.Pki, name: str) -> None:
    result = judged(GOOD[name](pki))
    assert outcome(result) == PASSED, result.seen


def test_two_signatures_that_leave_out_all_signatures_pass_and_both_are_told(
    pki: make.Pki,
) -> None:
    step = xml_registry.BY_XPATH
    plan = Plan(references=(Reference(transforms=step),))
    document = INVOICE.replace(SIGNATURE_MARK, f"{SIGNATURE_MARK}@@SECOND@@")
    bare = xml.canonical(INVOICE.replace(SIGNATURE_MARK, "").encode(), None, xml.C14N_10)
    transforms = f'{step}<ds:Transform Algorithm="{xml.C14N_10}"></ds:Transform>'
    exact = Plan(
        references=(Reference(transforms=transforms, octets=bare),), identifier="xmldsig-2"
    )
    first = xml.sign(document.replace("@@SECOND@@", ""), pki.signers["good"], plan).decode()
    both = xml.sign(
        first.replace("</rsm:TaxInvoice_", f"{SIGNATURE_MARK}</rsm:TaxInvoice_"),
        pki.signers["rsa"],
        exact,
    )

    result = judged(both)

    assert outcome(result) == PASSED, result.seen
    assert [one.field for one in result.verdict.signatures] == ["xmldsig-1", "xmldsig-2"]


# What may be altered after signing without refusal: nothing of it is shown or believed.
UNSIGNED_PLACES: dict[str, tuple[str, str]] = {
    "quotes around a value": ('encoding="UTF-8"', "encoding='UTF-8'"),
    "the declaration": ('<?xml version="1.0" encoding="UTF-8"?>', ""),
    "white space in a tag": ("<rsm:ExchangedDocument>", "<rsm:ExchangedDocument >"),
    "CDATA instead of escapes": ("&amp;", "<![CDATA[&]]>"),
    "a character by its number": ("107.00", "10&#55;.00"),
    "a comment between elements": (
        "  <rsm:ExchangedDocument>",
        "<!-- x -->  <rsm:ExchangedDocument>",
    ),
    "a comment before the root": ("?>\n", "?>\n<!-- x -->"),
    "white space in base64": ("</ds:SignatureValue>", "\n</ds:SignatureValue>"),
    "white space between the parts of the signature": ("</ds:SignedInfo>", "</ds:SignedInfo>\n"),
    "the name of a key": ("<ds:KeyInfo>", "<ds:KeyInfo><ds:KeyName>x</ds:KeyName>"),
    "another identifier of the value": ("xmldsig-1-value", "another"),
}
"""What was signed so, and what may stand there instead."""


@pytest.mark.parametrize("name", UNSIGNED_PLACES)
def test_what_is_not_signed_and_not_shown_may_be_altered(pki: make.Pki, name: str) -> None:
    result = judged(xml_registry.swapped(xml_registry.good(pki), *UNSIGNED_PLACES[name]))
    assert outcome(result) == PASSED, result.seen


def test_another_certificate_beside_the_signer_s_changes_nothing(pki: make.Pki) -> None:
    root = base64.b64encode(pki.root.certificate.public_bytes(Encoding.DER)).decode()
    more = f"<ds:X509Certificate>{root}</ds:X509Certificate>"
    document = xml_registry.swapped(xml_registry.good(pki), "<ds:X509Data>", f"<ds:X509Data>{more}")
    result = judged(document)
    assert outcome(result) == PASSED, result.seen


def test_a_message_of_a_hundred_certificates_is_refused(pki: make.Pki) -> None:
    root = base64.b64encode(pki.root.certificate.public_bytes(Encoding.DER)).decode()
    more = f"<ds:X509Certificate>{root}</ds:X509Certificate>" * 100
    document = xml_registry.swapped(xml_registry.good(pki), "<ds:X509Data>", f"<ds:X509Data>{more}")
    assert judged(document).verdict.reason.code == "too-many-certificates"


# --- faults --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", xml_registry.FAULTS)
def test_each_fault_is_refused_by_its_name(pki: make.Pki, name: str) -> None:
    maker, code = xml_registry.FAULTS[name]
    result = judged(maker(pki))
    assert result.verdict.reason.code == code.value, result.seen
    assert not result.verdict.accepted


@pytest.mark.parametrize("name", xml_markup.BOMBS)
def test_hostile_markup_is_told_at_once(name: str) -> None:
    maker, code = xml_markup.BOMBS[name]
    document = maker().encode()
    begun = time.process_time()
    result = judged(document)
    assert time.process_time() - begun < 2
    assert result.verdict.reason.code == code.value, result.seen


def test_many_expensive_references_end_early(pki: make.Pki) -> None:
    namespaces = " ".join(f'xmlns:a{n}="urn:{n}"' for n in range(60))
    document = f"<a {namespaces}>{'<b/>' * 90_000}{SIGNATURE_MARK}</a>"
    bare = xml.canonical(document.replace(SIGNATURE_MARK, "").encode(), None, xml.C14N_10)
    step = f'{ENVELOPED}<ds:Transform Algorithm="{xml.C14N_10}"></ds:Transform>'
    plan = Plan(references=(Reference(transforms=step, octets=bare),) * 30)
    signed = xml.sign(document, pki.signers["good"], plan)
    begun = time.process_time()
    result = judged(signed)
    assert time.process_time() - begun < 8
    assert result.verdict.reason.code == Code.XML_TOO_COMPLEX.value


def test_xml_without_a_signature_is_told_as_unsigned() -> None:
    result = judged(INVOICE.replace(SIGNATURE_MARK, "").encode())
    assert outcome(result) == (Indication.NO_SIGNATURE, None, "no-signature")


@pytest.mark.parametrize(
    ("signer", "code"),
    [
        ("expired", "certificate-expired-not-revoked"),
        ("revoked", "certificate-revoked"),
        ("stranger", "unknown-root"),
        ("wrong-usage", "key-usage"),
        ("not-yet-valid", "certificate-not-yet-valid"),
    ],
)
def test_the_certificate_is_judged_as_everywhere(pki: make.Pki, signer: str, code: str) -> None:
    result = judged(xml.sign(INVOICE, pki.signers[signer]))
    assert result.verdict.reason.code == code
    (signature,) = result.verdict.signatures
    assert signature.signer is not None


def test_plain_xml_signatures_pass_where_the_policy_says_so(pki: make.Pki) -> None:
    document = xml_wrong.plain_xml_signature(pki)
    result = judged(document, policy=Policy(allow_plain_xmldsig=True))
    assert outcome(result) == PASSED
    assert result.verdict.signatures[0].level is None
    assert "plain-xmldsig" in result.verdict.policy
    changed = xml_registry.swapped(document, "107.00", "9.00")
    refused = judged(changed, policy=Policy(allow_plain_xmldsig=True))
    assert refused.verdict.reason.code == "changed-after-signing"


# --- detached, and in a container ----------------------------------------------------------------


def test_a_detached_signature_stands_over_the_content_that_came_along(pki: make.Pki) -> None:
    signature = xml_registry.good(pki, DETACHED, SIGNATURE_MARK)

    result = judged(signature, content=CONTENT)
    assert outcome(result) == PASSED
    assert result.verdict.signatures[0].covers == ("tax invoice.txt",)
    assert judged(signature, content=CONTENT + b"x").verdict.reason.code == "changed-after-signing"
    missing = judged(signature)
    assert outcome(missing)[1:] == (SubIndication.SIGNED_DATA_NOT_FOUND, "signed-content-missing")


def test_content_that_no_signature_refers_to_is_unsigned(pki: make.Pki) -> None:
    result = judged(xml_registry.good(pki), content=CONTENT)
    assert result.verdict.reason.code == "xml-part-unsigned"


def test_one_content_is_not_taken_for_two_files(pki: make.Pki) -> None:
    two = Plan(references=(*DETACHED.references, Reference(uri="b", transforms="", octets=CONTENT)))
    result = judged(xml_registry.good(pki, two, SIGNATURE_MARK), content=CONTENT)
    assert result.verdict.reason.code == "signed-content-missing"


def test_detached_xml_is_canonicalised_as_the_reference_says(pki: make.Pki) -> None:
    content = b"<?xml version='1.0'?><a  b='1'><!-- signed --></a>"
    step = f'<ds:Transform Algorithm="{xml.C14N_10}#WithComments"></ds:Transform>'
    octets = b'<a b="1"><!-- signed --></a>'
    plan = Plan(references=(Reference(uri="a.xml", transforms=step, octets=octets),))
    document = xml_registry.good(pki, plan, SIGNATURE_MARK)

    assert outcome(judged(document, content=content)) == PASSED
    assert outcome(judged(document, content=content.replace(b"  ", b" "))) == PASSED
    other = judged(document, content=content.replace(b"signed", b"altered"))
    assert other.verdict.reason.code == "changed-after-signing"
    bomb = judged(document, content=b"<!DOCTYPE a []>" + octets)
    assert bomb.verdict.reason.code == "xml-document-type"


ASIC = "http://uri.etsi.org/02918/v1.2.1#"
IN_CONTAINER = f'<asic:XAdESSignatures xmlns:asic="{ASIC}">{SIGNATURE_MARK}</asic:XAdESSignatures>'


def test_a_container_s_signature_covers_its_files_by_their_names(pki: make.Pki) -> None:
    files = {"ใบ กำกับ.txt": b"1", "b.bin": b"2"}
    uris = ("%E0%B9%83%E0%B8%9A%20%E0%B8%81%E0%B8%B3%E0%B8%81%E0%B8%B1%E0%B8%9A.txt", "b.bin")
    plan = Plan(
        references=tuple(
            Reference(uri=uri, transforms="", octets=octets)
            for uri, octets in zip(uris, files.values(), strict=True)
        )
    )
    document = xml_registry.good(pki, plan, IN_CONTAINER)

    (one,) = in_container(document, files, "META-INF/signatures.xml#")
    assert one.code is Code.SIGNATURE_VALID
    assert one.verdict.covers == tuple(files)
    assert one.verdict.field == "META-INF/signatures.xml#xmldsig-1"
    (changed,) = in_container(document, files | {"b.bin": b"3"})
    assert changed.code is Code.CHANGED_AFTER_SIGNING
    (missing,) = in_container(document, {"b.bin": b"2"})
    assert missing.code is Code.CONTENT_MISSING
    assert missing.verdict.covers == tuple(files)


def test_a_wrapper_holds_nothing_but_signatures(pki: make.Pki) -> None:
    document = xml_registry.good(pki, DETACHED, IN_CONTAINER.replace("</asic", "<evil/></asic"))
    (one,) = in_container(document, {"tax invoice.txt": CONTENT})
    assert one.code is Code.XML_PART_UNSIGNED


@pytest.mark.parametrize("uri", ["a.xml#part", "%ff"])
def test_odd_names_of_files_are_refused(pki: make.Pki, uri: str) -> None:
    plan = Plan(references=(Reference(uri=uri, transforms="", octets=b""),))
    result = judged(xml_registry.good(pki, plan, SIGNATURE_MARK), content=b"")
    assert result.verdict.reason.code == "xml-reference-not-accepted"


# --- timestamps ----------------------------------------------------------------------------------


@pytest.mark.parametrize("c14n", [xml.C14N_10, xml.EXCLUSIVE])
def test_a_timestamp_proves_when_a_revoked_signer_had_signed(pki: make.Pki, c14n: str) -> None:
    plan = Plan(c14n=c14n, timestamp=pki.timestamp(make.SIGNED_AT))
    result = judged(xml.sign(INVOICE, pki.signers["revoked"], plan))
    assert outcome(result) == PASSED, result.seen
    (signature,) = result.verdict.signatures
    assert signature.proven_time == make.SIGNED_AT
    assert signature.level is SignatureLevel.B_T


@pytest.mark.parametrize("spoil", ["other value", "stranger", "not a token", "unknown part"])
def test_a_broken_timestamp_is_as_if_absent(pki: make.Pki, spoil: str) -> None:
    by = pki.stranger_timestamper if spoil == "stranger" else None
    document = xml.sign(
        INVOICE, pki.signers["good"], Plan(timestamp=pki.timestamp(make.SIGNED_AT, by=by))
    )
    if spoil == "other value":
        document = xml_registry.swapped(document, "xmldsig-1-value", "another")
    elif spoil == "not a token":
        document = re.sub(rb"(<xades:Encaps[^>]*>)[^<]*<", rb"\1MAA=<", document)
    elif spoil == "unknown part":
        tag = "<xades:SignatureTimeStamp>"
        document = xml_registry.swapped(document, tag, f'{tag}<xades:Include URI="#a"/>')
    result = judged(document)
    assert outcome(result) == PASSED, result.seen
    assert result.verdict.signatures[0].level is SignatureLevel.B_B
    assert result.verdict.signatures[0].proven_time is None
    assert [note.code.value for note in result.notes] == ["timestamp-not-counted"]


def test_long_term_data_count_as_material_and_the_archive_timestamp_as_proof(
    pki: make.Pki,
) -> None:
    plan = Plan(timestamp=pki.timestamp(make.SIGNED_AT))
    stamped = xml.sign(INVOICE, pki.signers["good"], plan)
    lists = "".join(
        f"<xades:EncapsulatedCRLValue>{base64.b64encode(one).decode()}</xades:EncapsulatedCRLValue>"
        for one in make.revocation_lists(pki).values()
    )
    end = "</xades:UnsignedSignatureProperties>"
    kept = xml_registry.swapped(
        stamped,
        end,
        "<xades:RevocationValues><xades:CRLValues>"
        f"{lists}</xades:CRLValues></xades:RevocationValues>{end}",
    )
    result = judged(kept, trust=pki.trust_without_lists)
    assert outcome(result) == PASSED, result.seen
    assert result.verdict.signatures[0].level is SignatureLevel.B_LT
    assert judged(stamped, trust=pki.trust_without_lists).verdict.reason.code == (
        "revocation-unknown"
    )

    archived = xml_registry.swapped(kept, end, f"{archive_timestamp(pki, kept)}{end}")
    last = judged(archived, trust=pki.trust_without_lists)
    assert outcome(last) == PASSED, last.seen
    assert last.verdict.signatures[0].level is SignatureLevel.B_LTA
    assert not last.notes


def archive_timestamp(pki: make.Pki, document: bytes) -> str:
    """EN 319 132-1, 5.5.2.2, by hand: what the references give, then the parts of the signature."""
    bare = INVOICE.replace(SIGNATURE_MARK, "").encode()
    properties = xml.canonical(document, "xmldsig-1-properties", xml.C14N_10)
    parts = [
        xml.canonical(document, None, xml.C14N_10, tag=tag, plan=Plan())
        for tag in (
            *(f"{{{xml.DS}}}{name}" for name in ("SignedInfo", "SignatureValue", "KeyInfo")),
            *(f"{{{xml.XADES}}}{name}" for name in ("SignatureTimeStamp", "RevocationValues")),
        )
    ]
    octets = xml.canonical(bare, None, xml.C14N_10) + properties + b"".join(parts)
    plan = Plan(timestamp=pki.timestamp(make.JUDGED_AT))
    name = "x141:ArchiveTimeStamp"
    return xml.timestamp_property(name, octets, plan).replace(
        f"<{name}>", f'<{name} xmlns:x141="http://uri.etsi.org/01903/v1.4.1#">'
    )


def test_a_content_timestamp_proves_that_signing_came_after_the_revocation(pki: make.Pki) -> None:
    later = pki.timestamp(make.REVOKED_AT.replace(month=4))
    octets = xml.canonical(INVOICE.replace(SIGNATURE_MARK, "").encode(), None, xml.C14N_10)
    stamp = xml.timestamp_property("xades:AllDataObjectsTimeStamp", octets, Plan(timestamp=later))
    end = "</xades:SignedSignatureProperties>"
    held = f"{end}<xades:SignedDataObjectProperties>{stamp}</xades:SignedDataObjectProperties>"
    plan = Plan(edit=xml_registry.edited(end, held))
    result = judged(xml.sign(INVOICE, pki.signers["revoked"], plan))
    assert result.verdict.reason.code == "signed-after-revocation"


# --- our own -------------------------------------------------------------------------------------


def test_our_own_sealed_evidence_passes_as_any_signed_xml(tmp_path: Path) -> None:
    keys = sealing_keys(intermediate=True)
    sealed = keys.seal.seal(write_evidence(facts(), keys.issuer), signing_time=NOW)
    (tmp_path / "root.pem").write_bytes(pem(keys.root))

    result = judged(sealed, trust=tmp_path, at=NOW)

    assert outcome(result) == PASSED, result.seen
    assert result.verdict.signatures[0].field == "seal"
    changed = judged(
        sealed.replace("กรมพัฒนา".encode(), "กรมทดสอบ".encode()), trust=tmp_path, at=NOW
    )
    assert changed.verdict.reason.code == "changed-after-signing"


def test_a_countersignature_is_left_out_of_account(pki: make.Pki) -> None:
    counter = (
        "</xades:SignedProperties><xades:UnsignedProperties><xades:UnsignedSignatureProperties>"
        f'<xades:CounterSignature><ds:Signature xmlns:ds="{xml.DS}"/></xades:CounterSignature>'
        "</xades:UnsignedSignatureProperties></xades:UnsignedProperties>"
    )
    document = xml_registry.swapped(xml_registry.good(pki), "</xades:SignedProperties>", counter)
    result = judged(document)
    assert outcome(result) == PASSED, result.seen
    assert [note.code.value for note in result.notes] == ["countersignature-not-judged"]


def test_an_evidence_record_is_left_out_of_account(pki: make.Pki) -> None:
    record = (
        "</xades:SignedProperties><xades:UnsignedProperties><xades:UnsignedSignatureProperties>"
        '<r:SealingEvidenceRecords xmlns:r="http://uri.etsi.org/19132/v1.1.1#"/>'
        "</xades:UnsignedSignatureProperties></xades:UnsignedProperties>"
    )
    document = xml_registry.swapped(xml_registry.good(pki), "</xades:SignedProperties>", record)
    result = judged(document)
    assert outcome(result) == PASSED, result.seen
    assert [note.code.value for note in result.notes] == ["evidence-record-not-judged"]


def test_the_signer_s_certificate_may_stand_among_the_validation_data(pki: make.Pki) -> None:
    one = base64.b64encode(pki.signers["good"].chain[0].public_bytes(Encoding.DER)).decode()
    kept = (
        "</xades:SignedProperties><xades:UnsignedProperties><xades:UnsignedSignatureProperties>"
        "<xades:CertificateValues><xades:EncapsulatedX509Certificate>"
        f"{one}</xades:EncapsulatedX509Certificate></xades:CertificateValues>"
        "</xades:UnsignedSignatureProperties></xades:UnsignedProperties>"
    )
    bare = "<ds:KeyInfo><ds:KeyName>good</ds:KeyName></ds:KeyInfo>"
    document = xml_registry.good(pki, Plan(key_info=bare))
    result = judged(xml_registry.swapped(document, "</xades:SignedProperties>", kept))
    assert outcome(result) == PASSED, result.seen


def test_a_timestamp_names_its_canonical_form_with_prefixes(pki: make.Pki) -> None:
    stamp = pki.timestamp(make.SIGNED_AT)
    plan = Plan(c14n=xml.EXCLUSIVE, timestamp=stamp)
    document = xml.sign(INVOICE, pki.signers["good"], plan)
    listed = f'<e:InclusiveNamespaces xmlns:e="{xml.EXCLUSIVE}" PrefixList=""/>'
    head, tag, rest = document.decode().partition("<xades:SignatureTimeStamp>")
    rest = rest.replace("</ds:CanonicalizationMethod>", f"{listed}</ds:CanonicalizationMethod>", 1)
    result = judged(f"{head}{tag}{rest}".encode())
    assert outcome(result) == PASSED, result.seen
    assert result.verdict.signatures[0].proven_time == make.SIGNED_AT


def test_a_signature_policy_is_named_and_not_applied(pki: make.Pki) -> None:
    end = "</xades:SignedSignatureProperties>"
    named = (
        "<xades:SignaturePolicyIdentifier><xades:SignaturePolicyId/>"
        "</xades:SignaturePolicyIdentifier>"
    )
    result = judged(xml_registry.good(pki, Plan(edit=xml_registry.edited(end, named + end))))
    assert outcome(result) == PASSED
    assert [note.code.value for note in result.notes] == ["signature-policy-not-applied"]


def test_revocation_unknown_asks_for_data(pki: make.Pki) -> None:
    result = judged(xml_registry.good(pki), trust=pki.trust_without_lists)
    assert result.verdict.reason.code == "revocation-unknown"
    assert {need.url for need in result.needs} == {
        "http://crl.invalid/issuing.crl",
        "http://crl.invalid/root.crl",
    }
    relaxed = judged(
        xml_registry.good(pki),
        trust=pki.trust_without_lists,
        policy=Policy(revocation=RevocationMode.IF_PRESENT),
    )
    assert outcome(relaxed) == PASSED
    assert [note.code.value for note in relaxed.notes] == ["revocation-not-checked"]
