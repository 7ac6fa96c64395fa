"""What travels between the pool, the judge's parent program and its children.

One message of a SOCK_SEQPACKET pair is one JSON object; the document's descriptor travels beside
a request (SCM_RIGHTS). The answer of a child is the report as JSON; the pool believes nothing in
it but its form. Plain values only.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from signing.judge.facts import Brought, ChainFact, Need
from signing.judge.judgement import MAX_NEEDS
from signing.judge.plain import from_plain, to_plain
from signing.judge.policy import Limits, Policy
from signing.judge.report import Report, report_from_plain, report_to_plain
from signing.judge.shown import is_shown

_SHA256 = re.compile("[0-9a-f]{64}")
MAX_MESSAGE = 192 * 1024
"""Fits a socket's default buffer; a report of 25 signatures has about 50 kB."""


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


def answer_to_bytes(report: Report) -> bytes:
    """What a child writes: the report, and beside it needs and facts."""
    plain = {
        "report": report_to_plain(report),
        "needs": [to_plain(need) for need in report.needs],
        "facts": [to_plain(fact) for fact in report.facts],
    }
    return json.dumps(plain, ensure_ascii=True).encode("ascii")


def answer_from_bytes(content: bytes) -> Report:
    """Read what a child wrote. Raises ValueError for anything else."""
    try:
        plain = json.loads(content)
        if not is_shown(plain):
            raise ValueError("a character that no child of ours writes")
        report = replace(
            report_from_plain(plain["report"]),
            needs=tuple(from_plain(Need, need) for need in plain["needs"]),
            facts=tuple(from_plain(ChainFact, fact) for fact in plain["facts"]),
        )
    except (AttributeError, KeyError, TypeError, RecursionError) as problem:
        raise ValueError(f"no answer of a child: {problem}") from problem
    _check_bounds(report)
    return report


def _check_bounds(report: Report) -> None:
    """What others will act upon beside the document's own parties. Raises ValueError."""
    findings = [one for each in report.verdict.signatures for one in each.revocation]
    digests = [one.data_sha256 for one in findings if one.data_sha256 is not None]
    if len(report.needs) > MAX_NEEDS or not all(map(_SHA256.fullmatch, digests)):
        raise ValueError("more needs than a child has, or a digest that is none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """The first message to the parent program; the trust folder travels as descriptor."""

    policy: Policy
    limits: Limits
    trust_bytes: int
    locators: int = 0
    """How many children to keep that only locate signatures."""

    def to_bytes(self) -> bytes:
        return _packed(to_plain(self))

    @staticmethod
    def from_bytes(message: bytes) -> "Setup":
        return from_plain(Setup, json.loads(message))


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Judge the document whose descriptor comes along."""

    number: int
    size: int
    at: datetime
    extra: int = 0
    """Bytes of the descriptor with `Extra`, if there is one: the second."""
    content: int | None = None
    """Bytes of the descriptor with what a detached signature stands over, if any: the last."""

    def to_bytes(self) -> bytes:
        return _packed(to_plain(self))

    @staticmethod
    def from_bytes(message: bytes) -> "Request":
        return from_plain(Request, json.loads(message))


REPLACE = b"replace "
"""Before the number of a locator's process: end it and make another."""
LOCATOR = b"locator "
"""Before the number of a new locator's process; the pool's end of its socket comes along."""


def locator_number(message: bytes, kind: bytes) -> int | None:
    """The process number in a message of one of these two kinds; None for another message."""
    return int(message.removeprefix(kind)) if message.startswith(kind) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """What travels with a document in a second memory file."""

    revocation: tuple[Brought, ...] = ()
    """Data that were fetched for the needs of an earlier round."""

    def to_bytes(self) -> bytes:
        return _packed(to_plain(self))

    @staticmethod
    def from_bytes(packed: bytes) -> "Extra":
        return from_plain(Extra, json.loads(packed))


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
