"""What stands where on the page: from evidence, envelope and statement to the template's data.

Only sealed facts are put into words here; what is cut off for room is said to be in the attached
evidence. Pure.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from signing.evidence_reader import EvidenceContent
from signing.receipt import qr, words
from signing.receipt.envelope import ShownEnvelope
from signing.receipt.shown import in_fours, masked_party, shown
from signing.receipt.statement import Statement
from signing.receipt.thai_time import BANGKOK, iso_instant, thai_day, thai_instant
from signing.receipt.words import Two
from tdh.domain.events import EventReason
from tdh.domain.evidence import DocumentFacts, EvidenceFacts, PartyFacts

Plain = dict[str, Any]
_SIDES = (Two("จาก", "From"), Two("ถึง", "To"))
_FINAL_NOTICE = "NotificationForAcceptanceFailure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of it a page has room for."""

    documents: int
    recipients: int
    name: int
    """Characters of a name."""
    long: int
    """Characters of a subject, or of somebody's own words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What a page is made from."""

    content: EvidenceContent
    digest: bytes
    """SHA-256 of the sealed evidence."""
    index: int
    size: int
    statement: Statement
    envelope: ShownEnvelope | None


def has_page(facts: EvidenceFacts) -> bool:
    """Whether this event has a receipt."""
    if facts.event == _FINAL_NOTICE and dict(facts.particulars).get("final") != "yes":
        return False
    return facts.event in words.PAGES


def layout(sources: Sources, limits: Limits) -> Plain:
    """The template's data, without the attached files."""
    facts, issuer, statement = sources.content.facts, sources.content.issuer, sources.statement
    page = words.PAGES[facts.event]
    name_of_issuer = Two(shown(issuer.name_th, limits.name), shown(issuer.name_en, limits.name))
    sentence = page.sentence.of(
        issuer=name_of_issuer,
        sender=_name(facts.sender, limits),
        recipient=_recipients_in_words(facts.recipients, limits),
        time=Two(f"วันที่ {thai_instant(facts.time)}", iso_instant(facts.time)),
    )
    local = facts.time.astimezone(BANGKOK)
    fragment = qr.Fragment(index=sources.index, digest=sources.digest)
    verify = f"{statement.public_url}/verify"
    limit = Two(words.PROVES_NOT.th + page.limit.th, words.PROVES_NOT.en + page.limit.en)
    anchor = Two(shown(statement.anchor_th, 300), shown(statement.anchor_en, 300))
    hidden = len(facts.documents) - limits.documents
    return {
        "negative": page.is_negative,
        "anchored": statement.is_anchored,
        "title": page.title.plain(),
        "event": facts.event,
        "number": facts.id,
        "edition": statement.edition,
        "tracking": dict(facts.particulars).get("tracking", ""),
        "issuer": name_of_issuer.plain(),
        "day": {"year": local.year, "month": local.month, "day": local.day},
        "qr": list(qr.picture(qr.address(statement.public_url, fragment))),
        "qr_alt": f"QR {verify}#{fragment.text()}",
        "sentence": sentence.plain(),
        "sender": _side(_SIDES[0], [facts.sender], limits),
        "recipient": _side(_SIDES[1], facts.recipients, limits),
        "letter": list(_letter(sources, limits)),
        "documents": [_document(one, limits) for one in facts.documents[: limits.documents]],
        "more_documents": _more(words.MORE_DOCUMENTS, hidden),
        "happened": list(_happened(facts, limits)),
        "proof": list(_proof(sources)),
        "anchor": (anchor if statement.is_anchored else words.ONLY_OPERATOR).plain(),
        "how": words.HOW_TO_VERIFY.of(page=verify).plain(),
        "proves": words.PROVES.plain(),
        "proves_not": limit.plain(),
    }


def _name(party: PartyFacts, limits: Limits) -> Two:
    return Two(shown(party.name_th, limits.name), shown(party.name_en, limits.name))


