"""How many requests are let in that need no token: token buckets, one for all and one an address.

What the public may ask must not take from letters what they need. Pure but for the clock given.
"""

from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from aiohttp import web

from relay.api.errors import TooManyRequests

_MOST_ADDRESSES = 10_000
"""Addresses of which it is remembered how much they asked; the ones heard of longest ago go."""
_NETWORK_BITS = 64
"""One customer of the net has as many IPv6 addresses as he likes below one prefix of this length
(RFC 6177)."""


class _Bucket:
    """Fills by a rate up to a burst; each request takes one."""

    __slots__ = ("at", "left")

    def __init__(self, left: float, at: float) -> None:
        self.left, self.at = left, at

    def take(self, now: float, rate: float, burst: float) -> bool:
        self.left = min(burst, self.left + (now - self.at) * rate)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class Admission:
    """Lets requests in at a rate, with bursts of a second's worth (at least one)."""

    def __init__(
        self, *, per_second: float, of_an_address: float, monotonic: Callable[[], float]
    ) -> None:
        """`per_second`: of all together; `of_an_address`: of one address, 0: as of all."""
        self._all_rate, self._own_rate = per_second, of_an_address or per_second
        self._monotonic = monotonic
        self._all = _Bucket(max(1.0, per_second), monotonic())
        self._own: OrderedDict[str, _Bucket] = OrderedDict()

    def admit(self, address: str) -> None:
        """Count one request. Raises TooManyRequests; one that is refused counts for nobody else."""
        now = self._monotonic()
        burst = max(1.0, self._own_rate)
        own = self._own.setdefault(address, _Bucket(burst, now))
        self._own.move_to_end(address)
        while len(self._own) > _MOST_ADDRESSES:
            self._own.popitem(last=False)
        if not own.take(now, self._own_rate, burst):
            raise TooManyRequests("too many of one address")
        if not self._all.take(now, self._all_rate, max(1.0, self._all_rate)):
            raise TooManyRequests("too many together")


def address_of(request: web.Request) -> str:
    """Who asks, as far as a rate is concerned: an IPv4 address, or a network of IPv6.

    Of a connection from this machine the last `X-Forwarded-For` counts: a proxy in front wrote it.
    What else a client writes there counts for nothing.
    """
    peer = _address(request.remote or "")
    if peer is None:
        return "-"
    if not peer.is_loopback:
        return _network(peer)
    forwarded = request.headers.getall("X-Forwarded-For", [""])[-1].rpartition(",")[2].strip()
    return _network(_address(forwarded) or peer)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped


def _network(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address), _NETWORK_BITS), strict=False))
    return str(address)
