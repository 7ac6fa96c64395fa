"""Writes CMS messages for tests, well made or faulty: signers, timestamps, archive timestamps.

Written apart from the judge: asn1crypto for the structures, `cryptography` for the values. A
`Recipe` says how a signer signs; `message` puts signers together. Faulty messages by name are in
`tests/vectors/cms.py`.
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

from signing.certificates import der
from signing.pades import TimestampReply
from tests.pki.make import SIGNED_AT, TestSigner

_HASHES = {
    "sha1": hashes.SHA1(),  # noqa: S303 - a fault
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha3_256": hashes.SHA3_256(),
}
_ARCHIVE_TIMESTAMP = "0.4.0.1733.2.4"
_HASH_INDEX = "0.4.0.19122.1.5"
Edit = Callable[[list[cms.CMSAttribute]], None]


def attribute(kind: str, *values: Any) -> cms.CMSAttribute:
    return cms.CMSAttribute({"type": kind, "values": list(values)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a signer signs; by default a CAdES B-B signature with SHA-256."""

    digest: str = "sha256"
    pss: bool = False
    ess: tuple[str, ...] = ("v2",)
    """Which signing-certificate attributes: v1, v2; none is plain CMS."""
    ess_of: x509.Certificate | None = None
    """Whose certificate the attribute names; the signer's own by default."""
    content_type: str = "data"
    signed_at: datetime | None = SIGNED_AT
    signed: Edit = lambda attributes: None
    """Changes the signed attributes before they are signed."""
    timestamp: TimestampReply | None = None
    content_timestamp: TimestampReply | None = None
    signed_as_it_stands: bool = False
    """Keep the order of the attributes and sign that, against RFC 5652, 5.4."""
    bare: bool = False
    """No signed attributes at all."""


def hashed(name: str, data: bytes) -> bytes:
    if name == "shake256":
        return hashlib.shake_256(data).digest(64)
    return hashlib.new(name, data).digest()


def token(reply: TimestampReply, data: bytes, *, digest: str = "sha256") -> cms.ContentInfo:
    """An RFC 3161 token over `data`."""
    request = tsp.TimeStampReq(
        {
            "version": 1,
            "message_imprint": {
                "hash_algorithm": {"algorithm": digest},
                "hashed_message": hashed(digest, data),
            },
            "cert_req": True,
            "nonce": 4711,
        }
    )
    return tsp.TimeStampResp.load(reply(request.dump()))["time_stamp_token"]


def reply_to(reply: TimestampReply, data: bytes) -> bytes:
    """A whole TimeStampResp over `data`."""
    found = token(reply, data)
    whole = tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": found})
    return whole.dump()


def signer_info(content: bytes, signer: TestSigner, recipe: Recipe) -> cms.SignerInfo:
    """Sign: signed attributes, their value, a timestamp over it if the recipe has one."""
    digest = {"ed25519": "sha512", "ed448": "shake256"}.get(_edwards(signer), recipe.digest)
    attributes = _signed_attributes(content, signer, recipe, digest)
    spelled = [one.dump() for one in attributes]
    if not recipe.signed_as_it_stands:
        spelled.sort()
    signed = _set_of(b"".join(spelled))
    algorithm, value = _sign(signer, content if recipe.bare else signed, digest, pss=recipe.pss)
    certificate = asn1_x509.Certificate.load(der(signer.chain[0]))
    fields: dict[str, Any] = {
        "version": "v1",
        "sid": cms.SignerIdentifier(
            {
                "issuer_and_serial_number": {
                    "issuer": certificate.issuer,
                    "serial_number": certificate.serial_number,
                }
            }
        ),
        "digest_algorithm": {"algorithm": digest},
        "signature_algorithm": algorithm,
        "signature": value,
    }
    if not recipe.bare:
        fields["signed_attrs"] = cms.CMSAttributes.load(signed)
    if recipe.timestamp:
        stamp = token(recipe.timestamp, value)
        fields["unsigned_attrs"] = [attribute("signature_time_stamp_token", stamp)]
    return cms.SignerInfo.load(cms.SignerInfo(fields).dump())


