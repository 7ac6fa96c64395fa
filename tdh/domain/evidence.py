"""The facts that are sealed: one `EvidenceFacts` for each event (ETSI EN 319 522-2, clause 8).

These values, and nothing else, go to the sealer. It adds who it is (issuer, policy, log), builds
the XML itself and signs it.
"""

from dataclasses import dataclass
from datetime import date, datetime

from tdh.domain import events as ev
from tdh.domain.commands import RefuseSubmission
from tdh.domain.decisions import Decision, DeliveryChange
from tdh.domain.envelope import ENVELOPE, envelope_digest
from tdh.domain.events import EventReason
from tdh.domain.identifiers import EvidenceId, LetterId, PartyId, Pseudonym, evidence_of
from tdh.domain.letters import Delivery, Document, Letter
from tdh.domain.parties import AssuranceLevel, Authentication, Party
from tdh.domain.policies import Policy
from tdh.domain.verdicts import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyFacts:
    """A sender or recipient as evidence names it (components I01 to I06, I10, I12)."""

    id: PartyId
    name_th: str
    name_en: str
    assurance: AssuranceLevel
    authenticated_at: datetime | None = None
    """Set, with the method, for whom acted: the party, or its delegate."""
    authentication_method: str | None = None
    capacity: str | None = None
    """Of a delegate: what it is to the party that it acted for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFacts:
    """One document as evidence names it (component M02)."""

    identifier: str
    """`<number>/<role>/<file name>`."""
    media_type: str
    sha256: bytes
    verdict: str
    """`TOTAL_PASSED`, `TOTAL_FAILED/HASH_FAILURE` ... or `not-judged`."""
    report: bytes | None = None
    """SHA-256 of the judge's full report, where the document was judged."""
    sender_match: str | None = None
    """`same-person`, `same-organisation`, `other` or `unknown`, where a signature holds."""
    scanned_by: str | None = None
    """The malware scanner that found nothing in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceFacts:
    """All that is particular to one evidence."""

    id: EvidenceId
    event: str
    time: datetime
    pseudonym: Pseudonym
    sequence: int
    due: date | None
    """Only on SubmissionAcceptance: the day by which a final state must have come."""
    policy: str
    reasons: tuple[EventReason, ...]
    sender: PartyFacts
    recipients: tuple[PartyFacts, ...]
    submitted_at: datetime
    message: LetterId
    letter_number: str
    documents: tuple[DocumentFacts, ...]
    particulars: tuple[tuple[str, str], ...]
    """What this event has of its own, as (name, value): `deadline`, `handover` ..."""
    sender_delegate: PartyFacts | None = None
    """Who acted for the sender (components I03, I04); None where it acted itself, or not at all."""
    recipient_delegate: PartyFacts | None = None
    """The same for the recipient (components I07, I08); only where there is one recipient."""
    external_system: str | None = None
    """The system outside that something was handed to: `<channel> <party>`."""


def facts_of(decision: Decision, policy: Policy) -> tuple[EvidenceFacts, ...]:
    """The facts of every new event of a decision, in its order."""
    envelopes: dict[LetterId, str] = {}  # one letter may have a thousand deliveries
    for change in decision.changes:
        letter = change.dossier.letter
        if letter.id not in envelopes:
            envelopes[letter.id] = envelope_digest(letter)
    facts = tuple(
        _of_event(event, change, policy, envelopes[change.dossier.letter.id])
        for change in decision.changes
        for event in change.events
    )
    if decision.refused is None:
        return facts
    return (*facts, _of_refusal(*decision.refused, policy))


def _of_event(
    event: ev.DeliveryEvent, change: DeliveryChange, policy: Policy, envelope: str
) -> EvidenceFacts:
    dossier = change.dossier
    actor = getattr(event, "by", None)
    due = None
    if isinstance(event, ev.SubmissionAcceptance):
        due = policy.last_final_date(event.time, dossier.delivery.accept_within)
    return EvidenceFacts(
        id=evidence_of(event.id),
        event=event.name,
        time=event.time,
        pseudonym=dossier.delivery.pseudonym,
        sequence=event.sequence,
        due=due,
        policy=policy.id,
        reasons=event.reasons,
        sender=_party(dossier.sender, actor),
        recipients=(_party(dossier.recipient, actor),),
        submitted_at=dossier.letter.submitted_at,
        message=dossier.letter.id,
        letter_number=dossier.letter.envelope.number,
        documents=tuple(_document(d) for d in dossier.letter.documents),
        particulars=(
            *_of_delivery(dossier.delivery),
            *_particulars(event),
            (ENVELOPE, envelope),
        ),
        sender_delegate=_delegate(dossier.sender, actor),
        recipient_delegate=_delegate(dossier.recipient, actor),
        external_system=_external_system(event, dossier.delivery),
    )


def _of_refusal(
    command: RefuseSubmission, event: ev.SubmissionRejection, policy: Policy
) -> EvidenceFacts:
    letter: Letter = command.letter
    return EvidenceFacts(
        id=evidence_of(event.id),
        event=event.name,
        time=event.time,
        pseudonym=command.pseudonym,
        sequence=event.sequence,
        due=None,
        policy=policy.id,
        reasons=event.reasons,
        sender=_party(command.sender, event.by),
        recipients=tuple(_party(party, None) for party in command.recipients),
        submitted_at=event.time,
        message=letter.id,
        letter_number=letter.envelope.number,
        documents=tuple(_document(d) for d in letter.documents),
        particulars=(("stream", event.delivery), (ENVELOPE, envelope_digest(letter))),
        sender_delegate=_delegate(command.sender, event.by),
    )


def _party(party: Party, actor: Authentication | None) -> PartyFacts:
    acted = actor is not None and actor.actor == party.id
    return PartyFacts(
        id=party.id,
        name_th=party.name_th,
        name_en=party.name_en,
        assurance=party.assurance,
        authenticated_at=actor.at if acted and actor else None,
        authentication_method=actor.method if acted and actor else None,
    )


def _delegate(party: Party, actor: Authentication | None) -> PartyFacts | None:
    """Who acted for this party, None where nobody did."""
    if actor is None or actor.party != party.id or actor.delegate is None:
        return None
    delegate = actor.delegate
    return PartyFacts(
        id=delegate.id,
        name_th=delegate.name_th,
        name_en=delegate.name_en,
        assurance=delegate.assurance,
        authenticated_at=actor.at,
        authentication_method=actor.method,
        capacity=delegate.capacity,
    )


def _external_system(event: ev.DeliveryEvent, delivery: Delivery) -> str | None:
    """The recipient's own system, where this event is something that it was told or took."""
    match event:
        case ev.ConsignmentNotification(channel=channel):
            return f"{channel} {delivery.recipient}"
        case ev.ContentHandover(kind=ev.HandoverKind.ACKNOWLEDGED):
            return f"{delivery.channel} {delivery.recipient}"
        case _:
            return None


