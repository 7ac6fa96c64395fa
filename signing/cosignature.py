"""Cosignatures: timed statements about heads of a log, by witnesses or by the log's further key.

Implements c2sp.org/tlog-cosignature in both kinds: Ed25519 ("cosignature/v1", over the time and
the whole text of the checkpoint) and ML-DSA-44 ("subtree/v1", FIPS 204, over the names of cosigner
and log, the time, the size and the root). The second says nothing of extension lines, so it is
neither made nor believed over a checkpoint that has some. Never does I/O, never asks the clock, and
never decides whether a head may be signed.
"""

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from signing.c2sp_text import read_base64, write_base64
from signing.checkpoint import (
    SIGNATURE_START,
    Checkpoint,
    NoteError,
    check_key_name,
    split_note,
)
from signing.merkle import EMPTY_ROOT

_SUBTREE_LABEL = b"subtree/v1\n\x00"
_MAX_NAME_BYTES = 255
_KEY_ID_BYTES = 4
_TIME_BYTES = 8
_LAST_TIME = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())


class CosignatureKind(IntEnum):
    """The algorithm, by its type byte in key ids and verifier keys."""

    ED25519 = 0x04
    ML_DSA_44 = 0x06


_KEY_BYTES = {CosignatureKind.ED25519: 32, CosignatureKind.ML_DSA_44: 1312}
_SIGNATURE_BYTES = {CosignatureKind.ED25519: 64, CosignatureKind.ML_DSA_44: 2420}


@dataclass(frozen=True, slots=True, kw_only=True)
class CosignatureVerifier:
    """A name and a key whose cosignatures are believed."""

    name: str
    kind: CosignatureKind
    public_key: bytes
    """32 bytes (RFC 8032) or 1,312 (FIPS 204)."""

    def __post_init__(self) -> None:
        """Raise NoteError for a name or key that the format does not allow."""
        check_key_name(self.name)
        if len(self.public_key) != _KEY_BYTES[self.kind]:
            raise NoteError(f"such a key has {_KEY_BYTES[self.kind]} bytes")
        if self.kind is CosignatureKind.ML_DSA_44:
            _short(self.name)

    @property
    def key_id(self) -> bytes:
        """Four bytes that, with the name, say which key signed."""
        named_key = self.name.encode() + b"\n" + bytes((self.kind,)) + self.public_key
        return hashlib.sha256(named_key).digest()[:_KEY_ID_BYTES]

    @property
    def vkey(self) -> str:
        """The key as one line of text, for trust files, policies and other programs."""
        key = write_base64(bytes((self.kind,)) + self.public_key)
        return f"{self.name}+{self.key_id.hex()}+{key}"

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Read a verifier key of type 0x04 or 0x06. Raises NoteError for every other text."""
        name, _, rest = vkey.partition("+")
        key_id, _, encoded = rest.partition("+")
        key = read_base64(encoded)
        if not key:
            raise NoteError("a verifier key is name+id+key, the key in Base64")
        try:
            kind = CosignatureKind(key[0])
        except ValueError:
            raise NoteError(f"keys of type {key[0]} make no cosignatures") from None
        verifier = cls(name=name, kind=kind, public_key=key[1:])
        if key_id != verifier.key_id.hex():
            raise NoteError("the verifier key's id does not fit its name and key")
        return verifier

    def verify(self, text: bytes, signature: bytes) -> datetime | None:
        """Return the time of a cosignature over a checkpoint's text; raise NoteError if it is none.

        `signature` is what follows the key id in a signature line. None is for the ML-DSA-44 kind
        without a time, which does not say that the head was the greatest one seen.
        """
        if len(signature) != _TIME_BYTES + _SIGNATURE_BYTES[self.kind]:
            raise NoteError(f"a cosignature of {self.name} has another length")
        seconds = int.from_bytes(signature[:_TIME_BYTES], "big")
        if seconds > _LAST_TIME or (seconds == 0 and self.kind is CosignatureKind.ED25519):
            raise NoteError(f"a cosignature of {self.name} has no possible time")
        message = _message(self.kind, self.name, seconds, text)
        try:
            self._check(signature[_TIME_BYTES:], message)
        except (InvalidSignature, ValueError) as exc:
            raise NoteError(f"the cosignature of {self.name} does not verify") from exc
        return datetime.fromtimestamp(seconds, UTC) if seconds else None

    def _check(self, signature: bytes, message: bytes) -> None:
        match self.kind:
            case CosignatureKind.ED25519:
                Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
            case CosignatureKind.ML_DSA_44:
                MLDSA44PublicKey.from_public_bytes(self.public_key).verify(signature, message)


@dataclass(frozen=True, slots=True, kw_only=True)
class CosignatureSigner:
    """A name and the private key that cosigns heads under it."""

    name: str
    private_key: Ed25519PrivateKey | MLDSA44PrivateKey

    def __post_init__(self) -> None:
        """Raise NoteError for a name that the format does not allow."""
        _ = self.verifier

    @property
    def kind(self) -> CosignatureKind:
        """The algorithm of the key."""
        if isinstance(self.private_key, MLDSA44PrivateKey):
            return CosignatureKind.ML_DSA_44
        return CosignatureKind.ED25519

    @property
    def verifier(self) -> CosignatureVerifier:
        """The public half."""
        public_key = self.private_key.public_key().public_bytes_raw()
        return CosignatureVerifier(name=self.name, kind=self.kind, public_key=public_key)

    @property
    def vkey(self) -> str:
        """The public half as one line of text."""
        return self.verifier.vkey

    def signature_line(self, text: bytes, time: datetime | None) -> bytes:
        """Cosign a checkpoint's text; the line ends in LF.

        `time` is cut to whole seconds. None says nothing of which head is the newest: a log's own
        further signature by ML-DSA-44 may do so, a witness may not. ML-DSA-44 signatures have
        randomness in them: the same text gets another line each time.

        Raises:
            NoteError: the text is no checkpoint, or none that this kind can cosign; the time lies
                before 1970, or is missing where it is needed.

        """
        seconds = 0 if time is None else int(time.timestamp())
        untimed = time is None and self.kind is CosignatureKind.ML_DSA_44
        if not (0 < seconds <= _LAST_TIME or untimed):
            raise NoteError("a cosignature needs a time after 1970")
        message = _message(self.kind, self.name, seconds, text)
        timed = seconds.to_bytes(_TIME_BYTES, "big") + self.private_key.sign(message)
        signature = write_base64(self.verifier.key_id + timed)
        return f"{SIGNATURE_START}{self.name} {signature}\n".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigner:
    """One who cosigned a head."""

    name: str
    """Of the key."""
    time: datetime
    """When, by the cosigner's clock; the first, where it did so more than once."""


