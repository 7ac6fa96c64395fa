"""Finds the signatures of a PDF, twice, and checks the form of each before any cryptography.

Clauses 2, 3, 6 and 7 of the acceptance rule. Each is one function that returns nothing or raises
`Refused` with the code that names it.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from asn1crypto import cms, parser
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation import EmbeddedPdfSignature

from signing.judge import scan
from signing.judge.codes import Code, Refused
from signing.judge.pdf_reading import LIBRARY_TROUBLE, compressed_contents, entry, object_at, target
from signing.judge.policy import Policy

PADES = "/ETSI.CAdES.detached"
PLAIN_PKCS7 = "/adbe.pkcs7.detached"
TIMESTAMP = "/ETSI.RFC3161"
SHA1_FORMATS = frozenset({"/adbe.pkcs7.sha1", "/adbe.x509.rsa_sha1"})
"""Formats that prescribe SHA-1 (ISO 32000-2, table 260)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedObject:
    """One signature or document timestamp of the file, as both readings agree on it."""

    field: str
    byte_range: scan.Range
    contents: bytes
    """The CMS, without the padding."""
    subfilter: str
    embedded: EmbeddedPdfSignature | None
    """pyHanko's view; None for a document timestamp that cannot be parsed and so never counts."""

    @property
    def is_timestamp(self) -> bool:
        return self.subfilter == TIMESTAMP

    @property
    def end(self) -> int:
        """The first byte after what is covered."""
        return self.byte_range[2] + self.byte_range[3]


def check_object_streams(reader: PdfFileReader) -> None:
    """Clause 2: no signature in a compressed object stream, where its coverage means nothing."""
    try:
        contents = list(compressed_contents(reader))
    except LIBRARY_TROUBLE as problem:
        raise Refused(Code.STRUCTURE_DAMAGED, str(problem)) from problem
    if any(map(scan.BYTE_RANGE_NAME.search, contents)):
        raise Refused(Code.SIGNATURE_IN_OBJECT_STREAM)


def signed_objects(data: bytes, reader: PdfFileReader, policy: Policy) -> tuple[SignedObject, ...]:
    """Clause 2: every signature and timestamp, found by both readings, in order of coverage."""
    found = scan.find_byte_ranges(data)
    fields = _filled_fields(reader)
    if max(len(found), len(fields)) > policy.max_signatures:
        raise Refused(Code.TOO_MANY_SIGNATURES)
    for _, field, dictionary in fields:
        _check_complete(field, dictionary)
    ranges = [_byte_range(dictionary) for _, _, dictionary in fields]
    if len(found) != len(ranges):
        raise Refused(Code.SIGNATURES_DISAGREE, f"{len(found)} in bytes, {len(ranges)} in fields")
    for byte_range in ranges:
        check_byte_range_shape(byte_range, len(data))
    if Counter(place.numbers for place in found) != Counter(ranges):
        raise Refused(Code.SIGNATURES_DISAGREE, "byte ranges differ")
    objects = [
        _signed_object(EmbeddedField(name, field, byte_range), data, reader, policy)
        for (name, field, _), byte_range in zip(fields, ranges, strict=True)
    ]
    return tuple(sorted(objects, key=lambda item: item.end))


Field = tuple[str, generic.DictionaryObject, generic.DictionaryObject]


def _filled_fields(reader: PdfFileReader) -> list[Field]:
    try:
        return [
            (str(name), target(field), target(value))
            for name, value, field in enumerate_sig_fields(reader, filled_status=True)
        ]
    except LIBRARY_TROUBLE as problem:
        raise Refused(Code.STRUCTURE_DAMAGED, str(problem)) from problem


