"""`trust.json`: whom a verifier believes. Chosen by the one who checks, never by what is checked.

The form is the published one: `seal_roots` and `tsa_roots` (PEM), `logs` and `witnesses` (vkeys),
`witness_threshold`. Every key may be left out; what is not named is not trusted. Never looks for a
trust file by itself and never fetches one.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from cryptography import x509

from signing import certificates
from signing.checkpoint import NoteError, NoteVerifier
from signing.errors import ProofError

MAX_TRUST_FILE_BYTES = 1 << 20
"""Larger files are refused; one root and one key have about 1,000 bytes."""

_KEYS = ("seal_roots", "tsa_roots", "logs", "witnesses", "witness_threshold")


class TrustFileError(ProofError):
    """A text that is no trust file; it trusts nobody rather than somebody by mistake."""

    code = "trust-file-invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustFile:
    """Roots and keys that are believed."""

    seal_roots: tuple[x509.Certificate, ...] = ()
    tsa_roots: tuple[x509.Certificate, ...] = ()
    logs: tuple[NoteVerifier, ...] = ()
    witnesses: tuple[str, ...] = ()
    """Keys of outsiders who cosign heads, as they stand in the file; not used yet."""
    witness_threshold: int = 0
    """How many of the witnesses must have cosigned a head before it counts as anchored."""

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Read a trust file. Raises TrustFileError, naming the key that is wrong."""
        if len(text) > MAX_TRUST_FILE_BYTES:
            raise TrustFileError(f"a trust file has at most {MAX_TRUST_FILE_BYTES} bytes")
        try:
            plain = json.loads(text, object_pairs_hook=_each_once)
        except (ValueError, RecursionError) as exc:
            raise TrustFileError(f"not JSON: {exc}") from exc
        if not isinstance(plain, dict):
            raise TrustFileError("a trust file is a JSON object")
        for key in plain:
            if key not in _KEYS:
                raise TrustFileError(f"{key}: no such key")
        threshold = plain.get("witness_threshold", 0)
        if not isinstance(threshold, int) or isinstance(threshold, bool) or threshold < 0:
            raise TrustFileError("witness_threshold: must be a number from 0 on")
        return cls(
            seal_roots=_certificates(plain, "seal_roots"),
            tsa_roots=_certificates(plain, "tsa_roots"),
            logs=_log_keys(plain),
            witnesses=_texts(plain, "witnesses"),
            witness_threshold=threshold,
        )

    def text(self) -> bytes:
        """The file that `parse` reads."""
        plain = {
            "seal_roots": [certificates.pem(root).decode() for root in self.seal_roots],
            "tsa_roots": [certificates.pem(root).decode() for root in self.tsa_roots],
            "logs": [log.vkey for log in self.logs],
            "witnesses": list(self.witnesses),
            "witness_threshold": self.witness_threshold,
        }
        return (json.dumps(plain, ensure_ascii=False, indent=2) + "\n").encode()


TRUST_NOBODY = TrustFile()
"""What there is without a trust file: nothing can be more than intact."""


def load_trust_file(path: Path) -> TrustFile:
    """Read the file. Raises OSError, TrustFileError."""
    with path.open("rb") as file:
        text = file.read(MAX_TRUST_FILE_BYTES + 1)
    return TrustFile.parse(text)


def _each_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _texts(plain: dict[str, Any], key: str) -> tuple[str, ...]:
    values = plain.get(key, [])
    if not isinstance(values, list) or not all(isinstance(each, str) and each for each in values):
        raise TrustFileError(f"{key}: must be a list of texts")
    return tuple(values)


def _certificates(plain: dict[str, Any], key: str) -> tuple[x509.Certificate, ...]:
    found: list[x509.Certificate] = []
    for pem in _texts(plain, key):
        try:
            found += x509.load_pem_x509_certificates(pem.encode())
        # A Warning arrives here where Python makes errors of the library's deprecation warnings.
        except (ValueError, x509.InvalidVersion, Warning) as exc:
            raise TrustFileError(f"{key}: not a certificate in PEM") from exc
    return tuple(found)


def _log_keys(plain: dict[str, Any]) -> tuple[NoteVerifier, ...]:
    try:
        return tuple(NoteVerifier.parse(vkey) for vkey in _texts(plain, "logs"))
    except NoteError as exc:
        raise TrustFileError(f"logs: {exc}") from exc
