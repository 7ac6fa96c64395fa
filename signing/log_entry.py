"""The entries of the log: a few lines of text that name nobody.

`tdh-evidence/v1` stands for one evidence, `tdh-operation/v1` for an act of the operator. Both are
UTF-8, each line ended by LF, and each entry has exactly one spelling: a verifier makes it again
from the evidence and compares bytes. Never does I/O.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from signing.c2sp_text import has_control_characters, read_decimal
from signing.errors import ProofError

MAX_ENTRY_BYTES = 65_535
"""Entries in tiles carry a length of 16 bits (c2sp.org/tlog-tiles)."""

_EVIDENCE = "tdh-evidence/v1"
_OPERATION = "tdh-operation/v1"
_WITH_DUE_DATE = "SubmissionAcceptance"
_DIGEST_BYTES = 32
_EVENT = re.compile(r"[A-Z][A-Za-z0-9]{0,63}")
_WORD = re.compile(r"[a-z][a-z0-9-]{0,63}")
_PSEUDONYM = re.compile(r"[0-9a-f]{32}")
_MINUTE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}Z")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DIGEST = re.compile(r"sha-256 ([0-9a-f]{64})")


class LogEntryError(ProofError):
    """A value that no entry can carry, or a text that is no entry."""

    code = "log-entry-invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceEntry:
    """What the public learns of one evidence."""

    event: str
    time: datetime
    """UTC, cut to the minute."""
    pseudonym: str
    """32 lower-case hexadecimal digits that stand for the delivery."""
    sequence: int
    """From 1, without gaps, in this delivery."""
    due: date | None
    """Last day (UTC) on which a final state may come; on the SubmissionAcceptance only."""
    digest: bytes
    """SHA-256 of the evidence's bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationEntry:
    """What the public learns of one act of the operator."""

    kind: str
    time: datetime
    """UTC, cut to the minute."""
    fields: tuple[tuple[str, str], ...]


def evidence_entry(  # noqa: PLR0913 - the lines of the entry, in their order
    *,
    event: str,
    time: datetime,
    pseudonym: str,
    sequence: int,
    due: date | None,
    digest: bytes,
) -> bytes:
    """Write the entry of one evidence.

    Raises LogEntryError for a value out of its form, and for a due date that is missing on a
    SubmissionAcceptance or present on any other event.
    """
    _check(_EVENT.fullmatch(event), "the event is no name of an event")
    _check(_PSEUDONYM.fullmatch(pseudonym), "the pseudonym is not 32 hexadecimal digits")
    _check(sequence >= 1, "the sequence counts from 1")
    _check(len(digest) == _DIGEST_BYTES, "a SHA-256 digest has 32 bytes")
    _check(
        (due is not None) == (event == _WITH_DUE_DATE),
        f"{_WITH_DUE_DATE}, and nothing else, has a due date",
    )
    # A datetime is a date too, and its text would carry the time of day.
    _check(not isinstance(due, datetime), "the due date has no time of day")
    day = "-" if due is None else due.isoformat()
    return _write(
        [_EVIDENCE, event, _minute(time), pseudonym, str(sequence), day, f"sha-256 {digest.hex()}"]
    )


def operation_entry(kind: str, time: datetime, fields: Iterable[tuple[str, str]]) -> bytes:
    """Write the entry of one act of the operator: its kind, time, and `key value` lines in order.

    Raises LogEntryError for a kind or key that is not kebab-case, a key given twice, and a value
    that is empty or has control characters.
    """
    _check(_WORD.fullmatch(kind), "the kind of an operation is kebab-case")
    lines = [_OPERATION, kind, _minute(time)]
    seen: set[str] = set()
    for key, value in fields:
        _check(_WORD.fullmatch(key), "a key of an operation is kebab-case")
        _check(key not in seen, f"the key {key} stands twice")
        _check(value, f"the value of {key} is empty")
        _check(not has_control_characters(value), f"the value of {key} has control characters")
        seen.add(key)
        lines.append(f"{key} {value}")
    return _write(lines)


def parse_entry(entry: bytes) -> EvidenceEntry | OperationEntry:
    """Read an entry of either kind. Raises LogEntryError for any but its one spelling."""
    if entry.startswith(_EVIDENCE.encode() + b"\n"):
        return parse_evidence_entry(entry)
    return parse_operation_entry(entry)


def parse_evidence_entry(entry: bytes) -> EvidenceEntry:
    """Read the entry of an evidence. Raises LogEntryError for any but its one spelling."""
    lines = _read(entry, _EVIDENCE)
    if len(lines) != 6:  # noqa: PLR2004 - the lines after the first
        raise LogEntryError("the entry of an evidence has seven lines")
    event, time, pseudonym, sequence, due, digest = lines
    number, found = read_decimal(sequence), _DIGEST.fullmatch(digest)
    if number is None or found is None:
        raise LogEntryError("the sequence or the digest is not in canonical form")
    read = EvidenceEntry(
        event=event,
        time=_read_minute(time),
        pseudonym=pseudonym,
        sequence=number,
        due=None if due == "-" else _read_day(due),
        digest=bytes.fromhex(found[1]),
    )
    written = evidence_entry(
        event=read.event,
        time=read.time,
        pseudonym=read.pseudonym,
        sequence=read.sequence,
        due=read.due,
        digest=read.digest,
    )
    _check(written == entry, "the entry is not in canonical form")
    return read


def parse_operation_entry(entry: bytes) -> OperationEntry:
    """Read the entry of an operation. Raises LogEntryError for any but its one spelling."""
    lines = _read(entry, _OPERATION)
    if len(lines) < 2:  # noqa: PLR2004 - kind and time
        raise LogEntryError("the entry of an operation has a kind and a time")
    pairs = [line.partition(" ") for line in lines[2:]]
    read = OperationEntry(
        kind=lines[0],
        time=_read_minute(lines[1]),
        fields=tuple((key, value) for key, _, value in pairs),
    )
    written = operation_entry(read.kind, read.time, read.fields)
    _check(written == entry, "the entry is not in canonical form")
    return read


def _write(lines: list[str]) -> bytes:
    entry = "".join(f"{line}\n" for line in lines).encode()
    _check(len(entry) <= MAX_ENTRY_BYTES, f"an entry has at most {MAX_ENTRY_BYTES} bytes")
    return entry


def _read(entry: bytes, first_line: str) -> list[str]:
    """Return the lines after the first."""
    _check(len(entry) <= MAX_ENTRY_BYTES, f"an entry has at most {MAX_ENTRY_BYTES} bytes")
    try:
        lines = entry.decode().split("\n")
    except UnicodeDecodeError as exc:
        raise LogEntryError("an entry is UTF-8") from exc
    _check(lines[0] == first_line, f"the entry does not begin with {first_line}")
    _check(not lines.pop(), "the last line does not end")
    return lines[1:]


def _minute(time: datetime) -> str:
    if time.tzinfo is None:
        raise LogEntryError("the time has no zone")
    return time.astimezone(UTC).isoformat(timespec="minutes").removesuffix("+00:00") + "Z"


def _read_minute(text: str) -> datetime:
    _check(_MINUTE.fullmatch(text), "the time is not in canonical form")
    try:
        return datetime.fromisoformat(text)
    except ValueError as exc:
        raise LogEntryError("the time does not exist") from exc


def _read_day(text: str) -> date:
    _check(_DAY.fullmatch(text), "the due date is not in canonical form")
    try:
        return date.fromisoformat(text)
    except ValueError as exc:
        raise LogEntryError("the due date does not exist") from exc


def _check(holds: object, problem: str) -> None:
    if not holds:
        raise LogEntryError(problem)
