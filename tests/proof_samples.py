"""An operator in a folder: sealed evidence of whole deliveries, its log, proofs, tokens, trust."""

import hashlib
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signing import certificates as made
from signing.checkpoint import Checkpoint, NoteSigner, sign
from signing.evidence_document import write_evidence
from signing.log_entry import evidence_entry
from signing.merkle import Frontier, inclusion_proof, leaf_hash
from signing.timestamps import TimestampAuthority
from signing.tlog_proof import TlogProof
from signing.trust_file import TrustFile
from tdh.domain.events import REPEATABLE
from tdh.domain.evidence import EvidenceFacts
from tdh.domain.identifiers import EvidenceId
from tests import evidence_samples as sample

NOW = sample.NOW
AT = NOW + timedelta(hours=1)
"""When the checks are made."""
VALIDITY = sample.VALIDITY
COMPANY = "SubmissionAcceptance ContentConsignment ContentHandover"
CITIZEN = (
    "SubmissionAcceptance NotificationForAcceptance ConsignmentAcceptance ContentConsignment "
    "ContentAccessTracking ContentHandover"
)
PARTICULARS = {
    "ContentAccessTracking": (("document", "1"),),
    "ConsignmentNotification": (("channel", "amqp"),),
    "SignatureStatus": (("document", "1"), ("checked-at", NOW.isoformat())),
}


@dataclass
class Logged:
    """One evidence and its place in the log."""

    facts: EvidenceFacts
    xml: bytes
    entry: bytes
    index: int

    @property
    def name(self) -> str:
        return f"{self.facts.sequence:02d}-{self.facts.event}"


class Operator:
    """Seals, logs and stamps under keys of its own."""

    def __init__(self, origin: str = sample.ORIGIN, validity: made.Validity = VALIDITY) -> None:
        self.keys = sample.sealing_keys(validity=validity)
        self.issuer = replace(self.keys.issuer, origin=origin)
        self.signer = NoteSigner(name=origin, private_key=Ed25519PrivateKey.generate())
        self.tsa_root = made.make_root(
            subject=made.Subject(common_name="TSA Root"),
            key=made.new_p256_key(),
            serial=1,
            validity=VALIDITY,
        )
        unit_key = made.new_p256_key()
        unit = made.make_leaf(
            issuer=self.tsa_root,
            subject=made.Subject(common_name="TSU"),
            public_key=unit_key.public_key(),
            serial=2,
            validity=VALIDITY,
            use=made.LeafUse.TIMESTAMP,
        )
        self.tsa = TimestampAuthority(
            key=unit_key,
            chain=[unit],
            policy_oid="1.3.6.1.4.1.55555.1.1",
            accuracy=timedelta(seconds=1),
        )
        self.logged: list[Logged] = []
        self._frontier = Frontier.empty()
        self._nodes: dict[tuple[int, int], bytes] = {}

    @property
    def trust(self) -> TrustFile:
        return TrustFile(
            seal_roots=(self.keys.root,),
            tsa_roots=(self.tsa_root.certificate,),
            logs=(self.signer.verifier,),
        )

    def delivery(self, number: int, events: str, mode: str) -> list[Logged]:
        """A whole delivery, an event a second."""
        return [
            self.log(self.facts(number, place, name, mode))
            for place, name in enumerate(events.split(), start=1)
        ]

    def facts(self, number: int, sequence: int, event: str, mode: str, **changes) -> EvidenceFacts:
        own = (("delivery", f"dlv_{number:024d}"), ("consignment-mode", mode))
        values = {
            "id": EvidenceId(f"evd_{number * 100 + sequence:024d}"),
            "event": event,
            "sequence": sequence,
            "time": NOW + timedelta(seconds=sequence),
            "due": date(2027, 3, 14) if event == "SubmissionAcceptance" else None,
            "particulars": (*own, *PARTICULARS.get(event, ())),
        }
        assert (event in REPEATABLE) == (event in PARTICULARS)
        return sample.facts(number, **(values | changes))

    def log(self, facts: EvidenceFacts) -> Logged:
        document = write_evidence(facts, self.issuer)
        xml = self.keys.seal.seal(document, signing_time=facts.time)
        entry = evidence_entry(
            event=facts.event,
            time=facts.time,
            pseudonym=facts.pseudonym,
            sequence=facts.sequence,
            due=facts.due,
            digest=hashlib.sha256(xml).digest(),
        )
        logged = Logged(facts=facts, xml=xml, entry=entry, index=self._frontier.size)
        self.add(entry)
        self.logged.append(logged)
        return logged

    def add(self, entry: bytes) -> None:
        for node in self._frontier.append(leaf_hash(entry)):
            self._nodes[node.level, node.number] = node.hash

    def head(self) -> bytes:
        root = self._frontier.root()
        checkpoint = Checkpoint(origin=self.signer.name, size=self._frontier.size, root=root)
        return sign(checkpoint, self.signer)

    def proof(self, logged: Logged) -> bytes:
        hashes = inclusion_proof(
            logged.index, self._frontier.size, lambda level, number: self._nodes[level, number]
        )
        return TlogProof(
            index=logged.index,
            hashes=hashes,
            checkpoint_note=self.head(),
            extra=logged.entry,
        ).text()

    def token(self, data: bytes, at: datetime = NOW + timedelta(minutes=1)) -> bytes:
        return self.tsa.stamp(hashlib.sha256(data).digest(), serial=7, gen_time=at)

    def write(self, folder: Path, *logged: Logged, token: bool = True) -> list[Path]:
        """The files as the demo and `tdh evidence` write them; the paths of the evidences."""
        folder.mkdir(parents=True, exist_ok=True)
        if token:
            (folder / "checkpoint").write_bytes(self.head())
            (folder / "checkpoint.tsr").write_bytes(self.token(self.head()))
        paths = []
        for one in logged or self.logged:
            path = folder / f"{one.name}.xml"
            path.write_bytes(one.xml)
            path.with_suffix(".tlog-proof").write_bytes(self.proof(one))
            paths.append(path)
        return paths
