"""The files that are given, and what lies beside them: found by name, read within limits.

The kind of a file is found from its first bytes; where they say nothing, its name says what it
claims to be, and its own check refuses it. Beside an evidence `NN-Event.xml` lie its proof
`NN-Event.tlog-proof`, its archive record `NN-Event.ers` (both may also be called after the whole
name), timestamps of heads `checkpoint*.tsr` or `.tst`, and `envelope.json`. Whoever packed the
folder chose what lies there: pipes and devices are never opened, long files never read to the end.
"""

import errno
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from signing import der
from signing.archive.record import MAX_RECORD_BYTES
from signing.checkpoint import MAX_NOTE_BYTES, NoteError, without_cosignatures
from signing.errors import ProofError
from signing.timestamps import token_of_reply
from signing.tlog_proof import MAX_PROOF_BYTES
from signing.tst_info import TST_INFO
from signing.verify.evidence import Beside
from signing.verify.report import Kind

MAX_FILE_BYTES = 8 << 20
"""No more of a file is read: the largest evidence has 4 MiB. Data of a token is only hashed."""
MAX_TOKEN_BYTES = 1 << 16
"""A timestamp has some 3,000 bytes."""
MAX_HEAD_TOKENS = 1024
"""No more of a folder are looked at."""
MAX_PROOFS = 1024
"""No more of a folder are searched for the head that a token is over."""

