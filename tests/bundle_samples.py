"""Bundles of the operator in `proof_samples`, sealed by a program that we did not write."""

import asyncio
import hashlib
import json
import subprocess
import zlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from signing import certificates as made
from signing.bundle.container import Container, Member
from signing.bundle.contents import members_of
from signing.bundle.manifest import ManifestEntry, write_manifest
from signing.trust_file import TrustFile
from tdh.domain.bundle import BundleContents, BundledDocument, BundledEvidence
from tdh.domain.evidence import DocumentFacts
from tdh.domain.identifiers import DeliveryId
from tdh.domain.log import EvidenceProof, HeadToken
from tdh.domain.records import EvidenceRecord
from tests.proof_samples import VALIDITY, Logged, Operator

STREAM = DeliveryId("dlv_" + "0" * 23 + "1")
CONTENT = {1: b"%PDF-1.7 the letter\n" * 50, 2: b"\x89PNG a map\n" * 9}
REPORTS = {1: b'{"indication": "TOTAL_PASSED"}'}
ENVELOPE = '{"number":"ดศ 0201/๑๒๓๔"}'.encode()
MODES = "SubmissionAcceptance ContentConsignment ContentHandover"


@dataclass
class BundlingOperator:
    """An operator with a key for bundles, and one whole delivery with real documents."""

    folder: Path
    """For keys and files that openssl reads."""
    operator: Operator = field(default_factory=Operator)
    organization: str | None = "TDH"
    """In the certificate of the bundles' seal."""

    def __post_init__(self) -> None:
        self.root = made.make_root(
            subject=made.Subject(common_name="Receipt Root"),
            key=made.new_p256_key(),
            serial=1,
            validity=VALIDITY,
        )
        key = made.new_p256_key()
        self.leaf = made.make_leaf(
            issuer=self.root,
            subject=made.Subject(common_name="Receipts 1", organization=self.organization),
            public_key=key.public_key(),
            serial=2,
            validity=VALIDITY,
            use=made.LeafUse.SIGN_RECEIPTS,
        )
        self.folder.mkdir(exist_ok=True, parents=True)
        (self.folder / "key.pem").write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        (self.folder / "leaf.pem").write_bytes(made.pem(self.leaf))
        self.logged = [
            self.operator.log(self.facts(place, name))
            for place, name in enumerate(MODES.split(), start=1)
        ]

    def facts(self, place: int, name: str, number: int = 1, **changes):
        plain = self.operator.facts(number, place, name, "basic", **changes)
        documents = (
            _document("1/main/หนังสือ <1>.pdf", "application/pdf", 1),
            _document("2/enclosure/แผนที่.png", "image/png", 2),
        )
        own = (*plain.particulars, ("envelope", hashlib.sha256(ENVELOPE).hexdigest()))
        return replace(plain, documents=documents, particulars=own)

    @property
    def trust(self) -> TrustFile:
        trust = self.operator.trust
        return replace(trust, seal_roots=(*trust.seal_roots, self.root.certificate))

    def contents(self, logged: Sequence[Logged] | None = None, *, documents: bool = True):
        head = self.operator.head()
        return BundleContents(
            stream=STREAM,
            evidences=tuple(_bundled(self.operator, one, head) for one in logged or self.logged),
            envelope=ENVELOPE,
            reports=tuple(REPORTS.items()),
            documents=tuple(_streamed(number) for number in CONTENT) if documents else (),
        )

    def seal(self, entries: Sequence[ManifestEntry]) -> tuple[bytes, bytes]:
        manifest = write_manifest(entries)
        (self.folder / "manifest.xml").write_bytes(manifest)
        command = (
            "openssl cms -sign -cades -binary -in manifest.xml -signer leaf.pem -inkey key.pem"
            " -outform DER -nosmimecap -md sha256"
        )
        done = subprocess.run(command.split(), cwd=self.folder, capture_output=True, check=True)
        return manifest, done.stdout

    async def seal_bundle(self, entries: Sequence[ManifestEntry]) -> tuple[bytes, bytes]:
        return self.seal(entries)

    def container(self, contents: BundleContents | None = None) -> Container:
        members = members_of(contents or self.contents())
        return self.container_of(members)

    def container_of(self, members: Sequence[Member]) -> Container:
        return Container(members, *self.seal([each.manifest for each in members]))

    def write(self, path: Path, contents: BundleContents | None = None) -> Path:
        path.write_bytes(written(self.container(contents)))
        return path

    def write_trust(self, path: Path, **changes) -> Path:
        plain = json.loads(self.trust.text()) | changes
        path.write_text(json.dumps(plain), encoding="utf-8")
        return path


def written(container: Container, content=CONTENT) -> bytes:
    async def all_of() -> bytes:
        return b"".join([piece async for piece in container.pieces(_reader(content))])

    data = asyncio.run(all_of())
    assert len(data) == container.size
    return data


def _reader(content):
    async def read(number: int) -> AsyncIterator[bytes]:
        data = content[number]
        for place in range(0, len(data), 100):
            yield data[place : place + 100]

    return read


def _document(identifier: str, media_type: str, number: int) -> DocumentFacts:
    report = REPORTS.get(number)
    return DocumentFacts(
        identifier=identifier,
        media_type=media_type,
        sha256=hashlib.sha256(CONTENT[number]).digest(),
        verdict="TOTAL_PASSED" if report else "not-judged",
        report=None if report is None else hashlib.sha256(report).digest(),
    )


def _streamed(number: int) -> BundledDocument:
    data = CONTENT[number]
    return BundledDocument(
        number=number,
        filename={1: "หนังสือ <1>.pdf", 2: "แผนที่.png"}[number],
        media_type={1: "application/pdf", 2: "image/png"}[number],
        size=len(data),
        sha256=hashlib.sha256(data).digest(),
        crc32=zlib.crc32(data),
    )


def _bundled(operator: Operator, one: Logged, head: bytes) -> BundledEvidence:
    return BundledEvidence(
        record=EvidenceRecord(
            id=one.facts.id,
            stream=STREAM,
            event=one.facts.event,
            sequence=one.facts.sequence,
            time=one.facts.time,
            xml=one.xml,
            digest=hashlib.sha256(one.xml).digest(),
        ),
        proof=EvidenceProof(
            size=len(operator.logged),
            proof=operator.proof(one),
            tokens=(HeadToken(name="", token=operator.token(head)),),
            record=None,
            anchored_by=(),
            provable_until=None,
        ),
    )
