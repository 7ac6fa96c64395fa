"""What callers get: letters, deliveries, the inbox. Domain values to JSON.

The models are also the schemas of /openapi.json. Nothing here decides who may see what.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import Field

from relay.payloads.evidence import EvidenceRef, Out
from relay.payloads.fields import print_time
from tdh.delivery.submission import AcceptedLetter
from tdh.domain.evidence import verdict_words
from tdh.domain.identifiers import LetterId
from tdh.domain.letters import Delivery, Document, DocumentRole, Envelope
from tdh.domain.lifecycle import CONTENT_AVAILABLE
from tdh.domain.parties import Channel
from tdh.domain.policies import Policy
from tdh.domain.records import DeliveryView, LetterView
from tdh.domain.thai_time import BANGKOK
from tdh.domain.verdict_json import verdict_to_plain


class JudgedOut(Out):
    """What intake found out about a document, in the words of the evidence."""

    verdict: str = Field(description="TOTAL_PASSED, NO_SIGNATURE ... not-judged")
    sender_match: str | None = Field(
        description="ผู้ลงนามกับผู้ส่ง / signer and sender: same-person, same-organisation, other, "
        "unknown; null where no signature holds"
    )
    scanned_by: str | None = Field(description="โปรแกรมตรวจมัลแวร์ / malware scanner, found nothing")
    report_sha256: str | None = Field(description="ของรายงาน / of the report")
    report: str | None = Field(description="รายงานผลตรวจ / the judge's report")


class DocumentOut(Out):
    """A document as it was taken in; `signature` is the judgement, null if it was not judged."""

    role: DocumentRole
    filename: str
    size: int = Field(description="ไบต์ / bytes")
    sha256: str
    signature: dict[str, Any] | None

    @classmethod
    def of(cls, document: Document, letter: LetterId) -> "DocumentOut":
        return cls(
            role=document.role,
            filename=document.filename,
            size=document.size,
            sha256=document.digest.hex,
            signature=_signature(document, letter),
        )


class SentDocumentOut(JudgedOut, DocumentOut):
    """A document as its sender reads it later."""

    number: int

    @classmethod
    def of_sent(cls, document: Document, letter: LetterId) -> "SentDocumentOut":
        bare = DocumentOut.of(document, letter)
        return cls(**dict(bare), **_judged(document, letter), number=document.number)


class DeliveryOut(Out):
    """One letter on its way to one recipient."""

    id: str
    tracking: str
    recipient: str
    state: str
    due_at: str | None = Field(description="กำหนดถัดไป / next deadline")
    evidence: list[EvidenceRef]

    @classmethod
    def of(cls, view: DeliveryView, policy: Policy) -> "DeliveryOut":
        delivery = view.dossier.delivery
        return cls(
            id=delivery.id,
            tracking=delivery.tracking,
            recipient=delivery.recipient,
            state=delivery.state.value,
            due_at=_due_at(delivery, view.dossier.letter.submitted_at, policy),
            evidence=[EvidenceRef.of(event) for event in view.events],
        )


class LetterOut(Out):
    """A letter that was taken in: the sender's proof of posting is in its deliveries."""

    id: str
    submitted_at: str
    documents: list[DocumentOut]
    deliveries: list[DeliveryOut]

    @classmethod
    def of(cls, letter: AcceptedLetter, policy: Policy) -> "LetterOut":
        return cls(
            id=letter.letter.id,
            submitted_at=print_time(letter.letter.submitted_at),
            documents=[DocumentOut.of(one, letter.letter.id) for one in letter.letter.documents],
            deliveries=[DeliveryOut.of(one, policy) for one in letter.deliveries],
        )


class EnvelopeOut(Out):
    """The fields of a Thai official letter."""

    number: str
    date: str
    subject: str
    salutation: str
    references: list[str]
    urgency: str
    secrecy: str

    @classmethod
    def of(cls, envelope: Envelope) -> "EnvelopeOut":
        return cls(
            number=envelope.number,
            date=envelope.date.isoformat(),
            subject=envelope.subject,
            salutation=envelope.salutation,
            references=list(envelope.references),
            urgency=envelope.urgency.value,
            secrecy=envelope.secrecy.value,
        )


class SentLetterOut(Out):
    """A letter as its sender reads it later: with its envelope, and where the reports are."""

    id: str
    submitted_at: str
    documents: list[SentDocumentOut]
    deliveries: list[DeliveryOut]
    envelope: EnvelopeOut

    @classmethod
    def of_view(cls, view: LetterView, policy: Policy) -> "SentLetterOut":
        letter = view.letter
        return cls(
            id=letter.id,
            submitted_at=print_time(letter.submitted_at),
            documents=[SentDocumentOut.of_sent(one, letter.id) for one in letter.documents],
            deliveries=[DeliveryOut.of(one, policy) for one in view.deliveries],
            envelope=EnvelopeOut.of(letter.envelope),
        )


