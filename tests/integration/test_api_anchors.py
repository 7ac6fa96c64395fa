"""Anchors of heads and archive records over HTTP."""

import base64
from datetime import timedelta

import pytest
from api_service import CITIZEN, STRANGER, ApiService
from builders import NOW

from tdh.domain.log import Anchor, AnchorKind, SignedHead

LINE = "\N{EM DASH} witness.example/w1 c2lnbmF0dXJl\n".encode()


@pytest.fixture
async def service():
    async with ApiService().running() as running:
        running.proofs.newest = SignedHead(size=5, root=b"r", note=b"note\n", token=b"\x30\x00")
        yield running


def anchors():
    return [
        Anchor(size=5, kind=AnchorKind.WITNESS, name="witness.example/w1", body=LINE, time=NOW),
        Anchor(
            size=5,
            kind=AnchorKind.TIMESTAMP,
            name="outsider",
            body=b"\x30\x01",
            time=NOW + timedelta(seconds=1),
        ),
    ]


async def test_a_head_is_shown_with_its_cosignatures_and_its_timestamp_without(service):
    service.proofs.anchors = anchors()
    for query in ("", "?size=5", "?anchored=1"):
        head = await service.call("GET", f"/log/checkpoint{query}", None)
        assert head.body == b"note\n" + LINE
        token = await service.call("GET", f"/log/checkpoint.tsr{query}", None)
        assert token.body == b"reply:\x30\x00"


async def test_who_wants_an_anchored_head_gets_none_while_nobody_vouches(service):
    assert (await service.call("GET", "/log/checkpoint", None)).body == b"note\n"
    missing = await service.call("GET", "/log/checkpoint?anchored=1", None)
    assert missing.problem == (404, "not-found")
    for wrong in ("anchored=2", "anchored=1&size=5", "anchored="):
        refused = await service.call("GET", f"/log/checkpoint?{wrong}", None)
        assert refused.problem == (400, "invalid-request")


async def test_everybody_sees_who_vouches_for_a_head(service):
    told = (await service.call("GET", "/log/anchors/5", None)).json
    assert told["anchored_by"] == []
    service.proofs.anchors = anchors()
    told = (await service.call("GET", "/log/anchors/5", None)).json
    assert (told["size"], told["note"]) == (5, "note\n" + LINE.decode())
    assert told["anchored_by"] == ["witness.example/w1", "outsider"]
    [cosignature] = told["cosignatures"]
    assert cosignature["name"] == "witness.example/w1"
    own, outside = told["tokens"]
    assert (own["name"], own["time"]) == (None, None)
    assert base64.b64decode(own["token"]) == b"\x30\x00"
    assert outside["name"] == "outsider"
    assert base64.b64decode(outside["token"]) == b"\x30\x01"
    assert outside["time"].startswith("20")
    for size in ("6", "05", "x"):
        missing = await service.call("GET", f"/log/anchors/{size}", None)
        assert missing.problem == (404, "not-found")


async def test_an_evidence_has_an_archive_record_once_its_round_is_stamped(service):
    delivery = await service.placed()
    href = f"/v1/deliveries/{delivery}/evidence"
    [listed, *_] = (await service.call("GET", href)).json["data"]
    assert listed["provable_until"] is None
    early = await service.call("GET", listed["record"])
    assert early.problem == (409, "not-archived-yet")
    assert int(early.headers["Retry-After"]) > 0
    service.proofs.of[listed["id"]] = b"proof"
    early = await service.call("GET", listed["record"])
    assert early.problem == (409, "not-archived-yet")
    service.proofs.record = b"\x30\x02record"
    service.proofs.until = NOW + timedelta(days=365)
    record = await service.call("GET", listed["record"], CITIZEN)
    assert record.body == b"\x30\x02record"
    assert record.headers["Content-Type"] == "application/octet-stream"
    [listed, *_] = (await service.call("GET", href)).json["data"]
    described = await service.call("GET", listed["href"], headers={"Accept": "application/json"})
    assert described.json["provable_until"] == listed["provable_until"]
    assert listed["provable_until"].startswith("2027")
    foreign = await service.call("GET", listed["record"], STRANGER)
    assert foreign.problem == (404, "not-found")