def _signed_attributes(
    content: bytes, signer: TestSigner, recipe: Recipe, digest: str
) -> list[cms.CMSAttribute]:
    attributes = [
        attribute("content_type", recipe.content_type),
        attribute("message_digest", hashed(digest, content)),
    ]
    if recipe.signed_at:
        attributes.append(attribute("signing_time", cms.Time({"utc_time": recipe.signed_at})))
    named = der(recipe.ess_of or signer.chain[0])
    for version in recipe.ess:
        if version == "v1":
            certs = {"certs": [{"cert_hash": hashlib.sha1(named).digest()}]}  # noqa: S324 - RFC 2634 has no other
            attributes.append(attribute("signing_certificate", tsp.SigningCertificate(certs)))
        else:
            certs = {"certs": [{"cert_hash": hashlib.sha256(named).digest()}]}
            attributes.append(attribute("signing_certificate_v2", tsp.SigningCertificateV2(certs)))
    if recipe.content_timestamp:
        stamp = token(recipe.content_timestamp, content)
        attributes.append(attribute("content_time_stamp", stamp))
    recipe.signed(attributes)
    return attributes


def _edwards(signer: TestSigner) -> str:
    if isinstance(signer.key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    return "ed448" if isinstance(signer.key, ed448.Ed448PrivateKey) else ""


def _sign(
    signer: TestSigner, data: bytes, digest: str, *, pss: bool
) -> tuple[algos.SignedDigestAlgorithm, bytes]:
    key = signer.key
    if isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey):
        return algos.SignedDigestAlgorithm({"algorithm": _edwards(signer)}), key.sign(data)
    algorithm = _HASHES[digest]
    if isinstance(key, ec.EllipticCurvePrivateKey):
        named = {"algorithm": f"{digest}_ecdsa"}
        return algos.SignedDigestAlgorithm(named), key.sign(data, ec.ECDSA(algorithm))
    assert isinstance(key, rsa.RSAPrivateKey)
    if not pss:
        named = {"algorithm": "rsassa_pkcs1v15"}
        return algos.SignedDigestAlgorithm(named), key.sign(data, padding.PKCS1v15(), algorithm)
    size = algorithm.digest_size
    parameters = algos.RSASSAPSSParams(
        {
            "hash_algorithm": {"algorithm": digest},
            "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": digest}},
            "salt_length": size,
        }
    )
    value = key.sign(data, padding.PSS(padding.MGF1(algorithm), size), algorithm)
    named = {"algorithm": "rsassa_pss", "parameters": parameters}
    return algos.SignedDigestAlgorithm(named), value


def message(
    content: bytes,
    infos: Sequence[cms.SignerInfo],
    certificates: Sequence[x509.Certificate],
    *,
    detached: bool = False,
    content_type: str = "data",
    lists: Sequence[bytes] = (),
    certificates_der: Sequence[bytes] = (),
) -> bytes:
    """Put a message together, in DER."""
    enclosed: dict[str, Any] = {"content_type": content_type}
    if not detached:
        plain = content_type == "data"
        enclosed["content"] = (core.OctetString if plain else core.ParsableOctetString)(content)
    names = sorted({info["digest_algorithm"]["algorithm"].native for info in infos})
    ders = [*(der(item) for item in certificates), *certificates_der]
    fields: dict[str, Any] = {
        "version": "v1" if content_type == "data" else "v3",
        "digest_algorithms": [{"algorithm": name} for name in names],
        "encap_content_info": enclosed,
        "signer_infos": list(infos),
    }
    if ders:
        fields["certificates"] = [
            cms.CertificateChoices({"certificate": asn1_x509.Certificate.load(one)})
            for one in dict.fromkeys(ders)
        ]
    if lists:
        loaded = [cms.CertificateList.load(one) for one in lists]
        fields["crls"] = [cms.RevocationInfoChoice({"crl": one}) for one in loaded]
    signed_data = cms.SignedData(fields)
    return cms.ContentInfo({"content_type": "signed_data", "content": signed_data}).dump()


def signed(
    content: bytes, *signers: TestSigner, recipe: Recipe | None = None, detached: bool = False
) -> bytes:
    """Sign with each signer alike."""
    recipe = recipe or Recipe()
    infos = [signer_info(content, signer, recipe) for signer in signers]
    certificates = [item for signer in signers for item in signer.chain]
    return message(
        content, infos, certificates, detached=detached, content_type=recipe.content_type
    )


