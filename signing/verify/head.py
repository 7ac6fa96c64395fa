"""The head of the log inside a proof: what it holds, who signed it, who else vouches for it."""

from datetime import datetime

from signing import merkle
from signing.checkpoint import Checkpoint, open_note
from signing.errors import ProofError
from signing.seal_check import Outcome
from signing.tlog_proof import TlogProof
from signing.verify import time_words, words
from signing.verify.report import CheckId, CheckLine, Text
from signing.verify.spoken import listed, moment, plain
from signing.verify.terms import CLOCK_TOLERANCE, Terms
from signing.verify.voices import Voices, outsider_before


def check_inclusion(proof: TlogProof, entry: bytes) -> CheckLine:
    """Whether the head in the proof holds the entry; says nothing of who made the head."""
    try:
        head = claimed_head(proof.checkpoint_note)
        merkle.verify_inclusion(
            proof.index, head.size, merkle.leaf_hash(entry), proof.hashes, head.root
        )
    except ProofError as exc:
        text = words.INCLUSION_BROKEN.of(why=exc)
        return CheckLine(id=CheckId.INCLUSION, outcome=Outcome.FAIL, text=text)
    text = words.INCLUSION_HOLDS.of(size=head.size, index=proof.index)
    return CheckLine(id=CheckId.INCLUSION, outcome=Outcome.PASS, text=text)


def check_signature(note: bytes, terms: Terms, voices: Voices, origin: str | None) -> CheckLine:
    """Whether a trusted log signed the head, and the one that the evidence names (`origin`)."""
    if not terms.logs:
        return _checkpoint(Outcome.UNKNOWN, words.CHECKPOINT_NO_KEYS)
    try:
        head, _ = open_note(note, terms.logs)
    except ProofError as exc:
        return _checkpoint(Outcome.FAIL, words.CHECKPOINT_BROKEN.of(why=exc))
    if origin is not None and head.origin != origin:
        text = words.CHECKPOINT_OTHER_LOG.of(origin=head.origin, wanted=origin)
        return _checkpoint(Outcome.FAIL, text)
    since = _signed_in_other_hands(note, terms)
    if since is None:
        return _checkpoint(Outcome.PASS, words.CHECKPOINT_HOLDS.of(origin=head.origin))
    seen = outsider_before(voices.vouched(terms), since)
    if seen is None:
        text = words.CHECKPOINT_COMPROMISED.of(origin=head.origin, since=moment(since))
        return _checkpoint(Outcome.FAIL, text)
    text = words.CHECKPOINT_ANCHORED.of(
        origin=head.origin, since=moment(since), time=moment(seen.time), name=seen.name
    )
    return _checkpoint(Outcome.PASS, text)


def check_anchor(
    note: bytes | None, terms: Terms, voices: Voices, event_time: datetime | None
) -> CheckLine:
    """Whether enough outsiders vouch for the head: a known one's wrong line is a failure.

    Enough is the policy, or the trust file's threshold and at least one witness; where neither
    asks for witnesses, an outside authority's timestamp does, too.
    """
    if voices.broken is not None:
        return _anchor(Outcome.FAIL, words.ANCHOR_BROKEN.of(why=voices.broken), terms)
    if event_time is not None:
        for each in voices.cosigners:
            if each.time + CLOCK_TOLERANCE < event_time:
                text = words.ANCHOR_TOO_EARLY.of(name=plain(each.name), time=moment(each.time))
                return _anchor(Outcome.FAIL, text, terms)
    if other := _policy_of_another_log(note, terms):
        return _anchor(Outcome.UNKNOWN, other, terms)
    names = [each.name for each in voices.cosigners]
    stamped = not terms.asks_for_witnesses and any(each.outside for each in voices.stamps)
    if (names and terms.is_enough(names)) or stamped:
        who = listed(voices.outsiders())
        return _anchor(Outcome.PASS, words.ANCHOR_HOLDS.of(who=who), terms)
    return _anchor(Outcome.UNKNOWN, _why_not_anchored(terms, voices), terms)


def check_timestamps(voices: Voices, event_time: datetime | None) -> tuple[CheckLine, ...]:
    """What trusted authorities say of the head, a line each; one line where none does.

    No token, one over another head and one by a stranger neither help nor harm. A trusted one
    from before the event does: then the head cannot hold the evidence.
    """
    lines = []
    for stamp in voices.stamps:
        said = time_words.TIMESTAMP_OUTSIDE if stamp.outside else time_words.TIMESTAMP_OWN
        outcome = Outcome.PASS
        if event_time is not None and stamp.by + CLOCK_TOLERANCE < event_time:
            outcome, said = Outcome.FAIL, time_words.TIMESTAMP_TOO_EARLY
        text = said.of(name=stamp.name, time=moment(stamp.time), until=moment(stamp.until))
        lines.append(timestamp_line(outcome, text))
    if not lines:
        text = next(iter(voices.not_believed), time_words.TIMESTAMP_NONE)
        lines.append(timestamp_line(Outcome.UNKNOWN, text))
    return tuple(lines)


def timestamp_line(outcome: Outcome, text: Text) -> CheckLine:
    """A line that is not needed: a timestamp helps where it is, and may be absent."""
    return CheckLine(id=CheckId.TIMESTAMP, outcome=outcome, text=text, needed=False)


def claimed_head(note: bytes) -> Checkpoint:
    """The head as it is written, whoever signed it. Raises NoteError."""
    text, _, _ = note.rpartition(b"\n\n")
    return Checkpoint.parse(text + b"\n")


def _signed_in_other_hands(note: bytes, terms: Terms) -> datetime | None:
    """Since when none of the keys that signed is its log's alone; None if one still is.

    Each of several signatures of the log would do alone, so the last to be lost counts.
    """
    lost = list[datetime]()
    for log in terms.logs if terms.trust.compromised else ():
        try:
            open_note(note, [log])
        except ProofError:
            continue
        since = terms.key_in_other_hands(log)
        if since is None:
            return None
        lost.append(since)
    return max(lost, default=None)


def _policy_of_another_log(note: bytes | None, terms: Terms) -> Text | None:
    """Why the policy does not speak of this head; None if it does, or there is none."""
    if terms.policy is None or not terms.policy.logs or note is None:
        return None
    try:
        open_note(note, terms.policy.logs)
    except ProofError:
        try:
            origin = claimed_head(note).origin
        except ProofError:
            return None
        return words.ANCHOR_POLICY_OTHER_LOG.of(origin=origin)
    return None


def _why_not_anchored(terms: Terms, voices: Voices) -> Text:
    if voices.witness_lost is not None:
        return voices.witness_lost
    outsiders = voices.outsiders()
    if terms.policy is not None and terms.asks_for_witnesses:
        if not outsiders:
            return words.ANCHOR_POLICY_NONE
        return words.ANCHOR_POLICY.of(who=listed(outsiders))
    if not outsiders:
        return words.ANCHOR_NONE
    return words.ANCHOR_TOO_FEW.of(
        count=len(voices.cosigners), wanted=terms.trust.witness_threshold, who=listed(outsiders)
    )


def _checkpoint(outcome: Outcome, text: Text) -> CheckLine:
    return CheckLine(id=CheckId.CHECKPOINT, outcome=outcome, text=text)


def _anchor(outcome: Outcome, text: Text, terms: Terms) -> CheckLine:
    return CheckLine(id=CheckId.ANCHOR, outcome=outcome, text=text, needed=terms.anchor_needed)
