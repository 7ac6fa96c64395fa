"""`trust.json`: whom a verifier believes. Chosen by the one who checks, never by what is checked.

The form is the published one: `seal_roots` and `tsa_roots` (PEM), `logs` and `witnesses` (vkeys),
`witness_threshold`, and, where there are any, `outside_tsa_roots` (PEM: authorities that are not
the operator's) and `compromised` (keys that are in other hands). Every key may be left out; what is
not named is not trusted. Never looks for a trust file by itself and never fetches one.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from cryptography import x509

from signing import certificates
from signing.checkpoint import NoteError, NoteVerifier
from signing.compromise import CompromisedKey, CompromiseError, LogVerifier, name_of_verifier
from signing.cosignature import CosignatureKind, CosignatureVerifier
from signing.errors import ProofError

MAX_TRUST_FILE_BYTES = 1 << 20
"""Larger files are refused; one root and one key have about 1,000 bytes."""

_KEYS = (
    "seal_roots",
    "tsa_roots",
    "outside_tsa_roots",
    "logs",
    "witnesses",
    "witness_threshold",
    "compromised",
)
Verifier = TypeVar("Verifier", NoteVerifier, CosignatureVerifier, LogVerifier)


class TrustFileError(ProofError):
    """A text that is no trust file; it trusts nobody rather than somebody by mistake."""

    code = "trust-file-invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustFile:
    """Roots and keys that are believed."""

    seal_roots: tuple[x509.Certificate, ...] = ()
    tsa_roots: tuple[x509.Certificate, ...] = ()
    outside_tsa_roots: tuple[x509.Certificate, ...] = ()
    """Of timestamp authorities that are not the operator's: a token below one of them anchors."""
    logs: tuple[LogVerifier, ...] = ()
    witnesses: tuple[CosignatureVerifier, ...] = ()
    """Keys of outsiders who cosign heads."""
    witness_threshold: int = 0
    """How many of the witnesses must have cosigned a head before it counts as anchored."""
    compromised: tuple[CompromisedKey, ...] = ()

    @property
    def all_tsa_roots(self) -> tuple[x509.Certificate, ...]:
        """Whose timestamps are believed, outsiders' and others'."""
        return (*self.outside_tsa_roots, *self.tsa_roots)

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
        logs = _keys(plain, "logs", _log_key)
        witnesses = _keys(plain, "witnesses", CosignatureVerifier.parse)
        _check_witnesses(witnesses, logs)
        return cls(
            seal_roots=_certificates(plain, "seal_roots"),
            tsa_roots=_certificates(plain, "tsa_roots"),
            outside_tsa_roots=_certificates(plain, "outside_tsa_roots"),
            logs=logs,
            witnesses=witnesses,
            witness_threshold=threshold,
            compromised=_compromised(plain),
        )

    def text(self) -> bytes:
        """The file that `parse` reads."""
        plain: dict[str, Any] = {
            "seal_roots": _pem(self.seal_roots),
            "tsa_roots": _pem(self.tsa_roots),
            "logs": [log.vkey for log in self.logs],
            "witnesses": [witness.vkey for witness in self.witnesses],
            "witness_threshold": self.witness_threshold,
        }
        if self.outside_tsa_roots:
            plain["outside_tsa_roots"] = _pem(self.outside_tsa_roots)
        if self.compromised:
            plain["compromised"] = [each.to_plain() for each in self.compromised]
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


def _pem(roots: Iterable[x509.Certificate]) -> list[str]:
    return [certificates.pem(root).decode() for root in roots]


def _certificates(plain: dict[str, Any], key: str) -> tuple[x509.Certificate, ...]:
    found: list[x509.Certificate] = []
    for pem in _texts(plain, key):
        try:
            found += x509.load_pem_x509_certificates(pem.encode())
        # A Warning arrives here where Python makes errors of the library's deprecation warnings.
        except (ValueError, x509.InvalidVersion, Warning) as exc:
            raise TrustFileError(f"{key}: not a certificate in PEM") from exc
    return tuple(found)


def _keys(
    plain: dict[str, Any], key: str, parse: Callable[[str], Verifier]
) -> tuple[Verifier, ...]:
    try:
        found = tuple(parse(vkey) for vkey in _texts(plain, key))
        for verifier in found:
            name_of_verifier(verifier)
    except (NoteError, CompromiseError) as exc:
        raise TrustFileError(f"{key}: {exc}") from exc
    return found


def _log_key(vkey: str) -> LogVerifier:
    """A log's own key: Ed25519 (type 0x01), or ML-DSA-44 (type 0x06). Raises NoteError."""
    try:
        return NoteVerifier.parse(vkey)
    except NoteError:
        verifier = CosignatureVerifier.parse(vkey)
    if verifier.kind is not CosignatureKind.ML_DSA_44:
        raise NoteError("a log signs with Ed25519 (type 1) or ML-DSA-44 (type 6)")
    return verifier


def _check_witnesses(witnesses: Sequence[CosignatureVerifier], logs: Sequence[LogVerifier]) -> None:
    """An operator is no witness of his own log. Raises TrustFileError."""
    names = {log.name for log in logs}
    keys = {log.public_key for log in logs}
    for witness in witnesses:
        if witness.name in names or witness.public_key in keys:
            raise TrustFileError(f"witnesses: {witness.name} is a log's own name or key")


def _compromised(plain: dict[str, Any]) -> tuple[CompromisedKey, ...]:
    values = plain.get("compromised", [])
    if not isinstance(values, list):
        raise TrustFileError("compromised: must be a list")
    try:
        return tuple(CompromisedKey.parse(value) for value in values)
    except CompromiseError as exc:
        raise TrustFileError(f"compromised: {exc}") from exc
