"""The recipient's side over a real socket: envelopes, answers, content, evidence, the log."""

import asyncio
import json
import socket
from dataclasses import replace

import pytest
from aiohttp import ClientPayloadError
from openapi_spec_validator import validate

from relay.api.body import ApiLimits
from tdh.domain.errors import StorageUnavailable
from tdh.domain.log import SignedHead
from tests import builders
from tests.integration.api_service import (
    AGENCY,
    CITIZEN,
    COMPANY,
    PDF,
    ApiService,
    sha256,
)

LARGE = b"%PDF-1.7 " + bytes(range(256)) * 40_000


@pytest.fixture
async def service():
    async with ApiService().running() as running:
        yield running


async def eventually(condition):
    for _ in range(200):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to pass")


async def test_an_accepted_delivery_is_not_in_the_inbox_before_it_is_forwarded(service):
    delivery = (await service.submit()).json["deliveries"][0]["id"]
    assert (await service.call("GET", "/v1/inbox", CITIZEN)).json["data"] == []
    hidden = await service.call("GET", f"/v1/inbox/{delivery}", CITIZEN)
    assert hidden.problem == (404, "not-found")


async def test_an_envelope_shows_who_and_what_and_no_content(service):
    delivery = await service.placed("consent")
    (item,) = (await service.call("GET", "/v1/inbox", CITIZEN)).json["data"]
    assert item == (await service.call("GET", f"/v1/inbox/{delivery}", CITIZEN)).json
    assert item["state"] == "awaiting_acceptance"
    assert item["due_at"] == "2026-12-07T14:00:00.000+07:00"
    assert item["envelope"]["number"] == "ดศ 0201/1234"
    assert item["sender"]["party"] == builders.AGENCY
    assert item["documents"][0]["sha256"] == sha256(PDF)
    assert item["documents"][0]["href"] is None
    assert item["acknowledge"] is False
    content = await service.call("GET", f"/v1/inbox/{delivery}/documents/1", CITIZEN)
    assert content.problem == (409, "not-accepted-yet")
    assert service.memory.happened(delivery)[-1] == "NotificationForAcceptance"


async def test_accepting_twice_is_one_acceptance(service):
    delivery = await service.placed("consent")
    first = await service.call("POST", f"/v1/inbox/{delivery}/accept", CITIZEN)
    assert first.json["state"] == "consigned"
    again = await service.call("POST", f"/v1/inbox/{delivery}/accept", CITIZEN, json={})
    assert again.json == first.json
    assert service.memory.happened(delivery).count("ConsignmentAcceptance") == 1


async def test_who_refuses_after_accepting_is_told_what_came_first(service):
    delivery = await service.placed("consent")
    await service.call("POST", f"/v1/inbox/{delivery}/accept", CITIZEN)
    late = await service.call("POST", f"/v1/inbox/{delivery}/refuse", CITIZEN)
    assert late.problem == (409, "already-final")
    evidence = late.json["evidence"]
    assert evidence["event"] == "ContentConsignment"
    assert (await service.call("GET", evidence["href"], CITIZEN)).status == 200


async def test_a_refusal_keeps_the_recipients_words(service):
    delivery = await service.placed("consent")
    answer = await service.call(
        "POST", f"/v1/inbox/{delivery}/refuse", CITIZEN, json={"note": "ไม่ใช่ของเรา"}
    )
    assert answer.json["state"] == "refused"
    assert service.memory.events[delivery][-1].note == "ไม่ใช่ของเรา"
    content = await service.call("GET", f"/v1/inbox/{delivery}/documents/1", CITIZEN)
    assert content.problem == (409, "already-final")
    assert content.json["evidence"]["event"] == "ConsignmentRejection"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"json": {"note": "x", "more": 1}}, 400),
        ({"json": {"note": 5}}, 400),
        ({"json": {"note": "x" * 2001}}, 400),
        ({"data": b"{", "headers": {"Content-Type": "application/json"}}, 400),
        ({"data": b"note=x", "headers": {"Content-Type": "text/plain"}}, 415),
        ({"data": b" " * 200_000, "headers": {"Content-Type": "application/json"}}, 413),
    ],
)
async def test_an_answer_that_cannot_be_read_decides_nothing(service, body, status):
    delivery = await service.placed("consent")
    answer = await service.call("POST", f"/v1/inbox/{delivery}/refuse", CITIZEN, **body)
    assert answer.status == status
    assert service.memory.happened(delivery)[-1] == "NotificationForAcceptance"


