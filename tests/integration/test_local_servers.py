"""Private servers keep their promises: data over a kill, the same ports, no life after us."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import aiormq
import asyncpg
import pytest

from tdh.local import folders
from tdh.local.folders import fresh_folder, servers_of, sweep
from tdh.local.ports import free_ports, is_free
from tdh.local.postgres import PostgresServer
from tdh.local.processes import wait_until_gone
from tdh.local.rabbitmq import RabbitServer

PARENT_PROGRAM = """
import json, time
from tdh.local.servers import local_servers
with local_servers() as servers:
    print(json.dumps({
        "folders": [str(servers.postgres.folder), str(servers.rabbitmq.folder)],
        "ports": [servers.postgres.port, servers.rabbitmq.port],
        "processes": [*servers.postgres.processes, *servers.rabbitmq.processes],
    }), flush=True)
    time.sleep(600)
"""


async def test_postgresql_is_durable_and_reached_by_tcp_only(
    postgres_server: PostgresServer,
) -> None:
    connection = await asyncpg.connect(postgres_server.dsn)
    shown = {
        name: await connection.fetchval(f"SHOW {name}")
        for name in ("fsync", "synchronous_commit", "data_checksums", "unix_socket_directories")
    }
    address = await connection.fetchval("SELECT host(inet_server_addr())")
    await connection.close()
    assert shown == {
        "fsync": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "unix_socket_directories": "",
    }
    assert address == "127.0.0.1"


def test_no_server_runs_as_root(
    postgres_server: PostgresServer, rabbitmq_server: RabbitServer
) -> None:
    users = set()
    for process in (*postgres_server.processes, *rabbitmq_server.processes):
        with contextlib.suppress(FileNotFoundError):  # a short-lived child that has ended since
            users.add(Path(f"/proc/{process}").stat().st_uid)
    assert users
    assert 0 not in users


async def test_postgresql_refuses_a_wrong_password(postgres_server: PostgresServer) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres_server.dsn, password="guessed")


async def test_a_committed_row_survives_a_kill_and_the_port_stays(
    postgres_server: PostgresServer, empty_database: str
) -> None:
    connection = await asyncpg.connect(empty_database)
    await connection.execute("CREATE TABLE letters (number text)")
    await connection.execute("INSERT INTO letters VALUES ('ดศ 0201/1234')")
    port, before = postgres_server.port, postgres_server.processes

    postgres_server.kill()
    assert is_free(port)
    assert postgres_server.processes == ()
    connection.terminate()
    postgres_server.start()

    assert postgres_server.port == port
    assert not set(before) & set(postgres_server.processes)
    connection = await asyncpg.connect(empty_database)
    assert await connection.fetchval("SELECT number FROM letters") == "ดศ 0201/1234"
    await connection.close()


async def test_a_paused_postgresql_answers_nobody_until_it_is_resumed(
    postgres_server: PostgresServer,
) -> None:
    postgres_server.pause()
    try:
        with pytest.raises(TimeoutError):
            await asyncpg.connect(postgres_server.dsn, timeout=0.3)
    finally:
        postgres_server.resume()
    connection = await asyncpg.connect(postgres_server.dsn, timeout=10)
    await connection.close()


async def test_rabbitmq_keeps_hosts_users_and_queues_over_a_kill_and_knows_no_guest(
    rabbitmq_server: RabbitServer,
) -> None:
    before = {user["name"] for user in ask(rabbitmq_server, "GET", "/api/users")}
    assert "tdh" in before  # other tests may have made users of their own
    assert "guest" not in before
    hosts = {host["name"] for host in ask(rabbitmq_server, "GET", "/api/vhosts")}
    assert hosts == {"tdh-work", "tdh"}
    ask(rabbitmq_server, "PUT", "/api/users/partner", {"password": "of a partner", "tags": ""})
    permissions = {"configure": "", "write": "", "read": "^mailbox\\.partner$"}
    ask(rabbitmq_server, "PUT", "/api/permissions/tdh/partner", permissions)
    ports = (rabbitmq_server.port, rabbitmq_server.management_url)

    rabbitmq_server.kill()
    assert is_free(rabbitmq_server.port)
    rabbitmq_server.start()

    assert (rabbitmq_server.port, rabbitmq_server.management_url) == ports
    users = {user["name"] for user in ask(rabbitmq_server, "GET", "/api/users")}
    assert users == before | {"partner"}
    for url in (rabbitmq_server.amqp_work_url, rabbitmq_server.amqp_partner_url):
        connection = await aiormq.connect(url)
        await connection.close()
    partner = rabbitmq_server.amqp_partner_url.replace(
        urlsplit(rabbitmq_server.amqp_partner_url).netloc.split("@")[0], "partner:of%20a%20partner"
    )
    connection = await aiormq.connect(partner)
    await connection.close()
    ask(rabbitmq_server, "DELETE", "/api/users/partner")


def test_rabbitmq_listens_on_the_loopback_address_only(rabbitmq_server: RabbitServer) -> None:
    listening = listening_addresses(set(servers_of(rabbitmq_server.folder)))
    assert len(listening) >= 4
    assert {address.rpartition(":")[0] for address in listening} <= {"127.0.0.1", "[::1]"}


def test_a_taken_port_is_left_to_its_owner_and_another_one_is_chosen(
    monkeypatch: pytest.MonkeyPatch, postgres_server: PostgresServer
) -> None:
    offers = [(postgres_server.port,), free_ports(1)]
    server = PostgresServer()
    monkeypatch.setattr(server, "_choose_ports", lambda: offers.pop(0))
    with server:
        assert server.port != postgres_server.port
        assert offers == []


def test_servers_die_with_a_killed_parent_and_the_next_start_removes_their_folders() -> None:
    with parent_with_servers() as (parent, facts):
        running = [process for at in facts["folders"] for process in servers_of(Path(at))]
        assert set(running) >= set(facts["processes"])
        assert not any(is_free(port) for port in facts["ports"])

        parent.send_signal(signal.SIGKILL)
        parent.wait()

        assert wait_until_gone(tuple(running), seconds=10)
        assert all(is_free(port) for port in facts["ports"])
        assert all(Path(at).exists() for at in facts["folders"])
        own = fresh_folder("test")
        try:
            assert not any(Path(at).exists() for at in facts["folders"])
        finally:
            folders.remove_folder(own)


def test_a_stopped_server_of_a_dead_parent_is_ended_by_the_next_start() -> None:
    with parent_with_servers() as (parent, facts):
        postgres = facts["processes"][0]
        for process in servers_of(Path(facts["folders"][0])):
            os.kill(process, signal.SIGSTOP)  # a signal of its parent's death cannot end it now
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        sweep()
        assert wait_until_gone((postgres,), seconds=10)
        assert not any(Path(at).exists() for at in facts["folders"])


@contextmanager
def parent_with_servers() -> Iterator[tuple[subprocess.Popen[str], dict]]:
    """Run a program with both servers; leave no trace of it whatever the test does."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT_PROGRAM], stdout=subprocess.PIPE, text=True
    )
    try:
        yield parent, json.loads(parent.stdout.readline())
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()
        sweep()


