"""What a receipt is called and says, event by event, in plain Thai and English.

Tables only. Each event that has a page stands here; any other has none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tdh.domain.parties import AssuranceLevel


@dataclass(frozen=True, slots=True)
class Two:
    """One text in both languages."""

    th: str
    en: str

    def of(self, **values: "Two | str") -> "Two":
        """The text with values filled in, each in its language."""
        return Two(
            self.th.format(**{k: v if isinstance(v, str) else v.th for k, v in values.items()}),
            self.en.format(**{k: v if isinstance(v, str) else v.en for k, v in values.items()}),
        )

    def plain(self) -> dict[str, str]:
        """As the page's data have it."""
        return {"th": self.th, "en": self.en}


@dataclass(frozen=True, slots=True)
class Page:
    """The fixed words of one kind of receipt."""

    title: Two
    sentence: Two
    """What happened; `{issuer}`, `{sender}`, `{recipient}`, `{time}` are filled in."""
    limit: Two
    """What this kind of paper does not prove, beside what none does."""
    is_negative: bool = False
    """Whether the letter did not get to its recipient."""


_UNREAD = Two(
    "ไม่พิสูจน์ว่าผู้รับได้เปิดอ่านแล้ว",
    "It does not prove that the recipient has opened the letter.",
)
_NOT_RECEIVED = Two(
    "ไม่พิสูจน์ว่าผู้รับได้รับหนังสือ",
    "It does not prove receipt by the recipient.",
)

PAGES: Mapping[str, Page] = MappingProxyType(
    {
        "SubmissionAcceptance": Page(
            Two("ใบรับฝาก", "Receipt of submission"),
            Two(
                "{issuer} ได้รับฝากหนังสือฉบับนี้จาก {sender} ไว้เพื่อนำจ่ายแก่ {recipient} เมื่อ{time}",
                "{issuer} took this letter in from {sender} for delivery to {recipient} on {time}.",
            ),
            _NOT_RECEIVED,
        ),
        "ContentConsignment": Page(
            Two("ใบนำจ่าย", "Receipt of consignment"),
            Two(
                "หนังสือฉบับนี้ถูกนำจ่ายเข้าตู้ไปรษณีย์ดิจิทัลของ {recipient} และเปิดอ่านได้แล้ว ตั้งแต่{time}",
                "This letter was placed in the digital mailbox of {recipient}, ready to be opened, "
                "on {time}.",
            ),
            _UNREAD,
        ),
        "ConsignmentAcceptance": Page(
            Two("ใบตอบรับ", "Advice of receipt"),
            Two(
                "{recipient} ได้ลงรับหนังสือฉบับนี้แล้ว เมื่อ{time}",
                "{recipient} accepted this letter on {time}.",
            ),
            _UNREAD,
        ),
        "ContentHandover": Page(
            Two("ใบตอบรับการส่งมอบเอกสาร", "Advice of handover"),
            Two(
                "เอกสารทุกฉบับส่งมอบถึง {recipient} ครบถ้วนแล้ว เมื่อ{time}",
                "All documents were handed over to {recipient} completely on {time}.",
            ),
            Two(
                "ไม่พิสูจน์ว่ามีผู้อ่านหรือเข้าใจเอกสารแล้ว",
                "It does not prove that anybody has read or understood the documents.",
            ),
        ),
        "ConsignmentRejection": Page(
            Two("ใบแจ้งการปฏิเสธไม่รับ", "Notice of refusal"),
            Two(
                "{recipient} ปฏิเสธไม่รับหนังสือฉบับนี้ เมื่อ{time}",
                "{recipient} refused this letter on {time}.",
            ),
            Two("ไม่พิสูจน์ว่าผู้รับทราบเนื้อหา", "It does not prove that the content became known."),
            is_negative=True,
        ),
        "AcceptanceRejectionExpiry": Page(
            Two("ใบแจ้งพ้นกำหนดลงรับ", "Notice of expiry"),
            Two(
                "{recipient} ไม่ได้ลงรับหรือปฏิเสธหนังสือฉบับนี้ภายในกำหนด การนำจ่ายสิ้นสุดลง เมื่อ{time}",
                "{recipient} neither accepted nor refused this letter in time; its delivery ended "
                "on {time}.",
            ),
            Two("ไม่พิสูจน์ว่าผู้รับได้เห็นการแจ้ง", "It does not prove that the notice was seen."),
            is_negative=True,
        ),
        "ContentConsignmentFailure": Page(
            Two("ใบแจ้งนำจ่ายไม่ได้", "Notice of non-delivery"),
            Two(
                "นำจ่ายหนังสือฉบับนี้แก่ {recipient} ไม่ได้ ด้วยเหตุทางฝ่ายผู้รับ การนำจ่ายสิ้นสุดลง เมื่อ{time}",
                "This letter could not be delivered to {recipient}, for a cause on the recipient's "
                "side; its delivery ended on {time}.",
            ),
            _NOT_RECEIVED,
            is_negative=True,
        ),
        "NotificationForAcceptanceFailure": Page(
            Two("ใบแจ้งนำจ่ายไม่ได้", "Notice of non-delivery"),
            Two(
                "แจ้งให้ {recipient} มาลงรับหนังสือฉบับนี้ไม่ได้ การนำจ่ายสิ้นสุดลง เมื่อ{time}",
                "{recipient} could not be told to accept this letter; its delivery ended on "
                "{time}.",
            ),
            _NOT_RECEIVED,
            is_negative=True,
        ),
        "ContentHandoverFailure": Page(
            Two("ใบแจ้งไม่มารับเอกสาร", "Notice of uncollected documents"),
            Two(
                "ครบกำหนดเก็บรักษาโดยเอกสารยังไม่ได้ส่งมอบถึง {recipient} ครบถ้วน การนำจ่ายสิ้นสุดลง เมื่อ{time}",
                "The holding time ended before all documents had gone out to {recipient}; the "
                "delivery ended on {time}.",
            ),
            _NOT_RECEIVED,
            is_negative=True,
        ),
        "Withdrawal": Page(
            Two("ใบแจ้งการถอนหนังสือ", "Notice of withdrawal"),
            Two(
                "{sender} ถอนหนังสือฉบับนี้คืนก่อนถึงมือ {recipient} เมื่อ{time}",
                "{sender} took this letter back before it was delivered to {recipient}, on {time}.",
            ),
            _NOT_RECEIVED,
            is_negative=True,
        ),
        "SubmissionRejection": Page(
            Two("ใบแจ้งไม่รับฝาก", "Notice of refused submission"),
            Two(
                "{issuer} ไม่รับฝากหนังสือที่ {sender} ส่งมา ด้วยเหตุผลข้างล่าง เมื่อ{time}",
                "{issuer} did not take in the letter that {sender} submitted, for the reasons "
                "below, on {time}.",
            ),
            Two("ไม่ใช่หลักฐานว่ามีการรับฝาก", "It is no proof that a letter was taken in."),
            is_negative=True,
        ),
    }
)

