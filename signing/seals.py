"""The operator's seal on an evidence: an enveloped XAdES baseline B signature (EN 319 132-1).

Both references are canonicalised by Canonical XML 1.1; as the evidence is written canonical, its
digest is taken of its bytes, and the parts of the signature are digested with all namespaces in
scope written on them (inclusive canonicalisation). P-256 with SHA-256, or RSA from 3,072 bits. Of
the two ECDSA values that verify, the one with the lower s is used and accepted, so that a seal
cannot be re-written by others. Never parses XML, never reads a clock.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import Encoding

from signing.errors import ProofError
from signing.evidence_document import END, NAMESPACES, SHA256, base64_text, instant
from signing.private_keys import SigningKey, name_of, signature_of

SealKey = SigningKey
XADES = "http://uri.etsi.org/01903/v1.3.2#"
LEAST_RSA_BITS = 3072

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Order of the group of P-256."""
_HALF = 32
_C14N = "http://www.w3.org/2006/12/xml-c14n11"
_ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_XMLNS_XADES = f'xmlns:xades="{XADES}"'
_SHA256 = f'<ds:DigestMethod Algorithm="{SHA256}"></ds:DigestMethod>'


class SealError(ProofError):
    """A seal that does not hold, or a key and certificate that cannot make one."""

    code = "seal-invalid"


class SealAlgorithm(Enum):
    """Signature methods of XML Signature that a seal may have."""

    ECDSA_P256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
    RSA = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealParts:
    """All that differs from one seal to another."""

    algorithm: SealAlgorithm
    evidence_digest: bytes
    signing_time: datetime
    certificates: tuple[bytes, ...]
    """The seal's certificate, then issuers; DER."""
    value: bytes = b""
    """r and s side by side (RFC 4050), or the RSA signature; empty before signing."""

    def signed_info(self) -> bytes:
        """The canonical bytes that are signed."""
        return f"<ds:SignedInfo {NAMESPACES}>{self._references()}</ds:SignedInfo>".encode()

    def xml(self) -> bytes:
        """The ds:Signature as it stands in the evidence."""
        chain = "".join(
            f"<ds:X509Certificate>{base64_text(certificate)}</ds:X509Certificate>"
            for certificate in self.certificates
        )
        return (
            f'<ds:Signature Id="seal"><ds:SignedInfo>{self._references()}</ds:SignedInfo>'
            f"<ds:SignatureValue>{base64_text(self.value)}</ds:SignatureValue>"
            f"<ds:KeyInfo><ds:X509Data>{chain}</ds:X509Data></ds:KeyInfo><ds:Object>"
            f'<xades:QualifyingProperties {_XMLNS_XADES} Target="#seal">'
            f'<xades:SignedProperties Id="seal-properties">{self._properties()}'
            "</xades:SignedProperties></xades:QualifyingProperties></ds:Object></ds:Signature>"
        ).encode()

    def _references(self) -> str:
        properties = (
            f'<xades:SignedProperties {NAMESPACES} {_XMLNS_XADES} Id="seal-properties">'
            f"{self._properties()}</xades:SignedProperties>"
        ).encode()
        return (
            f'<ds:CanonicalizationMethod Algorithm="{_C14N}"></ds:CanonicalizationMethod>'
            f'<ds:SignatureMethod Algorithm="{self.algorithm.value}"></ds:SignatureMethod>'
            '<ds:Reference Id="seal-evidence" URI=""><ds:Transforms>'
            f'<ds:Transform Algorithm="{_ENVELOPED}"></ds:Transform>'
            f'<ds:Transform Algorithm="{_C14N}"></ds:Transform></ds:Transforms>{_SHA256}'
            f"<ds:DigestValue>{base64_text(self.evidence_digest)}</ds:DigestValue></ds:Reference>"
            f'<ds:Reference Type="http://uri.etsi.org/01903#SignedProperties" '
            f'URI="#seal-properties"><ds:Transforms><ds:Transform Algorithm="{_C14N}">'
            f"</ds:Transform></ds:Transforms>{_SHA256}<ds:DigestValue>"
            f"{base64_text(hashlib.sha256(properties).digest())}</ds:DigestValue></ds:Reference>"
        )

    def _properties(self) -> str:
        certificate = base64_text(hashlib.sha256(self.certificates[0]).digest())
        return (
            "<xades:SignedSignatureProperties>"
            f"<xades:SigningTime>{instant(self.signing_time)}</xades:SigningTime>"
            f"<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>{_SHA256}"
            f"<ds:DigestValue>{certificate}</ds:DigestValue></xades:CertDigest></xades:Cert>"
            "</xades:SigningCertificateV2></xades:SignedSignatureProperties>"
            "<xades:SignedDataObjectProperties>"
            '<xades:DataObjectFormat ObjectReference="#seal-evidence">'
            "<xades:MimeType>text/xml</xades:MimeType></xades:DataObjectFormat>"
            "</xades:SignedDataObjectProperties>"
        )


