"""Where a byte of a valid document stands, in words; and which places may differ, and why.

A mutant is accepted only if all that is signed and all that a reader shows is as it was. What is
left is this list; whatever else the campaign finds accepted is a defect.
"""

import base64
import io
import re
from collections.abc import Mapping
from types import MappingProxyType
from xml.parsers import expat
from zipfile import ZipFile

from signing.judge.kinds import Kind
from tests.mutation.asn1_places import place_in_cms

_CMS: Mapping[str, str] = MappingProxyType(
    {
        "certificates": "further certificates only help to build the chain",
        "revocation lists": "only their own signature makes them count",
        "unsigned attributes": "nobody signs them; a timestamp in them counts by its own signature",
        "digest algorithms": "announced for programs that read once; each signer's own name counts",
        "signer id": "names compare without case and kind of text (RFC 5280, 7.1); the certificate "
        "is bound by a signed attribute",
        "version": "follows from the other fields (RFC 5652, 5.1 and 5.3)",
        "digest algorithm": "parameters, which are NULL or absent (RFC 5754, 2)",
    }
)
_BY_BYTE = "explained byte by byte: the table in signing/judge/README.md and its own tests"
HARMLESS: Mapping[str, str] = MappingProxyType(
    {
        **{f"pdf: {place}": why for place, why in _CMS.items()},
        **{f"cms: {place}": why for place, why in _CMS.items()},
        "pdf: hexadecimal case": "the same digits",
        **{
            f"pdf: after the last signature: {place}": _BY_BYTE
            for place in ("object", "object /Catalog", "object /Metadata", "stream")
        },
        "pdf: after the last signature: between objects": _BY_BYTE,
        "pdf: after the last signature: object /Sig": _BY_BYTE,
        "pdf: after the last signature: object /Annot": _BY_BYTE,
        "pdf: after the last signature: object /DocTimeStamp": _BY_BYTE,
        "pdf: after the last signature: object /XRef": _BY_BYTE,
        "pdf: after the last signature: object /Page": _BY_BYTE,
        "pdf: after the last signature: object /XObject": _BY_BYTE,
        "pdf: after the last signature: object /DSS": _BY_BYTE,
        "pdf: after the last signature: object /VRI": _BY_BYTE,
        "pdf: after the last signature: object /ObjStm": _BY_BYTE,
        "cms: armour": "the same octets behind it (RFC 7468)",
        "container: version": "which program wrote it, and which could read it",
        "container: flags": "how hard it was compressed (APPNOTE, 4.4.4)",
        "container: time": "shown by programs for archives, vouched for by nobody",
        "container: attributes": "rights of files on the writer's machine",
        "container: content": "spare bits of compressed data: the content and its sum are the same",
        "xml: KeyInfo": "certificates only help to build the chain",
        "xml: UnsignedProperties": "nobody signs them; a timestamp in them counts by its signature",
        "xml: SignatureValue": "white space and the element's name for others; the same octets",
        "xml: Signature": "white space between the parts of the signature",
        "xml: namespace declaration": "exclusive canonical form leaves out what nobody uses",
        "xml: spelling": "white space in tags, quotes, order: the canonical form is the same",
        "xml: outside the root": "comments and white space, which canonical form leaves out",
    }
)
"""Place and reason. A projection of every mutant accepted there is compared all the same."""

_TST_INFO = bytes.fromhex("060b2a864886f70d0109100104")
_HEAD = 96
_DECLARATION = re.compile(rb"""xmlns:\w+\s*=\s*(?:"[^"]*"|'[^']*')""")
_RANGE = re.compile(rb"/ByteRange\s*\[\s*0\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")


def place_of(kind: Kind, data: bytes, position: int) -> str:
    """Name the place of one byte."""
    match kind:
        case Kind.PDF:
            return f"pdf: {_in_pdf(data, position)}"
        case Kind.CMS if data.startswith(b"-----"):
            return f"cms: {_in_armour(data, position)}"
        case Kind.CMS:
            return f"cms: {place_in_cms(data, position)}"
        case Kind.XML:
            return f"xml: {_in_xml(data, position)}"
        case Kind.CONTAINER:
            return f"container: {_in_container(data, position)}"
        case _:
            return kind.value


def binary(data: bytes) -> bytes:
    """The message without its armour (RFC 7468), if it has one."""
    if not data.startswith(b"-----"):
        return data
    return base64.b64decode(b"".join(data.split(b"-----")[2].split()))


