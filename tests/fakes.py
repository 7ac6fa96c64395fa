"""The ports of the HTTP interface in memory, with faults that can be switched on.

Decisions are those of `decide`, submissions those of `Submissions`: only what lies outside the
program is replaced. `Memory` is what a database and a vault would hold.
"""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from tdh.delivery.forwarding import forward
from tdh.delivery.intake import SubmissionPorts
from tdh.delivery.submission import Submissions
from tdh.domain.commands import RefuseSubmission, StoredDocument, Submit
from tdh.domain.decide import decide, is_visible
from tdh.domain.decisions import Decision, Refusal, Repetition
from tdh.domain.errors import (
    IdempotencyMismatch,
    IntegrityFailure,
    NotLoggedYet,
    ServiceUnavailable,
)
from tdh.domain.events import REPEATABLE
from tdh.domain.identifiers import evidence_of
from tdh.domain.lifecycle import CONTENT_AVAILABLE
from tdh.domain.log import AnchoredHead, EvidenceProof
from tdh.domain.parties import Channel, TokenHolder
from tdh.domain.policies import Policy
from tdh.domain.records import (
    Committed,
    DeliveryView,
    EventView,
    EvidenceRecord,
    LetterView,
    Page,
    RecordedSubmission,
    RefusedSubmissionView,
)
from tdh.domain.reports import ReportedVerdict
from tdh.domain.scanning import ScanFinding, ScanOutcome
from tdh.domain.verdicts import Indication, Reason, SubIndication
from tests import builders

PIECE = 64 * 1024


class Clock:
    """Stands still until a test moves it, or takes it away."""

    def __init__(self, at: datetime = builders.NOW):
        self.at = at
        self.error = None

    def now(self):
        if self.error is not None:
            raise self.error
        return self.at

    def forward(self, **by):
        self.at += timedelta(**by)


class Tokens:
    """Tokens by their digest."""

    def __init__(self, **of):
        self.of = {hashlib.sha256(token.encode()).digest(): party for token, party in of.items()}
        self.asked = 0
        self.error = None

    async def holder(self, token_sha256):
        self.asked += 1
        if self.error is not None:
            raise self.error
        party = self.of.get(token_sha256)
        return None if party is None else TokenHolder(party=party)


class Parties:
    """Who is registered."""

    def __init__(self, *parties):
        self._parties = {one.id: one for one in parties}
        self.marks = {}
        """Signers' marks by party id."""

    async def signer_marks(self, party):
        return self.marks.get(party, ())

    async def get(self, ids):
        return {one: self._parties[one] for one in ids if one in self._parties}


