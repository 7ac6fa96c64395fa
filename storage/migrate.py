"""Brings a database to the schema of this version: SQL files in order, each applied once.

Any number of processes may do so at once: an advisory lock lets one work, the others then find
nothing to do. What was applied is remembered with its SHA-256; a file that changed afterwards is
an error, never a silent difference. There is no way back but forward.

`python -m storage.migrate --dump DSN` prints the schema of a database as `storage/schema.sql` has
it; `python -m storage.migrate DSN` migrates.
"""

import argparse
import asyncio
import hashlib
import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from storage.database import Session
from storage.driver import translated
from storage.errors import MigrationChanged, MigrationUnknown
from storage.partitions import ADVISORY_LOCK, make_partitions
from storage.schema_dump import dump_schema

MIGRATIONS = Path(__file__).with_name("migrations")
CONNECT_SECONDS = 10.0
LOCK_TIMEOUT = "60s"
"""For another process that migrates at the same time, and for statements in the way."""
_FILE = re.compile(r"\d{4}_[a-z0-9_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One file of the folder."""

    name: str
    statements: str

    @property
    def sha256(self) -> bytes:
        return hashlib.sha256(self.statements.encode()).digest()


def migrations_in(folder: Path) -> tuple[Migration, ...]:
    """All migrations, in order of their numbers."""
    return tuple(
        Migration(name=file.stem, statements=file.read_text(encoding="utf-8"))
        for file in sorted(folder.glob("*.sql"))
        if _FILE.fullmatch(file.stem)
    )


async def migrate(dsn: str, now: datetime, folder: Path = MIGRATIONS) -> tuple[str, ...]:
    """Apply what is missing and make the next months' partitions; the names applied.

    Raises MigrationChanged, MigrationUnknown, StorageUnavailable.
    """
    migrations = migrations_in(folder)
    with translated():
        connection = await asyncpg.connect(
            dsn, timeout=CONNECT_SECONDS, server_settings={"lock_timeout": LOCK_TIMEOUT}
        )
        try:
            # A lock of the session: it outlives the transactions of the single files.
            await connection.execute("SELECT pg_advisory_lock($1)", ADVISORY_LOCK)
            await connection.execute(_TABLE)
            applied = await _apply_missing(connection, migrations, now)
            await make_partitions(connection, now)
        finally:
            connection.terminate()  # and with it the lock
    return applied


_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    name       text COLLATE "C" PRIMARY KEY,
    sha256     bytea NOT NULL,
    applied_at timestamptz NOT NULL
)"""


async def _apply_missing(
    session: Session, migrations: tuple[Migration, ...], now: datetime
) -> tuple[str, ...]:
    rows = await session.fetch("SELECT name, sha256 FROM schema_migrations ORDER BY name")
    known = {row["name"]: row["sha256"] for row in rows}
    by_name = {migration.name: migration for migration in migrations}
    for name, sha256 in known.items():
        if name not in by_name:
            raise MigrationUnknown(name)
        if by_name[name].sha256 != sha256:
            raise MigrationChanged(name)
    missing = [migration for migration in migrations if migration.name not in known]
    for migration in missing:
        # All or nothing: PostgreSQL's DDL is transactional.
        async with session.transaction():
            await session.execute(migration.statements)
            await session.execute(
                "INSERT INTO schema_migrations (name, sha256, applied_at) VALUES ($1, $2, $3)",
                migration.name,
                migration.sha256,
                now,
            )
    return tuple(migration.name for migration in missing)


async def _dump(dsn: str) -> str:
    connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS)
    try:
        return await dump_schema(connection)
    finally:
        await connection.close()


def main() -> None:
    """The command of the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m storage.migrate", description=__doc__)
    parser.add_argument("dsn", metavar="DSN")
    parser.add_argument("--dump", action="store_true", help="print the schema, change nothing")
    asked = parser.parse_args()
    if asked.dump:
        sys.stdout.write(asyncio.run(_dump(asked.dsn)))
        return
    for name in asyncio.run(migrate(asked.dsn, datetime.now(UTC))):
        sys.stdout.write(f"applied {name}\n")


if __name__ == "__main__":
    main()
