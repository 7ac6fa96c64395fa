"""A transaction that its owner must commit by name: leaving the block without it undoes all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from storage.database import Database, Rows, Session
from storage.driver import DRIVER_ERRORS, domain_error, leaves_doubt, translated
from tdh.domain.errors import CommitUnknown, Conflict, DataRefused

ROLLBACK_SECONDS = 2.0


class OpenTransaction:
    """A READ COMMITTED transaction on one connection. For one task at a time."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.is_over = False

    async def fetch(self, statement: str, *values: object) -> Rows:
        """Run a statement. Raises DataRefused, Conflict, StorageUnavailable."""
        with translated():
            return await self._session.fetch(statement, *values)

    async def commit(self) -> None:
        """Make it durable. Raises CommitUnknown when the connection ended before the answer.

        DataRefused and Conflict are the server's own word that nothing was committed. A cancelled
        caller waits for the answer all the same: COMMIT is never left half sent.
        """
        answer = asyncio.ensure_future(self._session.execute("COMMIT"))
        try:
            tag = await asyncio.shield(answer)
        except asyncio.CancelledError:
            await asyncio.wait((answer,))
            raise
        except DRIVER_ERRORS as error:
            ours = domain_error(error)
            if isinstance(ours, (DataRefused, Conflict)):
                raise ours from error
            raise CommitUnknown("the connection ended before COMMIT was answered") from error
        finally:
            self.is_over = True
        if tag != "COMMIT":  # the server's answer to COMMIT in a failed transaction is ROLLBACK
            raise Conflict("the transaction had failed before it was to be committed")


@asynccontextmanager
async def open_transaction(database: Database) -> AsyncIterator[OpenTransaction]:
    """Begin; undo at the end of the block unless it was committed. Raises StorageUnavailable."""
    async with database.session() as session:
        await session.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
        transaction = OpenTransaction(session)
        try:
            yield transaction
        except BaseException as error:
            # A connection in doubt is ended by `session`, and the server undoes what is open.
            if not (transaction.is_over or leaves_doubt(error)):
                await _undo(session)
            raise
        if not transaction.is_over:
            await _undo(session)


async def _undo(session: Session) -> None:
    """Roll back. Raises StorageUnavailable: `session` then ends the connection, which undoes."""
    with translated():
        await session.execute("ROLLBACK", timeout=ROLLBACK_SECONDS)
