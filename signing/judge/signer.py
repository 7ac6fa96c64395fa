"""Who signed, as the certificate says: subject, Thai numbers, cryptography.

Numbers count only where a standard or the practice of Thai authorities puts them: serialNumber
(2.5.4.5; with C=TH a bare number of 13 digits, or ETSI EN 319 412-1, 5.1.3: PNOTH-, TINTH-) and
organizationIdentifier (2.5.4.97; 5.1.4: VATTH-, NTRTH-, TAXTH-). The authority vouches for them,
not this module; a check digit would add nothing, and numbers with wrong ones are in use.
"""

import hashlib
import re
from collections.abc import Iterator

from asn1crypto import core, x509

from signing.judge.algorithms import key_is_strong
from signing.judge.shown import shown
from tdh.domain.verdicts import AlgorithmFinding, Signer

MAX_TEXT = 256
"""Characters; X.520 allows 64 in most names, a hostile certificate any number."""
MAX_ATTRIBUTES = 32
_THIRTEEN = re.compile(r"[0-9]{13}")
_PERSONAL = re.compile(r"(?:PNOTH|TINTH)-([0-9]{13})")
_LEGAL = re.compile(r"(?:VATTH|NTRTH|TAXTH)-([0-9]{13})")
_JURISTIC = "0"
"""Tax numbers of juristic persons begin with it, numbers of citizens with 1 to 8."""
_SHORT_NAMES = {
    "common_name": "CN",
    "country_name": "C",
    "locality_name": "L",
    "state_or_province_name": "ST",
    "organization_name": "O",
    "organizational_unit_name": "OU",
    "given_name": "GN",
    "surname": "SN",
    "serial_number": "serialNumber",
    "title": "title",
    "user_id": "UID",
    "email_address": "emailAddress",
    "organization_identifier": "organizationIdentifier",
    "domain_component": "DC",
}


def signer_of(certificate: x509.Certificate) -> Signer:
    """Read who a certificate says its holder is; whatever cannot be read is left out."""
    subject = tuple(_attributes(certificate.subject))
    numbers = set(_numbers(subject))
    names = [value for name, value in subject if name == "CN"]
    organizations = [value for name, value in subject if name == "O"]
    return Signer(
        common_name=", ".join(names)[:MAX_TEXT] or _described(subject),
        serial=f"{certificate.serial_number:x}",
        subject=subject,
        organization=organizations[0] if organizations else None,
        citizen_id=_single(number for number in numbers if not number.startswith(_JURISTIC)),
        tax_id=_single(number for number in numbers if number.startswith(_JURISTIC)),
        issuer=_described(tuple(_attributes(certificate.issuer))),
        certificate_sha256=hashlib.sha256(certificate.dump()).hexdigest(),
    )


def key_findings(certificate: x509.Certificate) -> tuple[AlgorithmFinding, ...]:
    """Say of which sort and strength the signer's key is."""
    key = certificate.public_key
    try:
        name = key.algorithm
        if name in {"rsa", "rsassa_pss"}:
            name = f"{name}-{key.bit_size}"
        elif name == "ec":
            name = f"ec-{key.curve[1]}"
    except (ValueError, KeyError, TypeError):
        name = "unknown"
    accepted = key_is_strong(key)
    return (AlgorithmFinding(use="key", name=str(name)[:MAX_TEXT], accepted=accepted),)


def _attributes(name: x509.Name) -> Iterator[tuple[str, str]]:
    count = 0
    for relative in name.chosen:
        for attribute in relative:
            count += 1
            if count > MAX_ATTRIBUTES:
                return
            kind = attribute["type"]
            short = _SHORT_NAMES.get(kind.native, kind.dotted)
            yield short, _text(attribute["value"])


def _text(value: core.Asn1Value) -> str:
    try:
        text = value.native
    except (ValueError, TypeError):
        return "?"
    return shown(text[:MAX_TEXT]) if isinstance(text, str) else "?"


def _numbers(subject: tuple[tuple[str, str], ...]) -> Iterator[str]:
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


def _described(subject: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"{name}={value}" for name, value in subject)[:MAX_TEXT]
