"""Rules that an operator may set: terms, limits, times to try again. Pure values and functions."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tdh.domain.errors import InvalidValue
from tdh.domain.letters import Delivery
from tdh.domain.lifecycle import FINAL, ConsignmentMode, DeliveryState

CLOCK_TOLERANCE = timedelta(seconds=1)
"""How far a delivery's last event may lie ahead of the clock before the next one is refused."""

MOST = 1000
"""Recipients or documents of one letter: beyond it one commit would hold its locks too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The terms of the service; `id` names them in every evidence. Raises InvalidValue."""

    id: str = "urn:tdh:policy:registered-delivery:1"
    accept_within: timedelta = timedelta(days=15)
    """Term for accept or refuse where the sender names none."""
    accept_within_least: timedelta = timedelta(days=1)
    accept_within_most: timedelta = timedelta(days=60)
    holding: timedelta = timedelta(days=90)
    """How long placed content waits for its handover."""
    forward_within: timedelta = timedelta(days=7)
    """Allowance for the way from deposit to mailbox, part of the due date in the log."""
    acceptance_commit: timedelta = timedelta(seconds=60)
    """An answer commits within this time after it was received, or not at all."""
    expiry_grace: timedelta = timedelta(seconds=120)
    """Expiry waits so long after the deadline that no answer in time is still on its way."""
    recipients_most: int = 1000
    documents_most: int = 100
    recheck_after: timedelta = timedelta(hours=1)
    """When signatures that were accepted on older revocation data are judged again; without newer
    data then, after twice as long, and so on, in the end once a day."""
    recheck_most: int = 30
    """So many tries; then the row waits, with an alarm, for an operator."""

    def __post_init__(self) -> None:
        if self.expiry_grace < 2 * self.acceptance_commit:
            raise InvalidValue(
                "policy.expiry_grace_seconds", "must be at least twice acceptance_commit_seconds"
            )
        if not timedelta() < self.accept_within_least <= self.accept_within:
            raise InvalidValue(
                "policy.accept_within_least_seconds",
                "must be above 0, at most accept_within_days",
            )
        if self.accept_within > self.accept_within_most:
            raise InvalidValue(
                "policy.accept_within_most_days", "must be at least accept_within_days"
            )
        if min(self.forward_within, self.holding) <= timedelta():
            raise InvalidValue(
                "policy.forward_within_days, policy.holding_days", "must be more than 0"
            )
        if self.recheck_after <= timedelta() or not 1 <= self.recheck_most <= MOST:
            raise InvalidValue(
                "policy.recheck_after_seconds, policy.recheck_most",
                f"must be more than 0, the latter at most {MOST}",
            )
        if not 1 <= self.recipients_most <= MOST or not 1 <= self.documents_most <= MOST:
            raise InvalidValue(
                "policy.recipients_most, policy.documents_most", f"must be from 1 to {MOST}"
            )

    def recheck_at(self, attempts: int, now: datetime) -> datetime:
        """When to judge again, for the first time or after so many attempts."""
        longest = max(self.recheck_after, timedelta(days=1))
        doubled: int = 1 << min(attempts - 1, 20)
        return now + min(self.recheck_after * doubled, longest)

    def term(self, mode: ConsignmentMode, asked: timedelta | None) -> timedelta | None:
        """The term for accept or refuse of one delivery. Raises InvalidValue outside the bounds."""
        if mode is ConsignmentMode.BASIC:
            if asked is not None:
                raise InvalidValue("accept_within", "basic deliveries are not accepted or refused")
            return None
        term = self.accept_within if asked is None else asked
        if not self.accept_within_least <= term <= self.accept_within_most:
            raise InvalidValue(
                "accept_within",
                f"must lie between {self.accept_within_least} and {self.accept_within_most}",
            )
        return term

    def expires_at(self, deadline: datetime) -> datetime:
        """The earliest instant at which a passed deadline may become an expiry."""
        return deadline + self.expiry_grace

    def last_final_date(self, submitted_at: datetime, term: timedelta | None) -> date:
        """The due date in the log: the day (UTC) by which a final state must have come."""
        waiting = timedelta() if term is None else term + self.expiry_grace
        return (submitted_at + self.forward_within + waiting + self.holding).date()

    def due_at(self, delivery: Delivery, submitted_at: datetime) -> datetime | None:
        """The next deadline of a delivery, None when it is final.

        Before the notification the acceptance deadline is an estimate, counted from submission.
        """
        if delivery.state in FINAL:
            return None
        if delivery.state is DeliveryState.CONSIGNED:
            return delivery.holding_until
        if delivery.acceptance_deadline is not None:
            return delivery.acceptance_deadline
        if delivery.accept_within is not None:
            return submitted_at + delivery.accept_within
        return submitted_at + self.holding


ATTEMPTS_BEFORE_PARKING = 12
"""About an hour of tries; then the row waits, with an alarm, for an operator."""


def retry_at(attempts: int, now: datetime) -> datetime:
    """When to try again after so many attempts: 1, 2, 4 ... seconds, at most five minutes."""
    return now + timedelta(seconds=min(2 ** max(attempts - 1, 0), 300))
