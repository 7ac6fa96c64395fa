"""Rows of the database as values of the domain; what auditors get is in `storage.audited`."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any, Protocol

from tdh.domain.commands import StoredDocument
from tdh.domain.identifiers import (
    DeliveryId,
    Digest,
    LetterId,
    PartyId,
    Pseudonym,
    TrackingNumber,
    letter_month,
)
from tdh.domain.letters import (
    Delivery,
    Document,
    DocumentRole,
    Envelope,
    Letter,
    Secrecy,
    Urgency,
)
from tdh.domain.lifecycle import ConsignmentMode, DeliveryState
from tdh.domain.parties import AssuranceLevel, Channel, Party
from tdh.domain.records import RecordedSubmission
from tdh.domain.signers import SenderMatch
from tdh.domain.verdict_json import verdict_from_plain


class Row(Protocol):
    """What is needed of a driver's row."""

    def __getitem__(self, column: str, /) -> Any: ...


def months_of(ids: Sequence[str]) -> list[date]:
    """The partition key of each id. Raises InvalidValue for what is no id."""
    return [letter_month(each) for each in ids]


def party_of(row: Row) -> Party:
    """A row of `parties`."""
    return Party(
        id=PartyId(row["id"]),
        name_th=row["name_th"],
        name_en=row["name_en"],
        assurance=AssuranceLevel(row["assurance"]),
        channel=Channel(row["channel"]),
        mailbox_open=row["mailbox_open"],
    )


def delivery_of(row: Row, released: Iterable[int]) -> Delivery:
    """A row of `deliveries`, with the numbers of the documents that went out."""
    return Delivery(
        id=DeliveryId(row["id"]),
        letter=LetterId(row["letter"]),
        recipient=PartyId(row["recipient"]),
        mode=ConsignmentMode(row["mode"]),
        channel=Channel(row["channel"]),
        tracking=TrackingNumber(row["tracking"]),
        pseudonym=Pseudonym(row["pseudonym"]),
        state=DeliveryState(row["state"]),
        sequence=row["sequence"],
        last_event_at=row["last_event_at"],
        accept_within=row["accept_within"],
        acceptance_deadline=row["acceptance_deadline"],
        holding_until=row["holding_until"],
        released=frozenset(released),
    )


def letters_of(rows: Iterable[Row]) -> Iterator[Letter]:
    """Letters from rows of `letters` joined with `documents`, a row a document, letters together.

    A document's own columns that clash with the letter's are prefixed `document_`.
    """
    for _, group in groupby(rows, key=itemgetter("id")):
        documents = list(group)
        row = documents[0]
        yield Letter(
            id=LetterId(row["id"]),
            sender=PartyId(row["sender"]),
            envelope=envelope_of(row),
            documents=tuple(_document_of(each) for each in documents),
            submitted_at=row["submitted_at"],
        )


def envelope_of(row: Row) -> Envelope:
    """The columns of `letters` that are its envelope."""
    return Envelope(
        number=row["number"],
        date=row["written_on"],
        subject=row["subject"],
        salutation=row["salutation"],
        references=tuple(row["refers_to"]),
        urgency=Urgency(row["urgency"]),
        secrecy=Secrecy(row["secrecy"]),
    )


def _document_of(row: Row) -> Document:
    verdict, report, match = row["verdict"], row["report_digest"], row["sender_match"]
    return Document(
        number=row["document_number"],
        role=DocumentRole(row["role"]),
        filename=row["filename"],
        media_type=row["media_type"],
        size=row["size"],
        digest=Digest(value=row["digest"], algorithm=row["algorithm"]),
        verdict=None if verdict is None else verdict_from_plain(verdict),
        report=None if report is None else Digest(value=report),
        sender_match=None if match is None else SenderMatch(match),
        scanned_by=row["scanned_by"],
    )


def stored_of(row: Row) -> StoredDocument:
    """Where the vault has a document."""
    return StoredDocument(
        number=row["document_number"],
        segment=row["segment"],
        offset=row["at_offset"],
        length=row["length"],
    )


def recorded_of(row: Row) -> RecordedSubmission:
    """A row of `idempotency`."""
    letter, stream = row["letter"], row["stream"]
    return RecordedSubmission(
        fingerprint=row["fingerprint"],
        letter=None if letter is None else LetterId(letter),
        stream=None if stream is None else DeliveryId(stream),
    )