def ask(server: RabbitServer, method: str, path: str, body: dict | None = None) -> list:
    """Ask the management interface, as the service does to add partners."""
    url = urlsplit(server.management_url)
    proof = b64encode(f"{url.username}:{url.password}".encode()).decode()
    request = urllib.request.Request(
        f"http://{url.hostname}:{url.port}{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Basic {proof}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  -- as above
        text = answer.read()
    return json.loads(text) if text else []


def listening_addresses(processes: set[int]) -> list[str]:
    """Give the addresses on which processes listen, by /proc, as `address:port`."""
    sockets = set()
    for process in processes:
        with contextlib.suppress(FileNotFoundError):  # a short-lived child that has ended since
            for descriptor in Path(f"/proc/{process}/fd").iterdir():
                sockets.add(str(descriptor.readlink()))
    found = []
    for table in ("tcp", "tcp6"):
        for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = row.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                found.append(readable_address(fields[1]))
    return found


def readable_address(field: str) -> str:
    address, port = field.split(":")
    if len(address) == 8:
        quad = ".".join(str(byte) for byte in reversed(bytes.fromhex(address)))
        return f"{quad}:{int(port, 16)}"
    loopback = address == "00000000000000000000000001000000"
    return f"[{'::1' if loopback else address}]:{int(port, 16)}"
