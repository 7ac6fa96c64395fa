"""The one group commit: collect what is waiting, lock, decide, seal, write, answer each.

A batch is what arrived while the last one ran; nobody waits for company. Every change of a
delivery in this process goes through here, in one transaction with its evidence. What holds if
the process dies is said at each crash point; nothing is answered before the commit.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from tdh.delivery.batch import Batch, Member
from tdh.domain.commands import Command
from tdh.domain.errors import (
    CommitUnknown,
    Conflict,
    DataRefused,
    OutcomeUnknown,
    ServiceUnavailable,
    TDHError,
)
from tdh.domain.policies import Policy
from tdh.domain.records import Committed
from tdh.ports import Clock, CrashPoint, Journal, Sealer

log = structlog.get_logger()

HEARTBEAT = timedelta(seconds=5)
"""The longest silence of a healthy committer; auditors read outages from longer gaps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLimits:
    """How much one transaction takes."""

    commands: int = 128
    evidences: int = 512
    waiting: int = 4096
    """Commands that may wait; further ones are answered 503 at once."""


class GroupCommit:
    """Answers commands in batches. Call it; `run` must be running."""

    def __init__(  # noqa: PLR0913 - its ports, by name
        self,
        *,
        journal: Journal,
        sealer: Sealer,
        clock: Clock,
        policy: Policy,
        crash: CrashPoint,
        limits: BatchLimits | None = None,
    ) -> None:
        self._journal = journal
        self._sealer = sealer
        self._clock = clock
        self._policy = policy
        self._crash = crash
        self._limits = limits or BatchLimits()
        self._waiting: deque[Member] = deque()
        self._arrived = asyncio.Event()
        self._last_beat: datetime | None = None

    async def __call__(self, command: Command) -> Committed:
        """The answer after its transaction. A caller that goes away cancels nothing.

        Raises ServiceUnavailable and its kin when nothing was written, OutcomeUnknown when that
        could not be found out.
        """
        if len(self._waiting) >= self._limits.waiting:
            raise ServiceUnavailable("too much is waiting")
        member = Member(command=command, answer=asyncio.get_running_loop().create_future())
        self._waiting.append(member)
        self._arrived.set()
        return await member.answer

    async def run(self) -> None:
        """Serve until cancelled; a batch that has begun is finished first."""
        while True:
            if not await self._something_waits():
                await self._beat_if_due()
                continue
            members = self._take()
            work = asyncio.ensure_future(self._serve(members))
            try:
                await asyncio.shield(work)
            except asyncio.CancelledError:
                await work
                raise
            await self._beat_if_due()

    async def _something_waits(self) -> bool:
        if not self._waiting:
            self._arrived.clear()
            try:
                await asyncio.wait_for(self._arrived.wait(), HEARTBEAT.total_seconds())
            except TimeoutError:
                return False
        return True

    def _take(self) -> list[Member]:
        """The next batch, in order of arrival.

        A second command on the same delivery, or under the same idempotency key, waits for the
        next batch: it must see what the first one did.
        """
        taken: list[Member] = []
        held_back: list[Member] = []
        subjects: set[object] = set()
        evidences = 0
        while self._waiting and len(taken) < self._limits.commands:
            member = self._waiting.popleft()
            if taken and evidences + member.evidences > self._limits.evidences:
                held_back.append(member)
                break
            if not subjects.isdisjoint(member.subjects):
                held_back.append(member)
                continue
            subjects |= member.subjects
            evidences += member.evidences
            taken.append(member)
        self._waiting.extendleft(reversed(held_back))
        return taken

    async def _serve(self, members: list[Member]) -> None:
        try:
            await self._commit(members, may_repeat=True)
        except Exception as defect:
            log.exception("commit.defect", error=type(defect).__name__, members=len(members))
            _answer_all(members, ServiceUnavailable("an internal error; nothing was accepted"))

    async def _commit(self, members: Sequence[Member], *, may_repeat: bool) -> None:
        """One transaction for all; poisoned members are found by halving."""
        batch = Batch(members, self._policy)
        try:
            poisoned = await self._attempt(batch)
        except Conflict as conflict:
            if not may_repeat:
                _answer_all(members, ServiceUnavailable(str(conflict)))
                return
            await self._commit(members, may_repeat=False)
            return
        except DataRefused as refused:
            await self._without_the_poisoned(members, refused)
            return
        except CommitUnknown:
            await self._find_out(batch)
            return
        except TDHError as error:
            log.warning("commit.failed", code=error.code, error=str(error), members=len(members))
            _answer_all(members, error)
            return
        if poisoned:
            # Nothing was written: the others go again without them.
            log.error("commit.poisoned", members=len(poisoned))
            rest = [member for member in members if member not in poisoned]
            _answer_all(poisoned, DataRefused("the sealer refuses this evidence"))
            if rest:
                await self._commit(rest, may_repeat=may_repeat)
            return
        self._crash("commit.committed")
        batch.answer()
        self._crash("commit.answered")

    async def _attempt(self, batch: Batch) -> list[Member]:
        """Try the batch; the members whose evidence the sealer refuses (then nothing is written).

        If we die before `commit`, the database rolls back and the ledger keeps lines without
        rows, which `tdh audit` lists. If we die after it, everything is there, and a retry under
        the same key or a redelivered message finds it done.
        """
        async with self._journal.transaction() as transaction:
            recorded = await transaction.claim_keys(batch.keys())
            dossiers = await transaction.lock(batch.deliveries())
            rows = await transaction.lock_outbox(batch.outbox_rows())
            self._crash("commit.locked")
            batch.decide(recorded, dossiers, rows, self._clock.now())
            facts = batch.facts()
            sealed = await self._sealer.seal(facts, self._clock.now()) if facts else ()
            self._crash("commit.sealed")
            poisoned = batch.take_sealed(sealed)
            if poisoned:
                return poisoned
            await transaction.write(batch.written(), batch.done())
            self._crash("commit.written")
            await transaction.commit()
        return []

    async def _without_the_poisoned(self, members: Sequence[Member], refused: DataRefused) -> None:
        if len(members) == 1:
            log.error("commit.data-refused", command=type(members[0].command).__name__)
            _answer_all(members, refused)
            return
        half = len(members) // 2
        await self._commit(members[:half], may_repeat=True)
        await self._commit(members[half:], may_repeat=True)

    async def _find_out(self, batch: Batch) -> None:
        """The connection ended while COMMIT was under way: ask on a new one, never guess."""
        events = batch.events()
        try:
            happened = bool(events) and await self._journal.committed(events)
        except TDHError:
            log.exception("commit.outcome-unknown", members=len(batch.members))
            happened, events = False, []
        if happened:
            batch.answer()
        elif events:
            _answer_all(batch.members, ServiceUnavailable("nothing was written"))
        else:
            _answer_all(batch.members, OutcomeUnknown("the commit's fate is not known"))

    async def _beat_if_due(self) -> None:
        """The heartbeat says: acceptances could be committed now, the sealer answers."""
        try:
            now = self._clock.now()
            if self._last_beat is None or now - self._last_beat >= HEARTBEAT:
                await self._sealer.ping(now)
                await self._journal.beat(now)
                self._last_beat = now
        except TDHError as error:
            log.warning("commit.no-heartbeat", code=error.code, error=str(error))


def _answer_all(members: Sequence[Member], error: TDHError) -> None:
    for member in members:
        if not member.answer.done():
            member.answer.set_exception(_own(error))


def _own(error: TDHError) -> TDHError:
    """The error once more: where one is raised, its traceback grows, so each member needs its own.

    Else a request's log would name the steps of strangers' requests.
    """
    own = type(error).__new__(type(error), *error.args)  # its words are made: no __init__
    own.__dict__.update(error.__dict__)
    own.__cause__ = error
    return own
