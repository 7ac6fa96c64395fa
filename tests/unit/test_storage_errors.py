"""What errors of the driver mean to the rest of the program."""

import asyncio

import asyncpg
import pytest

from storage.driver import domain_error, leaves_doubt, translated
from tdh.domain.errors import (
    CommitUnknown,
    Conflict,
    DataRefused,
    StorageUnavailable,
    TDHError,
)


def server_error(state: str, constraint: str | None = "some_check") -> asyncpg.PostgresError:
    error = asyncpg.PostgresError("the server's words")
    error.sqlstate = state
    error.constraint_name = constraint
    error.table_name = "letters"
    return error


@pytest.mark.parametrize(
    ("state", "meaning"),
    [
        ("22021", DataRefused),  # a byte that is no text
        ("22P05", DataRefused),
        ("23505", DataRefused),  # unique violation
        ("23514", DataRefused),  # check violation
        ("40001", Conflict),
        ("40P01", Conflict),
        ("08006", StorageUnavailable),
        ("25006", StorageUnavailable),  # read-only after a failover
        ("25P03", StorageUnavailable),  # idle in transaction for too long
        ("28P01", StorageUnavailable),
        ("53300", StorageUnavailable),  # too many connections
        ("53100", StorageUnavailable),  # disk full
        ("55P03", StorageUnavailable),  # lock not available
        ("57014", StorageUnavailable),  # statement timeout
        ("57P01", StorageUnavailable),
        ("58030", StorageUnavailable),
        ("XX001", StorageUnavailable),  # corrupted page
    ],
)
def test_states_of_the_server_have_their_meaning(state: str, meaning: type[TDHError]) -> None:
    assert type(domain_error(server_error(state))) is meaning


@pytest.mark.parametrize("state", ["42P01", "42601", "25P02", "0A000", "P0001"])
def test_defects_of_the_program_stay_what_they_are(state: str) -> None:
    error = server_error(state)
    assert domain_error(error) is None
    with pytest.raises(asyncpg.PostgresError) as raised, translated():
        raise error
    assert raised.value is error


def test_a_missing_partition_is_not_the_datas_fault() -> None:
    error = domain_error(server_error("23514", constraint=None))
    assert type(error) is StorageUnavailable
    assert "letters" in str(error)


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError(),
        ConnectionRefusedError(),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.InterfaceError("pool is closing"),
        asyncpg.InterfaceError("cannot call Connection.fetch(): released back to the pool"),
        asyncpg.InternalClientError("cannot switch to state 11"),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    ],
)
def test_a_lost_connection_is_unavailability_with_the_cause_kept(error: Exception) -> None:
    with pytest.raises(StorageUnavailable) as raised, translated():
        raise error
    assert raised.value.__cause__ is error


def test_wrong_use_of_the_driver_is_a_defect() -> None:
    wrong = asyncpg.InterfaceError("cannot perform operation: another operation is in progress")
    assert domain_error(wrong) is None


@pytest.mark.parametrize(
    "error", [StorageUnavailable("x"), CommitUnknown("x"), asyncio.CancelledError(), TimeoutError()]
)
def test_a_connection_is_ended_when_it_may_still_be_busy(error: BaseException) -> None:
    assert leaves_doubt(error)


@pytest.mark.parametrize("error", [DataRefused("x"), Conflict("x"), server_error("42P01")])
def test_a_connection_stays_when_the_server_has_answered(error: BaseException) -> None:
    assert not leaves_doubt(error)
