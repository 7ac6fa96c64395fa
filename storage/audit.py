"""Reads everything for `tdh audit`: what breaks an invariant of the design, and rows to check.

All of one audit is of one moment, a snapshot, while the service goes on. What the database can
tell by itself comes as findings; what needs the lifecycle, the sealer's ledger or the log's maths
comes as values, streamed. It judges nothing and mends nothing.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from storage.database import Database, Session
from storage.driver import translated
from storage.mailboxes import sealed_bytes
from storage.queries import statements_beside
from storage.rows import stored_of
from tdh.domain.archive import HASH_BYTES
from tdh.domain.commands import StoredDocument
from tdh.domain.envelope import envelope_digest
from tdh.domain.errors import IntegrityFailure
from tdh.domain.evidence import DocumentFacts
from tdh.domain.identifiers import (
    DeliveryId,
    Digest,
    EventId,
    EvidenceId,
    LetterId,
    PartyId,
    Pseudonym,
    TrackingNumber,
    evidence_of,
)
from tdh.domain.letters import Document, DocumentRole, Envelope, Letter, Secrecy, Urgency
from tdh.domain.lifecycle import ConsignmentMode, DeliveryState
from tdh.domain.log import SignedHead, Tree
from tdh.domain.replay import RecordedEvent

_SQL = statements_beside(__file__)

PREFETCH = 500
"""Rows fetched at once while streaming."""
LONGEST_SECONDS = 3600.0
"""For the first row of one check over a full database."""
_READ_ALL = """
SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0;
SET LOCAL enable_seqscan = on;
SET LOCAL enable_hashjoin = on;
SET LOCAL enable_mergejoin = on;
"""


_COLUMN_OF = MappingProxyType(
    {
        "identifier": "identifiers",
        "media_type": "media_types",
        "sha256": "digests",
        "verdict": "verdicts",
        "report": "reports",
        "sender_match": "matches",
        "scanned_by": "scanners",
    }
)
"""Fields of DocumentFacts and the arrays that `audit.sql` has of them."""


class Check(StrEnum):
    """What can be wrong: each is a statement of `audit.sql` of the same name."""

    EVENT_WITHOUT_EVIDENCE = "event_without_evidence"
    EVIDENCE_WITHOUT_EVENT = "evidence_without_event"
    EVENT_WITHOUT_STREAM = "event_without_stream"
    STREAM_WITHOUT_EVENT = "stream_without_event"
    DELIVERY_WITHOUT_LETTER = "delivery_without_letter"
    DELIVERY_WITHOUT_PARTY = "delivery_without_party"
    LETTER_WITHOUT_DELIVERY = "letter_without_delivery"
    LETTER_WITHOUT_MAIN_DOCUMENT = "letter_without_main_document"
    DOCUMENT_WITHOUT_LETTER = "document_without_letter"
    REPORT_WITHOUT_REFUSAL = "report_without_refusal"
    RELEASE_WITHOUT_DOCUMENT = "release_without_document"
    RELEASE_WITHOUT_CONTENT = "release_without_content"
    TERM_WITHOUT_EVENT = "term_without_event"
    KEY_WITHOUT_SUBMISSION = "key_without_submission"
    SUBMISSION_WITHOUT_KEY = "submission_without_key"
    DELIVERY_WITHOUT_FUTURE = "delivery_without_future"
    ROW_WITHOUT_PURPOSE = "row_without_purpose"
    PARKED_ROW = "parked_row"
    EVIDENCE_WITHOUT_LOG = "evidence_without_log"
    LOG_WITHOUT_EVIDENCE = "log_without_evidence"
    LOGGED_TWICE = "logged_twice"
    LOG_WITH_HOLES = "log_with_holes"
    HEAD_BEYOND_TREE = "head_beyond_tree"
    EVIDENCE_WITHOUT_RECORD = "evidence_without_record"
    ROUND_WITH_GAP = "round_with_gap"
    ROUND_WITHOUT_STAMP = "round_without_stamp"
    ROUND_ENDED = "round_ended"


WARNINGS = frozenset({Check.PARKED_ROW, Check.ROW_WITHOUT_PURPOSE})
"""These want an operator, but break no promise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that breaks an invariant."""

    check: Check
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedDelivery:
    """A delivery as it stands, and the events that should have led there."""

    id: DeliveryId
    mode: ConsignmentMode
    state: DeliveryState
    sequence: int
    last_event_at: datetime
    events: tuple[RecordedEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedRefusal:
    """The stream of a refused submission."""

    id: DeliveryId
    events: tuple[RecordedEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedTerms:
    """What a delivery's row says that its evidence says too."""

    tracking: TrackingNumber
    mode: ConsignmentMode
    acceptance_deadline: datetime | None
    holding_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedEvidence:
    """An evidence with the keys of its line in the sealer's ledger."""

    id: EvidenceId
    stream: DeliveryId
    pseudonym: Pseudonym | None
    """None where the stream is missing, which is a finding of its own."""
    event: str
    sequence: int
    time: datetime
    digest: bytes
    xml: bytes | None
    """None where the stored bytes are not what was sealed."""
    index: int | None
    """Its place in the log; None while it waits."""
    entry: bytes | None
    """What the log has of it, or will have; None is a finding of its own."""
    letter: LetterId | None
    """None for a refused submission."""
    documents: tuple[DocumentFacts, ...]
    """The letter's documents as its evidence must name them, in order."""
    terms: AuditedTerms | None
    """None for a refused submission, and where the delivery is missing."""
    sender: PartyId | None
    """None where the stream is missing."""
    recipient: PartyId | None
    """None for a refused submission, as what follows, and that where the letter is missing."""
    letter_number: str | None
    submitted_at: datetime | None
    envelope: str | None
    """SHA-256, in hexadecimal, of the letter's envelope as its rows have it now."""
    refused_reports: tuple[bytes, ...] = ()
    """Of a refused submission: digests of the judge's reports, in the documents' order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedEntry:
    """A place in the log."""

    index: int
    evidence: EvidenceId | None
    entry: bytes
    leaf: bytes | None
    """The stored leaf hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedNode:
    """An inner node of the log's tree and the hashes below it, where those are stored."""

    level: int
    index: int
    hash: bytes
    left: bytes | None
    right: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedDocument:
    """A document and where the vault has it."""

    letter: LetterId
    wrapped_key: bytes
    stored: StoredDocument
    digest: bytes
    """SHA-256 of the plaintext."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedReport:
    """A report of the judge as it is kept."""

    id: str
    """`ltr_.../1`, or of a refused submission `dlv_.../1`."""
    is_whole: bool
    """Whether its bytes have the digest beside them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedGroup:
    """A group of a round of the archive, and what the log has there."""

    round: int
    root: bytes
    entries: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedStamp:
    """A timestamp of a round."""

    token: bytes
    siblings: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedRound:
    """A round of the archive."""

    number: int
    roots: tuple[bytes, ...]
    stamps: tuple[AuditedStamp, ...]


