"""Tiles of the log: how the tree and its entries lie in files (c2sp.org/tlog-tiles).

A tile holds up to 256 hashes of one level of tiles; level n of tiles is level 8n of the tree. An
entry bundle holds the entries below a tile of level 0. What a full one holds never changes; a
partial one is named by its width, so that it does not change either. Pure values; hashes nothing.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from tdh.domain.errors import InvalidValue

TILE_WIDTH = 256
"""Hashes in a full tile, entries in a full bundle."""
TILE_HEIGHT = 8
"""Levels of the tree between two levels of tiles."""
HASH_BYTES = 32
MAX_LEVEL = 63

_WIDTH_BITS = TILE_HEIGHT
_PATH = re.compile(
    r"tile/(?P<level>0|[1-9][0-9]?|entries)/"
    r"(?P<number>(?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)
_LENGTH_BYTES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One file of the log: hashes of a level, or entries where the level is None."""

    level: int | None
    number: int
    """Counted from the left, from 0."""
    width: int
    """How many hashes or entries it holds: 256 in a full one."""

    @property
    def is_full(self) -> bool:
        """Whether it never changes and never goes away."""
        return self.width == TILE_WIDTH

    @property
    def first(self) -> int:
        """Number of its first hash in its level, or index of its first entry."""
        return self.number * TILE_WIDTH

    @property
    def path(self) -> str:
        """Where it lies below the log: `tile/0/x001/234.p/17`, `tile/entries/000`."""
        level = "entries" if self.level is None else str(self.level)
        partial = "" if self.is_full else f".p/{self.width}"
        return f"tile/{level}/{_number_path(self.number)}{partial}"

    @classmethod
    def parse(cls, path: str) -> Self:
        """Read a path. Raises InvalidValue for all but the one spelling of a tile."""
        match = _PATH.fullmatch(path)
        if match is None:
            raise InvalidValue("tile", "is no path of a tile")
        level = None if match["level"] == "entries" else int(match["level"])
        tile = cls(
            level=level,
            number=int(match["number"].replace("/", "").replace("x", "")),
            width=int(match["width"] or TILE_WIDTH),
        )
        # More than 63 levels, widths of 256 and more, and `x000/...` have no or another spelling.
        if (level or 0) > MAX_LEVEL or tile.path != path:
            raise InvalidValue("tile", "is no path of a tile")
        return tile


Run = tuple[Tile, ...]
"""Tiles of one level that follow one another."""


def levels_of(size: int) -> int:
    """How many levels of tiles a log of this size has."""
    levels = 0
    while size:
        levels, size = levels + 1, size >> _WIDTH_BITS
    return levels


def runs_between(old: int, new: int, *, longest: int = 16) -> Iterator[Run]:
    """The hash tiles that a log of size `new` has and one of size `old` had not.

    The lowest level first; each run has at most `longest` tiles.
    """
    for level in range(levels_of(new)):
        before, after = old >> _WIDTH_BITS * level, new >> _WIDTH_BITS * level
        if before == after:
            return  # nor has any level above changed
        yield from _runs(level, before, after, longest)


def tiles_of(size: int) -> Iterator[Tile]:
    """Every hash tile of a log of this size."""
    for run in runs_between(0, size):
        yield from run


def bundle_of(tile: Tile) -> Tile:
    """The entries that a tile of level 0 has the hashes of."""
    return Tile(level=None, number=tile.number, width=tile.width)


def pack_entries(entries: Sequence[bytes]) -> bytes:
    """The bytes of an entry bundle. Raises OverflowError for an entry of 64 KiB or more."""
    return b"".join(len(each).to_bytes(_LENGTH_BYTES, "big") + each for each in entries)


def unpack_entries(bundle: bytes) -> tuple[bytes, ...]:
    """The entries of a bundle. Raises InvalidValue where it ends in the middle of one."""
    entries, place = [], 0
    while place < len(bundle):
        start = place + _LENGTH_BYTES
        end = start + int.from_bytes(bundle[place:start], "big")
        if end > len(bundle) or start > len(bundle):
            raise InvalidValue("bundle", "ends within an entry")
        entries.append(bundle[start:end])
        place = end
    return tuple(entries)


def unpack_hashes(tile: bytes) -> tuple[bytes, ...]:
    """The hashes of a tile. Raises InvalidValue where it ends in the middle of one."""
    if len(tile) % HASH_BYTES:
        raise InvalidValue("tile", "ends within a hash")
    return tuple(tile[place : place + HASH_BYTES] for place in range(0, len(tile), HASH_BYTES))


def _runs(level: int, before: int, after: int, longest: int) -> Iterator[Run]:
    first, end = before // TILE_WIDTH, after // TILE_WIDTH
    for start in range(first, end, longest):
        yield tuple(
            Tile(level=level, number=number, width=TILE_WIDTH)
            for number in range(start, min(start + longest, end))
        )
    if after % TILE_WIDTH:
        yield (Tile(level=level, number=end, width=after % TILE_WIDTH),)


def _number_path(number: int) -> str:
    parts = [f"{number % 1000:03d}"]
    while number := number // 1000:
        parts.append(f"x{number % 1000:03d}")
    return "/".join(reversed(parts))
