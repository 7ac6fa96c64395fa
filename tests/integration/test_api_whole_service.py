"""The command line against a whole running service: real database, broker, sealer, judge, log."""

import asyncio
import hashlib
import json
import subprocess
import sys
from urllib.parse import urlsplit

import aiohttp
import asyncpg
import pytest

from signing.timestamp_messages import build_request
from tests.installation import AGENCY, CITIZEN, OTHER_AGENCY, installation, letter_form
from tests.stories import new_key, signed_pdf, to, until_state
from tests.time_server import answer as time_answer
from tests.time_server import time_server

LARGE = 10_000_000


@pytest.fixture(scope="module")
async def clock():
    """The time server of the whole service."""
    async with time_server() as running:
        yield running


@pytest.fixture(scope="module")
async def here(new_database, postgres_server, rabbitmq_server, clock):
    dsn = await new_database("template0")
    settings = {"TDH_TSA__NTP": str(clock.at), "TDH_TSA__NTP_SECONDS": "1"}
    async with installation(dsn, rabbitmq_server, extra=settings) as running:
        yield running
    connection = await asyncpg.connect(postgres_server.dsn_of("postgres"))
    await connection.execute(f"DROP DATABASE {urlsplit(dsn).path[1:]} WITH (FORCE)")
    await connection.close()


async def tdh(here, party, *words):
    """Exit code, output and complaints of one run of the program."""
    connection = ["--server", here.url, "--token-file", str(here.token_file(party))]
    command = [sys.executable, "-m", "tdh", *words, *connection]
    ended = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, timeout=60, check=False
    )
    return ended.returncode, ended.stdout, ended.stderr


async def send(here, tmp_path, mode, pdf=None):
    path = tmp_path / "หนังสือ.pdf"
    path.write_bytes(pdf or signed_pdf(here))
    words = ("--number", "ดศ 0201/1", "--subject", "แจ้งผล", "--json")
    code, out, err = await tdh(here, AGENCY, "send", str(path), "--to", f"{CITIZEN}:{mode}", *words)
    assert code == 0, err
    return path.read_bytes(), json.loads(out)["deliveries"][0]["id"]


