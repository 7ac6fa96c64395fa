"""One evidence: its form and seal, then the log that should hold it.

The steps, as the results are ordered:
(1) the form, the seal and the certificate (`signing.seal_check`), at the time of the event;
(2) the log's entry is made again from the evidence, and compared with the proof's;
(3) the head in the proof holds that entry; (4) a trusted log, the one that the evidence names,
signed the head; (5) somebody outside anchored it; (6) a token says when the head was there;
(7) the event can be that number of its delivery.
Never reads a file, and uses nothing from the evidence as an anchor.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from signing.errors import ProofError
from signing.evidence_reader import EvidenceContent
from signing.log_entry import LogEntryError, evidence_entry, parse_evidence_entry
from signing.seal_check import Check, Outcome, SealVerdict, verify_seal
from signing.tlog_proof import TlogProof
from signing.verify import words
from signing.verify.head import (
    Terms,
    check_anchor,
    check_inclusion,
    check_signature,
    check_timestamp,
)
from signing.verify.report import CheckId, CheckLine, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What lies beside an evidence."""

    proof: bytes | None
    proof_name: str
    """How the proof is, or would be, called."""
    tokens: Sequence[bytes] = ()
    """Any timestamps; those over other data are passed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExaminedEvidence:
    """One evidence after steps (1) to (6); `signing.verify.sequence` adds the last line."""

    lines: tuple[CheckLine, ...]
    content: EvidenceContent | None
    """Set where the form and the seal hold: what may be compared with other evidence."""
    digest: bytes


def examine(xml: bytes, beside: Beside, terms: Terms) -> ExaminedEvidence:
    """Check one evidence. Never raises for what is wrong with it."""
    verdict = verify_seal(xml, terms.trust.seal_roots)  # (1)
    log, proven = _check_log(xml, verdict.content, beside, terms)
    lines = (
        _line(CheckId.SCHEMA, verdict.schema, words.SCHEMA_HOLDS, words.SCHEMA_BROKEN),
        _seal(verdict),
        _certificate(xml, verdict, terms, proven),
        *log,
    )
    sealed = verdict.seal.outcome is Outcome.PASS
    return ExaminedEvidence(
        lines=lines,
        content=verdict.content if sealed else None,
        digest=hashlib.sha256(xml).digest(),
    )


def entry_of(xml: bytes, content: EvidenceContent) -> bytes:
    """The entry of the log that this evidence makes. Raises LogEntryError."""
    facts = content.facts
    return evidence_entry(
        event=facts.event,
        time=facts.time,
        pseudonym=facts.pseudonym,
        sequence=facts.sequence,
        due=facts.due,
        digest=hashlib.sha256(xml).digest(),
    )


def _check_log(
    xml: bytes, content: EvidenceContent | None, beside: Beside, terms: Terms
) -> tuple[tuple[CheckLine, ...], datetime | None]:
    """Steps (2) to (6), and since when the evidence provably exists."""
    if beside.proof is None:
        return _without_proof(words.NO_PROOF.of(name=beside.proof_name), terms), None
    try:
        proof = TlogProof.parse(beside.proof)
    except ProofError as exc:
        text = words.PROOF_BROKEN.of(why=exc)
        return _without_proof(text, terms, inclusion=Outcome.FAIL), None
    entry = None
    if content is not None:
        try:
            entry = entry_of(xml, content)
        except LogEntryError:
            entry = None  # an evidence that makes no entry: the next two checks say so
    inclusion = CheckLine(
        id=CheckId.INCLUSION, outcome=Outcome.UNKNOWN, text=words.INCLUSION_UNREAD
    )
    if entry is not None:
        inclusion = check_inclusion(proof, entry)  # (3)
    event_time = None if content is None else content.facts.time
    stamped, proven = check_timestamp(proof, beside.tokens, terms, event_time)  # (6)
    lines = (
        _digest(xml, entry, proof),  # (2)
        inclusion,
        check_signature(proof, terms, None if content is None else content.issuer.origin),  # (4)
        check_anchor(terms),  # (5)
        stamped,
    )
    return lines, proven if inclusion.outcome is Outcome.PASS else None


def _without_proof(
    text: Text, terms: Terms, *, inclusion: Outcome = Outcome.UNKNOWN
) -> tuple[CheckLine, ...]:
    return (
        CheckLine(id=CheckId.DIGEST, outcome=Outcome.UNKNOWN, text=text),
        CheckLine(id=CheckId.INCLUSION, outcome=inclusion, text=text),
        CheckLine(id=CheckId.CHECKPOINT, outcome=Outcome.UNKNOWN, text=text),
        check_anchor(terms),
        CheckLine(
            id=CheckId.TIMESTAMP, outcome=Outcome.UNKNOWN, text=words.TIMESTAMP_NONE, needed=False
        ),
    )


def _digest(xml: bytes, entry: bytes | None, proof: TlogProof) -> CheckLine:
    """Step (2). Where the evidence cannot be read, its bytes still have a digest."""
    outcome, text = Outcome.FAIL, words.DIGEST_OTHER_ENTRY
    if proof.extra is None:
        outcome, text = Outcome.UNKNOWN, words.DIGEST_NO_ENTRY
    elif entry == proof.extra:
        outcome, text = Outcome.PASS, words.DIGEST_HOLDS
    else:
        try:
            named = parse_evidence_entry(proof.extra).digest
        except LogEntryError:
            named = None
        if named is not None and named != hashlib.sha256(xml).digest():
            text = words.DIGEST_OTHER_BYTES
        elif named is not None and entry is None:
            outcome, text = Outcome.UNKNOWN, words.DIGEST_UNREAD
    return CheckLine(id=CheckId.DIGEST, outcome=outcome, text=text)


def _seal(verdict: SealVerdict) -> CheckLine:
    if verdict.schema.outcome is not Outcome.PASS:
        return CheckLine(id=CheckId.SEAL, outcome=Outcome.UNKNOWN, text=words.SEAL_UNREAD)
    return _line(CheckId.SEAL, verdict.seal, words.SEAL_HOLDS, words.SEAL_BROKEN)


def _certificate(
    xml: bytes, verdict: SealVerdict, terms: Terms, proven: datetime | None
) -> CheckLine:
    """The certificate at the time of the event, and what its end since then means.

    Whoever has the key of an ended certificate can seal with any date. So an ended one counts only
    where a trusted token shows that the evidence was in the log before.
    """
    outcome, text = verdict.certificate.outcome, words.CERTIFICATE_HOLDS
    if outcome is Outcome.FAIL:
        text = words.CERTIFICATE_BROKEN.of(why=verdict.certificate.problem)
    elif verdict.content is None or verdict.seal.outcome is not Outcome.PASS:
        text = words.CERTIFICATE_NO_SEAL
    elif outcome is Outcome.UNKNOWN:
        text = words.CERTIFICATE_NO_ROOTS
    elif verdict.content.facts.time > terms.at:
        outcome, text = Outcome.UNKNOWN, words.CERTIFICATE_FUTURE
    elif not _valid_at(xml, terms, terms.at):
        outcome, text = Outcome.UNKNOWN, words.CERTIFICATE_ENDED
        if proven is not None and _valid_at(xml, terms, proven):
            time = proven.astimezone(UTC).isoformat()
            outcome, text = Outcome.PASS, words.CERTIFICATE_PROVEN.of(time=time)
    return CheckLine(id=CheckId.CERTIFICATE, outcome=outcome, text=text)


def _valid_at(xml: bytes, terms: Terms, at: datetime) -> bool:
    verdict = verify_seal(xml, terms.trust.seal_roots, at=at)
    return verdict.certificate.outcome is Outcome.PASS


def _line(id_: CheckId, check: Check, good: Text, bad: Text) -> CheckLine:
    text = good if check.outcome is Outcome.PASS else bad.of(why=check.problem)
    return CheckLine(id=id_, outcome=check.outcome, text=text)
