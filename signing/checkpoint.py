"""Heads of the log: signed notes, verifier keys, checkpoints.

Implements c2sp.org/signed-note (Ed25519, type 0x01) and c2sp.org/tlog-checkpoint. A reader gets a
checkpoint only after a signature by the log's own key was verified. Cosignatures and other keys
that the reader does not know are ignored, as the note format demands. Never does I/O, and never
decides whether a head may be signed: that is the sealer's ledger.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from signing.c2sp_text import (
    MAX_COUNT,
    has_control_characters,
    read_base64,
    read_decimal,
    write_base64,
)
from signing.errors import ProofError
from signing.merkle import HASH_BYTES

MAX_NOTE_BYTES = 262_144
"""Larger notes are refused unread; 16 post-quantum cosignatures need about 80,000 bytes."""
MAX_SIGNATURES = 64
"""More signature lines are refused; the format asks for at least 16."""

_ED25519 = b"\x01"
_PUBLIC_KEY_BYTES = 32
_KEY_ID_BYTES = 4
SIGNATURE_START = "\N{EM DASH} "
"""How each signature line of a note begins."""


class NoteError(ProofError):
    """A note, verifier key or checkpoint that is malformed, unsigned or wrongly signed."""

    code = "checkpoint-invalid"


class TextVerifier(Protocol):
    """A name and a key of any kind whose signatures on notes are believed."""

    @property
    def name(self) -> str: ...
    @property
    def key_id(self) -> bytes:
        """Four bytes that, with the name, say which key signed."""
        ...

    def verify(self, text: bytes, signature: bytes) -> object:
        """Return if this key signed the text; else raise NoteError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteVerifier:
    """A name and an Ed25519 key whose signatures on notes are believed."""

    name: str
    public_key: bytes
    """32 bytes, RFC 8032."""

    def __post_init__(self) -> None:
        """Raise NoteError for a name or key that the format does not allow."""
        check_key_name(self.name)
        if len(self.public_key) != _PUBLIC_KEY_BYTES:
            raise NoteError("an Ed25519 key has 32 bytes")

    @property
    def key_id(self) -> bytes:
        """Four bytes that, with the name, say which key signed."""
        named_key = self.name.encode() + b"\n" + _ED25519 + self.public_key
        return hashlib.sha256(named_key).digest()[:_KEY_ID_BYTES]

    @property
    def vkey(self) -> str:
        """The key as one line of text, for `trust.json` and other programs."""
        key = write_base64(_ED25519 + self.public_key)
        return f"{self.name}+{self.key_id.hex()}+{key}"

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Read a verifier key. Raises NoteError, also for other kinds of key than Ed25519."""
        name, _, rest = vkey.partition("+")
        key_id, _, encoded = rest.partition("+")
        key = read_base64(encoded)
        if not key:
            raise NoteError("a verifier key is name+id+key, the key in Base64")
        if key[:1] != _ED25519:
            raise NoteError(f"verifier keys of type {key[0]} are not supported")
        verifier = cls(name=name, public_key=key[1:])
        if key_id != verifier.key_id.hex():
            raise NoteError("the verifier key's id does not fit its name and key")
        return verifier

    def verify(self, text: bytes, signature: bytes) -> None:
        """Return if this key signed the text; else raise NoteError."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, text)
        except (InvalidSignature, ValueError) as exc:
            raise NoteError(f"the signature of {self.name} does not verify") from exc


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSigner:
    """A name and the private key that signs notes under it."""

    name: str
    private_key: Ed25519PrivateKey

    def __post_init__(self) -> None:
        """Raise NoteError for a name that the format does not allow."""
        check_key_name(self.name)

    @property
    def verifier(self) -> NoteVerifier:
        """The public half."""
        return NoteVerifier(
            name=self.name, public_key=self.private_key.public_key().public_bytes_raw()
        )

    @property
    def vkey(self) -> str:
        """The public half as one line of text."""
        return self.verifier.vkey

    def signature_line(self, text: bytes) -> bytes:
        """Sign a note's text (ending in LF); the same text gets the same line."""
        signature = write_base64(self.verifier.key_id + self.private_key.sign(text))
        return f"{SIGNATURE_START}{self.name} {signature}\n".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The state of a log at one size (c2sp.org/tlog-checkpoint)."""

    origin: str
    """Name of the log, a URL without scheme; also the name of its key."""
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()
    """Opaque further lines of other people's logs; ours never has any."""

    def __post_init__(self) -> None:
        """Raise NoteError for what cannot be written as a checkpoint."""
        if any(
            not line or has_control_characters(line) for line in (self.origin, *self.extensions)
        ):
            raise NoteError("a line of a checkpoint is empty or has control characters")
        if not 0 <= self.size <= MAX_COUNT:
            raise NoteError(f"{self.size} is no size of a log")
        if len(self.root) != HASH_BYTES:
            raise NoteError("a root has 32 bytes")

    def text(self) -> bytes:
        """The bytes that are signed."""
        lines = (self.origin, str(self.size), write_base64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines).encode()

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Read a checkpoint's text, without signatures. Raises NoteError."""
        lines = _decode(text).split("\n")
        if len(lines) < 4 or lines.pop():  # noqa: PLR2004 - three lines, each ended by LF
            raise NoteError("a checkpoint has at least three whole lines")
        size, root = read_decimal(lines[1]), read_base64(lines[2])
        if size is None or root is None:
            raise NoteError("a checkpoint's size or root is not in canonical form")
        return cls(origin=lines[0], size=size, root=root, extensions=tuple(lines[3:]))


