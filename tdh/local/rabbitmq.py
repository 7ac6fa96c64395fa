"""A private RabbitMQ: own node, ports, cookie and port mapper, all on the loopback address.

It boots with the virtual hosts `tdh-work` (ours) and `tdh` (partners) and one administrator; the
user `guest` never exists. The management interface is on, so that users and permissions of
partners can be added while it serves. Never touches a broker or port mapper of somebody else.
"""

import base64
import hashlib
import http.client
import json
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from typing_extensions import override

from tdh.local.errors import MissingServer
from tdh.local.ports import LOOPBACK, first_byte_of_answer, free_ports
from tdh.local.processes import account_for_server, end_family, spawn
from tdh.local.server import PrivateServer

USER = "tdh"
WORK_HOST = "tdh-work"
PARTNER_HOST = "tdh"
PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
METHOD_FRAME = b"\x01"
DEBIAN_SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""Debian's program on PATH is a wrapper that changes to the user of the installed broker."""
QUIET_SCHEDULERS = "+sbwt none +sbwtdcpu none +sbwtdio none"
"""Erlang's schedulers otherwise spin while idle, and take the time of what is measured."""


class RabbitServer(PrivateServer):
    """A RabbitMQ of one's own."""

    name = "rabbitmq"

    def __init__(self) -> None:
        super().__init__(account=account_for_server("rabbitmq"))
        self._server = Path()
        self._port_mapper_program = Path()
        self._port_mapper: subprocess.Popen[bytes] | None = None
        self._password = secrets.token_urlsafe(24)
        self._node = f"tdh-{secrets.token_hex(4)}@localhost"

    @property
    def port(self) -> int:
        """The AMQP port on 127.0.0.1; the same after a restart."""
        return self._ports[0]

    @property
    def amqp_work_url(self) -> str:
        """The address of the virtual host for our own queues, password included."""
        return self.amqp_url(WORK_HOST)

    @property
    def amqp_partner_url(self) -> str:
        """The address of the virtual host that partners use, with the administrator's password."""
        return self.amqp_url(PARTNER_HOST)

    def amqp_url(self, virtual_host: str) -> str:
        """Give the administrator's address of a virtual host."""
        return f"amqp://{USER}:{self._password}@{LOOPBACK}:{self.port}/{virtual_host}"

    @property
    def management_url(self) -> str:
        """The root of the management interface (`…/api/users`), with name and password."""
        return f"http://{USER}:{self._password}@{LOOPBACK}:{self._ports[1]}"

    @property
    @override
    def processes(self) -> tuple[int, ...]:
        """The broker's processes and, last, its port mapper; empty when stopped."""
        mapper = self._port_mapper
        return super().processes + (() if mapper is None else (mapper.pid,))

    @override
    def _find_programs(self) -> None:
        self._server, self._port_mapper_program = find_rabbitmq()

    @override
    def _preparing(self) -> Iterator[None]:
        home = self._home
        home.mkdir(mode=0o700)
        definitions = json.dumps(boot_definitions(self._password, salt=secrets.token_bytes(4)))
        (home / "definitions.json").write_text(definitions, encoding="ascii")
        (home / "enabled_plugins").write_text("[rabbitmq_management].\n", encoding="ascii")
        # In a file, not among the arguments: those can be read by everybody on the machine.
        cookie = home / ".erlang.cookie"
        cookie.write_text(secrets.token_hex(20), encoding="ascii")
        cookie.chmod(0o400)
        for path in (home, *home.iterdir()):
            self._account.owns(path)
        yield

    @override
    def _choose_ports(self) -> tuple[int, ...]:
        return free_ports(4)

    @override
    def _spawn(self) -> Iterator[None]:
        amqp, management, _, mapper = self._ports
        configuration = self._home / "rabbitmq.conf"
        configuration.write_text(
            f"listeners.tcp.1 = {LOOPBACK}:{amqp}\n"
            f"management.tcp.ip = {LOOPBACK}\n"
            f"management.tcp.port = {management}\n"
            # Rates of every queue and channel for pages that nobody looks at.
            "management.disable_stats = true\n"
            "management_agent.disable_metrics_collector = true\n"
            f"load_definitions = {self._home}/definitions.json\n"
            "disk_free_limit.absolute = 50MB\n"
            "vm_memory_high_watermark.absolute = 512MB\n",
            encoding="ascii",
        )
        self._account.owns(configuration)
        yield from self._spawn_port_mapper(mapper)
        if self._port_mapper is not None and self._port_mapper.poll() is None:
            self._process = spawn([str(self._server)], self._surroundings())

    def _spawn_port_mapper(self, port: int) -> Iterator[None]:
        # Started by us and in the foreground, it dies with us like the broker; the one that
        # Erlang would start by itself outlives everything. Erlang finds this one and is content.
        self._end_port_mapper()
        self._port_mapper = spawn(
            [str(self._port_mapper_program), "-port", str(port), "-address", LOOPBACK],
            self._surroundings(),
        )
        while self._port_mapper.poll() is None and not first_byte_of_answer(port, NAMES_REQUEST):
            yield

    @override
    def _answers(self) -> bool:
        return (
            first_byte_of_answer(self.port, PROTOCOL_HEADER) == METHOD_FRAME
            and self._management_knows_us()
        )

    def _management_knows_us(self) -> bool:
        # An open port is too early, for queues as for users: the boot definitions come last.
        connection = http.client.HTTPConnection(LOOPBACK, self._ports[1], timeout=2)
        proof = base64.b64encode(f"{USER}:{self._password}".encode()).decode("ascii")
        try:
            path = f"/api/permissions/{PARTNER_HOST}/{USER}"
            connection.request("GET", path, headers={"Authorization": f"Basic {proof}"})
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    @override
    def _ask_to_stop(self, process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGTERM)  # 6 s, five of them the management interface's

    @override
    def stop(self) -> None:
        super().stop()
        self._end_port_mapper()

    @override
    def kill(self) -> None:
        super().kill()
        self._end_port_mapper()

    def _end_port_mapper(self) -> None:
        if self._port_mapper is not None:
            end_family(self._port_mapper)
            self._port_mapper = None

    @property
    @override
    def _home(self) -> Path:
        return self.folder / "node"

    @override
    def _environment(self) -> dict[str, str]:
        home = self._home
        amqp, _, distribution, mapper = self._ports
        return {
            **super()._environment(),
            "ERL_EPMD_PORT": str(mapper),
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "RABBITMQ_NODENAME": self._node,
            "RABBITMQ_NODE_IP_ADDRESS": LOOPBACK,
            "RABBITMQ_NODE_PORT": str(amqp),
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(home / "generated"),
            "RABBITMQ_LOG_BASE": str(home / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(home / "pid"),
            "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
            # Names of files that do not exist, or the installed broker's would be read.
            "RABBITMQ_CONF_ENV_FILE": str(home / "no-environment.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(home / "no-advanced.config"),
            # Together: the script becomes the broker instead of forking it, which would lose
            # the tie to our life, and the broker does not wait for a terminal.
            "RABBITMQ_ALLOW_INPUT": "1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"-noinput {QUIET_SCHEDULERS} "
            "-kernel inet_dist_use_interface {127,0,0,1}",
        }


NAMES_REQUEST = b"\x00\x01n"
"""Erlang distribution protocol, NAMES_REQ: asks a port mapper for all registered nodes."""


def boot_definitions(password: str, *, salt: bytes) -> dict[str, object]:
    """Give what the broker imports at each boot: users, virtual hosts, permissions.

    A broker that has definitions to import makes no `guest` and no virtual host `/`.
    """
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    hosts = (WORK_HOST, PARTNER_HOST)
    return {
        "users": [
            {
                "name": USER,
                "password_hash": password_hash(password, salt=salt),
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": ["administrator"],
                "limits": {},
            }
        ],
        "vhosts": [{"name": host} for host in hosts],
        "permissions": [{"user": USER, "vhost": host, **everything} for host in hosts],
    }


def password_hash(password: str, *, salt: bytes) -> str:
    """Give RabbitMQ's salted SHA-256 of a password: base64 of the 4-byte salt and the digest."""
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode("utf-8")).digest()).decode(
        "ascii"
    )


def find_rabbitmq() -> tuple[Path, Path]:
    """Give the broker's start program and Erlang's port mapper; raises MissingServer."""
    mapper = shutil.which("epmd")
    if not DEBIAN_SERVER.exists():
        raise MissingServer(
            program="RabbitMQ", package="rabbitmq-server", looked_in=str(DEBIAN_SERVER)
        )
    if mapper is None:
        raise MissingServer(
            program="Erlang's port mapper", package="erlang-base", looked_in="epmd on PATH"
        )
    return DEBIAN_SERVER, Path(mapper)
