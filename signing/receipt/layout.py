"""What stands where on the page: from evidence, envelope and statement to the template's data.

Only sealed facts are put into words here; what is cut off for room is said to be in the attached
evidence. Pure.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from signing.evidence_reader import EvidenceContent
from signing.receipt import qr, words
from signing.receipt.envelope import ShownEnvelope
from signing.receipt.happened import happened
from signing.receipt.rows import Limits, Plain, name_of, plainly, row
from signing.receipt.shown import in_fours, masked_party, shown
from signing.receipt.statement import Statement
from signing.receipt.words import Two
from tdh.domain.evidence import DocumentFacts, EvidenceFacts, PartyFacts
from tdh.domain.thai_time import BANGKOK, iso_instant, thai_day, thai_instant

_SIDES = (Two("จาก", "From"), Two("ถึง", "To"))
_FINAL_NOTICE = "NotificationForAcceptanceFailure"


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
        sender=name_of(facts.sender, limits),
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
        "happened": list(happened(facts, limits)),
        "proof": list(_proof(sources)),
        "anchor": (anchor if statement.is_anchored else words.ONLY_OPERATOR).plain(),
        "how": words.HOW_TO_VERIFY.of(page=verify).plain(),
        "proves": words.PROVES.plain(),
        "proves_not": limit.plain(),
    }


def _recipients_in_words(recipients: Sequence[PartyFacts], limits: Limits) -> Two:
    first = name_of(recipients[0], limits)
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
                "name": name_of(party, limits).plain(),
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


def _letter(sources: Sources, limits: Limits) -> Iterator[Plain]:
    facts, envelope = sources.content.facts, sources.envelope
    number = plainly(shown(facts.letter_number, limits.name))
    if envelope is None:
        yield row(Two("หนังสือที่", "Letter no."), number)
        return
    dated = Two(f"{number.th}  ลงวันที่ {thai_day(envelope.day)}", envelope.day.isoformat())
    yield row(Two("หนังสือที่ ลงวันที่", "Letter no., date"), dated)
    yield row(Two("เรื่อง", "Subject"), plainly(shown(envelope.subject, limits.long)))
    yield row(Two("เรียน", "Addressed to"), plainly(shown(envelope.salutation, limits.name)))


def _proof(sources: Sources) -> Iterator[Plain]:
    issuer, statement = sources.content.issuer, sources.statement
    yield row(
        Two("ค่าแฮชของหลักฐาน", "SHA-256"),
        plainly(in_fours(sources.digest)),
        mono=True,
    )
    certificate = hashlib.sha256(issuer.certificate).digest()
    yield row(Two("ใบรับรองตราประทับ", "seal certificate"), plainly(in_fours(certificate)), mono=True)
    yield row(Two("รากของตราประทับ", "seal root"), plainly(in_fours(statement.seal_root)), mono=True)
    place = Two(
        f"ลำดับที่ {sources.index} (นับจาก 0) จากทั้งหมด {sources.size} ใน {shown(issuer.origin, 80)}",
        f"number {sources.index}, from 0, of {sources.size} in the public log",
    )
    yield row(Two("สมุดบันทึกสาธารณะ", "Public log"), place)
    times = [
        Two(f"{what.th} {thai_instant(time)}", f"{what.en}, {iso_instant(time)}")
        for what, time in (
            (Two("หัวสมุดบันทึก", "log head"), statement.stamped_at),
            (Two("ระเบียนเก็บรักษา", "archive"), statement.recorded_at),
        )
        if time is not None
    ]
    if times:
        yield row(Two("ตราประทับเวลา", "Timestamps"), *times)
    if statement.provable_until is not None:
        until = Two(
            f"{thai_day(statement.provable_until.astimezone(BANGKOK).date())} หากไม่ต่ออายุ",
            f"{iso_instant(statement.provable_until)}, unless renewed",
        )
        yield row(Two("พิสูจน์ได้ถึง", "Provable until"), until)
