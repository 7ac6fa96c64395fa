"""`EvidenceFacts` as JSON on the sealer's socket, both ways.

It says nothing of whether the facts are good: that is for the evidence, item by item.
"""

from datetime import datetime

from signing.sealer import strict_json as sj
from signing.sealer.errors import FrameError
from tdh.domain.events import EventReason
from tdh.domain.evidence import DocumentFacts, EvidenceFacts, PartyFacts
from tdh.domain.identifiers import EvidenceId, LetterId, PartyId, Pseudonym
from tdh.domain.parties import AssuranceLevel

_FACTS = (
    "id",
    "event",
    "time",
    "pseudonym",
    "sequence",
    "due",
    "policy",
    "reasons",
    "sender",
    "recipients",
    "submitted_at",
    "message",
    "letter_number",
    "documents",
    "particulars",
    "sender_delegate",
    "recipient_delegate",
    "external_system",
)
_PARTY = (
    "id",
    "name_th",
    "name_en",
    "assurance",
    "authenticated_at",
    "authentication_method",
    "capacity",
)
_DOCUMENT = (
    "identifier",
    "media_type",
    "sha256",
    "verdict",
    "report",
    "sender_match",
    "scanned_by",
)


def encode_facts(facts: EvidenceFacts) -> bytes:
    """The facts as one JSON object."""
    return sj.dump(
        {
            "id": facts.id,
            "event": facts.event,
            "time": facts.time.isoformat(),
            "pseudonym": facts.pseudonym,
            "sequence": facts.sequence,
            "due": None if facts.due is None else facts.due.isoformat(),
            "policy": facts.policy,
            "reasons": [[reason.code, *reason.details] for reason in facts.reasons],
            "sender": _party(facts.sender),
            "recipients": [_party(party) for party in facts.recipients],
            "submitted_at": facts.submitted_at.isoformat(),
            "message": facts.message,
            "letter_number": facts.letter_number,
            "documents": [_document(document) for document in facts.documents],
            "particulars": facts.particulars,
            "sender_delegate": _maybe_party(facts.sender_delegate),
            "recipient_delegate": _maybe_party(facts.recipient_delegate),
            "external_system": facts.external_system,
        }
    )


def decode_facts(value: object) -> EvidenceFacts:
    """The inverse, from parsed JSON. Raises FrameError."""
    found = sj.fields(value, *_FACTS)
    return EvidenceFacts(
        id=EvidenceId(sj.text(found["id"])),
        event=sj.text(found["event"]),
        time=sj.instant(found["time"]),
        pseudonym=Pseudonym(sj.text(found["pseudonym"])),
        sequence=sj.number(found["sequence"]),
        due=sj.maybe(found["due"], sj.day),
        policy=sj.text(found["policy"]),
        reasons=sj.items(found["reasons"], _read_reason),
        sender=_read_party(found["sender"]),
        recipients=sj.items(found["recipients"], _read_party),
        submitted_at=sj.instant(found["submitted_at"]),
        message=LetterId(sj.text(found["message"])),
        letter_number=sj.text(found["letter_number"]),
        documents=sj.items(found["documents"], _read_document),
        particulars=sj.items(found["particulars"], _read_particular),
        sender_delegate=sj.maybe(found["sender_delegate"], _read_party),
        recipient_delegate=sj.maybe(found["recipient_delegate"], _read_party),
        external_system=sj.maybe(found["external_system"], sj.text),
    )


def _party(party: PartyFacts) -> sj.Fields:
    return {
        "id": party.id,
        "name_th": party.name_th,
        "name_en": party.name_en,
        "assurance": party.assurance,
        "authenticated_at": _maybe_instant(party.authenticated_at),
        "authentication_method": party.authentication_method,
        "capacity": party.capacity,
    }


def _maybe_party(party: PartyFacts | None) -> sj.Fields | None:
    return None if party is None else _party(party)


def _document(document: DocumentFacts) -> sj.Fields:
    return {
        "identifier": document.identifier,
        "media_type": document.media_type,
        "sha256": document.sha256.hex(),
        "verdict": document.verdict,
        "report": None if document.report is None else document.report.hex(),
        "sender_match": document.sender_match,
        "scanned_by": document.scanned_by,
    }


def _maybe_instant(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _read_reason(value: object) -> EventReason:
    code, *details = sj.items(value, sj.text) or ("",)
    return EventReason(code=code, details=tuple(details))


def _read_party(value: object) -> PartyFacts:
    found = sj.fields(value, *_PARTY)
    try:
        assurance = AssuranceLevel(sj.text(found["assurance"]))
    except ValueError as exc:
        raise FrameError("not an assurance level") from exc
    return PartyFacts(
        id=PartyId(sj.text(found["id"])),
        name_th=sj.text(found["name_th"]),
        name_en=sj.text(found["name_en"]),
        assurance=assurance,
        authenticated_at=sj.maybe(found["authenticated_at"], sj.instant),
        authentication_method=sj.maybe(found["authentication_method"], sj.text),
        capacity=sj.maybe(found["capacity"], sj.text),
    )


def _read_document(value: object) -> DocumentFacts:
    found = sj.fields(value, *_DOCUMENT)
    return DocumentFacts(
        identifier=sj.text(found["identifier"]),
        media_type=sj.text(found["media_type"]),
        sha256=sj.hexadecimal(found["sha256"]),
        verdict=sj.text(found["verdict"]),
        report=sj.maybe(found["report"], sj.hexadecimal),
        sender_match=sj.maybe(found["sender_match"], sj.text),
        scanned_by=sj.maybe(found["scanned_by"], sj.text),
    )


def _read_particular(value: object) -> tuple[str, str]:
    pair = sj.items(value, sj.text)
    if len(pair) != 2:  # noqa: PLR2004 - a name and a value
        raise FrameError("not a name and a value")
    return pair[0], pair[1]
