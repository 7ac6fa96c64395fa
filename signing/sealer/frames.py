"""What is said on the sealer's socket: frames of a length and JSON.

A frame is four bytes, the length of what follows, most significant first, and a JSON object.
Requests and answers take turns on one connection. Pure: bytes in, values out, never a socket.
"""

import base64
import struct
from collections.abc import Iterator, Sequence
from datetime import datetime

from signing.evidence_document import base64_text
from signing.sealer import strict_json as sj
from signing.sealer.errors import FrameError, RefusalCode
from signing.sealer.facts_json import decode_facts, encode_facts
from signing.sealer.messages import (
    MAX_ITEMS,
    Answer,
    Head,
    HeadSigned,
    Hello,
    Identity,
    LastHead,
    Ping,
    Pong,
    Refused,
    Request,
    Sealed,
    SealFacts,
    SignHead,
    Stamp,
    Stamped,
    StampRefused,
)
from signing.sealer.stamp_json import (
    decode_stamp,
    decode_stamp_refused,
    decode_stamped,
    encode_stamp,
    encode_stamped,
)
from tdh.domain.identifiers import EvidenceId
from tdh.domain.log import SignedHead
from tdh.domain.records import RefusedItem, SealedEvidence

MAX_FRAME_BYTES = 16 * 1024 * 1024
HEADER_BYTES = 4


def frame(payload: bytes) -> bytes:
    """The payload with its length before it. Raises FrameError where that is too much."""
    if len(payload) > MAX_FRAME_BYTES:
        raise FrameError("a frame of more than 16 MiB")
    return struct.pack(">I", len(payload)) + payload


def payload_bytes(header: bytes) -> int:
    """The length that a header announces. Raises FrameError for none and for too many."""
    (length,) = struct.unpack(">I", header)
    if not 0 < length <= MAX_FRAME_BYTES:
        raise FrameError(f"a frame of {length} bytes")
    return int(length)


def take_frames(buffer: bytearray) -> Iterator[bytes]:
    """Take the whole frames from the front of a buffer; what is left is the start of another.

    Raises FrameError at a length that is not allowed: the connection cannot go on then.
    """
    while len(buffer) >= HEADER_BYTES:
        end = HEADER_BYTES + payload_bytes(bytes(buffer[:HEADER_BYTES]))
        if len(buffer) < end:
            return
        payload = bytes(buffer[HEADER_BYTES:end])
        del buffer[:end]
        yield payload


def encode_seal(clock: datetime, facts: Sequence[bytes]) -> bytes:
    """A SealFacts from facts that are encoded already (`encode_facts`)."""
    head = sj.dump({"ask": "seal", "clock": clock.isoformat()})
    return head[:-1] + b',"facts":[' + b",".join(facts) + b"]}"


def encode_request(request: Request) -> bytes:
    """The payload of a request."""
    match request:
        case Hello():
            return sj.dump({"ask": "hello"})
        case LastHead():
            return sj.dump({"ask": "last-head"})
        case Ping():
            return sj.dump({"ask": "ping", "clock": request.clock.isoformat()})
        case SealFacts():
            return encode_seal(request.clock, [encode_facts(one) for one in request.facts])
        case SignHead():
            return sj.dump(
                {
                    "ask": "head",
                    "clock": request.clock.isoformat(),
                    "size": request.size,
                    "root": request.root.hex(),
                    "consistency": [one.hex() for one in request.consistency],
                }
            )
        case Stamp():
            return encode_stamp(request)


def decode_request(payload: bytes) -> Request:
    """Read a request. Raises FrameError."""
    value = sj.load(payload)
    match value.get("ask") if isinstance(value, dict) else None:
        case "hello":
            sj.fields(value, "ask")
            return Hello()
        case "last-head":
            sj.fields(value, "ask")
            return LastHead()
        case "ping":
            found = sj.fields(value, "ask", "clock")
            return Ping(clock=sj.clock(found["clock"]))
        case "seal":
            found = sj.fields(value, "ask", "clock", "facts")
            facts = sj.items(found["facts"], decode_facts)
            if len(facts) > MAX_ITEMS:
                raise FrameError(f"more than {MAX_ITEMS} items")
            return SealFacts(clock=sj.clock(found["clock"]), facts=facts)
        case "head":
            found = sj.fields(value, "ask", "clock", "size", "root", "consistency")
            return SignHead(
                clock=sj.clock(found["clock"]),
                size=sj.number(found["size"]),
                root=sj.hexadecimal(found["root"]),
                consistency=sj.items(found["consistency"], sj.hexadecimal),
            )
        case "stamp":
            return decode_stamp(value)
        case _:
            raise FrameError("not a request")


