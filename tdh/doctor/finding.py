"""What was found of each part, in two languages, and what the operator does about it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from signing.seal_check import Outcome
from signing.verify.report import Text


class Part(StrEnum):
    """What is looked at; the names are stable."""

    SETTINGS = "settings"
    DATABASE = "database"
    BROKER = "broker"
    SEALER = "sealer"
    RECEIPTS = "receipts"
    CLOCK = "clock"
    KEYS = "keys"
    LOG = "log"
    ANCHORS = "anchors"
    ARCHIVE = "archive"
    OUTBOX = "outbox"
    DISK = "disk"
    TRUST = "trust"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line."""

    part: Part
    outcome: Outcome
    text: Text
    advice: Text | None = None
    """What to do; always there where something is wrong."""
    counts: bool = True
    """Whether an unknown outcome makes the whole one unknown; else it is only worth knowing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """All lines."""

    findings: tuple[Finding, ...]

    @property
    def outcome(self) -> Outcome:
        """The worst: fail before unknown before pass."""
        found = {
            one.outcome for one in self.findings if one.counts or one.outcome is not Outcome.UNKNOWN
        }
        if Outcome.FAIL in found:
            return Outcome.FAIL
        return Outcome.UNKNOWN if Outcome.UNKNOWN in found or not found else Outcome.PASS

    def to_plain(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "result": self.outcome.value,
            "findings": [
                {
                    "id": one.part.value,
                    "result": one.outcome.value,
                    "text": {"th": one.text.th, "en": one.text.en},
                    "advice": None
                    if one.advice is None
                    else {"th": one.advice.th, "en": one.advice.en},
                }
                for one in self.findings
            ],
        }


def well(part: Part, th: str, en: str) -> Finding:
    """A part that is as it must be."""
    return Finding(part=part, outcome=Outcome.PASS, text=Text(th=th, en=en))


def trouble(part: Part, text: Text, advice: Text) -> Finding:
    """Something that the operator must see to."""
    return Finding(part=part, outcome=Outcome.FAIL, text=text, advice=advice)


def unsure(part: Part, text: Text, advice: Text | None = None, *, counts: bool = True) -> Finding:
    """What cannot be told, or will be trouble soon."""
    return Finding(part=part, outcome=Outcome.UNKNOWN, text=text, advice=advice, counts=counts)
