"""What every role is built on; and what it gives to its runner: loops, and things to close."""

import os
from collections.abc import Awaitable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from storage.database import Database, open_database
from storage.database import Limits as DatabaseLimits
from storage.journal import PostgresJournal
from storage.service_keys import PostgresServiceKeys
from tdh.config import Config
from tdh.delivery.commit import GroupCommit
from tdh.domain.policies import Policy
from tdh.ports import CrashPoint
from tdh.service_keys import ServiceKeys, WatchedReceipts, WatchedSealer, receipt_keys
from tdh.system import CheckedClock, RandomIds, crash_point_of

Loops = Sequence[Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """What is to be closed at a role's end, and in which order."""

    intake: AsyncExitStack
    """First, while the loops still run: what takes work in finishes what it has begun."""
    rest: AsyncExitStack
    """Last, after the loops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """Database, clock, ids, policy, sealer, and the group commit over them."""

    database: Database
    clock: CheckedClock
    ids: RandomIds
    policy: Policy
    crash: CrashPoint
    sealer: WatchedSealer
    commit: GroupCommit


async def open_core(config: Config, name: str, closing: AsyncExitStack) -> Core:
    database = await open_database(
        config.database.dsn,
        application_name=f"tdh-{name}",
        limits=DatabaseLimits(connections=config.database.connections),
    )
    closing.push_async_callback(database.close)
    clock, policy = CheckedClock(), config.policy.policy()
    crash = crash_point_of(os.environ.get("TDH_CRASH_POINT"), name)
    sealer = watched_sealer(config, database, clock)
    closing.push_async_callback(sealer.close)
    commit = GroupCommit(
        journal=PostgresJournal(database), sealer=sealer, clock=clock, policy=policy, crash=crash
    )
    return Core(
        database=database,
        clock=clock,
        ids=RandomIds(),
        policy=policy,
        crash=crash,
        sealer=sealer,
        commit=commit,
    )


def watched_sealer(config: Config, database: Database, clock: CheckedClock) -> WatchedSealer:
    """A connection to the sealer of its own; nothing is said on it yet."""
    return WatchedSealer(
        config.sealer.socket,
        config.sealer.timeout_seconds,
        ServiceKeys(PostgresServiceKeys(database), clock),
        partial(receipt_keys, config.receipts.keys),
    )


def watched_receipts(config: Config, database: Database, clock: CheckedClock) -> WatchedReceipts:
    """A connection to the receipt maker; who opens it closes it."""
    keys = ServiceKeys(PostgresServiceKeys(database), clock)
    return WatchedReceipts(config.receipts.socket, config.receipts.timeout_seconds, keys)
