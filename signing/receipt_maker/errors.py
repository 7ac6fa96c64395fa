"""What can go wrong while a receipt is made."""

from signing.errors import ProofError


class EvidenceNotProven(ProofError):
    """What was handed in does not hold under what this program itself believes."""

    code = "evidence-not-proven"


class SealNotMade(ProofError):
    """The receipt key cannot be used: its certificate, a revocation list, or the document."""

    code = "receipt-seal-not-made"


class TimestampNotMade(ProofError):
    """Our own timestamping unit gave no timestamp."""

    code = "receipt-timestamp-not-made"
