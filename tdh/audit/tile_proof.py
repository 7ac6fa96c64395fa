"""That one head extends another, proved from a log's tiles without reading its entries.

The hashes of the proof come from the log itself; what they prove does not depend on whom they come
from (RFC 6962, 2.1.2). A few tiles are fetched, however long the log is.
"""

from signing import merkle
from tdh.audit.log_source import LogSource
from tdh.audit.public_head import ShownHead
from tdh.audit.tile_walk import fetch
from tdh.domain.tiles import TILE_HEIGHT, TILE_WIDTH, Tile, unpack_hashes


async def prove_extension(source: LogSource, old: ShownHead, new: ShownHead) -> None:
    """Return if the new head extends the old one.

    Raises MerkleError where it does not, TileMissing for what is not served, ServiceUnavailable.
    """
    hashes: dict[tuple[int, int], bytes] = {}
    tiles: dict[Tile, tuple[bytes, ...]] = {}
    for level, number in merkle.nodes_for_consistency(old.size, new.size):
        tile, first, count = _place(level, number, new.size)
        if tile not in tiles:
            tiles[tile] = unpack_hashes(await fetch(source, tile))
        hashes[level, number] = merkle.root(tiles[tile][first : first + count])
    proof = merkle.consistency_proof(
        old.size, new.size, lambda level, number: hashes[level, number]
    )
    merkle.verify_consistency(old.size, old.checkpoint.root, new.size, new.checkpoint.root, proof)


def _place(level: int, number: int, size: int) -> tuple[Tile, int, int]:
    """The tile that a complete node's hash is made from: which of its hashes, and how many."""
    tile_level, height = divmod(level, TILE_HEIGHT)
    first, count = number << height, 1 << height
    tile_number = first // TILE_WIDTH
    width = min(TILE_WIDTH, (size >> TILE_HEIGHT * tile_level) - tile_number * TILE_WIDTH)
    return Tile(level=tile_level, number=tile_number, width=width), first % TILE_WIDTH, count
