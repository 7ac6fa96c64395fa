"""Refusals that only HTTP knows: how a request came, not what it asks for."""

from relay.problems import EvidenceNote
from tdh.domain.errors import TDHError


class MalformedBody(TDHError):
    """The body is not what its headers say it is."""

    code = "malformed-body"


class BodyTooLarge(TDHError):
    """The body has, or says that it will have, more bytes than are taken."""

    code = "too-large"

    def __init__(self, most: int) -> None:
        super().__init__(f"at most {most} bytes are taken")
        self.most = most


class BodyTooSlow(TDHError):
    """Nothing came for too long."""

    code = "request-timeout"
    retryable = True


class BodyTrickles(TDHError):
    """Something came all the time, but far too little of it."""

    code = "too-slow"
    retryable = True


class UnsupportedMediaType(TDHError):
    """A body of a type that the route does not take."""

    code = "unsupported-media-type"


class TimestampQueryWanted(TDHError):
    """A body that is no timestamp query, where only that is taken."""

    code = "timestamp-query-required"


class TooManyRequests(TDHError):
    """More than is served of one address, or of all together."""

    code = "too-many-requests"
    retryable = True


class UploadsNotAvailable(TDHError):
    """A letter that refers to uploads, which are not offered."""

    code = "uploads-not-available"


class EncodingRefused(TDHError):
    """A body with a Content-Encoding: it could grow without end."""

    code = "content-encoding-refused"


class ExpectationFailed(TDHError):
    """An Expect header other than 100-continue."""

    code = "expectation-failed"


class NotAcceptable(TDHError):
    """Nothing that the caller's Accept header takes."""

    code = "not-acceptable"


class MethodNotAllowed(TDHError):
    """The path exists, the method does not."""

    code = "method-not-allowed"


class IdempotencyKeyRequired(TDHError):
    """A submission without a usable key."""

    code = "idempotency-key-required"


class DigestAlgorithmNotSupported(TDHError):
    """A Content-Digest without sha-256."""

    code = "digest-algorithm-not-supported"


class DigestMismatch(TDHError):
    """What arrived is not what its Content-Digest names."""

    code = "digest-mismatch"


class NoCheckpointYet(TDHError):
    """The log has no signed head."""

    code = "no-checkpoint-yet"
    retryable = True


class Told(Exception):
    """A refusal together with the evidence of what excludes the request."""

    def __init__(self, error: TDHError, evidence: EvidenceNote) -> None:
        super().__init__(str(error))
        self.error = error
        self.evidence = evidence
