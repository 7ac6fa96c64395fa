"""What is said on the receipt maker's socket, in the frames of `signing.sealer.frames`.

Pure: bytes in, values out.
"""

from signing.bundle.manifest import ManifestEntry, ManifestError
from signing.evidence_document import base64_text
from signing.receipt.messages import (
    MAX_TOKENS,
    Answer,
    BundleSealed,
    MakeReceipt,
    Material,
    ReceiptMade,
    ReceiptRefusal,
    Refused,
    Request,
    SealBundle,
)
from signing.sealer import strict_json as sj
from signing.sealer.errors import FrameError
from tdh.domain.log import HeadToken

_MATERIAL = ("xml", "proof", "tokens", "record", "envelope")


def encode_request(request: Request) -> bytes:
    """The payload of a request."""
    match request:
        case MakeReceipt(material=material):
            return sj.dump(
                {
                    "ask": "receipt",
                    "edition": request.edition,
                    "xml": base64_text(material.xml),
                    "proof": base64_text(material.proof),
                    "tokens": [
                        {"name": one.name, "token": base64_text(one.token)}
                        for one in material.tokens
                    ],
                    "record": _maybe(material.record),
                    "envelope": _maybe(material.envelope),
                }
            )
        case SealBundle():
            return sj.dump({"ask": "bundle", "entries": [_entry(one) for one in request.entries]})


def decode_request(payload: bytes) -> Request:
    """Read a request. Raises FrameError."""
    value = sj.load(payload)
    match value.get("ask") if isinstance(value, dict) else None:
        case "receipt":
            found = sj.fields(value, "ask", "edition", *_MATERIAL)
            tokens = sj.items(found["tokens"], _read_token)
            edition = sj.number(found["edition"])
            if not edition or len(tokens) > MAX_TOKENS:
                raise FrameError("editions count from 1, and tokens are few")
            material = Material(
                xml=sj.octets(found["xml"]),
                proof=sj.octets(found["proof"]),
                tokens=tokens,
                record=sj.maybe(found["record"], sj.octets),
                envelope=sj.maybe(found["envelope"], sj.octets),
            )
            return MakeReceipt(material=material, edition=edition)
        case "bundle":
            found = sj.fields(value, "ask", "entries")
            return SealBundle(entries=sj.items(found["entries"], _read_entry))
        case _:
            raise FrameError("not a request")


def encode_answer(answer: Answer) -> bytes:
    """The payload of an answer."""
    match answer:
        case ReceiptMade():
            return sj.dump({"answer": "receipt", "pdf": base64_text(answer.pdf)})
        case BundleSealed():
            return sj.dump(
                {
                    "answer": "bundle",
                    "manifest": base64_text(answer.manifest),
                    "seal": base64_text(answer.seal),
                }
            )
        case Refused():
            return sj.dump({"answer": "refused", "code": answer.code, "problem": answer.problem})


def decode_answer(payload: bytes) -> Answer:
    """Read an answer. Raises FrameError."""
    value = sj.load(payload)
    match value.get("answer") if isinstance(value, dict) else None:
        case "receipt":
            return ReceiptMade(pdf=sj.octets(sj.fields(value, "answer", "pdf")["pdf"]))
        case "bundle":
            found = sj.fields(value, "answer", "manifest", "seal")
            return BundleSealed(
                manifest=sj.octets(found["manifest"]), seal=sj.octets(found["seal"])
            )
        case "refused":
            return _read_refusal(value)
        case _:
            raise FrameError("not an answer")


def _maybe(data: bytes | None) -> str | None:
    return None if data is None else base64_text(data)


def _entry(entry: ManifestEntry) -> sj.Fields:
    return {
        "uri": entry.uri,
        "media_type": entry.media_type,
        "sha256": entry.sha256.hex(),
        "rootfile": entry.rootfile,
    }


def _read_token(value: object) -> HeadToken:
    found = sj.fields(value, "name", "token")
    return HeadToken(name=sj.text(found["name"]), token=sj.octets(found["token"]))


def _read_entry(value: object) -> ManifestEntry:
    found = sj.fields(value, "uri", "media_type", "sha256", "rootfile")
    rootfile = found["rootfile"]
    if not isinstance(rootfile, bool):
        raise FrameError("not true or false")
    try:
        return ManifestEntry(
            uri=sj.text(found["uri"]),
            media_type=sj.text(found["media_type"]),
            sha256=sj.hexadecimal(found["sha256"]),
            rootfile=rootfile,
        )
    except ManifestError as exc:
        raise FrameError(str(exc)) from exc


def _read_refusal(value: object) -> Refused:
    found = sj.fields(value, "answer", "code", "problem")
    try:
        code = ReceiptRefusal(sj.text(found["code"]))
    except ValueError as exc:
        raise FrameError("not a code of a refusal") from exc
    return Refused(code=code, problem=sj.text(found["problem"]))
