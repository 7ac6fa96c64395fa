"""What a malware scanner says of one document. Plain values; nothing here scans."""

from dataclasses import dataclass
from enum import StrEnum


class ScanOutcome(StrEnum):
    """How a scan ended. Only CLEAN lets a document pass; the others differ in who can help."""

    CLEAN = "clean"
    """Scanned to its end; nothing was found."""
    FOUND = "found"
    """The scanner knows something in it."""
    INCOMPLETE = "incomplete"
    """Too large, or too deeply packed, for the scanner's limits: asking again would not help."""
    UNAVAILABLE = "unavailable"
    """The scanner gave no answer about it: the same may be asked later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanFinding:
    """One answer about one document."""

    outcome: ScanOutcome
    name: str
    """FOUND: what was found, as the scanner calls it. INCOMPLETE, UNAVAILABLE: the cause, for the
    operator's log. CLEAN: empty."""
    engine: str
    """Who says so: engine and version of its database; empty where it did not answer that."""
