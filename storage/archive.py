"""Rounds of the archive and their timestamps, from which evidence records (RFC 4998) are made.

A round is a range of the log and the roots of its groups; leaves of its first chain are not
stored, they stand in the log; those of later chains are. Rounds follow one another without a gap.
Tokens were verified before; nothing is judged or built here. Rounds are asked for by the digest of
their newest chain.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from storage.database import Database
from storage.journal_rows import columns_of
from storage.mailboxes import sealed_bytes
from storage.queries import statements_beside
from tdh.domain.archive import (
    Archived,
    ArchiveRound,
    ArchiveToken,
    DueRound,
    GroupAnew,
    NewStamp,
    RoundStamp,
    TreeDigest,
)
from tdh.domain.errors import IntegrityFailure
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
        return _round(rows[0])

    async def stamps_of(self, number: int) -> Sequence[RoundStamp]:
        """A round's timestamps, the oldest first."""
        return tuple(
            RoundStamp(
                token=ArchiveToken(
                    name=row["name"], token=row["token"], time=row["time"], until=row["until"]
                ),
                siblings=hashes_of(row["siblings"], (digest := _digest(row))),
                digest=digest,
            )
            for row in await self._database.fetch(_SQL["stamps_of"], number)
        )

    async def unstamped(
        self, limit: int, digest: TreeDigest = TreeDigest.SHA_256
    ) -> Sequence[DueRound]:
        """Rounds without any timestamp, the oldest first."""
        return await self._due(_SQL["unstamped"], limit, digest.bits)

    async def own_word(
        self, limit: int, digest: TreeDigest = TreeDigest.SHA_256
    ) -> Sequence[DueRound]:
        """Rounds that no outsider stamped, unstamped ones among them, the oldest first."""
        return await self._due(_SQL["own_word"], limit, digest.bits)

    async def ending(
        self, before: datetime, limit: int, digest: TreeDigest = TreeDigest.SHA_256
    ) -> Sequence[DueRound]:
        """Rounds whose newest timestamp can be checked no longer than until then."""
        return await self._due(_SQL["ending"], limit, digest.bits, before)

    async def weaker(self, digest: TreeDigest, after: int, limit: int) -> Sequence[ArchiveRound]:
        """Stamped rounds whose newest chain is by a weaker digest, numbers greater than `after`."""
        rows = await self._database.fetch(_SQL["weaker"], digest.bits, after, limit)
        return tuple(map(_round, rows))

    async def count_weaker(self, digest: TreeDigest) -> int:
        """How many rounds have no chain by this digest or a stronger one."""
        return int((await self._database.fetch(_SQL["count_weaker"], digest.bits))[0]["number"])

    async def evidence(self, first: int, end: int) -> Mapping[int, bytes]:
        """The evidences of a stretch of the log, by index; none that is not what was sealed."""
        found = dict[int, bytes]()
        for row in await self._database.fetch(_SQL["evidence"], first, end):
            with suppress(IntegrityFailure):
                found[row["index"]] = sealed_bytes(row["xml"], row["digest"])
        return found

    async def group_roots(self, number: int, digest: TreeDigest) -> Mapping[int, bytes]:
        """Of a later chain of a round: the roots of groups with evidence, by place, in order."""
        rows = await self._database.fetch(_SQL["group_roots"], number, digest.bits)
        return {row["place"]: row["root"] for row in rows}

    async def group_leaves(self, number: int, digest: TreeDigest, place: int) -> Sequence[bytes]:
        """Of a later chain of a round: the leaves of one group, in the order of the log."""
        rows = await self._database.fetch(_SQL["group_leaves"], number, digest.bits, place)
        return hashes_of(rows[0]["leaves"], digest) if rows else ()

    async def stamp(self, token: ArchiveToken, stamps: Sequence[NewStamp]) -> int:
        """Give rounds a timestamp, all or none of it durable; how many of them got it.

        One that another process stamped meanwhile is left as it is.
        """
        wanted = ((one.round, one.after, b"".join(one.siblings), one.digest.bits) for one in stamps)
        anew = (_anew(one.round, group) for one in stamps for group in one.anew)
        rows = await self._database.fetch(
            _SQL["stamp"],
            token.name,
            token.token,
            token.time,
            token.until,
            *columns_of(wanted, 4),
            *columns_of(anew, 4),
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
                roots=hashes_of(row["roots"]),
                stamps=row["stamps"],
                digest=_digest(row),
                token_digests=tuple(row["token_digests"]),
                outside=row["outside"],
                time=row["time"],
                until=row["until"],
            )
            for row in rows
        )


def hashes_of(joined: bytes, digest: TreeDigest = TreeDigest.SHA_256) -> tuple[bytes, ...]:
    """Hashes that were stored one after the other."""
    length = digest.bits // 8
    return tuple(joined[n : n + length] for n in range(0, len(joined), length))


def _round(row: Any) -> ArchiveRound:
    return ArchiveRound(
        number=row["number"],
        first=row["first_index"],
        end=row["end_index"],
        roots=hashes_of(row["roots"]),
    )


def _digest(row: Any) -> TreeDigest:
    return TreeDigest.of_bits(row["digest_bits"])


def _anew(number: int, group: GroupAnew) -> tuple[int, int, bytes, bytes]:
    return number, group.place, b"".join(group.leaves), group.root
