"""Which keys of the service, and which trust files for strangers, the log knows.

Each row is written in the transaction of its entry for the log, so that neither is without the
other. Nothing here is a key: only digests and times.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.database import Database
from storage.queries import statements_beside
from storage.transaction import OpenTransaction, open_transaction
from tdh.domain.errors import Conflict
from tdh.domain.log import LoggedEntry
from tdh.domain.service_keys import Compromise, KeyUse, RecordedKey, Retirement, ServiceKey

_SQL = statements_beside(__file__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedTrustFile:
    """One published version."""

    version: int
    content: bytes
    made_at: datetime
    entry: bytes
    """What the log has, or will have, of it."""


class PostgresServiceKeys:
    """The recorded keys. Every method raises StorageUnavailable.

    Those that write raise CommitUnknown when the connection ended before the answer: to do it
    again is harmless.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> Sequence[RecordedKey]:
        """Every key in every use, the oldest first."""
        return tuple(
            RecordedKey(
                key=ServiceKey(
                    use=KeyUse(row["use"]),
                    key=row["key"],
                    certificate=row["certificate"] or None,
                    ends_at=row["ends_at"],
                ),
                in_service_at=row["in_service_at"],
                retires_at=row["retires_at"],
                compromised_since=row["compromised_since"],
                reason=row["reason"] or "",
            )
            for row in await self._database.fetch(_SQL["all"])
        )

    async def enter(self, key: ServiceKey, now: datetime, entry: bytes) -> bool:
        """Remember a key in service, with its entry for the log; False if it was known."""
        async with open_transaction(self._database) as transaction:
            is_new = await _enter(transaction, key, now, entry)
            await transaction.commit()
            return is_new

    async def rotate(
        self,
        new: ServiceKey,
        now: datetime,
        entry: bytes,
        retirements: Sequence[tuple[Retirement, bytes]],
    ) -> bool:
        """The new key in service and the old ones' end, each with its entry, or nothing at all.

        False if all of it was known.
        """
        async with open_transaction(self._database) as transaction:
            is_new = await _enter(transaction, new, now, entry)
            for one, said in retirements:
                values = (one.use.value, one.key, one.at, said)
                is_new = bool(await transaction.fetch(_SQL["retire"], *values)) or is_new
            await transaction.commit()
            return is_new

    async def compromise(self, word: Compromise, now: datetime, entry: bytes) -> bool:
        """Remember that a key is compromised; False if as early a moment is known."""
        async with open_transaction(self._database) as transaction:
            values = (word.key, word.since, word.reason, now, entry)
            is_new = bool(await transaction.fetch(_SQL["compromise"], *values))
            await transaction.commit()
            return is_new

    async def newest_trust_file(self) -> RecordedTrustFile | None:
        """The highest version that was published; None before the first."""
        rows = await self._database.fetch(_SQL["newest_trust_file"])
        if not rows:
            return None
        row = rows[0]
        return RecordedTrustFile(
            version=row["version"],
            content=row["content"],
            made_at=row["made_at"],
            entry=row["entry"],
        )

    async def place(self, entry: bytes) -> LoggedEntry | None:
        """Where the log has an operation; None while it waits."""
        rows = await self._database.fetch(_SQL["place"], entry)
        return LoggedEntry(index=rows[0]["index"], entry=rows[0]["entry"]) if rows else None

    async def record_trust_file(self, file: RecordedTrustFile) -> None:
        """Remember a version, with its entry for the log; harmless to repeat.

        Raises Conflict where another file of this version, or a newer version, is recorded.
        """
        async with open_transaction(self._database) as transaction:
            values = (file.version, file.content, file.made_at, file.entry)
            if await transaction.fetch(_SQL["record_trust_file"], *values):
                await transaction.commit()
                return
        newest = await self.newest_trust_file()
        if newest is None or (newest.version, newest.content) != (file.version, file.content):
            raise Conflict(f"the log knows another trust file, version {file.version} or newer")


async def _enter(
    transaction: OpenTransaction, key: ServiceKey, now: datetime, entry: bytes
) -> bool:
    values = (key.use.value, key.key, key.certificate or b"", key.ends_at, now, entry)
    return bool(await transaction.fetch(_SQL["enter"], *values))
