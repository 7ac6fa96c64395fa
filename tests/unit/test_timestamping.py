"""The timestamp service behind /tsa: settings, and that nothing but a token or a refusal comes."""

from datetime import timedelta
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from relay.sntp import TimeServer
from signing import der
from signing.timestamp_messages import (
    FailureInfo,
    RequestRefused,
    TimestampRequest,
    build_request,
    token_of_reply,
)
from tdh.config import ConfigError, load
from tdh.domain.errors import ClockBehind, SealingUnavailable, StorageUnavailable
from tdh.roles import sealer_command
from tdh.timestamping import clock_watch, timestamp_service
from tests.builders import NOW

TOKEN = der.sequence(b"\x05\x00")
QUERY = build_request(bytes(32), 7)


class Unit:
    """A sealer's unit that stamps, or fails as a test likes."""

    def __init__(self, fails: Exception | None = None) -> None:
        self.fails = fails
        self.asked: list[TimestampRequest] = []

    async def stamp(self, request, clock):
        assert clock == NOW
        self.asked.append(request)
        if self.fails is not None:
            raise self.fails
        return TOKEN


def service(unit: Unit):
    return timestamp_service(unit, lambda: NOW, None)


async def test_a_query_reaches_the_unit_as_it_was_asked() -> None:
    unit = Unit()
    assert token_of_reply(await service(unit).answer(QUERY)) == TOKEN
    assert unit.asked == [TimestampRequest.over(bytes(32), nonce=7)]


@pytest.mark.parametrize(
    ("fails", "event"),
    [
        (SealingUnavailable("the sealer is silent"), "tsa.unit-unavailable"),
        (
            StorageUnavailable("whether the key was given up?"),
            "tsa.unit-unavailable",
        ),
        (RequestRefused(FailureInfo.TIME_NOT_AVAILABLE, "no"), "tsa.refused"),
        (ClockBehind("the clock was set"), "tsa.refused"),
    ],
)
async def test_a_unit_that_gives_no_token_is_a_refusal_and_a_line_in_the_log(fails, event) -> None:
    with capture_logs() as lines:
        answer = await service(Unit(fails)).answer(QUERY)
    assert b"\x02\x01\x02" in answer[:12]
    assert [line["event"] for line in lines] == [event]


async def test_an_unreadable_query_never_reaches_the_unit() -> None:
    unit = Unit()
    await service(unit).answer(b"noise")
    assert not unit.asked


def test_time_servers_are_read_from_the_settings_each_once() -> None:
    watch = clock_watch(load({"TDH_TSA__NTP": "a.example, 10.0.0.1:1123, a.example"}))
    assert watch is not None
    assert watch.servers == (TimeServer(host="a.example"), TimeServer(host="10.0.0.1", port=1123))
    assert (watch.accuracy, watch.every) == (timedelta(seconds=1), 64.0)
    assert "not been compared" in (watch.problem() or "")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("NTP", "a/b"), ("NTP", "me@a"), ("NTP_SECONDS", "0"), ("NTP_SECONDS", "1e9")),
        *(("PER_SECOND", "0"), ("ADDRESS_PER_SECOND", "-1")),
    ],
)
def test_settings_that_make_no_sense_stop_the_start(name: str, value: str) -> None:
    with pytest.raises(ConfigError):
        clock_watch(load({f"TDH_TSA__{name}": value}))


@pytest.mark.parametrize(
    ("settings", "events"),
    [
        ({}, ["tsa.clock-unchecked"]),
        ({"TDH_TSA__OFFERED": "false"}, []),
        ({"TDH_TSA__KERNEL_CLOCK": "yes"}, []),
    ],
)
def test_a_clock_that_nobody_checks_is_told_of(settings, events) -> None:
    with capture_logs() as lines:
        assert clock_watch(load(settings)) is None
    assert [line["event"] for line in lines] == events


def test_the_sealer_is_told_of_policies_and_of_the_kernel_s_clock() -> None:
    plain = sealer_command(load({}))
    assert "--kernel-clock" not in plain
    assert plain[plain.index("--tsa-policy") + 1] == "0.4.0.2023.1.1"
    settings = {"TDH_TSA__POLICIES": "1.2.3, 1.2.4", "TDH_TSA__KERNEL_CLOCK": "1"}
    told = sealer_command(load(settings))
    assert "--kernel-clock" in told
    policies = [after for word, after in pairwise(told) if word == "--tsa-policy"]
    assert policies == ["1.2.3", "1.2.4"]
