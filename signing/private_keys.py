"""Private keys that sign SHA-256 digests: held in memory, or by a device that never gives them out.

One way to sign with either, so that seals and CMS need not know where a key lies. P-256, or RSA
from 3,072 bits where a length is asked for; every other kind is refused by its name.
"""

import hashlib
from typing import Protocol, runtime_checkable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tdh.domain.errors import TDHError

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


class KeyGone(TDHError):
    """The device that holds a key does not sign any more; nothing was signed."""

    code = "key-gone"
    retryable = True


@runtime_checkable
class HeldKey(Protocol):
    """A key inside a device."""

    def public_key(self) -> PublicKey:
        """The public half."""
        ...

    def sign_digest(self, digest: bytes) -> bytes:
        """Sign a SHA-256 digest: an ECDSA-Sig-Value in DER, or RSASSA-PKCS1-v1_5.

        Raises KeyGone.
        """
        ...


SigningKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | HeldKey


def signature_of(key: SigningKey, data: bytes) -> bytes:
    """Sign with SHA-256: an ECDSA-Sig-Value in DER, or RSASSA-PKCS1-v1_5. Raises KeyGone."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(hashes.SHA256()))
    return key.sign_digest(hashlib.sha256(data).digest())


def verify_digest(key: PublicKey, signature: bytes, digest: bytes) -> None:
    """Return if the signature over a SHA-256 digest is the key's. Raises InvalidSignature."""
    prehashed = Prehashed(hashes.SHA256())
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, digest, padding.PKCS1v15(), prehashed)
    else:
        key.verify(signature, digest, ec.ECDSA(prehashed))


def name_of(key: object) -> str:
    """What kind of key it is, for people: `P-384`, `RSA-2048`, `Ed25519`."""
    if isinstance(key, ec.EllipticCurvePublicKey | ec.EllipticCurvePrivateKey):
        return _CURVES.get(key.curve.name, key.curve.name)
    if isinstance(key, rsa.RSAPublicKey | rsa.RSAPrivateKey):
        return f"RSA-{key.key_size}"
    return type(key).__name__.removesuffix("PublicKey").removesuffix("PrivateKey")


def spki_digest(key: object) -> bytes:
    """SHA-256 of the SubjectPublicKeyInfo (DER) of any public key: what names it for ever."""
    encoded: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]  # each kind of key has it, no class has them all
    return hashlib.sha256(encoded).digest()


_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
