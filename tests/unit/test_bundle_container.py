"""The container as other programs see it, and the tricks with ZIP that our reader refuses."""

import struct
import subprocess
import sys
import tracemalloc
import zipfile
import zlib

import pytest

from signing.bundle.container import Container, ContainerBroken
from signing.bundle.contents import document_name, members_of
from signing.bundle.manifest import MANIFEST_NAME, SEAL_NAME
from signing.bundle.zip_form import MIMETYPE, Entry, container_size, directory, local_header
from signing.bundle.zip_reader import ContainerError, read_container
from signing.judge.zip_reader import read_zip
from tests.bundle_samples import CONTENT, BundlingOperator, written


@pytest.fixture(scope="module")
def operator(tmp_path_factory):
    return BundlingOperator(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def bundle(operator, tmp_path_factory):
    return operator.write(tmp_path_factory.mktemp("bundle") / "b.asice")


def kept(_name: str) -> int:
    return 1 << 30


def test_unzip_finds_the_files_in_order_and_nothing_wrong(bundle) -> None:
    listed = subprocess.run(
        ["unzip", "-Z1", bundle], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"}
    )
    names = listed.stdout.decode().splitlines()
    assert names[:3] == ["mimetype", MANIFEST_NAME, SEAL_NAME]
    assert names[-2:] == ["documents/1-หนังสือ _1_.pdf", "documents/2-แผนที่.png"]
    assert (
        b"No errors detected"
        in subprocess.run(["unzip", "-t", bundle], capture_output=True, check=True).stdout
    )
    detail = subprocess.run(["zipinfo", "-v", bundle, "mimetype"], capture_output=True, check=True)
    assert b"compression method:                             none (stored)" in detail.stdout
    assert b"length of extra field:                          0 bytes" in detail.stdout
    assert b"extended local header:                          no" in detail.stdout


def test_the_type_of_the_file_stands_where_programs_look_for_it(bundle) -> None:
    data = bundle.read_bytes()
    assert data[30:38] == b"mimetype"
    assert data[38 : 38 + len(MIMETYPE)] == MIMETYPE


def test_python_and_the_judge_s_reader_find_the_same_files(bundle) -> None:
    ours = {name: each.content for name, each in read_container(bundle, kept).items()}
    with zipfile.ZipFile(bundle) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == ours
    judged = read_zip(bundle.read_bytes())
    assert {each.name: each.content for each in judged} == ours
    assert ours["documents/2-แผนที่.png"] == CONTENT[2]


def test_the_same_contents_and_seal_make_the_same_bytes(operator) -> None:
    members = members_of(operator.contents())
    manifest, seal = operator.seal([each.manifest for each in members])
    first = written(Container(members, manifest, seal))
    again = members_of(operator.contents())
    assert [each.manifest for each in again if ".tsr" not in each.manifest.uri] == [
        each.manifest for each in members if ".tsr" not in each.manifest.uri
    ]  # the sample's token is a new one each time
    assert first == written(Container(members, manifest, seal))


def test_a_bundle_of_evidence_only_names_no_document(operator, tmp_path) -> None:
    path = operator.write(tmp_path / "b.asice", operator.contents(documents=False))
    files = read_container(path, kept)
    assert not [name for name in files if name.startswith("documents/")]
    assert b"documents/" not in (files[MANIFEST_NAME].content or b"")


def test_the_manifest_must_be_of_the_files(operator) -> None:
    members = members_of(operator.contents())
    manifest, seal = operator.seal([each.manifest for each in members[1:]])
    with pytest.raises(ContainerBroken):
        Container(members, manifest, seal)


def test_a_document_that_is_not_as_announced_breaks_the_container_off(operator) -> None:
    with pytest.raises(ContainerBroken):
        written(operator.container(), {1: CONTENT[1], 2: CONTENT[2] + b"!"})


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("a.pdf", "documents/1-a.pdf"),
        ("../../etc/passwd", "documents/1-_.._etc_passwd"),
        ("a\x00b\u202e.pdf", "documents/1-a_b_.pdf"),
        ("...", "documents/1-document"),
        (" ", "documents/1-document"),
        ("ก" * 300 + ".pdf", "documents/1-" + "ก" * 65 + ".pdf"),
    ],
)
def test_a_file_name_of_a_sender_becomes_one_that_every_system_takes(filename, name) -> None:
    assert document_name(1, filename) == name


# --- what strangers do to ZIP ---------------------------------------------------------------------


def changed(bundle, tmp_path, change):
    path = tmp_path / "changed.asice"
    path.write_bytes(change(bundle.read_bytes()))
    return path


def _renamed(before: bytes, after: bytes):
    assert len(before) == len(after)
    return lambda data: data.replace(before, after)


def _first_entry_twice(data: bytes) -> bytes:
    size = 30 + 8 + len(MIMETYPE)
    return data[:size] + data


def _deflated(data: bytes) -> bytes:
    return data.replace(struct.pack("<5H", 20, 0, 0, 0, 33), struct.pack("<5H", 20, 0, 8, 0, 33))


