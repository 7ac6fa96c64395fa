"""Which versions of the judge's trust store the log knows.

The store itself is a signed folder beside the service; here are only numbers and digests, so that
an old copy of the folder is noticed, and so that no version is relied on that is not in the log.
"""

from dataclasses import dataclass
from datetime import datetime

from storage.database import Database
from storage.queries import statements_beside
from storage.transaction import open_transaction
from tdh.domain.errors import Conflict

_SQL = statements_beside(__file__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedStore:
    """One version."""

    version: int
    digest: bytes
    """SHA-256 of its signed list."""


class PostgresTrustStores:
    """The recorded versions. Every method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self) -> RecordedStore | None:
        """The highest version that was recorded; None before the first."""
        rows = await self._database.fetch(_SQL["newest"])
        return RecordedStore(version=rows[0]["version"], digest=rows[0]["digest"]) if rows else None

    async def record(self, store: RecordedStore, made_at: datetime, entry: bytes) -> None:
        """Record a version and put its entry into the log's queue; harmless to repeat.

        Raises:
            Conflict: another list of this version, or a newer version, is recorded; nothing was
                written.
            CommitUnknown: the connection ended before the answer; repeat it to know.

        """
        async with open_transaction(self._database) as transaction:
            if await transaction.fetch(_SQL["record"], store.version, store.digest, made_at, entry):
                await transaction.commit()
                return
        if await self.newest() != store:
            raise Conflict(f"the log knows another trust store, version {store.version} or newer")
