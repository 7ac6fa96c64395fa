"""The Merkle tree over nodes that are stored elsewhere, as the log's rounds use it.

`merkle` does the maths; here addresses and hashes are mapped to what a store fetches in one
query. Works on integers and bytes only.
"""

from collections.abc import Mapping, Sequence

from signing import merkle
from signing.checkpoint import Checkpoint, split_note
from signing.tlog_proof import TlogProof

Address = tuple[int, int]
Nodes = Mapping[Address, bytes]


class LogTree:
    """RFC 6962 trees, from the complete nodes that each method's counterpart names."""

    def nodes_to_grow(self, size: int) -> Sequence[Address]:
        """The right edge: what `grow` and `root_of` need."""
        return merkle.nodes_for_frontier(size)

    def root_of(self, size: int, nodes: Nodes) -> bytes:
        """Root of the tree of this size."""
        return merkle.Frontier.load(size, _look_up(nodes)).root()

    def grow(
        self, size: int, nodes: Nodes, entries: Sequence[bytes]
    ) -> tuple[dict[Address, bytes], bytes]:
        """Append entries: the nodes that became complete, and the new root."""
        frontier = merkle.Frontier.load(size, _look_up(nodes))
        complete: dict[Address, bytes] = {}
        for entry in entries:
            for node in frontier.append(merkle.leaf_hash(entry)):
                complete[node.level, node.number] = node.hash
        return complete, frontier.root()

    def nodes_for_consistency(self, old: int, new: int) -> Sequence[Address]:
        """What `consistency` needs."""
        return merkle.nodes_for_consistency(old, new)

    def consistency(self, old: int, new: int, nodes: Nodes) -> Sequence[bytes]:
        """Proof that the tree of size `new` extends that of size `old`."""
        return merkle.consistency_proof(old, new, _look_up(nodes))

    def nodes_for_inclusion(self, index: int, size: int) -> Sequence[Address]:
        """What `proof_text` needs."""
        return merkle.nodes_for_inclusion(index, size)

    def proof_text(self, index: int, size: int, nodes: Nodes, note: bytes, entry: bytes) -> bytes:
        """A tlog-proof of entry `index` under the head in `note`; the entry in `extra`."""
        hashes = merkle.inclusion_proof(index, size, _look_up(nodes))
        proof = TlogProof(index=index, hashes=hashes, checkpoint_note=note, extra=entry)
        return proof.text()

    def leaf(self, entry: bytes) -> bytes:
        """Hash of an entry."""
        return merkle.leaf_hash(entry)

    def root_over(self, hashes: Sequence[bytes]) -> bytes:
        """The hash above the hashes of a full tile, or above any others of one level."""
        return merkle.root(hashes)

    def head_in(self, note: bytes) -> tuple[str, int, bytes]:
        """Origin, size and root that a note tells; verifies no signature. Raises NoteError."""
        checkpoint = Checkpoint.parse(split_note(note)[0])
        return checkpoint.origin, checkpoint.size, checkpoint.root


def _look_up(nodes: Nodes) -> merkle.NodeLookup:
    return lambda level, number: nodes[level, number]
