"""Signed data in CMS (RFC 5652) with one signer, as timestamps and seals carry it, read strictly.

It must come from one signer, bind his certificate by digest and verify under that very
certificate. Whether to trust him is the caller's question. Never does I/O.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from signing import der
from signing.errors import ProofError

MAX_CMS_BYTES = 65_536
"""Larger signed data is refused unread; a timestamp with its chain has 2,000 to 8,000 bytes."""
MAX_DETACHED_BYTES = 1 << 20
MAX_CERTIFICATES = 32
MIN_RSA_BITS = 2048

SHA256: Final = "2.16.840.1.101.3.4.2.1"
DATA = "1.2.840.113549.1.7.1"
SIGNED_DATA = "1.2.840.113549.1.7.2"
CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
SIGNATURE_TIMESTAMP = "1.2.840.113549.1.9.16.2.14"
ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52"
ECDSA_SHA256 = "1.2.840.10045.4.3.2"
RSA_SHA256 = "1.2.840.113549.1.1.11"
_RSA = "1.2.840.113549.1.1.1"

_DIGESTS: Final = {
    SHA256: hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
}
_ECDSA_DIGESTS: Final = {
    ECDSA_SHA256: "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
}
_RSA_DIGESTS: Final = {
    RSA_SHA256: "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
}
_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
NULL = der.tlv(der.NULL)


class CmsError(ProofError):
    """Signed data that is malformed, of an unsupported kind, or not signed by whom it says."""

    code = "cms-invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedContent:
    """Content whose signature verified; the signer is not trusted yet."""

    content_type: str
    content: bytes
    signer: x509.Certificate
    others: tuple[bytes, ...]
    """The other certificates that were carried along, in DER; nothing is known of them."""
    signature: bytes = b""
    """The signature's value: what a signature timestamp (RFC 3161, appendix A) is over."""
    tokens: tuple[bytes, ...] = ()
    """Signature timestamps that were carried along; nothing is known of them."""


def open_signed_data(data: bytes, *, known: Sequence[bytes] = ()) -> SignedContent:
    """Verify signed data with one signer. Raises CmsError or DerError.

    `known` are certificates (DER) that the data may leave out. The steps:
    (1) one SignedData with content, of one signer; (2) his certificate by issuer and serial;
    (3) the signed attributes, each once, name this content and (4) this very certificate;
    (5) the algorithms agree everywhere; (6) the signature verifies under its key.
    """
    if len(data) > MAX_CMS_BYTES:
        raise CmsError(f"signed data of more than {MAX_CMS_BYTES} bytes")
    return _open(_read_signed_data(data, None), known)  # (1)


def open_detached(data: bytes, content: bytes) -> SignedContent:
    """Verify signed data over `content`, which it does not carry, by the same steps.

    Raises CmsError or DerError, also where it does carry a content. A seal brings certificates
    and revocation lists along, so it may be longer.
    """
    if len(data) > MAX_DETACHED_BYTES:
        raise CmsError(f"signed data of more than {MAX_DETACHED_BYTES} bytes")
    parts = _read_signed_data(data, content)
    found = _open(parts, ())
    return replace(found, tokens=_read_tokens(_read_signer_info(parts.signer_info).unsigned))


def _open(parts: "_SignedData", known: Sequence[bytes]) -> SignedContent:
    info = _read_signer_info(parts.signer_info)
    candidates = (*parts.certificates, *known)
    certificate = next(  # (2)
        (each for each in candidates if der.sequence(*issuer_and_serial(each)) == info.identity),
        None,
    )
    if certificate is None:
        raise CmsError("the signer's certificate is not there")
    attributes = _read_attributes(info.attributes)
    digest = _DIGESTS.get(info.digest)
    if digest is None or info.digest not in parts.digests:  # (5)
        raise CmsError("a digest algorithm that is not supported or not announced")
    if attributes.get(CONTENT_TYPE) != der.oid(parts.content_type):  # (3)
        raise CmsError("the signature is for another type of content")
    message_digest = hashlib.new(digest.name, parts.content).digest()
    if attributes.get(MESSAGE_DIGEST) != der.octet_string(message_digest):
        raise CmsError("the content was changed after signing")
    _check_certificate_binding(attributes.get(SIGNING_CERTIFICATE_V2), certificate)  # (4)
    _check_algorithm_protection(attributes.get(ALGORITHM_PROTECTION), info)  # (5)
    signer = load_certificate(certificate)
    _verify(signer, info, digest)  # (6)
    return SignedContent(
        content_type=parts.content_type,
        content=parts.content,
        signer=signer,
        others=tuple(other for other in parts.certificates if other != certificate),
        signature=info.signature,
    )


