"""Who signed, made of the attributes of a certificate's subject; pure, reads no certificate.

Numbers count only where a standard or the practice of Thai authorities puts them: serialNumber
(2.5.4.5; with C=TH a bare number of 13 digits, or ETSI EN 319 412-1, 5.1.3: PNOTH-, TINTH-) and
organizationIdentifier (2.5.4.97; 5.1.4: VATTH-, NTRTH-, TAXTH-). The authority vouches for them,
not this module; a check digit would add nothing, and numbers with wrong ones are in use.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from signing.judge.shown import shown
from tdh.domain.verdicts import Signer

MAX_TEXT = 256
"""Characters; X.520 allows 64 in most names, a hostile certificate any number."""
MAX_ATTRIBUTES = 32
UNREADABLE = "?"
_THIRTEEN = re.compile(r"[0-9]{13}")
_PERSONAL = re.compile(r"(?:PNOTH|TINTH)-([0-9]{13})")
_LEGAL = re.compile(r"(?:VATTH|NTRTH|TAXTH)-([0-9]{13})")
_JURISTIC = "0"
"""Tax numbers of juristic persons begin with it, numbers of citizens with 1 to 8."""
_SHORT_NAMES = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.42": "GN",
    "2.5.4.97": "organizationIdentifier",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
}

Attributes = tuple[tuple[str, str], ...]


def named(attributes: Iterable[tuple[str, str | None]]) -> Attributes:
    """Short names and texts fit to be shown, of object identifiers and texts; None: unreadable."""
    return tuple(
        (
            _SHORT_NAMES.get(identifier, identifier),
            UNREADABLE if text is None else shown(text[:MAX_TEXT]),
        )
        for identifier, text in islice(attributes, MAX_ATTRIBUTES)
    )


def signer_from(
    *, subject: Attributes, issuer: Attributes, serial: int, certificate_sha256: str
) -> Signer:
    """Say who the holder of a certificate is."""
    numbers = set(_numbers(subject))
    names = [value for name, value in subject if name == "CN"]
    organizations = [value for name, value in subject if name == "O"]
    return Signer(
        common_name=", ".join(names)[:MAX_TEXT] or _described(subject),
        serial=f"{serial:x}",
        subject=subject,
        organization=organizations[0] if organizations else None,
        citizen_id=_single(number for number in numbers if not number.startswith(_JURISTIC)),
        tax_id=_single(number for number in numbers if number.startswith(_JURISTIC)),
        issuer=_described(issuer),
        certificate_sha256=certificate_sha256,
    )


def _numbers(subject: Attributes) -> Iterator[str]:
    thai = ("C", "TH") in subject
    for name, value in subject:
        match name:
            case "serialNumber":
                found = _PERSONAL.fullmatch(value) or _LEGAL.fullmatch(value)
                number = found.group(1) if found else value if thai else ""
            case "organizationIdentifier":
                found = _LEGAL.fullmatch(value)
                number = found.group(1) if found else ""
            case _:
                continue
        if _THIRTEEN.fullmatch(number):
            yield number


def _single(numbers: Iterator[str]) -> str | None:
    """The number if there is exactly one: of two nobody knows which is meant."""
    found = list(numbers)
    return found[0] if len(found) == 1 else None


def _described(subject: Attributes) -> str:
    return ", ".join(f"{name}={value}" for name, value in subject)[:MAX_TEXT]
