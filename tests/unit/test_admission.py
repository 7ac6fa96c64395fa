"""How many requests without a token are let in: by address, and all together."""

import pytest
from aiohttp.test_utils import make_mocked_request

from relay.api.admission import Admission, address_of
from relay.api.errors import TooManyRequests


class Gate:
    """An admission with a clock to be set."""

    def __init__(self, **rates: float) -> None:
        self.now = 0.0
        self.admission = Admission(**rates, monotonic=lambda: self.now)

    def lets_in(self, address: str, tries: int) -> int:
        return sum(self.one(address) for _ in range(tries))

    def one(self, address: str) -> bool:
        try:
            self.admission.admit(address)
        except TooManyRequests:
            return False
        return True


def test_an_address_has_its_rate_and_a_burst_of_a_second() -> None:
    gate = Gate(per_second=1000, of_an_address=5)
    assert gate.lets_in("a", 20) == 5
    assert gate.lets_in("b", 20) == 5
    gate.now += 0.4
    assert gate.lets_in("a", 20) == 2
    gate.now += 1000
    assert gate.lets_in("a", 20) == 5


def test_all_together_have_theirs_and_a_refused_address_uses_none_of_it() -> None:
    gate = Gate(per_second=10, of_an_address=4)
    assert gate.lets_in("a", 1000) == 4
    assert [gate.lets_in(str(n), 4) for n in range(3)] == [4, 2, 0]
    gate.now += 1
    assert gate.lets_in("z", 4) == 4


def test_without_a_limit_of_its_own_an_address_may_ask_as_all() -> None:
    assert Gate(per_second=10, of_an_address=0).lets_in("a", 20) == 10


def test_a_rate_below_one_lets_one_in_now_and_then() -> None:
    gate = Gate(per_second=0.5, of_an_address=0.5)
    assert gate.lets_in("a", 3) == 1
    gate.now += 2
    assert gate.lets_in("a", 3) == 1


def test_strangers_cannot_fill_the_memory() -> None:
    gate = Gate(per_second=1e9, of_an_address=1)
    for number in range(20_000):
        assert gate.one(str(number))
    assert len(gate.admission._own) == 10_000


class Transport:
    def __init__(self, peer: str) -> None:
        self.peer = peer

    def get_extra_info(self, name, default=None):
        return (self.peer, 1234) if name == "peername" else default


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.9", None, "192.0.2.9"),
        ("192.0.2.9", "198.51.100.1", "192.0.2.9"),  # a stranger says so: it counts for nothing
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "203.0.113.5, 198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("127.0.0.1", None, "127.0.0.1"),
        ("::1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::7", None, "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.9", None, "192.0.2.9"),
        ("::ffff:127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("::1", None, "::/64"),
        ("", None, "-"),
    ],
)
def test_who_asks_is_the_peer_or_whom_a_proxy_here_names(peer, forwarded, address) -> None:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    request = make_mocked_request("POST", "/tsa", headers=headers, transport=Transport(peer))
    assert address_of(request) == address
