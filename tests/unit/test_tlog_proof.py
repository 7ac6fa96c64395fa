"""The `.tlog-proof` text: written, read, and verified against a signed head."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from signing.checkpoint import Checkpoint, NoteError, NoteSigner, sign
from signing.errors import ProofError
from signing.merkle import Frontier, MerkleError, inclusion_proof, leaf_hash
from signing.tlog_proof import ProofFormatError, TlogProof

LOG = NoteSigner(
    name="log.tdh.example/2026", private_key=Ed25519PrivateKey.from_private_bytes(b"l" * 32)
)
ENTRIES = [b"entry %d" % number for number in range(13)]


def proof_of(index: int, extra: bytes | None = None) -> TlogProof:
    frontier, nodes = Frontier.empty(), {}
    for entry in ENTRIES:
        nodes |= {node[:2]: node.hash for node in frontier.append(leaf_hash(entry))}
    head = Checkpoint(origin=LOG.name, size=frontier.size, root=frontier.root())
    return TlogProof(
        index=index,
        hashes=inclusion_proof(index, frontier.size, lambda *position: nodes[position]),
        checkpoint_note=sign(head, LOG),
        extra=extra,
    )


PROOF = proof_of(5, extra=ENTRIES[5])
TEXT = PROOF.text()


def test_a_proof_is_laid_out_as_the_specification_says() -> None:
    first, extra, index, *hashes = TEXT.split(b"\n\n")[0].decode().split("\n")
    assert first == "c2sp.org/tlog-proof@v1"
    assert extra == f"extra {base64.b64encode(ENTRIES[5]).decode()}"
    assert index == "index 5"
    assert hashes == [base64.b64encode(value).decode() for value in PROOF.hashes]
    assert TEXT.endswith(b"\n\n" + PROOF.checkpoint_note)


@given(index=st.integers(min_value=0, max_value=12), extra=st.none() | st.binary(min_size=1))
def test_what_is_written_is_read_again(index: int, extra: bytes | None) -> None:
    proof = proof_of(index, extra)
    assert TlogProof.parse(proof.text()) == proof
    head, names = proof.verify(ENTRIES[index], [LOG.verifier])
    assert (head.size, names) == (13, (LOG.name,))


def test_a_log_of_one_entry_has_an_empty_path() -> None:
    head = Checkpoint(origin=LOG.name, size=1, root=leaf_hash(b"only"))
    proof = TlogProof(index=0, hashes=(), checkpoint_note=sign(head, LOG))
    assert TlogProof.parse(proof.text()) == proof
    proof.verify(b"only", [LOG.verifier])


def test_another_entry_is_not_proved() -> None:
    with pytest.raises(MerkleError):
        PROOF.verify(ENTRIES[4], [LOG.verifier])


def test_a_proof_under_a_strangers_log_is_not_believed() -> None:
    stranger = NoteSigner(name=LOG.name, private_key=Ed25519PrivateKey.generate())
    with pytest.raises(NoteError):
        PROOF.verify(ENTRIES[5], [stranger.verifier])


def test_extra_data_proves_nothing() -> None:
    TlogProof.parse(proof_of(5, extra=b"a lie").text()).verify(ENTRIES[5], [LOG.verifier])


@given(data=st.data())
def test_no_changed_byte_outside_the_extra_line_verifies(data) -> None:
    outside = [0, 10, 20, *range(TEXT.index(b"index"), len(TEXT))]
    place = data.draw(st.sampled_from(outside))
    changed = bytearray(TEXT)
    changed[place] ^= data.draw(st.integers(min_value=1, max_value=255))
    with pytest.raises(ProofError):
        TlogProof.parse(bytes(changed)).verify(ENTRIES[5], [LOG.verifier])


@pytest.mark.parametrize(
    "text",
    [
        b"",
        TEXT.replace(b"@v1", b"@v2"),
        TEXT.replace(b"index 5", b"index 05"),
        TEXT.replace(b"index 5", b"index -5"),
        TEXT.replace(b"index 5\n", b""),
        TEXT.replace(b"index 5", b"Index 5"),
        TEXT.replace(b"\n\n", b"\n", 1),
        TEXT.replace(b"extra ", b"extra  "),
        TEXT.replace(b"extra ", b"extra \nextra "),
        TEXT.replace(b"extra ", b"extra " + b"A" * 90_000),
        TEXT.replace(b"\n", b"\r\n"),
        TEXT.replace(b"index 5\n", b"index 5\n" + base64.b64encode(bytes(31)) + b"\n"),
        TEXT.replace(b"index 5\n", b"index 5\n" + (base64.b64encode(bytes(32)) + b"\n") * 64),
        TEXT.replace(b"index 5", "index ๕".encode()),
        TEXT.split(b"\n\n")[0] + b"\n\n",
        TEXT + b"\0" * 500_000,
    ],
)
def test_another_spelling_is_refused(text: bytes) -> None:
    with pytest.raises(ProofFormatError):
        TlogProof.parse(text)


@pytest.mark.parametrize(
    "change",
    [
        {"index": -1},
        {"index": 2**63},
        {"hashes": (b"short",)},
        {"hashes": (bytes(32),) * 64},
        {"extra": b""},
        {"extra": b"x" * 65_536},
        {"checkpoint_note": b""},
    ],
)
def test_what_no_proof_can_carry_is_refused_when_made(change) -> None:
    whole = {"index": 5, "hashes": PROOF.hashes, "checkpoint_note": PROOF.checkpoint_note}
    with pytest.raises(ProofFormatError):
        TlogProof(**(whole | change))
