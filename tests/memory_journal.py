"""A journal and a sealer in memory, with faults that can be switched on; no mock of a rule."""

import hashlib
from contextlib import asynccontextmanager
from dataclasses import replace

from tdh.domain.commands import Submit
from tdh.domain.errors import CommitUnknown, DataRefused
from tdh.domain.events import REPEATABLE
from tdh.domain.records import RecordedSubmission, RefusedItem, SealedEvidence


class MemoryJournal:
    """Keeps dossiers, events and keys; writes only on commit."""

    def __init__(self):
        self.dossiers = {}
        self.events = {}
        self.keys = {}
        self.transactions = 0
        self.faults = []
        """Errors to raise at the next commits, first one first; None lets one pass."""
        self.poisoned = set()
        """Letters whose rows the database refuses."""
        self.reachable = True
        self.beats = []

    @asynccontextmanager
    async def transaction(self):
        self.transactions += 1
        yield _Transaction(self)

    async def committed(self, events):
        if not self.reachable:
            raise CommitUnknown("still gone")
        return all(event in self.events for event in events)

    async def beat(self, at):
        self.beats.append(at)


class _Transaction:
    def __init__(self, journal):
        self.journal = journal
        self.written = ()

    async def claim_keys(self, keys):
        return {key: self.journal.keys.get((key.sender, key.key)) for key in keys}

    async def lock(self, deliveries):
        assert list(deliveries) == sorted(deliveries)
        return {
            one: self.journal.dossiers[one] for one in deliveries if one in self.journal.dossiers
        }

    async def lock_outbox(self, rows):
        return frozenset(rows)

    async def write(self, written, done):
        for one in written:
            submission = one.decision.submission
            if submission is not None and submission.letter.id in self.journal.poisoned:
                raise DataRefused("a NUL in a text")
            assert len(one.sealed) == len(one.decision.events)
        self.written = written

    async def commit(self):
        fault = self.journal.faults.pop(0) if self.journal.faults else None
        if fault is not None and not getattr(fault, "after", False):
            raise fault
        for one in self.written:
            self._apply(one.decision)
        if fault is not None:
            raise fault

    def _apply(self, decision):
        for change in decision.changes:
            happened = change.dossier.happened | {
                (event.name, event.cause) for event in change.events if event.name in REPEATABLE
            }
            self.journal.dossiers[change.after.id] = replace(
                change.dossier, delivery=change.after, happened=happened
            )
        for event in decision.events:
            assert event.id not in self.journal.events
            self.journal.events[event.id] = event
        if isinstance(decision.submission, Submit):
            key = decision.submission.idempotency
            self.journal.keys[key.sender, key.key] = RecordedSubmission(
                fingerprint=key.fingerprint, letter=decision.submission.letter.id, stream=None
            )


class MemorySealer:
    """Seals by digest; refuses the letters it is told to."""

    def __init__(self):
        self.refuses = set()
        self.frames = []
        self.error = None

    async def seal(self, facts, clock):
        if self.error is not None:
            raise self.error
        self.frames.append(len(facts))
        return [
            RefusedItem(id=one.id, problem="no")
            if one.message in self.refuses
            else SealedEvidence(
                id=one.id,
                xml=one.id.encode(),
                digest=hashlib.sha256(one.id.encode()).digest(),
                log_entry=b"entry",
            )
            for one in facts
        ]

    async def ping(self, clock):
        if self.error is not None:
            raise self.error
