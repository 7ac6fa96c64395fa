"""Settings of revocation: what fits, and what is told at the start."""

from contextlib import AsyncExitStack
from typing import cast

import pytest

from signing.judge.policy import RevocationMode
from storage.database import Database
from tdh.config import Config, ConfigError, load
from tdh.ports import Clock
from tdh.revocation import judge_policy, revocation_source


def settings(**variables: str) -> Config:
    return load({f"TDH_{name}": value for name, value in variables.items()})


def test_lists_are_parted_by_commas_in_a_variable() -> None:
    config = settings(
        REVOCATION__PORTS="80, 8080", REVOCATION__ALLOW_PRIVATE="ca.internal,10.0.0.0/8,"
    )
    assert config.revocation.ports == (80, 8080)
    assert config.revocation.allow_private == ("ca.internal", "10.0.0.0/8")
    with pytest.raises(ConfigError, match=r"revocation\.ports"):
        settings(REVOCATION__PORTS="http")


def test_accepting_older_data_has_a_maximum_age() -> None:
    with pytest.raises(ConfigError, match=r"revocation\.max_age_seconds.*maximum age"):
        judge_policy(settings(JUDGE__REVOCATION="accept-older"))
    policy = judge_policy(
        settings(JUDGE__REVOCATION="accept-older", REVOCATION__MAX_AGE_SECONDS="604800")
    )
    assert policy.revocation is RevocationMode.ACCEPT_OLDER
    assert policy.max_revocation_age_seconds == 604800


def test_an_unknown_mode_is_told_with_those_that_are_known() -> None:
    with pytest.raises(ConfigError, match="require, if-present, accept-older"):
        judge_policy(settings(JUDGE__REVOCATION="never"))


async def test_an_exception_that_cannot_be_read_is_told_at_the_start() -> None:
    database, clock = cast("Database", None), cast("Clock", None)  # not reached
    async with AsyncExitStack() as closing:
        with pytest.raises(ConfigError, match=r"revocation\.allow_private"):
            await revocation_source(
                settings(REVOCATION__ALLOW_PRIVATE="http://ca"), database, clock, closing
            )


async def test_nothing_is_fetched_where_that_is_off() -> None:
    database, clock = cast("Database", None), cast("Clock", None)  # not reached
    async with AsyncExitStack() as closing:
        off = settings(REVOCATION__FETCH="false")
        assert await revocation_source(off, database, clock, closing) is None
