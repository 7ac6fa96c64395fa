"""Rules about containers: ZIP archives with signatures. See `tests/vectors/containers*.py`."""

import io
import struct
import zipfile
import zlib
from types import MappingProxyType
from typing import Any

from signing.judge.asic_manifest import _DIGESTS
from signing.judge.zip_reader import ZipEntry
from tdh.domain.verdicts import SignatureKind
from tests.rules.asking import careful, codes
from tests.rules.rule import ACCEPTED, PROVEN, Rule, always, nothing
from tests.vectors import containers, containers_odd, containers_packed
from tests.vectors.containers import SHA1, kit

VECTORS = containers.VECTORS | containers_packed.VECTORS | containers_odd.VECTORS


def first_given(one: Any, *_: object) -> Any:
    return one


def by_zipfile(data: bytes) -> tuple[ZipEntry, ...]:
    """Read as ordinary programs do."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return tuple(
            ZipEntry(
                name=one.filename,
                content=archive.read(one),
                stored=one.compress_type == zipfile.ZIP_STORED,
            )
            for one in archive.infolist()
        )


def whatever_it_says(data: bytes, header: Any) -> int:
    """Where the content begins, and no look at the rest of the local header."""
    name, extra = struct.unpack_from("<2H", data, header.offset + 26)
    return int(header.offset + 30 + name + extra)


def inflated_unchecked(packed: bytes, header: Any) -> bytes:
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed) if header.method else packed


def any_name(header: Any) -> str:
    return header.raw_name.decode()


def _rule(  # noqa: PLR0917 - a row of the table
    function: str,
    vector: str,
    about: str,
    source: str,
    without: str = ACCEPTED,
    instead: object = nothing,
) -> Rule:
    found = VECTORS[vector]
    return Rule(
        about=about,
        source=source,
        function=f"signing.judge.{function}",
        vector=vector,
        ask=careful(lambda: found.make(kit())),
        answers=codes(found.codes),
        without=without,
        instead=instead,
    )


RULES = (
    _rule(
        "asic_manifest.is_manifest_or_record",
        "a-file-called-asicarchivemanifest-that-is-something-else",
        "What needs no signature by its name is what it is called.",
        "our rule; EN 319 162-1, A.4",
        instead=always(True),
    ),
    _rule(
        "disguise.check_no_pdf",
        "a-pdf-in-the-comment",
        "What no signature covers holds no other document.",
        "our rule; ISO 32000-2, 7.5.5",
    ),
    _rule(
        "zip_reader.read_zip",
        "bytes-between-entries",
        "Entries, directory and end record fill the file without a gap.",
        "our rule; APPNOTE, 4.3",
        instead=by_zipfile,
    ),
    _rule(
        "zip_reader.read_zip",
        "bytes-before-the-directory",
        "Nothing stands between the entries and their directory.",
        "our rule; APPNOTE, 4.3.6",
        instead=by_zipfile,
    ),
    _rule(
        "zip_reader.read_zip",
        "bytes-behind-the-end",
        "Nothing stands behind the archive.",
        "our rule; APPNOTE, 4.3.16",
        instead=by_zipfile,
    ),
    _rule(
        "zip_headers._check_one_end",
        "a-signed-file-that-is-an-end-record",
        "One end record reaches the end of the file.",
        "our rule; APPNOTE, 4.3.16",
    ),
    _rule(
        "zip_headers.local_header",
        "another-name-in-an-entry",
        "Both headers of an entry say the same.",
        "APPNOTE, 4.3.7, 4.3.12",
        instead=whatever_it_says,
    ),
    _rule(
        "zip_headers._extra_fields",
        "a-second-name-of-an-entry",
        "An entry has one name.",
        "our rule; APPNOTE, 4.6.9",
        instead=always({}),
    ),
    _rule(
        "zip_headers._check_version",
        "for-readers-that-know-more",
        "An archive needs no reader that knows more.",
        "APPNOTE, 4.4.3",
    ),
    _rule(
        "zip_headers._check_kind",
        "a-link-instead-of-a-file",
        "An entry is a file or a folder.",
        "our rule; APPNOTE, 4.4.15",
    ),
    _rule(
        "zip_headers._check_kind",
        "marked-as-encrypted",
        "Entries are stored or deflated, never encrypted.",
        "EN 319 162-1, A.1; APPNOTE, 4.4.4, 4.4.5",
    ),
    _rule(
        "zip_reader._inflated",
        "a-wrong-checksum",
        "Contents are as long as stated and fit their checksum.",
        "APPNOTE, 4.4.7",
        instead=inflated_unchecked,
    ),
    _rule(
        "zip_reader._inflated",
        "bytes-behind-what-was-deflated",
        "What is compressed holds the content and nothing else.",
        "our rule; RFC 1951, 3.2.3",
        instead=inflated_unchecked,
    ),
    _rule(
        "zip_reader._name",
        "a-signed-file-above-the-folder",
        "A name leads nowhere else.",
        "our rule; APPNOTE, 4.4.17",
        instead=any_name,
    ),
    _rule(
        "zip_reader._name",
        "a-signed-name-that-reads-backwards",
        "A name is what it shows.",
        "our rule; Unicode TR 36, 2.5",
        instead=any_name,
    ),
    _rule(
        "zip_reader._check_different",
        "two-signed-names-that-differ-in-case",
        "Names differ, also where a system ignores case.",
        "our rule",
    ),
    _rule(
        "zip_reader._check_sizes",
        "a-signed-bomb",
        "An archive does not swell beyond bounds.",
        "our rule",
    ),
    _rule(
        "asic_layout._kind",
        "no-mimetype",
        "A container says that it is one.",
        "EN 319 162-1, 4.3.3.1, 4.4.3.1, A.1",
        instead=always(SignatureKind.ASIC_E),
    ),
    _rule(
        "asic_layout._kind",
        "mimetype-of-something-else",
        "And it says nothing else.",
        "EN 319 162-1, 4.3.3.1, 4.4.3.1",
        instead=always(SignatureKind.ASIC_E),
    ),
    _rule(
        "asic._check_form",
        "cades-beside-xades",
        "All signatures of a container are of one kind.",
        "EN 319 162-1, 4.4.3.2",
    ),
    _rule(
        "asic._check_form",
        "simple-container-with-two-files",
        "An ASiC-S holds one file.",
        "EN 319 162-1, 4.3.3.2",
    ),
    _rule(
        "asic._check_form",
        "simple-container-with-a-folder",
        "And that file lies in no folder.",
        "EN 319 162-1, 4.3.3.2",
    ),
    _rule(
        "asic._check_form",
        "all-files-removed",
        "There is a file that is signed.",
        "EN 319 162-1, 4.3.3.2, 4.4.3.2",
        "container-file-missing",
    ),
    _rule(
        "asic._check_count",
        "twenty-six-signatures",
        "There are not more signatures than can be judged.",
        "our rule",
    ),
    _rule(
        "asic._with_coverage",
        "cades-file-added",
        "Every file is signed.",
        "our rule; EN 319 162-1, 4.4.1",
        instead=first_given,
    ),
    _rule(
        "asic._with_coverage",
        "file-that-one-of-two-signed",
        "Every signer signs every file, unless the policy says otherwise.",
        "our rule",
        instead=first_given,
    ),
    _rule(
        "asic._with_problem",
        "cades-file-altered",
        "What a manifest finds wrong counts against its signature.",
        "EN 319 162-1, 4.4.3.2, A.4",
        instead=first_given,
    ),
    _rule(
        "asic_manifest.Reference.check",
        "cades-file-removed",
        "Every file that a manifest names is there.",
        "EN 319 162-1, A.4",
    ),
    _rule(
        "asic_manifest._DIGESTS",
        "manifest-with-sha1",
        "A manifest's digests are strong.",
        "rule 7; TS 119 312",
        instead=MappingProxyType({**_DIGESTS, SHA1: "sha1"}),
    ),
    _rule(
        "asic_manifest._check_extensions",
        "manifest-with-a-critical-extension",
        "A manifest has no critical extension, for none is known.",
        "EN 319 162-1, A.4",
    ),
    _rule(
        "asic_manifest.check_harmless",
        "odf-manifest-that-is-none",
        "META-INF/manifest.xml is what its name says.",
        "EN 319 162-1, 4.4.3.3",
    ),
    _rule(
        "asic_manifest.Manifest.check",
        "stamped-file-altered",
        "A timestamp over a manifest covers the files as they are.",
        "EN 319 162-1, 4.4.3.3",
        PROVEN,
    ),
    _rule(
        "tokens._compare_imprint",
        "simple-stamp-of-something-else",
        "A timestamp stands over the file beside it.",
        "EN 319 162-1, 4.3.3.2",
        PROVEN,
    ),
)
