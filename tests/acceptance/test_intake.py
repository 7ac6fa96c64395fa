"""Intake at a whole running service with a real clamd: who signs, what comes along, what is kept.

Every refusal is sealed, and what is sealed is what programs we did not write confirm.
"""

import hashlib
import json
import re

import pytest

from tests.acceptance.test_bad_input import assert_sealed, check_problem, leaving_nothing
from tests.installation import AGENCY, CITIZEN, COMPANY, OTHER_AGENCY, installed, letter_form
from tests.integration.clamd_server import MARKER, NAME, clamd
from tests.pki.faults import altered_byte
from tests.stories import (
    ask_with_patience,
    audit,
    new_key,
    run_tdh,
    signed_pdf,
    tdh,
    to,
    until_state,
)

RULES = {
    "TDH_INTAKE_AGENCY__MISMATCH": "refuse",
    "TDH_INTAKE_AGENCY__ENCLOSURES": "unsigned-or-valid",
}
ORGANIZATION = "TDH Test"
"""As the certificates of the tests name it."""
PNG = b"\x89PNG\r\n\x1a\n" + bytes(2000)
VERDICT = re.compile(rb'<tdh:Verdict part="(\d+)"([^>]*)>([^<]*)<')


@pytest.fixture(scope="module")
def scanner(tmp_path_factory):
    with clamd(tmp_path_factory.mktemp("clamd")) as server:
        yield server


@pytest.fixture(scope="module")
async def here(new_database, postgres_server, rabbitmq_server, scanner):
    extra = RULES | {"TDH_SCANNER__URL": scanner.unix}
    async with installed(new_database, postgres_server, rabbitmq_server, extra=extra) as running:
        yield running


def form(pdf, *enclosures):
    """A letter to the citizen, with enclosures of any kind."""
    documents = [("main", "main", "1234.pdf", pdf)]
    documents += [
        (f"enclosure{n}", "enclosure", f"{n}.bin", data)
        for n, data in enumerate(enclosures, start=1)
    ]
    named = [
        {"part": part, "role": role, "filename": name, "media_type": "application/octet-stream"}
        for part, role, name, _ in documents
    ]
    writer = letter_form(pdf, to(), documents=named)
    for part, _, name, data in documents[1:]:
        body = writer.append(data, {"Content-Type": "application/octet-stream"})
        body.set_content_disposition("form-data", name=part, filename=name)
    return writer


async def post(here, body, party=AGENCY):
    """Status and body of one submission."""
    headers = {"Idempotency-Key": new_key()}
    async with (
        here.client(party) as client,
        client.post("/v1/letters", data=body, headers=headers) as answer,
    ):
        found = await answer.json(content_type=None)
        return answer.status, found if answer.status == 201 else check_problem(found, answer)


async def register_signer(here, party, *mark):
    words = ("admin", "party", "signer", "add", party, *mark)
    code, _, err = await run_tdh(*words, **here.environment)
    assert code == 0, err


async def evidence_of(here, evidence, folder):
    """The XML, saved with its proof, after `tdh verify` and xmlsec1 accepted it."""
    saved = folder / "evidence"
    code, out, err = await tdh(here, AGENCY, "evidence", evidence["id"], "-o", str(saved))
    assert code == 0, f"{out} {err}"
    (file,) = saved.glob("*.xml")
    code, out, err = await run_tdh("verify", "--trust", str(here.trust), "--json", str(file))
    assert (code, json.loads(out)["result"]) == (0, "valid"), f"{out} {err}"
    xml = file.read_bytes()
    assert_sealed(here, xml, folder)
    return xml


def sealed(xml):
    """Number of each document: verdict, and the attributes beside it."""
    return {
        int(part): (text.decode(), dict(re.findall(r'([a-z-]+)="([^"]*)"', more.decode())))
        for part, more, text in VERDICT.findall(xml)
    }


