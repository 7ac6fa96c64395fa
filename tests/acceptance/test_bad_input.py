"""Bad input at a whole running service: a clear answer in both languages, and nothing half kept."""

import asyncio
import base64
import hashlib
import json
import re
import subprocess
from contextlib import asynccontextmanager

import aiohttp
import asyncpg
import pytest

from tests.installation import AGENCY, CITIZEN, COMPANY, OTHER_AGENCY, letter_form
from tests.pki.faults import altered_byte, changed_by_revision
from tests.pki.make import simple_pdf
from tests.stories import (
    ask_with_patience,
    audit,
    holdings,
    new_key,
    run_tdh,
    signed_pdf,
    to,
    until_state,
)

LIMIT = 3_000_000
SETTINGS = {"TDH_API__MAX_BODY_BYTES": str(LIMIT)}
SIGNED_PROPERTIES = "http://uri.etsi.org/01903/v1.3.2#:SignedProperties"
QUIET_SECONDS = 0.3
THAI = re.compile("[ก-๛]")


@asynccontextmanager
async def leaving_nothing(here):
    """What is kept afterwards is what was kept before, to the row and to the byte."""
    before = await holdings(here)
    yield
    await asyncio.sleep(QUIET_SECONDS)
    assert await holdings(here) == before


async def posted(here, form, *, party=AGENCY, key=None, path="/v1/letters", **headers):
    """Status and problem document of a submission that is refused."""
    named = {"Idempotency-Key": key or new_key(), **headers}
    async with (
        here.client(party) as client,
        client.post(path, data=form, headers=named) as answer,
    ):
        return answer.status, check_problem(await answer.json(content_type=None), answer)


def check_problem(problem, answer):
    """Every refusal is RFC 9457, typed, and in both languages."""
    assert answer.content_type == "application/problem+json", problem
    assert problem["status"] == answer.status
    assert problem["type"] == f"urn:tdh:problem:{problem['code']}"
    assert {"detail", "errors", "retryable"} <= problem.keys()
    for thai, english in (("title_th", "title"), ("advice_th", "advice")):
        assert THAI.search(problem[thai]), problem
        assert not THAI.search(problem[english].replace("ลับที่สุด", "")), problem
    for one in problem["errors"]:
        assert one["detail"]
        assert one["detail_th"]
    return problem


async def accepted(here, form, key=None):
    headers = {"Idempotency-Key": key or new_key()}
    async with (
        here.client(AGENCY) as client,
        client.post("/v1/letters", data=form, headers=headers) as answer,
    ):
        body = await answer.read()
        assert answer.status == 201, body
        return json.loads(body)


# --- documents that the judge refuses: a lawful refusal, sealed -----------------------------------


UNSIGNED = simple_pdf("Nobody signed this", size=1000)
REFUSED_DOCUMENTS = {
    "not a PDF": lambda here: b"\x89PNG\r\n\x1a\n" + bytes(1000),
    "nothing at all": lambda here: b"",
    "unsigned": lambda here: UNSIGNED,
    "altered": lambda here: altered_byte(signed_pdf(here)),
    "changed by a later revision": lambda here: changed_by_revision(signed_pdf(here)),
    "expired certificate": lambda here: signed_pdf(here, signer="expired"),
    "revoked certificate": lambda here: signed_pdf(here, signer="revoked"),
    "unknown root": lambda here: signed_pdf(here, signer="stranger"),
}
INDICATIONS = {
    "unsigned": "NO_SIGNATURE",
    "altered": "TOTAL_FAILED/HASH_FAILURE",
    "expired certificate": "INDETERMINATE/OUT_OF_BOUNDS",
    "revoked certificate": "REVOKED",
    "unknown root": "INDETERMINATE/NO_CERTIFICATE_CHAIN_FOUND",
}


