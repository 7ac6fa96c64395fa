"""An operator who cheats: it has database, vault, log and every key of the installation.

It uses the installation's own code for what an honest one does too (sealing, signing heads,
publishing tiles), and its keys for what the sealer's program would refuse.
"""

import hashlib
import shutil
import zlib
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from honest_world import Place

from signing import checkpoint
from signing.evidence_document import write_evidence
from signing.evidence_reader import read_evidence
from signing.log_entry import evidence_entry
from signing.log_tree import LogTree
from signing.merkle import EMPTY_ROOT, Frontier, inclusion_proof, leaf_hash
from signing.sealer.desk import Keys
from signing.sealer.key_files import POST_QUANTUM_KEY, IssuerNames, KeyFiles, load_keys
from signing.tlog_proof import TlogProof
from storage.database import Database, open_database
from storage.log import PostgresLogStore
from storage.tiles import LogFolder
from storage.vault.keys import FileKeyService
from storage.vault.vault import Vault
from tdh.delivery.publication import Publication
from tdh.delivery.tiling import Tiling
from tdh.domain.commands import StoredDocument
from tdh.domain.evidence import EvidenceFacts
from tdh.domain.identifiers import LetterId, event_of, letter_month
from tdh.domain.log import SignedHead
from tdh.domain.records import SealedEvidence
from tdh.ports import HeadSigner

_EPOCH = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """One entry of the log as the database has it."""

    evidence: str | None
    entry: bytes


class AnyHead:
    """Signs whatever tree it is shown: the log's key outside the sealer's program."""

    def __init__(self, keys: Keys, state: Path, *, ago: timedelta = timedelta(0)) -> None:
        self._keys, self._state, self._ago = keys, state, ago
        self.last = (0, EMPTY_ROOT)

    async def last_head(self) -> tuple[int, bytes]:
        return self.last

    async def sign_head(self, size: int, root: bytes, consistency, clock: datetime) -> SignedHead:
        head = signed_head(self._keys, size, root, at=clock - self._ago)
        with (self._state / "heads").open("a") as file:
            file.write(f"{_EPOCH:06d} {size:019d} {root.hex()}\n")
        (self._state / "head.signed").unlink(missing_ok=True)
        self.last = (size, root)
        return head


def signed_head(keys: Keys, size: int, root: bytes, *, at: datetime) -> SignedHead:
    """A head and our own token over it, of any time."""
    head = checkpoint.Checkpoint(origin=keys.log.name, size=size, root=root)
    note = checkpoint.sign(head, keys.log)
    for further in keys.more_log_keys:
        note += further.signature_line(head.text())
    return SignedHead(size=size, root=root, note=note, token=own_token(keys, note, at))


def own_token(keys: Keys, note: bytes, at: datetime) -> bytes:
    """The operator's own timestamp over a head, of any time."""
    return keys.timestamps.stamp(
        hashlib.sha256(note).digest(), serial=at.microsecond + 1, gen_time=at
    )


