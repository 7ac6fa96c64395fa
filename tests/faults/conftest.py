"""A whole installation for the fault tests of this folder, on servers that may be killed."""

from collections.abc import AsyncIterator

import pytest

from tests.installation import Installation, installed


@pytest.fixture(scope="module")
async def here(new_database, postgres_server, rabbitmq_server) -> AsyncIterator[Installation]:
    """A running service with a database of its own."""
    async with installed(new_database, postgres_server, rabbitmq_server) as running:
        yield running
