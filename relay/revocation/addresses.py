"""Which addresses the public can reach, by the registries that RFC 6890 founded. Pure."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_CLOSED_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's own services, at a public address
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_OPEN_6 = IPv6Network("2000::/3")
"""All of the unicast addresses that the registry has given out; everything else is closed."""
_CLOSED_6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocols: Teredo, ORCHID, benchmarks
        "2001:db8::/32",
        "2002::/16",  # 6to4: any IPv4 address may be inside
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
_NEVER = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "100.100.100.200/32",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "192.0.0.0/24",
        "224.0.0.0/4",
        "255.255.255.255/32",
    )
)
_NEVER_6 = tuple(
    IPv6Network(text)
    for text in ("::/128", "::ffff:0:0/96", "fe80::/10", "ff00::/8", "fd00:ec2::/32")
)
"""Never asked, whatever the operator lists: metadata services, everybody at once."""


def is_public(address: Address) -> bool:
    """Whether the public could reach it: not loopback, private, reserved, or one of those inside.

    IPv4 in IPv6 (mapped, compatible, 6to4, Teredo) is closed altogether, because no name should
    lead there; through NAT64 (RFC 6052) what counts is the IPv4 address.
    """
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _CLOSED_4)
    if address.scope_id is not None:
        return False
    if address in _NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    return address in _OPEN_6 and not any(address in network for network in _CLOSED_6)


def is_never(address: Address) -> bool:
    """Whether it is closed whatever an operator lists."""
    networks: Sequence[Network] = _NEVER if isinstance(address, IPv4Address) else _NEVER_6
    return any(address in network for network in networks)
