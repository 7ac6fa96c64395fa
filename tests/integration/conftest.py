"""Databases with the schema in place: one is migrated, the others are copies of it."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest
from builders import AGENCY, CITIZEN, COMPANY, NOW, party
from storage_world import DistinctIds

from storage.database import Database, open_database
from storage.journal import PostgresJournal
from storage.migrate import migrate
from storage.parties import PostgresParties
from tdh.domain.parties import Channel
from tdh.local.postgres import PostgresServer


@pytest.fixture(scope="session")
async def template_database(new_database) -> str:
    """The name of a migrated database to copy; nobody connects to it."""
    dsn = await new_database("template0")
    await migrate(dsn, NOW)
    return urlsplit(dsn).path.removeprefix("/")


@pytest.fixture
async def database_dsn(
    postgres_server: PostgresServer, new_database, template_database: str
) -> AsyncIterator[str]:
    """The DSN of a migrated database of its own for the test."""
    dsn = await new_database(template_database)
    yield dsn
    connection = await asyncpg.connect(postgres_server.dsn_of("postgres"))
    name = urlsplit(dsn).path.removeprefix("/")
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


@pytest.fixture
async def database(database_dsn: str) -> AsyncIterator[Database]:
    """A pool on a migrated database, with three parties registered."""
    opened = await open_database(database_dsn, application_name="test")
    parties = PostgresParties(opened)
    await parties.register(party(AGENCY, Channel.API))
    await parties.register(party(COMPANY, Channel.QUEUE))
    await parties.register(party(CITIZEN, Channel.PERSON))
    yield opened
    await opened.close()


@pytest.fixture
def journal(database: Database) -> PostgresJournal:
    return PostgresJournal(database)


@pytest.fixture
def ids() -> DistinctIds:
    return DistinctIds()
