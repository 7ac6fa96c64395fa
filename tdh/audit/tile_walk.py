"""The tiles of a log from one size to another: every entry, every hash, the root.

Each entry is hashed again and compared with its tile, and each tile with the hashes that those
below it give. What is kept between two walks is the tree's right edge and the hashes of its partial
tiles, a few kilobytes however long the log is. Fetches ahead, a few at a time.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from signing import merkle
from tdh.audit.log_source import AT_ONCE, LogSource
from tdh.audit.report import Tally
from tdh.domain.errors import InvalidValue, TDHError
from tdh.domain.tiles import (
    TILE_HEIGHT,
    TILE_WIDTH,
    Tile,
    bundle_of,
    unpack_entries,
    unpack_hashes,
)


class TileMissing(TDHError):
    """The log does not give out, or not whole, what its own head needs."""

    code = "tile-missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Entries that follow one another."""

    first: int
    entries: tuple[bytes, ...]


class TileWalk:
    """A tree that grows by what tiles say."""

    def __init__(
        self, frontier: merkle.Frontier, partial: dict[int, list[bytes]], tally: Tally
    ) -> None:
        """Go on from a tree. `partial`: hashes of the partial tile of each level."""
        self._frontier = frontier
        self._partial = partial
        self._tally = tally
        self._roots: dict[int, bytes | None] = {}
        self._damaged = False

    @classmethod
    def from_the_first(cls, tally: Tally) -> Self:
        """A tree without leaves."""
        return cls(merkle.Frontier.empty(), {}, tally)

    @classmethod
    def load(cls, kept: bytes, tally: Tally) -> Self:
        """Go on from what `kept` gave. Raises ValueError, KeyError for anything else."""
        plain = json.loads(kept)
        edge = [bytes.fromhex(each) for each in plain["edge"]]
        partial = {
            level: [bytes.fromhex(each) for each in hashes]
            for level, hashes in enumerate(plain["partial"])
        }
        return cls(merkle.Frontier(plain["size"], edge), partial, tally)

    def kept(self) -> bytes:
        """What `load` takes."""
        levels = max(self._partial, default=-1) + 1
        plain = {
            "size": self.size,
            "edge": [each.hex() for each in self._frontier.edge],
            "partial": [
                [each.hex() for each in self._partial.get(level, ())] for level in range(levels)
            ],
        }
        return json.dumps(plain).encode()

    @property
    def size(self) -> int:
        """How many entries were read."""
        return self._frontier.size

    @property
    def root(self) -> bytes:
        """The root over them."""
        return self._frontier.root()

    def is_whole(self, size: int) -> bool:
        """Whether all entries up to this size came, each with its own hash.

        If they still do not give the head's root, it is of another history.
        """
        return self.size == size and not self._damaged

    def look_at(self, size: int) -> None:
        """Remember the root at this size, if it comes by or is there."""
        self._roots[size] = self.root if size == self.size else None

    def root_at(self, size: int) -> bytes | None:
        """The root at a size of `look_at`; None before it was reached."""
        return self._roots.get(size)

    async def walk(self, source: LogSource, size: int) -> AsyncIterator[Stretch]:
        """All entries up to this size, tile by tile.

        Raises TileMissing for what is not served or cannot be read, ServiceUnavailable.
        """
        waiting: deque[tuple[Tile, asyncio.Task[bytes], asyncio.Task[bytes]]] = deque()
        numbers = iter(range(self.size // TILE_WIDTH, -(-size // TILE_WIDTH)))
        try:
            while True:
                while len(waiting) < AT_ONCE and (number := next(numbers, None)) is not None:
                    width = min(TILE_WIDTH, size - number * TILE_WIDTH)
                    tile = Tile(level=0, number=number, width=width)
                    waiting.append(
                        (
                            tile,
                            asyncio.ensure_future(fetch(source, tile)),
                            asyncio.ensure_future(fetch(source, bundle_of(tile))),
                        )
                    )
                if not waiting:
                    break
                tile, hashes, entries = waiting.popleft()
                waiting.appendleft((tile, hashes, entries))  # ours to cancel while we wait
                stretch = self._take(tile, await hashes, await entries)
                waiting.popleft()
                await self._check_full_ones(source)
                yield stretch
            await self._check_partial_ones(source)
        finally:
            for _, *tasks in waiting:
                for task in tasks:
                    task.cancel()
                    with suppress(asyncio.CancelledError, TDHError):
                        await task

    def _take(self, tile: Tile, data: bytes, bundle: bytes) -> Stretch:
        name = tile.path
        try:
            hashes, entries = unpack_hashes(data), unpack_entries(bundle)
        except InvalidValue as error:
            raise TileMissing(f"{name}: {error.problem}") from error
        if len(hashes) != tile.width or len(entries) != tile.width:
            raise TileMissing(f"{name}: holds {len(hashes)} hashes and {len(entries)} entries")
        self._tally.passed(2)
        leaves = [merkle.leaf_hash(entry) for entry in entries]
        known = self.size - tile.first
        if leaves[:known] != self._partial.get(0, []):
            self._tally.problem(f"{name}: entries that were read before are others now")
        if tuple(leaves) != hashes:
            self._damaged = True
            place = next(n for n in range(tile.width) if leaves[n] != hashes[n])
            self._tally.problem(f"{name}: not the hash of entry {tile.first + place}")
        first = self.size
        for leaf in leaves[known:]:
            for node in self._frontier.append(leaf):
                level, rest = divmod(node.level, TILE_HEIGHT)
                if not rest:
                    self._partial.setdefault(level, []).append(node.hash)
            if self.size in self._roots:
                self._roots[self.size] = self.root
        return Stretch(first=first, entries=entries[known:])

    async def _check_full_ones(self, source: LogSource) -> None:
        for level, hashes in self._partial.items():
            if len(hashes) == TILE_WIDTH:
                number = (self.size >> TILE_HEIGHT * (level + 1)) - 1
                if level:  # that of the leaves was compared as it came
                    await self._compare(source, level, number, hashes)
                hashes.clear()

    async def _check_partial_ones(self, source: LogSource) -> None:
        for level, hashes in self._partial.items():
            if level and hashes:
                await self._compare(source, level, self.size >> TILE_HEIGHT * (level + 1), hashes)

    async def _compare(
        self, source: LogSource, level: int, number: int, hashes: list[bytes]
    ) -> None:
        tile = Tile(level=level, number=number, width=len(hashes))
        self._tally.passed()
        if await fetch(source, tile) != b"".join(hashes):
            self._tally.problem(f"{tile.path}: not the hashes that the tiles below it give")


async def fetch(source: LogSource, tile: Tile) -> bytes:
    """A tile that must be there. Raises TileMissing, ServiceUnavailable."""
    data = await source.tile(tile)
    if data is None:
        raise TileMissing(f"{tile.path} is not served")
    return data
