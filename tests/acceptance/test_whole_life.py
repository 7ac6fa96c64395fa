"""Whole lives of letters at a running service: two API processes, real broker, database, sealer."""

import asyncio
import json
import subprocess
import uuid
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest

from relay.amqp import names
from relay.amqp.partner import Collected, PartnerProgram, RequestRefused
from tests.installation import AGENCY, CITIZEN, COMPANY, OTHER_AGENCY, letter_form
from tests.stories import (
    ask_with_patience,
    assert_nothing_twice,
    audit,
    events_of,
    holdings,
    new_key,
    run_tdh,
    signed_pdf,
    tdh,
    to,
    until_state,
)

SETTINGS = {"TDH_API__PROCESSES": "2"}
RACES = 15


async def send(here, recipients, *, pdf=None, key=None):
    """A letter that is accepted, as the sender's answer shows it."""
    form = letter_form(pdf or signed_pdf(here), recipients)
    status, body = await ask(
        here, AGENCY, "/v1/letters", form, {"Idempotency-Key": key or new_key()}
    )
    assert status == 201, body
    return body


async def ask(here, party, path, data=None, headers=None):
    """Status and JSON of one POST."""
    async with (
        here.client(party) as client,
        client.post(path, data=data, headers=headers or {}) as answer,
    ):
        return answer.status, await answer.json(content_type=None)


async def answer(here, party, delivery, word, **body):
    """The recipient's answer, or the sender's change of mind."""
    place = "deliveries" if word == "withdraw" else "inbox"
    kind = {"Content-Type": "application/json"}
    path = f"/v1/{place}/{delivery}/{word}"
    return await ask(here, party, path, json.dumps(body).encode(), kind)


async def sent_by_consent(here, **more):
    letter = await send(here, to(CITIZEN, "consent", **more))
    delivery = letter["deliveries"][0]["id"]
    return await until_state(here, delivery, "awaiting_acceptance")


@asynccontextmanager
async def the_companys_program(here, folder):
    """The company's own program with its own credentials, and what it tells."""
    program = PartnerProgram(
        amqp_url=here.amqp_urls[COMPANY],
        server=here.url,
        token=here.tokens[COMPANY],
        folder=folder,
        new_message_id=lambda: uuid.uuid4().hex,
    )
    told: asyncio.Queue = asyncio.Queue()
    running = asyncio.create_task(program.run(told.put_nowait))
    try:
        yield program, told
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


# --- one letter, three recipients, every evidence -------------------------------------------------


async def test_a_letter_to_three_reaches_each_in_its_own_way_and_every_evidence_verifies(
    here, tmp_path
):
    pdf = signed_pdf(here)
    recipients = [*to(COMPANY), *to(CITIZEN, "consent"), *to(OTHER_AGENCY)]
    letter = await send(here, recipients, pdf=pdf)
    company, citizen, agency = (one["id"] for one in letter["deliveries"])

    async with the_companys_program(here, tmp_path / "company") as (_, told):
        outcome = await asyncio.wait_for(told.get(), 30)
    assert isinstance(outcome, Collected), outcome
    assert outcome.files[0].read_bytes() == pdf

    await until_state(here, citizen, "awaiting_acceptance")
    path = f"/v1/inbox/{citizen}/documents/1"
    status, early = await ask_with_patience(here, CITIZEN, "GET", path)
    assert (status, json.loads(early)["code"]) == (409, "not-accepted-yet")
    assert (await answer(here, CITIZEN, citizen, "accept"))[0] == 200
    assert await ask_with_patience(here, CITIZEN, "GET", path) == (200, pdf)

    await until_state(here, agency, "consigned")
    path = f"/v1/inbox/{agency}/documents/1"
    assert await ask_with_patience(here, OTHER_AGENCY, "GET", path) == (200, pdf)
    await until_state(here, agency, "consigned")  # a system says itself that it has everything
    digests = [one["sha256"] for one in letter["documents"]]
    assert (await answer(here, OTHER_AGENCY, agency, "acknowledge", sha256=digests))[0] == 200

    for delivery in (company, citizen, agency):
        await until_state(here, delivery, "handed_over")
        assert_nothing_twice(await events_of(here, delivery))
    await assert_all_evidence_verifies(here, letter["id"], tmp_path / "evidence")


