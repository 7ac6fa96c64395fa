"""`tdh audit` on an installation that has lived: sound, and then with one thing wrong at a time."""

import asyncio
import hashlib
import itertools
import json
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from audited_world import LETTERS, World, copied, lived_world, living, trust_of
from evidence_samples import ORIGIN
from sealer_program import SealerProgram

from signing.merkle import Frontier, leaf_hash
from signing.seal_check import Outcome
from signing.trust_file import TRUST_NOBODY
from storage.audit import Check
from storage.migrate import migrate
from tdh.audit.findings import INVARIANT_OF
from tdh.audit.installation import Wish, audit_installation
from tdh.audit.report import CheckName
from tdh.audit.stranger import PublicWish, audit_log
from tdh.cli.main import main
from tdh.domain.commands import Forward
from tdh.domain.errors import ServiceUnavailable, StorageUnavailable
from tests.proof_samples import Operator


@pytest.fixture(scope="session")
async def lived(new_database, tmp_path_factory):
    """Made once; nobody changes it, and nobody stays connected to it."""
    return await lived_world(await new_database("template0"), tmp_path_factory.mktemp("lived"))


@pytest.fixture
async def world(lived, new_database, postgres_server, tmp_path):
    """A copy of the installation for one test to spoil."""
    made = copied(lived, await new_database(lived.database), tmp_path)
    yield made
    owner = replace(made, dsn=postgres_server.dsn_of("postgres"))
    await owner.execute(f"DROP DATABASE {made.database} WITH (FORCE)")


async def audit(world, *, later=timedelta(minutes=2), **wish):
    """`later`: so that no head is young enough to be on its way still."""
    wish = {"trust": world.trust} | wish
    return await audit_installation(
        world.config, Wish(**wish), now=lambda: datetime.now(UTC) + later
    )


def failed(report) -> set[CheckName]:
    return {check.name for check in report.checks if check.outcome is Outcome.FAIL}


def one(report, name: CheckName):
    (check,) = [check for check in report.checks if check.name is name]
    return check


FROM_OUTSIDE = {
    CheckName.SERVED_HEAD,
    CheckName.SIGNED_HEAD,
    CheckName.TILES,
    CheckName.APPEND_ONLY,
    CheckName.ANCHORED,
}


async def test_a_sound_installation_holds_every_invariant(world):
    report = await audit(world, full=True)
    assert report.outcome is Outcome.PASS, report.to_plain()
    checked = {check.name: check.checked for check in report.checks}
    assert set(checked) == set(CheckName) - FROM_OUTSIDE
    assert checked[CheckName.LOG_ENTRIES] == 20
    assert checked[CheckName.EVIDENCE_SEALS] == checked[CheckName.LEDGER] == 21
    assert checked[CheckName.STATES] == 7
    assert checked[CheckName.DOCUMENTS] == 12
    assert checked[CheckName.REPORTS] == 7
    assert not any(check.notes for check in report.checks)


def test_every_finding_of_the_database_belongs_to_an_invariant():
    assert set(INVARIANT_OF) == set(Check)


