"""Senders that go on while parts are stopped and killed, each as patient as a sender's program.

Every letter that a sender began is sent, under its key, until there is an answer. What was
answered with 201 is what must exist afterwards, exactly once.
"""

import asyncio
import collections
import time
from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg

from tests.installation import AGENCY, CITIZEN, Installation
from tests.stories import (
    TRANSIENT,
    ask_with_patience,
    assert_nothing_twice,
    events_of,
    letters_under_key,
    new_key,
    signed_pdf,
    submit,
    submit_with_patience,
    to,
    until_state,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A letter that was answered with 201."""

    key: str
    pdf: bytes
    recipients: Sequence[dict]
    letter: dict
    at: float

    @property
    def delivery(self) -> str:
        return self.letter["deliveries"][0]["id"]


@dataclass
class Traffic:
    """What the senders saw."""

    here: Installation
    sent: list[Sent] = field(default_factory=list)
    refused: collections.Counter = field(default_factory=collections.Counter)
    """503 answers by code, and broken connections under `no answer`."""
    stopping: bool = False

    async def sender(self, recipients: Sequence[dict]) -> None:
        """One letter after the other; the one that was begun is brought to its end."""
        while not self.stopping:
            pdf, key = signed_pdf(self.here), new_key()
            await self.send(pdf, key, recipients)

    async def send(self, pdf: bytes, key: str, recipients: Sequence[dict]) -> Sent:
        """Try again until there is an answer that is no 503."""
        async with asyncio.timeout(60):
            while True:
                try:
                    status, body = await submit(self.here, pdf, key, list(recipients))
                except TRANSIENT:
                    self.refused["no answer"] += 1
                    await asyncio.sleep(0.1)
                    continue
                if status == 201:
                    break
                # A process that was killed answers nothing: who asks again may find the first
                # request still at work in another one.
                assert status == 503 or body["code"] == "idempotency-in-progress", body
                self.refused[body["code"]] += 1
                await asyncio.sleep(0.05)
        one = Sent(key=key, pdf=pdf, recipients=recipients, letter=body, at=time.monotonic())
        self.sent.append(one)
        return one

    async def until_sent(self, more: int, within: float = 30) -> None:
        """Wait until so many more letters are accepted."""
        wanted = len(self.sent) + more
        async with asyncio.timeout(within):
            while len(self.sent) < wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def until_refused(self, code: str, within: float = 30) -> None:
        """Wait until a sender is refused for this once more."""
        before = self.refused[code]
        async with asyncio.timeout(within):
            while self.refused[code] == before:  # noqa: ASYNC110
                await asyncio.sleep(0.02)


@asynccontextmanager
async def traffic(here: Installation, *, senders: int = 3, recipients=None):
    """Senders for the block; at its end each finishes what it has begun."""
    seen = Traffic(here)
    tasks = [asyncio.create_task(seen.sender(recipients or to())) for _ in range(senders)]
    try:
        yield seen
    finally:
        seen.stopping = True
        await asyncio.gather(*tasks)


async def assert_all_there_once(here: Installation, sent: Sequence[Sent]) -> None:
    """Each accepted letter exists once, is in its mailbox, and is answered as it was."""
    assert sent
    await asyncio.gather(*(_assert_there_once(here, one) for one in sent))
    connection = await asyncpg.connect(here.dsn)
    try:
        known = {one.letter["id"] for one in sent}
        kept = {row["id"] for row in await connection.fetch("SELECT id FROM letters")}
    finally:
        await connection.close()
    assert known <= kept


async def _assert_there_once(here: Installation, one: Sent) -> None:
    assert await letters_under_key(here, one.key) == 1
    again = await submit_with_patience(here, one.pdf, one.key, list(one.recipients))
    assert again == (201, one.letter)
    await until_state(here, one.delivery, "consigned", "handed_over")
    assert_nothing_twice(await events_of(here, one.delivery))


async def read_until_handed_over(here: Installation, one: Sent) -> None:
    """The citizen opens the letter, again if the service died before it had recorded that."""
    path = f"/v1/inbox/{one.delivery}/documents/1"
    async with asyncio.timeout(60):
        while True:
            status, content = await ask_with_patience(here, CITIZEN, "GET", path)
            if (status, content) == (200, one.pdf):
                found = await ask_with_patience(
                    here, AGENCY, "GET", f"/v1/deliveries/{one.delivery}"
                )
                if b'"handed_over"' in found[1]:
                    return
            else:
                assert status == 200, content  # cut short by a kill, or damaged: never another one
                assert one.pdf.startswith(content)
            await asyncio.sleep(0.1)
