"""Heads that the log signs twice under its name: by Ed25519, and by ML-DSA-44."""

import base64
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from evidence_samples import NOW, ORIGIN

from signing.checkpoint import NoteError, NoteVerifier, open_note, without_cosignatures
from signing.cosignature import CosignatureVerifier
from signing.merkle import leaf_hash
from signing.sealer.ceremony import SealerKeys, make_keys
from signing.sealer.desk import HeadMaker, Keys
from signing.sealer.key_files import IssuerNames, load_keys
from signing.sealer.serials import Serials
from signing.timestamps import verify_token
from signing.trust_file import TrustFile

NAMES = IssuerNames(
    name_th="ทีดีเอช", name_en="TDH", policies=("urn:x",), origin=ORIGIN, uri_base="urn:tdh:"
)
ROOT = leaf_hash(b"an entry")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> SealerKeys:
    folder = tmp_path_factory.mktemp("keys")
    return make_keys(folder, origin=ORIGIN, organization="TDH", now=NOW)


def head(keys: Keys, folder: Path) -> tuple[bytes, bytes]:
    serials = Serials(folder)
    try:
        return HeadMaker(keys, serials, lambda: NOW)(7, ROOT)
    finally:
        serials.close()


@pytest.fixture
def note(made: SealerKeys, tmp_path: Path) -> bytes:
    return head(load_keys(made.files, NAMES), tmp_path)[0]


def test_either_key_opens_the_head_and_so_does_the_trust_file_that_names_both(
    made: SealerKeys, note: bytes
) -> None:
    classic = NoteVerifier.parse(made.vkey)
    post_quantum = CosignatureVerifier.parse(made.post_quantum_vkey)
    for verifiers in ([classic], [post_quantum], [classic, post_quantum]):
        checkpoint, names = open_note(note, verifiers)
        assert (checkpoint.size, checkpoint.root, names) == (7, ROOT, (ORIGIN,))
    trust = TrustFile.parse(made.trust().text())
    assert [each.vkey for each in trust.logs] == [made.vkey, made.post_quantum_vkey]
    assert open_note(note, trust.logs)[0].size == 7


def test_heads_of_a_log_without_the_further_key_stay_valid(made: SealerKeys, tmp_path) -> None:
    alone = load_keys(replace(made.files, more_log_keys=()), NAMES)
    note, _ = head(alone, tmp_path)
    assert note.count(b"\xe2\x80\x94") == 1
    assert open_note(note, made.trust().logs)[0].size == 7


def test_a_further_signature_that_does_not_verify_refuses_the_head(made, note: bytes) -> None:
    lines = note.splitlines(keepends=True)
    signature = bytearray(base64.b64decode(lines[-1].split(b" ")[2]))
    signature[100] ^= 1
    lines[-1] = b" ".join((*lines[-1].split(b" ")[:2], base64.b64encode(signature) + b"\n"))
    changed = b"".join(lines)
    with pytest.raises(NoteError, match="does not verify"):
        open_note(changed, made.trust().logs)
    # Who does not know the key passes its line over (c2sp.org/signed-note).
    assert open_note(changed, [NoteVerifier.parse(made.vkey)])[0].size == 7


def test_the_timestamp_is_over_both_signatures_and_no_cosignature(made, tmp_path) -> None:
    note, token = head(load_keys(made.files, NAMES), tmp_path)
    cosigned = note + b"\xe2\x80\x94 witness.example AAAAAAAA\n"
    assert without_cosignatures(cosigned) == note
    found = verify_token(
        token, sha256(without_cosignatures(cosigned)).digest(), made.trust().tsa_roots
    )
    assert found.time == NOW


def test_what_is_signed_is_the_standards_message(made: SealerKeys, note: bytes) -> None:
    """Spelled out from c2sp.org/tlog-cosignature, and checked by the bare primitive."""
    name = ORIGIN.encode()
    message = b"subtree/v1\n\0" + bytes((len(name),)) + name + bytes(8)
    message += bytes((len(name),)) + name + bytes(8) + (7).to_bytes(8, "big") + ROOT
    signature = base64.b64decode(note.splitlines()[-1].split(b" ")[2])
    key = base64.b64decode(made.post_quantum_vkey.split("+", 2)[2])
    assert key[:1] == b"\6"
    assert signature[:4] == sha256(name + b"\n" + key).digest()[:4]
    assert signature[4:12] == bytes(8)
    MLDSA44PublicKey.from_public_bytes(key[1:]).verify(signature[12:], message)
    assert 3_000 < len(note) < 4_000
