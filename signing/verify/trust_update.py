"""A new trust file for an old one: taken only if the log, as the old one knows it, says so.

The operator enters an operation `trust-file` (version, digest) into the log; its proof must verify
under the *old* file: by a log key that is in nobody else's hands, anchored where the old file asks
for outsiders. Versions never go back, no compromised key is forgotten, no root of the operator's
timestamps and no key of the log goes without a word unless the reader names it, and whom else he
believes (witnesses, outside authorities) is his own choice, which no operator changes for him
unless he says so. Never fetches anything and never writes.
"""

import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from signing.c2sp_text import read_decimal
from signing.compromise import CompromisedKey, LogVerifier, name_of_verifier, names_of_path
from signing.errors import ProofError
from signing.log_entry import LogEntryError, operation_entry, parse_operation_entry
from signing.seal_check import Outcome
from signing.tlog_proof import TlogProof
from signing.trust_file import TrustFile
from signing.verify import trust_words as words
from signing.verify.head import check_anchor, check_inclusion, check_signature, claimed_head
from signing.verify.report import Text
from signing.verify.spoken import name_of, plain
from signing.verify.terms import Terms
from signing.verify.voices import hear

OPERATION = "trust-file"
Item = TypeVar("Item")
_DIGEST = re.compile(r"sha-256 [0-9a-f]{64}")


class TrustUpdateError(ProofError):
    """Why a new trust file is not taken; `text` says it in two languages."""

    code = "trust-update-refused"

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What the log says of a trust file."""

    version: int
    digest: bytes
    time: datetime
    """By the entry, cut to the minute."""
    origin: str
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that is otherwise in the new file."""

    text: Text
    of_outsiders: bool = False
    """About those who watch the operator."""


def publication_entry(version: int, content: bytes, time: datetime) -> bytes:
    """The entry by which an operator publishes a trust file."""
    digest = hashlib.sha256(content).hexdigest()
    fields = [("version", str(version)), ("digest", f"sha-256 {digest}")]
    return operation_entry(OPERATION, time, fields)


def check_publication(
    new: bytes, proof: bytes, terms: Terms, tokens: Sequence[bytes] = ()
) -> Publication:
    """What the log that `terms` believes says of this file. Raises TrustUpdateError.

    `tokens`: timestamps over the proof's head, for terms that ask for an anchor.
    """
    found = read_publication(proof)
    if found.digest != hashlib.sha256(new).digest():
        raise TrustUpdateError(words.OTHER_FILE)
    parsed = TlogProof.parse(proof)
    sound = [log for log in terms.trust.logs if terms.key_in_other_hands(log) is None]
    if not sound:
        raise TrustUpdateError(words.LOG_LOST if terms.trust.logs else words.NO_LOG)
    believed = replace(terms, trust=replace(terms.trust, logs=tuple(sound)))
    voices = hear(parsed.checkpoint_note, tokens, believed)
    entry = parsed.extra or b""
    lines = (
        check_inclusion(parsed, entry),
        check_signature(parsed.checkpoint_note, believed, voices, None),
        check_anchor(parsed.checkpoint_note, believed, voices, None),
    )
    for line in lines:
        if line.outcome is Outcome.FAIL or (line.outcome is Outcome.UNKNOWN and line.needed):
            raise TrustUpdateError(line.text)
    return found


def read_publication(proof: bytes) -> Publication:
    """What a proof says, believed by nobody yet. Raises TrustUpdateError."""
    try:
        parsed = TlogProof.parse(proof)
        operation = parse_operation_entry(parsed.extra or b"")
        origin = claimed_head(parsed.checkpoint_note).origin
    except LogEntryError as exc:
        raise TrustUpdateError(words.NO_PUBLICATION) from exc
    except ProofError as exc:
        raise TrustUpdateError(words.PROOF_BROKEN.of(why=exc)) from exc
    fields = dict(operation.fields)
    version, digest = read_decimal(fields.get("version", "")), fields.get("digest", "")
    known = operation.kind == OPERATION and set(fields) == {"version", "digest"}
    if not known or not version or not _DIGEST.fullmatch(digest):
        raise TrustUpdateError(words.NO_PUBLICATION)
    return Publication(
        version=version,
        digest=bytes.fromhex(digest.removeprefix("sha-256 ")),
        time=operation.time,
        origin=origin,
        index=parsed.index,
    )