@pytest.mark.parametrize("fault", REFUSED_DOCUMENTS)
async def test_a_document_is_refused_with_sealed_evidence_for_its_sender_alone(
    here, tmp_path, fault
):
    document, key = REFUSED_DOCUMENTS[fault](here), new_key()
    before = await holdings(here)
    status, problem = await posted(here, letter_form(document, to()), key=key)
    assert (status, problem["evidence"]["event"]) == (422, "SubmissionRejection")
    refused = {"refused_submissions", "refused_reports"}
    one_more = refused | {"events", "evidence", "idempotency", "log"}
    expected = {name: kept + 1 if name in one_more else kept for name, kept in before.items()}
    assert await holdings(here) == expected, "a refusal keeps evidence and report, no document"

    path = problem["evidence"]["href"]
    status, xml = await ask_with_patience(here, AGENCY, "GET", path)
    assert status == 200
    assert b"SubmissionRejection" in xml
    assert problem["code"].encode() in xml
    assert problem["title_th"].encode() in xml
    assert INDICATIONS.get(fault, "").encode() in xml
    assert_sealed(here, xml, tmp_path)
    for stranger in (OTHER_AGENCY, CITIZEN, COMPANY):
        assert await status_of(here, stranger, path) == 404
    assert await status_of(here, None, path) == 401

    again = await posted(here, letter_form(document, to()), key=key)
    assert again == (422, problem), "the same request has the same refusal"


def assert_sealed(here, xml, folder):
    """xmlsec1, which we did not write, accepts the seal under the root of the trust file."""
    root, evidence = folder / "root.pem", folder / "evidence.xml"
    root.write_text(json.loads(here.trust.read_text())["seal_roots"][0])
    command = ["xmlsec1", "--verify", "--enabled-key-data", "x509", "--trusted-pem", str(root)]
    command += ["--id-attr:Id", SIGNED_PROPERTIES, str(evidence)]
    for content, is_good in ((xml, True), (xml.replace(b"<tdh:Sequence>1", b"<tdh:Sequence>2"), 0)):
        evidence.write_bytes(content)
        found = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (found.returncode == 0) == bool(is_good), found.stderr


async def status_of(here, party, path):
    async with here.client(party) as client, client.get(path) as answer:
        await answer.read()
        return answer.status


async def test_a_refused_document_can_be_verified_offline(here, tmp_path):
    _, problem = await posted(here, letter_form(UNSIGNED, to()))
    path = problem["evidence"]["href"]
    for name, part in (("a.xml", ""), ("a.tlog-proof", "/proof")):
        async with asyncio.timeout(20):
            while (found := await ask_with_patience(here, AGENCY, "GET", path + part))[0] != 200:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        (tmp_path / name).write_bytes(found[1])
    code, out, err = await run_tdh(
        "verify", str(tmp_path / "a.xml"), "--trust", str(here.trust), "--json"
    )
    assert (code, json.loads(out)["result"]) == (0, "valid"), err


# --- requests that are refused before or while a document is read ---------------------------------


LETTERS = {
    "an unknown field": (400, "invalid-request", {"colour": "red"}),
    "an unknown recipient": (422, "recipient-not-registered", {"recipients": to("th-agency:none")}),
    "top secret": (422, "top-secret-not-carried", {"secrecy": "top-secret"}),
    "mode signed": (422, "mode-not-available", {"recipients": to(CITIZEN, "signed")}),
    "an unknown mode": (400, "invalid-request", {"recipients": to(CITIZEN, "pigeon")}),
    "a term for a basic letter": (
        400, "invalid-request", {"recipients": to(CITIZEN, "basic", accept_within="P15D")}
    ),
    "a term that is too long": (
        400, "invalid-request", {"recipients": to(CITIZEN, "consent", accept_within="P61D")}
    ),
    "no recipient": (400, "invalid-request", {"recipients": []}),
    "a recipient twice": (400, "invalid-request", {"recipients": [*to(), *to()]}),
    "1,001 recipients": (
        400,
        "invalid-request",
        {"recipients": [to(f"th-agency:a{n}")[0] for n in range(1001)]},
    ),
    "a NUL in the subject": (400, "invalid-request", {"subject": "a\0b"}),
    "a control character in the number": (400, "invalid-request", {"number": "1\x1b[31m"}),
    "half a surrogate pair": (400, "invalid-request", {"subject": "a\ud800b"}),
    "a turned direction": (400, "invalid-request", {"salutation": "เรียน\u202eabc"}),
    "a Buddhist year": (400, "invalid-request", {"date": "2569-11-22"}),
    "a number for text": (400, "invalid-request", {"subject": 5}),
    "huge JSON": (413, "too-large", {"subject": "a" * 1_500_000}),
}  # fmt: skip
FILENAMES = ("a\0.pdf", "a\n.pdf", "../../etc/passwd", "a/b.pdf", "..", "a\u202efdp.exe", "x" * 300)


