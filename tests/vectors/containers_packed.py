"""The same well-signed container, packed so that programs could read it in two ways.

Every file in it is signed and unchanged; only the archive around them is at fault. How each fault
is made, and more of them, is in `tests/unit/test_zip_reader.py`.
"""

import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from signing.judge.codes import Code
from tests.vectors import pdf_writing, zip_writing
from tests.vectors.containers import FILES, Kit, Vector, cades, members
from tests.vectors.zip_writing import STORED, UNIX, Around, Member

Change = Callable[[Sequence[Member]], bytes]
VECTORS: dict[str, Vector] = {}


def packed(code: Code) -> Callable[[Change], Change]:
    """Enter a container under the name of the function that packs it."""

    def enter(change: Change) -> Change:
        def make(kit: Kit) -> bytes:
            return change(members({**FILES, **cades(kit.signer)}))

        name = change.__name__.replace("_", "-")
        VECTORS[name] = Vector(make=make, codes=frozenset([code]))
        return change

    return enter


def _with_first(whole: Sequence[Member], **changes: object) -> list[Member]:
    """Change how the first file after `mimetype` is packed."""
    mimetype, first, *rest = whole
    return [mimetype, replace(first, **changes), *rest]  # type: ignore[arg-type]  # fields of a Member


@packed(Code.CONTAINER_HIDDEN_DATA)
def an_archive_in_the_comment(whole: Sequence[Member]) -> bytes:
    other = zip_writing.write([Member(name=b"mimetype", content=b"another letter", method=STORED)])
    return zip_writing.write(whole, Around(comment=other))


def _pdf() -> bytes:
    return pdf_writing.build(pdf_writing.letter_objects(b"Pay 900 Baht"))


@packed(Code.ALSO_ANOTHER_DOCUMENT)
def a_pdf_in_the_comment(whole: Sequence[Member]) -> bytes:
    """PDF readers forgive what stands before it, and show it."""
    return zip_writing.write(whole, Around(comment=_pdf()))


@packed(Code.ALSO_ANOTHER_DOCUMENT)
def a_pdf_in_an_extra_field(whole: Sequence[Member]) -> bytes:
    field = struct.pack("<2H", 0xCAFE, len(_pdf())) + _pdf()
    return zip_writing.write(_with_first(whole, local_extra=field))


@packed(Code.ALSO_ANOTHER_DOCUMENT)
def a_pdf_where_no_signature_looks(whole: Sequence[Member]) -> bytes:
    name = b"META-INF/ASiCEvidenceRecordManifest.xml"
    return zip_writing.write([*whole, Member(name=name, content=_pdf(), method=STORED)])


@packed(Code.CONTAINER_HEADERS_DISAGREE)
def another_name_in_an_entry(whole: Sequence[Member]) -> bytes:
    name = whole[1].name
    return zip_writing.write(_with_first(whole, local_name=b"x" * len(name)))


@packed(Code.CONTAINER_HEADERS_DISAGREE)
def a_second_name_of_an_entry(whole: Sequence[Member]) -> bytes:
    extra = struct.pack("<2HB", 0x7075, 8, 1) + b"\0\0\0\0abc"
    return zip_writing.write(_with_first(whole, extra=extra))


@packed(Code.CONTAINER_DAMAGED)
def a_link_instead_of_a_file(whole: Sequence[Member]) -> bytes:
    return zip_writing.write(_with_first(whole, made_by=20 | UNIX, mode=0o120777))


@packed(Code.CONTAINER_METHOD)
def marked_as_encrypted(whole: Sequence[Member]) -> bytes:
    return zip_writing.write(_with_first(whole, flags=whole[1].flags | 1))


@packed(Code.CONTAINER_DAMAGED)
def a_wrong_checksum(whole: Sequence[Member]) -> bytes:
    return zip_writing.write(_with_first(whole, crc=7))


@packed(Code.CONTAINER_HIDDEN_DATA)
def bytes_behind_what_was_deflated(whole: Sequence[Member]) -> bytes:
    squeezed = zip_writing.packed(whole[1])
    return zip_writing.write(_with_first(whole, packed=squeezed + b"hidden"))


@packed(Code.CONTAINER_HIDDEN_DATA)
def bytes_between_entries(whole: Sequence[Member]) -> bytes:
    return zip_writing.write(_with_first(whole, gap=b"hidden"))


@packed(Code.CONTAINER_HIDDEN_DATA)
def bytes_before_the_directory(whole: Sequence[Member]) -> bytes:
    return zip_writing.write(whole, Around(before_directory=b"hidden"))


@packed(Code.CONTAINER_HIDDEN_DATA)
def bytes_behind_the_end(whole: Sequence[Member]) -> bytes:
    return zip_writing.write(whole, Around(after=b"hidden"))


@packed(Code.CONTAINER_METHOD)
def for_readers_that_know_more(whole: Sequence[Member]) -> bytes:
    """Who knows less than version 9.9 of the format shall not read it."""
    data = bytearray(zip_writing.write(whole))
    data[data.index(b"PK\x01\x02") + 6] = 99
    return bytes(data)


# --- what is signed at fault ---------------------------------------------------------------------


def _signed_files(code: Code, name: str, files: dict[str, bytes]) -> None:
    def make(kit: Kit) -> bytes:
        whole = members({**FILES, **files, **cades(kit.signer, {**FILES, **files})})
        return zip_writing.write(whole)

    VECTORS[name] = Vector(make=make, codes=frozenset([code]))


_signed_files(Code.CONTAINER_UNSAFE_NAME, "a-signed-file-above-the-folder", {"../run.txt": b"1"})
_signed_files(
    Code.CONTAINER_UNSAFE_NAME, "a-signed-name-that-reads-backwards", {"fdp.\u202eexe": b"1"}
)
_signed_files(
    Code.CONTAINER_DUPLICATE_NAME,
    "two-signed-names-that-differ-in-case",
    {"Letter.txt": b"Pay 1", "letter.TXT": b"Pay 999"},
)


def _two_end_records(kit: Kit) -> bytes:
    """A signed file is an end record, too: who searches from the front finds no file at all."""

    def written(reach: int) -> bytes:
        record = b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, 0, 0, 0, 0, reach)
        files = {"record": record}
        signer = kit.pki.signers["rsa"]  # whose signatures are all of one length
        whole = members({**files, **cades(signer, files)})
        return zip_writing.write([replace(one, method=STORED) for one in whole])

    data = written(0)
    return written(len(data) - data.index(b"PK\x05\x06") - 22)


VECTORS["a-signed-file-that-is-an-end-record"] = Vector(
    make=_two_end_records, codes=frozenset([Code.CONTAINER_HIDDEN_DATA])
)


def _bomb(kit: Kit) -> bytes:
    content = bytes(20 << 20)
    files = {"zeros": content}
    squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    squeezed = squeeze.compress(content) + squeeze.flush()
    assert len(squeezed) * 200 < len(content)
    return zip_writing.write(members({**files, **cades(kit.signer, files)}))


VECTORS["a-signed-bomb"] = Vector(make=_bomb, codes=frozenset([Code.CONTAINER_TOO_LARGE]))


def _many(kit: Kit) -> bytes:
    signed = [cades(kit.signer, number=number) for number in range(1, 27)]
    files = {name: content for one in signed for name, content in one.items()}
    return zip_writing.write(members({**FILES, **files}))


VECTORS["twenty-six-signatures"] = Vector(make=_many, codes=frozenset([Code.TOO_MANY_SIGNATURES]))
