"""The keys of the service itself: what each is for, since when it serves, and when it ended.

The public log says so too (operations `key-in-service`, `key-retired`, `key-compromised`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

WARN_BEFORE = timedelta(days=60)
"""How long before its certificate ends a key is warned of: time to order another one."""


class KeyUse(StrEnum):
    """What a key of the service is for; the words stand in the public log."""

    SEAL = "seal"
    LOG = "log"
    LOG_MLDSA = "log-mldsa"
    TIMESTAMP = "timestamp"
    RECEIPT = "receipt"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceKey:
    """One key in one use, under one certificate."""

    use: KeyUse
    key: bytes
    """SHA-256 of the SubjectPublicKeyInfo (DER)."""
    certificate: bytes | None = None
    """SHA-256 of the certificate (DER); the log's keys have none."""
    ends_at: datetime | None = None
    """When the first certificate of the chain ends, its own or one above it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedKey:
    """A key as the log knows it."""

    key: ServiceKey
    in_service_at: datetime
    retires_at: datetime | None = None
    """From then on it signs nothing in this use."""
    compromised_since: datetime | None = None
    """What it signed from then on is not believed."""
    reason: str = ""
    """Why it counts as compromised; for the operator, not in the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compromise:
    """The operator's word that somebody else may have a key."""

    key: bytes
    since: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retirement:
    """The operator's word that a key signs nothing any more from a moment on."""

    use: KeyUse
    key: bytes
    at: datetime


def problem_with(key: ServiceKey, recorded: Iterable[RecordedKey], now: datetime) -> str | None:
    """Why a key must not sign now; None if it may. A key once given up never comes back."""
    found = [one for one in recorded if one.key.key == key.key]
    for one in found:
        if one.compromised_since is not None:
            return f"the {key.use} key {shown(key.key)} is compromised: {one.reason}"
    for one in found:
        if one.key.use is key.use and one.retires_at is not None and one.retires_at <= now:
            at = one.retires_at.isoformat(timespec="seconds")
            return f"the {key.use} key {shown(key.key)} is retired since {at}"
    if key.ends_at is not None and key.ends_at < now:
        at = key.ends_at.isoformat(timespec="seconds")
        return f"the {key.use} key's certificate ended at {at}"
    return None


def shown(digest: bytes) -> str:
    """The first digits of a key's or certificate's digest, for people."""
    return digest.hex()[:16]