def _in_armour(data: bytes, position: int) -> str:
    begin = data.index(b"-----", 5) + 5
    end = data.index(b"-----", begin)
    if not begin <= position < end:
        return "armour"
    digits = len(b"".join(data[begin:position].split()))
    return place_in_cms(binary(data), digits * 3 // 4)


def signatures_of(data: bytes) -> list[tuple[int, int, int, bytes]]:
    """Byte ranges and messages of a PDF's signatures, by coverage; timestamps are left out.

    A document timestamp that a mutation breaks is left out of account, and what only it covered
    is then what a later revision may be.
    """
    found = []
    for match in _RANGE.finditer(data):
        length, second, rest = (int(group) for group in match.groups())
        message = bytes.fromhex(data[length + 1 : second - 1].decode("ascii"))
        if second + rest <= len(data) and _TST_INFO not in message[:_HEAD]:
            found.append((length, second, rest, message))
    return sorted(found, key=lambda one: one[1] + one[2])


def _in_pdf(data: bytes, position: int) -> str:
    covered = 0
    for length, second, rest, message in signatures_of(data):
        if length <= position < second:
            name = place_in_cms(message, (position - length - 1) // 2)
            return "padding" if name == "after the message" else name
        covered = second + rest
        if position < covered:
            return "signed bytes"
    return f"after the last signature: {_object_around(data, covered, position)}"


_OBJECT = re.compile(rb"(\d+) (\d+) obj\b.*?endobj", re.DOTALL)
_TYPE = re.compile(rb"/Type\s*/(\w+)")


def _object_around(data: bytes, start: int, position: int) -> str:
    for found in _OBJECT.finditer(data, start):
        if found.start() <= position < found.end():
            text = found.group()
            kind = _TYPE.search(text[:400])
            if kind:
                return f"object /{kind.group(1).decode('ascii', 'replace')}"
            return "stream" if b"stream" in text[:400] else "object"
    return "between objects"


def _in_xml(data: bytes, position: int) -> str:
    """The nearest elements around, outermost first, without their namespaces."""
    for declaration in _DECLARATION.finditer(data):
        if declaration.start() <= position < declaration.end():
            return "namespace declaration"
    if position >= len(data.rstrip()):
        return "outside the root"
    open_now: list[str] = []
    best = ["outside the root"]
    parser = expat.ParserCreate()

    def note() -> None:
        if parser.CurrentByteIndex <= position:
            best[0] = "/".join(open_now) or "outside the root"

    def begin(name: str, _: object) -> None:
        open_now.append(name.rpartition(":")[2])
        note()

    def end(_: str) -> None:
        note()
        open_now.pop()

    def text(_: str) -> None:
        note()

    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.CharacterDataHandler = text
    parser.Parse(data, True)
    path = best[0]
    for mark in ("KeyInfo", "UnsignedProperties", "SignatureValue", "SignedInfo", "Signature"):
        if mark in path.split("/"):
            return mark
    return "content" if path != "outside the root" else path


_LOCAL = ((4, "version"), (6, "flags"), (8, "method"), (10, "time"), (14, "sums and sizes"))
_CENTRAL = (
    *((4, "version"), (8, "flags"), (10, "method"), (12, "time"), (16, "sums and sizes")),
    *((34, "disk"), (36, "attributes"), (42, "offset")),
)
"""Where the fields of the two headers of an entry begin (PKWARE APPNOTE, 4.3.7 and 4.3.12)."""


def _in_container(data: bytes, position: int) -> str:
    with ZipFile(io.BytesIO(data)) as archive:
        entries, start = archive.infolist(), archive.start_dir
    for info in entries:
        header = info.header_offset
        names = int.from_bytes(data[header + 26 : header + 28], "little")
        begin = header + 30 + names + int.from_bytes(data[header + 28 : header + 30], "little")
        if header <= position < begin:
            return _field(_LOCAL, position - header, 30)
        if begin <= position < begin + info.compress_size:
            return "content"
    while start <= position and data[start : start + 4] == b"PK\x01\x02":
        lengths = (int.from_bytes(data[start + n : start + n + 2], "little") for n in (28, 30, 32))
        end = start + 46 + sum(lengths)
        if position < end:
            return _field(_CENTRAL, position - start, 46)
        start = end
    return "end record"


def _field(fields: tuple[tuple[int, str], ...], offset: int, fixed: int) -> str:
    if offset >= fixed:
        return "name"
    return max((begin, name) for begin, name in ((0, "mark"), *fields) if begin <= offset)[1]
