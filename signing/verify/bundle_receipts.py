"""The receipts inside a bundle: each is checked as if it were given alone.

The bundle's seal says only that the file is the one that was put there. A receipt that is invalid
by itself makes the bundle invalid; one that cannot be told does not, because nothing else in the
bundle rests on it. It must be of an evidence of this bundle.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from signing.bundle.zip_reader import ReadEntry
from signing.seal_check import Outcome
from signing.verify import bundle_words as words
from signing.verify.evidence import ExaminedContainer, ExaminedEvidence
from signing.verify.receipt import examine_receipt
from signing.verify.report import CheckId, CheckLine, FileReport, Kind, Result, Text
from signing.verify.terms import Terms

FOLDER = "receipts/"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExaminedReceipts:
    """A line for each receipt, and the evidences inside them."""

    lines: tuple[CheckLine, ...] = ()
    evidences: Mapping[str, ExaminedEvidence]
    """By the name of the receipt."""


def examine_receipts(
    files: Mapping[str, ReadEntry], evidences: Iterable[ExaminedEvidence], terms: Terms
) -> ExaminedReceipts:
    """Check every receipt of a bundle whose own evidences are given. Never raises."""
    digests = {each.digest for each in evidences}
    found = {
        name: examine_receipt(entry.content or b"", terms)
        for name, entry in files.items()
        if name.startswith(FOLDER)
    }
    return ExaminedReceipts(
        lines=tuple(_line(name, one, digests) for name, one in found.items()),
        evidences=dict(_inside(found)),
    )


def _inside(found: Mapping[str, ExaminedContainer]) -> Iterator[tuple[str, ExaminedEvidence]]:
    for name, one in found.items():
        for evidence in one.evidences:
            yield name, evidence


def _line(name: str, found: ExaminedContainer, digests: set[bytes]) -> CheckLine:
    result = FileReport(file=name, kind=Kind.RECEIPT, checks=found.lines).result
    if result is Result.INVALID:
        return _said(Outcome.FAIL, words.RECEIPT_BROKEN, name, _why(found, Outcome.FAIL))
    if not any(one.digest in digests for one in found.evidences):
        return _said(Outcome.FAIL, words.RECEIPT_OTHER, name)
    if result is Result.CANNOT_TELL:
        return _said(Outcome.UNKNOWN, words.RECEIPT_UNTOLD, name, _why(found, Outcome.UNKNOWN))
    return _said(Outcome.PASS, words.RECEIPT_HOLDS, name)


def _why(found: ExaminedContainer, outcome: Outcome) -> Text:
    """The first sentence that says so."""
    return next(
        line.text
        for line in found.lines
        if line.outcome is outcome and (line.needed or outcome is Outcome.FAIL)
    )


def _said(outcome: Outcome, sentence: Text, name: str, why: Text | None = None) -> CheckLine:
    text = Text(
        th=sentence.th.format(name=name, why="" if why is None else why.th),
        en=sentence.en.format(name=name, why="" if why is None else why.en),
    )
    return CheckLine(id=CheckId.SEAL, outcome=outcome, text=text, needed=False)