def check_change(
    old: TrustFile,
    new: TrustFile,
    found: Publication,
    known: Publication | None,
    dropped: Collection[str] = (),
) -> tuple[Change, ...]:
    """What is otherwise in the new file. Raises TrustUpdateError where it must not be taken.

    `known`: the publication of the old file, where its proof was kept. `dropped`: SHA-256 in
    hexadecimal digits, as `fingerprints` tells them, of what may go without being compromised.
    """
    if known is not None and known.origin == found.origin:
        same = (found.version, found.digest) == (known.version, known.digest)
        if found.version <= known.version and not same:
            raise TrustUpdateError(words.OLDER.of(new=found.version, old=known.version))
    origins = {log.name for log in old.logs}
    if origins != {found.origin}:
        raise TrustUpdateError(words.SEVERAL_LOGS.of(origin=found.origin))
    if {log.name for log in new.logs} != origins:
        raise TrustUpdateError(words.OTHER_LOG.of(origin=found.origin))
    since = {each.key: each.since for each in new.compromised}
    for each in old.compromised:
        if each.key not in since or since[each.key] > each.since:
            raise TrustUpdateError(words.FORGOTTEN.of(key=each.key[:16]))
    return (*_drops(old, new, dropped), *_changes(old, new))


def _drops(old: TrustFile, new: TrustFile, named: Collection[str]) -> Iterator[Change]:
    """Loud lines for what the reader named. Raises TrustUpdateError for what he did not."""
    lost = {each.key for each in new.compromised}
    gone = [
        (
            words.TSA_ROOT,
            one.fingerprint(SHA256()).hex(),
            "".join(names_of_path([one])),
            _certificate(one),
        )
        for one in old.tsa_roots
        if one not in new.tsa_roots
    ]
    gone += [
        (words.LOG_KEY, name_of_verifier(one), name_of_verifier(one), _verifier(one))
        for one in old.logs
        if one not in new.logs
    ]
    for what, digits, key, name in gone:
        if key in lost:
            continue
        if digits not in named:
            raise TrustUpdateError(_named(words.DROPPED, what, name, digits))
        yield Change(text=_named(words.DROPPED_AS_TOLD, what, name))


def merged(old: TrustFile, new: TrustFile) -> TrustFile:
    """The new file with the outsiders of the old one: the reader's own choice stays."""
    return replace(
        new,
        outside_tsa_roots=old.outside_tsa_roots,
        witnesses=old.witnesses,
        witness_threshold=old.witness_threshold,
    )


def fingerprints(trust: TrustFile) -> Iterator[Text]:
    """Everything that a trust file believes, a line each, to be compared with somebody else's."""
    for what, found in (
        (words.SEAL_ROOT, map(_certificate, trust.seal_roots)),
        (words.TSA_ROOT, map(_certificate, trust.tsa_roots)),
        (words.OUTSIDE_ROOT, map(_certificate, trust.outside_tsa_roots)),
        (words.LOG_KEY, map(_verifier, trust.logs)),
        (words.WITNESS, map(_verifier, trust.witnesses)),
        (words.COMPROMISED, map(_lost, trust.compromised)),
    ):
        for name in found:
            yield _named(words.ONE, what, name)


def _changes(old: TrustFile, new: TrustFile) -> Iterator[Change]:
    yield from _lists(words.SEAL_ROOT, old.seal_roots, new.seal_roots, _certificate)
    yield from _lists(words.TSA_ROOT, old.tsa_roots, new.tsa_roots, _certificate)
    yield from _lists(words.LOG_KEY, old.logs, new.logs, _verifier)
    yield from _lists(words.COMPROMISED, old.compromised, new.compromised, _lost)
    outside = _lists(words.OUTSIDE_ROOT, old.outside_tsa_roots, new.outside_tsa_roots, _certificate)
    witnesses = _lists(words.WITNESS, old.witnesses, new.witnesses, _verifier)
    for change in (*outside, *witnesses):
        yield replace(change, of_outsiders=True)
    if old.witness_threshold != new.witness_threshold:
        text = words.THRESHOLD.of(old=old.witness_threshold, new=new.witness_threshold)
        yield Change(text=text, of_outsiders=True)


def _lists(
    what: Text, old: Sequence[Item], new: Sequence[Item], name: Callable[[Item], str]
) -> Iterator[Change]:
    for sentence, some in (
        (words.ADDED, [one for one in new if one not in old]),
        (words.REMOVED, [one for one in old if one not in new]),
    ):
        for one in some:
            yield Change(text=_named(sentence, what, name(one)))


def _named(sentence: Text, what: Text, name: str, digits: str = "") -> Text:
    return Text(
        th=sentence.th.format(what=what.th, name=name, digits=digits),
        en=sentence.en.format(what=what.en, name=name, digits=digits),
    )


def _certificate(one: x509.Certificate) -> str:
    return f"{name_of(one)} {grouped(one.fingerprint(SHA256()).hex())}"


def _verifier(one: LogVerifier) -> str:
    return f"{plain(one.name)} {grouped(name_of_verifier(one))}"


def _lost(one: CompromisedKey) -> str:
    return f"{grouped(one.key)} {one.since.isoformat()}"


def grouped(digits: str) -> str:
    """Hexadecimal digits in groups of four, to be read out."""
    return " ".join(digits[place : place + 4] for place in range(0, len(digits), 4))
