"""The sealer's records on disk: whole lines only, and nothing that does not follow."""

import json
import stat
from pathlib import Path

import pytest

from signing import merkle
from signing.sealer import ledger
from signing.sealer.crash_points import no_crash
from signing.sealer.errors import LedgerError
from signing.sealer.fixed_lines import FixedLines
from signing.sealer.heads import Heads
from signing.sealer.ledger import Ledger
from tdh.domain.identifiers import Pseudonym

USES = [(Pseudonym(f"{number:032x}"), number, bytes((number,)) * 32) for number in range(1, 6)]


def written(folder: Path) -> Path:
    opened = Ledger(folder)
    opened.record(USES)
    opened.close()
    return folder / "ledger"


def test_what_was_recorded_is_read_back(tmp_path) -> None:
    lines = list(ledger.read(written(tmp_path)))

    assert [(line.pseudonym, line.sequence, line.digest) for line in lines] == USES
    assert {line.epoch for line in lines} == {1}


@pytest.mark.parametrize("torn", [1, 57, 113])
def test_a_torn_last_line_is_cut_and_only_that(tmp_path, torn) -> None:
    path = written(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:torn])
    assert len(list(ledger.read(path))) == 5

    opened = Ledger(tmp_path)
    opened.record(USES[:1])
    opened.close()

    assert path.read_bytes() == whole + whole[:114]


def test_a_record_torn_in_its_only_line_begins_again(tmp_path) -> None:
    (tmp_path / "ledger").write_bytes(b"000001 abc")

    opened = Ledger(tmp_path)

    assert opened.count == 0
    assert opened.epoch == 1
    opened.close()


def test_a_last_line_that_was_changed_stops_it(tmp_path) -> None:
    path = written(tmp_path)
    data = bytearray(path.read_bytes())
    data[-20] = ord("x")
    path.write_bytes(data)

    with pytest.raises(LedgerError, match="line 5"):
        Ledger(tmp_path)


def test_a_line_that_was_changed_is_named_to_the_auditor(tmp_path) -> None:
    path = written(tmp_path)
    data = bytearray(path.read_bytes())
    data[113] = ord(" ")
    path.write_bytes(data)

    with pytest.raises(LedgerError, match="line 1 "):
        list(ledger.read(path))


def test_zeroes_at_the_end_are_no_torn_line(tmp_path) -> None:
    path = written(tmp_path)
    path.write_bytes(path.read_bytes() + bytes(114))

    with pytest.raises(LedgerError):
        Ledger(tmp_path)


def test_an_epoch_continues_or_is_the_next(tmp_path) -> None:
    written(tmp_path)
    second = Ledger(tmp_path, 2)
    second.record(USES[:1])
    second.close()

    third = Ledger(tmp_path)
    assert third.epoch == 2
    third.close()
    for wrong in (1, 4, 0):
        with pytest.raises(LedgerError, match="does not follow"):
            Ledger(tmp_path, wrong)
    assert [line.epoch for line in ledger.read(tmp_path / "ledger")] == [1, 1, 1, 1, 1, 2]


def test_nothing_is_written_after_a_failure(tmp_path) -> None:
    lines = FixedLines(tmp_path / "lines", 4)
    lines.append(["abc"])
    lines.close()  # what follows fails as on a disk that went away

    with pytest.raises(LedgerError):
        lines.append(["def"])
    with pytest.raises(LedgerError, match="any more"):
        lines.append(["def"])
    assert (tmp_path / "lines").read_bytes() == b"abc\n"


def test_lines_of_another_width_are_refused(tmp_path) -> None:
    lines = FixedLines(tmp_path / "lines", 4)

    with pytest.raises(LedgerError):
        lines.append(["too long"])
    assert (tmp_path / "lines").read_bytes() == b""
    lines.close()


def test_a_folder_that_is_not_there_is_named(tmp_path) -> None:
    with pytest.raises(LedgerError, match="nowhere"):
        Ledger(tmp_path / "nowhere")


# --- heads ---------------------------------------------------------------------------------------