N = CheckName
OF = "(SELECT id FROM events WHERE delivery = '{%s}' AND name = '%s')"
SPOILED = {
    "a report": (
        (
            "UPDATE documents SET report = substring(report FROM 2) WHERE number = 1 AND letter ="
            " (SELECT letter FROM deliveries WHERE id = '{waiting}')"
        ),
        {N.REPORTS},
    ),
    "a report with its digest": (
        (
            "UPDATE documents SET (report, report_digest) = (SELECT report, report_digest FROM"
            " documents WHERE number = 1 AND letter = (SELECT letter FROM deliveries WHERE id ="
            " '{new}')) WHERE number = 1 AND letter ="
            " (SELECT letter FROM deliveries WHERE id = '{waiting}')"
        ),
        {N.EVIDENCE_SEALS},
    ),
    "a report on a refused document": (
        "UPDATE refused_reports SET report = 'x' WHERE stream = '{rejected}'",
        {N.REPORTS},
    ),
    "a report on a refused document is gone": (
        "DELETE FROM refused_reports WHERE stream = '{rejected}'",
        {N.EVIDENCE_SEALS},
    ),
    "how the signer fits the sender": (
        (
            "UPDATE documents SET sender_match = 'other' WHERE number = 1 AND letter ="
            " (SELECT letter FROM deliveries WHERE id = '{waiting}')"
        ),
        {N.EVIDENCE_SEALS},
    ),
    "who scanned a document": (
        (
            "UPDATE documents SET scanned_by = NULL WHERE number = 2 AND letter ="
            " (SELECT letter FROM deliveries WHERE id = '{waiting}')"
        ),
        {N.EVIDENCE_SEALS},
    ),
    "a state": (
        "UPDATE deliveries SET state = 'expired' WHERE id = '{refused}'",
        {N.STATES},
    ),
    "a state that needs a timer": (
        "UPDATE deliveries SET state = 'consigned' WHERE id = '{withdrawn}'",
        {N.STATES, N.TIMERS},
    ),
    "the number of events": (
        "UPDATE deliveries SET sequence = sequence + 1 WHERE id = '{company}'",
        {N.STATES},
    ),
    "the time of the last event": (
        (
            "UPDATE deliveries SET last_event_at = last_event_at + interval '1 s'"
            " WHERE id = '{company}'"
        ),
        {N.STATES},
    ),
    "an event is gone": (
        "DELETE FROM events WHERE id = " + OF % ("citizen", "ConsignmentAcceptance"),
        {N.STATES, N.ONE_EVIDENCE_EACH},
    ),
    "an event is gone with its evidence": (
        "DELETE FROM evidence WHERE event = " + OF % ("citizen", "ConsignmentAcceptance") + ";"
        "DELETE FROM events WHERE id = " + OF % ("citizen", "ConsignmentAcceptance"),
        {N.STATES, N.ONE_EVIDENCE_EACH},
    ),
    "the last event is gone, and the state put back": (
        "DELETE FROM evidence WHERE event = " + OF % ("refused", "ConsignmentRejection") + ";"
        "DELETE FROM log_entries WHERE evidence = 'evd_' || substr("
        + OF
        % ("refused", "ConsignmentRejection")
        + ", 5);"
        "DELETE FROM events WHERE id = " + OF % ("refused", "ConsignmentRejection") + ";"
        "UPDATE deliveries SET state = 'awaiting_acceptance', sequence = 2, last_event_at ="
        " (SELECT max(happened_at) FROM events WHERE delivery = '{refused}')"
        " WHERE id = '{refused}';"
        "INSERT INTO outbox (kind, task, delivery, next_try)"
        " VALUES ('job', 'expire', '{refused}', now())",
        {N.LOG_ENTRIES, N.LOG_HEADS, N.ARCHIVE},
    ),
    "a gap in the sequence": (
        "UPDATE events SET sequence = 30 WHERE delivery = '{company}' AND is_final",
        {N.STATES, N.EVIDENCE_ENTRIES, N.EVIDENCE_SEALS, N.LEDGER},
    ),
    "a time that goes back": (
        (
            "UPDATE events SET happened_at = happened_at - interval '1 hour'"
            " WHERE delivery = '{company}' AND sequence = 2"
        ),
        {N.STATES, N.EVIDENCE_ENTRIES, N.EVIDENCE_SEALS},
    ),
    "a time by a millisecond": (
        (
            "UPDATE events SET happened_at = happened_at + interval '1 ms'"
            " WHERE delivery = '{rejected}'"
        ),
        {N.EVIDENCE_SEALS},
    ),
    "another event in its place": (
        "UPDATE events SET name = 'Withdrawal' WHERE delivery = '{refused}' AND is_final",
        {N.STATES, N.EVIDENCE_ENTRIES, N.EVIDENCE_SEALS},
    ),
    "an end before another event": (
        (
            "UPDATE events SET is_final = true, name = 'ContentConsignmentFailure'"
            " WHERE delivery = '{new}'"
        ),
        {N.STATES, N.EVIDENCE_ENTRIES, N.EVIDENCE_SEALS},
    ),
    "a digest": (
        "UPDATE evidence SET digest = sha256('x') WHERE event = "
        + OF % ("company", "ContentHandover"),
        {N.EVIDENCE_DIGESTS, N.EVIDENCE_ENTRIES, N.LEDGER},
    ),
    "the bytes of an evidence": (
        "UPDATE evidence SET xml = substring(xml FROM 2) WHERE event = "
        + OF % ("company", "ContentHandover"),
        {N.EVIDENCE_DIGESTS},
    ),
    "another event's evidence, with its digest": (
        "UPDATE evidence SET (xml, digest) = (SELECT xml, digest FROM evidence WHERE event = "
        + OF % ("citizen", "ContentHandover")
        + ") WHERE event = "
        + OF % ("company", "ContentHandover"),
        {N.EVIDENCE_ENTRIES, N.EVIDENCE_SEALS, N.LEDGER},
    ),
    "another letter behind an evidence": (
        (
            "UPDATE documents SET digest = sha256('x') WHERE number = 2 AND letter ="
            " (SELECT letter FROM deliveries WHERE id = '{waiting}')"
        ),
        {N.EVIDENCE_SEALS, N.DOCUMENTS},
    ),
    "another recipient, who could read the letter": (
        (
            "UPDATE deliveries SET recipient = (SELECT id FROM parties WHERE id NOT IN"
            " (recipient, sender) ORDER BY id LIMIT 1) WHERE id = '{waiting}'"
        ),
        {N.EVIDENCE_SEALS},
    ),
    "another number of a letter": (
        (
            "UPDATE letters SET number = 'x' WHERE id ="
            " (SELECT letter FROM deliveries WHERE id = '{waiting}')"
        ),
        {N.EVIDENCE_SEALS},
    ),
    "another time of submission": (
        (
            "UPDATE letters SET submitted_at = submitted_at - interval '1 day' WHERE id ="
            " (SELECT letter FROM deliveries WHERE id = '{waiting}')"
        ),
        {N.EVIDENCE_SEALS},
    ),
    "another media type": (
        (
            "UPDATE documents SET media_type = 'text/html' WHERE number = 2 AND letter ="
            " (SELECT letter FROM deliveries WHERE id = '{waiting}')"
        ),
        {N.EVIDENCE_SEALS},
    ),
    "another file name": (
        (
            "UPDATE documents SET filename = 'x.exe' WHERE number = 2 AND letter = (SELECT"
            " letter FROM deliveries WHERE id = '{waiting}')"
        ),
        {N.EVIDENCE_SEALS},
    ),
    "another role of a document": (
        (
            "UPDATE documents SET role = 'main' WHERE number = 2 AND letter = (SELECT"
            " letter FROM deliveries WHERE id = '{waiting}')"
        ),
        {N.EVIDENCE_SEALS},
    ),
    "a verdict": (
        (
            "UPDATE documents SET verdict = jsonb_set(verdict, '{{indication}}',"
            " '\"TOTAL_FAILED\"') WHERE number = 1 AND letter = (SELECT letter FROM"
            " deliveries WHERE id = '{waiting}')"
        ),
        {N.EVIDENCE_SEALS},
    ),
    "a verdict with a cause": (
        (
            "UPDATE documents SET verdict = jsonb_set(verdict, '{{sub_indication}}',"
            " '\"REVOKED\"') WHERE number = 1 AND letter = (SELECT letter FROM deliveries"
            " WHERE id = '{waiting}')"
        ),
        {N.EVIDENCE_SEALS},
    ),
    "a verdict is gone": (
        (
            "UPDATE documents SET verdict = NULL WHERE number = 1 AND letter = (SELECT"
            " letter FROM deliveries WHERE id = '{waiting}')"
        ),
        {N.EVIDENCE_SEALS},
    ),
    "a verdict that is none": (
        (
            "UPDATE documents SET verdict = '[]' WHERE number = 1 AND letter = (SELECT"
            " letter FROM deliveries WHERE id = '{waiting}')"
        ),
        {N.EVIDENCE_SEALS},
    ),
    "a tracking number": (
        "UPDATE deliveries SET tracking = 'x' WHERE id = '{waiting}'",
        {N.EVIDENCE_SEALS},
    ),
    "a mode": (
        "UPDATE deliveries SET mode = 'signed' WHERE id = '{waiting}'",
        {N.EVIDENCE_SEALS},
    ),
    "a deadline": (
        (
            "UPDATE deliveries SET acceptance_deadline = acceptance_deadline + interval '1"
            " us' WHERE id = '{waiting}'"
        ),
        {N.EVIDENCE_SEALS},
    ),
    "a deadline is gone": (
        "UPDATE deliveries SET acceptance_deadline = NULL WHERE id = '{waiting}'",
        {N.EVIDENCE_SEALS},
    ),
    "a deadline that no event set": (
        "UPDATE deliveries SET acceptance_deadline = now() WHERE id = '{new}'",
        {N.STATES},
    ),
    "the end of the holding": (
        (
            "UPDATE deliveries SET holding_until = holding_until + interval '1 day' WHERE"
            " id = '{citizen}'"
        ),
        {N.EVIDENCE_SEALS},
    ),
    "an end of holding that no event set": (
        "UPDATE deliveries SET holding_until = now() WHERE id = '{waiting}'",
        {N.STATES},
    ),
    "a release without content": (
        (
            "INSERT INTO releases (letter_month, delivery, document) SELECT letter_month,"
            " id, 1 FROM deliveries WHERE id = '{waiting}'"
        ),
        {N.STREAMS},
    ),
    "an evidence is gone": (
        "DELETE FROM evidence WHERE event = " + OF % ("company", "ContentHandover"),
        {N.ONE_EVIDENCE_EACH},
    ),
    "a pseudonym": (
        "UPDATE deliveries SET pseudonym = repeat('a', 32) WHERE id = '{new}'",
        {N.EVIDENCE_ENTRIES, N.EVIDENCE_SEALS, N.LEDGER},
    ),
    "the last entry of the log is gone": (
        "DELETE FROM log_entries WHERE index = 19",
        {N.LOG_ENTRIES, N.LOG_HEADS, N.ONE_EVIDENCE_EACH, N.ARCHIVE},
    ),
    "an entry in the middle is gone": (
        "DELETE FROM log_entries WHERE index = 7",
        {N.LOG_ENTRIES, N.LOG_HEADS, N.ONE_EVIDENCE_EACH, N.ARCHIVE},
    ),
    "an entry is other": (
        "UPDATE log_entries SET entry = overlay(entry PLACING 'X' FROM 20) WHERE index = 3",
        {N.LOG_ENTRIES, N.LOG_NODES, N.LOG_HEADS, N.EVIDENCE_ENTRIES, N.CONTRADICTIONS},
    ),
    "two entries change places": (
        (
            "UPDATE log_entries SET index = 100 WHERE index = 4;"
            "UPDATE log_entries SET index = 4 WHERE index = 3;"
            "UPDATE log_entries SET index = 3 WHERE index = 100"
        ),
        {N.LOG_ENTRIES, N.LOG_NODES, N.LOG_HEADS, N.ARCHIVE},
    ),
    "a timestamp of the archive is over something else": (
        "UPDATE archive_tokens SET token = (SELECT token FROM log_heads LIMIT 1)",
        {N.ARCHIVE},
    ),
    "a tree of the archive is another": (
        "UPDATE archive_rounds SET roots = sha256('x')",
        {N.ARCHIVE},
    ),
    "a leaf that was hashed anew is another": (
        "UPDATE archive_leaves SET leaves = overlay(leaves PLACING sha512('x') FROM 1)",
        {N.ARCHIVE},
    ),
    "the root of what was hashed anew is another": (
        "UPDATE archive_leaves SET root = sha512('x')",
        {N.ARCHIVE},
    ),
    "what was hashed anew is gone": ("DELETE FROM archive_leaves", {N.ARCHIVE}),
    "a round says that it was not hashed anew": (
        "UPDATE archive_rounds SET digest_bits = 256",
        {N.ARCHIVE},
    ),
    "a timestamp says that it is of the first chain": (
        "UPDATE archive_stamps SET digest_bits = 256",
        {N.ARCHIVE},
    ),
    "a round of the archive is gone": (
        (
            "DELETE FROM archive_leaves;DELETE FROM archive_stamps;"
            "UPDATE archive_rounds SET number = number + 1"
        ),
        {N.ARCHIVE},
    ),
    "an entry too many": (
        "INSERT INTO log_entries (index, evidence, entry) VALUES (20, NULL, 'x')",
        {N.LOG_ENTRIES, N.LOG_NODES, N.ENTRIES_READABLE},
    ),
    "an entry stands in the queue too": (
        (
            "INSERT INTO log_queue (evidence, stream, sequence, entry)"
            " SELECT evidence, 'x', 1, entry FROM log_entries WHERE index = 2"
        ),
        {N.ONE_EVIDENCE_EACH},
    ),
    "a leaf": (
        "UPDATE log_nodes SET hash = sha256('x') WHERE level = 0 AND index = 5",
        {N.LOG_NODES},
    ),
    "an inner node": (
        "UPDATE log_nodes SET hash = sha256('x') WHERE level = 2 AND index = 1",
        {N.LOG_NODES},
    ),
    "an inner node is gone": (
        "DELETE FROM log_nodes WHERE level = 3 AND index = 1",
        {N.LOG_NODES},
    ),
    "a node too many": (
        "INSERT INTO log_nodes SELECT level, 9, hash FROM log_nodes WHERE level = 2 AND index = 1",
        {N.LOG_NODES},
    ),
    "the tree's root": ("UPDATE log_tree SET root = sha256('x')", {N.LOG_ENTRIES}),
    "the tree's size": (
        "UPDATE log_tree SET size = 19",
        {N.LOG_ENTRIES, N.LOG_NODES, N.LOG_HEADS, N.LOG_FILES},
    ),
    "a head's root": (
        "UPDATE log_heads SET root = sha256('x') WHERE size = 20",
        {N.LOG_HEADS, N.HEAD_SIGNATURES, N.LOG_FILES},
    ),
    "a head's size": (
        "UPDATE log_heads SET size = 21 WHERE size = 20",
        {N.LOG_HEADS, N.HEAD_SIGNATURES, N.LOG_FILES},
    ),
    "a head's note": (
        "UPDATE log_heads SET note = overlay(note PLACING 'x' FROM 3) WHERE size = 20",
        {N.HEAD_SIGNATURES, N.HEAD_TOKENS},
    ),
    "another head's token": (
        "UPDATE log_heads SET token = (SELECT token FROM log_heads WHERE size = 20)",
        {N.HEAD_TOKENS},
    ),
    "a letter is gone": (
        "DELETE FROM letters WHERE id = (SELECT letter FROM deliveries WHERE id = '{waiting}')",
        {N.STREAMS, N.IDEMPOTENCY},
    ),
    "a delivery is gone": (
        "DELETE FROM deliveries WHERE id = '{withdrawn}'",
        {N.STREAMS},
    ),
    "a main document is gone": (
        (
            "DELETE FROM documents WHERE number = 1 AND letter ="
            " (SELECT letter FROM deliveries WHERE id = '{waiting}')"
        ),
        {N.STREAMS, N.EVIDENCE_SEALS},
    ),
    "a key is gone": ("DELETE FROM idempotency WHERE key = 'company'", {N.IDEMPOTENCY}),
    "a key of nothing": (
        "INSERT INTO idempotency (sender, key, fingerprint) VALUES ('x', 'y', sha256('z'))",
        {N.IDEMPOTENCY},
    ),
    "a timer is gone": ("DELETE FROM outbox WHERE delivery = '{waiting}'", {N.TIMERS}),
    "a timer is parked": (
        "UPDATE outbox SET parked_at = now() WHERE delivery = '{new}'",
        {N.TIMERS},
    ),
}


