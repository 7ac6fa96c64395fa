"""A private PostgreSQL: by TCP on the loopback address only, never as root, durable as in earnest.

Never makes a Unix socket (their paths are limited to 107 bytes), never reads the settings of an
installed cluster, never touches one.
"""

import os
import secrets
import shutil
import signal
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

from typing_extensions import override

from tdh.local.errors import MissingServer, ServerDidNotStart
from tdh.local.ports import LOOPBACK, first_byte_of_answer, free_ports
from tdh.local.processes import account_for_server, run_to_end, spawn
from tdh.local.server import PrivateServer

USER = DATABASE = "tdh"
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "128MB",
    "max_connections": "200",
    "max_wal_size": "1GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
}
"""fsync and synchronous_commit are on: what is proved here must hold for the real thing."""
AUTHENTICATION_REQUEST = b"R"
DEBIAN = Path("/usr/lib/postgresql")


class PostgresServer(PrivateServer):
    """A PostgreSQL of one's own, with the database and superuser `tdh`."""

    name = "postgresql"

    def __init__(self) -> None:
        super().__init__(account=account_for_server("postgres"))
        self._programs = Path()
        self._password = secrets.token_urlsafe(24)

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1; the same after a restart."""
        return self._ports[0]

    @property
    def dsn(self) -> str:
        """The address of the database `tdh`, password included."""
        return self.dsn_of(DATABASE)

    def dsn_of(self, database: str) -> str:
        """Give the address of another database of this server."""
        return f"postgresql://{USER}:{self._password}@{LOOPBACK}:{self.port}/{database}"

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @override
    def _find_programs(self) -> None:
        self._programs = find_postgres()

    @override
    def _preparing(self) -> Iterator[None]:
        self._data.mkdir(mode=0o700)
        self._account.owns(self._data)
        password = self.folder / "password"
        statement = self.folder / "create.sql"
        statement.write_text(f"CREATE DATABASE {DATABASE};\n", encoding="ascii")
        try:
            descriptor = os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(self._password)
            self._account.owns(password)
            # --no-sync: the fresh files need to survive a dead process, not a dead machine.
            yield from self._run(
                "initdb",
                *("-D", str(self._data), "-U", USER, "-E", "UTF8", "--locale=C.UTF-8"),
                *("--auth=scram-sha-256", f"--pwfile={password}", "--data-checksums"),
                *("--no-sync", "--no-instructions"),
            )
            # The single-user server needs no client and no port to make the first database.
            yield from self._run(
                "postgres", "--single", "-D", str(self._data), "postgres", given=statement
            )
        finally:
            password.unlink(missing_ok=True)
            statement.unlink(missing_ok=True)

    def _run(self, program: str, *arguments: str, given: Path | None = None) -> Iterator[None]:
        self._process = spawn(
            [str(self._programs / program), *arguments], self._surroundings(), given=given
        )
        code = yield from run_to_end(self._process)
        if code != 0:
            raise ServerDidNotStart(
                server=self.name, reason=f"{program} ended with {code}", log=self.log
            )

    @override
    def _choose_ports(self) -> tuple[int, ...]:
        return free_ports(1)

    @override
    def _spawn(self) -> Iterator[None]:
        # After a SIGKILL a process id in it may belong to somebody else by now; that no process
        # of ours is left, `kill` has seen to.
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        settings = {**SETTINGS, "port": str(self.port)}
        # SIGQUIT at our death, not SIGKILL: the postmaster then ends its backends at once and
        # gives back its shared memory, which would stay until the next boot otherwise.
        options = (word for name, value in settings.items() for word in ("-c", f"{name}={value}"))
        self._process = spawn(
            [str(self._programs / "postgres"), "-D", str(self._data), *options],
            self._surroundings(),
            when_we_die=signal.SIGQUIT,
        )
        yield

    @override
    def _answers(self) -> bool:
        return first_byte_of_answer(self.port, startup_message()) == AUTHENTICATION_REQUEST

    @override
    def _ask_to_stop(self, process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGINT)  # "fast": ends the connections, then writes all out


def startup_message() -> bytes:
    """Give the first message of a client (PostgreSQL protocol 3.0, StartupMessage).

    A server that starts up or shuts down answers with an error, one that serves asks for proof.
    """
    facts = b"".join(word.encode() + b"\0" for word in ("user", USER, "database", DATABASE))
    body = struct.pack("!I", 3 << 16) + facts + b"\0"
    return struct.pack("!I", len(body) + 4) + body


def find_postgres() -> Path:
    """Give the folder with the newest installed `initdb` and `postgres`; raises MissingServer."""
    versions = sorted(DEBIAN.glob("*/bin/initdb"), key=_version, reverse=True)
    on_path = shutil.which("initdb")
    for initdb in (*versions, *([Path(on_path).resolve()] if on_path else [])):
        if (initdb.parent / "postgres").exists():
            return initdb.parent
    raise MissingServer(
        program="PostgreSQL's server",
        package="postgresql",
        looked_in=f"{DEBIAN}/*/bin/initdb and initdb on PATH",
    )


def _version(initdb: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in initdb.parts[-3].split(".") if number.isdigit())