class AuditSnapshot:
    """One moment of the database. Streams are read one after the other, each to its end."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def findings(self) -> AsyncIterator[Finding]:
        """All that the database can find by itself."""
        for check in Check:
            async for row in self._stream(check):
                yield Finding(check=check, id=row["id"])

    async def deliveries(self) -> AsyncIterator[AuditedDelivery]:
        """Every delivery that has events, for its replay."""
        async for rows in _grouped(self._stream("deliveries")):
            row = rows[0]
            yield AuditedDelivery(
                id=DeliveryId(row["id"]),
                mode=ConsignmentMode(row["mode"]),
                state=DeliveryState(row["state"]),
                sequence=row["last_sequence"],
                last_event_at=row["last_event_at"],
                events=tuple(_event(each) for each in rows),
            )

    async def refusals(self) -> AsyncIterator[AuditedRefusal]:
        """Every refused submission."""
        async for rows in _grouped(self._stream("refusals")):
            yield AuditedRefusal(
                id=DeliveryId(rows[0]["id"]), events=tuple(_event(each) for each in rows)
            )

    async def evidence(self) -> AsyncIterator[AuditedEvidence]:
        """Every evidence that has its event."""
        async for row in self._stream("evidence"):
            yield AuditedEvidence(
                id=evidence_of(EventId(row["event"])),
                stream=DeliveryId(row["delivery"]),
                pseudonym=None if row["pseudonym"] is None else Pseudonym(row["pseudonym"]),
                event=row["name"],
                sequence=row["sequence"],
                time=row["happened_at"],
                digest=row["digest"],
                xml=_sealed_or_none(row["xml"], row["digest"]),
                index=row["index"],
                entry=row["entry"],
                letter=None if row["letter"] is None else LetterId(row["letter"]),
                documents=_documents(row),
                refused_reports=tuple(row["refused_reports"]),
                terms=None if row["letter"] is None else _terms(row),
                sender=None if row["sender"] is None else PartyId(row["sender"]),
                recipient=None if row["recipient"] is None else PartyId(row["recipient"]),
                letter_number=row["number"],
                submitted_at=row["submitted_at"],
                envelope=None if row["number"] is None else envelope_digest(_letter(row)),
            )

    async def documents(self) -> AsyncIterator[AuditedDocument]:
        """Every document of every letter."""
        async for row in self._stream("documents"):
            yield AuditedDocument(
                letter=LetterId(row["letter"]),
                wrapped_key=row["wrapped_key"],
                stored=stored_of(row),
                digest=row["digest"],
            )

    async def reports(self) -> AsyncIterator[AuditedReport]:
        """Every report on a document, of refused submissions too."""
        async for row in self._stream("reports"):
            whole = _sealed_or_none(row["report"], row["digest"]) is not None
            yield AuditedReport(id=row["id"], is_whole=whole)

    async def log(self) -> AsyncIterator[AuditedEntry]:
        """The log from its first entry to its last."""
        async for row in self._stream("log"):
            evidence = row["evidence"]
            yield AuditedEntry(
                index=row["index"],
                evidence=None if evidence is None else EvidenceId(evidence),
                entry=row["entry"],
                leaf=row["leaf"],
            )

    async def inner_nodes(self) -> AsyncIterator[AuditedNode]:
        """Every node above the leaves, in no order."""
        async for row in self._stream("inner_nodes"):
            yield AuditedNode(
                level=row["level"],
                index=row["index"],
                hash=row["hash"],
                left=row["left"],
                right=row["right"],
            )

    async def heads(self) -> AsyncIterator[SignedHead]:
        """Every published head, the smallest first."""
        async for row in self._stream("heads"):
            yield SignedHead(
                size=row["size"], root=row["root"], note=row["note"], token=row["token"]
            )

    async def archive_groups(self) -> AsyncIterator[AuditedGroup]:
        """Every group of every round, with its entries."""
        async for row in self._stream("archive_groups"):
            yield AuditedGroup(
                round=row["number"], root=row["root"], entries=tuple(row["entries"] or ())
            )

    async def archive_rounds(self) -> AsyncIterator[AuditedRound]:
        """Every round, with its timestamps, the oldest first."""
        async for row in self._stream("archive_rounds"):
            stamps = zip(row["tokens"], row["siblings"], strict=True)
            yield AuditedRound(
                number=row["number"],
                roots=_hashes(row["roots"]),
                stamps=tuple(
                    AuditedStamp(token=token, siblings=_hashes(joined))
                    for token, joined in stamps
                ),
            )

    async def tree(self) -> Tree:
        """The tree as the database has it."""
        (row,) = [row async for row in self._stream("tree")]
        return Tree(epoch=row["epoch"], size=row["size"], root=row["root"])

    async def _stream(self, statement: str) -> AsyncIterator[Any]:
        with translated():
            async for row in self._session.cursor(
                _SQL[statement], prefetch=PREFETCH, timeout=LONGEST_SECONDS
            ):
                yield row


class PostgresAudit:
    """The database for auditors."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AuditSnapshot]:
        """One moment, for as long as the block lasts. Raises StorageUnavailable."""
        async with (
            self._database.session() as session,
            session.transaction(isolation="repeatable_read", readonly=True),
        ):
            await session.execute(_READ_ALL)
            yield AuditSnapshot(session)


