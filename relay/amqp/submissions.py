"""Serving what partners ask for by message: accept, refuse, acknowledge; each gets its answer.

The answer goes to the partner's own reply queue, never where the message says, or a partner could
have answers laid into another's queue. A request is acknowledged after its answer is confirmed:
it may be served twice, and the second time is answered with the evidence of the first.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from relay.amqp import names
from relay.amqp.cloudevents import CONTENT_TYPE, CloudEvent, print_event
from relay.amqp.connection import Outgoing, Publisher
from relay.amqp.consumer import Consumer, Incoming, Received
from relay.amqp.errors import NotTaken
from relay.amqp.requests import (
    AcceptRequest,
    AcknowledgeRequest,
    RefuseRequest,
    ServedRequest,
    SubmitRequest,
    parse_request,
    read_event,
    sender_of,
)
from relay.loops import Alarm
from tdh.delivery.acceptance import accept, refuse
from tdh.delivery.handover import acknowledge
from tdh.domain.decisions import Decision, Repetition
from tdh.domain.errors import InvalidValue, TDHError
from tdh.domain.identifiers import PartyId, evidence_of
from tdh.domain.parties import Authentication
from tdh.domain.records import Committed
from tdh.ports import Clock, Commit, Ids

log = structlog.get_logger(__name__)

METHOD = "amqp-password"
RESULT = "request.done"
PROBLEM = "request.refused"

ProblemOf = Callable[[TDHError], Mapping[str, object]]
"""An error as a problem document: code, titles in both languages, whether to try again."""


NOT_SERVED: Mapping[str, object] = {
    "code": "not-available-yet",
    "title": "Letters cannot be submitted by message yet; submit them over HTTP.",
    "title_th": "ยังส่งหนังสือผ่านคิวไม่ได้ โปรดส่งผ่าน HTTP",
    "retryable": False,
}
"""A problem of this interface alone, so it is told here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request whose sender the broker vouches for."""

    by: names.RequestKey
    incoming: Incoming
    event: CloudEvent

    @property
    def reference(self) -> str:
        """What the answer refers to: the correlation id, else the message id, else the event's."""
        return self.incoming.correlation_id or self.incoming.message_id or self.event.id


class Submissions:
    """Serves the submit queues. Several of these do no harm."""

    def __init__(  # noqa: PLR0913 - its ports, by name
        self,
        *,
        consumer: Consumer,
        publisher: Publisher,
        commit: Commit,
        ids: Ids,
        clock: Clock,
        problem_of: ProblemOf,
        source: str,
        new_message_id: Callable[[], str],
    ) -> None:
        """`consumer` of the submit queues; `publisher` of the same host, for the answers."""
        self._consumer = consumer
        self._publisher = publisher
        self._commit = commit
        self._ids = ids
        self._clock = clock
        self._problem_of = problem_of
        self._source = source
        self._new_message_id = new_message_id
        self._alarm = Alarm("submissions")

    async def run(self) -> None:
        """Until cancelled."""
        await self._consumer.run(self.handle)

    async def handle(self, received: Received) -> None:
        """Serve one message. Raises BrokerUnavailable: then it comes again."""
        incoming = received.incoming
        try:
            by = sender_of(incoming)
            asked = Asked(by=by, incoming=incoming, event=read_event(incoming.body, by.action))
        except InvalidValue as error:
            await self._bury(incoming, error)
        else:
            await self._answer(asked)
        # If we die before this: served again, answered with the same evidence.
        await received.ack()

    async def _answer(self, asked: Asked) -> None:
        kind, told = await self._outcome(asked)
        event = CloudEvent(
            id=self._new_message_id(),
            source=self._source,
            type=kind,
            time=self._clock.now(),
            data={"request": asked.by.action, **_subject(asked.event.data), **told},
        )
        reply = Outgoing(
            exchange=names.DEFAULT_EXCHANGE,
            key=names.reply_queue(asked.by.user),
            body=print_event(event),
            message_id=event.id,
            content_type=CONTENT_TYPE,
            type=kind,
            correlation_id=asked.reference,
        )
        try:
            await self._publisher.publish(reply)
        except NotTaken as error:
            # The effect stands; the partner reads it from the delivery's events.
            self._alarm.ring("reply-not-taken", party=asked.by.party, problem=error.code)

    async def _outcome(self, asked: Asked) -> tuple[str, Mapping[str, object]]:
        """What to answer: the kind of event, and its data."""
        try:
            request = parse_request(asked.event.data, asked.by.action)
            if isinstance(request, SubmitRequest):
                return PROBLEM, {"problem": NOT_SERVED}
            return RESULT, _result(await self._serve(asked.by.party, request))
        except TDHError as error:
            return PROBLEM, {"problem": dict(self._problem_of(error))}
        except Exception:
            log.exception("request-failed", party=asked.by.party, action=asked.by.action)
            return PROBLEM, {"problem": dict(self._problem_of(TDHError("the request failed")))}

    async def _serve(self, party: PartyId, request: ServedRequest) -> Committed:
        now = self._clock.now()
        by = Authentication(party=party, method=METHOD, at=now)
        match request:
            case AcceptRequest(delivery=delivery):
                return await accept(delivery, by, now, commit=self._commit, ids=self._ids)
            case RefuseRequest(delivery=delivery, note=note):
                return await refuse(delivery, by, now, note, commit=self._commit, ids=self._ids)
            case AcknowledgeRequest(delivery=delivery, digests=digests):
                return await acknowledge(delivery, digests, by, commit=self._commit, ids=self._ids)

    async def _bury(self, incoming: Incoming, problem: InvalidValue) -> None:
        """Into the dead letters of the partner, or ours where the key names none."""
        # Our words only: `field` may be the partner's.
        self._alarm.ring("request-unreadable", key=incoming.key, problem=problem.problem)
        try:
            key = names.dead_queue(names.parse_request_key(incoming.key).user)
        except InvalidValue:
            key = names.DEAD_WORK
        dead = Outgoing(
            exchange=names.DEAD,
            key=key,
            body=incoming.body,
            message_id=self._new_message_id(),
            content_type="application/octet-stream",
            correlation_id=incoming.correlation_id or None,
            headers={
                "tdh-reason": str(problem),
                "tdh-key": incoming.key,
                "tdh-message-id": incoming.message_id,
            },
        )
        try:
            await self._publisher.publish(dead)
        except NotTaken as error:
            self._alarm.ring("dead-letter-not-taken", key=key, problem=error.code)


def _subject(data: Mapping[str, object]) -> Mapping[str, object]:
    delivery = data.get("delivery")
    return {"delivery": delivery} if isinstance(delivery, str) else {}


def _result(committed: Committed) -> dict[str, object]:
    """What happened, and the ids of its evidence."""
    match committed.answer:
        case Decision(events=events):
            happened = [
                {"event": event.name, "id": event.id, "evidence": evidence_of(event.id)}
                for event in events
            ]
            return {"result": "done", "events": happened}
        case Repetition(event=name):
            return {"result": "done-before", "events": [{"event": name}] if name else []}
        case refusal:
            raise refusal.error
