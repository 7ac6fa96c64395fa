"""What `tdh doctor` asks of the database beside what others ask of it; nothing is written."""

from storage.database import Database
from storage.migrate import MIGRATIONS, migrations_in
from storage.queries import statements_beside

_SQL = statements_beside(__file__)


class PostgresDoctor:
    """Questions about a database's state. Every method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def missing_migrations(self) -> tuple[str, ...]:
        """Names of this version's migrations that the database has not had."""
        applied = {row["name"] for row in await self._database.fetch(_SQL["migrations"])}
        wanted = (migration.name for migration in migrations_in(MIGRATIONS))
        return tuple(name for name in wanted if name not in applied)

    async def queue(self) -> tuple[int, int | None]:
        """How many entries wait for a place in the log, and the number of the oldest."""
        row = (await self._database.fetch(_SQL["queue"]))[0]
        return row["number"], row["oldest"]
