"""Letters in, over a real socket: what is accepted, what is refused, and that nothing remains."""

import asyncio
import base64
import hashlib
import json

import pytest

from relay.api.body import ApiLimits
from relay.api.submitting import LetterOut
from tdh.domain.errors import OutcomeUnknown, ServiceUnavailable, StorageUnavailable
from tests import builders
from tests.integration.api_service import (
    AGENCY,
    CITIZEN,
    PDF,
    STRANGER,
    ApiService,
    a_letter,
    sha256,
)


@pytest.fixture
async def service():
    async with ApiService().running() as running:
        yield running


def digest_header(data):
    return f"sha-256=:{base64.b64encode(hashlib.sha256(data).digest()).decode()}:"


async def test_an_accepted_letter_is_answered_exactly_as_the_contract_says(service):
    answer = await service.submit()
    assert answer.status == 201
    body = answer.json
    assert list(body) == ["id", "submitted_at", "documents", "deliveries"]
    assert body["submitted_at"] == "2026-11-22T14:00:00.000+07:00"
    (document,) = body["documents"]
    assert list(document) == ["role", "filename", "size", "sha256", "signature"]
    assert (document["size"], document["sha256"]) == (len(PDF), sha256(PDF))
    assert document["signature"]["indication"] == "TOTAL_PASSED"
    (delivery,) = body["deliveries"]
    assert list(delivery) == ["id", "tracking", "recipient", "state", "due_at", "evidence"]
    assert delivery["recipient"] == builders.CITIZEN
    assert delivery["state"] == "accepted"
    (evidence,) = delivery["evidence"]
    assert evidence["event"] == "SubmissionAcceptance"
    assert evidence["href"] == f"/v1/evidence/{evidence['id']}"
    assert answer.headers["Location"] == f"/v1/letters/{body['id']}"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Server"] == "tdh"
    LetterOut.model_validate(body)


async def test_enclosures_are_kept_in_order_and_judged_but_decide_nothing(service):
    documents = [("main", PDF), ("enclosure1", b"x" * 300_000), ("enclosure2", b"")]
    answer = await service.submit(a_letter(enclosures=2), documents)
    assert [one["size"] for one in answer.json["documents"]] == [len(PDF), 300_000, 0]
    said = [one["signature"]["indication"] for one in answer.json["documents"]]
    assert said == ["TOTAL_PASSED", "TOTAL_FAILED", "TOTAL_FAILED"]
    kept = service.memory.documents[answer.json["id"]]
    assert kept == {1: PDF, 2: b"x" * 300_000, 3: b""}


async def test_the_same_request_again_gets_the_answer_as_it_was_at_acceptance(service):
    first = await service.submit()
    await service.memory.forward_all(service.ids)
    again = await service.submit()
    assert again.body == first.body
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(service.memory.letters) == 1


async def test_the_same_key_with_another_letter_is_refused(service):
    await service.submit()
    answer = await service.submit(a_letter(subject="อื่น"))
    assert answer.problem == (409, "idempotency-mismatch")


async def test_a_document_that_the_judge_refuses_leaves_evidence_and_no_bytes(service):
    answer = await service.submit(documents=[("main", b"not a pdf")])
    assert answer.problem == (422, "not-a-pdf")
    assert answer.json["title_th"] == "ไม่ใช่ไฟล์ PDF"
    assert answer.json["evidence"]["event"] == "SubmissionRejection"
    assert not service.memory.documents
    evidence = await service.call("GET", answer.json["evidence"]["href"])
    assert evidence.status == 200
    again = await service.submit(documents=[("main", b"not a pdf")])
    assert again.json == answer.json


async def test_the_evidence_of_a_refused_submission_is_listed_for_its_sender_alone(service):
    refused = await service.submit(documents=[("main", b"not a pdf")])
    (stream,) = service.memory.refused
    listed = await service.call("GET", f"/v1/deliveries/{stream}/evidence")
    assert listed.json["data"][0]["id"] == refused.json["evidence"]["id"]
    foreign = await service.call("GET", f"/v1/deliveries/{stream}/evidence", CITIZEN)
    assert foreign.problem == (404, "not-found")


