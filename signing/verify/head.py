"""The head of the log inside a proof: who signed it, what it holds, who says when it was there."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from signing import cms, merkle, timestamps
from signing.checkpoint import Checkpoint, open_note
from signing.errors import ProofError
from signing.seal_check import Outcome
from signing.tlog_proof import TlogProof
from signing.trust_file import TrustFile
from signing.tst_info import TST_INFO, TimestampError, TstInfo
from signing.verify import words
from signing.verify.report import CheckId, CheckLine, Text

CLOCK_TOLERANCE = timedelta(seconds=5)
"""An event's time lies at most so far from the sealer's clock, by which heads are timestamped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Under what a verification is made: all that does not come from the files."""

    trust: TrustFile
    at: datetime
    """The time of the check; nothing from after it is believed."""
    require_anchor: bool = False

    @property
    def anchor_needed(self) -> bool:
        """Whether the operator's word is not enough."""
        return self.require_anchor or self.trust.witness_threshold > 0


def check_inclusion(proof: TlogProof, entry: bytes) -> CheckLine:
    """Whether the head in the proof holds the entry; says nothing of who made the head."""
    try:
        head = _claimed_head(proof)
        merkle.verify_inclusion(
            proof.index, head.size, merkle.leaf_hash(entry), proof.hashes, head.root
        )
    except ProofError as exc:
        text = words.INCLUSION_BROKEN.of(why=exc)
        return CheckLine(id=CheckId.INCLUSION, outcome=Outcome.FAIL, text=text)
    text = words.INCLUSION_HOLDS.of(size=head.size, index=proof.index)
    return CheckLine(id=CheckId.INCLUSION, outcome=Outcome.PASS, text=text)


def check_signature(proof: TlogProof, terms: Terms, origin: str | None) -> CheckLine:
    """Whether a trusted log signed the head, and the one that the evidence names."""
    if not terms.trust.logs:
        return CheckLine(
            id=CheckId.CHECKPOINT, outcome=Outcome.UNKNOWN, text=words.CHECKPOINT_NO_KEYS
        )
    try:
        head, _ = open_note(proof.checkpoint_note, terms.trust.logs)
    except ProofError as exc:
        text = words.CHECKPOINT_BROKEN.of(why=exc)
        return CheckLine(id=CheckId.CHECKPOINT, outcome=Outcome.FAIL, text=text)
    if origin is not None and head.origin != origin:
        text = words.CHECKPOINT_OTHER_LOG.of(origin=head.origin, wanted=origin)
        return CheckLine(id=CheckId.CHECKPOINT, outcome=Outcome.FAIL, text=text)
    text = words.CHECKPOINT_HOLDS.of(origin=head.origin)
    return CheckLine(id=CheckId.CHECKPOINT, outcome=Outcome.PASS, text=text)


def check_anchor(terms: Terms) -> CheckLine:
    """Nobody outside anchors heads yet, so the answer is always the operator's word only."""
    return CheckLine(
        id=CheckId.ANCHOR,
        outcome=Outcome.UNKNOWN,
        text=words.ANCHOR_NONE,
        needed=terms.anchor_needed,
    )


def check_timestamp(
    proof: TlogProof, tokens: Sequence[bytes], terms: Terms, event_time: datetime | None
) -> tuple[CheckLine, datetime | None]:
    """Whether a token over this very head is trusted; with its time if it is.

    No token, one over another head and one by a stranger neither help nor harm. A trusted one
    from before the event does: then the head cannot hold the evidence.
    """
    imprint = hashlib.sha256(proof.checkpoint_note).digest()
    token = next((each for each in tokens if _imprint_of(each) == imprint), None)
    if token is None:
        return _timestamp(Outcome.UNKNOWN, words.TIMESTAMP_NONE), None
    if not terms.trust.tsa_roots:
        return _timestamp(Outcome.UNKNOWN, words.TIMESTAMP_NO_ROOTS), None
    try:
        found = timestamps.verify_token(token, imprint, terms.trust.tsa_roots)
    except TimestampError as exc:
        return _timestamp(Outcome.UNKNOWN, words.TIMESTAMP_UNTRUSTED.of(why=exc)), None
    time = found.time.isoformat()
    if found.time > terms.at:
        return _timestamp(Outcome.UNKNOWN, words.TIMESTAMP_FUTURE.of(time=time)), None
    if event_time is not None and found.time + CLOCK_TOLERANCE < event_time:
        return _timestamp(Outcome.FAIL, words.TIMESTAMP_TOO_EARLY.of(time=time)), None
    return _timestamp(Outcome.PASS, words.TIMESTAMP_HOLDS.of(time=time)), found.time


def open_token(token: bytes) -> TstInfo:
    """What a token says, its signature checked but its signer not trusted. Raises ProofError."""
    signed = cms.open_signed_data(token)
    if signed.content_type != TST_INFO:
        raise TimestampError("the signed data is no timestamp")
    return TstInfo.decode(signed.content)


def _imprint_of(token: bytes) -> bytes | None:
    try:
        return open_token(token).digest
    except ProofError:
        return None


def _claimed_head(proof: TlogProof) -> Checkpoint:
    """The head as it is written, whoever signed it. Raises NoteError."""
    text, _, _ = proof.checkpoint_note.rpartition(b"\n\n")
    return Checkpoint.parse(text + b"\n")


def _timestamp(outcome: Outcome, text: Text) -> CheckLine:
    return CheckLine(id=CheckId.TIMESTAMP, outcome=outcome, text=text, needed=False)
