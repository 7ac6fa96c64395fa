"""The documents in the vault: there, intact in every store, and those of the database."""

from collections.abc import AsyncIterable, Awaitable, Callable

from storage.audited import AuditedDocument
from tdh.audit.record_checks import Sample
from tdh.audit.report import CheckName, Tally
from tdh.domain.commands import StoredDocument
from tdh.domain.errors import TDHError
from tdh.domain.identifiers import LetterId

VerifyDocument = Callable[[LetterId, bytes, StoredDocument], Awaitable[bytes]]
"""Reads a document in every store and gives its SHA-256, as `storage.vault` does."""


async def check_documents(
    documents: AsyncIterable[AuditedDocument], verify: VerifyDocument, sample: Sample
) -> Tally:
    """Read the documents of the sample past the page cache and compare their digests."""
    tally = Tally(name=CheckName.DOCUMENTS)
    async for one in documents:
        if not sample.takes():
            continue
        tally.passed()
        name = f"{one.letter}/{one.stored.number}"
        try:
            digest = await verify(one.letter, one.wrapped_key, one.stored)
        except TDHError as exc:
            tally.problem(f"{name}: {exc.code}: {exc}")
            continue
        if digest != one.digest:
            tally.problem(f"{name}: the vault has another document")
    if words := sample.words():
        tally.note(words)
    return tally
