"""Go's checksum-database code, which we did not write, reads our log: heads, paths, growth, tiles.

Needs Debian's golang-go and golang-golang-x-mod-dev. Every check is made twice: Go accepts what
we wrote, and refuses it with one thing changed.
"""

import asyncio
import base64
import json
import subprocess
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signing.checkpoint import Checkpoint, NoteSigner, NoteVerifier, open_note, sign
from signing.log_entry import evidence_entry, operation_entry
from signing.merkle import (
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root,
)
from signing.tlog_proof import TlogProof
from signing.trust_file import load_trust_file
from tests.installation import Installation
from tests.stories import audit, new_key, run_tdh, signed_pdf, submit_with_patience, to

LOG = NoteSigner(
    name="log.tdh.example/2026", private_key=Ed25519PrivateKey.from_private_bytes(b"l" * 32)
)
LAST_EVIDENCE = "SELECT max(index) FROM log_entries WHERE evidence IS NOT NULL"
SIZES = (1, 2, 3, 7, 8, 13, 64, 100)


@pytest.fixture(scope="module")
def go_program(built_by_go) -> Path:
    return built_by_go("outside_log.go")


@pytest.fixture
def ask(go_program):
    def ask_all(*requests: dict) -> list[dict]:
        lines = "\n".join(json.dumps(request, default=encode) for request in requests)
        done = subprocess.run(
            [go_program], input=lines, capture_output=True, text=True, check=True, timeout=60
        )
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(answers) == len(requests)
        return answers

    return ask_all


def encode(value: object) -> object:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(type(value))


def entries(size: int) -> list[bytes]:
    return [
        evidence_entry(
            event="ContentHandover",
            time=datetime(2026, 11, 22, 9, 41, tzinfo=UTC),
            pseudonym=f"{number:032x}",
            sequence=4,
            due=None,
            digest=leaf_hash(b"%d" % number),
        )
        for number in range(size)
    ]


ENTRIES = entries(max(SIZES))


class Log:
    def __init__(self, size: int) -> None:
        self.frontier = Frontier.empty()
        self.nodes = {}
        for entry in ENTRIES[:size]:
            for node in self.frontier.append(leaf_hash(entry)):
                self.nodes[node.level, node.number] = node.hash

    def node(self, level: int, number: int) -> bytes:
        return self.nodes[level, number]

    def head(self) -> Checkpoint:
        return Checkpoint(origin=LOG.name, size=self.frontier.size, root=self.frontier.root())


def flip(data: bytes) -> bytes:
    return bytes((data[0] ^ 1,)) + data[1:]


def test_go_opens_our_checkpoints_and_refuses_changed_ones(ask) -> None:
    head = Log(13).head()
    note = sign(head, LOG).decode()
    foreign = NoteSigner(name="witness.example", private_key=Ed25519PrivateKey.generate())
    cosigned = note + foreign.signature_line(head.text()).decode()
    good, with_witness, changed, other_key = ask(
        {"Kind": "open", "Vkey": LOG.vkey, "Note": note},
        {"Kind": "open", "Vkey": LOG.vkey, "Note": cosigned},
        {"Kind": "open", "Vkey": LOG.vkey, "Note": note.replace("\n13\n", "\n14\n")},
        {"Kind": "open", "Vkey": foreign.vkey, "Note": note},
    )
    assert good == with_witness == {"text": head.text().decode(), "error": ""}
    assert changed["error"]
    assert other_key["error"]


def test_we_open_what_go_signs(ask) -> None:
    head = Log(8).head()
    (answer,) = ask({"Kind": "sign", "Name": LOG.name, "Text": head.text().decode()})
    vkey, _, note = answer["text"].partition("\0")
    assert open_note(note.encode(), [NoteVerifier.parse(vkey)]) == (head, (LOG.name,))
    assert NoteVerifier.parse(vkey).vkey == vkey


def test_go_accepts_every_inclusion_proof_and_refuses_changed_ones(ask) -> None:
    good, bad = [], []
    for size in SIZES:
        log = Log(size)
        for index in range(size):
            written = TlogProof(
                index=index,
                hashes=inclusion_proof(index, size, log.node),
                checkpoint_note=sign(log.head(), LOG),
            )
            proof = TlogProof.parse(written.text())
            request = {
                "Kind": "inclusion",
                "Entry": ENTRIES[index],
                "Index": proof.index,
                "Size": size,
                "Root": log.frontier.root(),
                "Proof": proof.hashes,
            }
            good.append(request)
            bad.append(request | {"Entry": ENTRIES[index] + b"x"})
            if proof.hashes:
                bad.append(request | {"Proof": [flip(proof.hashes[0]), *proof.hashes[1:]]})
    assert [answer["error"] for answer in ask(*good)] == [""] * len(good)
    assert all(answer["error"] for answer in ask(*bad))


