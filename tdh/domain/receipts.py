"""A receipt as it is kept: the PDF of one evidence, by edition. Plain values."""

from dataclasses import dataclass
from datetime import datetime

from tdh.domain.identifiers import EvidenceId


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One edition; written once, served byte for byte from then on."""

    evidence: EvidenceId
    edition: int
    """From 1; a renewal is the next one, and the old ones stay."""
    pdf: bytes
    digest: bytes
    """SHA-256 of `pdf`."""
    made_at: datetime
    size: int
    """Of the head of the log that its proof is under."""
    anchored_by: tuple[str, ...]
    """Names of the outsiders who vouched for that head by then; empty: the operator's word only."""
    has_record: bool
    """Whether an archive record (RFC 4998) is inside."""
