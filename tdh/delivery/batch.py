"""The members of one transaction: what each asked for, what was decided, what was sealed.

Pure bookkeeping between the effects of `commit`; it touches no port.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tdh.domain.commands import (
    Command,
    DeliveryCommand,
    IdempotencyKey,
    RefuseSubmission,
    Submit,
    Together,
)
from tdh.domain.decide import decide, decide_together
from tdh.domain.decisions import Answer, Decision, Refusal, Repetition
from tdh.domain.errors import IdempotencyMismatch
from tdh.domain.evidence import EvidenceFacts, facts_of
from tdh.domain.identifiers import DeliveryId, EventId, OutboxId
from tdh.domain.letters import Dossier
from tdh.domain.policies import Policy
from tdh.domain.records import (
    Committed,
    RecordedSubmission,
    RefusedItem,
    SealedEvidence,
    Written,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Member:
    """One command and the future of its answer."""

    command: Command
    answer: asyncio.Future[Committed]

    @property
    def key(self) -> IdempotencyKey | None:
        """The submission's key, None for other commands."""
        match self.command:
            case Submit(idempotency=key) | RefuseSubmission(idempotency=key):
                return key
            case _:
                return None

    @property
    def parts(self) -> tuple[DeliveryCommand, ...]:
        """The commands on single deliveries that it consists of; none for submissions."""
        match self.command:
            case Submit() | RefuseSubmission():
                return ()
            case Together(commands=commands):
                return commands
            case _:
                return (self.command,)

    @property
    def deliveries(self) -> frozenset[DeliveryId]:
        """The deliveries that must be locked."""
        return frozenset(part.delivery for part in self.parts)

    @property
    def outbox(self) -> OutboxId | None:
        """The outbox row whose effect this command is."""
        return getattr(self.command, "outbox", None)

    @property
    def subjects(self) -> frozenset[object]:
        """What two members of one batch must not share."""
        key = self.key
        return self.deliveries if key is None else frozenset({(key.sender, key.key)})

    @property
    def evidences(self) -> int:
        """How many evidences it can make at most."""
        match self.command:
            case Submit(recipients=recipients):
                return len(recipients)
            case Together(commands=commands):
                return len(commands)
            case _:
                return 2


class Batch:
    """Decisions and evidence of one attempt."""

    def __init__(self, members: Sequence[Member], policy: Policy) -> None:
        self.members = members
        self._policy = policy
        self._answers: dict[Member, Committed] = {}
        self._facts: dict[Member, tuple[EvidenceFacts, ...]] = {}

    def keys(self) -> list[IdempotencyKey]:
        """Idempotency keys to claim, in the order of locking."""
        keys = [member.key for member in self.members]
        return sorted((key for key in keys if key), key=lambda key: (key.sender, key.key))

    def deliveries(self) -> list[DeliveryId]:
        """Deliveries to lock, in the order of locking."""
        return sorted(frozenset[DeliveryId]().union(*(one.deliveries for one in self.members)))

    def outbox_rows(self) -> list[OutboxId]:
        """Outbox rows to lock, in the order of locking."""
        return sorted({member.outbox for member in self.members if member.outbox is not None})

    def decide(
        self,
        recorded: Mapping[IdempotencyKey, RecordedSubmission | None],
        dossiers: Mapping[DeliveryId, Dossier],
        rows: frozenset[OutboxId],
        now: datetime,
    ) -> None:
        """Decide every member. One that lost its key or its row has its own answer."""
        for member in self.members:
            before = None if member.key is None else recorded.get(member.key)
            if before is not None:
                self._answers[member] = _as_recorded(member, before)
                continue
            if member.parts and member.outbox is not None and member.outbox not in rows:
                done = Repetition(delivery=member.parts[0].delivery, event="")
                self._answers[member] = Committed(answer=done)
                continue
            answer = self._decided(member.command, dossiers, now)
            self._answers[member] = Committed(answer=answer)
            if isinstance(answer, Decision):
                self._facts[member] = facts_of(answer, self._policy)

    def _decided(
        self, command: Command, dossiers: Mapping[DeliveryId, Dossier], now: datetime
    ) -> Answer:
        match command:
            case Submit() | RefuseSubmission():
                return decide(command, None, now, self._policy)
            case Together():
                return decide_together(command, dossiers, now, self._policy)
            case _:
                return decide(command, dossiers.get(command.delivery), now, self._policy)

    def facts(self) -> list[EvidenceFacts]:
        """All that is to be sealed, in the order of the members."""
        return [one for facts in self._facts.values() for one in facts]

    def take_sealed(self, sealed: Sequence[SealedEvidence | RefusedItem]) -> list[Member]:
        """Give each member its evidence; the members with an item that was refused."""
        poisoned: list[Member] = []
        position = 0
        for member, facts in self._facts.items():
            mine = sealed[position : position + len(facts)]
            position += len(facts)
            good = tuple(item for item in mine if isinstance(item, SealedEvidence))
            if [item.id for item in good] != [one.id for one in facts]:
                poisoned.append(member)
            self._answers[member] = Committed(answer=self._answers[member].answer, sealed=good)
        return poisoned

    def written(self) -> list[Written]:
        """Decisions with their evidence."""
        return [
            Written(decision=committed.answer, sealed=committed.sealed)
            for committed in self._answers.values()
            if isinstance(committed.answer, Decision)
        ]

    def done(self) -> list[OutboxId]:
        """Outbox rows that end with this transaction, those without an effect included."""
        return sorted(
            {row for committed in self._answers.values() for row in committed.answer.done}
        )

    def events(self) -> list[EventId]:
        """Ids of all new events: they are there after the commit, or none is."""
        return [event.id for written in self.written() for event in written.decision.events]

    def answer(self) -> None:
        """After the commit: every member its answer."""
        for member, committed in self._answers.items():
            if member.answer.done():
                continue
            if isinstance(committed.answer, Refusal):
                member.answer.set_exception(committed.answer.error)
            else:
                member.answer.set_result(committed)


def _as_recorded(member: Member, before: RecordedSubmission) -> Committed:
    key = member.key
    if key is None or before.fingerprint != key.fingerprint:
        error = IdempotencyMismatch("this key was used for another letter")
        return Committed(answer=Refusal(error=error))
    stream = before.stream or DeliveryId("")
    return Committed(answer=Repetition(delivery=stream, event=""), recorded=before)
