"""Migrations, the golden schema, and that each constraint catches its wrong."""

import asyncio
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import asyncpg
import pytest
from builders import NOW
from storage_world import DistinctIds, act, forward, submission, take_in

import storage
from storage.audit import Check
from storage.database import Database
from storage.errors import MigrationChanged, MigrationUnknown
from storage.journal import PostgresJournal
from storage.migrate import MIGRATIONS, migrate, migrations_in
from storage.partitions import PARTITIONED, ensure_partitions
from storage.queries import parse_statements
from storage.schema_dump import dump_schema
from tdh.domain.errors import DataRefused
from tdh.domain.events import EVENTS, FINAL_EVENTS, REPEATABLE
from tdh.domain.letters import DocumentRole, Secrecy, Urgency
from tdh.domain.lifecycle import ConsignmentMode, DeliveryState
from tdh.domain.outbox import OutboxKind, Task
from tdh.domain.parties import Channel
from tdh.domain.signers import MarkKind, SenderMatch

FOLDER = Path(storage.__file__).parent


async def dump(dsn: str) -> str:
    connection = await asyncpg.connect(dsn)
    try:
        return await dump_schema(connection)
    finally:
        await connection.close()


async def test_the_golden_schema_is_what_the_migrations_make(database_dsn: str) -> None:
    assert await dump(database_dsn) == (FOLDER / "schema.sql").read_text(encoding="utf-8")


async def test_the_golden_schema_is_sql_that_makes_the_same_schema(empty_database: str) -> None:
    golden = (FOLDER / "schema.sql").read_text(encoding="utf-8")
    connection = await asyncpg.connect(empty_database)
    await connection.execute(golden)
    await connection.close()
    assert await dump(empty_database) == golden


async def test_of_eight_migrations_at_once_one_does_the_work(empty_database: str) -> None:
    applied = await asyncio.gather(*(migrate(empty_database, NOW) for _ in range(8)))
    names = tuple(migration.name for migration in migrations_in(MIGRATIONS))
    assert sorted(applied) == sorted([(), (), (), (), (), (), (), names])
    assert await migrate(empty_database, NOW) == ()


