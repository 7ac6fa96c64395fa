"""Rounds of the archive: evidences of the log under timestamps that outlive their seals (RFC 4998).

Each round is a stretch of the log. It gets a timestamp at once, an outsider's where one answers,
else our own unit's; one that has our own word only gets an outsider's later; one whose timestamp
ends soon is renewed. All that is due at a time shares one timestamp. Nothing here is on the way of
letters, and everything may be done again: a round is added once, and a stamp only where none was
added meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from tdh.delivery.archive_ports import (
    ArchiveStore,
    OutsideAuthorities,
    OwnUnit,
    ReadLog,
    RoundMaths,
)
from tdh.domain.archive import (
    GROUP_ENTRIES,
    NO_EVIDENCE,
    ArchiveToken,
    DueRound,
    NewStamp,
    TreeDigest,
)
from tdh.domain.errors import StorageUnavailable, TDHError
from tdh.domain.log import LoggedEntry
from tdh.ports import Clock, CrashPoint

log = structlog.get_logger()

PAGE_ENTRIES = 16 * GROUP_ENTRIES
ROUND_GROUPS = 256
"""Groups of a round: with 256 entries each, 65,536 of them."""
STAMPED_TOGETHER = 4096
"""Most rounds of each kind under one timestamp: nearly three days of rounds a minute."""
OWN_RENEWS = 1 / 6
"""When this much of the time for renewal is left and no outsider answers, our own unit renews."""


@dataclass(slots=True, kw_only=True)
class ArchiveKeeping:
    """Builds rounds and keeps them stamped."""

    log: ReadLog
    store: ArchiveStore
    maths: RoundMaths
    outside: OutsideAuthorities | None
    own: OwnUnit
    clock: Clock
    crash: CrashPoint
    renew_before: timedelta
    _reach: datetime | None = field(default=None, init=False)
    """Until when a new timestamp can be checked, as the last one showed: what ends no sooner is
    not made better by a renewal."""

    async def turn(self) -> int:
        """Build what the newest head has more, stamp what is due; how many stamps were added."""
        await self.build()
        return await self.stamp()

    async def build(self) -> None:
        """Rounds up to the newest published head."""
        head = await self.log.head()
        first: int | None = await self.store.covered()
        while head is not None and first is not None and first < head.size:
            first = await self._build_one(first, head.size)

    async def _build_one(self, first: int, size: int) -> int | None:
        """Add a round from here; where it ends, or None: no evidence is left."""
        roots, end, found = list[bytes](), first, False
        while end < size and (len(roots) < ROUND_GROUPS or not found):
            upto = min(end + PAGE_ENTRIES, size)
            entries = await self.log.entries(end, upto)
            if len(entries) != upto - end:
                raise StorageUnavailable("entries below the newest head are missing")
            for start in range(0, len(entries), GROUP_ENTRIES):
                leaves = leaves_of(entries[start : start + GROUP_ENTRIES], self.maths)
                roots.append(self.maths.root(leaves) if leaves else NO_EVIDENCE)
                found = found or bool(leaves)
            end = upto
        if not found:
            return None
        await self.store.add_round(first, end, roots)
        self.crash("archive.round_added")
        return end

    async def stamp(self) -> int:
        """Stamp rounds without timestamp or with our own word only, renew those that end soon.

        Raises TDHError if rounds wait and nobody, not even our own unit, gives a timestamp.
        """
        return sum([await self._stamp_all(digest) for digest in TreeDigest])

    async def _stamp_all(self, digest: TreeDigest) -> int:
        """The same for rounds whose newest chain is by this digest: a tree has one."""
        total, asks_outside = 0, self.outside is not None
        while True:
            now = self.clock.now()
            due = await self._due(now, digest, own_word=asks_outside)
            if not due:
                return total
            token, due = await self._token_over(due, now, asks_outside=asks_outside)
            if token is None:
                return total
            asks_outside = asks_outside and bool(token.name)
            added = await self._add(token, due)
            if not added:
                return total
            total += added

    async def _due(
        self, now: datetime, digest: TreeDigest, *, own_word: bool
    ) -> Sequence[DueRound]:
        if own_word:
            wanted = list(await self.store.own_word(STAMPED_TOGETHER, digest))
        else:
            wanted = list(await self.store.unstamped(STAMPED_TOGETHER, digest))
        ending = now + self.renew_before
        if self._reach is not None:
            ending = min(ending, self._reach)
        wanted += await self.store.ending(ending, STAMPED_TOGETHER, digest)
        return list({one.number: one for one in wanted}.values())

    async def _token_over(
        self, due: Sequence[DueRound], now: datetime, *, asks_outside: bool
    ) -> tuple[ArchiveToken | None, Sequence[DueRound]]:
        """A timestamp over what is due, and over which of it."""
        if asks_outside:
            token = await self.outside_token(self._root(due))
            if token is not None:
                return token, due
        soon = now + self.renew_before * OWN_RENEWS if self.outside else now + self.renew_before
        urgent = [one for one in due if one.until is None or one.until < soon]
        if not urgent:
            return None, ()
        return await self.own_token(self._root(urgent)), urgent

    async def outside_token(self, digest: bytes) -> ArchiveToken | None:
        """An outsider's timestamp over a digest; None where there is none to be had."""
        if self.outside is None:
            return None
        try:
            given = await self.outside.stamp(digest)
            kept, time, until = self.maths.outside_stamp(given.token, digest)
        except TDHError as error:
            log.warning("archive.no-outsider", code=error.code, problem=str(error))
            return None
        return ArchiveToken(name=given.name, token=kept, time=time, until=until)

    async def own_token(self, digest: bytes) -> ArchiveToken:
        """Our own unit's timestamp over a digest. Raises TDHError."""
        kept, time, until = self.maths.own_stamp(await self.own.stamp(digest), digest)
        return ArchiveToken(name="", token=kept, time=time, until=until)

    async def _add(self, token: ArchiveToken, due: Sequence[DueRound]) -> int:
        """Write the stamps that make something better.

        If we die before this, the timestamp is lost and another is asked for.
        """
        self.crash("archive.token_given")
        self._reach = token.until
        ways = self.maths.siblings_of_each(self._leaves(due), due[0].digest)
        stamps = [
            NewStamp(round=one.number, after=one.stamps, siblings=way, digest=one.digest)
            for one, way in zip(due, ways, strict=True)
            if _is_better(token, one)
        ]
        if not stamps:
            return 0
        added = await self.store.stamp(token, stamps)
        self.crash("archive.stamped")
        log.info("archive.stamped", rounds=added, by=token.name or "own unit")
        return added

    def _root(self, due: Sequence[DueRound]) -> bytes:
        return self.maths.root(self._leaves(due), due[0].digest)

    def _leaves(self, due: Sequence[DueRound]) -> Sequence[bytes]:
        """The leaf of each round: its root at first, later the timestamps that it has."""
        return [
            self.maths.renewal_leaf(one.token_digests, one.digest)
            if one.token_digests
            else self.maths.root(of_evidence(one.roots))
            for one in due
        ]


def _is_better(token: ArchiveToken, than: DueRound) -> bool:
    """Whether a round is better off with this timestamp, too."""
    if than.time is None or than.until is None:
        return True
    # An authority's clock may be a moment behind ours; nothing is renewed before its own time.
    longer = than.until < token.until or (bool(token.name) and not than.outside)
    return longer and than.time <= token.time


def leaves_of(entries: Sequence[LoggedEntry], maths: RoundMaths) -> list[bytes]:
    """The digests of the evidences among these entries."""
    found = (maths.leaf_of(one.entry) for one in entries)
    return [leaf for leaf in found if leaf is not None]


def of_evidence(roots: Sequence[bytes]) -> list[bytes]:
    """Roots of those groups that have evidence."""
    return [root for root in roots if root != NO_EVIDENCE]
