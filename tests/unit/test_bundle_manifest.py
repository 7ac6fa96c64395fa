"""The manifest of a bundle, and that another program's reader finds the same in it."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing.bundle.manifest import (
    SEAL_NAME,
    ManifestEntry,
    ManifestError,
    is_plain_name,
    read_manifest,
    write_manifest,
)
from signing.judge import asic_manifest

_DIGEST = hashlib.sha256(b"content").digest()


def _entry(uri: str, **other) -> ManifestEntry:
    return ManifestEntry(
        uri=uri, media_type=other.pop("media_type", "application/pdf"), sha256=_DIGEST, **other
    )


_ENTRIES = (
    _entry("documents/1/หนังสือ & enclosure %20+#.pdf"),
    _entry("evidence/01-SubmissionAcceptance.xml", media_type="application/xml", rootfile=True),
)


def test_a_manifest_reads_as_it_was_written() -> None:
    assert read_manifest(write_manifest(_ENTRIES)) == _ENTRIES


def test_the_judge_s_reader_of_others_containers_finds_the_same() -> None:
    found = asic_manifest.read_manifest("m", write_manifest(_ENTRIES))
    assert found.signature == SEAL_NAME
    assert found.covers == tuple(entry.uri for entry in _ENTRIES)
    assert [reference.digest for reference in found.references] == [_DIGEST, _DIGEST]


@given(st.text(min_size=1, max_size=40).filter(is_plain_name))
def test_every_plain_name_comes_back(name: str) -> None:
    assert read_manifest(write_manifest([_entry(name)]))[0].uri == name


@pytest.mark.parametrize(
    "name",
    ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "a\\b", "c:/x", "a\nb", "x.", "\ud800"],
)
def test_a_name_that_means_another_place_is_refused(name: str) -> None:
    with pytest.raises(ManifestError):
        _entry(name)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"</asic:ASiCManifest>\n", b"</asic:ASiCManifest>"),
        (b'MimeType="application/pdf"', b'MimeType="application/pdf" '),
        (b"<asic:SigReference", b"<!-- --><asic:SigReference"),
        (b"signature001", b"signature002"),
        (b"%20", b" "),
        (b"#sha256", b"#sha512"),
        (b"documents/", b"../"),
    ],
)
def test_another_spelling_is_refused(before: bytes, after: bytes) -> None:
    written = write_manifest(_ENTRIES)
    changed = written.replace(before, after, 1)
    assert changed != written
    with pytest.raises(ManifestError):
        read_manifest(changed)


def test_no_file_or_one_twice_is_refused() -> None:
    with pytest.raises(ManifestError):
        write_manifest([])
    with pytest.raises(ManifestError):
        write_manifest([_ENTRIES[0], _ENTRIES[0]])
