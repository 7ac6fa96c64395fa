"""The notes of an audit in Thai: what is worth knowing and no problem.

A note of which nothing stands here is shown in English, as it came. Problems are never translated:
what is broken is told in the words that a search finds.
"""

import re
from collections.abc import Sequence

_NOTES: Sequence[tuple[re.Pattern[str], str]] = tuple(
    (re.compile(pattern), thai)
    for pattern, thai in (
        (r"(.+), ([\d,]+) entries", r"\1 มี \2 รายการ"),
        (r"(.+) vouches for ([\d,]+) entries, (\S+)", r"\1 รับรอง \2 รายการ เมื่อ \3"),
        (r"(.+) stamped ([\d,]+) entries, (\S+)", r"\1 ประทับเวลา \2 รายการ เมื่อ \3"),
        (r"a sample: (\d+) of (\d+)", r"สุ่มตรวจ \1 จาก \2"),
        (r"the newest trust store is version (\d+)", r"ที่เก็บความเชื่อถือล่าสุดคือรุ่น \1"),
        (
            r"(\S+ .+) in service from (\S+) until (\S+)",
            r"\1 ใช้งานตั้งแต่ \2 ถึง \3",
        ),
        (r"(\S+ [^,]+) in service from (\S+Z)", r"\1 ใช้งานตั้งแต่ \2"),
        (
            r"pseudonym (\S+) number (\d+) digest (\S+): sealed, but not committed .*",
            r"นามแฝง \1 ลำดับ \2 แฮช \3 ประทับตราแล้วแต่ไม่ได้บันทึก (ไม่มีผลเสีย: บันทึกซ้ำหรือกระบวนการถูกหยุด)",
        ),
        (
            r"(\d+) epochs: a restore or failover began a new history",
            r"\1 ช่วง: การกู้คืนหรือสลับระบบเริ่มประวัติใหม่",
        ),
        (r"no earlier head is known: .*", r"ยังไม่รู้จักหัวก่อนหน้านี้: --state FILE จะเก็บหัวนี้ไว้"),
        (
            r"operator's word only: no trusted outsider vouches for a head",
            r"มีแต่คำของผู้ให้บริการ ไม่มีบุคคลภายนอกที่เชื่อถือรับรองหัวสมุดบันทึก",
        ),
        (
            r"only (\d+) of the (\d+) witnesses that the trust file asks for",
            r"พยานรับรองเพียง \1 จาก \2 ที่ไฟล์ความเชื่อถือกำหนด",
        ),
        (r"no trust file names the log's key", r"ไม่มีไฟล์ความเชื่อถือที่ระบุกุญแจของสมุดบันทึก"),
        (
            r"no trust file names the root of the timestamps",
            r"ไม่มีไฟล์ความเชื่อถือที่ระบุรากของการประทับเวลา",
        ),
        (
            r"the trust file names no timestamp authority",
            r"ไฟล์ความเชื่อถือไม่ระบุผู้ประทับเวลา",
        ),
        (
            r"whose seals these are cannot be told without a trust file",
            r"บอกไม่ได้ว่าเป็นตราประทับของใคร เพราะไม่มีไฟล์ความเชื่อถือ",
        ),
        (r"the log names no keys", r"สมุดบันทึกไม่ได้แจ้งกุญแจไว้"),
        (r"not all of the log could be read", r"อ่านสมุดบันทึกได้ไม่ครบ"),
    )
)


def in_thai(note: str) -> str:
    """The note in Thai, or as it is."""
    for pattern, thai in _NOTES:
        match = pattern.fullmatch(note)
        if match is not None:
            return match.expand(thai)
    return note
