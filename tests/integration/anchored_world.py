"""A published log on a real database, and outsiders who vouch for it, or do not."""

import hashlib
import zlib
from datetime import datetime, timedelta

from archive_samples import NOW, YEAR, Authority
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signing import merkle
from signing.archive.maths import ArchiveMaths
from signing.checkpoint import Checkpoint, NoteSigner, sign, split_note
from signing.cosignature import CosignatureSigner, cosigned_line
from signing.log_entry import evidence_entry, operation_entry
from signing.log_tree import LogTree
from storage.anchors import PostgresAnchors
from storage.archive import PostgresArchive
from storage.database import Database
from storage.log import PostgresLogStore
from tdh.delivery.anchoring import Anchoring, Rests
from tdh.delivery.archive import ArchiveKeeping
from tdh.delivery.archive_anew import HashTreeRenewal
from tdh.delivery.archive_records import Records
from tdh.delivery.proving import Proving
from tdh.domain.archive import TreeDigest
from tdh.domain.errors import TDHError
from tdh.domain.identifiers import EvidenceId
from tdh.domain.log import SignedHead

ORIGIN = "log.example/tdh"


class Gone(TDHError):
    """An outsider that does not answer."""

    code = "gone"


class Killed(BaseException):
    """The process ends here."""


class Clock:
    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> datetime:
        return self.time


class Outsider:
    """A timestamp authority outside, or our own unit: the same, but for what it is asked by."""

    def __init__(self, clock: Clock, name: str = "outsider", **validity) -> None:
        self.name = name
        self.authority = Authority(name, **validity)
        self.gone = False
        self.asked = 0
        self._clock = clock

    async def stamp(self, digest: bytes):
        self.asked += 1
        if self.gone:
            raise Gone(self.name)
        token = self.authority.stamp(digest, self._clock.now())
        return token if self.name == "own" else Given(self.name, token, self._clock.now())


class Given:
    def __init__(self, name: str, token: bytes, time: datetime) -> None:
        self.name, self.token, self.time = name, token, time


class Witness:
    """Cosigns what extends what it saw, as c2sp.org/tlog-witness says."""

    def __init__(self, name: str, clock: Clock) -> None:
        self.name = name
        self.signer = CosignatureSigner(name=name, private_key=Ed25519PrivateKey.generate())
        self.seen = (0, hashlib.sha256(b"").digest())
        self.gone = False
        self.asked = 0
        self._clock = clock

    async def cosign(self, note: bytes, size: int, proof):
        self.asked += 1
        if self.gone:
            raise Gone(self.name)
        text, _ = split_note(note)
        head = Checkpoint.parse(text)
        old, root = self.seen
        if 0 < old < size:
            merkle.verify_consistency(old, root, size, head.root, await proof(old))
        self.seen = (size, head.root)
        line = self.signer.signature_line(text, self._clock.now())
        return Line(*cosigned_line(note, line, self.signer.verifier))


class Line:
    def __init__(self, line: bytes, time: datetime) -> None:
        self.line, self.time = line, time


class World:
    """The log grows by `grow`; `anchoring` and `keeping` are a process, made anew at will."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = Clock()
        self.outside = Outsider(self.clock)
        self.own = Outsider(self.clock, "own", ends=NOW + YEAR)
        self.witnesses = [Witness(f"w{n}.example", self.clock) for n in (1, 2)]
        self.log = PostgresLogStore(database)
        self.anchors, self.archive = PostgresAnchors(database), PostgresArchive(database)
        self.signer = NoteSigner(name=ORIGIN, private_key=Ed25519PrivateKey.generate())
        self.xml: dict[EvidenceId, bytes] = {}
        self.size = 0
        self._frontier = merkle.Frontier.empty()

    async def grow(self, evidences: int, operations: int = 0) -> list[EvidenceId]:
        """More entries and a head over them, published; the evidences' names."""
        rows, names, nodes = [], [], []
        for n in range(evidences + operations):
            name, xml = EvidenceId(f"evd_{self.size + n:024d}"), f"<E>{self.size + n}</E>".encode()
            if n < evidences:
                entry = _entry(hashlib.sha256(xml).digest())
                self.xml[name] = xml
                names.append(name)
            else:
                entry = operation_entry("trust-store", NOW, [("version", str(self.size + n))])
            rows.append((name if n < evidences else None, entry))
            nodes += self._frontier.append(merkle.leaf_hash(entry))
        await self.database.fetch(
            "INSERT INTO log_entries (index, evidence, entry) SELECT $1::bigint + n - 1, e, b "
            "FROM unnest($2::text[], $3::bytea[]) WITH ORDINALITY AS one(e, b, n)",
            self.size,
            [name for name, _ in rows],
            [entry for _, entry in rows],
        )
        await self.database.fetch(
            "INSERT INTO evidence (letter_month, event, xml, digest) "
            "SELECT $1, 'evt_' || substr(e, 5), x, sha256(p) "
            "FROM unnest($2::text[], $3::bytea[], $4::bytea[]) AS one(e, x, p)",
            NOW.date().replace(day=1),
            names,
            [zlib.compress(self.xml[name]) for name in names],
            [self.xml[name] for name in names],
        )
        await self.database.fetch(
            "INSERT INTO log_nodes SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bytea[])",
            [one.level for one in nodes],
            [one.number for one in nodes],
            [one.hash for one in nodes],
        )
        self.size += len(rows)
        root = self._frontier.root()
        note = sign(Checkpoint(origin=ORIGIN, size=self.size, root=root), self.signer)
        token = self.own.authority.stamp(hashlib.sha256(note).digest(), self.clock.now())
        await self.log.publish(SignedHead(size=self.size, root=root, note=note, token=token))
        return names

    def anchoring(self, crash=lambda _: None, monotonic=lambda: 0.0) -> Anchoring:
        return Anchoring(
            log=self.log,
            maths=LogTree(),
            anchors=self.anchors,
            witnesses=self.witnesses,
            authorities=self.outside,
            rests=Rests(timedelta(seconds=60), monotonic),
            crash=crash,
        )

    def keeping(self, crash=lambda _: None, *, outside: bool = True) -> ArchiveKeeping:
        return ArchiveKeeping(
            log=self.log,
            store=self.archive,
            maths=ArchiveMaths([self.outside.authority.certificate]),
            outside=self.outside if outside else None,
            own=self.own,
            clock=self.clock,
            crash=crash,
            renew_before=timedelta(days=180),
        )

    def again(self, crash=lambda _: None, *, outside: bool = True) -> HashTreeRenewal:
        """What hashes anew by SHA-512, as the same process as a new `keeping`."""
        keeping = self.keeping(crash, outside=outside)
        records = Records(log=self.log, store=self.archive, maths=keeping.maths)
        return HashTreeRenewal(keeping=keeping, records=records, digest=TreeDigest.SHA_512)

    @property
    def proving(self) -> Proving:
        records = Records(log=self.log, store=self.archive, maths=ArchiveMaths())
        return Proving(
            store=self.log,
            maths=LogTree(),
            anchors=self.anchors,
            archive=self.archive,
            records=records,
        )

    @property
    def roots(self):
        return [self.outside.authority.certificate, self.own.authority.certificate]


def killed_at(point: str):
    """A crash point that ends the process the first time that it comes by."""
    left = [point]

    def crash(name: str) -> None:
        if name in left:
            left.remove(name)
            raise Killed(name)

    return crash


def _entry(digest: bytes) -> bytes:
    return evidence_entry(
        event="ContentConsignment",
        time=NOW,
        pseudonym="0" * 32,
        sequence=2,
        due=None,
        digest=digest,
    )
