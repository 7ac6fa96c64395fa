"""Facts, keys and texts for the tests of sealed evidence: valid by default, odd on demand."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from cryptography import x509
from hypothesis import strategies as st

from signing import certificates as made
from signing.evidence_document import EVENT_NAMES, Issuer
from signing.seals import Seal, SealKey
from tdh.domain.events import EventReason
from tdh.domain.evidence import DocumentFacts, EvidenceFacts, PartyFacts
from tdh.domain.identifiers import ALPHABET, EvidenceId, LetterId, PartyId, Pseudonym
from tdh.domain.parties import AssuranceLevel

NOW = datetime(2026, 11, 22, 9, 30, 15, 123_456, tzinfo=UTC)
VALIDITY = made.Validity(
    not_before=NOW - timedelta(days=1), not_after=NOW + timedelta(days=365 * 3)
)
ORIGIN = "log.tdh.example/2026"
URI_BASE = "https://tdh.example/ns"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealingKeys:
    """A root, a seal below it, and the issuer that names the seal's certificate."""

    root: x509.Certificate
    seal: Seal
    issuer: Issuer


def sealing_keys(
    key: SealKey | None = None,
    *,
    use: made.LeafUse = made.LeafUse.SIGN_DOCUMENTS,
    validity: made.Validity = VALIDITY,
    intermediate: bool = False,
    organization: str = "TDH",
) -> SealingKeys:
    key = key or made.new_p256_key()
    root = made.make_root(
        subject=made.Subject(common_name="Seal Root"),
        key=made.new_p256_key(),
        serial=1,
        validity=VALIDITY,
    )
    issuing = root
    if intermediate:
        issuing = made.make_intermediate(
            issuer=root,
            subject=made.Subject(common_name="Seal Issuing"),
            key=made.new_p256_key(),
            serial=2,
            validity=VALIDITY,
        )
    leaf = made.make_leaf(
        issuer=issuing,
        subject=made.Subject(common_name="TDH Seal", organization=organization),
        public_key=key.public_key(),
        serial=3,
        validity=validity,
        use=use,
    )
    chain = (leaf, issuing.certificate) if intermediate else (leaf,)
    return SealingKeys(
        root=root.certificate,
        seal=Seal(key=key, chain=chain),
        issuer=issuer_of(leaf),
    )


def issuer_of(leaf: x509.Certificate) -> Issuer:
    return Issuer(
        name_th="ทีดีเอช",
        name_en="TDH & Sons",
        policies=("urn:oid:1.3.6.1.4.1.99999.1",),
        origin=ORIGIN,
        uri_base=URI_BASE,
        certificate=made.der(leaf),
    )


def party(identifier: str = "th-tax-id:0105536000315", **changes) -> PartyFacts:
    values = {
        "id": PartyId(identifier),
        "name_th": "บริษัท ตัวอย่าง จำกัด",
        "name_en": "Example Co., Ltd.",
        "assurance": AssuranceLevel.SUBSTANTIAL,
    }
    return PartyFacts(**(values | changes))


def facts(number: int = 1, **changes) -> EvidenceFacts:
    """A SubmissionAcceptance; `number` makes its id and pseudonym differ."""
    values = {
        "id": EvidenceId("evd_" + f"{number:024d}"),
        "event": "SubmissionAcceptance",
        "time": NOW,
        "pseudonym": Pseudonym(f"{number:032x}"),
        "sequence": 1,
        "due": date(2027, 3, 14),
        "policy": "urn:tdh:policy:registered-delivery:1",
        "reasons": (),
        "sender": party(
            "th-agency:06001",
            name_th="กรมพัฒนาตัวอย่าง",
            name_en="Department of Examples",
            assurance=AssuranceLevel.HIGH,
            authenticated_at=NOW - timedelta(milliseconds=4),
            authentication_method="bearer-token",
        ),
        "recipients": (party(),),
        "submitted_at": NOW - timedelta(milliseconds=3),
        "message": LetterId("ltr_" + f"{number:024d}"),
        "letter_number": "ดศ 0201/๑๒๓๔",
        "documents": (
            DocumentFacts(
                identifier='1/main/หนังสือ <1> & "สำเนา".pdf',
                media_type="application/pdf",
                sha256=bytes(range(32)),
                verdict="TOTAL_PASSED",
                report=bytes(range(32, 64)),
                sender_match="same-organisation",
                scanned_by='ClamAV 1.0.7/27461 "daily" & <main>',
            ),
            DocumentFacts(
                identifier="2/enclosure/แผนที่.png",
                media_type="image/png",
                sha256=bytes(32),
                verdict="not-judged",
            ),
        ),
        "particulars": (("delivery", "dlv_" + "0" * 24), ("consignment-mode", "basic")),
    }
    return EvidenceFacts(**(values | changes))


def rejection(number: int = 2, **changes) -> EvidenceFacts:
    """A ConsignmentRejection, with a reason of the standard and one of our own."""
    reasons = (
        EventReason(code="R_ERDS_MessageRejectedByRecipient", details=("ไม่ใช่ของเรา",)),
        EventReason(code="holding-time-ended", details=("documents released: none", "x")),
    )
    values = {"event": "ConsignmentRejection", "due": None, "sequence": 3, "reasons": reasons}
    return facts(number, **(values | changes))


