"""Files to be checked: each by the rules of its kind, together where they speak of one another.

Evidences of one delivery are compared, and the heads of one log. One report of all.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from signing.archive.errors import RecordError
from signing.archive.record import EvidenceRecord
from signing.checkpoint import MAX_NOTE_BYTES
from signing.seal_check import Outcome
from signing.trust_file import TrustFile
from signing.verify import words
from signing.verify.alone import check_head, check_proof, check_record_alone, check_token
from signing.verify.beside import (
    MAX_FILE_BYTES,
    RECORD_SUFFIX,
    GivenFile,
    Surroundings,
    data_of_record,
    data_of_token,
    digests_if_there,
    is_head,
    read_if_there,
    token_in,
)
from signing.verify.bundle import examine_bundle
from signing.verify.evidence import ExaminedContainer, ExaminedEvidence, ProvenEntry, examine
from signing.verify.forks import SeenHead, find_forks, seen_in_proof
from signing.verify.head import check_signature, claimed_head
from signing.verify.receipt import examine_receipt
from signing.verify.report import CheckId, CheckLine, FileReport, Kind, Report
from signing.verify.sequence import check_sequences
from signing.verify.spoken import plain
from signing.verify.terms import Terms
from signing.verify.voices import Voices
from signing.witness_policy import WitnessPolicy

_LONGEST_PATH = 4096


def verify_files(
    paths: Sequence[Path],
    trust: TrustFile,
    at: datetime,
    *,
    require_anchor: bool = False,
    policy: WitnessPolicy | None = None,
) -> Report:
    """Check the files, and the evidences of one delivery and heads of one log against each other.

    `at` is the time of the check; `policy` says which witnesses are asked for, instead of the
    trust file's threshold. Raises OSError, with its `filename`, for a file that cannot be opened;
    whatever is wrong inside a file is in the report.
    """
    terms = Terms(trust=trust, at=at, require_anchor=require_anchor, policy=policy)
    return _Verification([GivenFile.open(path) for path in paths], terms).report()


class _Verification:
    """One run over all files."""

    def __init__(self, files: Sequence[GivenFile], terms: Terms) -> None:
        self._files = files
        self._terms = terms
        tokens = [token_in(each.data) for each in files if each.kind is Kind.TOKEN]
        self._around = Surroundings(given=tokens)
        self._examined: dict[int, ExaminedEvidence] = {}
        self._inside: list[tuple[int, ExaminedEvidence]] = []
        """Evidences inside bundles and receipts, with the number of their file."""
        self._seen: list[SeenHead] = []
        """The name of a head's file is the file's place among those given."""

    def report(self) -> Report:
        """Check every file, then the files beside one another."""
        lines = [self._check(number, file) for number, file in enumerate(self._files)]
        for number, line in self._sequences():
            lines[number].append(line)
        for number, line in self._forks():
            lines[number].insert(0, line)
        return Report(
            files=tuple(
                FileReport(file=str(file.path), kind=file.kind, checks=tuple(checks))
                for file, checks in zip(self._files, lines, strict=True)
            )
        )

    def _check(self, number: int, file: GivenFile) -> list[CheckLine]:
        match file.kind:
            case Kind.EVIDENCE:
                examined = examine(file.data, self._around.of_evidence(file.path), self._terms)
                self._examined[number] = examined
                self._remember(number, examined.proven)
                return list(examined.lines)
            case Kind.PROOF if is_head(file.data):
                self._remember_head(number, file.data)
                return list(check_head(file.data, self._around.tokens(file.path), self._terms))
            case Kind.PROOF:
                tokens = self._around.tokens(file.path)
                lines, proven = check_proof(file.data, tokens, self._terms)
                self._remember(number, proven)
                return list(lines)
            case Kind.TOKEN:
                return list(self._check_token(number, file))
            case Kind.BUNDLE:
                return self._take(number, examine_bundle(file.path, self._terms))
            case Kind.RECEIPT:
                return self._take(number, examine_receipt(file.data, self._terms))
            case None:
                unknown = words.UNKNOWN_KIND
                return [CheckLine(id=CheckId.SCHEMA, outcome=Outcome.UNKNOWN, text=unknown)]

    def _take(self, number: int, found: ExaminedContainer) -> list[CheckLine]:
        for evidence in found.evidences:
            self._inside.append((number, evidence))
            self._remember(number, evidence.proven)
        return list(found.lines)

    def _check_token(self, number: int, file: GivenFile) -> tuple[CheckLine, ...]:
        if _is_record(file):
            named = data_of_record(file.path)
            evidence = read_if_there(named, MAX_FILE_BYTES)
            return check_record_alone(file.data, evidence, named.name, self._terms)
        data = data_of_token(file.path)
        name = "?" if data is None else data.name
        digests = () if data is None else digests_if_there(data)
        if data is not None and digests:
            note = read_if_there(data, MAX_NOTE_BYTES)
            self._remember_head(number, note or b"")
        else:
            name, digests = self._around.head_of(file.path, token_in(file.data)) or (name, digests)
        return check_token(file.data, digests, name, self._terms)

    def _remember(self, number: int, proven: ProvenEntry | None) -> None:
        if proven is not None:
            self._seen.append(seen_in_proof(str(number), proven.proof, proven.entry))

    def _remember_head(self, number: int, note: bytes) -> None:
        """The head that a token is for, or a file is, if a trusted log signed it."""
        signed = check_signature(note, self._terms, Voices(), None)
        if signed.outcome is Outcome.PASS:
            self._seen.append(SeenHead(file=str(number), head=claimed_head(note)))

    def _sequences(self) -> Iterator[tuple[int, CheckLine]]:
        """A line for each evidence that is a file; one for what is inside another only if it fails.

        Those inside fill gaps between files and contradict them, but leave no gap themselves: two
        receipts of a delivery stand without what happened between.
        """
        everything = [*self._examined.items(), *self._inside]
        alone = check_sequences(list(self._examined.values()))
        together = check_sequences([evidence for _, evidence in everything])
        for (number, _), line, joined in zip(self._examined.items(), alone, together, strict=False):
            yield number, line if joined.outcome is Outcome.UNKNOWN else joined
        inside = zip(self._inside, together[len(self._examined) :], strict=True)
        yield from dict.fromkeys(
            (number, line) for (number, _), line in inside if line.outcome is Outcome.FAIL
        )

    def _forks(self) -> Iterator[tuple[int, CheckLine]]:
        """A line for each of two files that contradict each other, each naming both."""
        told = set[tuple[int, int]]()
        for fork in find_forks(self._seen):
            first, second = (int(name) for name in fork.files)
            if first == second:
                continue  # two heads of one bundle: its own check says so
            for one, other in ((first, second), (second, first)):
                if (one, other) in told:
                    continue
                told.add((one, other))
                text = words.CHECKPOINT_FORK.of(
                    origin=fork.origin,
                    file=_named(self._files[one]),
                    other=_named(self._files[other]),
                    why=fork.why,
                )
                yield one, CheckLine(id=CheckId.CHECKPOINT, outcome=Outcome.FAIL, text=text)


def _named(file: GivenFile) -> str:
    return plain(str(file.path), _LONGEST_PATH)


def _is_record(file: GivenFile) -> bool:
    if file.path.suffix.lower() == RECORD_SUFFIX:
        return True
    try:
        EvidenceRecord.parse(file.data)
    except RecordError:
        return False
    return True
