"""Weighs what data say of one certificate: which of them count at a time, and what follows.

ETSI EN 319 102-1, 5.2.5 (freshness) and 5.2.6.4 (revoked, on hold); RFC 5280, 6.3.3. Pure.

- A revocation counts from whichever datum, however old: nothing undoes it.
- A hold counts where the newest datum tells of it: only a newer one can say that it ended.
- "Good" counts where the datum is fresh: issued after the time in question, or not so long before
  it as its own next update and the policy's maximum age say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from signing.judge.policy import Policy, RevocationMode
from signing.judge.revocation_data import Said, Statement

FUTURE_TOLERANCE = timedelta(minutes=5)
"""How far an issuer's clock may run ahead, and how long fetching takes after judging began."""
WITHOUT_NEXT_UPDATE = timedelta(hours=1)
"""How old data may be that say no next update: newer ones are then always to be had (RFC 6960,
2.4)."""


class Standing(Enum):
    """What is known of one certificate at one time."""

    GOOD = "good"
    GOOD_BY_OLD_DATA = "good by old data"
    """Good when data were issued that are now too old, and the policy takes them all the same."""
    REVOKED = "revoked"
    ON_HOLD = "on hold"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """When a certificate must have been good, when that is judged, and by which rules."""

    at: datetime
    now: datetime
    policy: Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """The outcome, and the statement that decided or came nearest."""

    standing: Standing
    statement: Statement | None = None


def weigh(statements: Sequence[Statement], expires: datetime, occasion: Occasion) -> Weighed:
    """Decide. `expires`: when the certificate in question ends."""
    revoked = [one for one in statements if one.said is Said.REVOKED and _by(one, occasion.at)]
    if revoked:
        return Weighed(standing=Standing.REVOKED, statement=min(revoked, key=_earliest))
    issued = [one for one in statements if _is_issued(one, occasion)]
    newest_first = sorted(issued, key=_newness, reverse=True)
    if newest_first and newest_first[0].said is Said.ON_HOLD and _by(newest_first[0], occasion.at):
        return Weighed(standing=Standing.ON_HOLD, statement=newest_first[0])
    good = [one for one in newest_first if _is_good(one, expires, occasion.at)]
    for one in good:
        if _is_fresh(one, occasion):
            return Weighed(standing=Standing.GOOD, statement=one)
    if good and _is_tolerable(good[0], occasion):
        return Weighed(standing=Standing.GOOD_BY_OLD_DATA, statement=good[0])
    return Weighed(standing=Standing.UNKNOWN, statement=good[0] if good else None)


def _by(one: Statement, at: datetime) -> bool:
    return one.revoked_at is not None and one.revoked_at <= at


def _earliest(one: Statement) -> tuple[datetime, str]:
    return one.revoked_at or one.this_update, one.datum.sha256


def _newness(one: Statement) -> tuple[datetime, bool, str]:
    return one.this_update, one.said is Said.ON_HOLD, one.datum.sha256


def _is_issued(one: Statement, occasion: Occasion) -> bool:
    later = one.this_update > occasion.now + FUTURE_TOLERANCE
    return occasion.policy.accept_later_data or not later


def _is_good(one: Statement, expires: datetime, at: datetime) -> bool:
    """Good at that time; and of data from after the certificate's end, that they tell of it."""
    if one.said is not Said.GOOD and _by(one, at):
        return False
    if one.this_update <= expires:
        return True
    return one.keeps_expired_from is not None and one.keeps_expired_from <= expires


def _is_fresh(one: Statement, occasion: Occasion) -> bool:
    """EN 319 102-1, 5.2.5.4; with a maximum age, the stricter of both bounds."""
    most = occasion.policy.max_revocation_age
    if one.next_update is not None and one.next_update < occasion.at:
        return False
    if one.next_update is None and most is None:
        most = WITHOUT_NEXT_UPDATE
    return most is None or occasion.at - one.this_update <= most


def _is_tolerable(one: Statement, occasion: Occasion) -> bool:
    match occasion.policy.revocation:
        case RevocationMode.REQUIRE:
            return False
        case RevocationMode.IF_PRESENT:
            return True
        case RevocationMode.ACCEPT_OLDER:
            most = occasion.policy.max_revocation_age
            return most is not None and occasion.at - one.this_update <= most
