"""What the loops do with rows that could not be done now, for no fault of the rows."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from tdh.domain.errors import ServiceUnavailable
from tdh.domain.identifiers import OutboxId
from tdh.ports import Outbox

log = structlog.get_logger(__name__)

UNAVAILABLE_PAUSE = timedelta(seconds=5)
"""Until the next try when database, sealer or broker were missing; it counts as no attempt, or a
long outage would park every row of it."""


async def leave(outbox: Outbox, rows: Sequence[OutboxId], until: datetime) -> None:
    """Postpone rows if the database is there; if not, their own next try comes anyway."""
    try:
        await outbox.postpone(rows, until)
    except ServiceUnavailable as error:
        log.warning("rows-not-postponed", rows=len(rows), problem=error.code)
