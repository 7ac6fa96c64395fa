"""Cosignatures of both kinds: what is written, and what a reader refuses."""

import base64
import contextlib
import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA65PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from signing.checkpoint import Checkpoint, NoteError, NoteSigner, open_note, sign
from signing.cosignature import (
    CosignatureKind,
    CosignatureSigner,
    CosignatureVerifier,
    Cosigner,
    cosigned_line,
    cosigners,
)
from signing.merkle import EMPTY_ROOT

ORIGIN = "log.tdh.example/2026"
LOG = NoteSigner(name=ORIGIN, private_key=Ed25519PrivateKey.from_private_bytes(b"l" * 32))
CLASSIC = CosignatureSigner(
    name="witness.example/w1", private_key=Ed25519PrivateKey.from_private_bytes(b"w" * 32)
)
QUANTUM = CosignatureSigner(
    name="witness.example/w2", private_key=MLDSA44PrivateKey.from_seed_bytes(b"q" * 32)
)
BOTH = (CLASSIC, QUANTUM)
HEAD = Checkpoint(origin=ORIGIN, size=13, root=bytes(range(32)))
NOTE = sign(HEAD, LOG)
NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)


def cosigned(*signers: CosignatureSigner, time: datetime = NOW) -> bytes:
    return NOTE + b"".join(signer.signature_line(HEAD.text(), time) for signer in signers)


def parts(line: bytes) -> tuple[bytes, bytes, bytes]:
    """Key id, time, signature of a line."""
    raw = base64.b64decode(line.split(b" ")[2])
    return raw[:4], raw[4:12], raw[12:]


def test_an_ed25519_cosignature_is_over_the_time_and_the_whole_checkpoint() -> None:
    key_id, time, signature = parts(CLASSIC.signature_line(HEAD.text(), NOW))
    public_key = CLASSIC.private_key.public_key()
    named = b"witness.example/w1\n\x04" + public_key.public_bytes_raw()
    assert key_id == hashlib.sha256(named).digest()[:4]
    assert int.from_bytes(time, "big") == NOW.timestamp()
    root = base64.b64encode(bytes(range(32))).decode()
    message = f"cosignature/v1\ntime {NOW.timestamp():.0f}\n{ORIGIN}\n13\n{root}\n"
    public_key.verify(signature, message.encode())


def test_an_ml_dsa_44_cosignature_is_over_the_structure_of_the_specification() -> None:
    key_id, time, signature = parts(QUANTUM.signature_line(HEAD.text(), NOW))
    public_key = QUANTUM.private_key.public_key()
    named = b"witness.example/w2\n\x06" + public_key.public_bytes_raw()
    assert key_id == hashlib.sha256(named).digest()[:4]
    assert len(signature) == 2420
    message = b"subtree/v1\n\0" + b"\x12witness.example/w2" + time + b"\x14" + ORIGIN.encode()
    message += bytes(8) + (13).to_bytes(8, "big") + bytes(range(32))
    public_key.verify(signature, message)


@pytest.mark.parametrize("signer", BOTH)
def test_a_verifier_key_says_its_kind_and_is_read_back(signer) -> None:
    verifier = CosignatureVerifier.parse(signer.vkey)
    assert verifier == signer.verifier
    assert verifier.vkey == signer.vkey
    assert verifier.kind is signer.kind
    assert base64.b64decode(signer.vkey.split("+", 2)[2])[0] == signer.kind


def test_cosigners_are_named_with_the_time_at_which_they_signed() -> None:
    note = cosigned(CLASSIC, QUANTUM)
    known = [signer.verifier for signer in BOTH]
    assert cosigners(note, known) == (
        Cosigner(name=CLASSIC.name, time=NOW),
        Cosigner(name=QUANTUM.name, time=NOW),
    )
    assert cosigners(note, known[:1]) == (Cosigner(name=CLASSIC.name, time=NOW),)
    assert cosigners(note, []) == cosigners(NOTE, known) == ()
    assert open_note(note, [LOG.verifier])[0] == HEAD


@pytest.mark.parametrize("signer", BOTH)
def test_of_several_cosignatures_of_one_witness_the_first_counts(signer) -> None:
    later = signer.signature_line(HEAD.text(), NOW + timedelta(hours=1))
    first = signer.signature_line(HEAD.text(), NOW)
    for note in (NOTE + later + first, NOTE + first + later):
        assert cosigners(note, [signer.verifier]) == (Cosigner(name=signer.name, time=NOW),)


