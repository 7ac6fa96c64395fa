"""From the facts of one evidence to the exact bytes that are sealed (ETSI EN 319 522-3).

The XML is written in Canonical XML 1.1 from the start, so that sealing needs no XML library. Each
evidence has exactly one spelling: the reader (`signing.evidence_reader`) writes what it read once
more and compares. The form is therefore frozen; another form gets another namespace and another
writer beside this one, for evidence is read for decades; what is added is optional, and its absence
is spelled as it always was. Never signs, never parses, never does I/O.
"""

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from signing.errors import ProofError
from signing.xml_canonical import NotXmlText, attribute, text
from tdh.domain.events import (
    EVENTS,
    EventReason,
    SignatureStatus,
    SubmissionAcceptance,
    Withdrawal,
)
from tdh.domain.evidence import DocumentFacts, EvidenceFacts, PartyFacts
from tdh.domain.identifiers import is_id

VERSION = "EN319522v1.1.1"
DS = "http://www.w3.org/2000/09/xmldsig#"
EV = "http://uri.etsi.org/19522/v1#"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
OWN = "urn:tdh:evidence:1"
NAMESPACES = f'xmlns:ds="{DS}" xmlns:ev="{EV}" xmlns:saml="{SAML}" xmlns:tdh="{OWN}"'
"""As they stand on the root, in canonical order: a seal digests parts with all of them in scope."""
END = b"</ev:Evidence>"
MAX_EVIDENCE_BYTES = 4 * 1024 * 1024
"""A refused submission to 1,000 recipients has about one million."""

ETSI_EVENT = "http://uri.etsi.org/19522/Event/"
ETSI_REASON = "http://uri.etsi.org/19522/EventReason/"
OWN_EVENTS = frozenset({Withdrawal.__name__, SignatureStatus.__name__})
EVENT_NAMES = frozenset(event.__name__ for event in EVENTS)
ETSI_REASONS = frozenset(
    {
        "InvalidMessageFormat",  # RA02
        "S_ERDS_MessageSuccessfullyRelayed",  # RB01
        "R_ERDS_MessageRejected",
        "R_ERDS_MessageRejectedForMalware",
        "R_ERDS_MessageRejectedForInvalidSignature",
        "R_ERDS_MessageRejectedForInvalidCertificate",
        "R_ERDS_PolicyViolation",
        "MessageNotAcceptedForUnregisteredRecipient",
        "R_ERDS_Malfunction",
        "R_ERDS_NotIdentified",
        "R_ERDS_Unreachable",
        "UnknownRecipient",
        "S_ERDSP_ReceivedNoRelayAcceptanceInfoFromR_ERDSP",
        "R_ERDS_MessageRejectedByRecipient",  # RC08
        "R_ERDS_MessageNotAcceptedByRecipient",  # RC09
        "MessageNotConsignedForQuota",  # RD04
        "MessageNotConsignedForMalfunction",  # RD05
    }
)
"""Names of EN 319 522-2, 8.3.3 that are known for sure; every other code is an own URI."""
NAME_TH = "urn:tdh:attribute:name-th"
NAME_EN = "urn:tdh:attribute:name-en"
CAPACITY = "urn:tdh:attribute:capacity"
METHOD, NOT_AUTHENTICATED = "/method/", "/assurance/not-authenticated"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"

_NAME_FORMAT = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")
_WORD = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
_PSEUDONYM = re.compile(r"[0-9a-f]{32}")
_MAX_SEQUENCE = 99_999_999
_DIGEST_BYTES = 32


class EvidenceDocumentError(ProofError):
    """Facts that no evidence can carry, or bytes that are no evidence in its one spelling."""

    code = "evidence-malformed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Who seals: what every evidence of one sealer has in common. Raises EvidenceDocumentError."""

    name_th: str
    name_en: str
    policies: tuple[str, ...]
    """URIs of the issuer's policies (an OID as `urn:oid:`), beside the one named by the facts."""
    origin: str
    """The log that will hold the evidence."""
    uri_base: str
    """Own events, reasons and methods are URIs below it; without a slash at its end."""
    certificate: bytes
    """The seal's certificate, DER."""
    merge_delay_seconds: int = 60
    """Every head whose token is later than event time + this holds the evidence."""

    def __post_init__(self) -> None:
        if not self.origin:
            raise EvidenceDocumentError("the log has no origin")
        for uri in (self.uri_base, *self.policies):
            _uri(uri)
        if self.uri_base.endswith("/"):
            raise EvidenceDocumentError("the URI base ends with a slash")
        _issuer(self)


