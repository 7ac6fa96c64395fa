"""Go's checksum-database code, which we did not write, reads our log: heads, paths, growth.

Needs Debian's golang-go and golang-golang-x-mod-dev. Every check is made twice: Go accepts what
we wrote, and refuses it with one thing changed.
"""

import base64
import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signing.checkpoint import Checkpoint, NoteSigner, NoteVerifier, open_note, sign
from signing.log_entry import evidence_entry
from signing.merkle import (
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root,
)
from signing.tlog_proof import TlogProof

GO_PATH = Path("/usr/share/gocode")
SOURCE = Path(__file__).with_name("outside_log.go")
LOG = NoteSigner(
    name="log.tdh.example/2026", private_key=Ed25519PrivateKey.from_private_bytes(b"l" * 32)
)
SIZES = (1, 2, 3, 7, 8, 13, 64, 100)


@pytest.fixture(scope="session")
def go_program(tmp_path_factory) -> Path:
    if shutil.which("go") is None or not (GO_PATH / "src/golang.org/x/mod").is_dir():
        pytest.fail("needs Debian's golang-go and golang-golang-x-mod-dev")
    folder = tmp_path_factory.mktemp("go")
    environment = os.environ | {
        "GO111MODULE": "off",
        "GOPATH": str(GO_PATH),
        "GOCACHE": str(folder / "cache"),
        "GOFLAGS": "",
        "CGO_ENABLED": "0",
    }
    program = folder / "outside"
    subprocess.run(["go", "build", "-o", program, SOURCE], check=True, env=environment, timeout=240)
    return program


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
