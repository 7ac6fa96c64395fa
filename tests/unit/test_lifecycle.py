"""The table, and walks over it by `decide`: no walk reaches contradictory evidence."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tdh.domain import commands as cmd
from tdh.domain import events as ev
from tdh.domain.decide import decide
from tdh.domain.decisions import Decision, Refusal, Repetition
from tdh.domain.errors import (
    AcceptanceNotCommitted,
    AcceptanceTooLate,
    ClockBehind,
    IllegalTransition,
    NotAcceptedYet,
    NotDueYet,
    NotFound,
)
from tdh.domain.events import EventReason
from tdh.domain.evidence import facts_of
from tdh.domain.lifecycle import (
    CONTENT_AVAILABLE,
    FINAL,
    TRANSITIONS,
    ConsignmentMode,
    DeliveryState,
    advance,
)
from tdh.domain.outbox import Task
from tdh.domain.parties import Channel
from tdh.domain.policies import Policy
from tests import builders as make

POLICY = Policy()


def test_every_state_has_a_row_for_every_mode():
    wanted = {(state, mode) for state in (None, *DeliveryState) for mode in ConsignmentMode}
    assert set(TRANSITIONS) == wanted


def test_nothing_leads_out_of_a_final_state():
    for (state, _), row in TRANSITIONS.items():
        if state in FINAL:
            assert set(row.values()) <= {state}


def test_every_state_can_be_reached_and_every_event_has_a_place():
    reached = {after for row in TRANSITIONS.values() for after in row.values()}
    assert reached == set(DeliveryState)
    events = {trigger for row in TRANSITIONS.values() for trigger, _ in row}
    assert events == set(ev.EVENTS) - {ev.SubmissionRejection}


def test_an_illegal_step_names_state_and_event():
    event = ev.ContentHandoverFailure(
        id="evt_1", delivery="d", sequence=2, time=make.NOW, released=()
    )
    with pytest.raises(IllegalTransition, match="no ContentHandoverFailure from state accepted"):
        advance(DeliveryState.ACCEPTED, ConsignmentMode.BASIC, event)


def first_dossier(ids, mode=ConsignmentMode.CONSENT, channel=Channel.PERSON, documents=1):
    letter = make.letter(ids, documents=documents)
    to = make.recipient(ids, letter.id, make.party(channel=channel), mode)
    decision = decide(make.submit(ids, to, of=letter), None, make.NOW, POLICY)
    return after(decision)


def after(decision):
    change = decision.changes[0]
    happened = change.dossier.happened | {
        (event.name, event.cause) for event in change.events if event.name in ev.REPEATABLE
    }
    return replace(change.dossier, delivery=change.after, happened=happened)


def forwarded(ids, **wanted):
    dossier = first_dossier(ids, **wanted)
    command = cmd.Forward(delivery=dossier.delivery.id, event=ids.event(dossier.delivery.id))
    return after(decide(command, dossier, make.NOW, POLICY))


def accept(ids, dossier, at, received_at=None):
    return decide(
        cmd.Accept(
            delivery=dossier.delivery.id,
            event=ids.event(dossier.delivery.id),
            consignment_event=ids.event(dossier.delivery.id),
            by=make.by(),
            received_at=received_at or at,
        ),
        dossier,
        at,
        POLICY,
    )


def test_a_letter_to_a_thousand_recipients_has_a_delivery_and_an_evidence_each():
    ids = make.SequentialIds()
    letter = make.letter(ids)
    recipients = [make.recipient(ids, letter.id) for _ in range(1000)]
    decision = decide(make.submit(ids, *recipients, of=letter), None, make.NOW, POLICY)
    facts = facts_of(decision, POLICY)
    assert len(decision.changes) == len(facts) == 1000
    assert all(len(one.recipients) == 1 and one.due for one in facts)
    assert len({one.pseudonym for one in facts}) == 1000


def test_accepting_consigns_the_content_in_the_same_decision():
    ids = make.SequentialIds()
    decision = accept(ids, forwarded(ids), make.NOW)
    names = [event.name for event in decision.events]
    assert names == ["ConsignmentAcceptance", "ContentConsignment"]
    assert after(decision).delivery.state is DeliveryState.CONSIGNED
    assert decision.changes[0].forget >= {Task.EXPIRE, Task.PUSH_ENVELOPE}


def test_accepting_twice_is_answered_with_the_first_evidence():
    ids = make.SequentialIds()
    dossier = after(accept(ids, forwarded(ids), make.NOW))
    answer = accept(ids, dossier, make.NOW)
    assert isinstance(answer, Repetition)
    assert answer.event == "ConsignmentAcceptance"


def test_an_answer_counts_by_the_instant_when_its_request_was_complete():
    ids = make.SequentialIds()
    dossier = forwarded(ids)
    deadline = dossier.delivery.acceptance_deadline
    late = accept(ids, dossier, deadline + timedelta(seconds=1))
    assert isinstance(late.error, AcceptanceTooLate)
    on_its_way = accept(ids, dossier, deadline + timedelta(seconds=30), received_at=deadline)
    assert isinstance(on_its_way, Decision)
    lost = accept(ids, dossier, deadline + timedelta(seconds=61), received_at=deadline)
    assert isinstance(lost.error, AcceptanceNotCommitted)


def test_expiry_waits_for_answers_that_are_on_their_way():
    ids = make.SequentialIds()
    dossier = forwarded(ids)
    deadline = dossier.delivery.acceptance_deadline
    command = cmd.Expire(delivery=dossier.delivery.id, event=ids.event(dossier.delivery.id))
    early = decide(command, dossier, deadline + timedelta(seconds=119), POLICY)
    assert isinstance(early.error, NotDueYet)
    due = decide(command, dossier, deadline + timedelta(seconds=120), POLICY)
    assert due.events[0].name == "AcceptanceRejectionExpiry"


def test_content_is_refused_before_acceptance():
    ids = make.SequentialIds()
    dossier = forwarded(ids)
    command = cmd.TrackAccess(
        delivery=dossier.delivery.id, event=ids.event(dossier.delivery.id), document=1, by=make.by()
    )
    assert isinstance(decide(command, dossier, make.NOW, POLICY).error, NotAcceptedYet)


def test_a_foreign_delivery_is_as_good_as_missing():
    ids = make.SequentialIds()
    dossier = forwarded(ids)
    stranger = make.by(make.COMPANY)
    for command in (
        cmd.Accept(
            delivery=dossier.delivery.id,
            event=ids.event(dossier.delivery.id),
            consignment_event=ids.event(dossier.delivery.id),
            by=stranger,
            received_at=make.NOW,
        ),
        cmd.Withdraw(
            delivery=dossier.delivery.id, event=ids.event(dossier.delivery.id), by=stranger
        ),
    ):
        foreign = decide(command, dossier, make.NOW, POLICY)
        missing = decide(command, None, make.NOW, POLICY)
        assert isinstance(foreign.error, NotFound)
        assert str(foreign.error) == str(missing.error)


def test_a_recipient_cannot_accept_what_was_not_notified_yet():
    ids = make.SequentialIds()
    assert isinstance(accept(ids, first_dossier(ids), make.NOW).error, NotFound)


def test_a_person_s_handover_comes_with_the_last_document_and_only_then():
    ids = make.SequentialIds()
    dossier = forwarded(ids, mode=ConsignmentMode.BASIC, documents=2)

    def release(document, dossier):
        command = cmd.Release(
            delivery=dossier.delivery.id,
            event=ids.event(dossier.delivery.id),
            document=document,
            by=make.by(),
        )
        return decide(command, dossier, make.NOW, POLICY)

    first = release(2, dossier)
    assert first.events == ()
    second = release(1, after(first))
    assert [event.name for event in second.events] == ["ContentHandover"]
    assert second.events[0].kind is ev.HandoverKind.TRANSPORT_COMPLETE


def test_a_clock_behind_the_last_event_is_refused_beyond_a_second():
    ids = make.SequentialIds()
    dossier = forwarded(ids)
    assert isinstance(accept(ids, dossier, make.NOW - timedelta(seconds=1.5)).error, ClockBehind)
    close = accept(ids, dossier, make.NOW - timedelta(seconds=0.5))
    assert close.events[0].time == make.NOW


def provisional(ids, mode=ConsignmentMode.CONSENT, recipients=1):
    """A submission that was accepted on older revocation data."""
    verdict = replace(make.verdict(), provisional=True)
    letter = make.letter(ids)
    letter = replace(letter, documents=(replace(letter.documents[0], verdict=verdict),))
    to = [make.recipient(ids, letter.id, mode=mode) for _ in range(recipients)]
    return make.submit(ids, *to, of=letter)


def told(ids, delivery, document=1, checked_at=make.NOW):
    return cmd.RecordSignatureStatus(
        delivery=delivery,
        event=ids.event(delivery),
        document=document,
        checked_at=checked_at,
        before="TOTAL_PASSED",
        before_code="passed",
        now="INDETERMINATE/REVOKED_NO_POE",
        reason=EventReason(code="revoked", details=("ถูกเพิกถอน", "It was revoked.")),
    )


def test_a_letter_accepted_on_older_data_is_judged_again_once_whatever_its_recipients():
    ids = make.SequentialIds()
    asked = provisional(ids, recipients=1000)
    decision = decide(asked, None, make.NOW, POLICY)
    (job,) = [entry for entry in decision.outbox if entry.task is Task.RECHECK_SIGNATURE]
    assert job.delivery == asked.recipients[0].delivery
    assert job.due == make.NOW + POLICY.recheck_after
    usual = decide(make.submit(ids), None, make.NOW, POLICY)
    assert {entry.task for entry in usual.outbox} == {Task.FORWARD}


def test_tries_wait_twice_as_long_each_time_and_in_the_end_a_day():
    waits = [POLICY.recheck_at(n, make.NOW) - make.NOW for n in range(1, 9)]
    hours = [wait / timedelta(hours=1) for wait in waits]
    assert hours == [1, 2, 4, 8, 16, 24, 24, 24]
    assert POLICY.recheck_at(10**6, make.NOW) == make.NOW + timedelta(days=1)


def test_the_end_of_a_delivery_does_not_end_its_letter_s_re_check():
    ids = make.SequentialIds()
    dossier = after(decide(provisional(ids, ConsignmentMode.BASIC), None, make.NOW, POLICY))
    command = cmd.Withdraw(
        delivery=dossier.delivery.id,
        event=ids.event(dossier.delivery.id),
        by=make.by(make.AGENCY),
    )
    ended = decide(command, dossier, make.NOW, POLICY)
    assert ended.changes[0].after.state in FINAL
    assert ended.changes[0].forget == frozenset(Task) - {Task.RECHECK_SIGNATURE}


@pytest.mark.parametrize("mode", ConsignmentMode)
@pytest.mark.parametrize("state", DeliveryState)
def test_a_changed_signature_is_told_in_every_state_and_moves_none(state, mode):
    ids = make.SequentialIds()
    dossier = first_dossier(ids, mode)
    dossier = replace(dossier, delivery=replace(dossier.delivery, state=state))
    decision = decide(told(ids, dossier.delivery.id), dossier, make.NOW, POLICY)
    change = decision.changes[0]
    assert change.after == replace(
        dossier.delivery, sequence=dossier.delivery.sequence + 1, last_event_at=make.NOW
    )
    assert (change.forget, decision.outbox, decision.done) == (frozenset(), (), ())
    (facts,) = facts_of(decision, POLICY)
    assert facts.particulars[-6:-1] == (
        ("document", "1"),
        ("checked-at", make.NOW.isoformat()),
        ("before", "TOTAL_PASSED"),
        ("before-reason", "passed"),
        ("now", "INDETERMINATE/REVOKED_NO_POE"),
    )
    assert [reason.code for reason in facts.reasons] == ["revoked"]
    assert facts.due is None


def test_one_re_check_is_told_once_and_another_one_again():
    ids = make.SequentialIds()
    dossier = first_dossier(ids)
    delivery = dossier.delivery.id
    dossier = after(decide(told(ids, delivery), dossier, make.NOW, POLICY))
    answer = decide(told(ids, delivery), dossier, make.NOW, POLICY)
    assert isinstance(answer, Repetition)
    assert answer.event == "SignatureStatus"
    for other in (
        told(ids, delivery, document=2),
        told(ids, delivery, checked_at=make.NOW + timedelta(seconds=1)),
    ):
        assert isinstance(decide(other, dossier, make.NOW, POLICY), Decision)


class DeliveryWalk(RuleBasedStateMachine):
    """Anybody may ask for anything at any time; what comes of it never contradicts itself."""

    def __init__(self):
        super().__init__()
        self.ids = make.SequentialIds()
        self.now = make.NOW
        self.events = []

    @initialize(
        mode=st.sampled_from([ConsignmentMode.BASIC, ConsignmentMode.CONSENT]),
        channel=st.sampled_from(Channel),
        documents=st.integers(1, 3),
        rechecked=st.booleans(),
    )
    def submit(self, mode, channel, documents, rechecked):
        self.dossier = first_dossier(self.ids, mode, channel, documents)
        self.outbox = {Task.FORWARD, *((Task.RECHECK_SIGNATURE,) if rechecked else ())}
        self.rechecked = rechecked
        self.events = ["SubmissionAcceptance"]

    def ask(self, command):
        before = self.dossier.delivery
        answer = decide(command, self.dossier, self.now, POLICY)
        if not isinstance(answer, Decision):
            assert isinstance(answer, Refusal | Repetition)
            return
        change = answer.changes[0]
        sequences = [event.sequence for event in answer.events]
        assert sequences == list(range(before.sequence + 1, before.sequence + 1 + len(sequences)))
        assert all(event.time >= before.last_event_at for event in answer.events)
        assert len(facts_of(answer, POLICY)) == len(answer.events)
        state = before.state
        for event in answer.events:
            state = advance(state, before.mode, event)
        assert state is change.after.state
        self.dossier = after(answer)
        self.events += [event.name for event in answer.events]
        self.outbox -= change.forget
        if isinstance(command, cmd.Forward):
            self.outbox.discard(Task.FORWARD)
        self.outbox |= {entry.task for entry in answer.outbox}

    @property
    def id(self):
        return self.dossier.delivery.id

    @property
    def event(self):
        return self.ids.event(self.id)

    @rule(seconds=st.sampled_from([0, 1, 60, 119, 121, 86400, 15 * 86400, 91 * 86400]))
    def time_passes(self, seconds):
        self.now += timedelta(seconds=seconds)

    @rule()
    def forward(self):
        self.ask(cmd.Forward(delivery=self.id, event=self.event))

    @rule()
    def give_up(self):
        reason = EventReason(code="mailbox-closed")
        self.ask(cmd.FailConsignment(delivery=self.id, event=self.event, reason=reason))

    @rule(party=st.sampled_from([make.CITIZEN, make.COMPANY]), ago=st.integers(0, 100))
    def accept(self, party, ago):
        self.ask(
            cmd.Accept(
                delivery=self.id,
                event=self.event,
                consignment_event=self.event,
                by=make.by(party),
                received_at=self.now - timedelta(seconds=ago),
            )
        )

    @rule(party=st.sampled_from([make.CITIZEN, make.COMPANY]))
    def refuse(self, party):
        self.ask(
            cmd.Refuse(delivery=self.id, event=self.event, by=make.by(party), received_at=self.now)
        )

    @rule()
    def expire(self):
        self.ask(cmd.Expire(delivery=self.id, event=self.event))

    @rule()
    def end_holding(self):
        self.ask(cmd.EndHolding(delivery=self.id, event=self.event))

    @rule(document=st.integers(0, 4))
    def open_document(self, document):
        self.ask(
            cmd.TrackAccess(delivery=self.id, event=self.event, document=document, by=make.by())
        )

    @rule(document=st.integers(1, 3))
    def release(self, document):
        if document <= len(self.dossier.letter.documents):
            self.ask(
                cmd.Release(delivery=self.id, event=self.event, document=document, by=make.by())
            )

    @rule(wrong=st.booleans())
    def acknowledge(self, wrong):
        digests = tuple(d.digest for d in self.dossier.letter.documents)
        self.ask(
            cmd.Acknowledge(
                delivery=self.id,
                event=self.event,
                digests=digests[::-1][1:] if wrong else digests,
                by=make.by(),
            )
        )

    @rule(failed=st.booleans(), channel=st.sampled_from(["amqp", "mail"]))
    def notice(self, failed, channel):
        failure = EventReason(code="returned") if failed else None
        self.ask(
            cmd.RecordNotice(delivery=self.id, event=self.event, channel=channel, failure=failure)
        )

    @rule(party=st.sampled_from([make.AGENCY, make.CITIZEN]))
    def withdraw(self, party):
        self.ask(cmd.Withdraw(delivery=self.id, event=self.event, by=make.by(party)))

    @rule(document=st.integers(1, 3), ago=st.sampled_from([0, 1, 3600]))
    def tell_of_a_signature(self, document, ago):
        before = self.dossier.delivery
        self.ask(told(self.ids, self.id, document, self.now - timedelta(seconds=ago)))
        delivery = self.dossier.delivery
        assert replace(before, sequence=0, last_event_at=None) == replace(
            delivery, sequence=0, last_event_at=None
        )

    @invariant()
    def a_re_check_is_never_forgotten(self):
        if self.events:
            assert (Task.RECHECK_SIGNATURE in self.outbox) == self.rechecked

    @invariant()
    def one_end_and_nothing_that_excludes_another(self):
        if not self.events:
            return
        happened = set(self.events)
        once = [name for name in self.events if name not in ev.REPEATABLE]
        assert len(once) == len(set(once)), "an event that happens once happened twice"
        assert len(happened & ev.FINAL_EVENTS) <= 1
        assert not {"ConsignmentAcceptance", "ConsignmentRejection"} <= happened
        assert not {"ConsignmentAcceptance", "AcceptanceRejectionExpiry"} <= happened
        delivery = self.dossier.delivery
        if delivery.mode is ConsignmentMode.CONSENT and "ContentConsignment" in happened:
            assert "ConsignmentAcceptance" in happened
        if {"ContentAccessTracking", "ContentHandover"} & happened:
            assert "ContentConsignment" in happened
            assert delivery.state in CONTENT_AVAILABLE | {DeliveryState.UNCOLLECTED}
        assert delivery.sequence == len(self.events)

    @invariant()
    def what_is_not_final_has_something_to_move_it(self):
        if self.events and self.dossier.delivery.state not in FINAL:
            assert self.outbox & {Task.FORWARD, Task.EXPIRE, Task.END_HOLDING}
        elif self.events:
            assert not self.outbox - {Task.RECHECK_SIGNATURE}


DeliveryWalk.TestCase.settings = settings(max_examples=300, stateful_step_count=25, deadline=None)
TestDeliveryWalk = DeliveryWalk.TestCase
