"""A whole installation for the acceptance tests: each module that asks has one of its own."""

from collections.abc import AsyncIterator

import pytest

from tests.installation import Installation, installed


@pytest.fixture(scope="module")
async def here(
    request, new_database, postgres_server, rabbitmq_server
) -> AsyncIterator[Installation]:
    """A running service; settings of its own stand in the module's `SETTINGS`."""
    extra = getattr(request.module, "SETTINGS", None)
    async with installed(new_database, postgres_server, rabbitmq_server, extra=extra) as running:
        yield running