@pytest.mark.parametrize("fault", LETTERS)
async def test_a_letter_is_refused_by_its_words_alone(here, fault):
    status, code, change = LETTERS[fault]
    async with leaving_nothing(here):
        answered, problem = await posted(
            here, letter_form(signed_pdf(here), **{"recipients": to()} | change)
        )
    assert (answered, problem["code"]) == (status, code), problem
    assert "evidence" not in problem


@pytest.mark.parametrize("name", FILENAMES, ids=ascii)
async def test_a_file_name_that_is_no_name_is_refused(here, name):
    document = {"part": "main", "role": "main", "filename": name, "media_type": "application/pdf"}
    async with leaving_nothing(here):
        status, problem = await posted(here, letter_form(UNSIGNED, to(), documents=[document]))
    assert (status, problem["code"]) == (400, "invalid-request")
    assert problem["errors"][0]["pointer"] == "/documents/0/filename"


async def test_a_letter_for_nobody_who_may_read_it_is_refused_before_its_document(here):
    """The document would be refused with evidence; the words are refused first, without any."""
    async with leaving_nothing(here):
        _, problem = await posted(here, letter_form(UNSIGNED, to(), secrecy="top-secret"))
    assert problem["code"] == "top-secret-not-carried"


def parts(*named: tuple[str, bytes]) -> tuple[bytes, dict[str, str]]:
    """A multipart body, byte by byte as the test wants it."""
    body = b"".join(
        b'--frontier\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (n.encode(), c)
        for n, c in named
    )
    return body + b"--frontier--\r\n", {"Content-Type": "multipart/form-data; boundary=frontier"}


def words(**change) -> bytes:
    """The part `letter` alone."""
    form = letter_form(b"", **{"recipients": to()} | change)
    return next(iter(form))[0]._value.getvalue()


async def test_parts_that_are_not_as_the_letter_names_them_are_refused(here):
    letter, pdf = words(), signed_pdf(here)
    whole, headers = parts(("letter", letter), ("main", pdf))
    cases = {
        "the document first": parts(("main", pdf), ("letter", letter))[0],
        "no document": parts(("letter", letter))[0],
        "a part that nobody named": parts(("letter", letter), ("main", pdf), ("more", pdf))[0],
        "another name": parts(("letter", letter), ("other", pdf))[0],
        "no part": b"--frontier--\r\n",
        "nothing": b"",
        "an end that is missing": whole[:-20],
        "something after the end": whole + b"more",
        "JSON that is none": parts(("letter", b'{"number": '), ("main", pdf))[0],
        "a list": parts(("letter", b"[]"), ("main", pdf))[0],
        "not UTF-8": parts(("letter", letter.replace(b"normal", b"\xff\xfe")), ("main", pdf))[0],
        "deep": parts(("letter", b"[" * 100_000), ("main", pdf))[0],
    }
    async with leaving_nothing(here):
        for fault, body in cases.items():
            status, problem = await posted(here, body, **headers)
            assert status == 400, fault
            assert problem["code"] in {"malformed-body", "invalid-request"}, fault


