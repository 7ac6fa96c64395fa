"""The header Content-Digest (RFC 9530): what is promised of a body, and the check of it."""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence

from relay.api.errors import DigestAlgorithmNotSupported, DigestMismatch
from tdh.domain.errors import InvalidValue

_MEMBER = re.compile(r"\s*([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/=]*):\s*")
_ALGORITHM = "sha-256"


def promised(values: Sequence[str]) -> bytes | None:
    """The SHA-256 that the header's lines promise, None without the header.

    Raises InvalidValue where it is not a dictionary of byte sequences (RFC 8941), and
    DigestAlgorithmNotSupported where it promises only by algorithms that are not checked here: a
    promise is never passed over in silence.
    """
    if not values:
        return None
    found: dict[str, bytes] = {}
    for member in ",".join(values).split(","):
        match = _MEMBER.fullmatch(member)
        if match is None or match[1] in found:
            raise InvalidValue("Content-Digest", "must be sha-256=:base64:")
        try:
            found[match[1]] = base64.b64decode(match[2], validate=True)
        except binascii.Error as error:
            raise InvalidValue("Content-Digest", "must be sha-256=:base64:") from error
    if _ALGORITHM not in found:
        raise DigestAlgorithmNotSupported("sha-256 only")
    if len(found[_ALGORITHM]) != hashlib.sha256().digest_size:
        raise InvalidValue("Content-Digest", "a SHA-256 has 32 bytes")
    return found[_ALGORITHM]


def check(wanted: bytes | None, got: bytes) -> None:
    """Raises DigestMismatch."""
    if wanted is not None and wanted != got:
        raise DigestMismatch("the Content-Digest does not fit")


def header_of(sha256: bytes) -> str:
    """The header's value for an answer."""
    return f"{_ALGORITHM}=:{base64.b64encode(sha256).decode()}:"


def sha256(data: bytes | bytearray) -> bytes:
    """The digest itself."""
    return hashlib.sha256(data).digest()