def load_certificate(data: bytes) -> x509.Certificate:
    """Parse a certificate. Raises CmsError."""
    try:
        return x509.load_der_x509_certificate(data)
    # A Warning arrives here where Python makes errors of the library's deprecation warnings.
    except (ValueError, x509.InvalidVersion, Warning) as exc:
        raise CmsError("a certificate that cannot be parsed") from exc


@dataclass(frozen=True, slots=True, kw_only=True)
class _SignedData:
    digests: tuple[str, ...]
    content_type: str
    content: bytes
    certificates: tuple[bytes, ...]
    signer_info: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _SignerInfo:
    identity: bytes
    digest: str
    digest_algorithm: bytes
    attributes: bytes
    """Content of the signed attributes."""
    signature_algorithm: bytes
    signature: bytes
    unsigned: bytes
    """Content of the unsigned attributes: they prove nothing by being here."""


def _read_signed_data(data: bytes, detached: bytes | None) -> _SignedData:
    outside = der.Reader(data)
    content_info = outside.inside(der.SEQUENCE)
    outside.finish()
    if content_info.oid() != SIGNED_DATA:
        raise CmsError("not signed data")
    wrapped = content_info.inside(der.explicit(0))
    content_info.finish()
    signed_data = wrapped.inside(der.SEQUENCE)
    wrapped.finish()
    # RFC 5652, 5.1: 3 where the content is no plain data, else 1; some writers say 3 of both.
    if signed_data.integer() not in ((3,) if detached is None else (1, 3)):
        raise CmsError("signed data of another version")
    digests = signed_data.inside(der.SET).elements()
    encapsulated = signed_data.inside(der.SEQUENCE)
    content_type = encapsulated.oid()
    if detached is None:
        content_wrap = encapsulated.inside(der.explicit(0))
        content = content_wrap.content(der.OCTET_STRING)
        content_wrap.finish()
    else:
        content = detached
    encapsulated.finish()
    if detached is not None and content_type != DATA:
        raise CmsError("a detached signature is over plain data")
    # Real authorities do not always sort this SET, and nothing depends on its order.
    bag = signed_data.optional(der.explicit(0))
    certificates = bag.elements() if bag else []
    signed_data.optional(der.explicit(1))  # revocation lists: not ours to use
    signer_infos = signed_data.inside(der.SET).elements()
    signed_data.finish()
    if len(signer_infos) != 1:
        raise CmsError("signed data has one signer here")
    if len(certificates) > MAX_CERTIFICATES:
        raise CmsError(f"more than {MAX_CERTIFICATES} certificates")
    return _SignedData(
        digests=tuple(_read_digest_algorithm(algorithm) for algorithm in digests),
        content_type=content_type,
        content=content,
        certificates=tuple(found for found in certificates if found[0] == der.SEQUENCE),
        signer_info=signer_infos[0],
    )


def _read_signer_info(data: bytes) -> _SignerInfo:
    info = der.Reader(data).inside(der.SEQUENCE)
    if info.integer() != 1:
        raise CmsError("the signer is not named by issuer and serial number")
    identity = info.element(der.SEQUENCE)
    digest_algorithm = info.element(der.SEQUENCE)
    attributes = info.content(der.explicit(0))
    signature_algorithm = info.element(der.SEQUENCE)
    signature = info.content(der.OCTET_STRING)
    unsigned = info.content(der.explicit(1)) if info.tag == der.explicit(1) else b""
    info.finish()
    return _SignerInfo(
        identity=identity,
        digest=_read_digest_algorithm(digest_algorithm),
        digest_algorithm=digest_algorithm,
        attributes=attributes,
        signature_algorithm=signature_algorithm,
        signature=signature,
        unsigned=unsigned,
    )


def _read_tokens(unsigned: bytes) -> tuple[bytes, ...]:
    found: list[bytes] = []
    for element in der.Reader(unsigned).elements():
        attribute = der.Reader(element).inside(der.SEQUENCE)
        if attribute.oid() == SIGNATURE_TIMESTAMP:
            found += attribute.inside(der.SET).elements()
    return tuple(found)


