"""One evidence: its form and seal, then the log that should hold it.

The steps, as the results are ordered:
(1) the form, the seal and the certificate (`signing.seal_check`), at the time of the event;
(2) the log's entry is made again from the evidence, and compared with the proof's; so is the
envelope's digest where the envelope is there; (3) the head in the proof holds that entry; (4) a
trusted log, the one that the evidence names, signed the head; (5) outsiders anchored it; (6) tokens
say when the head was there, and the archive record when the evidence was; (7) the event can be that
number of its delivery.
Never reads a file, and uses nothing from the evidence as an anchor.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509

from signing.errors import ProofError
from signing.evidence_reader import EvidenceContent
from signing.log_entry import LogEntryError, evidence_entry, parse_evidence_entry
from signing.seal_check import Check, Outcome, SealVerdict, verify_seal
from signing.tlog_proof import TlogProof
from signing.verify import time_words, words
from signing.verify.certificate import check_certificate
from signing.verify.head import check_anchor, check_inclusion, check_signature, check_timestamps
from signing.verify.record import check_record
from signing.verify.report import CheckId, CheckLine, Text
from signing.verify.terms import Terms
from signing.verify.voices import Voices, Vouched, hear

_ENVELOPE = "envelope"
"""The particular of an evidence that holds the SHA-256 of its letter's envelope, in hex."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What lies beside an evidence."""

    proof: bytes | None
    proof_name: str
    """How the proof is, or would be, called."""
    tokens: Sequence[bytes] = ()
    """Any timestamps; those over other data are passed over."""
    record: bytes | None = None
    """RFC 4998 evidence record of this evidence."""
    envelope: bytes | None = None
    """The bytes of `envelope.json`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExaminedEvidence:
    """One evidence after steps (1) to (6); `signing.verify.sequence` adds the last line."""

    lines: tuple[CheckLine, ...]
    content: EvidenceContent | None
    """Set where the form and the seal hold: what may be compared with other evidence."""
    digest: bytes
    signer: x509.Certificate | None = None
    """Whose seal holds over it."""
    proven: "ProvenEntry | None" = None
    """Set where a trusted head holds the entry: what may be compared with other heads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenEntry:
    """An entry and the proof that shows it under a trusted head."""

    proof: TlogProof
    entry: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ExaminedContainer:
    """A bundle or a receipt, and the evidences inside: they may be compared with other files."""

    lines: tuple[CheckLine, ...]
    evidences: tuple[ExaminedEvidence, ...] = ()


def examine(xml: bytes, beside: Beside, terms: Terms) -> ExaminedEvidence:
    """Check one evidence. Never raises for what is wrong with it."""
    verdict = verify_seal(xml, terms.trust.seal_roots)  # (1)
    log = _check_log(xml, verdict.content, beside, terms)
    stamped, vouched = log.timestamps, log.vouched
    if beside.record is not None:
        event_time = None if verdict.content is None else verdict.content.facts.time
        record = check_record(beside.record, xml, terms, event_time)
        vouched = (*vouched, *record.vouched)
        missing = time_words.TIMESTAMP_NONE  # of the head: the record says more than that
        stamped = (*(line for line in stamped if line.text != missing), record.line)
    lines = (
        _line(CheckId.SCHEMA, verdict.schema, words.SCHEMA_HOLDS, words.SCHEMA_BROKEN),
        _seal(verdict),
        check_certificate(verdict, terms, vouched),
        *log.lines[:1],
        *_envelope(verdict.content, beside.envelope),
        *log.lines[1:],
        *stamped,
    )
    sealed = verdict.seal.outcome is Outcome.PASS
    return ExaminedEvidence(
        lines=lines,
        content=verdict.content if sealed else None,
        digest=hashlib.sha256(xml).digest(),
        signer=verdict.signer if sealed else None,
        proven=log.proven,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _LogFindings:
    """Steps (2) to (6)."""

    lines: tuple[CheckLine, ...]
    timestamps: tuple[CheckLine, ...]
    vouched: tuple[Vouched, ...] = ()
    """Who says that the evidence existed, because its head did."""
    proven: ProvenEntry | None = None


def _check_log(
    xml: bytes, content: EvidenceContent | None, beside: Beside, terms: Terms
) -> _LogFindings:
    if beside.proof is None:
        return _without_proof(words.NO_PROOF.of(name=beside.proof_name), terms)
    try:
        proof = TlogProof.parse(beside.proof)
    except ProofError as exc:
        return _without_proof(words.PROOF_BROKEN.of(why=exc), terms, inclusion=Outcome.FAIL)
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
    note, event_time = proof.checkpoint_note, None if content is None else content.facts.time
    voices = hear(note, beside.tokens, terms)
    origin = None if content is None else content.issuer.origin
    signature = check_signature(note, terms, voices, origin)  # (4)
    anchor = check_anchor(note, terms, voices, event_time)  # (5)
    held = inclusion.outcome is Outcome.PASS
    trusted = entry is not None and held and signature.outcome is Outcome.PASS
    return _LogFindings(
        lines=(_digest(xml, entry, proof), inclusion, signature, anchor),  # (2)
        timestamps=check_timestamps(voices, event_time),  # (6)
        vouched=voices.vouched(terms) if held else (),
        proven=ProvenEntry(proof=proof, entry=entry) if trusted and entry is not None else None,
    )


def _without_proof(
    text: Text, terms: Terms, *, inclusion: Outcome = Outcome.UNKNOWN
) -> _LogFindings:
    nobody = Voices()
    lines = (
        CheckLine(id=CheckId.DIGEST, outcome=Outcome.UNKNOWN, text=text),
        CheckLine(id=CheckId.INCLUSION, outcome=inclusion, text=text),
        CheckLine(id=CheckId.CHECKPOINT, outcome=Outcome.UNKNOWN, text=text),
        check_anchor(None, terms, nobody, None),
    )
    return _LogFindings(lines=lines, timestamps=check_timestamps(nobody, None))


def _envelope(content: EvidenceContent | None, envelope: bytes | None) -> tuple[CheckLine, ...]:
    """Whether the envelope that is there is the sealed one; nothing where either is missing."""
    if content is None or envelope is None:
        return ()
    sealed = dict(content.facts.particulars).get(_ENVELOPE)
    if sealed is None:
        return ()
    outcome, text = Outcome.PASS, words.ENVELOPE_HOLDS
    if sealed != hashlib.sha256(envelope).hexdigest():
        outcome, text = Outcome.FAIL, words.ENVELOPE_OTHER
    return (CheckLine(id=CheckId.DIGEST, outcome=outcome, text=text),)


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


def _line(id_: CheckId, check: Check, good: Text, bad: Text) -> CheckLine:
    text = good if check.outcome is Outcome.PASS else bad.of(why=check.problem)
    return CheckLine(id=id_, outcome=check.outcome, text=text)
