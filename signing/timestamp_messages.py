"""What is said between an authority and who wants a timestamp: requests, replies, refusals.

TimeStampReq and TimeStampResp of RFC 3161, 2.4, in DER, of either side. Every reason to refuse has
its PKIFailureInfo here. Pure: never does I/O, never verifies a token.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from signing import der
from signing.errors import ProofError
from signing.tst_info import (
    TimestampError,
    UnsupportedDigest,
    UnsupportedVersion,
    check_version,
    read_imprint,
    read_nonce,
    write_imprint,
    write_nonce,
)

MAX_REQUEST_BYTES = 4096
"""Larger requests are refused unread; a usual one has 60 to 100 bytes."""
QC_STATEMENTS = "1.3.6.1.5.5.7.1.3"
"""The extension by which a qualified timestamp says that it is one (EN 319 422, 9.1)."""

_GRANTED, _GRANTED_WITH_MODIFICATIONS, _REJECTION = 0, 1, 2


class FailureInfo(IntEnum):
    """Why an authority refuses a request (RFC 3161, 2.4.2); the values are numbers of bits."""

    BAD_ALGORITHM = 0
    """The imprint is by an algorithm that is unknown or too weak."""
    BAD_REQUEST = 2
    """A request that is well formed, of another version or with a nonce beyond all measure."""
    BAD_DATA_FORMAT = 5
    """No TimeStampReq in DER, or a digest of another length than its algorithm's."""
    TIME_NOT_AVAILABLE = 14
    """The clock is not known to be within the accuracy."""
    UNACCEPTED_POLICY = 15
    UNACCEPTED_EXTENSION = 16
    """An extension that the authority does not know: critical or not, it refuses."""
    ADDITIONAL_INFORMATION_NOT_AVAILABLE = 17
    """An extension that it knows, which asks for what it cannot say (`QC_STATEMENTS`)."""
    SYSTEM_FAILURE = 25
    """The unit does not answer, or its certificate would not outlive the token's own moment."""


class RequestRefused(TimestampError):
    """A request that the authority answers with a refusal; `failure` says which."""

    code = "timestamp-request-refused"

    def __init__(self, failure: FailureInfo, problem: str) -> None:
        super().__init__(problem)
        self.failure = failure


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampRequest:
    """What somebody wants timestamped."""

    digest: bytes
    """SHA-256, SHA-384 or SHA-512 of the data, as its length says."""
    imprint: bytes
    """The MessageImprint as it came: the token repeats it byte for byte."""
    policy: str | None
    nonce: int | None
    cert_req: bool

    @classmethod
    def over(
        cls,
        digest: bytes,
        *,
        nonce: int | None = None,
        policy: str | None = None,
        cert_req: bool = True,
    ) -> Self:
        """A request for a digest of SHA-2, certificates wanted. Raises TimestampError."""
        return cls(
            digest=digest,
            imprint=write_imprint(digest),
            policy=policy,
            nonce=nonce,
            cert_req=cert_req,
        )

    def encode(self) -> bytes:
        """The TimeStampReq. Raises TimestampError for a nonce or a policy that is none."""
        return der.sequence(
            der.integer(1),
            self.imprint,
            b"" if self.policy is None else der.oid(self.policy),
            b"" if self.nonce is None else write_nonce(self.nonce),
            der.tlv(der.BOOLEAN, b"\xff") if self.cert_req else b"",
        )


def build_request(digest: bytes, nonce: int | None = None, *, cert_req: bool = True) -> bytes:
    """Make a TimeStampReq for a digest of SHA-2; the certificate is asked for by default."""
    return TimestampRequest.over(digest, nonce=nonce, cert_req=cert_req).encode()


def parse_request(data: bytes) -> TimestampRequest:
    """Read a TimeStampReq. Raises RequestRefused, which says how to answer."""
    if len(data) > MAX_REQUEST_BYTES:
        raise RequestRefused(FailureInfo.BAD_DATA_FORMAT, "the request is too long")
    try:
        return _read_request(data)
    except RequestRefused:
        raise
    except UnsupportedVersion as exc:
        raise RequestRefused(FailureInfo.BAD_REQUEST, str(exc)) from exc
    except UnsupportedDigest as exc:
        raise RequestRefused(FailureInfo.BAD_ALGORITHM, str(exc)) from exc
    except ProofError as exc:
        raise RequestRefused(FailureInfo.BAD_DATA_FORMAT, str(exc)) from exc


