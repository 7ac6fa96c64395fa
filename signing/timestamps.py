"""RFC 3161 timestamps: tokens, requests and replies, made and verified.

The profile is ETSI EN 319 422. Tokens are made from DER pieces: a signature and little more.
Serial numbers and times are arguments; who calls must never use a serial number twice. Never does
I/O, never reads a clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy

from signing import cms, der
from signing.certificate_path import find_path
from signing.cms_signer import CmsSigner, SigningKey
from signing.errors import ProofError
from signing.tst_info import (
    TST_INFO,
    TimestampError,
    TstInfo,
    UnsupportedDigest,
    check_version,
    read_imprint,
    read_nonce,
    write_imprint,
    write_nonce,
)

MAX_REQUEST_BYTES = 4096
"""Larger requests are refused unread; a usual one has 60 to 100 bytes."""
MAX_ACCURACY = timedelta(seconds=1)
"""EN 319 422: an authority's accuracy is one second or better."""

_GRANTED, _GRANTED_WITH_MODIFICATIONS, _REJECTION = 0, 1, 2


class FailureInfo(IntEnum):
    """Why an authority refuses a request (RFC 3161, 2.4.2); the values are numbers of bits."""

    BAD_ALGORITHM = 0
    BAD_REQUEST = 2
    BAD_DATA_FORMAT = 5
    TIME_NOT_AVAILABLE = 14
    UNACCEPTED_POLICY = 15
    UNACCEPTED_EXTENSION = 16
    ADDITIONAL_INFORMATION_NOT_AVAILABLE = 17
    SYSTEM_FAILURE = 25


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
    """SHA-256 of the data."""
    imprint: bytes
    """The MessageImprint as it came: the token repeats it byte for byte."""
    policy: str | None
    nonce: int | None
    cert_req: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedTimestamp:
    """What a verified token says."""

    time: datetime
    """UTC; the data existed before it, within the accuracy."""
    accuracy: timedelta | None
    policy: str
    serial: int
    signer: x509.Certificate
    """The timestamping unit."""
    path: tuple[x509.Certificate, ...]
    """From the signer to one of the roots, both included; valid at `time`."""


class TimestampAuthority:
    """A timestamping unit: makes tokens under one key, certificate and policy."""

    __slots__ = ("_accuracy", "_issuers", "_policy", "_signer")

    def __init__(
        self,
        *,
        key: SigningKey,
        chain: Sequence[x509.Certificate],
        policy_oid: str,
        accuracy: timedelta,
    ) -> None:
        """Take a P-256 or RSA key, its certificate and the issuers above, a policy, an accuracy.

        The root need not be in the chain and never goes into a token. Raises TimestampError for a
        certificate that is not for timestamps alone, another key than the certificate's, a policy
        that is no object identifier, and an accuracy worse than one second.
        """
        if not timedelta() < accuracy <= MAX_ACCURACY:
            raise TimestampError("an accuracy is more than nothing and at most one second")
        if not chain:
            raise TimestampError("a timestamping unit has a certificate")
        try:
            usage = chain[0].extensions.get_extension_for_class(x509.ExtendedKeyUsage)
            _check_usage(usage.value, critical=usage.critical)
            der.oid(policy_oid)
            self._signer = CmsSigner(key=key, certificate=chain[0], content_type=TST_INFO)
        except (x509.ExtensionNotFound, ValueError, ProofError) as exc:
            raise TimestampError(f"this unit cannot issue timestamps: {exc}") from exc
        self._policy = policy_oid
        self._accuracy = accuracy
        self._issuers = tuple(
            issuer.public_bytes(Encoding.DER)
            for issuer in chain[1:]
            if issuer.issuer != issuer.subject
        )

    def stamp(
        self, imprint_sha256: bytes, *, serial: int, gen_time: datetime, nonce: int | None = None
    ) -> bytes:
        """Make a token (the DER of a TimeStampToken) over a SHA-256 digest.

        Raises TimestampError for a digest, serial number, time or nonce that it cannot carry.
        """
        info = self._info(imprint_sha256, write_imprint(imprint_sha256), serial, gen_time, nonce)
        return self._signer.sign(info, certificates=self._issuers)

    def answer(self, request: TimestampRequest, *, serial: int, gen_time: datetime) -> bytes:
        """Make the token that a request asks for; RequestRefused if it asks for another policy."""
        if request.policy not in (None, self._policy):
            raise RequestRefused(FailureInfo.UNACCEPTED_POLICY, "another policy is asked for")
        info = self._info(request.digest, request.imprint, serial, gen_time, request.nonce)
        return self._signer.sign(info, certificates=self._issuers if request.cert_req else None)

    def _info(
        self, digest: bytes, imprint: bytes, serial: int, time: datetime, nonce: int | None
    ) -> bytes:
        return TstInfo(
            policy=self._policy,
            digest=digest,
            imprint=imprint,
            serial=serial,
            time=time,
            accuracy=self._accuracy,
            nonce=nonce,
        ).encode()


