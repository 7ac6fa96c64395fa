"""The archive record beside an evidence (RFC 4998): that its bytes existed, provable until when.

Each timestamp of a record is over all before it. One counts if its certificates are valid at the
time of the check and its keys in nobody else's hands, or if a later one that counts shows that it
was made while this was so. Nothing from after the check is believed.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from signing.archive.errors import RecordError
from signing.archive.verification import checkable_until, verify_record
from signing.certificate_path import PathError
from signing.seal_check import Outcome
from signing.timestamps import VerifiedTimestamp
from signing.verify import time_words
from signing.verify.head import timestamp_line
from signing.verify.report import CheckLine, Text
from signing.verify.spoken import moment
from signing.verify.terms import CLOCK_TOLERANCE, Terms
from signing.verify.voices import Vouched, stamp_of, vouched_by


@dataclass(frozen=True, slots=True, kw_only=True)
class ExaminedRecord:
    """What a record says of the data."""

    line: CheckLine
    vouched: tuple[Vouched, ...] = ()
    """Whose word it brings: the oldest that counts, and an outsider's where there is one."""


def check_record(
    record: bytes, data: bytes, terms: Terms, event_time: datetime | None
) -> ExaminedRecord:
    """Check the record over these data. Never raises for what is wrong with it."""
    roots = terms.trust.all_tsa_roots
    if not roots:
        return _not_believed(time_words.RECORD_NO_ROOTS)
    try:
        found = verify_record(record, hashlib.sha256(data).digest(), roots, data=data)
    except RecordError as exc:
        if _leads_nowhere(exc):
            return _not_believed(time_words.RECORD_UNTRUSTED.of(why=exc))
        return ExaminedRecord(
            line=timestamp_line(Outcome.FAIL, time_words.RECORD_BROKEN.of(why=exc))
        )
    known = [stamp for stamp in found.stamps if stamp.time <= terms.at]
    if not known:
        return _not_believed(time_words.RECORD_FUTURE.of(time=moment(found.time)))
    sound = _sound(known, terms)
    if not sound:
        return _not_believed(_why_not(known, terms))
    first = stamp_of(sound[0], outside=False)  # its word may hang on the operator's renewal
    if event_time is not None and first.by + CLOCK_TOLERANCE < event_time:
        text = time_words.RECORD_TOO_EARLY.of(time=moment(first.time))
        return ExaminedRecord(line=timestamp_line(Outcome.FAIL, text))
    until = max(checkable_until(stamp) for stamp in sound)
    text = time_words.RECORD_HOLDS.of(name=first.name, time=moment(first.time), until=moment(until))
    return ExaminedRecord(
        line=timestamp_line(Outcome.PASS, text),
        vouched=(vouched_by(first, record=True), *_outsider(known, terms)),
    )


def _outsider(known: Sequence[VerifiedTimestamp], terms: Terms) -> tuple[Vouched, ...]:
    """The first outsider in it, by outsiders' timestamps alone: the operator's may not help."""
    sound = _sound([stamp for stamp in known if terms.is_outside(stamp.path)], terms)
    return tuple(vouched_by(stamp_of(each, outside=True), record=True) for each in sound[:1])


def _sound(stamps: Sequence[VerifiedTimestamp], terms: Terms) -> list[VerifiedTimestamp]:
    """Those that count, the oldest first; judged from the newest back."""
    sound = list[VerifiedTimestamp]()
    for stamp in reversed(stamps):
        since = terms.in_other_hands(stamp.path)
        seen = sound[-1].time if sound else None
        fresh = terms.at <= checkable_until(stamp) and since is None
        kept = seen is not None and seen <= checkable_until(stamp) and not (since and since <= seen)
        if fresh or kept:
            sound.append(stamp)
    return sound[::-1]


def _why_not(known: Sequence[VerifiedTimestamp], terms: Terms) -> Text:
    newest = known[-1]
    since = terms.in_other_hands(newest.path)
    if since is not None:
        return time_words.RECORD_COMPROMISED.of(since=moment(since))
    return time_words.RECORD_ENDED.of(until=moment(checkable_until(newest)))


def _leads_nowhere(error: BaseException) -> bool:
    """Whether the record is refused only for whose it is."""
    seen = list[BaseException]()
    cause: BaseException | None = error
    while cause is not None and cause not in seen:  # an error may be its own cause
        if isinstance(cause, PathError):
            return True
        seen.append(cause)
        cause = cause.__cause__
    return False


def _not_believed(text: Text) -> ExaminedRecord:
    return ExaminedRecord(line=timestamp_line(Outcome.UNKNOWN, text))
