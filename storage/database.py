"""The way to PostgreSQL: pool, time limits, codecs, start-up checks, errors in the domain's words.

A connection belongs to one task at a time. Whoever leaves one in doubt (time-out, cancellation,
lost server) ends it: a connection that was abandoned in mid-query may still hold locks. The pool
heals by itself, because it connects again for each use that finds its connection gone.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from storage.driver import leaves_doubt, translated
from storage.errors import DatabaseUnfit

Session: TypeAlias = "PoolConnectionProxy[asyncpg.Record] | asyncpg.Connection[asyncpg.Record]"
Rows: TypeAlias = "Sequence[asyncpg.Record]"

OLDEST_VERSION = 150000
_DURABLE = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "remote_apply"),
    # After a failed fsync the kernel may forget the pages: only a crash and replay is safe then.
    "data_sync_retry": ("off",),
    "server_encoding": ("UTF8",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long anything may take; every limit ends in StorageUnavailable."""

    connections: int = 8
    """Most connections of this process at once."""
    wait_seconds: float = 5.0
    """For a free connection, and for a new one to be made."""
    statement_seconds: float = 10.0
    """For one statement, by the server's clock; the client gives up 2 s later."""
    lock_seconds: float = 5.0
    idle_in_transaction_seconds: float = 5.0
    """A stopped process must not hold locks longer than this."""


class Database:
    """A pool of connections; made by `open_database`."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", connecting: dict[str, Any]) -> None:
        self._pool = pool
        self._connecting = connecting
        self._wait = float(connecting["timeout"])

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """A connection of the pool for the block. Raises StorageUnavailable.

        Errors of the driver inside the block arrive as `translated` says.
        """
        with translated():
            connection = await self._pool.acquire(timeout=self._wait)
            try:
                yield connection
            except BaseException as error:
                if leaves_doubt(error):
                    with suppress(asyncpg.InterfaceError):  # it has ended by itself
                        connection.terminate()
                raise
            finally:
                await self._pool.release(connection, timeout=self._wait)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """A session inside a READ COMMITTED transaction, committed at the end of the block."""
        async with self.session() as session, session.transaction(isolation="read_committed"):
            yield session

    @asynccontextmanager
    async def own_session(self) -> AsyncIterator[Session]:
        """A new connection outside the pool, for the block. Raises StorageUnavailable."""
        with translated():
            connection = await asyncpg.connect(**self._connecting)
            try:
                await _prepare_connection(connection)
                yield connection
            finally:
                connection.terminate()

    async def fetch(self, statement: str, *values: object) -> Rows:
        """Run one statement by itself and give its rows."""
        async with self.session() as session:
            return await session.fetch(statement, *values)

    async def close(self) -> None:
        """End all connections; waits for those in use, but not for ever."""
        try:
            async with asyncio.timeout(self._wait):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()


async def open_database(
    dsn: str, *, application_name: str, limits: Limits | None = None, lookups_by_index: bool = True
) -> Database:
    """Connect, check the server, and give the pool.

    `lookups_by_index`: all of the service's statements look up by key. A plan is made once for a
    connection, perhaps while the tables are empty, and kept while they grow, so the planner is
    told to prefer indexes. Audits, which read everything, set it to False.

    Raises DatabaseUnfit, StorageUnavailable.
    """
    connecting = _connecting(dsn, application_name, limits or Limits(), lookups_by_index)
    with translated():
        pool = await asyncpg.create_pool(
            **connecting,
            min_size=0,
            max_size=(limits or Limits()).connections,
            max_queries=10_000_000,
            init=_prepare_connection,
            reset=_keep_settings,
        )
    database = Database(pool, connecting)
    try:
        await assert_fit(database)
    except BaseException:
        await database.close()
        raise
    return database


async def assert_fit(database: Database) -> None:
    """Raises DatabaseUnfit, naming everything that is wrong, if commits would not be durable."""
    async with database.session() as session:
        version = int(await session.fetchval("SHOW server_version_num"))
        shown = {name: await session.fetchval(f"SHOW {name}") for name in _DURABLE}
        standby = await session.fetchval("SELECT pg_is_in_recovery()")
    problems = [
        f"{name} is {shown[name]}, must be {' or '.join(allowed)}"
        for name, allowed in _DURABLE.items()
        if shown[name] not in allowed
    ]
    if version < OLDEST_VERSION:
        problems.append(f"version {version // 10000} is older than {OLDEST_VERSION // 10000}")
    if standby:
        problems.append("it is a standby")
    if problems:
        raise DatabaseUnfit(problems)


def _connecting(dsn: str, name: str, limits: Limits, lookups_by_index: bool) -> dict[str, Any]:  # noqa: FBT001 - passed on
    settings = {
        "application_name": name,
        "timezone": "UTC",
        "statement_timeout": _milliseconds(limits.statement_seconds),
        "lock_timeout": _milliseconds(limits.lock_seconds),
        "idle_in_transaction_session_timeout": _milliseconds(limits.idle_in_transaction_seconds),
        "tcp_keepalives_idle": "30",
        # The server looks after its client in mid-query, too: a dead one holds no locks for long.
        "client_connection_check_interval": "500ms",
        # Compiling a plan takes longer than any of our statements.
        "jit": "off",
    }
    if lookups_by_index:
        settings |= {
            "enable_seqscan": "off",
            "enable_hashjoin": "off",
            "enable_mergejoin": "off",
            # Planning over all months takes longer than a look-up, so it is done once for each
            # connection. What is planned is the same however large the tables are.
            "plan_cache_mode": "force_generic_plan",
        }
    return {
        "dsn": dsn,
        "timeout": limits.wait_seconds,
        "command_timeout": limits.statement_seconds + 2,
        "max_cached_statement_lifetime": 0,
        "server_settings": settings,
    }


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))


async def _prepare_connection(connection: Session) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")),
        decoder=json.loads,
    )


async def _keep_settings(_connection: Session) -> None:
    """What is done on return to the pool: nothing. The driver has rolled back by then.

    Sessions change no setting and hold no session lock, so resetting them would be a round trip
    for each use and no gain.
    """
