"""What must still be done, claimed in short transactions of their own.

No lock is held while anything is done: a claim counts an attempt and sets the next try, so that
what is not finished by then comes up again. Rows are written, and jobs removed, by the journal in
the transaction of their cause and of their effect.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.database import Database, Rows
from storage.queries import statements_beside
from tdh.domain.identifiers import DeliveryId, OutboxId
from tdh.domain.outbox import OutboxItem, Task
from tdh.domain.policies import ATTEMPTS_BEFORE_PARKING, retry_at

_SQL = statements_beside(__file__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressure:
    """How much of one task waits."""

    task: Task
    due: int
    parked: int
    oldest: datetime | None
    """Since when the oldest due row waits."""


class PostgresOutbox:
    """The outbox."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(
        self,
        tasks: frozenset[Task],
        limit: int,
        now: datetime,
        *,
        tries: Sequence[datetime] | None = None,
    ) -> Sequence[OutboxItem]:
        """Take due rows: attempts + 1, next try by `policies.retry_at`; at the limit, park them.

        `tries`: the next try after 1, 2, 3 ... attempts, in another way. The transaction is over
        before anything is done with the rows. Raises StorageUnavailable.
        """
        if tries is None:
            tries = [retry_at(attempts, now) for attempts in range(1, ATTEMPTS_BEFORE_PARKING + 1)]
        return _items(await self._database.fetch(_SQL["claim"], sorted(tasks), now, limit, tries))

    async def items(self, rows: Sequence[OutboxId]) -> Sequence[OutboxItem]:
        """Those of the rows that still exist and are not parked."""
        return _items(await self._database.fetch(_SQL["items"], rows))

    async def postpone(self, rows: Sequence[OutboxId], until: datetime) -> None:
        """Not to be tried before `until`; the claim that led to this counts for nothing."""
        await self._database.fetch(_SQL["postpone"], rows, until)

    async def finish(self, rows: Sequence[OutboxId]) -> None:
        """Remove notes that the other side confirmed."""
        await self._database.fetch(_SQL["finish"], rows)

    async def parked(self, limit: int = 100, after: int = 0) -> Sequence[OutboxItem]:
        """Rows that wait for an operator, by id, those with ids above `after`."""
        return _items(await self._database.fetch(_SQL["parked"], after, limit))

    async def replay(self, rows: Sequence[OutboxId], now: datetime) -> frozenset[OutboxId]:
        """Give parked rows all their attempts again, from `now` on; those that were parked."""
        found = await self._database.fetch(_SQL["replay"], rows, now)
        return frozenset(OutboxId(row["id"]) for row in found)

    async def pressure(self, now: datetime) -> Sequence[Pressure]:
        """What waits, a value a task; tasks without rows are missing."""
        return tuple(
            Pressure(
                task=Task(row["task"]), due=row["due"], parked=row["parked"], oldest=row["oldest"]
            )
            for row in await self._database.fetch(_SQL["pressure"], now)
        )


def _items(rows: Rows) -> Sequence[OutboxItem]:
    return tuple(
        OutboxItem(
            id=OutboxId(row["id"]),
            task=Task(row["task"]),
            delivery=DeliveryId(row["delivery"]),
            attempts=row["attempts"],
        )
        for row in rows
    )
