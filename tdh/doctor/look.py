"""One look at everything that the settings name. A part that fails hinders no other part."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime

from signing.seal_check import Outcome
from signing.sealer.messages import Identity
from signing.verify.report import Text
from storage.database import Database, open_database
from storage.service_keys import PostgresServiceKeys
from tdh.config import Config
from tdh.doctor import programs, proofs, rooms
from tdh.doctor.finding import Diagnosis, Finding, Part, unsure
from tdh.domain.errors import TDHError
from tdh.domain.service_keys import ServiceKey
from tdh.service_keys import keys_of, receipt_keys


async def diagnose(config: Config, now: Callable[[], datetime]) -> Diagnosis:
    """Look. Raises ConfigError for settings that no part could use."""
    found = [programs.settings(config), *await programs.outsiders(config)]
    async with _opened(config) as database:
        found.append(await programs.database(database))
        found.append(await programs.message_broker(config))
        answer, identity = await programs.sealer(config, now())
        whole = None if isinstance(database, TDHError) else database
        found += [answer, *await _receipts(config, whole, now()), await programs.clock(config)]
        found += await _of_database(config, whole, identity, now())
        found += rooms.disks(config)
        found += await _asked(Part.TRUST, rooms.trust(config, whole, now()))
    return Diagnosis(findings=tuple(found))


async def _receipts(config: Config, database: Database | None, now: datetime) -> list[Finding]:
    """Whether the maker listens; one whose key was given up is not asked, so that is not well."""
    answer = await programs.receipts(config)
    given_up: Finding | None = None
    if database is not None:
        with suppress(TDHError):  # the line of the keys says so
            recorded = await PostgresServiceKeys(database).all()
            given_up = proofs.receipt_key(receipt_keys(config.receipts.keys), recorded, now)
    if given_up is None:
        return [answer]
    return [given_up] if answer.outcome is Outcome.PASS else [given_up, answer]


async def _of_database(
    config: Config, database: Database | None, identity: Identity | None, now: datetime
) -> list[Finding]:
    parts = (Part.KEYS, Part.LOG, Part.ANCHORS, Part.ARCHIVE, Part.OUTBOX)
    if database is None:
        return [_untold(part, "ไม่มีฐานข้อมูล", "without the database") for part in parts]
    found: list[Finding] = []
    try:
        recorded = await PostgresServiceKeys(database).all()
        found += proofs.keys(_in_use(config, identity), recorded, now)
    except TDHError as error:
        found.append(_untold(Part.KEYS, str(error), str(error)))
    found += await _asked(Part.LOG, proofs.log(database, now))
    found += await _asked(Part.ANCHORS, proofs.anchors(config, database, now))
    found += await _asked(Part.ARCHIVE, proofs.archive(database, now))
    found += await _asked(Part.OUTBOX, rooms.outbox(database, now))
    return found


def _in_use(config: Config, identity: Identity | None) -> tuple[ServiceKey, ...]:
    own = () if identity is None else keys_of(identity)
    return (*own, *receipt_keys(config.receipts.keys))


async def _asked(part: Part, question: Awaitable[Finding]) -> list[Finding]:
    try:
        return [await question]
    except TDHError as error:
        return [_untold(part, str(error), str(error))]


def _untold(part: Part, th: str, en: str) -> Finding:
    return unsure(part, Text(th=f"บอกไม่ได้: {th}", en=f"cannot be told: {en}"))


@asynccontextmanager
async def _opened(config: Config) -> AsyncIterator[Database | TDHError]:
    try:
        database = await open_database(config.database.dsn, application_name="tdh-doctor")
    except TDHError as error:
        yield error
        return
    try:
        yield database
    finally:
        await database.close()