def archived(der_message: bytes, content: bytes, reply: TimestampReply) -> bytes:
    """Add an archive-time-stamp-v3 to the only signer (EN 319 122-1, 5.5.3)."""
    signed_data = cms.ContentInfo.load(der_message)["content"]
    (info,) = signed_data["signer_infos"]
    unsigned = _present(info["unsigned_attrs"])

    def digest(data: bytes) -> core.OctetString:
        return core.OctetString(hashlib.sha256(data).digest())

    def digests(items: Sequence[core.Asn1Value]) -> bytes:
        return sequence(*(digest(item.dump()).dump() for item in items))

    values = [(one["type"], value) for one in unsigned for value in one["values"]]
    index = sequence(
        algos.DigestAlgorithm({"algorithm": "sha256"}).dump(),
        digests(signed_data["certificates"]),
        digests(_present(signed_data["crls"])),
        sequence(*(digest(kind.dump() + value.dump()).dump() for kind, value in values)),
    )
    names = ("version", "sid", "digest_algorithm", "signed_attrs", "signature_algorithm")
    fields = b"".join(info[name].dump() for name in (*names, "signature"))
    kind = signed_data["encap_content_info"]["content_type"].dump()
    stamp = token(reply, kind + hashlib.sha256(content).digest() + fields + index)
    stamp_info = stamp["content"]["signer_infos"][0]
    stamp_info["unsigned_attrs"] = [attribute(_HASH_INDEX, core.Any(core.load(index)))]
    return with_unsigned(der_message, attribute(_ARCHIVE_TIMESTAMP, core.Any(_copy(stamp))))


def with_unsigned(der_message: bytes, *more: cms.CMSAttribute) -> bytes:
    """Add unsigned attributes to the only signer."""
    outer = cms.ContentInfo.load(der_message)
    (info,) = outer["content"]["signer_infos"]
    spelled = b"".join(sorted(one.dump() for one in (*_present(info["unsigned_attrs"]), *more)))
    info["unsigned_attrs"] = cms.CMSAttributes.load(_set_of(spelled))
    return _copy(outer).dump()


def in_ber(der_message: bytes, *, piece: int = 7) -> bytes:
    """The same message with indefinite lengths, and the content in pieces."""
    return _indefinite(elements(der_message)[0], piece)


def armored(der_message: bytes, label: str = "CMS") -> bytes:
    text = base64.encodebytes(der_message).decode()
    return f"-----BEGIN {label}-----\n{text}-----END {label}-----\n".encode()


def without_content_info(der_message: bytes) -> bytes:
    return cms.ContentInfo.load(der_message)["content"].untag().dump()


def _present(items: Any) -> list[Any]:
    return [] if isinstance(items, core.Void) else list(items)


def _copy(value: Any) -> Any:
    return type(value).load(value.dump(force=True))


def _set_of(content: bytes) -> bytes:
    return b"\x31" + spelled_length(len(content)) + content


def sequence(*parts: bytes) -> bytes:
    content = b"".join(parts)
    return b"\x30" + spelled_length(len(content)) + content


def spelled_length(length: int) -> bytes:
    if length < 0x80:
        return bytes([length])
    digits = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(digits)]) + digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One element of DER."""

    tag: int
    content: bytes
    spelled: bytes


def elements(data: bytes) -> list[Element]:
    """The elements that stand one after the other; tags of one octet only."""
    found, at = [], 0
    while at < len(data):
        first = data[at + 1]
        header = 2 if first < 0x80 else 2 + (first & 0x7F)
        size = first if first < 0x80 else int.from_bytes(data[at + 2 : at + header], "big")
        end = at + header + size
        found.append(Element(tag=data[at], content=data[at + header : end], spelled=data[at:end]))
        at = end
    return found


def _indefinite(element: Element, piece: int, depth: int = 0) -> bytes:
    """Outer layers in indefinite lengths; OCTET STRINGs met there in pieces."""
    if element.tag == 0x04:
        content = element.content
        pieces = [content[at : at + piece] for at in range(0, len(content), piece)]
        joined = b"".join(b"\x04" + spelled_length(len(one)) + one for one in pieces)
        return b"\x24\x80" + joined + b"\0\0"
    if depth > 4 or element.tag not in {0x30, 0xA0}:
        return element.spelled
    inner = b"".join(_indefinite(one, piece, depth + 1) for one in elements(element.content))
    return bytes([element.tag]) + b"\x80" + inner + b"\0\0"


def asn1_cms_info(der_message: bytes) -> cms.SignerInfo:
    """The only signer of a message."""
    (info,) = cms.ContentInfo.load(der_message)["content"]["signer_infos"]
    return info


def empty_content_info() -> cms.ContentInfo:
    return cms.ContentInfo({"content_type": "data", "content": core.OctetString(b"")})