@pytest.mark.parametrize("signer", BOTH)
@pytest.mark.parametrize(
    "other",
    [
        Checkpoint(origin=ORIGIN, size=14, root=HEAD.root),
        Checkpoint(origin=ORIGIN, size=13, root=bytes(32)),
        Checkpoint(origin="log.other.example", size=13, root=HEAD.root),
    ],
)
def test_a_cosignature_of_another_head_spoils_the_note(signer, other) -> None:
    note = NOTE + signer.signature_line(other.text(), NOW)
    assert cosigners(note, []) == ()
    with pytest.raises(NoteError, match="does not verify"):
        cosigners(note, [signer.verifier])


@pytest.mark.parametrize("signer", BOTH)
def test_a_stranger_under_a_known_name_is_passed_over(signer) -> None:
    key = Ed25519PrivateKey.generate()
    stranger = CosignatureSigner(name=signer.name, private_key=key)
    assert cosigners(cosigned(stranger), [signer.verifier]) == ()


def test_a_note_signature_is_no_cosignature_by_the_same_key() -> None:
    plain = NoteSigner(name=CLASSIC.name, private_key=CLASSIC.private_key)
    note = NOTE + plain.signature_line(HEAD.text())
    assert cosigners(note, [CLASSIC.verifier]) == ()
    with pytest.raises(NoteError):
        open_note(cosigned(CLASSIC), [plain.verifier])
    with pytest.raises(NoteError, match="type 1"):
        CosignatureVerifier.parse(plain.vkey)


@pytest.mark.parametrize("signer", BOTH)
def test_a_changed_time_does_not_verify(signer) -> None:
    line = signer.signature_line(HEAD.text(), NOW)
    key_id, time, signature = parts(line)
    for changed in (NOW.timestamp() + 1, 1):
        raw = base64.b64encode(key_id + int(changed).to_bytes(8, "big") + signature)
        note = NOTE + b" ".join((*line.split(b" ")[:2], raw)) + b"\n"
        with pytest.raises(NoteError, match="does not verify"):
            cosigners(note, [signer.verifier])
    assert len(time) == 8


@pytest.mark.parametrize("signer", BOTH)
@pytest.mark.parametrize("seconds", [2**63, 2**64 - 1, 253_402_300_800])
def test_a_time_beyond_all_calendars_is_refused(signer, seconds: int) -> None:
    _, _, signature = parts(signer.signature_line(HEAD.text(), NOW))
    with pytest.raises(NoteError, match="no possible time"):
        signer.verifier.verify(HEAD.text(), seconds.to_bytes(8, "big") + signature)


def test_one_key_under_two_names_is_one_cosigner() -> None:
    """Whoever has its line can write the same signature under the other name."""
    twin = CosignatureSigner(name="twin.example", private_key=CLASSIC.private_key)
    note = cosigned(CLASSIC, twin)
    assert len(cosigners(note, [CLASSIC.verifier, twin.verifier])) == 1
    assert len(cosigners(note, [twin.verifier])) == 1


def test_two_keys_under_one_name_are_one_cosigner() -> None:
    same = CosignatureSigner(name=CLASSIC.name, private_key=QUANTUM.private_key)
    found = cosigners(cosigned(CLASSIC, same), [CLASSIC.verifier, same.verifier])
    assert found == (Cosigner(name=CLASSIC.name, time=NOW),)


@pytest.mark.parametrize("signer", BOTH)
def test_a_cosignature_of_another_length_is_refused(signer) -> None:
    _, time, signature = parts(signer.signature_line(HEAD.text(), NOW))
    for wrong in (b"", time, time + signature[:-1], time + signature + b"\0"):
        with pytest.raises(NoteError, match="another length"):
            signer.verifier.verify(HEAD.text(), wrong)


def test_a_witness_always_says_when() -> None:
    for time in (None, datetime.fromtimestamp(0, UTC), datetime(1969, 1, 1, tzinfo=UTC)):
        with pytest.raises(NoteError, match="needs a time"):
            CLASSIC.signature_line(HEAD.text(), time)
    signature = bytes(8) + bytes(64)
    with pytest.raises(NoteError, match="no possible time"):
        CLASSIC.verifier.verify(HEAD.text(), signature)


def test_a_log_may_sign_again_by_ml_dsa_without_a_time_and_that_anchors_nothing() -> None:
    own = CosignatureSigner(name=ORIGIN, private_key=QUANTUM.private_key)
    line = own.signature_line(HEAD.text(), None)
    _, time, signature = parts(line)
    assert own.verifier.verify(HEAD.text(), time + signature) is None
    assert cosigners(NOTE + line, [own.verifier]) == ()


