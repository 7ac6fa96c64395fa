"""Which addresses may be asked for revocation data. Pure: no name is resolved, nothing is opened.

An address comes out of a certificate: whoever had it issued wrote it. It may lead only to where the
public could go anyway, so that nobody uses the service to reach what stands beside it: loopback,
private and link-local networks, metadata services of clouds (RFC 6890 and the registries that it
founded). What the operator lists is excepted, for authorities that stand inside.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Self
from urllib.parse import SplitResult, urlsplit

from relay.revocation.addresses import Address, Network, is_never, is_public

DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_URL = 1024
_PLAIN = re.compile(r"[!-~]+")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_MAX_NAME = 253
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_SPECIAL_NAMES = frozenset(
    {"localhost", "local", "internal", "invalid", "test", "example", "onion", "alt", "arpa"}
)
"""Last labels that the public name system does not serve, or not for this (RFC 6761 and later)."""


class Forbidden(Exception):
    """An address that is not asked; says why, without repeating what the stranger wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a request goes."""

    scheme: str
    host: str
    """A name in lower case, or an address without brackets."""
    port: int
    target: str
    """Path and query."""

    @property
    def url(self) -> str:
        """The address in one spelling."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.target}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """An operator's exception: a host or a network, on one port or on the usual ones."""

    host: str = ""
    network: Network | None = None
    port: int | None = None

    @classmethod
    def read(cls, text: str) -> Self:
        """`10.1.0.0/16`, `ca.internal`, `127.0.0.1:8080`, `[fd00::1]:80`. Raises ValueError."""
        host, port = text, None
        if match := re.fullmatch(r"(\[[^\]]+\]|[^:]+):([0-9]{1,5})", text):
            host, port = match.group(1), int(match.group(2))
        host = host.removeprefix("[").removesuffix("]").lower()
        try:
            return cls(network=ip_network(host), port=port)
        except ValueError:
            if not _is_name(host):
                raise ValueError(f"{text}: a host or a network is wanted") from None
            return cls(host=host, port=port)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What may be asked."""

    ports: frozenset[int] = frozenset({80, 443})
    private: Sequence[Allowed] = ()

    def place(self, url: str) -> Place:
        """Read an address. Raises Forbidden."""
        parts = _split(url)
        host = _host(parts)
        port = _port(parts)
        excepted = any(
            item.port == port and (item.host == host or _is_in(host, item.network))
            for item in self.private
        )
        if port not in self.ports and not excepted:
            raise Forbidden("port")
        listed = any(item.host == host for item in self.private)
        literal = _literal(host)
        if literal is not None:
            self.check(host, port, [literal])
        elif not listed and ("." not in host or host.rsplit(".", 1)[1] in _SPECIAL_NAMES):
            raise Forbidden("name")
        target = parts.path or "/"
        if parts.query:
            target += f"?{parts.query}"
        return Place(scheme=parts.scheme, host=host, port=port, target=target)

    def check(self, host: str, port: int, addresses: Iterable[Address]) -> None:
        """Check what a name led to. Raises Forbidden if any of them may not be asked.

        One closed address among open ones shows that somebody tries something: nothing is asked.
        """
        found = list(addresses)
        if not found:
            raise Forbidden("no address")
        for address in found:
            if is_public(address):
                continue
            if is_never(address) or not self._is_excepted(host, port, address):
                raise Forbidden("private address")

    def _is_excepted(self, host: str, port: int, address: Address) -> bool:
        return any(
            (item.host == host or (item.network is not None and address in item.network))
            and (port in self.ports if item.port is None else item.port == port)
            for item in self.private
        )


def _split(url: str) -> SplitResult:
    """Only what every reader reads alike: printable ASCII, no backslash, no user, no fragment."""
    if len(url) > MAX_URL or not _PLAIN.fullmatch(url) or "\\" in url:
        raise Forbidden("characters")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise Forbidden("form") from None
    if parts.scheme not in DEFAULT_PORTS or not url.lower().startswith(f"{parts.scheme}://"):
        raise Forbidden("scheme")
    if "@" in parts.netloc or "#" in url:
        raise Forbidden("form")
    return parts


def _port(parts: SplitResult) -> int:
    return DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").removesuffix(".")
    literal = _literal(host)
    if isinstance(literal, IPv6Address) or (
        "[" not in parts.netloc and (literal or _is_name(host))
    ):
        return host
    raise Forbidden("name")


def _literal(host: str) -> Address | None:
    """An address in its usual spelling; numbers in other spellings are no names either."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_name(host: str) -> bool:
    labels = host.split(".")
    spelled = len(host) <= _MAX_NAME and all(_LABEL.fullmatch(label) for label in labels)
    # A last label that is a number makes it an address to some readers: 2130706433, 127.1, 0x7f.1.
    return spelled and not _NUMBER.fullmatch(labels[-1])


def _is_in(host: str, network: Network | None) -> bool:
    literal = _literal(host)
    return network is not None and literal is not None and literal in network
