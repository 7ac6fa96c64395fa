"""Files with a key that signs notes: one line of text, readable by its owner only.

The line is `PRIVATE+KEY+name+id+key`, the key being 0x01 and the 32 bytes of the Ed25519 seed in
Base64: the form of the reference implementation of c2sp.org/signed-note, whose tools read it too.
"""

import os
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signing.c2sp_text import read_base64, write_base64
from signing.checkpoint import NoteSigner
from signing.durable import write_new
from signing.errors import ProofError

_START = "PRIVATE+KEY+"
_ED25519 = b"\x01"
_SEED_BYTES = 32
_MOST_BYTES = 4096


class NoteKeyError(ProofError):
    """A file that holds no key for notes, or one that others could have read."""

    code = "note-key-unusable"


def make_note_key(path: Path, name: str) -> NoteSigner:
    """Make a key under a name and write it, mode 0600.

    Raises:
        FileExistsError: a key is never replaced.
        NoteError: the format does not allow the name.

    """
    signer = NoteSigner(name=name, private_key=Ed25519PrivateKey.generate())
    key = write_base64(_ED25519 + signer.private_key.private_bytes_raw())
    line = f"{_START}{name}+{signer.verifier.key_id.hex()}+{key}\n"
    write_new(path, line.encode())
    return signer


def read_note_key(path: Path) -> NoteSigner:
    """Read a key file.

    Raises:
        OSError: it cannot be read.
        NoteKeyError: others than its owner may use it, or it is no such key.

    """
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise NoteKeyError("others than its owner may use this key")
        line = file.read(_MOST_BYTES)
    try:
        name, key_id, encoded = line.decode().removesuffix("\n").removeprefix(_START).split("+", 2)
    except (UnicodeDecodeError, ValueError) as exc:
        raise NoteKeyError("is no key for notes") from exc
    key = read_base64(encoded)
    if key is None or len(key) != 1 + _SEED_BYTES or key[:1] != _ED25519:
        raise NoteKeyError("is no Ed25519 key for notes")
    signer = NoteSigner(name=name, private_key=Ed25519PrivateKey.from_private_bytes(key[1:]))
    if not line.startswith(_START.encode()) or key_id != signer.verifier.key_id.hex():
        raise NoteKeyError("the key's id does not fit its name and key")
    return signer
