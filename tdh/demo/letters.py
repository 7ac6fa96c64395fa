"""The demo's letters: Thai official letters as PDF, made by typst with the Sarabun typeface.

Data goes in as one JSON value, never as typst source, so no text of a letter can act.
"""

import json
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from pathlib import Path

import typst

from signing.receipt.page import FONTS
from tdh.domain.thai_time import BUDDHIST_ERA, MONTHS

HERE = Path(__file__).parent
THAI_DIGITS = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterText:
    """What stands on the paper."""

    number: str
    day: date
    subject: str
    salutation: str
    """Whom it addresses; the paper sets เรียน before it."""
    body: tuple[str, ...]
    references: tuple[str, ...] = ()
    enclosures: tuple[str, ...] = ()
    speed: str = ""
    agency: str = "กระทรวงดิจิทัลตัวอย่าง"
    address: str = "๑๒๐ หมู่ ๓ ถนนแจ้งวัฒนะ กรุงเทพฯ ๑๐๒๑๐"
    signer: str = "นางสาวลินดา ทดสอบระบบ"
    position: str = "ผู้อำนวยการกองเอกสารอิเล็กทรอนิกส์"
    unit: str = "กองเอกสารอิเล็กทรอนิกส์"
    contact: str = "โทร. ๐ ๒๑๒๓ ๔๕๖๗   ไปรษณีย์อิเล็กทรอนิกส์ saraban@mdes.example"


def thai_date(day: date) -> str:
    """`๒๒ พฤศจิกายน ๒๕๖๙`: Thai digits and the Buddhist era, as on paper."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year + BUDDHIST_ERA}".translate(THAI_DIGITS)


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(
        str(HERE / "letter.typ"),
        root=str(HERE),
        font_paths=[str(FONTS)],
        ignore_system_fonts=True,
    )


def letter_pdf(text: LetterText) -> bytes:
    """The letter as PDF/A-3; the same text gives the same bytes."""
    plain = asdict(text) | {
        "date": thai_date(text.day),
        "number": text.number.translate(THAI_DIGITS),
        "ce_year": text.day.year,
        "month": text.day.month,
        "day": text.day.day,
    }
    data = {"data": json.dumps(plain, ensure_ascii=False)}
    pdf = _compiler().compile(format="pdf", pdf_standards=["a-3b"], sys_inputs=data)
    if not isinstance(pdf, bytes):
        raise TypeError("one page format gives one file")
    return pdf
