"""The judge on real documents that nobody here wrote: the whole table must come out right.

Every document of the reference corpus, of every kind, is judged with the roots of its row as if
they were trusted, revocation data only if present, at a time when the signer's certificate was
valid: the claimed time, or the middle of the certificate's life. What must never be accepted is
judged once more as intake would: now, revocation data required.
"""

import base64
import csv
import io
import re
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import cms, tsp, x509

from signing.judge.ber import to_der
from signing.judge.memfd import Memfd
from signing.judge.policy import Limits, Policy, RevocationMode
from signing.judge.pool import JudgePool
from signing.trust import TrustFolder, load_trust
from tdh.domain.verdicts import Indication, Verdict

pytestmark = pytest.mark.reference

SHORTFALLS: frozenset[str] = frozenset()
"""Files whose verdict is not yet right. A file that is listed and right fails the test too."""
NEEDS_ITS_REQUEST = "timestamps/tob-test_tsa_other_response.tsr"
"""A good token for another request: only who has the request can refuse it."""
NEEDS_ITS_REVOCATION = "cms/dss-dss-1220_CAdES-BpB_revoked_signingCertificate.p7m"
"""That its signer was revoked stands nowhere in it; where data are required it is refused."""

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CONTENTS = re.compile(rb"/Contents\s*<([0-9a-fA-F]{64,})>")
MADE_AT = re.compile(rb"/M\s*\(D:(\d{14})([Z+-])?(\d\d)?'?(\d\d)?")
XML_CERTIFICATE = re.compile(rb"X509Certificate>([A-Za-z0-9+/=\s]+)<")
XML_TIME = re.compile(rb"SigningTime>([0-9T:.Z+-]+)<")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    file: str
    expected: str
    roots: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    row: Row
    verdict: Verdict
    """At a time when it may hold."""
    at_intake: Verdict
    """Now, and revocation data are required."""
    at: datetime
    seconds: float

    @property
    def is_right(self) -> bool:
        verdict = self.verdict
        match self.row.expected:
            case "ACCEPT" if not self.row.roots:
                return verdict.reason.code == "unknown-root"
            case "ACCEPT":
                return verdict.indication is Indication.TOTAL_PASSED
            case "REJECT" if self.row.file == NEEDS_ITS_REQUEST:
                return not verdict.accepted
            case "REJECT" if self.row.file == NEEDS_ITS_REVOCATION:
                return not self.at_intake.accepted
            case "REJECT":
                good = {Indication.NO_SIGNATURE, Indication.TOTAL_PASSED}
                return verdict.indication not in good and not self.at_intake.accepted
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
            f"{mark} {self.row.expected:9} {verdict.indication:13} {sub:35} "
            f"{verdict.reason.code:38} {self.seconds:5.2f} s  {self.at:%Y-%m-%d}  {self.row.file}"
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
        if line["expected"] != "INPUT"
    ]


# --- when a document may hold --------------------------------------------------------------------


def time_of_signing(document: bytes) -> datetime:
    """The claimed time if the signer's certificate was valid then, else the middle of its life."""
    for certificate, claimed in signers(document):
        begin, end = certificate.not_valid_before, certificate.not_valid_after
        if claimed is not None and begin <= claimed <= end:
            return claimed
        return begin + (end - begin) / 2
    return NOW


Signer = tuple[x509.Certificate, datetime | None]


def signers(document: bytes) -> Iterator[Signer]:
    """Signers as far as they can be found without judging."""
    if document.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(document)) as archive:
            for name in archive.namelist():
                if name.startswith("META-INF/") and "signature" in name:
                    yield from signers(archive.read(name))
    elif b"X509Certificate>" in document:
        times = XML_TIME.search(document)
        claimed = datetime.fromisoformat(times[1].decode()) if times else None
        for match in XML_CERTIFICATE.finditer(document):
            yield x509.Certificate.load(base64.b64decode(match[1])), claimed
    elif document.startswith(b"\x30"):
        yield from signer_in(document)
    else:
        for match in CONTENTS.finditer(document):
            with suppress(ValueError):  # an odd number of digits
                padded = bytes.fromhex(match.group(1).decode("ascii"))
                for certificate, claimed in signer_in(padded):
                    yield certificate, claimed or made_at(document)


def signer_in(message: bytes) -> Iterator[Signer]:
    try:
        signed = _signed_data(message)
        content = signed["encap_content_info"]
        is_token = content["content_type"].native == "tst_info"
        info = signed["signer_infos"][0]
        serial = info["sid"].chosen["serial_number"].native
        certificates = [choice.chosen for choice in signed["certificates"]]
        certificate = next(c for c in certificates if c.serial_number == serial)
        attributes = info["signed_attrs"] or ()
        times = [a["values"][0].native for a in attributes if a["type"].native == "signing_time"]
        if is_token:
            times = [content["content"].parsed["gen_time"].native]
        yield certificate, times[0] if times else None
    except (ValueError, TypeError, KeyError, StopIteration):
        return


def _signed_data(message: bytes) -> cms.SignedData:
    signed_data = b"\x06\x09*\x86H\x86\xf7\r\x01\x07\x02"
    if message[1] == 0x80 or signed_data not in message[:20]:
        message = to_der(message)
    if signed_data in message[:20]:
        return cms.ContentInfo.load(message)["content"]
    return tsp.TimeStampResp.load(message)["time_stamp_token"]["content"]


def made_at(document: bytes) -> datetime | None:
    match = MADE_AT.search(document)
    if match is None:
        return None
    return datetime.strptime(match.group(1).decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)


# --- the table -----------------------------------------------------------------------------------


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
    if_present = Policy(revocation=RevocationMode.IF_PRESENT)
    begin = time.monotonic()
    verdict = await one_verdict(document, trust, if_present, at)
    seconds = time.monotonic() - begin
    at_intake = verdict
    if row.expected == "REJECT":
        at_intake = await one_verdict(document, trust, Policy(), NOW)
    return Line(row=row, verdict=verdict, at_intake=at_intake, at=at, seconds=seconds)


async def one_verdict(document: bytes, trust: TrustFolder, policy: Policy, at: datetime) -> Verdict:
    async with JudgePool(trust, policy=policy, concurrency=1) as pool:
        with Memfd(document) as memfd:
            memfd.seal()
            return await pool.judge(memfd.fd, memfd.size, at)


def test_every_document_of_the_corpus_is_judged_right(
    table: list[Line], capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(map(str, table)) + "\n")
    wrong = {line.row.file for line in table if not line.is_right}
    assert wrong == SHORTFALLS
    assert {line.row.expected for line in table} >= {"ACCEPT", "REJECT", "POLICY", "NO-SIG"}
    assert {Path(line.row.file).suffix for line in table} >= {
        *(".pdf", ".p7m", ".tst", ".tsr", ".asice", ".asics", ".bdoc"),
    }


def test_no_document_costs_more_than_its_limit_or_surprises_the_judge(table: list[Line]) -> None:
    # One verdict with the start of its judge's program.
    assert max(line.seconds for line in table) < Limits().wall_seconds
    surprised = [line.row.file for line in table if line.verdict.reason.code.startswith("judge-")]
    assert surprised == []


def test_a_timestamp_copied_from_elsewhere_proves_nothing(table: list[Line]) -> None:
    doubtful = [line.verdict for line in table if line.row.expected == "REJECT-TS"]
    assert len(doubtful) > 1
    for verdict in doubtful:
        assert all(signature.level != "B-LTA" for signature in verdict.signatures)
        if verdict.kind == "cades":
            assert all(signature.proven_time is None for signature in verdict.signatures)
