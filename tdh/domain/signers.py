"""Whether who signed is who sends: a certificate held against a registered party.

Electronic Transactions Act, sections 15, 16 and 26: a message is its originator's where the
signature is linked to nobody else. Numbers decide where the certificate has one; what has none
(every agency, a seal without a number) is known by marks that an operator registered. Pure; it
judges no signature, and says nothing of one that does not hold.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from tdh.domain.errors import InvalidValue
from tdh.domain.identifiers import PartyId
from tdh.domain.verdicts import Indication, SignatureVerdict, Signer

AGENCY, CITIZEN = "th-agency", "th-citizen-id"
_NUMBER = re.compile(r"[0-9]{13}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LONGEST_NAME = 300


class SenderMatch(StrEnum):
    """How the signers of a document fit the party that sends it, the best of several."""

    SAME_PERSON = "same-person"
    """The sender, or a person registered for it."""
    SAME_ORGANISATION = "same-organisation"
    OTHER = "other"
    """The certificate says who it is, and it is somebody else."""
    UNKNOWN = "unknown"
    """The certificate says nothing that could be compared."""


class MarkKind(StrEnum):
    """By what a signer of a party is known."""

    ORGANIZATION = "organization"
    """Name of the organisation in the certificate's subject."""
    CERTIFICATE = "certificate"
    """SHA-256 of one certificate, lower-case hexadecimal."""
    NUMBER = "number"
    """Citizen or tax number in the certificate, 13 digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerMark:
    """One thing by which certificates are known as those of a party. Raises InvalidValue."""

    kind: MarkKind
    value: str

    def __post_init__(self) -> None:
        match self.kind:
            case MarkKind.NUMBER if not _NUMBER.fullmatch(self.value):
                raise InvalidValue("number", "must be 13 digits")
            case MarkKind.CERTIFICATE if not _SHA256.fullmatch(self.value):
                raise InvalidValue("certificate", "must be a SHA-256 in lower-case hexadecimal")
            case MarkKind.ORGANIZATION if not 0 < len(plain_name(self.value)) <= _LONGEST_NAME:
                raise InvalidValue("organization", f"must be 1 to {_LONGEST_NAME} characters")


def sender_match(
    party: PartyId, marks: Iterable[SignerMark], signatures: Iterable[SignatureVerdict]
) -> SenderMatch | None:
    """The best match among the signatures that hold; None where none of them does."""
    known = tuple(marks)
    found = {
        _match(party, known, one.signer)
        for one in signatures
        if one.indication is Indication.TOTAL_PASSED and one.signer is not None
    }
    return next((match for match in SenderMatch if match in found), None)


def plain_name(name: str) -> str:
    """A name as it is compared: NFC, without case, each run of white space one space."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def _match(party: PartyId, marks: tuple[SignerMark, ...], signer: Signer) -> SenderMatch:
    scheme, _, number = party.partition(":")
    numbers = {mark.value for mark in marks if mark.kind is MarkKind.NUMBER}
    if scheme != AGENCY:
        numbers.add(number)
    if signer.citizen_id in numbers or (scheme == CITIZEN and signer.tax_id in numbers):
        return SenderMatch.SAME_PERSON
    if _is_marked(marks, MarkKind.CERTIFICATE, signer.certificate_sha256):
        person = scheme == CITIZEN or signer.citizen_id is not None
        return SenderMatch.SAME_PERSON if person else SenderMatch.SAME_ORGANISATION
    if signer.tax_id in numbers:
        return SenderMatch.SAME_ORGANISATION
    if signer.organization and _is_marked(marks, MarkKind.ORGANIZATION, signer.organization):
        return SenderMatch.SAME_ORGANISATION
    return SenderMatch.OTHER if _says_who(scheme, marks, signer) else SenderMatch.UNKNOWN


def _is_marked(marks: tuple[SignerMark, ...], kind: MarkKind, value: str) -> bool:
    return any(mark.kind is kind and plain_name(mark.value) == plain_name(value) for mark in marks)


def _says_who(scheme: str, marks: tuple[SignerMark, ...], signer: Signer) -> bool:
    """Whether the certificate has something of the kind by which this party would be known."""
    kinds = {mark.kind for mark in marks}
    numbered = scheme != AGENCY or MarkKind.NUMBER in kinds
    return (
        (numbered and (signer.citizen_id is not None or signer.tax_id is not None))
        or MarkKind.CERTIFICATE in kinds
        or (MarkKind.ORGANIZATION in kinds and signer.organization is not None)
    )