async def test_a_media_type_that_is_not_taken_is_named(here):
    body, headers = parts(("letter", words()), ("main", UNSIGNED))
    cases = (
        ({"Content-Type": "application/xml"}, 415, "unsupported-media-type"),
        ({"Content-Type": "multipart/mixed; boundary=frontier"}, 415, "unsupported-media-type"),
        ({"Content-Type": "multipart/form-data"}, 400, "malformed-body"),
        ({"Content-Type": "application/json"}, 415, "uploads-not-available"),
        (headers | {"Content-Encoding": "gzip"}, 415, "content-encoding-refused"),
    )
    async with leaving_nothing(here):
        for named, status, code in cases:
            answered, problem = await posted(here, body, **named)
            assert (answered, problem["code"]) == (status, code)


async def test_a_submission_without_a_usable_key_is_refused(here):
    async with leaving_nothing(here), here.client(AGENCY) as client:
        for headers in ({}, {"Idempotency-Key": ""}, {"Idempotency-Key": "a b"},
                        {"Idempotency-Key": "k" * 256}):  # fmt: skip
            form = letter_form(UNSIGNED, to())
            async with client.post("/v1/letters", data=form, headers=headers) as answer:
                problem = check_problem(await answer.json(content_type=None), answer)
                assert (answer.status, problem["code"]) == (400, "idempotency-key-required")


async def test_a_wrong_digest_keeps_nothing_and_leaves_the_key_free(here):
    pdf, key = signed_pdf(here), new_key()
    body, headers = parts(("letter", words()), ("main", pdf))
    right = base64.b64encode(hashlib.sha256(body).digest()).decode()
    async with leaving_nothing(here):
        for digest, status, code in (
            (f"sha-256=:{'A' * 43}=:", 422, "digest-mismatch"),
            ("sha-256=:AAAA:", 400, "invalid-request"),
            ("sha-256", 400, "invalid-request"),
            ("md5=:AAAA:", 400, "digest-algorithm-not-supported"),
        ):
            named = headers | {"Content-Digest": digest}
            answered, problem = await posted(here, body, key=key, **named)
            assert (answered, problem["code"]) == (status, code)
    named = headers | {"Content-Digest": f"sha-256=:{right}:", "Idempotency-Key": key}
    async with (
        here.client(AGENCY) as client,
        client.post("/v1/letters", data=body, headers=named) as answer,
    ):
        assert answer.status == 201, await answer.text()
        letter = await answer.json()
    await until_state(here, letter["deliveries"][0]["id"], "consigned")


# --- bodies that are too large, or that end too early ---------------------------------------------


