"""The envelope in a receipt: read only if its digest is the one that the evidence seals."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date

from signing.errors import ProofError
from tdh.domain.envelope import ENVELOPE
from tdh.domain.evidence import EvidenceFacts


class EnvelopeError(ProofError):
    """A text that is not the envelope of this evidence."""

    code = "envelope-differs"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEnvelope:
    """What the page says of a letter beyond its evidence."""

    day: date
    subject: str
    salutation: str


def seals_envelope(facts: EvidenceFacts) -> bool:
    """Whether the evidence names an envelope by its digest; those of older versions do not."""
    return ENVELOPE in dict(facts.particulars)


def read_envelope(text: bytes, facts: EvidenceFacts) -> ShownEnvelope:
    """Read an envelope. Raises EnvelopeError for one whose digest is not in the evidence."""
    if dict(facts.particulars).get(ENVELOPE) != hashlib.sha256(text).hexdigest():
        raise EnvelopeError("the envelope is not the one that the evidence seals")
    try:
        plain = json.loads(text)
        return ShownEnvelope(
            day=date.fromisoformat(plain["date"]),
            subject=str(plain["subject"]),
            salutation=str(plain["salutation"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as exc:
        raise EnvelopeError("the envelope cannot be read") from exc