def encode_answer(answer: Answer) -> bytes:
    """The payload of an answer."""
    match answer:
        case Identity():
            return sj.dump(
                {
                    "answer": "identity",
                    "epoch": answer.epoch,
                    "origin": answer.origin,
                    "vkey": answer.vkey,
                    "certificates": [base64_text(one) for one in answer.certificates],
                    "timestamp": [base64_text(one) for one in answer.timestamp_certificates],
                    "vkeys": list(answer.more_vkeys),
                }
            )
        case Sealed():
            return b'{"answer":"sealed","items":[' + b",".join(map(_item, answer.items)) + b"]}"
        case Pong():
            return sj.dump({"answer": "pong"})
        case Head():
            return sj.dump({"answer": "head", "size": answer.size, "root": answer.root.hex()})
        case HeadSigned(head=head):
            return sj.dump(
                {
                    "answer": "head-signed",
                    "size": head.size,
                    "root": head.root.hex(),
                    "note": base64_text(head.note),
                    "token": base64_text(head.token),
                }
            )
        case Stamped() | StampRefused():
            return encode_stamped(answer)
        case Refused():
            return sj.dump({"answer": "refused", "code": answer.code, "problem": answer.problem})


def decode_answer(payload: bytes) -> Answer:
    """Read an answer. Raises FrameError."""
    value = sj.load(payload)
    match value.get("answer") if isinstance(value, dict) else None:
        case "identity":
            words = ("epoch", "origin", "vkey", "certificates", "timestamp", "vkeys")
            found = sj.fields(value, "answer", *words)
            return Identity(
                epoch=sj.number(found["epoch"]),
                origin=sj.text(found["origin"]),
                vkey=sj.text(found["vkey"]),
                certificates=sj.items(found["certificates"], sj.octets),
                timestamp_certificates=sj.items(found["timestamp"], sj.octets),
                more_vkeys=sj.items(found["vkeys"], sj.text),
            )
        case "sealed":
            found = sj.fields(value, "answer", "items")
            return Sealed(items=sj.items(found["items"], _read_item))
        case "pong":
            sj.fields(value, "answer")
            return Pong()
        case "head":
            found = sj.fields(value, "answer", "size", "root")
            return Head(size=sj.number(found["size"]), root=sj.hexadecimal(found["root"]))
        case "head-signed":
            return HeadSigned(head=_read_head(value))
        case "stamped":
            return decode_stamped(value)
        case "stamp-refused":
            return decode_stamp_refused(value)
        case "refused":
            return _read_refusal(value)
        case _:
            raise FrameError("not an answer")


def _item(item: SealedEvidence | RefusedItem) -> bytes:
    """One item of an answer. Base64 and hexadecimal stand in JSON as they are.

    The JSON library would look at each of some 10,000 characters of an evidence, which takes
    longer than sealing it.
    """
    if isinstance(item, RefusedItem):
        return sj.dump({"id": item.id, "refused": item.problem})
    return b'{"id":%b,"xml":"%b","digest":"%b","entry":%b}' % (
        sj.dump(item.id),
        base64.b64encode(item.xml),
        item.digest.hex().encode(),
        sj.dump(item.log_entry.decode()),
    )


def _read_item(value: object) -> SealedEvidence | RefusedItem:
    if isinstance(value, dict) and "refused" in value:
        found = sj.fields(value, "id", "refused")
        return RefusedItem(id=EvidenceId(sj.text(found["id"])), problem=sj.text(found["refused"]))
    found = sj.fields(value, "id", "xml", "digest", "entry")
    return SealedEvidence(
        id=EvidenceId(sj.text(found["id"])),
        xml=sj.octets(found["xml"]),
        digest=sj.hexadecimal(found["digest"]),
        log_entry=sj.text(found["entry"]).encode("utf-8", "surrogatepass"),
    )


def _read_head(value: object) -> SignedHead:
    found = sj.fields(value, "answer", "size", "root", "note", "token")
    return SignedHead(
        size=sj.number(found["size"]),
        root=sj.hexadecimal(found["root"]),
        note=sj.octets(found["note"]),
        token=sj.octets(found["token"]),
    )


def _read_refusal(value: object) -> Refused:
    found = sj.fields(value, "answer", "code", "problem")
    try:
        code = RefusalCode(sj.text(found["code"]))
    except ValueError as exc:
        raise FrameError("not a code of a refusal") from exc
    return Refused(code=code, problem=sj.text(found["problem"]))