async def test_a_migration_that_changed_afterwards_is_named(
    empty_database: str, tmp_path: Path
) -> None:
    for file in MIGRATIONS.glob("*.sql"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (file,) = MIGRATIONS.glob("0001_*.sql")
    copy = tmp_path / file.name
    await migrate(empty_database, NOW, tmp_path)
    copy.write_bytes(file.read_bytes() + b"-- a word more\n")
    with pytest.raises(MigrationChanged) as raised:
        await migrate(empty_database, NOW, tmp_path)
    assert raised.value.name == file.stem


async def test_a_database_of_a_newer_version_is_left_alone(
    empty_database: str, tmp_path: Path
) -> None:
    for file in MIGRATIONS.glob("*.sql"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "9999_of_tomorrow.sql").write_text("CREATE TABLE tomorrow (day date);")
    await migrate(empty_database, NOW, tmp_path)
    with pytest.raises(MigrationUnknown, match="9999_of_tomorrow"):
        await migrate(empty_database, NOW)


async def test_a_migration_that_fails_leaves_nothing_of_itself(
    empty_database: str, tmp_path: Path
) -> None:
    for file in MIGRATIONS.glob("*.sql"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    await migrate(empty_database, NOW, tmp_path)
    before = await dump(empty_database)
    (tmp_path / "9999_wrong.sql").write_text("CREATE TABLE half (day date); SELECT nonsense();")
    with pytest.raises(asyncpg.UndefinedFunctionError):
        await migrate(empty_database, NOW, tmp_path)
    assert await dump(empty_database) == before
    (tmp_path / "9999_wrong.sql").unlink()
    assert await migrate(empty_database, NOW, tmp_path) == ()


async def test_every_named_statement_is_prepared_by_the_real_schema(database: Database) -> None:
    checked = 0
    async with database.session() as session:
        for file in FOLDER.glob("*.sql"):
            if file.name == "schema.sql":
                continue
            for text in parse_statements(file.read_text(encoding="utf-8"), file.name).values():
                await session.prepare(text)
                checked += 1
    assert checked > 50


def test_every_named_statement_is_used_and_every_used_one_is_there() -> None:
    for file in FOLDER.glob("*.py"):
        used = set(re.findall(r'_SQL\["(\w+)"\]', text := file.read_text(encoding="utf-8")))
        if "_SQL = statements_beside" not in text:
            continue
        sql = file.with_suffix(".sql")
        named = set(parse_statements(sql.read_text(encoding="utf-8"), sql.name))
        by_argument = set(re.findall(r'self\._(?:one|count|stream)\(\s*"(\w+)"', text))
        by_check = set(Check) if file.name == "audit.py" else set()
        assert used | by_argument | by_check == named, file.name


async def test_the_schema_knows_the_words_of_the_domain(database: Database) -> None:
    rows = await database.fetch(
        "SELECT conname, pg_get_constraintdef(oid) AS text FROM pg_constraint WHERE contype = 'c'"
        " AND conparentid = 0"
    )
    words = {row["conname"]: set(re.findall(r"'([^']+)'::text", row["text"])) for row in rows}
    assert words["deliveries_state_check"] == set(DeliveryState)
    assert words["deliveries_mode_check"] == set(ConsignmentMode)
    assert words["deliveries_channel_check"] == words["parties_channel_check"] == set(Channel)
    assert words["documents_role_check"] == set(DocumentRole)
    assert words["documents_sender_match_check"] == set(SenderMatch)
    assert words["party_signers_kind_check"] == set(MarkKind)
    assert words["letters_urgency_check"] == set(Urgency)
    assert words["letters_secrecy_check"] == set(Secrecy) - {Secrecy.TOP_SECRET}
    assert words["outbox_task_check"] == set(Task)
    assert words["outbox_kind_check"] == set(OutboxKind)
    assert words["events_cause"] == REPEATABLE
    assert words["events_final"] == FINAL_EVENTS | {"NotificationForAcceptanceFailure"}
    assert {each.__name__ for each in EVENTS} >= words["events_cause"] | words["events_final"]


async def test_partitions_are_made_once_for_three_months(database: Database) -> None:
    later = datetime(2027, 11, 30, 20, 0, tzinfo=UTC)
    made = await asyncio.gather(*(ensure_partitions(database, later) for _ in range(4)))
    names = {f"{table}_{month}" for table in PARTITIONED for month in ("2027_11", "2027_12")}
    names |= {f"{table}_2028_01" for table in PARTITIONED}
    assert sorted(map(len, made)) == [0, 0, 0, 24]
    assert {name for one in made for name in one} == names
    assert await ensure_partitions(database, later) == ()


async def test_the_month_of_partitions_is_that_of_utc(database: Database) -> None:
    bangkok = datetime.fromisoformat("2029-02-01T03:00:00+07:00")
    assert "letters_2029_01" in await ensure_partitions(database, bangkok)


# --- each constraint catches its wrong ----------------------------------------------------------

MONTH = date(2026, 11, 1)


@pytest.fixture
async def known(database: Database, journal: PostgresJournal, ids: DistinctIds):
    """A consigned delivery with its rows."""
    asked = submission(ids)
    await take_in(journal, asked)
    await act(journal, forward(ids, asked.recipients[0].delivery))
    return asked


EVENT = (
    "INSERT INTO events (letter_month, id, delivery, sequence, name, cause, is_final, happened_at)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, now())"
)


async def add_event(  # noqa: PLR0917 - the columns of a row, in order
    database: Database,
    event: str,
    delivery: str,
    sequence: int,
    name: str,
    cause: str = "",
    *,
    final: bool = False,
) -> None:
    await database.fetch(EVENT, MONTH, event, delivery, sequence, name, cause, final)


async def test_a_sequence_number_stands_once(database: Database, known) -> None:
    delivery = known.recipients[0].delivery
    with pytest.raises(DataRefused, match="sequence"):
        await add_event(database, "evt_a", delivery, 2, "ConsignmentAcceptance")


async def test_an_event_stands_once(database: Database, known) -> None:
    with pytest.raises(DataRefused, match="pkey"):
        await add_event(database, known.recipients[0].event, "dlv_x", 1, "SubmissionAcceptance")


async def test_what_happens_once_does_not_happen_again(database: Database, known) -> None:
    delivery = known.recipients[0].delivery
    with pytest.raises(DataRefused, match="name_cause"):
        await add_event(database, "evt_a", delivery, 3, "ContentConsignment")


async def test_what_is_repeatable_happens_once_for_each_cause(database: Database, known) -> None:
    delivery = known.recipients[0].delivery
    await add_event(database, "evt_a", delivery, 3, "ContentAccessTracking", "1:a")
    await add_event(database, "evt_b", delivery, 4, "ContentAccessTracking", "1:b")
    with pytest.raises(DataRefused, match="name_cause"):
        await add_event(database, "evt_c", delivery, 5, "ContentAccessTracking", "1:a")


@pytest.mark.parametrize(
    ("name", "cause"), [("ContentAccessTracking", ""), ("ContentHandover", "1:a")]
)
async def test_repeatable_events_alone_have_a_cause(
    database: Database, known, name: str, cause: str
) -> None:
    delivery = known.recipients[0].delivery
    with pytest.raises(DataRefused, match="events_cause"):
        await add_event(
            database, "evt_a", delivery, 3, name, cause, final=name == "ContentHandover"
        )


async def test_a_delivery_ends_once(database: Database, known) -> None:
    delivery = known.recipients[0].delivery
    await add_event(database, "evt_a", delivery, 3, "ContentHandover", final=True)
    with pytest.raises(DataRefused, match="2026_11_delivery_letter_month_idx"):
        await add_event(database, "evt_b", delivery, 4, "Withdrawal", final=True)
    with pytest.raises(DataRefused, match="2026_11_delivery_letter_month_idx"):
        await add_event(
            database, "evt_c", delivery, 4, "NotificationForAcceptanceFailure", "mail", final=True
        )
    await add_event(database, "evt_d", delivery, 4, "NotificationForAcceptanceFailure", "mail")


@pytest.mark.parametrize(("name", "final"), [("ContentHandover", False), ("Relay", True)])
async def test_the_mark_of_the_end_belongs_to_the_events_that_end(
    database: Database, known, name: str, *, final: bool
) -> None:
    delivery = known.recipients[0].delivery
    with pytest.raises(DataRefused, match="events_final"):
        await add_event(database, "evt_a", delivery, 3, name, final=final)


async def test_an_event_has_one_evidence(database: Database, known) -> None:
    with pytest.raises(DataRefused, match="pkey"):
        await database.fetch(
            "INSERT INTO evidence (letter_month, event, xml, digest)"
            " VALUES ($1, $2, '', sha256(''))",
            MONTH,
            known.recipients[0].event,
        )


@pytest.mark.parametrize(
    "wrong",
    [
        "UPDATE deliveries SET state = 'declined'",
        "UPDATE deliveries SET sequence = 0",
        "UPDATE deliveries SET pseudonym = 'short'",
        "UPDATE letters SET secrecy = 'top-secret'",
        "UPDATE letters SET urgency = 'soon'",
        "UPDATE documents SET number = 0",
        "UPDATE documents SET length = -1",
        "UPDATE evidence SET digest = 'short'",
        "UPDATE idempotency SET stream = 'dlv_x'",
        "UPDATE outbox SET task = 'rest'",
        "INSERT INTO deliveries SELECT * FROM deliveries",
        "INSERT INTO documents SELECT * FROM documents",
        "INSERT INTO letters SELECT * FROM letters",
        "INSERT INTO idempotency SELECT * FROM idempotency",
        "INSERT INTO log_tree (only_one, epoch, size, root) VALUES (false, 1, 0, sha256(''))",
        "INSERT INTO log_tree (epoch, size, root) VALUES (1, 0, sha256(''))",
        "UPDATE log_tree SET size = -1",
        "UPDATE deliveries SET tracking = NULL",
    ],
)
async def test_the_database_refuses(database: Database, known, wrong: str) -> None:
    with pytest.raises(DataRefused):
        await database.fetch(wrong)


async def test_a_tracking_number_stands_once(
    database: Database, journal: PostgresJournal, ids: DistinctIds, known
) -> None:
    again = submission(ids, key="again")
    twin = replace(again.recipients[0], tracking=known.recipients[0].tracking)
    with pytest.raises(DataRefused, match="tracking"):
        await take_in(journal, replace(again, recipients=(twin,)))


async def test_the_steps_of_a_delivery_are_heap_only_updates(
    database: Database, journal: PostgresJournal, ids: DistinctIds
) -> None:
    batch = [submission(ids, key=f"{n}") for n in range(20)]
    await take_in(journal, *batch)
    await act(journal, *(forward(ids, each.recipients[0].delivery) for each in batch))
    for _ in range(100):  # statistics arrive a little later
        await database.fetch("SELECT pg_stat_clear_snapshot()")
        rows = await database.fetch(
            "SELECT n_tup_upd AS updated, n_tup_hot_upd AS hot FROM pg_stat_user_tables"
            " WHERE relname = 'deliveries_2026_11'"
        )
        if rows[0]["updated"] == 20:
            break
        await asyncio.sleep(0.1)
    assert (rows[0]["updated"], rows[0]["hot"]) == (20, 20)
