"""Sets the stage: database, queues, keys, parties, and the service itself as processes.

Everything secret lies in a data folder that goes with the private servers; what others read lies
in TDH_HOME. The service is started as an operator starts it, by settings in its environment.
"""

import asyncio
import contextlib
import json
import os
import secrets
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import aiohttp

from signing.cosignature import CosignatureVerifier
from signing.sealer.ceremony import make_keys
from tdh import app
from tdh.config import Config
from tdh.demo.cast import AGENCY, EVERYBODY, token_name
from tdh.demo.failures import NotAsTold
from tdh.demo.home import PRIVATE, Home
from tdh.domain.identifiers import PartyId, party_slug
from tdh.domain.signers import MarkKind, SignerMark
from tdh.local.folders import PARENT, fresh_folder, remove_folder
from tdh.local.ports import LOOPBACK, free_ports
from tdh.local.servers import LocalServers
from tdh.registration import registry
from tdh.roles import Supervisor, parts_of

READY_SECONDS = 60.0
LOG_NAME = "service.log"
TRUST_FILE, SEAL_ROOT = "trust.json", "seal-root.pem"
OPERATOR_SETTINGS = "operator.env"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How one party reaches the service."""

    token: str
    amqp_url: str | None


@contextlib.contextmanager
def data_folder(*, keep: bool) -> Iterator[Path]:
    """A folder for keys, ledger and vault; removed at the end, unless it is to be kept."""
    if keep:
        # Another name than that of private servers' folders, which are swept when we are gone.
        folder = Path(tempfile.mkdtemp(prefix="tdh-demo-", dir=PARENT))
        yield folder
        return
    folder = fresh_folder("demo")
    try:
        yield folder
    finally:
        remove_folder(folder)


def service_environment(servers: LocalServers, *, data: Path, home: Home) -> dict[str, str]:
    """All variables of the service's environment; of ours, none that it would read as a setting."""
    broker = urlsplit(servers.amqp_work_url)._replace(path="").geturl()
    ours = {name: value for name, value in os.environ.items() if not name.startswith("TDH_")}
    port = free_ports(1)[0]
    return ours | {
        "TDH_DATABASE__DSN": servers.dsn,
        "TDH_AMQP__URL": broker,
        "TDH_AMQP__MANAGEMENT_URL": servers.management_url,
        "TDH_API__HOST": LOOPBACK,
        "TDH_API__PORT": str(port),
        "TDH_API__PROCESSES": "1",
        "TDH_VAULT__FOLDER": str(data / "vault"),
        "TDH_VAULT__KEYS": str(data / "vault-keys"),
        "TDH_SEALER__SOCKET": str(data / "sealer.sock"),
        "TDH_SEALER__KEYS": str(data / "sealer" / "keys"),
        "TDH_SEALER__STATE": str(data / "sealer" / "state"),
        "TDH_LOG__FOLDER": str(data / "log"),
        "TDH_RECEIPTS__SOCKET": str(data / "receipts.sock"),
        "TDH_RECEIPTS__KEYS": str(data / "receipts" / "keys"),
        "TDH_RECEIPTS__PUBLIC_URL": f"http://{LOOPBACK}:{port}",
        "TDH_ISSUER__ORIGIN": f"demo.tdh.example/{secrets.token_hex(8)}",
        "TDH_ISSUER__NAME_TH": "ผู้ให้บริการ TDH สาธิต",
        "TDH_ISSUER__NAME_EN": "TDH demo operator",
        "TDH_JUDGE__TRUST": str(home.path("trust")),
        # A letter that expires while one watches: terms of seconds instead of days.
        "TDH_POLICY__ACCEPT_WITHIN_LEAST_SECONDS": "1",
        "TDH_POLICY__ACCEPTANCE_COMMIT_SECONDS": "1",
        "TDH_POLICY__EXPIRY_GRACE_SECONDS": "2",
    }