@pytest.mark.parametrize("what", SPOILED)
async def test_what_is_spoiled_is_caught_by_the_check_that_names_it(world, what):
    statement, expected = SPOILED[what]
    statement = statement.format(**world.deliveries)
    for each in statement.split(";"):
        done = await world.execute(each)
        assert not done.endswith(" 0"), "nothing was spoiled"
    report = await audit(world)
    assert failed(report) == expected
    for check in report.checks:
        assert (check.problems > 0) == bool(check.examples) == (check.name in expected)


async def test_a_parked_row_beside_a_timer_is_told_and_no_problem(world):
    await world.execute(
        "INSERT INTO outbox (kind, task, delivery, next_try, parked_at)"
        " VALUES ('push', 'push-envelope', $1, now(), now())",
        world.deliveries["waiting"],
    )
    report = await audit(world)
    assert report.outcome is Outcome.PASS
    assert any("parked row" in note for note in one(report, N.TIMERS).notes)


async def test_a_rewritten_log_does_not_fit_what_was_signed(world):
    """All of the log made anew, consistently, for one changed entry: heads and archive tell."""
    rows = await world.fetch("SELECT index, entry FROM log_entries ORDER BY index")
    frontier = Frontier.empty()
    for row in rows:
        entry = row["entry"]
        if row["index"] == 0:
            entry = entry[:-65] + hashlib.sha256(b"another").hexdigest().encode() + b"\n"
            await world.execute("UPDATE log_entries SET entry = $1 WHERE index = 0", entry)
        for node in frontier.append(leaf_hash(entry)):
            await world.execute(
                "UPDATE log_nodes SET hash = $3 WHERE level = $1 AND index = $2", *node
            )
        await world.execute(
            "UPDATE log_heads SET root = $1 WHERE size = $2", frontier.root(), frontier.size
        )
    await world.execute("UPDATE log_tree SET root = $1", frontier.root())
    assert failed(await audit(world)) == {
        *(N.HEAD_SIGNATURES, N.EVIDENCE_ENTRIES, N.LOG_FILES, N.ARCHIVE),
    }