class Memory:
    """What is kept: letters, deliveries, events, refused submissions, documents."""

    def __init__(self, policy=None, clock=None):
        self.policy = policy or Policy()
        self.clock = clock or Clock()
        self.letters = {}
        self.dossiers = {}
        self.events = {}
        self.refused = {}
        self.refusals = {}
        """The commands behind them: what was known of the documents."""
        self.reports = {}
        self.keys = {}
        self.places = {}
        self.documents = {}
        self.writers = []
        """Every writer that was begun: none may be left open."""
        self.commands = []
        self.error = None
        """Raised in place of the next commits, once for each time that it is set."""

    # Commit.

    async def __call__(self, command):
        self.commands.append(type(command).__name__)
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        key = getattr(command, "idempotency", None)
        before = None if key is None else self.keys.get((key.sender, key.key))
        if before is not None:
            if before.fingerprint != key.fingerprint:
                raise IdempotencyMismatch("other letter")
            stream = before.stream or ""
            return Committed(answer=Repetition(delivery=stream, event=""), recorded=before)
        dossier = self.dossiers.get(getattr(command, "delivery", None))
        answer = decide(command, dossier, self.clock.now(), self.policy)
        if isinstance(answer, Refusal):
            raise answer.error
        if isinstance(answer, Decision):
            self._apply(answer)
        return Committed(answer=answer)

    def _apply(self, decision):
        for change in decision.changes:
            new = {(one.name, one.cause) for one in change.events if one.name in REPEATABLE}
            self.dossiers[change.after.id] = replace(
                change.dossier, delivery=change.after, happened=change.dossier.happened | new
            )
            self.events.setdefault(change.after.id, []).extend(change.events)
        match decision.submission:
            case (
                Submit(letter=letter, idempotency=key, wrapped_key=wrapped, stored=stored) as taken
            ):
                self.letters[letter.id] = letter
                self._keep_reports(letter.id, taken)
                self.places[letter.id] = (wrapped, {one.number: one for one in stored})
                self._record(key, letter.id, None)
        match decision.refused:
            case (RefuseSubmission(stream=stream, idempotency=key) as refused, event):
                self.refused[stream] = (key.sender, event)
                self.refusals[stream] = refused
                self._keep_reports(stream, refused)
                self._record(key, None, stream)

    def _keep_reports(self, of, command):
        self.reports |= {(of, one.number): one.content for one in command.reports}

    def _record(self, key, letter, stream):
        self.keys[key.sender, key.key] = RecordedSubmission(
            fingerprint=key.fingerprint, letter=letter, stream=stream
        )

    # What tests do.

    async def forward_all(self, ids):
        """What the worker would do with everything that was accepted."""
        for delivery in list(self.dossiers):
            await forward(delivery, None, commit=self, ids=ids)

    def happened(self, delivery):
        return [one.name for one in self.events[delivery]]


class Mailboxes:
    """The read side of a `Memory`."""

    def __init__(self, memory):
        self._memory = memory

    async def letter(self, letter, sender):
        found = self._memory.letters.get(letter)
        return None if found is None or found.sender != sender else self._letter(found)

    async def letters(self, sender, limit, cursor):
        mine = [one for one in self._memory.letters.values() if one.sender == sender]
        return _page([self._letter(one) for one in reversed(mine)], limit, cursor)

    async def delivery(self, delivery, party):
        dossier = self._memory.dossiers.get(delivery)
        if dossier is None:
            return None
        if dossier.sender.id == party:
            return self._view(delivery)
        mine = dossier.recipient.id == party and is_visible(dossier.delivery)
        return self._view(delivery) if mine else None

    async def tracked(self, number, party):
        for delivery, dossier in self._memory.dossiers.items():
            if dossier.delivery.tracking == number:
                return await self.delivery(delivery, party)
        return None

    async def inbox(self, recipient, limit, cursor):
        mine = [
            self._view(delivery)
            for delivery, dossier in self._memory.dossiers.items()
            if dossier.recipient.id == recipient and is_visible(dossier.delivery)
        ]
        return _page(mine[::-1], limit, cursor)

    async def evidence(self, evidence, party):
        for stream, events in self._memory.events.items():
            for event in events:
                if evidence_of(event.id) == evidence:
                    allowed = await self.delivery(stream, party) is not None
                    return _record(stream, event) if allowed else None
        for stream, (sender, event) in self._memory.refused.items():
            if evidence_of(event.id) == evidence and sender == party:
                return _record(stream, event)
        return None

    async def content(self, delivery, number):
        letter = self._memory.dossiers[delivery].letter.id
        wrapped, stored = self._memory.places[letter]
        return (letter, wrapped, stored[number]) if number in stored else None

    async def report(self, letter, number, party):
        mine = letter in self._memory.letters and self._memory.letters[letter].sender == party
        if not mine and not any(
            one.letter.id == letter
            and one.recipient.id == party
            and one.delivery.state in CONTENT_AVAILABLE
            for one in self._memory.dossiers.values()
        ):
            return None
        return self._memory.reports.get((letter, number))

    async def refusal_report(self, stream, number, sender):
        party, _ = self._memory.refused.get(stream, (None, None))
        return self._memory.reports.get((stream, number)) if party == sender else None

    async def recorded(self, sender, key):
        return self._memory.keys.get((sender, key))

    async def refusal(self, stream, sender):
        party, event = self._memory.refused.get(stream, (None, None))
        if party is None or party != sender:
            return None
        return RefusedSubmissionView(
            stream=stream,
            evidence=evidence_of(event.id),
            time=event.time,
            reasons=event.because,
        )

    def _letter(self, letter):
        deliveries = tuple(
            self._view(delivery)
            for delivery, dossier in self._memory.dossiers.items()
            if dossier.letter.id == letter.id
        )
        return LetterView(letter=letter, deliveries=deliveries)

    def _view(self, delivery):
        return DeliveryView(
            dossier=self._memory.dossiers[delivery],
            events=tuple(
                EventView(
                    id=event.id,
                    evidence=evidence_of(event.id),
                    name=event.name,
                    time=event.time,
                    sequence=event.sequence,
                    cause=event.cause,
                )
                for event in self._memory.events[delivery]
            ),
        )


