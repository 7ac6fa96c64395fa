"""What outsiders said of heads of the log, and under which heads proofs are given.

Everything is kept as it came; it was verified before, and is never looked into here.
"""

from collections.abc import Sequence

from storage.database import Database
from storage.queries import statements_beside
from tdh.domain.log import Anchor, AnchorKind

_SQL = statements_beside(__file__)


class PostgresAnchors:
    """The anchors. Every method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, anchor: Anchor) -> None:
        """Keep an anchor; harmless to repeat: the first of an outsider for a head stays."""
        await self._database.fetch(
            _SQL["add"], anchor.size, anchor.kind.value, anchor.name, anchor.body, anchor.time
        )

    async def of(self, size: int) -> Sequence[Anchor]:
        """Of the head of this size: witnesses first, each kind by its time."""
        return tuple(
            Anchor(
                size=row["size"],
                kind=AnchorKind(row["kind"]),
                name=row["name"],
                body=row["body"],
                time=row["time"],
            )
            for row in await self._database.fetch(_SQL["anchors_of"], size)
        )

    async def settle(self, size: int) -> None:
        """Give proofs under this head from now on; harmless to repeat."""
        await self._database.fetch(_SQL["settle"], size)

    async def settled(self, above: int | None = None) -> int | None:
        """Size of the first settled head that is greater; of the newest where None is asked."""
        if above is None:
            rows = await self._database.fetch(_SQL["newest_settled"])
        else:
            rows = await self._database.fetch(_SQL["settled_above"], above)
        return int(rows[0]["size"]) if rows else None
