"""A whole service, and an authority whose server answers, falls silent and revokes."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from revocation_server import revocation_server, silence

from tests.installation import installed
from tests.pki.make import sign_pdf, simple_pdf
from tests.pki.revocation import Line, make_list, make_web
from tests.stories import new_key, submit, to

QUICK = {"TDH_REVOCATION__SECONDS": "1", "TDH_REVOCATION__RETRY_SECONDS": "0.5"}


@pytest.fixture(scope="module")
async def authority():
    async with revocation_server() as server:
        yield server


@pytest.fixture(scope="module")
async def here(authority, new_database, postgres_server, rabbitmq_server):
    allowed = {"TDH_REVOCATION__ALLOW_PRIVATE": f"127.0.0.1:{authority.port}"}
    servers = (new_database, postgres_server, rabbitmq_server)
    async with installed(*servers, extra=QUICK | allowed) as running:
        yield running


async def send(here, web, text):
    document = sign_pdf(simple_pdf(text), web.signers["list"], signed_at=datetime.now(UTC))
    return await submit(here, document, new_key(), to())


async def test_letters_and_an_authority_that_is_not_always_there(here, authority):
    web = make_web(authority.base, here.pki.root)
    now = datetime.now(UTC)
    issued = {"this_update": now - timedelta(minutes=1), "next_update": now + timedelta(hours=1)}

    authority.answers["/issuing.crl"] = silence
    status, problem = await send(here, web, "One")
    assert (status, problem["code"]) == (422, "revocation-unknown"), problem
    assert problem["evidence"]["event"] == "SubmissionRejection"

    listed = make_list(web.issuing, **issued)
    authority.answers["/issuing.crl"] = listed
    await asyncio.sleep(0.6)  # the source is left alone for half a second
    status, letter = await send(here, web, "Two")
    assert status == 201, letter
    signature = letter["documents"][0]["signature"]["signatures"][0]
    assert [item["source"] for item in signature["revocation"]] == ["crl fetched", "crl trust"]

    authority.answers["/issuing.crl"] = silence
    asked = len(authority.asked)
    assert (await send(here, web, "Three"))[0] == 201
    assert len(authority.asked) == asked

    connection = await asyncpg.connect(here.dsn)
    kept = await connection.fetchval(
        "SELECT content FROM revocation_data WHERE sha256 = $1",
        bytes.fromhex(signature["revocation"][0]["data_sha256"]),
    )
    await connection.close()
    assert kept == listed


async def test_a_certificate_that_was_revoked_is_refused_with_evidence(here, authority):
    web = make_web(f"{authority.base}/second", here.pki.root)
    now = datetime.now(UTC)
    line = Line(serial=web.certificate("list").serial_number, at=now - timedelta(hours=2))
    authority.answers["/second/issuing.crl"] = make_list(
        web.issuing, [line], this_update=now, next_update=now + timedelta(hours=1)
    )
    status, problem = await send(here, web, "Four")
    assert (status, problem["code"]) == (422, "certificate-revoked"), problem
    assert problem["evidence"]["event"] == "SubmissionRejection"
