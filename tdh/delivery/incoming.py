"""What comes in: one document as it streams, and the fingerprint of a whole submission."""

import hashlib
import json
from collections.abc import Sequence

from tdh.domain.commands import Recipient
from tdh.domain.errors import DocumentTooLarge, ServiceUnavailable
from tdh.domain.identifiers import Digest
from tdh.domain.letters import Document, DocumentRole, Envelope
from tdh.domain.scanning import ScanFinding, ScanOutcome
from tdh.ports import DocumentWriter, JudgedDocument, ScannedDocument


class IncomingDocument:
    """One document on its way in: hashed by us, encrypted, shown to the judge and the scanner.

    Each of them gets every piece as it comes; nothing is read twice.
    """

    def __init__(  # noqa: PLR0913 - a document's own description and its sinks
        self,
        *,
        number: int,
        role: DocumentRole,
        filename: str,
        media_type: str,
        writer: DocumentWriter,
        judged: JudgedDocument,
        scanned: ScannedDocument | None,
        most: int,
        wait_for_judge: bool,
    ) -> None:
        """`most`: bytes that are judged. `wait_for_judge`: no memory there is an error, not a gap.

        An enclosure of more bytes is not judged; a main document of more is refused.
        """
        self.number = number
        self.judged: JudgedDocument | None = judged
        """Where it is to be judged; None for an enclosure that does not fit."""
        self.finding: ScanFinding | None = None
        """What the scanner said; None before the end, and where there is none."""
        self.role = role
        self._filename = filename
        self._media_type = media_type
        self._writer = writer
        self._scanned = scanned
        self._most = most
        self._wait_for_judge = wait_for_judge or role is DocumentRole.MAIN
        self._hash = hashlib.sha256()
        self._size = 0

    async def write(self, data: bytes) -> None:
        """Take the next bytes. Raises DocumentTooLarge, ServiceUnavailable, StorageUnavailable."""
        self._size += len(data)
        if self.judged is not None:
            await self._show(self.judged, data)
        self._hash.update(data)
        await self._writer.write(data)
        if self._scanned is not None:
            await self._scanned.write(data)

    async def _show(self, judged: JudgedDocument, data: bytes) -> None:
        if self._size > self._most:
            if self.role is DocumentRole.MAIN:
                raise DocumentTooLarge(self._most)
            self._leave_unjudged(judged)
            return
        try:
            await judged.write(data)
        except ServiceUnavailable:
            if self._wait_for_judge:
                raise
            self._leave_unjudged(judged)

    def _leave_unjudged(self, judged: JudgedDocument) -> None:
        judged.close()
        self.judged = None

    async def finish(self) -> Digest:
        """End the document; its SHA-256, computed here and never by the judge."""
        await self._writer.finish()
        if self._scanned is not None:
            self.finding = await self._scanned.finding()
        return Digest(value=self._hash.digest())

    def close(self) -> None:
        """Let go of judge and scanner. Safe to call again."""
        if self.judged is not None:
            self.judged.close()
        if self._scanned is not None:
            self._scanned.close()

    @property
    def identifier(self) -> str:
        """As evidence names it."""
        return f"{self.number}/{self.role}/{self._filename}"

    def described(self) -> Document:
        """The document as the letter names it, not yet judged."""
        clean = self.finding is not None and self.finding.outcome is ScanOutcome.CLEAN
        return Document(
            number=self.number,
            role=self.role,
            filename=self._filename,
            media_type=self._media_type,
            size=self._size,
            digest=Digest(value=self._hash.digest()),
            scanned_by=self.finding.engine if clean and self.finding is not None else None,
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
