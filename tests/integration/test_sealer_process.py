"""The sealer as a process: what it answers, whom it refuses, how it starts and ends."""

import asyncio
import hashlib
import os
import resource
import signal
import socket
import stat
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from evidence_samples import ORIGIN, facts, rejection
from sealer_program import SealerProgram, eventually, now

from signing import checkpoint, log_entry, merkle
from signing.seal_check import verify_seal
from signing.sealer import ledger
from signing.sealer.client import SealerClient
from signing.timestamps import verify_token
from tdh.domain.errors import LogDiverged, SealingUnavailable
from tdh.domain.records import RefusedItem, SealedEvidence


@pytest.fixture
def program(tmp_path: Path) -> Iterator[SealerProgram]:
    with SealerProgram(tmp_path) as made:
        made.start()
        yield made


@pytest.fixture
async def client(program: SealerProgram) -> AsyncIterator[SealerClient]:
    made = program.client()
    yield made
    await made.close()


def fresh(number: int = 1):
    return facts(number, time=now())


async def test_facts_come_back_as_sealed_evidence_with_their_entry(program, client) -> None:
    one = fresh()

    (item,) = await client.seal([one], now())

    assert isinstance(item, SealedEvidence)
    assert item.id == one.id
    verdict = verify_seal(item.xml, [program.seal_root])
    assert verdict.require().facts == one
    assert item.digest == hashlib.sha256(item.xml).digest()
    entry = log_entry.parse_evidence_entry(item.log_entry)
    assert (entry.digest, entry.pseudonym, entry.due) == (item.digest, one.pseudonym, one.due)


async def test_every_seal_is_in_the_ledger(program, client) -> None:
    items = await client.seal([fresh(1), replace(rejection(2), time=now())], now())

    lines = list(ledger.read(program.state / "ledger"))

    assert [line.digest for line in lines] == [item.digest for item in items]
    assert [(line.epoch, line.sequence) for line in lines] == [(1, 1), (1, 3)]


async def test_a_poisoned_item_harms_nobody_else(program, client) -> None:
    batch = [fresh(number) for number in range(1, 129)]
    batch[40] = replace(batch[40], letter_number="\x00")
    batch[41] = replace(batch[41], letter_number="\ud800")
    batch[42] = replace(batch[42], time=now() - timedelta(seconds=8))
    batch[43] = replace(batch[43], letter_number="ก" * 3_000_000)
    batch[44] = replace(batch[44], time=now().replace(tzinfo=None))

    items = await client.seal(batch, now())

    assert [item.id for item in items] == [one.id for one in batch]
    refused = [number for number, item in enumerate(items) if isinstance(item, RefusedItem)]
    assert refused == [40, 41, 42, 43, 44]
    assert sum(1 for _ in ledger.read(program.state / "ledger")) == 123


async def test_a_letter_to_a_thousand_recipients_is_sealed_in_one_call(client) -> None:
    items = await client.seal([fresh(number) for number in range(1, 1001)], now())

    assert all(isinstance(item, SealedEvidence) for item in items)
    assert len({item.digest for item in items}) == 1000


async def test_an_empty_batch_writes_nothing(program, client) -> None:
    assert await client.seal([], now()) == []
    await client.ping(now())

    assert (program.state / "ledger").stat().st_size == 0


@pytest.mark.parametrize("seconds", [-2, 2])
async def test_a_frame_from_another_time_is_refused_whole(program, client, seconds) -> None:
    clock = now() + timedelta(seconds=seconds)

    with pytest.raises(SealingUnavailable, match="clock-disagrees"):
        await client.ping(clock)
    with pytest.raises(SealingUnavailable, match="clock-disagrees"):
        await client.seal([facts(1, time=clock)], clock)
    assert list(ledger.read(program.state / "ledger")) == []


async def test_the_sealer_says_who_it_is(program, client) -> None:
    identity = await client.hello()

    assert identity.epoch == 1
    assert identity.vkey == program.keys.vkey
    assert identity.origin == ORIGIN


async def test_a_head_gets_a_checkpoint_and_a_token(program, client) -> None:
    frontier = merkle.Frontier.empty()
    frontier.append(merkle.leaf_hash(b"one"))

    head = await client.sign_head(1, frontier.root(), (), now())

    verifier = checkpoint.NoteVerifier.parse(program.keys.vkey)
    opened, _ = checkpoint.open_note(head.note, [verifier])
    assert (opened.size, opened.root) == (1, frontier.root())
    token = verify_token(head.token, hashlib.sha256(head.note).digest(), [program.tsa_root])
    assert abs(token.time - now()) < timedelta(seconds=5)
    assert await client.last_head() == (1, frontier.root())
    assert await client.sign_head(1, frontier.root(), (), now()) == head


