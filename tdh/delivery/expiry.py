"""The end of a term. Each prepares a command; both raise NotDueYet before their time."""

from tdh.domain.commands import EndHolding, Expire
from tdh.domain.identifiers import DeliveryId, OutboxId
from tdh.domain.records import Committed
from tdh.ports import Commit, Ids


async def expire(
    delivery: DeliveryId, outbox: OutboxId | None, *, commit: Commit, ids: Ids
) -> Committed:
    """End the waiting for accept or refuse, after deadline and grace."""
    return await commit(Expire(delivery=delivery, event=ids.event(delivery), outbox=outbox))


async def end_holding(
    delivery: DeliveryId, outbox: OutboxId | None, *, commit: Commit, ids: Ids
) -> Committed:
    """End the waiting for the handover."""
    return await commit(EndHolding(delivery=delivery, event=ids.event(delivery), outbox=outbox))
