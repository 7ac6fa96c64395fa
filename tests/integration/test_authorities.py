"""The pool of outside authorities against openssl's own authority, honest and otherwise."""

import asyncio
import hashlib
import ssl
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from aiohttp import web

from relay.authorities import Authority, AuthorityPool, NoTimestamp
from signing import der
from signing.certificates import pem
from signing.errors import ProofError
from signing.outside_token import check_reply, question
from signing.timestamp_messages import FailureInfo, build_request, parse_request, refusal
from signing.timestamps import verify_token
from tests.outside_authority import OutsideAuthority

DIGEST = hashlib.sha256(b"head of the log").digest()
OTHER = hashlib.sha256(b"another head").digest()
SECONDS = 1.0


class World:
    """Two authorities, the pool over them, and its clocks."""

    def __init__(self, first: OutsideAuthority, second: OutsideAuthority) -> None:
        self.first, self.second = first, second
        self.later = timedelta()
        self.monotonic = 0.0
        self.pool = AuthorityPool(
            [Authority(name=each.name, url=each.url) for each in (first, second)],
            question=question,
            check=partial(check_reply, roots=[*first.roots, *second.roots]),
            now=lambda: datetime.now(UTC) + self.later,
            answer_seconds=SECONDS,
            monotonic=lambda: self.monotonic,
        )

    async def refuses(self, behave) -> str:
        """Why the first authority's token is not taken; the second one's is."""
        self.first.behave = behave
        token = await self.pool.stamp(DIGEST)
        assert token.name == "second"
        problem = self.pool.health()[0].problem
        assert problem
        return problem


@pytest.fixture(scope="module")
def authorities(tmp_path_factory) -> tuple[OutsideAuthority, OutsideAuthority]:
    folder: Path = tmp_path_factory.mktemp("authorities")
    return OutsideAuthority(folder / "1", "first"), OutsideAuthority(folder / "2", "second")


@pytest.fixture
async def world(authorities):
    first, second = authorities
    async with AsyncExitStack() as stack:
        for each in authorities:
            each.behave, each.asked = each.honest, []
            await stack.enter_async_context(each.serving())
        made = World(first, second)
        stack.push_async_callback(made.pool.close)
        yield made


async def test_the_preferred_authority_stamps_and_a_stranger_believes_it(world) -> None:
    given = await world.pool.stamp(DIGEST)
    assert given.name == "first"
    found = verify_token(given.token, DIGEST, world.first.roots)
    assert found.time == given.time
    assert not world.second.asked
    health = world.pool.health()
    assert [(one.name, one.failures) for one in health] == [("first", 0), ("second", 0)]
    assert (health[0].last_token, health[1].last_token) == (given.time, None)


async def test_every_question_has_a_nonce_of_its_own(world) -> None:
    for _ in range(3):
        await world.pool.stamp(DIGEST)
    nonces = {parse_request(query).nonce for query in world.first.asked}
    assert len(nonces) == 3
    assert None not in nonces


async def test_longer_digests_are_stamped_too(world) -> None:
    digest = hashlib.sha512(b"record").digest()
    given = await world.pool.stamp(digest)
    assert verify_token(given.token, digest, world.first.roots).time == given.time


def changed(query: bytes, *, digest: bytes | None = None, nonce: int = 0, **more) -> bytes:
    asked = parse_request(query)
    assert asked.nonce is not None
    return build_request(digest or asked.digest, asked.nonce + nonce, **more)


async def test_an_answer_to_another_question_is_refused(world) -> None:
    async def other_nonce(query):
        return world.first.answer(world.first.reply(changed(query, nonce=1)))

    async def other_digest(query):
        return world.first.answer(world.first.reply(changed(query, digest=OTHER)))

    async def no_nonce(_query):
        return world.first.answer(world.first.reply(build_request(DIGEST)))

    for behave, why in ((other_nonce, "another request"), (other_digest, "other data")):
        assert why in await world.refuses(behave)
        world.monotonic += 1000
    assert "another request" in await world.refuses(no_nonce)


async def test_yesterdays_answer_is_no_answer(world) -> None:
    kept = world.first.reply(build_request(DIGEST, 7))

    async def replayed(_query):
        return world.first.answer(kept)

    assert "another request" in await world.refuses(replayed)


