"""Names of things: typed ids, party ids, digests, tracking numbers.

An id is a prefix and 24 characters of base32 (Crockford's alphabet, lower case): 48 bits of
milliseconds since 1970 and 72 random bits. All ids that belong to one letter (its deliveries,
events, evidence) carry the letter's milliseconds, so that the month, which is the partition key
of every row of a delivery, can be read from any of them. Randomness is an argument.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NewType

from tdh.domain.errors import InvalidValue

LetterId = NewType("LetterId", str)
DeliveryId = NewType("DeliveryId", str)
"""Also names the stream of a refused submission, which has one event and no letter."""
EventId = NewType("EventId", str)
EvidenceId = NewType("EvidenceId", str)
PartyId = NewType("PartyId", str)
OutboxId = NewType("OutboxId", int)
Pseudonym = NewType("Pseudonym", str)
"""32 hexadecimal digits (128 random bits) that stand for a delivery in the public log."""
TrackingNumber = NewType("TrackingNumber", str)

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
RANDOM_BYTES = 9
_BODY = 24
_ID = re.compile(rf"(ltr|dlv|evt|evd)_([{ALPHABET}]{{{_BODY}}})")
_AS_PYTHON_READS = str.maketrans(ALPHABET, "0123456789abcdefghijklmnopqrstuv")
"""Our 32 digits as `int(..., 32)` takes them."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def make_body(at: datetime, random: bytes) -> str:
    """The part of an id after its prefix, from an instant and 9 random bytes."""
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"an id takes {RANDOM_BYTES} random bytes")
    milliseconds = (at - _EPOCH) // timedelta(milliseconds=1)
    return _base32(milliseconds << 72 | int.from_bytes(random), _BODY)


def made_at(identifier: str) -> datetime:
    """The instant in an id (UTC, to the millisecond). Raises InvalidValue."""
    match = _ID.fullmatch(identifier)
    if match is None:
        raise InvalidValue("id", "not an id of this service")
    value = int(match[2].translate(_AS_PYTHON_READS), 32)
    try:
        return _EPOCH + timedelta(milliseconds=value >> 72)
    except OverflowError as error:  # 48 bits reach further than the calendar
        raise InvalidValue("id", "not an id of this service") from error


def letter_month(identifier: str) -> date:
    """First day (UTC) of the month of the letter that the id belongs to: the partition key."""
    return made_at(identifier).date().replace(day=1)


def is_id(prefix: str, text: str) -> bool:
    """Whether `text` is a well-formed id with this prefix (`ltr`, `dlv`, `evt`, `evd`)."""
    match = _ID.fullmatch(text)
    return match is not None and match[1] == prefix


def evidence_of(event: EventId) -> EvidenceId:
    """The id of the one evidence of an event: the same body under another prefix."""
    return EvidenceId("evd_" + event.removeprefix("evt_"))


def event_of(evidence: EvidenceId) -> EventId:
    """The event that an evidence records; inverse of `evidence_of`."""
    return EventId("evt_" + evidence.removeprefix("evd_"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """A digest and its algorithm, named as in XML Signature's short form (`sha-256`)."""

    value: bytes
    algorithm: str = "sha-256"

    @property
    def hex(self) -> str:
        return self.value.hex()


_PARTY = re.compile(r"(th-agency|th-tax-id|th-citizen-id):([a-z0-9][a-z0-9-]{0,62})")


def parse_party_id(text: str, field: str = "party") -> PartyId:
    """A party id `scheme:value`. Raises InvalidValue for an unknown scheme or no number.

    The check digit is not held against anybody here: who is not registered is no recipient, and
    numbers are issued by others. `has_right_check_digit` warns whoever registers a party.
    """
    match = _PARTY.fullmatch(text)
    if match is None:
        raise InvalidValue(field, "must be th-agency:, th-tax-id: or th-citizen-id: and a value")
    if match[1] != "th-agency" and not re.fullmatch("[0-9]{13}", match[2]):
        raise InvalidValue(field, "must be 13 digits")
    return PartyId(text)


_DELEGATE = re.compile(r"[a-z][a-z0-9-]{1,31}:[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def parse_delegate_id(text: str, field: str = "delegate") -> PartyId:
    """The id of somebody who acts for a party, `scheme:value`. Raises InvalidValue."""
    if _DELEGATE.fullmatch(text) is None:
        raise InvalidValue(field, "must be scheme:value, for example th-officer:mdes.1042")
    return PartyId(text)


def has_right_check_digit(party: PartyId) -> bool:
    """Whether a tax or citizen number ends in its check digit (modulo 11); True for agencies."""
    scheme, _, value = party.partition(":")
    if scheme == "th-agency":
        return True
    total = sum(int(digit) * (13 - place) for place, digit in enumerate(value[:12]))
    return (11 - total % 11) % 10 == int(value[12])


def party_slug(party: PartyId) -> str:
    """The party id as it names files, queues and broker users."""
    return party.replace(":", "-")


def party_of_slug(slug: str) -> PartyId:
    """Inverse of `party_slug`. Raises InvalidValue."""
    for scheme in ("th-agency", "th-tax-id", "th-citizen-id"):
        if slug.startswith(scheme + "-"):
            return parse_party_id(f"{scheme}:{slug.removeprefix(scheme + '-')}")
    raise InvalidValue("party", "not a party's slug")


def make_tracking_number(random: bytes) -> TrackingNumber:
    """`TDH-XXXX-XXXX-XXXX-XXXX`: 75 random bits (of 10 random bytes) and a check character."""
    body = _base32(int.from_bytes(random[:10]) >> 5, 15)
    text = (body + _check_character(body)).upper()
    return TrackingNumber("TDH-" + "-".join(text[i : i + 4] for i in range(0, 16, 4)))


def parse_tracking_number(text: str) -> TrackingNumber:
    """A tracking number as people type it: any case, dashes or not, O for 0, I or L for 1.

    Raises InvalidValue if the check character does not fit.
    """
    bare = text.strip().lower().replace("-", "").replace(" ", "").removeprefix("tdh")
    bare = bare.translate(str.maketrans("oil", "011"))
    if len(bare) != 16 or any(c not in ALPHABET for c in bare):  # noqa: PLR2004 - its length
        raise InvalidValue("tracking", "must be TDH- and 16 characters")
    if _check_character(bare[:15]) != bare[15]:
        raise InvalidValue("tracking", "mistyped: the check character does not fit")
    upper = bare.upper()
    return TrackingNumber("TDH-" + "-".join(upper[i : i + 4] for i in range(0, 16, 4)))


def _check_character(body: str) -> str:
    """A weighted sum over the field of 32 elements.

    The weights are distinct powers of a generator, so that every single wrong character and every
    swap of two characters changes the sum.
    """
    total, weight = 0, 1
    for character in body:
        weight = _times(weight, 2)
        total ^= _times(weight, ALPHABET.index(character))
    return ALPHABET[total]


def _times(a: int, b: int) -> int:
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a & 0b100000:
            a ^= 0b100101  # x^5 + x^2 + 1, primitive
        b >>= 1
    return product


def _base32(value: int, length: int) -> str:
    return "".join(ALPHABET[value >> 5 * place & 31] for place in range(length - 1, -1, -1))
