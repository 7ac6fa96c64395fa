"""From the bytes of an evidence back to its facts: the inverse of `signing.evidence_document`.

What is read is written once more and compared byte by byte, so that everything that this reader
does not look at is as it must be, or the evidence is refused. The parser knows no DTD, no entity
and no network. Never says whether the seal holds (`signing.seal_check` does).
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from lxml import etree

from signing.errors import ProofError
from signing.evidence_document import (
    CAPACITY,
    DS,
    END,
    ETSI_EVENT,
    ETSI_REASON,
    EV,
    MAX_EVIDENCE_BYTES,
    METHOD,
    NAME_EN,
    NAME_TH,
    NOT_AUTHENTICATED,
    OWN,
    SAML,
    EvidenceDocumentError,
    Issuer,
    write_evidence,
)
from tdh.domain.events import EventReason
from tdh.domain.evidence import DocumentFacts, EvidenceFacts, PartyFacts
from tdh.domain.identifiers import EvidenceId, LetterId, PartyId, Pseudonym
from tdh.domain.parties import AssuranceLevel

PREFIXES = {"ds": DS, "ev": EV, "saml": SAML, "tdh": OWN}
_SIGNATURE = b"<ds:Signature"
_MAX_SEAL_BYTES = 64 * 1024
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceContent:
    """What an evidence says; nothing here is verified beyond its form."""

    facts: EvidenceFacts
    issuer: Issuer
    document: bytes
    """The evidence without its seal: what the seal's first digest is over."""
    seal: bytes
    """The ds:Signature as it stands there; empty where there is none."""


def read_evidence(xml: bytes) -> EvidenceContent:
    """Read an evidence, sealed or not. Raises EvidenceDocumentError for any but our one form."""
    root = parse(xml)
    document, seal = _split(xml, root)
    try:
        facts, issuer = _facts(root), _issuer(root)
        written = write_evidence(facts, issuer)
    except EvidenceDocumentError:
        raise
    except (ProofError, ValueError, OverflowError) as exc:
        raise EvidenceDocumentError(f"a value of the evidence cannot be read: {exc}") from exc
    if written != document:
        raise EvidenceDocumentError("the evidence is not in the one form of its version")
    return EvidenceContent(facts=facts, issuer=issuer, document=document, seal=seal)


def parse(xml: bytes) -> etree._Element:
    """The tree of XML in canonical form without comments, instructions, DTD or entities."""
    if len(xml) > MAX_EVIDENCE_BYTES + _MAX_SEAL_BYTES:
        raise EvidenceDocumentError("the evidence is too long")
    # In canonical form `<` is always markup, so these are comments, instructions, DTD and CDATA.
    if b"<!" in xml or b"<?" in xml:
        raise EvidenceDocumentError("an evidence has elements and text only")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(xml, parser)
        canonical = etree.tostring(root, method="c14n")
    except (etree.LxmlError, ValueError) as exc:
        raise EvidenceDocumentError("not well-formed XML") from exc
    # Canonical XML 1.0 and 1.1 differ in how they inherit xml: attributes; without any, they agree.
    if canonical != xml or root.xpath("boolean(//@xml:*)"):
        raise EvidenceDocumentError("the XML is not in canonical form")
    return root


def _split(xml: bytes, root: etree._Element) -> tuple[bytes, bytes]:
    head, _, _ = xml.partition(_SIGNATURE)
    if len(head) == len(xml):
        return xml, b""
    if len(root) == 0 or root[-1].tag != f"{{{DS}}}Signature" or not xml.endswith(END):
        raise EvidenceDocumentError("the signature is not the last part of the evidence")
    return head + END, xml[len(head) : -len(END)]


def _facts(root: etree._Element) -> EvidenceFacts:
    log = _one(root, "ev:TransactionLogInformation/ev:TransactionLog")
    verdicts = _all(root, "ev:Extensions/ev:Extension/tdh:SignatureVerdicts/tdh:Verdict")
    parts = _all(root, "ev:UserContentInfo/ev:PartsInfo/ev:PartInfo")
    if len(verdicts) != len(parts):
        raise EvidenceDocumentError("not every part has a verdict")
    return EvidenceFacts(
        id=EvidenceId(_text(root, "ev:EvidenceIdentifier")),
        event=_event(_text(root, "ev:ERDSEventId")),
        time=_time(root, "EventTime"),
        pseudonym=Pseudonym(_text(log, "tdh:Pseudonym")),
        sequence=int(_text(log, "tdh:Sequence")),
        due=_maybe(log, "tdh:Due", date.fromisoformat),
        policy=_text(root, "ev:EvidenceIssuerPolicyID/PolicyID"),
        reasons=tuple(map(_reason, _all(root, "ev:EventReasons/ev:EventReason"))),
        sender=_party(_one(root, "ev:SenderDetails")),
        recipients=tuple(map(_party, _all(root, "ev:RecipientDetails"))),
        submitted_at=_time(root, "ev:SubmissionTime"),
        message=LetterId(_text(root, "ev:MessageIdentifier")),
        letter_number=_text(root, "ev:UserContentInfo/AppLayerIdentifier"),
        documents=tuple(map(_document, parts, verdicts)),
        particulars=tuple(
            (element.get("name", ""), element.text or "")
            for element in _all(root, "ev:Extensions/ev:Extension/tdh:Particulars/tdh:Particular")
        ),
        sender_delegate=_delegate(root, "ev:SenderDelegateDetails"),
        recipient_delegate=_delegate(root, "ev:RecipientsDelegateDetails"),
        external_system=_maybe(root, "ForwardedToExternalSystem", str),
    )


