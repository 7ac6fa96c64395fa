"""An honest installation that lived for two days, and what its users kept: made once, then copied.

Real parts throughout: the whole service, a witness of another operator, an authority that is
`openssl ts`, and the commands by which sender, recipient and auditor keep what they hold. At the
end it is stopped; each cheat gets a copy of its database and folders to spoil.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import asyncpg
from aiohttp import web
from holders import Said, audit, audit_log, run, verify
from witness_program import WitnessProgram

from signing.certificates import pem
from signing.checkpoint import Checkpoint, split_note
from signing.trust_file import TrustFile
from tdh.config import Config, load
from tdh.local.ports import free_ports
from tests.installation import AGENCY, CITIZEN, Installation, installed
from tests.outside_authority import OutsideAuthority
from tests.stories import (
    new_key,
    signed_pdf,
    submit_with_patience,
    to,
    until_state,
)

FOLDERS = ("keys", "state", "vault", "vault-keys", "log", "pki")
WITNESS = "witness.example/neighbour"
SETTINGS = {"TDH_ANCHOR__SECONDS": "0.3"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An installation that does not run: its database, and the folder with everything else."""

    dsn: str
    folder: Path
    environment: dict[str, str]
    honest: Installation
    """Whose users and tokens these are."""

    @property
    def config(self) -> Config:
        return load(self.settings)

    @property
    def settings(self) -> dict[str, str]:
        """The settings of the honest one, for this database and this folder."""
        old = self.environment["TDH_VAULT__FOLDER"].removesuffix("/vault")
        moved = {
            name: text.replace(old, str(self.folder)) for name, text in self.environment.items()
        }
        return moved | {"TDH_DATABASE__DSN": self.dsn}

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def database(self) -> str:
        return urlsplit(self.dsn).path.removeprefix("/")

    async def sql(self, *statements: str) -> list[asyncpg.Record]:
        """Whatever one likes; the rows of the last statement."""
        async with self.connected() as connection:
            rows = []
            for one in statements:
                rows = await connection.fetch(one)
            return rows

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[asyncpg.Connection]:
        """The database, as its owner."""
        connection = await asyncpg.connect(self.dsn)
        try:
            yield connection
        finally:
            await connection.close()

    async def letter(self, delivery: str) -> str:
        """The letter of a delivery."""
        ((letter,),) = await self.sql(f"SELECT letter FROM deliveries WHERE id = '{delivery}'")
        return letter

    async def audit(self, world: "World") -> Said:
        """`tdh audit` as the operator's own auditor runs it."""
        return await audit(self.settings, world.trust)


@dataclass(kw_only=True)
class World:
    """What was, and who holds what of it."""

    folder: Path
    witness: WitnessProgram
    authority: OutsideAuthority
    yesterday: Place | None = None
    today: Place | None = None
    deliveries: dict[str, str] = field(default_factory=dict)
    anchored: bytes = b""
    """The newest head with the witness's line, as the log showed it to everybody."""

    @property
    def trust(self) -> Path:
        """Who believes the operator's keys and knows nobody else."""
        return self.folder / "trust.json"

    @property
    def outside(self) -> Path:
        """Who asks for the witness's line, too."""
        return self.folder / "outside.json"

    @property
    def authority_only(self) -> Path:
        """Who knows no witness, but the outside authority."""
        return self.folder / "authority.json"

    def kept(self, who: str, delivery: str) -> Path:
        """The folder of evidence that somebody saved of a delivery."""
        return self.folder / who / delivery

    def evidence(self, who: str, delivery: str, event: str) -> Path:
        (found,) = self.kept(who, delivery).glob(f"*-{event}.xml")
        return found

    def proof(self, delivery: str, event: str) -> Path:
        """The proof that the sender saved with it."""
        return self.evidence("sender", delivery, event).with_suffix(".tlog-proof")

    def head(self, day: str) -> Path:
        """What an auditor's `--state` had on this day."""
        return self.folder / f"head-{day}"


