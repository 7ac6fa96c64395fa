"""A verdict as a clerk reads it in a terminal: Thai first, English below, no code needed."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from types import MappingProxyType

from signing.judge.report import Note, Report
from tdh.domain.verdicts import Indication, SignatureVerdict

BANGKOK = timezone(timedelta(hours=7))
"""Thailand has had no other offset since 1920."""
_MONTHS = (
    *("ม.ค.", "ก.พ.", "มี.ค.", "เม.ย.", "พ.ค.", "มิ.ย."),
    *("ก.ค.", "ส.ค.", "ก.ย.", "ต.ค.", "พ.ย.", "ธ.ค."),
)
_HEADINGS: Mapping[Indication, tuple[str, str, str]] = MappingProxyType(
    {
        Indication.TOTAL_PASSED: ("✔", "ผ่าน", "VALID"),
        Indication.TOTAL_FAILED: ("✘", "ไม่ผ่าน", "NOT VALID"),
        Indication.INDETERMINATE: ("?", "ยังสรุปไม่ได้", "CANNOT TELL"),
        Indication.NO_SIGNATURE: ("–", "ไม่มีลายมือชื่อ", "NOT SIGNED"),
    }
)
_RULE = "─" * 72


def picture(name: str, report: Report) -> str:
    """Draw the whole verdict, in lines of a terminal."""
    return "\n".join(_lines(name, report))


def _lines(name: str, report: Report) -> Iterator[str]:
    verdict = report.verdict
    mark, thai, english = _HEADINGS[verdict.indication]
    yield _RULE
    yield f"  {mark}  {thai}  ·  {english}    {printable(name)}"
    yield _RULE
    yield f"  {verdict.reason.th}"
    yield f"  {verdict.reason.en}"
    for number, signature in enumerate(verdict.signatures, 1):
        yield ""
        yield from _signature(number, signature)
    for note in report.notes:
        yield from _note(note)
    yield ""
    yield f"  ตรวจ ณ / judged as of     {thai_time(verdict.evaluated_at)}"
    sub = f" · {verdict.sub_indication.value}" if verdict.sub_indication else ""
    yield f"  รหัสผล / result           {verdict.indication.value}{sub} · {verdict.reason.code}"
    yield f"  เกณฑ์ / rules             {verdict.policy}"
    yield _RULE


def _signature(number: int, signature: SignatureVerdict) -> Iterator[str]:
    mark, thai, _ = _HEADINGS[signature.indication]
    who = printable(signature.signer.common_name) if signature.signer else "(ไม่ทราบ / unknown)"
    yield f"  {mark}  ลายมือชื่อที่ {number} / signature {number}: {who}"
    level = f" · {signature.level.value}" if signature.level else ""
    sub = f" · {signature.sub_indication.value}" if signature.sub_indication else ""
    yield f"       ผล / result           {thai}{level}{sub}"
    if signature.claimed_time:
        yield f"       ผู้ลงระบุว่า / claimed    {thai_time(signature.claimed_time)}"
    if signature.proven_time:
        yield f"       พิสูจน์ได้ว่ามีแล้วเมื่อ / proven  {thai_time(signature.proven_time)}"


def _note(note: Note) -> Iterator[str]:
    where = f" ({printable(note.field)})" if note.field else ""
    yield f"  !  {note.reason.th}{where}"
    yield f"     {note.reason.en}"


def thai_time(time: datetime) -> str:
    """Thailand's time and year, and the common one beside it: `1 ก.พ. 2569 16.30 น. (…)`."""
    local = time.astimezone(BANGKOK)
    day = f"{local.day} {_MONTHS[local.month - 1]} {local.year + 543}"
    return f"{day} {local:%H.%M} น. ({local.isoformat(timespec='seconds')})"


def printable(text: str) -> str:
    """Names come from hostile files: no control character reaches the terminal."""
    return "".join(character if character.isprintable() else "�" for character in text)
