"""The trusted process's side: documents in, verdicts out, hostile bytes never touched here.

Keeps the parent program running, hands it documents by descriptor, bounds how many are judged at
once and how many bytes are in memory, and turns the death of a child into a verdict with a name. If
the parent program itself dies, it is started again at once and what was in flight is asked once
more; after that the answer is JudgeUnavailable.
"""

import asyncio
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType, TracebackType
from typing import Protocol, Self

from signing.judge.budget import DocumentBudget
from signing.judge.facts import Brought, Need
from signing.judge.fast.lane import FastLane
from signing.judge.incoming import DocumentInJudgement
from signing.judge.memfd import Memfd
from signing.judge.policy import Limits, Policy
from signing.judge.program import Program, ProgramEnded, Task
from signing.judge.reasons import ANSWERS, Code, reason
from signing.judge.report import Report
from signing.judge.turns import FairTurns
from signing.judge.wire import Extra, Outcome, Reply, Setup, answer_from_bytes
from signing.trust import TrustFolder
from tdh.domain.errors import JudgeUnavailable
from tdh.domain.verdicts import RevocationFinding, Verdict

LOG = logging.getLogger(__name__)
_ENDINGS: Mapping[Outcome, Code] = MappingProxyType(
    {
        Outcome.TIME_LIMIT: Code.TIME_LIMIT,
        Outcome.MEMORY_LIMIT: Code.MEMORY_LIMIT,
        Outcome.CRASHED: Code.CRASHED,
    }
)


ROUNDS = 3
"""A list may have to be fetched before it shows that another one is needed."""


class RevocationSource(Protocol):
    """Brings revocation data from outside, bounded and guarded, or from its cache."""

    async def bring(self, needs: Sequence[Need], at: datetime) -> Mapping[Need, Brought]:
        """Give what could be brought; never raises for what is out there.

        Raises StorageUnavailable: what was brought could not be kept.
        """
        ...

    async def learned(self, findings: Sequence[RevocationFinding]) -> None:
        """Take down what children read in the data: until when they hold."""
        ...

    async def useless(self, needs: Sequence[Need]) -> None:
        """Hear for which needs the data that were brought did not do."""
        ...


