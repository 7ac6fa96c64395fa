"""An installation that has lived: real sealer, PostgreSQL and vault; copied for each test.

Everything is made by the programs that make it in service: the group commit, the sealer's own
process, the log's rounds, the vault. Only the broker is left out: commands are given directly.
"""

import asyncio
import hashlib
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
from builders import AGENCY, CITIZEN, COMPANY, by, document, envelope, party
from evidence_samples import ORIGIN
from sealer_program import SealerProgram

from signing.archive.maths import ArchiveMaths
from signing.checkpoint import NoteVerifier
from signing.log_tree import LogTree
from signing.trust_file import TrustFile
from storage.database import open_database
from storage.journal import PostgresJournal
from storage.log import PostgresLogStore
from storage.migrate import migrate
from storage.parties import PostgresParties
from storage.tiles import LogFolder
from storage.vault.keys import FileKeyService
from storage.vault.vault import Vault
from tdh.anchoring import Outsiders, archive_keeping, hash_tree_renewal
from tdh.config import Config, DatabaseConfig, IssuerConfig, SealerConfig, VaultConfig
from tdh.delivery.commit import GroupCommit
from tdh.delivery.publication import Publication
from tdh.delivery.tiling import Tiling
from tdh.domain import commands as cmd
from tdh.domain.archive import TreeDigest
from tdh.domain.decisions import Decision
from tdh.domain.events import EventReason
from tdh.domain.identifiers import Digest, letter_month
from tdh.domain.letters import Letter
from tdh.domain.lifecycle import ConsignmentMode
from tdh.domain.parties import Channel
from tdh.domain.policies import Policy
from tdh.domain.reports import DocumentReport
from tdh.domain.signers import SenderMatch
from tdh.proof_settings import AnchorConfig, LogConfig
from tdh.system import CheckedClock, RandomIds

TERM = timedelta(seconds=1)
POLICY = Policy(
    accept_within_least=TERM,
    acceptance_commit=timedelta(seconds=0.2),
    expiry_grace=timedelta(seconds=0.4),
)
LETTERS = {
    "company": (COMPANY, ConsignmentMode.BASIC),
    "citizen": (CITIZEN, ConsignmentMode.CONSENT),
    "refused": (CITIZEN, ConsignmentMode.CONSENT),
    "withdrawn": (CITIZEN, ConsignmentMode.CONSENT),
    "waiting": (CITIZEN, ConsignmentMode.CONSENT),
    "new": (COMPANY, ConsignmentMode.BASIC),
}


@dataclass
class World:
    """Where an installation is, and what lived in it."""

    dsn: str
    folder: Path
    trust: TrustFile
    deliveries: dict[str, str] = field(default_factory=dict)

    @property
    def database(self) -> str:
        return urlsplit(self.dsn).path.removeprefix("/")

    @property
    def config(self) -> Config:
        return Config(
            database=DatabaseConfig(dsn=self.dsn),
            vault=VaultConfig(folder=self.folder / "vault", keys=self.folder / "vault-keys"),
            sealer=SealerConfig(state=self.folder / "state"),
            issuer=IssuerConfig(origin=ORIGIN),
            log=LogConfig(folder=self.folder / "log"),
        )

    @property
    def ledger(self) -> Path:
        return self.folder / "state" / "ledger"

    def segments(self) -> list[Path]:
        return sorted((self.folder / "vault" / "segments").iterdir())

    async def execute(self, statement: str, *values) -> str:
        """Do what no part of the service would do: rows changed by hand, foreign keys off."""
        async with self._connected() as connection:
            await connection.execute("SET session_replication_role = replica")
            return await connection.execute(statement, *values)

    async def fetch(self, query: str, *values) -> list:
        async with self._connected() as connection:
            return await connection.fetch(query, *values)

    async def put_back(self, table: str, rows: list) -> None:
        """All rows of a table as they were."""
        async with self._connected() as connection, connection.transaction():
            await connection.execute("SET LOCAL session_replication_role = replica")
            await connection.execute(f"DELETE FROM {table}")  # noqa: S608 - a table's name
            await connection.copy_records_to_table(table, records=[tuple(row) for row in rows])

    async def value(self, query: str, *values):
        ((value,),) = await self.fetch(query, *values)
        return value

    @asynccontextmanager
    async def _connected(self):
        connection = await asyncpg.connect(self.dsn)
        try:
            yield connection
        finally:
            await connection.close()


