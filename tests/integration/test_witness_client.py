"""The client of outside witnesses against witnesses that fail, lie and stall."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import aiohttp
import pytest
from aiohttp import web
from witness_samples import CLASSIC, LOG, QUANTUM, History

from relay.witnesses import (
    Cosigned,
    WitnessClient,
    WitnessContradicts,
    WitnessRefused,
    WitnessUnreachable,
)
from signing.cosignature import cosigned_line
from signing.errors import ProofError
from tdh.witness import server
from tdh.witness.rules import KnownLogs
from tdh.witness.state import StateFolder, allow_keys
from tdh.witness.witness import Witness

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
TOLD = History.of(30)
NOTE = TOLD.note(20)
LINE = CLASSIC.signature_line(TOLD.head(20).text(), NOW)
VERIFY = partial(cosigned_line, verifier=CLASSIC.verifier)
SIZE_TYPE = "text/x.tlog.size"


class Served:
    """A witness that answers as a test likes; remembers the bodies."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.answers: list[web.Response | Callable] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.read())
        answer = self.answers.pop(0)
        return answer if isinstance(answer, web.Response) else await answer(request)

    def client(self, timeout: float = 5.0) -> WitnessClient:
        return WitnessClient(self.url + "/w/", CLASSIC.name, verify=VERIFY, timeout=timeout)

    async def cosign(self, *answers: object, client: WitnessClient | None = None) -> Cosigned:
        self.answers[:] = answers
        return await (client or self.client()).cosign(NOTE, 20, prove)


async def prove(old: int) -> tuple[bytes, ...]:
    return TOLD.proof(old, 20)


async def listen(runner: web.AppRunner):
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, "http://{}:{}".format(*runner.addresses[0][:2])


@pytest.fixture
async def served():
    made = Served()
    app = web.Application()
    app.router.add_post("/w/add-checkpoint", made.handle)
    app.router.add_post("/elsewhere", made.handle)
    runner, made.url = await listen(web.AppRunner(app, shutdown_timeout=0.1))
    yield made
    await runner.cleanup()


def signed() -> web.Response:
    return web.Response(body=LINE)


def conflict(body: bytes, content_type: str = SIZE_TYPE) -> web.Response:
    return web.Response(status=409, body=body, content_type=content_type)


async def test_it_learns_the_size_that_the_witness_holds_and_remembers_it(served) -> None:
    client = served.client()
    assert await served.cosign(conflict(b"7\n"), signed(), client=client) == Cosigned(
        line=LINE, time=NOW
    )
    assert served.bodies == [b"old 0\n\n" + NOTE, TOLD.request(7, 20)]
    assert client.size == 20
    assert await served.cosign(signed(), client=client)
    assert served.bodies[2] == b"old 20\n\n" + NOTE


async def test_a_witness_that_forgot_everything_is_told_from_the_beginning(served) -> None:
    client = served.client()
    await served.cosign(signed(), client=client)
    await served.cosign(conflict(b"0\n"), signed(), client=client)
    assert served.bodies[-2:] == [b"old 20\n\n" + NOTE, b"old 0\n\n" + NOTE]


async def test_its_own_line_is_taken_out_of_several(served) -> None:
    other = QUANTUM.signature_line(TOLD.head(20).text(), NOW)
    found = await served.cosign(web.Response(body=other + LINE))
    assert found.line == LINE


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ((conflict(b"21\n"),), WitnessContradicts),
        ((conflict(b"7\n"), web.Response(status=422)), WitnessContradicts),
        ((web.Response(status=422),), WitnessContradicts),
        ((conflict(b"7\n"), conflict(b"8\n")), WitnessRefused),
        ((conflict(b"7\n", "text/plain"),), WitnessRefused),
        ((conflict(b"7"),), WitnessRefused),
        ((conflict(b"07\n"),), WitnessRefused),
        ((conflict(b"-7\n"),), WitnessRefused),
        ((conflict(b"9" * 40 + b"\n"),), WitnessRefused),
        ((web.Response(status=404),), WitnessRefused),
        ((web.Response(status=403),), WitnessRefused),
        ((web.Response(status=204),), WitnessRefused),
        ((web.Response(status=307, headers={"Location": "/elsewhere"}),), WitnessRefused),
        ((web.Response(status=500),), WitnessUnreachable),
        ((web.Response(status=503),), WitnessUnreachable),
        ((web.Response(body=b""),), WitnessRefused),
        ((web.Response(body=b"noise"),), WitnessRefused),
        ((web.Response(body=LINE + b"noise"),), WitnessRefused),
        ((web.Response(body=b"x" * 100_000),), WitnessRefused),
        (
            (web.Response(body=CLASSIC.signature_line(TOLD.head(19).text(), NOW)),),
            WitnessRefused,
        ),
    ],
)
async def test_each_way_not_to_cosign_has_its_error(served, answers, error) -> None:
    client = served.client()
    copies = [partial(again, answer) for answer in answers]
    with pytest.raises(error, match=r"witness witness\.example/w1: ") as caught:
        await served.cosign(*copies, client=client)
    assert caught.value.retryable
    assert not served.answers
    assert await served.cosign(signed(), client=client)


