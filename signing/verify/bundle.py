"""A bundle (`.asice`): its container, its seal, every evidence in it, and what they name.

The steps: (1) the container is in its one form (`signing.bundle.zip_reader`) and has only files
that a bundle can have; (2) the manifest names every one of them by its digest; (3) the seal is over
the manifest, under a root that the verifier trusts, by the organisation that sealed the evidence;
(4) each evidence stands by itself, as a file would; (5) they are of one delivery and follow one
another; (6) documents, envelope and reports are those that the evidence names; (7) each receipt
stands by itself, too. Nothing in the bundle is an anchor: `claims/` is only compared with the
manifest. Streams: memory does not grow with documents. Never writes a file.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from signing.bundle.manifest import (
    MANIFEST_NAME,
    MAX_MANIFEST_BYTES,
    SEAL_NAME,
    ManifestEntry,
    read_manifest,
)
from signing.bundle.zip_form import MIMETYPE_NAME
from signing.bundle.zip_reader import ContainerError, ReadEntry, read_container
from signing.cms import MAX_DETACHED_BYTES
from signing.errors import ProofError
from signing.seal_check import Outcome
from signing.tlog_proof import MAX_PROOF_BYTES
from signing.verify import bundle_words as words
from signing.verify.beside import token_in
from signing.verify.bundle_receipts import examine_receipts
from signing.verify.bundle_seal import check_bundle_seal
from signing.verify.evidence import Beside, ExaminedContainer, ExaminedEvidence, examine
from signing.verify.forks import find_forks, seen_in_proof
from signing.verify.report import CheckId, CheckLine, Text
from signing.verify.sequence import check_sequences
from signing.verify.terms import Terms
from signing.verify.words import CHECKPOINT_FORK
from tdh.domain.envelope import ENVELOPE
from tdh.domain.evidence import EvidenceFacts

MAX_EVIDENCE_FILE = 5 << 20
MAX_RECORD_BYTES = 1 << 20
MAX_TOKEN_BYTES = 1 << 17
MAX_RECEIPT_BYTES = 8 << 20

_OWN = frozenset({MIMETYPE_NAME, MANIFEST_NAME, SEAL_NAME})
_ENVELOPE = "envelope.json"
_EVIDENCE = re.compile(r"evidence/([0-9]{2,8})-([A-Za-z]{1,64})\.xml")
_DOCUMENT = re.compile(r"documents/([1-9][0-9]{0,3})-[^/]+")
_REPORT = re.compile(r"reports/([1-9][0-9]{0,3})\.json")
_TOKEN = re.compile(r"evidence/checkpoint[A-Za-z0-9._-]*\.ts[rt]")
_KNOWN: Sequence[tuple[re.Pattern[str], int]] = (
    (re.compile(re.escape(MANIFEST_NAME)), MAX_MANIFEST_BYTES),
    (re.compile(re.escape(SEAL_NAME)), MAX_DETACHED_BYTES),
    (_EVIDENCE, MAX_EVIDENCE_FILE),
    (re.compile(r"evidence/[0-9]{2,8}-[A-Za-z]{1,64}\.tlog-proof"), MAX_PROOF_BYTES),
    (re.compile(r"evidence/[0-9]{2,8}-[A-Za-z]{1,64}\.ers"), MAX_RECORD_BYTES),
    (_TOKEN, MAX_TOKEN_BYTES),
    (_DOCUMENT, 0),
    (_REPORT, 0),
    (re.compile(rf"{MIMETYPE_NAME}|{re.escape(_ENVELOPE)}|README\.(?:th|en)\.txt"), 0),
    (re.compile(r"receipts/[A-Za-z0-9._-]+\.pdf"), MAX_RECEIPT_BYTES),
    (re.compile(r"claims/[A-Za-z0-9._-]+"), 0),
)
"""Every name that a file of a bundle can have, and how much of it is kept; 0: its digest only."""

Files = Mapping[str, ReadEntry]


def check_bundle(path: Path, terms: Terms) -> tuple[CheckLine, ...]:
    """Check a whole bundle. Raises OSError only: what is wrong inside is in the lines."""
    return examine_bundle(path, terms).lines


def examine_bundle(path: Path, terms: Terms) -> ExaminedContainer:
    """The same, and the evidences inside. Raises OSError only."""
    try:
        files = read_container(path, _limit_of)  # (1)
        manifest = read_manifest(_content(files, MANIFEST_NAME))
        seal = _content(files, SEAL_NAME)
    except ProofError as exc:
        broken = _line(CheckId.SCHEMA, Outcome.FAIL, words.SCHEMA_BROKEN.of(why=exc))
        return ExaminedContainer(lines=(broken,))
    examined = _examine(files, terms)  # (4)
    receipts = examine_receipts(files, examined.values(), terms)  # (7)
    facts = _facts(examined.values())
    lines = (
        _line(CheckId.SCHEMA, Outcome.PASS, words.SCHEMA_HOLDS.of(count=len(files))),
        _manifest(files, manifest),  # (2)
        *check_bundle_seal(_content(files, MANIFEST_NAME), seal, examined.values(), terms),  # (3)
        *_together(examined),
        *_sequence(examined),  # (5)
        *_forks({**examined, **receipts.evidences}),
        *_named(files, facts),  # (6)
        *receipts.lines,
    )
    inside = (*examined.values(), *receipts.evidences.values())
    return ExaminedContainer(lines=lines, evidences=inside)


def _limit_of(name: str) -> int:
    for pattern, limit in _KNOWN:
        if pattern.fullmatch(name):
            return limit
    raise ContainerError(f"{name} is no file of a bundle")


def _content(files: Files, name: str) -> bytes:
    found = files.get(name)
    if found is None or found.content is None:
        raise ContainerError(f"{name} is missing")
    return found.content


def _manifest(files: Files, manifest: Sequence[ManifestEntry]) -> CheckLine:
    """Every file but the seal's own is named, by its digest; and no other."""
    named = {entry.uri: entry.sha256 for entry in manifest}
    there = {name: entry.sha256 for name, entry in files.items() if name not in _OWN}
    for name in (*named, *there):
        if named.get(name) != there.get(name):
            return _line(CheckId.DIGEST, Outcome.FAIL, words.MANIFEST_OTHER.of(name=name))
    return _line(CheckId.DIGEST, Outcome.PASS, words.MANIFEST_HOLDS.of(count=len(named)))


