"""Words for people, Thai first and English beside it; dates in the era that people use (พ.ศ.)."""

import argparse
import re
from datetime import UTC, date, datetime

from tdh.domain.thai_time import BANGKOK, BUDDHIST_ERA, thai_day

_BUDDHIST_FROM = 2400

STATES = {
    "accepted": "รับฝากแล้ว / accepted",
    "awaiting_acceptance": "รอผู้รับลงรับ / waiting for accept or refuse",
    "consigned": "นำจ่ายเข้าตู้แล้ว / placed in the mailbox",
    "handed_over": "ส่งมอบแล้ว / handed over",
    "refused": "ผู้รับปฏิเสธ / refused",
    "expired": "ครบกำหนด ไม่มีผู้ลงรับ / expired",
    "undeliverable": "นำจ่ายไม่ได้ / undeliverable",
    "uncollected": "ไม่มีผู้มารับ / uncollected",
    "withdrawn": "ผู้ส่งถอนคืน / withdrawn",
}
MODES = {
    "basic": "ธรรมดา / basic",
    "consent": "ลงทะเบียน / consent",
    "signed": "ลงทะเบียนตอบรับ / signed",
}
DUE = {
    "awaiting_acceptance": "กำหนดลงรับ / accept or refuse before",
    "consigned": "เก็บไว้ให้ถึง / kept until",
}
"""What `due_at` means in a state."""
EVENTS = {
    "SubmissionAcceptance": "รับฝาก",
    "SubmissionRejection": "ไม่รับฝาก",
    "NotificationForAcceptance": "แจ้งให้ลงรับ",
    "NotificationForAcceptanceFailure": "แจ้งให้ลงรับไม่สำเร็จ",
    "ConsignmentAcceptance": "ผู้รับลงรับ",
    "ConsignmentRejection": "ผู้รับปฏิเสธ",
    "AcceptanceRejectionExpiry": "ครบกำหนด ไม่มีผู้ลงรับ",
    "ContentConsignment": "นำจ่ายเข้าตู้",
    "ContentConsignmentFailure": "นำจ่ายเข้าตู้ไม่ได้",
    "ConsignmentNotification": "แจ้งว่ามีเอกสาร",
    "ConsignmentNotificationFailure": "แจ้งว่ามีเอกสารไม่สำเร็จ",
    "ContentAccessTracking": "เปิดเอกสาร",
    "ContentHandover": "ส่งมอบเอกสาร",
    "ContentHandoverFailure": "ไม่มีผู้มารับเอกสาร",
    "Withdrawal": "ผู้ส่งถอนคืน",
    "SignatureStatus": "ผลตรวจลายมือชื่อเปลี่ยนไป",
}
_DAY_FIRST = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_YEAR_FIRST = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_THAI_DIGITS = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")


def moment(text: str | None) -> str:
    """An RFC 3339 time as `22 พฤศจิกายน พ.ศ. 2569 เวลา 14.05 น.`; `-` for none."""
    if text is None:
        return "-"
    at = datetime.fromisoformat(text).astimezone(BANGKOK)
    return f"{thai_day(at.date())} เวลา {at:%H.%M} น."


def today(now: datetime | None = None) -> date:
    """The day in Bangkok."""
    return (now or datetime.now(UTC)).astimezone(BANGKOK).date()


def parse_day(text: str) -> date:
    """A day as people write it: 22/11/2569, 22/11/2026, 2026-11-22, also in Thai digits.

    Years from 2400 on are of the Buddhist era. Raises ValueError.
    """
    plain = text.strip().translate(_THAI_DIGITS)
    if match := _DAY_FIRST.fullmatch(plain):
        of_day, month, year = (int(one) for one in match.groups())
    elif match := _YEAR_FIRST.fullmatch(plain):
        year, month, of_day = (int(one) for one in match.groups())
    else:
        raise ValueError("a day is written 22/11/2569 or 2026-11-22")
    return date(year - BUDDHIST_ERA if year >= _BUDDHIST_FROM else year, month, of_day)


def instant(text: str) -> datetime:
    """An RFC 3339 time with its offset, for argparse. Raises ArgumentTypeError."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise argparse.ArgumentTypeError(
            f"ไม่ใช่เวลา / not a time with its offset: {text!r} (2026-11-22T14:05:00+07:00)"
        )
    return time


def state(name: str) -> str:
    """A delivery's state in both languages."""
    return STATES.get(name, name)


def mode(name: str) -> str:
    """A consignment mode in both languages."""
    return MODES.get(name, name)


def due(of_state: str) -> str:
    """What the time by which something is due means in this state."""
    return DUE.get(of_state, "กำหนด / due")


def event(name: str) -> str:
    """An event in Thai, with its name in the standard."""
    return f"{EVENTS[name]} / {name}" if name in EVENTS else name


def size(count: int) -> str:
    """`120 B`, `1.2 MB`."""
    value, units = float(count), ["B", "kB", "MB", "GB"]
    while value >= 1000 and len(units) > 1:  # noqa: PLR2004 - of SI prefixes
        value, units = value / 1000, units[1:]
    return f"{value:.0f} {units[0]}" if units[0] == "B" else f"{value:.1f} {units[0]}"
