"""Signed XML for tests: a small XAdES signer, and documents as Thailand's e-Tax profile has them.

Written apart from the judge and from the evidence seals: text templates, `lxml` for canonical
forms, `cryptography` for the value. `sign` fills the marks of a text from the inside out, so that
an `edit` before signing makes a fault that is signed, and any edit afterwards one that is not.
Faulty documents by name are in `tests/vectors/xml_faults.py`.
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from asn1crypto import tsp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from lxml import etree

from signing import pades
from signing.certificates import der
from tests.pki.make import TestSigner

DS = "http://www.w3.org/2000/09/xmldsig#"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
SHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"
SHA1 = f"{DS}sha1"
C14N_10 = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
C14N_11 = "http://www.w3.org/2006/12/xml-c14n11"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = f'<ds:Transform Algorithm="{DS}enveloped-signature"></ds:Transform>'
SIGNED_PROPERTIES = "http://uri.etsi.org/01903#SignedProperties"
SIGNATURE_MARK = "@@SIGNATURE@@"
DIGESTS = {SHA256: "sha256", SHA512: "sha512", SHA1: "sha1"}

RAM = "urn:etda:uncefact:data:standard:TaxInvoice_ReusableAggregateBusinessInformationEntity:2"
RSM = "urn:etda:uncefact:data:standard:TaxInvoice_CrossIndustryInvoice:2"
INVOICE = f"""<?xml version="1.0" encoding="UTF-8"?>
<rsm:TaxInvoice_CrossIndustryInvoice xmlns:ram="{RAM}" xmlns:rsm="{RSM}"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <rsm:ExchangedDocumentContext>
    <ram:GuidelineSpecifiedDocumentContextParameter>
      <ram:ID schemeAgencyID="ETDA" schemeVersionID="v2.0">ER3-2560</ram:ID>
    </ram:GuidelineSpecifiedDocumentContextParameter>
  </rsm:ExchangedDocumentContext>
  <rsm:ExchangedDocument>
    <ram:ID>RDTIV0575526000058001</ram:ID>
    <ram:Name>ใบกำกับภาษี</ram:Name>
    <ram:IssueDateTime>2026-02-01T09:30:00.0</ram:IssueDateTime>
  </rsm:ExchangedDocument>
  <rsm:SupplyChainTradeTransaction>
    <ram:SellerTradeParty><ram:Name>บริษัท ทดสอบ จำกัด &amp; บุตร</ram:Name></ram:SellerTradeParty>
    <ram:GrandTotalAmount>107.00</ram:GrandTotalAmount>
  </rsm:SupplyChainTradeTransaction>
{SIGNATURE_MARK}</rsm:TaxInvoice_CrossIndustryInvoice>
"""
"""A tax invoice in the manner of ขมธอ. 3-2560, its signature last."""


def same(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One ds:Reference to data."""

    uri: str | None = ""
    transforms: str = ENVELOPED
    octets: bytes | None = None
    """What to digest; by default what the URI stands for, canonicalised as the plan says."""
    type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to sign. By default as ETDA's programs do, but for the key."""

    c14n: str = C14N_10
    properties_transform: bool = False
    """ETDA: none, so that Canonical XML 1.0 applies."""
    digest: str = SHA512
    method: str | None = None
    """By default that of the key, with SHA-512 (P-256: SHA-256)."""
    parameters: str = ""
    """Of the method."""
    references: Sequence[Reference] = (Reference(),)
    objects: str = ""
    """More ds:Object elements."""
    key_info: str | None = None
    properties: bool = True
    timestamp: pades.TimestampReply | None = None
    identifier: str = "xmldsig-1"
    edit: Callable[[str], str] = field(default=same)
    """Alters the text before anything is digested."""


