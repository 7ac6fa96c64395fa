"""What a recipient sees and answers: envelopes, accept, refuse, acknowledge.

Reading accepts nothing: a delivery is accepted by an explicit request of its own.
"""

from aiohttp import web

from relay.api.body import ApiLimits, Body
from relay.api.callers import Callers, delivery_id, known, page_wanted
from relay.api.conflicts import explained
from relay.api.responses import json_answer
from relay.api.routes import Listed, Operation, Route
from relay.api.undisturbed import Undisturbed
from relay.payloads.answers import InboxItemOut
from relay.payloads.evidence import PageOut
from relay.payloads.reading import read
from relay.payloads.requests import AcknowledgeIn, NothingIn, RefuseIn
from tdh.delivery import acceptance, handover
from tdh.domain.decide import is_visible
from tdh.domain.errors import NotFound
from tdh.domain.identifiers import DeliveryId, PartyId
from tdh.domain.policies import Policy
from tdh.domain.records import DeliveryView
from tdh.ports import Clock, Commit, Ids, Mailboxes


async def in_inbox(mailboxes: Mailboxes, delivery: DeliveryId, party: PartyId) -> DeliveryView:
    """A delivery as its recipient may see it. Raises NotFound, for its sender too."""
    view = await mailboxes.delivery(delivery, party)
    if view is None or view.dossier.recipient.id != party or not is_visible(view.dossier.delivery):
        raise NotFound("delivery")
    return view


class Inbox:
    """The recipient's side of deliveries."""

    def __init__(  # noqa: PLR0913 - its parts, by name
        self,
        *,
        callers: Callers,
        mailboxes: Mailboxes,
        commit: Commit,
        ids: Ids,
        clock: Clock,
        undisturbed: Undisturbed,
        policy: Policy,
        limits: ApiLimits,
    ) -> None:
        self._callers = callers
        self._mailboxes = mailboxes
        self._commit = commit
        self._ids = ids
        self._clock = clock
        self._undisturbed = undisturbed
        self._policy = policy
        self._limits = limits

    def routes(self) -> tuple[Route, ...]:
        item = "/v1/inbox/{delivery}"
        return (
            Route(method="GET", path="/v1/inbox", handler=self._list, operation=_LIST),
            Route(method="GET", path=item, handler=self._read, operation=_READ),
            Route(method="POST", path=f"{item}/accept", handler=self._accept, operation=_ACCEPT),
            Route(method="POST", path=f"{item}/refuse", handler=self._refuse, operation=_REFUSE),
            Route(
                method="POST",
                path=f"{item}/acknowledge",
                handler=self._acknowledge,
                operation=_ACKNOWLEDGE,
            ),
        )

    async def _list(self, request: web.Request) -> web.Response:
        party = await self._callers.party(request)
        limit, cursor = page_wanted(request)
        page = await self._mailboxes.inbox(party.id, limit, cursor)
        items = [InboxItemOut.of_inbox(one, self._policy) for one in page.items]
        return json_answer(PageOut(data=items, next_cursor=page.next_cursor))

    async def _read(self, request: web.Request) -> web.Response:
        party = await self._callers.party(request)
        known(request.query)
        return await self._answer(delivery_id(request), party.id)

    async def _answer(self, delivery: DeliveryId, party: PartyId) -> web.Response:
        view = await in_inbox(self._mailboxes, delivery, party)
        return json_answer(InboxItemOut.of_inbox(view, self._policy))

    async def _accept(self, request: web.Request) -> web.Response:
        holder = await self._callers.holder(request)
        party = holder.party
        delivery = delivery_id(request)
        read(NothingIn, await self._body(request).json() or b"{}")
        received_at = self._clock.now()  # the whole request is there
        by = self._callers.acting(holder)
        async with explained(self._mailboxes, delivery, party.id):
            await self._undisturbed.run(
                acceptance.accept(delivery, by, received_at, commit=self._commit, ids=self._ids)
            )
        return await self._answer(delivery, party.id)

    async def _refuse(self, request: web.Request) -> web.Response:
        holder = await self._callers.holder(request)
        party = holder.party
        delivery = delivery_id(request)
        said = read(RefuseIn, await self._body(request).json() or b"{}")
        received_at = self._clock.now()  # the whole request is there
        by = self._callers.acting(holder)
        async with explained(self._mailboxes, delivery, party.id):
            await self._undisturbed.run(
                acceptance.refuse(
                    delivery, by, received_at, said.note, commit=self._commit, ids=self._ids
                )
            )
        return await self._answer(delivery, party.id)

    async def _acknowledge(self, request: web.Request) -> web.Response:
        holder = await self._callers.holder(request)
        party = holder.party
        delivery = delivery_id(request)
        digests = read(AcknowledgeIn, await self._body(request).json() or b"{}").digests()
        by = self._callers.acting(holder)
        async with explained(self._mailboxes, delivery, party.id):
            await self._undisturbed.run(
                handover.acknowledge(delivery, digests, by, commit=self._commit, ids=self._ids)
            )
        return await self._answer(delivery, party.id)

    def _body(self, request: web.Request) -> Body:
        return Body(request, most=self._limits.answer_bytes, limits=self._limits)


_ANSWER_PROBLEMS = (
    "invalid-request",
    "not-found",
    "already-final",
    "outcome-unknown",
    "sealing-unavailable",
)
_LIST = Operation(
    id="listInbox",
    en="Your mailbox, newest first: envelopes, never content.",
    th="ตู้ไปรษณีย์ของท่าน ใหม่สุดก่อน แสดงเพียงหน้าซอง",
    answers={200: (Listed(item=InboxItemOut),)},
    paged=True,
    problems=("invalid-request",),
)
_READ = Operation(
    id="readEnvelope",
    en="One envelope. Reading it accepts nothing.",
    th="หน้าซองหนึ่งฉบับ การดูไม่ถือเป็นการลงรับ",
    answers={200: (InboxItemOut,)},
    problems=("not-found",),
)
_ACCEPT = Operation(
    id="acceptDelivery",
    en="Accept one delivery. The sender gets evidence with your name and the time.",
    th="ลงรับหนึ่งฉบับ ผู้ส่งจะได้หลักฐานระบุชื่อท่านและเวลา",
    answers={200: (InboxItemOut,)},
    takes=NothingIn,
    problems=(*_ANSWER_PROBLEMS, "acceptance-too-late", "acceptance-not-committed"),
)
_REFUSE = Operation(
    id="refuseDelivery",
    en="Refuse one delivery. The sender gets evidence with your name and the time.",
    th="ปฏิเสธหนึ่งฉบับ ผู้ส่งจะได้หลักฐานระบุชื่อท่านและเวลา",
    answers={200: (InboxItemOut,)},
    takes=RefuseIn,
    problems=(*_ANSWER_PROBLEMS, "acceptance-too-late", "acceptance-not-committed"),
)
_ACKNOWLEDGE = Operation(
    id="acknowledgeDelivery",
    en="Confirm that your system has the documents, by their digests in order.",
    th="ยืนยันว่าระบบของท่านได้รับเอกสารแล้ว ด้วยค่าแฮชตามลำดับ",
    answers={200: (InboxItemOut,)},
    takes=AcknowledgeIn,
    problems=(*_ANSWER_PROBLEMS, "not-accepted-yet", "digest-mismatch"),
)