async def test_a_late_entry_breaks_the_promise_of_the_merge_delay(world):
    await world.execute(
        "UPDATE events SET happened_at = happened_at - interval '1 hour' WHERE delivery = $1",
        world.deliveries["new"],
    )
    assert N.LOG_COMPLETE in failed(await audit(world))


# --- vault and ledger ----------------------------------------------------------------------------


@pytest.mark.parametrize("place", [100, -1])
async def test_a_flipped_bit_of_a_document_s_file_is_caught(world, place):
    (segment, *_) = world.segments()
    data = bytearray(segment.read_bytes())
    data[place] ^= 1
    segment.write_bytes(data)
    assert failed(await audit(world)) == {N.DOCUMENTS}


async def test_a_lost_file_or_key_of_the_vault_is_caught(world):
    (segment, *_) = world.segments()
    segment.unlink()
    assert failed(await audit(world)) == {N.DOCUMENTS}


async def test_where_there_is_no_vault_nobody_can_tell_and_none_is_made(world):
    keys = world.config.vault.keys
    keys.rename(keys.with_name("elsewhere"))
    report = await audit(world)
    assert one(report, N.DOCUMENTS).outcome is Outcome.UNKNOWN
    assert report.outcome is Outcome.UNKNOWN
    assert not keys.exists()


