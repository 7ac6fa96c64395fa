"""Pieces of a page: rows with a label, times and names in both languages, and how much has room."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from signing.receipt.shown import shown
from signing.receipt.words import Two
from tdh.domain.evidence import PartyFacts
from tdh.domain.thai_time import iso_instant, thai_instant

Plain = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of it a page has room for."""

    documents: int
    recipients: int
    name: int
    """Characters of a name."""
    long: int
    """Characters of a subject, or of somebody's own words."""


def name_of(party: PartyFacts, limits: Limits) -> Two:
    """A party's name in both languages."""
    return Two(shown(party.name_th, limits.name), shown(party.name_en, limits.name))


def row(label: Two, *lines: Two, mono: bool = False) -> Plain:
    """A label and what stands beside it."""
    kind = "mono" if mono else "text"
    return {"label": label.plain(), "lines": [each.plain() | {"kind": kind} for each in lines]}


def plainly(text: str) -> Two:
    """Text that has no language of its own."""
    return Two(text, "")


def instant(time: datetime) -> Two:
    """A time in both eras."""
    return Two(thai_instant(time), iso_instant(time))
