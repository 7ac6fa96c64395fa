"""The fetcher against servers that misbehave, on real sockets."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence

import pytest
from revocation_server import (
    RevocationServer,
    endless,
    moved,
    raw,
    response,
    revocation_server,
    silence,
    trickle,
)

from relay.revocation.fetcher import Fetcher, NotFetched, Patience
from relay.revocation.guard import Allowed, Rules

QUICK = Patience(
    connect_seconds=0.5,
    seconds=0.6,
    answer_bytes=1000,
    list_bytes=200_000,
    retry_seconds=60,
)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
async def server() -> AsyncIterator[RevocationServer]:
    async with revocation_server() as running:
        yield running


def rules(server: RevocationServer) -> Rules:
    """Only this server may be asked beside the public."""
    return Rules(
        private=[
            Allowed.read(f"127.0.0.1:{server.port}"),
            Allowed.read(f"ca.internal:{server.port}"),
        ]
    )


@pytest.fixture
async def fetcher(server: RevocationServer) -> AsyncIterator[Fetcher]:
    async with Fetcher(rules(server), QUICK) as made:
        yield made


async def why(fetcher: Fetcher, url: str, request: bytes = b"") -> str:
    with pytest.raises(NotFetched) as raised:
        await fetcher.fetch(url, request)
    return raised.value.why


async def test_a_list_is_brought_as_it_is(server: RevocationServer, fetcher: Fetcher) -> None:
    server.answers["/a.crl?x=%20y"] = b"\x30\x00" * 50_000
    assert await fetcher.fetch(f"{server.base}/a.crl?x=%20y") == b"\x30\x00" * 50_000
    (head,) = server.heads
    assert head.startswith("GET /a.crl?x=%20y HTTP/1.1\r\n")
    for line in ("Accept-Encoding: identity", f"Host: 127.0.0.1:{server.port}"):
        assert line in head
    for name in ("cookie", "authorization", "referer"):
        assert f"{name}:" not in head.lower()


async def test_a_question_is_posted(server: RevocationServer, fetcher: Fetcher) -> None:
    server.answers["/ocsp"] = b"answer"
    assert await fetcher.fetch(f"{server.base}/ocsp", b"question") == b"answer"
    assert server.bodies == [b"question"]
    assert "Content-Type: application/ocsp-request" in server.heads[0]


async def test_a_proxy_of_the_environment_has_no_part(
    server: RevocationServer, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.answers["/a"] = b"list"
    assert await fetcher.fetch(f"{server.base}/a") == b"list"


async def test_a_cookie_is_not_kept(server: RevocationServer, fetcher: Fetcher) -> None:
    server.answers["/a"] = raw(response(b"x", headers={"Set-Cookie": "id=1; Path=/"}))
    for _ in range(2):
        await fetcher.fetch(f"{server.base}/a")
    assert "cookie" not in server.heads[1].lower()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (raw(response(b"x" * 200_001)), "too long"),
        (raw(response(b"x", headers={"Content-Length": str(10**18)})), "too long"),
        (raw(CHUNKED + b"fffffff\r\n", then=endless), "too long"),
        (raw(b"HTTP/1.0 200 OK\r\n\r\n", then=endless), "too long"),
        (raw(response(b"x", headers={"Content-Length": "10"})), "connection broke"),
        (raw(response(b"x", headers={"Content-Length": "-1"})), "connection broke"),
        (raw(response(b"x", headers={"Content-Length": "ten"})), "connection broke"),
        (raw(CHUNKED + b"zz\r\nxx\r\n0\r\n\r\n"), "connection broke"),
        (raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1_000_000 + b"\r\n\r\n"), "connection broke"),
        (raw(b"SSH-2.0-OpenSSH_9.2\r\n"), "connection broke"),
        (raw(b""), "connection broke"),
        (raw(response(b"")), "empty"),
        (raw(response(b"x", headers={"Content-Encoding": "gzip"})), "encoded"),
        (raw(response(b"x", headers={"Content-Encoding": "br"})), "encoded"),
        (raw(response(b"x", status="404 Not Found")), "status 404"),
        (raw(response(b"x", status="500 Oops")), "status 500"),
        (raw(response(b"", status="204 No Content")), "status 204"),
        (raw(response(b"x", status="206 Partial Content")), "status 206"),
        (silence, "time"),
        (raw(b"HTTP/1.1 200 OK\r\n", then=trickle), "time"),
        (raw(b"HTTP/1.1 200 OK\r\n\r\n", then=trickle), "time"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", then=silence), "time"),
    ],
    ids=str,
)
async def test_what_is_no_proper_answer_is_named_and_ends_in_time(
    server: RevocationServer, fetcher: Fetcher, answer: object, expected: str
) -> None:
    server.answers["/a"] = answer  # type: ignore[assignment]  # answers of every kind
    begun = time.monotonic()
    assert await why(fetcher, f"{server.base}/a") == expected
    assert time.monotonic() - begun < 5


async def test_an_answer_has_a_smaller_limit_than_a_list(
    server: RevocationServer, fetcher: Fetcher
) -> None:
    server.answers["/ocsp"] = b"x" * 1001
    assert await why(fetcher, f"{server.base}/ocsp", b"question") == "too long"
    assert len(await fetcher.fetch(f"{server.base}/ocsp")) == 1001


@pytest.mark.parametrize(
    "to", ["http://127.0.0.1:1/b", "http://localhost/b", "/b", "//other/b", "", "file:///b"]
)
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Again", "308 Moved"])
async def test_a_redirect_is_not_followed(
    server: RevocationServer, fetcher: Fetcher, to: str, status: str
) -> None:
    server.answers |= {"/a": moved(to, status), "/b": b"list"}
    assert await why(fetcher, f"{server.base}/a") == "redirect"
    assert server.asked == ["/a"]


async def test_a_redirect_on_the_same_host_is_followed_where_that_is_set(
    server: RevocationServer,
) -> None:
    patience = Patience(seconds=2, same_host_moves=True)
    async with revocation_server() as other, Fetcher(rules(server), patience) as fetcher:
        server.answers |= {
            "/a": moved("/b"),
            "/b": b"list",
            "/round": moved("/round"),
            "/other": moved(f"{other.base}/b"),
            "/secret": moved("http://169.254.169.254/"),
            "/q": moved("/b"),
        }
        assert await fetcher.fetch(f"{server.base}/a") == b"list"
        assert await why(fetcher, f"{server.base}/round") == "too many redirects"
        assert await why(fetcher, f"{server.base}/other") == "redirect"
        assert await why(fetcher, f"{server.base}/secret") == "redirect"
        assert await why(fetcher, f"{server.base}/q", b"question") == "redirect"
        assert other.asked == []


async def test_a_name_is_resolved_once_and_the_connection_goes_where_that_led(
    server: RevocationServer,
) -> None:
    """A name server that gives another address the second time gains nothing."""
    given: list[Sequence[str]] = [["127.0.0.1"], ["169.254.169.254"]]
    asked: list[str] = []

    def addresses(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return given[len(asked) - 1]

    server.answers["/a"] = b"list"
    async with Fetcher(rules(server), QUICK, addresses=addresses) as fetcher:
        url = f"http://ca.internal:{server.port}/a"
        assert await fetcher.fetch(url) == b"list"
        assert asked == ["ca.internal"]
        assert await why(fetcher, url) == "forbidden: private address"


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::1"], ["::ffff:127.0.0.1"], ["10.0.0.1"]],
)
async def test_a_public_name_that_leads_inside_is_not_asked(
    server: RevocationServer, addresses: list[str]
) -> None:
    rules = Rules(ports=frozenset({server.port}))
    async with Fetcher(rules, QUICK, addresses=lambda *_: addresses) as fetcher:
        url = f"http://ca.example.org:{server.port}/a"
        assert await why(fetcher, url) == "forbidden: private address"
    assert server.heads == []


async def test_a_place_that_does_not_answer_is_left_alone_for_a_while(
    server: RevocationServer,
) -> None:
    clock = [1000.0]
    server.answers |= {"/a": silence, "/b": b"list"}
    async with Fetcher(rules(server), QUICK, monotonic=lambda: clock[0]) as fetcher:
        assert await why(fetcher, f"{server.base}/a") == "time"
        assert await why(fetcher, f"{server.base}/a", b"another question") == "rests"
        assert await fetcher.fetch(f"{server.base}/b") == b"list"
        assert server.asked == ["/a", "/b"]
        clock[0] += QUICK.retry_seconds + 1
        server.answers["/a"] = b"late"
        assert await fetcher.fetch(f"{server.base}/a") == b"late"


async def test_a_host_that_says_no_is_not_a_host_that_is_down(
    server: RevocationServer, fetcher: Fetcher
) -> None:
    server.answers["/b"] = b"list"
    assert await why(fetcher, f"{server.base}/a") == "status 404"
    assert await fetcher.fetch(f"{server.base}/b") == b"list"


async def test_nobody_listening_and_no_such_name_rest_too(server: RevocationServer) -> None:
    def addresses(host: str, _port: int) -> Sequence[str]:
        raise OSError(host)

    free = Rules(private=[Allowed.read("127.0.0.1:1")])
    async with Fetcher(free, QUICK, addresses=addresses) as fetcher:
        for url in ("http://127.0.0.1:1/", "http://ca.example.org/"):
            assert await why(fetcher, url) == "no connection"
            assert await why(fetcher, url) == "rests"
            assert await why(fetcher, f"{url}elsewhere") == "rests"


async def test_a_slow_name_server_is_not_waited_for(server: RevocationServer) -> None:
    def addresses(_host: str, _port: int) -> Sequence[str]:
        time.sleep(1.5)
        return ["8.8.8.8"]

    async with Fetcher(rules(server), QUICK, addresses=addresses) as fetcher:
        begun = time.monotonic()
        assert await why(fetcher, "http://ca.example.org/") in {"no connection", "time"}
        assert time.monotonic() - begun < 1.2


async def test_a_host_is_asked_by_a_few_at_once(server: RevocationServer) -> None:
    async def slow(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)
        writer.write(response(b"list"))

    server.answers["/a"] = slow
    patience = Patience(seconds=10, requests_of_a_host=3)
    async with Fetcher(rules(server), patience) as fetcher:
        await asyncio.gather(*(fetcher.fetch(f"{server.base}/a") for _ in range(12)))
    assert server.most_at_once == 3
