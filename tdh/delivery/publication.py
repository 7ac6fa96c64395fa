"""The log's rounds: integrate what is committed, sign it, publish it.

A round first compares the database's tree with the sealer's last head. It integrates in one
transaction and only then asks for a signature, so that nothing is ever signed that is not
committed. A signed head goes into the log's files, tiles first, and then into the database: that
one is the published one. The tree is never rewound (docs/DESIGN.md, "The way of a letter", 7).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from tdh.delivery.tiling import Tiling
from tdh.domain.errors import LogDiverged
from tdh.domain.log import NodeAddress, QueuedEntry, SignedHead, Tree
from tdh.ports import Clock, CrashPoint, HeadSigner, LogStore

log = structlog.get_logger()

Nodes = Mapping[NodeAddress, bytes]


class TreeMaths(Protocol):
    """RFC 6962 over stored complete nodes; `signing` has it."""

    def nodes_to_grow(self, size: int) -> Sequence[NodeAddress]: ...
    def grow(
        self, size: int, nodes: Nodes, entries: Sequence[bytes]
    ) -> tuple[dict[NodeAddress, bytes], bytes]:
        """New complete nodes, and the root with the entries appended."""
        ...

    def root_of(self, size: int, nodes: Nodes) -> bytes:
        """Root of the tree of this size, from the nodes of `nodes_to_grow`."""
        ...

    def nodes_for_consistency(self, old: int, new: int) -> Sequence[NodeAddress]: ...
    def consistency(self, old: int, new: int, nodes: Nodes) -> Sequence[bytes]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Sequencing and proving over the ports of the log."""

    store: LogStore
    tiling: Tiling
    signer: HeadSigner
    maths: TreeMaths
    clock: Clock
    crash: CrashPoint
    round_entries: int = 4096
    """How many entries one transaction integrates."""

    async def round(self) -> int:
        """One round: how many entries were integrated.

        If we die after the integration, the next round finds the larger tree and signs it. If we
        die after the signature, the sealer gives the same bytes again, and what it signed is
        published before anything else is signed: no head that somebody may have seen is lost.
        Raises LogDiverged, after which nothing may be sequenced until an operator has looked.
        """
        signed_size, signed_root = await self.signer.last_head()
        await self._compare(signed_size, signed_root)
        published = await self.store.head()
        if signed_size > (published.size if published else 0):
            published = await self._sign_and_publish(signed_size, signed_root, signed_size)
        total = 0
        while integrated := await self._integrate():
            total += integrated
        tree = await self.store.tree()
        if published is None or published.size < tree.size:
            await self._sign_and_publish(tree.size, tree.root, signed_size)
        else:
            await self.tiling.publish(published)  # a folder that was put back catches up
        return total

    async def _compare(self, signed_size: int, signed_root: bytes) -> None:
        tree = await self.store.tree()
        if signed_size > tree.size:
            raise LogDiverged(f"signed up to {signed_size}, the database has {tree.size}")
        nodes = await self.store.nodes(self.maths.nodes_to_grow(signed_size))
        if self.maths.root_of(signed_size, nodes) != signed_root:
            raise LogDiverged(f"another history lies below {signed_size}")

    async def _integrate(self) -> int:
        async with self.store.round() as transaction:
            before = await transaction.tree()
            entries: Sequence[QueuedEntry] = await transaction.take(self.round_entries)
            if not entries:
                return 0
            edge = await transaction.nodes(self.maths.nodes_to_grow(before.size))
            nodes, root = self.maths.grow(before.size, edge, [one.entry for one in entries])
            after = Tree(epoch=before.epoch, size=before.size + len(entries), root=root)
            if not await transaction.append(before, entries, nodes, after):
                log.warning("log.round-lost", size=before.size)
                return 0
            self.crash("log.appended")
            await transaction.commit()
        self.crash("log.integrated")
        return len(entries)

    async def _sign_and_publish(self, size: int, root: bytes, signed_size: int) -> SignedHead:
        wanted = self.maths.nodes_for_consistency(signed_size, size)
        nodes = await self.store.nodes(wanted)
        proof = self.maths.consistency(signed_size, size, nodes)
        head = await self.signer.sign_head(size, root, proof, self.clock.now())
        self.crash("log.signed")
        await self.tiling.publish(head)
        self.crash("log.filed")
        await self.store.publish(head)
        self.crash("log.published")
        return head

    async def head(self, size: int | None = None) -> SignedHead | None:
        """The newest published head, or the one of this size."""
        return await self.store.head(size)
