"""Deliveries against their events, evidence against its events: what is recorded of each.

Every row is looked at; the seals, which cost more than all the rest, of a sample unless all are
asked for.
"""

import random
from collections.abc import AsyncIterable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from signing.errors import ProofError
from signing.evidence_reader import EvidenceContent
from signing.log_entry import parse_evidence_entry
from signing.seal_check import Outcome, verify_seal
from signing.trust_file import TrustFile
from signing.verify.evidence import entry_of
from storage.audited import AuditedDelivery, AuditedEvidence, AuditedRefusal, AuditedReport
from tdh.audit.key_check import KeyCheck
from tdh.audit.ledger_check import LedgerComparison
from tdh.audit.log_checks import MERGE_DELAY, Heads
from tdh.audit.report import CheckName, Tally
from tdh.domain.envelope import ENVELOPE
from tdh.domain.events import SubmissionRejection
from tdh.domain.evidence import EvidenceFacts
from tdh.domain.lifecycle import FINAL
from tdh.domain.replay import Contradiction, replay, replay_refusal

SURELY = 1000
"""So many are looked at in any case; of the others fewer and fewer, as their number grows."""


class Sample:
    """Which of a stream are looked at closely: all of the first, then one in so many that came."""

    def __init__(self, *, full: bool, draw: Callable[[], float] = random.random) -> None:
        self._full, self._draw, self.seen, self.taken = full, draw, 0, 0

    def takes(self) -> bool:
        """Whether to take the next one."""
        self.seen += 1
        takes = self._full or self.seen <= SURELY or self._draw() * self.seen < SURELY
        self.taken += takes
        return takes

    def words(self) -> str:
        """What to tell of a sample; empty where all were taken."""
        return "" if self.taken == self.seen else f"a sample: {self.taken} of {self.seen}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seals:
    """How seals are looked at: whose are believed, of which evidence, by which keys."""

    trust: TrustFile
    sample: Sample
    keys: KeyCheck


async def check_states(
    deliveries: AsyncIterable[AuditedDelivery], refusals: AsyncIterable[AuditedRefusal]
) -> tuple[Tally, int]:
    """Replay every delivery and refused submission; also how many deliveries are not final."""
    tally, open_ones = Tally(name=CheckName.STATES), 0
    async for one in deliveries:
        tally.passed()
        open_ones += one.state not in FINAL
        try:
            led = replay(one.events, one.mode)
        except Contradiction as exc:
            tally.problem(f"{one.id}: {exc}")
            continue
        if led.state is not one.state:
            tally.problem(f"{one.id}: its events lead to {led.state}, its row says {one.state}")
        elif (led.sequence, led.last_event_at) != (one.sequence, one.last_event_at):
            tally.problem(f"{one.id}: number or time of its last event are not its row's")
    async for refusal in refusals:
        tally.passed()
        try:
            replay_refusal(refusal.events)
        except Contradiction as exc:
            tally.problem(f"{refusal.id}: {exc}")
    return tally, open_ones


async def check_evidence(
    evidence: AsyncIterable[AuditedEvidence],
    heads: Heads,
    looked_at: Seals,
    ledger: LedgerComparison,
) -> list[Tally]:
    """Bytes, entry and place in the log of every evidence; seals of the sample."""
    trust, sample = looked_at.trust, looked_at.sample
    digests, entries = (
        Tally(name=CheckName.EVIDENCE_DIGESTS),
        Tally(name=CheckName.EVIDENCE_ENTRIES),
    )
    seals, complete = Tally(name=CheckName.EVIDENCE_SEALS), Tally(name=CheckName.LOG_COMPLETE)
    if not trust.seal_roots:
        seals.hindered = "whose seals these are cannot be told without a trust file"
    if len(heads.times) != len(heads.sizes):
        complete.hindered = "the heads' timestamps could not all be read"
    async for one in evidence:
        digests.passed()
        if one.xml is None or sha256(one.xml).digest() != one.digest:
            digests.problem(f"{one.id}: its bytes are not those of its digest")
        _check_entry(one, entries)
        _check_place(one, heads, complete)
        if one.xml is not None and sample.takes():
            content = _check_seal(one, one.xml, looked_at, seals)
            _check_made_entry(one, one.xml, content, entries)
        ledger.row(one)
    if words := sample.words():
        seals.note(words)
    return [digests, entries, seals, complete]


async def check_reports(reports: AsyncIterable[AuditedReport]) -> Tally:
    """Bytes against the digest beside them; that one is the sealed one's by the evidence's check.

    Every evidence is compared with its rows where its seal is looked at.
    """
    tally = Tally(name=CheckName.REPORTS)
    async for one in reports:
        tally.passed()
        if not one.is_whole:
            tally.problem(f"{one.id}: the judge's report is not the one whose digest was sealed")
    return tally


