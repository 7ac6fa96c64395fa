"""Deliveries and their outbox in memory, for tests of the loops: the rules are the real ones.

`MemoryService` is an `Outbox`, a `Commit` and a reader of deliveries at once; faults can be
switched on. It seals nothing and keeps nothing.
"""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

from tdh.delivery.forwarding import forward
from tdh.domain.commands import StoredDocument, Together
from tdh.domain.decide import decide, decide_together
from tdh.domain.decisions import Decision, Refusal
from tdh.domain.errors import StorageUnavailable
from tdh.domain.events import REPEATABLE
from tdh.domain.identifiers import OutboxId, evidence_of
from tdh.domain.lifecycle import ConsignmentMode
from tdh.domain.outbox import OutboxItem
from tdh.domain.policies import ATTEMPTS_BEFORE_PARKING, Policy, retry_at
from tdh.domain.records import Committed, DeliveryView, EventView, LetterView
from tests import builders


class FixedClock:
    """Stands still until a test moves it."""

    def __init__(self, at: datetime = builders.NOW):
        self.at = at

    def now(self):
        return self.at

    def forward(self, **by):
        self.at += timedelta(**by)


class _Row:
    def __init__(self, entry):
        self.task, self.delivery, self.next_try = entry.task, entry.delivery, entry.due
        self.attempts, self.parked = 0, False


class MemoryService:
    def __init__(self, clock=None, policy=None):
        self.clock = clock or FixedClock()
        self.policy = policy or Policy()
        self.ids = builders.SequentialIds()
        self.dossiers, self.events, self.rows = {}, {}, {}
        self._next_row = count(1)
        self.postponed = {}
        self.commands = Counter()
        self.down = False
        """Whether the database is away."""
        self.fails = {}
        """Deliveries whose commands raise this instead."""

    # What tests do.

    async def submit(self, to, mode, *, documents=1, of=None):
        """Take in a letter for one party; gives the delivery's id."""
        letter = of or builders.letter(self.ids, documents=documents)
        command = builders.submit(
            self.ids, builders.recipient(self.ids, letter.id, to, mode), of=letter
        )
        committed = await self(command)
        return committed.answer.changes[0].after.id

    async def forward(self, delivery):
        """Do what a worker would: consign, or ask for acceptance."""
        row = next(row for row, value in self.rows.items() if value.delivery == delivery)
        await forward(delivery, row, commit=self, ids=self.ids)

    async def consigned(self, to):
        """A basic delivery whose content is in the mailbox."""
        delivery = await self.submit(to, ConsignmentMode.BASIC)
        await self.forward(delivery)
        return delivery

    def close_mailbox(self, delivery, *, closed=True):
        dossier = self.dossiers[delivery]
        recipient = replace(dossier.recipient, mailbox_open=not closed)
        self.dossiers[delivery] = replace(dossier, recipient=recipient)

    def state(self, delivery):
        return self.dossiers[delivery].delivery.state

    def happened(self, delivery):
        """Names of the delivery's events, in order."""
        return [event.name for event in self.events[delivery]]

    def waiting(self, task):
        return [row for row, value in self.rows.items() if value.task is task]

    # Commit.

    async def __call__(self, command):
        self._check()
        self.commands[type(command).__name__] += 1
        delivery = getattr(command, "delivery", None)
        if delivery in self.fails:
            raise self.fails[delivery]
        if isinstance(command, Together):
            answer = decide_together(command, self.dossiers, self.clock.now(), self.policy)
        else:
            answer = decide(command, self.dossiers.get(delivery), self.clock.now(), self.policy)
        for row in answer.done:
            self.rows.pop(row, None)
        if isinstance(answer, Refusal):
            raise answer.error
        if isinstance(answer, Decision):
            self._apply(answer)
        return Committed(answer=answer)

    def _apply(self, decision):
        for change in decision.changes:
            known = {
                (event.name, event.cause) for event in change.events if event.name in REPEATABLE
            }
            self.dossiers[change.after.id] = replace(
                change.dossier, delivery=change.after, happened=change.dossier.happened | known
            )
            self.events.setdefault(change.after.id, []).extend(change.events)
            for row, value in list(self.rows.items()):
                if value.delivery == change.after.id and value.task in change.forget:
                    del self.rows[row]
        for entry in decision.outbox:
            self.rows[OutboxId(next(self._next_row))] = _Row(entry)

    # Outbox.

    async def claim(self, tasks, limit, now, *, tries=None):
        self._check()
        if tries is None:
            tries = [retry_at(n, now) for n in range(1, ATTEMPTS_BEFORE_PARKING + 1)]
        claimed = []
        for row, value in self.rows.items():
            if len(claimed) == limit:
                break
            if value.task in tasks and value.next_try <= now and not value.parked:
                value.attempts += 1
                value.parked = value.attempts > len(tries)
                if not value.parked:
                    value.next_try = tries[value.attempts - 1]
                    claimed.append(self._item(row))
        return claimed

    async def items(self, rows):
        self._check()
        return [self._item(row) for row in rows if row in self.rows]

    async def postpone(self, rows, until):
        self._check()
        for row in rows:
            self.postponed[row] = until
            if row in self.rows:
                self.rows[row].next_try = until
                self.rows[row].attempts -= 1

    async def finish(self, rows):
        for row in rows:
            self.rows.pop(row, None)

    # Reader.

    async def views(self, deliveries):
        self._check()
        return {
            delivery: DeliveryView(
                dossier=self.dossiers[delivery],
                events=tuple(
                    EventView(
                        id=event.id,
                        evidence=evidence_of(event.id),
                        name=event.name,
                        time=event.time,
                        sequence=event.sequence,
                        cause=event.cause,
                    )
                    for event in self.events[delivery]
                ),
            )
            for delivery in deliveries
            if delivery in self.dossiers
        }

    async def letter_of(self, delivery):
        if delivery not in self.dossiers:
            return None
        letter = self.dossiers[delivery].letter
        of = [each for each, dossier in self.dossiers.items() if dossier.letter.id == letter.id]
        return LetterView(letter=letter, deliveries=tuple((await self.views(of)).values()))

    async def content(self, delivery, number):
        stored = StoredDocument(number=number, segment="s", offset=0, length=1)
        return self.dossiers[delivery].letter.id, b"wrapped", stored

    def _item(self, row):
        value = self.rows[row]
        return OutboxItem(id=row, task=value.task, delivery=value.delivery, attempts=value.attempts)

    def _check(self):
        if self.down:
            raise StorageUnavailable("switched off")
