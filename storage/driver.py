"""What errors of the driver mean to us: the one place that knows asyncpg's classes and SQLSTATEs.

Refused data, a conflict, unavailability: the rest of the program knows these three. Anything else
is a defect and stays what it is.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from tdh.domain.errors import CommitUnknown, Conflict, DataRefused, StorageUnavailable, TDHError

DRIVER_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)
"""All that comes of the driver; time-outs are OSErrors."""
_ENDED = re.compile("clos|released back")
"""The driver has one class for "connection is closed" and for wrong use; its words tell."""
_UNAVAILABLE_CLASSES = ("08", "28", "53", "55", "57", "58", "XX")
"""Connection, authorisation, resources, object in use (locks), intervention, system, internal."""
_UNAVAILABLE_STATES = ("25006", "25P03")
"""Read-only after a failover; ended because it stood idle in a transaction."""


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors into DataRefused, Conflict, StorageUnavailable; leave defects."""
    try:
        yield
    except DRIVER_ERRORS as error:
        ours = domain_error(error)
        if ours is None:
            raise
        raise ours from error


def domain_error(error: BaseException) -> TDHError | None:
    """What an error of the driver means to us; None for a defect of the program."""
    match error:
        case asyncpg.PostgresError():
            return _of_server(error)
        case asyncpg.InterfaceError() if isinstance(error, ValueError):
            return DataRefused("a value does not fit its column")
        case asyncpg.InterfaceError() if _ENDED.search(str(error)):
            return StorageUnavailable("the connection to the database has ended")
        case asyncpg.InternalClientError():  # the server's last words came between two statements
            return StorageUnavailable("the connection to the database is out of step")
        case OSError():  # time-outs are OSErrors, too
            return StorageUnavailable("the database does not answer")
        case _:
            return None


def _of_server(error: asyncpg.PostgresError) -> TDHError | None:
    state = error.sqlstate or ""
    if state == "23514" and error.constraint_name is None:
        # Not the data's fault: the month's partition is not there (storage/partitions.py).
        return StorageUnavailable(f"{error.table_name} has no partition for this letter's month")
    if state[:2] in ("22", "23"):
        return DataRefused(f"the database refuses the data ({state} {error.constraint_name or ''})")
    if state in ("40001", "40P01"):
        return Conflict(f"another transaction was in the way ({state})")
    if state[:2] in _UNAVAILABLE_CLASSES or state in _UNAVAILABLE_STATES:
        return StorageUnavailable(f"the database cannot answer now ({state})")
    return None


def leaves_doubt(error: BaseException) -> bool:
    """Whether the connection may still be busy: anything but a plain answer of the server."""
    if isinstance(error, (StorageUnavailable, CommitUnknown)):
        return True
    return not isinstance(error, (asyncpg.PostgresError, asyncpg.InterfaceError, TDHError))
