"""Reads everything for `tdh audit`: what breaks an invariant of the design, and rows to check.

All of one audit is of one moment, a snapshot, while the service goes on. What the database can
tell by itself comes as findings; what needs the lifecycle, the sealer's ledger or the log's maths
comes as values, streamed. It judges nothing and mends nothing.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from storage.archive import hashes_of
from storage.audited import (
    AuditedDelivery,
    AuditedDocument,
    AuditedEntry,
    AuditedEvidence,
    AuditedGroup,
    AuditedLeaves,
    AuditedNode,
    AuditedRefusal,
    AuditedReport,
    AuditedRound,
    AuditedStamp,
    documents_of,
    event_of,
    letter_of,
    sealed_or_none,
    terms_of,
)
from storage.database import Database, Session
from storage.driver import translated
from storage.queries import statements_beside
from storage.rows import stored_of
from tdh.domain.archive import TreeDigest
from tdh.domain.envelope import envelope_digest
from tdh.domain.identifiers import (
    DeliveryId,
    EventId,
    EvidenceId,
    LetterId,
    PartyId,
    Pseudonym,
    evidence_of,
)
from tdh.domain.lifecycle import ConsignmentMode, DeliveryState
from tdh.domain.log import SignedHead, Tree

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
                events=tuple(event_of(each) for each in rows),
            )

    async def refusals(self) -> AsyncIterator[AuditedRefusal]:
        """Every refused submission."""
        async for rows in _grouped(self._stream("refusals")):
            yield AuditedRefusal(
                id=DeliveryId(rows[0]["id"]), events=tuple(event_of(each) for each in rows)
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
                xml=sealed_or_none(row["xml"], row["digest"]),
                index=row["index"],
                entry=row["entry"],
                letter=None if row["letter"] is None else LetterId(row["letter"]),
                documents=documents_of(row),
                refused_reports=tuple(row["refused_reports"]),
                terms=None if row["letter"] is None else terms_of(row),
                sender=None if row["sender"] is None else PartyId(row["sender"]),
                recipient=None if row["recipient"] is None else PartyId(row["recipient"]),
                letter_number=row["number"],
                submitted_at=row["submitted_at"],
                envelope=None if row["number"] is None else envelope_digest(letter_of(row)),
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
            whole = sealed_or_none(row["report"], row["digest"]) is not None
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
            yield _round(row)

    async def archive_leaves(self) -> AsyncIterator[AuditedLeaves]:
        """Every group of every round that was hashed anew, with its evidences."""
        async for row in self._stream("archive_leaves"):
            digest = TreeDigest.of_bits(row["digest_bits"])
            sealed = zip(row["xmls"] or (), row["digests"] or (), strict=True)
            yield AuditedLeaves(
                round=_round(row),
                digest=digest,
                place=row["place"],
                leaves=hashes_of(row["leaves"], digest),
                root=row["root"],
                entries=tuple(row["entries"] or ()),
                evidence=tuple(
                    None if xml is None else sealed_or_none(xml, own) for xml, own in sealed
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


def _round(row: Any) -> AuditedRound:
    stamps = zip(row["tokens"], row["siblings"], map(TreeDigest.of_bits, row["bits"]), strict=True)
    return AuditedRound(
        number=row["number"],
        roots=hashes_of(row["roots"]),
        stamps=tuple(
            AuditedStamp(token=token, siblings=hashes_of(joined, digest), digest=digest)
            for token, joined, digest in stamps
        ),
        anew=tuple(row["anew"]),
    )
