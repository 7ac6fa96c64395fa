"""One honest world for all cheats, and a copy of it for each."""

from collections.abc import AsyncIterator, Iterator

import pytest
from honest_world import Neighbour, Place, World, copied, lived


@pytest.fixture(scope="session")
async def world(
    new_database, postgres_server, rabbitmq_server, tmp_path_factory
) -> AsyncIterator[World]:
    """Made once; nobody changes it."""
    folder = tmp_path_factory.mktemp("honest")
    async with lived(new_database, postgres_server, rabbitmq_server, folder) as made:
        yield made


@pytest.fixture
async def place(world, new_database, postgres_server, tmp_path) -> AsyncIterator[Place]:
    """Today's installation for one cheat to spoil."""
    async with copied(world.today, new_database, postgres_server, tmp_path / "today") as made:
        yield made


@pytest.fixture
async def yesterday(world, new_database, postgres_server, tmp_path) -> AsyncIterator[Place]:
    """Yesterday's."""
    async with copied(world.yesterday, new_database, postgres_server, tmp_path / "before") as made:
        yield made


@pytest.fixture
def neighbour(world, tmp_path) -> Iterator[Neighbour]:
    """The other operator's witness as it was when the service stopped; each cheat has its own."""
    with Neighbour(world, tmp_path / "neighbour") as running:
        yield running
