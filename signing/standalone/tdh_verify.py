#!/usr/bin/env python3
"""ตรวจหลักฐานการรับส่งเอกสารลงทะเบียน TDH แบบออฟไลน์ / check evidence of TDH, offline.

    python3 tdh_verify.py --trust trust.json FILE...    exit code: 0 valid, 1 invalid, 2 cannot tell

One file to read before you use it. It needs Python 3.11 and `cryptography` 50 (or later), shares no
code with the service, reads only the files that you name and what lies beside them, and uses no
network. It takes evidence (.xml, with its .tlog-proof, .ers and checkpoint*.tsr beside it), proofs,
timestamps (.tsr, .tst) and bundles (.asice). Whom to believe comes from trust.json alone, which you
must have from somewhere else than the files. Its own SHA-256 is in the operator's public log, in an
entry `verifier-published`. It is smaller than `tdh verify`: no receipts (PDF), no witness policy
files, and no comparing of logs between files. What it does not understand is never valid.

What is checked, in the order of the lines: schema (the one spelling of the form), seal (XAdES or
CAdES), certificate (a path to a trusted root), digest (the log's entry is made again from the
evidence), inclusion and checkpoint (RFC 6962, C2SP tlog), anchor (outsiders who saw the head),
timestamp (RFC 3161, RFC 4998), sequence (the events can be those of one delivery).
"""

import argparse
import base64
import hashlib
import json
import re
import struct
import sys
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, unquote_to_bytes

# Without these nothing is checked: "cannot tell", never the 1 ("invalid") of a traceback.
try:
    from datetime import UTC, date, datetime, timedelta

    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
    from cryptography.x509.verification import (
        Criticality,
        ExtensionPolicy,
        PolicyBuilder,
        Store,
        VerificationError,
    )
except ImportError as missing:
    sys.stderr.write(
        "tdh_verify: ต้องใช้ Python 3.11 และ cryptography 50 ขึ้นไป / needs Python 3.11"
        f" and cryptography 50 or later (pip install 'cryptography>=50'): {missing}\n"
    )
    sys.exit(2)

VERSION = "1"
PASS, FAIL, UNKNOWN = "pass", "fail", "unknown"
TOLERANCE = timedelta(seconds=5)
END_OF_TIME = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
MAX_BYTES = 8 << 20


class Broken(Exception):
    """Something is not what it should be; the text says what."""


class Stranger(Broken):
    """Its signer leads to nobody who is trusted."""


def need(holds: object, problem: str) -> None:
    if not holds:
        raise Broken(problem)


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def b64(text: str) -> bytes:
    """Base64 in its one spelling."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise Broken("not Base64") from None
    need(base64.b64encode(data).decode() == text and data, "Base64 in another spelling")
    return data


def decimal(text: str) -> int:
    need(re.fullmatch(r"0|[1-9][0-9]{0,18}", text) and int(text) < 1 << 63, "not a number")
    return int(text)


@dataclass(frozen=True)
class Line:
    """One check and what came of it."""

    id: str
    outcome: str
    why: str = ""
    needed: bool = True
    """Whether `unknown` keeps the file from being valid."""


def result(lines: Sequence[Line]) -> str:
    if any(line.outcome == FAIL for line in lines):
        return "invalid"
    open_ones = [line for line in lines if line.outcome == UNKNOWN and line.needed]
    return "cannot_tell" if open_ones or not lines else "valid"


# --- DER (X.690), as much of it as signatures need ------------------------------------------------

BOOL, INT, OCT, NULL, OID, GTIME, SEQ, SET = 1, 2, 4, 5, 6, 0x18, 0x30, 0x31


def tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes((tag, len(content))) + content
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(size))) + size + content


def oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    content = bytearray()
    for arc in (first * 40 + second, *rest):
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.append(0x80 | arc & 0x7F)
        content += bytes(reversed(digits))
    return tlv(OID, bytes(content))


class Der:
    """Elements side by side, read from left to right, in their one spelling."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    @property
    def tag(self) -> int | None:
        return self.data[self.at] if self.at < len(self.data) else None

    def content(self, tag: int | None = None) -> bytes:
        found, place, end = self.tag, self.at + 2, len(self.data)
        need(found is not None and found & 0x1F != 0x1F and tag in (None, found), "not this DER")
        need(place <= end, "DER is cut off")
        length = self.data[self.at + 1]
        if length >= 0x80:
            size = length & 0x7F
            need(0 < size <= 4 and place + size <= end, "DER is cut off")
            length = int.from_bytes(self.data[place : place + size])
            need(length >= 0x80 and length.bit_length() > 8 * (size - 1), "a length too long")
            place += size
        need(length <= end - place, "DER is cut off")
        self.at = place + length
        return self.data[place : self.at]

    def whole(self, tag: int | None = None) -> bytes:
        start = self.at
        self.content(tag)
        return self.data[start : self.at]

    def inside(self, tag: int = SEQ) -> "Der":
        return Der(self.content(tag))

    def all(self) -> list[bytes]:
        found = []
        while self.tag is not None:
            found.append(self.whole())
        return found

    def integer(self, tag: int = INT) -> int:
        content = self.content(tag)
        value = int.from_bytes(content, signed=True)
        magnitude = value if value >= 0 else ~value
        need(len(content) == magnitude.bit_length() // 8 + 1, "a number in another spelling")
        return value

    def end(self) -> None:
        need(self.tag is None, "more than there should be")


SHA2 = {
    oid(f"2.16.840.1.101.3.4.2.{n}"): name
    for n, name in ((1, "sha256"), (2, "sha384"), (3, "sha512"))
}
HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
ECDSA = {
    oid(f"1.2.840.10045.4.3.{n}"): name for n, name in ((2, "sha256"), (3, "sha384"), (4, "sha512"))
}
RSA = {
    oid(f"1.2.840.113549.1.1.{n}"): name
    for n, name in ((11, "sha256"), (12, "sha384"), (13, "sha512"))
}
RSA_PLAIN = oid("1.2.840.113549.1.1.1")
SIGNED_DATA, PLAIN_DATA = oid("1.2.840.113549.1.7.2"), oid("1.2.840.113549.1.7.1")
CONTENT_TYPE, DIGEST = oid("1.2.840.113549.1.9.3"), oid("1.2.840.113549.1.9.4")
SIGNING_CERTIFICATE = oid("1.2.840.113549.1.9.16.2.47")
SIGNATURE_TOKEN = oid("1.2.840.113549.1.9.16.2.14")
PROTECTION, TST_INFO = oid("1.2.840.113549.1.9.52"), oid("1.2.840.113549.1.9.16.1.4")


def hash_name(algorithm: bytes) -> str:
    """The digest that an AlgorithmIdentifier names."""
    reader = Der(algorithm).inside()
    name = SHA2.get(reader.whole(OID))
    need(name and reader.all() in ([], [tlv(NULL)]), "a digest that is not supported")
    return str(name)


# --- certificates (RFC 5280) ----------------------------------------------------------------------

BAD_CERTIFICATE = (
    ValueError, VerificationError, UnsupportedAlgorithm, Warning, x509.InvalidVersion,
    x509.DuplicateExtension, x509.UnsupportedGeneralNameType,
)  # fmt: skip
DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
ANY_PURPOSE = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE
OWNER = NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATION_IDENTIFIER


def certificate(der: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(der)
    except BAD_CERTIFICATE as error:
        raise Broken("a certificate that cannot be read") from error


def _ok(holds: object) -> None:
    if not holds:
        raise ValueError("a certificate for another use")


def _signs(_: Any, __: Any, usage: x509.KeyUsage | None) -> None:
    _ok(usage is None or usage.digital_signature or usage.content_commitment)


def _stamps_only(_: Any, __: Any, usage: x509.KeyUsage | None) -> None:
    _signs(_, __, usage)
    _ok(not (usage and (usage.key_cert_sign or usage.crl_sign or usage.key_encipherment)))


def _is_end(_: Any, __: Any, basic: x509.BasicConstraints | None) -> None:
    _ok(basic is None or not basic.ca)


def _not_others(_: Any, __: Any, usage: x509.ExtendedKeyUsage | None) -> None:
    others = {ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.SERVER_AUTH, DOCUMENT_SIGNING}
    _ok(not others & set(usage or ()))


def _exactly(*wanted: x509.ObjectIdentifier) -> Callable[..., None]:
    def check(_: Any, __: Any, usage: x509.ExtendedKeyUsage) -> None:
        _ok(list(usage) == list(wanted))

    return check


ANY = Criticality.AGNOSTIC
_END = ExtensionPolicy.permit_all().may_be_present(x509.BasicConstraints, ANY, _is_end)
EVIDENCE_USE = _END.require_present(x509.KeyUsage, ANY, _signs).may_be_present(
    x509.ExtendedKeyUsage, ANY, _not_others
)
BUNDLE_USE = _END.require_present(x509.KeyUsage, ANY, _signs).require_present(
    x509.ExtendedKeyUsage, ANY, _exactly(DOCUMENT_SIGNING)
)
STAMP_USE = _END.may_be_present(x509.KeyUsage, ANY, _stamps_only).require_present(
    x509.ExtendedKeyUsage, Criticality.CRITICAL, _exactly(ExtendedKeyUsageOID.TIME_STAMPING)
)
ISSUER_USE = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, ANY, lambda _, __, basic: _ok(basic.ca))
    .may_be_present(x509.KeyUsage, ANY, lambda _, __, use: _ok(use is None or use.key_cert_sign))
)
Path509 = tuple[x509.Certificate, ...]


def path_of(
    leaf: x509.Certificate, others: Sequence[bytes], roots: Path509, at: datetime, use: Any
) -> Path509:
    """From the leaf to a trusted root, all valid at that time; revocation is not looked at."""
    if not roots:
        raise Stranger("no trusted root")
    try:
        verifier = (
            PolicyBuilder().store(Store(list(roots))).time(at).max_chain_depth(8)
            .extension_policies(ca_policy=ISSUER_USE, ee_policy=use).build_client_verifier()
        )  # fmt: skip
        found = tuple(verifier.verify(leaf, [certificate(each) for each in others]).chain)
    except BAD_CERTIFICATE as error:
        raise Stranger(f"no path to a trusted root: {error}") from error
    try:
        leaf_for, *between = (_purposes(each) for each in found[:-1] or found)
    except BAD_CERTIFICATE as error:
        raise Stranger("a certificate that cannot be read") from error
    for allowed in between:  # an authority for web servers makes no timestamping units
        if leaf_for and allowed and not (leaf_for <= allowed or ANY_PURPOSE in allowed):
            raise Stranger("an authority on the path is for other purposes")
    for each in found:  # no unused bits, which no signature covers
        encoded = each.public_bytes(Encoding.DER)
        if encoded[-len(each.signature) - 1]:
            raise Stranger("a certificate's signature is no whole number of octets")
    return found


