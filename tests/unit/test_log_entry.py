"""The text of log entries: exact bytes, and one spelling only."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing.log_entry import (
    EvidenceEntry,
    LogEntryError,
    OperationEntry,
    evidence_entry,
    operation_entry,
    parse_entry,
    parse_evidence_entry,
    parse_operation_entry,
)

BANGKOK = timezone(timedelta(hours=7))
TIME = datetime(2026, 11, 22, 9, 41, 59, 999_999, tzinfo=UTC)
VALUES = {
    "event": "SubmissionAcceptance",
    "time": TIME,
    "pseudonym": "00112233445566778899aabbccddeeff",
    "sequence": 1,
    "due": date(2027, 2, 28),
    "digest": bytes(range(32)),
}
ENTRY = evidence_entry(**VALUES)


def test_the_entry_of_an_acceptance_is_these_bytes() -> None:
    assert ENTRY == (
        b"tdh-evidence/v1\n"
        b"SubmissionAcceptance\n"
        b"2026-11-22T09:41Z\n"
        b"00112233445566778899aabbccddeeff\n"
        b"1\n"
        b"2027-02-28\n"
        b"sha-256 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
    )


def test_every_other_event_has_a_dash_for_its_due_date() -> None:
    entry = evidence_entry(**VALUES | {"event": "ContentHandover", "sequence": 12, "due": None})
    assert entry.split(b"\n")[4:6] == [b"12", b"-"]


def test_the_time_is_utc_whatever_zone_it_came_in() -> None:
    assert evidence_entry(**VALUES | {"time": TIME.astimezone(BANGKOK)}) == ENTRY


def test_the_entry_of_an_operation_is_these_bytes() -> None:
    fields = [("letter-month", "2026-11"), ("reason", "เกินกำหนดเก็บรักษา by law")]
    assert (
        operation_entry("erasure", TIME, fields)
        == (
            "tdh-operation/v1\n"
            "erasure\n"
            "2026-11-22T09:41Z\n"
            "letter-month 2026-11\n"
            "reason เกินกำหนดเก็บรักษา by law\n"
        ).encode()
    )


def test_an_entry_is_read_as_what_it_is() -> None:
    minute = TIME.replace(second=0, microsecond=0)
    assert parse_entry(ENTRY) == EvidenceEntry(**VALUES | {"time": minute})
    stop = OperationEntry(kind="clock-stop", time=minute, fields=(("seconds", "2"),))
    assert parse_entry(operation_entry(stop.kind, stop.time, stop.fields)) == stop


@given(
    fields=st.lists(
        st.tuples(
            st.from_regex(r"[a-z][a-z0-9-]{0,63}", fullmatch=True),
            st.text(
                st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=80
            ),
        ),
        unique_by=lambda field: field[0],
        max_size=8,
    ),
    time=st.datetimes(timezones=st.just(UTC)),
)
def test_every_operation_that_can_be_written_is_read_again(fields, time) -> None:
    entry = operation_entry("key-change", time, fields)
    assert parse_operation_entry(entry).fields == tuple(fields)


@pytest.mark.parametrize(
    "change",
    [
        {"event": ""},
        {"event": "Two\nLines"},
        {"event": "submission acceptance"},
        {"time": TIME.replace(tzinfo=None)},
        {"pseudonym": "00112233445566778899AABBCCDDEEFF"},
        {"pseudonym": "0011"},
        {"pseudonym": "00112233445566778899aabbccddeeff\n"},
        {"sequence": 0},
        {"due": None},
        {"due": TIME},
        {"event": "ContentHandover"},
        {"digest": bytes(31)},
    ],
)
def test_a_value_out_of_its_form_is_refused(change) -> None:
    with pytest.raises(LogEntryError):
        evidence_entry(**VALUES | change)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("", []),
        ("Erasure", []),
        ("erasure\n", []),
        ("erasure", [("key", "")]),
        ("erasure", [("Key", "value")]),
        ("erasure", [("two words", "value")]),
        ("erasure", [("key", "two\nlines")]),
        ("erasure", [("key", "bell\a")]),
        ("erasure", [("key", "next line\x85")]),
        ("erasure", [("key", "separator\u2028")]),
        ("erasure", [("key", "lone \ud800")]),
        ("erasure", [("key", "1"), ("key", "2")]),
        ("erasure", [("key", "x" * 65_536)]),
    ],
)
def test_an_operation_that_could_break_its_lines_is_refused(kind, fields) -> None:
    with pytest.raises(LogEntryError):
        operation_entry(kind, TIME, fields)


@pytest.mark.parametrize(
    "entry",
    [
        b"",
        ENTRY[:-1],
        ENTRY + b"\n",
        ENTRY + b"more\n",
        ENTRY.replace(b"v1", b"v2"),
        ENTRY.replace(b"\n", b"\r\n"),
        ENTRY.replace(b"\n1\n", b"\n01\n"),
        ENTRY.replace(b"2027-02-28", b"-"),
        ENTRY.replace(b"2027-02-28", b"2027-02-30"),
        ENTRY.replace(b"2027-02-28", b"20270228"),
        ENTRY.replace(b"T09:41Z", b"T09:41+00:00"),
        ENTRY.replace(b"T09:41Z", b"T25:41Z"),
        ENTRY.replace(b"sha-256 00", b"sha-256 0A"),
        ENTRY.replace(b"sha-256", b"sha-512"),
        ENTRY.replace(b"SubmissionAcceptance", b"ContentHandover"),
        ENTRY.replace(b"Submission", b"\xff"),
        b"x" * 70_000,
    ],
)
def test_another_spelling_of_an_entry_is_refused(entry: bytes) -> None:
    for parse in (parse_entry, parse_evidence_entry, parse_operation_entry):
        with pytest.raises(LogEntryError):
            parse(entry)


@given(noise=st.binary(max_size=200))
def test_noise_is_refused_with_the_typed_error(noise: bytes) -> None:
    for prefix in (b"", b"tdh-evidence/v1\n", b"tdh-operation/v1\n"):
        try:
            read = parse_entry(prefix + noise)
        except LogEntryError:
            continue
        # A lucky draw may be an operation; then it is in its one spelling.
        assert isinstance(read, OperationEntry)
        assert operation_entry(read.kind, read.time, read.fields) == prefix + noise