def _examine(files: Files, terms: Terms) -> Mapping[str, ExaminedEvidence]:
    """Each evidence by its name, with what lies beside it."""
    tokens = [
        token_in(entry.content)
        for name, entry in files.items()
        if _TOKEN.fullmatch(name) and entry.content is not None
    ]
    found: dict[str, ExaminedEvidence] = {}
    for name, entry in files.items():
        if not _EVIDENCE.fullmatch(name) or entry.content is None:
            continue
        stem = name.removesuffix(".xml")
        beside = Beside(
            proof=_beside(files, f"{stem}.tlog-proof"),
            proof_name=f"{stem}.tlog-proof",
            tokens=tokens,
            record=_beside(files, f"{stem}.ers"),
        )
        found[stem.removeprefix("evidence/")] = examine(entry.content, beside, terms)
    return found


def _beside(files: Files, name: str) -> bytes | None:
    found = files.get(name)
    return None if found is None else found.content


def _together(examined: Mapping[str, ExaminedEvidence]) -> Iterable[CheckLine]:
    """The lines of all evidences; those that say the same are one line."""
    same: dict[CheckLine, list[str]] = {}
    for name, one in examined.items():
        for line in one.lines:
            same.setdefault(line, []).append(name.partition("-")[0])
    if not examined:
        yield _line(CheckId.SCHEMA, Outcome.FAIL, words.NO_EVIDENCE)
    for line in sorted(same, key=lambda each: list(CheckId).index(each.id)):
        which = ", ".join(same[line])
        text = Text(
            th=words.EACH.th.format(which=which, text=line.text.th),
            en=words.EACH.en.format(which=which, text=line.text.en),
        )
        yield CheckLine(id=line.id, outcome=line.outcome, text=text, needed=line.needed)


