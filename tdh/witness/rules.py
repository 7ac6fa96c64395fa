"""What a witness answers to a request, given what it holds (c2sp.org/tlog-witness, add-checkpoint).

Two pure steps: `read_request` needs only the known logs, `check_growth` the newest head of one log
as well. Each returns, or raises `Refused` with the status of the specification, in the order in
which the specification makes its checks. Never does I/O, never signs.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Self

from signing.c2sp_text import read_base64, read_decimal, write_base64
from signing.checkpoint import (
    MAX_NOTE_BYTES,
    SIGNATURE_START,
    Checkpoint,
    NoteError,
    NoteVerifier,
    split_note,
)
from signing.cosignature import CosignatureKind, CosignatureVerifier
from signing.merkle import EMPTY_ROOT, HASH_BYTES, MerkleError, verify_consistency
from tdh.witness.errors import OtherSize, Refused, WitnessSetupError

MAX_HASHES = 63
"""More lines of a proof are refused; none in a tree that has a size is longer."""
MAX_BODY_BYTES = MAX_NOTE_BYTES + 4096
"""Old size, 63 lines of 45 bytes, and the greatest note: no longer body is any request."""

LogKey = NoteVerifier | CosignatureVerifier
"""Ed25519 (0x01), or ML-DSA-44 (0x06); its name is the log's origin."""


@dataclass(frozen=True, slots=True)
class KnownLogs:
    """The logs that are watched: their keys, by origin."""

    keys: Mapping[str, tuple[LogKey, ...]]

    @classmethod
    def of(cls, vkeys: Iterable[str]) -> Self:
        """Read verifier keys; several may be of one log. Raises WitnessSetupError."""
        keys: dict[str, tuple[LogKey, ...]] = {}
        for vkey in vkeys:
            key = _log_key(vkey)
            keys[key.name] = (*keys.get(key.name, ()), key)
        if not keys:
            raise WitnessSetupError("a witness watches at least one log")
        return cls(keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request whose head a known log signed; whether it grew rightly is not checked yet."""

    old_size: int
    proof: tuple[bytes, ...]
    text: bytes
    """Of the checkpoint."""
    head: Checkpoint
    log_lines: bytes
    """Signature lines of the log's known keys, verified."""

    @property
    def note(self) -> bytes:
        """The head with the signatures that count."""
        return self.text + b"\n" + self.log_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The newest head of one log that was cosigned."""

    size: int
    root: bytes
    time: datetime | None
    """Of the cosignatures; None before the first."""
    note: bytes
    """The head with the log's signatures and the witness's; empty before the first."""
    lines: bytes = b""
    """The witness's signatures alone, if they were made since the program started."""


NOTHING = Held(size=0, root=EMPTY_ROOT, time=None, note=b"")
"""What is held of a log before its first head: the empty log, which every log extends."""


def read_request(body: bytes, logs: KnownLogs) -> Request:
    """Read a body and verify the log's signature.

    Raises Refused: 400 for what is no request, 404 for an unknown log, 403 for a head that the log
    did not sign, 400 for an old size beyond the head's.
    """
    before, separator, note = body.partition(b"\n\n")
    lines = before.split(b"\n")
    if not separator or len(lines) > 1 + MAX_HASHES:
        raise _malformed("no empty line after the proof, or too long a proof")
    old_size = _old_size(lines[0])
    proof = tuple(_hash(line) for line in lines[1:])
    try:
        text, signatures = split_note(note)
        head = Checkpoint.parse(text)
    except NoteError as exc:
        raise _malformed(f"the checkpoint: {exc}") from exc
    keys = logs.keys.get(head.origin)
    if keys is None:
        raise Refused(HTTPStatus.NOT_FOUND, "this log is not known here")
    log_lines = _verified_lines(text, signatures, keys)
    if old_size > head.size:
        raise _malformed("the old size is beyond the checkpoint's")
    return Request(old_size=old_size, proof=proof, text=text, head=head, log_lines=log_lines)


def check_growth(request: Request, held: Held) -> None:
    """Return if the head extends the one that is held.

    Raises OtherSize (409) if the sender meant another one, Refused (422) if it does not extend it.
    """
    head = request.head
    if request.old_size != held.size:
        raise OtherSize(held.size)
    try:
        # Sees to it, too, that equal sizes have equal roots, that from an old size of zero there is
        # nothing to prove, and that a log without entries has the root of nothing.
        verify_consistency(held.size, held.root, head.size, head.root, request.proof)
    except MerkleError as exc:
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, str(exc)) from exc


def contradicts(request: Request, held: Held) -> bool:
    """Whether the two heads, both signed by the log, cannot belong to one history.

    That is certain, without any proof, where their sizes are equal and their roots are not.
    """
    return bool(held.note) and request.head.size == held.size and request.head.root != held.root


def _old_size(line: bytes) -> int:
    word, _, number = line.partition(b" ")
    size = read_decimal(number.decode("latin-1"))
    if word != b"old" or size is None:
        raise _malformed("the first line is not `old` and a size")
    return size


def _hash(line: bytes) -> bytes:
    value = read_base64(line.decode("latin-1"))
    if value is None or len(value) != HASH_BYTES:
        raise _malformed("a line of the proof is no hash in Base64")
    return value


def _verified_lines(
    text: bytes, signatures: Iterable[tuple[str, bytes, bytes]], keys: Iterable[LogKey]
) -> bytes:
    """The lines of known keys, each key once. Raises Refused (403) for a wrong one, or for none."""
    known = {(key.name, key.key_id): key for key in keys}
    lines: dict[bytes, str] = {}
    for name, key_id, signature in signatures:
        key = known.get((name, key_id))
        if key is None:
            continue
        try:
            key.verify(text, signature)
        except NoteError as exc:
            raise Refused(HTTPStatus.FORBIDDEN, str(exc)) from exc
        lines.setdefault(key_id, f"{SIGNATURE_START}{name} {write_base64(key_id + signature)}\n")
    if not lines:
        raise Refused(HTTPStatus.FORBIDDEN, "no known key of the log signed the checkpoint")
    return "".join(lines.values()).encode()


def _log_key(vkey: str) -> LogKey:
    try:
        return NoteVerifier.parse(vkey)
    except NoteError as first:
        try:
            key = CosignatureVerifier.parse(vkey)
        except NoteError:
            raise WitnessSetupError(f"not the key of a log: {vkey[:80]}: {first}") from first
    if key.kind is not CosignatureKind.ML_DSA_44:
        raise WitnessSetupError(f"the key of a witness, not of a log: {vkey[:80]}")
    return key


def _malformed(why: str) -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, why)