def _purposes(one: x509.Certificate) -> set[x509.ObjectIdentifier]:
    try:
        return set(one.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return set()


def same_owner(one: x509.Certificate, other: x509.Certificate) -> bool:
    """One organisation: O and organizationIdentifier; who names none is nobody but himself."""
    names = [
        [[each.value for each in who.subject.get_attributes_for_oid(kind)] for kind in OWNER]
        for who in (one, other)
    ]
    return one == other or (bool(names[0][0]) and names[0] == names[1])


def key_name(key: Any) -> str:
    return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hex()


# --- CMS (RFC 5652) and timestamps (RFC 3161) -----------------------------------------------------


@dataclass(frozen=True)
class Signed:
    """Signed content whose signature holds; its signer is not trusted yet."""

    kind: bytes
    content: bytes
    signer: x509.Certificate
    others: list[bytes]
    signature: bytes
    tokens: list[bytes]


def _issuer_serial(der: bytes) -> tuple[bytes, bytes]:
    fields = Der(der).inside().inside()
    if fields.tag == 0xA0:
        fields.content()
    serial = fields.whole(INT)
    fields.content(SEQ)
    return fields.whole(SEQ), serial


def open_cms(data: bytes, detached: bytes | None = None) -> Signed:
    need(len(data) <= (1 << 16 if detached is None else 1 << 20), "signed data too long")
    outside = Der(data)
    info = outside.inside()
    outside.end()
    need(info.whole(OID) == SIGNED_DATA, "not signed data")
    wrapped = info.inside(0xA0)
    info.end()
    body = wrapped.inside()
    wrapped.end()
    need(body.integer() in ((3,) if detached is None else (1, 3)), "another version")
    announced = [hash_name(each) for each in body.inside(SET).all()]
    held = body.inside()
    kind, content = held.whole(OID), detached
    if content is None:
        octets = held.inside(0xA0)
        content = octets.content(OCT)
        octets.end()
    held.end()
    need(detached is None or kind == PLAIN_DATA, "not over plain data")
    bag = body.inside(0xA0).all() if body.tag == 0xA0 else []
    if body.tag == 0xA1:
        body.content()
    signers = body.inside(SET).all()
    body.end()
    need(len(signers) == 1 and len(bag) <= 32, "not one signer")
    return _signed_by(Der(signers[0]).inside(), kind, content, bag, announced)


def _signed_by(
    info: Der, kind: bytes, content: bytes, bag: Sequence[bytes], announced: Sequence[str]
) -> Signed:
    need(info.integer() == 1, "a signer of another kind")
    identity, digest_algorithm = info.whole(SEQ), info.whole(SEQ)
    attributes, algorithm = info.content(0xA0), info.whole(SEQ)
    signature = info.content(OCT)
    unsigned = info.content(0xA1) if info.tag == 0xA1 else b""
    info.end()
    name = hash_name(digest_algorithm)
    bag = [each for each in bag if each[0] == SEQ]
    named = [each for each in bag if tlv(SEQ, *_issuer_serial(each)) == identity]
    need(named and name in announced, "the signer's certificate is not there")
    values = _attributes(attributes)
    need(values.get(CONTENT_TYPE) == kind, "signed as something else")
    digest = hashlib.new(name, content).digest()
    need(values.get(DIGEST) == tlv(OCT, digest), "changed after signing")
    _check_binding(values.get(SIGNING_CERTIFICATE), named[0])
    if PROTECTION in values:
        both = Der(values[PROTECTION]).inside()
        same = both.whole(SEQ), tlv(SEQ, both.content(0xA1))
        need(same == (digest_algorithm, algorithm), "algorithms changed after signing")
    signer = certificate(named[0])
    _check_signature(signer, signature, tlv(SET, *Der(attributes).all()), algorithm, name)
    tokens = []
    for each in Der(unsigned).all() if kind == PLAIN_DATA else []:
        attribute = Der(each).inside()
        if attribute.whole(OID) == SIGNATURE_TOKEN:
            tokens += attribute.inside(SET).all()
    others = [each for each in bag if each != named[0]]
    return Signed(kind, content, signer, others, signature, tokens)


def _attributes(data: bytes) -> dict[bytes, bytes]:
    elements, found = Der(data).all(), dict[bytes, bytes]()
    need(elements == sorted(elements), "signed attributes out of order")
    for each in elements:
        attribute = Der(each).inside()
        name, values = attribute.whole(OID), attribute.inside(SET)
        attribute.end()
        need(name not in found, "a signed attribute twice")
        found[name] = values.whole()
        values.end()
    return found


def _check_binding(value: bytes | None, der: bytes) -> None:
    """ESSCertIDv2 (RFC 5035): a signed attribute names this very certificate."""
    need(value, "the certificate is not bound")
    named = Der(value or b"").inside().inside().inside()
    name = hash_name(named.whole()) if named.tag == SEQ else "sha256"
    need(named.content(OCT) == hashlib.new(name, der).digest(), "another certificate is bound")
    if named.tag == SEQ:
        names = named.inside()
        issuer = names.inside().content(0xA4)
        need((issuer, names.whole(INT)) == _issuer_serial(der), "another certificate is bound")
        names.end()
    named.end()


def _check_signature(
    signer: x509.Certificate, signature: bytes, signed: bytes, algorithm: bytes, name: str
) -> None:
    reader = Der(algorithm).inside()
    method, rest = reader.whole(OID), reader.all()
    try:
        key = signer.public_key()
        if isinstance(key, rsa.RSAPublicKey):
            fits = method == RSA_PLAIN or RSA.get(method) == name
            need(key.key_size >= 2048 and fits and rest in ([], [tlv(NULL)]), "method and key")
            key.verify(signature, signed, padding.PKCS1v15(), HASHES[name])
        else:
            curves = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
            need(isinstance(key, ec.EllipticCurvePublicKey), "a key of another kind")
            assert isinstance(key, ec.EllipticCurvePublicKey)  # noqa: S101 - for the type checker
            fits = isinstance(key.curve, curves) and ECDSA.get(method) == name and not rest
            need(fits, "method and key")
            key.verify(signature, signed, ec.ECDSA(HASHES[name]))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError) as error:
        raise Broken("the signature does not verify") from error


@dataclass(frozen=True)
class Stamp:
    """A timestamp below a trusted root."""

    time: datetime
    by: datetime
    """When the data existed for certain: the time and its accuracy."""
    path: Path509
    outside: bool

    @property
    def until(self) -> datetime:
        return min(each.not_valid_after_utc for each in self.path)


def token_in(data: bytes) -> bytes:
    """The token in an authority's reply, or the token itself."""
    try:
        outside = Der(data)
        reply = outside.inside()
        outside.end()
        granted = reply.inside().integer() in (0, 1)
        token = reply.whole(SEQ)
        reply.end()
    except Broken:
        return data
    return token if granted else data


def read_token(token: bytes) -> tuple[Signed, bytes, datetime, timedelta]:
    """A token whose signature holds: its imprint, time and accuracy (EN 319 422)."""
    signed = open_cms(token)
    need(signed.kind == TST_INFO, "no timestamp")
    outside = Der(signed.content)
    info = outside.inside()
    outside.end()
    need(info.integer() == 1 and info.content(OID), "another version")
    imprint = info.inside()
    name, digest = hash_name(imprint.whole(SEQ)), imprint.content(OCT)
    imprint.end()
    need(len(digest) == hashlib.new(name).digest_size, "an imprint of another length")
    need(0 <= info.integer() < 1 << 160, "a serial number out of its range")
    time = _time(info.content(GTIME))
    accuracy = _accuracy(info.inside()) if info.tag == SEQ else timedelta()
    if info.tag == BOOL:
        need(info.content() == b"\x00", "an ordering")
    if info.tag == INT:
        need(info.integer().bit_length() <= 255, "a nonce too long")
    if info.tag == 0xA0:
        info.content()
    for each in info.inside(0xA1).all() if info.tag == 0xA1 else []:
        extension = Der(each).inside()
        extension.content(OID)
        need(extension.tag != BOOL or extension.content() == b"\x00", "a critical extension")
        extension.content(OCT)
        extension.end()
    info.end()
    return signed, digest, time, accuracy


def _time(content: bytes) -> datetime:
    match = re.fullmatch(rb"([0-9]{14})(?:\.([0-9]{0,8}[1-9]))?Z", content)
    need(match, "a time in another form")
    assert match  # noqa: S101 - for the type checker
    digits = match[1].decode() + (match[2] or b"").decode().ljust(6, "0")[:6]
    try:
        return datetime.strptime(digits, "%Y%m%d%H%M%S%f").replace(tzinfo=UTC)
    except ValueError:
        raise Broken("a time that does not exist") from None


def _accuracy(reader: Der) -> timedelta:
    parts = [reader.integer(tag) if reader.tag == tag else 0 for tag in (INT, 0x80, 0x81)]
    reader.end()
    need(0 <= parts[0] < 1 << 31 and all(0 <= each <= 999 for each in parts[1:]), "an accuracy")
    return timedelta(seconds=parts[0], milliseconds=parts[1], microseconds=parts[2])


# --- trust.json -----------------------------------------------------------------------------------

ROOTS = ("seal_roots", "tsa_roots", "outside_tsa_roots")
KEYS = {*ROOTS, "logs", "witnesses", "witness_threshold", "compromised"}


@dataclass(frozen=True)
class NoteKey:
    """A key of a log or a witness: type 1 and 4 are Ed25519, 6 is ML-DSA-44."""

    name: str
    kind: int
    raw: bytes

    @classmethod
    def parse(cls, vkey: str, kinds: Sequence[int]) -> "NoteKey":
        name, _, rest = vkey.partition("+")
        digits, _, encoded = rest.partition("+")
        key = b64(encoded)
        found = cls(name, key[0], key[1:])
        good = name and not any(each.isspace() or each < " " for each in name)
        need(good and key[0] in kinds and digits == found.id.hex(), "not a verifier key")
        found.public()
        return found

    @property
    def id(self) -> bytes:
        return sha256(self.name.encode(), b"\n", bytes((self.kind,)), self.raw)[:4]

    def public(self) -> Any:
        kind = mldsa.MLDSA44PublicKey if self.kind == 6 else ed25519.Ed25519PublicKey
        try:
            return kind.from_public_bytes(self.raw)
        except ValueError as error:
            raise Broken("not a key") from error

    def verify(self, text: bytes, signature: bytes) -> datetime | None:
        """The time of a cosignature (C2SP tlog-cosignature); None where it says none."""
        seconds, signed = 0, text
        origin, size, root = read_head(text)
        if self.kind != 1:
            need(len(signature) > 8, "a cosignature too short")
            seconds, signature = int.from_bytes(signature[:8]), signature[8:]
            need(seconds <= 253402300799 and (seconds or self.kind == 6), "no possible time")
        need(self.kind == 1 or size or root == sha256(), "a log of nothing has another root")
        if self.kind == 4:
            signed = b"cosignature/v1\ntime %d\n" % seconds + text
        elif self.kind == 6:
            need(text.count(b"\n") == 3, "a checkpoint with extensions")
            names = [bytes((len(each.encode()),)) + each.encode() for each in (self.name, origin)]
            signed = b"subtree/v1\n\x00" + names[0] + struct.pack(">Q", seconds) + names[1]
            signed += struct.pack(">QQ", 0, size) + root
        try:
            self.public().verify(signature, signed)
        except (InvalidSignature, ValueError) as error:
            raise Broken(f"the signature of {self.name} does not verify") from error
        return datetime.fromtimestamp(seconds, UTC) if seconds else None


@dataclass(frozen=True)
class Trust:
    """Whom to believe, and when the check is made."""

    at: datetime
    seal_roots: Path509 = ()
    tsa_roots: Path509 = ()
    outside_tsa_roots: Path509 = ()
    logs: tuple[NoteKey, ...] = ()
    witnesses: tuple[NoteKey, ...] = ()
    threshold: int = 0
    lost: dict[str, datetime] = field(default_factory=dict)
    """Keys in other hands, and since when."""
    require_anchor: bool = False

    def lost_since(self, keys: Iterable[Any]) -> datetime | None:
        names = [key_name(key) for key in keys]
        return min((self.lost[name] for name in names if name in self.lost), default=None)

    def lost_path(self, path: Path509) -> datetime | None:
        return self.lost_since(each.public_key() for each in path)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    need(len(dict(pairs)) == len(pairs), "a key stands twice")
    return dict(pairs)


