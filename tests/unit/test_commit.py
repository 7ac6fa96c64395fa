"""The group commit: one transaction for what waits, its own answer for each."""

import asyncio
import traceback
from contextlib import asynccontextmanager

import pytest

from tdh.delivery.commit import BatchLimits, GroupCommit
from tdh.domain import commands as cmd
from tdh.domain.decisions import Decision, Repetition
from tdh.domain.errors import (
    AlreadyDecided,
    CommitUnknown,
    Conflict,
    DataRefused,
    IdempotencyMismatch,
    NotFound,
    OutcomeUnknown,
    SealingUnavailable,
    ServiceUnavailable,
)
from tdh.domain.events import EventReason
from tdh.domain.lifecycle import ConsignmentMode
from tdh.domain.policies import Policy
from tests import builders as make
from tests.memory_journal import MemoryJournal, MemorySealer


class StandingClock:
    def now(self):
        return make.NOW


class House:
    """A group commit over memory, and the commands of a small town."""

    def __init__(self, limits=None):
        self.ids = make.SequentialIds()
        self.journal = MemoryJournal()
        self.sealer = MemorySealer()
        self.commit = GroupCommit(
            journal=self.journal,
            sealer=self.sealer,
            clock=StandingClock(),
            policy=Policy(),
            crash=lambda _name: None,
            limits=limits,
        )

    def submit(self, key, mode=ConsignmentMode.BASIC, recipients=1):
        letter = make.letter(self.ids)
        to = [make.recipient(self.ids, letter.id, mode=mode) for _ in range(recipients)]
        return make.submit(self.ids, *to, key=key, of=letter)

    def forward(self, delivery):
        return cmd.Forward(delivery=delivery, event=self.ids.event(delivery))

    def accept(self, delivery):
        return cmd.Accept(
            delivery=delivery,
            event=self.ids.event(delivery),
            consignment_event=self.ids.event(delivery),
            by=make.by(),
            received_at=make.NOW,
        )

    def refuse(self, delivery):
        return cmd.Refuse(
            delivery=delivery, event=self.ids.event(delivery), by=make.by(), received_at=make.NOW
        )

    async def all(self, *commands):
        """Ask all at once; answers or errors, in order."""
        waiting = [asyncio.ensure_future(self.commit(command)) for command in commands]
        return await asyncio.gather(*waiting, return_exceptions=True)


@asynccontextmanager
async def running(house):
    task = asyncio.ensure_future(house.commit.run())
    try:
        yield house
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_what_waits_together_commits_together():
    async with running(House()) as house:
        answers = await house.all(*(house.submit(f"key-{n}") for n in range(50)))
    assert all(isinstance(answer.answer, Decision) for answer in answers)
    assert house.sealer.frames == [50]


async def test_a_batch_has_at_most_128_commands():
    async with running(House()) as house:
        await house.all(*(house.submit(f"key-{n}") for n in range(300)))
    assert house.sealer.frames == [128, 128, 44]


async def test_a_letter_with_more_recipients_than_a_batch_takes_goes_by_itself():
    async with running(House()) as house:
        answers = await house.all(
            house.submit("a"), house.submit("big", recipients=1000), house.submit("b")
        )
    assert [len(answer.sealed) for answer in answers] == [1, 1000, 1]
    assert house.sealer.frames == [1, 1000, 1]


@pytest.mark.parametrize("place", [0, 63, 127])
async def test_a_member_poisoned_for_the_database_harms_none_of_the_other_127(place):
    async with running(House()) as house:
        commands = [house.submit(f"key-{n}") for n in range(128)]
        house.journal.poisoned.add(commands[place].letter.id)
        answers = await house.all(*commands)
    assert isinstance(answers.pop(place), DataRefused)
    assert all(isinstance(answer.answer, Decision) for answer in answers)
    assert len(house.journal.events) == 127


