"""The envelope of a letter as one canonical text, whose SHA-256 each evidence seals.

What the sender wrote on the letter (subject, salutation, references, urgency ...) is for the two
parties only: evidence carries its digest, and whoever has the text can show that it is the one.
"""

import json
from hashlib import sha256

from tdh.domain.letters import Letter

ENVELOPE = "envelope"
"""Name of the particular that carries the digest, in lower-case hexadecimal."""


def envelope_text(letter: Letter) -> bytes:
    """The envelope in JSON with one spelling: keys sorted, no blanks, UTF-8, as RFC 8785 has it."""
    envelope = letter.envelope
    plain = {
        "date": envelope.date.isoformat(),
        "documents": [
            {
                "filename": each.filename,
                "media_type": each.media_type,
                "number": each.number,
                "role": each.role.value,
                "sha256": each.digest.hex,
                "size": each.size,
            }
            for each in letter.documents
        ],
        "letter": letter.id,
        "number": envelope.number,
        "references": list(envelope.references),
        "salutation": envelope.salutation,
        "secrecy": envelope.secrecy.value,
        "sender": letter.sender,
        "subject": envelope.subject,
        "urgency": envelope.urgency.value,
    }
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def envelope_digest(letter: Letter) -> str:
    """The SHA-256 of the text, as evidence has it."""
    return sha256(envelope_text(letter)).hexdigest()
