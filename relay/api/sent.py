"""What a sender reads and does after submitting; deliveries, for both of their parties."""

from aiohttp import web

from relay.api.body import ApiLimits, Body
from relay.api.callers import (
    Callers,
    delivery_id,
    known,
    letter_id,
    page_wanted,
    tracking_number,
)
from relay.api.conflicts import explained
from relay.api.responses import json_answer
from relay.api.routes import Listed, Operation, Route
from relay.api.undisturbed import Undisturbed
from relay.payloads.answers import DeliveryDetailOut, SentLetterOut
from relay.payloads.evidence import EventOut, EvidenceOut, PageOut, refusal_event
from relay.payloads.reading import read
from relay.payloads.requests import NothingIn
from tdh.delivery import acceptance
from tdh.domain.errors import NotFound
from tdh.domain.identifiers import DeliveryId, PartyId
from tdh.domain.policies import Policy
from tdh.domain.records import EventView
from tdh.ports import Commit, Ids, Mailboxes, Proofs


class Sent:
    """Letters of their sender; deliveries of either party."""

    def __init__(  # noqa: PLR0913 - its parts, by name
        self,
        *,
        callers: Callers,
        mailboxes: Mailboxes,
        proofs: Proofs,
        commit: Commit,
        ids: Ids,
        undisturbed: Undisturbed,
        policy: Policy,
        limits: ApiLimits,
    ) -> None:
        self._callers = callers
        self._mailboxes = mailboxes
        self._proofs = proofs
        self._commit = commit
        self._ids = ids
        self._undisturbed = undisturbed
        self._policy = policy
        self._limits = limits

    def routes(self) -> tuple[Route, ...]:
        delivery = "/v1/deliveries/{delivery}"
        return (
            Route(method="GET", path="/v1/letters", handler=self._letters, operation=_LETTERS),
            Route(
                method="GET", path="/v1/letters/{letter}", handler=self._letter, operation=_LETTER
            ),
            Route(method="GET", path=delivery, handler=self._delivery, operation=_DELIVERY),
            Route(method="GET", path=f"{delivery}/events", handler=self._events, operation=_EVENTS),
            Route(
                method="GET",
                path=f"{delivery}/evidence",
                handler=self._evidence,
                operation=_EVIDENCE,
            ),
            Route(
                method="POST",
                path=f"{delivery}/withdraw",
                handler=self._withdraw,
                operation=_WITHDRAW,
            ),
            Route(method="GET", path="/v1/track/{tracking}", handler=self._track, operation=_TRACK),
        )

    async def _letters(self, request: web.Request) -> web.Response:
        party = await self._callers.party(request)
        limit, cursor = page_wanted(request)
        page = await self._mailboxes.letters(party.id, limit, cursor)
        items = [SentLetterOut.of_view(one, self._policy) for one in page.items]
        return json_answer(PageOut(data=items, next_cursor=page.next_cursor))

    async def _letter(self, request: web.Request) -> web.Response:
        party = await self._callers.party(request)
        known(request.query)
        view = await self._mailboxes.letter(letter_id(request), party.id)
        if view is None:
            raise NotFound("letter")
        return json_answer(SentLetterOut.of_view(view, self._policy))

    async def _delivery(self, request: web.Request) -> web.Response:
        party = await self._callers.party(request)
        known(request.query)
        return await self._answer(delivery_id(request), party.id)

    async def _answer(self, delivery: DeliveryId, party: PartyId) -> web.Response:
        view = await self._mailboxes.delivery(delivery, party)
        if view is None:
            raise NotFound("delivery")
        return json_answer(DeliveryDetailOut.of_view(view, self._policy))

    async def _events(self, request: web.Request) -> web.Response:
        party = await self._callers.party(request)
        known(request.query)
        happened = await self._happened(delivery_id(request), party.id)
        return json_answer(PageOut(data=[EventOut.of(one) for one in happened]))

    async def _evidence(self, request: web.Request) -> web.Response:
        party = await self._callers.party(request)
        known(request.query)
        stream = delivery_id(request)
        happened = await self._happened(stream, party.id)
        until = await self._proofs.provable_until([one.evidence for one in happened])
        listed = [EvidenceOut.of_event(stream, one, until.get(one.evidence)) for one in happened]
        return json_answer(PageOut(data=listed))

    async def _happened(self, stream: DeliveryId, party: PartyId) -> tuple[EventView, ...]:
        """Events of a delivery, or of a refused submission for its sender. Raises NotFound."""
        view = await self._mailboxes.delivery(stream, party)
        if view is not None:
            return view.events
        refused = await self._mailboxes.refusal(stream, party)
        if refused is None:
            raise NotFound("delivery")
        return (refusal_event(refused),)

    async def _withdraw(self, request: web.Request) -> web.Response:
        holder = await self._callers.holder(request)
        party = holder.party
        delivery = delivery_id(request)
        body = Body(request, most=self._limits.answer_bytes, limits=self._limits)
        read(NothingIn, await body.json() or b"{}")
        by = self._callers.acting(holder)
        async with explained(self._mailboxes, delivery, party.id):
            await self._undisturbed.run(
                acceptance.withdraw(delivery, by, commit=self._commit, ids=self._ids)
            )
        return await self._answer(delivery, party.id)

    async def _track(self, request: web.Request) -> web.Response:
        party = await self._callers.party(request)
        known(request.query)
        view = await self._mailboxes.tracked(tracking_number(request), party.id)
        if view is None:
            raise NotFound("delivery")
        return json_answer(DeliveryDetailOut.of_view(view, self._policy))


_LETTERS = Operation(
    id="listLetters",
    en="Letters that you sent, newest first.",
    th="หนังสือที่ท่านส่ง ใหม่สุดก่อน",
    answers={200: (Listed(item=SentLetterOut),)},
    paged=True,
    problems=("invalid-request",),
)
_LETTER = Operation(
    id="readLetter",
    en="A letter that you sent, with all its deliveries.",
    th="หนังสือที่ท่านส่ง พร้อมการนำจ่ายทั้งหมด",
    answers={200: (SentLetterOut,)},
    problems=("not-found",),
)
_DELIVERY = Operation(
    id="readDelivery",
    en="One delivery, for its sender and its recipient.",
    th="การนำจ่ายหนึ่งรายการ สำหรับผู้ส่งและผู้รับ",
    answers={200: (DeliveryDetailOut,)},
    problems=("not-found",),
)
_EVENTS = Operation(
    id="listEvents",
    en="Everything that happened to a delivery, in order.",
    th="เหตุการณ์ทั้งหมดของการนำจ่าย ตามลำดับ",
    answers={200: (Listed(item=EventOut),)},
    problems=("not-found",),
)
_EVIDENCE = Operation(
    id="listEvidence",
    en="The evidence of a delivery, or of a refused submission, in order.",
    th="หลักฐานของการนำจ่าย หรือของคำขอที่ไม่รับฝาก ตามลำดับ",
    answers={200: (Listed(item=EvidenceOut),)},
    problems=("not-found",),
)
_WITHDRAW = Operation(
    id="withdrawDelivery",
    en="Take a delivery back before its content is placed in the mailbox.",
    th="ถอนคืนก่อนเนื้อหาถูกวางในตู้",
    answers={200: (DeliveryDetailOut,)},
    takes=NothingIn,
    problems=("invalid-request", "not-found", "already-final", "outcome-unknown"),
)
_TRACK = Operation(
    id="track",
    en="A delivery by its tracking number, for its parties.",
    th="ติดตามด้วยหมายเลข สำหรับคู่กรณี",
    answers={200: (DeliveryDetailOut,)},
    problems=("not-found",),
)
