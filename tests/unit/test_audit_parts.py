"""Parts of the audit that need no database: samples, buckets, promises of heads, words."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing.merkle import EMPTY_ROOT, Frontier, leaf_hash
from signing.seal_check import Outcome
from storage.audited import AuditedEntry, AuditedEvidence, AuditedNode
from tdh.audit.ledger_check import LedgerComparison
from tdh.audit.log_checks import MERGE_DELAY, Heads, check_entries, check_nodes
from tdh.audit.record_checks import SURELY, Sample
from tdh.audit.report import EXAMPLES, MEANINGS, AuditReport, CheckName, Tally
from tdh.cli import audit_words
from tdh.cli.audit import picture, progress_on
from tdh.cli.audit_notes import in_thai
from tdh.domain.log import SignedHead, Tree

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


async def stream(items):
    for item in items:
        yield item


def log_of(size: int) -> tuple[list[AuditedEntry], list[AuditedNode], Tree, Heads]:
    """A sound log with a head for every size."""
    frontier, heads = Frontier.empty(), Heads()
    entries, nodes = [], {}
    for index in range(size):
        entry = f"entry {index}".encode()
        for node in frontier.append(leaf_hash(entry)):
            nodes[node.level, node.number] = node.hash
        entries.append(AuditedEntry(index=index, evidence=None, entry=entry, leaf=leaf_hash(entry)))
        heads.add(SignedHead(size=index + 1, root=frontier.root(), note=b"", token=b""))
    inner = [
        AuditedNode(
            level=level,
            index=index,
            hash=value,
            left=nodes[level - 1, 2 * index],
            right=nodes[level - 1, 2 * index + 1],
        )
        for (level, index), value in nodes.items()
        if level > 0
    ]
    return entries, inner, Tree(epoch=1, size=size, root=frontier.root()), heads


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 8, 20, 33])
async def test_a_sound_log_of_any_size_is_sound(size):
    entries, inner, tree, heads = log_of(size)
    tallies = await check_entries(stream(entries), tree, heads)
    await check_nodes(stream(inner), tree, tallies[1])
    assert [tally.done().outcome for tally in tallies] == [Outcome.PASS] * 3
    assert tallies[1].checked == 2 * size - size.bit_count()
    assert tree.root == EMPTY_ROOT or size


async def test_every_entry_and_every_node_matters():
    entries, inner, tree, heads = log_of(13)
    for place, entry in enumerate(entries):
        changed = [*entries[:place], replace(entry, entry=b"other"), *entries[place + 1 :]]
        log, nodes, reached = await check_entries(stream(changed), tree, heads)
        assert (log.problems, nodes.problems, reached.problems) == (1, 1, 13 - place)
        log, _, reached = await check_entries(
            stream([*entries[:place], *entries[place + 1 :]]), tree, heads
        )
        assert (log.problems, reached.problems) == (1, 13 - place)
    for place, node in enumerate(inner):
        tally = Tally(name=CheckName.LOG_NODES)
        changed = [*inner[:place], replace(node, hash=b"x" * 32), *inner[place + 1 :]]
        await check_nodes(stream(changed), tree, tally)
        assert tally.problems == 1
        tally = Tally(name=CheckName.LOG_NODES)
        await check_nodes(stream([*inner[:place], *inner[place + 1 :]]), tree, tally)
        assert tally.problems == 1


def test_a_head_must_hold_what_is_older_than_its_token_less_the_merge_delay():
    heads = Heads()
    for size, minutes in ((5, 1), (9, 2), (20, 5)):
        heads.add(SignedHead(size=size, root=bytes(32), note=b"", token=b""))
        heads.times.append((NOW + timedelta(minutes=minutes)).timestamp())
    assert heads.must_hold(NOW - timedelta(seconds=1)) == 5
    assert heads.must_hold(NOW + timedelta(seconds=1)) == 9
    assert heads.must_hold(NOW + timedelta(minutes=5) - MERGE_DELAY) is None
    assert heads.root_of_size(9) == bytes(32)
    assert heads.root_of_size(10) is None
    heads.times.pop()
    assert heads.must_hold(NOW) is None


def test_a_sample_takes_the_first_ones_and_then_fewer_and_fewer():
    assert [Sample(full=True, draw=lambda: 1.0).takes() for _ in range(3)] == [True] * 3
    never, always = Sample(full=False, draw=lambda: 1.0), Sample(full=False, draw=lambda: 0.0)
    for _ in range(SURELY):
        assert never.takes()
    assert never.words() == ""
    assert not never.takes()
    assert never.words() == f"a sample: {SURELY} of {SURELY + 1}"
    assert all(always.takes() for _ in range(3 * SURELY))


def evidence(number: int) -> AuditedEvidence:
    return AuditedEvidence(
        id=f"evd_{number}",
        stream="dlv",
        pseudonym=f"{number:032x}",
        event="SubmissionAcceptance",
        sequence=1,
        time=NOW,
        digest=number.to_bytes(2) * 16,
        xml=None,
        index=None,
        entry=None,
        letter=None,
        documents=(),
        terms=None,
        sender=None,
        recipient=None,
        letter_number=None,
        submitted_at=None,
        envelope=None,
    )


@given(rows=st.sets(st.integers(0, 300)), lines=st.sets(st.integers(0, 300)))
def test_the_ledger_and_the_rows_are_compared_both_ways(tmp_path_factory, rows, lines):
    path = tmp_path_factory.mktemp("ledger") / "ledger"
    path.write_text(
        "".join(
            f"000001 {one.pseudonym} {one.sequence:08d} {one.digest.hex()}\n"
            for one in map(evidence, lines)
        )
    )
    with LedgerComparison() as comparison:
        for number in rows:
            comparison.row(evidence(number))
        tally = comparison.finish(path)
    assert tally.checked == len(rows)
    assert tally.problems == len(rows - lines)
    assert len(tally.notes) == min(len(lines - rows), EXAMPLES)


def test_all_problems_are_counted_and_the_first_are_told():
    tally = Tally(name=CheckName.STATES)
    for number in range(EXAMPLES + 5):
        tally.problem(f"number {number}")
    check = tally.done()
    assert (check.problems, len(check.examples)) == (EXAMPLES + 5, EXAMPLES)
    tally.hindered = "something else too"
    assert tally.done().outcome is Outcome.FAIL
    report = AuditReport(checks=(check,))
    lines = list(picture(report, thai=False))
    assert lines[0].startswith("✗ states")
    assert lines[-2:] == [f"    ✗ … {EXAMPLES + 5}", "BROKEN"]


def test_an_audit_of_nothing_says_nothing():
    assert AuditReport(checks=()).outcome is Outcome.UNKNOWN


def test_every_check_has_its_meaning_in_both_languages():
    assert set(MEANINGS) == set(CheckName)
    assert all(text.th and text.en and text.th != text.en for text in MEANINGS.values())


def test_progress_is_for_terminals():
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    plain, terminal = io.StringIO(), Terminal()
    progress_on(plain)("entries", 500)
    progress_on(terminal)("entries", 12_500)
    assert plain.getvalue() == ""
    assert "entries: 12,500" in terminal.getvalue()


@pytest.mark.parametrize(
    ("minutes", "th", "en"),
    [
        (0, "ไม่ถึง 1 นาที", "under a minute"),
        (5, "5 นาที", "5 min"),
        (300, "5.0 ชั่วโมง", "5.0 h"),
        (10 * 1440, "10.0 วัน", "10.0 d"),
    ],
)
def test_a_length_of_time_is_told_in_the_readers_units(minutes: int, th: str, en: str) -> None:
    shown = [audit_words._span(minutes, thai=thai) for thai in (True, False)]
    assert shown == [th, en]


@pytest.mark.parametrize(
    ("note", "told"),
    [
        ("tdh.example/log, 1,234 entries", "tdh.example/log มี 1,234 รายการ"),
        ("a sample: 3 of 9", "สุ่มตรวจ 3 จาก 9"),
        (
            "seal ab12 in service from 2026-01-01T00:00:00Z",
            "seal ab12 ใช้งานตั้งแต่ 2026-01-01T00:00:00Z",
        ),
        (
            "seal a in service from 2026-01-01T00:00:00Z, COMPROMISED since 2026-05-01T00:00:00Z",
            "seal a in service from 2026-01-01T00:00:00Z, COMPROMISED since 2026-05-01T00:00:00Z",
        ),
        ("something new", "something new"),
    ],
)
def test_a_note_is_told_in_thai_or_as_it_is(note: str, told: str) -> None:
    assert in_thai(note) == told


def test_every_sealed_line_that_was_not_committed_is_said_to_be_harmless(tmp_path: Path) -> None:
    (path := tmp_path / "ledger").write_bytes(b"")
    with LedgerComparison() as comparison:
        comparison._put(comparison._lines, "ab" * 16, 1, bytes(32))
        (note,) = comparison.finish(path).notes
    assert "harmless" in note
    assert "ไม่มีผลเสีย" in in_thai(note)