async def test_a_letter_whose_signer_is_not_registered_is_refused_until_it_is(here, tmp_path):
    pdf = signed_pdf(here)
    status, problem = await post(here, form(pdf))
    assert (status, problem["code"]) == (422, "signer-is-not-sender")
    xml = await evidence_of(here, problem["evidence"], tmp_path)
    assert b"/reason/signer-is-not-sender</Code>" in xml
    assert problem["title_th"].encode() in xml
    verdict, more = sealed(xml)[1]
    assert (verdict, more["sender-match"]) == ("TOTAL_PASSED", "unknown")
    assert more["scanned-by"].startswith("ClamAV ")

    asked = {"Accept": "application/json"}
    async with (
        here.client(AGENCY) as client,
        client.get(problem["evidence"]["href"], headers=asked) as answer,
    ):
        stream = (await answer.json())["delivery"]
    report = f"/v1/deliveries/{stream}/documents/1/report"
    status, kept = await ask_with_patience(here, AGENCY, "GET", report)
    assert (status, hashlib.sha256(kept).hexdigest()) == (200, more["report"])
    assert json.loads(kept)["indication"] == "TOTAL_PASSED"
    for stranger in (OTHER_AGENCY, CITIZEN, COMPANY):
        async with here.client(stranger) as client, client.get(report) as answer:
            assert answer.status == 404

    await register_signer(here, AGENCY, "--organization", ORGANIZATION.upper())
    status, letter = await post(here, form(signed_pdf(here)))
    assert status == 201, letter
    assert letter["documents"][0]["signature"]["sender_match"] == "same-organisation"


async def test_a_business_is_only_marked_as_its_rules_say(here, tmp_path):
    status, letter = await post(here, form(signed_pdf(here)), COMPANY)
    assert status == 201, letter
    assert letter["documents"][0]["signature"]["sender_match"] == "unknown"
    code, out, err = await tdh(here, COMPANY, "show", letter["id"])
    assert code == 0, err
    assert "ใบรับรองไม่ระบุว่าเป็นผู้ส่ง" in out


async def test_evidence_says_of_each_document_what_it_is_and_names_its_report(here, tmp_path):
    await register_signer(here, AGENCY, "--organization", ORGANIZATION)
    status, letter = await post(here, form(signed_pdf(here), PNG, signed_pdf(here)))
    assert status == 201, letter
    xml = await evidence_of(here, letter["deliveries"][0]["evidence"][0], tmp_path)
    found = sealed(xml)
    assert [verdict for verdict, _ in found.values()] == [
        "TOTAL_PASSED",
        "NO_SIGNATURE",
        "TOTAL_PASSED",
    ]
    assert found[1][1]["sender-match"] == "same-organisation"
    assert "sender-match" not in found[2][1]
    delivery = letter["deliveries"][0]["id"]
    await until_state(here, delivery, "consigned")
    for number, (_, more) in found.items():
        for party, name in ((AGENCY, letter["id"]), (CITIZEN, delivery)):
            code, out, err = await tdh(here, party, "show", name, "--report", str(number))
            assert code == 0, err
            assert hashlib.sha256(out.encode()).hexdigest() == more["report"]
    code, out, err = await tdh(here, CITIZEN, "show", delivery)
    assert code == 0, err
    assert "ไม่มีลายมือชื่อ / unsigned" in out
    assert "ไม่พบมัลแวร์ / no malware found (ClamAV" in out


async def test_an_enclosure_whose_signature_is_broken_is_refused_by_name(here, tmp_path):
    await register_signer(here, AGENCY, "--organization", ORGANIZATION)
    status, problem = await post(here, form(signed_pdf(here), PNG, altered_byte(signed_pdf(here))))
    assert (status, problem["code"]) == (422, "enclosure-signature-not-valid")
    xml = await evidence_of(here, problem["evidence"], tmp_path)
    assert sealed(xml)[3][0] == "TOTAL_FAILED/HASH_FAILURE"
    assert b"3/enclosure/2.bin: TOTAL_FAILED/HASH_FAILURE (changed-after-signing)" in xml


async def test_malware_is_refused_with_its_name_in_sealed_evidence(here, tmp_path):
    status, problem = await post(here, form(signed_pdf(here), b"before " + MARKER + b" after"))
    assert (status, problem["code"]) == (422, "malware-found")
    xml = await evidence_of(here, problem["evidence"], tmp_path)
    assert f"2/enclosure/1.bin: {NAME}".encode() in xml
    assert {verdict for verdict, _ in sealed(xml).values()} == {"not-judged"}
    code, _, err = await tdh(
        here, AGENCY, "send", _file(tmp_path, b"%PDF-1.7 " + MARKER), "--to", CITIZEN,
        "--number", "1", "--subject", "x",
    )  # fmt: skip
    assert code == 1
    assert "malware-found" in err


async def test_the_installation_is_sound_and_waits_while_the_scanner_is_away(here, scanner):
    found = {one["id"]: one for one in (await audit(here))["checks"]}
    assert found["reports"]["checked"] > 4
    scanner.process.terminate()
    scanner.process.wait(30)
    async with leaving_nothing(here):
        status, problem = await post(here, form(signed_pdf(here)))
        assert (status, problem["code"]) == (503, "scanner-unavailable")
        assert problem["retryable"]


def _file(folder, data):
    path = folder / "letter.pdf"
    path.write_bytes(data)
    return str(path)
