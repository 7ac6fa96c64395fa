"""Hash trees of RFC 4998: many digests under one root, and the way of each of them there.

A node is the digest of what is below it, concatenated in the order of its bytes (section 4.2).
Trees are binary here: neighbours are paired, and one without a neighbour goes up as it is. Unlike
in the log's tree (RFC 6962) nothing tells a leaf from a node: data of 64 bytes could stand for two
others, and no evidence is that short. Integers and bytes only.
"""

import hashlib
from collections.abc import Sequence
from typing import Final

from signing.archive.errors import RecordError

ReducedTree = tuple[tuple[bytes, ...], ...]
"""The lists of a reduced hash tree, from the one with the leaf to the root's."""

DIGESTS: Final = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
"""Names of the digests that a tree may be made with, by object identifier (RFC 5754)."""
SHA256: Final = "2.16.840.1.101.3.4.2.1"
SHA512: Final = "2.16.840.1.101.3.4.2.3"


def digest(algorithm: str, *parts: bytes) -> bytes:
    """Digest of the parts, one after another. Raises RecordError for another algorithm."""
    name = DIGESTS.get(algorithm)
    if name is None:
        raise RecordError(f"the digest algorithm {algorithm} is not supported")
    return hashlib.new(name, b"".join(parts)).digest()


def node(algorithm: str, below: Sequence[bytes]) -> bytes:
    """The node over some digests; one alone is its own node."""
    return below[0] if len(below) == 1 else digest(algorithm, *sorted(below))


def root_of(leaves: Sequence[bytes], algorithm: str = SHA256) -> bytes:
    """Root of the tree over these leaves. Raises RecordError for none at all."""
    if not leaves:
        raise RecordError("a tree over nothing")
    row = list(leaves)
    while len(row) > 1:
        row = _above(row, algorithm)
    return row[0]


def siblings(leaves: Sequence[bytes], place: int, algorithm: str = SHA256) -> tuple[bytes, ...]:
    """What a leaf meets on its way to the root, from below; nothing where it is alone.

    Raises RecordError for a place where there is no leaf.
    """
    if not 0 <= place < len(leaves):
        raise RecordError(f"no leaf at {place}")
    return _met(_rows(leaves, algorithm), place)


def siblings_of_each(
    leaves: Sequence[bytes], algorithm: str = SHA256
) -> tuple[tuple[bytes, ...], ...]:
    """The siblings of every leaf, in their order; the tree is built once for all of them."""
    rows = _rows(leaves, algorithm)
    return tuple(_met(rows, place) for place in range(len(leaves)))


def reduced(group: Sequence[bytes], met: Sequence[bytes]) -> ReducedTree:
    """The reduced tree of a leaf: what it is the node of, and its siblings.

    A first list of one digest could be read in two ways (is it digested once more?), so that a
    single digest shares the first list with its sibling; all alone it needs no tree.
    """
    if len(group) == 1:
        first = (group[0], *met[:1])
        return (first, *((one,) for one in met[1:])) if met else ()
    return (tuple(sorted(group)), *((one,) for one in met))


def root_from(tree: ReducedTree, leaf: bytes, algorithm: str) -> bytes:
    """The root to which a reduced tree leads (RFC 4998, section 4.3).

    Raises RecordError if the leaf is not in its first list.
    """
    if not tree:
        return leaf
    if leaf not in tree[0]:
        raise RecordError("the record is for other data")
    found = node(algorithm, tree[0])
    for more in tree[1:]:
        found = node(algorithm, (found, *more))
    return found


def _rows(leaves: Sequence[bytes], algorithm: str) -> list[list[bytes]]:
    """The tree, row by row, without its root."""
    rows, row = list[list[bytes]](), list(leaves)
    while len(row) > 1:
        rows.append(row)
        row = _above(row, algorithm)
    return rows


def _met(rows: Sequence[Sequence[bytes]], place: int) -> tuple[bytes, ...]:
    met = list[bytes]()
    for row in rows:
        if place ^ 1 < len(row):
            met.append(row[place ^ 1])
        place //= 2
    return tuple(met)


def _above(row: Sequence[bytes], algorithm: str) -> list[bytes]:
    return [node(algorithm, row[n : n + 2]) for n in range(0, len(row), 2)]