class Seal:
    """A key and its certificate, ready to seal evidence."""

    __slots__ = ("_algorithm", "_key", "certificates", "chain")

    def __init__(self, *, key: SigningKey, chain: Sequence[x509.Certificate]) -> None:
        """Take the key, its certificate and the issuers above it (the root need not be there).

        Raises SealError for a key of another kind or length, or of another certificate.
        """
        self._algorithm = algorithm_of(key.public_key())
        if not chain or chain[0].public_key() != key.public_key():
            raise SealError("the first certificate is not that of the seal's key")
        self.chain = tuple(chain)
        self._key = key
        self.certificates = tuple(c.public_bytes(Encoding.DER) for c in chain)

    def seal(self, document: bytes, *, signing_time: datetime) -> bytes:
        """The evidence with its seal inside; `document` as `write_evidence` made it.

        Raises KeyGone where the key is in a device that does not sign.
        """
        unsigned = SealParts(
            algorithm=self._algorithm,
            evidence_digest=hashlib.sha256(document).digest(),
            signing_time=signing_time,
            certificates=self.certificates,
        )
        value = self._sign(unsigned.signed_info())
        signature = _with_value(unsigned, value)
        return document.removesuffix(END) + signature + END

    def _sign(self, data: bytes) -> bytes:
        signature = signature_of(self._key, data)
        if self._algorithm is SealAlgorithm.RSA:
            return signature
        r, s = decode_dss_signature(signature)
        return r.to_bytes(_HALF) + min(s, _ORDER - s).to_bytes(_HALF)


def algorithm_of(key: object) -> SealAlgorithm:
    """How a public key seals. Raises SealError for any but P-256 and RSA from 3,072 bits."""
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return SealAlgorithm.ECDSA_P256
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= LEAST_RSA_BITS:
        return SealAlgorithm.RSA
    raise SealError(f"a seal is made with P-256 or RSA from 3,072 bits, not with {name_of(key)}")


def verify_value(certificate: x509.Certificate, parts: SealParts) -> None:
    """Return if the certificate's key made the seal's value. Raises SealError."""
    key = certificate.public_key()
    if algorithm_of(key) is not parts.algorithm:
        raise SealError("the seal's method does not fit its key")
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(parts.value, parts.signed_info(), padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey):
            signature = _der_signature(parts.value)
            key.verify(signature, parts.signed_info(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as exc:
        raise SealError("the seal is not by its certificate's key") from exc


def read_base64(text: str) -> bytes:
    """The bytes; whoever writes them again sees whether the spelling was the one."""
    return base64.b64decode(text, validate=True)


def _der_signature(value: bytes) -> bytes:
    r, s = int.from_bytes(value[:_HALF]), int.from_bytes(value[_HALF:])
    if len(value) != 2 * _HALF or s > _ORDER // 2:
        raise SealError("the seal's value is not in its one form")
    return encode_dss_signature(r, s)


def _with_value(parts: SealParts, value: bytes) -> bytes:
    return SealParts(
        algorithm=parts.algorithm,
        evidence_digest=parts.evidence_digest,
        signing_time=parts.signing_time,
        certificates=parts.certificates,
        value=value,
    ).xml()