def _read_digest_algorithm(data: bytes) -> str:
    algorithm = der.Reader(data).inside(der.SEQUENCE)
    name = algorithm.oid()
    if algorithm.tag is not None and algorithm.element() != NULL:
        raise CmsError("a digest algorithm with parameters")
    algorithm.finish()
    return name


def _read_attributes(data: bytes) -> dict[str, bytes]:
    """Read signed attributes, sorted and each once with one value, as type to value (DER)."""
    elements = der.Reader(data).elements()
    if elements != sorted(elements):
        raise CmsError("the signed attributes are not in DER")
    attributes: dict[str, bytes] = {}
    for element in elements:
        attribute = der.Reader(element).inside(der.SEQUENCE)
        name = attribute.oid()
        values = attribute.inside(der.SET)
        attribute.finish()
        if name in attributes:
            raise CmsError("a signed attribute that stands twice")
        attributes[name] = values.element()
        values.finish()
    return attributes


def _check_certificate_binding(value: bytes | None, certificate: bytes) -> None:
    """Compare ESSCertIDv2 (RFC 5035, section 4) with the certificate."""
    if value is None:
        raise CmsError("the signature does not bind its certificate (ESSCertIDv2)")
    signing_certificate = der.Reader(value).inside(der.SEQUENCE)
    by_digest = signing_certificate.inside(der.SEQUENCE).inside(der.SEQUENCE)
    algorithm = SHA256
    if by_digest.tag == der.SEQUENCE:
        algorithm = _read_digest_algorithm(by_digest.element())
    digest = _DIGESTS.get(algorithm)
    if digest is None:
        raise CmsError("a digest algorithm that is not supported")
    if by_digest.content(der.OCTET_STRING) != hashlib.new(digest.name, certificate).digest():
        raise CmsError("the signature binds another certificate")
    issuer_serial = by_digest.optional(der.SEQUENCE)
    by_digest.finish()
    if issuer_serial is not None:
        names = issuer_serial.inside(der.SEQUENCE)
        found = (names.content(der.explicit(4)), issuer_serial.element(der.INTEGER))
        names.finish()
        issuer_serial.finish()
        if found != issuer_and_serial(certificate):
            raise CmsError("the signature binds a certificate of another issuer")


def _check_algorithm_protection(value: bytes | None, info: _SignerInfo) -> None:
    """Compare RFC 6211's attribute, where there is one, with the algorithms in use."""
    if value is None:
        return
    protection = der.Reader(value).inside(der.SEQUENCE)
    digest_algorithm = protection.element(der.SEQUENCE)
    signature_algorithm = protection.content(der.explicit(1))
    protection.finish()
    if (
        digest_algorithm != info.digest_algorithm
        or der.sequence(signature_algorithm) != info.signature_algorithm
    ):
        raise CmsError("the algorithms were changed after signing")


def _verify(signer: x509.Certificate, info: _SignerInfo, digest: hashes.HashAlgorithm) -> None:
    algorithm = der.Reader(info.signature_algorithm).inside(der.SEQUENCE)
    name = algorithm.oid()
    parameters = b"".join(algorithm.elements())
    signed = der.set_of(der.Reader(info.attributes).elements())
    try:
        key = signer.public_key()
        if isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA_BITS:
            fits = name == _RSA or (name in _RSA_DIGESTS and _RSA_DIGESTS[name] == digest.name)
            if not fits or parameters not in (NULL, b""):
                raise CmsError("a signature algorithm that is not supported")
            key.verify(info.signature, signed, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES):
            if _ECDSA_DIGESTS.get(name) != digest.name or parameters:
                raise CmsError("a signature algorithm that is not supported")
            key.verify(info.signature, signed, ec.ECDSA(digest))
        else:
            raise CmsError("a signature key that is not supported")
    except (InvalidSignature, UnsupportedAlgorithm, ValueError) as exc:
        raise CmsError("the signature does not verify") from exc


def issuer_and_serial(certificate: bytes) -> tuple[bytes, bytes]:
    """Give issuer and serial number of a certificate as they are encoded in it."""
    fields = der.Reader(certificate).inside(der.SEQUENCE).inside(der.SEQUENCE)
    fields.optional(der.explicit(0))  # the version
    serial = fields.element(der.INTEGER)
    fields.element(der.SEQUENCE)  # the algorithm
    return fields.element(der.SEQUENCE), serial
