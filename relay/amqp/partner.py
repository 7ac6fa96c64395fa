"""A partner's receiving program: takes its queue, fetches, checks, saves, acknowledges.

It is an ordinary client with a partner's rights; `tdh receive --amqp` runs it, and it shows how
one is written. A message is acknowledged to the broker after TDH has recorded the handover, so a
crash anywhere means that the message comes again, and everything is found done.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import aiohttp

from relay.amqp import announcements, names
from relay.amqp.cloudevents import CONTENT_TYPE, CloudEvent, parse_event, print_event
from relay.amqp.collecting import Collector, NamedLetter, ServerRefused, read_letter
from relay.amqp.connection import Outgoing, Publisher
from relay.amqp.consumer import Consumer, Handle, Received
from relay.amqp.errors import NotTaken
from relay.amqp.requests import print_digest
from relay.amqp.submissions import RESULT
from tdh.domain.errors import IntegrityFailure, InvalidValue, ServiceUnavailable, TDHError

PREFETCH = 4
LONGEST_PAUSE_SECONDS = 15.0
PATIENCE_SECONDS = 600.0
"""For one message while server or broker are missing; the broker itself allows half an hour."""


class RequestRefused(TDHError):
    """TDH refused what we asked for; `problem` is its problem document's code."""

    code = "request-refused"

    def __init__(self, problem: str, detail: str) -> None:
        super().__init__(f"{problem}: {detail}")
        self.problem = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """A letter that was saved and acknowledged: the handover is on record."""

    letter: NamedLetter
    files: tuple[Path, ...]
    evidence: str | None
    """The ContentHandover, if this acknowledgement made it; None if it was on record before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A letter that waits for accept or refuse. Nothing was accepted."""

    letter: NamedLetter


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A message that came to nothing; it is now among the partner's dead letters."""

    message_id: str
    problem: TDHError


Outcome = Collected | Waiting | Failed


