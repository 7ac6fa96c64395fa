"""Reads a CMS SignedData with one signer (RFC 5652, 5) in strict DER, for the trusted process.

A bounded read of a few kilobytes without recursion: it takes exactly the form that signers and
timestamping authorities usually write and leaves everything else to the careful judge. It verifies
that the signer's certificate is the one that is bound (RFC 5035) and that the signature is its
key's; whom the certificate belongs to is not its question.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from signing import der
from signing.judge.fast.syntax import NotUnderstood

MAX_BYTES: Final = 65_536
MAX_CERTIFICATES: Final = 16
MIN_RSA_BITS: Final = 2048
MAX_RSA_BITS: Final = 8192

DATA: Final = der.oid("1.2.840.113549.1.7.1")
TST_INFO: Final = der.oid("1.2.840.113549.1.9.16.1.4")
_SIGNED_DATA: Final = der.oid("1.2.840.113549.1.7.2")
_CONTENT_TYPE: Final = der.oid("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST: Final = der.oid("1.2.840.113549.1.9.4")
SIGNING_TIME: Final = der.oid("1.2.840.113549.1.9.5")
_PROTECTION: Final = der.oid("1.2.840.113549.1.9.52")
_CERTIFICATE_V1: Final = der.oid("1.2.840.113549.1.9.16.2.12")
_CERTIFICATE_V2: Final = der.oid("1.2.840.113549.1.9.16.2.47")
_TIMESTAMP: Final = der.oid("1.2.840.113549.1.9.16.2.14")
_KNOWN_ATTRIBUTES: Final = frozenset(
    {_CONTENT_TYPE, _MESSAGE_DIGEST, SIGNING_TIME, _PROTECTION, _CERTIFICATE_V1, _CERTIFICATE_V2}
)
_NULL: Final = der.tlv(der.NULL)


@dataclass(frozen=True, slots=True)
class Digest:
    """A digest algorithm under its names."""

    name: str
    """As hashlib and reports spell it."""
    method: hashes.HashAlgorithm


DIGESTS: Final[Mapping[bytes, Digest]] = MappingProxyType(
    {
        der.oid("2.16.840.1.101.3.4.2.1"): Digest("sha256", hashes.SHA256()),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A SignedData of one signer, read but not verified."""

    content_type: bytes
    content: bytes | None
    certificates: tuple[bytes, ...]
    """In their order."""
    certificate: bytes
    """The signer's, by issuer and serial number and by its digest."""
    digest: Digest
    digest_algorithm: bytes
    attributes: Mapping[bytes, bytes]
    """Signed attributes: object identifier to the one value, both in DER."""
    signed: bytes
    """What the signature is over."""
    mechanism: bytes
    signature: bytes
    token: bytes | None
    """A timestamp over the signature, among the unsigned attributes."""

    @property
    def others(self) -> tuple[bytes, ...]:
        """All certificates but the signer's."""
        return tuple(item for item in self.certificates if item != self.certificate)


