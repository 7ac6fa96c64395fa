"""Brings the revocation data that children ask for: from memory, from the store, or fetched.

The trusted process's side, a `RevocationSource` of the pool. Bytes pass through unread: how long
they hold is what the judge's children say of them (`learned`), within bounds, because a child that
was taken over may say anything. What is served was stored before, so that a report never names
bytes that nobody can show.

- One question is asked once, however many documents wait for its answer.
- An answer serves until the earliest of its next update, the policy's maximum age and
  `longest_seconds`. In the last quarter of that time it is fetched anew beside the documents
  (`run`), so that no document waits for a certificate that is in regular use.
- A source that does not answer is not asked again for `retry_seconds`; what it gave last is handed
  to the judge meanwhile, whose policy knows whether older data will do.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from signing.judge.cache_limits import CacheLimits
from signing.judge.facts import Brought, Need, NeedKind
from tdh.domain.errors import TDHError
from tdh.domain.revocation import KeptAnswer, RevocationQuestion, SourceState
from tdh.domain.verdicts import RevocationFinding

LOG = logging.getLogger(__name__)
_LOOK_SECONDS = 15.0
_UNUSED_RENEWALS = 2
"""An answer that nobody asked for any more is renewed so often, then no longer. It is not always
seen that one is in use: the fast lane rests on what it says until it ends."""
_FETCHED = " fetched"


class Store(Protocol):
    """Where data are kept, and what is known of their sources. All raise StorageUnavailable."""

    async def state(self, question: RevocationQuestion) -> SourceState: ...
    async def keep(
        self, question: RevocationQuestion, content: bytes, at: datetime
    ) -> SourceState: ...
    async def fail(self, question: RevocationQuestion, next_try: datetime) -> int: ...
    async def learn(
        self, questions: Sequence[RevocationQuestion], sha256: bytes, validity: KeptAnswer
    ) -> None: ...


class Fetch(Protocol):
    """A guarded fetcher."""

    async def __call__(self, url: str, request: bytes) -> bytes | None:
        """The bytes; None if there were none, for whatever reason."""
        ...


class RevocationCache:
    """A pool's source of revocation data. Close after use."""

    def __init__(
        self,
        *,
        store: Store,
        fetch: Fetch,
        now: Callable[[], datetime],
        limits: CacheLimits | None = None,
    ) -> None:
        self._store = store
        self._fetch = fetch
        self._now = now
        self._limits = limits or CacheLimits()
        self._memory: OrderedDict[RevocationQuestion, SourceState] = OrderedDict()
        self._bytes = 0
        self._flights: dict[RevocationQuestion, asyncio.Task[SourceState]] = {}
        self._unused: dict[RevocationQuestion, int] = {}
        self._offered: dict[RevocationQuestion, bytes] = {}
        """Digest of the answer that was last handed to a child."""

    async def close(self) -> None:
        """End what is still being fetched."""
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    async def run(self) -> None:
        """Renew what is in use before it ends, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            self.renew_due()

    def renew_due(self) -> None:
        """Begin to fetch anew what is in use and ends soon."""
        now = self._now()
        for question, state in list(self._memory.items()):
            due = state.answer is not None and now >= self._renewed_from(question, state.answer)
            unused = self._unused.get(question, 0)
            if due and not self._rests(state, now) and unused < _UNUSED_RENEWALS:
                if question not in self._flights:
                    self._unused[question] = unused + 1
                self._flight(question)

    async def bring(self, needs: Sequence[Need], at: datetime) -> Mapping[Need, Brought]:  # noqa: ARG002 - whether data fit a time is the judge's question
        """For each certificate the first of its needs that can be met. Raises StorageUnavailable.

        Data are as new as can be had, also for a judgement of a time gone by.
        """
        of_certificate: dict[str, list[Need]] = {}
        for need in needs:
            of_certificate.setdefault(need.certificate_sha256, []).append(need)
        found = await asyncio.gather(*(self._first(group) for group in of_certificate.values()))
        return {need: brought for pair in found if pair is not None for need, brought in [pair]}

    async def learned(self, findings: Iterable[RevocationFinding]) -> None:
        """Take down until when data hold, as a child read it. Raises StorageUnavailable."""
        for finding in findings:
            if finding.data_sha256 is None or not (finding.source or "").endswith(_FETCHED):
                continue
            sha256 = bytes.fromhex(finding.data_sha256)
            unread = [
                question
                for question, state in self._memory.items()
                if state.answer is not None
                and state.answer.sha256 == sha256
                and state.answer.this_update is None
            ]
            for question in unread:
                self._note(question, finding)
            if unread:
                answer = self._memory[unread[0]].answer
                if answer is not None:
                    await self._store.learn(unread, sha256, answer)

    async def useless(self, needs: Sequence[Need]) -> None:
        """Forget what was said of answers that a child had and still asks for.

        They are asked for again as if nobody had read them: whoever said that they hold for long
        may have been taken over. Raises StorageUnavailable.
        """
        for need in needs:
            question = _question_of(need)
            state = self._memory.get(question)
            if state is None or state.answer is None or state.answer.this_update is None:
                continue
            answer = replace(state.answer, this_update=None, next_update=None)
            self._memory[question] = replace(state, answer=answer)
            await self._store.learn([question], answer.sha256, answer)

    def _note(self, question: RevocationQuestion, finding: RevocationFinding) -> None:
        state = self._memory[question]
        if state.answer is not None:
            answer = replace(
                state.answer, this_update=finding.this_update, next_update=finding.next_update
            )
            self._memory[question] = replace(state, answer=answer)

    async def _first(self, needs: Sequence[Need]) -> tuple[Need, Brought] | None:
        for need in needs:
            question = _question_of(need)
            answer = (await self._newest(question)).answer
            if answer is not None:
                self._unused.pop(question, None)
                self._offered[question] = answer.sha256
                return need, Brought(kind=NeedKind(question.kind), data=answer.content)
        return None

    async def _newest(self, question: RevocationQuestion) -> SourceState:
        state = self._memory.get(question)
        if state is not None:
            self._memory.move_to_end(question)
            now = self._now()
            if self._rests(state, now):
                return state
            offered = self._was_offered(question, state.answer)
            answer = state.answer
            if answer is not None and now < self._limits.serves_until(answer, offered=offered):
                if now >= self._renewed_from(question, answer):
                    self._flight(question)
                return state
        # Others wait for the same answer: who goes away leaves it to them.
        return await asyncio.shield(self._flight(question))

    def _was_offered(self, question: RevocationQuestion, answer: KeptAnswer | None) -> bool:
        return answer is not None and self._offered.get(question) == answer.sha256

    def _renewed_from(self, question: RevocationQuestion, answer: KeptAnswer) -> datetime:
        offered = self._was_offered(question, answer)
        return self._limits.renewed_from(answer, offered=offered)

    def _rests(self, state: SourceState, now: datetime) -> bool:
        return state.next_try is not None and now < state.next_try

    def _flight(self, question: RevocationQuestion) -> asyncio.Task[SourceState]:
        flight = self._flights.get(question)
        if flight is None:
            flight = asyncio.create_task(self._renew(question))
            self._flights[question] = flight
            flight.add_done_callback(lambda done: self._landed(question, done))
        return flight

    def _landed(self, question: RevocationQuestion, flight: "asyncio.Task[SourceState]") -> None:
        self._flights.pop(question, None)
        if not flight.cancelled() and (problem := flight.exception()) is not None:
            name = problem.code if isinstance(problem, TDHError) else type(problem).__name__
            LOG.warning("revocation data of one source were not renewed: %s", name)

    async def _renew(self, question: RevocationQuestion) -> SourceState:
        """Look what another process may have fetched; else fetch."""
        state = await self._store.state(question)
        now = self._now()
        fresh = state.answer is not None and now < self._renewed_from(question, state.answer)
        if not fresh and not self._rests(state, now):
            state = await self._ask(question, state)
        self._remember(question, state)
        return state

    async def _ask(self, question: RevocationQuestion, state: SourceState) -> SourceState:
        content = await self._fetch(question.url, question.request)
        now = self._now()
        if content is not None:
            return await self._store.keep(question, content, now)
        next_try = now + timedelta(seconds=self._limits.retry_seconds)
        failures = await self._store.fail(question, next_try)
        return replace(state, failures=failures, next_try=next_try)

    def _remember(self, question: RevocationQuestion, state: SourceState) -> None:
        self._forget(question)
        self._memory[question] = state
        self._bytes += _size(question, state)
        while self._bytes > self._limits.memory_bytes and len(self._memory) > 1:
            oldest = next(iter(self._memory))
            self._forget(oldest)
            self._unused.pop(oldest, None)
            self._offered.pop(oldest, None)

    def _forget(self, question: RevocationQuestion) -> None:
        state = self._memory.pop(question, None)
        if state is not None:
            self._bytes -= _size(question, state)


def _question_of(need: Need) -> RevocationQuestion:
    return RevocationQuestion(kind=need.kind.value, url=need.url, request=need.request)


_OVERHEAD = 1024


def _size(question: RevocationQuestion, state: SourceState) -> int:
    content = 0 if state.answer is None else len(state.answer.content)
    return content + len(question.url) + len(question.request) + _OVERHEAD