class Neighbour(WitnessProgram):
    """A copy of the witness with its key and its memory, and what its operator sees."""

    def __init__(self, world: World, folder: Path) -> None:
        """Start it."""
        shutil.copytree(world.folder / "witness-today", folder)
        self.key, self.state, self.logs = folder / "key", folder / "state", world.witness.logs
        self.process, self.url = None, ""
        self.size = size_of(world.anchored)
        self.start()

    async def health(self) -> dict:
        """What it says of the log."""
        async with aiohttp.ClientSession() as http, http.get(self.url + "/health") as answer:
            (told,) = (await answer.json())["logs"]
        return told


@asynccontextmanager
async def lived(
    new_database, postgres_server, rabbitmq_server, folder: Path
) -> AsyncIterator[World]:
    """Two days of an honest service; it is stopped when this yields, the witness is there."""
    outside = _one_at_a_time(OutsideAuthority(folder / "authority", "openssl", unit_days=700))
    async with (
        outside.serving(),
        installed(new_database, postgres_server, rabbitmq_server, extra=SETTINGS) as here,
    ):
        (folder / "witness").mkdir()
        known = TrustFile.parse(here.trust.read_bytes())
        logs = [log.vkey for log in known.logs]
        with WitnessProgram(folder / "witness", logs, name=WITNESS) as witness:
            witness.start()
            world = World(folder=folder, witness=witness, authority=outside)
            _write_trust(world, known, here)
            shutil.copy(world.outside, here.config.receipts.keys / "trust.json")
            anchors = _anchors(world)
            here.program_environment.update(anchors)
            here.environment.update(anchors)
            for name, value in anchors.items():
                here.supervisor.arm(name, value)
            await here.supervisor.restart("anchor")
            await _first_day(world, here)
            world.yesterday = await _stopped(world, here, new_database, "yesterday")
            await here.start()
            await _second_day(world, here)
            world.today = await _stopped(world, here, new_database, "today")
            shutil.copytree(folder / "witness", folder / "witness-today")
            yield world


def _one_at_a_time(authority: OutsideAuthority) -> OutsideAuthority:
    """Its program works in one folder: heads and archive ask it at the same moment."""
    alone = asyncio.Lock()

    async def behave(query: bytes) -> web.StreamResponse:
        async with alone:
            return await authority.honest(query)

    authority.behave = behave
    return authority


def _write_trust(world: World, known: TrustFile, here: Installation) -> None:
    world.trust.write_bytes(here.trust.read_bytes())
    roots = (world.authority.root.certificate,)
    witnesses = (world.witness.signers[0].verifier,)
    asks = replace(known, witnesses=witnesses, witness_threshold=1, outside_tsa_roots=roots)
    world.outside.write_bytes(asks.text())
    world.authority_only.write_bytes(replace(known, outside_tsa_roots=roots).text())


def _anchors(world: World) -> dict[str, str]:
    roots = world.folder / "authority-roots.pem"
    roots.write_bytes(pem(world.authority.root.certificate))
    return {
        "TDH_ANCHOR__WITNESSES": f"{world.witness.signers[0].vkey} {world.witness.url}",
        "TDH_ANCHOR__AUTHORITIES": f"openssl={world.authority.url}",
        "TDH_ANCHOR__AUTHORITY_ROOTS": str(roots),
    }


async def _first_day(world: World, here: Installation) -> None:
    await _send(world, here, "old", "consigned")
    await _keep(world, here, AGENCY, "sender", "old")
    said = await audit_log(here.url, world.outside, state=world.head("yesterday"))
    assert said.code == 0, said.text


