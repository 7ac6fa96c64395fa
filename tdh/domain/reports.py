"""The judge's full report on a document, kept beside its verdict. Bytes; never looked into here.

The same document, rules, trust, time and revocation data give the same bytes, so that their digest
in sealed evidence says which report it was (ETSI EN 319 102-2 asks for a report that can be kept).
"""

import hashlib
from dataclasses import dataclass

from tdh.domain.identifiers import Digest
from tdh.domain.verdicts import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedVerdict:
    """The judge's answer: what decides, and the report that tells all of it."""

    verdict: Verdict
    report: bytes
    """Canonical JSON, UTF-8."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentReport:
    """The report on one document of a letter, to be kept as it is."""

    number: int
    """The document's."""
    content: bytes

    @property
    def digest(self) -> Digest:
        """What evidence names it by."""
        return Digest(value=hashlib.sha256(self.content).digest())