def test_go_accepts_every_consistency_proof_and_refuses_a_rewritten_log(ask) -> None:
    good, bad = [], []
    for new in SIZES:
        log = Log(new)
        for old in range(1, new + 1):
            request = {
                "Kind": "consistency",
                "Size": new,
                "Root": log.frontier.root(),
                "OldSize": old,
                "OldRoot": root(map(leaf_hash, ENTRIES[:old])),
                "Proof": consistency_proof(old, new, log.node),
            }
            good.append(request)
            bad.append(request | {"OldRoot": flip(request["OldRoot"])})
    assert [answer["error"] for answer in ask(*good)] == [""] * len(good)
    assert all(answer["error"] for answer in ask(*bad))


@contextmanager
def web_server(folder: Path):
    """Files as any web server gives them out."""
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""


async def test_go_reads_the_whole_log_from_its_tiles(here: Installation, ask) -> None:
    """From the API, and from a web server that has nothing but the folder."""
    vkey = load_trust_file(here.trust).logs[0].vkey
    folder = here.config.log.folder
    connection = await asyncpg.connect(here.dsn)
    try:
        await _queue(connection, 300)
        old = await _head_of(here, folder, 300)
        await _queue(connection, 777)
        new = await _head_of(here, folder, old.size + 777)
    finally:
        await connection.close()
    request = {"Kind": "log", "Vkey": vkey, "OldSize": old.size, "OldRoot": old.root}
    with web_server(folder) as static:
        by_api, by_files, rewound, another_key = await asyncio.to_thread(
            ask,
            request | {"Url": f"{here.url}/log"},
            request | {"Url": static},
            request | {"Url": static, "OldRoot": flip(old.root)},
            request | {"Url": static, "Vkey": LOG.vkey},
        )
        assert by_api == by_files == {"text": str(new.size), "error": ""}
        assert rewound["error"]
        assert another_key["error"]
        # One byte of one entry, one of an inner tile: neither goes unseen.
        for path in ("tile/entries/001", "tile/1/000.p/4"):
            whole = (folder / path).read_bytes()
            (folder / path).write_bytes(whole[:-1] + bytes((whole[-1] ^ 1,)))
            (answer,) = await asyncio.to_thread(ask, request | {"Url": static})
            assert answer["error"], path
            (folder / path).write_bytes(whole)


async def test_a_stranger_audits_the_log_over_http_and_gets_the_operators_numbers(here, tmp_path):
    """Two programs: one has a URL and the trust file, the other the installation's settings."""
    status, _ = await submit_with_patience(here, signed_pdf(here), new_key(), to())
    assert status == 201
    connection = await asyncpg.connect(here.dsn)
    async with asyncio.timeout(20):
        while (place := await connection.fetchval(LAST_EVIDENCE)) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await connection.close()
    await _head_of(here, here.config.log.folder, place + 1)
    state = ("--state", str(tmp_path / "state"))
    trust = ("--trust", str(here.trust), "--json")
    for times in range(2):  # the second one knows the head of the first
        code, out, err = await run_tdh("audit", "--log", here.url, *trust, *state)
        found = json.loads(out)
        outcomes = {check["id"]: check["result"] for check in found["checks"]}
        assert (code, found["result"]) == (0, "pass"), f"{out}\n{err}"
        assert outcomes["append-only"] == ("pass" if times else "unknown")
    own = await audit(here)
    assert own["statistics"]["accepted"] == found["statistics"]["accepted"] == 1
    assert {"log-files", "ledger", "sequences"} <= {check["id"] for check in own["checks"]}


async def _queue(connection: asyncpg.Connection, count: int) -> None:
    now = datetime.now(UTC)
    entries = [operation_entry("test", now, [("n", str(number))]) for number in range(count)]
    await connection.execute(
        "INSERT INTO log_queue (stream, sequence, entry) SELECT '', 0, unnest($1::bytea[])", entries
    )


async def _head_of(here: Installation, folder: Path, size: int) -> Checkpoint:
    """The first head that is so large, as everybody is shown it, in every place alike."""
    async with asyncio.timeout(10), here.client(None) as anybody:
        while True:
            async with anybody.get("/log/checkpoint") as answer:
                shown = await answer.read()
            if shown == (folder / "checkpoint").read_bytes():
                head, _ = open_note(shown, load_trust_file(here.trust).logs)
                if head.size >= size:
                    return head
            await asyncio.sleep(0.05)
