"""A whole TDH on private servers, as the acceptance and fault tests and the benchmark use it.

Every part is the real program in a process of its own; nothing here stands in for anything.
"""

import asyncio
import io
import json
import os
import shutil
import signal
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import aiormq
import asyncpg

from relay.amqp import names
from signing.sealer.ceremony import make_keys
from tdh import app, broker
from tdh.config import load
from tdh.domain.identifiers import PartyId, party_slug
from tdh.domain.parties import AssuranceLevel, Channel, Party
from tdh.local.folders import fresh_folder
from tdh.local.ports import free_ports
from tdh.registration import registry
from tdh.roles import Supervisor, parts_of
from tests.pki.make import Pki, make_pki

AGENCY = PartyId("th-agency:mdes")
OTHER_AGENCY = PartyId("th-agency:other")
COMPANY = PartyId("th-tax-id:0105536000315")
CITIZEN = PartyId("th-citizen-id:1100500000015")
ORIGIN = "test.tdh.example/log"

PARTIES = (
    Party(
        id=AGENCY,
        name_th="กระทรวงดิจิทัลตัวอย่าง",
        name_en="Example Digital Ministry",
        assurance=AssuranceLevel.HIGH,
        channel=Channel.API,
    ),
    Party(
        id=OTHER_AGENCY,
        name_th="กรมตัวอย่าง",
        name_en="Example Department",
        assurance=AssuranceLevel.HIGH,
        channel=Channel.API,
    ),
    Party(
        id=COMPANY,
        name_th="บริษัท ตัวอย่าง จำกัด",
        name_en="Example Co., Ltd.",
        assurance=AssuranceLevel.SUBSTANTIAL,
        channel=Channel.QUEUE,
    ),
    Party(
        id=CITIZEN,
        name_th="สมหญิง ใจดี",
        name_en="Somying Jaidee",
        assurance=AssuranceLevel.SUBSTANTIAL,
        channel=Channel.PERSON,
    ),
)


@dataclass
class Installation:
    """A running service and what its users need."""

    folder: Path
    environment: dict[str, str]
    pki: Pki
    url: str
    dsn: str
    program_environment: dict[str, str]
    supervisor: Supervisor = field(init=False)
    tokens: dict[PartyId, str] = field(default_factory=dict)
    amqp_urls: dict[PartyId, str] = field(default_factory=dict)

    @property
    def trust(self) -> Path:
        return self.folder / "trust.json"

    @property
    def config(self):
        return load(self.environment)

    def token_file(self, party: PartyId) -> Path:
        return self.folder / "tokens" / party_slug(party)

    @asynccontextmanager
    async def client(self, party: PartyId | None):
        """An HTTP session that speaks for a party, or for nobody."""
        headers = {} if party is None else {"Authorization": f"Bearer {self.tokens[party]}"}
        timeout = aiohttp.ClientTimeout(total=60)
        async with aiohttp.ClientSession(self.url, headers=headers, timeout=timeout) as session:
            yield session

    async def start(self) -> None:
        """Start every part; returns when the service is ready."""
        self.supervisor = Supervisor(
            parts_of(self.config),
            environment=self.program_environment,
            longest_rest_seconds=0.3,
        )
        await self.supervisor.start()
        await self.ready()

    async def stop(self) -> None:
        """Stop every part in good order; `start` starts them again on the same record."""
        await self.supervisor.stop()

    def kill(self, part: str) -> None:
        """End one part as `kill -9` does; its supervisor starts it again."""
        if (pid := self.supervisor.pid(part)) is not None:
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(pid, signal.SIGKILL)

    async def ready(self, within: float = 30.0) -> None:
        """Until the service says that it is ready."""
        async with asyncio.timeout(within), aiohttp.ClientSession(self.url) as session:
            while True:
                try:
                    async with session.get("/readyz") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.05)


def letter_form(pdf: bytes, recipients, **envelope) -> aiohttp.MultipartWriter:
    """A submission as the API takes it."""
    letter = {
        "number": "ดศ 0201/1234",
        "date": "2026-11-22",
        "subject": "แจ้งผลการพิจารณา",
        "salutation": "เรียน ผู้เกี่ยวข้อง",
        "references": [],
        "urgency": "normal",
        "secrecy": "none",
        "documents": [
            {
                "part": "main",
                "role": "main",
                "filename": "1234.pdf",
                "media_type": "application/pdf",
            }
        ],
        "recipients": recipients,
    } | envelope
    writer = aiohttp.MultipartWriter("form-data")
    part = writer.append(
        io.BytesIO(json.dumps(letter).encode()), {"Content-Type": "application/json"}
    )
    part.set_content_disposition("form-data", name="letter")
    part = writer.append(io.BytesIO(pdf), {"Content-Type": "application/pdf"})
    part.set_content_disposition("form-data", name="main", filename="1234.pdf")
    return writer


