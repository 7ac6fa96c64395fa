"""The trusted half of the fast lane: bytes and a place in, a verified signature out. Pure.

What the locator said is checked against the bytes themselves: two ranges, a hexadecimal string
between them that is a CMS message and zeros, and nothing else. So whoever signed, signed all of the
file. Digest, signature and timestamp are computed here; nothing of them comes from the child.
"""

import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from mmap import mmap
from typing import Final

from cryptography import x509

from signing import der
from signing.errors import ProofError
from signing.judge.fast.locate import Located
from signing.judge.fast.message import (
    DATA,
    SIGNING_TIME,
    TST_INFO,
    Message,
    check_message,
    read_message,
)
from signing.judge.fast.syntax import NotUnderstood
from signing.tst_info import TstInfo

MAX_CONTENTS: Final = 2 * 65_536
FUTURE_TOLERANCE = timedelta(seconds=5)
_MADE = re.compile(r"D:([0-9]{14})(?:Z|([+-])([0-9]{2})'([0-9]{2})'?)")
_LONG_FRACTION = re.compile(rb"[0-9]{14}\.[0-9]{7}")
_USUAL_NAMES: Final = frozenset({"Signature", *(f"Signature{n}" for n in range(10))})
"""Of fields; they may stand in a compressed stream, which nobody unpacks here."""
_AROUND: Final = 2_048
"""Bytes on either side of the gap, in which the rest of the signature's dictionary stands."""
_UTC_TIME, _UTC_TIME_BYTES = 0x17, 13
_LONG_FORM: Final = 0x82
"""Length in two bytes, as a message of 256 bytes to 64 kB has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Whose certificate a judgement needs a fact about, and what came along for its chain."""

    certificate_sha256: str
    material: str
    chain: tuple[bytes, ...] = field(default=(), compare=False, repr=False)
    """The certificate, and every one that helps to lead from it to an anchor; DER."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A timestamp whose signature holds; its unit is not trusted yet."""

    unit: Party
    time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A signature over the whole file whose value holds; its signer is not trusted yet."""

    field: str
    subfilter: str
    signer: Party
    begins: datetime
    """From when on the signer's certificate is valid."""
    claimed: datetime | None
    digest: str
    mechanism: str
    """Names as reports spell them."""
    stamp: Stamp | None


def material_digest(certificates: Sequence[bytes]) -> str:
    """Name what a document brought along for chains: its certificates in order, each once."""
    total = hashlib.sha256()
    for certificate in dict.fromkeys(certificates):
        total.update(hashlib.sha256(certificate).digest())
    return total.hexdigest()


def verify(data: bytes | mmap, located: Located, trust: tuple[bytes, ...] = ()) -> Verified | None:
    """Verify what stands at the place; None where anything is not as it usually is.

    `trust`: certificates that help to build every chain, beside those that came along.
    """
    try:
        _check_strings(data, located)
        with memoryview(data) as view:
            return _verified(view, located, trust)
    except (NotUnderstood, ProofError, ValueError, OverflowError):
        return None


def _check_strings(data: bytes | mmap, located: Located) -> None:
    """What reports will say is in this document, and not in one that the locator had before."""
    name, digits = located.field, (located.made or "")[2:16]
    before = data[max(0, located.length - _AROUND) : max(0, located.length)]
    around = before + data[located.second : located.second + _AROUND]
    if digits.encode("ascii") not in around or located.subfilter.encode("ascii") not in around:
        raise NotUnderstood("a date or a format that does not stand beside the signature")
    known = name in _USUAL_NAMES or data.find(f"({name})".encode("ascii")) >= 0
    if not known and re.search(_spelled(name), data) is None:
        raise NotUnderstood("a name that is not in the document")


def _spelled(name: str) -> bytes:
    """A pattern of it as a literal string, where each byte may be in octal (ISO 32000-2, 7.3.4)."""
    each = (
        b"(?:%s|\\\\%03o)" % (re.escape(byte.to_bytes()), byte) for byte in name.encode("ascii")
    )
    return rb"\(%s\)" % b"".join(each)


