"""The witness as it runs: a process of its own, over HTTP, killed and started again."""

import asyncio
import hashlib
import random
import signal
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path

import aiohttp
import pytest
from witness_program import WitnessProgram
from witness_samples import LOG, OTHER_LOG, History

from relay.witnesses import (
    WitnessClient,
    WitnessContradicts,
    WitnessUnreachable,
    request_body,
)
from signing.checkpoint import open_note, split_note
from signing.cosignature import cosigned_line, cosigners
from tdh.witness.rules import MAX_BODY_BYTES
from tdh.witness.state import HEAD_NAME
from tdh.witness.witness import DECIDED, REMEMBERED

TOLD = History.of(300)
HASHED = hashlib.sha256(LOG.name.encode()).hexdigest()


@pytest.fixture
def program(tmp_path: Path):
    with WitnessProgram(tmp_path, [LOG.vkey, OTHER_LOG.vkey]) as made:
        made.start()
        yield made


@pytest.fixture
async def http():
    async with aiohttp.ClientSession() as session:
        yield session


def client_of(program: WitnessProgram, key: int = 0) -> WitnessClient:
    verifier = program.signers[key].verifier
    verify = partial(cosigned_line, verifier=verifier)
    return WitnessClient(program.url, verifier.name, verify=verify, timeout=10)


def prover(history: History, size: int):
    async def prove(old: int) -> tuple[bytes, ...]:
        return history.proof(old, size)

    return prove


async def cosign(client: WitnessClient, history: History, size: int):
    return await client.cosign(history.note(size), size, prover(history, size))


async def post(http, program, body: bytes) -> tuple[int, str, bytes]:
    async with http.post(program.url + "/add-checkpoint", data=body) as response:
        return response.status, response.content_type, await response.read()


async def test_a_log_grows_and_every_key_cosigns_it(program, http) -> None:
    clients = [client_of(program, key) for key in (0, 1)]
    for size in (1, 2, 100, 300):
        note = TOLD.note(size)
        lines = [(await cosign(client, TOLD, size)).line for client in clients]
        for signer, line in zip(program.signers, lines, strict=True):
            assert cosigners(note + line, [signer.verifier])
    assert [client.size for client in clients] == [300, 300]

    async with http.get(f"{program.url}/{HASHED}/checkpoint") as response:
        newest = await response.read()
    assert open_note(newest, [LOG.verifier])[0] == TOLD.head(300)
    assert len(split_note(newest)[1]) == 3
    async with http.get(f"{program.url}/{'0' * 64}/checkpoint") as response:
        assert response.status == 404
    async with http.get(program.url + "/health") as response:
        health = await response.json()
    assert health["status"] == "ok"
    sizes = {one["origin"]: (one["size"], one["two_histories"]) for one in health["logs"]}
    assert sizes == {LOG.name: (300, False), OTHER_LOG.name: (0, False)}


async def test_every_answer_of_the_protocol_over_http(program, http) -> None:
    assert (await post(http, program, TOLD.request(0, 20)))[:2] == (200, "text/plain")
    assert await post(http, program, TOLD.request(5, 30)) == (409, "text/x.tlog.size", b"20\n")
    other = History.of(4, OTHER_LOG)
    assert await post(http, program, other.request(1, 4)) == (409, "text/x.tlog.size", b"0\n")
    unsigned = TOLD.note(30).replace(b"\n30\n", b"\n31\n")
    for body, status in (
        (TOLD.forked(9).request(20, 30), 422),
        (request_body(20, TOLD.proof(20, 30), unsigned), 403),
        (request_body(20, (), TOLD.note(30).replace(b"log.tdh", b"log.abc")), 404),
        (request_body(40, (), TOLD.note(30)), 400),
        (b"", 400),
        (b"\xff" * 1000, 400),
        (b"x" * (MAX_BODY_BYTES + 1), 413),
    ):
        assert (await post(http, program, body))[0] == status
    async with http.post(
        program.url + "/add-checkpoint",
        data=TOLD.request(20, 30),
        headers={"Content-Encoding": "gzip"},
        skip_auto_headers=["Content-Type"],
    ) as response:
        assert response.status == 200  # the bytes are what counts, whatever they are said to be
    async with http.get(program.url + "/add-checkpoint") as response:
        assert response.status == 405


async def test_of_many_at_once_one_head_wins(program, http) -> None:
    await post(http, program, TOLD.request(0, 5))
    rivals = [TOLD.forked(5 + number).request(5, 30 + number) for number in range(12)]
    answers = await asyncio.gather(*(post(http, program, body) for body in rivals))
    statuses = sorted(status for status, _, _ in answers)
    assert statuses == [200] + [409] * 11


