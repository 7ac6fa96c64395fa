"""Reads a CMS SignedData however it is wrapped: DER, BER, PEM, base64 text, without ContentInfo.

RFC 5652, 3 and 5.1; RFC 7468, 9 and 10 (textual encoding). Everything is DER before asn1crypto
sees it (`ber.py`). Nothing may stand around the message: no signature would cover it. Judges
nothing.
"""

import binascii
import re
from dataclasses import dataclass

from asn1crypto import cms

from signing.judge.ber import BytesAfter, Element, elements, sequence, spelled, to_der
from signing.judge.codes import Code, Refused
from signing.judge.disguise import check_nothing_else
from signing.judge.pdf_reading import LIBRARY_TROUBLE

_ARMOR = re.compile(
    rb"\s*-----BEGIN (PKCS7|CMS|PKCS #7 SIGNED DATA)-----\s([A-Za-z0-9+/=\s]+)-----END \1-----\s*"
)
_BASE64 = re.compile(rb"[A-Za-z0-9+/\s]+={0,2}\s*")
_WHITE = b" \t\r\n\v\f"
_INTEGER, _OCTETS, _SEQUENCE, _SET, _CONTEXT_0, _CONTEXT_1 = 0x02, 0x04, 0x30, 0x31, 0xA0, 0xA1
_OID_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_FIRST, _LAST = (_INTEGER, _SET, _SEQUENCE), (_SET,)
"""RFC 5652, 5.1: version, digestAlgorithms, encapContentInfo; then, or later, signerInfos."""
_BETWEEN = ((), (_CONTEXT_0,), (_CONTEXT_1,), (_CONTEXT_0, _CONTEXT_1))
"""certificates, crls"""
_PLACE_OF_ATTRIBUTES = 3
"""In a SignerInfo: version, sid, digestAlgorithm, then [0] signedAttrs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CmsMessage:
    """A SignedData, and the octets that it encloses."""

    signed_data: cms.SignedData
    """Without the content, but for a timestamp's."""
    content_type: str
    """As asn1crypto names it, or the object identifier."""
    content: bytes | None
    """None: detached."""

    @property
    def is_timestamp(self) -> bool:
        return self.content_type == "tst_info"


def read_message(data: bytes) -> CmsMessage:
    """Read a file that is one SignedData.

    Raises:
        Refused: it is none, damaged, or something stands beside it.

    """
    try:
        (outer,) = elements(to_der(_unwrapped(data)))
        return _message(outer)
    except BytesAfter as problem:
        raise Refused(Code.BYTES_AFTER_SIGNATURE, str(problem)) from problem
    except LIBRARY_TROUBLE as problem:
        raise Refused(Code.CONTENTS_DAMAGED, str(problem)) from problem


def _message(outer: Element) -> CmsMessage:
    """Take content and signatures apart by their places: a content may be large."""
    whole = _signed_data(outer)
    version, algorithms, enclosed, *more = whole.children()
    kind, *rest = enclosed.children()
    content_type: str = cms.ContentType.load(kind.spelled, strict=True).native
    content = _octets(rest)
    _check_around(outer.data, rest)
    parts = [version, algorithms, *more]
    light = sequence(
        *(one.spelled for one in parts[:2]),
        sequence(kind.spelled),
        *(one.spelled for one in parts[2:]),
    )
    der = whole.spelled if content_type == "tst_info" else light
    return CmsMessage(
        signed_data=cms.SignedData.load(der, strict=True),
        content_type=content_type,
        content=content,
    )


def signers_apart(signed_data: cms.SignedData) -> list[cms.SignedData]:
    """Make of a message with several signers one for each, without the content.

    The signed attributes are put into DER: what is digested is their DER encoding, whatever the
    order in which they stand (RFC 5652, 5.4), and a SET OF in DER is sorted (X.690, 11.6). Built
    from bytes, because asn1crypto spells anew what is moved from one value to another.
    """
    version, algorithms, enclosed, *optional, infos = elements(signed_data.contents)
    (content_type, *_) = enclosed.children()
    certificates = [item.spelled for item in optional if item.tag == _CONTEXT_0]
    head = [version.spelled, algorithms.spelled, sequence(content_type.spelled), *certificates]
    return [
        cms.SignedData.load(sequence(*head, spelled(_SET, _in_order(info))), strict=True)
        for info in infos.children()
    ]


def _in_order(info: Element) -> bytes:
    return sequence(
        *(
            spelled(_CONTEXT_0, *sorted(one.spelled for one in field.children()))
            if field.tag == _CONTEXT_0 and place == _PLACE_OF_ATTRIBUTES
            else field.spelled
            for place, field in enumerate(info.children())
        )
    )


def _unwrapped(data: bytes) -> bytes:
    if data[:1] == bytes([_SEQUENCE]) and not _BASE64.fullmatch(data):
        return data
    armor = _ARMOR.fullmatch(data)
    if armor is None and not _BASE64.fullmatch(data):
        raise Refused(Code.CONTENTS_DAMAGED, "neither DER nor one block of base64")
    text = armor.group(2) if armor else data
    try:
        return binascii.a2b_base64(text.translate(None, _WHITE), strict_mode=True)
    except binascii.Error as problem:
        raise Refused(Code.CONTENTS_DAMAGED, str(problem)) from problem


def _signed_data(outer: Element) -> Element:
    """RFC 5652, 3: in a ContentInfo; or bare, as some programs write it. Checks its shape."""
    whole = outer
    parts = outer.children()
    if outer.tag == _SEQUENCE and parts and parts[0].tag != _INTEGER:  # no version: ContentInfo
        if parts[0].spelled != _OID_SIGNED_DATA:
            raise Refused(Code.KIND_UNKNOWN, "no SignedData")
        _, explicit = parts
        (whole,) = explicit.children()
        parts = whole.children()
        if explicit.tag != _CONTEXT_0:
            raise Refused(Code.CONTENTS_DAMAGED, "no SignedData")
    tags = tuple(part.tag for part in parts)
    ends = tags[:3] == _FIRST and tags[-1:] == _LAST and tags[3:-1] in _BETWEEN
    if whole.tag != _SEQUENCE or not ends:
        raise Refused(Code.CONTENTS_DAMAGED, "no SignedData")
    return whole


def _check_around(data: bytes, rest: list[Element]) -> None:
    """What stands around the enclosed content is not signed by it. Raises Refused."""
    begin, end = (rest[0].inner, rest[0].end) if rest else (len(data), len(data))
    check_nothing_else(data[:begin], data[end:])


def _octets(rest: list[Element]) -> bytes | None:
    """RFC 5652, 5.2: [0] EXPLICIT OCTET STRING, or nothing; anything else is refused."""
    if not rest:
        return None
    if [one.tag for one in rest] == [_CONTEXT_0]:
        inner = rest[0].children()
        if [one.tag for one in inner] == [_OCTETS]:
            return inner[0].content
    raise Refused(Code.CONTENTS_DAMAGED, "the enclosed content is no OCTET STRING")