LETTER_FAULTS = {
    "unknown field": ({"colour": "red"}, 400, "invalid-request", "/colour"),
    "year of the Buddhist era": ({"date": "2569-11-22"}, 400, "invalid-request", "/date"),
    "control character": ({"subject": "a\0b"}, 400, "invalid-request", "/subject"),
    "top secret": ({"secrecy": "top-secret"}, 422, "top-secret-not-carried", None),
    "unknown recipient": (
        {"recipients": [{"party": "th-agency:nobody", "consignment_mode": "basic"}]},
        422,
        "recipient-not-registered",
        None,
    ),
    "a digit missing": (
        {"recipients": [{"party": "th-tax-id:010553600031", "consignment_mode": "basic"}]},
        400,
        "invalid-request",
        "/recipients/0/party",
    ),
    "mode signed": (
        {"recipients": [{"party": builders.CITIZEN, "consignment_mode": "signed"}]},
        422,
        "mode-not-available",
        None,
    ),
    "term in months": (
        {
            "recipients": [
                {
                    "party": builders.CITIZEN,
                    "consignment_mode": "consent",
                    "accept_within": "P1M",
                }
            ]
        },
        400,
        "invalid-request",
        "/recipients/0/accept_within",
    ),
    "term too long": (
        {
            "recipients": [
                {
                    "party": builders.CITIZEN,
                    "consignment_mode": "consent",
                    "accept_within": "P9999D",
                }
            ]
        },
        400,
        "invalid-request",
        "/recipients/0/accept_within",
    ),
    "no recipient": ({"recipients": []}, 400, "invalid-request", "/recipients"),
    "recipient twice": (
        {"recipients": [{"party": builders.CITIZEN, "consignment_mode": "basic"}] * 2},
        400,
        "invalid-request",
        "/recipients",
    ),
    "path as a name": (
        {
            "documents": [
                {
                    "part": "main",
                    "role": "main",
                    "filename": "../1.pdf",
                    "media_type": "application/pdf",
                }
            ]
        },
        400,
        "invalid-request",
        "/documents/0/filename",
    ),
    "enclosure first": (
        {
            "documents": [
                {
                    "part": "main",
                    "role": "enclosure",
                    "filename": "1.pdf",
                    "media_type": "application/pdf",
                }
            ]
        },
        400,
        "invalid-request",
        "/documents/0/role",
    ),
}


@pytest.mark.parametrize("fault", LETTER_FAULTS)
async def test_a_letter_with_a_fault_is_refused_before_its_documents_and_leaves_nothing(
    service, fault
):
    changes, status, code, pointer = LETTER_FAULTS[fault]
    answer = await service.submit(a_letter(**changes))
    assert answer.problem == (status, code)
    if pointer is not None:
        assert [one["pointer"] for one in answer.json["errors"]] == [pointer]
    assert not service.memory.writers
    assert not service.memory.commands


async def test_parts_come_as_the_letter_names_them(service):
    other = await service.submit(documents=[("enclosure", PDF)])
    assert other.problem == (400, "malformed-body")
    more = await service.submit(documents=[("main", PDF), ("more", PDF)])
    assert more.problem == (400, "malformed-body")
    fewer = await service.submit(a_letter(enclosures=1))
    assert fewer.problem == (400, "malformed-body")
    assert {one.end for one in service.memory.writers} == {"dropped"}
    assert not service.memory.commands


