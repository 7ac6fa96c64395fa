"""Receipts by evidence and edition: written once, read for ever.

Bytes that differ from their digest are never given out.
"""

import hashlib

from storage.database import Database, Rows
from storage.queries import statements_beside
from tdh.domain.errors import IntegrityFailure
from tdh.domain.identifiers import EvidenceId, PartyId, event_of, letter_month
from tdh.domain.receipts import Receipt

_SQL = statements_beside(__file__)
MOST_EDITIONS = 2**31 - 1


class PostgresReceipts:
    """The kept receipts. Every method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self, evidence: EvidenceId) -> Receipt | None:
        """The edition with the highest number. Raises IntegrityFailure."""
        rows = await self._database.fetch(_SQL["newest"], evidence)
        return _receipt(evidence, rows)

    async def edition(self, evidence: EvidenceId, number: int) -> Receipt | None:
        """One edition. Raises IntegrityFailure."""
        if not 1 <= number <= MOST_EDITIONS:
            return None
        rows = await self._database.fetch(_SQL["edition"], evidence, number)
        return _receipt(evidence, rows)

    async def keep(self, receipt: Receipt) -> Receipt:
        """Keep an edition; what is kept under its number, which somebody else may have made."""
        await self._database.fetch(
            _SQL["keep"],
            receipt.evidence,
            receipt.edition,
            receipt.pdf,
            receipt.digest,
            receipt.made_at,
            receipt.size,
            list(receipt.anchored_by),
            receipt.has_record,
        )
        kept = await self.edition(receipt.evidence, receipt.edition)
        if kept is None:
            raise IntegrityFailure("a receipt that was kept is not there")
        return kept

    async def sender(self, evidence: EvidenceId) -> PartyId | None:
        """Who sent the letter that the evidence is of."""
        rows = await self._database.fetch(
            _SQL["sender"], letter_month(evidence), event_of(evidence)
        )
        return PartyId(rows[0]["sender"]) if rows else None


def _receipt(evidence: EvidenceId, rows: Rows) -> Receipt | None:
    if not rows:
        return None
    row = rows[0]
    if hashlib.sha256(row["pdf"]).digest() != row["digest"]:
        raise IntegrityFailure("a receipt is not what was kept")
    return Receipt(
        evidence=evidence,
        edition=row["edition"],
        pdf=row["pdf"],
        digest=row["digest"],
        made_at=row["made_at"],
        size=row["size"],
        anchored_by=tuple(row["anchored_by"]),
        has_record=row["has_record"],
    )