async def again(answer: web.Response, _request: web.Request) -> web.Response:
    """A fresh answer like this one: a response object serves once."""
    return web.Response(status=answer.status, body=answer.body, headers=answer.headers)


async def test_another_history_says_what_the_witness_holds(served) -> None:
    with pytest.raises(WitnessContradicts) as caught:
        await served.cosign(conflict(b"7\n"), web.Response(status=422))
    assert caught.value.size == 7


async def stall(_request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(30)
    raise AssertionError


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(1000):
        await response.write(b"x" * 4096)
    return response


async def drip(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"x")
        await asyncio.sleep(0.02)


async def hang_up(request: web.Request) -> web.StreamResponse:
    request.transport.close()
    return web.Response()


@pytest.mark.parametrize("answer", [stall, drip])
async def test_no_answer_in_time_is_unreachable(served, answer) -> None:
    with pytest.raises(WitnessUnreachable, match="no answer"):
        await served.cosign(answer, client=served.client(timeout=0.2))


async def test_an_endless_answer_is_cut_off(served) -> None:
    with pytest.raises(WitnessRefused, match="more than"):
        await served.cosign(endless)


async def test_a_broken_connection_is_unreachable(served) -> None:
    with pytest.raises(WitnessUnreachable):
        await served.cosign(hang_up)
    nowhere = WitnessClient("http://127.0.0.1:1", "w", verify=VERIFY, timeout=5)
    for url in (nowhere, WitnessClient("no url", "w", verify=VERIFY, timeout=5)):
        with pytest.raises(WitnessUnreachable):
            await url.cosign(NOTE, 20, prove)


async def test_a_proof_that_cannot_be_made_is_the_caller_s_error(served) -> None:
    async def fail(_old: int) -> tuple[bytes, ...]:
        raise ProofError("no such nodes")

    served.answers[:] = [conflict(b"7\n")]
    with pytest.raises(ProofError, match="no such nodes"):
        await served.client().cosign(NOTE, 20, fail)


async def test_calls_of_one_client_wait_for_each_other(served) -> None:
    client, inside = served.client(), 0

    async def slow(_request: web.Request) -> web.Response:
        nonlocal inside
        inside += 1
        assert inside == 1
        await asyncio.sleep(0.02)
        inside -= 1
        return signed()

    served.answers[:] = [slow] * 4
    await asyncio.gather(*(client.cosign(NOTE, 20, prove) for _ in range(4)))


# --- the witness's own door, where time and number are short -------------------------------------


@pytest.fixture
async def witness_url(tmp_path):
    allow_keys(tmp_path / "state", [CLASSIC.vkey])
    with StateFolder(tmp_path / "state", [CLASSIC.vkey]) as state:
        logs = KnownLogs.of([LOG.vkey])
        witness = Witness(signers=[CLASSIC], logs=logs, state=state, clock=lambda: NOW)
        runner, url = await listen(server.make_runner(server.make_app(witness)))
        yield url
        await runner.cleanup()


async def half_a_request(url: str):
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 9\r\n\r\nold 0")
    await writer.drain()
    return reader, writer


async def test_a_body_that_does_not_come_is_given_up(witness_url, monkeypatch) -> None:
    monkeypatch.setattr(server, "BODY_SECONDS", 0.1)
    reader, writer = await half_a_request(witness_url)
    assert await reader.readline() == b"HTTP/1.1 408 Request Timeout\r\n"
    writer.close()


async def test_more_at_once_than_there_is_room_for_are_sent_away(witness_url, monkeypatch) -> None:
    monkeypatch.setattr(server, "MOST_AT_ONCE", 1)
    client = WitnessClient(witness_url, CLASSIC.name, verify=VERIFY, timeout=5)
    _, writer = await half_a_request(witness_url)
    await asyncio.sleep(0.05)
    with pytest.raises(WitnessUnreachable, match="503"):
        await client.cosign(NOTE, 20, prove)
    writer.close()
    await asyncio.sleep(0.05)
    assert await client.cosign(NOTE, 20, prove)


async def test_a_disk_that_fails_is_said_by_status_and_health(witness_url, monkeypatch) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    client = WitnessClient(witness_url, CLASSIC.name, verify=VERIFY, timeout=5)
    with monkeypatch.context() as patched:
        patched.setattr("tdh.witness.state.replace_file", full)
        with pytest.raises(WitnessUnreachable, match="500"):
            await client.cosign(NOTE, 20, prove)
        assert await health(witness_url) == (500, "disk failed")
    assert await client.cosign(NOTE, 20, prove)
    assert await health(witness_url) == (200, "ok")


async def health(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url + "/health") as response:
        return response.status, (await response.json())["status"]
