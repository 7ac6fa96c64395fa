"""Valid values by default; a test names only what matters to it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count

from tdh.domain import commands as cmd
from tdh.domain.identifiers import (
    DeliveryId,
    Digest,
    EventId,
    LetterId,
    PartyId,
    Pseudonym,
    TrackingNumber,
    make_body,
    make_tracking_number,
)
from tdh.domain.letters import (
    Document,
    DocumentRole,
    Envelope,
    Letter,
    Secrecy,
    Urgency,
)
from tdh.domain.lifecycle import ConsignmentMode
from tdh.domain.parties import AssuranceLevel, Authentication, Channel, Party
from tdh.domain.verdicts import (
    Indication,
    Reason,
    SignatureKind,
    SignatureLevel,
    SignatureVerdict,
    Signer,
    Verdict,
)

NOW = datetime(2026, 11, 22, 7, 0, 0, tzinfo=UTC)
AGENCY = PartyId("th-agency:mdes")
COMPANY = PartyId("th-tax-id:0105536000315")
CITIZEN = PartyId("th-citizen-id:1101700230708")


class SequentialIds:
    """Ids that differ and are the same in every run."""

    def __init__(self, at: datetime = NOW) -> None:
        self._at = at
        self._next = count(1)

    def _body(self) -> str:
        return make_body(self._at, next(self._next).to_bytes(9))

    def letter(self, now: datetime) -> LetterId:
        return LetterId("ltr_" + make_body(now, next(self._next).to_bytes(9)))

    def delivery(self, of: LetterId) -> DeliveryId:
        return DeliveryId("dlv_" + self._body())

    def event(self, of: DeliveryId) -> EventId:
        return EventId("evt_" + self._body())

    def pseudonym(self) -> Pseudonym:
        return Pseudonym(f"{next(self._next):032x}")

    def tracking(self) -> TrackingNumber:
        return make_tracking_number((next(self._next) << 5).to_bytes(10))


def party(
    id: PartyId = CITIZEN,  # noqa: A002 - the field's name
    channel: Channel = Channel.PERSON,
    *,
    mailbox_open: bool = True,
) -> Party:
    return Party(
        id=id,
        name_th="สมหญิง ใจดี",
        name_en="Somying Jaidee",
        assurance=AssuranceLevel.SUBSTANTIAL,
        channel=channel,
        mailbox_open=mailbox_open,
    )


def by(party_id: PartyId = CITIZEN, at: datetime = NOW) -> Authentication:
    return Authentication(party=party_id, method="bearer-token", at=at)


def envelope(**changes) -> Envelope:
    return replace(
        Envelope(
            number="ดศ 0201/1234",
            date=date(2026, 11, 22),
            subject="แจ้งผลการพิจารณา",
            salutation="เรียน ผู้เกี่ยวข้อง",
            references=(),
            urgency=Urgency.NORMAL,
            secrecy=Secrecy.NONE,
        ),
        **changes,
    )


def verdict(indication: Indication = Indication.TOTAL_PASSED) -> Verdict:
    return Verdict(
        indication=indication,
        sub_indication=None,
        reason=Reason(code="passed", th="ลายมือชื่อถูกต้อง", en="The signature is valid."),
        kind=SignatureKind.PADES,
        policy="test:1",
        trust_version="00",
        evaluated_at=NOW,
    )


def signer(**changes) -> Signer:
    return replace(Signer(common_name="ผู้ลงนาม", serial="0a"), **changes)


def signature(by: Signer | None = None, **changes) -> SignatureVerdict:
    return replace(
        SignatureVerdict(
            field="Signature1",
            indication=Indication.TOTAL_PASSED,
            sub_indication=None,
            level=SignatureLevel.B_B,
            signer=by,
            claimed_time=NOW,
            proven_time=None,
        ),
        **changes,
    )


def document(number: int = 1, **changes) -> Document:
    main = number == 1
    return replace(
        Document(
            number=number,
            role=DocumentRole.MAIN if main else DocumentRole.ENCLOSURE,
            filename=f"{number}.pdf",
            media_type="application/pdf",
            size=1000,
            digest=Digest(value=bytes([number]) * 32),
            verdict=verdict() if main else None,
        ),
        **changes,
    )


def letter(ids: SequentialIds, *, documents: int = 1, **changes) -> Letter:
    return replace(
        Letter(
            id=ids.letter(NOW),
            sender=AGENCY,
            envelope=envelope(),
            documents=tuple(document(n) for n in range(1, documents + 1)),
            submitted_at=NOW,
        ),
        **changes,
    )


def recipient(
    ids: SequentialIds,
    of: LetterId,
    to: Party | None = None,
    mode: ConsignmentMode = ConsignmentMode.BASIC,
) -> cmd.Recipient:
    delivery = ids.delivery(of)
    return cmd.Recipient(
        party=to or party(),
        mode=mode,
        accept_within=None if mode is ConsignmentMode.BASIC else timedelta(days=15),
        delivery=delivery,
        tracking=ids.tracking(),
        pseudonym=ids.pseudonym(),
        event=ids.event(delivery),
    )


def submit(
    ids: SequentialIds,
    *recipients: cmd.Recipient,
    key: str = "key-1",
    of: Letter | None = None,
) -> cmd.Submit:
    of = of or letter(ids)
    return cmd.Submit(
        letter=of,
        sender=party(AGENCY, Channel.API),
        recipients=recipients or (recipient(ids, of.id),),
        by=by(AGENCY),
        idempotency=cmd.IdempotencyKey(sender=AGENCY, key=key, fingerprint=b"\1" * 32),
        wrapped_key=b"wrapped",
        stored=tuple(
            cmd.StoredDocument(number=d.number, segment="s", offset=0, length=1)
            for d in of.documents
        ),
    )
