"""Opening a submission: everything that can be refused before a document is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from tdh.delivery.incoming import IncomingDocument
from tdh.delivery.intake import AcceptedLetter, OpenSubmission, RefusedLetter, SubmissionPorts
from tdh.domain.commands import Recipient
from tdh.domain.errors import (
    IdempotencyInProgress,
    InvalidValue,
    ModeNotAvailable,
    RecipientNotRegistered,
    TopSecretNotCarried,
)
from tdh.domain.identifiers import DeliveryId, PartyId
from tdh.domain.letters import Envelope, Secrecy
from tdh.domain.lifecycle import ConsignmentMode
from tdh.domain.parties import Authentication, Party

__all__ = [
    "AcceptedLetter",
    "Addressee",
    "IncomingDocument",
    "OpenSubmission",
    "RefusedLetter",
    "SubmissionPorts",
    "Submissions",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """One recipient as the sender wrote it."""

    party: PartyId
    mode: ConsignmentMode
    accept_within: timedelta | None


class Submissions:
    """Opens submissions; knows which keys are in use in this process."""

    def __init__(self, ports: SubmissionPorts) -> None:
        self._ports = ports
        self._running: set[tuple[PartyId, str]] = set()

    async def open(
        self,
        *,
        sender: Party,
        envelope: Envelope,
        addressees: Sequence[Addressee],
        key: str,
        by: Authentication,
    ) -> OpenSubmission:
        """Check all that needs no document.

        Raises TopSecretNotCarried, ModeNotAvailable, RecipientNotRegistered, InvalidValue,
        IdempotencyInProgress.
        """
        if envelope.secrecy is Secrecy.TOP_SECRET:
            raise TopSecretNotCarried("ลับที่สุด does not travel electronically")
        self._check(addressees)
        found = await self._ports.parties.get([one.party for one in addressees])
        for one in addressees:
            if one.party not in found:
                raise RecipientNotRegistered(one.party)
        use = (sender.id, key)
        if use in self._running:
            raise IdempotencyInProgress("a submission under this key is running")
        self._running.add(use)
        letter = self._ports.ids.letter(self._ports.clock.now())
        # In order, as everything that reads a letter lists its deliveries by id: a repeated answer
        # must not name the recipients in another order than the first.
        deliveries = sorted(self._ports.ids.delivery(letter) for _ in addressees)
        return OpenSubmission(
            ports=self._ports,
            letter=letter,
            sender=sender,
            envelope=envelope,
            recipients=tuple(
                self._recipient(one, found[one.party], delivery)
                for one, delivery in zip(addressees, deliveries, strict=True)
            ),
            key=key,
            by=by,
            on_end=lambda: self._running.discard(use),
        )

    def _check(self, addressees: Sequence[Addressee]) -> None:
        policy = self._ports.policy
        if not 1 <= len(addressees) <= policy.recipients_most:
            raise InvalidValue("/recipients", f"must be 1 to {policy.recipients_most}")
        if len({one.party for one in addressees}) < len(addressees):
            raise InvalidValue("/recipients", "names a recipient twice")
        for place, one in enumerate(addressees):
            if one.mode is ConsignmentMode.SIGNED:
                raise ModeNotAvailable(one.mode)
            try:
                policy.term(one.mode, one.accept_within)
            except InvalidValue as error:
                pointer = f"/recipients/{place}/accept_within"
                raise InvalidValue(pointer, error.problem) from error

    def _recipient(self, one: Addressee, party: Party, delivery: DeliveryId) -> Recipient:
        ids = self._ports.ids
        return Recipient(
            party=party,
            mode=one.mode,
            accept_within=self._ports.policy.term(one.mode, one.accept_within),
            delivery=delivery,
            tracking=ids.tracking(),
            pseudonym=ids.pseudonym(),
            event=ids.event(delivery),
        )
