"""Brings the revocation data that children ask for: from memory, from the store, or fetched.

The trusted process's side, a `RevocationSource` of the pool. Bytes pass through unread: how long
they hold is what the judge's children say of them (`learned`), within bounds, because a child that
was taken over may say anything. What is served was stored before, so that a report never names
bytes that nobody can show.

- One question is asked once, however many documents wait for its answer.
- An answer serves until the earliest of its next update, the policy's maximum age and
  `longest_seconds`; in the last quarter of that time it is fetched anew beside the documents, so
  that no document waits for a certificate that is in regular use.
- A source that does not answer is not asked again for `retry_seconds`; what it gave last is handed
  to the judge meanwhile, whose policy knows whether older data will do.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from signing.judge.facts import Brought, Need, NeedKind
from tdh.domain.errors import TDHError
from tdh.domain.revocation import KeptAnswer, RevocationQuestion, SourceState
from tdh.domain.verdicts import RevocationFinding

LOG = logging.getLogger(__name__)
WITHOUT_NEXT_UPDATE = timedelta(hours=1)
"""How long an answer serves that says no next update."""
_EARLY = 0.75
_FETCHED = " fetched"


class Store(Protocol):
    """Where data are kept, and what is known of their sources. All raise StorageUnavailable."""

    async def state(self, source: RevocationQuestion) -> SourceState: ...
    async def keep(
        self, source: RevocationQuestion, content: bytes, at: datetime
    ) -> SourceState: ...
    async def fail(self, source: RevocationQuestion, next_try: datetime) -> int: ...
    async def learn(
        self, sources: Sequence[RevocationQuestion], sha256: bytes, validity: KeptAnswer
    ) -> None: ...


class Fetch(Protocol):
    """A guarded fetcher."""

    async def __call__(self, url: str, request: bytes) -> bytes | None:
        """The bytes; None if there were none, for whatever reason."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheLimits:
    """How long answers serve."""

    retry_seconds: float = 60.0
    """A source is not asked twice in less."""
    longest_seconds: float = 86_400.0
    """Whatever an answer says of itself, it is asked for again after this."""
    max_age_seconds: float | None = None
    """The policy's maximum age of revocation data."""
    memory_bytes: int = 64 * 1024 * 1024

    def serves_until(self, answer: KeptAnswer) -> datetime:
        """When an answer must be asked for again."""
        least = answer.fetched_at + timedelta(seconds=self.retry_seconds)
        if answer.this_update is None:  # nobody has read it yet
            return least
        ends = [
            answer.next_update or answer.this_update + WITHOUT_NEXT_UPDATE,
            answer.fetched_at + timedelta(seconds=self.longest_seconds),
        ]
        if self.max_age_seconds is not None:
            ends.append(answer.this_update + timedelta(seconds=self.max_age_seconds))
        return max(least, min(ends))

    def renewed_from(self, answer: KeptAnswer) -> datetime:
        """When it is fetched anew although it still serves."""
        early = _EARLY * (self.serves_until(answer) - answer.fetched_at)
        return answer.fetched_at + max(early, timedelta(seconds=self.retry_seconds))


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

    async def close(self) -> None:
        """End what is still being fetched."""
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

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
                source
                for source, state in self._memory.items()
                if state.answer is not None
                and state.answer.sha256 == sha256
                and state.answer.this_update is None
            ]
            for source in unread:
                self._note(source, finding)
            if unread:
                answer = self._memory[unread[0]].answer
                if answer is not None:
                    await self._store.learn(unread, sha256, answer)

    def _note(self, source: RevocationQuestion, finding: RevocationFinding) -> None:
        state = self._memory[source]
        if state.answer is not None:
            answer = replace(
                state.answer, this_update=finding.this_update, next_update=finding.next_update
            )
            self._memory[source] = replace(state, answer=answer)

    async def _first(self, needs: Sequence[Need]) -> tuple[Need, Brought] | None:
        for need in needs:
            source = RevocationQuestion(kind=need.kind.value, url=need.url, request=need.request)
            answer = (await self._newest(source)).answer
            if answer is not None:
                return need, Brought(kind=NeedKind(source.kind), data=answer.content)
        return None

    async def _newest(self, source: RevocationQuestion) -> SourceState:
        state = self._memory.get(source)
        if state is not None:
            self._memory.move_to_end(source)
            now = self._now()
            if self._rests(state, now):
                return state
            if state.answer is not None and now < self._limits.serves_until(state.answer):
                if now >= self._limits.renewed_from(state.answer):
                    self._flight(source)
                return state
        # Others wait for the same answer: who goes away leaves it to them.
        return await asyncio.shield(self._flight(source))

    def _rests(self, state: SourceState, now: datetime) -> bool:
        return state.next_try is not None and now < state.next_try

    def _flight(self, source: RevocationQuestion) -> asyncio.Task[SourceState]:
        flight = self._flights.get(source)
        if flight is None:
            flight = asyncio.create_task(self._renew(source))
            self._flights[source] = flight
            flight.add_done_callback(lambda done: self._landed(source, done))
        return flight

    def _landed(self, source: RevocationQuestion, flight: "asyncio.Task[SourceState]") -> None:
        self._flights.pop(source, None)
        if not flight.cancelled() and (problem := flight.exception()) is not None:
            name = problem.code if isinstance(problem, TDHError) else type(problem).__name__
            LOG.warning("revocation data of one source were not renewed: %s", name)

    async def _renew(self, source: RevocationQuestion) -> SourceState:
        """Look what another process may have fetched; else fetch."""
        state = await self._store.state(source)
        now = self._now()
        fresh = state.answer is not None and now < self._limits.renewed_from(state.answer)
        if not fresh and not self._rests(state, now):
            state = await self._ask(source, state)
        self._remember(source, state)
        return state

    async def _ask(self, source: RevocationQuestion, state: SourceState) -> SourceState:
        content = await self._fetch(source.url, source.request)
        now = self._now()
        if content is not None:
            return await self._store.keep(source, content, now)
        next_try = now + timedelta(seconds=self._limits.retry_seconds)
        failures = await self._store.fail(source, next_try)
        return replace(state, failures=failures, next_try=next_try)

    def _remember(self, source: RevocationQuestion, state: SourceState) -> None:
        self._forget(source)
        self._memory[source] = state
        self._bytes += _size(source, state)
        while self._bytes > self._limits.memory_bytes and len(self._memory) > 1:
            self._forget(next(iter(self._memory)))

    def _forget(self, source: RevocationQuestion) -> None:
        state = self._memory.pop(source, None)
        if state is not None:
            self._bytes -= _size(source, state)


_OVERHEAD = 1024


def _size(source: RevocationQuestion, state: SourceState) -> int:
    content = 0 if state.answer is None else len(state.answer.content)
    return content + len(source.url) + len(source.request) + _OVERHEAD
