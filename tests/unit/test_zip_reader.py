"""The strict ZIP reader: what ordinary programs write is read, what has two readings is refused."""

import io
import struct
import zipfile
import zlib
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing.judge import zip_reader
from signing.judge.codes import Code, Refused
from signing.judge.zip_reader import read_zip
from tests.vectors.zip_writing import (
    DEFLATED,
    SIZES_FOLLOW,
    STORED,
    UNIX,
    UTF8,
    Around,
    Member,
    files,
    write,
)

ONE = Member(name=b"letter.txt", content=b"Hello " * 50)
TWO = Member(name=b"enclosures/list.txt", content=b"1\n2\n")
PAIR = (ONE, TWO)


def contents(data: bytes) -> dict[str, bytes]:
    return {entry.name: entry.content for entry in read_zip(data)}


# --- good ones -----------------------------------------------------------------------------------

GOOD = {
    "deflated": write(PAIR),
    "stored": write([replace(one, method=STORED) for one in PAIR]),
    "with a comment": write(PAIR, Around(comment=b"made by a program")),
    "sizes after": write([replace(one, flags=SIZES_FOLLOW) for one in PAIR]),
    "sizes after, no mark": write(
        [replace(one, flags=SIZES_FOLLOW, descriptor="bare") for one in PAIR]
    ),
    "sizes after, large": write(
        [replace(one, flags=SIZES_FOLLOW, descriptor="large") for one in PAIR]
    ),
    "times in extra fields": write(
        [replace(one, extra=b"UT\x05\x00\x01abcd", local_extra=b"UT\x01\x00\x01") for one in PAIR]
    ),
    "aligned with zeros": write([replace(one, local_extra=b"\0\0\0") for one in PAIR]),
    "made by Unix": write([replace(one, made_by=20 | UNIX, mode=0o100644) for one in PAIR]),
    "with a folder": write([Member(name=b"enclosures/", method=STORED), *PAIR]),
}


def test_what_ordinary_programs_write_is_read() -> None:
    for name, data in GOOD.items():
        assert contents(data) == {"letter.txt": ONE.content, TWO.name.decode(): TWO.content}, name


@pytest.mark.parametrize("seekable", [True, False])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_what_python_writes_is_read(method: int, *, seekable: bool) -> None:
    target = io.BytesIO()
    if not seekable:
        target.seekable = lambda: False  # type: ignore[method-assign]  # a pipe
    names = {"mimetype": b"x", "จดหมาย.pdf": b"%PDF-" * 1000, "META-INF/signatures.xml": b""}
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in names.items():
            archive.writestr(name, content)
    assert contents(target.getvalue()) == names


def test_a_size_that_stands_in_a_large_field_is_read() -> None:
    extra = struct.pack("<2HQ", 1, 8, len(ONE.content))
    large = replace(ONE, size=0xFFFFFFFF, extra=extra, local_extra=extra)
    assert contents(write([large])) == {"letter.txt": ONE.content}


def test_names_are_utf_8_with_the_flag_and_without() -> None:
    name = "หนังสือ.pdf"
    for flags in (0, UTF8):
        assert contents(write([Member(name=name.encode(), flags=flags)])) == {name: b""}


def test_an_archive_inside_an_archive_is_a_file() -> None:
    inner = write(PAIR)
    assert contents(write([Member(name=b"package.zip", content=inner, method=STORED)])) == {
        "package.zip": inner
    }


# --- faults --------------------------------------------------------------------------------------


def zeros(size: int) -> bytes:
    squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return squeeze.compress(bytes(size)) + squeeze.flush()


def named(*names: str) -> bytes:
    return write([Member(name=name.encode(), method=STORED) for name in names])


