"""One ds:Signature as values, and whether its digests and its value hold.

XML Signature 1.1, 3.2 (core validation) and 4. The form is strict: the elements of the schema in
its order, nothing between them. It does not ask what the references leave unsigned
(`xml_coverage`), nor whose key it is (`xades`).
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from asn1crypto import x509
from cryptography.exceptions import UnsupportedAlgorithm
from lxml import etree

from signing.judge.algorithms import DIGESTS as STRONG
from signing.judge.algorithms import key_is_strong
from signing.judge.codes import Code, Refused
from signing.judge.xml_c14n import Effort, canonicalise
from signing.judge.xml_method import read_method
from signing.judge.xml_names import (
    DEFAULT_CANONICAL,
    DIGESTS,
    DS,
    Canonical,
    Method,
    Scheme,
)
from signing.judge.xml_reader import XmlDocument, base64_leaf, children
from signing.judge.xml_transforms import (
    Part,
    Transforms,
    octets_of_content,
    octets_of_part,
    read_canonical,
    read_transforms,
)
from signing.judge.xml_value import verifies

MAX_REFERENCES = 128
"""A container has one for each file; what they cost together is counted besides."""
_WHOLE = "#xpointer(/)"
_POINTED = re.compile(r"#xpointer\(id\(([\"'])([^\"']+)\1\)\)")
"""The two XPointers of XML Signature 1.1, 4.4.3.3, which select comments too."""

Resolve = Callable[[str], bytes | None]
"""The URI of a reference to something outside, as it stands there, to its bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where the octets of references come from, and what that may cost."""

    document: XmlDocument
    resolve: Resolve
    effort: Effort


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One ds:Reference."""

    id: str | None
    uri: str | None
    type: str
    transforms: Transforms
    digest: str
    """hashlib's name; empty where the judge does not know it."""
    value: bytes

    @property
    def selects_comments(self) -> bool:
        """Whether a canonical form with comments has them (4.4.3.3)."""
        return self.uri is not None and self.uri.startswith("#xpointer(")

    @property
    def is_outside(self) -> bool:
        """Whether it refers to something outside the document."""
        return self.uri is None or not (self.uri == "" or self.uri.startswith("#"))


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlSignature:
    """One ds:Signature."""

    element: etree._Element
    id: str | None
    signed_info: etree._Element
    canonical: Canonical
    method: Method | None
    """None where the judge does not know it."""
    references: tuple[Reference, ...]
    value_element: etree._Element
    value: bytes
    key_info: etree._Element | None
    objects: tuple[etree._Element, ...]


def read_signature(element: etree._Element) -> XmlSignature:
    """Read one ds:Signature. Raises Refused for any form but that of the schema."""
    parts = children(element)
    names = [str(part.tag).removeprefix(f"{{{DS}}}") for part in parts]
    with_key = names[2:3] == ["KeyInfo"]
    expected = ["SignedInfo", "SignatureValue", *(["KeyInfo"] if with_key else [])]
    if names != expected + ["Object"] * (len(names) - len(expected)):
        raise Refused(Code.XML_SIGNATURE_STRUCTURE, " ".join(names)[:200])
    info = children(parts[0])
    if len(info) < 3:  # noqa: PLR2004 - two methods, one reference
        raise Refused(Code.XML_SIGNATURE_STRUCTURE, f"{len(info)} parts of SignedInfo")
    if len(info) > 2 + MAX_REFERENCES:
        raise Refused(Code.XML_TOO_COMPLEX, f"{len(info)} parts of SignedInfo")
    canonical, method, *references = info
    if canonical.tag != f"{{{DS}}}CanonicalizationMethod":
        raise Refused(Code.XML_SIGNATURE_STRUCTURE, str(canonical.tag)[:80])
    if method.tag != f"{{{DS}}}SignatureMethod":
        raise Refused(Code.XML_SIGNATURE_STRUCTURE, str(method.tag)[:80])
    return XmlSignature(
        element=element,
        id=element.get("Id"),
        signed_info=parts[0],
        canonical=read_canonical(canonical),
        method=read_method(method),
        references=tuple(map(_read_reference, references)),
        value_element=parts[1],
        value=base64_leaf(parts[1]),
        key_info=parts[2] if with_key else None,
        objects=parts[len(expected) :],
    )


