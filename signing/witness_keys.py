"""Files with the private keys of a witness: one line of text a key, readable by the owner only.

A line is `PRIVATE+KEY+name+id+key`, the key being the type byte of its cosignatures (0x04 Ed25519,
0x06 ML-DSA-44) and its 32 bytes of seed in Base64: the form of the reference implementation of
c2sp.org/signed-note, with the types of c2sp.org/tlog-cosignature. Never replaces a file.
"""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from signing.c2sp_text import read_base64, write_base64
from signing.checkpoint import NoteError
from signing.cosignature import CosignatureKind, CosignatureSigner
from signing.durable import sync_folder, write_new
from signing.errors import ProofError

_START = "PRIVATE+KEY+"
_SEED_BYTES = 32
_MOST_BYTES = 4096


class WitnessKeyError(ProofError):
    """A file that holds no keys of a witness, or one that others could have read."""

    code = "witness-key-unusable"


def make_witness_keys(
    path: Path, name: str, kinds: Sequence[CosignatureKind]
) -> tuple[CosignatureSigner, ...]:
    """Make a key of each kind under one name and write them, mode 0600.

    Raises:
        FileExistsError: a key is never replaced.
        NoteError: the format does not allow the name.

    """
    signers = tuple(
        CosignatureSigner(
            name=name,
            private_key=Ed25519PrivateKey.generate()
            if kind is CosignatureKind.ED25519
            else MLDSA44PrivateKey.generate(),
        )
        for kind in kinds
    )
    write_new(path, "".join(_line(signer) for signer in signers).encode())
    sync_folder(path.parent)
    return signers


def read_witness_keys(path: Path) -> tuple[CosignatureSigner, ...]:
    """Read a key file: at least one key, all of one name, none twice.

    Raises:
        OSError: it cannot be read.
        WitnessKeyError: others than its owner may use it, or it holds no such keys.

    """
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise WitnessKeyError("others than its owner may use these keys")
        text = file.read(_MOST_BYTES)
    lines = text.split(b"\n")
    if lines.pop():
        raise WitnessKeyError("a file of keys has whole lines")
    signers = tuple(_read(line) for line in lines)
    if len({signer.name for signer in signers}) != 1:
        raise WitnessKeyError("a witness has keys, all of one name")
    if len({signer.kind for signer in signers}) != len(signers):
        raise WitnessKeyError("a witness has one key of a kind")
    return signers


def _line(signer: CosignatureSigner) -> str:
    key = write_base64(bytes((signer.kind,)) + signer.private_key.private_bytes_raw())
    return f"{_START}{signer.name}+{signer.verifier.key_id.hex()}+{key}\n"


def _read(line: bytes) -> CosignatureSigner:
    try:
        start, words = line[: len(_START)], line[len(_START) :].decode()
        name, key_id, encoded = words.split("+", 2)
        key = read_base64(encoded)
        if start != _START.encode() or key is None or len(key) != 1 + _SEED_BYTES:
            raise WitnessKeyError("a line is no key of a witness")
        signer = CosignatureSigner(name=name, private_key=_private(key))
    except (ValueError, NoteError) as exc:
        raise WitnessKeyError("a line is no key of a witness") from exc
    if key_id != signer.verifier.key_id.hex():
        raise WitnessKeyError("a key's id does not fit its name and key")
    return signer


def _private(key: bytes) -> Ed25519PrivateKey | MLDSA44PrivateKey:
    """Raises ValueError for another type byte."""
    match CosignatureKind(key[0]):
        case CosignatureKind.ED25519:
            return Ed25519PrivateKey.from_private_bytes(key[1:])
        case CosignatureKind.ML_DSA_44:
            return MLDSA44PrivateKey.from_seed_bytes(key[1:])
