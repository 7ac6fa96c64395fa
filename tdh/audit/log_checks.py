"""The log as it is stored: every leaf and root computed again, every head compared with them.

One pass over the entries, with the tree's right edge and a few numbers a head in memory, however
long the log is. Never trusts a stored hash, and never a head because it is signed.
"""

from array import array
from bisect import bisect_right
from collections.abc import AsyncIterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from signing import merkle
from signing.checkpoint import Checkpoint, open_note
from signing.errors import ProofError
from signing.timestamps import verify_token
from signing.trust_file import TrustFile
from storage.audited import AuditedEntry, AuditedNode
from tdh.audit.report import CheckName, Tally
from tdh.domain.log import SignedHead, Tree

MERGE_DELAY = timedelta(seconds=60)
"""What every evidence promises: a head whose token is later than this after it holds it."""


@dataclass(slots=True)
class Heads:
    """All published heads, by size: what the entries must lead to, and when they were stamped."""

    sizes: "array[int]" = field(default_factory=lambda: array("q"))
    roots: bytearray = field(default_factory=bytearray)
    times: "array[float]" = field(default_factory=lambda: array("d"))
    """Seconds since 1970 of each token; as long as `sizes`, if all tokens could be read."""

    def add(self, head: SignedHead) -> None:
        """Heads come in order of their size."""
        self.sizes.append(head.size)
        self.roots += head.root

    def root(self, number: int) -> bytes:
        """The root of the head with this number from 0."""
        start = number * merkle.HASH_BYTES
        return bytes(self.roots[start : start + merkle.HASH_BYTES])

    def root_of_size(self, size: int) -> bytes | None:
        """The root of the head of this size, None if none was published."""
        number = bisect_right(self.sizes, size) - 1
        return self.root(number) if number >= 0 and self.sizes[number] == size else None

    def must_hold(self, time: datetime) -> int | None:
        """The size of the first head that must hold an evidence of this time; None before it."""
        if len(self.times) != len(self.sizes):
            return None
        number = bisect_right(self.times, (time + MERGE_DELAY).timestamp())
        return self.sizes[number] if number < len(self.sizes) else None


async def check_heads(
    heads: AsyncIterable[SignedHead], trust: TrustFile, origin: str
) -> tuple[Heads, list[Tally]]:
    """Signature, token and words of every published head; what they claim is checked later."""
    signatures, tokens = Tally(name=CheckName.HEAD_SIGNATURES), Tally(name=CheckName.HEAD_TOKENS)
    if not trust.logs:
        signatures.hindered = "no trust file names the log's key"
    if not trust.tsa_roots:
        tokens.hindered = "no trust file names the root of the timestamps"
    found = Heads()
    async for head in heads:
        found.add(head)
        _check_note(head, trust, origin, signatures)
        _check_token(head, trust, found, tokens)
    return found, [signatures, tokens]


async def check_entries(
    entries: AsyncIterable[AuditedEntry], tree: Tree, heads: Heads
) -> list[Tally]:
    """Every leaf and root from the entries, against the stored leaves, heads and tree."""
    log, nodes = Tally(name=CheckName.LOG_ENTRIES), Tally(name=CheckName.LOG_NODES)
    reached = Tally(name=CheckName.LOG_HEADS)
    frontier, next_head = merkle.Frontier.empty(), 0
    whole = True
    async for each in entries:
        next_head = _compare_heads(frontier, heads, next_head, reached)
        log.passed()
        if each.index != frontier.size:
            log.problem(f"entry {frontier.size} is missing: {each.index} stands in its place")
            whole = False
            break  # behind a hole no root can be computed
        leaf = merkle.leaf_hash(each.entry)
        nodes.passed()
        if each.leaf != leaf:
            nodes.problem(f"leaf {each.index} is not the hash of its entry")
        frontier.append(leaf)
    _compare_heads(frontier, heads, next_head, reached)
    for size in heads.sizes[bisect_right(heads.sizes, frontier.size) :]:
        reached.problem(f"head {size}: its entries are not all there")
    if whole and frontier.size != tree.size:
        log.problem(f"there are {frontier.size} entries, and the tree says {tree.size}")
    if whole and frontier.size == tree.size and frontier.root() != tree.root:
        log.problem("the entries give another root than the stored tree's")
    return [log, nodes, reached]


async def check_nodes(inner: AsyncIterable[AuditedNode], tree: Tree, tally: Tally) -> None:
    """Every stored node above the leaves; together with right leaves, the whole tree is right."""
    found = 0
    async for node in inner:
        found += 1
        name = f"node {node.level}/{node.index}"
        if node.left is None or node.right is None:
            tally.problem(f"{name}: a node below it is missing")
        elif node.hash != merkle.node_hash(node.left, node.right):
            tally.problem(f"{name} is not the hash of those below it")
        if node.index >= tree.size >> node.level:
            tally.problem(f"{name} lies beyond the tree")
    tally.passed(found)
    # A tree of n leaves has as many complete inner nodes as n has leaves beyond its edge.
    wanted = tree.size - tree.size.bit_count()
    if found != wanted:
        tally.problem(f"{found} inner nodes instead of {wanted}")


def check_served(note: bytes, heads: Heads, trust: TrustFile) -> Tally:
    """Whether the head that others are shown belongs to this history."""
    tally = Tally(name=CheckName.SERVED_HEAD, checked=1)
    try:
        if trust.logs:
            checkpoint, _ = open_note(note, trust.logs)
        else:
            tally.hindered = "no trust file names the log's key"
            checkpoint = _unverified(note)
    except ProofError as exc:
        tally.problem(str(exc))
        return tally
    stored = heads.root_of_size(checkpoint.size)
    if stored is None:
        tally.problem(f"no head of size {checkpoint.size} was published from here")
    elif stored != checkpoint.root:
        tally.problem(f"the head of size {checkpoint.size} has another root here")
    return tally


def _compare_heads(frontier: merkle.Frontier, heads: Heads, number: int, tally: Tally) -> int:
    """Compare the heads of this very size; the number of the next head."""
    while number < len(heads.sizes) and heads.sizes[number] == frontier.size:
        tally.passed()
        if heads.root(number) != frontier.root():
            tally.problem(f"head {frontier.size} has another root than its entries give")
        number += 1
    return number


def _check_note(head: SignedHead, trust: TrustFile, origin: str, tally: Tally) -> None:
    tally.passed()
    try:
        checkpoint = open_note(head.note, trust.logs)[0] if trust.logs else _unverified(head.note)
    except ProofError as exc:
        tally.problem(f"head {head.size}: {exc}")
        return
    if checkpoint != Checkpoint(origin=origin, size=head.size, root=head.root):
        tally.problem(f"head {head.size}: the note says something else than its row")


def _check_token(head: SignedHead, trust: TrustFile, heads: Heads, tally: Tally) -> None:
    if not trust.tsa_roots:
        return
    tally.passed()
    try:
        found = verify_token(head.token, sha256(head.note).digest(), trust.tsa_roots)
    except ProofError as exc:
        tally.problem(f"head {head.size}: {exc}")
        return
    time = found.time.timestamp()
    if heads.times and time < heads.times[-1]:
        tally.problem(f"head {head.size}: its token is older than that of a smaller head")
    heads.times.append(time)


def _unverified(note: bytes) -> Checkpoint:
    text, _, _ = note.rpartition(b"\n\n")
    return Checkpoint.parse(text + b"\n")