def _check_complete(field: generic.DictionaryObject, dictionary: generic.DictionaryObject) -> None:
    """Clause 2 (ISO 32000-2, table 255): a filled field has all that a signature needs.

    Its value is an object of its own, so that a revision can be told for it (our rule).
    """
    if not isinstance(dictionary, generic.DictionaryObject):
        raise Refused(Code.SIGNATURE_INCOMPLETE, "value is no dictionary")
    if not isinstance(field.raw_get("/V"), generic.IndirectObject):
        raise Refused(Code.SIGNATURE_INCOMPLETE, "value is no object of its own")
    for key in ("/ByteRange", "/Contents", "/SubFilter"):
        if key not in dictionary:
            raise Refused(Code.SIGNATURE_INCOMPLETE, key)


def _byte_range(dictionary: generic.DictionaryObject) -> scan.Range:
    raw = dictionary.raw_get("/ByteRange")
    if not isinstance(raw, generic.ArrayObject) or len(raw) != len(scan.Range.__args__):  # type: ignore[attr-defined]  # the alias of a tuple of four
        raise Refused(Code.BYTE_RANGE_SHAPE)
    if not all(isinstance(number, generic.NumberObject) for number in raw):
        raise Refused(Code.BYTE_RANGE_SHAPE)
    first, length, second, rest = (int(number) for number in raw)
    return first, length, second, rest


def check_byte_range_shape(byte_range: scan.Range, size: int) -> None:
    """Clause 3: [0 a b c] with a < b, c > 0, inside the file."""
    first, length, second, rest = byte_range
    if first != 0 or not 0 < length < second or rest <= 0 or second + rest > size:
        raise Refused(Code.BYTE_RANGE_SHAPE, str(byte_range))


class EmbeddedField(NamedTuple):
    """A filled signature field and what its value says that it covers."""

    name: str
    dictionary: generic.DictionaryObject
    byte_range: scan.Range


def _signed_object(
    field: EmbeddedField, data: bytes, reader: PdfFileReader, policy: Policy
) -> SignedObject:
    value = field.dictionary["/V"]
    subfilter = str(value["/SubFilter"])
    check_subfilter(subfilter, policy)
    check_type(value, subfilter)
    contents = check_gap(data, field.byte_range, value)
    check_gap_place(data, reader, field)
    try:
        message, embedded = _parsed(field, contents, subfilter, reader, policy)
    except Refused:
        if subfilter != TIMESTAMP:
            raise
        message, embedded = contents, None  # a timestamp that does not verify never hurts
    return SignedObject(
        field=field.name,
        byte_range=field.byte_range,
        contents=message,
        subfilter=subfilter,
        embedded=embedded,
    )


def _parsed(
    field: EmbeddedField, contents: bytes, subfilter: str, reader: PdfFileReader, policy: Policy
) -> tuple[bytes, EmbeddedPdfSignature]:
    try:
        message = check_padding(contents)
        check_cms_shape(_signed_data(message), policy, timestamp=subfilter == TIMESTAMP)
        embedded = EmbeddedPdfSignature(reader, field.dictionary, field.name)
    except LIBRARY_TROUBLE as problem:
        raise Refused(Code.CONTENTS_DAMAGED, str(problem)) from problem
    return message, embedded


def _signed_data(message: bytes) -> cms.SignedData:
    content = cms.ContentInfo.load(message, strict=True)
    if content["content_type"].native != "signed_data":
        raise Refused(Code.CONTENTS_DAMAGED, "no SignedData")
    return content["content"]


def check_subfilter(subfilter: str, policy: Policy) -> None:
    """Clause 7: ETSI.CAdES.detached, by policy adbe.pkcs7.detached; RFC 3161 for timestamps."""
    if subfilter in SHA1_FORMATS:
        raise Refused(Code.WEAK_ALGORITHM, subfilter)
    accepted = {PADES, TIMESTAMP} | ({PLAIN_PKCS7} if policy.allow_plain_pkcs7 else set())
    if subfilter not in accepted:
        raise Refused(Code.SUBFILTER, subfilter)


