"""Reads a CMS SignedData however it is wrapped: DER, BER, PEM, base64 text, without ContentInfo.

RFC 5652, 3 and 5.1; RFC 7468, 9 and 10 (textual encoding). Everything is DER before asn1crypto
sees it (`ber.py`). Nothing may stand around the message: no signature would cover it. Judges
nothing.
"""

import binascii
import re
from dataclasses import dataclass

from asn1crypto import cms, parser

from signing.judge.ber import BERError, to_der
from signing.judge.codes import Code, Refused
from signing.judge.pdf_reading import LIBRARY_TROUBLE

_ARMOR = re.compile(
    rb"\s*-----BEGIN (PKCS7|CMS|PKCS #7 SIGNED DATA)-----\s([A-Za-z0-9+/=\s]+)-----END \1-----\s*"
)
_BASE64 = re.compile(rb"[A-Za-z0-9+/\s]+={0,2}\s*")
_SEQUENCE = b"\x30"
_INTEGER = b"\x02"
_OCTET_STRING = 4
_UNIVERSAL, _CONTEXT = 0, 2
_TAGS = [(_UNIVERSAL, tag) for tag in (2, 17, 16, 17)]
"""RFC 5652, 5.1: version, digestAlgorithms, encapContentInfo, signerInfos."""
_OPTIONAL_TAGS = [[], [(_CONTEXT, 0)], [(_CONTEXT, 1)], [(_CONTEXT, 0), (_CONTEXT, 1)]]
"""certificates, crls"""
_PLACE_OF_ATTRIBUTES = 3
"""In a SignerInfo: version, sid, digestAlgorithm, then [0] signedAttrs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CmsMessage:
    """A SignedData, and the octets that it encloses."""

    signed_data: cms.SignedData
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
    der = _der(_unwrapped(data))
    try:
        return message_of(_signed_data(der))
    except LIBRARY_TROUBLE as problem:
        raise Refused(Code.CONTENTS_DAMAGED, str(problem)) from problem


def message_of(signed_data: cms.SignedData) -> CmsMessage:
    """Take the enclosed octets out. Raises Refused and what asn1crypto raises."""
    enclosed = signed_data["encap_content_info"]
    return CmsMessage(
        signed_data=signed_data,
        content_type=enclosed["content_type"].native,
        content=_octets(enclosed.contents),
    )


def signers_apart(signed_data: cms.SignedData) -> list[cms.SignedData]:
    """Make of a message with several signers one for each, without the content.

    The signed attributes are put into DER: what is digested is their DER encoding, whatever the
    order in which they stand (RFC 5652, 5.4), and a SET OF in DER is sorted (X.690, 11.6). Built
    from bytes, because asn1crypto spells anew what is moved from one value to another.
    """
    version, algorithms, enclosed, *optional, infos = elements(signed_data.contents)
    tags = [one.tag for one in (version, algorithms, enclosed, infos)]
    others = [one.tag for one in optional]
    if tags != _TAGS or others not in _OPTIONAL_TAGS:  # asn1crypto parses what it is asked for
        raise Refused(Code.CONTENTS_DAMAGED, "no SignedData")
    (content_type, *_) = elements(enclosed.content)
    certificates = [item for item in optional if item.tag == (_CONTEXT, 0)]
    head = [version.spelled, algorithms.spelled, _sequence(content_type.spelled)]
    head += [item.spelled for item in certificates]
    return [
        cms.SignedData.load(_sequence(*head, _set(_in_order(info))), strict=True)
        for info in elements(infos.content)
    ]


def _in_order(info: "Element") -> bytes:
    return _sequence(
        *(
            _emit(_CONTEXT, 0, b"".join(sorted(one.spelled for one in elements(field.content))))
            if field.tag == (_CONTEXT, 0) and place == _PLACE_OF_ATTRIBUTES
            else field.spelled
            for place, field in enumerate(elements(info.content))
        )
    )


def _sequence(*parts: bytes) -> bytes:
    return _emit(_UNIVERSAL, 16, b"".join(parts))


def _set(*parts: bytes) -> bytes:
    return _emit(_UNIVERSAL, 17, b"".join(parts))


def _emit(kind: int, tag: int, content: bytes) -> bytes:
    spelled: bytes = parser.emit(kind, 1, tag, content)
    return spelled


def _unwrapped(data: bytes) -> bytes:
    if data.startswith(_SEQUENCE) and not _BASE64.fullmatch(data):
        return data
    armor = _ARMOR.fullmatch(data)
    text = armor.group(2) if armor else data
    if armor is None and not _BASE64.fullmatch(data):
        raise Refused(Code.CONTENTS_DAMAGED, "neither DER nor one block of base64")
    try:
        return binascii.a2b_base64(b"".join(text.split()), strict_mode=True)
    except binascii.Error as problem:
        raise Refused(Code.CONTENTS_DAMAGED, str(problem)) from problem


def _der(data: bytes) -> bytes:
    try:
        return to_der(data)
    except BERError as problem:
        trailing = "after the message" in str(problem)
        code = Code.BYTES_AFTER_SIGNATURE if trailing else Code.CONTENTS_DAMAGED
        raise Refused(code, str(problem)) from problem


def _signed_data(der: bytes) -> cms.SignedData:
    _, _, _, _, content, _ = parser.parse(der, strict=True)
    if content[:1] == _INTEGER:  # SignedData begins with its version
        return cms.SignedData.load(der, strict=True)
    info = cms.ContentInfo.load(der, strict=True)
    if info["content_type"].native != "signed_data":
        raise Refused(Code.KIND_UNKNOWN, str(info["content_type"].native))
    signed_data: cms.SignedData = info["content"]
    return signed_data


def _octets(enclosed: bytes) -> bytes | None:
    """RFC 5652, 5.2: eContentType, then [0] EXPLICIT OCTET STRING; anything else is refused."""
    _, *rest = elements(enclosed)
    if not rest:
        return None
    if len(rest) == 1 and rest[0].tag == (_CONTEXT, 0):
        inner = elements(rest[0].content)
        if [one.tag for one in inner] == [(_UNIVERSAL, _OCTET_STRING)]:
            return inner[0].content
    raise Refused(Code.CONTENTS_DAMAGED, "the enclosed content is no OCTET STRING")


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One element of DER, by its bytes."""

    tag: tuple[int, int]
    """Class and number."""
    content: bytes
    spelled: bytes


def elements(content: bytes) -> list[Element]:
    """Take DER elements apart that stand one after the other. Raises ValueError."""
    found: list[Element] = []
    place = 0
    while place < len(content):
        kind, _, tag, header, inner, trailer = parser.parse(content[place:])
        spelled = header + inner + trailer
        found.append(Element(tag=(kind, tag), content=inner, spelled=spelled))
        place += len(spelled)
    return found
