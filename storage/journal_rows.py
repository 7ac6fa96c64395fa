"""Decisions as columns for `unnest`: what one batch writes into each table. Pure."""

import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from tdh.domain.commands import RefuseSubmission, Submit
from tdh.domain.decisions import Decision, DeliveryChange
from tdh.domain.errors import Conflict, InvalidValue
from tdh.domain.events import (
    FINAL_EVENTS,
    DeliveryEvent,
    EventReason,
    NotificationForAcceptanceFailure,
    SubmissionRejection,
)
from tdh.domain.identifiers import DeliveryId, OutboxId, event_of, letter_month
from tdh.domain.letters import Delivery
from tdh.domain.records import SealedEvidence, Written
from tdh.domain.verdict_json import verdict_to_plain

Row = tuple[object, ...]
Columns = Sequence[Sequence[object]]

COMPRESSION = 1
"""Of evidence and reports. A third is left at level 1; higher levels gain little, cost double."""


@dataclass(slots=True)
class BatchRows:
    """The rows of a batch, by table, in the order of the columns in `journal.sql`."""

    letters: list[Row] = field(default_factory=list)
    documents: list[Row] = field(default_factory=list)
    deliveries: list[Row] = field(default_factory=list)
    refusals: list[Row] = field(default_factory=list)
    refused_reports: list[Row] = field(default_factory=list)
    moves: dict[DeliveryId, Row] = field(default_factory=dict)
    releases: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    keys: list[Row] = field(default_factory=list)
    forgotten: list[Row] = field(default_factory=list)
    finished: set[OutboxId] = field(default_factory=set)
    outbox: list[Row] = field(default_factory=list)

    def add(self, written: Written) -> None:
        """Take in one decision. Raises InvalidValue if its evidence is not of its events."""
        decision = written.decision
        self._add_events(decision, written.sealed)
        if decision.submission is not None:
            self._add_letter(decision.submission)
        if decision.refused is not None:
            self._add_refusal(*decision.refused)
        for change in decision.changes:
            self._add_change(change)
        self.outbox.extend((e.kind, e.task, e.delivery, e.due) for e in decision.outbox)
        self.finished.update(decision.done)

    def _add_events(self, decision: Decision, sealed: Sequence[SealedEvidence]) -> None:
        events = decision.events
        if [event.id for event in events] != [event_of(each.id) for each in sealed]:
            raise InvalidValue("sealed", "each event needs its one evidence, in order")
        for event, proof in zip(events, sealed, strict=True):
            self.events.append(
                (
                    letter_month(event.id),
                    event.id,
                    event.delivery,
                    event.sequence,
                    event.name,
                    event.cause,
                    is_final(event),
                    event.time,
                    proof.id,
                    zlib.compress(proof.xml, COMPRESSION),
                    proof.digest,
                    proof.log_entry,
                )
            )

    def _add_letter(self, submission: Submit) -> None:
        letter, month = submission.letter, letter_month(submission.letter.id)
        envelope = letter.envelope
        self.letters.append(
            (
                month,
                letter.id,
                letter.sender,
                envelope.number,
                envelope.date,
                envelope.subject,
                envelope.salutation,
                _json(envelope.references),
                envelope.urgency,
                envelope.secrecy,
                letter.submitted_at,
                submission.wrapped_key,
            )
        )
        places = {stored.number: stored for stored in submission.stored}
        reports = {report.number: report for report in submission.reports}
        for document in letter.documents:
            place, report = places[document.number], reports.get(document.number)
            verdict, match = document.verdict, document.sender_match
            if (None if report is None else report.digest) != document.report:
                raise InvalidValue("reports", "each judged document needs its one report")
            self.documents.append(
                (
                    month,
                    letter.id,
                    document.number,
                    document.role,
                    document.filename,
                    document.media_type,
                    document.size,
                    document.digest.algorithm,
                    document.digest.value,
                    None if verdict is None else _json(verdict_to_plain(verdict)),
                    None if report is None else zlib.compress(report.content, COMPRESSION),
                    None if report is None else report.digest.value,
                    None if match is None else match.value,
                    document.scanned_by,
                    place.segment,
                    place.offset,
                    place.length,
                )
            )
        key = submission.idempotency
        self.keys.append((key.sender, key.key, letter.id, None))

    def _add_refusal(self, command: RefuseSubmission, event: SubmissionRejection) -> None:
        self.refusals.append(
            (
                letter_month(command.stream),
                command.stream,
                command.sender.id,
                command.pseudonym,
                _json([_plain_reason(reason) for reason in event.reasons]),
                event.time,
            )
        )
        self.refused_reports.extend(
            (
                letter_month(command.stream),
                command.stream,
                report.number,
                zlib.compress(report.content, COMPRESSION),
                report.digest.value,
            )
            for report in command.reports
        )
        key = command.idempotency
        self.keys.append((key.sender, key.key, None, command.stream))

    def _add_change(self, change: DeliveryChange) -> None:
        before, after = change.dossier.delivery, change.after
        month = letter_month(after.id)
        if before.sequence == 0:
            self.deliveries.append(_new_delivery(month, after, change.dossier.sender.id))
            return
        if change.events:
            self._move(month, before, after)
        if change.released is not None:
            self.releases.append((month, after.id, change.released))
        self.forgotten.extend((after.id, task) for task in sorted(change.forget))

    def _move(self, month: date, before: Delivery, after: Delivery) -> None:
        """Steps of one delivery in one batch, in order, are one update from first to last."""
        state, sequence = before.state.value, before.sequence
        earlier = self.moves.get(after.id)
        if earlier is not None:
            if earlier[4:6] != (state, sequence):
                raise Conflict(f"{after.id}: two decisions of one batch do not follow each other")
            state, sequence = earlier[2], earlier[3]  # type: ignore[assignment]  # as written below
        self.moves[after.id] = (
            month,
            after.id,
            state,
            sequence,
            after.state.value,
            after.sequence,
            after.last_event_at,
            after.acceptance_deadline,
            after.holding_until,
        )


def columns_of(rows: Iterable[Row], width: int) -> Columns:
    """Rows turned into columns; `width` empty ones where there is no row."""
    return tuple(zip(*rows, strict=True)) or ((),) * width


def is_final(event: DeliveryEvent) -> bool:
    """Whether the event ends its delivery."""
    return event.name in FINAL_EVENTS or (
        isinstance(event, NotificationForAcceptanceFailure) and event.final
    )


def _new_delivery(month: date, delivery: Delivery, sender: str) -> Row:
    return (
        month,
        delivery.id,
        delivery.letter,
        sender,
        delivery.recipient,
        delivery.mode,
        delivery.channel,
        delivery.tracking,
        delivery.pseudonym,
        delivery.state,
        delivery.sequence,
        delivery.last_event_at,
        delivery.accept_within,
        delivery.acceptance_deadline,
        delivery.holding_until,
    )


def _plain_reason(reason: EventReason) -> dict[str, object]:
    return {"code": reason.code, "details": reason.details}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
