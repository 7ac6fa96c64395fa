"""Bundles over a real socket: who gets what, and what is recorded of it."""

import asyncio
import io
import zipfile

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signing.bundle.manifest import MANIFEST_NAME, read_manifest
from signing.checkpoint import Checkpoint, NoteSigner, sign
from signing.tlog_proof import TlogProof
from tdh.domain.identifiers import evidence_of
from tdh.domain.receipts import Receipt
from tests.builders import NOW
from tests.integration.api_service import AGENCY, CITIZEN, COMPANY, PDF, STRANGER, ApiService

_SIGNER = NoteSigner(name="log.example", private_key=Ed25519PrivateKey.generate())
PROOF = TlogProof(
    index=0,
    hashes=(),
    checkpoint_note=sign(Checkpoint(origin="log.example", size=1, root=bytes(32)), _SIGNER),
).text()
LARGE = b"%PDF-1.7 " + bytes(range(256)) * 40_000


@pytest.fixture
async def service():
    async with ApiService().running() as running:
        yield running


def log_all(service, delivery):
    """The log holds everything that happened to the delivery so far."""
    for event in service.memory.events[delivery]:
        service.proofs.of[evidence_of(event.id)] = PROOF


async def bundle(service, delivery, token=AGENCY, **query):
    path = f"/v1/deliveries/{delivery}/bundle"
    return await service.call("GET", path, token, params=query)


def files(answer):
    assert answer.status == 200, answer.body
    assert answer.headers["Content-Type"] == "application/vnd.etsi.asic-e+zip"
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert archive.testzip() is None
        found = {name: archive.read(name) for name in archive.namelist()}
    named = {entry.uri for entry in read_manifest(found[MANIFEST_NAME])}
    assert named == {name for name in found if not name.startswith(("mimetype", "META-INF/"))}
    return found


def a_receipt(evidence):
    return Receipt(
        evidence=evidence,
        edition=1,
        pdf=b"%PDF-1.7 a receipt",
        digest=bytes(32),
        made_at=NOW,
        size=1,
        anchored_by=(),
        has_record=False,
    )


def evidence_in(found):
    return [name for name in found if name.endswith(".xml") and name.startswith("evidence/")]


async def eventually(condition):
    for _ in range(200):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to pass")


async def test_the_sender_gets_evidence_and_documents_and_that_is_no_event(service):
    delivery = await service.placed("consent", documents=[("main", PDF), ("enclosure1", LARGE)])
    log_all(service, delivery)
    before = service.memory.happened(delivery)
    answer = await bundle(service, delivery)
    found = files(answer)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{delivery}.asice"'
    assert found["documents/1-หนังสือ main.pdf"] == PDF
    assert found["documents/2-หนังสือ enclosure1.pdf"] == LARGE
    assert len(evidence_in(found)) == len(before) == 2
    assert service.memory.happened(delivery) == before


async def test_a_receipt_that_was_made_before_goes_along(service):
    delivery = await service.placed()
    log_all(service, delivery)
    first = service.memory.events[delivery][0]
    service.kept_receipts.of[evidence_of(first.id)] = a_receipt(evidence_of(first.id))
    found = files(await bundle(service, delivery, content="none"))
    assert found["receipts/01-SubmissionAcceptance.pdf"] == b"%PDF-1.7 a receipt"


async def test_a_recipient_before_acceptance_gets_evidence_only(service):
    delivery = await service.placed("consent")
    log_all(service, delivery)
    assert (await bundle(service, delivery, CITIZEN)).problem == (409, "not-accepted-yet")
    found = files(await bundle(service, delivery, CITIZEN, content="none"))
    assert not [name for name in found if name.startswith(("documents/", "reports/"))]
    assert "envelope.json" in found
    assert service.memory.happened(delivery)[-1] == "NotificationForAcceptance"


async def test_a_recipient_s_bundle_is_an_access_to_every_document_and_their_release(service):
    delivery = await service.placed(documents=[("main", PDF), ("enclosure1", LARGE)])
    log_all(service, delivery)
    so_far = len(service.memory.events[delivery])
    found = files(await bundle(service, delivery, CITIZEN))
    assert found["documents/2-หนังสือ enclosure1.pdf"] == LARGE
    assert len(evidence_in(found)) == so_far  # sealed before this very access
    await eventually(lambda: service.memory.happened(delivery)[-1] == "ContentHandover")
    assert service.memory.happened(delivery).count("ContentAccessTracking") == 2


async def test_evidence_only_is_no_access(service):
    delivery = await service.placed()
    log_all(service, delivery)
    files(await bundle(service, delivery, CITIZEN, content="none"))
    assert "ContentAccessTracking" not in service.memory.happened(delivery)


async def test_what_cannot_be_given_is_not_recorded_as_accessed(service):
    delivery = await service.placed(documents=[("main", LARGE)])
    log_all(service, delivery)
    service.vault.damaged_after = 1
    assert (await bundle(service, delivery, CITIZEN)).problem == (500, "integrity-failure")
    service.vault.damaged_after = None
    service.bundle_sealer.down = True
    answer = await bundle(service, delivery, CITIZEN)
    assert answer.problem == (503, "receipt-maker-unavailable")
    assert "ContentAccessTracking" not in service.memory.happened(delivery)


async def test_a_proof_that_is_not_there_yet_is_waited_for(service):
    delivery = await service.placed()
    answer = await bundle(service, delivery)
    assert answer.problem == (409, "not-logged-yet")
    assert int(answer.headers["Retry-After"]) >= 1


async def test_foreign_and_missing_deliveries_are_answered_alike(service):
    delivery = await service.placed()
    log_all(service, delivery)
    missing = "dlv_" + "0" * 24
    answers = [
        await bundle(service, delivery, STRANGER),
        await bundle(service, delivery, COMPANY, content="none"),
        await bundle(service, missing, CITIZEN),
        await bundle(service, "dlv_x", CITIZEN),
    ]
    assert {answer.problem for answer in answers} == {(404, "not-found")}
    assert len({answer.json["detail"] for answer in answers}) == 1


async def test_a_word_that_is_not_known_is_refused(service):
    delivery = await service.placed()
    assert (await bundle(service, delivery, content="some")).problem == (400, "invalid-request")
    assert (await bundle(service, delivery, other="x")).problem == (400, "invalid-request")
