"""Paths and contents of tiles, against the rules and examples of c2sp.org/tlog-tiles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdh.domain.errors import InvalidValue
from tdh.domain.tiles import (
    Tile,
    bundle_of,
    levels_of,
    pack_entries,
    runs_between,
    tiles_of,
    unpack_entries,
    unpack_hashes,
)

SIZES = st.integers(min_value=0, max_value=200_000)


def tiles(old: int, new: int) -> list[Tile]:
    return [tile for run in runs_between(old, new) for tile in run]


def test_the_standards_examples_of_paths_come_out() -> None:
    assert Tile(level=0, number=1234067, width=256).path == "tile/0/x001/x234/067"
    assert Tile(level=2, number=0, width=1).path == "tile/2/000.p/1"
    assert bundle_of(Tile(level=0, number=999, width=17)).path == "tile/entries/999.p/17"
    assert Tile(level=63, number=1000, width=255).path == "tile/63/x001/000.p/255"


@given(
    level=st.none() | st.integers(min_value=0, max_value=63),
    number=st.integers(min_value=0, max_value=10**15),
    width=st.integers(min_value=1, max_value=256),
)
def test_a_tile_is_read_from_its_path(level: int | None, number: int, width: int) -> None:
    tile = Tile(level=level, number=number, width=width)
    assert Tile.parse(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x001",
        "tile/0/x001/x002",
        "tile/00/000",
        "tile/01/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/entry/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000/",
        "tile/0//000",
        "/tile/0/000",
        "tile/0/../000",
        "tile/0/000\n",
        "tile/0/٠٠٠",
        "tile/0/X001/000",
    ],
)
def test_no_other_spelling_is_a_tile(path: str) -> None:
    with pytest.raises(InvalidValue):
        Tile.parse(path)


def test_the_standards_example_of_seventy_thousand_entries() -> None:
    found = list(tiles_of(70_000))
    assert sum(1 for tile in found if tile.level == 0 and tile.is_full) == 273
    rest = [(tile.level, tile.number, tile.width) for tile in found if tile.level != 0]
    assert (found[273].level, found[273].width) == (0, 112)
    assert rest == [(1, 0, 256), (1, 1, 17), (2, 0, 1)]
    assert [(t.level, t.number, t.width) for t in tiles_of(256)] == [(0, 0, 256), (1, 0, 1)]
    assert [levels_of(size) for size in (0, 1, 255, 256, 65_535, 65_536)] == [0, 1, 1, 2, 2, 3]


@given(sizes=st.tuples(SIZES, SIZES).map(sorted))
def test_growing_in_two_steps_makes_all_full_tiles_once_and_the_last_partial_ones(sizes) -> None:
    between, size = sizes
    steps = [*tiles(0, between), *tiles(between, size)]
    all_at_once = tiles(0, size)
    assert len(steps) == len(set(steps))
    assert set(all_at_once) <= set(steps)
    assert {t for t in steps if t.is_full} == {t for t in all_at_once if t.is_full}
    assert all(
        0 < tile.width <= 256 and (tile.first + tile.width) << 8 * tile.level <= size
        for tile in steps
        if tile.level is not None
    )


@given(sizes=st.tuples(SIZES, SIZES).map(sorted), longest=st.integers(min_value=1, max_value=40))
def test_a_run_is_of_one_level_without_holes_and_not_longer_than_asked(sizes, longest) -> None:
    for run in runs_between(*sizes, longest=longest):
        assert len(run) <= longest
        assert {tile.level for tile in run} == {run[0].level}
        assert [tile.number for tile in run] == list(range(run[0].number, run[0].number + len(run)))


@given(entries=st.lists(st.binary(max_size=300) | st.just(b"x" * 65_535), max_size=8))
def test_a_bundle_gives_its_entries_back(entries: list[bytes]) -> None:
    bundle = pack_entries(entries)
    assert list(unpack_entries(bundle)) == entries


@given(entries=st.lists(st.binary(min_size=1, max_size=9), min_size=1, max_size=4))
def test_a_bundle_that_ends_within_an_entry_is_refused(entries: list[bytes]) -> None:
    bundle = pack_entries(entries)
    whole = {len(pack_entries(entries[:number])) for number in range(len(entries) + 1)}
    for end in set(range(len(bundle))) - whole:
        with pytest.raises(InvalidValue):
            unpack_entries(bundle[:end])


def test_lengths_are_of_two_bytes_the_higher_first() -> None:
    assert pack_entries([b"ab", b"", b"c" * 258])[:6] == b"\0\2ab\0\0"
    assert pack_entries([b"c" * 258])[:2] == b"\1\2"
    with pytest.raises(OverflowError):
        pack_entries([b"x" * 65_536])


def test_a_tile_is_cut_into_hashes() -> None:
    assert unpack_hashes(b"a" * 32 + b"b" * 32) == (b"a" * 32, b"b" * 32)
    with pytest.raises(InvalidValue):
        unpack_hashes(b"a" * 33)