async def test_a_token_without_its_certificates_is_of_no_use_to_a_stranger(world) -> None:
    async def bare(query):
        return world.first.answer(world.first.reply(changed(query, cert_req=False)))

    assert "certificate is not there" in await world.refuses(bare)

    async def without_issuer(query):
        other = pem(world.second.issuer.certificate)
        return world.first.answer(world.first.reply(query, certificates=other))

    world.monotonic += 1000
    assert "no path" in await world.refuses(without_issuer)


async def test_a_weak_binding_and_a_poor_accuracy_are_refused(world) -> None:
    async def sha1(query):
        return world.first.answer(world.first.reply(query, ess="sha1"))

    async def minutes(query):
        return world.first.answer(world.first.reply(query, accuracy="secs:60"))

    assert "ESSCertIDv2" in await world.refuses(sha1)
    world.monotonic += 1000
    assert "accuracy" in await world.refuses(minutes)


async def test_certificates_in_any_order_will_do(world) -> None:
    """Openssl 3.0 writes this SET as it is configured, which is not always DER's order."""
    bag = [world.first.issuer.certificate, world.second.issuer.certificate]

    async def both_orders(query):
        replies = [
            world.first.reply(query, certificates=b"".join(map(pem, order)))
            for order in (bag, bag[::-1])
        ]
        unsorted = [reply for reply in replies if not is_sorted(reply)]
        assert unsorted, "openssl sorts now"
        return world.first.answer(unsorted[0])

    world.first.behave = both_orders
    assert (await world.pool.stamp(DIGEST)).name == "first"


def is_sorted(reply: bytes) -> bool:
    response = der.Reader(reply).inside(der.SEQUENCE)
    response.element()
    data = response.inside(der.SEQUENCE)
    data.element()
    signed = data.inside(der.explicit(0)).inside(der.SEQUENCE)
    for _ in range(3):
        signed.element()
    carried = signed.inside(der.explicit(0)).elements()
    assert len(carried) == 3
    return carried == sorted(carried)


async def test_a_unit_that_has_ended_is_refused(world, tmp_path) -> None:
    ended = OutsideAuthority(tmp_path / "ended", "ended", unit_days=-1)

    async def from_the_grave(query):
        return world.first.answer(ended.reply(query))

    pool = AuthorityPool(
        [Authority(name="ended", url=world.first.url)],
        question=question,
        check=partial(check_reply, roots=ended.roots),
        now=lambda: datetime.now(UTC),
    )
    world.first.behave = from_the_grave
    async with pool:
        with pytest.raises(NoTimestamp):
            await pool.stamp(DIGEST)
    assert "no path" in pool.health()[0].problem


async def test_an_unknown_root_is_refused(world) -> None:
    async def stranger(query):
        return world.first.answer(world.second.reply(query))

    world.first.behave = stranger
    pool = AuthorityPool(
        [Authority(name="first", url=world.first.url)],
        question=question,
        check=partial(check_reply, roots=world.first.roots),
        now=lambda: datetime.now(UTC),
    )
    async with pool:
        with pytest.raises(NoTimestamp):
            await pool.stamp(DIGEST)
    assert "no path" in pool.health()[0].problem


@pytest.mark.parametrize("seconds", [-5, 5])
async def test_a_time_that_is_not_ours_is_refused(world, seconds: int) -> None:
    world.later = timedelta(seconds=seconds)
    with pytest.raises(NoTimestamp) as told:
        await world.pool.stamp(DIGEST)
    assert told.value.retryable
    assert [one.problem for one in world.pool.health()] == ["the authority's time is not ours"] * 2


async def test_bytes_that_are_no_strict_reply_are_refused(world) -> None:
    def spoiled(reply: bytes) -> list[bytes]:
        inside = der.Reader(reply).content(der.SEQUENCE)
        status, token = der.Reader(inside).elements()
        return [
            b"",
            b"garbage",
            reply + b"\0",
            b"\x30\x80" + inside + b"\0\0",  # BER: indefinite length
            der.sequence(der.sequence(der.integer(1)), token),  # granted, but not what was asked
            der.sequence(status, token, der.tlv(der.NULL)),
            der.sequence(status, token[:-1]),
            der.sequence(status),
            refusal(FailureInfo.TIME_NOT_AVAILABLE, "no"),
        ]

    for number in range(9):

        async def behave(query, number=number):
            return world.first.answer(spoiled(world.first.reply(query))[number])

        await world.refuses(behave)
        world.monotonic += 1000


