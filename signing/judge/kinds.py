"""Finds from the bytes what kind of document this is; a file's name is never asked.

One kind for each document: a file that could pass for two (a PDF that is a ZIP archive too) is
judged as the kind that readers would most likely open, by the order below, and that kind's own
rules refuse what else is in it. A PDF inside a CMS message or a container is signed content, not
the document. Never parses more than a few bytes.
"""

import binascii
import re
from enum import Enum

HEAD_BYTES = 1024
"""So many of the first bytes decide."""
_WHITE = b"\t\n\r "
_ARMOR = re.compile(rb"\s*-----BEGIN (?:PKCS7|CMS|PKCS #7 SIGNED DATA)-----")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
_UTF16 = (b"\xff\xfe<\x00", b"\xfe\xff\x00<")
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_SIGNED_DATA_OIDS_WITHIN = 64


class Kind(Enum):
    """What a document is, by its first bytes."""

    PDF = "pdf"
    CMS = "cms"
    """A CMS message in DER, BER or PEM: .p7m, .p7s, a timestamp token."""
    TIMESTAMP_REPLY = "timestamp-reply"
    """A TimeStampResp (RFC 3161, 2.4.2): .tsr."""
    XML = "xml"
    CONTAINER = "container"
    """A ZIP archive: .asice, .asics, .sce, .bdoc; and any other."""
    UNKNOWN = "unknown"


def kind_of(data: bytes) -> Kind:
    """Name the kind; UNKNOWN for everything that is none of them."""
    head = data[:HEAD_BYTES]
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Kind.CONTAINER
    if _is_cms(head) or _is_cms(_from_base64(head)):
        return Kind.CMS
    if b"%PDF-" in head:  # ISO 32000-2, 7.5.2, by the widest habit of readers
        return Kind.PDF
    if _ARMOR.match(head):
        return Kind.CMS
    if _is_timestamp_reply(head):
        return Kind.TIMESTAMP_REPLY
    if _is_xml(head):
        return Kind.XML
    return Kind.UNKNOWN


def _is_cms(head: bytes) -> bool:
    """ContentInfo with SignedData (RFC 5652, 3), or a bare SignedData as some programs write it."""
    if not head.startswith(b"\x30"):
        return False
    place = head.find(_SIGNED_DATA, 0, _SIGNED_DATA_OIDS_WITHIN)
    content = _content(head)
    if place >= 0:
        return content == place
    # SignedData: version (RFC 5652, 5.1: 1, 3, 4 or 5), then a SET of digest algorithms.
    version = head[content : content + 4] if content else b""
    return version[:2] == b"\x02\x01" and version[3:] == b"\x31" and version[2] in {1, 3, 4, 5}


def _from_base64(head: bytes) -> bytes:
    """Some programs write a .p7m as bare base64 text; empty for what is none."""
    text = b"".join(head.split())
    if not text.startswith(b"M") or not _BASE64.fullmatch(text):  # M: a SEQUENCE
        return b""
    return binascii.a2b_base64(text[: len(text) // 4 * 4])


def _is_timestamp_reply(head: bytes) -> bool:
    """PKIStatusInfo first: SEQUENCE, then SEQUENCE with INTEGER."""
    content = _content(head) if head.startswith(b"\x30") else None
    if content is None or head[content : content + 1] != b"\x30":
        return False
    inner = _content(head[content:])
    return inner is not None and head[content + inner : content + inner + 2] == b"\x02\x01"


def _content(head: bytes) -> int | None:
    """Where the content of the first element begins; None if its length is no length."""
    if len(head) < 2:  # noqa: PLR2004 - tag and length
        return None
    first = head[1]
    return 2 if first <= 0x80 else 2 + (first & 0x7F)  # noqa: PLR2004 - X.690, 8.1.3


def _is_xml(head: bytes) -> bool:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip(_WHITE)
    return text.startswith(b"<") or head.startswith(_UTF16)
