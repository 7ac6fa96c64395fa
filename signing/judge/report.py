"""The full report about one document: the verdict, and what decided nothing but should be said.

The same document, policy, trust, time and revocation data give the same report, byte for byte. It
is kept with the letter and its digest is sealed into the evidence.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from typing import Any

from signing.judge.codes import NoteCode
from signing.judge.facts import ChainFact, Need
from signing.judge.reasons import note
from signing.judge.shown import all_shown, is_shown
from tdh.domain.verdict_json import verdict_from_plain, verdict_to_plain
from tdh.domain.verdicts import Reason, Verdict

ENGINES = ("pyhanko", "pyhanko-certvalidator", "asn1crypto", "cryptography", "lxml")


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
    needs: tuple[Need, ...] = ()
    """Revocation data that would help to decide; not part of the kept report."""
    facts: tuple[ChainFact, ...] = ()
    """Chains that held; not part of the kept report."""


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


def presentable(report: Report) -> Report:
    """The same report with no character that a database, XML or a screen must not get."""
    plain = report_to_plain(report)
    if is_shown(plain):
        return report
    return replace(report_from_plain(all_shown(plain)), needs=report.needs, facts=report.facts)


@cache
def engines() -> dict[str, str]:
    """Name and version of the libraries that judge: part of what a report depends on."""
    return {name: version(name) for name in ENGINES}


def report_bytes(report: Report) -> bytes:
    """Spell the report in the one way that is kept: JSON, sorted keys, UTF-8; without `seen`."""
    plain = report_to_plain(report)
    del plain["seen"]
    plain["engines"] = engines()
    text = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8")