def sign(document: str, signer: TestSigner, plan: Plan | None = None) -> bytes:
    """The document with a signature where its mark is."""
    plan = plan or Plan()
    text = plan.edit(document.replace(SIGNATURE_MARK, _signature(signer, plan)))
    bare = document.replace(SIGNATURE_MARK, "").encode()
    for number, reference in enumerate(plan.references):
        octets = reference.octets
        if octets is None and reference.uri in {None, "", "#xpointer(/)"}:
            octets = canonical(bare, None, plan.c14n)
        elif octets is None:
            octets = canonical(text.encode(), str(reference.uri)[1:], plan.c14n)
        text = text.replace(f"@@DIGEST-{number}@@", _digest(plan.digest, octets))
    if plan.properties:
        how = plan.c14n if plan.properties_transform else C14N_10
        octets = canonical(text.encode(), f"{plan.identifier}-properties", how)
        text = text.replace("@@DIGEST-P@@", _digest(plan.digest, octets))
    signed = canonical(text.encode(), None, plan.c14n, tag=f"{{{DS}}}SignedInfo", plan=plan)
    text = text.replace("@@VALUE@@", _base64(value(signer, signed, method_of(signer, plan))))
    return text.replace("@@UNSIGNED@@", _unsigned(text, plan)).encode()


def canonical(
    text: bytes, identifier: str | None, how: str, *, tag: str = "", plan: Plan | None = None
) -> bytes:
    """The canonical form of the document, of what has an Id, or of a part of a signature."""
    root = etree.fromstring(text)
    place: etree._Element | etree._ElementTree = root.getroottree()
    if identifier is not None:
        (place,) = root.xpath("//*[@Id=$name]", name=identifier)
    elif plan is not None:
        (signature,) = root.xpath("//*[@Id=$name]", name=plan.identifier)
        place = next(signature.iter(tag))
    if place is root:
        place = etree.ElementTree(root)
    exclusive = how.startswith(EXCLUSIVE)
    written: bytes = etree.tostring(place, method="c14n", exclusive=exclusive, with_comments=False)
    return written


def value(signer: TestSigner, signed: bytes, method: str) -> bytes:
    """The value of a signature by XML Signature's method."""
    digest = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}.get(
        method[-3:], hashes.SHA1
    )()
    key = signer.key
    match key:
        case rsa.RSAPrivateKey() if method.endswith(("MGF1", "rsa-pss")):
            pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
            return key.sign(signed, pss, hashes.SHA256())
        case rsa.RSAPrivateKey():
            return key.sign(signed, padding.PKCS1v15(), digest)
        case ec.EllipticCurvePrivateKey():
            r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(digest)))
            size = (key.curve.key_size + 7) // 8
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")
        case ed25519.Ed25519PrivateKey():
            return key.sign(signed)
        case _:
            raise ValueError("no key for XML signatures")


def method_of(signer: TestSigner, plan: Plan) -> str:
    if plan.method is not None:
        return plan.method
    match signer.key:
        case rsa.RSAPrivateKey():
            return f"{MORE}rsa-sha512"
        case ec.EllipticCurvePrivateKey():
            return f"{MORE}ecdsa-sha256"
        case _:
            return "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519"


def _signature(signer: TestSigner, plan: Plan) -> str:
    references = "".join(
        _reference(reference, number, plan) for number, reference in enumerate(plan.references)
    )
    name = plan.identifier
    chain = "".join(
        f"<ds:X509Certificate>{_base64(der(one))}</ds:X509Certificate>" for one in signer.chain
    )
    key_info = plan.key_info or f"<ds:KeyInfo><ds:X509Data>{chain}</ds:X509Data></ds:KeyInfo>"
    properties = _properties(signer, plan) if plan.properties else ""
    if plan.properties:
        transform = _canonicalisation(plan) if plan.properties_transform else ""
        transforms = f"<ds:Transforms>{transform}</ds:Transforms>" if transform else ""
        references += (
            f'<ds:Reference Type="{SIGNED_PROPERTIES}" URI="#{name}-properties">{transforms}'
            f'<ds:DigestMethod Algorithm="{plan.digest}"></ds:DigestMethod>'
            "<ds:DigestValue>@@DIGEST-P@@</ds:DigestValue></ds:Reference>"
        )
    return (
        f'<ds:Signature xmlns:ds="{DS}" Id="{name}"><ds:SignedInfo>'
        f'<ds:CanonicalizationMethod Algorithm="{plan.c14n}"></ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{method_of(signer, plan)}">{plan.parameters}'
        "</ds:SignatureMethod>"
        f"{references}</ds:SignedInfo>"
        f'<ds:SignatureValue Id="{name}-value">@@VALUE@@</ds:SignatureValue>{key_info}'
        f"{properties}{plan.objects}</ds:Signature>"
    )


