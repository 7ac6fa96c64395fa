"""What must still be done: promises that commit together with the state that makes them due."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tdh.domain.identifiers import DeliveryId, OutboxId


class OutboxKind(StrEnum):
    """When a row is done."""

    JOB = "job"
    """Gone in the transaction of its effect."""
    PUSH = "push"
    """Gone at handover or the delivery's end; until then the message may be sent again."""
    NOTE = "note"
    """Gone when the other side has confirmed it."""


class Task(StrEnum):
    """What is to be done."""

    FORWARD = "forward"
    """Take the delivery over the broker to the delivery side: consign, or notify for acceptance."""
    EXPIRE = "expire"
    """End the waiting for accept or refuse."""
    END_HOLDING = "end-holding"
    """End the waiting for the handover."""
    PUSH_ENVELOPE = "push-envelope"
    """Tell a partner's queue that a delivery waits for accept or refuse."""
    PUSH_CONTENT = "push-content"
    """Tell a partner's queue that content is there."""
    RECHECK_SIGNATURE = "recheck-signature"
    """Judge a letter again that was accepted on older revocation data. One a letter: the row names
    the delivery to its first recipient."""


KIND: dict[Task, OutboxKind] = {
    Task.FORWARD: OutboxKind.JOB,
    Task.EXPIRE: OutboxKind.JOB,
    Task.END_HOLDING: OutboxKind.JOB,
    Task.PUSH_ENVELOPE: OutboxKind.PUSH,
    Task.PUSH_CONTENT: OutboxKind.PUSH,
    Task.RECHECK_SIGNATURE: OutboxKind.JOB,
}
WAITING_TASKS = frozenset({Task.FORWARD, Task.EXPIRE, Task.PUSH_ENVELOPE})
"""Tasks that have no meaning once the delivery has left the states before consignment."""
ENDING_TASKS = frozenset(Task) - {Task.RECHECK_SIGNATURE}
"""Tasks that have no meaning once the delivery is final. A signature's status is told even then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """A new row; the database gives it its id."""

    task: Task
    delivery: DeliveryId
    due: datetime
    """Not to be tried before."""

    @property
    def kind(self) -> OutboxKind:
        return KIND[self.task]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxItem:
    """A row that a dispatcher or worker has claimed."""

    id: OutboxId
    task: Task
    delivery: DeliveryId
    attempts: int
    """How often it was claimed, this time included."""
