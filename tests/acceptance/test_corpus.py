"""The judge on real documents that nobody here wrote: the whole table must come out right.

Each PDF of the reference corpus is judged with the roots of its row as if they were trusted,
revocation data only if present, at a time when the signer's certificate was valid.
"""

import csv
import re
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import cms, x509

from signing.judge.memfd import Memfd
from signing.judge.policy import Limits, Policy, RevocationMode
from signing.judge.pool import JudgePool
from signing.trust import TrustFolder, load_trust
from tdh.domain.verdicts import Indication, Verdict

pytestmark = pytest.mark.reference

SHORTFALLS: frozenset[str] = frozenset()
"""Files whose verdict is not yet right. A file that is listed and right fails the test too."""

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CONTENTS = re.compile(rb"/Contents\s*<([0-9a-fA-F]{64,})>")
MADE_AT = re.compile(rb"/M\s*\(D:(\d{14})([Z+-])?(\d\d)?'?(\d\d)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    file: str
    expected: str
    roots: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    row: Row
    verdict: Verdict
    at: datetime
    seconds: float

    @property
    def is_right(self) -> bool:
        verdict = self.verdict
        match self.row.expected:
            case "ACCEPT" if not self.row.roots:
                return verdict.reason.code == "unknown-root"
            case "ACCEPT":
                return verdict.accepted
            case "REJECT":
                unsigned = verdict.indication is Indication.NO_SIGNATURE
                return not verdict.accepted and not unsigned
            case "NO-SIG":
                return verdict.indication is Indication.NO_SIGNATURE
            case "POLICY":
                return verdict.accepted or verdict.reason.code != "judge-unexpected-error"
            case _:
                return True

    def __str__(self) -> str:
        verdict = self.verdict
        mark = " " if self.is_right else "!"
        sub = verdict.sub_indication or "-"
        return (
            f"{mark} {self.row.expected:9} {verdict.indication:13} {sub:27} "
            f"{verdict.reason.code:32} {self.seconds:5.2f} s  {self.at:%Y-%m-%d}  {self.row.file}"
        )


def rows(corpus: Path) -> list[Row]:
    with (corpus / "MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        Row(
            file=line["file"],
            expected=line["expected"],
            roots=tuple(re.findall(r"\b[0-9a-f]{16}\b", line["asif_root_sha256_16_and_subject"])),
        )
        for line in table
        if line["file"].endswith(".pdf")
    ]


def time_of_signing(document: bytes) -> datetime:
    """The claimed time if the signer's certificate was valid then, else the middle of its life."""
    for match in CONTENTS.finditer(document):
        try:
            certificate, claimed = signer_in(bytes.fromhex(match.group(1).decode("ascii")))
        except (ValueError, TypeError, KeyError, StopIteration):
            continue
        begin, end = certificate.not_valid_before, certificate.not_valid_after
        claimed = claimed or made_at(document)
        if claimed is not None and begin <= claimed <= end:
            return claimed
        return begin + (end - begin) / 2
    return NOW


def signer_in(message: bytes) -> tuple[x509.Certificate, datetime | None]:
    signed = cms.ContentInfo.load(message)["content"]
    if signed["encap_content_info"]["content_type"].native == "tst_info":
        raise ValueError("a timestamp")
    info = signed["signer_infos"][0]
    serial = info["sid"].chosen["serial_number"].native
    certificates = [choice.chosen for choice in signed["certificates"]]
    certificate = next(c for c in certificates if c.serial_number == serial)
    attributes = info["signed_attrs"] or ()
    times = [a["values"][0].native for a in attributes if a["type"].native == "signing_time"]
    return certificate, times[0] if times else None


def made_at(document: bytes) -> datetime | None:
    match = MADE_AT.search(document)
    if match is None:
        return None
    return datetime.strptime(match.group(1).decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)


@pytest.fixture(scope="module")
async def table(reference: Path) -> list[Line]:
    corpus = reference / "corpus"
    lines = []
    for row in rows(corpus):
        document = (corpus / row.file).read_bytes()
        trust = load_trust([corpus / "roots" / f"{root}.pem" for root in row.roots])
        lines.append(await judged(row, document, trust))
    return lines


async def judged(row: Row, document: bytes, trust: TrustFolder) -> Line:
    at = time_of_signing(document)
    policy = Policy(revocation=RevocationMode.IF_PRESENT)
    async with JudgePool(trust, policy=policy, concurrency=1) as pool:
        with Memfd(document) as memfd:
            memfd.seal()
            begin = time.monotonic()
            verdict = await pool.judge(memfd.fd, memfd.size, at)
            return Line(row=row, verdict=verdict, at=at, seconds=time.monotonic() - begin)


def test_every_document_of_the_corpus_is_judged_right(
    table: list[Line], capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(map(str, table)) + "\n")
    wrong = {line.row.file for line in table if not line.is_right}
    assert wrong == SHORTFALLS
    assert {line.row.expected for line in table} >= {"ACCEPT", "REJECT", "POLICY", "NO-SIG"}


def test_no_document_costs_more_than_its_limit_or_surprises_the_judge(table: list[Line]) -> None:
    assert max(line.seconds for line in table) < Limits().wall_seconds
    surprised = [line.row.file for line in table if line.verdict.reason.code.startswith("judge-")]
    assert surprised == []


def test_a_timestamp_copied_from_elsewhere_proves_nothing(table: list[Line]) -> None:
    doubtful = [line.verdict for line in table if line.row.expected == "REJECT-TS"]
    assert doubtful
    for verdict in doubtful:
        assert all(signature.level != "B-LTA" for signature in verdict.signatures)