BOMB = Member(name=b"bomb", packed=zeros(50 << 20), size=50 << 20, crc=0)
SECOND = write([Member(name=b"other")])
FAULTS = {
    "empty": (b"PK\x05\x06", Code.CONTAINER_DAMAGED),
    "no end record": (write(PAIR)[:-22], Code.CONTAINER_DAMAGED),
    "cut in the end record": (write(PAIR)[:-3], Code.CONTAINER_DAMAGED),
    "bytes before the first entry": (
        write(PAIR, Around(prefix=b"MZ program")),
        Code.CONTAINER_HIDDEN_DATA,
    ),
    "bytes before, not counted": (
        b"junk" + write(PAIR),
        Code.CONTAINER_HIDDEN_DATA,
    ),
    "bytes between entries": (
        write([ONE, replace(TWO, gap=b"hidden")]),
        Code.CONTAINER_HIDDEN_DATA,
    ),
    "an entry that no directory lists": (
        write([replace(ONE, gap=write([TWO])[:60])]),
        Code.CONTAINER_HIDDEN_DATA,
    ),
    "bytes before the directory": (
        write(PAIR, Around(before_directory=b"APK Sig Block 42")),
        Code.CONTAINER_HIDDEN_DATA,
    ),
    "bytes in the directory": (
        write(PAIR, Around(in_directory=b"x" * 46)),
        Code.CONTAINER_HIDDEN_DATA,
    ),
    "bytes after the end": (write(PAIR, Around(after=b"more")), Code.CONTAINER_HIDDEN_DATA),
    "two archives": (write(PAIR) + SECOND, Code.CONTAINER_HIDDEN_DATA),
    "an archive in the comment": (
        write(PAIR, Around(comment=SECOND)),
        Code.CONTAINER_HIDDEN_DATA,
    ),
    "two end records that reach the end": (
        write(
            [
                Member(
                    name=b"inner",
                    method=STORED,
                    content=b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, 0, 0, 0, 0, 73),
                )
            ]
        ),
        Code.CONTAINER_HIDDEN_DATA,
    ),
    "more entries counted": (write(PAIR, Around(count=3)), Code.CONTAINER_DAMAGED),
    "fewer entries counted": (write(PAIR, Around(count=1)), Code.CONTAINER_HIDDEN_DATA),
    "several disks": (write(PAIR, Around(disk=1)), Code.CONTAINER_DAMAGED),
    "another name in the local header": (
        write([replace(ONE, local_name=b"letter.exe")]),
        Code.CONTAINER_HEADERS_DISAGREE,
    ),
    "another size in the local header": (
        write([replace(ONE, local_size=5)]),
        Code.CONTAINER_HEADERS_DISAGREE,
    ),
    "another checksum in the local header": (
        write([replace(ONE, local_crc=5)]),
        Code.CONTAINER_HEADERS_DISAGREE,
    ),
    "another method in the local header": (
        write([replace(ONE, method=STORED, local_method=DEFLATED)]),
        Code.CONTAINER_HEADERS_DISAGREE,
    ),
    "another encoding in the local header": (
        write([replace(ONE, local_flags=UTF8)]),
        Code.CONTAINER_HEADERS_DISAGREE,
    ),
    "a second name": (
        write([replace(ONE, extra=struct.pack("<2HB", 0x7075, 8, 1) + b"\0\0\0\0abc")]),
        Code.CONTAINER_HEADERS_DISAGREE,
    ),
    "extra fields cut off": (
        write([replace(ONE, extra=b"UT\x09\x00\x01")]),
        Code.CONTAINER_DAMAGED,
    ),
    "sizes after are missing": (
        write([replace(ONE, flags=SIZES_FOLLOW, descriptor="none"), TWO]),
        Code.CONTAINER_HEADERS_DISAGREE,
    ),
    "wrong checksum": (write([replace(ONE, crc=7)]), Code.CONTAINER_DAMAGED),
    "size too small": (write([replace(ONE, size=10)]), Code.CONTAINER_HIDDEN_DATA),
    "size too large": (write([replace(ONE, size=10_000)]), Code.CONTAINER_HEADERS_DISAGREE),
    "data after the deflated": (
        write([replace(ONE, packed=zeros(5) + b"hidden", size=5, crc=zlib.crc32(bytes(5)))]),
        Code.CONTAINER_HIDDEN_DATA,
    ),
    "no deflate": (write([replace(ONE, packed=b"\xff\xff\xff")]), Code.CONTAINER_DAMAGED),
    "encrypted": (write([replace(ONE, flags=1)]), Code.CONTAINER_METHOD),
    "another method": (write([replace(ONE, method=12, packed=b"BZh")]), Code.CONTAINER_METHOD),
    "ratio": (write([BOMB]), Code.CONTAINER_TOO_LARGE),
    "total": (
        write([replace(BOMB, name=b"%d" % n, size=60 << 20) for n in range(3)]),
        Code.CONTAINER_TOO_LARGE,
    ),
    "entries": (named(*map(str, range(1001))), Code.CONTAINER_TOO_LARGE),
    "same name": (named("a", "a"), Code.CONTAINER_DUPLICATE_NAME),
    "same but for case": (named("Letter.pdf", "letter.PDF"), Code.CONTAINER_DUPLICATE_NAME),
    "same but for composition": (
        named("re\u0301sume\u0301", "r\u00e9sum\u00e9"),
        Code.CONTAINER_DUPLICATE_NAME,
    ),
    "same but for width": (named("a.pdf", "\uff41.pdf"), Code.CONTAINER_DUPLICATE_NAME),
    "file and folder": (named("a", "a/b"), Code.CONTAINER_DUPLICATE_NAME),
    "link": (
        write([replace(ONE, made_by=20 | UNIX, mode=0o120777)]),
        Code.CONTAINER_DAMAGED,
    ),
    "folder with content": (
        write([replace(ONE, name=b"folder/")]),
        Code.CONTAINER_DAMAGED,
    ),
    **{
        f"name {name!r}": (named(name), Code.CONTAINER_UNSAFE_NAME)
        for name in (
            "/etc/passwd",
            "../up",
            "a/../../up",
            "a//b",
            "./a",
            "",
            "a\\b",
            "C:a",
            "a\nb",
            "a\0b",
            "fdp.\u202eexe",
            "x" * 2000,
        )
    },
    "name in no UTF-8": (
        write([replace(ONE, name=b"\xff\xfe")]),
        Code.CONTAINER_UNSAFE_NAME,
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_faulty_archive_is_refused_by_its_name(fault: str) -> None:
    data, code = FAULTS[fault]
    with pytest.raises(Refused) as refused:
        read_zip(data)
    assert refused.value.code is code, refused.value


def test_a_bomb_is_refused_before_it_is_inflated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_reader.zlib, "decompressobj", None)
    with pytest.raises(Refused):
        read_zip(write([BOMB]))