def _page(items, limit, cursor):
    start = int(cursor or 0)
    more = start + limit < len(items)
    return Page(
        items=items[start : start + limit], next_cursor=str(start + limit) if more else None
    )


def _record(stream, event):
    xml = f'<Evidence id="{event.id}"/>'.encode()
    return EvidenceRecord(
        id=evidence_of(event.id),
        stream=stream,
        event=event.name,
        sequence=event.sequence,
        time=event.time,
        xml=xml,
        digest=hashlib.sha256(xml).digest(),
    )


class Vault:
    """Documents as they came; a reading can be damaged, cut or held up."""

    def __init__(self, memory):
        self._memory = memory
        self.damaged_after = None
        """Number of pieces after which a reading fails."""

    def begin(self, letter, month):
        writer = _LetterWriter(self._memory, letter)
        self._memory.writers.append(writer)
        return writer

    async def read(self, letter, wrapped_key, stored):
        data = self._memory.documents[letter][stored.number]
        for count, start in enumerate(range(0, len(data), PIECE)):
            if count == self.damaged_after:
                raise IntegrityFailure("a damaged frame")
            yield data[start : start + PIECE]


class _LetterWriter:
    def __init__(self, memory, letter):
        self._memory = memory
        self._letter = letter
        self._parts = {}
        self.wrapped_key = b"wrapped"
        self.end = None
        """`kept`, `dropped` or None."""

    def document(self, number):
        self._parts[number] = bytearray()
        return _DocumentWriter(self._parts[number])

    async def keep(self):
        self.end = "kept"
        self._memory.documents[self._letter] = {n: bytes(d) for n, d in self._parts.items()}
        return tuple(
            StoredDocument(number=number, segment="s", offset=0, length=len(data))
            for number, data in self._parts.items()
        )

    async def drop(self):
        self.end = "dropped"


class _DocumentWriter:
    def __init__(self, into):
        self._into = into

    async def write(self, data):
        self._into += data

    async def finish(self):
        pass


class Judge:
    """Passes what begins like a PDF; a PNG is no signed kind, and anything else is broken."""

    def __init__(self):
        self.open = 0
        """Documents in memory: none may be left at the end."""
        self.judged = 0
        self.signers = {}
        """Bytes in a document and the `Signer` that its signature then has."""
        self.full_for = set()
        """Holders for whose documents there is no memory."""
        self.error = None
        self.senders = set()
        """Among whose documents those that came wait."""

    def document(self, holder, *, sender=""):
        self.open += 1
        self.senders.add(sender)
        return _Judged(self, holder)


