"""A bundle sealed by the real program: CAdES B-T under its key, checked by four programs."""

import hashlib
import subprocess
import sys
from dataclasses import replace

import pytest
from receipt_program import ENVELOPE, ReceiptProgram
from sealer_program import now

from signing import certificates as made
from signing import cms
from signing.bundle.container import sealed
from signing.bundle.contents import members_of
from signing.bundle.manifest import MANIFEST_NAME, SEAL_NAME
from signing.bundle.zip_reader import read_container
from signing.standalone import tdh_verify as small
from signing.verify import Result, verify_files
from tdh.domain.bundle import BundleContents, BundledEvidence
from tdh.domain.identifiers import DeliveryId
from tdh.domain.log import EvidenceProof
from tdh.domain.records import EvidenceRecord

LENIENT = ("--revocation", "if-present")


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    program = ReceiptProgram(tmp_path_factory.mktemp("rp"))
    program.start()
    yield program
    program.end()


@pytest.fixture(scope="module")
async def bundle(program, tmp_path_factory):
    operator = program.operator()
    logged = operator.event("SubmissionAcceptance")
    record = EvidenceRecord(
        id=logged.facts.id,
        stream=DeliveryId("dlv_" + "0" * 24),
        event=logged.facts.event,
        sequence=1,
        time=logged.facts.time,
        xml=logged.xml,
        digest=hashlib.sha256(logged.xml).digest(),
    )
    proof = EvidenceProof(
        size=1,
        proof=operator.proof(logged),
        tokens=(operator.own_token(),),
        record=None,
        anchored_by=(),
        provable_until=None,
    )
    contents = BundleContents(
        stream=record.stream,
        evidences=(BundledEvidence(record=record, proof=proof),),
        envelope=ENVELOPE,
    )
    client = program.client()
    container = await sealed(members_of(contents), client)
    await client.close()
    path = tmp_path_factory.mktemp("bundle") / "b.asice"
    path.write_bytes(b"".join([piece async for piece in container.pieces(lambda _: None)]))
    return path


def test_both_verifiers_take_it_under_the_operator_s_trust_file_and_no_other(program, bundle):
    at = now()
    assert verify_files([bundle], program.trust, at).result is Result.VALID
    assert _small(bundle, program.trust, at) == "valid"
    nobody = replace(program.trust, seal_roots=program.trust.tsa_roots)
    assert verify_files([bundle], nobody, at).result is Result.INVALID
    assert _small(bundle, nobody, at) == "invalid"


def _small(path, trust, at):
    return small.result(small.check_bundle(path, small.read_trust(trust.text(), at)))


def test_the_seal_is_b_t_and_openssl_agrees(program, bundle, tmp_path):
    files = read_container(bundle, lambda _: 1 << 20)
    (tmp_path / "m.xml").write_bytes(files[MANIFEST_NAME].content or b"")
    (tmp_path / "s.p7s").write_bytes(files[SEAL_NAME].content or b"")
    roots = b"".join(made.pem(root) for root in program.trust.seal_roots)
    (tmp_path / "roots.pem").write_bytes(roots)
    command = (
        "openssl cms -verify -cades -binary -inform DER -in s.p7s -content m.xml"
        " -CAfile roots.pem -purpose any -out /dev/null"
    )
    done = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, check=True)
    assert b"CAdES Verification successful" in done.stderr
    signed = cms.open_detached((tmp_path / "s.p7s").read_bytes(), (tmp_path / "m.xml").read_bytes())
    assert len(signed.tokens) == 1


def test_the_judge_of_other_people_s_containers_takes_it(program, bundle, tmp_path):
    """As a signed document of a stranger: ASiC-E, every file covered."""
    roots = tmp_path / "trust"
    roots.mkdir()
    for number, root in enumerate((*program.trust.seal_roots, *program.trust.tsa_roots)):
        (roots / f"{number}.pem").write_bytes(made.pem(root))
    done = subprocess.run(
        [sys.executable, "-m", "tdh", "validate", bundle, "--json", "--trust", roots, *LENIENT],
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"asic-e"' in done.stdout
    assert '"B-T"' in done.stdout
