"""Reads a CMS SignedData with one signer (RFC 5652, 5) in strict DER, for the trusted process.

A bounded read of a few kilobytes without recursion: it takes exactly the form that signers and
timestamping authorities usually write and leaves everything else to the careful judge. It verifies
that the signer's certificate is the one that is bound (RFC 5035) and that the signature is its
key's; whom the certificate belongs to is not its question.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from signing import der
from signing.judge.fast.algorithms import Digest, check_signature, read_digest
from signing.judge.fast.binding import (
    CERTIFICATE_V1,
    CERTIFICATE_V2,
    PROTECTION,
    REMEMBERED,
    check_binding,
    check_protection,
    issuer_and_serial,
    only,
)
from signing.judge.fast.syntax import NotUnderstood

MAX_BYTES: Final = 65_536
MAX_CERTIFICATES: Final = 16

DATA: Final = der.oid("1.2.840.113549.1.7.1")
TST_INFO: Final = der.oid("1.2.840.113549.1.9.16.1.4")
_SIGNED_DATA: Final = der.oid("1.2.840.113549.1.7.2")
_CONTENT_TYPE: Final = der.oid("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST: Final = der.oid("1.2.840.113549.1.9.4")
SIGNING_TIME: Final = der.oid("1.2.840.113549.1.9.5")
_TIMESTAMP: Final = der.oid("1.2.840.113549.1.9.16.2.14")
_KNOWN_ATTRIBUTES: Final = frozenset(
    {_CONTENT_TYPE, _MESSAGE_DIGEST, SIGNING_TIME, PROTECTION, CERTIFICATE_V1, CERTIFICATE_V2}
)


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
    signed_data = only(_signed_data(data, _SIGNED_DATA), der.explicit(0)).inside(der.SEQUENCE)
    version = signed_data.integer()
    signed_data.content(der.SET)  # announced digests: the signer's own counts
    enclosed = signed_data.inside(der.SEQUENCE)
    content_type = enclosed.element(der.OID)
    content = None
    if enclosed.tag is not None:
        content = only(enclosed, der.explicit(0)).content(der.OCTET_STRING)
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
    if not attributes.keys() <= _KNOWN_ATTRIBUTES:
        raise NotUnderstood("a signed attribute that is not known here")
    certificate = _named(identity, certificates)
    check_binding(attributes, certificate)
    check_protection(attributes.get(PROTECTION), digest_algorithm, mechanism)
    return Message(
        content_type=content_type,
        content=content,
        certificates=certificates,
        certificate=certificate,
        digest=read_digest(digest_algorithm),
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
        certificate, key = _parsed(message.certificate)
        mechanism = check_signature(
            key,
            message.mechanism,
            message.digest,
            message.signature,
            message.signed,
        )
    # A Warning arrives here where Python makes errors of the library's deprecation warnings.
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, x509.InvalidVersion, Warning) as no:
        raise NotUnderstood("the signature does not verify") from no
    return certificate, mechanism


@lru_cache(maxsize=REMEMBERED)
def _parsed(certificate: bytes) -> tuple[x509.Certificate, object]:
    """The certificate and its key."""
    parsed = x509.load_der_x509_certificate(certificate)
    return parsed, parsed.public_key()


def _signed_data(data: bytes, kind: bytes) -> der.Reader:
    outside = der.Reader(data)
    inside = outside.inside(der.SEQUENCE)
    outside.finish()
    if inside.element(der.OID) != kind:
        raise NotUnderstood("not signed data")
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
    """Attributes, each once and with one value, in the order of DER.

    What is signed is the DER of a set, whose elements are sorted (RFC 5652, 5.4).
    """
    elements = der.Reader(content).elements()
    if elements != sorted(elements):
        raise NotUnderstood("attributes in another order")
    attributes = dict[bytes, bytes]()
    for element in elements:
        attribute = der.Reader(element).inside(der.SEQUENCE)
        name = attribute.element(der.OID)
        values = only(attribute, der.SET)
        if name in attributes:
            raise NotUnderstood("an attribute that stands twice")
        attributes[name] = values.element()
        values.finish()
    return attributes


def _named(identity: bytes, certificates: tuple[bytes, ...]) -> bytes:
    """The one certificate with this issuer and serial number."""
    found = [item for item in certificates if der.sequence(*issuer_and_serial(item)) == identity]
    if len(found) != 1:
        raise NotUnderstood("not one certificate of the signer")
    return found[0]