def check_type(dictionary: generic.DictionaryObject, subfilter: str) -> None:
    """Clause 7 (ISO 32000-2, table 255; EN 319 142-1, 5.4.3): /Type, if any, suits the format."""
    expected = "/DocTimeStamp" if subfilter == TIMESTAMP else "/Sig"
    stated = entry(dictionary, "/Type")
    if stated is not None and stated != expected:
        raise Refused(Code.SIGNATURE_TYPE, str(stated))


def check_gap(data: bytes, byte_range: scan.Range, dictionary: generic.DictionaryObject) -> bytes:
    """Clause 3: what is left out is exactly the hexadecimal string of /Contents."""
    contents = scan.hex_string_in_gap(data, byte_range)
    if contents is None:
        raise Refused(Code.BYTE_RANGE_GAP, "no plain hexadecimal string")
    value = dictionary.raw_get("/Contents", decrypt=generic.EncryptedObjAccess.RAW)
    if not isinstance(value, generic.TextStringObject | generic.ByteStringObject):
        raise Refused(Code.SIGNATURE_INCOMPLETE, "/Contents is no string")
    if value.original_bytes != contents:
        raise Refused(Code.BYTE_RANGE_GAP, "another /Contents")
    if not any(contents):
        raise Refused(Code.CONTENTS_EMPTY)
    return contents


def check_gap_place(data: bytes, reader: PdfFileReader, field: EmbeddedField) -> None:
    """Clause 3: the gap and the byte range stand in the signature's own object (table 255).

    Otherwise a copy of /Contents elsewhere could be what is left out.
    """
    reference = field.dictionary.raw_get("/V").reference
    start = reader.xrefs[reference]
    if not isinstance(start, int):
        raise Refused(Code.SIGNATURE_IN_OBJECT_STREAM)
    try:
        _, end = object_at(reader, start)
    except LIBRARY_TROUBLE as problem:
        raise Refused(Code.STRUCTURE_DAMAGED, str(problem)) from problem
    _, gap_start, gap_end, _ = field.byte_range
    ranges = [found for found in scan.find_byte_ranges(data) if start < found.offset < end]
    if not start < gap_start < gap_end < end or len(ranges) != 1:
        raise Refused(Code.GAP_OUTSIDE_SIGNATURE)


def check_padding(contents: bytes) -> bytes:
    """Clause 3: after the CMS only zeros, so that the gap hides nothing. Gives the CMS."""
    _, _, _, header, content, trailer = parser.parse(contents)
    length = len(header) + len(content) + len(trailer)
    if contents[length:].strip(b"\0"):
        raise Refused(Code.BYTE_RANGE_GAP, "data after the CMS")
    if not trailer and _filled(content) != len(content):
        raise Refused(Code.CONTENTS_DAMAGED, "a length that reaches into the padding")
    return contents[:length]


def _filled(content: bytes) -> int:
    """How much of a ContentInfo its two parts take: type, and signed data (RFC 5652, 3)."""
    taken = 0
    for _ in range(2):
        _, _, _, header, body, trailer = parser.parse(content[taken:])
        taken += len(header) + len(body) + len(trailer)
    return taken


def check_cms_shape(signed_data: cms.SignedData, policy: Policy, *, timestamp: bool) -> None:
    """Clause 6: one SignerInfo, detached content, a bounded number of certificates."""
    if len(signed_data["signer_infos"]) != 1:
        raise Refused(Code.SEVERAL_SIGNERS)
    if len(signed_data["certificates"] or ()) > policy.max_certificates:
        raise Refused(Code.TOO_MANY_CERTIFICATES)
    enclosed = signed_data["encap_content_info"]
    if timestamp:
        return
    if enclosed["content_type"].native != "data" or enclosed["content"].native is not None:
        raise Refused(Code.CONTENT_NOT_DETACHED)


def claimed_time(item: SignedObject) -> datetime | None:
    """When the signer says that it signed (signing-time or /M); proves nothing."""
    if item.embedded is None:
        return None
    try:
        time = item.embedded.self_reported_timestamp
    except LIBRARY_TROUBLE:
        return None
    return time if isinstance(time, datetime) and time.tzinfo is not None else None
