"""Receipts (PDF): made when somebody asks, kept write-once, served from then on.

(1) The evidence must be one that the party may see; (2) an edition that is kept is given out byte
for byte; (3) else it is made from evidence, proof, tokens, record and envelope, and kept. If we die
between, nothing is kept and the next one who asks gets it made. Of two who ask at once both get
the bytes of the one that was kept first. A renewal is a new edition; the old ones stay.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tdh.domain.envelope import envelope_text
from tdh.domain.errors import NoReceiptForEvent, NotFound
from tdh.domain.identifiers import EvidenceId, PartyId
from tdh.domain.log import EvidenceProof, HeadToken
from tdh.domain.receipts import EVENTS_WITH_RECEIPT, Receipt
from tdh.domain.records import EvidenceRecord
from tdh.ports import Clock, Mailboxes


class ReceiptMaker(Protocol):
    """The program with the receipt key."""

    async def make(  # noqa: PLR0913 - all that proves one evidence, by name
        self,
        xml: bytes,
        *,
        proof: bytes,
        tokens: Sequence[HeadToken] = (),
        record: bytes | None = None,
        envelope: bytes | None = None,
        edition: int = 1,
    ) -> bytes:
        """Raises NoReceiptForEvent, IntegrityFailure, ReceiptMakerUnavailable."""
        ...


class ReceiptStore(Protocol):
    """What was made."""

    async def newest(self, evidence: EvidenceId) -> Receipt | None: ...
    async def edition(self, evidence: EvidenceId, number: int) -> Receipt | None: ...
    async def keep(self, receipt: Receipt) -> Receipt:
        """What is kept under this number, which somebody else may have made."""
        ...

    async def sender(self, evidence: EvidenceId) -> PartyId | None: ...


class WholeProofs(Protocol):
    """The part of the log's proofs that a receipt needs."""

    async def everything_of(self, evidence: EvidenceId) -> EvidenceProof:
        """Raises NotLoggedYet."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipts:
    """Gives receipts over the ports."""

    mailboxes: Mailboxes
    proofs: WholeProofs
    store: ReceiptStore
    maker: ReceiptMaker
    clock: Clock

    async def of(self, record: EvidenceRecord, party: PartyId, edition: int | None) -> Receipt:
        """The receipt of an evidence that this party may see; the newest where none is named.

        Raises NotFound for an edition that was never made, NotLoggedYet, NoReceiptForEvent,
        IntegrityFailure, StorageUnavailable, ReceiptMakerUnavailable.
        """
        if edition is None:
            kept = await self.store.newest(record.id)
        else:
            kept = await self.store.edition(record.id, edition)
        if kept is not None:
            return kept
        if edition not in (None, 1):
            raise NotFound("receipt")
        return await self._make(record, party, 1)

    async def renew(self, evidence: EvidenceId) -> Receipt:
        """Make the next edition, with what log and archive say now. Raises as `of`."""
        sender = await self.store.sender(evidence)
        record = None if sender is None else await self.mailboxes.evidence(evidence, sender)
        if sender is None or record is None:
            raise NotFound("evidence")
        newest = await self.store.newest(evidence)
        return await self._make(record, sender, 1 if newest is None else newest.edition + 1)

    async def _make(self, record: EvidenceRecord, party: PartyId, edition: int) -> Receipt:
        if record.event not in EVENTS_WITH_RECEIPT:
            raise NoReceiptForEvent(record.event)
        found = await self.proofs.everything_of(record.id)
        pdf = await self.maker.make(
            record.xml,
            proof=found.proof,
            tokens=found.tokens,
            record=found.record,
            envelope=await self._envelope(record, party),
            edition=edition,
        )
        made = Receipt(
            evidence=record.id,
            edition=edition,
            pdf=pdf,
            digest=hashlib.sha256(pdf).digest(),
            made_at=self.clock.now(),
            size=found.size,
            anchored_by=found.anchored_by,
            has_record=found.record is not None,
        )
        return await self.store.keep(made)

    async def _envelope(self, record: EvidenceRecord, party: PartyId) -> bytes | None:
        """None for a refused submission, of which no letter is kept."""
        view = await self.mailboxes.delivery(record.stream, party)
        return None if view is None else envelope_text(view.dossier.letter)