def sign(checkpoint: Checkpoint, signer: NoteSigner) -> bytes:
    """Make the signed note. Raises NoteError unless the signer bears the origin's name."""
    if signer.name != checkpoint.origin:
        raise NoteError(f"{signer.name} does not sign heads of {checkpoint.origin}")
    return sign_text(checkpoint.text(), signer)


def sign_text(text: bytes, signer: NoteSigner) -> bytes:
    """Make a signed note of any text that ends in LF."""
    return text + b"\n" + signer.signature_line(text)


def open_note(note: bytes, verifiers: Iterable[TextVerifier]) -> tuple[Checkpoint, tuple[str, ...]]:
    """Verify a signed checkpoint; return it and the names whose signatures verified.

    Raises NoteError if the note is malformed, if a known key's signature does not verify, or if
    no known key *with the origin's name* signed: another log's key vouches for nothing here.
    """
    text, verified = open_text(note, verifiers)
    checkpoint = Checkpoint.parse(text)
    if checkpoint.origin not in verified:
        raise NoteError(f"no known key of {checkpoint.origin} signed its checkpoint")
    return checkpoint, verified


def open_text(note: bytes, verifiers: Iterable[TextVerifier]) -> tuple[bytes, tuple[str, ...]]:
    """Verify a signed note of any kind; return its text and the names whose signatures verified.

    Raises NoteError if the note is malformed, if a known key's signature does not verify, or if
    no known key signed.
    """
    text, signatures = split_note(note)
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    verified: dict[str, None] = {}
    for name, key_id, signature in signatures:
        verifier = known.get((name, key_id))
        if verifier is not None:
            verifier.verify(text, signature)
            verified[name] = None
    if not verified:
        raise NoteError("no known key signed the note")
    return text, tuple(verified)


def split_note(note: bytes) -> tuple[bytes, list[tuple[str, bytes, bytes]]]:
    """Split into text and signatures as (name, key id, signature); verifies none of them.

    Raises NoteError if the note is malformed.
    """
    if len(note) > MAX_NOTE_BYTES:
        raise NoteError(f"a note of more than {MAX_NOTE_BYTES} bytes")
    text, separator, block = _decode(note).rpartition("\n\n")
    lines = block.split("\n")
    if not separator or len(lines) < 2 or lines.pop():  # noqa: PLR2004 - one line, ended by LF
        raise NoteError("a note is a text, an empty line, and signature lines")
    if len(lines) > MAX_SIGNATURES:
        raise NoteError(f"a note with more than {MAX_SIGNATURES} signatures")
    return f"{text}\n".encode(), [_read_signature(line) for line in lines]


def without_cosignatures(note: bytes) -> bytes:
    """The note as the log itself signed it: what timestamps of a head are over.

    Keeps the text and the signature lines under the origin's name, byte for byte; verifies none
    of them. Raises NoteError if the note is malformed.
    """
    text, _ = split_note(note)
    origin = Checkpoint.parse(text).origin
    own = f"{SIGNATURE_START}{origin} ".encode()
    lines = note[len(text) + 1 :].splitlines(keepends=True)
    return text + b"\n" + b"".join(line for line in lines if line.startswith(own))


def _read_signature(line: str) -> tuple[str, bytes, bytes]:
    name, space, encoded = line.removeprefix(SIGNATURE_START).partition(" ")
    signature = read_base64(encoded)
    if not (line.startswith(SIGNATURE_START) and space and signature):
        raise NoteError("a signature line is not in canonical form")
    check_key_name(name)
    if len(signature) <= _KEY_ID_BYTES:
        raise NoteError("a signature line without a signature")
    return name, signature[:_KEY_ID_BYTES], signature[_KEY_ID_BYTES:]


def _decode(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError as exc:
        raise NoteError("a note is UTF-8") from exc
    if any(character < " " and character != "\n" for character in text):
        raise NoteError("a note has no control characters but LF")
    return text


def check_key_name(name: str) -> None:
    """Return if a key may have this name (c2sp.org/signed-note); else raise NoteError."""
    spaced = any(character.isspace() for character in name)
    if not name or "+" in name or spaced or has_control_characters(name):
        raise NoteError("a key's name is not empty and has no space, plus or control character")