def read_message(data: bytes) -> Message:
    """Read; `data` ends where the message ends. Raises NotUnderstood or DerError."""
    if len(data) > MAX_BYTES:
        raise NotUnderstood("a message that is too long")
    signed_data = _only(_only_sequence(data, _SIGNED_DATA), der.explicit(0)).inside(der.SEQUENCE)
    version = signed_data.integer()
    signed_data.content(der.SET)  # announced digests: the signer's own counts
    enclosed = signed_data.inside(der.SEQUENCE)
    content_type = enclosed.element(der.OID)
    content = None
    if enclosed.tag is not None:
        content = _only(enclosed, der.explicit(0)).content(der.OCTET_STRING)
    certificates = tuple(signed_data.inside(der.explicit(0)).elements())
    signers = signed_data.inside(der.SET)  # lists that came along are left to the careful judge
    signed_data.finish()
    info = signers.inside(der.SEQUENCE)
    signers.finish()
    if version not in {1, 3} or info.integer() != 1 or len(certificates) > MAX_CERTIFICATES:
        raise NotUnderstood("another version, or too many certificates")
    identity = info.element(der.SEQUENCE)
    digest_algorithm = info.element(der.SEQUENCE)
    attributes_content = info.content(der.explicit(0))
    mechanism = info.element(der.SEQUENCE)
    signature = info.content(der.OCTET_STRING)
    token = _token(info)
    info.finish()
    attributes = _attributes(attributes_content)
    _check_order(attributes_content)
    if not attributes.keys() <= _KNOWN_ATTRIBUTES:
        raise NotUnderstood("a signed attribute that is not known here")
    certificate = _named(identity, certificates)
    _check_binding(attributes, certificate)
    _check_protection(attributes.get(_PROTECTION), digest_algorithm, mechanism)
    return Message(
        content_type=content_type,
        content=content,
        certificates=certificates,
        certificate=certificate,
        digest=_digest(digest_algorithm),
        digest_algorithm=digest_algorithm,
        attributes=attributes,
        signed=der.tlv(der.SET, attributes_content),
        mechanism=mechanism,
        signature=signature,
        token=token,
    )


def check_message(message: Message, content_digest: bytes) -> tuple[x509.Certificate, str]:
    """Verify digest and signature; give the certificate, and the mechanism as reports name it.

    Raises NotUnderstood, also where the signature is wrong: the careful judge says why.
    """
    if message.attributes.get(_CONTENT_TYPE) != message.content_type:
        raise NotUnderstood("a signature over another type of content")
    if message.attributes.get(_MESSAGE_DIGEST) != der.octet_string(content_digest):
        raise NotUnderstood("another digest")
    try:
        certificate = x509.load_der_x509_certificate(message.certificate)
        return certificate, _verified(message, certificate.public_key())
    # A Warning arrives here where Python makes errors of the library's deprecation warnings.
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, x509.InvalidVersion, Warning) as no:
        raise NotUnderstood("the signature does not verify") from no


def _verified(message: Message, key: object) -> str:
    algorithm = der.Reader(message.mechanism).inside(der.SEQUENCE)
    name, parameters = algorithm.element(der.OID), b"".join(algorithm.elements())
    digest = message.digest
    if isinstance(key, rsa.RSAPublicKey) and MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        if parameters not in (_NULL, b"") or _RSA.get(name, digest.name) != digest.name:
            raise NotUnderstood("another mechanism")
        if name not in _RSA and name != _PLAIN_RSA:
            raise NotUnderstood("another mechanism")
        key.verify(message.signature, message.signed, padding.PKCS1v15(), digest.method)
        return f"{digest.name}_rsa" if name in _RSA else "rsassa_pkcs1v15"
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES):
        if parameters or _ECDSA.get(name) != digest.name:
            raise NotUnderstood("another mechanism")
        key.verify(message.signature, message.signed, ec.ECDSA(digest.method))
        return f"{digest.name}_ecdsa"
    raise NotUnderstood("a key of another kind")


def _only_sequence(data: bytes, kind: bytes) -> der.Reader:
    outside = der.Reader(data)
    inside = outside.inside(der.SEQUENCE)
    outside.finish()
    if inside.element(der.OID) != kind:
        raise NotUnderstood("not signed data")
    return inside


def _only(reader: der.Reader, tag: int) -> der.Reader:
    """What the one element that is left holds."""
    inside = reader.inside(tag)
    reader.finish()
    return inside


def _token(info: der.Reader) -> bytes | None:
    """The one unsigned attribute that is known: a timestamp over the signature (RFC 3161, A)."""
    if info.tag is None:
        return None
    attributes = _attributes(info.content(der.explicit(1)))
    if attributes.keys() != {_TIMESTAMP}:
        raise NotUnderstood("an unsigned attribute that is not known here")
    return attributes[_TIMESTAMP]


