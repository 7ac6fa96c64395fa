"""The broker as the service uses it: two virtual hosts, queues declared at set-up."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from urllib.parse import urlsplit, urlunsplit

import structlog

from relay.amqp import names, topology
from relay.amqp.connection import Publisher
from relay.amqp.errors import BrokerUnavailable
from tdh.config import Config

log = structlog.get_logger()

REST_SECONDS = 1.0
"""Between two tries to declare the queues."""


def work_url(config: Config) -> str:
    """The broker address of our own virtual host."""
    return _on_host(config.amqp.url, names.WORK_HOST)


def partner_url(config: Config) -> str:
    """The broker address of the partners' virtual host."""
    return _on_host(config.amqp.partner_url or config.amqp.url, names.PARTNER_HOST)


def _on_host(url: str, host: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{host}"))


def publisher(url: str, name: str, closing: AsyncExitStack) -> Publisher:
    made = Publisher(url, name=name)
    closing.push_async_callback(made.close)
    return made


class Declared:
    """Loops that need the broker wait until its queues are declared; terms end without it."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._lock = asyncio.Lock()
        self._done = False

    def before(self, *loops: Callable[[], Awaitable[None]]) -> list[Awaitable[None]]:
        """The loops, each begun once the queues are there."""
        return [self._then(loop) for loop in loops]

    async def _then(self, loop: Callable[[], Awaitable[None]]) -> None:
        async with self._lock:
            while not self._done:
                try:
                    await declare(self._config)
                    self._done = True
                except BrokerUnavailable as error:
                    log.warning("broker.unavailable", problem=str(error))
                    await asyncio.sleep(REST_SECONDS)
        await loop()


async def declare(config: Config) -> None:
    """Declare exchanges and queues: at set-up, never just before first use."""
    await topology.declare_work(work_url(config), forward_queues=config.amqp.forward_queues)
    await topology.declare_partner(partner_url(config), submit_queues=config.amqp.submit_queues)
