"""The public log in the database: queue, entries, nodes, tree, heads.

A round never skips an entry of a delivery, although identity order is not commit order:

- All events of a delivery are written under its row lock, which is held until its transaction
  ends. So the transaction of a later event draws its queue ids only after the transaction of the
  earlier one has committed, and the ids of one delivery grow with its sequence (the identity has
  no cache, so ids grow over all connections).
- Whoever sees the later row therefore sees the earlier one too, or finds it in the log already.
- `take` reads the lowest visible ids. A row with a lower id that is not visible yet belongs to an
  open transaction, hence to other deliveries, and comes with a later round.

What a submission and a refused submission write first has nothing before it.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from storage.database import Database, Rows, Session
from storage.driver import translated
from storage.journal_rows import columns_of
from storage.queries import statements_beside
from storage.transaction import OpenTransaction, open_transaction
from tdh.domain.errors import Conflict
from tdh.domain.identifiers import EvidenceId
from tdh.domain.log import LoggedEntry, NodeAddress, QueuedEntry, SignedHead, Tree

_SQL = statements_beside(__file__)

ADVISORY_LOCK = 0x7464_6801
"""Held by the one sequencer that is in a round."""
LEADER_LOCK = 0x7464_6802
"""Held by the one sequencer that does rounds, as long as its connection lives."""


class PostgresLogRound:
    """One sequencing transaction."""

    def __init__(self, transaction: OpenTransaction) -> None:
        self._fetch = transaction.fetch
        self._transaction = transaction

    async def tree(self) -> Tree:
        """The tree as this round found it."""
        return _tree(await self._fetch(_SQL["tree"]))

    async def take(self, limit: int) -> Sequence[QueuedEntry]:
        """Entries of committed transactions, each delivery's in its order."""
        return tuple(
            QueuedEntry(
                queue_id=row["id"],
                evidence=None if row["evidence"] is None else EvidenceId(row["evidence"]),
                entry=row["entry"],
            )
            for row in await self._fetch(_SQL["take"], limit)
        )

    async def nodes(self, wanted: Sequence[NodeAddress]) -> Mapping[NodeAddress, bytes]:
        """Hashes of complete subtrees; missing ones are missing in the answer."""
        return _nodes(await self._fetch(_SQL["nodes"], *columns_of(wanted, 2)))

    async def append(
        self,
        before: Tree,
        entries: Sequence[QueuedEntry],
        nodes: Mapping[NodeAddress, bytes],
        after: Tree,
    ) -> bool:
        """Store entries from index `before.size` on, the new complete nodes, and the tree.

        Compare-and-swap on (epoch, size): False means that somebody else was there, and nothing
        was written. Raises Conflict if an entry is no longer in the queue.
        """
        swapped = await self._fetch(
            _SQL["swap_tree"], before.epoch, before.size, after.epoch, after.size, after.root
        )
        if not swapped:
            return False
        left = await self._fetch(_SQL["leave_queue"], [each.queue_id for each in entries])
        if left[0]["number"] != len(entries):
            raise Conflict("an entry left the queue by another hand")
        rows = ((each.evidence, each.entry) for each in entries)
        await self._fetch(_SQL["add_entries"], before.size, *columns_of(rows, 2))
        new = ((level, index, value) for (level, index), value in nodes.items())
        await self._fetch(_SQL["add_nodes"], *columns_of(new, 3))
        return True

    async def commit(self) -> None:
        """Make the round durable.

        Raises CommitUnknown when the connection ended before the answer: the next round finds the
        tree as it has become.
        """
        await self._transaction.commit()


class Leadership:
    """The right to do rounds: a lock that ends with its connection."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def check(self) -> None:
        """Return while it is held. Raises StorageUnavailable: another may have it by now."""
        with translated():
            await self._session.execute("SELECT 1")


class PostgresLogStore:
    """The log in the database. Every method raises StorageUnavailable."""

    def __init__(self, database: Database, *, ask_again_seconds: float = 1.0) -> None:
        """`ask_again_seconds`: how often a sequencer that waits looks whether it may lead."""
        self._database = database
        self._ask_again = ask_again_seconds

    @asynccontextmanager
    async def leadership(self) -> AsyncIterator[Leadership]:
        """Leadership of the log, for the block; waits, however long, until nobody else has it."""
        async with self._database.own_session() as session:
            while not await session.fetchval(_SQL["lead"], LEADER_LOCK):  # noqa: ASYNC110 - not ours
                await asyncio.sleep(self._ask_again)
            yield Leadership(session)

    @asynccontextmanager
    async def round(self) -> AsyncIterator[PostgresLogRound]:
        """A round, alone: waits for another sequencer's to end. Undone without `commit`."""
        async with open_transaction(self._database) as transaction:
            await transaction.fetch(_SQL["hold"], ADVISORY_LOCK)
            yield PostgresLogRound(transaction)

    async def tree(self) -> Tree:
        """The tree as last committed."""
        return _tree(await self._database.fetch(_SQL["tree"]))

    async def nodes(self, wanted: Sequence[NodeAddress]) -> Mapping[NodeAddress, bytes]:
        """Hashes of complete subtrees; missing ones are missing in the answer."""
        return _nodes(await self._database.fetch(_SQL["nodes"], *columns_of(wanted, 2)))

    async def node_range(self, level: int, first: int, end: int) -> Sequence[bytes]:
        """Hashes of the complete subtrees with `first <= index < end`, in order; for tiles.

        Fewer than asked for where some are missing.
        """
        rows = await self._database.fetch(_SQL["node_range"], level, first, end)
        return tuple(row["hash"] for row in rows)

    async def publish(self, head: SignedHead) -> None:
        """Make the head public. Heads only grow; an older one than the newest is ignored."""
        await self._database.fetch(_SQL["publish"], head.size, head.root, head.note, head.token)

    async def head(self, size: int | None = None) -> SignedHead | None:
        """The newest published head, or the one of this size."""
        if size is None:
            rows = await self._database.fetch(_SQL["head"])
        else:
            rows = await self._database.fetch(_SQL["head_of"], size)
        if not rows:
            return None
        row = rows[0]
        return SignedHead(size=row["size"], root=row["root"], note=row["note"], token=row["token"])

    async def entry(self, evidence: EvidenceId) -> LoggedEntry | None:
        """An evidence's entry and its place; None while it waits, and for an unknown one."""
        rows = await self._database.fetch(_SQL["entry"], evidence)
        return LoggedEntry(index=rows[0]["index"], entry=rows[0]["entry"]) if rows else None

    async def entries(self, first: int, end: int) -> Sequence[LoggedEntry]:
        """The entries with `first <= index < end`, in order: for tiles."""
        rows = await self._database.fetch(_SQL["entries"], first, end)
        return tuple(LoggedEntry(index=row["index"], entry=row["entry"]) for row in rows)

    async def queue_operation(self, entry: bytes) -> None:
        """Put an operator's act into the queue: outages, keys, trust, erasures."""
        await self._database.fetch(_SQL["queue_operation"], entry)

    async def waiting(self) -> int:
        """How many entries have no place yet."""
        rows = await self._database.fetch(_SQL["waiting"])
        return int(rows[0]["number"])


def _tree(rows: Rows) -> Tree:
    return Tree(epoch=rows[0]["epoch"], size=rows[0]["size"], root=rows[0]["root"])


def _nodes(rows: Rows) -> Mapping[NodeAddress, bytes]:
    return {(row["level"], row["index"]): row["hash"] for row in rows}
