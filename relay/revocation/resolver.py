"""Names to addresses for the fetcher: each address is checked before anything connects to it."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override

from relay.revocation.guard import Rules

GetAddresses = Callable[[str, int], Sequence[str]]
"""Host and port to addresses; blocking; raises OSError."""

_THREADS = 4
"""A name server that is slow holds up these, and nobody else's threads."""


class GuardedResolver(AbstractResolver):
    """Resolves a name and checks every address, for the one connection that is about to be made.

    The connection goes to the addresses that were checked, so a name that leads elsewhere the next
    time changes nothing.
    """

    def __init__(self, rules: Rules, addresses: GetAddresses | None = None) -> None:
        """`addresses`: how names are resolved; the operating system's way if None."""
        self._rules = rules
        self._addresses = addresses or _system_addresses
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="revocation-dns")

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, self._addresses, host, port)
        addresses = [ip_address(text) for text in found]
        self._rules.check(host, port, addresses)
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,  # noqa: PLR2004 - the version
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    @override
    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _system_addresses(host: str, port: int) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
