"""Containers whose manifests, timestamps or headers are in no form of the standards."""

import struct
from collections.abc import Callable
from dataclasses import replace

from signing.judge.codes import Code
from tests.vectors import cms_writing, containers, zip_writing
from tests.vectors.containers import (
    ASIC_S,
    FILES,
    LETTER,
    MANIFEST,
    P7S,
    Kit,
    Vector,
    cades,
    members,
    packed,
    simple,
)
from tests.vectors.zip_writing import STORED

VECTORS: dict[str, Vector] = {}


def odd(code: Code) -> Callable[[containers.Maker], containers.Maker]:
    def enter(maker: containers.Maker) -> containers.Maker:
        name = maker.__name__.replace("_", "-")
        VECTORS[name] = Vector(make=maker, codes=frozenset([code]))
        return maker

    return enter


def _manifest(name: str, old: str, new: str) -> None:
    """Signed with this in its manifest in place of that."""

    def make(kit: Kit) -> bytes:
        text = containers.manifest(P7S, FILES).decode()
        assert old in text, old
        over = text.replace(old, new).encode()
        p7s = cms_writing.signed(over, kit.signer, detached=True)
        return packed({**FILES, MANIFEST: over, P7S: p7s})

    VECTORS[name] = Vector(make=make, codes=frozenset([Code.CONTAINER_MANIFEST]))


_manifest("a-manifest-of-another-name", "asic:ASiCManifest", "asic:Manifest")
_manifest("a-manifest-without-its-signature-first", "asic:SigReference", "asic:Reference")
_manifest(
    "a-manifest-with-a-digest-with-parameters",
    "/><ds:DigestValue>",
    "><a/></ds:DigestMethod><ds:DigestValue>",
)
_manifest("a-manifest-that-names-bytes", 'URI="enclosures/list.csv"', 'URI="%FF"')
_manifest("a-manifest-that-names-nothing", 'URI="enclosures/list.csv"', 'URI=""')


@odd(Code.TIMESTAMP_DAMAGED)
def a_timestamp_that_is_a_signature(kit: Kit) -> bytes:
    return packed(simple(tst=cms_writing.signed(LETTER, kit.signer)), mimetype=ASIC_S)


@odd(Code.CONTAINER_DAMAGED)
def a_size_that_should_stand_elsewhere(kit: Kit) -> bytes:
    """Saturated, but the extra field that it points to is missing."""
    mimetype, first, *rest = members({**FILES, **cades(kit.signer)})
    changed = replace(first, size=0xFFFFFFFF)
    return zip_writing.write([mimetype, changed, *rest])


@odd(Code.CONTAINER_DAMAGED)
def an_entry_that_reaches_into_the_directory(kit: Kit) -> bytes:
    whole = members({**FILES, **cades(kit.signer)})
    data = bytearray(zip_writing.write([replace(one, method=STORED) for one in whole]))
    for mark, place in ((b"PK\x03\x04", 18), (b"PK\x01\x02", 20)):
        at = data.rindex(mark) + place
        compressed, size = struct.unpack_from("<2L", data, at)
        struct.pack_into("<2L", data, at, compressed + 10, size + 10)
    return bytes(data)


# --- files under names of the standard that are something else -----------------------------------

PAGE = b'<a><script xmlns="http://www.w3.org/1999/xhtml">alert(1)</script></a>'


def _beside(name: str, content: bytes, code: Code) -> None:
    """A well-signed container, and what nobody signed under a name that needs no signature."""

    def make(kit: Kit) -> bytes:
        return packed({**FILES, **containers.cades(kit.signer), f"META-INF/{name}": content})

    kind = name.rpartition(".")[0].lower() + "-that-is-something-else"
    VECTORS[f"a-file-called-{kind}"] = Vector(make=make, codes=frozenset([code]))


_beside("ASiCEvidenceRecordManifest.xml", PAGE, Code.CONTAINER_FILE_UNSIGNED)
_beside("ASiCArchiveManifest.xml", PAGE, Code.CONTAINER_FILE_UNSIGNED)
_beside("evidencerecord.ers", b"MZ a program", Code.CONTAINER_FILE_UNSIGNED)
_beside("other-evidencerecord.xml", PAGE, Code.CONTAINER_FILE_UNSIGNED)
_beside("timestamp.tst", b"MZ a program", Code.CONTAINER_FILE_UNSIGNED)
_beside(
    "manifest.xml",
    b'<manifest xmlns="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">%s</manifest>' % PAGE,
    Code.CONTAINER_MANIFEST,
)


def _with_instruction() -> None:
    text = containers.manifest(P7S, FILES)
    styled = b'<?xml-stylesheet type="text/xsl" href="http://e.invalid/a.xsl"?>' + text
    _beside("ASiCArchiveManifest-styled.xml", styled, Code.CONTAINER_FILE_UNSIGNED)


_with_instruction()


@odd(Code.CONTAINER_UNSAFE_NAME)
def a_name_that_one_system_shortens(kit: Kit) -> bytes:
    """Windows leaves out dots and spaces at the end: two files become one."""
    files = {"letter.txt": b"Pay 1", "letter.txt.": b"Pay 999"}
    return packed({**files, **containers.cades(kit.signer, files)})
