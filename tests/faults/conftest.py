"""A whole installation for the fault tests of this folder, on servers that may be killed."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from tests.installation import Installation, installation


@pytest.fixture(scope="module")
async def here(new_database, postgres_server, rabbitmq_server) -> AsyncIterator[Installation]:
    """A running service with a database of its own."""
    dsn = await new_database("template0")
    async with installation(dsn, rabbitmq_server) as running:
        yield running
    connection = await asyncpg.connect(postgres_server.dsn_of("postgres"))
    await connection.execute(f"DROP DATABASE {urlsplit(dsn).path[1:]} WITH (FORCE)")
    await connection.close()