def make_sealer_keys(
    config: Config, home: Home, *, now: datetime, witnesses: Sequence[str]
) -> tuple[str, ...]:
    """Make the operator's keys, and write what others trust: `trust.json`, the seal's root.

    `witnesses` are the neighbour's keys; gives those of the log, which it watches.
    """
    keys = make_keys(
        config.sealer.keys,
        origin=config.issuer.origin,
        organization=config.issuer.name_en,
        now=now,
        receipts=config.receipts.keys,
    )
    trust = replace(keys.trust(), witnesses=tuple(map(CosignatureVerifier.parse, witnesses)))
    home.write(TRUST_FILE, trust.text())
    (keys.receipts / TRUST_FILE).write_bytes(trust.text())  # receipts name the same outsiders
    home.write(SEAL_ROOT, keys.seal_root)
    return tuple(log.vkey for log in trust.logs)


async def prepare_database(config: Config) -> None:
    """Bring database and queues to this version."""
    await app.migrate(config)


async def register_everybody(
    config: Config, home: Home, *, now: datetime
) -> Mapping[PartyId, Access]:
    """Register the cast; each gets a token, and the one with a queue its AMQP address."""
    known: dict[PartyId, Access] = {}
    async with registry(config) as parties:
        for party in EVERYBODY:
            address = await parties.register(party)
            token = await parties.new_token(party.id, now)
            home.write(token_name(party), token.text + "\n", mode=PRIVATE)
            if address is not None:
                home.write(f"amqp/{party_slug(party.id)}", address + "\n", mode=PRIVATE)
            known[party.id] = Access(token=token.text, amqp_url=address)
        # No number of an agency stands in certificates: it is known by the name that they have.
        name = SignerMark(kind=MarkKind.ORGANIZATION, value=AGENCY.name_en)
        await parties.add_signer_mark(AGENCY.id, name, now)
    return known


def write_ports(config: Config, servers: LocalServers, home: Home) -> None:
    """Tell other programs where everything listens."""
    ports = {
        "api": config.api.port,
        "amqp": urlsplit(servers.amqp_work_url).port,
        "database": urlsplit(servers.dsn).port,
    }
    home.write("ports.json", json.dumps(ports) + "\n")


def write_settings(environment: Mapping[str, str], home: Home) -> None:
    """Let the operator's commands find this installation, by `. operator.env` in a shell."""
    settings = sorted(one for one in environment.items() if one[0].startswith("TDH_"))
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in settings]
    home.write(OPERATOR_SETTINGS, "".join(lines), mode=PRIVATE)


@contextlib.asynccontextmanager
async def running_service(
    config: Config, environment: Mapping[str, str], log: BinaryIO
) -> AsyncIterator[Supervisor]:
    """Start every process of the service; stop them at the end. What they say goes to `log`."""
    supervisor = Supervisor(parts_of(config), environment=environment, output=log)
    try:
        await supervisor.start()
        yield supervisor
    finally:
        await supervisor.stop()


async def publish_trust(environment: Mapping[str, str], home: Home) -> None:
    """Enter the trust file into the log, as an operator does. Raises NotAsTold."""
    program = str(Path(sys.executable).with_name("tdh"))
    words = [program, "admin", "trust-file", "publish", str(home.path(TRUST_FILE))]
    process = await asyncio.create_subprocess_exec(
        *words,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    if process.returncode:
        raise NotAsTold(f"the trust file was not published: {out.decode(errors='replace')}")


async def until_ready(server: str) -> None:
    """Wait until the service takes letters. Raises NotAsTold."""
    limit = time.monotonic() + READY_SECONDS
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        while time.monotonic() < limit:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with session.get(f"{server}/readyz") as answer:
                    if answer.ok:
                        return
            await asyncio.sleep(0.1)
    raise NotAsTold(f"the service was not ready within {READY_SECONDS:.0f} s")


def find_program(name: str, package: str) -> str:
    """Where a program of the machine is. Raises NotAsTold, naming the Debian package."""
    found = shutil.which(name)
    if found is None:
        raise NotAsTold(f"{name} is not on this machine: apt-get install {package}")
    return found