def _check_entry(one: AuditedEvidence, tally: Tally) -> None:
    if one.entry is None:
        return  # a finding of its own
    tally.passed()
    try:
        entry = parse_evidence_entry(one.entry)
    except ProofError as exc:
        tally.problem(f"{one.id}: {exc}")
        return
    minute = one.time.astimezone(UTC).replace(second=0, microsecond=0)
    for what, said, is_ in (
        ("digest", entry.digest, one.digest),
        ("event", entry.event, one.event),
        ("minute", entry.time, minute),
        ("sequence", entry.sequence, one.sequence),
        ("pseudonym", entry.pseudonym, one.pseudonym or entry.pseudonym),
    ):
        if said != is_:
            tally.problem(f"{one.id}: its log entry has another {what}")


def _check_place(one: AuditedEvidence, heads: Heads, tally: Tally) -> None:
    size = heads.must_hold(one.time)
    if size is None:
        return  # no head is late enough yet
    tally.passed()
    if one.index is None or one.index >= size:
        delay = int(MERGE_DELAY.total_seconds())
        tally.problem(f"{one.id}: not in the head of size {size}, stamped over {delay} s later")


def _check_seal(
    one: AuditedEvidence, xml: bytes, looked_at: Seals, tally: Tally
) -> EvidenceContent | None:
    """The content, if the form and the seal hold."""
    tally.passed()
    verdict = verify_seal(xml, looked_at.trust.seal_roots)
    keys = looked_at.keys
    if verdict.signer is not None and keys.periods.first is not None:
        keys.sealed(one.id, verdict.signer, one.time, one.index)
    for check in (verdict.schema, verdict.seal, verdict.certificate):
        if check.outcome is Outcome.FAIL:
            tally.problem(f"{one.id}: {check.problem}")
            return None
    if verdict.content is not None:
        facts = verdict.content.facts
        said = (facts.id, facts.event, facts.sequence, facts.time, facts.pseudonym)
        is_ = (one.id, one.event, one.sequence, one.time, one.pseudonym or facts.pseudonym)
        if said != is_:
            tally.problem(f"{one.id}: the evidence says something else than its event's row")
        elif one.event == SubmissionRejection.__name__ and not _names_reports(facts, one):
            tally.problem(f"{one.id}: the evidence names other reports of the judge")
        elif one.letter is not None and not _names_letter(facts, one):
            tally.problem(f"{one.id}: the evidence names another letter or other documents")
        elif not _names_parties(facts, one):
            tally.problem(f"{one.id}: the evidence names another sender or recipient")
        elif wrong := _unlike_delivery(facts, one):
            tally.problem(f"{one.id}: the evidence has another {', '.join(wrong)}")
    return verdict.content


def _check_made_entry(
    one: AuditedEvidence, xml: bytes, content: EvidenceContent | None, tally: Tally
) -> None:
    """The entry that the evidence makes, its due date included; it has been counted."""
    if one.entry is None or content is None:
        return
    try:
        made = entry_of(xml, content)
    except ProofError as exc:
        tally.problem(f"{one.id}: it makes no log entry: {exc}")
        return
    if made != one.entry:
        tally.problem(f"{one.id}: it makes another log entry than the stored one")


def _names_letter(facts: EvidenceFacts, one: AuditedEvidence) -> bool:
    said = (facts.message, facts.letter_number, facts.submitted_at, facts.documents)
    # A letter that is not there is a finding of its own.
    number, submitted_at = one.letter_number, one.submitted_at
    is_ = (one.letter, number or said[1], submitted_at or said[2], one.documents)
    return said == is_


def _names_reports(facts: EvidenceFacts, one: AuditedEvidence) -> bool:
    named = tuple(each.report for each in facts.documents if each.report is not None)
    return named == one.refused_reports


def _names_parties(facts: EvidenceFacts, one: AuditedEvidence) -> bool:
    """Whoever the row names can read the letter: it must be whom the evidence names."""
    recipients = tuple(party.id for party in facts.recipients)
    return facts.sender.id == (one.sender or facts.sender.id) and (
        one.recipient is None or recipients == (one.recipient,)
    )


def _unlike_delivery(facts: EvidenceFacts, one: AuditedEvidence) -> list[str]:
    """What of the evidence's own particulars its delivery's row has otherwise.

    A term is only in the evidence of the events that have it; each must be the row's.
    """
    kept: dict[str, str | None] = {"delivery": one.stream, "stream": one.stream}
    if one.envelope is not None:
        kept[ENVELOPE] = one.envelope
    if one.terms is not None:
        kept |= {
            "tracking": one.terms.tracking,
            "consignment-mode": one.terms.mode,
            "deadline": _written(one.terms.acceptance_deadline),
            "holding-until": _written(one.terms.holding_until),
        }
    return [name for name, said in facts.particulars if name in kept and kept[name] != said]


def _written(moment: datetime | None) -> str | None:
    """As particulars have it."""
    return None if moment is None else moment.astimezone(UTC).isoformat()
