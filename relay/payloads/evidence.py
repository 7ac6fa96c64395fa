"""Events and evidence as callers see them, and lists. Domain values to JSON.

The models are also the schemas of /openapi.json.
"""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from relay.payloads.fields import print_time
from tdh.domain.events import SubmissionRejection
from tdh.domain.identifiers import DeliveryId, event_of
from tdh.domain.records import EventView, EvidenceRecord, RefusedSubmissionView


class Out(BaseModel):
    """What goes out."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class EvidenceRef(Out):
    """An evidence and where to get it."""

    id: str
    event: str = Field(description="ETSI EN 319 522, e.g. SubmissionAcceptance")
    href: str

    @classmethod
    def of(cls, event: EventView) -> "EvidenceRef":
        return cls(id=event.evidence, event=event.name, href=evidence_href(event.evidence))


class EventOut(Out):
    """Something with legal meaning that happened to a delivery."""

    id: str
    event: str
    sequence: int
    time: str
    cause: str
    evidence: EvidenceRef

    @classmethod
    def of(cls, view: EventView) -> "EventOut":
        return cls(
            id=view.id,
            event=view.name,
            sequence=view.sequence,
            time=print_time(view.time),
            cause=view.cause,
            evidence=EvidenceRef.of(view),
        )


class EvidenceOut(Out):
    """What an evidence is about; the evidence itself is the XML behind `href`."""

    id: str
    delivery: str
    event: str
    sequence: int
    time: str
    sha256: str | None = Field(description="ของ XML / of the XML; null in lists")
    href: str
    proof: str
    record: str
    provable_until: str | None = Field(
        description="ตรวจได้ถึงเมื่อใดโดยไม่ต้องต่ออายุ / until when its archive record can be checked "
        "without a renewal; null before there is one"
    )

    @classmethod
    def of(cls, record: EvidenceRecord, until: datetime | None) -> "EvidenceOut":
        return cls(
            id=record.id,
            delivery=record.stream,
            event=record.event,
            sequence=record.sequence,
            time=print_time(record.time),
            sha256=record.digest.hex(),
            href=evidence_href(record.id),
            proof=evidence_href(record.id) + "/proof",
            record=evidence_href(record.id) + "/record",
            provable_until=None if until is None else print_time(until),
        )

    @classmethod
    def of_event(
        cls, stream: DeliveryId, event: EventView, until: datetime | None
    ) -> "EvidenceOut":
        return cls(
            id=event.evidence,
            delivery=stream,
            event=event.name,
            sequence=event.sequence,
            time=print_time(event.time),
            sha256=None,
            href=evidence_href(event.evidence),
            proof=evidence_href(event.evidence) + "/proof",
            record=evidence_href(event.evidence) + "/record",
            provable_until=None if until is None else print_time(until),
        )


class PageOut(Out):
    """Some of a list; `next_cursor` is null at its end."""

    data: list[Any]
    next_cursor: str | None = None


def evidence_href(evidence: str) -> str:
    """Where an evidence is read."""
    return f"/v1/evidence/{evidence}"


def refusal_event(view: RefusedSubmissionView) -> EventView:
    """The single event of a refused submission, as events are listed."""
    return EventView(
        id=event_of(view.evidence),
        evidence=view.evidence,
        name=SubmissionRejection.__name__,
        time=view.time,
        sequence=1,
        cause="",
    )
