"""What XAdES adds to an XML signature, read strictly: EN 319 132-1, 5 (XAdES 1.3.2 and 1.4.1).

The signed properties must be signed, must be those of this very signature, and bind exactly one
certificate; whatever else is unsigned is only material. Older versions are refused by name.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import core, x509
from asn1crypto import tsp as asn1_tsp
from cryptography.x509 import Name
from lxml import etree

from signing.judge.codes import Code, NoteCode, Refused
from signing.judge.xml_names import DS, EVIDENCE_RECORDS, OLD_XADES, SIGNED_PROPERTIES, XADES
from signing.judge.xml_reader import XmlDocument, base64_leaf, children, is_element, leaf, one
from signing.judge.xml_signature import XmlSignature, read_digest, target_of

_TIME = re.compile(r"-?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")
_BINDING_DIGESTS = frozenset({"sha1", "sha256", "sha384", "sha512"} | {"sha3_256", "sha3_512"})
"""SHA-1 too, as in CMS (RFC 5035, 4): it only says which certificate of a key that is proven
otherwise; whoever could make another one of the same key would have to be its authority."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Properties:
    """The qualifying properties of one signature."""

    holder: etree._Element
    """The ds:Object that they stand in."""
    claimed: datetime | None
    certificate: etree._Element
    """The xades:Cert that names the signer's certificate."""
    names_policy: bool
    signed_data_objects: tuple[etree._Element, ...]
    unsigned: tuple[etree._Element, ...]
    """Unsigned signature properties, in order."""


def read_properties(document: XmlDocument, signature: XmlSignature) -> Properties | None:
    """Read them; None where there are none. Raises Refused for all but one sound form."""
    held = [(item, inside) for item in signature.objects for inside in item if _qualifies(inside)]
    if not held:
        return None
    if len(held) > 1:
        raise Refused(Code.SIGNED_ATTRIBUTE_REPEATED, "QualifyingProperties")
    ((holder, qualifying),) = held
    if qualifying.tag != f"{{{XADES}}}QualifyingProperties":
        raise Refused(Code.XADES_VERSION, str(qualifying.tag)[:80])
    if len(children(holder)) != 1:
        raise Refused(Code.XML_PART_UNSIGNED, "beside the qualifying properties")
    if signature.id is None or qualifying.get("Target") != f"#{signature.id}":
        raise Refused(Code.XML_SIGNATURE_STRUCTURE, "properties of another signature")
    document.by_id(signature.id)
    parts = children(qualifying)
    names = [str(part.tag).removeprefix(f"{{{XADES}}}") for part in parts]
    if names not in (["SignedProperties"], ["SignedProperties", "UnsignedProperties"]):
        raise Refused(Code.XML_SIGNATURE_STRUCTURE, " ".join(names)[:200])
    _check_signed(document, signature, parts[0])
    of_signature, of_data = _signed(parts[0])
    return Properties(
        holder=holder,
        claimed=_claimed(of_signature),
        certificate=_certificate(of_signature),
        names_policy=any(
            part.find(f"{{{XADES}}}SignaturePolicyId") is not None for part in of_signature
        ),
        signed_data_objects=of_data,
        unsigned=_unsigned(parts[1]) if len(parts) > 1 else (),
    )


def _qualifies(element: etree._Element) -> bool:
    if not is_element(element):
        return False
    name = etree.QName(element)
    ours = name.namespace == XADES or name.namespace in OLD_XADES
    return ours and name.localname.startswith("QualifyingProperties")


def _check_signed(document: XmlDocument, signature: XmlSignature, signed: etree._Element) -> None:
    """EN 319 132-1, 4.4.2: one reference, with the type that says so, to these properties."""
    typed = [item for item in signature.references if item.type == SIGNED_PROPERTIES]
    if len(typed) != 1 or typed[0].is_outside:
        raise Refused(Code.SIGNED_PROPERTIES_UNSIGNED, f"{len(typed)} references of this type")
    if target_of(document, typed[0]) is not signed:
        raise Refused(Code.SIGNED_PROPERTIES_UNSIGNED, "the reference leads elsewhere")
    transforms = typed[0].transforms
    if transforms.left_out or transforms.base64:
        raise Refused(Code.SIGNED_PROPERTIES_UNSIGNED, "parts of them are left out")


def _signed(
    element: etree._Element,
) -> tuple[tuple[etree._Element, ...], tuple[etree._Element, ...]]:
    parts = children(element)
    names = [str(part.tag).removeprefix(f"{{{XADES}}}") for part in parts]
    groups = ["SignedSignatureProperties", "SignedDataObjectProperties"]
    if names not in (groups[:1], groups):
        raise Refused(Code.XML_SIGNATURE_STRUCTURE, " ".join(names)[:200])
    return children(parts[0]), children(parts[1]) if len(parts) > 1 else ()


def _unsigned(element: etree._Element) -> tuple[etree._Element, ...]:
    parts = children(element)
    group = [part for part in parts if part.tag == f"{{{XADES}}}UnsignedSignatureProperties"]
    if len(group) > 1:
        raise Refused(Code.XML_SIGNATURE_STRUCTURE, "UnsignedSignatureProperties")
    return children(group[0]) if group else ()


