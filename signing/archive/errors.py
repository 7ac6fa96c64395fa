"""What can be wrong with an evidence record."""

from datetime import datetime

from signing.errors import ProofError


class RecordError(ProofError):
    """A record that is malformed, of an unsupported kind, or not over these data."""

    code = "record-invalid"


class RecordUntrusted(RecordError):
    """A record with a timestamp that leads to none of the roots: refused only for whose it is."""

    code = "record-untrusted"


class RecordEnded(RecordError):
    """A record that holds together, but whose newest timestamp cannot be checked any more.

    Nothing is wrong with it: its time ran out before it was renewed. It proves nothing then.
    """

    code = "record-ended"

    def __init__(self, until: datetime) -> None:
        super().__init__(f"its newest timestamp could be checked until {until.isoformat()}")
        self.until = until