async def test_a_row_without_its_line_in_the_ledger_is_caught(world):
    lines = world.ledger.read_bytes().splitlines(keepends=True)
    world.ledger.write_bytes(b"".join(lines[:5] + lines[6:]))
    assert failed(await audit(world)) == {N.LEDGER}


async def test_a_line_without_a_row_is_told_and_no_problem(world):
    lines = world.ledger.read_bytes().splitlines(keepends=True)
    world.ledger.write_bytes(b"".join([*lines, lines[0].replace(b" 00000001 ", b" 00000077 ")]))
    report = await audit(world)
    assert report.outcome is Outcome.PASS
    assert "sealed, but not committed" in one(report, N.LEDGER).notes[0]


async def test_a_broken_ledger_is_caught_and_a_missing_one_cannot_tell(world):
    text = world.ledger.read_bytes()
    world.ledger.write_bytes(text.replace(b" ", b"x", 1))
    assert failed(await audit(world)) == {N.LEDGER}
    world.ledger.unlink()
    report = await audit(world)
    assert report.outcome is one(report, N.LEDGER).outcome is Outcome.UNKNOWN


ENVELOPE = (
    ("letters", "subject = 'another'"),
    ("letters", "salutation = 'another'"),
    ("letters", "written_on = written_on + 1"),
    ("letters", "refers_to = '[\"another\"]'"),
    ("letters", "urgency = 'urgent'"),
    ("letters", "secrecy = 'secret'"),
    ("documents", "size = size + 1"),
)