def signature_status(number: int = 3, **changes) -> EvidenceFacts:
    """An own event: a document's signature is known to have been revoked."""
    own = (
        ("delivery", "dlv_" + "0" * 24),
        ("consignment-mode", "basic"),
        ("document", "1"),
        ("checked-at", NOW.isoformat()),
        ("before", "TOTAL_PASSED"),
        ("before-reason", "signature-valid"),
        ("now", "INDETERMINATE/REVOKED_NO_POE"),
    )
    said = ("ใบรับรองถูกเพิกถอน", "The certificate was revoked.", "INDETERMINATE/REVOKED_NO_POE")
    reasons = (EventReason(code="certificate-revoked", details=said),)
    values = {"event": "SignatureStatus", "due": None, "sequence": 4, "particulars": own}
    return facts(number, **(values | {"reasons": reasons} | changes))


THAI = st.text(st.characters(min_codepoint=0x0E00, max_codepoint=0x0E7F))
XML_TEXT = st.text(
    st.one_of(
        st.characters(codec="utf-8", exclude_categories=("Cc",), exclude_characters="\ufffe\uffff"),
        st.sampled_from("\t\n\r\x7f\x85<>&\"'"),
    )
)
"""All that XML 1.0 can carry, odd characters often."""
TEXT = THAI | XML_TEXT
WORD = st.from_regex(r"[a-z0-9][a-z0-9-]{0,30}", fullmatch=True)
BODY = st.text(ALPHABET, min_size=24, max_size=24)
INSTANT = st.datetimes(
    min_value=datetime(1000, 1, 2),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001 - hypothesis adds the zone
    timezones=st.just(UTC),
)


def by_delegates(number: int = 4, **changes) -> EvidenceFacts:
    """An acknowledged handover, both parties served by others than themselves."""
    acted = {"authenticated_at": NOW, "authentication_method": "bearer-token"}
    officer = party(
        "th-officer:mdes.1042",
        name_th="นางสาวสมศรี รักงาน",
        name_en="Ms Somsri Rakngan",
        capacity="registrar",
        **acted,
    )
    system = party("th-tax-id:0105561000001", name_en="Provider & Co", capacity="system", **acted)
    values = {
        "event": "ContentHandover",
        "due": None,
        "sequence": 3,
        "sender": party("th-agency:06001", name_th="กรมพัฒนาตัวอย่าง"),
        "sender_delegate": officer,
        "recipient_delegate": system,
        "external_system": "queue th-tax-id:0105536000315",
    }
    return facts(number, **(values | changes))


@st.composite
def parties(draw, *, delegate: bool = False) -> PartyFacts:
    acted = draw(st.booleans())
    return PartyFacts(
        capacity=draw(WORD) if delegate else None,
        id=PartyId(f"{draw(WORD)}:{draw(TEXT.filter(bool))}"),
        name_th=draw(TEXT),
        name_en=draw(TEXT),
        assurance=draw(st.sampled_from(AssuranceLevel)),
        authenticated_at=draw(INSTANT) if acted else None,
        authentication_method=draw(WORD) if acted else None,
    )


@st.composite
def any_facts(draw) -> EvidenceFacts:
    event = draw(st.sampled_from(sorted(EVENT_NAMES)))
    reasons = st.builds(
        EventReason,
        code=WORD | st.sampled_from(["UnknownRecipient", "R_ERDS_PolicyViolation"]),
        details=st.lists(TEXT, max_size=3).map(tuple),
    )
    documents = st.builds(
        DocumentFacts,
        identifier=TEXT,
        media_type=TEXT,
        sha256=st.binary(min_size=32, max_size=32),
        verdict=TEXT,
        report=st.none() | st.binary(min_size=32, max_size=32),
        sender_match=st.none() | WORD,
        scanned_by=st.none() | TEXT,
    )
    recipients = tuple(draw(st.lists(parties(), min_size=1, max_size=3)))
    delegates = st.none() | parties(delegate=True)
    return EvidenceFacts(
        id=EvidenceId("evd_" + draw(BODY)),
        event=event,
        time=draw(INSTANT),
        pseudonym=Pseudonym(draw(st.from_regex(r"[0-9a-f]{32}", fullmatch=True))),
        sequence=draw(st.integers(1, 99_999_999)),
        due=draw(st.dates()) if event == "SubmissionAcceptance" else None,
        policy="urn:tdh:policy:registered-delivery:1",
        reasons=tuple(draw(st.lists(reasons, max_size=3))),
        sender=draw(parties()),
        recipients=recipients,
        sender_delegate=draw(delegates),
        recipient_delegate=draw(delegates) if len(recipients) == 1 else None,
        external_system=draw(st.none() | TEXT),
        submitted_at=draw(INSTANT),
        message=LetterId("ltr_" + draw(BODY)),
        letter_number=draw(TEXT),
        documents=tuple(draw(st.lists(documents, min_size=1, max_size=3))),
        particulars=tuple(draw(st.lists(st.tuples(WORD, TEXT), max_size=4))),
    )
