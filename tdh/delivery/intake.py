"""Taking a letter in: digests, examination, vault, group commit.

A submission is open while its documents stream in. It ends with a letter, with a sealed refusal,
or with nothing at all: whatever goes wrong before the commit leaves no trace but unused bytes
without a key.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from tdh.delivery.examination import Examination, Examined
from tdh.delivery.incoming import IncomingDocument, fingerprint
from tdh.domain.commands import IdempotencyKey, Recipient, RefuseSubmission, Submit
from tdh.domain.decisions import Decision
from tdh.domain.errors import (
    IdempotencyMismatch,
    InvalidValue,
    OutcomeUnknown,
)
from tdh.domain.events import DeliveryEvent, EventReason
from tdh.domain.identifiers import LetterId, evidence_of, letter_month
from tdh.domain.intake_policy import EnclosureRule, IntakePolicy
from tdh.domain.letters import DocumentRole, Envelope, Letter
from tdh.domain.lifecycle import DeliveryState
from tdh.domain.parties import Authentication, Party
from tdh.domain.policies import Policy
from tdh.domain.records import (
    DeliveryView,
    EventView,
    RecordedSubmission,
    RefusedSubmissionView,
)
from tdh.domain.verdicts import Reason
from tdh.ports import (
    Clock,
    Commit,
    CrashPoint,
    Ids,
    Judge,
    LetterWriter,
    Mailboxes,
    Parties,
    Scanner,
    Vault,
)

ENCLOSURES = "enclosures"
"""Under this name all enclosures there are share the judge's memory, so that they never take it
from the main documents, which must be judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedLetter:
    """The letter and its deliveries as they were at acceptance."""

    letter: Letter
    deliveries: tuple[DeliveryView, ...]
    replayed: bool
    """Whether this answers a repeated request under the same key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedLetter:
    """A submission that was judged and refused, with its sealed evidence."""

    view: RefusedSubmissionView
    replayed: bool

    @property
    def reason(self) -> Reason:
        """Why, in both languages."""
        return reason_of(self.view.reasons[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionPorts:
    """What taking in needs from outside."""

    commit: Commit
    parties: Parties
    mailboxes: Mailboxes
    vault: Vault
    judge: Judge
    clock: Clock
    ids: Ids
    policy: Policy
    crash: CrashPoint
    judged_bytes: int = 100 * 1024 * 1024
    """The largest document that is judged."""
    scanner: Scanner | None = None
    """None: the operator has no malware scanner, and evidence says nothing of it."""
    intake: IntakePolicy = field(default_factory=IntakePolicy)


class OpenSubmission:
    """One submission while it comes in."""

    def __init__(  # noqa: PLR0913 - what is known before the first document
        self,
        *,
        ports: SubmissionPorts,
        letter: LetterId,
        sender: Party,
        envelope: Envelope,
        recipients: tuple[Recipient, ...],
        key: str,
        by: Authentication,
        on_end: Callable[[], None],
    ) -> None:
        self._ports = ports
        self._letter = letter
        self._sender = sender
        self._envelope = envelope
        self._recipients = recipients
        self._key = key
        self._by = by
        self._on_end = on_end
        self._writer: LetterWriter = ports.vault.begin(letter, letter_month(letter))
        self._rules = ports.intake.rules_for(sender.id)
        self._documents: list[IncomingDocument] = []
        self._kept = False

    async def document(
        self, *, role: DocumentRole, filename: str, media_type: str
    ) -> "IncomingDocument":
        """Begin the next document; the first one is the main document, and only it.

        Raises InvalidValue.
        """
        number = len(self._documents) + 1
        if (role is DocumentRole.MAIN) != (number == 1):
            raise InvalidValue("/documents", "the first document, and only it, is the main one")
        if number > self._ports.policy.documents_most:
            raise InvalidValue("/documents", f"at most {self._ports.policy.documents_most}")
        incoming = IncomingDocument(
            number=number,
            role=role,
            filename=filename,
            media_type=media_type,
            writer=self._writer.document(number),
            judged=self._ports.judge.document(
                self._sender.id if role is DocumentRole.MAIN else ENCLOSURES,
                sender=self._sender.id,
            ),
            scanned=None if self._ports.scanner is None else self._ports.scanner.document(),
            most=self._ports.judged_bytes,
            wait_for_judge=self._rules.enclosures is not EnclosureRule.ANY,
        )
        self._documents.append(incoming)
        return incoming

    async def finish(self) -> AcceptedLetter | RefusedLetter:
        """Examine, keep, commit. Everything that is answered here has its evidence.

        Raises IdempotencyMismatch, ScannerUnavailable, JudgeUnavailable, StorageUnavailable,
        SealingUnavailable, OutcomeUnknown; then the submission was not accepted, or (the last) may
        have been.
        """
        try:
            return await self._finish()
        finally:
            await self.abandon()

    async def abandon(self) -> None:
        """Let go of everything that was not kept. Safe to call again."""
        self._on_end()
        for one in self._documents:
            one.close()
        if not self._kept:
            self._kept = True
            await self._writer.drop()

    async def _finish(self) -> AcceptedLetter | RefusedLetter:
        if not self._documents:
            raise InvalidValue("/documents", "a letter has a main document")
        documents = tuple(one.described() for one in self._documents)
        mark = fingerprint(self._envelope, documents, self._recipients)
        key = IdempotencyKey(sender=self._sender.id, key=self._key, fingerprint=mark)
        before = await self._ports.mailboxes.recorded(self._sender.id, self._key)
        if before is not None:
            return await self._replay(before, key)
        examination = Examination(
            sender=self._sender.id,
            rules=self._rules,
            parties=self._ports.parties,
            clock=self._ports.clock,
            crash=self._ports.crash,
        )
        examined = await examination.examine(self._documents)
        letter = Letter(
            id=self._letter,
            sender=self._sender.id,
            envelope=self._envelope,
            documents=examined.documents,
            submitted_at=self._ports.clock.now(),
        )
        if examined.refusal is None:
            return await self._accept(letter, key, examined)
        return await self._refuse(letter, key, examined, examined.refusal)

    async def _accept(
        self, letter: Letter, key: IdempotencyKey, examined: Examined
    ) -> AcceptedLetter | RefusedLetter:
        """Keep, then commit: if we die between the two, bytes without a key remain."""
        stored = await self._writer.keep()
        self._ports.crash("submission.kept")
        self._kept = True
        committed = await self._ports.commit(
            Submit(
                letter=letter,
                sender=self._sender,
                recipients=self._recipients,
                by=self._by,
                idempotency=key,
                wrapped_key=self._writer.wrapped_key,
                stored=stored,
                reports=examined.reports,
            )
        )
        if committed.recorded is not None:
            return await self._replay(committed.recorded, key)
        if not isinstance(committed.answer, Decision):
            raise TypeError("a submission is decided or recorded")
        changes = committed.answer.changes
        views = tuple(
            DeliveryView(
                dossier=replace(change.dossier, delivery=change.after),
                events=tuple(_view(event) for event in change.events),
            )
            for change in changes
        )
        return AcceptedLetter(letter=changes[0].dossier.letter, deliveries=views, replayed=False)

    async def _refuse(
        self, letter: Letter, key: IdempotencyKey, examined: Examined, because: EventReason
    ) -> AcceptedLetter | RefusedLetter:
        """Drop the documents, then record why."""
        await self._writer.drop()
        self._kept = True
        self._ports.crash("submission.dropped")
        stream = self._ports.ids.delivery(letter.id)
        event = self._ports.ids.event(stream)
        reasons = (because,)
        committed = await self._ports.commit(
            RefuseSubmission(
                stream=stream,
                pseudonym=self._ports.ids.pseudonym(),
                event=event,
                letter=letter,
                sender=self._sender,
                recipients=tuple(to.party for to in self._recipients),
                by=self._by,
                idempotency=key,
                reasons=reasons,
                reports=examined.reports,
            )
        )
        if committed.recorded is not None:
            return await self._replay(committed.recorded, key)
        if not isinstance(committed.answer, Decision):
            raise TypeError("a submission is decided or recorded")
        view = RefusedSubmissionView(
            stream=stream,
            evidence=evidence_of(event),
            time=committed.answer.events[0].time,
            reasons=reasons,
        )
        return RefusedLetter(view=view, replayed=False)

    async def _replay(
        self, before: RecordedSubmission, key: IdempotencyKey
    ) -> AcceptedLetter | RefusedLetter:
        """The answer as it was, rebuilt from letter and evidence."""
        if before.fingerprint != key.fingerprint:
            raise IdempotencyMismatch("this key was used for another letter")
        mailboxes, sender = self._ports.mailboxes, self._sender.id
        if before.letter is not None:
            view = await mailboxes.letter(before.letter, sender)
            if view is not None:
                deliveries = tuple(_at_acceptance(one) for one in view.deliveries)
                return AcceptedLetter(letter=view.letter, deliveries=deliveries, replayed=True)
        elif before.stream is not None:
            refused = await mailboxes.refusal(before.stream, sender)
            if refused is not None:
                return RefusedLetter(view=refused, replayed=True)
        raise OutcomeUnknown("the key is recorded, its letter cannot be read now")


def _view(event: DeliveryEvent) -> EventView:
    return EventView(
        id=event.id,
        evidence=evidence_of(event.id),
        name=event.name,
        time=event.time,
        sequence=event.sequence,
        cause=event.cause,
    )


def _at_acceptance(view: DeliveryView) -> DeliveryView:
    """A delivery as it was when it was taken in."""
    delivery = replace(
        view.dossier.delivery,
        state=DeliveryState.ACCEPTED,
        sequence=1,
        last_event_at=view.events[0].time,
        acceptance_deadline=None,
        holding_until=None,
        released=frozenset(),
    )
    return DeliveryView(dossier=replace(view.dossier, delivery=delivery), events=view.events[:1])


def reason_of(event_reason: EventReason) -> Reason:
    """Why it was refused, read back from an event of a refused submission."""
    th, en, *_ = (*event_reason.details, "", "")
    return Reason(code=event_reason.code, th=th, en=en)