async def test_a_token_that_was_changed_anywhere_is_refused(world) -> None:
    query = question(DIGEST, 5)
    reply = world.first.reply(query)
    now = datetime.now(UTC)
    check = partial(
        check_reply, digest=DIGEST, nonce=5, roots=world.first.roots, asked=now, answered=now
    )
    assert check(reply).token in reply
    for place in range(0, len(reply), 11):
        spoiled = bytearray(reply)
        spoiled[place] ^= 0x04
        with pytest.raises(ProofError):
            check(bytes(spoiled))


async def test_http_that_goes_wrong_is_a_failure_of_that_authority(world) -> None:
    async def broken(_query):
        raise web.HTTPInternalServerError

    async def elsewhere(_query):
        raise web.HTTPTemporaryRedirect(world.second.url)

    async def page(query):
        return world.first.answer(world.first.reply(query), content_type="text/html")

    async def packed(query):
        answer = world.first.answer(world.first.reply(query))
        answer.headers["Content-Encoding"] = "gzip"
        return answer

    async def slow(query):
        await asyncio.sleep(SECONDS * 3)
        return world.first.answer(world.first.reply(query))

    async def huge(_query):
        return world.first.answer(bytes(10_000_000))

    for behave, why in (
        (broken, "status 500"),
        (elsewhere, "status 307"),
        (page, "another type"),
        (packed, "encoded"),
        (slow, "in time"),
        (huge, "without end"),
    ):
        assert why in await world.refuses(behave)
        world.monotonic += 1000
    assert len(world.second.asked) == 6  # the redirect was not followed


async def test_an_authority_that_failed_rests_longer_each_time_and_comes_back(world) -> None:
    async def broken(_query):
        raise web.HTTPServiceUnavailable

    world.first.behave = broken
    for rest in (5, 10, 20):
        asked = len(world.first.asked)
        assert (await world.pool.stamp(DIGEST)).name == "second"
        assert len(world.first.asked) == asked + 1
        world.monotonic += rest - 0.1
        assert (await world.pool.stamp(DIGEST)).name == "second"
        assert len(world.first.asked) == asked + 1
        world.monotonic += 0.1
    assert world.pool.health()[0].failures == 3
    world.first.behave = world.first.honest
    assert (await world.pool.stamp(DIGEST)).name == "first"
    assert world.pool.health()[0].failures == 0
    assert world.pool.health()[0].problem == ""


async def test_where_nobody_stamps_the_error_says_that_it_may_pass(world) -> None:
    async def broken(_query):
        raise web.HTTPServiceUnavailable

    world.first.behave = world.second.behave = broken
    with pytest.raises(NoTimestamp) as told:
        await world.pool.stamp(DIGEST)
    assert told.value.retryable
    assert [one.failures for one in world.pool.health()] == [1, 1]


async def test_a_server_whose_tls_nobody_vouches_for_is_not_asked(world, tmp_path) -> None:
    key, certificate = tmp_path / "k.pem", tmp_path / "c.pem"
    made = await asyncio.create_subprocess_exec(
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
        *("-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
        *("-days", "2", "-keyout", key, "-out", certificate),
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert await made.wait() == 0
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    pool = AuthorityPool(
        [Authority(name="tls", url=f"https://127.0.0.1:{port}/")],
        question=question,
        check=partial(check_reply, roots=world.first.roots),
        now=lambda: datetime.now(UTC),
    )
    async with server, pool:
        with pytest.raises(NoTimestamp):
            await pool.stamp(DIGEST)
    assert pool.health()[0].problem == "TLS is not to be trusted"


def test_authorities_are_named_like_files_and_asked_by_http() -> None:
    read = Authority.read("etda.2=https://tsa.example/q?a=b")
    assert read == Authority(name="etda.2", url="https://tsa.example/q?a=b")
    for text in ("", "a", "=https://a", "A=https://a/", "a/b=https://a/", "..=https://a/"):
        with pytest.raises(ValueError, match=r".*"):
            Authority.read(text)
    for url in ("ftp://a/", "https://", "file:///etc/passwd", "https://a/#x"):
        with pytest.raises(ValueError, match="HTTP"):
            Authority.read(f"a={url}")
