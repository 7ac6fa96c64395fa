"""A public log in a folder, made entry by entry: sound, or with whatever is wrong in it."""

import hashlib
import shutil
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signing.checkpoint import Checkpoint, NoteSigner, sign
from signing.log_entry import evidence_entry
from signing.merkle import Frontier, leaf_hash
from signing.trust_file import TrustFile
from tdh.domain.tiles import bundle_of, pack_entries, tiles_of

ORIGIN = "log.tdh.example/public"
START = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
DUE = date(2026, 12, 1)
LIFE = ("SubmissionAcceptance", "ContentConsignment", "ContentAccessTracking", "ContentHandover")


class SampleLog:
    """Entries, and the folder that shows them."""

    def __init__(self, folder: Path, key: Ed25519PrivateKey | None = None) -> None:
        self.folder = folder
        self.key = key or Ed25519PrivateKey.generate()
        self.signer = NoteSigner(name=ORIGIN, private_key=self.key)
        self.entries: list[bytes] = []

    @property
    def trust(self) -> TrustFile:
        return TrustFile(logs=(self.signer.verifier,))

    def add(
        self, delivery: int, *events: str, minute: int = 0, first: int = 1, due: date | None = DUE
    ) -> None:
        """Evidences of one delivery, each a minute after the one before."""
        for place, event in enumerate(events):
            self.entries.append(
                entry(delivery, event, first + place, minute=minute + place, due=due)
            )

    def lives(self, count: int, *, of: int = 0) -> None:
        """So many deliveries from acceptance to handover."""
        for number in range(of, of + count):
            self.add(number, *LIFE)

    def head(self, entries: Sequence[bytes] | None = None) -> bytes:
        frontier = Frontier.empty()
        for one in self.entries if entries is None else entries:
            frontier.append(leaf_hash(one))
        head = Checkpoint(origin=ORIGIN, size=frontier.size, root=frontier.root())
        return sign(head, self.signer)

    def write(self) -> None:
        """Show what there is."""
        frontier, nodes = Frontier.empty(), {}
        for one in self.entries:
            for node in frontier.append(leaf_hash(one)):
                nodes.setdefault(node.level, []).append(node.hash)
        for tile in tiles_of(len(self.entries)):
            end = tile.first + tile.width
            self._put(tile.path, b"".join(nodes[8 * tile.level][tile.first : end]))
            if tile.level == 0:
                self._put(bundle_of(tile).path, pack_entries(self.entries[tile.first : end]))
        self._put("checkpoint", self.head())

    def forked(self, folder: Path) -> "SampleLog":
        """The same key on a copy of the files."""
        other = SampleLog(folder, self.key)
        other.entries = list(self.entries)
        if self.folder.exists():
            shutil.copytree(self.folder, folder)
        return other

    def _put(self, path: str, data: bytes) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_bytes(data)


def entry(
    delivery: int, event: str, sequence: int, *, minute: int = 0, due: date | None = DUE
) -> bytes:
    """One evidence's entry."""
    name = hashlib.md5(str(delivery).encode(), usedforsecurity=False).hexdigest()
    return evidence_entry(
        event=event,
        time=START + timedelta(minutes=minute),
        pseudonym=name,
        sequence=sequence,
        due=due if event == "SubmissionAcceptance" else None,
        digest=hashlib.sha256(f"{delivery} {sequence}".encode()).digest(),
    )
