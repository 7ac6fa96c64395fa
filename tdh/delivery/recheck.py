"""Judging again what was accepted on older revocation data, and telling the parties what changed.

A letter may be accepted although newer revocation data could not be had (the judge's policy); its
verdict is then provisional, and a job of the outbox commits with the acceptance. Here is one try
of it: the document from the vault, judged as of the instant at which it was accepted, by what is
known of its certificates today. A changed answer becomes SignatureStatus for every delivery of the
letter, in one transaction with the end of the job. It never moves a state, and never takes
anything back: the letter was accepted by the rules.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from tdh.domain.commands import RecordSignatureStatus, Together
from tdh.domain.errors import IntegrityFailure
from tdh.domain.events import EventReason, SignatureStatus
from tdh.domain.evidence import verdict_words
from tdh.domain.identifiers import DeliveryId, OutboxId
from tdh.domain.letters import Document
from tdh.domain.outbox import OutboxItem
from tdh.domain.records import LetterView
from tdh.domain.verdicts import RevocationStatus, SubIndication, Verdict
from tdh.ports import Clock, Commit, CrashPoint, Ids, Judge, KeptLetters, Vault

OF_THE_JUDGE = "judge-"
"""How the codes begin that tell of the judge (its limits, a crash), not of the document."""


HOLDER = "recheck"
"""For whom the judge keeps the documents in memory: no sender's share is used up by a re-check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecheckPorts:
    """What a re-check needs from outside."""

    letters: KeptLetters
    vault: Vault
    commit: Commit
    clock: Clock
    ids: Ids
    crash: CrashPoint


class Standing(Enum):
    """What a re-check says of a document that was accepted provisionally."""

    HOLDS = auto()
    CHANGED = auto()
    OPEN = auto()
    """There are still no newer data, or the judge could not finish: to be tried again."""


def standing_of(verdict: Verdict) -> Standing:
    """What the new verdict makes of the old one, which was TOTAL_PASSED."""
    if verdict.accepted:
        return Standing.OPEN if verdict.provisional else Standing.HOLDS
    if verdict.sub_indication is SubIndication.TRY_LATER:
        return Standing.OPEN
    if verdict.reason.code.startswith(OF_THE_JUDGE):
        return Standing.OPEN  # it could be judged once, so this says nothing of the document
    return Standing.CHANGED


async def recheck(item: OutboxItem, judge: Judge, *, ports: RecheckPorts) -> bool:
    """One try. Whether every document has its answer; the job is then over.

    `judge` takes revocation data that were issued after the time that it judges. If we die before
    the commit, nothing was told, and the next try begins anew.

    Raises ServiceUnavailable and its kin, IntegrityFailure.
    """
    view = await ports.letters.letter_of(item.delivery)
    if view is None:
        raise IntegrityFailure("a letter to be judged again is not there")
    changed: list[tuple[Document, Verdict]] = []
    settled = True
    for document in _to_judge(view):
        verdict = await _judged_again(document, item.delivery, judge, ports)
        standing = standing_of(verdict)
        settled = settled and standing is not Standing.OPEN
        if standing is Standing.CHANGED:
            changed.append((document, verdict))
    ports.crash("recheck.judged")
    for place, (document, verdict) in enumerate(changed, start=1):
        last = settled and place == len(changed)
        await _tell(view, document, verdict, item.id if last else None, ports)
    return settled


def _to_judge(view: LetterView) -> Sequence[Document]:
    """The documents with a provisional verdict of which nothing else was told yet."""
    told = {
        event.cause.partition(":")[0]
        for event in view.deliveries[0].events
        if event.name == SignatureStatus.__name__
    }
    return [
        document
        for document in view.letter.documents
        if document.verdict is not None
        and document.verdict.provisional
        and str(document.number) not in told
    ]


async def _judged_again(
    document: Document, delivery: DeliveryId, judge: Judge, ports: RecheckPorts
) -> Verdict:
    found = await ports.letters.content(delivery, document.number)
    if found is None or document.verdict is None:
        raise IntegrityFailure("a document to be judged again is not there")
    judged = judge.document(HOLDER)
    try:
        async for piece in ports.vault.read(*found):
            await judged.write(piece)
        return (await judged.judge(document.verdict.evaluated_at)).verdict
    finally:
        judged.close()


def _reason_of(verdict: Verdict) -> EventReason:
    """Code and sentences, the indication, and each revocation: what, when, by which data."""
    said = verdict.reason
    revoked = [
        f"revoked: certificate sha256:{found.certificate_sha256} at {found.revoked_at.isoformat()}"
        f" by {found.source} sha256:{found.data_sha256}"
        for signature in verdict.signatures
        for found in signature.revocation
        if found.status is RevocationStatus.REVOKED and found.revoked_at is not None
    ]
    details = (said.th, said.en, verdict_words(verdict), *dict.fromkeys(revoked))
    return EventReason(code=said.code, details=details)


async def _tell(
    view: LetterView,
    document: Document,
    verdict: Verdict,
    outbox: OutboxId | None,
    ports: RecheckPorts,
) -> None:
    """To all deliveries or none: their evidence must not tell of two different re-checks."""
    if document.verdict is None:
        raise IntegrityFailure("a document without a verdict cannot change it")
    checked_at, reason = ports.clock.now(), _reason_of(verdict)
    commands = tuple(
        RecordSignatureStatus(
            delivery=each.dossier.delivery.id,
            event=ports.ids.event(each.dossier.delivery.id),
            document=document.number,
            checked_at=checked_at,
            before=verdict_words(document.verdict),
            before_code=document.verdict.reason.code,
            now=verdict_words(verdict),
            reason=reason,
        )
        for each in view.deliveries
    )
    await ports.commit(Together(commands=commands, outbox=outbox))