async def test_an_answer_after_the_deadline_is_too_late(service):
    delivery = await service.placed("consent")
    service.clock.forward(days=15, seconds=1)
    answer = await service.call("POST", f"/v1/inbox/{delivery}/accept", CITIZEN)
    assert answer.problem == (409, "acceptance-too-late")


async def test_a_clock_that_cannot_be_trusted_stops_answers_and_not_reading(service):
    delivery = await service.placed("consent")
    service.clock.error = StorageUnavailable("clock")
    answer = await service.call("POST", f"/v1/inbox/{delivery}/accept", CITIZEN)
    assert answer.status == 503
    assert (await service.call("GET", f"/v1/inbox/{delivery}", CITIZEN)).status == 200


async def test_content_goes_out_whole_and_is_handed_over_after_its_last_byte(service):
    documents = [("main", LARGE), ("enclosure1", b"")]
    delivery = await service.placed(documents=documents)
    first = await service.call("GET", f"/v1/inbox/{delivery}/documents/1", CITIZEN)
    assert sha256(first.body) == sha256(LARGE)
    assert first.headers["Content-Type"] == "application/pdf"
    name = "%E0%B8%AB%E0%B8%99%E0%B8%B1%E0%B8%87%E0%B8%AA%E0%B8%B7%E0%B8%AD%20main.pdf"
    assert first.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''{name}"
    assert first.headers["Cache-Control"] == "no-store"
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    assert first.headers["Content-Digest"].startswith("sha-256=:")
    await eventually(lambda: service.memory.dossiers[delivery].delivery.released == {1})
    assert service.memory.happened(delivery)[-1] == "ContentAccessTracking"
    second = await service.call("GET", f"/v1/inbox/{delivery}/documents/2", CITIZEN)
    assert (second.status, second.body) == (200, b"")
    await eventually(lambda: service.memory.happened(delivery)[-1] == "ContentHandover")
    item = (await service.call("GET", f"/v1/inbox/{delivery}", CITIZEN)).json
    assert item["state"] == "handed_over"
    assert [one["released"] for one in item["documents"]] == [True, True]
    assert item["due_at"] is None


async def test_who_goes_away_in_the_middle_has_no_handover(service):
    delivery = await service.placed(documents=[("main", LARGE)])
    reader, writer = await asking(service, delivery)
    await reader.readexactly(2000)
    writer.transport.abort()
    await eventually(lambda: "TrackAccess" in service.memory.commands)
    await asyncio.sleep(0.2)
    assert "Release" not in service.memory.commands
    assert service.memory.happened(delivery)[-1] == "ContentAccessTracking"


async def test_who_closes_right_after_the_last_byte_has_the_handover(service, monkeypatch):
    """Who has everything may go, even while the store still finds out that there is no more."""
    delivery = await service.placed()
    read = service.vault.read

    async def slow_to_end(*place):
        async for piece in read(*place):
            yield piece
        await asyncio.sleep(0.1)

    monkeypatch.setattr(service.vault, "read", slow_to_end)
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(
        f"GET /v1/inbox/{delivery}/documents/1 HTTP/1.1\r\nHost: tdh\r\n"
        f"Authorization: Bearer {CITIZEN}\r\n\r\n".encode()
    )
    await reader.readuntil(PDF)
    writer.transport.abort()
    await eventually(lambda: service.memory.happened(delivery)[-1] == "ContentHandover")