TRICKS = {
    "appended": lambda data: data + b"\n",
    "prepended": lambda data: b"#!/bin/sh\n" + data,
    "cut off": lambda data: data[:-1],
    "a comment": lambda data: data[:-2] + b"\x01\x00x",
    "mimetype renamed": _renamed(b"mimetype", b"mimetypE"),
    "mimetype says another type": _renamed(b"asic-e+zip", b"asic-s+zip"),
    "first file twice": _first_entry_twice,
    "compressed": _deflated,
    "absolute name": _renamed(b"envelope.json", b"/nvelope.json"),
    "name above": _renamed(b"envelope.json", b"../elope.json"),
    "name with a backslash": _renamed(b"README.en.txt", b"README\\en.txt"),
    "name with a drive": _renamed(b"README.en.txt", b"C:ADME.en.txt"),
    "a name twice": _renamed(b"README.en.txt", b"README.th.txt"),
    "a name twice but for case": _renamed(b"README.en.txt", b"readme.TH.txt"),
    "a file is a folder": _renamed(b"envelope.json", b"mimetype/json"),
    "the directory lies about a name": lambda data: b"evelopee.json".join(
        data.rsplit(b"envelope.json", 1)
    ),
    "the directory lies about a place": lambda data: data[:-6] + b"\x00\x00\x00\x00" + data[-2:],
    "data between": lambda data: data.replace(b"PK\x01\x02", b"hidden!PK\x01\x02", 1),
    "a byte of a file": _renamed(b"%PDF-1.7", b"%PDF-1.6"),
}  # fmt: skip


@pytest.mark.parametrize("trick", TRICKS)
def test_a_container_in_any_other_form_is_refused(bundle, tmp_path, trick) -> None:
    path = changed(bundle, tmp_path, TRICKS[trick])
    assert path.read_bytes() != bundle.read_bytes()
    with pytest.raises(ContainerError):
        read_container(path, kept)


def test_every_byte_of_the_directory_counts(bundle, tmp_path) -> None:
    data = bundle.read_bytes()
    start = data.index(b"PK\x01\x02")
    for place in range(start, len(data), 7):
        broken = bytearray(data)
        broken[place] ^= 1
        path = tmp_path / "broken.asice"
        path.write_bytes(broken)
        with pytest.raises(ContainerError):
            read_container(path, kept)


def test_an_entry_that_claims_terabytes_takes_no_memory(tmp_path) -> None:
    """A bomb can only lie about its size: nothing is compressed."""
    path = tmp_path / "bomb.asice"
    claims = Entry(name="documents/1-a", size=1 << 42, crc=0)
    first = Entry(name="mimetype", size=len(MIMETYPE), crc=zlib.crc32(MIMETYPE))
    path.write_bytes(local_header(first) + MIMETYPE + local_header(claims) + bytes(1000))
    tracemalloc.start()
    with pytest.raises(ContainerError, match="cut off"):
        read_container(path, lambda _: 0)
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


def test_more_kept_than_its_limit_is_refused_unread(bundle) -> None:
    with pytest.raises(ContainerError, match="too long"):
        read_container(bundle, lambda _: 10)


def test_numbers_beyond_four_gigabytes_stand_where_zip64_wants_them(tmp_path) -> None:
    """Checked by Python's reader over a sparse file: no such file need be written whole."""
    large = Entry(name="documents/1-a", size=5 << 30, crc=1)
    after = Entry(name="documents/2-b", size=3, crc=zlib.crc32(b"abc"))
    path = tmp_path / "large.zip"
    with path.open("wb") as file:
        file.write(local_header(large))
        file.seek(large.size, 1)
        file.write(local_header(after) + b"abc" + directory([large, after]))
        assert file.tell() == container_size([large, after])
    with zipfile.ZipFile(path) as archive:
        assert [(each.filename, each.file_size) for each in archive.infolist()] == [
            (large.name, large.size),
            (after.name, 3),
        ]
        assert archive.read(after.name) == b"abc"
    assert (
        b"5368709120" in subprocess.run(["zipinfo", path], capture_output=True, check=False).stdout
    )
    path.unlink()


_STREAM = """
import asyncio, resource, sys, zlib, hashlib
from pathlib import Path
from signing.bundle.container import Container, Member, member
from signing.bundle.manifest import ManifestEntry, write_manifest
from signing.bundle.zip_reader import read_container

size, path = int(sys.argv[1]), Path(sys.argv[2])
piece = bytes(range(256)) * 4096
crc, digest = 0, hashlib.sha256()
for _ in range(size // len(piece)):
    crc = zlib.crc32(piece, crc)
    digest.update(piece)
entry = ManifestEntry(uri="documents/1-a", media_type="a/b", sha256=digest.digest())
document = Member(manifest=entry, size=size, crc=crc, content=None, number=1)

async def read(number):
    for _ in range(size // len(piece)):
        yield piece

async def write():
    container = Container([document], write_manifest([entry]), b"seal")
    with path.open("wb") as file:
        async for each in container.pieces(read):
            file.write(each)
    assert path.stat().st_size == container.size

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
asyncio.run(write())
found = read_container(path, lambda name: 0 if name.startswith("documents") else 1 << 20)
assert found["documents/1-a"].sha256 == digest.digest()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_memory_does_not_grow_with_documents(tmp_path) -> None:
    """300 MB through writer and reader, in a process of its own: 16 MB more at most."""
    path = tmp_path / "large.asice"
    done = subprocess.run(
        [sys.executable, "-c", _STREAM, str(300 << 20), path],
        capture_output=True,
        check=True,
        text=True,
    )
    path.unlink()
    assert int(done.stdout) < 16 << 10