def cosigners(note: bytes, verifiers: Iterable[CosignatureVerifier]) -> tuple[Cosigner, ...]:
    """Who of the known cosigned the checkpoint in the note, each name once, the earliest first.

    Lines of unknown keys are passed over; so is one without a time, which does not say that its
    head was the newest. A key that is known under two names counts under one of them: Ed25519
    cosignatures do not cover the name. Does not check that the log itself signed: that is
    `open_note`.

    Raises:
        NoteError: the note is malformed, or a line by a known key does not verify.

    """
    text, signatures = split_note(note)
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    times: dict[str, datetime] = {}
    name_of_key: dict[bytes, str] = {}
    for name, key_id, signature in signatures:
        verifier = known.get((name, key_id))
        if verifier is None:
            continue
        time = verifier.verify(text, signature)
        if time is not None and name_of_key.setdefault(verifier.public_key, name) == name:
            times[name] = min(time, times.get(name, time))
    ordered = sorted((time, name) for name, time in times.items())
    return tuple(Cosigner(name=name, time=time) for time, name in ordered)


def cosigned_line(
    note: bytes, answer: bytes, verifier: CosignatureVerifier
) -> tuple[bytes, datetime]:
    """Find a witness's line in its answer to a note; return it with its time.

    `answer` is one or more signature lines (c2sp.org/tlog-witness). Raises NoteError if they are
    not, if none is by this key, or if one by this key does not verify over the note's checkpoint.
    """
    text, _ = split_note(note)
    same_text, signatures = split_note(text + b"\n" + answer)
    if same_text != text:
        raise NoteError("the answer is more than signature lines")
    for line, (name, key_id, signature) in zip(answer.split(b"\n"), signatures, strict=False):
        if (name, key_id) == (verifier.name, verifier.key_id):
            time = verifier.verify(text, signature)
            if time is not None:
                return line + b"\n", time
    raise NoteError(f"the answer has no timed cosignature of {verifier.name}")


def _message(kind: CosignatureKind, name: str, seconds: int, text: bytes) -> bytes:
    """The bytes under a signature. Raises NoteError unless the text is a checkpoint."""
    head = Checkpoint.parse(text)
    if head.size == 0 and head.root != EMPTY_ROOT:
        raise NoteError("a log without entries has another root")
    match kind:
        case CosignatureKind.ED25519:
            return b"cosignature/v1\ntime %d\n" % seconds + text
        case CosignatureKind.ML_DSA_44:
            if head.extensions:
                raise NoteError("ML-DSA-44 cosignatures leave out a checkpoint's extension lines")
            # RFC 8446, section 3, notation: label, name<1..255>, time, origin<1..255>, start, end.
            cosigner, origin = _short(name), _short(head.origin)
            times_and_range = struct.pack(">QQ", 0, head.size) + head.root
            return _SUBTREE_LABEL + cosigner + struct.pack(">Q", seconds) + origin + times_and_range


def _short(text: str) -> bytes:
    """A name with its length before it. Raises NoteError if it is too long for that."""
    encoded = text.encode()
    if len(encoded) > _MAX_NAME_BYTES:
        raise NoteError(f"a name of more than {_MAX_NAME_BYTES} bytes")
    return bytes((len(encoded),)) + encoded