def read_trust(data: bytes, at: datetime, *, require_anchor: bool = False) -> Trust:
    """Read trust.json. Raises Broken."""
    try:
        plain = json.loads(data, object_pairs_hook=_each_once)
        need(isinstance(plain, dict) and set(plain) <= KEYS, "trust.json: unknown keys")
        roots = {
            name: tuple(
                each
                for pem in plain.get(name, [])
                for each in x509.load_pem_x509_certificates(pem.encode())
            )
            for name in ROOTS
        }
        lost: dict[str, datetime] = {}
        for each in plain.get("compromised", []):
            need(set(each) == {"key", "since"}, "compromised")
            need(re.fullmatch(r"[0-9a-f]{64}", each["key"]), "compromised")
            since = datetime.fromisoformat(each["since"])
            need(since.tzinfo, "compromised")
            lost[each["key"]] = min(since, lost.get(each["key"], since))
        logs = tuple(NoteKey.parse(each, (1, 6)) for each in plain.get("logs", []))
        witnesses = tuple(NoteKey.parse(each, (4, 6)) for each in plain.get("witnesses", []))
        threshold = plain.get("witness_threshold", 0)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise Broken(f"trust.json: {error}") from error
    own = {log.name for log in logs} | {log.raw.hex() for log in logs}
    need(not any({each.name, each.raw.hex()} & own for each in witnesses), "a log as its witness")
    need(type(threshold) is int and threshold >= 0, "witness_threshold")
    return Trust(at, **roots, logs=logs, witnesses=witnesses, threshold=threshold, lost=lost,
                 require_anchor=require_anchor)  # fmt: skip


# --- the log: heads, proofs, entries (C2SP, RFC 6962) ---------------------------------------------


def read_head(text: bytes) -> tuple[str, int, bytes]:
    """Origin, size and root of a checkpoint."""
    try:
        lines = text.decode().split("\n")
    except UnicodeDecodeError:
        raise Broken("a checkpoint is UTF-8") from None
    need(len(lines) >= 4 and not lines.pop() and all(lines), "not a checkpoint")
    root = b64(lines[2])
    need(len(root) == 32, "a root has 32 bytes")
    return lines[0], decimal(lines[1]), root


def split_note(note: bytes) -> tuple[bytes, list[tuple[str, bytes, bytes, bytes]]]:
    """The text, and each signature as (name, key id, signature, the line itself)."""
    text, blank, block = note.rpartition(b"\n\n")
    lines = block.split(b"\n")
    need(len(note) <= 262_144 and blank and len(lines) > 1 and not lines.pop(), "not a note")
    need(len(lines) <= 64 and not re.search(rb"[\x00-\x09\x0b-\x1f]", note), "not a note")
    found = []
    for line in lines:
        try:
            match = re.fullmatch("— ([^\\s+]+) ([A-Za-z0-9+/=]+)", line.decode())
        except UnicodeDecodeError:
            match = None
        need(match, "a signature line in another form")
        assert match  # noqa: S101 - for the type checker
        raw = b64(match[2])
        need(len(raw) > 4, "a signature line without a signature")
        found.append((match[1], raw[:4], raw[4:], line + b"\n"))
    return text + b"\n", found


def signed_by(note: bytes, keys: Iterable[NoteKey]) -> list[tuple[NoteKey, datetime | None]]:
    """Who of the known signed; a known key's line that does not verify is Broken."""
    text, lines = split_note(note)
    known = {(key.name, key.id): key for key in keys}
    return [
        (known[name, key_id], known[name, key_id].verify(text, signature))
        for name, key_id, signature, _ in lines
        if (name, key_id) in known
    ]


def open_head(note: bytes, logs: Sequence[NoteKey]) -> tuple[str, int, bytes]:
    """A head that a known log of its own name signed."""
    names = [log.name for log, _ in signed_by(note, logs)]
    head = read_head(split_note(note)[0])
    need(head[0] in names, "no known key of the log signed")
    return head


@dataclass(frozen=True)
class Proof:
    """A `.tlog-proof`."""

    index: int
    hashes: list[bytes]
    note: bytes
    extra: bytes | None

    @classmethod
    def parse(cls, data: bytes) -> "Proof":
        start, blank, note = data.partition(b"\n\n")
        need(blank and note and len(data) <= 400_000, "a proof without a checkpoint")
        lines = start.decode("latin-1").split("\n")
        need(lines.pop(0) == "c2sp.org/tlog-proof@v1", "another version of proof")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = b64(lines.pop(0).removeprefix("extra "))
        need(lines and lines[0].startswith("index "), "no index")
        index = decimal(lines.pop(0).removeprefix("index "))
        path = [b64(line) for line in lines]
        need(len(path) <= 63 and all(len(each) == 32 for each in path), "hashes have 32 bytes")
        need(extra is None or len(extra) <= 65_535, "an entry too long")
        return cls(index, path, note, extra)

    def holds(self, entry: bytes) -> None:
        """RFC 6962, 2.1.1: the head of the note holds this entry."""
        text, _, _ = self.note.rpartition(b"\n\n")
        _, size, root = read_head(text + b"\n")
        need(self.index < size, "an index beyond the log")
        low, high, lefts = 0, size, list[bool]()
        while high - low > 1:
            middle = low + (1 << (high - low - 1).bit_length() - 1)
            lefts.append(self.index >= middle)
            low, high = (middle, high) if self.index >= middle else (low, middle)
        need(len(self.hashes) == len(lefts), "a path of another length")
        found = sha256(b"\x00", entry)
        for beside, left in zip(self.hashes, reversed(lefts), strict=True):
            found = sha256(b"\x01", *((beside, found) if left else (found, beside)))
        need(found == root, "the path leads to another root")

    def nodes(self, entry: bytes) -> tuple[tuple[str, int, bytes], dict[tuple[int, int], bytes]]:
        """The head, and the complete nodes (from leaf, to leaf) that a proof that holds shows."""
        head = read_head(self.note.rpartition(b"\n\n")[0] + b"\n")
        shown, hashes = dict[tuple[int, int], bytes](), [*self.hashes]

        def walk(low: int, high: int) -> bytes:
            found = sha256(b"\x00", entry)
            if high - low > 1:
                middle = low + (1 << (high - low - 1).bit_length() - 1)
                beside, left = hashes.pop(), self.index < middle
                inner = walk(*((low, middle) if left else (middle, high)))
                shown[(middle, high) if left else (low, middle)] = beside
                found = sha256(b"\x01", *((inner, beside) if left else (beside, inner)))
            shown[low, high] = found
            return found

        walk(0, head[1])
        whole = {at: node for at, node in shown.items() if (at[1] - at[0]).bit_count() == 1}
        return head, whole


Shown = tuple[tuple[str, int, bytes], dict[tuple[int, int], bytes]]


def forked(shown: Sequence[Shown]) -> str:
    """Why these heads of one log cannot all be true: a complete node never changes (RFC 6962)."""
    roots, known = dict[tuple[str, int], bytes](), dict[tuple[str, int, int], bytes]()
    for (origin, size, root), nodes in shown:
        if roots.setdefault((origin, size), root) != root:
            return f"two heads of size {size}"
        for (low, high), node in nodes.items():
            if known.setdefault((origin, low, high), node) != node:
                return f"two histories of entries {low} to {high - 1}"
    for (origin, size), root in roots.items():
        edge, low = list[bytes | None](), 0
        while low < size:
            high = low + (1 << (size - low).bit_length() - 1)
            edge.append(known.get((origin, low, high)))
            low = high
        found = edge.pop()
        while edge and found is not None:
            beside = edge.pop()
            found = None if beside is None else sha256(b"\x01", beside, found)
        if found not in (None, root):
            return f"the head of size {size} is of another history"
    return ""


MINUTE = r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2})Z"
ENTRY = re.compile(
    rf"tdh-evidence/v1\n(?P<event>[A-Z][A-Za-z0-9]{{0,63}})\n{MINUTE}\n[0-9a-f]{{32}}\n"
    r"[1-9][0-9]{0,18}\n(?P<due>-|[0-9]{4}-[0-9]{2}-[0-9]{2})\nsha-256 (?P<digest>[0-9a-f]{64})\n"
)
OPERATION = re.compile(
    rf"tdh-operation/v1\n[a-z][a-z0-9-]{{0,63}}\n{MINUTE}\n(?:[a-z][a-z0-9-]{{0,63}} [^\n]+\n)*"
)


def entry_time(entry: bytes) -> tuple[datetime, str | None]:
    """Time and digest (hexadecimal) of an entry of the log in its one spelling."""
    try:
        text = entry.decode()
        found = ENTRY.fullmatch(text) or OPERATION.fullmatch(text)
        controls = any(
            unicodedata.category(each) in {"Cc", "Zl", "Zp"} for each in text if each != "\n"
        )
        keys = re.findall(r"^([a-z-]+) ", text, re.MULTILINE)
        need(found and not controls and len(entry) <= 65_535, "not an entry")
        need(len(set(keys)) == len(keys), "a key stands twice")
        assert found  # noqa: S101 - for the type checker
        time = datetime.fromisoformat(found[2 if found.re is ENTRY else 1] + "+00:00")
        if found.re is ENTRY:
            need((found["event"] == "SubmissionAcceptance") == (found["due"] != "-"), "due")
            if found["due"] != "-":
                date.fromisoformat(found["due"])
    except (UnicodeDecodeError, ValueError):
        raise Broken("not an entry of the log") from None
    return time, found["digest"] if found.re is ENTRY else None


# --- one evidence: its form and its seal (ETSI EN 319 522-3, XAdES baseline) ----------------------

DS, XADES = "http://www.w3.org/2000/09/xmldsig#", "http://uri.etsi.org/01903/v1.3.2#"
SPACES = (
    f'xmlns:ds="{DS}" xmlns:ev="http://uri.etsi.org/19522/v1#" '
    'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:tdh="urn:tdh:evidence:1"'
)
ROOT = f'<ev:Evidence {SPACES} version="EN319522v1.1.1">'
END = "</ev:Evidence>"
TOKENS = re.compile(r'<(/?)([A-Za-z0-9:]+)((?: [A-Za-z:-]+="[^"<]*")*)>|([^<]+)')
TEXT = re.compile(r"(?:[^&>\r]|&(?:amp|lt|gt|#xD);)*")
VALUE = re.compile(r"(?:[^&\t\n\r]|&(?:amp|lt|quot|#x9|#xA|#xD);)*")
NO_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ESCAPES = {"lt": "<", "gt": ">", "quot": '"', "#x9": "\t", "#xA": "\n", "#xD": "\r", "amp": "&"}
C14N = "http://www.w3.org/2006/12/xml-c14n11"
METHODS = {
    "ec": "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    "rsa": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
}
SHA = '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>'
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