class PartnerProgram:
    """Receives for one partner, whose name is the user of `amqp_url`."""

    def __init__(  # noqa: PLR0913 - its addresses and limits, by name
        self,
        *,
        amqp_url: str,
        server: str,
        token: str,
        folder: Path,
        new_message_id: Callable[[], str],
        timeout_seconds: float = 30.0,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """`server` is the HTTP root address and `token` the partner's there."""
        self.user = unquote(urlsplit(amqp_url).username or "")
        self._url = amqp_url
        self._server = server
        self._token = token
        self._folder = folder
        self._new_message_id = new_message_id
        self._timeout = timeout_seconds
        self._patience = patience_seconds
        self._replies: dict[str, asyncio.Future[CloudEvent]] = {}
        self._publisher = Publisher(amqp_url, name=f"{self.user} requests")

    async def run(self, told: Callable[[Outcome], None]) -> None:
        """Receive until cancelled, telling each outcome. Raises AccessRefused."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=self._timeout)
        headers = {"Authorization": f"Bearer {self._token}"}
        async with aiohttp.ClientSession(
            timeout=timeout, headers=headers, cookie_jar=aiohttp.DummyCookieJar()
        ) as session:
            collector = Collector(session=session, server=self._server, folder=self._folder)

            async def handle(received: Received) -> None:
                told(await self._handle(received, collector))

            try:
                await self._consume(handle)
            finally:
                await self._publisher.close()

    async def first(self, *, within_seconds: float) -> Outcome | None:
        """Receive one message and stop; None if none came in time. Raises AccessRefused."""
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def told(one: Outcome) -> None:
            if not outcome.done():
                outcome.set_result(one)

        running = asyncio.create_task(self.run(told))
        try:
            either: set[asyncio.Future[Any]] = {outcome, running}
            await asyncio.wait(either, timeout=within_seconds, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                await running
            return outcome.result() if outcome.done() else None
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def _consume(self, handle: Handle) -> None:
        mailbox = self._consumer(names.mailbox_queue(self.user))
        replies = self._consumer(names.reply_queue(self.user))
        running = [
            asyncio.create_task(mailbox.run(handle)),
            asyncio.create_task(replies.run(self._take_reply)),
        ]
        try:
            await asyncio.gather(*running)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    def _consumer(self, queue: str) -> Consumer:
        return Consumer(self._url, name=f"{self.user} {queue}", queues=[queue], prefetch=PREFETCH)

    async def _handle(self, received: Received, collector: Collector) -> Outcome:
        incoming = received.incoming
        try:
            outcome = await self._outcome(parse_event(incoming.body), collector)
        except (InvalidValue, IntegrityFailure, ServerRefused, RequestRefused) as error:
            await received.bury()
            return Failed(message_id=incoming.message_id, problem=error)
        await received.ack()
        return outcome

    async def _outcome(self, event: CloudEvent, collector: Collector) -> Outcome:
        letter = read_letter(event)
        match event.type:
            case announcements.AWAITING_ACCEPTANCE:
                return Waiting(letter=letter)
            case announcements.CONSIGNED:
                return await self._patiently(letter, collector)
            case _:
                raise InvalidValue("/type", "is not known here")

    async def _patiently(self, letter: NamedLetter, collector: Collector) -> Collected:
        """Fetch and acknowledge, again and again while a part of the service is missing."""
        pause = 0.5
        async with asyncio.timeout(self._patience):
            while True:
                try:
                    files = await collector.collect(letter)
                    evidence = await self._acknowledge(letter)
                    return Collected(letter=letter, files=files, evidence=evidence)
                except ServiceUnavailable:
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _acknowledge(self, letter: NamedLetter) -> str | None:
        digests = [print_digest(document.digest) for document in letter.documents]
        data = {"delivery": letter.delivery, "digests": digests}
        answer = await self.ask(names.HANDOVER_ACKNOWLEDGE, data)
        for happened in answer.data.get("events", ()):
            if happened.get("event") == "ContentHandover":
                return str(happened["evidence"]) if "evidence" in happened else None
        return None

    async def ask(self, action: str, data: Mapping[str, object]) -> CloudEvent:
        """Ask TDH for something and wait for the answer; `run` must be running.

        Raises RequestRefused, ServiceUnavailable (no answer in time: asking again is safe).
        """
        message_id = self._new_message_id()
        event = CloudEvent(id=message_id, source=f"urn:tdh:{self.user}", type=action, data=data)
        reply = self._replies[message_id] = asyncio.get_running_loop().create_future()
        try:
            await self._publisher.publish(
                Outgoing(
                    exchange=names.SUBMIT,
                    key=names.request_key(self.user, action),
                    body=print_event(event),
                    message_id=message_id,
                    correlation_id=message_id,
                    content_type=CONTENT_TYPE,
                    type=action,
                    user_id=self.user,
                )
            )
            answer: CloudEvent = await asyncio.wait_for(reply, self._timeout)
        except NotTaken as error:
            raise ServiceUnavailable(str(error)) from error
        except TimeoutError as error:
            raise ServiceUnavailable("no answer in time") from error
        finally:
            del self._replies[message_id]
        if answer.type != RESULT:
            raise _refusal(answer)
        return answer

    async def _take_reply(self, received: Received) -> None:
        """Answers to nobody here are to requests of a run that ended; the effect stands."""
        waiting = self._replies.get(received.incoming.correlation_id)
        if waiting is not None and not waiting.done():
            try:
                waiting.set_result(parse_event(received.incoming.body))
            except InvalidValue as error:
                waiting.set_exception(RequestRefused("unreadable-answer", str(error)))
        await received.ack()


def _refusal(answer: CloudEvent) -> TDHError:
    problem = answer.data.get("problem", answer.data)
    code, detail = str(problem.get("code", "unknown")), str(problem.get("title", ""))
    if problem.get("retryable"):
        return ServiceUnavailable(f"{code}: {detail}")
    return RequestRefused(code, detail)
