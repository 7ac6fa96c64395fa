"""Whose document is judged next."""

import asyncio
from collections.abc import Iterable

from signing.judge.turns import FairTurns


async def served(most: int, senders: Iterable[str]) -> list[str]:
    """In which order those who come at once get their turns."""
    turns, order = FairTurns(most), list[str]()

    async def one(sender: str) -> None:
        async with turns.turn(sender):
            order.append(sender)
            await asyncio.sleep(0)

    await asyncio.gather(*(one(sender) for sender in senders))
    return order


async def test_who_sends_much_makes_others_wait_for_one_document_only() -> None:
    order = await served(1, ["much"] * 1000 + ["little", "other"])
    assert order.index("little") <= 2
    assert order.index("other") <= 3
    assert order.count("much") == 1000


async def test_of_one_sender_who_comes_first_is_served_first() -> None:
    turns, order = FairTurns(1), list[int]()

    async def one(number: int) -> None:
        async with turns.turn("a"):
            order.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*map(one, range(20)))
    assert order == list(range(20))


async def test_never_more_at_once_than_allowed_and_never_fewer_for_long() -> None:
    turns, now, most = FairTurns(3), 0, 0

    async def one(number: int) -> None:
        nonlocal now, most
        async with turns.turn(str(number % 4)):
            now += 1
            most = max(most, now)
            await asyncio.sleep(0)
            now -= 1

    await asyncio.gather(*map(one, range(50)))
    assert (now, most) == (0, 3)
    await asyncio.wait_for(asyncio.gather(*map(one, range(3))), 1)


async def test_who_goes_away_loses_no_turn_for_others() -> None:
    turns, gate = FairTurns(1), asyncio.Event()

    async def hold() -> None:
        async with turns.turn("a"):
            await gate.wait()

    async def pass_by() -> None:
        async with turns.turn("b"):
            pass

    first = asyncio.create_task(hold())
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(pass_by()) for _ in range(3)]
    last = asyncio.create_task(pass_by())
    await asyncio.sleep(0)
    waiting[0].cancel()  # before its turn
    gate.set()
    await first
    waiting[1].cancel()  # its turn has just come
    waiting[2].cancel()
    await asyncio.wait_for(last, 1)
    await asyncio.gather(*waiting, return_exceptions=True)
    assert await asyncio.wait_for(served(1, ["x"]), 1) == ["x"]
    await asyncio.wait_for(pass_by(), 1)
