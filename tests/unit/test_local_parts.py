"""The parts of the launchers that need no server: formats, choices, refusals."""

import threading
from pathlib import Path

import pytest

from tdh.local import postgres, rabbitmq
from tdh.local.errors import MissingServer, NotTheMainThread
from tdh.local.ports import FIRST, LAST, free_ports
from tdh.local.postgres import PostgresServer, startup_message
from tdh.local.processes import Account, Surroundings, spawn
from tdh.local.rabbitmq import RabbitServer, boot_definitions, password_hash


def test_a_password_is_hashed_as_the_documentation_of_rabbitmq_shows() -> None:
    # RabbitMQ, "Credentials and Passwords": this salt and password give this hash.
    salt = bytes.fromhex("908DC60A")
    assert password_hash("test12", salt=salt) == "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"


def test_the_boot_definitions_have_two_hosts_and_one_user_and_no_clear_password() -> None:
    definitions = boot_definitions("clear password", salt=b"salt")
    assert definitions["vhosts"] == [{"name": "tdh-work"}, {"name": "tdh"}]
    assert [user["name"] for user in definitions["users"]] == ["tdh"]
    assert "clear password" not in str(definitions)


def test_the_startup_message_says_its_own_length() -> None:
    message = startup_message()
    assert int.from_bytes(message[:4], "big") == len(message)
    assert message[4:] == b"\x00\x03\x00\x00user\x00tdh\x00database\x00tdh\x00\x00"


def test_free_ports_differ_and_lie_below_those_of_outgoing_connections() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert all(FIRST <= port <= LAST < 32_768 for port in ports)


def test_a_missing_broker_names_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rabbitmq, "DEBIAN_SERVER", Path("/nowhere/rabbitmq-server"))
    with pytest.raises(MissingServer, match="apt-get install rabbitmq-server") as caught:
        RabbitServer().start()
    assert caught.value.package == "rabbitmq-server"


def test_a_missing_database_server_names_its_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(postgres, "DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingServer, match="apt-get install postgresql") as caught:
        PostgresServer().start()
    assert caught.value.package == "postgresql"


def test_the_newest_installed_postgresql_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for version in ("9.6", "15", "17"):
        programs = tmp_path / version / "bin"
        programs.mkdir(parents=True)
        (programs / "initdb").touch()
        (programs / "postgres").touch()
    monkeypatch.setattr(postgres, "DEBIAN", tmp_path)
    assert postgres.find_postgres() == tmp_path / "17" / "bin"


def test_a_server_is_refused_to_a_thread_that_may_end_before_the_program(tmp_path: Path) -> None:
    surroundings = Surroundings(
        account=Account(user=None, group=None),
        folder=tmp_path,
        environment={},
        log=tmp_path / "log",
    )
    refused = []

    def start() -> None:
        try:
            spawn(["/bin/true"], surroundings)
        except NotTheMainThread as error:
            refused.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert len(refused) == 1