def _canonicalisation(plan: Plan) -> str:
    return f'<ds:Transform Algorithm="{plan.c14n}"></ds:Transform>'


def _reference(reference: Reference, number: int, plan: Plan) -> str:
    canonicalised = reference.octets is None
    steps = reference.transforms + (_canonicalisation(plan) if canonicalised else "")
    transforms = f"<ds:Transforms>{steps}</ds:Transforms>" if steps else ""
    uri = "" if reference.uri is None else f' URI="{reference.uri}"'
    kind = "" if reference.type is None else f' Type="{reference.type}"'
    return (
        f'<ds:Reference Id="{plan.identifier}-ref{number}"{uri}{kind}>{transforms}'
        f'<ds:DigestMethod Algorithm="{plan.digest}"></ds:DigestMethod>'
        f"<ds:DigestValue>@@DIGEST-{number}@@</ds:DigestValue></ds:Reference>"
    )


def _properties(signer: TestSigner, plan: Plan) -> str:
    certificate = signer.chain[0]
    issuer = certificate.issuer.rfc4514_string()
    return (
        f'<ds:Object><xades:QualifyingProperties xmlns:xades="{XADES}" '
        f'Target="#{plan.identifier}">'
        f'<xades:SignedProperties Id="{plan.identifier}-properties">'
        "<xades:SignedSignatureProperties>"
        "<xades:SigningTime>2026-02-01T16:30:00.000+07:00</xades:SigningTime>"
        "<xades:SigningCertificate><xades:Cert><xades:CertDigest>"
        f'<ds:DigestMethod Algorithm="{plan.digest}"></ds:DigestMethod>'
        f"<ds:DigestValue>{_digest(plan.digest, der(certificate))}</ds:DigestValue>"
        "</xades:CertDigest><xades:IssuerSerial>"
        f"<ds:X509IssuerName>{issuer}</ds:X509IssuerName>"
        f"<ds:X509SerialNumber>{certificate.serial_number}</ds:X509SerialNumber>"
        "</xades:IssuerSerial></xades:Cert></xades:SigningCertificate>"
        "</xades:SignedSignatureProperties></xades:SignedProperties>@@UNSIGNED@@"
        "</xades:QualifyingProperties></ds:Object>"
    )


def _unsigned(text: str, plan: Plan) -> str:
    if plan.timestamp is None:
        return ""
    bare = text.replace("@@UNSIGNED@@", "").encode()
    octets = canonical(bare, f"{plan.identifier}-value", plan.c14n)
    return (
        "<xades:UnsignedProperties><xades:UnsignedSignatureProperties>"
        f"{timestamp_property('xades:SignatureTimeStamp', octets, plan)}"
        "</xades:UnsignedSignatureProperties></xades:UnsignedProperties>"
    )


def timestamp_property(name: str, octets: bytes, plan: Plan) -> str:
    """A property of XAdES with a token over these octets."""
    if plan.timestamp is None:
        raise ValueError("no authority")
    request = tsp.TimeStampReq(
        {
            "version": 1,
            "message_imprint": {
                "hash_algorithm": {"algorithm": "sha256"},
                "hashed_message": hashlib.sha256(octets).digest(),
            },
            "cert_req": True,
        }
    )
    reply = tsp.TimeStampResp.load(plan.timestamp(request.dump()))
    token = _base64(reply["time_stamp_token"].dump())
    return (
        f'<{name}><ds:CanonicalizationMethod Algorithm="{plan.c14n}">'
        "</ds:CanonicalizationMethod>"
        f"<xades:EncapsulatedTimeStamp>{token}</xades:EncapsulatedTimeStamp></{name}>"
    )


def _digest(name: str, octets: bytes) -> str:
    return _base64(hashlib.new(DIGESTS[name], octets).digest())


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
