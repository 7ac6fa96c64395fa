"""Keys of letters: each letter has a data key, kept only wrapped under a key-encryption key.

A key-encryption key serves one month of letters of one retention class, so that the keys of what
must be gone can be destroyed together. Wrapping is AES-256-GCM with a random 96-bit nonce and the
letter's id as associated data: a wrapped key opens for its own letter only. NIST SP 800-38D, 8.3,
allows 2**32 random nonces under one key; a month has far fewer letters.

    wrapped key = version (1 byte) | length of the key id (1) | key id | nonce (12) | sealed (48)

Never lets a key-encryption key out of the service, never keeps a data key.
"""

import os
import re
import struct
import threading
from collections.abc import Callable
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import NewType, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.durable import create_once, make_folder, sync_folder
from storage.vault.crash_points import KEY_CREATED, CrashPoint, no_crash
from storage.vault.errors import KeyUnavailable, UnwrapRefused, storage_error
from storage.vault.stored import DataKey, KeyId
from tdh.domain.errors import IntegrityFailure
from tdh.domain.identifiers import LetterId

RetentionClass = NewType("RetentionClass", str)
"""How long content is kept, by name; lower-case letters, digits and dashes."""

STANDARD = RetentionClass("standard")

Admit = Callable[[LetterId], None]
"""Asked before each unwrap; raises UnwrapRefused to stop it."""

_KEY_BYTES = 32
_NONCE_BYTES = 12
_SEALED_BYTES = _KEY_BYTES + 16
_WRAP_VERSION = 1
_FILE_MAGIC = b"TDHKEK\x00\x01"
_CHECK_BYTES = 8
_MOST_FILE_BYTES = 4096
_KEY_ID = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-[a-z0-9][a-z0-9-]{0,31}")


class KeyService(Protocol):
    """Makes and opens data keys. May block; called from threads when it opens one."""

    def new_data_key(
        self, letter: LetterId, month: date, retention: RetentionClass = STANDARD
    ) -> tuple[DataKey, bytes]:
        """A fresh data key and its wrapped form, under the key of the letter's month.

        The key-encryption key is durable before this returns. Raises KeyUnavailable,
        StorageUnavailable, StorageFull.
        """

    def unwrap(self, letter: LetterId, wrapped: bytes) -> DataKey:
        """The data key of a letter. Each call is counted.

        Raises IntegrityFailure (altered, or of another letter), KeyUnavailable, UnwrapRefused.
        """


def key_id_of(wrapped: bytes) -> KeyId:
    """Which key-encryption key a wrapped key names. Raises IntegrityFailure if it is none."""
    return _parse(wrapped)[0]


def admit_all(letter: LetterId) -> None:
    """No limit on unwraps."""


class UnwrapBudget:
    """Lets through `burst` unwraps at once and `per_second` in the long run, in this process.

    A thief of the process's memory or of its rights empties the vault no faster than this.
    """

    def __init__(self, *, per_second: float, burst: float, clock: Callable[[], float]) -> None:
        self._per_second, self._burst, self._clock = per_second, burst, clock
        self._left, self._at = burst, clock()
        self._lock = threading.Lock()

    def __call__(self, _letter: LetterId) -> None:
        with self._lock:
            now = self._clock()
            self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
            self._at = now
            if self._left < 1:
                raise UnwrapRefused(f"more than {self._per_second:g} letters a second were opened")
            self._left -= 1