def _claimed(properties: Sequence[etree._Element]) -> datetime | None:
    """The signing time; None where there is none, or none that says of which zone it is."""
    found = [part for part in properties if part.tag == f"{{{XADES}}}SigningTime"]
    if len(found) > 1:
        raise Refused(Code.SIGNED_ATTRIBUTE_REPEATED, "SigningTime")
    if not found:
        return None
    text = leaf(found[0])
    form = _TIME.fullmatch(text)
    try:
        time = datetime.fromisoformat(text) if form else None
    except ValueError as problem:
        raise Refused(Code.XML_SIGNATURE_STRUCTURE, "SigningTime") from problem
    if time is None:
        raise Refused(Code.XML_SIGNATURE_STRUCTURE, "SigningTime")
    return time if time.tzinfo is not None else None


def _certificate(properties: Sequence[etree._Element]) -> etree._Element:
    """EN 319 132-1, 5.2.2: what binds the certificate; the first entry is the signer's."""
    names = {f"{{{XADES}}}SigningCertificate", f"{{{XADES}}}SigningCertificateV2"}
    found = [part for part in properties if part.tag in names]
    if not found:
        raise Refused(Code.SIGNING_CERTIFICATE_ATTRIBUTE)
    if len(found) > 1:
        raise Refused(Code.SIGNED_ATTRIBUTE_REPEATED, "SigningCertificate")
    entries = children(found[0])
    if not entries or any(entry.tag != f"{{{XADES}}}Cert" for entry in entries):
        raise Refused(Code.SIGNING_CERTIFICATE_ATTRIBUTE, "no Cert")
    return entries[0]


def left_out(properties: Properties) -> list[NoteCode]:
    """What the signature carries and the judge does not look at."""
    notes = [NoteCode.SIGNATURE_POLICY_NOT_APPLIED] if properties.names_policy else []
    if any(item.tag == f"{{{XADES}}}CounterSignature" for item in properties.unsigned):
        notes.append(NoteCode.COUNTERSIGNATURE_NOT_JUDGED)
    if any(etree.QName(item).namespace in EVIDENCE_RECORDS for item in properties.unsigned):
        notes.append(NoteCode.EVIDENCE_RECORD_NOT_JUDGED)
    return notes


def bound_certificate(
    entry: etree._Element, candidates: Sequence[x509.Certificate]
) -> x509.Certificate:
    """The candidate that the entry names, by digest and by issuer and number. Raises Refused."""
    digest, expected = read_digest(children(one(children(entry), f"{{{XADES}}}CertDigest")))
    if digest not in _BINDING_DIGESTS:
        raise Refused(Code.WEAK_ALGORITHM if digest else Code.UNKNOWN_ALGORITHM, "CertDigest")
    for candidate in candidates:
        if hashlib.new(digest, candidate.dump()).digest() == expected:
            _check_issuer(entry, candidate)
            return candidate
    raise Refused(Code.SIGNING_CERTIFICATE_MISSING, f"none of {len(candidates)}")


def _check_issuer(entry: etree._Element, certificate: x509.Certificate) -> None:
    for part in children(entry):
        if part.tag == f"{{{XADES}}}IssuerSerial":
            fields = children(part)
            number = leaf(one(fields, f"{{{DS}}}X509SerialNumber"))
            name = leaf(one(fields, f"{{{DS}}}X509IssuerName"))
            same = number == str(certificate.serial_number) and _may_be(name, certificate.issuer)
        elif part.tag == f"{{{XADES}}}IssuerSerialV2":
            # IssuerSerial of RFC 5035, 4, whose names are GeneralNames.
            stated = asn1_tsp.IssuerSerial.load(base64_leaf(part), strict=True)
            same = stated["serial_number"].native == certificate.serial_number and any(
                isinstance(one_name.chosen, x509.Name)
                and one_name.chosen.hashable == certificate.issuer.hashable
                for one_name in stated["issuer"]
            )
        else:
            continue
        if not same:
            raise Refused(Code.SIGNING_CERTIFICATE_ATTRIBUTE, "another issuer or number")


def _may_be(text: str, name: x509.Name) -> bool:
    """Whether a name in words (RFC 4514) says the same as one in DER, in whatever order.

    Programs differ in how they spell rarer attributes; what cannot be read is no contradiction,
    because the digest beside it already decides.
    """
    if '"' in text or "=#" in text:
        return True
    try:
        parsed = Name.from_rfc4514_string(text)
    except ValueError:
        return True
    stated = sorted((item.oid.dotted_string, _plain(str(item.value))) for item in parsed)
    real = sorted(
        (item["type"].dotted, _plain(str(item["value"].native)))
        for part in name.chosen
        for item in part
        if isinstance(item["value"], core.Asn1Value)
    )
    return stated == real


def _plain(value: str) -> str:
    return " ".join(value.casefold().split())
