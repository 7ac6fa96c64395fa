"""Makes signed data in CMS (RFC 5652) for timestamps, by joining prepared pieces of DER.

Four signed attributes: content type, message digest, the signer's certificate by digest
(ESSCertIDv2, RFC 5816) and the algorithms (RFC 6211), so that no byte can be changed unseen. It
signs whatever it is given: what may be signed is decided by who holds the key. Never does I/O.
"""

import hashlib
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from signing import cms, der, private_keys
from signing.private_keys import name_of, signature_of

SigningKey = private_keys.SigningKey

_SHA256_ALGORITHM = der.sequence(der.oid(cms.SHA256))


class CmsSigner:
    """Signs one type of content under a P-256 or RSA key; what never changes is prepared once."""

    __slots__ = ("_algorithm", "_attributes", "_certificate", "_content_type", "_identity", "_key")

    def __init__(
        self, *, key: SigningKey, certificate: x509.Certificate, content_type: str
    ) -> None:
        """Raise cms.CmsError if the key is not the certificate's, or of an unsupported kind."""
        if certificate.public_key() != key.public_key():
            raise cms.CmsError("the key does not belong to the certificate")
        self._key = key
        self._certificate = certificate.public_bytes(Encoding.DER)
        self._content_type = der.oid(content_type)
        self._algorithm = _algorithm_of(key)
        self._identity = der.sequence(*cms.issuer_and_serial(self._certificate))
        by_digest = der.sequence(der.octet_string(hashlib.sha256(self._certificate).digest()))
        protected = der.tlv(der.explicit(1), der.Reader(self._algorithm).content())
        self._attributes = (
            _attribute(cms.CONTENT_TYPE, self._content_type),
            _attribute(cms.SIGNING_CERTIFICATE_V2, der.sequence(der.sequence(by_digest))),
            _attribute(cms.ALGORITHM_PROTECTION, der.sequence(_SHA256_ALGORITHM, protected)),
        )

    def sign(self, content: bytes, *, certificates: Sequence[bytes] | None = ()) -> bytes:
        """Return a ContentInfo that carries the signer's certificate and `certificates` (DER).

        None leaves out the signer's certificate as well: the receiver must have it.
        """
        digest = _attribute(cms.MESSAGE_DIGEST, der.octet_string(hashlib.sha256(content).digest()))
        attributes = der.set_of((*self._attributes, digest))
        # RFC 5652, 5.4: signed as a SET, written under the tag [0].
        written_attributes = bytes((der.explicit(0),)) + attributes[1:]
        signer_info = der.sequence(
            der.integer(1),
            self._identity,
            _SHA256_ALGORITHM,
            written_attributes,
            self._algorithm,
            der.octet_string(signature_of(self._key, attributes)),
        )
        carried = b""
        if certificates is not None:
            carried = der.set_of((self._certificate, *certificates), der.explicit(0))
        signed_data = der.sequence(
            der.integer(3),
            der.set_of((_SHA256_ALGORITHM,)),
            der.sequence(self._content_type, der.tlv(der.explicit(0), der.octet_string(content))),
            carried,
            der.set_of((signer_info,)),
        )
        return der.sequence(der.oid(cms.SIGNED_DATA), der.tlv(der.explicit(0), signed_data))


def _attribute(name: str, value: bytes) -> bytes:
    return der.sequence(der.oid(name), der.set_of((value,)))


def _algorithm_of(key: SigningKey) -> bytes:
    """Give the AlgorithmIdentifier of the key's signatures over SHA-256."""
    public = key.public_key()
    if isinstance(public, rsa.RSAPublicKey) and public.key_size >= cms.MIN_RSA_BITS:
        return der.sequence(der.oid(cms.RSA_SHA256), cms.NULL)
    if isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, ec.SECP256R1):
        return der.sequence(der.oid(cms.ECDSA_SHA256))
    raise cms.CmsError(
        f"a signing key is P-256, or RSA of {cms.MIN_RSA_BITS} bits or more, not {name_of(public)}"
    )
