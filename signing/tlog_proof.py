"""The proof that travels beside an evidence: `.tlog-proof` (c2sp.org/tlog-proof@v1).

One text with the entry's index, its audit path and a signed head of the log: enough to check,
offline, that the log holds the entry. The `extra` line is not authenticated: a verifier makes the
entry again from the evidence and only compares. Never does I/O.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from signing import merkle
from signing.c2sp_text import MAX_COUNT, read_base64, read_decimal, write_base64
from signing.checkpoint import MAX_NOTE_BYTES, Checkpoint, NoteVerifier, open_note
from signing.errors import ProofError

MAX_EXTRA_BYTES = 65_535
"""An entry of the log is no longer (c2sp.org/tlog-tiles), and `extra` holds an entry."""
MAX_PROOF_BYTES = MAX_NOTE_BYTES + 2 * MAX_EXTRA_BYTES
"""Longer texts are refused unread."""
MAX_HASHES = 63
"""A path in the greatest tree that has a size."""

_FIRST_LINE = "c2sp.org/tlog-proof@v1"


class ProofFormatError(ProofError):
    """A text that is no tlog-proof."""

    code = "proof-malformed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TlogProof:
    """A proof as it is written down; nothing of it is verified by reading it."""

    index: int
    hashes: tuple[bytes, ...]
    """From the leaf's sibling to the root's child."""
    checkpoint_note: bytes
    """The signed checkpoint, word for word."""
    extra: bytes | None = None
    """Unauthenticated; TDH puts the log entry here."""

    def __post_init__(self) -> None:
        """Raise ProofFormatError for what cannot be written as a proof."""
        if not 0 <= self.index < MAX_COUNT:
            raise ProofFormatError(f"{self.index} is no index in a log")
        if len(self.hashes) > MAX_HASHES:
            raise ProofFormatError(f"a path of more than {MAX_HASHES} hashes")
        if any(len(value) != merkle.HASH_BYTES for value in self.hashes):
            raise ProofFormatError("a hash of the path has 32 bytes")
        if self.extra is not None and not 0 < len(self.extra) <= MAX_EXTRA_BYTES:
            raise ProofFormatError(f"extra data has 1 to {MAX_EXTRA_BYTES} bytes")
        if not 0 < len(self.checkpoint_note) <= MAX_NOTE_BYTES:
            raise ProofFormatError(f"a checkpoint has 1 to {MAX_NOTE_BYTES} bytes")

    def text(self) -> bytes:
        """The bytes of the `.tlog-proof` file."""
        lines = [_FIRST_LINE]
        if self.extra is not None:
            lines.append(f"extra {write_base64(self.extra)}")
        lines.append(f"index {self.index}")
        lines.extend(write_base64(value) for value in self.hashes)
        return "\n".join([*lines, "", ""]).encode("ascii") + self.checkpoint_note

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Read a proof; only the one spelling that `text` writes. Raises ProofFormatError."""
        if len(text) > MAX_PROOF_BYTES:
            raise ProofFormatError(f"a proof of more than {MAX_PROOF_BYTES} bytes")
        head, separator, note = text.partition(b"\n\n")
        if not separator:
            raise ProofFormatError("the checkpoint is missing")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as exc:
            raise ProofFormatError("the proof is not ASCII before its checkpoint") from exc
        if lines.pop(0) != _FIRST_LINE:
            raise ProofFormatError(f"the first line is not {_FIRST_LINE}")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = _required(read_base64(lines.pop(0).removeprefix("extra ")), "extra data")
        if not lines or not lines[0].startswith("index "):
            raise ProofFormatError("the index is missing")
        index = read_decimal(lines.pop(0).removeprefix("index "))
        if index is None:
            raise ProofFormatError("the index is not in canonical form")
        hashes = tuple(_required(read_base64(line), "hash") for line in lines)
        return cls(index=index, hashes=hashes, checkpoint_note=note, extra=extra)

    def verify(
        self, entry: bytes, verifiers: Iterable[NoteVerifier]
    ) -> tuple[Checkpoint, tuple[str, ...]]:
        """Check that the log's signed head holds `entry` at this index.

        Returns the head and the names of the keys that signed it (see `open_note`). Raises
        NoteError if the head is not to be believed, MerkleError if it does not hold the entry.
        """
        checkpoint, names = open_note(self.checkpoint_note, verifiers)
        leaf = merkle.leaf_hash(entry)
        merkle.verify_inclusion(self.index, checkpoint.size, leaf, self.hashes, checkpoint.root)
        return checkpoint, names


def _required(data: bytes | None, what: str) -> bytes:
    if not data:
        raise ProofFormatError(f"{what} is empty or not in canonical Base64")
    return data