async def test_killed_at_any_moment_it_goes_on_with_the_same_history(program, http) -> None:
    """Between kills the log grows as fast as it is cosigned; then forks are tried."""
    chance = random.Random(4)  # noqa: S311 - of moments, not of keys
    client, size = client_of(program), 0

    async def grow(to: int) -> None:
        nonlocal size
        while size < to:
            await cosign(client, TOLD, size + 1)
            size += 1

    for _ in range(5):
        await grow(size + chance.randint(0, 9))
        growing = asyncio.create_task(grow(len(TOLD.entries)))
        await asyncio.sleep(chance.uniform(0, 0.02))
        program.kill()
        (ended,) = await asyncio.gather(growing, return_exceptions=True)
        assert isinstance(ended, WitnessUnreachable)
        program.start()
        client = client_of(program)
        status, _, held = await post(http, program, request_body(299, (), TOLD.note(300)))
        assert status == 409
        assert size <= int(held) <= size + 1
        for at in range(0, int(held), 7):
            fork = TOLD.forked(at).request(int(held), 300)
            assert (await post(http, program, fork))[0] == 422
    assert await cosign(client, TOLD, 300)


@pytest.mark.parametrize(("point", "held"), [(DECIDED, 7), (REMEMBERED, 9)])
async def test_killed_beside_the_disk_it_vouches_for_one_history(
    program, http, tmp_path, point: str, held: int
) -> None:
    await cosign(client_of(program), TOLD, 7)
    program.kill()
    program.start(f"witness/{point}@{tmp_path / 'once'}")
    with pytest.raises(WitnessUnreachable):
        await cosign(client_of(program), TOLD, 9)
    assert program.died() == -signal.SIGKILL
    program.start()
    # Nobody has lines of size 9. What is on the disk decides which history goes on.
    other = TOLD.forked(8).request(7, 9)
    status, _, size = await post(http, program, other)
    assert status == (200 if held == 7 else 409)
    assert held == 7 or size == b"9\n"
    history = TOLD.forked(8) if held == 7 else TOLD
    assert await cosign(client_of(program), history, 12)


async def test_it_ends_in_peace(program) -> None:
    await cosign(client_of(program), TOLD, 7)
    assert program.end() == 0
    program.start()
    await cosign(client_of(program), TOLD, 8)


def refused(program: WitnessProgram, listen: str = "127.0.0.1:0") -> tuple[int, str]:
    done = subprocess.run(
        program.command(listen), capture_output=True, text=True, check=False, timeout=30
    )
    return done.returncode, done.stderr


async def test_it_does_not_start_where_it_could_tell_two_histories(program) -> None:
    await cosign(client_of(program), TOLD, 7)
    assert "another process uses it" in refused(program)[1]
    program.end()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert refused(program, address)[0] == 78
    assert refused(program, "127.0.0.1")[0] == 78
    head = program.state / HASHED / HEAD_NAME
    content = head.read_bytes()
    head.write_bytes(content[:-30])
    code, said = refused(program)
    assert (code, "torn" in said) == (70, True)
    head.write_bytes(content)
    program.key.chmod(0o640)
    assert refused(program)[0] == 78
    program.key.chmod(0o600)
    (program.state / "witness").unlink()
    code, said = refused(program)
    assert (code, "not the memory of these keys" in said) == (78, True)


async def test_two_operators_watch_each_other(tmp_path: Path) -> None:
    """Each has a log, and a witness that cosigns the other's; a log that forks is caught."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    theirs = History.of(60, OTHER_LOG)
    with (
        WitnessProgram(tmp_path / "a", [OTHER_LOG.vkey], name="a.example/witness") as of_a,
        WitnessProgram(tmp_path / "b", [LOG.vkey], name="b.example/witness") as of_b,
    ):
        of_a.start()
        of_b.start()
        a_asks_b, b_asks_a = client_of(of_b), client_of(of_a)
        ours, other = await asyncio.gather(cosign(a_asks_b, TOLD, 50), cosign(b_asks_a, theirs, 60))
        assert ours.line.split(b" ")[1] == b"b.example/witness"
        assert other.line.split(b" ")[1] == b"a.example/witness"
        fork = TOLD.forked(20)
        with pytest.raises(WitnessContradicts) as caught:
            await cosign(a_asks_b, fork, 70)
        assert caught.value.size == 50
        with pytest.raises(WitnessContradicts):
            await cosign(client_of(of_b), fork, 50)
        with pytest.raises(WitnessContradicts, match="size 50, ours has 40"):
            await cosign(a_asks_b, TOLD, 40)  # a restored database
        proof = (of_b.state / HASHED / "contradiction").read_bytes()
        assert fork.note(50) in proof
        assert await cosign(a_asks_b, TOLD, 70)


def test_keys_are_made_once(tmp_path: Path) -> None:
    words = ["keygen", "--name", "w.example", "--key", str(tmp_path / "k")]
    words += ["--state", str(tmp_path / "s")]
    command = [sys.executable, "-m", "tdh", "witness", *words]
    made = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    lines = made.stdout.splitlines()
    keys = [line for line in lines if line.startswith("w.example+")]
    assert len(keys) == 2, "each on a line of its own, to be copied"
    assert lines[-1].startswith("tdh witness serve "), "what to do next"
    again = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert (again.returncode, "never replaced" in again.stderr) == (1, True)
    assert (tmp_path / "k").stat().st_mode & 0o777 == 0o600
