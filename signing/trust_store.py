"""A signed trust store on disk: opened by its key, and changed without ever being half changed.

The folder holds `trust-store.note` (signed list), `anchors/`, `intermediates/`, *.crl, *.ocsp.
A change is *staged* first: new files beside the old ones, under names that no reader looks at, on
the disk before anything else happens. Whoever stages then makes the change known (`tdh.trust`
enters it into the log's database) and *settles* it by renaming, certificate before note. So after
a crash there is either nothing staged that counts, or a complete staged change to go on with.
"""

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from asn1crypto import pem

from signing.checkpoint import MAX_NOTE_BYTES, NoteSigner, NoteVerifier, open_text, sign_text
from signing.durable import sync_folder, write_over
from signing.errors import ProofError
from signing.trust import (
    ANCHORS,
    CERTIFICATE_SUFFIXES,
    INTERMEDIATES,
    NOTE,
    TrustError,
    TrustFolder,
    load_listed,
    read_file,
)
from signing.trust_list import TrustList

STAGED = ".next"
"""Ends the names of staged files; no such file is ever read as trust."""
_READABLE = 0o644
"""Whom we trust is no secret; the signature keeps it from being changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedList:
    """A list whose signature was verified."""

    listed: TrustList
    digest: bytes
    """SHA-256 of the whole note."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustStore:
    """A store as it was found: signed, complete, and nothing in it that is not listed."""

    signed: SignedList
    trust: TrustFolder


def open_store(folder: Path, verifier: NoteVerifier) -> TrustStore:
    """Read a store.

    Raises:
        TrustError: no note, another's signature, or anchors that are not those of the list.

    """
    signed = read_list(folder / NOTE, verifier)
    return TrustStore(signed=signed, trust=load_listed(folder, signed.listed))


def read_list(path: Path, verifier: NoteVerifier) -> SignedList:
    """Verify and read a note. Raises TrustError."""
    note = read_file(path, MAX_NOTE_BYTES)
    try:
        text, _ = open_text(note, [verifier])
        return SignedList(listed=TrustList.parse(text), digest=hashlib.sha256(note).digest())
    except ProofError as problem:
        raise TrustError(path, str(problem)) from problem


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Keep other writers out for the block. Raises TrustError if there is one."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as problem:
        raise TrustError(folder, problem.strerror or str(problem)) from problem
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise TrustError(folder, "another command is changing it") from problem
        yield
    finally:
        os.close(handle)


def lay_out(folder: Path) -> None:
    """Make the folders of a new store.

    Raises:
        TrustError: it is a store already, or holds certificates that no list would name.

    """
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / NOTE).exists():
        raise TrustError(folder / NOTE, "is there already")
    for path in sorted(folder.rglob("*")):
        helps = INTERMEDIATES in path.relative_to(folder).parts[:-1]
        if path.suffix.lower() in CERTIFICATE_SUFFIXES and not helps:
            raise TrustError(path, "lies in the way; move it elsewhere, then add it to the store")
    (folder / ANCHORS).mkdir(exist_ok=True)


def stage(
    folder: Path, listed: TrustList, signer: NoteSigner, certificates: Mapping[str, bytes]
) -> None:
    """Write the next list, signed, and new certificates (name to DER); durable on return."""
    for name, der in certificates.items():
        write_over(folder / ANCHORS / (name + STAGED), pem.armor("CERTIFICATE", der), _READABLE)
    sync_folder(folder / ANCHORS)
    write_over(folder / (NOTE + STAGED), sign_text(listed.text(), signer), _READABLE)
    sync_folder(folder)


def staged(folder: Path, verifier: NoteVerifier) -> SignedList | None:
    """The change that waits; None also for one that was cut off while it was staged."""
    try:
        return read_list(folder / (NOTE + STAGED), verifier)
    except TrustError:
        return None


def settle(folder: Path, crash: Callable[[str], None] = lambda _name: None) -> None:
    """Put what is staged into force. Harmless to repeat after a crash in the middle."""
    for path in (folder / ANCHORS).glob(f"*{STAGED}"):
        path.replace(path.with_suffix(""))
    sync_folder(folder / ANCHORS)
    crash("trust.half-settled")
    path = folder / (NOTE + STAGED)
    path.replace(folder / NOTE)
    sync_folder(folder)


def unstage(folder: Path) -> None:
    """Forget what is staged."""
    with suppress(FileNotFoundError):
        (folder / (NOTE + STAGED)).unlink()
    for path in (folder / ANCHORS).glob(f"*{STAGED}"):
        path.unlink()