async def raw(service, *lines, body=b"", read=True):
    """Send bytes as they are; gives what comes back until the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write("\r\n".join((*lines, "", "")).encode() + body)
    await writer.drain()
    answer = await asyncio.wait_for(reader.read(), 10) if read else b""
    writer.close()
    return answer


def request_lines(*more, token=AGENCY):
    return (
        "POST /v1/letters HTTP/1.1",
        "Host: tdh",
        f"Authorization: Bearer {token}",
        "Idempotency-Key: k",
        "Content-Type: multipart/form-data; boundary=b",
        *more,
    )


async def test_a_body_of_ten_gigabytes_is_refused_before_it_is_read(service):
    answer = await raw(service, *request_lines("Content-Length: 10737418240"), body=b"--b\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"code": "too-large"' in answer
    assert b"Connection: close" in answer


async def test_a_client_that_waits_for_100_continue_is_refused_without_it(service):
    expecting = ("Expect: 100-continue", "Connection: close")
    large = await raw(service, *request_lines("Content-Length: 10737418240", *expecting))
    assert large.startswith(b"HTTP/1.1 413 ")
    stranger = await raw(service, *request_lines("Content-Length: 9", *expecting, token="wrong"))
    assert stranger.startswith(b"HTTP/1.1 401 ")
    other = await raw(service, *request_lines("Content-Length: 9", "Expect: tea"))
    assert other.startswith(b"HTTP/1.1 417 ")


async def test_a_good_client_is_told_to_continue(service):
    answer = await service.submit(Expect="100-continue")
    assert answer.status == 201


async def test_a_body_without_a_length_is_refused_where_it_becomes_too_large():
    async with ApiService(ApiLimits(body_bytes=2_000_000)).running() as service:

        async def endless():
            yield b"--b\r\nContent-Disposition: form-data; name=letter\r\n\r\n"
            yield json.dumps(a_letter()).encode()
            yield b"\r\n--b\r\nContent-Disposition: form-data; name=main\r\n\r\n"
            for _ in range(100):
                yield b"x" * 50_000

        answer = await service.call(
            "POST",
            "/v1/letters",
            data=endless(),
            headers={
                "Content-Type": "multipart/form-data; boundary=b",
                "Idempotency-Key": "k",
            },
        )
        assert answer.problem == (413, "too-large")
        assert [one.end for one in service.memory.writers] == ["dropped"]


async def test_a_body_that_stops_coming_is_given_up():
    async with ApiService(ApiLimits(silence_seconds=0.1)).running() as service:
        answer = await raw(service, *request_lines("Content-Length: 100"), body=b"--b\r\n")
        assert answer.startswith(b"HTTP/1.1 408 ")


async def test_a_body_that_trickles_is_refused_and_nothing_of_it_is_kept():
    limits = ApiLimits(least_bytes_per_second=1_000_000, slow_after_seconds=0.1)
    async with ApiService(limits).running() as service:

        async def trickling():
            yield b"--b\r\nContent-Disposition: form-data; name=letter\r\n\r\n"
            yield json.dumps(a_letter()).encode()
            yield b"\r\n--b\r\nContent-Disposition: form-data; name=main\r\n\r\n%PDF-"
            for _ in range(100):
                await asyncio.sleep(0.02)
                yield b"x"

        answer = await service.call(
            "POST",
            "/v1/letters",
            data=trickling(),
            headers={
                "Content-Type": "multipart/form-data; boundary=b",
                "Idempotency-Key": "k",
            },
        )
        assert answer.problem == (408, "too-slow")
        assert answer.headers["Connection"] == "close"
        assert [one.end for one in service.memory.writers] == ["dropped"]


async def test_a_client_that_goes_away_leaves_nothing_behind(service):
    head = b"--b\r\nContent-Disposition: form-data; name=letter\r\n\r\n"
    letter = json.dumps(a_letter()).encode()
    part = b"\r\n--b\r\nContent-Disposition: form-data; name=main\r\n\r\n%PDF-"
    lines = request_lines("Content-Length: 100000")
    await raw(service, *lines, body=head + letter + part, read=False)
    for _ in range(100):
        if service.memory.writers and service.memory.writers[0].end:
            break
        await asyncio.sleep(0.02)
    assert [one.end for one in service.memory.writers] == ["dropped"]
    assert (await service.submit(key="k")).status == 201


async def test_a_compressed_body_is_refused(service):
    answer = await service.submit(**{"Content-Encoding": "gzip"})
    assert answer.problem == (415, "content-encoding-refused")


async def test_a_letter_as_json_and_other_types_are_refused_by_name(service):
    headers = {"Idempotency-Key": "k"}
    as_json = await service.call("POST", "/v1/letters", json={}, headers=headers)
    assert as_json.problem == (415, "uploads-not-available")
    text = await service.call("POST", "/v1/letters", data="x", headers=headers)
    assert text.problem == (415, "unsupported-media-type")


@pytest.mark.parametrize("key", [None, "", "a b", "x" * 256, "ก"])
async def test_a_submission_needs_a_usable_key(service, key):
    answer = await service.submit(key=key)
    assert answer.problem == (400, "idempotency-key-required")


@pytest.mark.parametrize(
    "authorization", [None, "Bearer wrong", "Basic eDp5", "Bearer", "Bearer a b", "Bearer \u0e01"]
)
async def test_without_a_good_token_every_answer_is_the_same(service, authorization):
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = await service.call("GET", "/v1/letters", None, headers=headers)
    assert answer.problem == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="tdh"'
    without = await service.call("GET", "/v1/inbox", None)
    assert without.body == answer.body


async def test_a_wrong_digest_of_a_part_or_of_the_whole_keeps_nothing(service):
    whole = await service.submit(**{"Content-Digest": digest_header(b"something else")})
    assert whole.problem == (422, "digest-mismatch")
    sha512 = await service.submit(**{"Content-Digest": "sha-512=:AAAA:"})
    assert sha512.problem == (400, "digest-algorithm-not-supported")
    broken = await service.submit(**{"Content-Digest": "md5"})
    assert broken.problem == (400, "invalid-request")
    assert {one.end for one in service.memory.writers} == {"dropped"}


def multipart(letter, data, digest):
    return (
        b"--b\r\nContent-Disposition: form-data; name=letter\r\n\r\n"
        + json.dumps(letter).encode()
        + b"\r\n--b\r\nContent-Disposition: form-data; name=main\r\nContent-Digest: "
        + digest.encode()
        + b"\r\n\r\n"
        + data
        + b"\r\n--b--\r\n"
    )


@pytest.mark.parametrize(("promised", "status"), [(PDF, 201), (b"another", 422)])
async def test_a_digest_of_a_part_is_held_against_what_came(service, promised, status):
    body = multipart(a_letter(), PDF, digest_header(promised))
    answer = await service.call(
        "POST",
        "/v1/letters",
        data=body,
        headers={
            "Content-Type": "multipart/form-data; boundary=b",
            "Idempotency-Key": "k",
            "Content-Digest": digest_header(body),
        },
    )
    assert answer.status == status


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StorageUnavailable("x"), "storage-unavailable"),
        (OutcomeUnknown("x"), "outcome-unknown"),
        (ServiceUnavailable("x"), "service-unavailable"),
    ],
)
async def test_what_is_not_working_is_503_and_can_be_tried_again(service, error, code):
    service.memory.error = error
    answer = await service.submit()
    assert answer.problem == (503, code)
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json["retryable"]
    assert (await service.submit()).status == 201


async def test_an_unknown_error_says_nothing_of_itself(service, capsys):
    service.memory.error = ValueError("a secret: สมหญิง")
    answer = await service.submit()
    assert answer.problem == (500, "internal")
    assert "secret" not in answer.body.decode()
    assert "สมหญิง" not in capsys.readouterr().out


async def test_letters_are_listed_newest_first_in_pages(service):
    made = [(await service.submit(key=f"k{n}")).json["id"] for n in range(3)]
    first = (await service.call("GET", "/v1/letters?limit=2")).json
    assert [one["id"] for one in first["data"]] == [made[2], made[1]]
    rest = (await service.call("GET", f"/v1/letters?limit=2&cursor={first['next_cursor']}")).json
    assert [one["id"] for one in rest["data"]] == [made[0]]
    assert rest["next_cursor"] is None
    assert rest["data"][0]["envelope"]["number"] == "ดศ 0201/1234"
    for query in ("limit=0", "limit=201", "limit=x", "limit=1&page=2", "cursor=%00"):
        refused = await service.call("GET", f"/v1/letters?{query}")
        assert refused.problem == (400, "invalid-request")


PUBLIC = {
    "/healthz",
    "/readyz",
    "/openapi.json",
    "/log/checkpoint",
    "/log/checkpoint.tsr",
    "/log/anchors/{size}",
    "/log/tile/{tile}",
}
OF_ONESELF = {("GET", "/v1/letters"), ("GET", "/v1/inbox"), ("POST", "/v1/letters")}
"""Routes that name nothing of anybody: a stranger finds an own, empty place there."""


def other(text):
    return text[:-1] + ("0" if text[-1] != "0" else "1")


async def test_every_route_is_closed_to_strangers_and_tells_them_nothing(service):
    letter = (await service.submit()).json
    await service.memory.forward_all(service.ids)
    delivery = letter["deliveries"][0]
    names = {
        "{letter}": letter["id"],
        "{delivery}": delivery["id"],
        "{evidence}": delivery["evidence"][0]["id"],
        "{tracking}": delivery["tracking"],
        "{document}": "1",
    }
    body = {"json": {"sha256": ["0" * 64]}}
    answers = set()
    for route in service.app.router.routes():
        method, pattern = route.method, route.resource.canonical
        if pattern in PUBLIC:
            continue
        more = body if pattern.endswith("acknowledge") else {}
        theirs = missing = nonsense = pattern
        for name, value in names.items():
            theirs = theirs.replace(name, value)
            missing = missing.replace(name, value if name == "{document}" else other(value))
            nonsense = nonsense.replace(name, "x")
        anonymous = await service.call(method, theirs, None, **more)
        assert anonymous.problem == (401, "unauthenticated"), pattern
        if (method, pattern) in OF_ONESELF:
            continue
        assert theirs != missing, pattern
        for path in (theirs, missing, nonsense):
            answer = await service.call(method, path, STRANGER, **more)
            assert answer.problem == (404, "not-found"), (method, pattern)
            answers.add(answer.body)
    assert len(answers) == 1
    assert (await service.call("GET", "/v1/letters", STRANGER)).json["data"] == []
    assert (await service.call("GET", "/v1/inbox", STRANGER)).json["data"] == []


async def test_the_recipients_acts_are_not_the_senders(service):
    delivery = await service.placed("consent")
    for act in ("accept", "refuse"):
        answer = await service.call("POST", f"/v1/inbox/{delivery}/{act}")
        assert answer.problem == (404, "not-found")
    assert (await service.call("GET", f"/v1/inbox/{delivery}")).status == 404
    withdrawn = await service.call("POST", f"/v1/deliveries/{delivery}/withdraw", CITIZEN)
    assert withdrawn.problem == (404, "not-found")
    assert (await service.call("GET", f"/v1/letters/{delivery}", CITIZEN)).status == 404


async def test_a_key_in_use_is_busy_until_its_request_has_ended(service):
    head = b"--b\r\nContent-Disposition: form-data; name=letter\r\n\r\n"
    letter = json.dumps(a_letter()).encode()
    part = b"\r\n--b\r\nContent-Disposition: form-data; name=main\r\n\r\n"
    body = head + letter + part
    rest = PDF + b"\r\n--b--\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    lines = request_lines(f"Content-Length: {len(body) + len(rest)}", "Connection: close")
    writer.write("\r\n".join((*lines, "", "")).encode() + body)
    for _ in range(200):
        if service.memory.writers:
            break
        await asyncio.sleep(0.01)
    busy = await service.submit(key="k")
    assert busy.problem == (409, "idempotency-in-progress")
    assert busy.headers["Retry-After"] == "1"
    writer.write(rest)
    assert (await reader.read()).startswith(b"HTTP/1.1 201 ")
    writer.close()
    assert len(service.memory.letters) == 1


async def test_an_unknown_path_and_a_wrong_method_are_problems_too(service):
    assert (await service.call("GET", "/v2/letters")).problem == (404, "not-found")
    wrong = await service.call("DELETE", "/v1/letters")
    assert wrong.problem == (405, "method-not-allowed")
    assert wrong.headers["Allow"] == "GET, POST"
