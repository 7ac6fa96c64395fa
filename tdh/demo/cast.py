"""Who takes part in the story, and the letters that are written in it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from tdh.demo.letters import LetterText
from tdh.domain.identifiers import PartyId, party_slug
from tdh.domain.letters import Urgency
from tdh.domain.lifecycle import ConsignmentMode
from tdh.domain.parties import AssuranceLevel, Channel, Party

AGENCY = Party(
    id=PartyId("th-agency:mdes"),
    name_th="กระทรวงดิจิทัลตัวอย่าง",
    name_en="Example Digital Ministry",
    assurance=AssuranceLevel.HIGH,
    channel=Channel.API,
)
COMPANY = Party(
    id=PartyId("th-tax-id:0105536000315"),
    name_th="บริษัท ตัวอย่าง จำกัด",
    name_en="Example Company Limited",
    assurance=AssuranceLevel.SUBSTANTIAL,
    channel=Channel.QUEUE,
)
CITIZEN = Party(
    id=PartyId("th-citizen-id:1100500000015"),
    name_th="สมหญิง ใจดี",
    name_en="Somying Jaidee",
    assurance=AssuranceLevel.HIGH,
    channel=Channel.PERSON,
)
EVERYBODY = (AGENCY, COMPANY, CITIZEN)


def token_name(party: Party) -> str:
    """The name of a party's token file in TDH_HOME."""
    return f"tokens/{party_slug(party.id)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """To whom a letter goes, and how."""

    party: Party
    mode: ConsignmentMode
    accept_within: timedelta | None = None


TO_COMPANY = Recipient(party=COMPANY, mode=ConsignmentMode.BASIC)
TO_CITIZEN = Recipient(party=CITIZEN, mode=ConsignmentMode.CONSENT, accept_within=timedelta(days=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One letter of the story, before it is signed."""

    text: LetterText
    recipients: tuple[Recipient, ...]
    urgency: Urgency = Urgency.NORMAL

    @property
    def file_name(self) -> str:
        """`ดศ 0201/1234` becomes `0201-1234.pdf`."""
        return self.text.number.rpartition(" ")[2].replace("/", "-") + ".pdf"

    def envelope(self) -> Mapping[str, object]:
        """The part `letter` of a submission."""
        text = self.text
        return {
            "number": text.number,
            "date": text.day.isoformat(),
            "subject": text.subject,
            "salutation": text.salutation,
            "references": list(text.references),
            "urgency": self.urgency.value,
            "secrecy": "none",
            "documents": [
                {
                    "part": "main",
                    "role": "main",
                    "filename": self.file_name,
                    "media_type": "application/pdf",
                }
            ],
            "recipients": [_plain(one) for one in self.recipients],
        }


def _plain(recipient: Recipient) -> dict[str, str]:
    plain = {"party": str(recipient.party.id), "consignment_mode": recipient.mode.value}
    if recipient.accept_within is not None:
        plain["accept_within"] = f"PT{int(recipient.accept_within.total_seconds())}S"
    return plain


def letters(day: date) -> tuple[Letter, Letter, Letter, Letter, Letter]:
    """The five letters, dated `day`."""
    return (
        Letter(
            text=LetterText(
                number="ดศ 0201/1234",
                day=day,
                subject="การรับส่งหนังสือราชการทางอิเล็กทรอนิกส์แบบมีหลักฐาน",
                salutation="กรรมการผู้จัดการ บริษัท ตัวอย่าง จำกัด และคุณสมหญิง ใจดี",
                references=("หนังสือกระทรวงดิจิทัลตัวอย่าง ที่ ดศ ๐๒๐๑/๙๘๗",),
                body=(
                    (
                        "ตามหนังสือที่อ้างถึง กระทรวงได้แจ้งแผนการรับส่งหนังสือราชการทางอิเล็กทรอนิกส์ "
                        "โดยมีผู้ให้บริการที่เป็นกลางรับฝาก ส่งต่อ และนำจ่าย พร้อมหลักฐานทุกขั้นตอน นั้น"
                    ),
                    (
                        "บัดนี้ระบบพร้อมให้บริการแล้ว ผู้รับจะได้รับหนังสือผ่านช่องทางที่ลงทะเบียนไว้ "
                        "และตรวจสอบหลักฐานได้ด้วยตนเองโดยไม่ต้องสอบถามผู้ให้บริการ"
                    ),
                    "จึงเรียนมาเพื่อโปรดทราบ",
                ),
            ),
            recipients=(TO_COMPANY, TO_CITIZEN),
        ),
        Letter(
            text=LetterText(
                number="ดศ 0201/1235",
                day=day,
                subject="ขอเชิญร่วมให้ความเห็นเกี่ยวกับบริการดิจิทัลภาครัฐ",
                salutation="คุณสมหญิง ใจดี",
                body=(
                    "ด้วยกระทรวงจะจัดรับฟังความเห็นเกี่ยวกับบริการดิจิทัลภาครัฐ จึงขอเชิญท่านเข้าร่วม",
                    "จึงเรียนมาเพื่อโปรดพิจารณา",
                ),
            ),
            recipients=(TO_CITIZEN,),
        ),
        Letter(
            text=LetterText(
                number="ดศ 0201/1236",
                day=day,
                subject="แจ้งผลการพิจารณาคำขอ",
                salutation="คุณสมหญิง ใจดี",
                body=("ตามที่ท่านยื่นคำขอไว้ กระทรวงพิจารณาแล้วอนุมัติ", "จึงเรียนมาเพื่อทราบ"),
            ),
            recipients=(TO_CITIZEN,),
        ),
        Letter(
            text=LetterText(
                number="ดศ 0201/1237",
                day=day,
                subject="ขอให้ยืนยันข้อมูลการติดต่อ",
                salutation="คุณสมหญิง ใจดี",
                speed="ด่วนที่สุด",
                body=("ขอให้ท่านยืนยันข้อมูลการติดต่อภายในกำหนด", "จึงเรียนมาเพื่อโปรดดำเนินการ"),
            ),
            recipients=(replace(TO_CITIZEN, accept_within=timedelta(seconds=2)),),
            urgency=Urgency.MOST_URGENT,
        ),
        Letter(
            text=LetterText(
                number="ดศ 0201/1238",
                day=day,
                subject="แจ้งกำหนดการปรับปรุงระบบ",
                salutation="กรรมการผู้จัดการ บริษัท ตัวอย่าง จำกัด และคุณสมหญิง ใจดี",
                speed="ด่วน",
                body=(
                    (
                        "กระทรวงจะปรับปรุงระบบรับส่งหนังสือ ระหว่างนั้นอาจขัดข้องเป็นช่วงสั้น ๆ "
                        "หนังสือที่รับฝากไว้แล้วจะไม่สูญหาย และจะไม่ส่งซ้ำ"
                    ),
                    "จึงเรียนมาเพื่อทราบ",
                ),
            ),
            recipients=(TO_COMPANY, TO_CITIZEN),
            urgency=Urgency.URGENT,
        ),
    )