async def test_every_word_of_the_envelope_is_sealed(world):
    for table, change in ENVELOPE:
        before = await world.fetch(f"SELECT * FROM {table}")  # noqa: S608 - a table's name
        await world.execute(f"UPDATE {table} SET {change}")  # noqa: S608 - as above
        report = await audit(world)
        assert failed(report) == {N.EVIDENCE_SEALS}, change
        assert "another envelope" in one(report, N.EVIDENCE_SEALS).examples[0]
        await world.put_back(table, before)
    assert (await audit(world)).outcome is Outcome.PASS


# --- the log's files, and what a stranger reads in them -----------------------------------------


@pytest.mark.parametrize("path", ["tile/0/000.p/20", "tile/entries/000.p/20", "checkpoint"])
async def test_files_of_the_log_that_are_others_or_gone_are_caught(world, path):
    file = world.config.log.folder / path
    data = file.read_bytes()
    file.write_bytes(data.replace(b"\n20\n", b"\n19\n") if path == "checkpoint" else data[:-32])
    assert failed(await audit(world)) == {N.LOG_FILES}
    file.unlink()
    report = await audit(world)
    assert one(report, N.LOG_FILES).outcome is not Outcome.PASS
    file.write_bytes(data)
    assert (await audit(world)).outcome is Outcome.PASS


