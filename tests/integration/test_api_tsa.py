"""POST /tsa over real sockets, with a real sealer behind it; openssl asks and judges."""

import hashlib
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from api_service import ApiService
from cryptography import x509
from openapi_spec_validator import validate
from rfc3161_client import (
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)
from rfc3161_client.base import HashAlgorithm
from sealer_program import SealerProgram, now

from relay.api.body import ApiLimits
from signing import der
from signing.sealer.kernel_clock import ask_kernel
from signing.timestamp_messages import (
    QC_STATEMENTS,
    FailureInfo,
    TimestampRequest,
    build_request,
    token_of_reply,
)
from signing.timestamps import MAX_ACCURACY, verify_token
from signing.tst_info import write_imprint
from tdh.domain.errors import ClockBehind
from tdh.timestamping import TimestampService

QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
DATA = "หนังสือ: a document".encode()
DIGEST = hashlib.sha256(DATA).digest()
LIMITS = ApiLimits(timestamps_per_second=10_000, timestamps_of_an_address=0)
POLICIES = ("0.4.0.2023.1.1", "1.3.6.1.4.1.99999.7")


class Authority:
    """Sealer, service and HTTP; `problem` is what the clock's watch says."""

    def __init__(self, sealer: SealerProgram) -> None:
        self.sealer = sealer
        self.client = sealer.client(timeout_seconds=2)
        self.problem: str | None = None
        self.behind = False
        self.stamping = TimestampService(
            unit=self.client, now=self.now, clock_problem=lambda: self.problem
        )
        self.service = ApiService(limits=LIMITS, timestamp_answer=self.stamping.answer)

    def now(self) -> datetime:
        if self.behind:
            raise ClockBehind("the clock was set")
        return now()

    async def post(self, query: bytes, media_type: str = QUERY, **headers: str):
        named = {"Content-Type": media_type, **headers}
        return await self.service.call("POST", "/tsa", None, data=query, headers=named)

    async def granted(self, query: bytes) -> bytes:
        answer = await self.post(query)
        assert (answer.status, answer.headers["Content-Type"]) == (200, REPLY)
        return answer.body

    async def failure(self, query: bytes) -> FailureInfo:
        """The one failure that a refusal names, read from its bits."""
        answer = await self.post(query)
        assert (answer.status, answer.headers["Content-Type"]) == (200, REPLY)
        response = der.Reader(answer.body).inside(der.SEQUENCE)
        status = response.inside(der.SEQUENCE)
        response.finish()
        assert status.integer() == 2
        assert status.inside(der.SEQUENCE).content(der.UTF8_STRING)
        bits = status.content(der.BIT_STRING)[1:]
        (bit,) = (n for n in range(len(bits) * 8) if bits[n // 8] >> (7 - n % 8) & 1)
        return FailureInfo(bit)


@pytest.fixture(scope="module")
def sealer(tmp_path_factory):
    with SealerProgram(tmp_path_factory.mktemp("tsa")) as program:
        words = [f"--tsa-policy={policy}" for policy in POLICIES]
        plain = program.arguments
        program.arguments = lambda **changes: [*plain(**changes), *words]
        program.start()
        yield program


@pytest.fixture
async def authority(sealer):
    made = Authority(sealer)
    async with made.service.running():
        yield made
    await made.client.close()


def openssl(folder: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["openssl", "ts", *words], cwd=folder, capture_output=True, check=False, timeout=30
    )


@pytest.mark.parametrize("digest", ["-sha256", "-sha384", "-sha512"])
@pytest.mark.parametrize("words", [("-cert",), ("-cert", "-no_nonce"), ()], ids=" ".join)
async def test_openssl_believes_the_answer_to_its_own_query(
    authority, sealer, tmp_path, digest, words
) -> None:
    (tmp_path / "data").write_bytes(DATA)
    (tmp_path / "root.pem").write_text(sealer.keys.tsa_root)
    unit = sealer.keys.files.tsa_certificate
    asked = openssl(tmp_path, "-query", "-data", "data", digest, *words, "-out", "q.tsq")
    assert asked.returncode == 0, asked.stderr
    (tmp_path / "r.tsr").write_bytes(await authority.granted((tmp_path / "q.tsq").read_bytes()))
    verify = ("-verify", "-in", "r.tsr", "-CAfile", "root.pem", "-untrusted", str(unit))
    judged = openssl(tmp_path, *verify, "-queryfile", "q.tsq")
    assert b"Verification: OK" in judged.stdout, judged.stderr
    (tmp_path / "other").write_bytes(DATA + b"!")
    assert openssl(tmp_path, *verify, "-data", "other").returncode != 0
    text = openssl(tmp_path, "-reply", "-in", "r.tsr", "-text").stdout.decode()
    assert "Status: Granted." in text
    assert "Accuracy: 0x01 seconds" in text
    assert f"Policy OID: {POLICIES[0]}" in text


@pytest.mark.parametrize("nonce", [True, False])
@pytest.mark.parametrize("cert_req", [True, False])
@pytest.mark.parametrize("algorithm", [HashAlgorithm.SHA256, HashAlgorithm.SHA512])
async def test_rfc3161_client_believes_the_answer_to_its_own_query(
    authority, sealer, nonce, cert_req, algorithm
) -> None:
    request = (
        TimestampRequestBuilder()
        .data(DATA)
        .hash_algorithm(algorithm)
        .nonce(nonce=nonce)
        .cert_request(cert_request=cert_req)
        .build()
    )
    response = decode_timestamp_response(await authority.granted(request.as_bytes()))
    carried = len(response.signed_data.certificates)
    assert bool(carried) == cert_req
    builder = VerifierBuilder.from_request(request).add_root_certificate(sealer.tsa_root)
    if not cert_req:
        bag = sealer.keys.files.tsa_certificate.read_bytes()
        builder = builder.tsa_certificate(x509.load_pem_x509_certificate(bag))
    assert builder.build().verify_message(response, DATA)
    with pytest.raises(VerificationError):
        builder.build().verify_message(response, DATA + b"!")


async def test_the_time_is_now_and_serial_numbers_differ(authority, sealer) -> None:
    found = [
        verify_token(
            token_of_reply(await authority.granted(build_request(DIGEST, n))),
            DIGEST,
            [sealer.tsa_root],
            nonce=n,
        )
        for n in (1, 2)
    ]
    assert found[0].serial != found[1].serial
    assert all(abs((one.time - datetime.now(UTC)).total_seconds()) < 5 for one in found)


async def test_an_imprint_is_repeated_byte_for_byte(authority) -> None:
    imprint = der.sequence(
        der.sequence(der.oid("2.16.840.1.101.3.4.2.3")), der.octet_string(bytes(64))
    )
    request = replace(TimestampRequest.over(bytes(64)), imprint=imprint)
    assert imprint in await authority.granted(request.encode())


@pytest.mark.parametrize("policy", POLICIES)
async def test_offered_policies_are_served(authority, sealer, policy) -> None:
    answer = await authority.granted(TimestampRequest.over(DIGEST, policy=policy).encode())
    assert verify_token(token_of_reply(answer), DIGEST, [sealer.tsa_root]).policy == policy


def extended(name: str) -> bytes:
    extension = der.sequence(der.oid(name), der.octet_string(b""))
    parts = (der.integer(1), write_imprint(DIGEST), der.tlv(der.explicit(0), extension))
    return der.sequence(*parts)


def imprint_of(algorithm: str, digest: bytes) -> bytes:
    named = der.sequence(der.oid(algorithm), der.tlv(der.NULL))
    return der.sequence(der.integer(1), der.sequence(named, der.octet_string(digest)))


@pytest.mark.parametrize(
    ("query", "failure"),
    [
        (imprint_of("1.3.14.3.2.26", bytes(20)), FailureInfo.BAD_ALGORITHM),
        (imprint_of("1.2.840.113549.2.5", bytes(16)), FailureInfo.BAD_ALGORITHM),
        (imprint_of("2.16.840.1.101.3.4.2.1", bytes(31)), FailureInfo.BAD_DATA_FORMAT),
        (b"", FailureInfo.BAD_DATA_FORMAT),
        (b"what?", FailureInfo.BAD_DATA_FORMAT),
        (build_request(DIGEST) + b"\0", FailureInfo.BAD_DATA_FORMAT),
        (b"\x30\x80" + build_request(DIGEST)[2:] + b"\0\0", FailureInfo.BAD_DATA_FORMAT),
        (der.sequence(der.integer(2), write_imprint(DIGEST)), FailureInfo.BAD_REQUEST),
        (TimestampRequest.over(DIGEST, policy="1.2.3").encode(), FailureInfo.UNACCEPTED_POLICY),
        (extended("1.2.3"), FailureInfo.UNACCEPTED_EXTENSION),
        (extended(QC_STATEMENTS), FailureInfo.ADDITIONAL_INFORMATION_NOT_AVAILABLE),
    ],
)
async def test_each_refusal_has_its_failure(authority, query, failure) -> None:
    assert await authority.failure(query) is failure


async def test_no_time_where_the_clock_is_not_to_be_trusted(authority) -> None:
    authority.problem = "the clock may be 2.000 s off"
    assert await authority.failure(build_request(DIGEST)) is FailureInfo.TIME_NOT_AVAILABLE
    authority.problem, authority.behind = None, True
    assert await authority.failure(build_request(DIGEST)) is FailureInfo.TIME_NOT_AVAILABLE
    authority.behind = False
    assert await authority.granted(build_request(DIGEST))


async def test_a_kernel_that_is_not_synchronised_gives_no_time(sealer, tmp_path) -> None:
    """Here no daemon tells the kernel; where one does, the kernel's bound must be small."""
    with SealerProgram(tmp_path) as program:
        plain = program.arguments
        program.arguments = lambda **changes: [*plain(**changes), "--kernel-clock"]
        program.start()
        authority = Authority(program)
        async with authority.service.running():
            if ask_kernel().problem(MAX_ACCURACY):
                failure = await authority.failure(build_request(DIGEST))
                assert failure is FailureInfo.TIME_NOT_AVAILABLE
            else:
                assert await authority.granted(build_request(DIGEST))
        await authority.client.close()


async def test_a_sealer_that_is_gone_is_a_system_failure(tmp_path) -> None:
    with SealerProgram(tmp_path) as program:
        program.start()
        authority = Authority(program)
        async with authority.service.running():
            assert await authority.granted(build_request(DIGEST))
            program.kill()
            assert await authority.failure(build_request(DIGEST)) is FailureInfo.SYSTEM_FAILURE
            program.start()
            assert await authority.granted(build_request(DIGEST))
        await authority.client.close()


@pytest.mark.parametrize("media_type", ["application/json", "application/timestamp-reply", "a/b"])
async def test_another_media_type_is_an_error_of_http(authority, media_type) -> None:
    answer = await authority.post(build_request(DIGEST), media_type)
    assert answer.problem == (415, "timestamp-query-required")


async def test_parameters_of_the_media_type_do_not_matter(authority) -> None:
    assert (await authority.post(build_request(DIGEST), f"{QUERY}; charset=binary")).status == 200


async def test_a_query_that_is_too_long_is_not_read(authority) -> None:
    assert (await authority.post(bytes(4097))).problem == (413, "too-large")
    assert (await authority.post(bytes(4096))).status == 200


async def test_it_is_posted_and_not_got(authority) -> None:
    answer = await authority.service.call("GET", "/tsa", None)
    assert answer.problem == (405, "method-not-allowed")


async def test_no_answer_is_kept_by_anybody_on_the_way(authority) -> None:
    answer = await authority.post(build_request(DIGEST))
    assert answer.headers["Cache-Control"] == "no-store"


async def test_it_describes_itself(authority) -> None:
    document = (await authority.service.call("GET", "/openapi.json", None)).json
    validate(document)
    described = document["paths"]["/tsa"]["post"]
    assert list(described["requestBody"]["content"]) == [QUERY]
    assert list(described["responses"]["200"]["content"]) == [REPLY]
    assert described["security"] == []
    assert {"413", "415", "429"} <= described["responses"].keys()


async def test_where_it_is_not_offered_there_is_nothing() -> None:
    service = ApiService()
    async with service.running():
        answer = await service.call("POST", "/tsa", None, data=b"")
        assert answer.problem == (404, "not-found")


async def test_who_asks_too_often_is_told_to_wait_and_others_are_served() -> None:
    async def answer(query: bytes) -> bytes:
        return query

    limits = ApiLimits(timestamps_per_second=1000, timestamps_of_an_address=3)
    service = ApiService(limits=limits, timestamp_answer=answer)
    named = {"Content-Type": QUERY, "X-Forwarded-For": "192.0.2.1"}
    async with service.running():
        answers = [
            await service.call("POST", "/tsa", None, data=b"q", headers=named) for _ in range(4)
        ]
        assert [one.status for one in answers] == [200, 200, 200, 429]
        assert answers[3].problem == (429, "too-many-requests")
        assert answers[3].headers["Retry-After"] == "1"
        other = named | {"X-Forwarded-For": "192.0.2.1, 192.0.2.2"}
        assert (await service.call("POST", "/tsa", None, data=b"q", headers=other)).status == 200
