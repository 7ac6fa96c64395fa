"""Replaying recorded events: what `decide` made is right, what was tampered with never is."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant

from tdh.domain.decide import decide
from tdh.domain.decisions import Decision
from tdh.domain.events import REPEATABLE, NotificationForAcceptanceFailure
from tdh.domain.lifecycle import FINAL, ConsignmentMode, DeliveryState
from tdh.domain.replay import (
    Contradiction,
    RecordedEvent,
    SequenceBroken,
    TimeWentBack,
    check_possible,
    replay,
    replay_refusal,
)
from tests import builders as make
from tests.unit import test_lifecycle

BASIC, CONSENT = ConsignmentMode.BASIC, ConsignmentMode.CONSENT
STORIES = {
    "company": (BASIC, "SubmissionAcceptance ContentConsignment ContentHandover"),
    "citizen": (
        CONSENT,
        (
            "SubmissionAcceptance NotificationForAcceptance ConsignmentAcceptance "
            "ContentConsignment ContentAccessTracking ContentHandover"
        ),
    ),
    "refused": (CONSENT, "SubmissionAcceptance NotificationForAcceptance ConsignmentRejection"),
    "expired": (
        CONSENT,
        "SubmissionAcceptance NotificationForAcceptance AcceptanceRejectionExpiry",
    ),
}


def story(names: str) -> list[RecordedEvent]:
    return [
        RecordedEvent(
            name=name,
            sequence=number,
            time=make.NOW + timedelta(seconds=number),
            cause="1:somebody" if name in REPEATABLE else "",
        )
        for number, name in enumerate(names.split(), start=1)
    ]


def recorded(event) -> RecordedEvent:
    return RecordedEvent(
        name=event.name,
        sequence=event.sequence,
        time=event.time,
        cause=event.cause,
        final=isinstance(event, NotificationForAcceptanceFailure) and event.final,
    )


class ReplayWalk(test_lifecycle.DeliveryWalk):
    """Whatever walk `decide` takes, replaying its events leads to the state that it wrote."""

    def __init__(self):
        super().__init__()
        self.recorded = []

    def ask(self, command):
        answer = decide(command, self.dossier, self.now, test_lifecycle.POLICY)
        if isinstance(answer, Decision):
            self.recorded += map(recorded, answer.events)
        super().ask(command)

    @invariant()
    def replay_agrees(self):
        if not self.events:
            return
        if not self.recorded:
            first = self.dossier.delivery
            self.recorded = [
                RecordedEvent(name=self.events[0], sequence=1, time=first.last_event_at)
            ]
        delivery = self.dossier.delivery
        found = replay(self.recorded, delivery.mode)
        assert found.state is delivery.state
        assert found.sequence == delivery.sequence
        assert found.last_event_at == delivery.last_event_at
        check_possible(self.recorded[::2], delivery.mode)


ReplayWalk.TestCase.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)
TestReplayWalk = ReplayWalk.TestCase


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("company", DeliveryState.HANDED_OVER),
        ("citizen", DeliveryState.HANDED_OVER),
        ("refused", DeliveryState.REFUSED),
        ("expired", DeliveryState.EXPIRED),
    ],
)
def test_the_stories_lead_to_their_ends(name, state):
    mode, names = STORIES[name]
    assert replay(story(names), mode).state is state
    assert state in FINAL


@given(name=st.sampled_from(sorted(STORIES)), place=st.integers(0, 4))
def test_a_missing_event_is_found_wherever_it_is_missing(name, place):
    mode, names = STORIES[name]
    events = story(names)
    place %= len(events) - 1  # the last one may be missing: a delivery may be on its way
    del events[place]
    with pytest.raises(SequenceBroken):
        replay(events, mode)
    if events[place].name == "ContentHandover":
        return  # nobody can tell from the events alone that an access was recorded before it
    renumbered = [replace(event, sequence=n) for n, event in enumerate(events, start=1)]
    with pytest.raises(Contradiction):
        replay(renumbered, mode)


@given(name=st.sampled_from(sorted(STORIES)), place=st.integers(0, 5))
def test_an_event_that_stands_twice_is_found(name, place):
    mode, names = STORIES[name]
    events = story(names)
    events.insert(place % len(events), events[place % len(events)])
    with pytest.raises(SequenceBroken):
        replay(events, mode)
    renumbered = [replace(event, sequence=n) for n, event in enumerate(events, start=1)]
    with pytest.raises(Contradiction):
        replay(renumbered, mode)


def test_a_time_that_goes_back_is_found_and_an_equal_one_is_right():
    mode, names = STORIES["company"]
    events = story(names)
    events[2] = replace(events[2], time=events[1].time)
    replay(events, mode)
    events[2] = replace(events[2], time=events[1].time - timedelta(microseconds=1))
    with pytest.raises(TimeWentBack, match="number 3"):
        replay(events, mode)


@pytest.mark.parametrize(
    "names",
    [
        "SubmissionAcceptance NotificationForAcceptance ContentConsignment",
        "SubmissionAcceptance NotificationForAcceptance ConsignmentAcceptance ConsignmentRejection",
        "SubmissionAcceptance NotificationForAcceptance ConsignmentAcceptance Withdrawal",
        "SubmissionAcceptance NotificationForAcceptance ConsignmentRejection ContentConsignment",
        "SubmissionAcceptance ContentConsignment",
        "NotificationForAcceptance",
        "SubmissionRejection",
        "SubmissionAcceptance Unheard",
    ],
)
def test_what_excludes_another_never_stands_beside_it(names):
    with pytest.raises(Contradiction):
        replay(story(names), CONSENT)


def test_a_changed_signature_may_be_told_at_any_time_but_never_inside_an_acceptance():
    mode, names = STORIES["citizen"]
    for place in range(1, len(names.split()) + 1):
        told = names.split()
        told.insert(place, "SignatureStatus")
        if told[place - 1] == "ConsignmentAcceptance":
            with pytest.raises(Contradiction):
                replay(story(" ".join(told)), mode)
            continue
        found = replay(story(" ".join(told)), mode)
        assert (found.state, found.sequence) == (DeliveryState.HANDED_OVER, len(told))
    with pytest.raises(Contradiction):
        replay(story("SignatureStatus SubmissionAcceptance"), BASIC)


def test_an_event_without_the_cause_that_its_kind_has_is_refused():
    events = story(STORIES["citizen"][1])
    with pytest.raises(Contradiction, match="cause"):
        replay([*events[:4], replace(events[4], cause="")], CONSENT)


def test_no_event_at_all_is_no_delivery():
    with pytest.raises(SequenceBroken):
        replay([], BASIC)


def test_a_refused_submission_has_one_event_and_no_other():
    replay_refusal(story("SubmissionRejection"))
    for names in ("", "SubmissionAcceptance", "SubmissionRejection SubmissionRejection"):
        with pytest.raises(Contradiction):
            replay_refusal(story(names))


@given(data=st.data(), name=st.sampled_from(sorted(STORIES)))
def test_any_part_of_a_true_story_is_possible(data, name):
    mode, names = STORIES[name]
    events = story(names)
    some = data.draw(st.lists(st.sampled_from(events), unique=True))
    check_possible(sorted(some, key=lambda event: event.sequence), mode)


@given(data=st.data(), name=st.sampled_from(["company", "citizen"]))
def test_part_of_a_story_with_other_numbers_is_impossible_before_the_content_is_there(data, name):
    mode, names = STORIES[name]
    events = story(names)[: names.split().index("ContentConsignment") + 1]
    event = data.draw(st.sampled_from(events))
    wrong = (
        data.draw(st.integers(1, 9).filter(lambda number: number < event.sequence))
        if event.sequence > 1
        else data.draw(st.integers(2, 99_999_999))
    )
    with pytest.raises(Contradiction):
        check_possible([replace(event, sequence=wrong)], mode)


@pytest.mark.parametrize(
    ("mode", "numbers"),
    [
        (CONSENT, {3: "ConsignmentAcceptance", 5: "ConsignmentRejection"}),
        (CONSENT, {3: "ConsignmentRejection", 9: "ContentHandover"}),
        (BASIC, {2: "NotificationForAcceptance"}),
        (BASIC, {1: "SubmissionAcceptance", 2: "ContentHandover"}),
        (BASIC, {3: "ContentHandover", 4: "ContentHandoverFailure"}),
        (BASIC, {3: "ContentHandover", 99_999_999: "ContentHandover"}),
        (CONSENT, {4: "ContentHandover"}),
        (CONSENT, {1: "SubmissionRejection"}),
    ],
)
def test_events_that_no_delivery_can_have_had_are_named(mode, numbers):
    events = [
        RecordedEvent(name=name, sequence=number, time=make.NOW) for number, name in numbers.items()
    ]
    with pytest.raises(Contradiction):
        check_possible(events, mode)


def test_two_events_of_one_number_are_named():
    events = [RecordedEvent(name=n, sequence=2, time=make.NOW) for n in ("Withdrawal", "Other")]
    with pytest.raises(SequenceBroken, match="two different events are number 2"):
        check_possible(events, BASIC)
