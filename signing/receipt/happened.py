"""What happened, in rows: when, who acted and how surely, terms, and why. Pure."""

from collections.abc import Iterator
from datetime import datetime

from signing.receipt import words
from signing.receipt.rows import Limits, Plain, instant, name_of, plainly, row
from signing.receipt.shown import shown
from signing.receipt.words import Two
from tdh.domain.events import EventReason
from tdh.domain.evidence import EvidenceFacts, PartyFacts
from tdh.domain.thai_time import iso_instant, thai_day


def happened(facts: EvidenceFacts, limits: Limits) -> Iterator[Plain]:
    """All rows of one event."""
    yield row(Two("เวลาของเหตุการณ์", "Time of the event"), instant(facts.time))
    if facts.submitted_at != facts.time:
        yield row(Two("รับฝากเมื่อ", "Submitted"), instant(facts.submitted_at))
    acted = tuple(_acted(facts, limits))
    if acted:
        yield row(Two("ผู้ทำรายการ", "Who acted"), *acted)
    particulars = dict(facts.particulars)
    for name, label in words.DATES.items():
        if name in particulars:
            yield row(label, instant(datetime.fromisoformat(particulars[name])))
    if facts.due is not None:
        due = Two(f"ภายในวันที่ {thai_day(facts.due)}", f"by {facts.due.isoformat()} (UTC)")
        yield row(Two("ผลสุดท้าย", "Final state due"), due)
    if "handover" in particulars:
        kind = particulars["handover"]
        handover = words.HANDOVERS.get(kind, plainly(shown(kind, 60)))
        yield row(Two("ลักษณะการส่งมอบ", "Handover"), handover)
    mode = particulars.get("consignment-mode", "")
    if mode:
        policy = shown(facts.policy, 80)
        said = words.MODES.get(mode, plainly(shown(mode, 40)))
        terms = Two(said.th, f"{said.en} · {policy}")
        yield row(Two("เงื่อนไขการนำจ่าย", "Terms, policy"), terms)
    for reason in facts.reasons[:3]:
        yield row(Two("เหตุผล", "Reason"), *_reason(reason, limits))
    if len(facts.reasons) > 3:  # noqa: PLR2004 - what there is room for
        more = words.MORE_PARTIES.of(n=str(len(facts.reasons) - 3))
        yield row(Two("เหตุผล", "Reason"), more)


def _acted(facts: EvidenceFacts, limits: Limits) -> Iterator[Two]:
    for delegate, party in (
        (facts.sender_delegate, facts.sender),
        (facts.recipient_delegate, facts.recipients[0]),
    ):
        if delegate is not None:
            capacity = words.CAPACITIES.get(delegate.capacity or "")
            said = words.ON_BEHALF.of(
                name=name_of(delegate, limits),
                capacity=capacity or shown(delegate.capacity or "", 30),
                party=name_of(party, limits),
            )
            yield from _authenticated(delegate, said)
    for one in (facts.sender, *facts.recipients):
        yield from _authenticated(one, name_of(one, limits))


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
        yield from (plainly(f"“{shown(one, limits.long)}”") for one in reason.details[:1])
    elif len(reason.details) > 1:
        thai, english = (shown(one, limits.long) for one in reason.details[:2])
        yield Two(thai, f"{english} · {code}")
    else:
        yield plainly(code)
        yield from (plainly(f"“{shown(one, limits.long)}”") for one in reason.details)
