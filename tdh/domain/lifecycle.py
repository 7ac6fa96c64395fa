"""The life of a delivery as one table. Everything that moves a state lives in this file.

API, workers and command line ask `advance`; nobody else decides what may follow what. Events are
those of ETSI EN 319 522-1, clause 6.2, and own ones.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from tdh.domain import events as ev
from tdh.domain.errors import IllegalTransition


class ConsignmentMode(StrEnum):
    """EN 319 522-3, ConsigmentModeType: when content becomes available to the recipient."""

    BASIC = "basic"
    CONSENT = "consent"
    SIGNED = "signed"


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    ACCEPTED = "accepted"
    AWAITING_ACCEPTANCE = "awaiting_acceptance"
    CONSIGNED = "consigned"
    HANDED_OVER = "handed_over"
    REFUSED = "refused"
    EXPIRED = "expired"
    UNDELIVERABLE = "undeliverable"
    UNCOLLECTED = "uncollected"
    WITHDRAWN = "withdrawn"


S, M = DeliveryState, ConsignmentMode

FINAL = frozenset(
    {S.HANDED_OVER, S.REFUSED, S.EXPIRED, S.UNDELIVERABLE, S.UNCOLLECTED, S.WITHDRAWN}
)
"""They exclude one another; no new notice starts after one."""

CONTENT_AVAILABLE = frozenset({S.CONSIGNED, S.HANDED_OVER})
"""In every other state content is refused."""

Trigger = tuple[type[ev.DeliveryEvent], bool]
"""An event and whether it is final; only NotificationForAcceptanceFailure can be either."""

Row = Mapping[Trigger, DeliveryState]

_ASKING: Row = {
    (ev.NotificationForAcceptance, False): S.AWAITING_ACCEPTANCE,
    (ev.Withdrawal, False): S.WITHDRAWN,
}
_AWAITING: Row = {
    (ev.ConsignmentAcceptance, False): S.AWAITING_ACCEPTANCE,  # ContentConsignment follows at once
    (ev.ContentConsignment, False): S.CONSIGNED,
    (ev.ConsignmentRejection, False): S.REFUSED,
    (ev.AcceptanceRejectionExpiry, False): S.EXPIRED,
    (ev.NotificationForAcceptanceFailure, True): S.UNDELIVERABLE,
    (ev.NotificationForAcceptanceFailure, False): S.AWAITING_ACCEPTANCE,
    (ev.Withdrawal, False): S.WITHDRAWN,
}
_CONSIGNED: Row = {
    (ev.ContentHandover, False): S.HANDED_OVER,
    (ev.ContentHandoverFailure, False): S.UNCOLLECTED,
    (ev.ContentAccessTracking, False): S.CONSIGNED,
    (ev.ConsignmentNotification, False): S.CONSIGNED,
    (ev.ConsignmentNotificationFailure, False): S.CONSIGNED,
}
_HANDED_OVER: Row = {
    (ev.ContentAccessTracking, False): S.HANDED_OVER,
    (ev.ConsignmentNotification, False): S.HANDED_OVER,
    (ev.ConsignmentNotificationFailure, False): S.HANDED_OVER,
}
# The result of a notice that began before the end may still be recorded.
_UNCOLLECTED: Row = {
    (ev.ConsignmentNotification, False): S.UNCOLLECTED,
    (ev.ConsignmentNotificationFailure, False): S.UNCOLLECTED,
}
_BASIC_ACCEPTED: Row = {
    (ev.ContentConsignment, False): S.CONSIGNED,
    (ev.ContentConsignmentFailure, False): S.UNDELIVERABLE,
    (ev.Withdrawal, False): S.WITHDRAWN,
}
_NOTHING: Row = {}
_NEW: Row = {(ev.SubmissionAcceptance, False): S.ACCEPTED}


def _rows_of(mode: ConsignmentMode) -> Mapping[DeliveryState | None, Row]:
    basic = mode is M.BASIC
    rows = {
        S.ACCEPTED: _BASIC_ACCEPTED if basic else _ASKING,
        S.AWAITING_ACCEPTANCE: _NOTHING if basic else _AWAITING,
        S.CONSIGNED: _CONSIGNED,
        S.HANDED_OVER: _HANDED_OVER,
        S.UNCOLLECTED: _UNCOLLECTED,
        S.REFUSED: _NOTHING,
        S.EXPIRED: _NOTHING,
        S.UNDELIVERABLE: _NOTHING,
        S.WITHDRAWN: _NOTHING,
    }
    # What becomes known of a signature is told in every state, and moves none.
    told: dict[DeliveryState | None, Row] = {
        state: {**row, (ev.SignatureStatus, False): state} for state, row in rows.items()
    }
    return {None: _NEW, **told}


TRANSITIONS: Mapping[tuple[DeliveryState | None, ConsignmentMode], Row] = MappingProxyType(
    {(state, mode): row for mode in M for state, row in _rows_of(mode).items()}
)
"""Every state and mode has its row."""


def advance(
    state: DeliveryState | None, mode: ConsignmentMode, event: ev.DeliveryEvent
) -> DeliveryState:
    """The state after `event`. Raises IllegalTransition, naming both, where the table has none."""
    final = isinstance(event, ev.NotificationForAcceptanceFailure) and event.final
    after = TRANSITIONS[state, mode].get((type(event), final))
    if after is None:
        raise IllegalTransition(state or "nothing", event.name)
    return after
