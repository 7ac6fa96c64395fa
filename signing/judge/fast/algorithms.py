"""Which cryptography the fast lane knows: SHA-2, RSA with PKCS#1 v1.5, ECDSA over the NIST curves.

A part of the allow-list in `signing/judge/algorithms.py`, under the same names. The careful judge
knows the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from signing import der
from signing.cms import MIN_RSA_BITS
from signing.judge.fast.syntax import NotUnderstood

MAX_RSA_BITS: Final = 8192
SHA256: Final = der.oid("2.16.840.1.101.3.4.2.1")
NULL: Final = der.tlv(der.NULL)


@dataclass(frozen=True, slots=True)
class Digest:
    """A digest algorithm under its names."""

    name: str
    """As hashlib and reports spell it."""
    method: hashes.HashAlgorithm


DIGESTS: Final[Mapping[bytes, Digest]] = MappingProxyType(
    {
        SHA256: Digest("sha256", hashes.SHA256()),
        der.oid("2.16.840.1.101.3.4.2.2"): Digest("sha384", hashes.SHA384()),
        der.oid("2.16.840.1.101.3.4.2.3"): Digest("sha512", hashes.SHA512()),
    }
)
_PLAIN_RSA: Final = der.oid("1.2.840.113549.1.1.1")
_RSA: Final = MappingProxyType(
    {
        der.oid("1.2.840.113549.1.1.11"): "sha256",
        der.oid("1.2.840.113549.1.1.12"): "sha384",
        der.oid("1.2.840.113549.1.1.13"): "sha512",
    }
)
_ECDSA: Final = MappingProxyType(
    {
        der.oid("1.2.840.10045.4.3.2"): "sha256",
        der.oid("1.2.840.10045.4.3.3"): "sha384",
        der.oid("1.2.840.10045.4.3.4"): "sha512",
    }
)
_CURVES: Final = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)


def read_digest(algorithm: bytes) -> Digest:
    """Read an AlgorithmIdentifier. Raises NotUnderstood or DerError."""
    reader = der.Reader(algorithm).inside(der.SEQUENCE)
    found = DIGESTS.get(reader.element(der.OID))
    if found is None or b"".join(reader.elements()) not in (b"", NULL):
        raise NotUnderstood("another digest algorithm")
    return found


def check_signature(
    key: object, mechanism: bytes, digest: Digest, signature: bytes, signed: bytes
) -> str:
    """Verify; give the mechanism as reports name it.

    Raises NotUnderstood, DerError, and what the library raises for a signature that is wrong.
    """
    algorithm = der.Reader(mechanism).inside(der.SEQUENCE)
    name, parameters = algorithm.element(der.OID), b"".join(algorithm.elements())
    if isinstance(key, rsa.RSAPublicKey) and MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        if parameters not in (NULL, b"") or _RSA.get(name, digest.name) != digest.name:
            raise NotUnderstood("another mechanism")
        if name not in _RSA and name != _PLAIN_RSA:
            raise NotUnderstood("another mechanism")
        key.verify(signature, signed, padding.PKCS1v15(), digest.method)
        return f"{digest.name}_rsa" if name in _RSA else "rsassa_pkcs1v15"
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES):
        if parameters or _ECDSA.get(name) != digest.name:
            raise NotUnderstood("another mechanism")
        key.verify(signature, signed, ec.ECDSA(digest.method))
        return f"{digest.name}_ecdsa"
    raise NotUnderstood("a key of another kind")
