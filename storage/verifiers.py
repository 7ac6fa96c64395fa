"""Which versions of the small verifiers the log knows: names, digests and times, no more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.database import Database
from storage.queries import statements_beside
from storage.transaction import open_transaction

_SQL = statements_beside(__file__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedVerifier:
    """One version of one program."""

    name: str
    """How its file is called."""
    digest: bytes
    """SHA-256 of the file."""
    published_at: datetime


class PostgresVerifiers:
    """The published versions. Every method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> Sequence[RecordedVerifier]:
        """Every version, the oldest first."""
        return tuple(
            RecordedVerifier(
                name=row["name"], digest=row["digest"], published_at=row["published_at"]
            )
            for row in await self._database.fetch(_SQL["all"])
        )

    async def publish(self, version: RecordedVerifier, entry: bytes) -> bool:
        """Record a version and put its entry into the log's queue; False where it is known.

        Raises CommitUnknown when the connection ended before the answer: to do it again is
        harmless.
        """
        async with open_transaction(self._database) as transaction:
            rows = await transaction.fetch(
                _SQL["publish"], version.name, version.digest, version.published_at, entry
            )
            await transaction.commit()
        return bool(rows)
