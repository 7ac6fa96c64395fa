"""What the tests of storage have in common: decisions made by the domain, seals made up.

The seals are not signatures: storage keeps bytes, it does not look into them.
"""

import hashlib
from datetime import datetime
from itertools import count

from builders import AGENCY, NOW, SequentialIds, by, letter, recipient, submit

from storage.journal import PostgresJournal
from tdh.domain import commands as cmd
from tdh.domain.decide import decide
from tdh.domain.decisions import Decision
from tdh.domain.events import DeliveryEvent, EventReason
from tdh.domain.identifiers import DeliveryId, TrackingNumber, evidence_of, make_tracking_number
from tdh.domain.lifecycle import ConsignmentMode
from tdh.domain.parties import Party
from tdh.domain.policies import Policy
from tdh.domain.records import SealedEvidence, Written

POLICY = Policy()


class DistinctIds(SequentialIds):
    """Names of which none comes twice in one database, tracking numbers included."""

    def __init__(self, at: datetime = NOW) -> None:
        super().__init__(at)
        self._numbers = count(1)

    def tracking(self) -> TrackingNumber:
        return make_tracking_number((next(self._numbers) << 5).to_bytes(10))


def seal(event: DeliveryEvent) -> SealedEvidence:
    xml = f"<Evidence>{event.name} {event.id}</Evidence>".encode()
    return SealedEvidence(
        id=evidence_of(event.id),
        xml=xml,
        digest=hashlib.sha256(xml).digest(),
        log_entry=f"tdh-evidence/v1\n{event.name}\n{event.sequence}\n".encode(),
    )


def written(decision: Decision) -> Written:
    return Written(decision=decision, sealed=tuple(seal(event) for event in decision.events))


def submission(
    ids: SequentialIds,
    *,
    to: tuple[Party, ...] = (),
    mode: ConsignmentMode = ConsignmentMode.BASIC,
    key: str = "key-1",
    documents: int = 1,
) -> cmd.Submit:
    of = letter(ids, documents=documents)
    return submit(
        ids, *(recipient(ids, of.id, each, mode) for each in to or (None,)), key=key, of=of
    )


def refusal(ids: SequentialIds, key: str = "key-1") -> cmd.RefuseSubmission:
    asked = submission(ids, key=key)
    stream = ids.delivery(asked.letter.id)
    return cmd.RefuseSubmission(
        stream=stream,
        pseudonym=ids.pseudonym(),
        event=ids.event(stream),
        letter=asked.letter,
        sender=asked.sender,
        recipients=tuple(each.party for each in asked.recipients),
        by=by(AGENCY),
        idempotency=asked.idempotency,
        reasons=(EventReason(code="R_ERDS_InvalidMessageFormat", details=("เปลี่ยนหลังลงนาม",)),),
    )


async def take_in(journal: PostgresJournal, *submissions: cmd.Submit, now: datetime = NOW) -> None:
    """Commit submissions in one batch, as the group commit does."""
    async with journal.transaction() as transaction:
        await transaction.claim_keys([each.idempotency for each in submissions])
        decisions = [decide(each, None, now, POLICY) for each in submissions]
        await transaction.write([written(each) for each in decisions], ())
        await transaction.commit()


async def act(
    journal: PostgresJournal, *commands: cmd.DeliveryCommand, now: datetime = NOW
) -> tuple[Decision, ...]:
    """Lock, decide, write and commit commands on different deliveries; all must be decided."""
    async with journal.transaction() as transaction:
        dossiers = await transaction.lock(sorted(each.delivery for each in commands))
        decisions = []
        for command in commands:
            answer = decide(command, dossiers.get(command.delivery), now, POLICY)
            assert isinstance(answer, Decision), answer
            decisions.append(answer)
        await transaction.write([written(each) for each in decisions], ())
        await transaction.commit()
    return tuple(decisions)


def forward(ids: SequentialIds, delivery: DeliveryId) -> cmd.Forward:
    return cmd.Forward(delivery=delivery, event=ids.event(delivery))