async def test_a_head_that_does_not_extend_the_last_is_refused(client) -> None:
    root = merkle.root([merkle.leaf_hash(b"a"), merkle.leaf_hash(b"b")])
    await client.sign_head(2, root, (), now())

    for size, other, proof in (
        (2, merkle.leaf_hash(b"x"), ()),
        (1, merkle.leaf_hash(b"a"), ()),
        (3, merkle.leaf_hash(b"x"), (merkle.leaf_hash(b"y"),)),
        (3, b"short", ()),
    ):
        with pytest.raises(LogDiverged):
            await client.sign_head(size, other, proof, now())
    assert await client.last_head() == (2, root)


async def test_many_callers_share_one_connection(client) -> None:
    answers = await asyncio.gather(
        *(client.seal([fresh(number)], now()) for number in range(1, 41))
    )

    assert [item.id for (item,) in answers] == [fresh(number).id for number in range(1, 41)]


async def test_several_clients_are_served(program) -> None:
    clients = [program.client() for _ in range(8)]
    answers = await asyncio.gather(
        *(client.seal([fresh(number)], now()) for number, client in enumerate(clients, start=1))
    )
    for client in clients:
        await client.close()

    assert all(isinstance(item, SealedEvidence) for (item,) in answers)


async def test_a_cancelled_call_leaves_no_answer_for_the_next_one(client) -> None:
    call = asyncio.create_task(client.seal([fresh(n) for n in range(1, 200)], now()))
    await asyncio.sleep(0.005)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    (item,) = await client.seal([fresh(500)], now())

    assert item.id == fresh(500).id


async def test_a_silent_sealer_is_unavailable_and_comes_back(program) -> None:
    client = program.client(timeout_seconds=0.3)
    await client.ping(now())
    os.kill(program.pid, signal.SIGSTOP)
    with pytest.raises(SealingUnavailable, match="silent"):
        await client.seal([fresh()], now())
    os.kill(program.pid, signal.SIGCONT)

    await client.ping(now())
    await client.close()


async def test_a_sealer_that_is_gone_is_unavailable_until_it_is_started_again(program) -> None:
    client = program.client()
    first = await client.seal([fresh(1)], now())
    program.kill()
    with pytest.raises(SealingUnavailable):
        await client.ping(now())
    program.start()

    second = await client.seal([fresh(2)], now())
    await client.close()

    lines = list(ledger.read(program.state / "ledger"))
    assert [line.digest for line in lines] == [first[0].digest, second[0].digest]


def send(program: SealerProgram, data: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(5)
        connection.connect(str(program.socket))
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        struct.pack(">I", 17 * 1024 * 1024) + b"x",
        struct.pack(">I", 0),
        struct.pack(">I", 4) + b"null",
        struct.pack(">I", 3) + b"\xff\xfe\x00",
        struct.pack(">I", 13) + b'{"ask":"sign"}'[:13],
        struct.pack(">I", 100_000) + b"[" * 100_000,
    ],
    ids=repr,
)
async def test_what_is_no_frame_is_refused_and_others_are_served(program, client, data) -> None:
    assert b'"malformed-frame"' in send(program, data)

    await client.ping(now())


def test_half_a_frame_is_not_answered(program) -> None:
    assert send(program, struct.pack(">I", 100) + b"{") == b""


def test_the_socket_and_the_records_are_for_one_user_only(program) -> None:
    assert stat.S_IMODE(program.socket.stat().st_mode) == 0o600
    for record in ("ledger", "heads", "lock"):
        assert stat.S_IMODE((program.state / record).stat().st_mode) == 0o600
    assert stat.S_IMODE(program.keys.files.seal_key.stat().st_mode) == 0o600


