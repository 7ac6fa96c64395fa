"""The sealer's ledger against the evidence: each row has its line; lines without a row are told.

Both lists may be longer than memory: they are spread over small buckets by their digest, and a
bucket of one is compared with the same bucket of the other.
"""

import struct
from contextlib import ExitStack
from pathlib import Path
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Self

from signing.sealer import ledger
from signing.sealer.errors import LedgerError
from storage.audited import AuditedEvidence
from tdh.audit.report import CheckName, Tally

BUCKETS = 64
IN_MEMORY_BYTES = 1 << 20
"""A bucket that grows beyond it lies in a temporary file; it has pseudonyms and digests only."""

_LINE = struct.Struct(">16sI32s")


class LedgerComparison:
    """Takes the rows as they are streamed; `finish` reads the ledger and compares.

    The ledger must be read after the rows: it is written first, so no row can be ahead of it.
    """

    def __init__(self) -> None:
        self._closing = ExitStack()
        self._rows, self._lines = self._buckets(), self._buckets()
        self.epochs: set[int] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.close()

    def row(self, one: AuditedEvidence) -> None:
        """An evidence row of the database."""
        if one.pseudonym is not None:
            self._put(self._rows, one.pseudonym, one.sequence, one.digest)

    def finish(self, path: Path) -> Tally:
        """Compare with the ledger in this file."""
        tally = Tally(name=CheckName.LEDGER)
        try:
            for line in ledger.read(path):
                self._put(self._lines, line.pseudonym, line.sequence, line.digest)
                self.epochs.add(line.epoch)
        except LedgerError as exc:
            tally.problem(str(exc))
        except OSError as exc:
            tally.hindered = f"the sealer's ledger cannot be read: {exc.strerror}: {path}"
            return tally
        for bucket in range(BUCKETS):
            self._compare(bucket, tally)
        if len(self.epochs) > 1:
            tally.note(f"{len(self.epochs)} epochs: a restore or failover began a new history")
        return tally

    def _compare(self, bucket: int, tally: Tally) -> None:
        rows, lines = _read(self._rows[bucket]), _read(self._lines[bucket])
        tally.passed(len(rows))
        for item in sorted(rows - lines):
            tally.problem(f"{_words(item)}: sealed evidence that is not in the ledger")
        for item in sorted(lines - rows):
            tally.note(f"{_words(item)}: sealed, but not committed (harmless: {_WHY})")

    def _buckets(self) -> list["SpooledTemporaryFile[bytes]"]:
        return [
            self._closing.enter_context(SpooledTemporaryFile(max_size=IN_MEMORY_BYTES))
            for _ in range(BUCKETS)
        ]

    def _put(
        self, side: list["SpooledTemporaryFile[bytes]"], name: str, sequence: int, digest: bytes
    ) -> None:
        side[digest[0] % BUCKETS].write(_LINE.pack(bytes.fromhex(name), sequence, digest))


_WHY = "a commit that was tried again, or a process that was killed"


def _read(file: "SpooledTemporaryFile[bytes]") -> set[tuple[bytes, int, bytes]]:
    file.seek(0)
    return set(_LINE.iter_unpack(file.read()))


def _words(item: tuple[bytes, int, bytes]) -> str:
    pseudonym, sequence, digest = item
    return f"pseudonym {pseudonym.hex()} number {sequence} digest {digest.hex()[:16]}…"
