"""The log's files follow its heads: every tile first, the checkpoint last (c2sp.org/tlog-tiles).

What the folder lacks is made from the database, whether it is one round behind, was put back to
yesterday, or is empty; that is one way, gone in every round. What would become immutable is checked
before it is written: entries against their hashes, full tiles against the hash above them.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from tdh.domain.errors import LogDiverged, TDHError
from tdh.domain.log import LoggedEntry, NodeAddress, SignedHead
from tdh.domain.tiles import (
    TILE_HEIGHT,
    TILE_WIDTH,
    Run,
    Tile,
    bundle_of,
    pack_entries,
    runs_between,
)

Files = Sequence[tuple[Tile, bytes]]


class StoredLog(Protocol):
    """What of the log in the database goes into files."""

    async def nodes(self, wanted: Sequence[NodeAddress]) -> Mapping[NodeAddress, bytes]: ...
    async def node_range(self, level: int, first: int, end: int) -> Sequence[bytes]:
        """Hashes of the complete subtrees with `first <= index < end`, in order."""
        ...

    async def entries(self, first: int, end: int) -> Sequence[LoggedEntry]:
        """The entries with `first <= index < end`, in order."""
        ...


class TileMaths(Protocol):
    """Hashes and heads; `signing` has it."""

    def nodes_to_grow(self, size: int) -> Sequence[NodeAddress]: ...
    def root_of(self, size: int, nodes: Mapping[NodeAddress, bytes]) -> bytes: ...
    def leaf(self, entry: bytes) -> bytes: ...
    def root_over(self, hashes: Sequence[bytes]) -> bytes: ...
    def head_in(self, note: bytes) -> tuple[str, int, bytes]:
        """Origin, size and root that a note tells. Raises TDHError for what is no checkpoint."""
        ...


class OpenFolder(Protocol):
    """The folder while nobody else writes to it; what it keeps is on the disk."""

    async def checkpoint(self) -> bytes | None: ...
    async def put(self, files: Files) -> None:
        """Raises LogDiverged where a full tile is there with other bytes."""
        ...

    async def put_checkpoint(self, note: bytes) -> None: ...


class Folder(Protocol):
    """Where the log's files are. Raises StorageUnavailable."""

    async def checkpoint(self) -> bytes | None: ...
    def writing(self) -> AbstractAsyncContextManager[OpenFolder]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiling:
    """Brings the folder to a head."""

    store: StoredLog
    folder: Folder
    maths: TileMaths

    async def publish(self, head: SignedHead) -> None:
        """The folder shows this head when this returns.

        If we die before the checkpoint is written, tiles are there that no reader has a reason to
        ask for; the next round finds them equal to what it would write. Raises LogDiverged for a
        folder that is ahead of the head or shows another log, and StorageUnavailable.
        """
        if await self.folder.checkpoint() == head.note:
            return
        async with self.folder.writing() as files:
            size = await self._size_shown(await files.checkpoint(), head)
            for run in runs_between(size, head.size):
                await files.put(await self._files_of(run))
            await files.put_checkpoint(head.note)

    async def _size_shown(self, note: bytes | None, head: SignedHead) -> int:
        """Up to where the folder has the log; its history must be ours."""
        if note is None:
            return 0
        ours, *_ = self.maths.head_in(head.note)
        try:
            origin, size, root = self.maths.head_in(note)
        except TDHError as error:
            raise LogDiverged(f"the log's folder has a checkpoint that is none: {error}") from error
        if origin != ours:
            raise LogDiverged(f"the log's folder is that of {origin}")
        if size > head.size:
            raise LogDiverged(f"the log's folder shows {size} entries, signed are {head.size}")
        nodes = await self.store.nodes(self.maths.nodes_to_grow(size))
        if self.maths.root_of(size, nodes) != root:
            raise LogDiverged(f"the log's folder shows another history of {size} entries")
        return size

    async def _files_of(self, run: Run) -> Files:
        first, end = run[0].first, run[-1].first + run[-1].width
        level = run[0].level or 0
        hashes = await self.store.node_range(TILE_HEIGHT * level, first, end)
        if len(hashes) != end - first:
            raise LogDiverged(f"the database lacks hashes of {run[0].path}")
        parts = {tile: hashes[tile.first - first : tile.first - first + tile.width] for tile in run}
        await self._check_above(parts, TILE_HEIGHT * (level + 1))
        files = [(tile, b"".join(part)) for tile, part in parts.items()]
        if level == 0:
            entries = [each.entry for each in await self.store.entries(first, end)]
            if [self.maths.leaf(entry) for entry in entries] != list(hashes):
                raise LogDiverged(f"the entries of {run[0].path} do not give its hashes")
            for tile in run:
                start = tile.first - first
                packed = pack_entries(entries[start : start + tile.width])
                files.append((bundle_of(tile), packed))
        return files

    async def _check_above(self, parts: Mapping[Tile, Sequence[bytes]], level: int) -> None:
        """Each full tile gives the hash that stands above it."""
        full = [tile for tile in parts if tile.width == TILE_WIDTH]
        if not full:
            return
        above = await self.store.node_range(level, full[0].number, full[-1].number + 1)
        if [self.maths.root_over(parts[tile]) for tile in full] != list(above):
            raise LogDiverged(f"the hashes of {full[0].path} do not give the one above them")