class _Judged:
    def __init__(self, judge, holder):
        self._judge = judge
        self._holder = holder
        self._data = bytearray()
        self._is_open = True

    async def write(self, data):
        if self._holder in self._judge.full_for:
            raise ServiceUnavailable("full")
        self._data += data

    async def judge(self, at):
        assert self._is_open
        self._judge.judged += 1
        if self._judge.error is not None:
            raise self._judge.error
        verdict = replace(self._verdict(), evaluated_at=at)
        return ReportedVerdict(verdict=verdict, report=verdict.reason.code.encode() + self._data)

    def _verdict(self):
        passed = builders.verdict()
        if self._data.startswith(b"\x89PNG"):
            return replace(
                passed,
                indication=Indication.TOTAL_FAILED,
                sub_indication=SubIndication.FORMAT_FAILURE,
                kind=None,
                reason=Reason(code="not-a-signed-kind", th="ไม่มีลายมือชื่อ", en="Not signed."),
            )
        if not self._data.startswith(b"%PDF-"):
            return replace(
                passed,
                indication=Indication.TOTAL_FAILED,
                sub_indication=SubIndication.FORMAT_FAILURE,
                reason=Reason(code="not-a-pdf", th="ไม่ใช่ไฟล์ PDF", en="This is not a PDF."),
            )
        signers = [who for name, who in self._judge.signers.items() if name in self._data]
        return replace(passed, signatures=tuple(map(builders.signature, signers)))

    def close(self):
        if self._is_open:
            self._is_open = False
            self._judge.open -= 1
        self._data.clear()


class Scanner:
    """Finds what is named in a document; can be down, or give up on what is long."""

    def __init__(self):
        self.down = False
        self.open = 0
        self.seen = []

    def document(self):
        self.open += 1
        return _Scanned(self)


class _Scanned:
    def __init__(self, scanner):
        self._scanner = scanner
        self._data = bytearray()
        self._is_open = True

    async def write(self, data):
        self._data += data

    async def finding(self):
        data = bytes(self._data)
        self._scanner.seen.append(data)
        self.close()
        engine = "TestScanner 1"
        if self._scanner.down:
            return ScanFinding(outcome=ScanOutcome.UNAVAILABLE, name="gone", engine="")
        if b"MALWARE" in data:
            return ScanFinding(outcome=ScanOutcome.FOUND, name="Test.Malware", engine=engine)
        if b"DEEP" in data:
            return ScanFinding(outcome=ScanOutcome.INCOMPLETE, name="too deep", engine=engine)
        return ScanFinding(outcome=ScanOutcome.CLEAN, name="", engine=engine)

    def close(self):
        if self._is_open:
            self._is_open = False
            self._scanner.open -= 1


class Proofs:
    """A log that holds what it is told to."""

    def __init__(self):
        self.of = {}
        self.newest = None
        self.tiles = {}
        self.anchors = []
        self.record = None
        self.until = None

    async def proof_of(self, evidence, size=None):
        if evidence not in self.of or size not in (None, getattr(self.newest, "size", None)):
            raise NotLoggedYet("not yet")
        return self.of[evidence]

    async def everything_of(self, evidence):
        return EvidenceProof(
            size=1,
            proof=await self.proof_of(evidence),
            tokens=(),
            record=self.record,
            anchored_by=(),
            provable_until=self.until,
        )

    async def head(self, size=None):
        return self.newest if size in (None, getattr(self.newest, "size", None)) else None

    async def anchored(self, size=None):
        head = self.newest if size == getattr(self.newest, "size", None) else None
        if size is None and self.anchors:
            head = self.newest
        return None if head is None else AnchoredHead(head=head, anchors=tuple(self.anchors))

    async def provable_until(self, evidences):
        return {one: self.until for one in evidences if self.until is not None}

    async def read_tile(self, tile):
        return self.tiles.get(tile)


class Health:
    def __init__(self, **parts):
        self.state = parts or {"database": True}

    async def parts(self):
        return self.state


def submissions(memory, ids, parties, **more):
    """The real step over these ports."""
    return Submissions(
        SubmissionPorts(
            commit=memory,
            parties=parties,
            mailboxes=Mailboxes(memory),
            vault=Vault(memory),
            clock=memory.clock,
            ids=ids,
            policy=memory.policy,
            crash=lambda _name: None,
            **({"judge": Judge()} | more),
        )
    )


AGENCY = builders.party(builders.AGENCY, Channel.API)
COMPANY = builders.party(builders.COMPANY, Channel.API)
CITIZEN = builders.party(builders.CITIZEN, Channel.PERSON)