def _sequence(examined: Mapping[str, ExaminedEvidence]) -> Iterable[CheckLine]:
    for name, one in examined.items():
        facts = None if one.content is None else one.content.facts
        if facts is not None and name != f"{facts.sequence:02d}-{facts.event}":
            yield _line(CheckId.SEQUENCE, Outcome.FAIL, words.OTHER_NAME.of(name=name))
    contents = [one.content for one in examined.values() if one.content is not None]
    if len({(each.issuer.origin, each.facts.pseudonym) for each in contents}) > 1:
        yield _line(CheckId.SEQUENCE, Outcome.FAIL, words.SEVERAL_DELIVERIES)
        return
    yield from dict.fromkeys(check_sequences(list(examined.values())))
    if contents and min(each.facts.sequence for each in contents) != 1:
        yield _line(CheckId.SEQUENCE, Outcome.UNKNOWN, words.FIRST_MISSING)


def _forks(examined: Mapping[str, ExaminedEvidence]) -> Iterable[CheckLine]:
    """Whether the heads of the log in the bundle can all be true."""
    seen = [
        seen_in_proof(name, one.proven.proof, one.proven.entry)
        for name, one in examined.items()
        if one.proven is not None
    ]
    for fork in find_forks(seen):
        first, second = fork.files
        text = CHECKPOINT_FORK.of(origin=fork.origin, file=first, other=second, why=fork.why)
        yield _line(CheckId.CHECKPOINT, Outcome.FAIL, text)


def _facts(examined: Iterable[ExaminedEvidence]) -> EvidenceFacts | None:
    """Of the first evidence that stands: what it names is what must be in the bundle."""
    for one in examined:
        fails = any(line.outcome is Outcome.FAIL for line in one.lines)
        if one.content is not None and not fails:
            return one.content.facts
    return None


def _named(files: Files, facts: EvidenceFacts | None) -> Iterable[CheckLine]:
    if facts is None:
        yield _line(CheckId.DIGEST, Outcome.UNKNOWN, words.DOCUMENTS_UNREAD)
        return
    yield _documents(files, facts)
    yield from _reports(files, facts)
    yield from _envelope(files, facts)


def _documents(files: Files, facts: EvidenceFacts) -> CheckLine:
    wanted = {each.identifier.partition("/")[0]: each.sha256 for each in facts.documents}
    seen: set[str] = set()
    for name, entry in files.items():
        found = _DOCUMENT.fullmatch(name)
        if found is None:
            continue
        if found[1] in seen or wanted.get(found[1]) != entry.sha256:
            return _line(CheckId.DIGEST, Outcome.FAIL, words.DOCUMENT_OTHER.of(name=name))
        seen.add(found[1])
    missing = [each.identifier for each in facts.documents if _number(each.identifier) not in seen]
    if missing:
        text = words.DOCUMENTS_NONE.of(names=", ".join(missing))
        return CheckLine(id=CheckId.DIGEST, outcome=Outcome.UNKNOWN, text=text, needed=False)
    return _line(CheckId.DIGEST, Outcome.PASS, words.DOCUMENTS_HOLD.of(count=len(seen)))


def _reports(files: Files, facts: EvidenceFacts) -> Iterable[CheckLine]:
    wanted = {_number(each.identifier): each.report for each in facts.documents}
    held = 0
    for name, entry in files.items():
        found = _REPORT.fullmatch(name)
        if found is None:
            continue
        if wanted.get(found[1]) != entry.sha256:
            yield _line(CheckId.DIGEST, Outcome.FAIL, words.REPORT_OTHER.of(name=name))
            return
        held += 1
    if held:
        yield _line(CheckId.DIGEST, Outcome.PASS, words.REPORTS_HOLD.of(count=held))


def _envelope(files: Files, facts: EvidenceFacts) -> Iterable[CheckLine]:
    envelope = files.get(_ENVELOPE)
    if envelope is None:
        return
    named = dict(facts.particulars).get(ENVELOPE)
    if named is None:
        yield CheckLine(
            id=CheckId.DIGEST, outcome=Outcome.UNKNOWN, text=words.ENVELOPE_UNNAMED, needed=False
        )
    elif named == envelope.sha256.hex():
        yield _line(CheckId.DIGEST, Outcome.PASS, words.ENVELOPE_HOLDS)
    else:
        yield _line(CheckId.DIGEST, Outcome.FAIL, words.ENVELOPE_OTHER)


def _number(identifier: str) -> str:
    return identifier.partition("/")[0]


def _line(id_: CheckId, outcome: Outcome, text: Text) -> CheckLine:
    return CheckLine(id=id_, outcome=outcome, text=text)
