"""What a verification found: checks, files, the whole; and the one result that follows from them.

The shape is the published JSON of `tdh verify`. Pure values.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from signing.seal_check import Outcome


class CheckId(StrEnum):
    """What is checked; the names are published."""

    SCHEMA = "schema"
    """The bytes are in the one form of their kind."""
    SEAL = "seal"
    """The operator's signature is over exactly this evidence."""
    CERTIFICATE = "certificate"
    """The seal's certificate leads to a root that the verifier trusts, at the right time."""
    DIGEST = "digest"
    """The entry of the log, or the token, is for exactly these bytes."""
    INCLUSION = "inclusion"
    """The head of the log holds the entry that was made again from the evidence."""
    CHECKPOINT = "checkpoint"
    """The head is signed by a log that the verifier trusts, and is the evidence's log."""
    ANCHOR = "anchor"
    """Somebody else than the operator vouches for the head."""
    TIMESTAMP = "timestamp"
    """A trusted authority says when the data existed."""
    SEQUENCE = "sequence"
    """The event can be this number of its delivery, beside the other evidence that is shown."""


class Kind(StrEnum):
    """What a file is, found from its bytes."""

    EVIDENCE = "evidence"
    PROOF = "proof"
    TOKEN = "token"  # noqa: S105 - a kind of file
    RECEIPT = "receipt"
    BUNDLE = "bundle"


class Result(StrEnum):
    """The answer about one file, or about all."""

    VALID = "valid"
    INVALID = "invalid"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One sentence in both languages."""

    th: str
    en: str

    def of(self, **values: object) -> "Text":
        """The sentence with its values filled in."""
        return Text(th=self.th.format(**values), en=self.en.format(**values))


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckLine:
    """One check and what came of it."""

    id: CheckId
    outcome: Outcome
    text: Text
    needed: bool = True
    """Whether `unknown` here keeps the file from being valid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """One file."""

    file: str
    kind: Kind | None
    """None where neither bytes nor name tell."""
    checks: tuple[CheckLine, ...]

    @property
    def result(self) -> Result:
        """Invalid if a check failed, cannot tell if a needed one is unknown, else valid."""
        if any(check.outcome is Outcome.FAIL for check in self.checks):
            return Result.INVALID
        if not self.checks or any(
            check.needed and check.outcome is Outcome.UNKNOWN for check in self.checks
        ):
            return Result.CANNOT_TELL
        return Result.VALID


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All files that were given."""

    files: tuple[FileReport, ...]

    @property
    def result(self) -> Result:
        """The worst: invalid before cannot tell before valid."""
        return worst(file.result for file in self.files)

    def to_plain(self) -> dict[str, Any]:
        """The published JSON."""
        return {"result": self.result.value, "files": [_file(file) for file in self.files]}


def worst(results: Iterable[Result]) -> Result:
    """Invalid before cannot tell before valid; of nothing, nothing can be told."""
    found = set(results)
    for result in (Result.INVALID, Result.CANNOT_TELL, Result.VALID):
        if result in found:
            return result
    return Result.CANNOT_TELL


def _file(file: FileReport) -> dict[str, Any]:
    return {
        "file": file.file,
        "kind": None if file.kind is None else file.kind.value,
        "result": file.result.value,
        "checks": [
            {
                "id": check.id.value,
                "result": check.outcome.value,
                "text": {"th": check.text.th, "en": check.text.en},
            }
            for check in file.checks
        ],
    }
