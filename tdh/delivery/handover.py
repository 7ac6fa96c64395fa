"""Content on its way out to the recipient. Each prepares a command."""

from collections.abc import Sequence

from tdh.domain.commands import Acknowledge, Release, TrackAccess
from tdh.domain.identifiers import DeliveryId, Digest
from tdh.domain.parties import Authentication
from tdh.domain.records import Committed
from tdh.ports import Commit, Ids


async def track_access(
    delivery: DeliveryId, document: int, by: Authentication, *, commit: Commit, ids: Ids
) -> Committed:
    """Record that the recipient opens a document, before its first byte leaves.

    Raises NotFound, NotAcceptedYet, AlreadyDecided, ServiceUnavailable: then nothing may leave.
    """
    event = ids.event(delivery)
    return await commit(TrackAccess(delivery=delivery, event=event, document=document, by=by))


async def release(
    delivery: DeliveryId, document: int, by: Authentication, *, commit: Commit, ids: Ids
) -> Committed:
    """Record that a document went out completely; the last one makes a person's handover."""
    event = ids.event(delivery)
    return await commit(Release(delivery=delivery, event=event, document=document, by=by))


async def acknowledge(
    delivery: DeliveryId,
    digests: Sequence[Digest],
    by: Authentication,
    *,
    commit: Commit,
    ids: Ids,
) -> Committed:
    """Record that the recipient's system has the documents with these digests, in order.

    Raises NotFound, NotAcceptedYet, WrongDigests, AlreadyDecided, ServiceUnavailable.
    """
    event = ids.event(delivery)
    return await commit(Acknowledge(delivery=delivery, event=event, digests=tuple(digests), by=by))
