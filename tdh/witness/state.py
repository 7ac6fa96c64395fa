"""What a witness remembers on disk: one folder, used by one process, one file a log.

`witness` lists the keys that may work with this folder: one is written into it when it is made, so
that a witness never begins with an empty memory by mistake. `<SHA-256 of the origin>/checkpoint`
is the newest head that was cosigned, under a line with its time and digest; it is replaced whole
and is on the disk before anybody gets the cosignature. Files that do not fit are never repaired.
"""

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from signing.c2sp_text import read_decimal
from signing.checkpoint import MAX_NOTE_BYTES, Checkpoint, NoteError, split_note
from signing.durable import replace_file, sync_folder
from tdh.witness.errors import StateError, WitnessSetupError
from tdh.witness.rules import Held

KEYS_NAME = "witness"
LOCK_NAME = "lock"
HEAD_NAME = "checkpoint"
CONTRADICTION_NAME = "contradiction"
"""Two heads of one log, both signed by it, of one size and with two roots: proof of a fork. The one
that was held, an empty line, the one that was sent."""

_HEADER = "tdh-witness-head/v1"
_MOST_BYTES = MAX_NOTE_BYTES + 1024
_LAST_TIME = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())
_FOLDER = re.compile(r"[0-9a-f]{64}")


def origin_hash(origin: str) -> str:
    """How a log is named in paths (c2sp.org/tlog-witness, monitor retrieval)."""
    return hashlib.sha256(origin.encode()).hexdigest()


def allow_keys(folder: Path, vkeys: Sequence[str]) -> None:
    """Make the folder if there is none, and let new keys work with it. Raises OSError.

    Only for keys that never signed: an old key with a younger memory could sign two histories.
    """
    if not folder.exists():
        folder.mkdir(mode=0o700)
        sync_folder(folder.parent)
    known = _read_keys(folder / KEYS_NAME)
    replace_file(folder / KEYS_NAME, "".join(f"{vkey}\n" for vkey in (*known, *vkeys)).encode())


class StateFolder:
    """The open folder. A second process that opens it gets StateError."""

    __slots__ = ("_folder", "_lock")

    def __init__(self, folder: Path, vkeys: Sequence[str]) -> None:
        """Open the folder for a witness with these keys.

        Raises:
            StateError: another process uses it, or it is none.
            WitnessSetupError: it is not the memory of these keys.

        """
        self._folder = folder
        try:
            known = _read_keys(folder / KEYS_NAME)
            self._lock = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            raise StateError(folder, f"cannot be opened: {exc}") from exc
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            os.close(self._lock)
            raise StateError(folder, "another process uses it") from exc
        if any(vkey not in known for vkey in vkeys):
            os.close(self._lock)
            why = "is not the memory of these keys: it was made for others, or was emptied"
            raise WitnessSetupError(f"{folder} {why}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Let another process use the folder."""
        os.close(self._lock)

    def read(self) -> Iterator[tuple[str, Held]]:
        """Origin and newest head of each log. Raises StateError at a damaged one."""
        for folder in sorted(self._folder.iterdir()):
            if folder.is_dir() and _FOLDER.fullmatch(folder.name):
                path = folder / HEAD_NAME
                # Between the two steps of a first `write` a folder is empty: nothing was signed.
                if path.exists():
                    yield _read_head(path)

    def write(self, origin: str, held: Held) -> None:
        """Remember a head; return when it is on the disk. Raises OSError, and then may or may not.

        If we die before the end, the old head or the new one is there, whole, and nobody has a
        cosignature of the new one.
        """
        seconds = 0 if held.time is None else int(held.time.timestamp())
        body = b"%d\n" % seconds + held.note
        first = f"{_HEADER} {hashlib.sha256(body).hexdigest()}\n".encode()
        replace_file(self._folder_of(origin) / HEAD_NAME, first + body)

    def write_contradiction(self, origin: str, held_note: bytes, sent_note: bytes) -> None:
        """Keep the first proof that a log has two histories. Raises OSError."""
        path = self._folder_of(origin) / CONTRADICTION_NAME
        if not path.exists():
            replace_file(path, held_note + b"\n" + sent_note)

    def has_contradiction(self, origin: str) -> bool:
        """Whether such a proof is kept."""
        return (self._folder / origin_hash(origin) / CONTRADICTION_NAME).exists()

    def _folder_of(self, origin: str) -> Path:
        folder = self._folder / origin_hash(origin)
        if not folder.exists():
            folder.mkdir(mode=0o700)
            sync_folder(self._folder)
        return folder


def _read_keys(path: Path) -> tuple[str, ...]:
    try:
        return tuple(path.read_text(encoding="utf-8").splitlines())
    except FileNotFoundError:
        return ()
    except UnicodeDecodeError as exc:
        raise StateError(path, "is no list of keys") from exc


def _read_head(path: Path) -> tuple[str, Held]:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as exc:
        raise StateError(path, f"cannot be read: {exc}") from exc
    first, _, body = content.partition(b"\n")
    if first.decode("latin-1") != f"{_HEADER} {hashlib.sha256(body).hexdigest()}":
        raise StateError(path, "is torn or was changed")
    seconds, _, note = body.partition(b"\n")
    time = read_decimal(seconds.decode("latin-1"))
    try:
        head = Checkpoint.parse(split_note(note)[0])
    except NoteError as exc:
        raise StateError(path, f"holds no head: {exc}") from exc
    if not time or time > _LAST_TIME or path.parent.name != origin_hash(head.origin):
        raise StateError(path, "holds the head of another log, or has no time")
    at = datetime.fromtimestamp(time, UTC)
    return head.origin, Held(size=head.size, root=head.root, time=at, note=note)