async def _second_day(world: World, here: Installation) -> None:
    await _send(world, here, "lost", "consigned")
    await _send(world, here, "refused", "awaiting_acceptance", mode="consent")
    refused = f"/v1/inbox/{world.deliveries['refused']}/refuse"
    async with (
        here.client(CITIZEN) as client,
        client.post(refused, json={"note": "ไม่ใช่ของเรา"}) as answer,
    ):
        assert answer.status == 200, await answer.text()
    received = await run(
        "receive", "--to", str(world.folder / "received"), **as_client(here, CITIZEN)
    )
    assert received.code == 0, received.text
    await until_state(here, world.deliveries["lost"], "handed_over")
    for name in ("other", "last"):
        await _send(world, here, name, "consigned")
    for name in ("lost", "refused", "last"):
        await _keep(world, here, AGENCY, "sender", name)
    await _keep(world, here, CITIZEN, "recipient", "lost")
    said = await run(
        "receipt",
        world.deliveries["lost"],
        "-o",
        str(world.folder / "receipt.pdf"),
        **as_client(here, AGENCY),
    )
    assert said.code == 0, said.text
    shutil.copy(world.head("yesterday"), world.head("today"))
    said = await audit_log(here.url, world.outside, state=world.head("today"))
    assert said.code == 0, said.text
    world.anchored = await _anchored(here)


async def _anchored(here: Installation) -> bytes:
    """The newest head, once outsiders have vouched for it, with their lines."""
    async with asyncio.timeout(40), here.client(None) as client:
        while True:
            async with client.get("/log/checkpoint") as newest:
                plain = await newest.read()
            async with client.get("/log/checkpoint?anchored=1") as answer:
                note = await answer.read()
            if WITNESS.encode() in note and size_of(note) == size_of(plain):
                return note
            await asyncio.sleep(0.1)


def size_of(note: bytes) -> int:
    """How many entries a head has."""
    return Checkpoint.parse(split_note(note)[0]).size


async def _send(
    world: World, here: Installation, name: str, state: str, mode: str = "basic"
) -> None:
    status, body = await submit_with_patience(here, signed_pdf(here), new_key(), to(mode=mode))
    assert status == 201, body
    world.deliveries[name] = body["deliveries"][0]["id"]
    await until_state(here, world.deliveries[name], state)


async def _keep(world: World, here: Installation, party, who: str, name: str) -> None:
    """Save evidence until outsiders vouch for all of it."""
    folder = world.kept(who, name)
    folder.parent.mkdir(exist_ok=True)
    async with asyncio.timeout(40):
        while True:
            said = await run(
                "evidence", world.deliveries[name], "-o", str(folder), **as_client(here, party)
            )
            assert said.code == 0, said.text
            archived = all(one.with_suffix(".ers").exists() for one in folder.glob("*.xml"))
            stamped = archived and list(folder.glob("*-openssl.tsr"))
            if stamped and (await verify(world.outside, folder)).code == 0:
                return
            await asyncio.sleep(0.1)


def as_client(here: Installation, party) -> dict[str, str]:
    """What a user's program reads from its environment."""
    return {"TDH_SERVER": here.url, "TDH_TOKEN_FILE": str(here.token_file(party))}


async def _stopped(world: World, here: Installation, new_database, day: str) -> Place:
    await here.stop()
    place = Place(
        dsn=await new_database(urlsplit(here.dsn).path.removeprefix("/")),
        folder=world.folder / day,
        environment=here.environment,
        honest=here,
    )
    for name in FOLDERS:
        shutil.copytree(here.folder / name, place.folder / name)
    return place


@asynccontextmanager
async def copied(place: Place, new_database, postgres_server, folder: Path) -> AsyncIterator[Place]:
    """A copy to spoil; its database goes with it."""
    made = replace(place, dsn=await new_database(place.database), folder=folder)
    for name in FOLDERS:
        shutil.copytree(place.folder / name, folder / name)
    yield made
    owner = replace(made, dsn=postgres_server.dsn_of("postgres"))
    await owner.sql(f"DROP DATABASE {made.database} WITH (FORCE)")


@asynccontextmanager
async def serving(place: Place) -> AsyncIterator[Installation]:
    """The whole service on this place, as its users reach it."""
    port = free_ports(1)[0]
    settings = place.settings | {"TDH_API__PORT": str(port)}
    here = replace(
        place.honest,
        environment=settings,
        url=f"http://127.0.0.1:{port}",
        dsn=place.dsn,
        program_environment=place.honest.program_environment | settings,
    )
    try:
        await here.start()
        yield here
    finally:
        await here.stop()
