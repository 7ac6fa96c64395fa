"""Who vouches for us, as the settings name them; and how long one who fails is left alone."""

from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from archive_samples import Authority
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signing import certificates as made
from signing.cosignature import CosignatureSigner
from tdh.anchoring import outsiders
from tdh.config import Config, ConfigError
from tdh.delivery.anchoring import Rests


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def vkey(name: str) -> str:
    return CosignatureSigner(name=name, private_key=Ed25519PrivateKey.generate()).vkey


async def found(**anchor):
    config = Config()
    config = replace(config, anchor=replace(config.anchor, **anchor))
    async with AsyncExitStack() as closing:
        return outsiders(config, Clock(), closing)


async def test_without_outsiders_there_is_nobody_to_ask() -> None:
    nobody = await found()
    assert (nobody.witnesses, nobody.authorities) == ((), None)


async def test_witnesses_and_authorities_are_those_of_the_settings(tmp_path) -> None:
    roots = tmp_path / "roots"
    roots.mkdir()
    (roots / "one.pem").write_bytes(made.pem(Authority().certificate))
    (roots / "README").write_text("no certificate")
    some = await found(
        witnesses=tuple(f"{vkey(name)} https://{name}/" for name in ("w1.example", "w2.example")),
        authorities=("first=https://tsa.example/tsr", "second=http://127.0.0.1:1/stamp"),
        authority_roots=roots,
    )
    assert [one.name for one in some.witnesses] == ["w1.example", "w2.example"]
    assert some.authorities is not None
    assert [one.name for one in some.authorities.health()] == ["first", "second"]
    one_file = await found(
        authorities=("first=https://tsa.example/tsr",), authority_roots=roots / "one.pem"
    )
    assert one_file.authorities is not None


TWICE = vkey("w.example")
WRONG = {
    "no key": {"witnesses": ("https://w.example/",)},
    "no address": {"witnesses": (vkey("w.example"),)},
    "another address": {"witnesses": (f"{vkey('w.example')} ftp://w.example/",)},
    "one witness twice": {"witnesses": (f"{TWICE} https://a/", f"{TWICE} https://b/")},
    "an authority without a name": {"authorities": ("https://tsa.example/",)},
    "an authority without roots": {"authorities": ("a=https://tsa.example/",)},
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_cannot_be_used_is_a_bad_setting(name: str, tmp_path) -> None:
    with pytest.raises(ConfigError, match="anchor"):
        await found(authority_roots=tmp_path, **WRONG[name])


async def test_roots_that_are_none_are_a_bad_setting(tmp_path) -> None:
    (tmp_path / "root.pem").write_text("nothing")
    with pytest.raises(ConfigError, match=r"root\.pem"):
        await found(authorities=("a=https://tsa.example/",), authority_roots=tmp_path)
    with pytest.raises(ConfigError):
        await found(authorities=("a=https://tsa.example/",), authority_roots=tmp_path / "none")


def test_who_fails_rests_twice_as_long_each_time_up_to_a_quarter_of_an_hour() -> None:
    time = [0.0]
    rests = Rests(timedelta(seconds=60), lambda: time[0])
    asked = []
    for minute in range(120):
        time[0] = minute * 60.0
        if rests.is_over("w"):
            asked.append(minute)
            rests.failed("w")
    assert asked[:6] == [0, 1, 3, 7, 15, 30]
    assert {later - earlier for earlier, later in pairwise(asked[5:])} == {15}
    rests.answered("w")
    assert rests.is_over("w")