def _document(document: Document) -> DocumentFacts:
    return DocumentFacts(
        identifier=f"{document.number}/{document.role}/{document.filename}",
        media_type=document.media_type,
        sha256=document.digest.value,
        verdict=verdict_words(document.verdict),
        report=None if document.report is None else document.report.value,
        sender_match=None if document.sender_match is None else document.sender_match.value,
        scanned_by=document.scanned_by,
    )


def verdict_words(verdict: Verdict | None) -> str:
    """A verdict as evidence spells it: indication and sub-indication."""
    if verdict is None:
        return "not-judged"
    detail = "" if verdict.sub_indication is None else f"/{verdict.sub_indication}"
    return f"{verdict.indication}{detail}"


def _of_delivery(delivery: Delivery) -> tuple[tuple[str, str], ...]:
    return (
        ("delivery", delivery.id),
        ("tracking", delivery.tracking),
        ("consignment-mode", delivery.mode),
    )


def _particulars(event: ev.DeliveryEvent) -> tuple[tuple[str, str], ...]:
    match event:
        case ev.NotificationForAcceptance() | ev.AcceptanceRejectionExpiry():
            return (("deadline", event.deadline.isoformat()),)
        case ev.ConsignmentAcceptance() | ev.ConsignmentRejection():
            return (("received-at", event.received_at.isoformat()),)
        case ev.ContentConsignment():
            return (("holding-until", event.holding_until.isoformat()),)
        case ev.ConsignmentNotification() | ev.ConsignmentNotificationFailure():
            return (("channel", event.channel),)
        case ev.NotificationForAcceptanceFailure():
            return (("channel", event.channel), ("final", "yes" if event.final else "no"))
        case ev.SignatureStatus():
            return (
                ("document", str(event.document)),
                ("checked-at", event.checked_at.isoformat()),
                ("before", event.before),
                ("before-reason", event.before_code),
                ("now", event.now),
            )
        case ev.ContentAccessTracking():
            return (("document", str(event.document)),)
        case ev.ContentHandover(kind=ev.HandoverKind.TRANSPORT_COMPLETE):
            return (
                ("handover", event.kind),
                ("meaning", "handed to the network, not confirmed by the recipient"),
            )
        case ev.ContentHandover():
            return (("handover", event.kind),)
        case _:
            return ()
