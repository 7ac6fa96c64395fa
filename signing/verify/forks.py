"""Heads beside one another: two that a log signed and that cannot both be true show its fork.

A node of a Merkle tree that is complete never changes (RFC 6962, 2.1), so all trusted heads of one
log must agree about each of them. A verified inclusion proof shows the nodes beside its way, so
even heads of different sizes are compared, where the proofs that are there reach. Only heads that
a trusted log signed are compared: nobody else can accuse it. Pure.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from signing import merkle
from signing.checkpoint import Checkpoint
from signing.merkle import Frontier, Position, nodes_for_frontier
from signing.tlog_proof import TlogProof
from signing.verify import words
from signing.verify.head import claimed_head
from signing.verify.spoken import Spoken


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenHead:
    """A trusted head, and what was shown under it."""

    file: str
    head: Checkpoint
    nodes: tuple[tuple[Position, bytes], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork:
    """Two files whose heads contradict each other."""

    origin: str
    files: tuple[str, str]
    why: Spoken


def seen_in_proof(file: str, proof: TlogProof, entry: bytes) -> SeenHead:
    """What a proof shows whose inclusion was verified under a trusted head."""
    head = claimed_head(proof.checkpoint_note)
    hashes = list(proof.hashes)
    nodes = list[tuple[Position, bytes]]()

    def walk(start: int, end: int) -> bytes:
        """The hash over the leaves from `start` to before `end`, on the entry's way to the root."""
        if end - start == 1:
            return merkle.leaf_hash(entry)
        middle = start + (1 << (end - start - 1).bit_length() - 1)
        beside = hashes.pop()
        if proof.index < middle:
            left, right = walk(start, middle), beside
        else:
            left, right = beside, walk(middle, end)
        nodes.extend(_complete(start, middle, left))
        nodes.extend(_complete(middle, end, right))
        return merkle.node_hash(left, right)

    nodes.extend(_complete(0, head.size, walk(0, head.size)))
    return SeenHead(file=file, head=head, nodes=tuple(nodes))


def find_forks(seen: Iterable[SeenHead]) -> list[Fork]:
    """Each pair of files that contradict each other, as far as it shows; none for honest logs."""
    roots = dict[tuple[str, int], tuple[bytes, str]]()
    nodes = dict[tuple[str, Position], tuple[bytes, str]]()
    forks = list[Fork]()
    for each in seen:
        origin, size = each.head.origin, each.head.size
        root, file = roots.setdefault((origin, size), (each.head.root, each.file))
        if root != each.head.root:
            why = words.FORK_SAME_SIZE.of(size=size)
            forks.append(Fork(origin=origin, files=(file, each.file), why=why))
            continue
        for position, value in each.nodes:
            known, file = nodes.setdefault((origin, position), (value, each.file))
            if known != value:
                why = words.FORK_HISTORY if position.level else words.FORK_ENTRY
                forks.append(Fork(origin=origin, files=(file, each.file), why=why))
                break
    for (origin, size), (root, file) in roots.items():
        cover = [nodes.get((origin, position)) for position in nodes_for_frontier(size)]
        known_edge = [each for each in cover if each is not None]
        if len(known_edge) == len(cover) and _root(size, known_edge) != root:
            other = next((name for _, name in known_edge if name != file), file)
            forks.append(Fork(origin=origin, files=(file, other), why=words.FORK_HISTORY))
    return forks


def _root(size: int, edge: list[tuple[bytes, str]]) -> bytes:
    return Frontier(size, [value for value, _ in edge]).root()


def _complete(start: int, end: int, value: bytes) -> Iterator[tuple[Position, bytes]]:
    """The range as a node, if it is a complete one."""
    length = end - start
    if length > 0 and length.bit_count() == 1 and start % length == 0:
        level = length.bit_length() - 1
        yield Position(level, start >> level), value
