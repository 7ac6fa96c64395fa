"""What a party may see: its letters, its inbox, its evidence.

The one place on the read side that decides about sight: each statement carries the party, and
None answers for missing and foreign things alike, ill-formed ids included. It never writes.

Pages go by the letter's id, newest first. The delivery's place in an inbox is thus its letter's,
not that of its notice: steps of a delivery touch no index for it.
"""

import binascii
import hashlib
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date

from storage.database import Database, Rows, Session
from storage.queries import statements_beside
from storage.rows import recorded_of, stored_of
from storage.views import delivery_views, letter_views
from tdh.domain.commands import StoredDocument
from tdh.domain.errors import IntegrityFailure, InvalidValue
from tdh.domain.events import EventReason
from tdh.domain.identifiers import (
    DeliveryId,
    EventId,
    EvidenceId,
    LetterId,
    PartyId,
    TrackingNumber,
    event_of,
    evidence_of,
    is_id,
    letter_month,
)
from tdh.domain.lifecycle import CONTENT_AVAILABLE
from tdh.domain.records import (
    DeliveryView,
    EvidenceRecord,
    LetterView,
    Page,
    RecordedSubmission,
    RefusedSubmissionView,
)

_SQL = statements_beside(__file__)

PAGE_MOST = 200
_AFTER_ALL = (date.max, "~")
"""Greater than the month and the id of anything: where the first page begins."""