def test_a_bomb_that_lies_about_its_size_stops_at_the_size_it_states() -> None:
    with pytest.raises(Refused, match="container-hidden-data"):
        read_zip(write([replace(BOMB, size=100)]))


def test_entries_must_not_overlap() -> None:
    """Two entries of the directory that share one local header: the bomb of overlapping files."""
    data = bytearray(write([ONE, replace(ONE, name=b"lette2.txt")]))
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = bytes(4)
    with pytest.raises(Refused):
        read_zip(bytes(data))


@given(st.binary(max_size=400))
def test_whatever_comes_is_read_or_refused(data: bytes) -> None:
    with suppress(Refused):
        read_zip(data)


@given(st.data())
def test_no_changed_byte_changes_a_content(draw: st.DataObject) -> None:
    data = bytearray(write(PAIR))
    place = draw.draw(st.integers(0, len(data) - 1))
    data[place] ^= draw.draw(st.integers(1, 255))
    try:
        found = contents(bytes(data))
    except Refused:
        return
    assert sorted(found.values()) == sorted([ONE.content, TWO.content])


def test_the_members_of_a_list_are_as_programs_write_them() -> None:
    data = write(files({"mimetype": b"text", "ก.txt": b"1"}))
    assert [(one.name, one.stored) for one in read_zip(data)] == [
        ("mimetype", True),
        ("ก.txt", False),
    ]
