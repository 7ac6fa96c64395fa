"""RFC 3161 timestamps: tokens made and verified. What is said around them: `timestamp_messages`.

The profile is ETSI EN 319 422. Tokens are made from DER pieces: a signature and little more.
Serial numbers and times are arguments; who calls must never use a serial number twice. Never does
I/O, never reads a clock.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy

from signing import cms, der
from signing.certificate_path import find_path
from signing.cms_signer import CmsSigner, SigningKey
from signing.errors import ProofError
from signing.timestamp_messages import (
    FailureInfo,
    RequestRefused,
    TimestampRequest,
    build_request,
    parse_request,
    refusal,
    reply,
    token_of_reply,
)
from signing.tst_info import TST_INFO, TimestampError, TstInfo

__all__ = [
    "MAX_ACCURACY",
    "FailureInfo",
    "RequestRefused",
    "TimestampAuthority",
    "TimestampError",
    "TimestampRequest",
    "VerifiedTimestamp",
    "build_request",
    "parse_request",
    "refusal",
    "reply",
    "token_of_reply",
    "verify_token",
]

MAX_ACCURACY = timedelta(seconds=1)
"""EN 319 422: an authority's accuracy is one second or better."""


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
    """A timestamping unit: makes tokens under one key and certificate, and a policy or several."""

    __slots__ = ("_accuracy", "_begins", "_ends", "_issuers", "_policies", "_signer")

    def __init__(
        self,
        *,
        key: SigningKey,
        chain: Sequence[x509.Certificate],
        policy_oid: str,
        accuracy: timedelta,
        more_policies: Sequence[str] = (),
    ) -> None:
        """Take a P-256 or RSA key, its certificate and the issuers above, a policy, an accuracy.

        `policy_oid` is for who asks for none; `more_policies` may be asked for, too. The root need
        not be in the chain and never goes into a token. Raises TimestampError for a certificate
        that is not for timestamps alone, another key than the certificate's, a policy that is no
        object identifier, and an accuracy worse than one second.
        """
        if not timedelta() < accuracy <= MAX_ACCURACY:
            raise TimestampError("an accuracy is more than nothing and at most one second")
        if not chain:
            raise TimestampError("a timestamping unit has a certificate")
        self._policies = (policy_oid, *more_policies)
        try:
            usage = chain[0].extensions.get_extension_for_class(x509.ExtendedKeyUsage)
            _check_usage(usage.value, critical=usage.critical)
            for policy in self._policies:
                der.oid(policy)
            self._signer = CmsSigner(key=key, certificate=chain[0], content_type=TST_INFO)
        except (x509.ExtensionNotFound, ValueError, ProofError) as exc:
            raise TimestampError(f"this unit cannot issue timestamps: {exc}") from exc
        self._accuracy = accuracy
        self._begins, self._ends = _usable(chain)
        self._issuers = tuple(
            issuer.public_bytes(Encoding.DER)
            for issuer in chain[1:]
            if issuer.issuer != issuer.subject
        )

    @property
    def accuracy(self) -> timedelta:
        """How far the clock may be off; in every token."""
        return self._accuracy

    def stamp(
        self, digest: bytes, *, serial: int, gen_time: datetime, nonce: int | None = None
    ) -> bytes:
        """Make a token (the DER of a TimeStampToken) over a digest of SHA-2.

        Raises TimestampError for a digest, serial number, time or nonce that it cannot carry.
        """
        request = TimestampRequest.over(digest, nonce=nonce)
        return self._sign(request, self._policies[0], serial, gen_time)

    def answer(self, request: TimestampRequest, *, serial: int, gen_time: datetime) -> bytes:
        """Make the token that a request asks for; RequestRefused if it asks for another policy."""
        policy = self._policies[0] if request.policy is None else request.policy
        if policy not in self._policies:
            raise RequestRefused(FailureInfo.UNACCEPTED_POLICY, "a policy that is not offered")
        return self._sign(request, policy, serial, gen_time)

    def lasts(self, at: datetime) -> bool:
        """Whether a token of that moment can be verified: however far the clock may be off.

        Every certificate of the chain is valid then, and the unit's key may still be used
        (private key usage period: RFC 3280, 4.2.1.4; EN 319 422 uses it to end units).
        """
        return self._begins <= at - self._accuracy and at + self._accuracy <= self._ends

    def _sign(self, request: TimestampRequest, policy: str, serial: int, time: datetime) -> bytes:
        info = TstInfo(
            policy=policy,
            digest=request.digest,
            imprint=request.imprint,
            serial=serial,
            time=time,
            accuracy=self._accuracy,
            nonce=request.nonce,
        )
        carried = self._issuers if request.cert_req else None
        return self._signer.sign(info.encode(), certificates=carried)


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
    """Verify a TimeStampToken (DER) over a digest of SHA-2. Raises TimestampError, nothing else.

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
            leaf_policy=UNIT_POLICY,
        )
    except ProofError as exc:
        if isinstance(exc, TimestampError):
            raise  # as it is: an error that is its own cause has no end
        raise TimestampError(str(exc)) from exc
    return VerifiedTimestamp(
        time=info.time,
        accuracy=info.accuracy,
        policy=info.policy,
        serial=info.serial,
        signer=signed.signer,
        path=path,
    )


def _check_usage(usage: x509.ExtendedKeyUsage, *, critical: bool) -> None:
    """RFC 3161, 2.3: this purpose and no other, critical. Raises ValueError."""
    if not critical or list(usage) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise ValueError("the certificate is not for timestamps alone")


def _usable(chain: Sequence[x509.Certificate]) -> tuple[datetime, datetime]:
    """From when until when all of the chain is valid and its first key may be used."""
    begins = [each.not_valid_before_utc for each in chain]
    ends = [each.not_valid_after_utc for each in chain]
    with suppress(x509.ExtensionNotFound):
        period = chain[0].extensions.get_extension_for_class(x509.PrivateKeyUsagePeriod).value
        begins += [] if period.not_before is None else [period.not_before.replace(tzinfo=UTC)]
        ends += [] if period.not_after is None else [period.not_after.replace(tzinfo=UTC)]
    return max(begins), min(ends)


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


UNIT_POLICY = (
    ExtensionPolicy.permit_all()
    .require_present(x509.ExtendedKeyUsage, Criticality.CRITICAL, _unit_usage)
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _unit_key_usage)
    .may_be_present(x509.BasicConstraints, Criticality.AGNOSTIC, _unit_is_no_authority)
)
