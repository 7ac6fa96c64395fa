"""Files to be checked: what kind each is, what lies beside it, and one report of all.

The kind is found from the bytes; where they say nothing, the name says what the file claims to be,
and its own check refuses it. Beside an evidence `NN-Event.xml` lie its proof `NN-Event.tlog-proof`
(or `NN-Event.xml.tlog-proof`) and `checkpoint.tsr`; beside a token `X.tsr` lies its data `X`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from signing import der
from signing.seal_check import Outcome
from signing.tlog_proof import MAX_PROOF_BYTES
from signing.trust_file import TrustFile
from signing.tst_info import TST_INFO
from signing.verify import words
from signing.verify.alone import check_proof, check_token, token_in
from signing.verify.evidence import Beside, ExaminedEvidence, examine
from signing.verify.head import Terms
from signing.verify.report import CheckId, CheckLine, FileReport, Kind, Report
from signing.verify.sequence import check_sequences

MAX_FILE_BYTES = 8 << 20
"""No more of a file is read: the largest evidence has 4 MiB. Data of a token is only hashed."""

PROOF_SUFFIX = ".tlog-proof"
HEAD_TOKENS = ("checkpoint.tsr", "checkpoint.tst")
_TOKEN_SUFFIXES = (".tsr", ".tst")
_CLAIMS: Mapping[str, Kind] = MappingProxyType(
    {
        ".xml": Kind.EVIDENCE,
        PROOF_SUFFIX: Kind.PROOF,
        ".tsr": Kind.TOKEN,
        ".tst": Kind.TOKEN,
        ".pdf": Kind.RECEIPT,
        ".asice": Kind.BUNDLE,
    }
)
_EVIDENCE_NAMESPACE = b"http://uri.etsi.org/19522/"
_PROOF_START = b"c2sp.org/tlog-proof@"
_BEGINNING = 4096
_LATER = MappingProxyType(
    {Kind.RECEIPT: words.LATER_RECEIPT, Kind.BUNDLE: words.LATER_BUNDLE, None: words.UNKNOWN_KIND}
)


def verify_files(
    paths: Sequence[Path], trust: TrustFile, at: datetime, *, require_anchor: bool = False
) -> Report:
    """Check the files, and the evidences of one delivery against each other.

    `at` is the time of the check. Raises OSError, with its `filename`, for a file that cannot be
    opened; whatever is wrong inside a file is in the report.
    """
    terms = Terms(trust=trust, at=at, require_anchor=require_anchor)
    contents = [read_file(path) for path in paths]
    kinds = [kind_of(data, path) for data, path in zip(contents, paths, strict=True)]
    given_tokens = [
        token_in(data) for data, kind in zip(contents, kinds, strict=True) if kind is Kind.TOKEN
    ]
    examined: dict[int, ExaminedEvidence] = {}
    lines: dict[int, tuple[CheckLine, ...]] = {}
    for number, (path, data, kind) in enumerate(zip(paths, contents, kinds, strict=True)):
        if kind is Kind.EVIDENCE:
            examined[number] = examine(data, _beside(path, given_tokens), terms)
        else:
            lines[number] = _check_other(path, data, kind, given_tokens, terms)
    sequences = check_sequences(list(examined.values()))
    for (number, evidence), sequence in zip(examined.items(), sequences, strict=True):
        lines[number] = (*evidence.lines, sequence)
    return Report(
        files=tuple(
            FileReport(file=str(path), kind=kinds[number], checks=lines[number])
            for number, path in enumerate(paths)
        )
    )


def kind_of(data: bytes, path: Path) -> Kind | None:
    """What the file is; None where neither its bytes nor its name tell."""
    start = data[:_BEGINNING]
    if start.lstrip().startswith(b"<") and _EVIDENCE_NAMESPACE in start:
        return Kind.EVIDENCE
    if start.startswith(_PROOF_START):
        return Kind.PROOF
    if start[:1] == bytes([der.SEQUENCE]) and der.oid(TST_INFO) in start:
        return Kind.TOKEN
    if b"%PDF-" in start[:1024]:
        return Kind.RECEIPT
    if start.startswith(b"PK\x03\x04"):
        return Kind.BUNDLE
    return _CLAIMS.get(path.suffix.lower())


def read_file(path: Path) -> bytes:
    """The file, or so much of it that every check refuses its length. Raises OSError."""
    with path.open("rb") as file:
        return file.read(MAX_FILE_BYTES + 1)


def _check_other(
    path: Path, data: bytes, kind: Kind | None, tokens: Sequence[bytes], terms: Terms
) -> tuple[CheckLine, ...]:
    match kind:
        case Kind.PROOF:
            return check_proof(data, [*_head_tokens(path), *tokens], terms)
        case Kind.TOKEN:
            # X.tsr stamps X; a token under another name does not say what it stamps.
            named = path.suffix.lower() in _TOKEN_SUFFIXES
            digest = _digest_if_there(path.with_suffix("")) if named else None
            return check_token(data, digest, path.stem if named else "?", terms)
        case _:
            later = CheckLine(id=CheckId.SCHEMA, outcome=Outcome.UNKNOWN, text=_LATER[kind])
            return (later,)


def _beside(path: Path, tokens: Sequence[bytes]) -> Beside:
    names = (path.with_suffix(PROOF_SUFFIX), path.with_name(path.name + PROOF_SUFFIX))
    for name in names:
        proof = _read_if_there(name, MAX_PROOF_BYTES)
        if proof is not None:
            return Beside(proof=proof, proof_name=name.name, tokens=[*_head_tokens(path), *tokens])
    return Beside(proof=None, proof_name=names[0].name)


def _head_tokens(path: Path) -> list[bytes]:
    found = (_read_if_there(path.with_name(name), MAX_FILE_BYTES) for name in HEAD_TOKENS)
    return [token_in(data) for data in found if data is not None]


def _digest_if_there(path: Path) -> bytes | None:
    # A folder that came from elsewhere may hold a pipe or a link to a device: never waited for.
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _read_if_there(path: Path, limit: int) -> bytes | None:
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return file.read(limit + 1)