def _issuer(root: etree._Element) -> Issuer:
    details = _one(root, "ev:EvidenceIssuerDetails")
    policies = _all(root, "ev:EvidenceIssuerPolicyID/PolicyID")
    log = _one(root, "ev:TransactionLogInformation/ev:TransactionLog")
    return Issuer(
        name_th=_name(details, NAME_TH),
        name_en=_name(details, NAME_EN),
        policies=tuple(policy.text or "" for policy in policies[1:]),
        origin=_text(log, "tdh:Origin"),
        uri_base=_base(_one(root, "ev:SenderDetails")),
        certificate=base64.b64decode(_text(details, "ev:CertificateDetails/X509Certificate")),
        merge_delay_seconds=int(_text(log, "tdh:MergeDelaySeconds")),
    )


def _event(uri: str) -> str:
    """The event's name; writing it again tells whether the right base stands before it."""
    return uri.removeprefix(ETSI_EVENT).rpartition("/")[2]


def _reason(element: etree._Element) -> EventReason:
    code = _text(element, "Code").removeprefix(ETSI_REASON).rpartition("/")[2]
    return EventReason(
        code=code, details=tuple(detail.text or "" for detail in _all(element, "Details"))
    )


def _party(element: etree._Element) -> PartyFacts:
    identifier = _one(element, "Identifier")
    levels = _one(element, "AssuranceLevelsDetails")
    identity_proof = "IdentityProofAssuranceLevel/AssuranceLevel"
    level = _maybe(levels, identity_proof, AssuranceLevel)
    method = _maybe(levels, "ev:AuthenticationDetails/AuthenticationMethod", str)
    return PartyFacts(
        id=PartyId(f"{identifier.get('IdentifierSchemeName')}:{identifier.text or ''}"),
        name_th=_name(element, NAME_TH),
        name_en=_name(element, NAME_EN),
        assurance=level or AssuranceLevel(_text(levels, "GlobalAssuranceLevel/AssuranceLevel")),
        authenticated_at=_maybe(
            levels, "ev:AuthenticationDetails/AuthenticationTime", datetime.fromisoformat
        ),
        authentication_method=None if method is None else method.rpartition(METHOD)[2],
        capacity=_maybe(
            element, f"ev:Identity/saml:Attribute[@Name='{CAPACITY}']/saml:AttributeValue", str
        ),
    )


def _delegate(root: etree._Element, path: str) -> PartyFacts | None:
    found = root.find(path, PREFIXES)
    return None if found is None else _party(found)


def _base(party: etree._Element) -> str:
    """The base of own URIs, which every party's assurance shows."""
    levels = _one(party, "AssuranceLevelsDetails")
    method = _maybe(levels, "ev:AuthenticationDetails/AuthenticationMethod", str)
    if method is not None:
        return method.rpartition(METHOD)[0]
    place = "ev:AuthenticationDetsAndAssuranceLevel/AssuranceLevel/AssuranceLevel"
    return _text(levels, place).removesuffix(NOT_AUTHENTICATED)


def _document(part: etree._Element, verdict: etree._Element) -> DocumentFacts:
    report = verdict.get("report")
    return DocumentFacts(
        identifier=_text(part, "Identifier"),
        media_type=_text(part, "ContentType"),
        sha256=base64.b64decode(_text(part, "ds:DigestValue")),
        verdict=verdict.text or "",
        report=None if report is None else bytes.fromhex(report),
        sender_match=verdict.get("sender-match"),
        scanned_by=verdict.get("scanned-by"),
    )


def _name(element: etree._Element, name: str) -> str:
    return _text(element, f"ev:Identity/saml:Attribute[@Name='{name}']/saml:AttributeValue")


def _time(element: etree._Element, path: str) -> datetime:
    return datetime.fromisoformat(_text(element, path))


def _one(element: etree._Element, path: str) -> etree._Element:
    found = element.find(path, PREFIXES)
    if found is None:
        raise EvidenceDocumentError(f"the evidence has no {path}")
    return found


def _all(element: etree._Element, path: str) -> list[etree._Element]:
    return element.findall(path, PREFIXES)


def _text(element: etree._Element, path: str) -> str:
    return _one(element, path).text or ""


def _maybe(element: etree._Element, path: str, read: Callable[[str], Value]) -> Value | None:
    found = element.find(path, PREFIXES)
    return None if found is None else read(found.text or "")