async def test_a_stranger_gets_the_operators_numbers(world):
    """From the files alone: the same deliveries, the same times."""
    own = await audit(world)
    wish = PublicWish(log=str(world.config.log.folder), trust=world.trust)
    found = await audit_log(wish, now=datetime.now(UTC), progress=lambda _what, _number: None)
    assert found.outcome is Outcome.PASS, found.to_plain()
    assert found.statistics == own.statistics
    assert {check.name for check in found.checks} == {
        N.SIGNED_HEAD,
        N.TILES,
        N.APPEND_ONLY,
        N.ANCHORED,
        N.ENTRIES_READABLE,
        N.SEQUENCES,
        N.CONTRADICTIONS,
        N.FINAL_IN_TIME,
        N.ENTRY_TIMES,
        N.OPERATIONS,
    }
    rows = await world.fetch("SELECT state, count(*) AS number FROM deliveries GROUP BY state")
    by_rows = {row["state"]: row["number"] for row in rows}
    by_log = {name: spread.number for name, spread in found.statistics.outcomes.items()}
    for state in ("handed_over", "refused", "withdrawn", "expired", "uncollected"):
        assert by_log[state] == by_rows.get(state, 0)


async def test_the_command_audits_the_log_and_the_installation_behind_it(world, command):
    trust = ("--trust", str(world.folder / "trust.json"))
    log = ("--log", str(world.config.log.folder))
    code, out, _ = await command(*trust, *log, "--json")
    assert (code, len(json.loads(out)["checks"])) == (0, 10)
    code, out, _ = await command(*trust, *log, "--database", "--json")
    found = json.loads(out)
    names = [check["id"] for check in found["checks"]]
    assert (code, found["result"]) == (0, "pass"), found
    assert {"served-head", "tiles", "ledger", "log-files"} <= set(names)


# --- trust, the served head, life ----------------------------------------------------------------


async def test_without_a_trust_file_signatures_cannot_tell(world):
    report = await audit(world, trust=TRUST_NOBODY)
    unknown = {check.name for check in report.checks if check.outcome is Outcome.UNKNOWN}
    assert unknown == {
        *(N.HEAD_SIGNATURES, N.HEAD_TOKENS, N.EVIDENCE_SEALS, N.LOG_COMPLETE, N.ARCHIVE),
    }
    await world.execute("UPDATE log_heads SET root = sha256('x') WHERE size = 20")
    assert failed(await audit(world, trust=TRUST_NOBODY)) == {
        N.LOG_HEADS,
        N.HEAD_SIGNATURES,
        N.LOG_FILES,
    }


async def test_a_stranger_s_keys_fit_nothing(world):
    assert failed(await audit(world, trust=Operator(origin=ORIGIN).trust)) == {
        N.HEAD_SIGNATURES,
        N.HEAD_TOKENS,
        N.EVIDENCE_SEALS,
    }


