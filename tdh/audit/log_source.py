"""Where a stranger reads a log: below a URL, or in a folder (c2sp.org/tlog-tiles).

Gives bytes, bounded in size and time, and believes none of them. Needs no account, keeps no cookie,
follows no redirect. What fails for a moment is tried again.
"""

import asyncio
import base64
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import aiohttp

from signing.checkpoint import MAX_NOTE_BYTES
from signing.log_entry import MAX_ENTRY_BYTES
from tdh.domain.errors import InvalidValue, ServiceUnavailable
from tdh.domain.tiles import (
    HASH_BYTES,
    TILE_WIDTH,
    Tile,
    pack_entries,
    unpack_entries,
)

SECONDS = 20.0
"""For one file."""
TRIES = 4
AT_ONCE = 8
"""So many files are asked for at once."""
_MOST_ANCHORS_BYTES = 1 << 20
_MOST_BUNDLE_BYTES = TILE_WIDTH * (MAX_ENTRY_BYTES + 2)
_OK = 200
_NOT_HERE = range(400, 500)
_NOT_NOW = frozenset({408, 425, 429})
"""Of the answers that say no, those that may be others soon."""


class LogSource(Protocol):
    """The files of one log. Every method raises ServiceUnavailable."""

    async def checkpoint(self) -> bytes:
        """The head as it is shown now."""
        ...

    async def anchored(self) -> bytes | None:
        """The newest head that outsiders cosigned, where the log tells of one."""
        ...

    async def tokens(self, size: int) -> tuple[bytes, ...]:
        """Timestamps over the head of this size, where the log tells of any: TSTs in DER."""
        ...

    async def tile(self, tile: Tile) -> bytes | None:
        """A tile or bundle; of a partial one that is gone, the beginning of the full one."""
        ...


@asynccontextmanager
async def open_source(where: str) -> AsyncIterator[LogSource]:
    """The log below this URL, in this folder, or below `file://`. Raises InvalidValue.

    Of a URL the log's own (`https://tdh.example/log`), or that of the service that has it.
    """
    scheme = urlsplit(where).scheme
    if scheme in {"http", "https"}:
        timeout = aiohttp.ClientTimeout(total=SECONDS)
        connector = aiohttp.TCPConnector(limit=AT_ONCE)
        async with aiohttp.ClientSession(
            timeout=timeout, connector=connector, cookie_jar=aiohttp.DummyCookieJar()
        ) as session:
            yield HttpSource(session, where)
    elif scheme in {"", "file"}:
        yield FolderSource(Path(unquote(urlsplit(where).path) if scheme else where))
    else:
        raise InvalidValue("log", "is an http(s) URL or a folder")


class HttpSource:
    """A log below a URL."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._found = False

    async def checkpoint(self) -> bytes:
        """The head as it is shown now."""
        note = await self._get("checkpoint", MAX_NOTE_BYTES)
        if note is None and not self._found:
            self._url += "/log"
            note = await self._get("checkpoint", MAX_NOTE_BYTES)
        if note is None:
            raise ServiceUnavailable(f"{self._url}/checkpoint answers 404")
        self._found = True
        return note

    async def anchored(self) -> bytes | None:
        """The newest head that outsiders cosigned; a plain web server gives the newest."""
        return await self._get("checkpoint?anchored=1", MAX_NOTE_BYTES)

    async def tokens(self, size: int) -> tuple[bytes, ...]:
        """Timestamps over the head of this size; a plain web server has none."""
        return _tokens(await self._get(f"anchors/{size}", _MOST_ANCHORS_BYTES))

    async def tile(self, tile: Tile) -> bytes | None:
        """A tile or bundle."""
        most = _MOST_BUNDLE_BYTES if tile.level is None else TILE_WIDTH * HASH_BYTES
        found = await self._get(tile.path, most)
        if found is None and not tile.is_full:
            full = await self._get(_full(tile).path, most)
            return None if full is None else _beginning(full, tile)
        return found

    async def _get(self, path: str, most: int) -> bytes | None:
        for left in reversed(range(TRIES)):
            try:
                return await self._get_once(path, most)
            except _NotNow as error:
                if not left:
                    raise ServiceUnavailable(f"{self._url}/{path} {error}") from error
            rest = 0.1 * 2.0 ** (TRIES - left)
            await asyncio.sleep(rest * random.uniform(0.5, 1))  # noqa: S311 - no secret
        raise AssertionError("the last try returns or raises")

    async def _get_once(self, path: str, most: int) -> bytes | None:
        try:
            async with self._session.get(
                f"{self._url}/{path}", allow_redirects=False, headers={"Cache-Control": "no-cache"}
            ) as answer:
                if answer.status in _NOT_HERE and answer.status not in _NOT_NOW:
                    return None
                if answer.status != _OK:
                    raise _NotNow(f"answers {answer.status}")
                return await _read(answer, most)
        except TimeoutError as exc:
            raise _NotNow("cannot be read: no answer in time") from exc
        except (aiohttp.ClientConnectorError, ConnectionError) as exc:
            raise _NotNow("cannot be read: nobody answers there") from exc
        except (aiohttp.ClientError, OSError) as exc:
            raise _NotNow("cannot be read: the answer broke off") from exc
        except ValueError as exc:
            raise InvalidValue("log", f"{self._url} is no URL") from exc


class FolderSource:
    """A log in a folder of this machine: a copy, or the one that a sequencer writes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def checkpoint(self) -> bytes:
        """The head that the folder shows."""
        note = await self._read("checkpoint")
        if note is None:
            raise ServiceUnavailable(f"{self._folder}/checkpoint is not there")
        return note

    async def anchored(self) -> bytes | None:
        """A folder has one head."""
        return None

    async def tokens(self, size: int) -> tuple[bytes, ...]:  # noqa: ARG002 - as the protocol has it
        """A folder has no timestamps."""
        return ()

    async def tile(self, tile: Tile) -> bytes | None:
        """A tile or bundle."""
        found = await self._read(tile.path)
        if found is None and not tile.is_full:
            full = await self._read(_full(tile).path)
            return None if full is None else _beginning(full, tile)
        return found

    async def _read(self, path: str) -> bytes | None:
        try:
            return await asyncio.to_thread((self._folder / path).read_bytes)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as exc:
            raise ServiceUnavailable(f"{self._folder / path}: {exc.strerror}") from exc


class _NotNow(Exception):
    """An answer that may be another one soon."""


async def _read(answer: aiohttp.ClientResponse, most: int) -> bytes:
    whole = bytearray()
    async for piece in answer.content.iter_any():
        whole += piece
        if len(whole) > most:
            raise ServiceUnavailable(f"{answer.url} is larger than such a file can be")
    return bytes(whole)


def _tokens(anchors: bytes | None) -> tuple[bytes, ...]:
    """The tokens of `/log/anchors/<size>`; of anything else none."""
    if anchors is None:
        return ()
    try:
        return tuple(base64.b64decode(each["token"]) for each in json.loads(anchors)["tokens"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()


def _full(tile: Tile) -> Tile:
    return Tile(level=tile.level, number=tile.number, width=TILE_WIDTH)


def _beginning(full: bytes, tile: Tile) -> bytes | None:
    """What a partial tile had, from the full one."""
    if tile.level is not None:
        return full[: tile.width * HASH_BYTES]
    try:
        return pack_entries(unpack_entries(full)[: tile.width])
    except InvalidValue:
        return None