async def test_a_registered_letter_goes_all_the_way_by_the_command_line(here, tmp_path):
    pdf, delivery = await send(here, tmp_path, "consent")
    await until_state(here, delivery, "awaiting_acceptance")
    code, out, _ = await tdh(here, CITIZEN, "show", delivery)
    assert code == 0
    assert "รอผู้รับลงรับ" in out
    code, _, err = await tdh(here, CITIZEN, "accept", delivery)
    assert code == 0, err
    into = tmp_path / "in"
    code, _, err = await tdh(here, CITIZEN, "receive", "--to", str(into))
    assert code == 0, err
    assert (into / delivery / "01-หนังสือ.pdf").read_bytes() == pdf
    await until_state(here, delivery, "handed_over")
    saved = tmp_path / "evidence"
    code, out, err = await tdh(here, AGENCY, "evidence", delivery, "-o", str(saved))
    assert code == 0, err
    names = sorted(one.name for one in saved.glob("*.xml"))
    assert names == [
        "01-SubmissionAcceptance.xml",
        "02-NotificationForAcceptance.xml",
        "03-ConsignmentAcceptance.xml",
        "04-ContentConsignment.xml",
        "05-ContentAccessTracking.xml",
        "06-ContentHandover.xml",
    ]
    files = [str(one) for one in sorted(saved.glob("*.xml"))]
    verify = [sys.executable, "-m", "tdh", "verify", *files, "--trust", str(here.trust), "--json"]
    verified = await asyncio.to_thread(
        subprocess.run, verify, capture_output=True, text=True, timeout=60, check=False
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert json.loads(verified.stdout)["result"] == "valid"


async def test_a_large_letter_is_the_same_at_the_other_end(here, tmp_path):
    pdf, delivery = await send(here, tmp_path, "basic", signed_pdf(here, size=LARGE))
    await until_state(here, delivery, "consigned")
    code, _, err = await tdh(here, CITIZEN, "receive", "--to", str(tmp_path / "in"))
    assert code == 0, err
    got = (tmp_path / "in" / delivery / "01-หนังสือ.pdf").read_bytes()
    assert got == pdf
    await until_state(here, delivery, "handed_over")


async def test_a_client_that_leaves_in_the_middle_has_no_handover(here, tmp_path):
    pdf, delivery = await send(here, tmp_path, "basic", signed_pdf(here, size=LARGE))
    await until_state(here, delivery, "consigned")
    async with here.client(CITIZEN) as session:
        answer = await session.get(f"/v1/inbox/{delivery}/documents/1")
        await answer.content.readexactly(1000)
        answer.close()
    await asyncio.sleep(0.5)
    async with here.client(CITIZEN) as session:
        item = await (await session.get(f"/v1/inbox/{delivery}")).json()
        assert item["state"] == "consigned"
        assert item["documents"][0]["released"] is False
        assert item["evidence"][-1]["event"] == "ContentAccessTracking"
        whole = await session.get(f"/v1/inbox/{delivery}/documents/1")
        assert await whole.read() == pdf
    await until_state(here, delivery, "handed_over")


async def submitted(here, form, key=None, **headers):
    async with here.client(AGENCY) as session:
        named = {"Idempotency-Key": key or new_key(), **headers}
        async with session.post("/v1/letters", data=form, headers=named) as answer:
            return answer.status, await answer.json(content_type=None)


async def test_bad_input_is_answered_in_both_languages_and_leaves_nothing(here):
    pdf = signed_pdf(here)
    cases = {
        "top-secret-not-carried": letter_form(pdf, to(), secrecy="top-secret"),
        "recipient-not-registered": letter_form(pdf, to("th-agency:nobody")),
        "invalid-request": letter_form(pdf, to(), colour="red"),
    }
    for code, form in cases.items():
        status, problem = await submitted(here, form)
        assert problem["code"] == code
        assert status == problem["status"]
        assert problem["title_th"]
        assert "evidence" not in problem
    wrong = {"Content-Digest": f"sha-256=:{'A' * 43}=:"}
    status, problem = await submitted(here, letter_form(pdf, to()), **wrong)
    assert (status, problem["code"]) == (422, "digest-mismatch")
    key = new_key()
    assert (await submitted(here, letter_form(pdf, to()), key))[0] == 201
    status, problem = await submitted(here, letter_form(pdf, to(), subject="อื่น"), key)
    assert (status, problem["code"]) == (409, "idempotency-mismatch")


async def test_a_repeated_submission_is_answered_with_the_same_bytes(here):
    pdf, key = signed_pdf(here), new_key()
    first = await submitted(here, letter_form(pdf, to()), key)
    await until_state(here, first[1]["deliveries"][0]["id"], "consigned")
    assert await submitted(here, letter_form(pdf, to()), key) == first


async def test_a_document_that_is_not_signed_is_refused_with_sealed_evidence(here, tmp_path):
    path = tmp_path / "x.pdf"
    path.write_bytes(b"%PDF-1.7\nnothing signed\n%%EOF\n")
    words = ("--number", "1", "--subject", "x", "--json")
    code, out, _ = await tdh(here, AGENCY, "send", str(path), "--to", CITIZEN, *words)
    problem = json.loads(out)
    assert code == 1
    assert problem["evidence"]["event"] == "SubmissionRejection"
    code, _, err = await tdh(
        here, AGENCY, "evidence", problem["evidence"]["id"], "-o", str(tmp_path / "e")
    )
    assert code == 0, err
    assert (tmp_path / "e" / "01-SubmissionRejection.xml").exists()


async def test_another_partys_delivery_is_as_good_as_missing(here, tmp_path):
    _, delivery = await send(here, tmp_path, "basic")
    missing = delivery[:-1] + ("0" if delivery[-1] != "0" else "1")
    async with here.client(OTHER_AGENCY) as session:
        bodies = set()
        for one in (delivery, missing):
            async with session.get(f"/v1/deliveries/{one}") as answer:
                assert answer.status == 404
                bodies.add(await answer.read())
        assert len(bodies) == 1
    async with aiohttp.ClientSession(here.url) as nobody:
        answer = await nobody.get(f"/v1/deliveries/{delivery}")
        assert answer.status == 401


async def test_lists_are_read_to_their_end_in_pages(here):
    pdf = signed_pdf(here)
    made = [(await submitted(here, letter_form(pdf, to())))[1]["id"] for _ in range(3)]
    seen, query = [], {"limit": "2"}
    async with here.client(AGENCY) as session:
        while True:
            page = await (await session.get("/v1/letters", params=query)).json()
            seen += [one["id"] for one in page["data"]]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        assert seen[:3] == made[::-1]
        assert len(seen) == len(set(seen))
        bad = await session.get("/v1/letters", params={"cursor": "nonsense"})
        assert bad.status == 400


async def test_anybody_gets_a_timestamp_that_openssl_believes(here, tmp_path):
    async def openssl(*words):
        command = ["openssl", "ts", *words]
        return await asyncio.to_thread(
            subprocess.run, command, cwd=tmp_path, capture_output=True, timeout=30, check=False
        )

    (tmp_path / "data").write_bytes(b"whatever it is")
    (tmp_path / "roots.pem").write_text("".join(json.loads(here.trust.read_text())["tsa_roots"]))
    asked = await openssl("-query", "-data", "data", "-sha512", "-cert", "-out", "q.tsq")
    assert asked.returncode == 0, asked.stderr
    query = (tmp_path / "q.tsq").read_bytes()
    named = {"Content-Type": "application/timestamp-query"}
    async with (
        here.client(None) as session,
        session.post("/tsa", data=query, headers=named) as answer,
    ):
        assert answer.status == 200
        assert answer.content_type == "application/timestamp-reply"
        (tmp_path / "r.tsr").write_bytes(await answer.read())
    verify = ("-verify", "-queryfile", "q.tsq", "-in", "r.tsr", "-CAfile", "roots.pem")
    judged = await openssl(*verify)
    assert judged.returncode == 0, judged.stderr
    assert b"Verification: OK" in judged.stdout


async def test_both_parties_get_one_receipt_of_an_event_which_verifies_alone(here, tmp_path):
    _, delivery = await send(here, tmp_path, "basic")
    await until_state(here, delivery, "consigned")
    async with here.client(AGENCY) as sender, here.client(CITIZEN) as recipient:
        async with sender.get(f"/v1/deliveries/{delivery}/evidence") as answer:
            listed = {one["event"]: one["id"] for one in (await answer.json())["data"]}

        async def receipt(session, event, **query):
            path, wanted = f"/v1/evidence/{listed[event]}", {"Accept": "application/pdf"}
            for _ in range(100):
                async with session.get(path, headers=wanted, params=query) as answer:
                    if answer.status != 409:
                        return answer.status, await answer.read()
                    assert (await answer.json())["code"] == "not-logged-yet"
                await asyncio.sleep(0.1)
            raise AssertionError("never logged")

        asked = [
            receipt(each, "ContentConsignment") for each in (sender, recipient, sender, recipient)
        ]
        given = await asyncio.gather(*asked)
        assert {status for status, _ in given} == {200}
        assert len({pdf for _, pdf in given}) == 1, "two who ask at once get the same bytes"
        assert await receipt(recipient, "ContentConsignment", edition="1") == given[0]
        assert (await receipt(sender, "ContentConsignment", edition="2"))[0] == 404
        assert (await receipt(sender, "ContentConsignment", edition="0"))[0] == 400
        async with here.client(OTHER_AGENCY) as stranger:
            assert (await receipt(stranger, "ContentConsignment"))[0] == 404
    saved = tmp_path / "receipt.pdf"
    code, _, err = await tdh(here, CITIZEN, "receipt", delivery, "-o", str(saved))
    assert code == 0, err
    assert saved.read_bytes() == given[0][1], "of a delivery, its newest event that has a page"
    verify = [sys.executable, "-m", "tdh", "verify", str(saved), "--trust", str(here.trust)]
    verified = await asyncio.to_thread(
        subprocess.run, verify, capture_output=True, text=True, timeout=60, check=False
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr


async def test_an_operator_renews_a_receipt_and_the_old_edition_stays(here, tmp_path):
    _, delivery = await send(here, tmp_path, "basic")
    await until_state(here, delivery, "consigned")
    first, second, old = (tmp_path / name for name in ("1.pdf", "2.pdf", "old.pdf"))
    code, out, err = await tdh(here, AGENCY, "receipt", delivery, "-o", str(first), "--json")
    assert code == 0, err
    evidence = json.loads(out)["evidence"]

    admin = [sys.executable, "-m", "tdh", "admin", "receipt", "renew", evidence, "evd_x", "--json"]
    renewed = await asyncio.to_thread(
        subprocess.run, admin, capture_output=True, text=True, timeout=60, check=False,
        env=here.environment | {"PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    told = json.loads(renewed.stdout)
    assert (renewed.returncode, list(told["refused"])) == (1, ["evd_x"]), renewed.stderr
    assert told["made"] == [{"evidence": evidence, "edition": 2}]

    assert (await tdh(here, CITIZEN, "receipt", evidence, "-o", str(second)))[0] == 0
    words = ("receipt", evidence, "--edition", "1", "-o", str(old))
    assert (await tdh(here, CITIZEN, *words))[0] == 0
    assert old.read_bytes() == first.read_bytes() != second.read_bytes()


async def test_a_receipt_that_was_made_is_there_while_its_maker_is_not(here, tmp_path):
    _, delivery = await send(here, tmp_path, "consent")
    await until_state(here, delivery, "awaiting_acceptance")
    saved = tmp_path / "receipt.pdf"
    code, _, err = await tdh(here, AGENCY, "receipt", delivery, "-o", str(saved))
    assert code == 0, err
    path = f"/v1/deliveries/{delivery}/evidence"
    async with here.client(AGENCY) as sender, sender.get(path) as answer:
        notified = (await answer.json())["data"][-1]
    assert notified["event"] == "NotificationForAcceptance"
    code, _, err = await tdh(here, AGENCY, "receipt", notified["id"], "-o", str(saved))
    assert (code, "no-receipt-for-this-event" in err) == (1, True), err
    other = await send(here, tmp_path, "consent")
    here.kill("receipts")
    again = tmp_path / "again.pdf"
    code, _, err = await tdh(here, AGENCY, "receipt", delivery, "-o", str(again))
    assert code == 0, err
    assert again.read_bytes() == saved.read_bytes()
    for _ in range(40):  # its supervisor starts it again
        code, _, err = await tdh(here, AGENCY, "receipt", other[1], "-o", str(tmp_path / "new.pdf"))
        if code == 0:
            break
        assert "receipt-maker-unavailable" in err
    assert code == 0, err


async def test_no_timestamp_while_the_clock_is_off_the_time_server_s_and_letters_go_on(
    here, clock, tmp_path
):
    query = build_request(hashlib.sha256(b"data").digest())
    named = {"Content-Type": "application/timestamp-query"}

    async def until(granted):
        async with asyncio.timeout(20), here.client(None) as session:
            while True:
                async with session.post("/tsa", data=query, headers=named) as answer:
                    reply = await answer.read()
                if (reply[:2] == b"\x30\x82") == granted:  # else a few bytes: a refusal
                    return reply
                await asyncio.sleep(0.2)

    await until(granted=True)
    clock.answers = lambda asked: [time_answer(asked, ahead=3)]
    assert b"the clock may be" in await until(granted=False)
    _, delivery = await send(here, tmp_path, "basic")
    await until_state(here, delivery, "consigned")
    clock.answers = lambda asked: [time_answer(asked)]
    await until(granted=True)


async def test_the_doctor_finds_a_running_service_well(here):
    """Its log has no outsider, its keys are named by the log, and the clock has its server."""
    plain = json.loads(await operator_said(here, "doctor", "--json"))
    found = {(one["id"], one["result"]) for one in plain["findings"]}
    parts = ("settings", "database", "broker", "sealer", "clock", "keys", "log", "outbox", "disk")
    assert {(part, "pass") for part in parts} <= found
    assert ("keys", "fail") not in found
    (anchors,) = [one for one in plain["findings"] if one["id"] == "anchors"]
    assert "operator's word only" in anchors["text"]["en"]


async def test_the_trust_file_is_served_with_its_proof(here, tmp_path):
    """A stranger has a file, gets a newer one from the service, and takes it by the log's word."""
    mine = tmp_path / "trust.json"
    mine.write_bytes(here.trust.read_bytes())
    newer = tmp_path / "newer.json"
    plain = json.loads(mine.read_text())
    lost = {"key": "ab" * 32, "since": "2026-01-01T00:00:00+00:00"}
    newer.write_text(json.dumps(plain | {"compromised": [lost]}))
    await operator_said(here, "admin", "trust-file", "publish", str(newer))
    async with here.client(None) as session:
        async with session.get("/log/trust.json") as answer:
            assert await answer.read() == newer.read_bytes()
        async with asyncio.timeout(10):
            while True:
                async with session.get("/log/trust.tlog-proof") as answer:
                    if answer.status == 200:
                        (tmp_path / "proof").write_bytes(await answer.read())
                        break
                    assert answer.status == 409
                await asyncio.sleep(0.1)
    words = ("--trust", str(mine), "--new", str(newer), "--proof", str(tmp_path / "proof"))
    assert "added: compromised key" in await operator_said(here, "trust", "update", *words)
    assert json.loads(mine.read_text())["compromised"] == [lost]


async def operator_said(here, *words):
    """The output of one run of the program with the service's settings."""
    ended = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "tdh", *words],
        env=here.program_environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.stdout, ended.stderr
    return ended.stdout
