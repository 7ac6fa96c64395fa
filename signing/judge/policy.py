"""What the judge accepts: the rules as values, with the name under which a verdict cites them.

A verdict is a function of document, policy, trust, time and revocation data; so every number and
switch that can change a verdict stands here and `identifier` changes with it.
"""

from dataclasses import dataclass
from enum import StrEnum


class RevocationMode(StrEnum):
    """What to do where a certificate names a revocation source and no data are at hand."""

    REQUIRE = "require"
    """INDETERMINATE, TRY_LATER."""
    IF_PRESENT = "if-present"
    """Data that are there decide; their absence is noted in the report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Which documents may pass."""

    identifier: str = "tdh-pdf/1"
    revocation: RevocationMode = RevocationMode.REQUIRE
    allow_plain_pkcs7: bool = True
    """Accept adbe.pkcs7.detached beside ETSI.CAdES.detached: Thai agencies' older programs."""
    allow_embedded_files: bool = False
    allow_active_content: bool = False
    max_signatures: int = 25
    """Signatures and document timestamps; 25 cost a careful judge seconds."""
    max_certificates: int = 24
    """In one signature: path building over many lookalike certificates is exponential."""
    max_structure_nodes: int = 200_000
    """Pages, annotations, fields and outline items that are searched for active content."""

    @property
    def name(self) -> str:
        """The identifier with whatever differs from the rules as written."""
        marks = [self.revocation.value]
        if not self.allow_plain_pkcs7:
            marks.append("pades-only")
        if self.allow_embedded_files:
            marks.append("files")
        if self.allow_active_content:
            marks.append("active")
        return f"{self.identifier}+{'+'.join(marks)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one document may cost."""

    wall_seconds: float = 10.0
    cpu_seconds: int = 10
    memory_bytes: int = 512 * 1024 * 1024
    """Address space above what the warm parent itself has."""
    document_bytes: int = 100 * 1024 * 1024
    """A main document; enclosures are not judged."""
    uid: int = 65534
    """Whom a child becomes where the parent is root: `nobody`, who owns nothing."""
