"""Receipts under programs that we did not write: pdfsig, mutool, poppler, pyHanko, openssl.

pdfsig and mutool know no roots: they tell whether the signature is whole, not whose it is.
"""

import asyncio
import io
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import (
    CertValidationPolicySpec,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager
from receipt_program import ENVELOPE, THAI, ReceiptProgram
from sealer_program import now

from signing import certificates as made
from signing.bundle.manifest import ManifestEntry
from signing.receipt.words import PAGES

SOME = ("SubmissionAcceptance", "ConsignmentAcceptance", "ContentHandover", "ConsignmentRejection")
YEARS = timedelta(days=800)
"""Later than the receipt certificate's end, before that of the timestamps'."""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    running = ReceiptProgram(tmp_path_factory.mktemp("r"))
    running.start()
    yield running
    running.end()


@pytest.fixture(scope="module")
async def receipts(program, tmp_path_factory) -> dict[str, Path]:
    """One of each kind, and the trust material beside them."""
    folder = tmp_path_factory.mktemp("receipts")
    operator, client = program.operator(), program.client()
    (folder / "roots.pem").write_text(program.sealer.keys.seal_root + program.sealer.keys.tsa_root)
    (folder / "trust.json").write_bytes((program.keys / "trust.json").read_bytes())
    found = {}
    for event in PAGES:
        logged = operator.event(event)
        pdf = await client.make(
            logged.xml,
            proof=operator.proof(logged),
            tokens=[operator.own_token()],
            envelope=ENVELOPE,
        )
        found[event] = folder / f"{event}.pdf"
        found[event].write_bytes(pdf)
        (folder / f"{event}.xml").write_bytes(logged.xml)
    await client.close()
    return found


def run(*command: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60, cwd=cwd)


@pytest.mark.parametrize("event", PAGES)
def test_pdfsig_and_mutool_find_the_seal_whole(receipts, event) -> None:
    seen = run("pdfsig", receipts[event]).stdout
    assert "Signature Type: ETSI.CAdES.detached" in seen
    assert "Signature Validation: Signature is Valid." in seen
    covered = [line.strip() for line in seen.splitlines() if "document signed" in line]
    assert covered == ["- Not total document signed", "- Total document signed"], "seal, timestamp"

    signatures = run("mutool", "sign", "-v", receipts[event]).stdout
    assert "cn=Receipts 1" in signatures
    assert "The signature is valid but there have been edits since signing." in signatures


@pytest.mark.parametrize("event", PAGES)
def test_poppler_finds_one_a4_page_with_the_evidence_inside(receipts, event, tmp_path) -> None:
    told = run("pdfinfo", receipts[event]).stdout
    assert "Pages:           1\n" in told
    assert "(A4)" in told
    assert "Tagged:          yes" in told

    assert run("pdfdetach", "-saveall", receipts[event], cwd=tmp_path).returncode == 0
    names = sorted(path.name for path in tmp_path.iterdir())
    size = names[0]
    assert names == [
        size, "envelope.json", "evidence.tlog-proof", "evidence.xml", "receipt.json",
    ]  # fmt: skip
    assert size.startswith("checkpoint-")
    assert (tmp_path / "evidence.xml").read_bytes() == receipts[event].with_suffix(
        ".xml"
    ).read_bytes()


def test_what_was_inside_is_a_folder_that_tdh_verify_knows(receipts, tmp_path) -> None:
    path = receipts["ContentHandover"]
    run("pdfdetach", "-saveall", path, cwd=tmp_path)

    trust = ("--trust", path.with_name("trust.json"))
    verified = run(sys.executable, "-m", "tdh", "verify", tmp_path / "evidence.xml", *trust)

    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_it_declares_itself_pdf_a_3_also_after_sealing(receipts) -> None:
    for path in receipts.values():
        data = path.read_bytes()
        reader = PdfFileReader(io.BytesIO(data))
        metadata = reader.root["/Metadata"].data
        assert b"<pdfaid:part>3</pdfaid:part>" in metadata
        assert b"<pdfaid:conformance>A</pdfaid:conformance>" in metadata
        assert {one["/AFRelationship"] for one in map(resolved, reader.root["/AF"])} == {
            "/Data",
            "/Supplement",
            "/Source",
        }


def resolved(item):
    return item.get_object()


def test_thai_can_be_read_out_of_it_again(receipts) -> None:
    text = run("pdftotext", "-layout", receipts["ConsignmentAcceptance"], "-").stdout

    bare = "".join(text.split())
    for word in ("ใบตอบรับ", "ญาณวุฒิ", "พ.ศ.", "1-1037-xxxxx-34-2", "ตราประทับเวลา"):
        assert word in bare, word
    assert "1103700012342" not in text, "a citizen's number is masked on paper"
    assert THAI.split()[0][:4] in bare


@pytest.mark.parametrize("later", [timedelta(minutes=1), YEARS], ids=["now", "years later"])
def test_pyhanko_accepts_each_by_its_long_term_validation(program, receipts, later) -> None:
    roots = [
        asn1_x509.Certificate.load(made.der(one))
        for one in (program.sealer.seal_root, program.sealer.tsa_root)
    ]
    policy = CertValidationPolicySpec(
        trust_manager=SimpleTrustManager.build(trust_roots=roots),
        revinfo_policy=CertRevTrustPolicy(REQUIRE_REVINFO),
    )
    wanted = PdfSignatureValidationSpec(
        SignatureValidationSpec(
            cert_validation_policy=policy,
            revinfo_gathering_policy=RevocationInfoGatheringSpec(
                online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY
            ),
        )
    )
    at = now() + later
    timing = ValidationTimingInfo(
        validation_time=at, best_signature_time=at, point_in_time_validation=True
    )

    async def judged(pdf: bytes):
        reader = PdfFileReader(io.BytesIO(pdf))
        (seal,) = reader.embedded_regular_signatures
        return await ades_lta_validation(seal, wanted, timing_info=timing)

    for event in SOME:
        found = asyncio.run(judged(receipts[event].read_bytes()))
        assert found.ades_subindic is AdESPassed.OK, (event, found.failure_msg)


def test_the_judge_accepts_them_where_files_are_wanted(receipts) -> None:
    event = "ContentConsignment"
    validate = (sys.executable, "-m", "tdh", "validate", receipts[event])
    trust = ("--trust", receipts[event].with_name("roots.pem"))

    assert run(*validate, *trust, "--allow-files").returncode == 0
    assert run(*validate, *trust).returncode == 1, "a letter brings no files along"


def test_they_verify_alone_by_a_clock_of_years_later(receipts) -> None:
    trust = receipts["Withdrawal"].with_name("trust.json")
    day = (now() + YEARS).strftime("%Y-%m-%d %H:%M:%S")
    verify = (sys.executable, "-m", "tdh", "verify", "--trust", trust)
    verified = [run("faketime", day, *verify, receipts[one]) for one in SOME[:2]]

    assert [one.returncode for one in verified] == [0, 0], verified


async def test_openssl_accepts_the_seal_of_a_bundle(program, tmp_path) -> None:
    client = program.client()
    entries = [ManifestEntry(uri="a.txt", media_type="text/plain", sha256=bytes(32))]
    manifest, seal = await client.seal_bundle(entries)
    await client.close()
    (tmp_path / "manifest.xml").write_bytes(manifest)
    (tmp_path / "seal.p7s").write_bytes(seal)
    (tmp_path / "root.pem").write_text(program.sealer.keys.seal_root)

    words = (
        "openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", "seal.p7s",
        "-content", "manifest.xml", "-CAfile", "root.pem", "-purpose", "any", "-out", "out.xml",
    )  # fmt: skip
    judged = await asyncio.to_thread(run, *words, cwd=tmp_path)
    (tmp_path / "manifest.xml").write_bytes(manifest + b" ")
    again = await asyncio.to_thread(run, *words, cwd=tmp_path)

    assert judged.returncode == 0, judged.stderr
    assert "CAdES Verification successful" in judged.stderr
    assert again.returncode != 0