def _recipients_in_words(recipients: Sequence[PartyFacts], limits: Limits) -> Two:
    first = _name(recipients[0], limits)
    if len(recipients) == 1:
        return first
    more = words.MORE_PARTIES.of(n=str(len(recipients) - 1))
    return Two(f"{first.th} {more.th}", f"{first.en} {more.en}")


def _more(text: Two, count: int) -> Plain:
    return text.of(n=str(count)).plain() if count > 0 else Two("", "").plain()


def _side(label: Two, parties: Sequence[PartyFacts], limits: Limits) -> Plain:
    return {
        "label": label.plain(),
        "parties": [
            {
                "name": _name(party, limits).plain(),
                "id": masked_party(party.id),
                "level": words.LEVELS[party.assurance].plain(),
            }
            for party in parties[: limits.recipients]
        ],
        "more": _more(words.MORE_PARTIES, len(parties) - limits.recipients),
    }


def _document(document: DocumentFacts, limits: Limits) -> Plain:
    number, _, rest = document.identifier.partition("/")
    role, _, name = rest.partition("/")
    indication, _, detail = document.verdict.partition("/")
    verdict = words.VERDICTS.get(indication, Two(shown(indication, 40), shown(indication, 40)))
    english = f"{verdict.en} ({detail})" if detail else verdict.en
    return {
        "number": shown(number, 6),
        "role": words.ROLES.get(role, Two(shown(role, 20), "")).plain(),
        "name": shown(name, limits.name),
        "digest": in_fours(document.sha256),
        "verdict": Two(verdict.th, shown(english, 60)).plain(),
    }


def _row(label: Two, *lines: Two, mono: bool = False) -> Plain:
    kind = "mono" if mono else "text"
    return {"label": label.plain(), "lines": [each.plain() | {"kind": kind} for each in lines]}


def _plainly(text: str) -> Two:
    return Two(text, "")


def _instant(time: datetime) -> Two:
    return Two(thai_instant(time), iso_instant(time))


def _letter(sources: Sources, limits: Limits) -> Iterator[Plain]:
    facts, envelope = sources.content.facts, sources.envelope
    number = _plainly(shown(facts.letter_number, limits.name))
    if envelope is None:
        yield _row(Two("หนังสือที่", "Letter no."), number)
        return
    dated = Two(f"{number.th}  ลงวันที่ {thai_day(envelope.day)}", envelope.day.isoformat())
    yield _row(Two("หนังสือที่ ลงวันที่", "Letter no., date"), dated)
    yield _row(Two("เรื่อง", "Subject"), _plainly(shown(envelope.subject, limits.long)))
    yield _row(Two("เรียน", "Addressed to"), _plainly(shown(envelope.salutation, limits.name)))


def _happened(facts: EvidenceFacts, limits: Limits) -> Iterator[Plain]:
    yield _row(Two("เวลาของเหตุการณ์", "Time of the event"), _instant(facts.time))
    if facts.submitted_at != facts.time:
        yield _row(Two("รับฝากเมื่อ", "Submitted"), _instant(facts.submitted_at))
    acted = tuple(_acted(facts, limits))
    if acted:
        yield _row(Two("ผู้ทำรายการ", "Who acted"), *acted)
    particulars = dict(facts.particulars)
    for name, label in words.DATES.items():
        if name in particulars:
            yield _row(label, _instant(datetime.fromisoformat(particulars[name])))
    if facts.due is not None:
        due = Two(f"ภายในวันที่ {thai_day(facts.due)}", f"by {facts.due.isoformat()} (UTC)")
        yield _row(Two("ผลสุดท้าย", "Final state due"), due)
    if "handover" in particulars:
        kind = particulars["handover"]
        handover = words.HANDOVERS.get(kind, _plainly(shown(kind, 60)))
        yield _row(Two("ลักษณะการส่งมอบ", "Handover"), handover)
    mode = particulars.get("consignment-mode", "")
    if mode:
        policy = shown(facts.policy, 80)
        said = words.MODES.get(mode, _plainly(shown(mode, 40)))
        terms = Two(said.th, f"{said.en} · {policy}")
        yield _row(Two("เงื่อนไขการนำจ่าย", "Terms, policy"), terms)
    for reason in facts.reasons[:3]:
        yield _row(Two("เหตุผล", "Reason"), *_reason(reason, limits))
    if len(facts.reasons) > 3:  # noqa: PLR2004 - what there is room for
        more = words.MORE_PARTIES.of(n=str(len(facts.reasons) - 3))
        yield _row(Two("เหตุผล", "Reason"), more)


