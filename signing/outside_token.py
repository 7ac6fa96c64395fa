"""An outside authority's answer, checked as a stranger will check the token years later.

RFC 3161, 2.2 tells what a requester verifies, EN 319 422 what a token is; both in full, because a
token that only we believed would anchor nothing:

(1) the reply is DER without anything behind it and grants what was asked for, unmodified;
(2) the token has one signer, bound by ESSCertIDv2, and his signature verifies;
(3) imprint and nonce are exactly those of the question, and a policy is named;
(4) the very certificate that verified is for timestamping alone (critical), and it and all up to
    one of `roots` are in the token and valid at its time: whoever has the root needs nothing else;
(5) the time is ours, within the accuracies; an accuracy, if stated, is a second or better.

Pure: never does I/O, never reads a clock. Revocation is not looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from signing.timestamp_messages import build_request, granted_token
from signing.timestamps import MAX_ACCURACY, verify_token
from signing.tst_info import TimestampError

MAX_REPLY_BYTES = 65_536
"""A reply with a long chain has 10,000."""
_CLOCKS_APART = timedelta(seconds=1)
"""What our own clock may be off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedToken:
    """A token that a stranger would believe who trusts the root."""

    token: bytes
    """TimeStampToken, DER."""
    time: datetime


def question(digest: bytes, nonce: int) -> bytes:
    """The TimeStampReq for a digest of SHA-2, certificates wanted. Raises TimestampError."""
    return build_request(digest, nonce)


def check_reply(  # noqa: PLR0913 - what was asked, and what it is compared with, by name
    reply: bytes,
    *,
    digest: bytes,
    nonce: int,
    roots: Sequence[x509.Certificate],
    asked: datetime,
    answered: datetime,
) -> CheckedToken:
    """Check a TimeStampResp. `asked` and `answered` are our times. Raises TimestampError."""
    if len(reply) > MAX_REPLY_BYTES:
        raise TimestampError("a reply that is too long")
    token = granted_token(reply)
    found = verify_token(token, digest, roots, nonce=nonce)
    accuracy = MAX_ACCURACY if found.accuracy is None else found.accuracy
    if accuracy > MAX_ACCURACY:
        raise TimestampError("an accuracy worse than a second")
    apart = accuracy + _CLOCKS_APART
    if not asked - apart <= found.time <= answered + apart:
        raise TimestampError("the authority's time is not ours")
    return CheckedToken(token=token, time=found.time)
