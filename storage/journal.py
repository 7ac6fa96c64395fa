"""The record of letters, deliveries, events and evidence: one transaction of set operations.

docs/DESIGN.md, "The way of a letter", 4. Locks are taken in one order everywhere (keys, deliveries,
outbox rows, each sorted). It decides nothing: what it writes was decided by `tdh.domain.decide`
under the locks that it holds, and every update says what it expects to find.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from storage.database import Database, Rows
from storage.journal_rows import BatchRows, columns_of
from storage.queries import statements_beside
from storage.rows import delivery_of, letters_of, months_of, party_of, recorded_of
from storage.transaction import OpenTransaction, open_transaction
from tdh.domain.commands import IdempotencyKey
from tdh.domain.errors import Conflict, IntegrityFailure, InvalidValue
from tdh.domain.identifiers import DeliveryId, EventId, OutboxId
from tdh.domain.letters import Dossier, Letter
from tdh.domain.parties import Party
from tdh.domain.records import RecordedSubmission, Written

_SQL = statements_beside(__file__)


class PostgresJournalTransaction:
    """One open transaction. Each operation is one or a few statements, however large the batch."""

    def __init__(self, transaction: OpenTransaction) -> None:
        self._transaction = transaction
        self._fetch = transaction.fetch
        self._claimed: set[tuple[str, str]] = set()

    async def claim_keys(
        self, keys: Sequence[IdempotencyKey]
    ) -> Mapping[IdempotencyKey, RecordedSubmission | None]:
        """Take the keys; what was recorded before under one, else None: it is ours now.

        Of keys that are alike in sender and name the first is ours; the others get a record that
        names neither letter nor stream: claimed in this very transaction.
        """
        if not keys:
            return {}
        columns = columns_of(((key.sender, key.key, key.fingerprint) for key in keys), 3)
        rows = await self._fetch(_SQL["claim_keys"], *columns)
        mine = {(row["sender"], row["key"], row["fingerprint"]) for row in rows}
        self._claimed = {(sender, key) for sender, key, _ in mine}
        answer: dict[IdempotencyKey, RecordedSubmission | None] = {}
        others = []
        for key in keys:
            if (key.sender, key.key, key.fingerprint) in mine:
                answer[key] = None
            else:
                others.append(key)
        if others:
            columns = columns_of(((key.sender, key.key) for key in others), 2)
            found = await self._fetch(_SQL["read_keys"], *columns)
            recorded = {(row["sender"], row["key"]): recorded_of(row) for row in found}
            answer |= {key: recorded[key.sender, key.key] for key in others}
        return answer

    async def lock(self, deliveries: Sequence[DeliveryId]) -> Mapping[DeliveryId, Dossier]:
        """Lock the rows in order of id and read them. Missing ones are missing in the answer."""
        if not deliveries:
            return {}
        ids = sorted(set(deliveries))
        locked = await self._fetch(_SQL["lock_deliveries"], months_of(ids), ids)
        if not locked:
            return {}
        # The snapshots of these statements are younger than the locks: what they read is final
        # until this transaction ends.
        ids = [row["id"] for row in locked]
        history = await self._fetch(_SQL["read_history"], months_of(ids), ids)
        letters = await self._letters(locked)
        parties = await self._parties(locked)
        past = {row["id"]: row for row in history}
        return {
            DeliveryId(row["id"]): Dossier(
                delivery=delivery_of(row, past[row["id"]]["released"]),
                letter=letters[row["letter"]],
                sender=parties[row["sender"]],
                recipient=parties[row["recipient"]],
                happened=frozenset(
                    (name, cause)
                    for name, _, cause in (
                        each.partition(" ") for each in past[row["id"]]["happened"]
                    )
                ),
            )
            for row in locked
        }

    async def _letters(self, locked: Rows) -> Mapping[str, Letter]:
        ids = sorted({row["letter"] for row in locked})
        rows = await self._fetch(_SQL["read_letters"], months_of(ids), ids)
        return {letter.id: letter for letter in letters_of(rows)}

    async def _parties(self, locked: Rows) -> Mapping[str, Party]:
        ids = {row["sender"] for row in locked} | {row["recipient"] for row in locked}
        rows = await self._fetch(_SQL["read_parties"], list(ids))
        return {row["id"]: party_of(row) for row in rows}

    async def lock_outbox(self, rows: Sequence[OutboxId]) -> frozenset[OutboxId]:
        """Lock the outbox rows that still exist."""
        if not rows:
            return frozenset()
        found = await self._fetch(_SQL["lock_outbox"], rows)
        return frozenset(OutboxId(row["id"]) for row in found)

    async def write(self, written: Sequence[Written], done: Sequence[OutboxId]) -> None:
        """Write all decisions by `unnest`; remove the outbox rows `done` and those they name.

        Raises DataRefused, Conflict (a guard lost), StorageUnavailable.
        """
        batch = BatchRows()
        for each in written:
            batch.add(each)
        batch.finished.update(done)
        fetch = self._fetch
        if batch.letters:
            await fetch(
                _SQL["write_letters"],
                *columns_of(batch.letters, 12),
                *columns_of(batch.documents, 17),
                *columns_of(batch.deliveries, 15),
            )
        if batch.refusals:
            await fetch(_SQL["write_refusals"], *columns_of(batch.refusals, 6))
        if batch.refused_reports:
            await fetch(_SQL["write_refused_reports"], *columns_of(batch.refused_reports, 5))
        if batch.moves:
            await self._move(batch)
        if batch.releases:
            await fetch(_SQL["write_releases"], *columns_of(batch.releases, 3))
        if batch.events:
            await fetch(_SQL["write_events"], *columns_of(batch.events, 12))
        if batch.keys:
            await self._complete_keys(batch)
        if batch.forgotten:
            await fetch(_SQL["forget_tasks"], *columns_of(batch.forgotten, 2))
        if batch.finished:
            await fetch(_SQL["finish_outbox"], sorted(batch.finished))
        if batch.outbox:
            await fetch(_SQL["write_outbox"], *columns_of(batch.outbox, 4))

    async def _move(self, batch: BatchRows) -> None:
        moved = await self._fetch(_SQL["move_deliveries"], *columns_of(batch.moves.values(), 9))
        lost = batch.moves.keys() - {row["id"] for row in moved}
        if lost:
            raise Conflict(f"not as they were decided on: {', '.join(sorted(lost))}")

    async def _complete_keys(self, batch: BatchRows) -> None:
        completed = await self._fetch(_SQL["complete_keys"], *columns_of(batch.keys, 4))
        if len(completed) != len(batch.keys):
            raise Conflict("a submission's key was not claimed in its transaction")
        self._claimed -= {(str(row[0]), str(row[1])) for row in batch.keys}

    async def commit(self) -> None:
        """Make it durable. Raises CommitUnknown when the connection ended before the answer.

        Raises DataRefused and Conflict, too: then nothing was committed.
        """
        if self._claimed:
            # A key binds to a letter or a refusal. One whose submission left the batch is free.
            await self._fetch(_SQL["drop_keys"], *columns_of(sorted(self._claimed), 2))
        await self._transaction.commit()


class PostgresJournal:
    """The record of letters, deliveries, events and evidence."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresJournalTransaction]:
        """Opens a transaction; leaving the block without `commit` rolls it back.

        Raises DataRefused, Conflict, StorageUnavailable from the operations inside.
        """
        async with open_transaction(self._database) as transaction:
            yield PostgresJournalTransaction(transaction)

    async def committed(self, events: Sequence[EventId]) -> bool:
        """On a new connection: whether a batch that has these events committed.

        Waits until a transaction with these events that is still open has ended. Raises
        StorageUnavailable when that takes too long, IntegrityFailure if a part is there.
        """
        if not events:
            raise InvalidValue("events", "a batch without events cannot be looked up")
        async with self._database.own_session() as session:
            probe = session.transaction()
            await probe.start()
            absent = await session.fetch(_SQL["probe_events"], months_of(events), list(events))
            await probe.rollback()
        if absent and len(absent) != len(set(events)):
            raise IntegrityFailure("a batch is there in part: it was no single transaction")
        return not absent

    async def beat(self, at: datetime) -> None:
        """Note that an acceptance could have been committed at `at`. It never goes back."""
        await self._database.fetch(_SQL["beat"], at)

    async def last_beat(self) -> datetime | None:
        """The latest beat; None before the first."""
        rows = await self._database.fetch(_SQL["last_beat"])
        return rows[0]["at"] if rows else None