PROOF_SUFFIX = ".tlog-proof"
RECORD_SUFFIX = ".ers"
TOKEN_SUFFIXES = (".tsr", ".tst")
ENVELOPE = "envelope.json"
_HEAD = "checkpoint"
_CLAIMS: Mapping[str, Kind] = MappingProxyType(
    {
        ".xml": Kind.EVIDENCE,
        PROOF_SUFFIX: Kind.PROOF,
        ".tsr": Kind.TOKEN,
        ".tst": Kind.TOKEN,
        RECORD_SUFFIX: Kind.TOKEN,
        ".pdf": Kind.RECEIPT,
        ".asice": Kind.BUNDLE,
    }
)
_EVIDENCE_NAMESPACE = b"http://uri.etsi.org/19522/"
_PROOF_START = b"c2sp.org/tlog-proof@"
_BEGINNING = 4096
_PDF_START = 1024
_HEAD_START = re.compile(rb"[^\n]+\n[0-9]+\n[A-Za-z0-9+/]{43}=\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenFile:
    """A file to be checked."""

    path: Path
    kind: Kind | None
    data: bytes
    """All of it, or so much that every check refuses its length; of a bundle only the beginning."""

    @classmethod
    def open(cls, path: Path) -> "GivenFile":
        """Read what is needed. Raises OSError, with its `filename`; also for pipes and devices."""
        if path.exists() and not (path.is_file() or path.is_dir()):
            # One of a stranger's folder would be waited for, or read, for ever.
            raise OSError(errno.EINVAL, "not a plain file", str(path))
        with path.open("rb") as file:
            start = file.read(_BEGINNING)
            kind = kind_of(start, path)
            rest = b"" if kind is Kind.BUNDLE else file.read(MAX_FILE_BYTES + 1 - len(start))
        return cls(path=path, kind=kind, data=start + rest)


def kind_of(start: bytes, path: Path) -> Kind | None:
    """What the file is; None where neither its first bytes nor its name tell."""
    if start.lstrip().startswith(b"<") and _EVIDENCE_NAMESPACE in start:
        return Kind.EVIDENCE
    if start.startswith(_PROOF_START):
        return Kind.PROOF
    if start[:1] == bytes([der.SEQUENCE]) and der.oid(TST_INFO) in start:
        return Kind.TOKEN
    if is_head(start):
        return Kind.PROOF
    if b"%PDF-" in start[:_PDF_START]:
        return Kind.RECEIPT
    if start.startswith(b"PK\x03\x04"):
        return Kind.BUNDLE
    return _CLAIMS.get(path.suffix.lower())


def is_head(start: bytes) -> bool:
    """Whether this is a head of a log by itself (c2sp.org/tlog-checkpoint)."""
    return _HEAD_START.match(start) is not None


def token_in(data: bytes) -> bytes:
    """The token in a file that has either a token or an authority's whole reply."""
    try:
        return token_of_reply(data)
    except ProofError:
        return data


@dataclass(slots=True)
class Surroundings:
    """What lies beside the given files; each folder's timestamps are read once."""

    given: Sequence[bytes] = ()
    """Timestamps that were given as files: they may be of any head."""
    _tokens: dict[Path, tuple[bytes, ...]] = field(default_factory=dict)
    _heads: dict[Path, dict[bytes, str]] = field(default_factory=dict)

    def of_evidence(self, path: Path) -> Beside:
        """All that belongs to an evidence, so far as it is there."""
        named = path.with_suffix(PROOF_SUFFIX), path.with_name(path.name + PROOF_SUFFIX)
        proof = next((each for each in named if each.is_file()), None)
        records = path.with_suffix(RECORD_SUFFIX), path.with_name(path.name + RECORD_SUFFIX)
        record = next((each for each in records if each.is_file()), None)
        return Beside(
            proof=None if proof is None else read_if_there(proof, MAX_PROOF_BYTES),
            proof_name=(proof or named[0]).name,
            tokens=self.tokens(path),
            record=None if record is None else read_if_there(record, MAX_RECORD_BYTES),
            envelope=read_if_there(path.with_name(ENVELOPE), MAX_FILE_BYTES),
        )

    def tokens(self, path: Path) -> tuple[bytes, ...]:
        """Timestamps of heads in the file's folder, and those that were given."""
        folder = path.parent
        if folder not in self._tokens:
            self._tokens[folder] = _head_tokens(folder)
        return (*self._tokens[folder], *self.given)

    def head_of(self, path: Path, token: bytes) -> tuple[str, tuple[bytes]] | None:
        """A proof in the same folder whose head a token is over: its name, the head's digest."""
        folder = path.parent
        if folder not in self._heads:
            self._heads[folder] = _heads_in_proofs(folder)
        return next(
            ((name, (digest,)) for digest, name in self._heads[folder].items() if digest in token),
            None,
        )


def data_of_token(path: Path) -> Path | None:
    """What a token is for by its name: `X.tsr` stamps `X`. None where the name does not say it."""
    return path.with_suffix("") if path.suffix.lower() in TOKEN_SUFFIXES else None


def data_of_record(path: Path) -> Path:
    """What an archive record is for by its name: of `X.ers` the evidence `X.xml`, else `X`."""
    evidence = path.with_suffix(".xml")
    return evidence if evidence.is_file() else path.with_suffix("")


def digests_if_there(path: Path) -> tuple[bytes, ...]:
    """SHA-256 of a file of any size; of a head with cosignatures also that without them."""
    if not path.is_file():
        return ()
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    note = read_if_there(path, MAX_NOTE_BYTES) or b""
    try:
        return digest, hashlib.sha256(without_cosignatures(note)).digest()
    except NoteError:
        return (digest,)


def read_if_there(path: Path, limit: int) -> bytes | None:
    """The file, or a byte more of it than the limit; None where there is no plain file."""
    # A folder that came from elsewhere may hold a pipe or a link to a device: never waited for.
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return file.read(limit + 1)


def _heads_in_proofs(folder: Path) -> dict[bytes, str]:
    """The digest that a timestamp of a head is over, and the first proof that has the head."""
    found = dict[bytes, str]()
    proofs = sorted(path for path in folder.iterdir() if path.suffix == PROOF_SUFFIX)
    for path in proofs[:MAX_PROOFS]:
        _, _, note = (read_if_there(path, MAX_PROOF_BYTES) or b"").partition(b"\n\n")
        try:
            found.setdefault(hashlib.sha256(without_cosignatures(note)).digest(), path.name)
        except NoteError:
            continue
    return found


def _head_tokens(folder: Path) -> tuple[bytes, ...]:
    found = sorted(
        path
        for path in folder.iterdir()
        if path.name.startswith(_HEAD) and path.suffix.lower() in TOKEN_SUFFIXES
    )
    contents = (read_if_there(path, MAX_TOKEN_BYTES) for path in found[:MAX_HEAD_TOKENS])
    return tuple(token_in(data) for data in contents if data and len(data) <= MAX_TOKEN_BYTES)