class Cheater:
    """Everything that an operator can do with one installation that does not run."""

    def __init__(self, place: Place) -> None:
        self.place = place
        config = place.config
        names = IssuerNames(
            name_th=config.issuer.name_th,
            name_en=config.issuer.name_en,
            policies=(config.policy.id,),
            origin=config.issuer.origin,
            uri_base=config.issuer.uri_base,
        )
        folder = config.sealer.keys
        files = replace(KeyFiles.in_folder(folder), more_log_keys=(folder / POST_QUANTUM_KEY,))
        self.keys = load_keys(files, names)
        self.state = config.sealer.state

    # --- evidence ------------------------------------------------------------------------------

    async def evidence(self, delivery: str, event: str) -> tuple[bytes, EvidenceFacts]:
        """One that is there, and what it says."""
        (row,) = await self.place.sql(
            "SELECT v.xml FROM evidence v JOIN events e ON e.id = v.event"
            f" WHERE e.delivery = '{delivery}' AND e.name = '{event}'"
        )
        xml = zlib.decompress(row["xml"])
        return xml, read_evidence(xml).facts

    def seal(self, facts: EvidenceFacts, *, at: datetime | None = None) -> SealedEvidence:
        """Seal anything, at any time, and put it into the ledger as the sealer would."""
        xml = self.keys.seal.seal(
            write_evidence(facts, self.keys.issuer), signing_time=at or facts.time
        )
        digest = hashlib.sha256(xml).digest()
        entry = evidence_entry(
            event=facts.event,
            time=facts.time,
            pseudonym=facts.pseudonym,
            sequence=facts.sequence,
            due=facts.due,
            digest=digest,
        )
        with (self.state / "ledger").open("a") as file:
            file.write(f"{_EPOCH:06d} {facts.pseudonym} {facts.sequence:08d} {digest.hex()}\n")
        return SealedEvidence(id=facts.id, xml=xml, digest=digest, log_entry=entry)

    async def replace_evidence(self, sealed: SealedEvidence) -> None:
        """Put it into the row of the one before."""
        async with self.place.connected() as connection:
            done = await connection.execute(
                "UPDATE evidence SET xml = $2, digest = $3 WHERE event = $1",
                event_of(sealed.id),
                zlib.compress(sealed.xml),
                sealed.digest,
            )
        assert done == "UPDATE 1"

    async def add_event(self, delivery: str, facts: EvidenceFacts, sealed: SealedEvidence) -> None:
        """A new event of a delivery, with its evidence."""
        event = event_of(sealed.id)
        month = letter_month(event)
        async with self.place.connected() as connection:
            await connection.execute(
                "INSERT INTO events (letter_month, id, delivery, sequence, name, cause, is_final,"
                " happened_at) VALUES ($1, $2, $3, $4, $5, $6, false, $7)",
                *(month, event, delivery, facts.sequence, facts.event),
                *("1" if facts.event == "ContentAccessTracking" else "", facts.time),
            )
            await connection.execute(
                "INSERT INTO evidence (letter_month, event, xml, digest) VALUES ($1, $2, $3, $4)",
                *(month, event, zlib.compress(sealed.xml), sealed.digest),
            )
            await connection.execute(
                "UPDATE deliveries SET sequence = $2, last_event_at = $3 WHERE id = $1",
                *(delivery, facts.sequence, facts.time),
            )

    def forget_seals(self, keep) -> None:
        """Take lines out of the sealer's ledger."""
        ledger = self.state / "ledger"
        lines = [line for line in ledger.read_text().splitlines() if keep(line)]
        ledger.write_text("".join(f"{line}\n" for line in lines))

    # --- the vault -----------------------------------------------------------------------------

    async def document(self, letter: str) -> bytes:
        """The one document of a letter, decrypted."""
        (row,) = await self.place.sql(
            "SELECT l.wrapped_key, d.segment, d.at_offset, d.length FROM letters l"
            f" JOIN documents d ON d.letter = l.id WHERE l.id = '{letter}'"
        )
        stored = StoredDocument(
            number=1, segment=row["segment"], offset=row["at_offset"], length=row["length"]
        )
        async with self._vault() as vault:
            pieces = [one async for one in vault.read(LetterId(letter), row["wrapped_key"], stored)]
        return b"".join(pieces)

    async def put_document(self, letter: str, content: bytes) -> None:
        """Another document in its place, encrypted by the real key service."""
        async with self._vault() as vault:
            writer = vault.begin(LetterId(letter), letter_month(letter))
            async with writer:
                document = writer.document(1)
                await document.write(content)
                await document.finish()
                (stored,) = await writer.keep()
        async with self.place.connected() as connection:
            await connection.execute(
                "UPDATE letters SET wrapped_key = $2 WHERE id = $1", letter, writer.wrapped_key
            )
            await connection.execute(
                "UPDATE documents SET segment = $2, at_offset = $3, length = $4 WHERE letter = $1",
                *(letter, stored.segment, stored.offset, stored.length),
            )

    @asynccontextmanager
    async def _vault(self) -> AsyncIterator[Vault]:
        config = self.place.config.vault
        vault = Vault(config.folder, FileKeyService(config.keys))
        try:
            yield vault
        finally:
            await vault.close()

    # --- the log -------------------------------------------------------------------------------

    async def entries(self) -> list[Logged]:
        """The log from its first entry to its last."""
        rows = await self.place.sql("SELECT evidence, entry FROM log_entries ORDER BY index")
        return [Logged(evidence=row["evidence"], entry=row["entry"]) for row in rows]

    async def append(
        self, new: Iterable[Logged] = (), *, ago: timedelta = timedelta(0)
    ) -> SignedHead:
        """Log more entries and publish the next head; `ago`: how far its token is dated back."""
        async with self.place.connected() as connection:
            await connection.executemany(
                "INSERT INTO log_queue (evidence, stream, sequence, entry) VALUES ($1, '', $2, $3)",
                [(one.evidence, number, one.entry) for number, one in enumerate(new)],
            )
        database = await open_database(self.place.dsn, application_name="cheat")
        try:
            published = await PostgresLogStore(database).head()
            signer = AnyHead(self.keys, self.state, ago=ago)
            if published is not None:
                signer.last = (published.size, published.root)
            await publication(database, signer, self.place.log).round()
            head = await PostgresLogStore(database).head()
        finally:
            await database.close()
        assert head is not None
        return head

    async def rebuild(self, entries: Sequence[Logged]) -> SignedHead:
        """Another log of these entries, from the first one on, under a sealer without memory."""
        await self.place.sql(
            f"TRUNCATE {', '.join(_LOG_TABLES)}",
            f"UPDATE log_tree SET size = 0, root = '\\x{EMPTY_ROOT.hex()}'",
        )
        shutil.rmtree(self.place.log)
        for name in ("heads", "head.signed"):
            (self.state / name).unlink(missing_ok=True)
        return await self.append(entries)

    async def proof(self, evidence: str, head: SignedHead) -> bytes:
        """The proof of an evidence under a head of the log as it is now."""
        frontier, nodes = Frontier.empty(), dict[tuple[int, int], bytes]()
        entries = (await self.entries())[: head.size]
        for one in entries:
            nodes |= {
                (new.level, new.number): new.hash for new in frontier.append(leaf_hash(one.entry))
            }
        (index,) = [n for n, one in enumerate(entries) if one.evidence == evidence]
        hashes = inclusion_proof(index, head.size, lambda level, number: nodes[level, number])
        return TlogProof(
            index=index, hashes=hashes, checkpoint_note=head.note, extra=entries[index].entry
        ).text()

    async def consistency(self, old: int, new: int) -> Sequence[bytes]:
        """The proof that the newer head extends the older one, if it does."""
        rows = await self.place.sql("SELECT level, index, hash FROM log_nodes")
        nodes = {(row["level"], row["index"]): row["hash"] for row in rows}
        return LogTree().consistency(old, new, nodes)


def publication(database: Database, signer: HeadSigner, folder: Path) -> Publication:
    """The log's rounds, as the sequencer does them."""
    store, maths = PostgresLogStore(database), LogTree()
    return Publication(
        store=store,
        tiling=Tiling(store=store, folder=LogFolder(folder), maths=maths),
        signer=signer,
        maths=maths,
        clock=_Clock(),
        crash=lambda _name: None,
    )


_LOG_TABLES = (
    "log_queue", "log_entries", "log_nodes", "log_heads", "log_anchors", "log_settled",
    "archive_rounds", "archive_stamps", "archive_tokens", "archive_leaves",
)  # fmt: skip


class _Clock:
    @staticmethod
    def now() -> datetime:
        return datetime.now(UTC)