ETSI = re.escape("http://uri.etsi.org/19522/Event")
EVENTS = (
    "AcceptanceRejectionExpiry|ConsignmentAcceptance|ConsignmentNotification(?:Failure)?|"
    "ConsignmentRejection|ContentAccessTracking|ContentConsignment(?:Failure)?|"
    "ContentHandover(?:Failure)?|NotificationForAcceptance(?:Failure)?|Submission(?:Acceptance|"
    "Rejection)"
)
REASONS = (
    "InvalidMessageFormat|S_ERDS_MessageSuccessfullyRelayed|R_ERDS_MessageRejected(?:ForMalware|"
    "ForInvalidSignature|ForInvalidCertificate|ByRecipient)?|R_ERDS_MessageNotAcceptedByRecipient|"
    "R_ERDS_PolicyViolation|MessageNotAcceptedForUnregisteredRecipient|R_ERDS_Malfunction|"
    "R_ERDS_NotIdentified|R_ERDS_Unreachable|UnknownRecipient|"
    "S_ERDSP_ReceivedNoRelayAcceptanceInfoFromR_ERDSP|MessageNotConsignedFor(?:Quota|Malfunction)"
)
ANYTHING, ID, WORD = "[^<]*", "[0-9a-hjkmnp-tv-z]{24}", "[a-z0-9][a-z0-9-]{0,99}"
INSTANT = r"[0-9-]{10}T[0-9:]{8}\.(?:[0-9]{3}|[0-9]{6}(?<!000))Z"
URI = r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#\[\]@!$'()*+,;=%-]|&amp;)+"
BASE = re.compile(
    "<ev:SenderDetails>.*?(?:<AssuranceLevel>([^<]*)/assurance/not-authenticated<|"
    f"<AuthenticationMethod>([^<]*)/method/{WORD}<)", re.DOTALL
)  # fmt: skip


def _tag(name: str, *inside: str) -> str:
    return f"<{name}>{''.join(inside) or ANYTHING}</{name.partition(' ')[0]}>"


def _maybe(*inside: str) -> str:
    return f"(?:{''.join(inside)})?"


def _some(*inside: str) -> str:
    return f"(?:{''.join(inside)})+"


def _named(name: str, value: str = ANYTHING) -> str:
    kind = f"urn:tdh:attribute:{name}"
    form = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
    return _tag(
        f'saml:Attribute Name="{kind}" NameFormat="{form}"', _tag("saml:AttributeValue", value)
    )


def form_of(base: str) -> re.Pattern[str]:
    """The one form of an evidence without its seal, whose own URIs are below `base`."""
    base = re.escape(base)
    names = _named("name-th") + _named("name-en")
    level = _tag("AssuranceLevel", "http://eidas\\.europa\\.eu/LoA/(?:low|substantial|high)")
    none = _tag("AssuranceLevel", _tag("AssuranceLevel", f"{base}/assurance/not-authenticated"))
    method = _tag("AuthenticationMethod", f"{base}/method/{WORD}")
    known = _tag("ev:AuthenticationDetails", _tag("AuthenticationTime", INSTANT), method)
    levels = (
        f"(?:{_tag('ev:AuthenticationDetsAndAssuranceLevel', none)}"
        f"{_tag('IdentityProofAssuranceLevel', level)}|"
        f"{_tag('GlobalAssuranceLevel', level)}{known})"
    )
    rest = _tag('Identifier IdentifierSchemeName="[^":<]+"', "[^<]+")
    rest += _tag("AssuranceLevelsDetails", levels)
    person = _tag("ev:Identity", names) + rest
    deputy = _tag("ev:Identity", names, _named("capacity", WORD)) + rest
    reasons = f"(?:http://uri\\.etsi\\.org/19522/EventReason/(?:{REASONS})|{base}/reason/{WORD})"
    details = f"(?:{_tag('Details')})*"
    part = _tag("Identifier") + _tag("ContentType") + re.escape(SHA) + _tag("ds:DigestValue")
    log = [_tag("tdh:Origin", "[^<]+"), _tag("tdh:Pseudonym", "[0-9a-f]{32}")]
    log += [_tag("tdh:Sequence", "[1-9][0-9]{0,7}"), _maybe(_tag("tdh:Due"))]
    log += [_tag("tdh:MergeDelaySeconds", "(?:0|-?[1-9][0-9]*)")]
    judged = f'(?: report="[0-9a-f]{{64}}")?(?: scanned-by="[^"<]*")?(?: sender-match="{WORD}")?'
    verdict = f'<tdh:Verdict part="[1-9][0-9]*"{judged}>[^<]*</tdh:Verdict>'
    own = f'(?:<tdh:Particular name="{WORD}">[^<]*</tdh:Particular>)*'
    more = 'ev:Extension isCritical="false"'
    event = f"(?:{ETSI}/(?:{EVENTS})|{base}/event/(?:Withdrawal|SignatureStatus))"
    reason = _tag("ev:EventReason", _tag("Code", reasons), details)
    return re.compile(
        re.escape(ROOT) + _tag("ev:EvidenceIdentifier", f"evd_{ID}")
        + _tag("ev:ERDSEventId", event)
        + _maybe(_tag("ev:EventReasons", _some(reason))) + _tag("EventTime", INSTANT)
        + _tag("ev:EvidenceIssuerPolicyID", _some(_tag("PolicyID", URI)))
        + _tag("ev:EvidenceIssuerDetails", _tag("ev:Identity", names),
               _tag("ev:CertificateDetails", _tag("X509Certificate")))
        + _tag("ev:SenderDetails", person) + _maybe(_tag("ev:SenderDelegateDetails", deputy))
        + _some(_tag("ev:RecipientDetails", person))
        + _maybe(_tag("ev:RecipientsDelegateDetails", deputy, _tag("DelegatingRecipients", "1")))
        + _tag("ev:SubmissionTime", INSTANT) + _maybe(_tag("EvidenceRefersToRecipient", "1"))
        + _tag("ev:MessageIdentifier", f"ltr_{ID}")
        + _tag("ev:UserContentInfo", _tag("AppLayerIdentifier"), _tag("ComposingParts", "[0-9]+"),
               _tag("ev:PartsInfo", _some(_tag("ev:PartInfo", part))))
        + _maybe(_tag("ForwardedToExternalSystem"))
        + _tag("ev:TransactionLogInformation", _tag("ev:TransactionLog", *log))
        + _tag("ev:Extensions", _tag(more, _tag("tdh:Particulars", own)),
               _tag(more, _tag("tdh:SignatureVerdicts", _some(verdict)))) + END
    )  # fmt: skip


def plain(text: str) -> str:
    return re.sub(r"&([a-zA-Z0-9#]+);", lambda found: ESCAPES[found[1]], text)


@dataclass
class Node:
    """An element: children, or text."""

    tag: str
    attributes: dict[str, str]
    children: list["Node"] = field(default_factory=list)
    text: str = ""

    def all(self, path: str) -> list["Node"]:
        found = [self]
        for tag in path.split("/"):
            found = [each for node in found for each in node.children if each.tag == tag]
        return found

    def one(self, path: str) -> "Node":
        found = self.all(path)
        need(found, f"no {path}")
        return found[0]

    def say(self, path: str) -> str:
        return self.one(path).text


def read_xml(text: str) -> Node:
    """The tree of an evidence in canonical form: elements and text, nothing else."""
    need(not NO_XML.search(text), "a character that XML cannot carry")
    top, place = Node("", {}), 0
    nodes = [top]
    for found in TOKENS.finditer(text):
        need(found.start() == place and nodes, "not canonical XML")
        place, node = found.end(), nodes[-1]
        if found[4] is not None:
            need(TEXT.fullmatch(found[4]) and not node.children, "not canonical XML")
            node.text = plain(found[4])
        elif found[1]:
            need(node.tag == found[2] and not found[3], "elements are not nested")
            nodes.pop()
        else:
            pairs = re.findall(r' ([A-Za-z:-]+)="([^"]*)"', found[3])
            names = [name for name, _ in pairs]
            need(len(set(names)) == len(names) and not node.text, "not canonical XML")
            need(all(VALUE.fullmatch(value) for _, value in pairs), "not canonical XML")
            nodes.append(Node(found[2], {name: plain(value) for name, value in pairs}))
            node.children.append(nodes[-1])
    need(place == len(text) and nodes == [top] and len(top.children) == 1, "not canonical XML")
    return top.children[0]


def instant(text: str) -> datetime:
    need(re.fullmatch(r"[0-9-]{10}T[0-9:]{8}\.([0-9]{3}){1,2}Z", text), "a time in another form")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Broken("a time that does not exist") from None