class Maker:
    """Makes notes and tokens that differ each time, as tokens do."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self, size: int, root: bytes) -> tuple[bytes, bytes]:
        self.made += 1
        return b"note %d" % size, b"token %d" % self.made


def heads(folder: Path, make=None) -> Heads:
    return Heads(folder, epoch=1, make=make or Maker(), crash=no_crash)


ROOTS = [merkle.root([merkle.leaf_hash(bytes((n,))) for n in range(size)]) for size in range(4)]


def proof(old: int, new: int):
    leaves = [merkle.leaf_hash(bytes((n,))) for n in range(new)]
    nodes = {}
    frontier = merkle.Frontier.empty()
    for leaf in leaves:
        nodes |= {(level, number): value for level, number, value in frontier.append(leaf)}
    return merkle.consistency_proof(old, new, lambda level, number: nodes[level, number])


def test_a_new_record_stands_at_the_empty_tree(tmp_path) -> None:
    opened = heads(tmp_path)

    assert (opened.size, opened.root) == (0, merkle.EMPTY_ROOT)
    assert opened.sign(0, merkle.EMPTY_ROOT, ()).note == b"note 0"
    opened.close()


def test_the_same_head_gets_the_same_bytes_also_after_a_restart(tmp_path) -> None:
    make = Maker()
    opened = heads(tmp_path, make)
    first = opened.sign(1, ROOTS[1], ())
    again = opened.sign(1, ROOTS[1], ())
    opened.close()
    restarted = heads(tmp_path, make)

    assert again == first == restarted.sign(1, ROOTS[1], ())
    assert make.made == 1
    assert restarted.sign(3, ROOTS[3], proof(1, 3)).note == b"note 3"
    restarted.close()


def test_the_signed_head_is_for_one_user_only_also_after_one_that_was_not(tmp_path) -> None:
    left = tmp_path / "head.new"
    left.write_text("torn by a crash")
    left.chmod(0o644)
    opened = heads(tmp_path)
    opened.sign(1, ROOTS[1], ())
    opened.close()
    assert stat.S_IMODE((tmp_path / "head.signed").stat().st_mode) == 0o600


def test_a_head_that_was_written_and_not_signed_is_signed_when_asked_again(tmp_path) -> None:
    opened = heads(tmp_path)
    opened.sign(1, ROOTS[1], ())
    opened.sign(2, ROOTS[2], proof(1, 2))
    opened.close()
    old = {"size": 1, "root": ROOTS[1].hex(), "note": "bm90ZSAx", "token": "dG9rZW4="}
    (tmp_path / "head.signed").write_text(
        json.dumps(old)
    )  # as a crash between the writes leaves it

    restarted = heads(tmp_path)

    assert (restarted.size, restarted.root) == (2, ROOTS[2])
    assert restarted.sign(2, ROOTS[2], proof(1, 2)).note == b"note 2"
    restarted.close()


def test_only_extensions_are_signed(tmp_path) -> None:
    opened = heads(tmp_path)
    opened.sign(2, ROOTS[2], ())

    for size, root, hashes in (
        (1, ROOTS[1], ()),
        (2, ROOTS[1], ()),
        (3, ROOTS[3], ()),
        (3, ROOTS[2], proof(2, 3)),
    ):
        with pytest.raises(merkle.MerkleError):
            opened.sign(size, root, hashes)
    assert (opened.size, opened.root) == (2, ROOTS[2])
    assert opened.sign(3, ROOTS[3], proof(2, 3)).size == 3
    opened.close()


@pytest.mark.parametrize(
    "content",
    [
        "not json",
        "[]",
        json.dumps({"size": 9, "root": ROOTS[1].hex(), "note": "", "token": ""}),
        json.dumps({"size": 1, "root": ROOTS[2].hex(), "note": "", "token": ""}),
    ],
)
def test_a_signed_head_that_does_not_follow_stops_it(tmp_path, content) -> None:
    opened = heads(tmp_path)
    opened.sign(1, ROOTS[1], ())
    opened.close()
    (tmp_path / "head.signed").write_text(content)

    with pytest.raises(LedgerError):
        heads(tmp_path)


def test_a_record_of_heads_that_was_taken_away_stops_it(tmp_path) -> None:
    opened = heads(tmp_path)
    opened.sign(1, ROOTS[1], ())
    opened.close()
    (tmp_path / "heads").unlink()

    with pytest.raises(LedgerError, match="does not follow"):
        heads(tmp_path)
