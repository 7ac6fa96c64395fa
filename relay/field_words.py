"""What is wrong with a field, in Thai: the sentences of rules and of pydantic, said again.

The rules say it in English, where they are; clerks read it here. A sentence that is not listed is
answered by one that is always true. Never changes what is refused.
"""

import re
from collections.abc import Sequence

ALWAYS_TRUE = "ค่าไม่ถูกต้อง"

_SENTENCES: Sequence[tuple[str, str]] = (
    (r"must have (\d+) to (\d+) characters", r"ต้องมี \1 ถึง \2 อักขระ"),
    (r"must be 13 digits", "ต้องเป็นตัวเลข 13 หลัก"),
    (
        r"must be th-agency:, th-tax-id: or th-citizen-id: and a value",
        "ต้องเป็น th-agency: th-tax-id: หรือ th-citizen-id: ตามด้วยรหัส",
    ),
    (
        r"must be an ISO 8601 duration such as P15D or PT12H",
        "ต้องเป็นระยะเวลา เช่น P15D (15 วัน) หรือ PT12H (12 ชั่วโมง)",
    ),
    (r"must lie between (.+) and (.+)", r"ต้องอยู่ระหว่าง \1 ถึง \2"),
    (r"basic deliveries are not accepted or refused", "การนำจ่ายแบบธรรมดาไม่มีกำหนดลงรับ"),
    (r"must not contain control characters", "ต้องไม่มีอักขระควบคุม"),
    (r"must be at most (\d+) bytes of UTF-8", r"ต้องยาวไม่เกิน \1 ไบต์ (UTF-8)"),
    (r"must be a name, not a path", "ต้องเป็นชื่อไฟล์ ไม่ใช่ตำแหน่งไฟล์"),
    (r"must be a media type such as application/pdf", "ต้องเป็นชนิดสื่อ เช่น application/pdf"),
    (
        r"must be a year of the common era \(ค\.ศ\.\), not พ\.ศ\.",
        "ปีต้องเป็น ค.ศ. ไม่ใช่ พ.ศ.",
    ),
    (r"must be (\d+) to (\d+)", r"ต้องเป็นตัวเลข \1 ถึง \2"),
    (r"must be a next_cursor of this list", "ต้องเป็นค่า next_cursor ของรายการนี้"),
    (r"has a parameter that is not known here", "มีพารามิเตอร์ที่ไม่รู้จัก"),
    (r"must be sha-256=:base64:", "ต้องเป็น sha-256=:base64:"),
    (r"a SHA-256 has 32 bytes", "ค่าแฮช SHA-256 ต้องยาว 32 ไบต์"),
    (r"Input should be ('.+')", r"ต้องเป็นค่าใดค่าหนึ่งใน \1"),
    (r"Input should be a valid string", "ต้องเป็นข้อความ"),
    (r"Input should be a valid (?:list|tuple|array)", "ต้องเป็นรายการ"),
    (r"Input should be (?:a valid dictionary|an object).*", "ต้องเป็นออบเจกต์ JSON"),
    (r"Input should be a valid date.*", "ต้องเป็นวันที่ เช่น 2026-11-22"),
)
_THAI = tuple((re.compile(english), thai) for english, thai in _SENTENCES)


def in_thai(detail: str) -> str:
    """The sentence in Thai."""
    for english, thai in _THAI:
        if match := english.fullmatch(detail):
            return match.expand(thai)
    return ALWAYS_TRUE