@dataclass
class Evidence:
    """What an evidence says, and its seal."""

    xml: bytes
    root: Node

    @classmethod
    def parse(cls, xml: bytes) -> "Evidence":
        try:
            text = xml.decode()
        except UnicodeDecodeError:
            raise Broken("not UTF-8") from None
        need(len(xml) < 5 << 20 and text.startswith(ROOT) and text.endswith(END), "another form")
        found = cls(xml, read_xml(text))
        document = text if "<ds:Signature" not in text else text.partition("<ds:Signature")[0] + END
        base = BASE.search(document)
        uri = (base[1] or base[2] or "") if base else ""
        need(re.fullmatch(URI, uri) and uri[-1] != "/", "no base of its URIs")
        need(form_of(uri).fullmatch(document), "more or less than its form has, or out of order")
        found.check_counts()
        log = found.root.one("ev:TransactionLogInformation/ev:TransactionLog")
        found.event = found.root.say("ev:ERDSEventId").rpartition("/")[2]
        found.time = instant(found.root.say("EventTime"))
        found.origin, found.pseudonym = log.say("tdh:Origin"), log.say("tdh:Pseudonym")
        found.sequence = decimal(log.say("tdh:Sequence"))
        found.due = log.say("tdh:Due") if log.all("tdh:Due") else "-"
        found.entry()
        parts = found.root.all("ev:UserContentInfo/ev:PartsInfo/ev:PartInfo")
        verdicts = found.root.all("ev:Extensions/ev:Extension/tdh:SignatureVerdicts/tdh:Verdict")
        found.documents = [(e.say("Identifier"), b64(e.say("ds:DigestValue"))) for e in parts]
        found.reports = [each.attributes.get("report") for each in verdicts]
        own = found.root.all("ev:Extensions/ev:Extension/tdh:Particulars/tdh:Particular")
        found.own = {each.attributes.get("name", ""): each.text for each in own}
        return found

    def check_counts(self) -> None:
        """What the order of parts does not say: times, numbers and who goes with whom."""
        parts = self.root.all("ev:UserContentInfo/ev:PartsInfo/ev:PartInfo")
        verdicts = self.root.all("ev:Extensions/ev:Extension/tdh:SignatureVerdicts/tdh:Verdict")
        numbers = [each.attributes["part"] for each in verdicts]
        need(numbers == [str(n + 1) for n in range(len(parts))], "not every part has a verdict")
        count = self.root.say("ev:UserContentInfo/ComposingParts")
        need(count == str(len(parts)), "another number of parts")
        need(all(len(b64(each.say("ds:DigestValue"))) == 32 for each in parts), "no SHA-256")
        alone = len(self.root.all("ev:RecipientDetails")) == 1
        need(alone == bool(self.root.all("EvidenceRefersToRecipient")), "for which recipient")
        need(alone or not self.root.all("ev:RecipientsDelegateDetails"), "whose delegate")
        first, *others = [each.text for each in self.root.all("ev:EvidenceIssuerPolicyID/PolicyID")]
        need(first not in others, "a policy twice")
        instant(self.root.say("ev:SubmissionTime"))
        for each in self.root.children:
            place = "AssuranceLevelsDetails/ev:AuthenticationDetails/AuthenticationTime"
            for time in each.all(place):
                instant(time.text)

    event = pseudonym = origin = due = ""
    sequence = 0
    time = datetime.min.replace(tzinfo=UTC)

    def __post_init__(self) -> None:
        self.documents: list[tuple[str, bytes]] = []
        self.reports: list[str | None] = []
        self.own: dict[str, str] = {}
        self.shown: Shown | None = None
        """What its proof shows of a log that is trusted."""

    def entry(self) -> bytes:
        """The entry that the log must hold, made again from the evidence."""
        minute = self.time.isoformat(timespec="minutes").removesuffix("+00:00")
        text = (
            f"tdh-evidence/v1\n{self.event}\n{minute}Z\n{self.pseudonym}\n{self.sequence}\n"
            f"{self.due}\nsha-256 {sha256(self.xml).hex()}\n"
        )
        entry_time(text.encode())
        return text.encode()

    def identity(self) -> tuple[object, ...]:
        """What all evidences of one delivery have in common."""
        people = [*self.root.all("ev:SenderDetails"), *self.root.all("ev:RecipientDetails")]
        ids = [each.one("Identifier") for each in people]
        return (
            self.root.say("ev:MessageIdentifier"),
            self.root.say("ev:UserContentInfo/AppLayerIdentifier"),
            self.root.say("ev:SubmissionTime"),
            tuple(digest for _, digest in self.documents),
            tuple((each.attributes.get("IdentifierSchemeName"), each.text) for each in ids),
            tuple(self.own.get(name) for name in ("delivery", "tracking", "consignment-mode")),
        )

    def chain(self) -> list[bytes]:
        """The certificates of the seal, which must be over this very evidence. Raises Broken."""
        signature = self.root.children[-1]
        need(signature.tag == "ds:Signature", "there is no seal")
        chain = [
            b64(one.text) for one in signature.all("ds:KeyInfo/ds:X509Data/ds:X509Certificate")
        ]
        need(0 < len(chain) <= 8, "no certificate, or too many")
        info = signature.one("ds:SignedInfo/ds:SignatureMethod").attributes.get("Algorithm", "")
        need(info in METHODS.values(), "another method of signing")
        time = signature.say(
            "ds:Object/xades:QualifyingProperties/xades:SignedProperties/"
            "xades:SignedSignatureProperties/xades:SigningTime"
        )
        value = b64(signature.say("ds:SignatureValue"))
        text = self.xml.decode()
        document, _, seal = text.partition("<ds:Signature ")
        inside = references(document + END, time, chain[0], info)
        written = (
            f'Id="seal"><ds:SignedInfo>{inside}</ds:SignedInfo><ds:SignatureValue>'
            f"{base64.b64encode(value).decode()}</ds:SignatureValue><ds:KeyInfo><ds:X509Data>"
            + "".join(
                f"<ds:X509Certificate>{base64.b64encode(one).decode()}</ds:X509Certificate>"
                for one in chain
            )
            + "</ds:X509Data></ds:KeyInfo><ds:Object><xades:QualifyingProperties "
            f'xmlns:xades="{XADES}" Target="#seal"><xades:SignedProperties Id="seal-properties">'
            f"{properties(time, chain[0])}</xades:SignedProperties></xades:QualifyingProperties>"
            f"</ds:Object></ds:Signature>{END}"
        )
        need(seal == written, "the seal is not over this evidence, or not in its one form")
        place = "ev:EvidenceIssuerDetails/ev:CertificateDetails/X509Certificate"
        need(b64(self.root.say(place)) == chain[0], "another certificate than the evidence names")
        delay = instant(time) - self.time
        need(-TOLERANCE <= delay <= timedelta(seconds=60), "not sealed at the time of the event")
        signed = f"<ds:SignedInfo {SPACES}>{inside}</ds:SignedInfo>".encode()
        check_value(certificate(chain[0]), info, value, signed)
        return chain


def references(document: str, time: str, leaf: bytes, method: str) -> str:
    """The inside of SignedInfo: the digests of the evidence and of the signed properties."""
    signed = (
        f'<xades:SignedProperties {SPACES} xmlns:xades="{XADES}" Id="seal-properties">'
        f"{properties(time, leaf)}</xades:SignedProperties>"
    )
    digests = [base64.b64encode(sha256(each.encode())).decode() for each in (document, signed)]
    transform = f'<ds:Transform Algorithm="{C14N}"></ds:Transform></ds:Transforms>{SHA}'
    return (
        f'<ds:CanonicalizationMethod Algorithm="{C14N}"></ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{method}"></ds:SignatureMethod>'
        '<ds:Reference Id="seal-evidence" URI=""><ds:Transforms>'
        f'<ds:Transform Algorithm="{DS}enveloped-signature"></ds:Transform>{transform}'
        f"<ds:DigestValue>{digests[0]}</ds:DigestValue></ds:Reference>"
        '<ds:Reference Type="http://uri.etsi.org/01903#SignedProperties" URI="#seal-properties">'
        f"<ds:Transforms>{transform}<ds:DigestValue>{digests[1]}</ds:DigestValue></ds:Reference>"
    )


def properties(time: str, leaf: bytes) -> str:
    """The inside of SignedProperties: when, and by the key of which certificate."""
    return (
        f"<xades:SignedSignatureProperties><xades:SigningTime>{time}</xades:SigningTime>"
        f"<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>{SHA}<ds:DigestValue>"
        f"{base64.b64encode(sha256(leaf)).decode()}</ds:DigestValue></xades:CertDigest>"
        "</xades:Cert></xades:SigningCertificateV2></xades:SignedSignatureProperties>"
        "<xades:SignedDataObjectProperties><xades:DataObjectFormat "
        'ObjectReference="#seal-evidence"><xades:MimeType>text/xml</xades:MimeType>'
        "</xades:DataObjectFormat></xades:SignedDataObjectProperties>"
    )


