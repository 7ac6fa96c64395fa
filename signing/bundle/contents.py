"""Which files a bundle has: evidence, proofs, what belongs to them, and who claims to be whom.

    README.th.txt, README.en.txt      what this is and how to check it
    envelope.json                     what the sender wrote on the letter
    evidence/NN-Event.xml             every evidence so far, with .tlog-proof and .ers beside it
    evidence/checkpoint-SIZE*.tsr     timestamps of the log's heads (RFC 3161 replies)
    reports/N.json                    what the judge said of document N
    receipts/*.pdf                    receipts, where there are some already
    claims/                           keys and certificates of the issuer, as it claims
    documents/N-NAME                  the documents; none in a bundle of evidence only

Nothing here is an anchor: `claims/` helps to find an anchor elsewhere, and no more. Pure: the same
contents give the same files.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Sequence

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from signing import cms, timestamps
from signing.bundle import readme
from signing.bundle.container import Member, member
from signing.bundle.manifest import ManifestEntry, is_plain_name
from signing.checkpoint import Checkpoint, split_note
from signing.errors import ProofError
from signing.tlog_proof import TlogProof
from tdh.domain.bundle import BundleContents, BundledDocument, BundledEvidence

XML, JSON, TEXT, PDF = "application/xml", "application/json", "text/plain", "application/pdf"
PROOF = "text/plain"
TIMESTAMP_REPLY = "application/timestamp-reply"
RECORD = "application/octet-stream"
PEM = "application/x-pem-file"
CRL = "application/pkix-crl"
UNKNOWN_TYPE = "application/octet-stream"

EVIDENCE, DOCUMENTS, REPORTS, RECEIPTS, CLAIMS = (
    "evidence",
    "documents",
    "reports",
    "receipts",
    "claims",
)
ENVELOPE = "envelope.json"
READMES = ("README.th.txt", "README.en.txt")

_CERTIFICATE = re.compile(rb"<ds:X509Certificate>([A-Za-z0-9+/=]+)</ds:X509Certificate>")
_NOT_IN_NAMES = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f-\x9f]')
_NOT_IN_WORDS = re.compile(r"[^A-Za-z0-9._-]+")
_NAME_BYTES = 200
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]*/[A-Za-z0-9][A-Za-z0-9.+_-]*")


def members_of(contents: BundleContents, revocation: Sequence[bytes] = ()) -> tuple[Member, ...]:
    """The files in their order, documents last; the same contents give the same.

    `revocation`: lists (DER) of the issuer's authorities. Raises ProofError for a proof or token
    that cannot be read.
    """
    evidence = [each for one in contents.evidences for each in _evidence(one)]
    found = [
        *_readmes(contents),
        *_envelope(contents),
        *evidence,
        *_tokens(contents.evidences),
        *(member(f"{REPORTS}/{number}.json", JSON, body) for number, body in contents.reports),
        *(member(f"{RECEIPTS}/{name}", PDF, body) for name, body in contents.receipts),
        *_claims(contents, revocation),
        *map(_document, contents.documents),
    ]
    return tuple(found)


def evidence_name(one: BundledEvidence) -> str:
    """How an evidence is called, without suffix."""
    return f"{one.record.sequence:02d}-{one.record.event}"


def document_name(number: int, filename: str) -> str:
    """Where a document lies: its own name where every system takes it, else what is left of it."""
    name = _NOT_IN_NAMES.sub("_", filename)
    name = "".join(each if each.isprintable() else "_" for each in name).strip(" .")
    while len(name.encode("utf-8", "replace")) > _NAME_BYTES:
        stem, dot, suffix = name.rpartition(".")
        name = f"{stem[:-1]}{dot}{suffix}" if stem and len(suffix) < 10 else name[:-1]  # noqa: PLR2004 - a usual suffix
    place = f"{DOCUMENTS}/{number}-{name}"
    return place if name and is_plain_name(place) else f"{DOCUMENTS}/{number}-document"


def _readmes(contents: BundleContents) -> Iterable[Member]:
    told = readme.Told(
        stream=contents.stream,
        evidences=tuple(map(evidence_name, contents.evidences)),
        documents=tuple(document_name(each.number, each.filename) for each in contents.documents),
    )
    for name, write in zip(READMES, (readme.thai, readme.english), strict=True):
        yield member(name, TEXT, write(told).encode())


def _envelope(contents: BundleContents) -> Iterable[Member]:
    if contents.envelope is not None:
        yield member(ENVELOPE, JSON, contents.envelope)


def _evidence(one: BundledEvidence) -> Iterable[Member]:
    stem = f"{EVIDENCE}/{evidence_name(one)}"
    yield member(f"{stem}.xml", XML, one.record.xml)
    yield member(f"{stem}.tlog-proof", PROOF, one.proof.proof)
    if one.proof.record is not None:
        yield member(f"{stem}.ers", RECORD, one.proof.record)


def _tokens(evidences: Sequence[BundledEvidence]) -> Iterable[Member]:
    """Each head's timestamps once, as replies: that is what other programs read."""
    found: dict[str, bytes] = {}
    for one in evidences:
        for token in one.proof.tokens:
            whose = _NOT_IN_WORDS.sub("-", token.name)
            name = f"checkpoint-{one.proof.size}{f'-{whose}' if whose else ''}.tsr"
            found[name] = timestamps.reply(token.token)
    for name in sorted(found):
        yield member(f"{EVIDENCE}/{name}", TIMESTAMP_REPLY, found[name])


