"""Whether the value of an XML signature is that of a key: RFC 9231, 2.3, by `cryptography`.

The scheme is the one that the signature's method names, and the key must be of that kind: a key
never decides how it is used. Says nothing about whose key it is, nor whether it is strong enough.
"""

from collections.abc import Callable, Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from signing.judge.xml_names import Method, Scheme

_HASHES: Mapping[str, Callable[[], hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1,
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
    "sha3_256": hashes.SHA3_256,
    "sha3_384": hashes.SHA3_384,
    "sha3_512": hashes.SHA3_512,
    "md5": hashes.MD5,
}


def verifies(spki: bytes, method: Method, value: bytes, signed: bytes) -> bool:
    """Whether the key (SubjectPublicKeyInfo) and the value fit, by the method's scheme only.

    Raises UnsupportedAlgorithm for a key or a digest that `cryptography` does not know.
    """
    try:
        key = load_der_public_key(spki)
    except ValueError:
        return False
    digest = _HASHES[method.digest]() if method.digest else None
    try:
        match method.scheme, key, digest:
            case Scheme.PKCS1, rsa.RSAPublicKey(), hashes.HashAlgorithm():
                key.verify(value, signed, padding.PKCS1v15(), digest)
            case Scheme.PSS, rsa.RSAPublicKey(), hashes.HashAlgorithm():
                salt = digest.digest_size if method.salt is None else method.salt
                scheme = padding.PSS(mgf=padding.MGF1(digest), salt_length=salt)
                key.verify(value, signed, scheme, digest)
            case Scheme.ECDSA, ec.EllipticCurvePublicKey(), hashes.HashAlgorithm():
                key.verify(_der(value, key), signed, ec.ECDSA(digest))
            case Scheme.ED25519, ed25519.Ed25519PublicKey(), None:
                key.verify(value, signed)
            case Scheme.ED448, ed448.Ed448PublicKey(), None:
                key.verify(value, signed)
            case _:
                return False
    except InvalidSignature:
        return False
    return True


def _der(value: bytes, key: ec.EllipticCurvePublicKey) -> bytes:
    """RFC 4050, 3.3: r and s side by side, each as long as the field's order."""
    half = (key.curve.key_size + 7) // 8
    if len(value) != 2 * half:
        raise InvalidSignature
    return encode_dss_signature(
        int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big")
    )