def write_evidence(facts: EvidenceFacts, issuer: Issuer) -> bytes:
    """The unsealed evidence, canonical. Raises EvidenceDocumentError for what it cannot carry."""
    try:
        document = _write(facts, issuer).encode()
    except (NotXmlText, OverflowError) as exc:
        raise EvidenceDocumentError(str(exc)) from exc
    _check(len(document) <= MAX_EVIDENCE_BYTES, "the evidence is too long")
    return document


def instant(time: datetime) -> str:
    """RFC 3339 in UTC, to the millisecond, or to the microsecond where that says more."""
    if time.tzinfo is None:
        raise EvidenceDocumentError("a time has no zone")
    moment = time.astimezone(UTC)
    spec = "microseconds" if moment.microsecond % 1000 else "milliseconds"
    return moment.isoformat(timespec=spec).removesuffix("+00:00") + "Z"


def base64_text(data: bytes) -> str:
    """Base64 on one line."""
    return base64.b64encode(data).decode("ascii")


def _write(facts: EvidenceFacts, issuer: Issuer) -> str:
    _check_form(facts)
    base = issuer.uri_base
    reasons = "".join(_reason(reason, base) for reason in facts.reasons)
    recipients = "".join(
        f"<ev:RecipientDetails>{_party(party, base)}</ev:RecipientDetails>"
        for party in facts.recipients
    )
    # EN 319 522-2: positions of recipients count from 1. Without it, all of them are meant.
    refers = "<EvidenceRefersToRecipient>1</EvidenceRefersToRecipient>"
    own = facts.event in OWN_EVENTS
    sender_delegate = ""
    if facts.sender_delegate is not None:
        details = _party(facts.sender_delegate, base)
        sender_delegate = f"<ev:SenderDelegateDetails>{details}</ev:SenderDelegateDetails>"
    recipient_delegate = ""
    if facts.recipient_delegate is not None:
        recipient_delegate = (
            f"<ev:RecipientsDelegateDetails>{_party(facts.recipient_delegate, base)}"
            "<DelegatingRecipients>1</DelegatingRecipients></ev:RecipientsDelegateDetails>"
        )
    external = ""
    if facts.external_system is not None:
        system = text(facts.external_system)
        external = f"<ForwardedToExternalSystem>{system}</ForwardedToExternalSystem>"
    event = f"{base}/event/{facts.event}" if own else f"{ETSI_EVENT}{facts.event}"
    due = "" if facts.due is None else f"<tdh:Due>{facts.due.isoformat()}</tdh:Due>"
    return (
        f'<ev:Evidence {NAMESPACES} version="{VERSION}">'
        f"<ev:EvidenceIdentifier>{facts.id}</ev:EvidenceIdentifier>"
        f"<ev:ERDSEventId>{text(event)}</ev:ERDSEventId>"
        f"{f'<ev:EventReasons>{reasons}</ev:EventReasons>' if reasons else ''}"
        f"<EventTime>{instant(facts.time)}</EventTime>"
        f"<ev:EvidenceIssuerPolicyID>{_policies(facts.policy, issuer.policies)}"
        f"</ev:EvidenceIssuerPolicyID>{_issuer(issuer)}"
        f"<ev:SenderDetails>{_party(facts.sender, base)}</ev:SenderDetails>"
        f"{sender_delegate}{recipients}{recipient_delegate}"
        f"<ev:SubmissionTime>{instant(facts.submitted_at)}</ev:SubmissionTime>"
        f"{refers if len(facts.recipients) == 1 else ''}"
        f"<ev:MessageIdentifier>{facts.message}</ev:MessageIdentifier>"
        f"<ev:UserContentInfo><AppLayerIdentifier>{text(facts.letter_number)}"
        f"</AppLayerIdentifier><ComposingParts>{len(facts.documents)}</ComposingParts>"
        f"<ev:PartsInfo>{''.join(map(_part, facts.documents))}</ev:PartsInfo>"
        f"</ev:UserContentInfo>{external}"
        "<ev:TransactionLogInformation><ev:TransactionLog>"
        f"<tdh:Origin>{text(issuer.origin)}</tdh:Origin>"
        f"<tdh:Pseudonym>{facts.pseudonym}</tdh:Pseudonym>"
        f"<tdh:Sequence>{facts.sequence}</tdh:Sequence>{due}"
        f"<tdh:MergeDelaySeconds>{issuer.merge_delay_seconds}</tdh:MergeDelaySeconds>"
        "</ev:TransactionLog></ev:TransactionLogInformation>"
        f"<ev:Extensions>{_extensions(facts)}</ev:Extensions></ev:Evidence>"
    )


