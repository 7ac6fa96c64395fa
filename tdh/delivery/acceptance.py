"""The recipient's answer, and the sender's change of mind. Each prepares a command."""

from datetime import datetime

from tdh.domain.commands import Accept, Refuse, Withdraw
from tdh.domain.identifiers import DeliveryId
from tdh.domain.parties import Authentication
from tdh.domain.records import Committed
from tdh.ports import Commit, Ids


async def accept(
    delivery: DeliveryId, by: Authentication, received_at: datetime, *, commit: Commit, ids: Ids
) -> Committed:
    """Accept one delivery; its content is consigned in the same transaction.

    `received_at` is when the whole request was there: it is held against the deadline. A second
    acceptance is answered with the evidence of the first. Raises NotFound, AlreadyDecided,
    AcceptanceTooLate, AcceptanceNotCommitted, ServiceUnavailable.
    """
    return await commit(
        Accept(
            delivery=delivery,
            event=ids.event(delivery),
            consignment_event=ids.event(delivery),
            by=by,
            received_at=received_at,
        )
    )


async def refuse(  # noqa: PLR0913 - the answer's own parts and two ports
    delivery: DeliveryId,
    by: Authentication,
    received_at: datetime,
    note: str,
    *,
    commit: Commit,
    ids: Ids,
) -> Committed:
    """Refuse one delivery, with the recipient's own words or none. Raises as `accept`."""
    return await commit(
        Refuse(
            delivery=delivery,
            event=ids.event(delivery),
            by=by,
            received_at=received_at,
            note=note,
        )
    )


async def withdraw(
    delivery: DeliveryId, by: Authentication, *, commit: Commit, ids: Ids
) -> Committed:
    """Take a delivery back, as its sender, before its content is placed.

    Raises NotFound, AlreadyDecided, ServiceUnavailable.
    """
    return await commit(Withdraw(delivery=delivery, event=ids.event(delivery), by=by))
