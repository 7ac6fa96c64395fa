"""Keys that fell into other hands: how a trust file names them, and since when they do not count.

A key is named by the SHA-256 of its SubjectPublicKeyInfo (RFC 5280, 4.1; as in RFC 7469), so that
one name serves seals, authorities, timestamping units, logs and witnesses. Says nothing of what a
key signed before: that is decided where somebody else's word for it is at hand.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from signing.checkpoint import NoteVerifier
from signing.cosignature import CosignatureKind, CosignatureVerifier
from signing.errors import ProofError

LogVerifier = NoteVerifier | CosignatureVerifier
"""A key of a log: Ed25519, or ML-DSA-44 for its further signature."""

_KEY = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(
    r"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})"
)


class CompromiseError(ProofError):
    """Words about a compromised key that are not understood."""

    code = "compromise-invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompromisedKey:
    """One key that others may have used."""

    key: str
    """SHA-256 of the SubjectPublicKeyInfo, 64 hexadecimal digits."""
    since: datetime
    """From this moment on nothing that the key signed counts."""

    @classmethod
    def parse(cls, plain: object) -> Self:
        """Read `{"key": hex, "since": RFC 3339}`. Raises CompromiseError."""
        if not isinstance(plain, dict) or set(plain) != {"key", "since"}:
            raise CompromiseError("a compromised key is an object of key and since")
        key, since = plain["key"], plain["since"]
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise CompromiseError("key is the SHA-256 of a public key, 64 hexadecimal digits")
        if not isinstance(since, str) or not _TIME.fullmatch(since):
            raise CompromiseError("since is a time with an offset (RFC 3339)")
        try:
            return cls(key=key, since=datetime.fromisoformat(since))
        except ValueError as exc:
            raise CompromiseError("since is a time that does not exist") from exc

    def to_plain(self) -> dict[str, str]:
        """What `parse` reads."""
        return {"key": self.key, "since": self.since.isoformat()}


def compromised_since(
    compromised: Iterable[CompromisedKey], keys: Iterable[str]
) -> datetime | None:
    """Since when the first of these keys is in other hands; None if none is."""
    wanted = set(keys)
    return min((each.since for each in compromised if each.key in wanted), default=None)


def names_of_path(path: Iterable[x509.Certificate]) -> tuple[str, ...]:
    """The name of each key of a certificate path: who has any of them can make the others.

    A key that cannot be read has none: no signature of it verifies either.
    """
    found = list[str]()
    for certificate in path:
        try:
            key = certificate.public_key()
        except (ValueError, UnsupportedAlgorithm):
            continue
        found.append(_name(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)))
    return tuple(found)


def name_of_verifier(verifier: LogVerifier) -> str:
    """The name of a log's or a witness's key. Raises CompromiseError if it is no key."""
    ml_dsa = (
        isinstance(verifier, CosignatureVerifier) and verifier.kind is CosignatureKind.ML_DSA_44
    )
    try:
        key = (MLDSA44PublicKey if ml_dsa else Ed25519PublicKey).from_public_bytes(
            verifier.public_key
        )
    except ValueError as exc:
        raise CompromiseError(f"the key of {verifier.name} is none") from exc
    return _name(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def _name(public_key_info: bytes) -> str:
    return hashlib.sha256(public_key_info).hexdigest()