@lru_cache(maxsize=8)
def _issuer(issuer: Issuer) -> str:
    return (
        f"<ev:EvidenceIssuerDetails>{_identity(issuer.name_th, issuer.name_en)}"
        f"<ev:CertificateDetails><X509Certificate>{base64_text(issuer.certificate)}"
        "</X509Certificate></ev:CertificateDetails></ev:EvidenceIssuerDetails>"
    )


def _policies(first: str, others: tuple[str, ...]) -> str:
    policies = (first, *(policy for policy in others if policy != first))
    return "".join(f"<PolicyID>{_uri(policy)}</PolicyID>" for policy in policies)


def _reason(reason: EventReason, base: str) -> str:
    if reason.code in ETSI_REASONS:
        uri = f"{ETSI_REASON}{reason.code}"
    else:
        uri = f"{text(base)}/reason/{_word(reason.code)}"
    details = "".join(f"<Details>{text(detail)}</Details>" for detail in reason.details)
    return f"<ev:EventReason><Code>{uri}</Code>{details}</ev:EventReason>"


def _identity(name_th: str, name_en: str, capacity: str | None = None) -> str:
    role = ""
    if capacity is not None:
        role = (
            f'<saml:Attribute Name="{CAPACITY}" NameFormat="{_NAME_FORMAT}">'
            f"<saml:AttributeValue>{_word(capacity)}</saml:AttributeValue></saml:Attribute>"
        )
    return (
        f'<ev:Identity><saml:Attribute Name="{NAME_TH}" NameFormat="{_NAME_FORMAT}">'
        f"<saml:AttributeValue>{text(name_th)}</saml:AttributeValue></saml:Attribute>"
        f'<saml:Attribute Name="{NAME_EN}" NameFormat="{_NAME_FORMAT}">'
        f"<saml:AttributeValue>{text(name_en)}</saml:AttributeValue></saml:Attribute>{role}"
        "</ev:Identity>"
    )


def _party(party: PartyFacts, base: str) -> str:
    scheme, _, value = party.id.partition(":")
    _check(scheme and value, "a party's id is scheme:value")
    return (
        f"{_identity(party.name_th, party.name_en, party.capacity)}"
        f'<Identifier IdentifierSchemeName="{attribute(scheme)}">{text(value)}</Identifier>'
        f"<AssuranceLevelsDetails>{_assurance(party, base)}</AssuranceLevelsDetails>"
    )