class Life:
    """Acts on an installation until it is left."""

    def __init__(self, world: World, commit, vault, publication, archive) -> None:
        self.world, self.commit, self.vault, self.publication = world, commit, vault, publication
        self.archive = archive
        self.clock, self.ids = CheckedClock(), RandomIds()

    async def submit(self, name: str) -> str:
        """A letter with two documents, durable in the vault."""
        to, mode = LETTERS[name]
        now = self.clock.now()
        id_ = self.ids.letter(now)
        plain = [f"{name} document {number}".encode() * 100 for number in (1, 2)]
        async with self.vault.begin(id_, letter_month(id_)) as writer:
            for number, data in enumerate(plain, start=1):
                one = writer.document(number)
                await one.write(data)
                await one.finish()
            stored, key = await writer.keep(), writer.wrapped_key
        report = DocumentReport(number=1, content=f'{{"judged":"{name}"}}'.encode())
        judged = {"report": report.digest, "sender_match": SenderMatch.SAME_ORGANISATION}
        documents = tuple(
            replace(
                document(n),
                digest=Digest(value=hashlib.sha256(data).digest()),
                size=len(data),
                scanned_by="TestScanner 1",
                **(judged if n == 1 else {}),
            )
            for n, data in enumerate(plain, start=1)
        )
        letter = Letter(
            id=id_, sender=AGENCY, envelope=envelope(), documents=documents, submitted_at=now
        )
        delivery = self.ids.delivery(id_)
        recipient = cmd.Recipient(
            party=party(to, Channel.QUEUE if to == COMPANY else Channel.PERSON),
            mode=mode,
            accept_within=None if mode is ConsignmentMode.BASIC else TERM,
            delivery=delivery,
            tracking=self.ids.tracking(),
            pseudonym=self.ids.pseudonym(),
            event=self.ids.event(delivery),
        )
        await self._do(
            cmd.Submit(
                letter=letter,
                sender=party(AGENCY, Channel.API),
                recipients=(recipient,),
                by=by(AGENCY, now),
                idempotency=cmd.IdempotencyKey(sender=AGENCY, key=name, fingerprint=b"\1" * 32),
                wrapped_key=key,
                stored=stored,
                reports=(report,),
            )
        )
        self.world.deliveries[name] = delivery
        return delivery

    async def refuse_submission(self) -> None:
        now = self.clock.now()
        report = DocumentReport(number=1, content=b'{"judged":"bad"}')
        letter = Letter(
            id=self.ids.letter(now),
            sender=AGENCY,
            envelope=envelope(),
            documents=(document(report=report.digest),),
            submitted_at=now,
        )
        stream = self.ids.delivery(letter.id)
        await self._do(
            cmd.RefuseSubmission(
                stream=stream,
                pseudonym=self.ids.pseudonym(),
                event=self.ids.event(stream),
                letter=letter,
                sender=party(AGENCY, Channel.API),
                recipients=(party(CITIZEN),),
                by=by(AGENCY, now),
                idempotency=cmd.IdempotencyKey(sender=AGENCY, key="bad", fingerprint=b"\2" * 32),
                reasons=(EventReason(code="R_ERDS_MessageRejectedForInvalidSignature"),),
                reports=(report,),
            )
        )
        self.world.deliveries["rejected"] = stream

    async def act(self, kind, name: str, **more) -> None:
        delivery = self.world.deliveries[name]
        now = self.clock.now()
        if kind in (cmd.Accept, cmd.Refuse):
            more |= {"received_at": now}
        if kind is cmd.Accept:
            more |= {"consignment_event": self.ids.event(delivery)}
        if kind is cmd.Forward:
            row = await self.world.value("SELECT id FROM outbox WHERE delivery = $1", delivery)
            more |= {"outbox": row}
        await self._do(kind(delivery=delivery, event=self.ids.event(delivery), **more))

    async def _do(self, command) -> None:
        committed = await self.commit(command)
        assert isinstance(committed.answer, Decision), committed.answer