class PostgresMailboxes:
    """The read side for parties. Every method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def letter(self, letter: LetterId, sender: PartyId) -> LetterView | None:
        """For its sender."""
        month = _month("ltr", letter)
        if month is None:
            return None
        async with self._snapshot() as session:
            rows = await session.fetch(_SQL["letter"], month, letter, sender)
            views = await letter_views(session, [row["id"] for row in rows])
        return views[0] if views else None

    async def letters(self, sender: PartyId, limit: int, cursor: str | None) -> Page[LetterView]:
        """Newest first. Raises InvalidValue for a cursor that is none of ours."""
        month, before = _position("ltr", cursor)
        limit = _bounded(limit)
        async with self._snapshot() as session:
            rows = await session.fetch(_SQL["letters"], sender, month, before, limit + 1)
            views = await letter_views(session, [row["id"] for row in rows[:limit]])
        return Page(items=views, next_cursor=_next_cursor(rows, limit))

    async def delivery(self, delivery: DeliveryId, party: PartyId) -> DeliveryView | None:
        """For its sender and its recipient (for the latter once it is in the inbox)."""
        month = _month("dlv", delivery)
        if month is None:
            return None
        return await self._one("delivery", month, delivery, party)

    async def tracked(self, number: TrackingNumber, party: PartyId) -> DeliveryView | None:
        """As `delivery`, by tracking number."""
        return await self._one("tracked", number, party)

    async def inbox(self, recipient: PartyId, limit: int, cursor: str | None) -> Page[DeliveryView]:
        """What was notified or consigned, newest letter first; what was only accepted is not there.

        Raises InvalidValue for a cursor that is none of ours.
        """
        month, before = _position("dlv", cursor)
        limit = _bounded(limit)
        async with self._snapshot() as session:
            rows = await session.fetch(_SQL["inbox"], recipient, month, before, limit + 1)
            shown = [DeliveryId(row["id"]) for row in rows[:limit]]
            views = await delivery_views(session, shown)
        items = tuple(views[each] for each in shown)
        return Page(items=items, next_cursor=_next_cursor(rows, limit))

    async def views(self, deliveries: Sequence[DeliveryId]) -> Mapping[DeliveryId, DeliveryView]:
        """For the service itself, whoever the parties are: those that exist, with their events."""
        async with self._snapshot() as session:
            return await delivery_views(session, deliveries)

    async def letter_of(self, delivery: DeliveryId) -> LetterView | None:
        """For the service itself: the letter that this delivery is of, with all its deliveries."""
        async with self._snapshot() as session:
            rows = await session.fetch(_SQL["letter_of"], letter_month(delivery), delivery)
            views = await letter_views(session, [row["id"] for row in rows])
        return views[0] if views else None

    async def evidence(self, evidence: EvidenceId, party: PartyId) -> EvidenceRecord | None:
        """For the parties of its delivery; a refused submission's for its sender.

        Raises IntegrityFailure if the stored bytes are not what was stored.
        """
        month = _month("evd", evidence)
        if month is None:
            return None
        rows = await self._database.fetch(_SQL["evidence"], month, event_of(evidence), party)
        if not rows:
            return None
        row = rows[0]
        return EvidenceRecord(
            id=evidence,
            stream=DeliveryId(row["delivery"]),
            event=row["name"],
            sequence=row["sequence"],
            time=row["happened_at"],
            xml=sealed_bytes(row["xml"], row["digest"]),
            digest=row["digest"],
        )

    async def content(
        self, delivery: DeliveryId, number: int
    ) -> tuple[LetterId, bytes, StoredDocument] | None:
        """Letter, wrapped key and place of one document. For whom, the caller has decided."""
        month = _month("dlv", delivery)
        if month is None or not _is_number(number):
            return None
        rows = await self._database.fetch(_SQL["content"], month, delivery, number)
        if not rows:
            return None
        return LetterId(rows[0]["letter"]), rows[0]["wrapped_key"], stored_of(rows[0])

    async def report(self, letter: LetterId, number: int, party: PartyId) -> bytes | None:
        """The judge's report on a document: for the sender, and for who may read the content.

        Raises IntegrityFailure if the stored bytes are not what was stored.
        """
        month = _month("ltr", letter)
        if month is None or not _is_number(number):
            return None
        available = [state.value for state in CONTENT_AVAILABLE]
        rows = await self._database.fetch(_SQL["report"], month, letter, number, party, available)
        return sealed_bytes(rows[0]["report"], rows[0]["digest"]) if rows else None

    async def refusal_report(
        self, stream: DeliveryId, number: int, sender: PartyId
    ) -> bytes | None:
        """The judge's report on a document of a refused submission, for its sender.

        Raises IntegrityFailure if the stored bytes are not what was stored.
        """
        month = _month("dlv", stream)
        if month is None or not _is_number(number):
            return None
        rows = await self._database.fetch(_SQL["refusal_report"], month, stream, number, sender)
        return sealed_bytes(rows[0]["report"], rows[0]["digest"]) if rows else None

    async def recorded(self, sender: PartyId, key: str) -> RecordedSubmission | None:
        """What an idempotency key led to."""
        rows = await self._database.fetch(_SQL["recorded"], sender, key)
        return recorded_of(rows[0]) if rows else None

    async def refusal(self, stream: DeliveryId, sender: PartyId) -> RefusedSubmissionView | None:
        """A refused submission: its reasons and its evidence."""
        month = _month("dlv", stream)
        if month is None:
            return None
        rows = await self._database.fetch(_SQL["refusal"], month, stream, sender)
        if not rows:
            return None
        return RefusedSubmissionView(
            stream=stream,
            evidence=evidence_of(EventId(rows[0]["event"])),
            time=rows[0]["happened_at"],
            reasons=tuple(
                EventReason(code=reason["code"], details=tuple(reason["details"]))
                for reason in rows[0]["reasons"]
            ),
        )

    async def _one(self, statement: str, *values: object) -> DeliveryView | None:
        async with self._snapshot() as session:
            rows = await session.fetch(_SQL[statement], *values)
            views = await delivery_views(session, [row["id"] for row in rows])
        return next(iter(views.values()), None)

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[Session]:
        """All that one answer shows is of one moment: a state never without its event."""
        async with (
            self._database.session() as session,
            session.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield session


def sealed_bytes(compressed: bytes, digest: bytes) -> bytes:
    """Bytes of an evidence or a report as they were when sealed. Raises IntegrityFailure."""
    try:
        plain = zlib.decompress(compressed)
    except zlib.error as error:
        raise IntegrityFailure("a stored evidence or report cannot be unpacked") from error
    if hashlib.sha256(plain).digest() != digest:
        raise IntegrityFailure("a stored evidence or report is not what was sealed")
    return plain


def _is_number(number: int) -> bool:
    """Whether a document could have this number."""
    return 0 < number < 2**15


def _month(prefix: str, identifier: str) -> date | None:
    """The partition of an id; None for what is no such id, and thus names nothing."""
    try:
        return letter_month(identifier) if is_id(prefix, identifier) else None
    except InvalidValue:
        return None


def _bounded(limit: int) -> int:
    return max(1, min(limit, PAGE_MOST))


def _position(prefix: str, cursor: str | None) -> tuple[date, str]:
    """Month and id before which a page begins. Raises InvalidValue."""
    if cursor is None:
        return _AFTER_ALL
    try:
        before = urlsafe_b64decode(cursor.encode("ascii")).decode("ascii")
    except (ValueError, binascii.Error) as error:
        raise InvalidValue("cursor", "not a cursor of this service") from error
    month = _month(prefix, before)
    if month is None:
        raise InvalidValue("cursor", "not a cursor of this service")
    return month, before


def _next_cursor(rows: Rows, limit: int) -> str | None:
    """Where the next page begins: after the last one shown; None if nothing follows."""
    if len(rows) <= limit:
        return None
    return urlsafe_b64encode(rows[limit - 1]["id"].encode("ascii")).decode("ascii")
