"""What comes in: one document as it streams, and the fingerprint of a whole submission."""

import hashlib
import json
from collections.abc import Sequence

from tdh.domain.commands import Recipient
from tdh.domain.errors import DocumentTooLarge
from tdh.domain.identifiers import Digest
from tdh.domain.letters import Document, DocumentRole, Envelope
from tdh.ports import DocumentWriter, JudgedDocument


class IncomingDocument:
    """One document on its way in: hashed by us, encrypted by the vault, shown to the judge."""

    def __init__(  # noqa: PLR0913 - a document's own description and its two sinks
        self,
        *,
        number: int,
        role: DocumentRole,
        filename: str,
        media_type: str,
        writer: DocumentWriter,
        judged: JudgedDocument | None,
        most: int,
    ) -> None:
        self._number = number
        self._role = role
        self._filename = filename
        self._media_type = media_type
        self._writer = writer
        self._judged = judged
        self._most = most
        self._hash = hashlib.sha256()
        self._size = 0

    async def write(self, data: bytes) -> None:
        """Take the next bytes. Raises DocumentTooLarge, ServiceUnavailable, StorageUnavailable."""
        self._size += len(data)
        if self._judged is not None:
            if self._size > self._most:
                raise DocumentTooLarge(self._most)
            await self._judged.write(data)
        self._hash.update(data)
        await self._writer.write(data)

    async def finish(self) -> Digest:
        """End the document; its SHA-256, computed here and never by the judge."""
        await self._writer.finish()
        return Digest(value=self._hash.digest())

    def described(self) -> Document:
        """The document as the letter names it, not yet judged."""
        return Document(
            number=self._number,
            role=self._role,
            filename=self._filename,
            media_type=self._media_type,
            size=self._size,
            digest=Digest(value=self._hash.digest()),
        )


def fingerprint(
    envelope: Envelope, documents: Sequence[Document], recipients: Sequence[Recipient]
) -> bytes:
    """SHA-256 over the canonical JSON of the letter and its documents' digests in order.

    What two requests under one idempotency key must share to be the same request.
    """
    content = {
        "number": envelope.number,
        "date": envelope.date.isoformat(),
        "subject": envelope.subject,
        "salutation": envelope.salutation,
        "references": list(envelope.references),
        "urgency": envelope.urgency.value,
        "secrecy": envelope.secrecy.value,
        "documents": [
            [one.role.value, one.filename, one.media_type, one.digest.hex] for one in documents
        ],
        "recipients": [
            [
                to.party.id,
                to.mode.value,
                None if to.accept_within is None else to.accept_within.total_seconds(),
            ]
            for to in recipients
        ],
    }
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).digest()