@asynccontextmanager
async def living(world: World, sealer: SealerProgram, make_client=None) -> AsyncIterator[Life]:
    """The parts of the service on this installation.

    Its log names no keys, unless `make_client` gives the sealer's client that enters them.
    """
    database = await open_database(world.dsn, application_name="test")
    vault = Vault(world.config.vault.folder, FileKeyService(world.config.vault.keys))
    clock = CheckedClock()
    client = sealer.client() if make_client is None else make_client(database)
    commit = GroupCommit(
        journal=PostgresJournal(database),
        sealer=client,
        clock=clock,
        policy=POLICY,
        crash=lambda _: None,
    )
    store, maths = PostgresLogStore(database), LogTree()
    folder = LogFolder(world.config.log.folder)
    publication = Publication(
        store=store,
        tiling=Tiling(store=store, folder=folder, maths=maths),
        signer=client,
        maths=maths,
        clock=clock,
        crash=lambda _: None,
    )
    archive = archive_keeping(
        world.config,
        database,
        Outsiders(witnesses=(), authorities=None, maths=ArchiveMaths()),
        unit=client,
        clock=clock,
        crash=lambda _: None,
    )
    running = asyncio.ensure_future(commit.run())
    parties = PostgresParties(database)
    for one, channel in (
        (AGENCY, Channel.API),
        (COMPANY, Channel.QUEUE),
        (CITIZEN, Channel.PERSON),
    ):
        await parties.register(party(one, channel))
    try:
        yield Life(world, commit, vault, publication, archive)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await client.close()
        await vault.close()
        await database.close()


async def live(life: Life) -> None:
    """Deliveries in every state that matters, a refused submission, two heads, a waiting entry."""
    for name in ("company", "citizen", "refused"):
        await life.submit(name)
        await life.act(cmd.Forward, name)
    await life.refuse_submission()
    digests = tuple(
        Digest(value=hashlib.sha256(f"company document {n}".encode() * 100).digest())
        for n in (1, 2)
    )
    await life.act(cmd.RecordNotice, "company", channel="amqp")
    await life.act(cmd.Acknowledge, "company", digests=digests, by=by(COMPANY, datetime.now(UTC)))
    await life.publication.round()
    await life.act(cmd.Accept, "citizen", by=by(CITIZEN, datetime.now(UTC)))
    for number in (1, 2):
        citizen = by(CITIZEN, datetime.now(UTC))
        await life.act(cmd.TrackAccess, "citizen", document=number, by=citizen)
        await life.act(cmd.Release, "citizen", document=number, by=citizen)
    await life.act(cmd.Refuse, "refused", by=by(CITIZEN, datetime.now(UTC)))
    for name in ("withdrawn", "waiting"):
        await life.submit(name)
        await life.act(cmd.Forward, name)
    await life.act(cmd.Withdraw, "withdrawn", by=by(AGENCY, datetime.now(UTC)))
    await life.publication.round()
    await life.archive.turn()
    config = replace(AnchorConfig(), digest=TreeDigest.SHA_512)
    again = hash_tree_renewal(replace(life.world.config, anchor=config), life.archive)
    assert await again.turn() == 1
    await life.submit("new")


async def lived_world(dsn: str, folder: Path) -> World:
    """Make an installation that has lived, and leave it."""
    with SealerProgram(folder) as sealer:
        sealer.start()
        await migrate(dsn, datetime.now(UTC))
        world = World(dsn=dsn, folder=folder, trust=trust_of(sealer))
        async with living(world, sealer) as life:
            await live(life)
    return world


def trust_of(sealer: SealerProgram) -> TrustFile:
    return TrustFile(
        seal_roots=(sealer.seal_root,),
        tsa_roots=(sealer.tsa_root,),
        logs=(NoteVerifier.parse(sealer.keys.vkey),),
    )


def copied(world: World, dsn: str, folder: Path) -> World:
    """Ledger, vault and keys copied; the database is a copy already."""
    for part in ("state", "vault", "vault-keys", "log"):
        shutil.copytree(world.folder / part, folder / part)
    return replace(world, dsn=dsn, folder=folder)
