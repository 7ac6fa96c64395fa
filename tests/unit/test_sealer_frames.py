"""What is said on the sealer's socket: read back as it was written, or refused."""

import json
import struct
from datetime import UTC, datetime, timedelta, timezone

import pytest
from evidence_samples import INSTANT, NOW, TEXT, any_facts, facts
from hypothesis import given, settings
from hypothesis import strategies as st

from signing.sealer import frames
from signing.sealer.errors import FrameError, RefusalCode
from signing.sealer.facts_json import decode_facts, encode_facts
from signing.sealer.messages import (
    MAX_ITEMS,
    Head,
    HeadSigned,
    Hello,
    Identity,
    LastHead,
    Ping,
    Pong,
    Refused,
    Sealed,
    SealFacts,
    SignHead,
    Stamp,
    Stamped,
    StampRefused,
)
from signing.timestamp_messages import FailureInfo
from tdh.domain.identifiers import EvidenceId
from tdh.domain.log import SignedHead
from tdh.domain.records import RefusedItem, SealedEvidence

HASH = st.binary(min_size=32, max_size=32)
SIZE = st.integers(0, 2**63 - 1)
REQUESTS = st.one_of(
    st.just(Hello()),
    st.just(LastHead()),
    st.builds(Ping, clock=INSTANT),
    st.builds(SealFacts, clock=INSTANT, facts=st.lists(any_facts(), max_size=2).map(tuple)),
    st.builds(
        Stamp,
        clock=INSTANT,
        imprint=st.binary(max_size=80),
        policy=st.none() | TEXT,
        nonce=st.none() | st.integers(-(2**254), 2**255 - 1),
        cert_req=st.booleans(),
    ),
    st.builds(
        SignHead,
        clock=INSTANT,
        size=SIZE,
        root=HASH,
        consistency=st.lists(HASH, max_size=4).map(tuple),
    ),
)
ITEMS = st.one_of(
    st.builds(RefusedItem, id=TEXT.map(EvidenceId), problem=TEXT),
    st.builds(
        SealedEvidence,
        id=TEXT.map(EvidenceId),
        xml=st.binary(),
        digest=HASH,
        log_entry=TEXT.map(str.encode),
    ),
)
ANSWERS = st.one_of(
    st.just(Pong()),
    st.builds(Head, size=SIZE, root=HASH),
    st.builds(Stamped, token=st.binary()),
    st.builds(StampRefused, failure=st.sampled_from(FailureInfo), problem=TEXT),
    st.builds(Refused, code=st.sampled_from(RefusalCode), problem=TEXT),
    st.builds(Sealed, items=st.lists(ITEMS, max_size=3).map(tuple)),
    st.builds(
        HeadSigned,
        head=st.builds(SignedHead, size=SIZE, root=HASH, note=st.binary(), token=st.binary()),
    ),
    st.builds(
        Identity,
        epoch=SIZE,
        origin=TEXT,
        vkey=TEXT,
        certificates=st.lists(st.binary(), max_size=3).map(tuple),
        timestamp_certificates=st.lists(st.binary(), max_size=3).map(tuple),
        more_vkeys=st.lists(TEXT, max_size=2).map(tuple),
    ),
)


@given(REQUESTS)
@settings(deadline=None)
def test_every_request_is_read_back(request) -> None:
    assert frames.decode_request(frames.encode_request(request)) == request


@given(ANSWERS)
@settings(deadline=None)
def test_every_answer_is_read_back(answer) -> None:
    assert frames.decode_answer(frames.encode_answer(answer)) == answer


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=8), st.data())
def test_frames_are_found_however_the_bytes_arrive(payloads, data) -> None:
    stream = b"".join(map(frames.frame, payloads))
    buffer, found = bytearray(), []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        buffer += stream[:cut]
        stream = stream[cut:]
        found += frames.take_frames(buffer)

    assert found == payloads
    assert not buffer


@given(st.binary(max_size=400))
def test_noise_is_a_frame_error_and_nothing_else(noise) -> None:
    for read in (frames.decode_request, frames.decode_answer):
        with pytest.raises(FrameError):
            read(noise)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def places(value, path=()):
    yield path
    steps = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for step, inner in steps:
        yield from places(inner, (*path, step))


def changed(value, path, new):
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = changed(value[path[0]], path[1:], new)
    return copy


@given(REQUESTS, JSON, st.data())
@settings(deadline=None, max_examples=300)
def test_a_request_with_something_else_somewhere_is_read_or_refused(request, other, data) -> None:
    value = json.loads(frames.encode_request(request))
    place = data.draw(st.sampled_from(list(places(value))))

    try:
        read = frames.decode_request(json.dumps(changed(value, place, other)).encode())
    except FrameError:
        return
    assert frames.decode_request(frames.encode_request(read)) == read


@pytest.mark.parametrize(
    "change",
    [
        {"sequence": True},
        {"sequence": -1},
        {"sequence": 1.0},
        {"sequence": 2**63},
        {"time": "2026-11-22T09:30:15Z"},
        {"time": "yesterday"},
        {"due": "2027-3-14"},
        {"extra": 1},
        {"particulars": [["a"]]},
        {"reasons": [[1]]},
        {"documents": [{"identifier": "x", "media_type": "y", "sha256": "AB", "verdict": "z"}]},
        {"documents": {}},
        {"sender": None},
    ],
    ids=str,
)
def test_facts_of_another_shape_are_refused(change) -> None:
    value = json.loads(encode_facts(facts()))

    with pytest.raises(FrameError):
        decode_facts(value | change)
    for name in value:
        with pytest.raises(FrameError):
            decode_facts({key: item for key, item in value.items() if key != name})


def test_facts_without_a_zone_or_with_half_a_character_pass_for_the_evidence_to_refuse() -> None:
    odd = facts(time=NOW.replace(tzinfo=None), letter_number="\ud800")

    assert decode_facts(json.loads(encode_facts(odd))) == odd


def test_times_keep_their_instant_to_the_microsecond() -> None:
    bangkok = datetime(2026, 11, 22, 16, 30, 15, 7, tzinfo=timezone(timedelta(hours=7)))

    read = decode_facts(json.loads(encode_facts(facts(time=bangkok))))

    assert read.time == bangkok
    assert read.time.astimezone(UTC).microsecond == 7


def test_a_clock_has_a_zone() -> None:
    with pytest.raises(FrameError, match="zone"):
        frames.decode_request(b'{"ask":"ping","clock":"2026-11-22T09:30:15"}')


def test_too_many_items_are_refused() -> None:
    many = [encode_facts(facts())] * (MAX_ITEMS + 1)

    with pytest.raises(FrameError, match="more than"):
        frames.decode_request(frames.encode_seal(NOW, many))


@pytest.mark.parametrize("length", [0, frames.MAX_FRAME_BYTES + 1, 2**32 - 1])
def test_a_length_out_of_bounds_is_refused_at_once(length) -> None:
    with pytest.raises(FrameError):
        list(frames.take_frames(bytearray(struct.pack(">I", length))))
    with pytest.raises(FrameError):
        frames.frame(bytes(frames.MAX_FRAME_BYTES + 1))
