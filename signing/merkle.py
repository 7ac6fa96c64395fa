"""The Merkle tree of the log: roots, inclusion and consistency proofs (RFC 6962, section 2.1).

Hashes are SHA-256. A *complete node* (level, number) is the root of the 2**level leaves
from number * 2**level on; once its leaves exist it never changes, so a store keeps each once.
Every proof is made from a few complete nodes: ask `nodes_for_...` which, fetch them in one query,
and pass the look-up. Works on integers and bytes only; never does I/O, never keeps a whole tree.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Self

from signing.c2sp_text import MAX_COUNT
from signing.errors import ProofError

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
"""Root of the tree without leaves."""


class Position(NamedTuple):
    """Where a complete node stands: level 0 holds the leaves, number counts from the left."""

    level: int
    number: int  # a tuple already has `index`


class Node(NamedTuple):
    """A complete node with its hash; a row of the store."""

    level: int
    number: int
    hash: bytes


NodeLookup = Callable[[int, int], bytes]
"""Gives the hash of the complete node at (level, number)."""

_Range = tuple[int, int]  # leaves from the first, up to but without the second


class MerkleError(ProofError):
    """A root, size or proof that contradicts another."""

    code = "merkle-proof-invalid"


def leaf_hash(entry: bytes) -> bytes:
    """Hash of an entry of the log."""
    # RFC 6962 2.1: leaves and nodes hash with different prefixes, or a node could pass for a leaf.
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Iterable[bytes]) -> bytes:
    """Root over leaf hashes; EMPTY_ROOT where there are none."""
    frontier = Frontier.empty()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


class Frontier:
    """The right edge of a growing tree: all that is needed to append and to know the root.

    It holds one hash for each bit that is set in the size, so appending to a log of a thousand
    million leaves costs two hashes on average. It changes in place: append to a `copy` where the
    surrounding transaction may still fail.
    """

    __slots__ = ("_edge", "_size")

    def __init__(self, size: int, edge: Sequence[bytes]) -> None:
        """Continue a tree of `size` leaves from its edge, as `nodes_for_frontier` orders it.

        Raises MerkleError if the number of hashes or one of their lengths does not fit.
        """
        _check_count(size)
        if len(edge) != size.bit_count():
            raise MerkleError(f"a tree of {size} leaves has {size.bit_count()} edge hashes")
        _check_hashes(edge)
        self._size = size
        self._edge = list(edge)

    @classmethod
    def empty(cls) -> Self:
        """Start a tree without leaves."""
        return cls(0, ())

    @classmethod
    def load(cls, size: int, node: NodeLookup) -> Self:
        """Continue a tree from its stored nodes (those of `nodes_for_frontier`)."""
        return cls(size, [node(*position) for position in nodes_for_frontier(size)])

    @property
    def size(self) -> int:
        """Number of leaves."""
        return self._size

    @property
    def edge(self) -> tuple[bytes, ...]:
        """The hashes that `Frontier(size, edge)` takes."""
        return tuple(self._edge)

    def copy(self) -> "Frontier":
        """Give an equal frontier that grows by itself."""
        return Frontier(self._size, self._edge)

    def append(self, leaf: bytes) -> list[Node]:
        """Add one leaf hash; return the nodes that became complete, the leaf itself first."""
        _check_hashes((leaf,))
        _check_count(self._size + 1)
        level, number, current = 0, self._size, leaf
        completed = [Node(level, number, current)]
        while number & 1:  # a right child: its parent is complete now
            current = node_hash(self._edge.pop(), current)
            level, number = level + 1, number >> 1
            completed.append(Node(level, number, current))
        self._edge.append(current)
        self._size += 1
        return completed

    def root(self) -> bytes:
        """Root of the tree as it stands."""
        return _fold(self._edge) if self._edge else EMPTY_ROOT


def nodes_for_frontier(size: int) -> list[Position]:
    """Complete nodes that make the right edge, from left to right."""
    _check_count(size)
    return _cover((0, size))


def nodes_for_inclusion(index: int, size: int) -> list[Position]:
    """Complete nodes from which `inclusion_proof` is made."""
    return [position for part in _inclusion_parts(index, size) for position in _cover(part)]


def nodes_for_consistency(old_size: int, new_size: int) -> list[Position]:
    """Complete nodes from which `consistency_proof` is made."""
    parts = _consistency_parts(old_size, new_size)
    return [position for part in parts for position in _cover(part)]


def inclusion_proof(index: int, size: int, node: NodeLookup) -> tuple[bytes, ...]:
    """Audit path of leaf `index` in the tree of `size` leaves, from the leaf's sibling upwards."""
    return tuple(_subtree(part, node) for part in _inclusion_parts(index, size))


