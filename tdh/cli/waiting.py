"""Waiting until the log has an evidence: a second after its event, as a rule."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tdh.cli.client import Refused

Answer = TypeVar("Answer")


def add_wait(parser: argparse.ArgumentParser) -> None:
    """The option that says for how long."""
    parser.add_argument(
        "--wait",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="รอข้อพิสูจน์นานเท่าใด / how long to wait for the log (default: %(default)s)",
    )


def is_early(refused: Refused) -> bool:
    """Whether the log does not have it yet."""
    return refused.code == "not-logged-yet"


async def once_logged(ask: Callable[[], Awaitable[Answer]], seconds: float) -> Answer:
    """The answer, asked for until the log has it. Raises Refused, the last one after `seconds`."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while True:
        try:
            return await ask()
        except Refused as refused:
            if not is_early(refused) or loop.time() + refused.retry_after > until:
                raise
            await asyncio.sleep(refused.retry_after)
