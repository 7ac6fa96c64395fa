"""A receipt as it is kept: the PDF of one evidence, by edition. Plain values."""

from dataclasses import dataclass
from datetime import datetime

from tdh.domain import events as ev
from tdh.domain.identifiers import EvidenceId

EVENTS_WITH_RECEIPT = frozenset(
    each.__name__
    for each in (
        ev.SubmissionAcceptance,
        ev.SubmissionRejection,
        ev.NotificationForAcceptanceFailure,  # the final one only, which its maker sees
        ev.ConsignmentAcceptance,
        ev.ConsignmentRejection,
        ev.AcceptanceRejectionExpiry,
        ev.ContentConsignment,
        ev.ContentConsignmentFailure,
        ev.ContentHandover,
        ev.ContentHandoverFailure,
        ev.Withdrawal,
    )
)
"""What people get a paper of; the steps between are told by evidence alone."""


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
