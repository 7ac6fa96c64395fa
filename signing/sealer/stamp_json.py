"""Requests for timestamps and their answers as JSON fields (see `frames`)."""

import re

from signing.evidence_document import base64_text
from signing.sealer import strict_json as sj
from signing.sealer.errors import FrameError
from signing.sealer.messages import Stamp, Stamped, StampRefused
from signing.timestamp_messages import FailureInfo
from signing.tst_info import MAX_NONCE_BITS

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,76}")


def encode_stamp(request: Stamp) -> bytes:
    """The payload of a request. A nonce is text: JSON's numbers are not that long everywhere."""
    return sj.dump(
        {
            "ask": "stamp",
            "clock": request.clock.isoformat(),
            "imprint": request.imprint.hex(),
            "policy": request.policy,
            "nonce": None if request.nonce is None else str(request.nonce),
            "certificates": request.cert_req,
        }
    )


def decode_stamp(value: object) -> Stamp:
    """Read a request. Raises FrameError."""
    found = sj.fields(value, "ask", "clock", "imprint", "policy", "nonce", "certificates")
    return Stamp(
        clock=sj.clock(found["clock"]),
        imprint=sj.hexadecimal(found["imprint"]),
        policy=sj.maybe(found["policy"], sj.text),
        nonce=sj.maybe(found["nonce"], _nonce),
        cert_req=sj.truth(found["certificates"]),
    )


def encode_stamped(answer: Stamped | StampRefused) -> bytes:
    """The payload of an answer."""
    if isinstance(answer, Stamped):
        return sj.dump({"answer": "stamped", "token": base64_text(answer.token)})
    return sj.dump(
        {"answer": "stamp-refused", "failure": answer.failure.value, "problem": answer.problem}
    )


def decode_stamped(value: object) -> Stamped:
    """Read an answer with a token. Raises FrameError."""
    return Stamped(token=sj.octets(sj.fields(value, "answer", "token")["token"]))


def decode_stamp_refused(value: object) -> StampRefused:
    """Read an answer without one. Raises FrameError."""
    found = sj.fields(value, "answer", "failure", "problem")
    try:
        failure = FailureInfo(sj.number(found["failure"]))
    except ValueError as exc:
        raise FrameError("not a failure of a timestamp request") from exc
    return StampRefused(failure=failure, problem=sj.text(found["problem"]))


def _nonce(value: object) -> int:
    text = sj.text(value)
    if _INTEGER.fullmatch(text) is None or int(text).bit_length() > MAX_NONCE_BITS:
        raise FrameError("not a nonce")
    return int(text)
