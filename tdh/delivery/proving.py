"""What convinces a stranger of one evidence: its proof, cosignatures, tokens and archive record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tdh.delivery.archive_ports import ArchiveStore
from tdh.delivery.archive_records import Records
from tdh.domain.errors import NotLoggedYet
from tdh.domain.identifiers import EvidenceId
from tdh.domain.log import (
    AnchoredHead,
    EvidenceProof,
    LoggedEntry,
    NodeAddress,
    SignedHead,
)
from tdh.ports import Anchors, LogStore

Nodes = Mapping[NodeAddress, bytes]


class InclusionMaths(Protocol):
    """RFC 6962 over stored complete nodes; `signing` has it."""

    def nodes_for_inclusion(self, index: int, size: int) -> Sequence[NodeAddress]: ...
    def proof_text(self, index: int, size: int, nodes: Nodes, note: bytes, entry: bytes) -> bytes:
        """A tlog-proof (C2SP) with the entry in its `extra` line."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Proving:
    """Proofs from the published log, its anchors and the archive. Signs nothing, asks nobody."""

    store: LogStore
    maths: InclusionMaths
    anchors: Anchors
    archive: ArchiveStore
    records: Records

    async def head(self, size: int | None = None) -> SignedHead | None:
        """The newest published head, or the one of this size."""
        return await self.store.head(size)

    async def anchored(self, size: int | None = None) -> AnchoredHead | None:
        """The newest anchored head, or that of this size, anchored or not."""
        wanted = await self.anchors.settled() if size is None else size
        head = None if wanted is None else await self.store.head(wanted)
        return None if head is None else await self._with_anchors(head)

    async def proof_of(self, evidence: EvidenceId, size: int | None = None) -> bytes:
        """The tlog-proof of an evidence, under the head of this size.

        Without a size under the first anchored head that holds it, else the newest. Raises
        NotLoggedYet where no such head holds it.
        """
        place, found = await self._under(evidence, size)
        return await self._proof(place, found)

    async def everything_of(self, evidence: EvidenceId) -> EvidenceProof:
        """All that there is, under the head of `proof_of`.

        Raises NotLoggedYet where no head holds it.
        """
        place, found = await self._under(evidence, None)
        record = await self.records.of(place.index)
        return EvidenceProof(
            size=found.head.size,
            proof=await self._proof(place, found),
            tokens=found.tokens,
            record=None if record is None else record[0],
            anchored_by=tuple(dict.fromkeys(one.name for one in found.anchors)),
            provable_until=None if record is None else record[1],
        )

    async def proof_at(self, place: LoggedEntry) -> bytes:
        """The tlog-proof of any entry, an operation's too, under the head of `proof_of`.

        Raises NotLoggedYet where no head holds it.
        """
        return await self._proof(place, await self._holding(place, None))

    async def provable_until(
        self, evidences: Sequence[EvidenceId]
    ) -> Mapping[EvidenceId, datetime]:
        """Until when each one's archive record can be checked; those without one are missing."""
        return await self.archive.until(evidences)

    async def _under(
        self, evidence: EvidenceId, size: int | None
    ) -> tuple[LoggedEntry, AnchoredHead]:
        """Its place in the log, and a head that holds it. Raises NotLoggedYet."""
        place = await self.store.entry(evidence)
        if place is None:
            raise NotLoggedYet("no head of the log holds this evidence yet")
        return place, await self._holding(place, size)

    async def _holding(self, place: LoggedEntry, size: int | None) -> AnchoredHead:
        """A head that holds this place. Raises NotLoggedYet."""
        wanted = await self.anchors.settled(above=place.index) if size is None else size
        head = await self.store.head(wanted)
        if head is None or place.index >= head.size:
            raise NotLoggedYet("no head of the log holds this entry yet")
        return await self._with_anchors(head)

    async def _with_anchors(self, head: SignedHead) -> AnchoredHead:
        return AnchoredHead(head=head, anchors=tuple(await self.anchors.of(head.size)))

    async def _proof(self, place: LoggedEntry, found: AnchoredHead) -> bytes:
        size = found.head.size
        nodes = await self.store.nodes(self.maths.nodes_for_inclusion(place.index, size))
        return self.maths.proof_text(place.index, size, nodes, found.note, place.entry)
