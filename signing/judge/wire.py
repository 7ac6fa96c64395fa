"""What travels between the pool, the judge's parent program and its children.

One message of a SOCK_SEQPACKET pair is one JSON object; the document's descriptor travels beside
a request (SCM_RIGHTS). The answer of a child is the report as JSON; the pool believes nothing in
it but its form. Plain values only.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from signing.judge.policy import Limits, Policy, RevocationMode
from signing.judge.reasons import NoteCode, note
from tdh.domain.verdict_json import verdict_from_plain, verdict_to_plain
from tdh.domain.verdicts import Reason, Verdict

MAX_MESSAGE = 128 * 1024
"""Fits a socket's default buffer; a report of 25 signatures has about 20 kB."""


READY = b"ready"
"""What the parent program says when it is warm and its walls were found to stand."""
NOT_READY = b"not ready: "
"""What it says instead, with the reason after it, before it ends."""


class Outcome(StrEnum):
    """How a child ended, as its parent saw it."""

    ANSWERED = "answered"
    TIME_LIMIT = "time-limit"
    MEMORY_LIMIT = "memory-limit"
    CRASHED = "crashed"
    STARVED = "starved"
    """The wall limit passed, but the child had hardly run: the machine is busy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that decided nothing and should be said; no `field` means the whole document."""

    field: str
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A verdict, and what only the full report says."""

    verdict: Verdict
    notes: tuple[Note, ...] = ()
    seen: str = ""
    """In a developer's words: what made a clause fail. Never shown to parties."""


def report_to_plain(report: Report) -> dict[str, Any]:
    """Plain values for JSON: those of the verdict, and `notes` and `seen` beside them."""
    return {
        **verdict_to_plain(report.verdict),
        "notes": [
            {"field": item.field, "code": item.reason.code, "th": item.reason.th}
            | {"en": item.reason.en}
            for item in report.notes
        ],
        "seen": report.seen,
    }


def report_from_plain(plain: Mapping[str, Any]) -> Report:
    """Read what a child wrote. Raises KeyError, TypeError or ValueError for anything else."""
    return Report(
        verdict=verdict_from_plain(plain),
        notes=tuple(
            Note(field=str(item["field"]), reason=note(NoteCode(item["code"])))
            for item in plain["notes"]
        ),
        seen=str(plain["seen"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """The first message to the parent program; the trust folder travels as descriptor."""

    policy: Policy
    limits: Limits
    trust_bytes: int

    def to_bytes(self) -> bytes:
        return _packed(asdict(self))

    @staticmethod
    def from_bytes(message: bytes) -> "Setup":
        plain = json.loads(message)
        policy = {**plain["policy"], "revocation": RevocationMode(plain["policy"]["revocation"])}
        return Setup(
            policy=Policy(**policy),
            limits=Limits(**plain["limits"]),
            trust_bytes=plain["trust_bytes"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Judge the document whose descriptor comes along."""

    number: int
    size: int
    at: datetime

    def to_bytes(self) -> bytes:
        return _packed({"number": self.number, "size": self.size, "at": self.at.isoformat()})

    @staticmethod
    def from_bytes(message: bytes) -> "Request":
        plain = json.loads(message)
        return Request(
            number=plain["number"], size=plain["size"], at=datetime.fromisoformat(plain["at"])
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """How one request ended; `answer` is the child's own JSON, unread by the parent."""

    number: int
    outcome: Outcome
    answer: bytes = b""

    def to_bytes(self) -> bytes:
        head = _packed({"number": self.number, "outcome": self.outcome.value})
        return head + b"\n" + self.answer

    @staticmethod
    def from_bytes(message: bytes) -> "Reply":
        head, _, answer = message.partition(b"\n")
        plain = json.loads(head)
        return Reply(number=plain["number"], outcome=Outcome(plain["outcome"]), answer=answer)


def _packed(plain: Mapping[str, Any]) -> bytes:
    return json.dumps(plain, ensure_ascii=True, separators=(",", ":")).encode("ascii")
