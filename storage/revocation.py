"""Revocation data: the bytes of all that reports may name, for ever; the newest of each source.

A report names data by digest; here they are found again. It never looks into them: from when until
when they hold is written down as the judge's children read it.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from storage.database import Database
from storage.queries import statements_beside
from tdh.domain.revocation import KeptAnswer, RevocationQuestion, SourceState

_SQL = statements_beside(__file__)
NOTHING = SourceState()


class PostgresRevocation:
    """The kept data. Every method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def state(self, source: RevocationQuestion) -> SourceState:
        """What is known of a source."""
        rows = await self._database.fetch(_SQL["state"], source.key)
        if not rows:
            return NOTHING
        row = rows[0]
        answer = None
        # Bytes that differ from their digest are none: a report would name what was never used.
        if row["content"] is not None and hashlib.sha256(row["content"]).digest() == row["sha256"]:
            answer = KeptAnswer(
                sha256=row["sha256"],
                content=row["content"],
                fetched_at=row["fetched_at"],
                this_update=row["this_update"],
                next_update=row["next_update"],
            )
        return SourceState(answer=answer, failures=row["failures"], next_try=row["next_try"])

    async def keep(self, source: RevocationQuestion, content: bytes, at: datetime) -> SourceState:
        """Keep an answer, before anybody relies on it."""
        sha256 = hashlib.sha256(content).digest()
        rows = await self._database.fetch(
            _SQL["keep"], source.key, source.kind, source.url, sha256, content, at
        )
        answer = KeptAnswer(
            sha256=sha256,
            content=content,
            fetched_at=at,
            this_update=rows[0]["this_update"],
            next_update=rows[0]["next_update"],
        )
        return SourceState(answer=answer)

    async def fail(self, source: RevocationQuestion, next_try: datetime) -> int:
        """Write down that it did not answer; how often by now, one after another."""
        rows = await self._database.fetch(
            _SQL["fail"], source.key, source.kind, source.url, next_try
        )
        failures: int = rows[0]["failures"]
        return failures

    async def learn(
        self, sources: Sequence[RevocationQuestion], sha256: bytes, validity: KeptAnswer
    ) -> None:
        """Write down from when until when an answer holds."""
        for source in sources:
            await self._database.fetch(
                _SQL["learn"], source.key, sha256, validity.this_update, validity.next_update
            )

    async def hold(self, kind: str, contents: Sequence[bytes], at: datetime) -> None:
        """Keep bytes that came another way than by fetching; harmless to repeat."""
        of_digest = {hashlib.sha256(content).digest(): content for content in contents}
        rows = await self._database.fetch(_SQL["held"], list(of_digest))
        for sha256 in of_digest.keys() - {row["sha256"] for row in rows}:
            await self._database.fetch(_SQL["hold"], sha256, kind, of_digest[sha256], at)

    async def content(self, sha256: bytes) -> bytes | None:
        """The bytes that a report names; None where none of that digest were ever fetched."""
        rows = await self._database.fetch(_SQL["content"], sha256)
        content: bytes | None = rows[0]["content"] if rows else None
        return (
            content if content is not None and hashlib.sha256(content).digest() == sha256 else None
        )
