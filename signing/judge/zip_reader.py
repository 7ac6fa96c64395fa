"""Reads a ZIP archive from bytes, strictly: every byte of it belongs to one reading only.

PKWARE APPNOTE, 4.3 and 4.4. Entries, central directory and end record fill the file without gap or
overlap; both headers of an entry say the same; names are safe and different; sizes are checked
before and while inflating. Nothing is ever written to disk. What programs could read in two ways
(data between entries, two end records, names that differ in case only) is refused with a name.
"""

import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from signing.judge.codes import Code, Refused
from signing.judge.disguise import check_no_pdf
from signing.judge.zip_headers import (
    DEFLATED,
    STORED,
    UTF8,
    Header,
    after_entry,
    central_directory,
    local_header,
)

MAX_TOTAL = 160 * 1024 * 1024
"""Inflated; an archive itself has at most 100 MB, and a child 512 MiB for everything."""
MAX_RATIO = 120
"""Above `RATIO_FROM`; text and tables reach 20, deflate itself ends at 1,032."""
RATIO_FROM = 8 * 1024 * 1024
MAX_NAME = 1024

_WINDOWS_DRIVE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ZipEntry:
    """One file of the archive."""

    name: str
    content: bytes
    stored: bool
    """Not compressed."""


def read_zip(data: bytes) -> tuple[ZipEntry, ...]:
    """Read all files in the order in which they lie; directories are checked and left out.

    Raises:
        Refused: the archive breaks a rule; the code names it.

    """
    headers, directory = central_directory(data)
    names = [_name(header) for header in headers]
    _check_different(names)
    _check_sizes(headers)
    entries = []
    place = 0
    for header, name in sorted(zip(headers, names, strict=True), key=lambda pair: pair[0].offset):
        if header.offset != place:
            code = Code.CONTAINER_HIDDEN_DATA if header.offset > place else Code.CONTAINER_DAMAGED
            raise Refused(code, f"entry at {header.offset}, not {place}")
        begin = local_header(data, header)
        place = after_entry(data, header, begin, directory)
        packed = data[begin : begin + header.compressed]
        check_no_pdf(data[header.offset : begin], packed if _is_meta(name) else b"")
        content = _inflated(packed, header)
        if header.is_directory:
            continue
        entries.append(ZipEntry(name=name, content=content, stored=header.method == STORED))
    if place != directory:
        raise Refused(Code.CONTAINER_HIDDEN_DATA, "data before the central directory")
    check_no_pdf(data[directory:])
    return tuple(entries)


def _is_meta(name: str) -> bool:
    """Signatures and what belongs to them: no signature covers all of it."""
    return name.casefold().startswith("meta-inf/")


def _name(header: Header) -> str:
    """4.4.17: relative, with slashes; what any system may take for another place is refused."""
    try:
        name = header.raw_name.decode("utf-8" if header.flags & UTF8 else _loose(header.raw_name))
    except UnicodeDecodeError as problem:
        raise Refused(Code.CONTAINER_UNSAFE_NAME, "no UTF-8") from problem
    parts = name.removesuffix("/").split("/")
    if (
        len(name) > MAX_NAME
        or "\\" in name
        or name[1:_WINDOWS_DRIVE] == ":"
        or any(part in {"", ".", ".."} or part[-1] in ". " for part in parts)
        or any(unicodedata.category(character) in {"Cc", "Cf", "Cs"} for character in name)
    ):
        raise Refused(Code.CONTAINER_UNSAFE_NAME, repr(name[:80]))
    return name


def _loose(raw: bytes) -> str:
    """Without the flag the name is code page 437; most writers mean UTF-8, and neither is sure."""
    return "ascii" if raw.isascii() else "utf-8"


def _check_different(names: Sequence[str]) -> None:
    """Also where a system ignores case or composes characters, and a file is no folder."""
    seen = [_folded(name.removesuffix("/")) for name in names]
    if len(set(seen)) != len(seen):
        raise Refused(Code.CONTAINER_DUPLICATE_NAME)
    files = {_folded(name) for name in names if not name.endswith("/")}
    for name in seen:
        parts = name.split("/")
        if any("/".join(parts[:depth]) in files for depth in range(1, len(parts))):
            raise Refused(Code.CONTAINER_DUPLICATE_NAME, "a file is a folder too")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _check_sizes(headers: Sequence[Header]) -> None:
    total = sum(header.size for header in headers)
    compressed = sum(header.compressed for header in headers)
    if total > MAX_TOTAL or (total > RATIO_FROM and total > MAX_RATIO * compressed):
        raise Refused(Code.CONTAINER_TOO_LARGE, f"{total} bytes out of {compressed}")


def _inflated(packed: bytes, header: Header) -> bytes:
    """4.4.5: never more than the header says, and all of it; the checksum last."""
    content = packed
    if header.method == DEFLATED:
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            content = inflate.decompress(packed, header.size + 1)
        except zlib.error as problem:
            raise Refused(Code.CONTAINER_DAMAGED, str(problem)) from problem
        if inflate.unused_data or inflate.unconsumed_tail or not inflate.eof:
            raise Refused(Code.CONTAINER_HIDDEN_DATA, "more or less than was compressed")
    if len(content) != header.size:
        raise Refused(Code.CONTAINER_HEADERS_DISAGREE, "a size that is not so")
    if zlib.crc32(content) != header.crc:
        raise Refused(Code.CONTAINER_DAMAGED, "a checksum does not fit")
    return content
