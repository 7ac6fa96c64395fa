"""What a stranger gets of one delivery: collected for one party, sealed, given out as a stream.

(1) The views and every evidence that the party may see, each with its proof; (2) each document is
read once to its end: its digest must be the one that was accepted, and ZIP wants its checksum
before its first byte, so a damaged document is an answer and not a container that breaks off;
(3) the whole is sealed. The documents are read a second time when it is their turn. Memory does not
grow with them. Records nothing: who hands content to its recipient does (`relay.api.bundles`).
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from tdh.domain.bundle import BundleContents, BundledDocument, BundledEvidence
from tdh.domain.envelope import envelope_text
from tdh.domain.errors import IntegrityFailure, NotFound
from tdh.domain.identifiers import DeliveryId, EvidenceId, PartyId
from tdh.domain.letters import Document, Letter
from tdh.domain.log import EvidenceProof
from tdh.domain.receipts import Receipt
from tdh.domain.records import DeliveryView
from tdh.ports import Mailboxes, Vault

Pieces = AsyncIterator[bytes]

LARGE_PIECE = 128 * 1024
"""Bytes; a digest of so many takes about half a millisecond."""


class SealedBundle(Protocol):
    """A container, sealed and ready to be written."""

    @property
    def size(self) -> int:
        """Bytes in all."""
        ...

    def pieces(self, read: Callable[[int], Pieces]) -> Pieces:
        """All bytes; `read` gives a document's by its number."""
        ...


class BundleMaker(Protocol):
    """Lays contents out as a container and has it sealed; `signing` has it."""

    async def __call__(self, contents: BundleContents) -> SealedBundle:
        """Raises ServiceUnavailable where nobody seals."""
        ...


class WholeProofs(Protocol):
    """The part of the log's proofs that a bundle needs."""

    async def everything_of(self, evidence: EvidenceId) -> EvidenceProof:
        """Raises NotLoggedYet."""
        ...


class KeptReceipts(Protocol):
    """Receipts that were made before."""

    async def newest(self, evidence: EvidenceId) -> Receipt | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """One bundle on its way out."""

    size: int
    """In bytes."""
    documents: tuple[int, ...]
    """Numbers of the documents inside; none in a bundle of evidence only."""
    pieces: Pieces


class _Measured:
    """What has been read of a document so far."""

    def __init__(self) -> None:
        self.size, self.crc32, self._digest = 0, 0, sha256()

    def take(self, piece: bytes) -> None:
        self.size += len(piece)
        self.crc32 = zlib.crc32(piece, self.crc32)
        self._digest.update(piece)

    @property
    def sha256(self) -> bytes:
        return self._digest.digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundles:
    """Makes bundles over the ports."""

    mailboxes: Mailboxes
    proofs: WholeProofs
    vault: Vault
    receipts: KeptReceipts
    maker: BundleMaker

    async def of(self, stream: DeliveryId, party: PartyId, *, content: bool) -> Bundle:
        """The bundle of a delivery, or of a refused submission (which kept no content).

        Raises NotFound, for what is not the party's too; NotLoggedYet; IntegrityFailure,
        StorageUnavailable; ServiceUnavailable. Whether the party may have the content is the
        caller's question.
        """
        view = await self.mailboxes.delivery(stream, party)
        if view is None:
            contents = await self._refused(stream, party)
        else:
            contents = await self._delivered(view, party, content=content)
        sealed = await self.maker(contents)
        return Bundle(
            size=sealed.size,
            documents=tuple(each.number for each in contents.documents),
            pieces=sealed.pieces(lambda number: self._read(stream, number)),
        )

    async def _delivered(
        self, view: DeliveryView, party: PartyId, *, content: bool
    ) -> BundleContents:
        letter, stream = view.dossier.letter, view.dossier.delivery.id
        evidences = [await self._evidence(each.evidence, party) for each in view.events]
        documents = letter.documents if content else ()
        return BundleContents(
            stream=stream,
            evidences=tuple(evidences),
            envelope=envelope_text(letter),
            reports=await self._reports(letter, party),
            receipts=await self._receipts(evidences),
            documents=tuple([await self._measured(stream, each) for each in documents]),
        )

    async def _refused(self, stream: DeliveryId, party: PartyId) -> BundleContents:
        refused = await self.mailboxes.refusal(stream, party)
        if refused is None:
            raise NotFound("delivery")
        evidence = await self._evidence(refused.evidence, party)
        receipts = await self._receipts([evidence])
        return BundleContents(
            stream=stream, evidences=(evidence,), envelope=None, receipts=receipts
        )

    async def _evidence(self, evidence: EvidenceId, party: PartyId) -> BundledEvidence:
        record = await self.mailboxes.evidence(evidence, party)
        if record is None:
            raise NotFound("evidence")
        return BundledEvidence(record=record, proof=await self.proofs.everything_of(evidence))

    async def _reports(self, letter: Letter, party: PartyId) -> tuple[tuple[int, bytes], ...]:
        found = [
            (each.number, await self.mailboxes.report(letter.id, each.number, party))
            for each in letter.documents
        ]
        return tuple((number, report) for number, report in found if report is not None)

    async def _receipts(
        self, evidences: Sequence[BundledEvidence]
    ) -> tuple[tuple[str, bytes], ...]:
        """Those that somebody asked for before; none is made for a bundle."""
        found = [(one.record, await self.receipts.newest(one.record.id)) for one in evidences]
        return tuple(
            (f"{record.sequence:02d}-{record.event}.pdf", receipt.pdf)
            for record, receipt in found
            if receipt is not None
        )

    async def _measured(self, stream: DeliveryId, document: Document) -> BundledDocument:
        measured = _Measured()
        async for piece in self._read(stream, document.number):
            # Digests of large pieces are for threads, or other requests would wait for them.
            if len(piece) < LARGE_PIECE:
                measured.take(piece)
            else:
                await asyncio.to_thread(measured.take, piece)
        if (measured.size, measured.sha256) != (document.size, document.digest.value):
            raise IntegrityFailure("a document is not the one that was accepted")
        return BundledDocument(
            number=document.number,
            filename=document.filename,
            media_type=document.media_type,
            size=measured.size,
            sha256=measured.sha256,
            crc32=measured.crc32,
        )

    async def _read(self, stream: DeliveryId, number: int) -> Pieces:
        place = await self.mailboxes.content(stream, number)
        if place is None:
            raise IntegrityFailure("a document without a place")
        async for piece in self.vault.read(*place):
            yield piece