@asynccontextmanager
async def installation(dsn, rabbitmq, *, extra=None, api_processes=1):
    """Set up and run a whole TDH; stop it and remove its folder at the end."""
    folder = fresh_folder("installation")
    port = free_ports(1)[0]
    settings = {
        "TDH_DATABASE__DSN": dsn,
        "TDH_AMQP__URL": rabbitmq.amqp_work_url,
        "TDH_AMQP__MANAGEMENT_URL": rabbitmq.management_url,
        "TDH_AMQP__FORWARD_QUEUES": "2",
        "TDH_API__PORT": str(port),
        "TDH_API__PROCESSES": str(api_processes),
        "TDH_VAULT__FOLDER": str(folder / "vault"),
        "TDH_VAULT__KEYS": str(folder / "vault-keys"),
        "TDH_SEALER__SOCKET": str(folder / "sealer.sock"),
        "TDH_SEALER__KEYS": str(folder / "keys"),
        "TDH_SEALER__STATE": str(folder / "state"),
        "TDH_RECEIPTS__SOCKET": str(folder / "receipts.sock"),
        "TDH_RECEIPTS__KEYS": str(folder / "keys" / "receipts"),
        "TDH_RECEIPTS__PUBLIC_URL": f"http://127.0.0.1:{port}",
        "TDH_ISSUER__ORIGIN": ORIGIN,
        "TDH_JUDGE__TRUST": str(folder / "pki" / "trust"),
        "TDH_POLICY__ACCEPT_WITHIN_LEAST_SECONDS": "1",
        "TDH_POLICY__ACCEPTANCE_COMMIT_SECONDS": "1",
        "TDH_POLICY__EXPIRY_GRACE_SECONDS": "2",
        "TDH_LOG__ROUND_SECONDS": "0.1",
        "TDH_LOG__FOLDER": str(folder / "log"),
        "TDH_TELEMETRY__LEVEL": "warning",
    } | (extra or {})
    try:
        pki = make_pki(folder / "pki")
        settings["TDH_JUDGE__TRUST"] = str(pki.trust_folder)
        keys = make_keys(
            folder / "keys",
            origin=ORIGIN,
            organization="TDH under test",
            now=datetime.now(UTC),
        )
        (folder / "trust.json").write_bytes(keys.trust().text())
        config = load(settings)
        await app.migrate(config)
        clean = {k: v for k, v in os.environ.items() if not k.startswith("TDH_")}
        here = Installation(
            folder=folder,
            environment=settings,
            pki=pki,
            url=f"http://127.0.0.1:{port}",
            dsn=dsn,
            program_environment=clean | settings,
        )
        await _register(here, config)
        try:
            await here.start()
            yield here
        finally:
            await here.stop()
            await _empty_queues(config)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def installed(new_database, postgres_server, rabbitmq_server, **more):
    """An installation with a database of its own, which goes with it; for fixtures."""
    dsn = await new_database("template0")
    async with installation(dsn, rabbitmq_server, **more) as here:
        yield here
    connection = await asyncpg.connect(postgres_server.dsn_of("postgres"))
    await connection.execute(f"DROP DATABASE {urlsplit(dsn).path[1:]} WITH (FORCE)")
    await connection.close()


async def _empty_queues(config) -> None:
    """Leave nothing in the session's broker: the next test has a service of its own."""
    slugs = [party_slug(party.id) for party in PARTIES if party.channel is Channel.QUEUE]
    ours = [names.forward_queue(n) for n in range(config.amqp.forward_queues)]
    submit = [names.submit_queue(n) for n in range(config.amqp.submit_queues)]
    kinds = (names.mailbox_queue, names.reply_queue, names.events_queue, names.dead_queue)
    theirs = [kind(slug) for slug in slugs for kind in kinds]
    for url, queues in (
        (broker.work_url(config), [*ours, names.DEAD_WORK]),
        (broker.partner_url(config), [*submit, *theirs, names.DEAD_WORK]),
    ):
        connection = await aiormq.connect(url)
        channel = await connection.channel()
        for queue in queues:
            await channel.queue_purge(queue)
        await connection.close()


async def _register(here: Installation, config) -> None:
    (here.folder / "tokens").mkdir()
    async with registry(config) as registered:
        for party in PARTIES:
            address = await registered.register(party)
            token = await registered.new_token(party.id, datetime.now(UTC))
            here.tokens[party.id] = token.text
            here.token_file(party.id).write_text(token.text)
            here.token_file(party.id).chmod(0o600)
            if address is not None:
                here.amqp_urls[party.id] = address
