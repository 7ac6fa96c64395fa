"""Where the service goes on a stranger's word, and where it never goes."""

from ipaddress import ip_address

import pytest

from relay.revocation.addresses import is_public
from relay.revocation.guard import Allowed, Forbidden, Rules

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001::1",
    "64:ff9b::808:808",
]
CLOSED = [
    "0.0.0.0",  # noqa: S104 - nothing is bound
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::a00:1",
    "64:ff9b:1::808:808",
    "100::1",
    "2001::1",
    "2001:0:7f00:1::",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2002:808:808::1",
    "2620:4f:8000::1",
    "3fff::1",
    "4000::1",
    "fc00::1",
    "fd00:ec2::254",
    "fdff::1",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700::1%eth0",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("text", PUBLIC)
def test_what_everybody_can_reach_is_open(text: str) -> None:
    assert is_public(ip_address(text))
    Rules().check("ca.example.org", 80, [ip_address(text)])


@pytest.mark.parametrize("text", CLOSED)
def test_what_stands_beside_us_is_closed_in_every_spelling(text: str) -> None:
    assert not is_public(ip_address(text))
    with pytest.raises(Forbidden):
        Rules().check("ca.example.org", 80, [ip_address(text)])


@pytest.mark.parametrize(
    "addresses",
    [
        ["8.8.8.8", "127.0.0.1"],
        ["10.0.0.1", "8.8.8.8"],
        ["2606:4700::1", "::1"],
        ["8.8.8.8", "::ffff:169.254.169.254"],
        [],
    ],
)
def test_one_closed_address_among_open_ones_closes_the_name(addresses: list[str]) -> None:
    with pytest.raises(Forbidden):
        Rules().check("ca.example.org", 80, [ip_address(text) for text in addresses])


@pytest.mark.parametrize(
    ("url", "spelled"),
    [
        ("http://crl.ca.go.th/root.crl", "http://crl.ca.go.th:80/root.crl"),
        ("HTTP://CRL.CA.go.th/Root.crl", "http://crl.ca.go.th:80/Root.crl"),
        ("https://ocsp.ca.go.th", "https://ocsp.ca.go.th:443/"),
        ("http://ca.go.th.:80/a?b=c&d", "http://ca.go.th:80/a?b=c&d"),
        ("http://ca.go.th/a/../b", "http://ca.go.th:80/a/../b"),
        ("http://8.8.8.8/x", "http://8.8.8.8:80/x"),
        ("http://[2606:4700::1]/x", "http://[2606:4700::1]:80/x"),
        ("http://xn--12c1fe0br.xn--o3cw4h/x", "http://xn--12c1fe0br.xn--o3cw4h:80/x"),
        ("https://ca.go.th:80/", "https://ca.go.th:80/"),
    ],
)
def test_an_ordinary_address_has_one_spelling(url: str, spelled: str) -> None:
    assert Rules().place(url).url == spelled


HOSTILE = [
    "",
    "ca.go.th/root.crl",
    "//ca.go.th/root.crl",
    "http:ca.go.th",
    "http:/ca.go.th",
    "http:///root.crl",
    "http://",
    "http://:80/",
    "ftp://ca.go.th/root.crl",
    "file:///etc/passwd",
    "gopher://ca.go.th:80/_x",
    "ldap://ca.go.th/cn=x",
    "javascript:alert(1)",
    "http://user@ca.go.th/",
    "http://user:word@ca.go.th/",
    "http://ca.go.th@127.0.0.1/",
    "http://ca.go.th#@127.0.0.1/",
    "http://ca.go.th/#fragment",
    "http://ca.go.th\\@127.0.0.1/",
    "http://ca.go.th/a\\b",
    "http://ca.go.th/a b",
    "http://ca.go.th/a\r\nHost: x",
    "http://ca.go.th/\t",
    " http://ca.go.th/",
    "http://ca.go.th/\x00",
    "http://คา.ไทย/",
    "http://ca.go.th/ก",
    "http://ca.go.th/" + "a" * 1024,
    "http://ca.go.th:22/",
    "http://ca.go.th:6379/",
    "http://ca.go.th:0/",
    "http://ca.go.th:65536/",
    "http://ca.go.th:-80/",
    "http://ca.go.th:8o/",
    "http://127.0.0.1/",
    "http://127.0.0.1:80/",
    "http://0.0.0.0/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://1.2.3.4.5/",
    "http://256.256.256.256/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[fe80::1%25eth0]/",
    "http://[::1/",
    "http://::1/",
    "http://[v1.x]/",
    "http://localhost/",
    "http://localhost./",
    "http://a.localhost/",
    "http://LOCALHOST/",
    "http://intranet/",
    "http://printer.local/",
    "http://metadata.google.internal/",
    "http://crl.invalid/",
    "http://hidden.onion/",
    "http://1.0.0.127.in-addr.arpa/",
    "http://ca..go.th/",
    "http://-ca.go.th/",
    "http://ca-.go.th/",
    "http://ca!.go.th/",
    "http://ca%2ego.th/",
    "http://" + "a" * 64 + ".th/",
    "http://" + "a." * 130 + "th/",
]


@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_address_is_not_asked(url: str) -> None:
    with pytest.raises(Forbidden):
        Rules().place(url)


def test_what_the_operator_lists_is_asked_on_its_port_only() -> None:
    rules = Rules(
        private=[Allowed.read(text) for text in ("127.0.0.1:8080", "ca.internal", "10.1.0.0/16")]
    )
    assert rules.place("http://127.0.0.1:8080/x").port == 8080
    assert rules.place("http://ca.internal/x").host == "ca.internal"
    assert rules.place("http://10.1.2.3/x").host == "10.1.2.3"
    rules.check("ca.internal", 80, [ip_address("192.168.7.7")])
    for url in (
        "http://127.0.0.1/x",
        "http://127.0.0.1:8081/x",
        "http://127.0.0.2:8080/x",
        "http://ca.internal:8080/x",
        "http://www.ca.internal/x",
        "http://10.2.0.1/x",
        "http://10.1.2.3:22/x",
    ):
        with pytest.raises(Forbidden):
            rules.place(url)
    with pytest.raises(Forbidden):
        rules.check("ca.internal", 8080, [ip_address("192.168.7.7")])


@pytest.mark.parametrize(
    "text", ["169.254.169.254", "100.100.100.200", "fd00:ec2::254", "::ffff:10.0.0.1", "ff02::1"]
)
def test_some_addresses_are_never_asked_whatever_is_listed(text: str) -> None:
    rules = Rules(private=[Allowed.read("0.0.0.0/0"), Allowed.read("::/0")])
    with pytest.raises(Forbidden):
        rules.check("ca.internal", 80, [ip_address(text)])


@pytest.mark.parametrize("text", ["", "http://ca.internal", "10.0.0.0/33", "a b", "127.1", "x:y"])
def test_an_exception_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="host or a network"):
        Allowed.read(text)


def test_an_exception_may_be_an_address_of_six_with_a_port() -> None:
    rules = Rules(private=[Allowed.read("[fd00::1]:8080")])
    assert rules.place("http://[fd00::1]:8080/x").url == "http://[fd00::1]:8080/x"