async def asking(service, delivery):
    """A raw connection that has asked for the first document."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port, limit=1000)
    writer.write(
        f"GET /v1/inbox/{delivery}/documents/1 HTTP/1.1\r\nHost: tdh\r\n"
        f"Authorization: Bearer {CITIZEN}\r\n\r\n".encode()
    )
    return reader, writer


async def test_who_leaves_as_soon_as_the_last_byte_is_there_has_a_handover(service):
    delivery = await service.placed(documents=[("main", LARGE)])
    reader, writer = await asking(service, delivery)
    await reader.readuntil(b"\r\n\r\n")
    assert sha256(await reader.readexactly(len(LARGE))) == sha256(LARGE)
    writer.transport.abort()
    await eventually(lambda: service.memory.happened(delivery)[-1] == "ContentHandover")


async def test_what_the_operating_system_still_holds_is_not_handed_over(service, monkeypatch):
    """The letter fits into the buffers of a connection whose client never reads a byte of it."""
    monkeypatch.setattr("relay.api.leaving.ARRIVES_WITHIN_SECONDS", 0.5)
    delivery = await service.placed(documents=[("main", LARGE[:40_000])])
    with socket.socket() as silent:
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        silent.connect(("127.0.0.1", service.port))
        silent.sendall(
            f"GET /v1/inbox/{delivery}/documents/1 HTTP/1.1\r\nHost: tdh\r\n"
            f"Authorization: Bearer {CITIZEN}\r\n\r\n".encode()
        )
        await asyncio.sleep(1.0)
    await asyncio.sleep(0.2)
    assert service.memory.happened(delivery)[-1] == "ContentAccessTracking"
    assert "Release" not in service.memory.commands


async def test_a_release_that_cannot_be_recorded_is_tried_again(service, monkeypatch):
    delivery = await service.placed()
    await service.call("POST", f"/v1/inbox/{delivery}/accept", CITIZEN)
    failing = service.memory.__class__.__call__

    async def fail_once(memory, command):
        if type(command).__name__ == "Release" and "Release" not in memory.commands:
            memory.error = StorageUnavailable("away")
        return await failing(memory, command)

    monkeypatch.setattr(service.memory.__class__, "__call__", fail_once)
    await service.call("GET", f"/v1/inbox/{delivery}/documents/1", CITIZEN)
    await eventually(lambda: service.memory.commands.count("Release") == 2)
    assert service.memory.happened(delivery)[-1] == "ContentHandover"


async def test_an_access_that_cannot_be_recorded_lets_no_byte_out(service):
    delivery = await service.placed()
    service.memory.error = StorageUnavailable("away")
    answer = await service.call("GET", f"/v1/inbox/{delivery}/documents/1", CITIZEN)
    assert answer.problem == (503, "storage-unavailable")


async def test_asking_for_the_headers_of_content_is_no_access(service):
    delivery = await service.placed()
    answer = await service.call("HEAD", f"/v1/inbox/{delivery}/documents/1", CITIZEN)
    assert answer.status == 405
    assert "TrackAccess" not in service.memory.commands


async def test_a_part_of_content_is_not_given_apart(service):
    delivery = await service.placed()
    headers = {"Range": "bytes=0-1"}
    answer = await service.call(
        "GET", f"/v1/inbox/{delivery}/documents/1", CITIZEN, headers=headers
    )
    assert (answer.status, answer.body) == (200, PDF)
    assert answer.headers["Accept-Ranges"] == "none"


async def test_damaged_content_is_never_given_as_whole(service):
    delivery = await service.placed(documents=[("main", LARGE)])
    service.vault.damaged_after = 0
    at_once = await service.call("GET", f"/v1/inbox/{delivery}/documents/1", CITIZEN)
    assert at_once.problem == (500, "integrity-failure")
    service.vault.damaged_after = 3
    with pytest.raises(ClientPayloadError):
        await service.call("GET", f"/v1/inbox/{delivery}/documents/1", CITIZEN)
    assert "Release" not in service.memory.commands


async def test_a_company_is_handed_over_by_its_acknowledgement(service):
    delivery = await service.placed(to=builders.COMPANY)
    path = f"/v1/inbox/{delivery}"
    assert (await service.call("GET", f"{path}/documents/1", COMPANY)).body == PDF
    assert (await service.call("GET", path, COMPANY)).json["acknowledge"] is True
    wrong = await service.call("POST", f"{path}/acknowledge", COMPANY, json={"sha256": ["0" * 64]})
    assert wrong.problem == (422, "digest-mismatch")
    bad = await service.call("POST", f"{path}/acknowledge", COMPANY, json={"sha256": ["0"]})
    assert bad.problem == (400, "invalid-request")
    right = await service.call(
        "POST", f"{path}/acknowledge", COMPANY, json={"sha256": [sha256(PDF)]}
    )
    assert right.json["state"] == "handed_over"


async def test_a_sender_withdraws_before_content_is_placed_and_not_after(service):
    delivery = await service.placed("consent")
    taken = await service.call("POST", f"/v1/deliveries/{delivery}/withdraw")
    assert taken.json["state"] == "withdrawn"
    late = await service.call("POST", f"/v1/inbox/{delivery}/accept", CITIZEN)
    assert late.problem == (409, "already-final")
    assert late.json["evidence"]["event"] == "Withdrawal"
    placed = await service.placed(key="key-2")
    refused = await service.call("POST", f"/v1/deliveries/{placed}/withdraw")
    assert refused.problem == (409, "already-final")
    assert refused.json["evidence"]["event"] == "ContentConsignment"


async def test_a_delivery_is_read_by_id_and_by_number_as_people_type_it(service):
    delivery = await service.placed()
    by_id = (await service.call("GET", f"/v1/deliveries/{delivery}")).json
    number = by_id["tracking"].lower().replace("-", "")
    assert (await service.call("GET", f"/v1/track/{number}", CITIZEN)).json == by_id
    events = (await service.call("GET", f"/v1/deliveries/{delivery}/events")).json
    assert [one["sequence"] for one in events["data"]] == [1, 2]
    assert [one["evidence"] for one in events["data"]] == by_id["evidence"]


async def test_evidence_is_xml_unless_json_is_preferred_and_never_a_receipt_yet(service):
    delivery = await service.placed()
    listed = (await service.call("GET", f"/v1/deliveries/{delivery}/evidence")).json["data"]
    href = listed[0]["href"]
    xml = await service.call("GET", href, CITIZEN)
    assert xml.headers["Content-Type"] == "application/xml"
    described = await service.call("GET", href, headers={"Accept": "application/json"})
    assert described.json["sha256"] == sha256(xml.body)
    assert described.json["delivery"] == delivery
    pdf = await service.call("GET", href, headers={"Accept": "application/pdf"})
    assert pdf.problem == (406, "not-acceptable")


async def test_a_proof_is_there_once_a_head_holds_the_evidence(service):
    delivery = await service.placed()
    listed = (await service.call("GET", f"/v1/deliveries/{delivery}/evidence")).json["data"]
    early = await service.call("GET", listed[0]["proof"])
    assert early.problem == (409, "not-logged-yet")
    assert early.headers["Retry-After"] == "1"
    service.proofs.of[listed[0]["id"]] = b"c2sp.org/tlog-proof@v1\n"
    proof = await service.call("GET", listed[0]["proof"], CITIZEN)
    assert proof.body == b"c2sp.org/tlog-proof@v1\n"


async def test_the_logs_head_is_for_everybody(service):
    for path in ("/log/checkpoint", "/log/checkpoint.tsr"):
        assert (await service.call("GET", path, None)).problem == (404, "no-checkpoint-yet")
    service.proofs.newest = SignedHead(size=1, root=b"r", note=b"note\n", token=b"\x30\x00")
    assert (await service.call("GET", "/log/checkpoint", None)).body == b"note\n"
    assert (await service.call("GET", "/log/checkpoint.tsr", None)).body == b"reply:\x30\x00"


async def test_an_older_head_is_named_by_its_size(service):
    service.proofs.newest = SignedHead(size=7, root=b"r", note=b"note\n", token=b"\x30\x00")
    assert (await service.call("GET", "/log/checkpoint?size=7", None)).body == b"note\n"
    missing = await service.call("GET", "/log/checkpoint.tsr?size=6", None)
    assert missing.problem == (404, "not-found")
    for size in ("-1", "07", "x", "", "9" * 19):
        wrong = await service.call("GET", f"/log/checkpoint?size={size}", None)
        assert wrong.problem == (400, "invalid-request")


async def test_health_is_told_without_a_token(service):
    assert (await service.call("GET", "/healthz", None)).json == {"alive": True}
    assert (await service.call("GET", "/readyz", None)).status == 200
    service.health.state = {"database": True, "sealer": False}
    ready = await service.call("GET", "/readyz", None)
    assert (ready.status, ready.json["ready"]) == (503, False)


async def test_what_everybody_may_ask_is_asked_for_once_a_while():
    async with ApiService(ApiLimits(remembered_seconds=60)).running() as service:
        service.proofs.newest = SignedHead(size=1, root=b"r", note=b"note\n", token=b"\x30\x00")
        assert (await service.call("GET", "/readyz", None)).status == 200
        assert (await service.call("GET", "/log/checkpoint", None)).body == b"note\n"
        service.health.state = {"database": False}
        service.proofs.newest = None
        assert (await service.call("GET", "/readyz", None)).status == 200
        assert (await service.call("GET", "/log/checkpoint", None)).body == b"note\n"


async def test_the_head_shown_after_a_proof_is_not_older_than_the_proof():
    async with ApiService(ApiLimits(remembered_seconds=60)).running() as service:
        delivery = await service.placed()
        listed = (await service.call("GET", f"/v1/deliveries/{delivery}/evidence")).json["data"]
        assert (await service.call("GET", "/log/checkpoint", None)).status == 404
        service.proofs.of[listed[0]["id"]] = b"c2sp.org/tlog-proof@v1\n"
        service.proofs.newest = SignedHead(size=9, root=b"r", note=b"note\n", token=b"\x30\x00")
        assert (await service.call("GET", listed[0]["proof"])).status == 200
        assert (await service.call("GET", "/log/checkpoint", None)).body == b"note\n"


async def test_the_description_is_valid_and_names_every_route(service):
    document = (await service.call("GET", "/openapi.json", None)).json
    validate(document)
    assert document["openapi"].startswith("3.1")
    described = {
        (method.upper(), path) for path, item in document["paths"].items() for method in item
    }
    served = {(route.method, route.resource.canonical) for route in service.app.router.routes()}
    assert described == served
    for item in document["paths"].values():
        for operation in item.values():
            assert operation["summary"]
            assert any("ก" <= letter <= "๙" for letter in operation["description"])
    assert "1073741824" in json.dumps(document)


async def test_a_step_that_began_ends_though_the_client_went_away(service):
    delivery = await service.placed("consent")
    begun, go_on = asyncio.Event(), asyncio.Event()
    memory = service.memory
    real = memory.__class__.__call__

    class Slow(memory.__class__):
        async def __call__(self, command):
            begun.set()
            await go_on.wait()
            return await real(self, command)

    memory.__class__ = Slow
    _, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(
        f"POST /v1/inbox/{delivery}/accept HTTP/1.1\r\nHost: tdh\r\nContent-Length: 0\r\n"
        f"Authorization: Bearer {CITIZEN}\r\n\r\n".encode()
    )
    await begun.wait()
    writer.transport.abort()
    await asyncio.sleep(0.05)
    go_on.set()
    await eventually(lambda: "ConsignmentAcceptance" in memory.happened(delivery))


async def test_a_letter_to_oneself_is_in_the_inbox_only_once_it_is_placed(service):
    dossier_of = service.memory.dossiers
    delivery = (await service.submit()).json["deliveries"][0]["id"]
    dossier = dossier_of[delivery]
    dossier_of[delivery] = replace(dossier, recipient=dossier.sender)
    assert (await service.call("GET", f"/v1/inbox/{delivery}", AGENCY)).status == 404