def reply(token: bytes) -> bytes:
    """Wrap a token as a TimeStampResp that grants."""
    return der.sequence(der.sequence(der.integer(_GRANTED)), token)


def refusal(failure: FailureInfo, problem: str) -> bytes:
    """Make a TimeStampResp that refuses, with one sentence for people."""
    # A named bit list in DER ends with its last set bit; the first byte counts what is unused.
    last_byte, bit = divmod(failure, 8)
    bits = bytes((7 - bit, *bytes(last_byte), 0x80 >> bit))
    status = der.sequence(
        der.integer(_REJECTION),
        der.sequence(der.tlv(der.UTF8_STRING, problem.encode())),
        der.tlv(der.BIT_STRING, bits),
    )
    return der.sequence(status)


def token_of_reply(data: bytes) -> bytes:
    """Take the token, unverified, out of a TimeStampResp; TimestampError if it has none."""
    try:
        outside = der.Reader(data)
        response = outside.inside(der.SEQUENCE)
        outside.finish()
        status = response.inside(der.SEQUENCE).integer()
        if status not in (_GRANTED, _GRANTED_WITH_MODIFICATIONS):
            raise TimestampError(f"the authority refused with status {status}")
        token = response.element(der.SEQUENCE)
        response.finish()
    except der.DerError as exc:
        raise TimestampError(f"a malformed reply: {exc}") from exc
    return token


def granted_token(data: bytes) -> bytes:
    """Like `token_of_reply`, of a reply that grants exactly what was asked for.

    Raises TimestampError for modifications, and for what a granting status has no place for.
    """
    token = token_of_reply(data)
    status = der.Reader(data).inside(der.SEQUENCE).inside(der.SEQUENCE)
    if status.integer() != _GRANTED:
        raise TimestampError("the authority granted something else than was asked for")
    status.optional(der.SEQUENCE)  # words for people
    if status.tag is not None:
        raise TimestampError("a reply that grants and names a failure")
    return token


def _read_request(data: bytes) -> TimestampRequest:
    outside = der.Reader(data)
    request = outside.inside(der.SEQUENCE)
    outside.finish()
    check_version(request)
    imprint = request.element(der.SEQUENCE)
    policy = request.oid() if request.tag == der.OID else None
    nonce = _read_nonce(request)
    # FALSE is the default, which DER leaves out; clients write it all the same.
    cert_req = request.boolean() if request.tag == der.BOOLEAN else False
    extensions = request.optional(der.explicit(0))
    request.finish()
    digest = read_imprint(imprint)
    if extensions is not None:
        _refuse_extensions(extensions)
    return TimestampRequest(
        digest=digest, imprint=imprint, policy=policy, nonce=nonce, cert_req=cert_req
    )


def _read_nonce(request: der.Reader) -> int | None:
    try:
        return read_nonce(request)
    except TimestampError as exc:
        raise RequestRefused(FailureInfo.BAD_REQUEST, str(exc)) from exc


def _refuse_extensions(extensions: der.Reader) -> None:
    """No extension is served: one that is known gets another answer than one that is not."""
    names = set()
    for element in extensions.elements():
        extension = der.Reader(element).inside(der.SEQUENCE)
        names.add(extension.oid())
        if extension.tag == der.BOOLEAN:
            extension.boolean()
        extension.content(der.OCTET_STRING)
        extension.finish()
    if not names:
        raise TimestampError("extensions without one")
    if names == {QC_STATEMENTS}:
        raise RequestRefused(
            FailureInfo.ADDITIONAL_INFORMATION_NOT_AVAILABLE, "the timestamps are not qualified"
        )
    raise RequestRefused(FailureInfo.UNACCEPTED_EXTENSION, "an extension that is not supported")