def consistency_proof(old_size: int, new_size: int, node: NodeLookup) -> tuple[bytes, ...]:
    """Proof that the tree of `new_size` extends that of `old_size`.

    Empty for equal sizes and for an empty old tree, where there is nothing to prove.
    """
    return tuple(_subtree(part, node) for part in _consistency_parts(old_size, new_size))


def verify_inclusion(
    index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Return if `leaf` (a leaf hash) is number `index` under `root`; else raise MerkleError."""
    parts = _inclusion_parts(index, size)
    _check_hashes((leaf, *proof, root))
    if len(proof) != len(parts):
        raise MerkleError(f"this inclusion proof has {len(parts)} hashes, not {len(proof)}")
    current = leaf
    for (low, _), sibling in zip(parts, proof, strict=True):
        current = node_hash(sibling, current) if low < index else node_hash(current, sibling)
    if current != root:
        raise MerkleError("the inclusion proof leads to another root")


def verify_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Return if the new tree extends the old one; else raise MerkleError.

    Every tree extends the empty one, with an empty proof.
    """
    parts = _consistency_parts(old_size, new_size)
    _check_hashes((old_root, *proof, new_root))
    if len(proof) != len(parts):
        raise MerkleError(f"this consistency proof has {len(parts)} hashes, not {len(proof)}")
    if old_size == 0:
        _check_empty(old_root)
        if new_size == 0:
            _check_empty(new_root)
        return
    if old_size == new_size and old_root != new_root:
        raise MerkleError("two roots for one size")
    steps = list(zip(parts, proof, strict=True))
    old = new = old_root
    if steps and steps[0][0][1] == old_size:  # the old tree's right edge comes first
        old = new = steps.pop(0)[1]
    for (low, _), sibling in steps:
        if low < old_size:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
        else:
            new = node_hash(new, sibling)
    if old != old_root:
        raise MerkleError("the consistency proof leads to another old root")
    if new != new_root:
        raise MerkleError("the consistency proof leads to another new root")


def _inclusion_parts(index: int, size: int) -> list[_Range]:
    """PATH(m, D[n]) of RFC 6962 2.1.1 as ranges of leaves, the lowest first."""
    _check_index(index, size)
    parts: list[_Range] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            parts.append((middle, high))
            high = middle
        else:
            parts.append((low, middle))
            low = middle
    return parts[::-1]


def _consistency_parts(old_size: int, new_size: int) -> list[_Range]:
    """PROOF(m, D[n]) of RFC 6962 2.1.2 as ranges of leaves, the lowest first."""
    _check_sizes(old_size, new_size)
    parts: list[_Range] = []
    if old_size == 0:
        return parts
    low, high = 0, new_size
    while high != old_size:
        middle = low + _split(high - low)
        if old_size <= middle:
            parts.append((middle, high))
            high = middle
        else:
            parts.append((low, middle))
            low = middle
    if low > 0:  # else the rest is the old tree itself, whose root the verifier has
        parts.append((low, high))
    return parts[::-1]


def _cover(part: _Range) -> list[Position]:
    """Complete nodes of a range that begins at a multiple of its greatest power of two."""
    low, high = part
    positions: list[Position] = []
    while low < high:
        level = (high - low).bit_length() - 1
        positions.append(Position(level, low >> level))
        low += 1 << level
    return positions


def _subtree(part: _Range, node: NodeLookup) -> bytes:
    return _fold([node(*position) for position in _cover(part)])


def _fold(hashes: Sequence[bytes]) -> bytes:
    """Join complete nodes of falling size into the root over all of them."""
    current = hashes[-1]
    for left in reversed(hashes[:-1]):
        current = node_hash(left, current)
    return current


def _split(size: int) -> int:
    """Greatest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def _check_count(size: int) -> None:
    if not 0 <= size <= MAX_COUNT:
        raise MerkleError(f"{size} is no size of a tree")


def _check_index(index: int, size: int) -> None:
    _check_count(size)
    if not 0 <= index < size:
        raise MerkleError(f"a tree of {size} leaves has no leaf {index}")


def _check_sizes(old_size: int, new_size: int) -> None:
    _check_count(new_size)
    if not 0 <= old_size <= new_size:
        raise MerkleError(f"a tree of {new_size} leaves does not extend one of {old_size}")


def _check_empty(root: bytes) -> None:
    if root != EMPTY_ROOT:
        raise MerkleError("a tree without leaves has another root")


def _check_hashes(hashes: Iterable[bytes]) -> None:
    if any(len(value) != HASH_BYTES for value in hashes):
        raise MerkleError("a hash of the tree has 32 bytes")
