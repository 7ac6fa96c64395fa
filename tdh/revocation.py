"""Revocation by the settings: the judge's rules, and what brings it data from outside.

Joins the guarded fetcher, the store and the judge's cache, which know nothing of one another.
"""

from contextlib import AsyncExitStack

from relay.revocation.fetcher import Fetcher, Patience
from relay.revocation.guard import Allowed, Rules
from signing.judge.cache_limits import CacheLimits
from signing.judge.policy import Policy, RevocationMode
from signing.judge.revocation_cache import RevocationCache
from signing.trust import TrustFolder
from storage.database import Database
from storage.revocation import PostgresRevocation
from tdh.config import Config, ConfigError
from tdh.ports import Clock


def judge_policy(config: Config, *, accept_later_data: bool = False) -> Policy:
    """The rules by which documents are judged. Raises ConfigError."""
    try:
        mode = RevocationMode(config.judge.revocation)
    except ValueError as error:
        known = ", ".join(one.value for one in RevocationMode)
        raise ConfigError("judge.revocation", f"one of {known} is wanted") from error
    try:
        return Policy(
            revocation=mode,
            max_revocation_age_seconds=config.revocation.max_age_seconds or None,
            accept_later_data=accept_later_data,
        )
    except ValueError as error:
        raise ConfigError("revocation.max_age_seconds", str(error)) from error


async def kept(trust: TrustFolder, database: Database, clock: Clock) -> TrustFolder:
    """Keep the lists and answers of a trust folder, because reports will name them.

    Raises StorageUnavailable.
    """
    store = PostgresRevocation(database)
    await store.hold("crl", trust.crls, clock.now())
    await store.hold("ocsp", trust.ocsps, clock.now())
    return trust


async def revocation_source(
    config: Config, database: Database, clock: Clock, closing: AsyncExitStack
) -> RevocationCache | None:
    """What brings revocation data; None where nothing is to be fetched. Raises ConfigError."""
    judge_policy(config)  # settings that contradict each other are told at the start
    if not config.revocation.fetch:
        return None
    fetcher = await closing.enter_async_context(Fetcher(_rules(config), _patience(config)))
    cache = RevocationCache(
        store=PostgresRevocation(database),
        fetch=fetcher.bring,
        now=clock.now,
        limits=CacheLimits(
            retry_seconds=config.revocation.retry_seconds,
            longest_seconds=config.revocation.longest_seconds,
            max_age_seconds=config.revocation.max_age_seconds or None,
            memory_bytes=config.revocation.memory_bytes,
        ),
    )
    closing.push_async_callback(cache.close)
    return cache


def _rules(config: Config) -> Rules:
    try:
        private = tuple(Allowed.read(text) for text in config.revocation.allow_private)
    except ValueError as error:
        raise ConfigError("revocation.allow_private", str(error)) from error
    return Rules(ports=frozenset(config.revocation.ports), private=private)


def _patience(config: Config) -> Patience:
    settings = config.revocation
    return Patience(
        connect_seconds=settings.connect_seconds,
        seconds=settings.seconds,
        answer_bytes=settings.answer_bytes,
        list_bytes=settings.list_bytes,
        retry_seconds=settings.retry_seconds,
        same_host_moves=settings.same_host_redirects,
    )