def head(here, *, key="k", **headers: str) -> bytes:
    """The first bytes of a submission."""
    lines = {
        "Host": "tdh",
        "Authorization": f"Bearer {here.tokens[AGENCY]}",
        "Content-Type": "multipart/form-data; boundary=frontier",
        "Idempotency-Key": key,
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST /v1/letters HTTP/1.1\r\n{text}\r\n".encode()


@asynccontextmanager
async def connected(here):
    reader, writer = await asyncio.open_connection("127.0.0.1", here.config.api.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def test_ten_gigabytes_are_refused_by_the_headers_alone(here):
    async with leaving_nothing(here), connected(here) as (reader, writer):
        writer.write(head(here, Content_Length=str(10 * 2**30)))
        async with asyncio.timeout(5):
            answer = await reader.readuntil(b"}")  # not one byte of the body was sent
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"code": "too-large"' in answer
    assert "ใหญ่เกินไป".encode() in answer


async def test_a_body_without_a_length_is_refused_where_it_becomes_too_large(here):
    async def endless():
        begin, _ = parts(("letter", words()))
        yield begin[: -len(b"--frontier--\r\n")]
        yield b'--frontier\r\nContent-Disposition: form-data; name="main"\r\n\r\n'
        while True:
            yield bytes(65536)

    kind = {"Content-Type": "multipart/form-data; boundary=frontier"}
    async with leaving_nothing(here), connected(here) as (reader, writer):
        writer.write(head(here, Transfer_Encoding="chunked", **kind))
        sent = 0
        async with asyncio.timeout(10):
            async for piece in endless():
                try:
                    writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                    await writer.drain()
                except ConnectionError:
                    break
                sent += len(piece)
                if sent > LIMIT:
                    break
            answer = await reader.readuntil(b"\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("size", [1_000, 2_500_000], ids=["small", "large"])
async def test_a_client_that_goes_away_in_the_middle_leaves_nothing_and_a_free_key(here, size):
    pdf, key = signed_pdf(here, size=size), new_key()
    body, _ = parts(("letter", words()), ("main", pdf))
    async with leaving_nothing(here):
        async with connected(here) as (_, writer):
            writer.write(head(here, key=key, Content_Length=str(len(body))))
            writer.write(body[:-100])
            await writer.drain()
            await asyncio.sleep(QUIET_SECONDS)
        await asyncio.sleep(QUIET_SECONDS)
    letter = await accepted(here, letter_form(pdf, to()), key)
    await until_state(here, letter["deliveries"][0]["id"], "consigned")


async def test_answers_that_are_too_large_or_not_json_decide_nothing(here):
    letter = await accepted(here, letter_form(signed_pdf(here), to(CITIZEN, "consent")))
    delivery = letter["deliveries"][0]["id"]
    await until_state(here, delivery, "awaiting_acceptance")
    cases = (
        (b'{"unknown": 1}', "application/json", 400),
        (b"{", "application/json", 400),
        (b"{}", "text/plain", 415),
        (b'{"note": "' + b"a" * 200_000 + b'"}', "application/json", 413),
        (b'{"note": "a\\u0000b"}', "application/json", 400),
    )
    async with leaving_nothing(here), here.client(CITIZEN) as client:
        for body, kind, status in cases:
            path = f"/v1/inbox/{delivery}/refuse"
            async with client.post(path, data=body, headers={"Content-Type": kind}) as answer:
                assert answer.status == status, await answer.text()
                check_problem(await answer.json(content_type=None), answer)
    await until_state(here, delivery, "awaiting_acceptance")


# --- keys -----------------------------------------------------------------------------------------


async def test_a_key_stands_for_one_letter(here):
    pdf, key = signed_pdf(here), new_key()
    first = await accepted(here, letter_form(pdf, to()), key)
    await until_state(here, first["deliveries"][0]["id"], "consigned")
    async with leaving_nothing(here):
        assert await accepted(here, letter_form(pdf, to()), key) == first
        for other in (
            letter_form(signed_pdf(here), to()),
            letter_form(pdf, to(), subject="อีกเรื่อง"),
            letter_form(pdf, to(CITIZEN, "consent")),
            letter_form(UNSIGNED, to()),
        ):
            status, problem = await posted(here, other, key=key)
            assert (status, problem["code"]) == (409, "idempotency-mismatch")


async def test_many_requests_at_once_under_one_key_make_one_letter(here):
    pdf, key = signed_pdf(here), new_key()

    async def once():
        async with (
            here.client(AGENCY) as client,
            client.post(
                "/v1/letters", data=letter_form(pdf, to()), headers={"Idempotency-Key": key}
            ) as answer,
        ):
            return answer.status, await answer.json(content_type=None)

    answers = await asyncio.gather(*(once() for _ in range(12)))
    letters = {body["id"] for status, body in answers if status == 201}
    assert len(letters) == 1
    others = {(status, body["code"]) for status, body in answers if status != 201}
    assert others <= {(409, "idempotency-in-progress")}


async def test_the_same_key_of_two_senders_are_two_keys(here):
    key, form = new_key(), letter_form(signed_pdf(here), to())
    first = await accepted(here, form, key)
    async with (
        here.client(OTHER_AGENCY) as client,
        client.post(
            "/v1/letters",
            data=letter_form(signed_pdf(here), to()),
            headers={"Idempotency-Key": key},
        ) as answer,
    ):
        assert answer.status == 201
        assert (await answer.json())["id"] != first["id"]


# --- who may know of what -------------------------------------------------------------------------


def another(name: str) -> str:
    """An id of the same form that nobody gave out."""
    place = -2 if name.startswith("TDH-") else -1
    last = "0" if name[place] != "0" else "1"
    return name[:place] + last + (name[place + 1 :] if place != -1 else "")


async def test_what_belongs_to_others_is_answered_byte_for_byte_like_what_is_missing(here):
    """Every route that the service describes, for everybody who has no part in the letter."""
    letter = await accepted(here, letter_form(signed_pdf(here), to(CITIZEN, "consent")))
    sent = letter["deliveries"][0]
    await until_state(here, sent["id"], "awaiting_acceptance")
    real = {
        "letter": letter["id"],
        "delivery": sent["id"],
        "evidence": sent["evidence"][0]["id"],
        "tracking": sent["tracking"],
        "document": "1",
    }
    missing = {name: another(one) for name, one in real.items()} | {"document": "1"}
    asked = 0
    before = await holdings(here)
    async with here.client(None) as nobody:
        paths = (await (await nobody.get("/openapi.json")).json())["paths"]
    for path, methods in paths.items():
        if "{" not in path or path.startswith("/log/"):  # the log is everybody's
            continue
        # Sender and recipient see different sides of it: neither may learn from the other's.
        outsiders = [OTHER_AGENCY, COMPANY, None, "wrong token"]
        outsiders += [AGENCY] if path.startswith("/v1/inbox") else []
        outsiders += [CITIZEN] if path.startswith("/v1/letters") or "withdraw" in path else []
        for method in methods:
            for who in outsiders:
                for body in (None, b"{}", b'{"sha256": ["' + b"0" * 64 + b'"]}'):
                    found = await bare_answer(here, who, method, path.format(**real), body)
                    assert found == await bare_answer(
                        here, who, method, path.format(**missing), body
                    ), (method, path, who)
                    assert found[0] in ((401,) if who in (None, "wrong token") else (404, 400))
                    asked += 1
    assert asked > 100
    assert await holdings(here) == before
    assert (await until_state(here, sent["id"], "awaiting_acceptance"))["state"]


async def bare_answer(here, who, method, path, body):
    """Status, headers but those of this very request, and the bytes."""
    token = here.tokens.get(who, "tdh_" + "A" * 43)
    headers = {} if who is None else {"Authorization": f"Bearer {token}"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    async with (
        aiohttp.ClientSession(here.url, headers=headers) as client,
        client.request(method, path, data=body) as answer,
    ):
        own = {"X-Request-ID", "Date"}
        kept = [(name, value) for name, value in answer.headers.items() if name not in own]
        return answer.status, kept, await answer.read()


async def test_wrong_tokens_are_all_answered_alike(here):
    answers = set()
    good = here.tokens[AGENCY]
    for value in (None, "", "Bearer", "Bearer ", "Bearer x", "bearer tdh_" + "A" * 43,
                  "Basic dGVzdDp0ZXN0", f"Bearer {good}x", "Bearer \u00e9"):  # fmt: skip
        headers = {} if value is None else {"Authorization": value}
        async with aiohttp.ClientSession(here.url, headers=headers) as client:
            for path in ("/v1/letters", "/v1/inbox"):
                async with client.get(path) as answer:
                    assert "WWW-Authenticate" in answer.headers
                    check_problem(await answer.json(content_type=None), answer)
                    answers.add((answer.status, await answer.read()))
    assert len(answers) == 1
    assert next(iter(answers))[0] == 401


async def test_a_revoked_token_speaks_for_nobody(here, tmp_path):
    file = tmp_path / "token"
    code, _, err = await run_tdh(
        "admin", "token", "add", AGENCY, "--out", str(file), **here.environment
    )
    assert code == 0, err
    headers = {"Authorization": f"Bearer {file.read_text().strip()}"}
    async with aiohttp.ClientSession(here.url, headers=headers) as client:
        assert (await client.get("/v1/letters")).status == 200
        assert (await run_tdh("admin", "token", "revoke", str(file), **here.environment))[0] == 0
        async with asyncio.timeout(60):
            while (await client.get("/v1/letters")).status != 401:  # noqa: ASYNC110
                await asyncio.sleep(0.1)


# --- many recipients, closed mailboxes ------------------------------------------------------------


async def test_a_thousand_recipients_have_a_delivery_and_an_evidence_each(here):
    parties = [f"th-agency:many{number}" for number in range(1000)]
    connection = await asyncpg.connect(here.dsn)
    await connection.executemany(
        "INSERT INTO parties VALUES ($1, 'หน่วยงาน', 'Agency', "
        "(SELECT assurance FROM parties LIMIT 1), 'api', true)",
        [(party,) for party in parties],
    )
    recipients = [to(party)[0] for party in parties]
    pdf, key = signed_pdf(here), new_key()
    letter = await accepted(here, letter_form(pdf, recipients), key)
    assert [one["recipient"] for one in letter["deliveries"]] == parties
    assert await accepted(here, letter_form(pdf, recipients), key) == letter
    evidence = {one["evidence"][0]["id"] for one in letter["deliveries"]}
    assert len(evidence) == 1000
    async with asyncio.timeout(60):
        while await connection.fetchval(  # noqa: ASYNC110
            "SELECT count(*) FROM deliveries WHERE letter = $1 AND state <> 'consigned'",
            letter["id"],
        ):
            await asyncio.sleep(0.1)
    await connection.close()


async def closed(here, word):
    code, _, err = await run_tdh("admin", "party", word, OTHER_AGENCY, **here.environment)
    assert code == 0, err


async def test_a_closed_mailbox_is_waited_for_and_knows_of_nothing_meanwhile(here):
    await closed(here, "close")
    letter = await accepted(here, letter_form(signed_pdf(here), to(OTHER_AGENCY)))
    delivery = letter["deliveries"][0]["id"]
    connection = await asyncpg.connect(here.dsn)
    async with asyncio.timeout(10):
        while not await connection.fetchval(  # noqa: ASYNC110
            "SELECT attempts FROM outbox WHERE delivery = $1", delivery
        ):
            await asyncio.sleep(0.05)
    await connection.close()
    await until_state(here, delivery, "accepted")
    for path in (f"/v1/inbox/{delivery}", f"/v1/deliveries/{delivery}",
                 f"/v1/track/{letter['deliveries'][0]['tracking']}"):  # fmt: skip
        assert await status_of(here, OTHER_AGENCY, path) == 404
    await closed(here, "open")
    await until_state(here, delivery, "consigned")


async def test_a_mailbox_that_stays_closed_makes_the_letter_undeliverable(here):
    await closed(here, "close")
    letter = await accepted(here, letter_form(signed_pdf(here), to(OTHER_AGENCY)))
    delivery = letter["deliveries"][0]["id"]
    connection = await asyncpg.connect(here.dsn)
    # An hour of tries, in a moment.
    await connection.execute(
        "UPDATE outbox SET attempts = 11, next_try = now() WHERE delivery = $1", delivery
    )
    seen = await until_state(here, delivery, "undeliverable")
    left = await connection.fetchval("SELECT count(*) FROM outbox WHERE delivery = $1", delivery)
    await connection.close()
    assert [one["event"] for one in seen["evidence"]] == [
        "SubmissionAcceptance",
        "ContentConsignmentFailure",
    ]
    assert left == 0
    await closed(here, "open")


async def test_the_audit_finds_nothing_after_all_this(here):
    await audit(here)
