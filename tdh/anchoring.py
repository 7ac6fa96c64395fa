"""Joins the steps of anchoring and archiving with outsiders, the sealer's unit and the database."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

from relay.authorities import Authority, AuthorityPool
from relay.witnesses import WitnessClient
from signing import outside_token
from signing.archive.maths import ArchiveMaths
from signing.archive.roots import read_roots
from signing.cosignature import CosignatureVerifier, cosigned_line
from signing.errors import ProofError
from signing.log_tree import LogTree
from signing.timestamp_messages import TimestampRequest
from storage.anchors import PostgresAnchors
from storage.archive import PostgresArchive
from storage.database import Database
from storage.log import PostgresLogStore
from tdh.config import Config, ConfigError
from tdh.delivery.anchoring import Anchoring, Rests
from tdh.delivery.archive import ArchiveKeeping
from tdh.delivery.archive_anew import HashTreeRenewal
from tdh.delivery.archive_records import Records
from tdh.delivery.proving import Proving
from tdh.ports import Clock, CrashPoint


class Unit(Protocol):
    """The sealer's timestamping unit."""

    async def stamp(self, request: TimestampRequest, clock: datetime) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnUnit:
    """Our own unit, asked for a timestamp over a digest."""

    unit: Unit
    clock: Clock

    async def stamp(self, digest: bytes) -> bytes:
        """A TimeStampToken (DER). Raises TDHError."""
        return await self.unit.stamp(TimestampRequest.over(digest), self.clock.now())


@dataclass(frozen=True, slots=True, kw_only=True)
class Outsiders:
    """Who vouches for us, as the settings name them."""

    witnesses: tuple[WitnessClient, ...]
    authorities: AuthorityPool | None
    maths: ArchiveMaths


def outsiders(config: Config, clock: Clock, closing: AsyncExitStack) -> Outsiders:
    """The outsiders of the settings; nobody is asked yet. Raises ConfigError."""
    seconds = config.anchor.answer_seconds
    witnesses = tuple(_witness(text, seconds) for text in config.anchor.witnesses)
    if len({one.name for one in witnesses}) != len(witnesses):
        raise ConfigError("anchor.witnesses", "each witness has a name of its own")
    if not config.anchor.authorities:
        return Outsiders(witnesses=witnesses, authorities=None, maths=ArchiveMaths())
    try:
        asked = tuple(Authority.read(text) for text in config.anchor.authorities)
        roots = read_roots(_pem_files(config.anchor.authority_roots))
    except (ValueError, OSError, ProofError) as error:
        raise ConfigError("anchor.authorities", str(error)) from error
    pool = AuthorityPool(
        asked,
        question=outside_token.question,
        check=partial(outside_token.check_reply, roots=roots),
        now=clock.now,
        answer_seconds=seconds,
    )
    closing.push_async_callback(pool.close)
    return Outsiders(witnesses=witnesses, authorities=pool, maths=ArchiveMaths(roots))


def proving(database: Database) -> Proving:
    """What is handed out of proofs."""
    store, archive = PostgresLogStore(database), PostgresArchive(database)
    return Proving(
        store=store,
        maths=LogTree(),
        anchors=PostgresAnchors(database),
        archive=archive,
        records=Records(log=store, store=archive, maths=ArchiveMaths()),
    )


def anchoring(config: Config, database: Database, found: Outsiders, crash: CrashPoint) -> Anchoring:
    """Takes heads to these outsiders."""
    return Anchoring(
        log=PostgresLogStore(database),
        maths=LogTree(),
        anchors=PostgresAnchors(database),
        witnesses=found.witnesses,
        authorities=found.authorities,
        rests=Rests(timedelta(seconds=config.anchor.seconds)),
        crash=crash,
    )


def archive_keeping(  # noqa: PLR0913 - its parts, by name
    config: Config,
    database: Database,
    found: Outsiders,
    *,
    unit: Unit,
    clock: Clock,
    crash: CrashPoint,
) -> ArchiveKeeping:
    """Builds rounds of the archive, has them stamped and renewed."""
    return ArchiveKeeping(
        log=PostgresLogStore(database),
        store=PostgresArchive(database),
        maths=found.maths,
        outside=found.authorities,
        own=OwnUnit(unit=unit, clock=clock),
        clock=clock,
        crash=crash,
        renew_before=timedelta(days=config.anchor.renew_before_days),
    )


def hash_tree_renewal(config: Config, keeping: ArchiveKeeping) -> HashTreeRenewal:
    """Has rounds hashed anew, by the digest of the settings."""
    records = Records(log=keeping.log, store=keeping.store, maths=keeping.maths)
    return HashTreeRenewal(keeping=keeping, records=records, digest=config.anchor.digest)


def _witness(text: str, seconds: float) -> WitnessClient:
    vkey, _, url = text.partition(" ")
    try:
        verifier = CosignatureVerifier.parse(vkey)
    except ProofError as error:
        raise ConfigError("anchor.witnesses", f"`<vkey> <URL>` each: {error}") from error
    if not url.startswith(("http://", "https://")):
        raise ConfigError("anchor.witnesses", f"no address of {verifier.name}")

    def verify(note: bytes, answer: bytes) -> tuple[bytes, datetime]:
        return cosigned_line(note, answer, verifier)

    return WitnessClient(url, verifier.name, verify=verify, timeout=seconds)


def _pem_files(path: Path) -> Mapping[str, bytes]:
    """By name: a file, or every PEM file of a folder. Raises OSError."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    wanted = [one for one in files if one == path or one.suffix in (".pem", ".crt", ".cer")]
    return {one.name: one.read_bytes() for one in wanted}
