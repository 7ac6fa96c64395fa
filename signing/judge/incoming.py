"""A document that comes in piece by piece, on its way to the judge; in memory, never on a disk.

What is of no signed kind by its first bytes is told at once and costs no memory; a small document
has no descriptor before it is judged.
"""

from datetime import datetime
from typing import Protocol

from signing.judge.budget import DocumentBudget
from signing.judge.kinds import HEAD_BYTES, Kind, kind_of
from signing.judge.memfd import Memfd
from signing.judge.policy import Limits
from signing.judge.report import Report, report_bytes
from tdh.domain.errors import JudgeUnavailable
from tdh.domain.reports import ReportedVerdict

SMALL_BYTES = 1024 * 1024
"""Up to here a document that comes in has no descriptor yet."""


class Judging(Protocol):
    """What a document needs of the pool."""

    limits: Limits
    budget: DocumentBudget

    def unsigned_kind(self, at: datetime) -> Report:
        """The report about what is of no signed kind."""
        ...

    async def report(self, memfd: int, size: int, at: datetime, *, sender: str = "") -> Report:
        """Judge a sealed document. Raises JudgeUnavailable."""
        ...


class DocumentInJudgement:
    """One document on its way to the judge; in memory until `close`.

    A small one has no descriptor before it is judged: a letter of a hundred enclosures that comes
    slowly takes no hundred descriptors from the process.
    """

    def __init__(self, pool: Judging, holder: str, sender: str) -> None:
        self._pool = pool
        self._holder = holder
        self._sender = sender
        self._head = bytearray()
        self._kind: Kind | None = None
        """None until enough of the head is there to tell."""
        self._small = bytearray()
        self._memfd: Memfd | None = None
        self._size = 0
        """Bytes that are kept, here or there."""
        self._too_large = False

    async def write(self, data: bytes) -> None:
        """Add bytes. Raises JudgeBusy when documents in flight, all or the holder's, are too large.

        What is longer than a document may be is not kept, nor is what is of no signed kind by its
        first bytes, such as a scan: `judge` then says so at once.
        """
        if self._kind is None:
            self._head += data[: HEAD_BYTES - len(self._head)]
            if len(self._head) == HEAD_BYTES:
                self._kind = kind_of(bytes(self._head))
        if self._too_large or self._kind is Kind.UNKNOWN:
            return
        if self._size + len(data) > self._pool.limits.document_bytes:
            self._too_large = True
            return
        self._pool.budget.reserve(len(data), self._holder)
        self._size += len(data)
        if self._memfd is None and self._size <= SMALL_BYTES:
            self._small += data
        else:
            self._in_memfd().write(data)

    async def judge(self, at: datetime) -> ReportedVerdict:
        """Judge what was written. Raises JudgeUnavailable."""
        if (self._kind or kind_of(bytes(self._head))) is Kind.UNKNOWN:
            report = self._pool.unsigned_kind(at)
        elif self._too_large:
            report = await self._pool.report(-1, self._pool.limits.document_bytes + 1, at)
        else:
            memfd = self._in_memfd()
            memfd.seal()
            report = await self._pool.report(memfd.fd, memfd.size, at, sender=self._sender)
        return ReportedVerdict(verdict=report.verdict, report=report_bytes(report))

    def close(self) -> None:
        """Give the memory back. May be called twice."""
        self._pool.budget.release(self._size, self._holder)
        self._size = 0
        self._small.clear()
        if self._memfd is not None:
            self._memfd.close()

    def _in_memfd(self) -> Memfd:
        """All that was kept, in a descriptor. Raises JudgeUnavailable where there is none left."""
        if self._memfd is None:
            try:
                self._memfd = Memfd(bytes(self._small))
            except OSError as problem:
                raise JudgeUnavailable(f"no descriptor for a document: {problem}") from problem
            self._small.clear()
        return self._memfd
