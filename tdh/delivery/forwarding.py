"""From the deposit side into the mailbox, and what channels report. Each prepares a command."""

from tdh.domain.commands import FailConsignment, Forward, RecordNotice
from tdh.domain.events import EventReason
from tdh.domain.identifiers import DeliveryId, OutboxId
from tdh.domain.records import Committed
from tdh.ports import Commit, Ids


async def forward(
    delivery: DeliveryId, outbox: OutboxId | None, *, commit: Commit, ids: Ids
) -> Committed:
    """Consign a basic delivery; ask for acceptance of the others.

    Done twice, it does nothing the second time. Raises MailboxClosed, ServiceUnavailable.
    """
    return await commit(Forward(delivery=delivery, event=ids.event(delivery), outbox=outbox))


async def fail_consignment(
    delivery: DeliveryId,
    outbox: OutboxId | None,
    reason: EventReason,
    *,
    commit: Commit,
    ids: Ids,
) -> Committed:
    """Give up after the retries, for a cause on the recipient's side."""
    event = ids.event(delivery)
    return await commit(
        FailConsignment(delivery=delivery, event=event, reason=reason, outbox=outbox)
    )


async def record_notice(
    delivery: DeliveryId,
    channel: str,
    failure: EventReason | None,
    *,
    commit: Commit,
    ids: Ids,
) -> Committed:
    """Record that a channel told the recipient, or why it could not."""
    event = ids.event(delivery)
    return await commit(
        RecordNotice(delivery=delivery, event=event, channel=channel, failure=failure)
    )