def test_ml_dsa_cosigns_and_believes_no_extension_lines() -> None:
    extended = Checkpoint(origin=ORIGIN, size=13, root=HEAD.root, extensions=("more",))
    with pytest.raises(NoteError, match="extension"):
        QUANTUM.signature_line(extended.text(), NOW)
    line = QUANTUM.signature_line(HEAD.text(), NOW)
    with pytest.raises(NoteError, match="extension"):
        cosigners(sign(extended, LOG) + line, [QUANTUM.verifier])
    line = CLASSIC.signature_line(extended.text(), NOW)
    assert cosigners(sign(extended, LOG) + line, [CLASSIC.verifier])
    with pytest.raises(NoteError, match="does not verify"):
        cosigners(NOTE + line, [CLASSIC.verifier])


@pytest.mark.parametrize("signer", BOTH)
@pytest.mark.parametrize(
    "text",
    [b"", b"a\n1\n", b"any text that is no checkpoint\n", HEAD.text()[:-1], HEAD.text() + b"\n"],
)
def test_nothing_but_a_checkpoint_is_cosigned(signer, text: bytes) -> None:
    with pytest.raises(NoteError):
        signer.signature_line(text, NOW)


@pytest.mark.parametrize("signer", BOTH)
def test_an_empty_log_is_cosigned_with_the_root_of_nothing_only(signer) -> None:
    assert signer.signature_line(Checkpoint(origin="a", size=0, root=EMPTY_ROOT).text(), NOW)
    with pytest.raises(NoteError, match="without entries"):
        signer.signature_line(Checkpoint(origin="a", size=0, root=bytes(32)).text(), NOW)


@pytest.mark.parametrize("signer", BOTH)
def test_the_witness_s_line_is_found_in_its_answer(signer) -> None:
    line = signer.signature_line(HEAD.text(), NOW)
    other = CosignatureSigner(name=signer.name, private_key=Ed25519PrivateKey.generate())
    answer = other.signature_line(HEAD.text(), NOW) + line + line
    assert cosigned_line(NOTE, answer, signer.verifier) == (line, NOW)


LINE = CLASSIC.signature_line(HEAD.text(), NOW)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\n",
        LINE[:-1],
        b"\n" + LINE,
        b"noise\n\n" + LINE,
        LINE + b"\n" + LINE,
        LINE + b"noise\n",
        LINE.replace(b"=", b""),
        QUANTUM.signature_line(HEAD.text(), NOW),
        CLASSIC.signature_line(Checkpoint(origin=ORIGIN, size=12, root=HEAD.root).text(), NOW),
        LINE * 65,
        b"\xff" + LINE,
    ],
)
def test_an_answer_without_the_witness_s_own_good_line_is_refused(answer: bytes) -> None:
    with pytest.raises(NoteError):
        cosigned_line(NOTE, answer, CLASSIC.verifier)


@given(data=st.data())
def test_no_cosignature_with_a_changed_byte_counts(data) -> None:
    line = bytearray(LINE)
    place = data.draw(st.integers(min_value=0, max_value=len(line) - 1))
    line[place] ^= data.draw(st.integers(min_value=1, max_value=255))
    with contextlib.suppress(NoteError):
        assert cosigners(NOTE + bytes(line), [CLASSIC.verifier]) == ()


@given(noise=st.text(max_size=80))
def test_noise_is_no_verifier_key(noise: str) -> None:
    with pytest.raises(NoteError):
        CosignatureVerifier.parse(noise)


@pytest.mark.parametrize(
    "vkey",
    [
        CLASSIC.vkey.replace("w1", "w2"),
        CLASSIC.vkey.replace("w1", "w 1"),
        CLASSIC.vkey[:-1],
        CLASSIC.vkey.rsplit("+", 1)[0],
        QUANTUM.vkey.upper(),
        CLASSIC.vkey + "\n",
    ],
)
def test_a_damaged_verifier_key_is_refused(vkey: str) -> None:
    with pytest.raises(NoteError):
        CosignatureVerifier.parse(vkey)


def test_keys_of_another_length_or_name_are_refused() -> None:
    key = MLDSA65PrivateKey.generate().public_key().public_bytes_raw()
    for kind in CosignatureKind:
        with pytest.raises(NoteError, match="such a key"):
            CosignatureVerifier(name="w", kind=kind, public_key=key)
    with pytest.raises(NoteError, match="255 bytes"):
        CosignatureSigner(name="w" * 256, private_key=QUANTUM.private_key)
    with pytest.raises(NoteError, match="name"):
        CosignatureSigner(name="a b", private_key=CLASSIC.private_key)