@pytest.mark.parametrize("place", [0, 63, 127])
async def test_a_member_that_the_sealer_refuses_harms_none_of_the_other_127(place):
    async with running(House()) as house:
        commands = [house.submit(f"key-{n}") for n in range(128)]
        house.sealer.refuses.add(commands[place].letter.id)
        answers = await house.all(*commands)
    assert isinstance(answers.pop(place), DataRefused)
    assert all(isinstance(answer.answer, Decision) for answer in answers)
    assert len(house.journal.events) == 127
    assert commands[place].idempotency.key not in {key for _, key in house.journal.keys}


async def test_of_two_answers_to_one_delivery_the_first_wins_and_the_second_is_told():
    async with running(House()) as house:
        [submitted] = await house.all(house.submit("k", ConsignmentMode.CONSENT))
        delivery = submitted.answer.changes[0].after.id
        await house.all(house.forward(delivery))
        first, second, again = await house.all(
            house.refuse(delivery), house.accept(delivery), house.refuse(delivery)
        )
    assert isinstance(first.answer, Decision)
    assert isinstance(second, AlreadyDecided)
    assert second.winner == "ConsignmentRejection"
    assert isinstance(again.answer, Repetition)


async def test_the_loser_of_a_key_is_answered_after_the_winner_has_committed():
    async with running(House()) as house:
        first = house.submit("same")
        second = house.submit("same")
        won, lost = await house.all(first, second)
    assert isinstance(won.answer, Decision)
    assert lost.recorded.letter == first.letter.id


async def test_the_same_key_with_other_content_is_refused():
    async with running(House()) as house:
        first = house.submit("same")
        other = house.submit("same")
        key = cmd.IdempotencyKey(sender=make.AGENCY, key="same", fingerprint=b"\2" * 32)
        other = type(other)(
            **{**{f: getattr(other, f) for f in other.__slots__}, "idempotency": key}
        )
        _, lost = await house.all(first, other)
    assert isinstance(lost, IdempotencyMismatch)


def told(house, delivery, checked_at=make.NOW):
    return cmd.RecordSignatureStatus(
        delivery=delivery,
        event=house.ids.event(delivery),
        document=1,
        checked_at=checked_at,
        before="TOTAL_PASSED",
        before_code="passed",
        now="INDETERMINATE/REVOKED_NO_POE",
        reason=EventReason(code="revoked", details=("ถูกเพิกถอน", "It was revoked.")),
    )


async def submitted(house, key, recipients, mode=ConsignmentMode.CONSENT):
    [answer] = await house.all(house.submit(key, mode, recipients))
    return [change.after.id for change in answer.answer.changes]


async def test_commands_together_are_one_transaction_and_wait_for_all_their_deliveries():
    async with running(House()) as house:
        first, second, third = await submitted(house, "a", 3)
        house.sealer.frames.clear()
        together = cmd.Together(commands=tuple(told(house, one) for one in (second, third)))
        answers = await house.all(house.forward(first), house.forward(third), together)
    assert [len(answer.sealed) for answer in answers] == [1, 1, 2]
    assert house.sealer.frames == [2, 2], "the third delivery was in hand"
    sequences = [house.journal.dossiers[one].delivery.sequence for one in (first, second, third)]
    assert sequences == [2, 2, 3]


async def test_what_is_done_together_is_done_for_all_or_for_none():
    async with running(House()) as house:
        first, second = await submitted(house, "a", 2)
        missing = house.ids.delivery(make.letter(house.ids).id)
        for other in (missing, second):
            if other is second:
                house.sealer.refuses.add(house.journal.dossiers[first].letter.id)
            commands = (told(house, first), told(house, other))
            [answer] = await house.all(cmd.Together(commands=commands))
            assert isinstance(answer, NotFound if other is missing else DataRefused)
    assert len(house.journal.events) == 2


