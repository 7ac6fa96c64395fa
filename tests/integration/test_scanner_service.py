"""A whole running service beside a real clamd: clean, found, and what happens while it is down."""

import asyncio
import json
from datetime import UTC, datetime

import pytest
from clamd_server import MARKER, NAME, clamd

from tests.installation import AGENCY, CITIZEN, installed
from tests.pki.make import sign_pdf, simple_pdf
from tests.stories import ask_with_patience, new_key, signed_pdf, submit, to, until_state


@pytest.fixture(scope="module")
def scanner(tmp_path_factory):
    with clamd(tmp_path_factory.mktemp("clamd")) as running:
        yield running


@pytest.fixture(scope="module")
async def here(new_database, postgres_server, rabbitmq_server, scanner):
    extra = {"TDH_SCANNER__URL": scanner.unix}
    async with installed(new_database, postgres_server, rabbitmq_server, extra=extra) as running:
        yield running


async def readiness(here):
    async with here.client(None) as client, client.get("/readyz") as answer:
        return answer.status, (await answer.json())["parts"]


async def test_a_clean_letter_goes_its_way_and_its_evidence_names_the_scanner(here):
    status, body = await submit(here, signed_pdf(here), new_key(), to())
    assert status == 201, body
    (delivery,) = body["deliveries"]
    await until_state(here, delivery["id"], "consigned")
    path = f"/v1/evidence/{delivery['evidence'][0]['id']}"
    for party in (AGENCY, CITIZEN):
        _, evidence = await ask_with_patience(here, party, "GET", path)
        assert b'scanned-by="ClamAV 1.' in evidence


async def test_what_the_scanner_knows_is_refused_although_its_signature_is_valid(here):
    pdf = simple_pdf(MARKER.decode())
    pdf = sign_pdf(pdf, here.pki.signers["good"], signed_at=datetime.now(UTC))
    status, body = await submit(here, pdf, new_key(), to())
    assert (status, body["code"]) == (422, "malware-found"), body
    assert NAME not in json.dumps(body), "what a scanner calls it helps who tries to get past it"


# The last one: it ends the scanner.
async def test_while_the_scanner_is_down_nothing_is_taken_in_and_readiness_says_why(here, scanner):
    assert await readiness(here) == (200, {"database": True, "sealer": True, "scanner": True})
    scanner.process.kill()
    scanner.process.wait()
    status, body = await submit(here, signed_pdf(here), new_key(), to())
    assert (status, body["code"]) == (503, "scanner-unavailable"), body
    async with asyncio.timeout(10):
        while (answer := await readiness(here))[0] == 200:  # noqa: ASYNC110 - remembered for a second
            await asyncio.sleep(0.1)
    assert answer == (503, {"database": True, "sealer": True, "scanner": False})