PROVES = Two(
    "ใบนี้พิสูจน์ว่า ผู้ให้บริการได้บันทึกเหตุการณ์นี้ไว้ตามเวลาที่ระบุ สำหรับเอกสารที่มีค่าแฮชตามตาราง "
    "และหลักฐานอยู่ในสมุดบันทึกสาธารณะที่ผู้อื่นตรวจสอบได้",
    "It proves: the operator recorded this event at this time, about documents with exactly these "
    "digests, and the evidence stands in a public log that others can check.",
)
PROVES_NOT = Two(
    "ใบนี้ไม่พิสูจน์ว่าเนื้อหาในหนังสือเป็นความจริง หรือว่าผู้ทำรายการเป็นบุคคลนั้นเกินกว่าระดับความเชื่อมั่นที่ระบุ และ",
    "It does not prove that what the letter says is true, nor who acted beyond the level stated. ",
)
ONLY_OPERATOR = Two(
    "ยังไม่มีบุคคลภายนอกยืนยันหัวสมุดบันทึกนี้ เวลาและลำดับจึงเป็นคำของผู้ให้บริการเท่านั้น",
    "No outsider vouches for this head of the log yet: time and order are the operator's word "
    "only.",
)
HOW_TO_VERIFY = Two(
    "ตรวจสอบใบนี้ได้เอง โดยไม่ต้องเชื่อผู้ให้บริการ: สแกนคิวอาร์โค้ด หรือเปิด {page} หรือใช้คำสั่ง "
    "“tdh verify receipt.pdf” แบบออฟไลน์ หลักฐานครบชุดแนบอยู่ในไฟล์ PDF นี้ กระดาษที่พิมพ์ออกมาไม่มีตราประทับ",
    "Check it yourself: scan the code, open {page}, or run “tdh verify receipt.pdf” offline. All "
    "evidence is attached to this PDF; a print carries no seal.",
)
MORE_DOCUMENTS = Two(
    "และเอกสารอีก {n} รายการ ทั้งหมดอยู่ในหลักฐานที่แนบ",
    "and {n} more; all are in the attached evidence",
)
ON_BEHALF = Two("{name} ({capacity}) แทน {party}", "{name} ({capacity}) for {party}")
MORE_PARTIES = Two("และอีก {n} ราย", "and {n} more")