class FileKeyService:
    """Key-encryption keys as files of one folder, shared by the processes of one machine.

    The folder must not lie in the vault: who copies the vault must not get the keys with it.
    """

    def __init__(
        self, folder: Path, *, admit: Admit = admit_all, crash: CrashPoint = no_crash
    ) -> None:
        self._folder, self._admit, self._crash = folder, admit, crash
        self._lock = threading.Lock()
        self._ciphers: dict[KeyId, AESGCM] = {}
        self._durable: set[KeyId] = set()
        self.unwraps = 0
        try:
            make_folder(folder)
        except OSError as exc:
            raise storage_error("making the folder of keys", exc) from exc

    def new_data_key(
        self, letter: LetterId, month: date, retention: RetentionClass = STANDARD
    ) -> tuple[DataKey, bytes]:
        """As KeyService. Creates the month's key on first use: two fsyncs, once a month."""
        key_id = KeyId(f"{month:%Y-%m}-{retention}")
        if _KEY_ID.fullmatch(key_id) is None:
            raise ValueError(f"not a name of a retention class: {retention!r}")
        cipher = self._for_wrapping(key_id)
        data_key, nonce = os.urandom(_KEY_BYTES), os.urandom(_NONCE_BYTES)
        sealed = cipher.encrypt(nonce, data_key, _associated_data(letter, key_id))
        name = key_id.encode()
        wrapped = bytes((_WRAP_VERSION, len(name))) + name + nonce + sealed
        return DataKey(data_key), wrapped

    def unwrap(self, letter: LetterId, wrapped: bytes) -> DataKey:
        """As KeyService."""
        key_id, nonce, sealed = _parse(wrapped)
        self._admit(letter)
        with self._lock:
            self.unwraps += 1
            cipher = self._ciphers.get(key_id) or self._load(key_id)
        try:
            return DataKey(cipher.decrypt(nonce, sealed, _associated_data(letter, key_id)))
        except InvalidTag as exc:
            raise IntegrityFailure("the wrapped key is not this letter's, or altered") from exc

    def _for_wrapping(self, key_id: KeyId) -> AESGCM:
        with self._lock:
            if key_id not in self._durable:
                self._make_durable(key_id)
                self._durable.add(key_id)
            return self._ciphers.get(key_id) or self._load(key_id)

    def _make_durable(self, key_id: KeyId) -> None:
        path = self._path(key_id)
        try:
            if not path.exists():
                secret = _FILE_MAGIC + os.urandom(_KEY_BYTES)
                create_once(path, secret + sha256(secret).digest()[:_CHECK_BYTES])
            # Also when another process made it: that one may have died before its own fsync, and
            # letters wrapped under a key that a power loss takes away are lost.
            sync_folder(self._folder)
        except OSError as exc:
            raise storage_error(f"creating key {key_id}", exc) from exc
        self._crash(KEY_CREATED)

    def _load(self, key_id: KeyId) -> AESGCM:
        try:
            fd = os.open(self._path(key_id), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                mode, content = os.fstat(fd).st_mode, os.read(fd, _MOST_FILE_BYTES)
            finally:
                os.close(fd)
        except OSError as exc:
            raise KeyUnavailable(f"key {key_id}: {exc.strerror}") from exc
        if mode & 0o077:
            raise KeyUnavailable(f"key {key_id} may be read by other users")
        secret, check = content[:-_CHECK_BYTES], content[-_CHECK_BYTES:]
        key = secret.removeprefix(_FILE_MAGIC)
        if sha256(secret).digest()[:_CHECK_BYTES] != check or len(key) != _KEY_BYTES:
            raise KeyUnavailable(f"key {key_id} is damaged")
        return self._ciphers.setdefault(key_id, AESGCM(key))

    def _path(self, key_id: KeyId) -> Path:
        return self._folder / f"{key_id}.key"


def _associated_data(letter: LetterId, key_id: KeyId) -> bytes:
    letter_bytes, key_bytes = letter.encode(), key_id.encode()
    lengths = struct.pack(">BHH", _WRAP_VERSION, len(letter_bytes), len(key_bytes))
    return b"tdh-vault-key" + lengths + letter_bytes + key_bytes


def _parse(wrapped: bytes) -> tuple[KeyId, bytes, bytes]:
    """Key id, nonce, sealed data key. The key id will name a file: only our own pattern passes."""
    name_end = 2 + wrapped[1] if len(wrapped) > 2 else 0  # noqa: PLR2004 - after the two counts
    name = wrapped[2:name_end].decode("ascii", errors="replace")
    length = name_end + _NONCE_BYTES + _SEALED_BYTES
    if len(wrapped) != length or wrapped[0] != _WRAP_VERSION or not _KEY_ID.fullmatch(name):
        raise IntegrityFailure("not a wrapped key of this version")
    return KeyId(name), wrapped[name_end : name_end + _NONCE_BYTES], wrapped[-_SEALED_BYTES:]
