"""Answers for everybody: one question for many who want to know."""

import asyncio

from relay.api.remembered import Remembered
from relay.api.undisturbed import Undisturbed
from tdh.domain.errors import StorageUnavailable


class Asked:
    """A question that counts how often it was asked, and a clock."""

    def __init__(self, error=None):
        self.times = 0
        self.now = 100.0
        self.error = error
        self.remembered = Remembered(
            self.ask, undisturbed=Undisturbed(), seconds=1.0, monotonic=lambda: self.now
        )

    async def ask(self):
        self.times += 1
        await asyncio.sleep(0)
        if self.error:
            raise self.error
        return self.times


async def test_an_answer_is_given_again_for_a_second_and_no_longer():
    asked = Asked()
    assert await asked.remembered.answer() == 1
    asked.now += 0.9
    assert await asked.remembered.answer() == 1
    asked.now += 0.1
    assert await asked.remembered.answer() == 2


async def test_many_at_once_cost_one_question():
    asked = Asked()
    assert await asyncio.gather(*(asked.remembered.answer() for _ in range(50))) == [1] * 50


async def test_one_who_goes_away_takes_the_answer_from_nobody():
    asked = Asked()
    gone = asyncio.ensure_future(asked.remembered.answer())
    await asyncio.sleep(0)
    stays = asyncio.ensure_future(asked.remembered.answer())
    gone.cancel()
    assert await stays == 1


async def test_an_error_is_for_those_who_waited_and_not_remembered():
    asked = Asked(StorageUnavailable("down"))
    both = await asyncio.gather(
        asked.remembered.answer(), asked.remembered.answer(), return_exceptions=True
    )
    assert both == [asked.error] * 2
    asked.error = None
    assert await asked.remembered.answer() == 2


async def test_what_is_forgotten_is_asked_for_anew():
    asked = Asked()
    assert await asked.remembered.answer() == 1
    asked.remembered.forget()
    assert await asked.remembered.answer() == 2
