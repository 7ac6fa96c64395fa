"""Messages as bytes and values: batches, CloudEvents, requests, announcements, names."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.amqp import names
from relay.amqp.announcements import announce
from relay.amqp.batches import parse_batch, print_batch
from relay.amqp.cloudevents import CloudEvent, parse_event, print_event
from relay.amqp.collecting import NamedDocument, read_letter
from relay.amqp.consumer import Incoming
from relay.amqp.requests import (
    AcceptRequest,
    AcknowledgeRequest,
    RefuseRequest,
    SubmitRequest,
    parse_digest,
    parse_request,
    print_digest,
    read_event,
    sender_of,
)
from relay.amqp.topology import Queue
from tdh.domain.errors import InvalidValue
from tdh.domain.identifiers import Digest, party_slug
from tdh.domain.lifecycle import ConsignmentMode, DeliveryState
from tdh.domain.outbox import Task
from tdh.domain.parties import Channel
from tests import builders as make
from tests.memory_service import MemoryService

SLUG = party_slug(make.COMPANY)
DELIVERY = "dlv_" + "0" * 24


# --- batches -------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 2**63 - 1), min_size=1, max_size=200, unique=True))
def test_a_batch_reads_back_as_it_was_written(rows):
    assert list(parse_batch(print_batch(rows))) == rows


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"{}",
        b"[]",
        b"null",
        b"1",
        b'"1"',
        b"[true]",
        b"[1.0]",
        b'["1"]',
        b"[0]",
        b"[-1]",
        b"[9223372036854775808]",
        b"[1,1]",
        b"[[1]]",
        b"[1] x",
        b"[1,]",
        b"[NaN]",
        b"\xff\xfe[1]",
        b"[" * 100_000,
        b"[" + b"1," * 30_000 + b"2]",
        json.dumps(list(range(1, 1026))).encode(),
        "[๑]".encode(),
    ],
)
def test_what_is_no_batch_is_refused_with_a_typed_error(body):
    with pytest.raises(InvalidValue):
        parse_batch(body)


@given(st.binary(max_size=60))
def test_no_bytes_make_the_batch_reader_fail_otherwise(body):
    try:
        rows = parse_batch(body)
    except InvalidValue:
        return
    assert rows


# --- CloudEvents ---------------------------------------------------------------------------------


def event(**changes):
    plain = {"specversion": "1.0", "id": "1", "source": "urn:x", "type": "t", "data": {}}
    return json.dumps({**plain, **changes}).encode()


def test_an_event_reads_back_as_it_was_written():
    told = CloudEvent(
        id="evt_1",
        source="urn:tdh",
        type="delivery.consigned",
        subject=DELIVERY,
        time=make.NOW,
        data={"subject": "แจ้งผลการพิจารณา"},
    )
    body = print_event(told)
    assert parse_event(body) == told
    assert "แจ้งผลการพิจารณา" in body.decode()
    assert json.loads(body)["time"] == "2026-11-22T14:00:00.000+07:00"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b"{" * 100_000,
        event(specversion="0.3"),
        event(id=""),
        event(id=7),
        event(id="x" * 256),
        event(type=None),
        event(data=[]),
        event(data=None),
        event(data_base64="eA=="),
        event(time="yesterday"),
        event(time="2026-11-22T07:00:00"),
        event(data={"x": "x" * 300_000}),
        event(id="\ud800"),
        event(data={"delivery": "\udfff"}),
        event(data={"delivery": float("nan")}),
        event()[:-1] + b', "id": "2"}',
    ],
)
def test_what_is_no_event_is_refused_with_a_typed_error(body):
    with pytest.raises(InvalidValue):
        parse_event(body)


# --- requests ------------------------------------------------------------------------------------


def incoming(key, *, user=SLUG, body=b"{}"):
    return Incoming(
        body=body,
        key=key,
        queue="submit.0",
        message_id="m",
        correlation_id="",
        user_id=user,
        type="",
        redelivered=False,
    )


@pytest.mark.parametrize("name", ["x" * 200_000, "ก" * 80_000])
def test_the_error_of_an_unknown_field_fits_a_header(name):
    """A header that is longer than a frame would make the broker end our connection."""
    with pytest.raises(InvalidValue) as refused:
        parse_event(event(**{name: 1}))
    assert len(str(refused.value).encode()) < 1000
    with pytest.raises(InvalidValue) as refused:
        parse_request({"delivery": DELIVERY, name: 1}, names.DELIVERY_ACCEPT)
    assert len(str(refused.value).encode()) < 1000


@pytest.mark.parametrize("note", ["a\u202eb", "a\0b", "a\nb", "\ufffe", "\ud800"])
def test_words_of_a_refusal_that_cannot_be_shown_are_refused(note):
    with pytest.raises(InvalidValue) as refused:
        parse_request({"delivery": DELIVERY, "note": note}, names.DELIVERY_REFUSE)
    assert refused.value.field == "/data/note"


def test_the_routing_key_tells_the_party():
    by = sender_of(incoming(f"{SLUG}.handover.acknowledge"))
    assert (by.user, by.party, by.action) == (SLUG, make.COMPANY, names.HANDOVER_ACKNOWLEDGE)


@pytest.mark.parametrize(
    ("key", "user"),
    [
        (f"{SLUG}.delivery.accept", ""),
        (f"{SLUG}.delivery.accept", "th-agency-mdes"),
        (f"{SLUG}.delivery.steal", SLUG),
        (f"{SLUG}", SLUG),
        ("nobody.delivery.accept", "nobody"),
        ("", ""),
    ],
)
def test_a_request_without_a_proven_sender_is_refused(key, user):
    with pytest.raises(InvalidValue):
        sender_of(incoming(key, user=user))


def test_the_type_of_a_request_is_that_of_its_routing_key():
    assert read_event(event(type="delivery.accept"), "delivery.accept").data == {}
    with pytest.raises(InvalidValue):
        read_event(event(type="delivery.refuse"), "delivery.accept")


def test_each_request_is_read():
    digest = Digest(value=bytes(range(32)))
    assert parse_request({"delivery": DELIVERY}, names.DELIVERY_ACCEPT) == AcceptRequest(
        delivery=DELIVERY
    )
    assert parse_request({"delivery": DELIVERY}, names.DELIVERY_REFUSE) == RefuseRequest(
        delivery=DELIVERY, note=""
    )
    assert parse_request(
        {"delivery": DELIVERY, "note": "ไม่รับ"}, names.DELIVERY_REFUSE
    ) == RefuseRequest(delivery=DELIVERY, note="ไม่รับ")
    assert parse_request(
        {"delivery": DELIVERY, "digests": [print_digest(digest)]}, names.HANDOVER_ACKNOWLEDGE
    ) == AcknowledgeRequest(delivery=DELIVERY, digests=(digest,))
    assert parse_request({"anything": 1}, names.LETTER_SUBMIT) == SubmitRequest()


@pytest.mark.parametrize(
    ("action", "data", "field"),
    [
        (names.DELIVERY_ACCEPT, {}, "/data/delivery"),
        (names.DELIVERY_ACCEPT, {"delivery": 7}, "/data/delivery"),
        (names.DELIVERY_ACCEPT, {"delivery": "evt_" + "0" * 24}, "/data/delivery"),
        (names.DELIVERY_ACCEPT, {"delivery": DELIVERY, "force": True}, "/data/force"),
        (names.DELIVERY_REFUSE, {"delivery": DELIVERY, "note": 7}, "/data/note"),
        (names.DELIVERY_REFUSE, {"delivery": DELIVERY, "note": "\0"}, "/data/note"),
        (names.DELIVERY_REFUSE, {"delivery": DELIVERY, "note": "x" * 2001}, "/data/note"),
        (names.HANDOVER_ACKNOWLEDGE, {"delivery": DELIVERY}, "/data/digests"),
        (names.HANDOVER_ACKNOWLEDGE, {"delivery": DELIVERY, "digests": []}, "/data/digests"),
        (
            names.HANDOVER_ACKNOWLEDGE,
            {"delivery": DELIVERY, "digests": ["sha-256:" + "g" * 64]},
            "/data/digests/0",
        ),
    ],
)
def test_a_wrong_field_of_a_request_is_named(action, data, field):
    with pytest.raises(InvalidValue) as caught:
        parse_request(data, action)
    assert caught.value.field == field


@pytest.mark.parametrize("text", ["", "sha-256:", "md5:" + "0" * 64, "sha-256:" + "0" * 63, None])
def test_what_is_no_digest_is_refused(text):
    with pytest.raises(InvalidValue):
        parse_digest(text, "x")


# --- announcements -------------------------------------------------------------------------------


async def announced(mode, task):
    service = MemoryService()
    company = make.party(make.COMPANY, Channel.QUEUE)
    delivery = await service.submit(company, mode, documents=2)
    await service.forward(delivery)
    view = (await service.views([delivery]))[delivery]
    return view, announce(view, task, source="urn:tdh:test", attempt=1)


async def test_a_consigned_delivery_is_told_by_reference():
    view, message = await announced(ConsignmentMode.BASIC, Task.PUSH_CONTENT)
    told = parse_event(message.body)
    delivery = view.dossier.delivery
    assert message.key == names.mailbox_queue(SLUG)
    assert message.message_id == told.id == view.events[-1].id
    assert (told.type, told.subject) == ("delivery.consigned", delivery.id)
    assert told.data["subject"] == "แจ้งผลการพิจารณา"
    assert [one["href"] for one in told.data["documents"]] == [
        f"/v1/inbox/{delivery.id}/documents/{number}" for number in (1, 2)
    ]
    assert told.data["documents"][0]["digest"] == "sha-256:" + "01" * 32
    assert message.headers["tdh-delivery"] == delivery.id
    assert message.headers["tdh-digest"] == "sha-256=:" + "AQEB" * 10 + "AQE=:"
    assert read_letter(told).documents[1].size == 1000


async def test_a_delivery_that_waits_is_told_without_addresses_of_its_documents():
    view, message = await announced(ConsignmentMode.CONSENT, Task.PUSH_ENVELOPE)
    told = parse_event(message.body)
    assert told.type == "delivery.awaiting_acceptance"
    assert told.id == view.events[-1].id
    assert all("href" not in one for one in told.data["documents"])
    assert told.data["due_at"] is not None


async def test_a_push_that_was_overtaken_tells_nothing():
    _, message = await announced(ConsignmentMode.BASIC, Task.PUSH_ENVELOPE)
    assert message is None
    view, message = await announced(ConsignmentMode.CONSENT, Task.PUSH_ENVELOPE)
    assert message is not None
    expired = replace(view.dossier.delivery, state=DeliveryState.EXPIRED)
    view = replace(view, dossier=replace(view.dossier, delivery=expired))
    assert announce(view, Task.PUSH_ENVELOPE, source="urn:tdh:test", attempt=2) is None


@pytest.mark.parametrize(
    ("filename", "saved"),
    [
        ("1234.pdf", "01-1234.pdf"),
        ("../../etc/passwd", "01-passwd"),
        ("..", "01-document"),
        ("", "01-document"),
        ("a\0b\n.pdf", "01-a_b_.pdf"),
        ("/", "01-document"),
        ("หนังสือ.pdf", "01-หนังสือ.pdf"),
        ("ก" * 500, "01-" + "ก" * 60),
        ("a\\b\u202efdp.exe", "01-a_b_fdp.exe"),
        ("x" * 500 + ".pdf", "01-" + "x" * 176 + ".pdf"),
    ],
)
def test_a_document_is_saved_under_a_harmless_name(filename, saved):
    named = NamedDocument(number=1, filename=filename, size=1, digest=Digest(value=b"\0" * 32))
    assert named.saved_as == saved
    assert replace(named, number=12).saved_as.startswith("12-")


def test_every_queue_is_a_quorum_queue_with_limits_said_aloud():
    arguments = Queue(name="q", dead="dead.q").arguments
    assert arguments["x-queue-type"] == "quorum"
    assert arguments["x-delivery-limit"] == 20
    assert arguments["x-dead-letter-strategy"] == "at-least-once"
    assert arguments["x-overflow"] == "reject-publish"
    assert "x-dead-letter-exchange" not in Queue(name="dead.q").arguments