if os.geteuid() == 0:  # only root can become somebody else
    STRANGER, CLIENTS = 65534, 54321
    SAY_HELLO = (
        "import socket, sys\n"
        "s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n"
        's.sendall(b\'\\0\\0\\0\\x0f{"ask":"hello"}\'); print(len(s.recv(9)))\n'
    )

    def is_listened_to(program: SealerProgram, *, group: int, more: tuple[int, ...] = ()) -> bool:
        """Whether a process of another user, with these groups, gets an answer."""
        for folder in (program.folder, *program.folder.parents):
            if folder != Path("/") and not folder.stat().st_mode & stat.S_IXOTH:
                folder.chmod(folder.stat().st_mode | stat.S_IXOTH)
        found = subprocess.run(
            ["/usr/bin/python3", "-c", SAY_HELLO, str(program.socket)],
            user=STRANGER,
            group=group,
            extra_groups=more,
            capture_output=True,
            text=True,
            check=False,
        )
        # Its connection is ended before a byte of it is looked at.
        cut_off = ("ConnectionResetError", "BrokenPipeError", "PermissionError")
        refused = found.stdout.strip() == "0" or any(name in found.stderr for name in cut_off)
        assert refused or found.stdout.strip() == "9", found
        assert b"identity" in send(program, b'\0\0\0\x0f{"ask":"hello"}')
        return not refused

    def test_another_user_is_not_listened_to(program) -> None:
        program.socket.chmod(0o666)

        assert not is_listened_to(program, group=STRANGER, more=(CLIENTS,))

    def test_the_group_of_clients_is_listened_to_and_nobody_else(program) -> None:
        program.kill()
        program.start(clients_group=CLIENTS)
        made = program.socket.stat()

        assert (stat.S_IMODE(made.st_mode), made.st_gid) == (0o660, CLIENTS)
        assert is_listened_to(program, group=CLIENTS)
        assert is_listened_to(program, group=STRANGER, more=(7, CLIENTS))
        assert not is_listened_to(program, group=STRANGER, more=(7,))
        program.socket.chmod(0o666)  # even where the file would let them in
        assert not is_listened_to(program, group=STRANGER, more=(7,))
        many = tuple(range(60_000, 60_300))  # the kernel's answer does not fit
        assert not is_listened_to(program, group=STRANGER, more=(CLIENTS, *many))


async def test_a_ledger_that_cannot_be_written_stops_the_sealer(program) -> None:
    client = program.client()
    await client.seal([fresh(1)], now())
    size = (program.state / "ledger").stat().st_size
    resource.prlimit(program.pid, resource.RLIMIT_FSIZE, (size + 50, size + 50))

    with pytest.raises(SealingUnavailable):
        await client.seal([fresh(2)], now())
    assert program.wait() == 74
    assert (program.state / "ledger").stat().st_size == size + 50
    program.start()
    await client.seal([fresh(3)], now())
    await client.close()

    assert len(list(ledger.read(program.state / "ledger"))) == 2


def test_it_ends_politely_and_takes_its_socket_away(program) -> None:
    assert program.end(signal.SIGTERM) == 0
    assert not program.socket.exists()


def test_two_sealers_never_share_a_state_folder(program, tmp_path) -> None:
    found = program.run(socket=tmp_path / "other")

    assert found.returncode == 66
    assert "another sealer" in found.stderr


def test_a_socket_that_is_in_use_is_left_alone(program, tmp_path) -> None:
    found = program.run(state=tmp_path / "other")

    assert found.returncode == 66
    assert "another program listens" in found.stderr


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"origin": "no good"}, 66, "key's name"),
        ({"uri_base": "x"}, 66, "URI"),
        ({"policy": "not a uri"}, 66, "URI"),
        ({"tsa_policy": "one.two"}, 66, "object identifier"),
        ({"seal_key": "/nowhere"}, 66, "/nowhere"),
        ({"epoch": "soon"}, 64, "usage"),
        ({"unknown": "x"}, 64, "usage"),
        ({"clients_group": "no-such-group"}, 66, "no such group"),
        ({"clients_group": 65534}, 66, "every unknown group"),
        ({"epoch": 9}, 74, "does not follow"),
        ({"socket": "/tmp/" + "x" * 120}, 66, "107"),  # noqa: S108 - never made
        ({"parent_pid": 1}, 66, "parent"),
    ],
    ids=str,
)
def test_it_says_why_it_does_not_start(tmp_path, changes, status, words) -> None:
    found = SealerProgram(tmp_path).run(**changes)

    assert found.returncode == status, found.stderr
    assert words in found.stderr
    assert "Traceback" not in found.stderr


def test_keys_that_do_not_fit_or_lie_open_are_refused(tmp_path) -> None:
    program = SealerProgram(tmp_path)
    files = program.keys.files

    assert "not that of the seal's key" in program.run(seal_key=files.tsa_key).stderr
    assert "not Ed25519" in program.run(log_key=files.tsa_key).stderr
    assert "cannot be used" in program.run(tsa_certificate=files.seal_certificate).stderr
    files.seal_key.chmod(0o640)
    found = program.run()
    assert found.returncode == 66
    assert "others than its owner" in found.stderr


def test_it_ends_with_its_parent(tmp_path) -> None:
    program = SealerProgram(tmp_path)
    code = (
        "import os, subprocess, sys, time\n"
        "subprocess.Popen([*sys.argv[1:], f'--parent-pid={os.getpid()}'])\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, *program.command()], stderr=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stderr is not None
        assert "ready" in parent.stderr.readline()
        assert program.socket.exists()
        parent.kill()
        parent.wait()

    eventually(lambda: not program.socket.exists())


def test_the_program_loads_no_parser_of_documents_and_no_network_library() -> None:
    code = "import sys, signing.sealer.process; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    for name in ("lxml", "pyhanko", "asn1crypto", "asyncpg", "aiohttp", "asyncio", "ssl"):
        assert name not in loaded
