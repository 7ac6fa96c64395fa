"""The sealer's ledger: a line for each use of the seal key, on disk before the evidence is out.

A line is `epoch pseudonym sequence digest`. Each evidence row of the database has its line here; a
line without a row belongs to a transaction that did not commit, or to one that a restore lost
(docs/DESIGN.md, "Invariants"). It is never restored from a back-up older than itself.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from signing.sealer.errors import LedgerError
from signing.sealer.fixed_lines import FixedLines
from tdh.domain.identifiers import Pseudonym

FILE_NAME = "ledger"
_LINE = re.compile(rb"([0-9]{6}) ([0-9a-f]{32}) ([0-9]{8}) ([0-9a-f]{64})")
_WIDTH = 6 + 1 + 32 + 1 + 8 + 1 + 64 + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLine:
    """One use of the seal key."""

    epoch: int
    """Grows by one when a restore or failover began a new history."""
    pseudonym: Pseudonym
    sequence: int
    digest: bytes
    """SHA-256 of the sealed evidence."""


class Ledger:
    """The open ledger of a running sealer. Every method raises LedgerError."""

    __slots__ = ("_lines", "epoch")

    def __init__(self, folder: Path, epoch: int | None = None) -> None:
        """Continue the ledger of a state folder; in its last epoch unless a later one is given."""
        path = folder / FILE_NAME
        self._lines = FixedLines(path, _WIDTH)
        last = self._lines.last()
        before = 1 if last is None else _parse(path, last, self._lines.count).epoch
        if epoch is not None and not before <= epoch <= before + 1:
            raise LedgerError(path, f"its last epoch is {before}: {epoch} does not follow")
        self.epoch = before if epoch is None else epoch

    @property
    def count(self) -> int:
        """Number of uses so far."""
        return self._lines.count

    def record(self, uses: Sequence[tuple[Pseudonym, int, bytes]]) -> None:
        """Write (pseudonym, sequence, digest) of each use; return when all are on the disk."""
        self._lines.append(
            [
                f"{self.epoch:06d} {pseudonym} {sequence:08d} {digest.hex()}"
                for pseudonym, sequence, digest in uses
            ]
        )

    def close(self) -> None:
        """Give the file back."""
        self._lines.close()


def read(path: Path) -> Iterator[LedgerLine]:
    """All lines of a ledger, also while its sealer runs. Raises LedgerError at a broken one.

    What stands behind the last whole line is not there yet.
    """
    with path.open("rb") as file:
        number = 0
        while len(line := file.read(_WIDTH)) == _WIDTH:
            number += 1
            if not line.endswith(b"\n"):
                raise LedgerError(path, f"line {number} is not in its form")
            yield _parse(path, line[:-1], number)


def _parse(path: Path, line: bytes, number: int) -> LedgerLine:
    match = _LINE.fullmatch(line)
    if match is None:
        raise LedgerError(path, f"line {number} is not in its form")
    return LedgerLine(
        epoch=int(match[1]),
        pseudonym=Pseudonym(match[2].decode()),
        sequence=int(match[3]),
        digest=bytes.fromhex(match[4].decode()),
    )