LEVELS: Mapping[AssuranceLevel, Two] = MappingProxyType(
    {
        AssuranceLevel.LOW: Two("ระดับพื้นฐาน (IAL 1)", "level low"),
        AssuranceLevel.SUBSTANTIAL: Two("ระดับมาก (IAL 2)", "level substantial"),
        AssuranceLevel.HIGH: Two("ระดับสูง (IAL 3)", "level high"),
    }
)
METHODS: Mapping[str, Two] = MappingProxyType(
    {
        "bearer-token": Two("โทเคนของระบบ", "bearer token"),
        "amqp-password": Two("รหัสผ่านช่องทาง AMQP", "AMQP password"),
    }
)
VERDICTS: Mapping[str, Two] = MappingProxyType(
    {
        "TOTAL_PASSED": Two("ลายมือชื่อถูกต้อง", "signature valid"),
        "TOTAL_FAILED": Two("ลายมือชื่อไม่ผ่าน", "signature NOT valid"),
        "INDETERMINATE": Two("ยังสรุปไม่ได้", "cannot be told"),
        "NO_SIGNATURE": Two("ไม่มีลายมือชื่อ", "unsigned"),
        "not-judged": Two("ไม่ได้ตรวจ", "not judged"),
    }
)
ROLES: Mapping[str, Two] = MappingProxyType(
    {"main": Two("หนังสือ", "letter"), "enclosure": Two("สิ่งที่ส่งมาด้วย", "enclosure")}
)
CAPACITIES: Mapping[str, Two] = MappingProxyType(
    {
        "registrar": Two("เจ้าหน้าที่สารบรรณ", "registrar"),
        "attorney": Two("ผู้รับมอบอำนาจ", "attorney"),
        "system": Two("ระบบอัตโนมัติ", "automatic system"),
    }
)
MODES: Mapping[str, Two] = MappingProxyType(
    {
        "basic": Two("นำจ่ายทันที", "basic: content at once"),
        "consent": Two("ต้องลงรับก่อนเปิดอ่าน", "consent: accept before opening"),
        "signed": Two("ต้องลงรับโดยลงลายมือชื่อ", "signed: accept by a signature"),
    }
)
HANDOVERS: Mapping[str, Two] = MappingProxyType(
    {
        "transport-complete": Two(
            "ส่งออกทางเครือข่ายครบถ้วน ผู้รับไม่ได้ยืนยันกลับ",
            "handed to the network, not confirmed by the recipient",
        ),
        "acknowledged": Two(
            "ระบบของผู้รับยืนยันค่าแฮชของเอกสารทุกฉบับ",
            "the recipient's system confirmed every digest",
        ),
    }
)
REASONS: Mapping[str, Two] = MappingProxyType(
    {
        "R_ERDS_MessageRejectedByRecipient": Two("ผู้รับปฏิเสธ", "refused by the recipient"),
        "R_ERDS_MessageNotAcceptedByRecipient": Two(
            "ผู้รับไม่ได้ลงรับภายในกำหนด", "not accepted in time"
        ),
        "R_ERDS_MessageRejectedForMalware": Two("พบมัลแวร์", "malware was found"),
        "R_ERDS_PolicyViolation": Two("ขัดต่อนโยบายของบริการ", "against the policy of the service"),
        "holding-time-ended": Two("ครบกำหนดเก็บรักษา", "the holding time ended"),
        "mailbox-closed": Two("ตู้ไปรษณีย์ดิจิทัลของผู้รับปิดอยู่", "the recipient's mailbox is closed"),
    }
)
DATES: Mapping[str, Two] = MappingProxyType(
    {
        "received-at": Two("คำขอถึงระบบเมื่อ", "Request received"),
        "deadline": Two("กำหนดลงรับภายใน", "To be accepted by"),
        "holding-until": Two("เก็บรักษาไว้ถึง", "Held until"),
    }
)
"""Particulars that are instants."""