def _assurance(party: PartyFacts, base: str) -> str:
    """One level for all where the party authenticated; else only how it was identified.

    The schema wants the time and method of an authentication in the first form. In the second,
    the level of authentication says that there was none.
    """
    if party.authenticated_at is None or party.authentication_method is None:
        _check(
            party.authenticated_at is None and party.authentication_method is None,
            "an authentication has a time and a method",
        )
        return (
            "<ev:AuthenticationDetsAndAssuranceLevel><AssuranceLevel><AssuranceLevel>"
            f"{text(base)}{NOT_AUTHENTICATED}</AssuranceLevel></AssuranceLevel>"
            "</ev:AuthenticationDetsAndAssuranceLevel><IdentityProofAssuranceLevel>"
            f"<AssuranceLevel>{party.assurance}</AssuranceLevel></IdentityProofAssuranceLevel>"
        )
    return (
        f"<GlobalAssuranceLevel><AssuranceLevel>{party.assurance}</AssuranceLevel>"
        "</GlobalAssuranceLevel><ev:AuthenticationDetails>"
        f"<AuthenticationTime>{instant(party.authenticated_at)}</AuthenticationTime>"
        f"<AuthenticationMethod>{text(base)}{METHOD}{_word(party.authentication_method)}"
        "</AuthenticationMethod></ev:AuthenticationDetails>"
    )


def _part(document: DocumentFacts) -> str:
    _check(len(document.sha256) == _DIGEST_BYTES, "a document's SHA-256 has 32 bytes")
    return (
        f"<ev:PartInfo><Identifier>{text(document.identifier)}</Identifier>"
        f"<ContentType>{text(document.media_type)}</ContentType>"
        f'<ds:DigestMethod Algorithm="{SHA256}"></ds:DigestMethod>'
        f"<ds:DigestValue>{base64_text(document.sha256)}</ds:DigestValue></ev:PartInfo>"
    )


def _extensions(facts: EvidenceFacts) -> str:
    particulars = "".join(
        f'<tdh:Particular name="{_word(name)}">{text(value)}</tdh:Particular>'
        for name, value in facts.particulars
    )
    verdicts = "".join(
        f'<tdh:Verdict part="{number}"{_judged(document)}>{text(document.verdict)}</tdh:Verdict>'
        for number, document in enumerate(facts.documents, start=1)
    )
    return (
        f'<ev:Extension isCritical="false"><tdh:Particulars>{particulars}</tdh:Particulars>'
        '</ev:Extension><ev:Extension isCritical="false">'
        f"<tdh:SignatureVerdicts>{verdicts}</tdh:SignatureVerdicts></ev:Extension>"
    )


def _judged(document: DocumentFacts) -> str:
    """What is known of a document beside its verdict: attributes, in canonical order."""
    written = ""
    if document.report is not None:
        _check(len(document.report) == _DIGEST_BYTES, "a report's SHA-256 has 32 bytes")
        written = f' report="{document.report.hex()}"'
    if document.scanned_by is not None:
        written += f' scanned-by="{attribute(document.scanned_by)}"'
    if document.sender_match is not None:
        written += f' sender-match="{_word(document.sender_match)}"'
    return written


def _check_form(facts: EvidenceFacts) -> None:
    _check(is_id("evd", facts.id), "the id is none of an evidence")
    _check(is_id("ltr", facts.message), "the message is no letter's id")
    _check(facts.event in EVENT_NAMES, "the event is none that this service knows")
    _check(_PSEUDONYM.fullmatch(facts.pseudonym), "the pseudonym is not 32 hexadecimal digits")
    _check(1 <= facts.sequence <= _MAX_SEQUENCE, "the sequence counts from 1")
    _check(facts.recipients, "an evidence names a recipient")
    _check(facts.documents, "an evidence names a document")
    _check(
        facts.recipient_delegate is None or len(facts.recipients) == 1,
        "a recipient's delegate needs to know for whom",
    )
    for delegate in (facts.sender_delegate, facts.recipient_delegate):
        _check(delegate is None or delegate.capacity, "a delegate has a capacity")
    for party in (facts.sender, *facts.recipients):
        _check(party.capacity is None, "a party acts in no other capacity than its own")
    _check(
        (facts.due is not None) == (facts.event == SubmissionAcceptance.__name__),
        "a due date belongs to the SubmissionAcceptance, and to nothing else",
    )


def _uri(value: str) -> str:
    _check(_URI.fullmatch(value), "a URI is not in its form")
    return text(value)


def _word(value: str) -> str:
    _check(_WORD.fullmatch(value), "an own name is not kebab-case")
    return value


def _check(holds: object, problem: str) -> None:
    if not holds:
        raise EvidenceDocumentError(problem)