async def _grouped(rows: AsyncIterator[Any]) -> AsyncIterator[list[Any]]:
    """Rows with the same id together; they come in that order."""
    group: list[Any] = []
    async for row in rows:
        if group and group[0]["id"] != row["id"]:
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def _hashes(joined: bytes) -> tuple[bytes, ...]:
    return tuple(joined[n : n + HASH_BYTES] for n in range(0, len(joined), HASH_BYTES))


def _event(row: Any) -> RecordedEvent:
    return RecordedEvent(
        name=row["name"],
        sequence=row["sequence"],
        time=row["happened_at"],
        cause=row["cause"],
        final=row["is_final"] and row["name"] == "NotificationForAcceptanceFailure",
    )


def _documents(row: Any) -> tuple[DocumentFacts, ...]:
    if row["digests"] is None:
        return ()
    columns = (row[column] for column in _COLUMN_OF.values())
    return tuple(
        DocumentFacts(**dict(zip(_COLUMN_OF, values, strict=True)))
        for values in zip(*columns, strict=True)
    )


def _letter(row: Any) -> Letter:
    """The letter of an evidence's row, as far as its envelope goes."""
    columns = ("numbers", "roles", "filenames", "media_types", "sizes", "algorithms", "digests")
    rows = zip(*(row[column] or () for column in columns), strict=True)
    return Letter(
        id=LetterId(row["letter"]),
        sender=PartyId(row["letter_sender"]),
        envelope=Envelope(
            number=row["number"],
            date=row["written_on"],
            subject=row["subject"],
            salutation=row["salutation"],
            references=tuple(row["refers_to"]),
            urgency=Urgency(row["urgency"]),
            secrecy=Secrecy(row["secrecy"]),
        ),
        documents=tuple(
            Document(
                number=number,
                role=DocumentRole(role),
                filename=filename,
                media_type=media_type,
                size=size,
                digest=Digest(value=digest, algorithm=algorithm),
            )
            for number, role, filename, media_type, size, algorithm, digest in rows
        ),
        submitted_at=row["submitted_at"],
    )


def _terms(row: Any) -> AuditedTerms:
    return AuditedTerms(
        tracking=TrackingNumber(row["tracking"]),
        mode=ConsignmentMode(row["mode"]),
        acceptance_deadline=row["acceptance_deadline"],
        holding_until=row["holding_until"],
    )


def _sealed_or_none(compressed: bytes, digest: bytes) -> bytes | None:
    try:
        return sealed_bytes(compressed, digest)
    except IntegrityFailure:
        return None