async def test_what_happened_before_is_left_out_of_what_is_done_together():
    async with running(House()) as house:
        first, second = await submitted(house, "a", 2)
        await house.all(told(house, first))
        both = cmd.Together(commands=(told(house, first), told(house, second)), outbox=7)
        [some] = await house.all(both)
        [nothing] = await house.all(both)
    assert [event.delivery for event in some.answer.events] == [second]
    assert isinstance(nothing.answer, Repetition)
    assert some.answer.done == nothing.answer.done == (7,)


async def test_a_thousand_deliveries_are_told_in_one_transaction():
    async with running(House()) as house:
        deliveries = await submitted(house, "a", 1000)
        house.sealer.frames.clear()
        [answer] = await house.all(
            cmd.Together(commands=tuple(told(house, one) for one in deliveries), outbox=7)
        )
    assert house.sealer.frames == [1000]
    assert answer.answer.done == (7,)


async def test_a_silent_sealer_answers_the_whole_batch_and_nothing_is_written():
    async with running(House()) as house:
        house.sealer.error = SealingUnavailable("silent")
        answers = await house.all(house.submit("a"), house.submit("b"))
    assert all(isinstance(answer, SealingUnavailable) for answer in answers)
    assert house.journal.events == {}


async def test_members_that_fail_together_have_an_error_each():
    """One error raised in two places has the steps of both in its traceback."""
    async with running(House()) as house:
        house.sealer.error = SealingUnavailable("silent")
        first, second = await house.all(house.submit("a"), house.submit("b"))
    assert first is not second
    assert str(first) == str(second) == "silent"
    assert len(traceback.extract_tb(first.__traceback__)) == 1
    assert first.__cause__ is second.__cause__ is house.sealer.error


async def test_a_deadlock_repeats_the_batch_once():
    async with running(House()) as house:
        house.journal.faults = [Conflict("40P01")]
        answers = await house.all(house.submit("a"), house.submit("b"))
        assert all(isinstance(answer.answer, Decision) for answer in answers)
        house.journal.faults = [Conflict("40P01"), Conflict("40P01")]
        again = await house.all(house.submit("c"))
    assert isinstance(again[0], ServiceUnavailable)


def lost_after_commit():
    fault = CommitUnknown("cut")
    fault.after = True
    return fault


async def test_a_commit_whose_answer_was_lost_is_looked_up_and_not_repeated():
    async with running(House()) as house:
        house.journal.faults = [lost_after_commit()]
        answers = await house.all(house.submit("a"), house.submit("b"))
    assert all(isinstance(answer.answer, Decision) for answer in answers)
    assert len(house.journal.events) == 2


async def test_a_commit_that_did_not_happen_is_answered_as_not_accepted():
    async with running(House()) as house:
        house.journal.faults = [CommitUnknown("cut")]
        [answer] = await house.all(house.submit("a"))
    assert isinstance(answer, ServiceUnavailable)
    assert house.journal.events == {}


async def test_an_outcome_that_cannot_be_found_out_is_said_to_be_unknown():
    async with running(House()) as house:
        house.journal.faults = [CommitUnknown("cut")]
        house.journal.reachable = False
        [answer] = await house.all(house.submit("a"))
    assert isinstance(answer, OutcomeUnknown)


async def test_a_caller_that_goes_away_cancels_nothing():
    async with running(House()) as house:
        gone = asyncio.ensure_future(house.commit(house.submit("a")))
        stays = asyncio.ensure_future(house.commit(house.submit("b")))
        await asyncio.sleep(0)
        gone.cancel()
        await stays
    assert len(house.journal.events) == 2


async def test_too_much_waiting_is_answered_at_once():
    house = House(BatchLimits(waiting=1))
    waits = asyncio.ensure_future(house.commit(house.submit("a")))
    await asyncio.sleep(0)
    with pytest.raises(ServiceUnavailable):
        await house.commit(house.submit("b"))
    async with running(house):
        await waits


async def test_the_heartbeat_is_written_after_the_sealer_answered():
    async with running(House()) as house:
        await house.all(house.submit("a"))
        await asyncio.sleep(0.01)
    assert house.journal.beats == [make.NOW]