def build_request(digest: bytes, nonce: int | None = None, *, cert_req: bool = True) -> bytes:
    """Make a TimeStampReq for a SHA-256 digest; the certificate is asked for by default."""
    return der.sequence(
        der.integer(1),
        write_imprint(digest),
        b"" if nonce is None else write_nonce(nonce),
        der.tlv(der.BOOLEAN, b"\xff") if cert_req else b"",
    )


def parse_request(data: bytes) -> TimestampRequest:
    """Read a TimeStampReq. Raises RequestRefused, which says how to answer."""
    if len(data) > MAX_REQUEST_BYTES:
        raise RequestRefused(FailureInfo.BAD_DATA_FORMAT, "the request is too long")
    try:
        return _read_request(data)
    except RequestRefused:
        raise
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


def verify_token(  # noqa: PLR0913 - what a token is compared with, by name
    token: bytes,
    imprint: bytes,
    roots: Sequence[x509.Certificate],
    *,
    at: datetime | None = None,
    nonce: int | None = None,
    policies: Sequence[str] = (),
    certificates: Sequence[x509.Certificate] = (),
) -> VerifiedTimestamp:
    """Verify a TimeStampToken (DER) over a SHA-256 digest. Raises TimestampError, nothing else.

    `at`: a token from after this time is refused. `nonce`: the one that was sent. `policies`: the
    acceptable ones, any if empty. `certificates`: what the token may have left out.

    The very certificate whose key verified the signature (`cms.open_signed_data`) must be for
    timestamps alone and have a path to one of `roots`, valid at the token's own time. Revocation
    is not looked at.
    """
    try:
        known = [certificate.public_bytes(Encoding.DER) for certificate in certificates]
        signed = cms.open_signed_data(token, known=known)
        if signed.content_type != TST_INFO:
            raise TimestampError("the signed data is no timestamp")
        info = TstInfo.decode(signed.content)
        if info.digest != imprint:
            raise TimestampError("the timestamp is for other data")
        if nonce is not None and info.nonce != nonce:
            raise TimestampError("the timestamp answers another request")
        if policies and info.policy not in policies:
            raise TimestampError(f"the timestamp is under the policy {info.policy}")
        if at is not None and info.time > at:
            raise TimestampError("the timestamp is from the future")
        path = find_path(
            signed.signer,
            intermediates=[*map(cms.load_certificate, signed.others), *certificates],
            roots=roots,
            at=info.time,
            leaf_policy=_UNIT_POLICY,
        )
    except ProofError as exc:
        raise exc if isinstance(exc, TimestampError) else TimestampError(str(exc)) from exc
    return VerifiedTimestamp(
        time=info.time,
        accuracy=info.accuracy,
        policy=info.policy,
        serial=info.serial,
        signer=signed.signer,
        path=path,
    )


def _read_request(data: bytes) -> TimestampRequest:
    outside = der.Reader(data)
    request = outside.inside(der.SEQUENCE)
    outside.finish()
    check_version(request)
    imprint = request.element(der.SEQUENCE)
    policy = request.oid() if request.tag == der.OID else None
    nonce = read_nonce(request)
    # FALSE is the default, which DER leaves out; clients write it all the same.
    cert_req = request.boolean() if request.tag == der.BOOLEAN else False
    if request.tag == der.explicit(0):
        raise RequestRefused(FailureInfo.UNACCEPTED_EXTENSION, "no extension is supported")
    request.finish()
    digest = read_imprint(imprint)
    return TimestampRequest(
        digest=digest, imprint=imprint, policy=policy, nonce=nonce, cert_req=cert_req
    )


def _check_usage(usage: x509.ExtendedKeyUsage, *, critical: bool) -> None:
    """RFC 3161, 2.3: this purpose and no other, critical. Raises ValueError."""
    if not critical or list(usage) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise ValueError("the certificate is not for timestamps alone")


def _unit_usage(_: Policy, __: x509.Certificate, usage: x509.ExtendedKeyUsage) -> None:
    _check_usage(usage, critical=True)  # the policy has seen to it


def _unit_key_usage(_: Policy, __: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        raise ValueError("the unit's key may not sign")
    if usage is not None and (usage.key_cert_sign or usage.crl_sign or usage.key_encipherment):
        raise ValueError("the unit's key serves other purposes too")


def _unit_is_no_authority(
    _: Policy, __: x509.Certificate, constraints: x509.BasicConstraints | None
) -> None:
    if constraints is not None and constraints.ca:
        raise ValueError("a timestamping unit is no certification authority")


_UNIT_POLICY = (
    ExtensionPolicy.permit_all()
    .require_present(x509.ExtendedKeyUsage, Criticality.CRITICAL, _unit_usage)
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _unit_key_usage)
    .may_be_present(x509.BasicConstraints, Criticality.AGNOSTIC, _unit_is_no_authority)
)
