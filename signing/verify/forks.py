"""Heads beside one another: two that a log signed and that cannot both be true show its fork.

A node of a Merkle tree that is complete never changes (RFC 6962, 2.1), so all trusted heads of one
log must agree about each of them. A verified inclusion proof shows the nodes beside its way, so
even heads of different sizes are compared, where the proofs that are there reach. Only heads that
a trusted log signed are compared: nobody else can accuse it. Pure.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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


_Node = tuple[str, Position]
_Head = tuple[str, int, bytes]
"""Origin, size and root."""


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
    """Files that contradict each other, as far as it shows; none for honest logs.

    Each file under a contradicted head stands in one fork at least.
    """
    files = dict[_Head, list[str]]()
    nodes = dict[_Node, tuple[bytes, _Head]]()
    found = dict[tuple[_Head, _Head], Spoken]()
    for each in seen:
        origin, size = each.head.origin, each.head.size
        head = (origin, size, each.head.root)
        files.setdefault(head, []).append(each.file)
        for position, value in each.nodes:
            known, other = nodes.setdefault((origin, position), (value, head))
            if known != value:
                why = words.FORK_HISTORY if position.level else words.FORK_ENTRY
                found.setdefault((other, head), why)
    found |= _other_roots(list(files), nodes)
    return [
        Fork(origin=first[0], files=pair, why=why)
        for (first, second), why in found.items()
        for pair in _pairs(files[first], files[second])
    ]


def _other_roots(
    heads: Sequence[_Head], nodes: Mapping[_Node, tuple[bytes, _Head]]
) -> dict[tuple[_Head, _Head], Spoken]:
    """Heads of one size with different roots, and heads that others' nodes contradict."""
    found = dict[tuple[_Head, _Head], Spoken]()
    first_of = dict[tuple[str, int], _Head]()
    for head in heads:
        origin, size, root = head
        first = first_of.setdefault((origin, size), head)
        if first != head:
            found[first, head] = words.FORK_SAME_SIZE.of(size=size)
        edge = [nodes.get((origin, position)) for position in nodes_for_frontier(size)]
        known = [each for each in edge if each is not None]
        if len(known) == len(edge) and Frontier(size, [value for value, _ in known]).root() != root:
            other = next(other for _, other in known if other != head)
            found.setdefault((other, head), words.FORK_HISTORY)
    return found


def _pairs(first: Sequence[str], second: Sequence[str]) -> list[tuple[str, str]]:
    """So few pairs that each file is in one."""
    return list(
        dict.fromkeys([*((name, second[0]) for name in first), *((first[0], n) for n in second)])
    )


def _complete(start: int, end: int, value: bytes) -> Iterator[tuple[Position, bytes]]:
    """The range as a node, if it is a complete one."""
    length = end - start
    if length > 0 and length.bit_count() == 1 and start % length == 0:
        level = length.bit_length() - 1
        yield Position(level, start >> level), value
