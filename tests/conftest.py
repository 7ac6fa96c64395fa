"""Fixtures that every test may use, and the rules of a test run.

Private servers start when the first test asks for them, so that unit tests never pay for them.
Tests below `tests/unit` cannot reach the network. Tests that read reference documents are
deselected, with one line, where there are none; with `CI` set their absence, and any skipped test,
fails the run.
"""

import itertools
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import asyncpg
import pytest

from tdh.local.postgres import PostgresServer
from tdh.local.rabbitmq import RabbitServer

ROOT = Path(__file__).resolve().parent.parent
UNIT = ROOT / "tests" / "unit"
REFERENCE = Path(os.environ.get("TDH_REFERENCE", ROOT.parent / "shared")).resolve()
IN_CI = bool(os.environ.get("CI"))

deselected_reference_tests = pytest.StashKey[int]()


# --- private servers -----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The session's PostgreSQL. A test that stops or kills it starts it again."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def rabbitmq_server() -> Iterator[RabbitServer]:
    """The session's RabbitMQ. A test that stops or kills it starts it again."""
    with RabbitServer() as server:
        yield server


DatabaseMaker = Callable[[str], Awaitable[str]]


@pytest.fixture(scope="session")
def new_database(postgres_server: PostgresServer) -> DatabaseMaker:
    """Makes databases, from the template whose name it is given; the answer is the DSN.

    Who makes a database drops it, or leaves it to the end of the server.
    """
    numbers = itertools.count(1)

    async def make(template: str) -> str:
        name = f"test_{next(numbers)}"
        await _as_owner(postgres_server, f"CREATE DATABASE {name} TEMPLATE {template}")
        return postgres_server.dsn_of(name)

    return make


@pytest.fixture
async def empty_database(
    postgres_server: PostgresServer, new_database: DatabaseMaker
) -> AsyncIterator[str]:
    """The DSN of a fresh, empty database that is dropped after the test."""
    dsn = await new_database("template0")
    yield dsn
    name = urlsplit(dsn).path.removeprefix("/")
    await _as_owner(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


async def _as_owner(server: PostgresServer, statement: str) -> None:
    connection = await asyncpg.connect(server.dsn_of("postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


# --- no network in unit tests --------------------------------------------------------------------


class NetworkInUnitTest(RuntimeError):
    """A unit test tried to reach the network."""


@pytest.fixture(autouse=True)
def _no_network_in_unit_tests(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if UNIT not in request.path.parents:
        return
    for method in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, method, _refusing_internet(method))


def _refusing_internet(method: str) -> Callable[..., Any]:
    allowed = getattr(socket.socket, method)

    def guarded(this: socket.socket, *arguments: Any) -> Any:
        if this.family in (socket.AF_INET, socket.AF_INET6):
            _refuse(method, arguments)
        return allowed(this, *arguments)

    return guarded


def _refuse(method: str, arguments: tuple[Any, ...]) -> NoReturn:
    raise NetworkInUnitTest(
        f"socket.{method}{arguments[-1:]}: tests/unit has no network; "
        "a test that needs one belongs to tests/integration"
    )


# --- reference documents -------------------------------------------------------------------------


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of reference documents; asking for it marks a test as `reference`."""
    return REFERENCE


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    needing = [item for item in items if _needs_reference(item)]
    if not needing or REFERENCE.is_dir():
        return
    if IN_CI:
        raise pytest.UsageError(
            f"{len(needing)} tests read the reference documents, and {REFERENCE} is not there; "
            "TDH_REFERENCE names their folder"
        )
    config.stash[deselected_reference_tests] = len(needing)
    config.hook.pytest_deselected(items=needing)
    items[:] = [item for item in items if item not in set(needing)]


def _needs_reference(item: pytest.Item) -> bool:
    return item.get_closest_marker("reference") is not None or "reference" in getattr(
        item, "fixturenames", ()
    )


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    missing = config.stash.get(deselected_reference_tests, 0)
    if not missing:
        return []
    return [f"{missing} tests deselected: no reference documents at {REFERENCE} (TDH_REFERENCE)"]


# --- in CI a skipped test is a failure -----------------------------------------------------------


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if IN_CI and exitstatus == pytest.ExitCode.OK and _skipped(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if IN_CI and (skipped := _skipped(config)):
        terminalreporter.write_line(
            f"FAILED: {skipped} tests were skipped, which CI does not allow", red=True
        )


def _skipped(config: pytest.Config) -> int:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return 0 if reporter is None else len(reporter.stats.get("skipped", ()))
