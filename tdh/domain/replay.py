"""From recorded events back to the state that they lead to: what auditors and verifiers ask.

`lifecycle.TRANSITIONS` says which event may follow; this module adds what a table of states cannot
say (each event once, acceptance before consignment, times, sequence). It is written apart from
`decide`, so that the two can disagree and be found out. Pure; never decides anything.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from tdh.domain.errors import IllegalTransition, TDHError
from tdh.domain.events import (
    REPEATABLE,
    ConsignmentAcceptance,
    ContentConsignment,
    SubmissionRejection,
)
from tdh.domain.lifecycle import TRANSITIONS, ConsignmentMode, DeliveryState

Position = tuple[DeliveryState | None, bool]
"""A state, and whether the recipient accepted just before: that one does not change the state."""
Trigger = tuple[str, bool]
"""An event's name, and whether it is the final kind of NotificationForAcceptanceFailure."""

_START: Position = (None, False)


class Contradiction(TDHError):
    """Recorded events that cannot all have happened as they stand there."""

    code = "events-contradict"


class SequenceBroken(Contradiction):
    """A number is missing, stands twice, or does not begin with 1."""

    code = "sequence-broken"


class TimeWentBack(Contradiction):
    """An event bears an earlier time than the one before it."""

    code = "time-went-back"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEvent:
    """What is kept of an event, or read from its evidence: enough to replay it."""

    name: str
    sequence: int
    time: datetime
    cause: str = ""
    """What tells repeatable events of one name apart."""
    final: bool = False
    """Whether a NotificationForAcceptanceFailure ended the delivery; said by no other event."""

    @property
    def trigger(self) -> Trigger:
        return self.name, self.final


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """Where the events lead to."""

    state: DeliveryState
    sequence: int
    last_event_at: datetime


def replay(events: Sequence[RecordedEvent], mode: ConsignmentMode) -> Replayed:
    """The state after all the events of a delivery, in the order of their sequence.

    Raises Contradiction (SequenceBroken, TimeWentBack among them), naming the first event that
    does not fit.
    """
    _check_numbers(events)
    _check_times(events)
    _check_once(events)
    position = _START
    for event in events:
        after = _following(position, mode).get(event.trigger)
        if after is None:
            raise _illegal(position, event)
        position = after
    state, _ = position
    if state is None:
        raise SequenceBroken("no event at all")
    return Replayed(state=state, sequence=len(events), last_event_at=events[-1].time)


def check_possible(events: Sequence[RecordedEvent], mode: ConsignmentMode) -> None:
    """Whether any delivery can have had these events, which may be some of its events only.

    They stand in the order of their sequence. Raises Contradiction, naming the first one that
    does not fit those before it.
    """
    for first, second in pairwise(events):
        if first.sequence == second.sequence:
            raise SequenceBroken(f"two different events are number {first.sequence}")
    _check_times(events)
    _check_once(events)
    positions, number = {_START}, 0
    for event in events:
        positions = _after_unknown(positions, mode, event.sequence - number - 1)
        following = [_following(position, mode).get(event.trigger) for position in positions]
        positions = {after for after in following if after is not None}
        if not positions:
            raise Contradiction(f"{event.name} cannot be number {event.sequence}")
        number = event.sequence


def replay_refusal(events: Sequence[RecordedEvent]) -> None:
    """Check the stream of a refused submission: one SubmissionRejection. Raises Contradiction."""
    _check_numbers(events)
    if [event.name for event in events] != [SubmissionRejection.__name__]:
        raise Contradiction("a refused submission is one SubmissionRejection and nothing else")


def _following(position: Position, mode: ConsignmentMode) -> Mapping[Trigger, Position]:
    """What may come next, and where it leads.

    Acceptance and consignment are one transaction: nothing comes between them, and a recipient
    who is asked gets no content without the acceptance.
    """
    state, accepted = position
    asked = state is DeliveryState.AWAITING_ACCEPTANCE
    return {
        (kind.__name__, final): (after, kind is ConsignmentAcceptance)
        for (kind, final), after in TRANSITIONS[state, mode].items()
        if not asked or accepted == (kind is ContentConsignment)
    }


def _after_unknown(positions: set[Position], mode: ConsignmentMode, steps: int) -> set[Position]:
    """Where a delivery can be after so many events that nobody shows."""
    for _ in range(steps):
        after = {to for position in positions for to in _following(position, mode).values()}
        if after == positions:  # and so for ever
            break
        positions = after
    return positions


def _check_numbers(events: Iterable[RecordedEvent]) -> None:
    for wanted, event in enumerate(events, start=1):
        if event.sequence != wanted:
            raise SequenceBroken(f"number {event.sequence} stands where {wanted} belongs")


def _check_times(events: Sequence[RecordedEvent]) -> None:
    for before, event in pairwise(events):
        if event.time < before.time:
            raise TimeWentBack(f"number {event.sequence} is earlier than number {before.sequence}")


def _check_once(events: Iterable[RecordedEvent]) -> None:
    happened = set[tuple[str, str]]()
    for event in events:
        if (event.name in REPEATABLE) != bool(event.cause):
            raise Contradiction(f"number {event.sequence}: {event.name} and its cause do not fit")
        if (event.name, event.cause) in happened:
            raise Contradiction(f"number {event.sequence}: {event.name} happened before")
        happened.add((event.name, event.cause))


def _illegal(position: Position, event: RecordedEvent) -> Contradiction:
    state, accepted = position
    where = f"{state} and accepted" if accepted else state or "nothing"
    return Contradiction(f"number {event.sequence}: {IllegalTransition(where, event.name)}")
