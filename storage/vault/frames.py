"""The encrypted form of one document: frames of AES-256-GCM in the STREAM construction.

Hoang, Reyhanitabar, Rogaway and Vizár, "Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance" (2015), section 7: the nonce of a frame is a random prefix, the frame's number
and a flag that only the last frame carries. So a frame that is altered, left out, repeated, moved
or cut off fails its tag. The associated data bind the frame to its letter, document and key.

    document = version (1 byte) | nonce prefix (7 bytes) | frame ...
    frame    = ciphertext of up to 1 MiB | tag (16 bytes)
    nonce    = prefix (7) | number of the frame, big-endian (4) | 1 for the last frame, else 0 (1)

Does no I/O by itself, draws no randomness, and never gives out a byte that was not authenticated.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.vault.stored import DataKey, KeyId
from tdh.domain.errors import IntegrityFailure, StorageUnavailable
from tdh.domain.identifiers import LetterId

FORMAT_VERSION = 1
FRAME_BYTES = 1 << 20
TAG_BYTES = 16
PREFIX_BYTES = 7
HEADER_BYTES = 1 + PREFIX_BYTES
MAX_FRAMES = 1 << 32

_SEALED_FRAME_BYTES = FRAME_BYTES + TAG_BYTES

ReadAt = Callable[[int, int], bytes]
"""(offset in the document's ciphertext, bytes wanted) -> the bytes, fewer where the copy ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What a document's ciphertext belongs to; with anything else it does not open."""

    letter: LetterId
    document: int
    key: KeyId

    def associated_data(self) -> bytes:
        """One unambiguous byte string: every part of variable length comes with its length."""
        letter, key = self.letter.encode(), self.key.encode()
        return b"".join(
            (
                b"tdh-vault-frame",
                struct.pack(">BIHH", FORMAT_VERSION, self.document, len(letter), len(key)),
                letter,
                key,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSpan:
    """Where one frame lies in a document's ciphertext."""

    number: int
    offset: int
    length: int
    last: bool


class Encryptor:
    """Encrypts one document that arrives in pieces; holds back at most one frame of plaintext.

    `prefix` must be new for every document under the same key: a repeated nonce breaks GCM.
    """

    def __init__(self, key: DataKey, binding: Binding, prefix: bytes) -> None:
        if len(prefix) != PREFIX_BYTES:
            raise ValueError(f"a nonce prefix has {PREFIX_BYTES} bytes, not {len(prefix)}")
        self._cipher = AESGCM(key)
        self._associated_data = binding.associated_data()
        self._prefix = prefix
        self._pending = bytearray()
        self._frames = 0
        self._finished = False

    def update(self, data: bytes) -> list[bytes]:
        """Take a piece of the document; return the ciphertext that is now ready, often none."""
        if self._finished:
            raise RuntimeError("the document is finished")
        self._pending += data
        # A full frame waits until more arrives: only then is it known not to be the last.
        ready = max(0, (len(self._pending) - 1) // FRAME_BYTES)
        chunks = []
        with memoryview(self._pending) as pending:
            for start in range(0, ready * FRAME_BYTES, FRAME_BYTES):
                with pending[start : start + FRAME_BYTES] as frame:
                    chunks += self._seal(frame, last=False)
        del self._pending[: ready * FRAME_BYTES]
        return chunks

    def finish(self) -> list[bytes]:
        """Return the rest, the last frame at its end; a document of no bytes has an empty one."""
        if self._finished:
            raise RuntimeError("the document is finished")
        self._finished = True
        chunks = self._seal(self._pending, last=True)
        self._pending.clear()
        return chunks

    def _seal(self, plain: bytearray | memoryview, *, last: bool) -> list[bytes]:
        if self._frames >= MAX_FRAMES:
            raise ValueError("a document has at most 2**32 frames")
        nonce = _nonce(self._prefix, self._frames, last=last)
        sealed = self._cipher.encrypt(nonce, plain, self._associated_data)
        header = [bytes((FORMAT_VERSION,)) + self._prefix] if self._frames == 0 else []
        self._frames += 1
        return [*header, sealed]


def frame_spans(length: int) -> Iterator[FrameSpan]:
    """The frames of a document whose ciphertext has `length` bytes, in order.

    Raises IntegrityFailure if no document can have that length.
    """
    frames, rest = divmod(length - HEADER_BYTES, _SEALED_FRAME_BYTES)
    count = frames + (rest > 0)
    shortest = TAG_BYTES if frames == 0 else TAG_BYTES + 1  # only an empty document ends empty
    if length < HEADER_BYTES + TAG_BYTES or 0 < rest < shortest or count > MAX_FRAMES:
        raise IntegrityFailure(f"no document has {length} bytes of ciphertext")
    for number in range(count):
        last = number == count - 1
        yield FrameSpan(
            number=number,
            offset=HEADER_BYTES + number * _SEALED_FRAME_BYTES,
            length=rest if last and rest else _SEALED_FRAME_BYTES,
            last=last,
        )


def decrypt_frames(
    copies: Sequence[ReadAt], length: int, *, key: DataKey, binding: Binding
) -> Iterator[bytes]:
    """Yield the document frame by frame, each from the first copy whose frame is sound.

    `length` is what was recorded when the document was kept, never what a file happens to have.
    Raises IntegrityFailure at the first frame that no copy can give, StorageUnavailable instead
    where a copy could not be asked. Blocks as the readers do.
    """
    opened = [_Copy(read_at, key, binding) for read_at in copies]
    for span in frame_spans(length):
        yield _first_sound(opened, span)


class _Copy:
    """One copy of a document's ciphertext."""

    def __init__(self, read_at: ReadAt, key: DataKey, binding: Binding) -> None:
        self._read_at = read_at
        self._cipher = AESGCM(key)
        self._associated_data = binding.associated_data()
        self._prefix: bytes | None = None

    def open(self, span: FrameSpan) -> bytes:
        if self._prefix is None:
            self._prefix = self._read_prefix()
        sealed = self._read(span.offset, span.length)
        nonce = _nonce(self._prefix, span.number, last=span.last)
        try:
            return self._cipher.decrypt(nonce, sealed, self._associated_data)
        except InvalidTag as exc:
            raise IntegrityFailure(f"frame {span.number} is not what was kept") from exc

    def _read_prefix(self) -> bytes:
        header = self._read(0, HEADER_BYTES)
        if header[0] != FORMAT_VERSION:
            raise IntegrityFailure(f"unknown format version {header[0]}")
        return header[1:]

    def _read(self, offset: int, length: int) -> bytes:
        data = self._read_at(offset, length)
        if len(data) != length:
            raise IntegrityFailure(f"the ciphertext ends {length - len(data)} bytes too early")
        return data


def _first_sound(copies: Sequence[_Copy], span: FrameSpan) -> bytes:
    failure: StorageUnavailable | IntegrityFailure = IntegrityFailure("there is no copy")
    for copy in copies:
        try:
            return copy.open(span)
        except StorageUnavailable as exc:
            failure = exc  # outweighs damage elsewhere: this copy may be whole
        except IntegrityFailure as exc:
            failure = failure if isinstance(failure, StorageUnavailable) else exc
    raise failure


def _nonce(prefix: bytes, number: int, *, last: bool) -> bytes:
    return prefix + struct.pack(">IB", number, last)
