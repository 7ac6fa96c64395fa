"""The small parts of the HTTP interface: multipart, digests, tokens, what is preferred."""

import base64
import hashlib
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.api import digests
from relay.api.body import ApiLimits, Pace
from relay.api.errors import (
    BodyTrickles,
    DigestAlgorithmNotSupported,
    DigestMismatch,
    MalformedBody,
    NotAcceptable,
    UnsupportedMediaType,
)
from relay.api.evidence import JSON, PDF, XML, chosen_type
from relay.api.multipart import (
    HEADER_BYTES,
    MultipartReader,
    PartBegins,
    PartData,
    PartEnds,
    boundary_of,
)
from relay.auth import BearerTokens, Unauthenticated
from tdh.domain.errors import InvalidValue, StorageUnavailable
from tests import builders, fakes

# --- multipart ------------------------------------------------------------------------------------


def printed(parts, boundary=b"b"):
    body = b""
    for name, data in parts:
        head = f'Content-Disposition: form-data; name="{name}"; filename="x"'.encode()
        body += b"--" + boundary + b"\r\n" + head + b"\r\n\r\n" + data + b"\r\n"
    return body + b"--" + boundary + b"--\r\n"


def parsed(body, cuts=(), boundary=b"b"):
    reader, parts = MultipartReader(boundary), []
    edges = [0, *sorted(cuts), len(body)]
    for start, end in pairwise(edges):
        for event in reader.feed(body[start:end]):
            match event:
                case PartBegins(name=name):
                    parts.append([name, b"", False])
                case PartData(data):
                    parts[-1][1] += data
                case PartEnds():
                    parts[-1][2] = True
    reader.close()
    return [tuple(one) for one in parts]


awkward = st.lists(st.sampled_from([b"\r", b"\n", b"-", b"--", b"b", b"\r\n", b"\r\n--", b"x"]))


@given(
    st.lists(st.one_of(st.binary(max_size=50), awkward.map(b"".join)), max_size=4),
    st.lists(st.integers(0, 500), max_size=20),
)
def test_parts_come_out_as_they_went_in_however_they_are_cut(bodies, cuts):
    if any(b"\r\n--b" in b"\r\n" + one for one in bodies):
        return
    parts = [(f"p{place}", data) for place, data in enumerate(bodies)]
    body = printed(parts) if parts else b"--b--\r\n"
    cuts = [cut for cut in cuts if cut <= len(body)]
    assert parsed(body, cuts) == [(name, data, True) for name, data in parts]


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_bytes_of_any_kind_are_parts_or_one_named_refusal(data, cuts):
    with suppress(MalformedBody):
        parsed(data, [cut for cut in cuts if cut <= len(data)])


NAMED = b"--b\r\nContent-Disposition: form-data; name=a"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b",
        b"preamble\r\n--b\r\n",
        b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx",
        b"--b\r\n\r\nx\r\n--b--",
        b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--",
        b"--b\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--b--",
        b"--b\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\nx\r\n--b--",
        NAMED + b"\r\n" + NAMED[5:] + b"\r\n\r\nx\r\n--b--",
        NAMED + b"\r\n folded\r\n\r\nx\r\n--b--",
        NAMED + b"\r\nContent-Transfer-Encoding: base64\r\n\r\nx\r\n--b--",
        NAMED + b"\r\nContent-Encoding: gzip\r\n\r\nx\r\n--b--",
        b"--b\r\nX: " + b"x" * HEADER_BYTES + b"\r\n\r\n",
        b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--bad--",
        b"--b--\r\nepilogue",
        b"--b\r\nContent-Disposition: form-data; name=a\xff\r\n\r\nx\r\n--b--",
    ],
)
def test_a_body_that_could_be_read_in_two_ways_is_refused(body):
    with pytest.raises(MalformedBody):
        parsed(body)


def test_a_name_may_be_quoted_and_a_digest_travels_with_its_part():
    reader = MultipartReader(b"b")
    body = (
        b'--b\r\ncontent-disposition: form-data; filename="a\\"b.pdf"; name="ma\\in"\r\n'
        b"Content-Digest: sha-256=:x:\r\n\r\n"
    )
    assert list(reader.feed(body)) == [PartBegins(name="main", content_digest=("sha-256=:x:",))]


def test_a_boundary_is_read_from_the_content_type():
    assert boundary_of('multipart/form-data; boundary="a b"') == b"a b"
    for missing in ("multipart/form-data", "multipart/form-data; boundary=" + "x" * 71):
        with pytest.raises(MalformedBody):
            boundary_of(missing)
    for other in ("", "text/plain", "multipart/mixed; boundary=b"):
        with pytest.raises(UnsupportedMediaType):
            boundary_of(other)


# --- digests --------------------------------------------------------------------------------------

DIGEST = hashlib.sha256(b"x").digest()
PROMISE = f"sha-256=:{base64.b64encode(DIGEST).decode()}:"