async def assert_all_evidence_verifies(here, letter, folder):
    code, _, err = await tdh(here, AGENCY, "evidence", letter, "-o", str(folder))
    assert code == 0, err
    files = sorted(folder.rglob("*.xml"))
    assert len(files) == 5 + 6 + 4
    verify = ("verify", "--trust", str(here.trust), "--json")
    code, out, err = await run_tdh(*verify, *map(str, files))
    assert code == 0, out + err
    assert {one["result"] for one in json.loads(out)["files"]} == {"valid"}
    assert {one["kind"] for one in json.loads(out)["files"]} == {"evidence"}

    changed = files[0].read_bytes().replace("ดศ 0201/1234".encode(), "ดศ 0201/1235".encode())
    files[0].write_bytes(changed)
    code, out, _ = await run_tdh(*verify, str(files[0]))
    failed = {c["id"] for c in json.loads(out)["files"][0]["checks"] if c["result"] == "fail"}
    assert code == 1
    assert {"seal", "inclusion"} & failed


async def test_an_officer_with_a_token_of_her_own_is_named_as_who_accepted(here, tmp_path):
    token = tmp_path / "officer"
    words = ["admin", "token", "add", CITIZEN, "--out", str(token)]
    words += ["--delegate", "th-officer:care.7", "--capacity", "guardian"]
    names = ["--delegate-name-th", "สมศรี รักงาน", "--delegate-name-en", "Somsri Rakngan"]
    code, _, complaint = await run_tdh(*words, *names, **here.environment)
    assert code == 0, complaint
    delivery = (await sent_by_consent(here))["id"]
    client = {"TDH_SERVER": here.url, "TDH_TOKEN_FILE": str(token)}
    assert (await run_tdh("accept", delivery, **client))[0] == 0

    code, _, complaint = await run_tdh("evidence", delivery, "-o", str(tmp_path / "e"), **client)
    assert code == 0, complaint
    xml = next((tmp_path / "e").glob("*-ConsignmentAcceptance.xml"))
    text = xml.read_text(encoding="utf-8")
    assert "<ev:RecipientsDelegateDetails><ev:Identity>" in text
    assert '<Identifier IdentifierSchemeName="th-officer">care.7</Identifier>' in text
    assert "<saml:AttributeValue>guardian</saml:AttributeValue>" in text
    assert '<tdh:Particular name="envelope">' in text
    assert (await run_tdh("verify", str(xml), "--trust", str(here.trust)))[0] == 0


async def test_the_log_is_public_and_its_head_is_stamped(here, tmp_path):
    letter = await send(here, to())
    evidence = letter["deliveries"][0]["evidence"][0]["href"]
    async with asyncio.timeout(20):
        while (await ask_with_patience(here, AGENCY, "GET", evidence + "/proof"))[0] != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        while True:
            _, head = await ask_with_patience(here, None, "GET", "/log/checkpoint")
            _, stamp = await ask_with_patience(here, None, "GET", "/log/checkpoint.tsr")
            if head == (await ask_with_patience(here, None, "GET", "/log/checkpoint"))[1]:
                break
    assert head.startswith(b"test.tdh.example/log\n")
    (tmp_path / "root.pem").write_text(json.loads(here.trust.read_text())["tsa_roots"][0])
    assert openssl_accepts(tmp_path, head, stamp)
    assert not openssl_accepts(tmp_path, head + b"\n", stamp)


