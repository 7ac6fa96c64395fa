"""Key files of a witness: what is written, and what is not used."""

from pathlib import Path

import pytest

from signing.checkpoint import NoteError
from signing.cosignature import CosignatureKind
from signing.note_keys import NoteKeyError, read_note_key
from signing.witness_keys import WitnessKeyError, make_witness_keys, read_witness_keys

BOTH = (CosignatureKind.ED25519, CosignatureKind.ML_DSA_44)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "key"


@pytest.mark.parametrize("kinds", [BOTH, BOTH[:1], BOTH[1:]])
def test_keys_are_read_back_as_they_were_made(path: Path, kinds) -> None:
    made = make_witness_keys(path, "witness.example", kinds)
    assert [signer.kind for signer in made] == list(kinds)
    assert [one.vkey for one in read_witness_keys(path)] == [one.vkey for one in made]
    assert path.stat().st_mode & 0o777 == 0o600


def test_keys_are_never_replaced(path: Path) -> None:
    make_witness_keys(path, "witness.example", BOTH)
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        make_witness_keys(path, "witness.example", BOTH)
    assert path.read_bytes() == before


def test_a_name_that_no_key_may_have_leaves_no_file(path: Path) -> None:
    with pytest.raises(NoteError):
        make_witness_keys(path, "two words", BOTH)
    assert not path.exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_keys_that_others_could_use_are_refused(path: Path, mode: int) -> None:
    make_witness_keys(path, "witness.example", BOTH)
    path.chmod(mode)
    with pytest.raises(WitnessKeyError, match="others"):
        read_witness_keys(path)


def test_a_key_of_a_witness_is_no_key_of_a_log(path: Path) -> None:
    make_witness_keys(path, "witness.example", BOTH[:1])
    with pytest.raises(NoteKeyError):
        read_note_key(path)


def test_keys_of_two_names_are_no_witness(tmp_path: Path) -> None:
    make_witness_keys(tmp_path / "a", "a.example", BOTH[:1])
    make_witness_keys(tmp_path / "b", "b.example", BOTH[1:])
    (tmp_path / "a").write_bytes((tmp_path / "a").read_bytes() + (tmp_path / "b").read_bytes())
    with pytest.raises(WitnessKeyError, match="one name"):
        read_witness_keys(tmp_path / "a")


@pytest.mark.parametrize(
    "change",
    [
        lambda _text: b"",
        lambda text: text[:-1],
        lambda text: text + b"\n",
        lambda text: text.replace(b"PRIVATE", b"private", 1),
        lambda text: text.replace(b"witness.example", b"witness.other", 1),
        lambda text: text.replace(b"witness.example", b"witness.other"),
        lambda text: text.replace(b"witness.example", b"witness example"),
        lambda text: text.splitlines(keepends=True)[0] * 2,
        lambda text: text.replace(b"+B", b"+A"),
        lambda text: text[:-3] + b"\n",
        lambda _text: b"\xff\n",
        lambda _text: b"PRIVATE+KEY+a+b\n",
        lambda _text: b"PRIVATE+KEY+a+00000000+\n",
    ],
)
def test_a_damaged_file_is_refused(path: Path, change) -> None:
    make_witness_keys(path, "witness.example", BOTH)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(WitnessKeyError):
        read_witness_keys(path)
