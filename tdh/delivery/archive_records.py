"""Evidence records (RFC 4998), made on demand from the log and the timestamps of a round."""

from dataclasses import dataclass
from datetime import datetime

from tdh.delivery.archive import ArchiveStore, ReadLog, RoundMaths, leaves_of, of_evidence
from tdh.domain.archive import GROUP_ENTRIES


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
        start = found.first + group * GROUP_ENTRIES
        entries = await self.log.entries(start, min(start + GROUP_ENTRIES, found.end))
        leaf = self.maths.leaf_of(entries[index - start].entry)
        if leaf is None:
            return None
        before = leaves_of(entries[: index - start], self.maths)
        met = self.maths.siblings(leaves_of(entries, self.maths), len(before))
        above = self.maths.siblings(of_evidence(found.roots), len(of_evidence(found.roots[:group])))
        of_tokens = [(one.token.token, one.siblings) for one in stamps]
        return self.maths.record(leaf, (*met, *above), of_tokens), stamps[-1].token.until