@asynccontextmanager
async def serving(status: int, body: bytes):
    async def answer(_request):
        return web.Response(status=status, body=body)

    application = web.Application()
    application.router.add_get("/log/checkpoint", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_the_served_head_belongs_to_the_history(world):
    for size in (20, await world.value("SELECT min(size) FROM log_heads")):
        note = await world.value("SELECT note FROM log_heads WHERE size = $1", size)
        async with serving(200, note) as url:
            report = await audit(world, log_url=url)
            assert one(report, N.SERVED_HEAD).outcome is Outcome.PASS
            report = await audit(world, log_url=url, trust=TRUST_NOBODY)
            assert one(report, N.SERVED_HEAD).outcome is Outcome.UNKNOWN


async def test_a_served_head_of_another_history_is_caught(world):
    note = await world.value("SELECT note FROM log_heads WHERE size = 20")
    await world.execute("DELETE FROM log_heads WHERE size = 20")
    async with serving(200, note) as url:
        assert failed(await audit(world, log_url=url)) == {N.SERVED_HEAD}
    async with serving(200, b"no note") as url:
        assert failed(await audit(world, log_url=url)) == {N.SERVED_HEAD}


async def test_a_fork_shown_to_others_is_caught(world):
    """The same key signed another history of the same size."""
    forked = await world.value("SELECT note FROM log_heads WHERE size = 20")
    await world.execute(
        "UPDATE log_heads SET root = (SELECT root FROM log_heads WHERE size < 20) WHERE size = 20"
    )
    async with serving(200, forked) as url:
        assert N.SERVED_HEAD in failed(await audit(world, log_url=url))


async def test_a_log_that_is_not_served_and_a_database_that_is_not_there_are_said(world):
    for status in (404, 503):
        async with serving(status, b"") as url:
            with pytest.raises(ServiceUnavailable, match=str(status)):
                await audit(world, log_url=url)
    with pytest.raises(ServiceUnavailable):
        await audit(world, log_url="http://127.0.0.1:9")
    await world.execute("SELECT 1")
    nowhere = replace(world, dsn="postgresql://nobody@127.0.0.1:9/none")
    with pytest.raises(StorageUnavailable):
        await audit(nowhere)


async def test_an_audit_of_a_living_installation_sees_one_moment(new_database, tmp_path):
    """Commits, rounds and the vault go on while the audit reads."""
    dsn = await new_database("template0")
    with SealerProgram(tmp_path) as sealer:
        sealer.start()
        await migrate(dsn, datetime.now(UTC))
        world = World(dsn=dsn, folder=tmp_path, trust=trust_of(sealer))
        async with living(world, sealer) as life:
            alive = asyncio.ensure_future(_keep_living(life))
            try:
                seen = 0
                while seen < 12:
                    report = await audit(world, later=timedelta())
                    assert report.outcome is Outcome.PASS, report.to_plain()
                    assert not alive.done(), alive
                    seen = one(report, N.STATES).checked
            finally:
                alive.cancel()
                with suppress(asyncio.CancelledError):
                    await alive


async def _keep_living(life):
    for number in itertools.count():
        name = f"letter {number}"
        LETTERS[name] = LETTERS["company"]
        await life.submit(name)
        await life.act(Forward, name)
        if number % 3 == 0:
            await life.publication.round()


# --- the command ---------------------------------------------------------------------------------


@pytest.fixture
def command(world, monkeypatch, capfd):
    """Calls `tdh audit` with the installation's settings: exit code, output, errors."""
    (world.folder / "trust.json").write_bytes(world.trust.text())
    settings = {
        "TDH_DATABASE__DSN": world.dsn,
        "TDH_VAULT__FOLDER": str(world.folder / "vault"),
        "TDH_VAULT__KEYS": str(world.folder / "vault-keys"),
        "TDH_SEALER__STATE": str(world.folder / "state"),
        "TDH_ISSUER__ORIGIN": ORIGIN,
        "TDH_LOG__FOLDER": str(world.folder / "log"),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    async def call(*words: str) -> tuple[int, str, str]:
        code = await asyncio.to_thread(main, ["audit", *words])
        return code, *capfd.readouterr()

    return call


async def test_the_command_says_what_it_found_in_words_json_and_exit_code(world, command):
    trust = ("--trust", str(world.folder / "trust.json"))
    code, out, _ = await command(*trust, "--json", "--full")
    found = json.loads(out)
    assert (code, found["result"]) == (0, "pass")
    assert found["statistics"]["accepted"] == 5
    assert {"id", "result", "checked", "problems", "examples", "notes", "text"} == set(
        found["checks"][0]
    )
    code, out, _ = await command("--lang", "en")
    assert (code, out.splitlines()[-1]) == (2, "cannot tell")
    await world.execute("DELETE FROM outbox")
    code, out, _ = await command(*trust, "--lang", "th")
    assert code == 1
    assert "✗ timers" in out
    assert out.splitlines()[-1] == "พบข้อที่ไม่ถูกต้อง"


async def test_the_command_tells_what_hinders_it(world, command, monkeypatch):
    code, _, err = await command("--trust", "/nowhere/trust.json")
    assert (code, "/nowhere/trust.json" in err) == (66, True)
    (world.folder / "trust.json").write_text("[]")
    code, _, err = await command("--trust", str(world.folder / "trust.json"))
    assert (code, "JSON object" in err) == (64, True)
    code, _, err = await command("--log", "http://127.0.0.1:9")
    assert (code, "cannot be read" in err) == (69, True)
    monkeypatch.setenv("TDH_DATABASE__DSN", "postgresql://nobody@127.0.0.1:9/none")
    code, _, err = await command()
    assert (code, "storage-unavailable" in err) == (69, True)
