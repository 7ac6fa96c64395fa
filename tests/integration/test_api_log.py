"""The log over HTTP, without an account: bytes, paths, caching."""

import asyncio
import gzip

import pytest
from api_service import ApiService

from relay.api.body import ApiLimits
from tdh.domain.log import SignedHead
from tdh.domain.tiles import Tile

HASHES = b"h" * 32 * 5
ENTRIES = b"\0\5entry" * 256


@pytest.fixture(scope="module")
async def service():
    async with ApiService(ApiLimits(remembered_seconds=0)).running() as running:
        running.proofs.newest = SignedHead(size=5, root=b"r", note=b"note\n", token=b"\x30\x00")
        running.proofs.tiles = {
            Tile(level=0, number=1234067, width=5): HASHES,
            Tile(level=None, number=2, width=256): ENTRIES,
        }
        yield running


async def ask(service, path, method="GET", **headers):
    """Status, headers and raw body; the path travels as it is written."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    lines = [f"{method} {path} HTTP/1.1", "Host: tdh", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    first, *rest = head.decode().split("\r\n")
    said = {name.lower(): value for name, _, value in (line.partition(": ") for line in rest)}
    return int(first.split(" ")[1]), said, body


async def test_a_tile_is_given_for_ever(service):
    status, headers, body = await ask(service, "/log/tile/0/x001/x234/067.p/5")
    assert (status, body) == (200, HASHES)
    assert headers["content-type"] == "application/octet-stream"
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    again, kept, nothing = await ask(
        service, "/log/tile/0/x001/x234/067.p/5", If_None_Match=headers["etag"]
    )
    assert (again, nothing) == (304, b"")
    assert kept["cache-control"] == headers["cache-control"]


async def test_entries_are_compressed_for_who_takes_it(service):
    status, headers, body = await ask(service, "/log/tile/entries/002")
    assert (status, body) == (200, ENTRIES)
    assert "content-encoding" not in headers
    assert headers["vary"] == "Accept-Encoding"
    status, headers, body = await ask(service, "/log/tile/entries/002", Accept_Encoding="gzip")
    assert (headers["content-encoding"], status) == ("gzip", 200)
    assert len(body) < len(ENTRIES) / 5
    assert gzip.decompress(_unchunked(headers, body)) == ENTRIES
    assert headers["etag"].startswith('W/"')


def _unchunked(headers, body):
    if headers.get("transfer-encoding") != "chunked":
        return body
    whole = b""
    while True:
        size, _, rest = body.partition(b"\r\n")
        if not int(size, 16):
            return whole
        whole, body = whole + rest[: int(size, 16)], rest[int(size, 16) + 2 :]


@pytest.mark.parametrize(
    "path",
    [
        "/log/tile/0/x001/x234/067",  # only a partial one is there
        "/log/tile/0/x001/x234/067.p/4",
        "/log/tile/0/001",
        "/log/tile/entries/2",
        "/log/tile/entries/x000/002",
        "/log/tile/entries/00%32",
        "/log/tile/entries/./002",
        "/log/tile/entries//002",
        "/log/tile/0/../entries/002",
        "/log/tile/../../../etc/passwd",
        "/log/tile/%2e%2e/%2e%2e/etc/passwd",
        "/log/tile/entries/002/",
        "/log/tile/entries/002.p/256",
        "/log/tile/.lock",
        "/log/.new/0",
        "/log/tile/",
        "/log/",
    ],
)
async def test_nothing_else_is_there(service, path):
    for method in ("GET", "HEAD"):
        status, headers, _ = await ask(service, path, method)
        assert status == 404
        assert headers["cache-control"] == "no-store"


async def test_a_tile_has_no_parameters_and_no_other_methods(service):
    assert (await ask(service, "/log/tile/entries/002?x=1"))[0] == 400
    assert (await ask(service, "/log/tile/entries/002", "DELETE"))[0] == 405


@pytest.mark.parametrize(
    "path", ["/log/checkpoint", "/log/tile/entries/002", "/log/checkpoint.tsr"]
)
async def test_head_tells_what_get_gives_without_it(service, path):
    status, headers, body = await ask(service, path)
    head_status, head_headers, nothing = await ask(service, path, "HEAD")
    assert (status, head_status, nothing) == (200, 200, b"")
    assert head_headers["content-length"] == str(len(body))
    for name in ("content-type", "cache-control", "etag"):
        assert head_headers[name] == headers[name]


async def test_the_checkpoint_is_asked_for_each_time_and_sent_once(service):
    status, headers, body = await ask(service, "/log/checkpoint")
    assert (status, body) == (200, b"note\n")
    assert headers["content-type"] == "text/plain; charset=utf-8"
    assert headers["cache-control"] == "no-cache"
    unchanged = await ask(service, "/log/checkpoint", If_None_Match=headers["etag"])
    assert (unchanged[0], unchanged[2]) == (304, b"")
    service.proofs.newest = SignedHead(size=6, root=b"r", note=b"grown\n", token=b"\x30\x00")
    changed = await ask(service, "/log/checkpoint", If_None_Match=headers["etag"])
    assert (changed[0], changed[2]) == (200, b"grown\n")