def _document(document: BundledDocument) -> Member:
    known = _MEDIA_TYPE.fullmatch(document.media_type)
    return Member(
        manifest=ManifestEntry(
            uri=document_name(document.number, document.filename),
            media_type=document.media_type if known else UNKNOWN_TYPE,
            sha256=document.sha256,
        ),
        size=document.size,
        crc=document.crc32,
        content=None,
        number=document.number,
    )


def _claims(contents: BundleContents, revocation: Sequence[bytes]) -> Iterable[Member]:
    """Who the issuer says that it is, and the certificates that came along."""
    seals, units = _seal_certificates(contents), _unit_certificates(contents)
    plain = {
        "note": {
            "th": "เป็นเพียงคำกล่าวอ้างของผู้ออก ห้ามใช้เป็นหลักความเชื่อถือ ให้เทียบกับค่าที่ได้จากทางอื่น",
            "en": "A claim of the issuer only, never an anchor: compare it with what you know from "
            "somewhere else.",
        },
        "logs": _logs(contents),
        "seal_certificates": [_certificate(each) for each in seals],
        "timestamp_certificates": [_certificate(each) for each in units],
    }
    text = json.dumps(plain, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    yield member(f"{CLAIMS}/issuer.json", JSON, text.encode())
    for kind, certificates in (("seal", seals), ("timestamp", units)):
        for each in certificates:
            encoded = each.public_bytes(Encoding.DER)
            name = f"{CLAIMS}/{kind}-{hashlib.sha256(encoded).hexdigest()[:16]}.pem"
            yield member(name, PEM, each.public_bytes(Encoding.PEM))
    for crl in sorted(set(revocation)):
        name = f"{CLAIMS}/revocation-{hashlib.sha256(crl).hexdigest()[:16]}.crl"
        yield member(name, CRL, crl)


def _seal_certificates(contents: BundleContents) -> list[x509.Certificate]:
    found: dict[bytes, None] = {}
    for one in contents.evidences:
        for encoded in _CERTIFICATE.findall(one.record.xml):
            found[base64.b64decode(encoded)] = None
    return [cms.load_certificate(each) for each in found]


def _unit_certificates(contents: BundleContents) -> list[x509.Certificate]:
    found: dict[bytes, None] = {}
    for one in contents.evidences:
        for token in one.proof.tokens:
            try:
                signed = cms.open_signed_data(token.token)
            except ProofError:  # an outsider's in a form that is not ours: it goes along as it is
                continue
            found[signed.signer.public_bytes(Encoding.DER)] = None
            found.update(dict.fromkeys(signed.others))
    return [cms.load_certificate(each) for each in found]


def _logs(contents: BundleContents) -> list[dict[str, object]]:
    """Names and key ids of whoever signed the heads under the log's own name."""
    found: dict[str, set[str]] = {}
    for one in contents.evidences:
        text, signatures = split_note(TlogProof.parse(one.proof.proof).checkpoint_note)
        origin = Checkpoint.parse(text).origin
        found.setdefault(origin, set()).update(
            key_id.hex() for name, key_id, _ in signatures if name == origin
        )
    return [{"origin": origin, "key_ids": sorted(ids)} for origin, ids in sorted(found.items())]


def _certificate(certificate: x509.Certificate) -> dict[str, str]:
    encoded = certificate.public_bytes(Encoding.DER)
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {
        "issuer": certificate.issuer.rfc4514_string(),
        "key_sha256": hashlib.sha256(key).hexdigest(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
        "sha256": hashlib.sha256(encoded).hexdigest(),
        "subject": certificate.subject.rfc4514_string(),
    }