def _acted(facts: EvidenceFacts, limits: Limits) -> Iterator[Two]:
    for delegate, party in (
        (facts.sender_delegate, facts.sender),
        (facts.recipient_delegate, facts.recipients[0]),
    ):
        if delegate is not None:
            capacity = words.CAPACITIES.get(delegate.capacity or "")
            said = words.ON_BEHALF.of(
                name=_name(delegate, limits),
                capacity=capacity or shown(delegate.capacity or "", 30),
                party=_name(party, limits),
            )
            yield from _authenticated(delegate, said)
    for one in (facts.sender, *facts.recipients):
        yield from _authenticated(one, _name(one, limits))


def _authenticated(party: PartyFacts, name: Two) -> Iterator[Two]:
    """How and how surely, where it is the one that acted."""
    if party.authenticated_at is None:
        return
    level, method = words.LEVELS[party.assurance], party.authentication_method or ""
    by = words.METHODS.get(method, Two(shown(method, 40), shown(method, 40)))
    yield Two(
        f"{name.th} ยืนยันตัวตนด้วย{by.th} {level.th}",
        f"{name.en}, by {by.en}, {level.en}, {iso_instant(party.authenticated_at)}",
    )


def _reason(reason: EventReason, limits: Limits) -> Iterator[Two]:
    """Words and code. Details are Thai, English and more, or one in somebody's own words."""
    code = shown(reason.code, 60)
    known = words.REASONS.get(reason.code)
    if known is not None:
        yield Two(known.th, f"{known.en} · {code}")
        yield from (_plainly(f"“{shown(one, limits.long)}”") for one in reason.details[:1])
    elif len(reason.details) > 1:
        thai, english = (shown(one, limits.long) for one in reason.details[:2])
        yield Two(thai, f"{english} · {code}")
    else:
        yield _plainly(code)
        yield from (_plainly(f"“{shown(one, limits.long)}”") for one in reason.details)


def _proof(sources: Sources) -> Iterator[Plain]:
    issuer, statement = sources.content.issuer, sources.statement
    yield _row(
        Two("ค่าแฮชของหลักฐาน", "SHA-256"),
        _plainly(in_fours(sources.digest)),
        mono=True,
    )
    certificate = hashlib.sha256(issuer.certificate).digest()
    yield _row(
        Two("ใบรับรองตราประทับ", "seal certificate"), _plainly(in_fours(certificate)), mono=True
    )
    place = Two(
        f"รายการที่ {sources.index} จาก {sources.size} ใน {shown(issuer.origin, 80)}",
        f"entry {sources.index} of {sources.size} in the public log",
    )
    yield _row(Two("สมุดบันทึกสาธารณะ", "Public log"), place)
    times = [
        Two(f"{what.th} {thai_instant(time)}", f"{what.en}, {iso_instant(time)}")
        for what, time in (
            (Two("หัวสมุดบันทึก", "log head"), statement.stamped_at),
            (Two("ระเบียนเก็บรักษา", "archive"), statement.recorded_at),
        )
        if time is not None
    ]
    if times:
        yield _row(Two("ตราประทับเวลา", "Timestamps"), *times)
    if statement.provable_until is not None:
        until = Two(
            f"{thai_day(statement.provable_until.astimezone(BANGKOK).date())} หากไม่ต่ออายุ",
            f"{iso_instant(statement.provable_until)}, unless renewed",
        )
        yield _row(Two("พิสูจน์ได้ถึง", "Provable until"), until)
