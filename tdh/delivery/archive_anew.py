"""Hash-tree renewal of the archive (RFC 4998, 5.3): a new chain before a digest algorithm ends.

A round whose newest chain is by a weaker digest than the operator wants gets one more chain. Each
evidence is read and digested anew, together with all that was stamped of it before; the new trees
of some rounds share a timestamp, an outsider's where one answers, else our own unit's. So much is
done in a turn and no more. If we die anywhere before chain and leaves are written, in one
statement, the timestamp is lost and another is asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from tdh.delivery.archive import ArchiveKeeping
from tdh.delivery.archive_records import Records
from tdh.domain.archive import (
    NO_EVIDENCE,
    ArchiveRound,
    ArchiveToken,
    GroupAnew,
    NewStamp,
    RoundStamp,
    TreeDigest,
)

log = structlog.get_logger()

ROUNDS_TOGETHER = 256
"""Most rounds under one timestamp."""
ENTRIES_TOGETHER = 65_536
"""Most entries of the log in them, unless one round has more: some seconds of work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _RoundAnew:
    """A round, hashed again."""

    number: int
    stamps: tuple[RoundStamp, ...]
    groups: tuple[GroupAnew, ...]
    root: bytes


@dataclass(slots=True, kw_only=True)
class HashTreeRenewal:
    """Gives rounds a chain by the digest that the archive is to rest on."""

    keeping: ArchiveKeeping
    records: Records
    digest: TreeDigest
    _after: int = field(default=0, init=False)
    """Rounds up to this one were looked at; where all were, the first is next."""

    async def turn(self) -> int:
        """Renew some of the rounds that want it; how many, 0 where there is none.

        Raises TDHError if nobody, not even our own unit, gives a timestamp.
        """
        ready = list[_RoundAnew]()
        while not ready:
            rounds = await self._next()
            if not rounds:
                self._after = 0
                return 0
            for one in rounds:
                again = await self._again(one)
                self._after = one.number
                if again is not None:
                    ready.append(again)
        return await self._stamp(ready)

    async def _next(self) -> Sequence[ArchiveRound]:
        found = await self.keeping.store.weaker(self.digest, self._after, ROUNDS_TOGETHER)
        entries, taken = 0, list[ArchiveRound]()
        for one in found:
            entries += one.end - one.first
            if taken and entries > ENTRIES_TOGETHER:
                break
            taken.append(one)
        return taken

    async def _again(self, one: ArchiveRound) -> _RoundAnew | None:
        """Hash a round anew.

        None where an evidence is not there, which the audit tells of, too, and where another
        process was quicker.
        """
        stamps = tuple(await self.keeping.store.stamps_of(one.number))
        if stamps[-1].digest.bits >= self.digest.bits:
            return None
        groups = list[GroupAnew]()
        for place, root in enumerate(one.roots):
            if root == NO_EVIDENCE:
                continue
            group = await self._group(one, place, stamps)
            if group is None:
                return None
            groups.append(group)
        root = self.keeping.maths.root([group.root for group in groups], self.digest)
        return _RoundAnew(number=one.number, stamps=stamps, groups=tuple(groups), root=root)

    async def _group(
        self, one: ArchiveRound, place: int, stamps: Sequence[RoundStamp]
    ) -> GroupAnew | None:
        maths = self.keeping.maths
        entries = await self.records.entries_of(one, place)
        chains = await self.records.chains(one, place, entries, stamps)
        evidence = await self.keeping.store.evidence(entries[0].index, entries[-1].index + 1)
        indexes = [each.index for each in entries if maths.leaf_of(each.entry) is not None]
        leaves = list[bytes]()
        for index, of_evidence in zip(indexes, chains, strict=True):
            if maths.digest_of(evidence.get(index, b"")) != of_evidence[0].leaf:
                log.error("archive.evidence-damaged", round=one.number, index=index)
                return None
            leaves.append(maths.leaf_anew(evidence[index], of_evidence, self.digest))
        root = maths.root(leaves, self.digest)
        return GroupAnew(place=place, leaves=tuple(leaves), root=root)

    async def _stamp(self, ready: Sequence[_RoundAnew]) -> int:
        keeping, roots = self.keeping, [one.root for one in ready]
        over = keeping.maths.root(roots, self.digest)
        token = await keeping.outside_token(over) or await keeping.own_token(over)
        keeping.crash("archive.chain_token_given")
        ways = keeping.maths.siblings_of_each(roots, self.digest)
        stamps = [
            NewStamp(
                round=one.number,
                after=len(one.stamps),
                siblings=way,
                digest=self.digest,
                anew=one.groups,
            )
            for one, way in zip(ready, ways, strict=True)
            if _in_time(token, one)
        ]
        added = await keeping.store.stamp(token, stamps) if stamps else 0
        keeping.crash("archive.chain_added")
        log.info(
            "archive.hashed-anew", rounds=added, digest=self.digest, by=token.name or "own unit"
        )
        return added


def _in_time(token: ArchiveToken, one: _RoundAnew) -> bool:
    """Whether the timestamp came while the one before could be checked, by its own clock, too."""
    newest = one.stamps[-1].token
    return newest.time <= token.time <= newest.until
