"""Signed notes and checkpoints: what is written, and what a reader refuses."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from signing.checkpoint import (
    MAX_NOTE_BYTES,
    Checkpoint,
    NoteError,
    NoteSigner,
    NoteVerifier,
    open_note,
    sign,
)
from signing.errors import ProofError

ORIGIN = "log.tdh.example/2026"
LOG = NoteSigner(name=ORIGIN, private_key=Ed25519PrivateKey.from_private_bytes(b"l" * 32))
WITNESS = NoteSigner(
    name="witness.example/w1", private_key=Ed25519PrivateKey.from_private_bytes(b"w" * 32)
)
HEAD = Checkpoint(origin=ORIGIN, size=13, root=bytes(range(32)))
NOTE = sign(HEAD, LOG)


def resigned(text: bytes) -> bytes:
    """The text under a good signature of the log: only its form can be refused."""
    return text + b"\n" + LOG.signature_line(text)


def test_a_checkpoint_is_three_lines_and_a_signature() -> None:
    lines = NOTE.decode().split("\n")
    assert lines[:4] == [ORIGIN, "13", base64.b64encode(bytes(range(32))).decode(), ""]
    assert lines[4].startswith(f"— {ORIGIN} ")
    assert lines[5:] == [""]
    assert open_note(NOTE, [LOG.verifier]) == (HEAD, (ORIGIN,))


def test_the_same_head_gets_the_same_bytes() -> None:
    assert sign(HEAD, LOG) == NOTE


def test_the_verifier_key_is_the_one_of_the_specification() -> None:
    # The key of the Go checksum database, published with its implementation.
    text = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
    verifier = NoteVerifier.parse(text)
    assert (verifier.name, verifier.key_id.hex(), verifier.vkey) == (
        "sum.golang.org",
        "033de0ae",
        text,
    )


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "sum.golang.org",
        "sum.golang.org+033de0ae",
        "+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
        "sum.golang.org+033DE0AE+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
        "sum.golang.org+033de0af+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
        "sum.golang.com+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
        "sum.golang.org+033de0ae+BM4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
        "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuA==",
        "sum golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
    ],
)
def test_a_damaged_verifier_key_is_refused(vkey: str) -> None:
    with pytest.raises(NoteError):
        NoteVerifier.parse(vkey)


def test_unknown_signatures_are_ignored_and_known_ones_are_named() -> None:
    cosigned = NOTE + WITNESS.signature_line(HEAD.text())
    assert open_note(cosigned, [LOG.verifier]) == (HEAD, (ORIGIN,))
    assert open_note(cosigned, [WITNESS.verifier, LOG.verifier]) == (HEAD, (ORIGIN, WITNESS.name))


def test_a_known_key_with_a_bad_signature_spoils_the_note() -> None:
    wrong = NOTE + WITNESS.signature_line(b"another text\n")
    assert open_note(wrong, [LOG.verifier]) == (HEAD, (ORIGIN,))
    with pytest.raises(NoteError, match="does not verify"):
        open_note(wrong, [LOG.verifier, WITNESS.verifier])


def test_a_head_needs_the_key_of_its_own_log() -> None:
    text = HEAD.text()
    by_another = text + b"\n" + WITNESS.signature_line(text)
    with pytest.raises(NoteError, match="no known key of"):
        open_note(by_another, [LOG.verifier, WITNESS.verifier])
    with pytest.raises(NoteError, match="does not sign"):
        sign(HEAD, WITNESS)
    with pytest.raises(NoteError, match="no known key signed"):
        open_note(NOTE, [])


def test_a_stranger_with_the_same_name_is_a_stranger() -> None:
    impostor = NoteSigner(name=ORIGIN, private_key=Ed25519PrivateKey.generate())
    with pytest.raises(NoteError):
        open_note(sign(HEAD, impostor), [LOG.verifier])


def test_a_note_with_sixteen_post_quantum_cosignatures_is_read() -> None:
    line = "— witness.example/{} {}\n"
    large = base64.b64encode(b"\7" * 4900).decode()
    note = NOTE + "".join(line.format(number, large) for number in range(16)).encode()
    assert open_note(note, [LOG.verifier])[0] == HEAD


def test_extension_lines_of_other_logs_survive() -> None:
    head = Checkpoint(origin=ORIGIN, size=1, root=bytes(32), extensions=("one", "two words"))
    assert Checkpoint.parse(head.text()) == head
    assert open_note(sign(head, LOG), [LOG.verifier])[0] == head


ROOT = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN}\n013\n{ROOT}\n",
        f"{ORIGIN}\n+13\n{ROOT}\n",
        f"{ORIGIN}\n-1\n{ROOT}\n",
        f"{ORIGIN}\n１３\n{ROOT}\n",
        f"{ORIGIN}\n{2**63}\n{ROOT}\n",
        f"{ORIGIN}\n13\n{ROOT[:-1]}\n",
        f"{ORIGIN}\n13\n{ROOT[:-2]}B=\n",
        f"{ORIGIN}\n13\n{base64.b64encode(bytes(31)).decode()}\n",
        f"{ORIGIN}\n13\n{ROOT} \n",
        f"{ORIGIN}\n13\n",
        f"\n13\n{ROOT}\n",
        f"{ORIGIN}\n13\n{ROOT}\n\nextension\n",
        f"{ORIGIN}\r\n13\n{ROOT}\n",
        f"{ORIGIN}\t\n13\n{ROOT}\n",
    ],
)
def test_a_checkpoint_in_another_spelling_is_refused_though_signed(text: str) -> None:
    with pytest.raises(NoteError):
        open_note(resigned(text.encode()), [LOG.verifier])
    with pytest.raises(NoteError):
        Checkpoint.parse(text.encode())


SIGNATURE = NOTE.rpartition(b" ")[2].strip()


@pytest.mark.parametrize(
    "note",
    [
        b"",
        HEAD.text(),
        HEAD.text() + b"\n",
        NOTE[:-1],
        NOTE + b"\n",
        NOTE.replace("—".encode(), b"-"),
        NOTE.replace(b"=", b""),
        NOTE + b"one more line\n",
        NOTE + "— name+plus AAAAAAA=\n".encode(),
        NOTE + "— name AAAAAA==\n".encode(),
        NOTE + "—  AAAAAAAA\n".encode(),
        NOTE + "— two names AAAAAAAA\n".encode(),
        NOTE + b"\xff\n",
        NOTE + b" " * MAX_NOTE_BYTES,
        NOTE + "— other.example AAAAAAAA\n".encode() * 64,
        HEAD.text() + b"\n\xe2\x80\x94 " + ORIGIN.encode() + b"\t" + SIGNATURE + b"\n",
    ],
)
def test_a_malformed_note_is_refused(note: bytes) -> None:
    with pytest.raises(NoteError):
        open_note(note, [LOG.verifier])


@given(data=st.data())
def test_no_note_with_a_changed_byte_opens(data) -> None:
    place = data.draw(st.integers(min_value=0, max_value=len(NOTE) - 1))
    change = data.draw(st.integers(min_value=1, max_value=255))
    changed = bytearray(NOTE)
    changed[place] ^= change
    with pytest.raises(NoteError):
        open_note(bytes(changed), [LOG.verifier])


@given(noise=st.binary(max_size=300))
def test_noise_is_refused_with_the_typed_error(noise: bytes) -> None:
    with pytest.raises(ProofError):
        open_note(noise, [LOG.verifier])


@pytest.mark.parametrize(
    "make",
    [
        lambda: Checkpoint(origin="", size=1, root=bytes(32)),
        lambda: Checkpoint(origin="two\nlines", size=1, root=bytes(32)),
        lambda: Checkpoint(origin="lone \ud800", size=1, root=bytes(32)),
        lambda: Checkpoint(origin=ORIGIN, size=-1, root=bytes(32)),
        lambda: Checkpoint(origin=ORIGIN, size=1, root=bytes(31)),
        lambda: Checkpoint(origin=ORIGIN, size=1, root=bytes(32), extensions=("",)),
        lambda: NoteSigner(name="a b", private_key=LOG.private_key),
        lambda: NoteVerifier(name="a", public_key=bytes(31)),
    ],
)
def test_what_no_note_can_carry_is_refused_when_made(make) -> None:
    with pytest.raises(NoteError):
        make()
