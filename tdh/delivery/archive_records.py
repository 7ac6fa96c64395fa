"""Evidence records (RFC 4998), made on demand from the log and the timestamps of a round."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from tdh.delivery.archive import leaves_of, of_evidence
from tdh.delivery.archive_ports import ArchiveStore, ReadLog, RoundMaths
from tdh.domain.archive import GROUP_ENTRIES, ArchiveRound, RecordChain, RoundStamp
from tdh.domain.errors import StorageUnavailable
from tdh.domain.log import LoggedEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Evidence records, made on demand."""

    log: ReadLog
    store: ArchiveStore
    maths: RoundMaths

    async def of(self, index: int) -> tuple[bytes, datetime] | None:
        """The record (DER) of the evidence at this index of the log, and until when it serves.

        None before its round has a timestamp.
        """
        found = await self.store.round_of(index)
        stamps = await self.store.stamps_of(found.number) if found else ()
        if found is None or not stamps:
            return None
        group = (index - found.first) // GROUP_ENTRIES
        entries = await self.entries_of(found, group)
        place = index - entries[0].index
        if self.maths.leaf_of(entries[place].entry) is None:
            return None
        before = leaves_of(entries[:place], self.maths)
        chains = (await self.chains(found, group, entries, stamps))[len(before)]
        return self.maths.record(chains), stamps[-1].token.until

    async def entries_of(self, found: ArchiveRound, group: int) -> Sequence[LoggedEntry]:
        """The entries of a group of a round. Raises StorageUnavailable if some are missing."""
        start = found.first + group * GROUP_ENTRIES
        end = min(start + GROUP_ENTRIES, found.end)
        entries = await self.log.entries(start, end)
        if len(entries) != end - start:
            raise StorageUnavailable("entries below the newest head are missing")
        return entries

    async def chains(
        self,
        found: ArchiveRound,
        group: int,
        entries: Sequence[LoggedEntry],
        stamps: Sequence[RoundStamp],
    ) -> list[tuple[RecordChain, ...]]:
        """The chains of each evidence of a group, in the order of the log."""
        columns = list[list[RecordChain]]()
        for number, (digest, chain) in enumerate(groupby(stamps, lambda one: one.digest)):
            if number:
                leaves = await self.store.group_leaves(found.number, digest, group)
                roots = await self.store.group_roots(found.number, digest)
                above = self.maths.siblings(
                    list(roots.values()), sorted(roots).index(group), digest
                )
            else:
                leaves = leaves_of(entries, self.maths)
                before = of_evidence(found.roots[:group])
                above = self.maths.siblings(of_evidence(found.roots), len(before))
            ways = self.maths.siblings_of_each(leaves, digest)
            of_chain = tuple(chain)
            columns.append(
                [
                    RecordChain(leaf=leaf, way=(*way, *above), stamps=of_chain)
                    for leaf, way in zip(leaves, ways, strict=True)
                ]
            )
        return list(zip(*columns, strict=True))
