"""Both private servers at once, and their addresses as one value."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

from tdh.local.postgres import PostgresServer
from tdh.local.processes import POLL_SECONDS
from tdh.local.rabbitmq import RabbitServer
from tdh.local.server import PrivateServer


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalServers:
    """A running PostgreSQL and a running RabbitMQ; the addresses stay right over restarts."""

    postgres: PostgresServer
    rabbitmq: RabbitServer

    @property
    def dsn(self) -> str:
        """`postgresql://tdh:…@127.0.0.1:port/tdh`."""
        return self.postgres.dsn

    @property
    def amqp_work_url(self) -> str:
        """`amqp://tdh:…@127.0.0.1:port/tdh-work`, our own queues."""
        return self.rabbitmq.amqp_work_url

    @property
    def amqp_partner_url(self) -> str:
        """`amqp://tdh:…@127.0.0.1:port/tdh`, the virtual host of partners."""
        return self.rabbitmq.amqp_partner_url

    @property
    def management_url(self) -> str:
        """`http://tdh:…@127.0.0.1:port`, where partners' users and permissions are put."""
        return self.rabbitmq.management_url


@contextlib.contextmanager
def local_servers() -> Iterator[LocalServers]:
    """Start both servers at once; stop them and remove their folders at the end.

    Raises MissingServer, ServerDidNotStart, NotTheMainThread.
    """
    with contextlib.ExitStack() as closing:
        servers = LocalServers(postgres=PostgresServer(), rabbitmq=RabbitServer())
        closing.callback(servers.postgres.close)
        closing.callback(servers.rabbitmq.close)
        start_together(servers.rabbitmq, servers.postgres)
        yield servers


def start_together(*servers: PrivateServer) -> None:
    """Start servers at once, from this one thread, and return when all answer."""
    waiting = [server.starting() for server in servers]
    while waiting:
        waiting = [start for start in waiting if _goes_on(start)]
        time.sleep(POLL_SECONDS)


def _goes_on(start: Iterator[None]) -> bool:
    try:
        next(start)
    except StopIteration:
        return False
    return True
