"""Rounds of the archive and their timestamps, from which evidence records (RFC 4998) are made.

A round is a range of the log and the roots of its groups; leaves are not stored, they stand in
the log. Rounds follow one another without a gap. Tokens were verified before; nothing is judged or
built here.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from storage.database import Database
from storage.journal_rows import columns_of
from storage.queries import statements_beside
from tdh.domain.archive import (
    HASH_BYTES,
    Archived,
    ArchiveRound,
    ArchiveToken,
    DueRound,
    NewStamp,
    RoundStamp,
)
from tdh.domain.identifiers import EvidenceId

_SQL = statements_beside(__file__)


class PostgresArchive:
    """The rounds. Every method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def covered(self) -> int:
        """Up to which index of the log there are rounds."""
        return int((await self._database.fetch(_SQL["covered"]))[0]["covered"])

    async def add_round(self, first: int, end: int, roots: Sequence[bytes]) -> None:
        """Add the next round; nothing happens if `first` is not where the last one ended."""
        await self._database.fetch(_SQL["add_round"], first, end, b"".join(roots))

    async def round_of(self, index: int) -> ArchiveRound | None:
        """The round that holds this index of the log; None before there is one."""
        rows = await self._database.fetch(_SQL["round_of"], index)
        if not rows or rows[0]["first_index"] > index:
            return None
        row = rows[0]
        return ArchiveRound(
            number=row["number"],
            first=row["first_index"],
            end=row["end_index"],
            roots=_hashes(row["roots"]),
        )

    async def stamps_of(self, number: int) -> Sequence[RoundStamp]:
        """A round's timestamps, the oldest first."""
        return tuple(
            RoundStamp(
                token=ArchiveToken(
                    name=row["name"], token=row["token"], time=row["time"], until=row["until"]
                ),
                siblings=_hashes(row["siblings"]),
            )
            for row in await self._database.fetch(_SQL["stamps_of"], number)
        )

    async def unstamped(self, limit: int) -> Sequence[DueRound]:
        """Rounds without any timestamp, the oldest first."""
        return await self._due(_SQL["unstamped"], limit)

    async def own_word(self, limit: int) -> Sequence[DueRound]:
        """Rounds that no outsider stamped, unstamped ones among them, the oldest first."""
        return await self._due(_SQL["own_word"], limit)

    async def ending(self, before: datetime, limit: int) -> Sequence[DueRound]:
        """Rounds whose newest timestamp can be checked no longer than until then."""
        return await self._due(_SQL["ending"], limit, before)

    async def stamp(self, token: ArchiveToken, stamps: Sequence[NewStamp]) -> int:
        """Give rounds a timestamp, all or none of it durable; how many of them got it.

        One that another process stamped meanwhile is left as it is.
        """
        rows = await self._database.fetch(
            _SQL["stamp"],
            token.name,
            token.token,
            token.time,
            token.until,
            *columns_of(((one.round, one.after, b"".join(one.siblings)) for one in stamps), 3),
        )
        return int(rows[0]["number"])

    async def until(self, evidences: Sequence[EvidenceId]) -> Mapping[EvidenceId, datetime]:
        """Until when each one's record can be checked; those without a record are missing."""
        rows = await self._database.fetch(_SQL["until_of"], list(evidences))
        return {EvidenceId(row["evidence"]): row["until"] for row in rows}

    async def archived(self) -> Archived:
        """How far the archive has come."""
        row = (await self._database.fetch(_SQL["archived"]))[0]
        return Archived(
            rounds=row["rounds"],
            unstamped=row["unstamped"],
            own_word=row["own_word"],
            until=row["until"],
        )

    async def _due(self, statement: str, *parameters: object) -> Sequence[DueRound]:
        found = await self._database.fetch(statement, *parameters)
        if not found:
            return ()
        rows = await self._database.fetch(_SQL["due"], [row["number"] for row in found])
        return tuple(
            DueRound(
                number=row["number"],
                roots=_hashes(row["roots"]),
                token_digests=tuple(row["token_digests"]),
                outside=row["outside"],
                time=row["time"],
                until=row["until"],
            )
            for row in rows
        )


def _hashes(joined: bytes) -> tuple[bytes, ...]:
    return tuple(joined[n : n + HASH_BYTES] for n in range(0, len(joined), HASH_BYTES))