class PartyOut(Out):
    """A party as registered."""

    party: str
    name_th: str
    name_en: str


class DeliveryDetailOut(DeliveryOut):
    """A delivery as either party reads it."""

    letter: str
    number: str
    subject: str
    sender: PartyOut
    addressee: PartyOut
    consignment_mode: str
    submitted_at: str
    last_event_at: str | None

    @classmethod
    def of_view(cls, view: DeliveryView, policy: Policy) -> "DeliveryDetailOut":
        dossier = view.dossier
        last = dossier.delivery.last_event_at
        return cls(
            **dict(DeliveryOut.of(view, policy)),
            letter=dossier.letter.id,
            number=dossier.letter.envelope.number,
            subject=dossier.letter.envelope.subject,
            sender=_party(dossier.sender.id, dossier.sender.name_th, dossier.sender.name_en),
            addressee=_party(
                dossier.recipient.id, dossier.recipient.name_th, dossier.recipient.name_en
            ),
            consignment_mode=dossier.delivery.mode.value,
            submitted_at=print_time(dossier.letter.submitted_at),
            last_event_at=None if last is None else print_time(last),
        )


class InboxDocumentOut(JudgedOut):
    """A document that waits; `href` and `report` are null while content is not available."""

    number: int
    role: DocumentRole
    filename: str
    media_type: str
    size: int
    sha256: str
    released: bool = Field(description="ส่งออกครบแล้ว / went out completely before")
    href: str | None


class InboxItemOut(DeliveryDetailOut):
    """A delivery as its recipient sees it: the envelope, and never content."""

    envelope: EnvelopeOut
    documents: list[InboxDocumentOut]
    acknowledge: bool = Field(
        description="ระบบต้องยืนยันค่าแฮช / handover needs an acknowledgement with the digests"
    )

    @classmethod
    def of_inbox(cls, view: DeliveryView, policy: Policy) -> "InboxItemOut":
        dossier = view.dossier
        return cls(
            **dict(DeliveryDetailOut.of_view(view, policy)),
            envelope=EnvelopeOut.of(dossier.letter.envelope),
            documents=[_inbox_document(one, dossier.delivery) for one in dossier.letter.documents],
            acknowledge=dossier.delivery.channel is not Channel.PERSON,
        )


def _inbox_document(document: Document, delivery: Delivery) -> InboxDocumentOut:
    available = delivery.state in CONTENT_AVAILABLE
    judged = _judged(document, delivery.letter)
    return InboxDocumentOut(
        **(judged if available else judged | {"report": None}),
        number=document.number,
        role=document.role,
        filename=document.filename,
        media_type=document.media_type,
        size=document.size,
        sha256=document.digest.hex,
        released=document.number in delivery.released,
        href=f"/v1/inbox/{delivery.id}/documents/{document.number}" if available else None,
    )


def _party(party: str, name_th: str, name_en: str) -> PartyOut:
    return PartyOut(party=party, name_th=name_th, name_en=name_en)


def _due_at(delivery: Delivery, submitted_at: datetime, policy: Policy) -> str | None:
    due = policy.due_at(delivery, submitted_at)
    return None if due is None else print_time(due)


def _judged(document: Document, letter: LetterId) -> dict[str, Any]:
    report, match = document.report, document.sender_match
    href = f"/v1/letters/{letter}/documents/{document.number}/report"
    return {
        "verdict": verdict_words(document.verdict),
        "sender_match": None if match is None else match.value,
        "scanned_by": document.scanned_by,
        "report_sha256": None if report is None else report.hex,
        "report": None if report is None else href,
    }


def _signature(document: Document, letter: LetterId) -> dict[str, Any] | None:
    """As `tdh validate --json` shows it, with times as this interface shows them, and who sends."""
    verdict, judged = document.verdict, _judged(document, letter)
    if verdict is None:
        return None
    local = replace(
        verdict,
        evaluated_at=verdict.evaluated_at.astimezone(BANGKOK),
        signatures=tuple(
            replace(
                one,
                claimed_time=_local(one.claimed_time),
                proven_time=_local(one.proven_time),
            )
            for one in verdict.signatures
        ),
    )
    more = {name: judged[name] for name in ("sender_match", "report", "report_sha256")}
    return verdict_to_plain(local) | more


def _local(time: datetime | None) -> datetime | None:
    return None if time is None else time.astimezone(BANGKOK)
