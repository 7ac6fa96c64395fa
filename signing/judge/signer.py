"""Who signed, as the certificate says: subject, Thai numbers, cryptography.

Reads the certificate; what its names mean stands in `subject`.
"""

import hashlib
from collections.abc import Iterator

from asn1crypto import core, x509

from signing.judge.algorithms import key_is_strong
from signing.judge.subject import MAX_TEXT, named, signer_from
from tdh.domain.verdicts import AlgorithmFinding, Signer


def signer_of(certificate: x509.Certificate) -> Signer:
    """Read who a certificate says its holder is; whatever cannot be read is left out."""
    return signer_from(
        subject=named(_attributes(certificate.subject)),
        issuer=named(_attributes(certificate.issuer)),
        serial=certificate.serial_number,
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


def _attributes(name: x509.Name) -> Iterator[tuple[str, str | None]]:
    for relative in name.chosen:
        for attribute in relative:
            yield attribute["type"].dotted, _text(attribute["value"])


def _text(value: core.Asn1Value) -> str | None:
    try:
        text = value.native
    except (ValueError, TypeError):
        return None
    return text if isinstance(text, str) else None