def openssl_accepts(folder, data, answer):
    (folder / "data").write_bytes(data)
    (folder / "answer.tsr").write_bytes(answer)
    command = [
        "openssl",
        "ts",
        "-verify",
        "-data",
        "data",
        "-in",
        "answer.tsr",
        "-CAfile",
        "root.pem",
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


# --- refused, withdrawn, acknowledged wrongly -----------------------------------------------------


async def test_a_refused_letter_shows_nothing_and_says_why_to_its_sender(here):
    waiting = await sent_by_consent(here)
    delivery = waiting["id"]
    status, item = await answer(here, CITIZEN, delivery, "refuse", note="ไม่ใช่เรื่องของข้าพเจ้า")
    assert (status, item["state"]) == (200, "refused")
    path = f"/v1/inbox/{delivery}/documents/1"
    status, content = await ask_with_patience(here, CITIZEN, "GET", path)
    problem = json.loads(content)
    assert (status, problem["code"]) == (409, "already-final")
    assert problem["evidence"]["event"] == "ConsignmentRejection"
    status, xml = await ask_with_patience(here, AGENCY, "GET", problem["evidence"]["href"])
    assert status == 200
    assert "ไม่ใช่เรื่องของข้าพเจ้า".encode() in xml
    status, problem = await answer(here, CITIZEN, delivery, "accept")
    assert (status, problem["evidence"]["event"]) == (409, "ConsignmentRejection")


async def test_a_letter_is_withdrawn_before_its_content_is_placed_and_not_after(here):
    delivery = (await sent_by_consent(here))["id"]
    status, seen = await answer(here, AGENCY, delivery, "withdraw")
    assert (status, seen["state"]) == (200, "withdrawn")
    for word in ("accept", "refuse"):
        status, problem = await answer(here, CITIZEN, delivery, word)
        assert (status, problem["evidence"]["event"]) == (409, "Withdrawal")
    placed = (await send(here, to()))["deliveries"][0]["id"]
    await until_state(here, placed, "consigned")
    status, problem = await answer(here, AGENCY, placed, "withdraw")
    assert (status, problem["evidence"]["event"]) == (409, "ContentConsignment")


async def test_a_system_that_names_other_digests_has_no_handover(here, tmp_path):
    recipients = [*to(OTHER_AGENCY), *to(COMPANY, "consent")]
    letter = await send(here, recipients)
    agency, company = (one["id"] for one in letter["deliveries"])
    right = letter["documents"][0]["sha256"]
    await until_state(here, agency, "consigned")
    for wrong in (["0" * 64], [right, right], [right[::-1]]):
        status, problem = await answer(here, OTHER_AGENCY, agency, "acknowledge", sha256=wrong)
        assert (status, problem["code"]) == (422, "digest-mismatch")
    await until_state(here, agency, "consigned")
    for _ in range(2):
        status, item = await answer(here, OTHER_AGENCY, agency, "acknowledge", sha256=[right])
        assert (status, item["state"]) == (200, "handed_over")
    assert_nothing_twice(await events_of(here, agency))

    async with the_companys_program(here, tmp_path) as (program, told):
        await asyncio.wait_for(told.get(), 30)
        data = {"delivery": company, "digests": ["sha-256:" + "0" * 64]}
        await program.ask(names.DELIVERY_ACCEPT, {"delivery": company})
        with pytest.raises(RequestRefused) as caught:
            await program.ask(names.HANDOVER_ACKNOWLEDGE, data)
        assert caught.value.problem in {"digest-mismatch", "already-final"}
        assert isinstance(await asyncio.wait_for(told.get(), 30), Collected)
    await until_state(here, company, "handed_over")


# --- races ----------------------------------------------------------------------------------------


WINNERS = {"accept": "ConsignmentAcceptance", "refuse": "ConsignmentRejection",
           "withdraw": "Withdrawal", "expire": "AcceptanceRejectionExpiry"}  # fmt: skip
EXCLUDES = {word: {event} for word, event in WINNERS.items()}
EXCLUDES["accept"].add("ContentConsignment")  # both come of one acceptance
STATES = {"accept": "consigned", "refuse": "refused", "withdraw": "withdrawn", "expire": "expired"}


async def test_of_accept_refuse_and_withdraw_at_once_exactly_one_happens(here):
    letters = await asyncio.gather(*(sent_by_consent(here) for _ in range(RACES)))
    await asyncio.gather(*(said_hello(here, CITIZEN) for _ in range(8)))
    won = await asyncio.gather(*(race(here, one["id"], place) for place, one in enumerate(letters)))
    assert len(set(won)) > 1, f"no race at all: {won}"


async def said_hello(here, party):
    """Both processes know the caller: else who was here last would be the first each time."""
    assert (await ask_with_patience(here, party, "GET", "/v1/inbox"))[0] == 200


async def race(here, delivery, place):
    """Three clients at once, each ahead by a few milliseconds in a third of the races."""
    words = [("accept", CITIZEN), ("refuse", CITIZEN), ("withdraw", AGENCY)]
    runners = (
        answer_after(0.004 * ((number + place) % 3), here, who, delivery, word)
        for number, (word, who) in enumerate(words)
    )
    answers = await asyncio.gather(*runners)
    told = {word: found for (word, _), found in zip(words, answers, strict=True)}
    winners = [word for word, (status, _) in told.items() if status == 200]
    assert len(winners) == 1, told
    for word, (status, body) in told.items():
        if word in winners:
            continue
        assert (status, body["code"]) == (409, "already-final")
        assert body["evidence"]["event"] in EXCLUDES[winners[0]]
        loser = AGENCY if word == "withdraw" else CITIZEN
        assert (await ask_with_patience(here, loser, "GET", body["evidence"]["href"]))[0] == 200
    await until_state(here, delivery, STATES[winners[0]])
    assert_one_outcome(await events_of(here, delivery))
    return winners[0]


async def answer_after(seconds, here, party, delivery, word):
    await asyncio.sleep(seconds)
    return await answer(here, party, delivery, word)


def assert_one_outcome(events):
    assert_nothing_twice(events)
    assert len(set(WINNERS.values()) & set(events)) == 1, events


async def test_answers_around_the_deadline_and_the_expiry_never_both_happen(here):
    places = (number / RACES for number in range(RACES))
    ended = await asyncio.gather(*(race_the_deadline(here, place) for place in places))
    assert {"expire"} < set(ended), f"nobody was in time, or nobody late: {ended}"


async def race_the_deadline(here, place):
    """Three answers at once, from a second before the deadline (place 0) to 0.1 s after it."""
    waiting = await sent_by_consent(here, accept_within="PT2S")
    delivery, due = waiting["id"], datetime.fromisoformat(waiting["due_at"])
    left = due - datetime.now(due.tzinfo) + timedelta(seconds=1.1 * place - 1)
    await asyncio.sleep(max(left.total_seconds(), 0))
    words = ("accept", "refuse", "accept")
    answers = await asyncio.gather(*(answer(here, CITIZEN, delivery, word) for word in words))
    good = {word for word, (status, _) in zip(words, answers, strict=True) if status == 200}
    assert len(good) <= 1, answers
    codes = {body["code"] for status, body in answers if status != 200}
    assert codes <= {"already-final", "acceptance-too-late", "acceptance-not-committed"}
    winner = good.pop() if good else "expire"
    await until_state(here, delivery, STATES[winner])
    assert_one_outcome(await events_of(here, delivery))
    for word in ("accept", "refuse"):
        if winner in ("expire", "refuse" if word == "accept" else "accept"):
            status, problem = await answer(here, CITIZEN, delivery, word)
            told = problem["evidence"]["event"]
            assert (status, told in EXCLUDES[winner]) == (409, True), problem
    return winner


async def test_one_key_at_two_processes_at_once_makes_one_letter(here):
    pdf = signed_pdf(here)
    before = await holdings(here)
    for _ in range(3):
        key = new_key()
        answers = await asyncio.gather(*(send_or_busy(here, pdf, key) for _ in range(10)))
        letters = set(answers) - {None}
        assert len(letters) == 1
        assert await send_or_busy(here, pdf, key) in letters
    after = await holdings(here)
    assert after["letters"] == before["letters"] + 3
    assert after["idempotency"] == before["idempotency"] + 3


async def send_or_busy(here, pdf, key):
    form = letter_form(pdf, to())
    status, body = await ask(here, AGENCY, "/v1/letters", form, {"Idempotency-Key": key})
    assert status == 201 or body["code"] == "idempotency-in-progress", body
    return body["id"] if status == 201 else None


# --- terms ----------------------------------------------------------------------------------------


async def test_a_term_ends_though_the_worker_was_killed_and_everything_was_restarted(here):
    waiting = await sent_by_consent(here, accept_within="PT2S")
    here.kill("worker")
    await here.stop()
    due = datetime.fromisoformat(waiting["due_at"])
    await asyncio.sleep(max((due - datetime.now(due.tzinfo)).total_seconds(), 0))
    await here.start()
    status, problem = await answer(here, CITIZEN, waiting["id"], "accept")
    assert (status, problem["code"]) in {(409, "acceptance-too-late"), (409, "already-final")}
    seen = await until_state(here, waiting["id"], "expired")
    grace = timedelta(seconds=here.config.policy.expiry_grace_seconds)
    assert datetime.fromisoformat(seen["last_event_at"]) >= due + grace
    status, problem = await answer(here, CITIZEN, waiting["id"], "accept")
    assert (status, problem["evidence"]["event"]) == (409, "AcceptanceRejectionExpiry")
    assert await events_of(here, waiting["id"]) == [
        "SubmissionAcceptance",
        "NotificationForAcceptance",
        "AcceptanceRejectionExpiry",
    ]


async def test_a_letter_by_queue_waits_in_the_queue_while_everything_is_restarted(here, tmp_path):
    pdf = signed_pdf(here)
    letter = await send(here, to(COMPANY), pdf=pdf)
    delivery = letter["deliveries"][0]["id"]
    await here.stop()
    await here.start()
    async with the_companys_program(here, tmp_path) as (_, told):
        outcome = await asyncio.wait_for(told.get(), 30)
        assert isinstance(outcome, Collected), outcome
    assert outcome.files[0].read_bytes() == pdf
    await until_state(here, delivery, "handed_over")
    assert_nothing_twice(await events_of(here, delivery))


async def test_the_audit_finds_nothing_after_all_this(here):
    await audit(here)