def check_value(signer: x509.Certificate, method: str, value: bytes, signed: bytes) -> None:
    """P-256 with the lower s, or RSA from 3,072 bits."""
    try:
        key = signer.public_key()
        if isinstance(key, rsa.RSAPublicKey) and key.key_size >= 3072:
            need(method == METHODS["rsa"], "method and key")
            key.verify(value, signed, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
            r, s = int.from_bytes(value[:32]), int.from_bytes(value[32:])
            need(method == METHODS["ec"] and len(value) == 64, "method and key")
            need(s <= P256_ORDER // 2, "the signature is not in its one form")
            key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
        else:
            raise Broken("a seal is made with P-256 or RSA from 3,072 bits")
    except (InvalidSignature, UnsupportedAlgorithm, ValueError) as error:
        raise Broken("the seal is not by its certificate's key") from error


# --- who else saw it ------------------------------------------------------------------------------

Seen = tuple[datetime, bool]
"""When somebody who is believed saw it, and whether he is an outsider."""


def verify_token(token: bytes, imprint: bytes, trust: Trust) -> Stamp:
    """A timestamp over these data below a trusted root. Raises Broken, Stranger."""
    signed, digest, time, accuracy = read_token(token)
    need(digest == imprint, "for other data")
    outsiders = trust.outside_tsa_roots
    own = {key_name(each.public_key()) for each in trust.tsa_roots if each not in outsiders}
    for roots, outside in ((outsiders, True), (trust.tsa_roots, False)):
        try:
            path = path_of(signed.signer, signed.others, roots, time, STAMP_USE)
        except Stranger:
            continue
        if outside and not own.isdisjoint(key_name(each.public_key()) for each in path):
            continue  # a public root may have certified the operator's authority, too
        by = time + accuracy if time < END_OF_TIME - accuracy else END_OF_TIME
        return Stamp(time, by, path, outside)
    raise Stranger("the authority is not trusted")


def believed(stamp: Stamp, trust: Trust) -> bool:
    return stamp.time <= trust.at <= stamp.until and trust.lost_path(stamp.path) is None


@dataclass
class Voices:
    """Who vouches for a head."""

    witnesses: list[tuple[datetime, str]] = field(default_factory=list)
    stamps: list[Stamp] = field(default_factory=list)
    broken: str = ""

    def seen(self, trust: Trust) -> list[Seen]:
        found = [(each.by, each.outside) for each in self.stamps]
        enough = max(1, trust.threshold)
        if len(self.witnesses) >= enough:
            found.append((self.witnesses[enough - 1][0], True))
        return found


def hear(note: bytes, tokens: Iterable[bytes], trust: Trust) -> Voices:
    """A timestamp is over the head as the log signed it, without the witnesses' lines."""
    voices = Voices()
    try:
        text, lines = split_note(note)
        origin = read_head(text)[0]
        imprint = sha256(text, b"\n", *(line for name, _, _, line in lines if name == origin))
    except Broken:
        return voices
    sound = [each for each in trust.witnesses if trust.lost_since([each.public()]) is None]
    try:
        first: dict[str, datetime] = {}
        named: dict[bytes, str] = {}  # one name a key: Ed25519 cosignatures do not cover the name
        for key, time in signed_by(note, sound):
            if time is not None and named.setdefault(key.raw, key.name) == key.name:
                first[key.name] = min(time, first.get(key.name, time))
        voices.witnesses = sorted((t, name) for name, t in first.items() if t <= trust.at)
    except Broken as error:
        voices.broken = str(error)
    for token in dict.fromkeys(token for token in tokens if imprint in token):
        try:
            stamp = verify_token(token, imprint, trust)
        except Broken:
            continue
        if believed(stamp, trust):
            voices.stamps.append(stamp)
    return voices


def outsider_before(seen: Iterable[Seen], since: datetime) -> datetime | None:
    return min((time for time, outside in seen if outside and time < since), default=None)


def check_head(
    note: bytes, voices: Voices, trust: Trust, origin: str | None, event: datetime | None
) -> list[Line]:
    """The lines checkpoint, anchor and timestamp."""
    return [
        _checkpoint(note, voices, trust, origin),
        _anchor(voices, trust, event),
        *_stamped(voices, event),
    ]


def _checkpoint(note: bytes, voices: Voices, trust: Trust, origin: str | None) -> Line:
    if not trust.logs:
        return Line("checkpoint", UNKNOWN, "no trusted log is named")
    try:
        named, size, _ = open_head(note, trust.logs)
        need(origin in (None, named), f"the head is of {named}, not of {origin}")
    except Broken as error:
        return Line("checkpoint", FAIL, str(error))
    lost = []
    for log in trust.logs:
        try:
            open_head(note, [log])
        except Broken:
            continue
        lost.append(trust.lost_since([log.public()]))
    since = None if None in lost else max(each for each in lost if each)
    if since is not None and outsider_before(voices.seen(trust), since) is None:
        return Line("checkpoint", FAIL, f"the log's key is in other hands since {since}")
    return Line("checkpoint", PASS, f"{named}, {size} entries")


def _anchor(voices: Voices, trust: Trust, event: datetime | None) -> Line:
    needed = trust.require_anchor or trust.threshold > 0
    early = [name for time, name in voices.witnesses if event and time + TOLERANCE < event]
    if voices.broken or early:
        return Line("anchor", FAIL, voices.broken or f"{early[0]} saw the head before the event")
    names = [name for _, name in voices.witnesses]
    outside = [each for each in voices.stamps if each.outside and trust.threshold == 0]
    if len(names) >= max(1, trust.threshold) or outside:
        who = [*names, *(each.path[0].subject.rfc4514_string() for each in outside)]
        return Line("anchor", PASS, ", ".join(who), needed)
    return Line("anchor", UNKNOWN, "operator's word only / มีเพียงคำยืนยันของผู้ให้บริการ", needed)


def _stamped(voices: Voices, event: datetime | None) -> list[Line]:
    return [
        Line("timestamp", FAIL, "the head is older than the event", needed=False)
        if event is not None and each.by + TOLERANCE < event
        else Line("timestamp", PASS, f"{each.time.isoformat()}", needed=False)
        for each in voices.stamps
    ] or [Line("timestamp", UNKNOWN, "none that is believed", needed=False)]


# --- archive records (RFC 4998) -------------------------------------------------------------------


def check_record(
    record: bytes, data: bytes, trust: Trust, event: datetime
) -> tuple[Line, list[Seen]]:
    """The record over these data, and who is believed to have seen them."""
    roots = (*trust.outside_tsa_roots, *trust.tsa_roots)
    if not roots:
        return Line("timestamp", UNKNOWN, "record: no trusted authority", needed=False), []
    try:
        stamps = _record_stamps(record, data, trust)
    except Stranger as error:
        return Line("timestamp", UNKNOWN, f"record: {error}", needed=False), []
    except Broken as error:
        return Line("timestamp", FAIL, f"record: {error}", needed=False), []
    known = [each for each in stamps if each.time <= trust.at]
    sound = _sound(known, trust)
    if not sound:
        return Line("timestamp", UNKNOWN, "record: none that is believed", needed=False), []
    if sound[0].by + TOLERANCE < event:
        return Line("timestamp", FAIL, "record: older than the event", needed=False), []
    outsiders = _sound([each for each in known if each.outside], trust)[:1]
    # That the oldest counts may hang on the operator's renewal: it is no outsider's word by that.
    seen = [(sound[0].by, False), *((each.by, True) for each in outsiders)]
    return Line("timestamp", PASS, f"record: {sound[0].time.isoformat()}", needed=False), seen


def _sound(stamps: Sequence[Stamp], trust: Trust) -> list[Stamp]:
    """Those that count, judged from the newest back: each is vouched for by the next."""
    sound: list[Stamp] = []
    for each in reversed(stamps):
        since, seen = trust.lost_path(each.path), sound[-1].time if sound else None
        kept = seen is not None and seen <= each.until and not (since and since <= seen)
        if kept or (since is None and trust.at <= each.until):
            sound.append(each)
    return sound[::-1]


def _record_stamps(record: bytes, data: bytes, trust: Trust) -> list[Stamp]:
    """Each timestamp of each chain, over all before it."""
    outside = Der(record)
    body = outside.inside()
    outside.end()
    need(len(record) <= 1 << 20 and body.integer() == 1, "another version of record")
    announced = {hash_name(each) for each in body.inside().all()}
    chains = [Der(each).inside().all() for each in body.inside().all()]
    body.end()
    need(chains and all(chains) and sum(map(len, chains)) <= 64, "a record without timestamps")
    found, before = list[Stamp](), list[bytes]()
    for chain in chains:
        parsed = [_archive_stamp(each) for each in chain]
        name = parsed[0][0]
        need({each[0] for each in parsed} == {name} and name in announced, "two digests")
        leaf = hashlib.new(name, data).digest()
        if before:
            so_far = hashlib.new(name, tlv(SEQ, *before)).digest()
            leaf = hashlib.new(name, leaf + so_far).digest()
        for _, tree, token in parsed:
            found.append(verify_token(token, _root_from(tree, leaf, name), trust))
            leaf = hashlib.new(name, token).digest()
        before.append(tlv(SEQ, *chain))
    for older, newer in pairwise(found):
        need(older.time <= newer.time <= older.until, "renewed before its time or too late")
    return found


def _archive_stamp(data: bytes) -> tuple[str, list[list[bytes]], bytes]:
    stamp = Der(data).inside()
    name = hash_name(tlv(SEQ, stamp.content())) if stamp.tag == 0xA0 else ""
    tree = [
        [Der(value).content(OCT) for value in Der(one).inside().all()]
        for one in (stamp.inside(0xA2).all() if stamp.tag == 0xA2 else [])
    ]
    token = stamp.whole(SEQ)
    stamp.end()
    if not name:
        name = {32: "sha256", 48: "sha384", 64: "sha512"}[len(read_token(token)[1])]
    size = hashlib.new(name).digest_size
    need(all(one and all(len(value) == size for value in one) for one in tree), "a broken tree")
    return name, tree, token


def _root_from(tree: list[list[bytes]], leaf: bytes, name: str) -> bytes:
    if not tree:
        return leaf
    need(leaf in tree[0], "the record is for other data")
    found: list[bytes] = []
    for one in tree:
        values = sorted([*found, *one])
        found = values if len(values) == 1 else [hashlib.new(name, b"".join(values)).digest()]
    return found[0]


# --- an evidence with what lies beside it ---------------------------------------------------------


@dataclass
class Beside:
    """What lies beside an evidence."""

    proof: bytes | None = None
    tokens: Sequence[bytes] = ()
    record: bytes | None = None
    envelope: bytes | None = None


def check_evidence(xml: bytes, beside: Beside, trust: Trust) -> tuple[list[Line], Evidence | None]:
    """All lines but `sequence`; the evidence where its form and seal hold."""
    try:
        evidence = Evidence.parse(xml)
    except Broken as error:
        return [Line("schema", FAIL, str(error))], None
    lines = [Line("schema", PASS)]
    try:
        chain = evidence.chain()
    except Broken as error:
        return [*lines, Line("seal", FAIL, str(error))], None
    lines.append(Line("seal", PASS))
    log, seen = _check_log(evidence, beside, trust)
    if beside.record is not None:
        line, more = check_record(beside.record, xml, trust, evidence.time)
        log, seen = [*log, line], [*seen, *more]
    lines.append(_certificate(chain, evidence.time, seen, trust, EVIDENCE_USE))
    if beside.envelope is not None and "envelope" in evidence.own:
        same = evidence.own["envelope"] == sha256(beside.envelope).hex()
        lines.append(Line("digest", PASS if same else FAIL, "envelope.json"))
    return [*lines, *log], evidence


def _check_log(evidence: Evidence, beside: Beside, trust: Trust) -> tuple[list[Line], list[Seen]]:
    nobody = [Line("anchor", UNKNOWN, "", trust.require_anchor or trust.threshold > 0)]
    if beside.proof is None:
        missing = "no proof lies beside it / ไม่มีข้อพิสูจน์จากสมุดบันทึก"
        names = ("digest", "inclusion", "checkpoint")
        return [*(Line(each, UNKNOWN, missing) for each in names), *nobody], []
    try:
        proof = Proof.parse(beside.proof)
    except Broken as error:
        return [Line("inclusion", FAIL, str(error)), *nobody], []
    entry, voices = evidence.entry(), hear(proof.note, beside.tokens, trust)
    digest = Line("digest", FAIL, "the proof is for another entry")
    if proof.extra in (entry, None):
        digest = Line("digest", PASS if proof.extra else UNKNOWN, "")
    try:
        proof.holds(entry)
        inclusion = Line("inclusion", PASS, f"number {proof.index}")
    except Broken as error:
        inclusion = Line("inclusion", FAIL, str(error))
    head = check_head(proof.note, voices, trust, evidence.origin, evidence.time)
    seen = voices.seen(trust) if inclusion.outcome == PASS else []
    if {inclusion.outcome, head[0].outcome} == {PASS}:
        evidence.shown = proof.nodes(entry)
    return [digest, inclusion, *head], seen


def _certificate(
    chain: Sequence[bytes], time: datetime, seen: Sequence[Seen], trust: Trust, use: Any
) -> Line:
    """The certificate at that time, and what its end or its key's loss since then means."""
    if not trust.seal_roots:
        return Line("certificate", UNKNOWN, "no trusted root / ไม่มีไฟล์ความเชื่อถือ (--trust)")
    leaf, roots = certificate(chain[0]), trust.seal_roots
    try:
        path = path_of(leaf, chain[1:], roots, time, use)
    except Broken as error:
        return Line("certificate", FAIL, str(error))
    if time > trust.at:
        return Line("certificate", UNKNOWN, "from after the time of this check")
    since = trust.lost_path(path)
    if since is not None:
        first = outsider_before(seen, since)
        if first is None:
            return Line("certificate", FAIL, f"its key is in other hands since {since}")
    elif _leads(leaf, chain[1:], trust, trust.at, use):
        return Line("certificate", PASS, leaf.subject.rfc4514_string())
    else:
        first = min((when for when, _ in seen), default=None)
    if first is not None and _leads(leaf, chain[1:], trust, first, use):
        return Line("certificate", PASS, f"{leaf.subject.rfc4514_string()}, seen {first}")
    return Line("certificate", UNKNOWN, "it has ended, and nobody shows that this is older")


def _leads(
    leaf: x509.Certificate, others: Sequence[bytes], trust: Trust, at: datetime, use: Any
) -> bool:
    try:
        path_of(leaf, others, trust.seal_roots, at, use)
    except Broken:
        return False
    return True


# --- the events of one delivery -------------------------------------------------------------------

S, A, W, C, H, U, E = "new", "accepted", "asked", "consigned", "handed over", "uncollected", "end"
NOTICES = {"ConsignmentNotification": "", "ConsignmentNotificationFailure": ""}
STEPS = {  # "": the state stays. A recipient who is asked accepts, and the content follows at once.
    S: {"SubmissionAcceptance": A},
    (A, "basic"): {"ContentConsignment": C, "ContentConsignmentFailure": E, "Withdrawal": E},
    A: {"NotificationForAcceptance": W, "Withdrawal": E},
    W: {
        "ConsignmentAcceptance": "said yes", "ConsignmentRejection": E, "Withdrawal": E,
        "AcceptanceRejectionExpiry": E, "NotificationForAcceptanceFailure": "",
        "NotificationForAcceptanceFailure!": E, "SignatureStatus": "",
    },
    "said yes": {"ContentConsignment": C},
    C: {"ContentHandover": H, "ContentHandoverFailure": U, "ContentAccessTracking": "", **NOTICES},
    H: {"ContentAccessTracking": "", **NOTICES},
    U: NOTICES,
    E: {},
}  # fmt: skip
REPEATABLE = {
    "NotificationForAcceptanceFailure", "ContentAccessTracking", "SignatureStatus", *NOTICES,
}  # fmt: skip


def following(state: str, mode: str) -> dict[str, str]:
    row = STEPS.get((state, mode), STEPS[state])
    told = {} if state in (S, "said yes") else {"SignatureStatus": state}
    return {event: after or state for event, after in row.items()} | told


def cause_of(one: Evidence) -> str:
    cause = one.own.get("channel", "")
    if "document" in one.own:
        recipient = one.root.one("ev:RecipientDetails").one("Identifier")
        who = f"{recipient.attributes.get('IdentifierSchemeName')}:{recipient.text}"
        cause = f"{one.own['document']}:{one.own.get('checked-at', who)}"
    return cause


def check_sequence(evidences: Iterable[Evidence]) -> Line:
    """Whether one delivery can have had these events, which may be some of its events only."""
    unique = {one.xml: one for one in evidences}
    ordered = sorted(unique.values(), key=lambda one: one.sequence)
    try:
        _check_events(ordered)
    except Broken as error:
        return Line("sequence", FAIL, str(error))
    for before, after in pairwise(ordered):
        if after.sequence != before.sequence + 1:
            return Line("sequence", UNKNOWN, f"number {before.sequence + 1} is missing")
    return Line("sequence", PASS, ", ".join(f"{each.sequence} {each.event}" for each in ordered))


def _check_events(ordered: Sequence[Evidence]) -> None:
    need(len({one.identity() for one in ordered}) == 1, "different deliveries, letters or parties")
    happened: set[tuple[str, str]] = set()
    if any(one.event == "SubmissionRejection" for one in ordered):
        need(len(ordered) == 1 and ordered[0].sequence == 1, "a refusal is one event")
        return
    mode = ordered[0].own.get("consignment-mode", "")
    need(mode in ("basic", "consent", "signed"), "the consignment mode is not said")
    for before, after in pairwise(ordered):
        need(before.sequence != after.sequence, f"two different events are {after.sequence}")
        need(before.time <= after.time, f"number {after.sequence} is earlier than the one before")
    states, number = {S}, 0
    for one in ordered:
        cause = cause_of(one)
        need((one.event in REPEATABLE) == bool(cause), f"{one.event} and its cause do not fit")
        need((one.event, cause) not in happened, f"{one.event} happened before")
        happened.add((one.event, cause))
        for _ in range(one.sequence - number - 1):
            more = {after for state in states for after in following(state, mode).values()}
            if more == states:
                break
            states = more
        trigger = one.event + ("!" if one.own.get("final") == "yes" else "")
        states = {following(state, mode).get(trigger, "") for state in states} - {""}
        need(states, f"{one.event} cannot be number {one.sequence}")
        number = one.sequence


def sequences(examined: Sequence[tuple[list[Line], Evidence | None]]) -> list[Line]:
    """The sequence line of each; one that failed is not held against the others."""
    streams: dict[tuple[str, str], list[Evidence]] = {}
    for lines, one in examined:
        if one is not None and result(lines) != "invalid":
            streams.setdefault((one.origin, one.pseudonym), []).append(one)
    known = {stream: check_sequence(found) for stream, found in streams.items()}
    unread = Line("sequence", UNKNOWN, "the evidence does not stand")
    return [
        unread if one is None or result(lines) == "invalid" else known[one.origin, one.pseudonym]
        for lines, one in examined
    ]


# --- bundles (ASiC-E, ETSI EN 319 162-1) ----------------------------------------------------------

LOCAL = struct.Struct("<4s5H3L2H")
MANIFEST, SEAL = "META-INF/ASiCManifest001.xml", "META-INF/signature001.p7s"
FILES = {  # every name that a file of a bundle can have, and how much of it is kept
    re.escape(MANIFEST): 1 << 20,
    re.escape(SEAL): 1 << 20,
    r"evidence/[0-9]{2,8}-[A-Za-z]{1,64}\.xml": 5 << 20,
    r"evidence/[0-9]{2,8}-[A-Za-z]{1,64}\.(?:tlog-proof|ers)": 1 << 20,
    r"evidence/checkpoint[A-Za-z0-9._-]*\.ts[rt]": 1 << 17,
    r"documents/[1-9][0-9]{0,3}-[^/]+|reports/[1-9][0-9]{0,3}\.json|envelope\.json|mimetype": 0,
    r"receipts/[A-Za-z0-9._-]+\.pdf": 8 << 20,
    r"README\.(?:th|en)\.txt|claims/[A-Za-z0-9._-]+": 0,
}


def local_header(name: bytes, size: int, crc: int) -> bytes:
    """The one form of what stands before a file: stored, without a time of its own."""
    large = size >= 0xFFFFFFFF
    extra = struct.pack("<2H2Q", 1, 16, size, size) if large else b""
    shown, flags = min(size, 0xFFFFFFFF), 0 if name.isascii() else 0x0800
    version = 45 if large else 20
    return LOCAL.pack(
        b"PK\x03\x04", version, flags, 0, 0, 33, crc, shown, shown, len(name), len(extra)
    ) + name + extra  # fmt: skip


def directory(entries: Sequence[tuple[bytes, int, int]]) -> bytes:
    """The one form of what follows the files."""
    offset, central, full = 0, b"", 0xFFFFFFFF
    for name, size, crc in entries:
        wide = [*((size, size) if size >= full else ()), *((offset,) if offset >= full else ())]
        extra = struct.pack(f"<2H{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
        flags, shown = 0 if name.isascii() else 0x0800, min(size, full)
        central += struct.pack(
            "<4s6H3L5H2L", b"PK\x01\x02", 3 << 8 | (45 if wide else 20), 45 if size >= full else 20,
            flags, 0, 0, 33, crc, shown, shown, len(name), len(extra), 0, 0, 0,
            0o100644 << 16, min(offset, full),
        ) + name + extra  # fmt: skip
        offset += len(local_header(name, size, crc)) + size
    count, length, end = len(entries), len(central), b""
    if offset >= full:
        end = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 3 << 8 | 45, 45, 0, 0, count, count,
                          length, offset)  # fmt: skip
        end += struct.pack("<4sLQL", b"PK\x06\x07", 0, offset + length, 1)
    return central + end + struct.pack(
        "<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, length, min(offset, full), 0
    )  # fmt: skip


def exactly(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    need(len(data) == count, "the file is cut off")
    return data


def plain_name(name: str) -> bool:
    parts = name.split("/")
    return name.isprintable() and not set(name) & set('\\:*?"<>|') and all(
        part and part[-1] not in ". " and part[0] != " " for part in parts
    )  # fmt: skip


def read_container(file: BinaryIO) -> dict[str, tuple[bytes, bytes]]:
    """Digest and, where it is small, content of each file. The container has one spelling."""
    entries: list[tuple[bytes, int, int]] = []
    found: dict[str, tuple[bytes, bytes]] = {}
    kept = 0
    while (mark := exactly(file, 4)) == b"PK\x03\x04":
        rest = exactly(file, LOCAL.size - 4)
        fields = LOCAL.unpack(mark + rest)
        crc, size, length, more = fields[6], fields[8], fields[9], fields[10]
        need(0 < length <= 1024 and more <= 20 and len(entries) < 1000, "too many or too long")
        raw, extra = exactly(file, length), exactly(file, more)
        size = int.from_bytes(extra[4:12], "little") if extra else size
        need(local_header(raw, size, crc) == mark + rest + raw + extra, "not in the one form")
        try:
            name = raw.decode()
        except UnicodeDecodeError:
            raise Broken("a name that is not UTF-8") from None
        need(plain_name(name) and (name == "mimetype") == (not entries), f"misplaced: {name}")
        limits = [limit for pattern, limit in FILES.items() if re.fullmatch(pattern, name)]
        need(limits and name not in found, f"{name} is no file of a bundle, or is there twice")
        kept += size if limits[0] else 0
        need(not limits[0] or (size <= limits[0] and kept <= 64 << 20), f"{name} is too long")
        digest, running, content = hashlib.sha256(), 0, []
        for start in range(0, size, 1 << 20):
            piece = exactly(file, min(1 << 20, size - start))
            digest.update(piece)
            running = zlib.crc32(piece, running)
            content += [piece] if limits[0] else []
        need(running == crc, f"{name} was changed")
        found[name] = digest.digest(), b"".join(content)
        entries.append((raw, size, crc))
    folded = {unicodedata.normalize("NFKC", name).casefold() for name in found}
    need(len(folded) == len(found), "two names that some systems take for one")
    end = directory(entries)
    need(entries and mark + file.read(len(end)) == end and not file.read(1), "more than its files")
    need(found["mimetype"][0] == sha256(b"application/vnd.etsi.asic-e+zip"), "no ASiC-E container")
    return found


def read_manifest(data: bytes) -> dict[str, bytes]:
    """Which files the seal stands over, by digest; one spelling."""
    line = re.compile(
        r'<asic:DataObjectReference MimeType="([\w.+/-]+)"( Rootfile="true")? URI="([^"]*)">'
        + re.escape(SHA) + r"<ds:DigestValue>([A-Za-z0-9+/=]{44})</ds:DigestValue>"
        "</asic:DataObjectReference>\n"
    )  # fmt: skip
    text = data.decode("latin-1")
    start = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<asic:ASiCManifest xmlns:asic='
        f'"http://uri.etsi.org/02918/v1.2.1#" xmlns:ds="{DS}">\n<asic:SigReference MimeType='
        f'"application/pkcs7-signature" URI="{SEAL}"></asic:SigReference>\n'
    )
    found, place = dict[str, bytes](), len(start)
    need(text.startswith(start), "not a manifest in its one spelling")
    while match := line.match(text, place):
        name = unquote_to_bytes(match[3]).decode("utf-8", "replace")
        need(quote(name, safe="/") == match[3] and name not in found, "a name in another spelling")
        found[name], place = b64(match[4]), match.end()
    need(found and text[place:] == "</asic:ASiCManifest>\n", "not a manifest in its one spelling")
    return found


def check_bundle(path: Path, trust: Trust) -> list[Line]:
    """Container, manifest, seal, every evidence inside, and what they name."""
    try:
        with path.open("rb") as file:
            files = read_container(file)
        need(MANIFEST in files and SEAL in files, "no manifest or no seal")
        manifest = read_manifest(files[MANIFEST][1])
    except Broken as error:
        return [Line("schema", FAIL, str(error))]
    own = {"mimetype", MANIFEST, SEAL}
    there = {name: digest for name, (digest, _) in files.items() if name not in own}
    other = [n for n in {*manifest, *there} if manifest.get(n) != there.get(n)]
    lines = [Line("schema", PASS, f"{len(files)} files")]
    lines.append(Line("digest", FAIL if other else PASS, ", ".join(other) or "manifest"))
    tokens = [token_in(data) for name, (_, data) in files.items() if name.startswith("evidence/ch")]
    stems = [name.removesuffix(".xml") for name in files if re.fullmatch(r"evidence/.*\.xml", name)]
    empty = b"", None
    examined = []
    for stem in stems:
        proof, record = (files.get(stem + end, empty)[1] for end in (".tlog-proof", ".ers"))
        beside = Beside(proof, tokens, record)
        examined.append(check_evidence(files[f"{stem}.xml"][1], beside, trust))
    lines += _bundle_seal(files[SEAL][1], files[MANIFEST][1], examined, trust)
    same: dict[Line, list[str]] = {}
    for stem, (found, _) in zip(stems, examined, strict=True):
        for line in found:
            same.setdefault(line, []).append(stem[9:].partition("-")[0])
    for line, which in same.items():
        why = f"evidence {', '.join(which)}{': ' if line.why else ''}{line.why}"
        lines.append(Line(line.id, line.outcome, why, line.needed))
    return [*lines, *_bundle_sequence(stems, examined), *_bundle_files(there, examined)]


def _bundle_seal(
    seal: bytes,
    manifest: bytes,
    examined: Sequence[tuple[list[Line], Evidence | None]],
    trust: Trust,
) -> list[Line]:
    try:
        signed = open_cms(seal, manifest)
    except Broken as error:
        return [Line("seal", FAIL, str(error)), Line("certificate", UNKNOWN, "bundle")]
    seen = []
    for token in signed.tokens:
        try:
            stamp = verify_token(token, sha256(signed.signature), trust)
        except Broken:
            continue
        seen += [(stamp.by, stamp.outside)] if believed(stamp, trust) else []
    leaf = signed.signer
    own = max(leaf.not_valid_before_utc, min(trust.at, leaf.not_valid_after_utc))
    chain = [leaf.public_bytes(Encoding.DER), *signed.others]
    line = _certificate(chain, own, seen, trust, BUNDLE_USE)
    sealers = [certificate(one.chain()[0]) for _, one in examined if one is not None]
    # Below a public root anybody can seal real evidence of others into a bundle of his own.
    if sealers and line.outcome != FAIL and not any(same_owner(leaf, each) for each in sealers):
        who = sealers[0].subject.rfc4514_string()
        line = Line(
            "certificate", FAIL, f"ไม่ใช่ผู้ประทับตราหลักฐาน / not of who sealed the evidence: {who}"
        )
    return [Line("seal", PASS, "bundle"), line]


def _bundle_sequence(
    stems: Sequence[str], examined: Sequence[tuple[list[Line], Evidence | None]]
) -> Iterable[Line]:
    if not examined:
        yield Line("schema", FAIL, "no evidence in the bundle")
    read = [(stem, one) for stem, (_, one) in zip(stems, examined, strict=True) if one]
    for stem, one in read:
        if stem != f"evidence/{one.sequence:02d}-{one.event}":
            yield Line("sequence", FAIL, f"{stem} is named after another event")
    if len({(one.origin, one.pseudonym) for _, one in read}) > 1:
        yield Line("sequence", FAIL, "evidences of different deliveries")
    yield from dict.fromkeys(sequences(examined))
    if fork := forked([one.shown for _, one in read if one.shown is not None]):
        yield Line("checkpoint", FAIL, f"สมุดบันทึกแตกเป็นสองทาง / the log is FORKED: {fork}")
    if read and min(one.sequence for _, one in read) != 1:
        yield Line("sequence", UNKNOWN, "number 1 is missing")


def _bundle_files(
    there: dict[str, bytes], examined: Sequence[tuple[list[Line], Evidence | None]]
) -> Iterable[Line]:
    """Documents, reports and envelope are those that the first evidence that stands names."""
    stand = [one for lines, one in examined if one is not None and result(lines) != "invalid"]
    if not stand:
        yield Line("digest", UNKNOWN, "no evidence stands to name the documents")
        return
    first = stand[0]
    numbers = [identifier.partition("/")[0] for identifier, _ in first.documents]
    wanted = {
        "documents": dict(zip(numbers, (digest for _, digest in first.documents), strict=True)),
        "reports": {n: bytes.fromhex(r) for n, r in zip(numbers, first.reports, strict=True) if r},
    }
    for kind, digests in wanted.items():
        found = [(n, re.match(r"[0-9]+", n.partition("/")[2])) for n in there if n.startswith(kind)]
        seen = [match[0] for _, match in found if match]
        bad = [n for n, match in found if not match or digests.get(match[0]) != there[n]]
        if bad or len(set(seen)) != len(seen):
            yield Line("digest", FAIL, f"not what the evidence names: {', '.join(bad) or kind}")
        elif kind == "documents" and set(seen) != set(digests):
            yield Line("digest", UNKNOWN, "evidence only, documents are not here", needed=False)
        else:
            yield Line("digest", PASS, f"{len(seen)} {kind}")
    for name in sorted(each for each in there if each.startswith("receipts/")):
        yield Line("seal", UNKNOWN, f"{name}: ให้ตรวจแยกต่างหาก / check it by itself", needed=False)
    if "envelope.json" in there and "envelope" in first.own:
        same = there["envelope.json"].hex() == first.own["envelope"]
        yield Line("digest", PASS if same else FAIL, "envelope.json")


# --- files and words ------------------------------------------------------------------------------

TITLES = {
    "schema": ("รูปแบบ", "in its form"),
    "seal": ("ตราประทับ", "sealed"),
    "certificate": ("ใบรับรองของตราประทับ", "certificate of the seal"),
    "digest": ("ค่าแฮช", "digest"),
    "inclusion": ("อยู่ในสมุดบันทึก", "in the log"),
    "checkpoint": ("หัวสมุดบันทึก", "head of the log"),
    "anchor": ("คนนอกรับรอง", "anchored by outsiders"),
    "timestamp": ("ประทับเวลา", "timestamp"),
    "sequence": ("ลำดับเหตุการณ์", "sequence of events"),
}
WORDS = {
    PASS: ("✓", "ผ่าน", "holds"),
    FAIL: ("✗", "ไม่ผ่าน", "DOES NOT HOLD"),
    UNKNOWN: ("–", "ยังบอกไม่ได้", "cannot be told"),
}
RESULTS = {
    "valid": (0, "ถูกต้อง", "valid"),
    "invalid": (1, "ไม่ถูกต้อง", "INVALID"),
    "cannot_tell": (2, "ยังบอกไม่ได้", "cannot tell"),
}


def if_there(path: Path) -> bytes | None:
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def tokens_beside(path: Path) -> list[bytes]:
    names = [p for p in sorted(path.parent.glob("checkpoint*")) if p.suffix in (".tsr", ".tst")]
    return [token_in(data) for data in map(if_there, names[:1024]) if data]


def check_proof(data: bytes, tokens: Sequence[bytes], trust: Trust) -> list[Line]:
    """A proof alone: that the log holds the entry that it brings."""
    try:
        proof = Proof.parse(data)
        time = entry_time(proof.extra)[0] if proof.extra is not None else None
    except Broken as error:
        return [Line("schema", FAIL, str(error))]
    inclusion = Line("inclusion", UNKNOWN, "the proof brings no entry")
    if proof.extra is not None:
        try:
            proof.holds(proof.extra)
            inclusion = Line("inclusion", PASS, f"number {proof.index}")
        except Broken as error:
            inclusion = Line("inclusion", FAIL, str(error))
    voices = hear(proof.note, tokens, trust)
    return [Line("schema", PASS), inclusion, *check_head(proof.note, voices, trust, None, time)]


def check_token(path: Path, data: bytes, trust: Trust) -> list[Line]:
    """A timestamp alone: X.tsr stamps the file X beside it."""
    token = token_in(data)
    try:
        _, imprint, time, _ = read_token(token)
    except Broken as error:
        return [Line("schema", FAIL, str(error))]
    stamped = if_there(path.with_suffix("")) if path.suffix in (".tsr", ".tst") else None
    digest = Line("digest", UNKNOWN, "the stamped file is not there")
    if stamped is not None:
        fits = [sha256(stamped)]
        try:
            text, lines = split_note(stamped)
            own = [line for name, _, _, line in lines if name == read_head(text)[0]]
            fits.append(sha256(text, b"\n", *own))
        except Broken:
            pass
        digest = Line("digest", PASS if imprint in fits else FAIL, path.stem)
    if not (*trust.outside_tsa_roots, *trust.tsa_roots):
        return [Line("schema", PASS), digest, Line("timestamp", UNKNOWN, "no trusted authority")]
    try:
        stamp = verify_token(token, imprint, trust)
        outcome = PASS if believed(stamp, trust) else UNKNOWN
        last = Line("timestamp", outcome, time.isoformat())
    except Broken as error:
        last = Line("timestamp", FAIL, str(error))
    return [Line("schema", PASS), digest, last]


def check_one(
    path: Path, data: bytes, stamps: Sequence[bytes], trust: Trust
) -> tuple[list[Line], Evidence | None]:
    """One file by its kind, which its first bytes say. Raises OSError."""
    start, suffix = data[:4096], path.suffix.lower()
    if data.lstrip().startswith(b"<") and b"http://uri.etsi.org/19522/" in start:
        found = []
        for end in (".tlog-proof", ".ers"):
            short, long = path.with_suffix(end), path.with_name(path.name + end)
            found.append(if_there(short if short.is_file() else long))
        envelope = if_there(path.with_name("envelope.json"))
        beside = Beside(found[0], [*tokens_beside(path), *stamps], found[1], envelope)
        return check_evidence(data, beside, trust)
    if data.startswith(b"c2sp.org/tlog-proof@"):
        return check_proof(data, [*tokens_beside(path), *stamps], trust), None
    if data[:1] == b"0" and TST_INFO in start and suffix != ".ers":
        return check_token(path, data, trust), None
    if data.startswith(b"PK\x03\x04") or suffix == ".asice":
        return check_bundle(path, trust), None
    if suffix in (".xml", ".tlog-proof", ".tsr", ".tst"):
        return [Line("schema", FAIL, "not what its name says")], None
    return [Line("schema", UNKNOWN, "not a kind of file that this program knows")], None


def check_files(paths: Sequence[Path], trust: Trust) -> list[tuple[Path, list[Line]]]:
    """Each file by its kind; evidences of one delivery against each other. Raises OSError."""
    read = []
    for path in paths:
        if path.exists() and not path.is_file():  # a pipe would be waited for, for ever
            raise OSError(f"not a plain file: {path}")
        with path.open("rb") as file:
            start = file.read(4096)
            bundle = start.startswith(b"PK\x03\x04") or path.suffix.lower() == ".asice"
            read.append(start if bundle else start + file.read(MAX_BYTES))
    stamps = [token_in(data) for data in read if data[:1] == b"0" and TST_INFO in data[:4096]]
    found = []
    for path, data in zip(paths, read, strict=True):
        try:
            found.append(check_one(path, data, stamps, trust))
        except (ValueError, LookupError, TypeError, OverflowError) as error:
            # No such input is known. If there is one, it is not in the one form.
            found.append(([Line("schema", FAIL, f"cannot be read: {error}")], None))
    evidences = [each for each in found if each[1] is not None]
    for (lines, _), line in zip(evidences, sequences(evidences), strict=True):
        lines.append(line)
    return [(path, lines) for path, (lines, _) in zip(paths, found, strict=True)]


def printable(text: str) -> str:
    """Without control and formatting characters, which could draw another answer on a terminal."""
    return "".join(each for each in text if unicodedata.category(each)[0] != "C")


def show(checked: Sequence[tuple[Path, list[Line]]], *, thai: bool) -> int:
    """Say everything; the exit code."""
    codes = []
    for path, lines in checked:
        code, th, en = RESULTS[result(lines)]
        codes.append(code)
        sys.stdout.write(printable(f"{path}: {th if thai else en}") + "\n")
        for line in sorted(lines, key=lambda each: list(TITLES).index(each.id)):
            sign, *words = WORDS[line.outcome]
            title = TITLES[line.id][0 if thai else 1]
            why = f" ({line.why})" if line.why else ""
            sys.stdout.write(printable(f"  {sign} {title}: {words[0 if thai else 1]}{why}") + "\n")
    return 1 if 1 in codes else max(codes)


def main() -> int:
    """Read the words of the call, check, and say it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--trust", type=Path, metavar="FILE", help="trust.json: whom to believe")
    parser.add_argument("--at", type=datetime.fromisoformat, metavar="TIME", help="now by default")
    parser.add_argument("--require-anchor", action="store_true")
    parser.add_argument("--lang", choices=["th", "en"], default="th")
    parser.add_argument("--version", action="version", version=VERSION)
    args = parser.parse_args()
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal's stream has it
    at = args.at or datetime.now(UTC)
    if at.tzinfo is None:
        parser.error("--at: with an offset, please")
    try:
        text = args.trust.read_bytes() if args.trust else b"{}"
        trust = read_trust(text, at, require_anchor=args.require_anchor)
        return show(check_files(args.files, trust), thai=args.lang == "th")
    except (OSError, Broken) as error:
        sys.stderr.write(f"tdh_verify: {error}\n")
        return 66 if isinstance(error, OSError) else 64


if __name__ == "__main__":
    sys.exit(main())
