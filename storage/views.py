"""Letters and deliveries as their parties see them, read in one snapshot. Asks nobody's leave.

Who may see what is decided by `mailboxes`, which hands over only ids that its caller may see.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter

from storage.database import Rows, Session
from storage.queries import statements_beside
from storage.rows import delivery_of, letters_of, months_of, party_of
from tdh.domain.events import REPEATABLE
from tdh.domain.identifiers import DeliveryId, EventId, LetterId, evidence_of
from tdh.domain.letters import Dossier, Letter
from tdh.domain.parties import Party
from tdh.domain.records import DeliveryView, EventView, LetterView

_SQL = statements_beside(__file__)


async def delivery_views(
    session: Session, deliveries: Sequence[str]
) -> Mapping[DeliveryId, DeliveryView]:
    """Those of the deliveries that exist, with their events in order."""
    if not deliveries:
        return {}
    rows = await session.fetch(_SQL["deliveries"], months_of(deliveries), list(deliveries))
    events = await _events(session, [row["id"] for row in rows])
    letters = await _letters(session, rows)
    parties = await _parties(session, rows)
    views = {}
    for row in rows:
        happened = events.get(row["id"], ())
        dossier = Dossier(
            delivery=delivery_of(row, row["released"]),
            letter=letters[row["letter"]],
            sender=parties[row["sender"]],
            recipient=parties[row["recipient"]],
            happened=frozenset(
                (event.name, event.cause) for event in happened if event.name in REPEATABLE
            ),
        )
        views[dossier.delivery.id] = DeliveryView(dossier=dossier, events=happened)
    return views


async def letter_views(session: Session, letters: Sequence[str]) -> tuple[LetterView, ...]:
    """Letters with all their deliveries, in the order asked for. Each has at least one delivery."""
    rows = await session.fetch(_SQL["deliveries_of_letters"], months_of(letters), list(letters))
    views = await delivery_views(session, [row["id"] for row in rows])
    by_letter: dict[LetterId, list[DeliveryView]] = {}
    for view in views.values():
        by_letter.setdefault(view.dossier.letter.id, []).append(view)
    return tuple(
        LetterView(letter=of[0].dossier.letter, deliveries=tuple(of))
        for of in (by_letter[LetterId(each)] for each in letters)
    )


async def _events(session: Session, ids: Sequence[str]) -> Mapping[str, tuple[EventView, ...]]:
    rows = await session.fetch(_SQL["events"], months_of(ids), ids)
    return {
        delivery: tuple(
            EventView(
                id=EventId(row["id"]),
                evidence=evidence_of(EventId(row["id"])),
                name=row["name"],
                time=row["happened_at"],
                sequence=row["sequence"],
                cause=row["cause"],
            )
            for row in group
        )
        for delivery, group in groupby(rows, key=itemgetter("delivery"))
    }


async def _letters(session: Session, deliveries: Rows) -> Mapping[str, Letter]:
    ids = sorted({row["letter"] for row in deliveries})
    rows = await session.fetch(_SQL["read_letters"], months_of(ids), ids)
    return {letter.id: letter for letter in letters_of(rows)}


async def _parties(session: Session, deliveries: Rows) -> Mapping[str, Party]:
    ids = {row["sender"] for row in deliveries} | {row["recipient"] for row in deliveries}
    rows = await session.fetch(_SQL["read_parties"], list(ids))
    return {row["id"]: party_of(row) for row in rows}