def _attributes(content: bytes) -> dict[bytes, bytes]:
    """Attributes, each once and with one value."""
    attributes = dict[bytes, bytes]()
    reader = der.Reader(content)
    while reader.tag is not None:
        attribute = reader.inside(der.SEQUENCE)
        name = attribute.element(der.OID)
        values = _only(attribute, der.SET)
        if name in attributes:
            raise NotUnderstood("an attribute that stands twice")
        attributes[name] = values.element()
        values.finish()
    return attributes


def _check_order(content: bytes) -> None:
    """What is signed is the DER of a set, whose elements are sorted (RFC 5652, 5.4)."""
    elements = der.Reader(content).elements()
    if elements != sorted(elements):
        raise NotUnderstood("attributes in another order")


def _digest(algorithm: bytes) -> Digest:
    reader = der.Reader(algorithm).inside(der.SEQUENCE)
    found = DIGESTS.get(reader.element(der.OID))
    if found is None or b"".join(reader.elements()) not in (b"", _NULL):
        raise NotUnderstood("another digest algorithm")
    return found


def _named(identity: bytes, certificates: tuple[bytes, ...]) -> bytes:
    """The one certificate with this issuer and serial number."""
    found = [item for item in certificates if der.sequence(*_issuer_and_serial(item)) == identity]
    if len(found) != 1:
        raise NotUnderstood("not one certificate of the signer")
    return found[0]


def _issuer_and_serial(certificate: bytes) -> tuple[bytes, bytes]:
    fields = der.Reader(certificate).inside(der.SEQUENCE).inside(der.SEQUENCE)
    fields.optional(der.explicit(0))  # the version
    serial = fields.element(der.INTEGER)
    fields.content(der.SEQUENCE)  # the algorithm
    return fields.element(der.SEQUENCE), serial


def _check_binding(attributes: Mapping[bytes, bytes], certificate: bytes) -> None:
    """RFC 5035: the signed attributes bind exactly this certificate, by every digest they have.

    Authorities still write the first version of the attribute, which is by SHA-1 (RFC 2634).
    """
    second, first = attributes.get(_CERTIFICATE_V2), attributes.get(_CERTIFICATE_V1)
    if second is None and first is None:
        raise NotUnderstood("no certificate is bound")
    if second is not None:
        bound = _bound(second)
        digest = DIGESTS[der.oid("2.16.840.1.101.3.4.2.1")]
        if bound.tag == der.SEQUENCE:
            digest = _digest(bound.element())
        _check_bound(bound, hashlib.new(digest.name, certificate).digest(), certificate)
    if first is not None:
        sha1 = hashlib.sha1(certificate, usedforsecurity=False).digest()
        _check_bound(_bound(first), sha1, certificate)


def _bound(value: bytes) -> der.Reader:
    """The one certificate identifier in the attribute."""
    outside = der.Reader(value)
    attribute = outside.inside(der.SEQUENCE)
    outside.finish()
    return _only(_only(attribute, der.SEQUENCE), der.SEQUENCE)


def _check_bound(bound: der.Reader, digest: bytes, certificate: bytes) -> None:
    if bound.content(der.OCTET_STRING) != digest:
        raise NotUnderstood("another certificate is bound")
    if bound.tag is None:
        return
    names = _only(bound, der.SEQUENCE)
    issuer = _only(names.inside(der.SEQUENCE), der.explicit(4)).element(der.SEQUENCE)
    serial = names.element(der.INTEGER)
    names.finish()
    if (issuer, serial) != _issuer_and_serial(certificate):
        raise NotUnderstood("a certificate of another issuer is bound")


def _check_protection(value: bytes | None, digest_algorithm: bytes, mechanism: bytes) -> None:
    """RFC 6211: the algorithms as they were when it was signed."""
    if value is None:
        return
    protection = der.Reader(value).inside(der.SEQUENCE)
    if protection.element(der.SEQUENCE) != digest_algorithm:
        raise NotUnderstood("another digest algorithm was protected")
    if der.sequence(protection.content(der.explicit(1))) != mechanism:
        raise NotUnderstood("another mechanism was protected")
    protection.finish()
