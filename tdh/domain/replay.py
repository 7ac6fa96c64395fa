"""From recorded events back to the state that they lead to: what auditors and verifiers ask.

`lifecycle.TRANSITIONS` says which event may follow; this module adds what a table of states cannot
say (each event once, acceptance before consignment, times, sequence). It was written apart from
`decide`, so that the two can disagree and be found out. Pure; never decides anything.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from tdh.domain.errors import IllegalTransition, TDHError
from tdh.domain.events import (
    EVENTS,
    REPEATABLE,
    ConsignmentAcceptance,
    ContentConsignment,
    DeliveryEvent,
    SubmissionRejection,
)
from tdh.domain.lifecycle import TRANSITIONS, ConsignmentMode, DeliveryState

_ACCEPTANCE = ConsignmentAcceptance.__name__
_CONSIGNMENT = ContentConsignment.__name__
_EVENTS: Mapping[str, type[DeliveryEvent]] = MappingProxyType({e.__name__: e for e in EVENTS})


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """Where the events lead to."""

    state: DeliveryState
    sequence: int
    last_event_at: datetime


def replay(events: Sequence[RecordedEvent], mode: ConsignmentMode) -> Replayed:
    """The state after `events`, which stand in the order of their sequence.

    Raises Contradiction (SequenceBroken, TimeWentBack among them), naming the first event that
    does not fit.
    """
    check_order(events)
    state: DeliveryState | None = None
    before, happened = "", set[tuple[str, str]]()
    for event in events:
        state = _step(state, mode, event)
        _check_once(event, happened)
        _check_consent(before, event, mode)
        happened.add((event.name, event.cause))
        before = event.name
    if state is None:
        raise SequenceBroken("no event at all")
    return Replayed(state=state, sequence=len(events), last_event_at=events[-1].time)


def replay_refusal(events: Sequence[RecordedEvent]) -> None:
    """Check the stream of a refused submission: one SubmissionRejection. Raises Contradiction."""
    check_order(events)
    if [event.name for event in events] != [SubmissionRejection.__name__]:
        raise Contradiction("a refused submission is one SubmissionRejection and nothing else")


def check_order(events: Iterable[RecordedEvent]) -> None:
    """Sequence 1, 2, 3 ... and times that do not go back. Raises SequenceBroken, TimeWentBack."""
    last: RecordedEvent | None = None
    for wanted, event in enumerate(events, start=1):
        if event.sequence != wanted:
            raise SequenceBroken(f"number {event.sequence} stands where {wanted} belongs")
        if last is not None and event.time < last.time:
            raise TimeWentBack(f"number {event.sequence} is earlier than the one before it")
        last = event


def least_sequence(name: str, mode: ConsignmentMode) -> int | None:
    """The smallest number that the event can have in a delivery; None if it cannot occur there."""
    if name == SubmissionRejection.__name__:
        return 1
    return _LEAST[mode].get(name)


def _step(
    state: DeliveryState | None, mode: ConsignmentMode, event: RecordedEvent
) -> DeliveryState:
    kind = _EVENTS.get(event.name)
    after = None if kind is None else TRANSITIONS[state, mode].get((kind, event.final))
    if after is None:
        problem = IllegalTransition(state or "nothing", event.name)
        raise Contradiction(f"number {event.sequence}: {problem}") from problem
    return after


def _check_once(event: RecordedEvent, happened: set[tuple[str, str]]) -> None:
    if (event.name, event.cause) in happened:
        raise Contradiction(f"number {event.sequence}: {event.name} happened before")
    if (event.name in REPEATABLE) != bool(event.cause):
        raise Contradiction(f"number {event.sequence}: {event.name} and its cause do not fit")


def _check_consent(before: str, event: RecordedEvent, mode: ConsignmentMode) -> None:
    """Acceptance and consignment are one transaction: nothing comes between, none alone.

    The table cannot say it, because both events find the delivery waiting.
    """
    if (before == _ACCEPTANCE) != (
        event.name == _CONSIGNMENT
    ) and mode is not ConsignmentMode.BASIC:
        raise Contradiction(
            f"number {event.sequence}: {_CONSIGNMENT} follows {_ACCEPTANCE} and nothing else"
        )


def _least(mode: ConsignmentMode) -> Mapping[str, int]:
    """A walk over the table, breadth first; consent counts the acceptance before consignment."""
    found: dict[str, int] = {}
    edge: dict[DeliveryState | None, int] = {None: 0}
    seen: dict[DeliveryState | None, int] = {}
    while edge:
        seen |= edge
        after: dict[DeliveryState | None, int] = {}
        for state, steps in edge.items():
            for (kind, _), target in TRANSITIONS[state, mode].items():
                asks = kind is ContentConsignment and state is DeliveryState.AWAITING_ACCEPTANCE
                number = steps + (2 if asks else 1)
                found[kind.__name__] = min(number, found.get(kind.__name__, number))
                if target not in seen:
                    after[target] = min(number, after.get(target, number))
        edge = after
    return MappingProxyType(found)


_LEAST: Mapping[ConsignmentMode, Mapping[str, int]] = MappingProxyType(
    {mode: _least(mode) for mode in ConsignmentMode}
)
