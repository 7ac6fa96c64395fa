"""Where a byte of a valid document stands, in words; and which places may differ, and why.

A mutant is accepted only if all that is signed and all that a reader shows is as it was. What is
left is this list; whatever else the campaign finds accepted is a defect.
"""

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
        "version": "follows from the other fields (RFC 5652, 5.1 and 5.3)",
        "digest algorithm": "parameters, which are NULL or absent (RFC 5754, 2)",
    }
)
HARMLESS: Mapping[str, str] = MappingProxyType(
    {
        **{f"pdf: {place}": why for place, why in _CMS.items()},
        **{f"cms: {place}": why for place, why in _CMS.items()},
        "pdf: hexadecimal case": "the same digits",
    }
)

_RANGE = re.compile(rb"/ByteRange\s*\[\s*0\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")


def place_of(kind: Kind, data: bytes, position: int) -> str:
    """Name the place of one byte."""
    match kind:
        case Kind.PDF:
            return f"pdf: {_in_pdf(data, position)}"
        case Kind.CMS:
            return f"cms: {place_in_cms(data, position)}"
        case Kind.XML:
            return f"xml: {_in_xml(data, position)}"
        case Kind.CONTAINER:
            return f"container: {_in_container(data, position)}"
        case _:
            return kind.value


def _in_pdf(data: bytes, position: int) -> str:
    ranges = [tuple(map(int, match.groups())) for match in _RANGE.finditer(data)]
    ranges.sort(key=lambda found: found[1] + found[2])
    for length, second, rest in ranges:
        if length < position < second - 1 and second + rest <= len(data):
            return _in_contents(data, length, second, position)
    covered = max((second + rest for _, second, rest in ranges), default=0)
    if position >= covered:
        return f"after the last signature: {_object_around(data, covered, position)}"
    return "signed bytes"


def _in_contents(data: bytes, length: int, second: int, position: int) -> str:
    message = bytes.fromhex(data[length + 1 : second - 1].decode("ascii"))
    name = place_in_cms(message, (position - length - 1) // 2)
    return "padding" if name == "after the message" else name


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


def _in_container(data: bytes, position: int) -> str:
    with ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            header = info.header_offset
            names = int.from_bytes(data[header + 26 : header + 28], "little")
            extra = int.from_bytes(data[header + 28 : header + 30], "little")
            begin = header + 30 + names + extra
            if header <= position < begin:
                return f"local header, byte {min(position - header, 30)}"
            if begin <= position < begin + info.compress_size:
                where = "META-INF" if info.filename.startswith("META-INF/") else "data"
                return f"{where} content"
        start = archive.start_dir
    if position < start:
        return "between entries"
    return "central directory"
