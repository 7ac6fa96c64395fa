"""An operator in a folder: sealed evidence, its log, proofs, tokens, trust; and the outsiders."""

import hashlib
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from signing import certificates as made
from signing.archive.hash_tree import SHA256, reduced, root_of, siblings
from signing.archive.record import ArchiveTimeStamp, EvidenceRecord
from signing.archive.renewal import renewal_leaf, renewed
from signing.checkpoint import Checkpoint, NoteSigner, sign
from signing.cosignature import CosignatureSigner
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


class Stamper:
    """A timestamp authority: a root and a unit below it."""

    def __init__(self, name: str, validity: made.Validity = VALIDITY) -> None:
        self.root = made.make_root(
            subject=made.Subject(common_name=f"{name} Root"),
            key=made.new_p256_key(),
            serial=1,
            validity=validity,
        )
        key = made.new_p256_key()
        self.unit = made.make_leaf(
            issuer=self.root,
            subject=made.Subject(common_name=name),
            public_key=key.public_key(),
            serial=2,
            validity=validity,
            use=made.LeafUse.TIMESTAMP,
        )
        self.authority = TimestampAuthority(
            key=key,
            chain=[self.unit],
            policy_oid="1.3.6.1.4.1.55555.1.1",
            accuracy=timedelta(seconds=1),
        )

    def token(self, data: bytes, at: datetime = NOW + timedelta(minutes=1)) -> bytes:
        return self.token_over(hashlib.sha256(data).digest(), at)

    def token_over(self, digest: bytes, at: datetime) -> bytes:
        return self.authority.stamp(digest, serial=7, gen_time=at)

    def record(self, xml: bytes, at: datetime, *others: bytes) -> EvidenceRecord:
        """An archive record over an evidence, beside others of its round."""
        leaves = [hashlib.sha256(each).digest() for each in (xml, *others)]
        token = self.token_over(root_of(leaves), at)
        tree = reduced((leaves[0],), siblings(leaves, 0))
        stamp = ArchiveTimeStamp(algorithm=SHA256, tree=tree, token=token)
        return EvidenceRecord(chains=((stamp,),))

    def renew(self, record: EvidenceRecord, at: datetime) -> EvidenceRecord:
        leaf = renewal_leaf([stamp.token for stamp in record.chains[-1]])
        return renewed(record, (), self.token_over(leaf, at))


def witness(number: int) -> CosignatureSigner:
    """Witnesses of both kinds in turn."""
    seed = bytes((number,)) * 32
    key = MLDSA44PrivateKey.from_seed_bytes(seed) if number % 2 == 0 else None
    return CosignatureSigner(
        name=f"witness.example/w{number}",
        private_key=key or Ed25519PrivateKey.from_private_bytes(seed),
    )


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
        self.tsa = Stamper("TSU")
        self.outside = Stamper("Outside Timestamps")
        self.witnesses = (witness(1), witness(2), witness(3))
        self.logged: list[Logged] = []
        self._frontier = Frontier.empty()
        self._nodes: dict[tuple[int, int], bytes] = {}

    @property
    def trust(self) -> TrustFile:
        return TrustFile(
            seal_roots=(self.keys.root,),
            tsa_roots=(self.tsa.root.certificate,),
            logs=(self.signer.verifier,),
        )

    def outsiders(self, threshold: int = 0, **more) -> TrustFile:
        """The same and the outsiders."""
        return replace(
            self.trust,
            outside_tsa_roots=(self.outside.root.certificate,),
            witnesses=tuple(each.verifier for each in self.witnesses),
            witness_threshold=threshold,
            **more,
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
        return sign(self.checkpoint(), self.signer)

    def checkpoint(self) -> Checkpoint:
        root = self._frontier.root()
        return Checkpoint(origin=self.signer.name, size=self._frontier.size, root=root)

    def cosigned(
        self, *places: int, at: datetime = NOW + timedelta(minutes=2), by: tuple = ()
    ) -> bytes:
        """The head with the lines of these witnesses of ours, and of others."""
        signers = (*(self.witnesses[place - 1] for place in places), *by)
        text = self.checkpoint().text()
        return self.head() + b"".join(each.signature_line(text, at) for each in signers)

    def proof(self, logged: Logged, note: bytes | None = None) -> bytes:
        hashes = inclusion_proof(
            logged.index, self._frontier.size, lambda level, number: self._nodes[level, number]
        )
        return TlogProof(
            index=logged.index,
            hashes=hashes,
            checkpoint_note=note or self.head(),
            extra=logged.entry,
        ).text()

    def token(self, data: bytes, at: datetime = NOW + timedelta(minutes=1)) -> bytes:
        return self.tsa.token(data, at)

    def write(
        self, folder: Path, *logged: Logged, token: bool = True, note: bytes | None = None
    ) -> list[Path]:
        """The files as the demo and `tdh evidence` write them; the paths of the evidences."""
        folder.mkdir(parents=True, exist_ok=True)
        if token:
            (folder / "checkpoint").write_bytes(self.head())
            (folder / "checkpoint.tsr").write_bytes(self.token(self.head()))
        paths = []
        for one in logged or self.logged:
            path = folder / f"{one.name}.xml"
            path.write_bytes(one.xml)
            path.with_suffix(".tlog-proof").write_bytes(self.proof(one, note))
            paths.append(path)
        return paths