def _verified(data: memoryview, located: Located, trust: tuple[bytes, ...]) -> Verified:
    message = read_message(_contents(data, located))
    if message.content_type != DATA or message.content is not None:
        raise NotUnderstood("content that is not detached")
    total = hashlib.new(message.digest.name)
    total.update(data[: located.length])
    total.update(data[located.second :])
    certificate, mechanism = check_message(message, total.digest())
    return Verified(
        field=located.field,
        subfilter=located.subfilter,
        signer=_party(message.certificate, (*trust, *message.certificates)),
        begins=certificate.not_valid_before_utc,
        claimed=_claimed(message, located),
        digest=message.digest.name,
        mechanism=mechanism,
        stamp=_stamp(message, trust),
    )


def _party(certificate: bytes, brought: Sequence[bytes]) -> Party:
    return Party(
        certificate_sha256=hashlib.sha256(certificate).hexdigest(),
        material=material_digest(brought),
        chain=(certificate, *brought),
    )


def _contents(data: memoryview, located: Located) -> bytes:
    """The CMS message: the gap is exactly one string of it and zeros (ISO 32000-2, table 255)."""
    length, second = located.length, located.second
    if not 0 < length < second < len(data) or second - length > MAX_CONTENTS:
        raise NotUnderstood("a gap out of bounds")
    gap = bytes(data[length:second])
    if gap[:1] != b"<" or gap[-1:] != b">":
        raise NotUnderstood("no string in the gap")
    contents = binascii.unhexlify(gap[1:-1])
    if contents[:2] != bytes((der.SEQUENCE, _LONG_FORM)):
        raise NotUnderstood("no message of a usual length")
    end = 4 + int.from_bytes(contents[2:4])
    if end > len(contents) or contents.count(0, end) != len(contents) - end:
        raise NotUnderstood("more than the message in the gap")
    return contents[:end]


def _stamp(message: Message, trust: tuple[bytes, ...]) -> Stamp | None:
    """RFC 3161: a token over the signature's value, of one signer, over a statement of its own."""
    if message.token is None:
        return None
    token = read_message(message.token)
    if token.content_type != TST_INFO or token.content is None or token.token is not None:
        raise NotUnderstood("no timestamp")
    if _LONG_FRACTION.search(token.content):
        raise NotUnderstood("a time finer than microseconds")
    info = TstInfo.decode(token.content)
    if info.digest != hashlib.sha256(message.signature).digest():
        raise NotUnderstood("a timestamp of something else")
    unit, _ = check_message(token, hashlib.new(token.digest.name, token.content).digest())
    _check_lifetime(unit, info.time)
    brought = (*trust, *message.certificates, *token.others)
    return Stamp(unit=_party(token.certificate, brought), time=info.time)


def _check_lifetime(unit: x509.Certificate, time: datetime) -> None:
    if not unit.not_valid_before_utc <= time <= unit.not_valid_after_utc:
        raise NotUnderstood("a timestamp from outside its unit's life")


def _claimed(message: Message, located: Located) -> datetime | None:
    """When the signer says that it signed: signing-time (RFC 5652, 11.3), else /M."""
    value = message.attributes.get(SIGNING_TIME)
    if value is not None:
        return _signing_time(value)
    if located.made is None:
        return None
    match = _MADE.fullmatch(located.made)
    if match is None:
        raise NotUnderstood("a date in another spelling")
    digits, sign, hours, minutes = match.groups()
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    zone = timezone(-offset if sign == "-" else offset)
    return _moment(digits, zone)


def _moment(digits: str, zone: timezone) -> datetime:
    """Year to second; raises ValueError for a moment that does not exist."""
    year, rest = int(digits[:4]), [int(digits[place : place + 2]) for place in range(4, 14, 2)]
    month, day, hour, minute, second = rest
    return datetime(year, month, day, hour, minute, second, tzinfo=zone)


def _signing_time(value: bytes) -> datetime:
    reader = der.Reader(value)
    if reader.tag == der.GENERALIZED_TIME:
        return reader.generalized_time()
    digits = reader.content(_UTC_TIME)
    if len(digits) != _UTC_TIME_BYTES or not digits[:-1].isdigit() or digits[-1:] != b"Z":
        raise NotUnderstood("a time in another spelling")
    century = b"20" if digits < b"50" else b"19"
    return _moment((century + digits[:-1]).decode(), UTC)