def _read_reference(element: etree._Element) -> Reference:
    if element.tag != f"{{{DS}}}Reference":
        raise Refused(Code.XML_SIGNATURE_STRUCTURE, str(element.tag)[:80])
    parts = children(element)
    transforms = None
    if parts and parts[0].tag == f"{{{DS}}}Transforms":
        transforms, parts = parts[0], parts[1:]
    digest, value = read_digest(parts)
    return Reference(
        id=element.get("Id"),
        uri=element.get("URI"),
        type=element.get("Type", ""),
        transforms=read_transforms(transforms),
        digest=digest,
        value=value,
    )


def read_digest(parts: tuple[etree._Element, ...]) -> tuple[str, bytes]:
    """Read ds:DigestMethod and ds:DigestValue: name (empty: not known) and value."""
    if [part.tag for part in parts] != [f"{{{DS}}}DigestMethod", f"{{{DS}}}DigestValue"]:
        raise Refused(Code.XML_SIGNATURE_STRUCTURE, "a digest")
    known = not children(parts[0])
    name = DIGESTS.get(parts[0].get("Algorithm", ""), "") if known else ""
    return name, base64_leaf(parts[1])


def octets_of(
    sources: Sources,
    signature: XmlSignature,
    reference: Reference,
    *,
    default: Canonical = DEFAULT_CANONICAL,
) -> bytes:
    """The bytes that a reference's digest must be of. Raises Refused.

    `default`: how a part is canonicalised of which the reference does not say so.
    """
    if reference.is_outside:
        content = sources.resolve(reference.uri or "")
        if content is None:
            raise Refused(Code.CONTENT_MISSING, (reference.uri or "")[:200])
        return octets_of_content(content, reference.transforms, sources.effort)
    target = target_of(sources.document, reference)
    transforms = reference.transforms
    if transforms.canonical is None and not transforms.base64:
        transforms = replace(transforms, canonical=default)
    part = Part(target=target, own=signature.element, with_comments=reference.selects_comments)
    return octets_of_part(sources.document, part, transforms, sources.effort)


def target_of(document: XmlDocument, reference: Reference) -> etree._Element | None:
    """The element that a reference within the document names; None: the whole document."""
    if not reference.uri or reference.uri == _WHOLE:
        return None
    pointed = _POINTED.fullmatch(reference.uri)
    return document.by_id(pointed[2] if pointed else reference.uri[1:])


def check_references(sources: Sources, signature: XmlSignature) -> Code | None:
    """Reference validation (3.2.1): every digest is that of what it stands for."""
    found: list[Code] = []
    for reference in signature.references:
        octets = octets_of(sources, signature, reference)
        if not reference.digest:
            found.append(Code.UNKNOWN_ALGORITHM)
        elif hashlib.new(reference.digest, octets).digest() != reference.value:
            return Code.CHANGED_AFTER_SIGNING
        elif reference.digest not in STRONG:
            found.append(Code.WEAK_ALGORITHM)
    return found[0] if found else None


def check_value(
    sources: Sources, signature: XmlSignature, certificate: x509.Certificate
) -> Code | None:
    """Signature validation (3.2.2): the value is the key's, by a method that is strong enough."""
    method = signature.method
    if method is None:
        return Code.UNKNOWN_ALGORITHM
    if method.scheme is Scheme.SHARED_SECRET:
        return Code.SHARED_SECRET
    signed = canonicalise(
        sources.document, signature.signed_info, signature.canonical, sources.effort
    )
    try:
        holds = verifies(certificate.public_key.dump(), method, signature.value, signed)
    except UnsupportedAlgorithm:
        return Code.UNKNOWN_ALGORITHM
    if not holds:
        return Code.SIGNATURE_DOES_NOT_VERIFY
    strong = (not method.digest or method.digest in STRONG) and key_is_strong(
        certificate.public_key
    )
    return None if strong else Code.WEAK_ALGORITHM
