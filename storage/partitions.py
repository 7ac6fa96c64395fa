"""Monthly partitions of everything that belongs to a letter.

Made ahead of time, by the migration and then daily by the service. There is no default partition:
a letter of a month without one is refused (StorageUnavailable) rather than put where dropping or
archiving a month would miss it.
"""

from datetime import UTC, date, datetime

from storage.database import Database, Session
from storage.queries import statements_beside

_SQL = statements_beside(__file__)

PARTITIONED = (
    "letters",
    "documents",
    "deliveries",
    "refused_submissions",
    "refused_reports",
    "events",
    "evidence",
    "releases",
)
MONTHS_AHEAD = 2
ADVISORY_LOCK = 0x7464_6800
"""Of migrations and partitions: two makers of the same table wait for one another."""


async def ensure_partitions(database: Database, now: datetime) -> tuple[str, ...]:
    """As `make_partitions`: what the service does daily."""
    async with database.session() as session:
        return await make_partitions(session, now)


async def make_partitions(session: Session, now: datetime) -> tuple[str, ...]:
    """Make the partitions of this month (UTC) and the next two; the names of the new ones.

    A new partition needs its parent alone for a moment. If a long reader is in the way, the lock
    time limit ends the attempt with StorageUnavailable, and the next day's will do.
    """
    wanted = [
        (parent, month, f"{parent}_{month:%Y_%m}")
        for month in months_from(now.astimezone(UTC).date())
        for parent in PARTITIONED
    ]
    if not await _missing(session, wanted):
        return ()
    async with session.transaction():
        await session.execute("SELECT pg_advisory_xact_lock($1)", ADVISORY_LOCK)
        missing = await _missing(session, wanted)
        for parent, month, name in missing:
            await session.execute(_statement(parent, month, name))
    return tuple(name for _, _, name in missing)


def months_from(day: date) -> tuple[date, ...]:
    """The first days of this month and of those to be made ahead."""
    months = [day.replace(day=1)]
    for _ in range(MONTHS_AHEAD):
        months.append(next_month(months[-1]))
    return tuple(months)


def next_month(first: date) -> date:
    """The first day of the month after."""
    if first.month == 12:  # noqa: PLR2004 - December
        return date(first.year + 1, 1, 1)
    return date(first.year, first.month + 1, 1)


Wanted = tuple[str, date, str]


async def _missing(session: Session, wanted: list[Wanted]) -> list[Wanted]:
    rows = await session.fetch(_SQL["existing"], PARTITIONED)
    existing = {row["child"] for row in rows}
    return [each for each in wanted if each[2] not in existing]


def _statement(parent: str, month: date, name: str) -> str:
    # Names and dates are our own; DDL takes no parameters.
    # A batch of deliveries is moved as a batch: with half of each page free all new versions stay
    # on the page of the old ones, and no index hears of them.
    room = " WITH (fillfactor = 50)" if parent == "deliveries" else ""
    return (
        f"CREATE TABLE {name} PARTITION OF {parent} "
        f"FOR VALUES FROM ('{month}') TO ('{next_month(month)}'){room}"
    )