class JudgePool:
    """Judges documents in killable processes. Start before use, close after."""

    def __init__(  # noqa: PLR0913 - all with defaults, by name
        self,
        trust: TrustFolder,
        *,
        policy: Policy | None = None,
        limits: Limits | None = None,
        budget: DocumentBudget | None = None,
        concurrency: int | None = None,
        revocation: RevocationSource | None = None,
        fast: bool = True,
    ) -> None:
        """`concurrency`: how many documents at once; the number of cores if None.

        `revocation`: brings data that children ask for; without one only what is at hand counts.
        `fast`: whether plain documents take the fast lane, which changes no report.
        """
        self.policy = policy or Policy()
        self.limits = limits or Limits()
        self.budget = budget or DocumentBudget()
        self._trust = trust
        concurrency = concurrency or os.cpu_count() or 1
        self._turns = FairTurns(concurrency)
        # Where data may be issued any time later, no chain stays as it is until some instant.
        self._locators = concurrency if fast and not self.policy.accept_later_data else 0
        self._lane: FastLane | None = None
        self._program: Program | None = None
        self._starting = asyncio.Lock()
        self._closed = False
        self._revocation = revocation

    async def start(self) -> None:
        """Start the parent program; returns when it is warm (about half a second).

        Raises:
            JudgeUnavailable: it does not start.

        """
        await self._running()

    async def close(self) -> None:
        """End the parent program and its children."""
        self._closed = True
        async with self._starting:  # one that is just starting is waited for and ended too
            await self._bury()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def document(self, holder: str, *, sender: str = "") -> DocumentInJudgement:
        """Begin a document that comes piece by piece; its bytes count for `holder`.

        `sender`: among whose documents it waits to be judged; the holder's if empty.
        """
        return DocumentInJudgement(self, holder, sender or holder)

    async def judge(self, memfd: int, size: int, at: datetime) -> Verdict:
        """Judge a sealed document. `at` is aware; the result depends on it.

        Raises:
            JudgeUnavailable: nothing is known of the document; the same may be asked later.

        """
        return (await self.report(memfd, size, at)).verdict

    async def report(
        self,
        memfd: int,
        size: int,
        at: datetime,
        content: Memfd | None = None,
        *,
        sender: str = "",
    ) -> Report:
        """Judge, and give what the full report adds. Raises JudgeUnavailable.

        `content`: what a detached signature stands over, sealed.
        """
        if size > self.limits.document_bytes:
            return self._named(Code.TOO_LARGE, at)
        await self._running()
        lane = self._lane
        task = Task(document=memfd, size=size, at=at, content=content, sender=sender)
        verified = await lane.verified(memfd, size) if lane and content is None else None
        if lane is None or verified is None:
            return await self._careful(task)
        report = lane.accept(verified, at)
        if report is None:
            report = await self._careful(task)
            if self._revocation is None or not report.needs:
                lane.learn(verified, report, at)
        return report

    def unsigned_kind(self, at: datetime) -> Report:
        """What a child would say of a document that is of no signed kind by its first bytes."""
        return self._named(Code.KIND_UNKNOWN, at)

    async def _careful(self, task: Task) -> Report:
        """Judge in a child of its own, and again with the revocation data that it asked for."""
        report = await self._round(task)
        brought: dict[Need, Brought] = {}
        for _ in range(ROUNDS - 1):
            missing = [need for need in report.needs if need not in brought]
            if self._revocation is None or not missing:
                break
            found = await self._revocation.bring(missing, task.at)
            if not found:
                break
            brought |= found
            extra = Extra(revocation=tuple(dict.fromkeys(brought.values())))
            with Memfd(extra.to_bytes()) as memory:
                memory.seal()
                report = await self._round(replace(task, extra=memory))
            signatures = report.verdict.signatures
            await self._revocation.learned([f for one in signatures for f in one.revocation])
            await self._revocation.useless([need for need in report.needs if need in brought])
        return report

    async def _round(self, task: Task) -> Report:
        async with self._turns.turn(task.sender):
            reply = await self._ask(task)
        if reply.outcome is Outcome.STARVED:
            raise JudgeUnavailable("the machine is too busy to judge in time")
        if reply.outcome is not Outcome.ANSWERED:
            return self._named(_ENDINGS[reply.outcome], task.at)
        try:
            return answer_from_bytes(reply.answer)
        except ValueError:
            return self._named(Code.CRASHED, task.at)

    async def _ask(self, task: Task) -> Reply:
        for _ in range(2):
            program = await self._running()
            try:
                return await program.ask(task)
            except ProgramEnded:
                continue
        raise JudgeUnavailable("the judge's program ended twice")

    async def _running(self) -> Program:
        async with self._starting:
            if self._closed:
                raise JudgeUnavailable("the judge is closed")
            if self._program is None or self._program.ended:
                await self._bury()
                setup = Setup(
                    policy=self.policy,
                    limits=self.limits,
                    trust_bytes=0,
                    locators=self._locators,
                )
                try:
                    self._program = await Program.start(setup, self._trust)
                except (ProgramEnded, OSError) as problem:
                    LOG.error("the judge's program does not start: %s", problem)  # noqa: TRY400 - its reason, not our stack
                    raise JudgeUnavailable(
                        f"the judge's program does not start: {problem}"
                    ) from problem
                self._lane = FastLane(self._program, self.policy, self._trust)
                self._program.give_locators(self._lane)
            return self._program

    async def _bury(self) -> None:
        if self._program is not None:
            await self._program.stop()
            self._program = None

    def _named(self, code: Code, at: datetime) -> Report:
        answer = ANSWERS[code]
        verdict = Verdict(
            indication=answer.indication,
            sub_indication=answer.sub_indication,
            reason=reason(code),
            kind=None,
            policy=self.policy.name,
            trust_version=self._trust.version,
            evaluated_at=at,
        )
        return Report(verdict=verdict)
