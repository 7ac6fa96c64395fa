"""Logs for tests of witnesses: histories that grow and fork, and the requests made from them."""

from dataclasses import dataclass, replace
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from relay.witnesses import request_body
from signing.checkpoint import Checkpoint, NoteSigner, sign
from signing.cosignature import CosignatureSigner
from signing.merkle import Frontier, consistency_proof, leaf_hash, root

LOG = NoteSigner(
    name="log.tdh.example/2026", private_key=Ed25519PrivateKey.from_private_bytes(b"l" * 32)
)
OTHER_LOG = NoteSigner(
    name="log.other.example", private_key=Ed25519PrivateKey.from_private_bytes(b"o" * 32)
)
CLASSIC = CosignatureSigner(
    name="witness.example/w1", private_key=Ed25519PrivateKey.from_private_bytes(b"w" * 32)
)
QUANTUM = CosignatureSigner(
    name="witness.example/w1", private_key=MLDSA44PrivateKey.from_seed_bytes(b"q" * 32)
)


@dataclass(frozen=True)
class History:
    """The entries of one log, as one teller tells them."""

    entries: tuple[bytes, ...]
    log: NoteSigner = LOG

    @classmethod
    def of(cls, size: int, log: NoteSigner = LOG) -> "History":
        return cls(tuple(b"%d" % number for number in range(size)), log)

    def forked(self, at: int) -> "History":
        """Another history of the same length, the same up to `at`."""
        other = tuple(b"forked " + entry for entry in self.entries[at:])
        return replace(self, entries=self.entries[:at] + other)

    @cached_property
    def _nodes(self) -> dict[tuple[int, int], bytes]:
        frontier, nodes = Frontier.empty(), {}
        for entry in self.entries:
            for node in frontier.append(leaf_hash(entry)):
                nodes[node.level, node.number] = node.hash
        return nodes

    def proof(self, old: int, size: int) -> tuple[bytes, ...]:
        return consistency_proof(old, size, lambda level, number: self._nodes[level, number])

    def head(self, size: int) -> Checkpoint:
        leaves = map(leaf_hash, self.entries[:size])
        return Checkpoint(origin=self.log.name, size=size, root=root(leaves))

    def note(self, size: int) -> bytes:
        return sign(self.head(size), self.log)

    def request(self, old: int, size: int) -> bytes:
        """An honest body of add-checkpoint."""
        return request_body(old, self.proof(old, size), self.note(size))
