"""Deliveries as the public log shows them: their numbers, what may follow what, how they ended.

The log names neither the mode of a delivery nor whether a notification's failure was the last one,
so a delivery has a set of positions, all that its events allow; an empty set is a contradiction.
Replays `tdh.domain.lifecycle` apart from everything that decides. Pure.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from signing.log_entry import EvidenceEntry
from tdh.domain.events import REPEATABLE
from tdh.domain.lifecycle import FINAL, TRANSITIONS, ConsignmentMode, DeliveryState

ACCEPTANCE, CONSIGNMENT = "SubmissionAcceptance", "ContentConsignment"
CONSENT, REJECTION = "ConsignmentAcceptance", "SubmissionRejection"
UNDECIDED = "NotificationForAcceptanceFailure"
"""May be the last event or not: only what follows, or nothing, tells."""
PLACED = "placed"
"""How long it took until the content was there for the recipient."""
REFUSED_SUBMISSION = "refused_submission"
MINUTE = 60

Place = tuple[ConsignmentMode | None, DeliveryState | None, bool]
"""A mode (None: a refused submission), a state, and whether the recipient has just accepted."""
Places = frozenset[Place]

_START: Places = frozenset((mode, None, False) for mode in ConsignmentMode)
_REFUSED: Places = frozenset({(None, None, False)})


class Wrong(StrEnum):
    """What is wrong with an entry of a delivery."""

    NUMBER = "number"
    ORDER = "order"
    TIME = "time"
    LATE = "late"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicDelivery:
    """A delivery as far as the log has come. Times are minutes since 1970, days count from 1."""

    pseudonym: bytes
    sequence: int = 0
    places: str = ""
    """All positions that are possible, as `_spell` writes them; empty before the first event."""
    happened: str = ""
    """Names of the events that happen once and have happened."""
    accepted: int | None = None
    due: int | None = None
    last: int = 0
    outcome: str | None = None
    """How it ended, None while it goes on."""
    ended: int | None = None
    broken: bool = False
    """Something was wrong with it: no more is told of it."""


def follow(before: PublicDelivery, entry: EvidenceEntry) -> tuple[PublicDelivery, dict[Wrong, str]]:
    """The delivery after one more of its entries, and what is wrong with that one."""
    minute = int(entry.time.timestamp()) // MINUTE
    wrong: dict[Wrong, str] = {}
    if entry.sequence != before.sequence + 1:
        wrong[Wrong.NUMBER] = f"number {entry.sequence} stands where {before.sequence + 1} belongs"
    places = _after(before.places, entry.event)
    happened = before.happened.split()
    if entry.event not in REPEATABLE:
        if entry.event in happened:
            wrong[Wrong.ORDER] = f"{entry.event} happened before"
        happened.append(entry.event)
    if not places:
        wrong.setdefault(Wrong.ORDER, f"{entry.event} cannot be number {entry.sequence}")
    if minute < before.last:
        wrong[Wrong.TIME] = f"number {entry.sequence} is earlier than the one before it"
    outcome = _outcome(places) if places else before.outcome
    ends_now = outcome is not None and (outcome != before.outcome or entry.event == UNDECIDED)
    after = PublicDelivery(
        pseudonym=before.pseudonym,
        sequence=entry.sequence,
        places=places or before.places,
        happened=" ".join(happened),
        accepted=minute if entry.event == ACCEPTANCE else before.accepted,
        due=entry.due.toordinal() if entry.due else before.due,
        last=max(minute, before.last),
        outcome=outcome,
        ended=minute if ends_now else before.ended if outcome else None,
        broken=before.broken or bool(wrong),
    )
    if ends_now and after.due is not None and entry.time.date().toordinal() > after.due:
        wrong[Wrong.LATE] = f"{entry.event} came after the due date"
    return after, {} if before.broken else wrong


@cache
def _after(places: str, event: str) -> str:
    """Where one may be after this event, from all places where one may have been."""
    before = _read(places) if places else _START
    return _spell({to for place in before for to in _following(place, event)})


def _following(place: Place, event: str) -> Iterable[Place]:
    mode, state, accepted = place
    if mode is None:
        return
    if state is None and event == REJECTION:
        yield from _REFUSED
    asked = state is DeliveryState.AWAITING_ACCEPTANCE
    for (kind, _), to in TRANSITIONS[state, mode].items():
        # The recipient's acceptance and the consignment are one step, and neither comes alone.
        if kind.__name__ == event and (not asked or accepted == (event == CONSIGNMENT)):
            yield mode, to, event == CONSENT


@cache
def _outcome(places: str) -> str | None:
    """How it ended, if it did: where it may have ended, nothing that must follow is missing."""
    found = _read(places)
    if found == _REFUSED:
        return REFUSED_SUBMISSION
    ends = {state.value for _, state, _ in found if state in FINAL}
    return min(ends) if ends else None


def _spell(places: Iterable[Place]) -> str:
    return " ".join(
        sorted(f"{mode or '-'}/{state or '-'}/{'accepted' * said}" for mode, state, said in places)
    )


@cache
def _read(text: str) -> Places:
    found = set[Place]()
    for one in text.split():
        mode, state, said = one.split("/")
        found.add(
            (
                None if mode == "-" else ConsignmentMode(mode),
                None if state == "-" else DeliveryState(state),
                bool(said),
            )
        )
    return frozenset(found)
