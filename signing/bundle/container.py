"""A whole container, laid out, sealed, and written piece by piece.

ETSI EN 319 162-1, ASiC-E with a detached CAdES seal over the manifest. Everything but documents is
in memory; of documents name, size, digest and checksum are known before, and their bytes are asked
for when it is their turn, so that memory does not grow with them. The same members and the same
seal give the same bytes. Never holds a key: who seals is an argument.
"""

import hashlib
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from signing.bundle.manifest import MANIFEST_NAME, SEAL_NAME, ManifestEntry, read_manifest
from signing.bundle.zip_form import (
    MIMETYPE,
    MIMETYPE_NAME,
    Entry,
    container_size,
    directory,
    local_header,
)
from signing.errors import ProofError

Pieces = AsyncIterator[bytes]


class ContainerBroken(ProofError):
    """What is to be written is not what was announced; nothing more is written."""

    code = "container-broken"


class BundleSealer(Protocol):
    """The program that holds the key."""

    async def seal_bundle(self, entries: Sequence[ManifestEntry]) -> tuple[bytes, bytes]:
        """The manifest that names these files, and the detached CAdES signature over it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file of the container; `content` is None where it is streamed."""

    manifest: ManifestEntry
    size: int
    crc: int
    content: bytes | None
    number: int = 0
    """Which document it is, where it is one."""

    @property
    def entry(self) -> Entry:
        return Entry(name=self.manifest.uri, size=self.size, crc=self.crc)


def member(name: str, media_type: str, content: bytes) -> Member:
    """A file that is there already. Raises ManifestError for what cannot be its name or type."""
    digest = hashlib.sha256(content).digest()
    return Member(
        manifest=ManifestEntry(uri=name, media_type=media_type, sha256=digest),
        size=len(content),
        crc=zlib.crc32(content),
        content=content,
    )


class Container:
    """A sealed container, ready to be written."""

    def __init__(self, members: Sequence[Member], manifest: bytes, seal: bytes) -> None:
        """Take the members in their order, and what `BundleSealer.seal_bundle` gave for them.

        Raises ContainerBroken where the manifest is of other files, ManifestError.
        """
        if read_manifest(manifest) != tuple(each.manifest for each in members):
            raise ContainerBroken("the manifest is not of these files")
        self._members = (
            _own(MIMETYPE_NAME, MIMETYPE),
            _own(MANIFEST_NAME, manifest),
            _own(SEAL_NAME, seal),
            *members,
        )
        self._entries = [each.entry for each in self._members]

    @property
    def size(self) -> int:
        """Bytes in all."""
        return container_size(self._entries)

    async def pieces(self, read: Callable[[int], Pieces]) -> Pieces:
        """All bytes in order; `read` gives those of a document by its number.

        Raises ContainerBroken if a document is not the one that was announced, and what `read`
        raises: then the container ends too early, and nobody can take it for a whole one.
        """
        for each, entry in zip(self._members, self._entries, strict=True):
            yield local_header(entry)
            if each.content is not None:
                yield each.content
                continue
            size, crc = 0, 0
            async for piece in read(each.number):
                size += len(piece)
                crc = zlib.crc32(piece, crc)
                yield piece
            if (size, crc) != (each.size, each.crc):
                raise ContainerBroken(f"{entry.name} is not what was announced")
        yield directory(self._entries)


async def sealed(members: Sequence[Member], sealer: BundleSealer) -> Container:
    """Have the members sealed. Raises what the sealer raises, ContainerBroken."""
    manifest, seal = await sealer.seal_bundle([each.manifest for each in members])
    return Container(members, manifest, seal)


def _own(name: str, content: bytes) -> Member:
    return member(name, "application/octet-stream", content)  # no manifest names it