def test_a_promise_is_read_and_held():
    assert digests.promised([]) is None
    assert digests.promised([PROMISE]) == DIGEST
    assert digests.promised(["sha-512=:AAAA:", PROMISE]) == DIGEST
    assert digests.header_of(DIGEST) == PROMISE
    digests.check(None, DIGEST)
    digests.check(DIGEST, DIGEST)
    with pytest.raises(DigestMismatch):
        digests.check(DIGEST, b"\0" * 32)


@pytest.mark.parametrize("text", ["", "x", "sha-256=abc", "sha-256=:a:", "sha-256=:AAAA:"])
def test_a_promise_that_cannot_be_read_is_refused(text):
    with pytest.raises(InvalidValue):
        digests.promised([text])


def test_a_promise_by_another_algorithm_alone_is_not_passed_over():
    with pytest.raises(DigestAlgorithmNotSupported):
        digests.promised(["md5=:AAAA:"])
    with pytest.raises(InvalidValue):
        digests.promised([PROMISE, PROMISE])


# --- tokens ---------------------------------------------------------------------------------------


class Ticks:
    def __init__(self):
        self.at = 0.0

    def __call__(self):
        return self.at


def bearer(**more):
    ticks, tokens = Ticks(), fakes.Tokens(good=fakes.AGENCY)
    return BearerTokens(tokens, monotonic=ticks, **more), tokens, ticks


async def test_a_good_token_is_asked_for_once_in_its_time():
    callers, tokens, ticks = bearer()
    for _ in range(3):
        assert (await callers.holder(["Bearer good"])).party == fakes.AGENCY
    assert tokens.asked == 1
    ticks.at = 5.1
    tokens.of.clear()
    with pytest.raises(Unauthenticated):
        await callers.holder(["Bearer good"])


async def test_a_bad_token_is_remembered_too_but_only_so_many():
    callers, tokens, _ = bearer(most=10)
    assert (await callers.holder(["Bearer good"])).party == fakes.AGENCY
    for number in range(100):
        for _ in range(2):
            with pytest.raises(Unauthenticated):
                await callers.holder([f"Bearer bad{number}"])
    assert tokens.asked == 101
    assert len(callers._bad) == 10
    await callers.holder(["Bearer good"])
    assert tokens.asked == 101


@pytest.mark.parametrize("headers", [[], ["Bearer"], ["good"], ["Bearer good", "Bearer good"]])
async def test_what_is_no_bearer_token_is_not_asked_for(headers):
    callers, tokens, _ = bearer()
    with pytest.raises(Unauthenticated):
        await callers.holder(headers)
    assert tokens.asked == 0


async def test_a_store_that_is_away_makes_nobody_a_stranger():
    callers, tokens, _ = bearer()
    tokens.error = StorageUnavailable("away")
    with pytest.raises(StorageUnavailable):
        await callers.holder(["Bearer good"])
    tokens.error = None
    assert (await callers.holder(["Bearer good"])).party == fakes.AGENCY


# --- what is preferred ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, XML),
        ("", XML),
        ("*/*", XML),
        ("text/xml", XML),
        ("application/json", JSON),
        ("application/json, */*", JSON),
        ("application/*;q=0.5, application/json;q=0.9", JSON),
        ("application/json;q=0.1, application/xml", XML),
        ("text/html, */*;q=0.1", XML),
        ("application/xml;q=0, */*", JSON),
        ("application/pdf, application/json;q=0.2", PDF),
        ("application/pdf", PDF),
        ("application/pdf;q=0.1, application/xml", XML),
    ],
)
def test_evidence_comes_in_the_form_that_is_preferred(accept, chosen):
    assert chosen_type(accept) == chosen


def test_without_a_maker_no_receipt_is_offered():
    assert chosen_type("application/pdf, application/json;q=0.2", pdf=False) == JSON
    with pytest.raises(NotAcceptable):
        chosen_type("application/pdf", pdf=False)


@pytest.mark.parametrize("accept", ["application/pdf;q=0", "text/html", "application/json;q=0"])
def test_a_form_that_is_not_there_is_not_acceptable(accept):
    with pytest.raises(NotAcceptable):
        chosen_type(accept)


def test_the_fakes_know_the_parties_of_the_tests():
    assert {one.id for one in (fakes.AGENCY, fakes.COMPANY, fakes.CITIZEN)} == {
        builders.AGENCY,
        builders.COMPANY,
        builders.CITIZEN,
    }


# --- pace -----------------------------------------------------------------------------------------


def test_a_bodys_rate_counts_only_after_a_minute_of_waiting():
    pace = Pace(ApiLimits())
    pace.add(1, 59.9)
    with pytest.raises(BodyTrickles):
        pace.add(1, 0.1)


def test_a_bodys_rate_is_that_of_all_of_it():
    pace = Pace(ApiLimits(least_bytes_per_second=10, slow_after_seconds=10))
    pace.add(1000, 1)
    pace.add(0, 99)
    with pytest.raises(BodyTrickles, match="1000 bytes in 101 seconds"):
        pace.add(0, 1)
