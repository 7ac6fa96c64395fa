"""What an audit found, as lines for people, Thai or English."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from signing.seal_check import Outcome
from signing.verify.report import Text
from tdh.audit.report import MEANINGS, AuditCheck, AuditReport
from tdh.audit.statistics import Spread, Statistics
from tdh.cli.audit_notes import in_thai
from tdh.cli.verify import SIGNS

RESULTS: Mapping[Outcome, Text] = MappingProxyType(
    {
        Outcome.PASS: Text(th="ถูกต้องทุกข้อ", en="every invariant holds"),
        Outcome.FAIL: Text(th="พบข้อที่ไม่ถูกต้อง", en="BROKEN"),
        Outcome.UNKNOWN: Text(th="ยังบอกไม่ได้", en="cannot tell"),
    }
)
EXAMPLES_SHOWN = 5
_COUNTS = (
    ("accepted", Text(th="รับฝากแล้ว", en="accepted")),
    ("refused_submissions", Text(th="ปฏิเสธรับฝาก", en="submissions refused")),
    ("open", Text(th="ยังไม่สิ้นสุด", en="not ended yet")),
    ("overdue", Text(th="เกินกำหนด", en="overdue")),
)
_OUTCOMES: Mapping[str, Text] = MappingProxyType(
    {
        "placed": Text(th="วางในตู้ไปรษณีย์ดิจิทัล", en="placed in the mailbox"),
        "handed_over": Text(th="นำจ่ายแล้ว", en="delivered"),
        "refused": Text(th="ผู้รับปฏิเสธ", en="refused by the recipient"),
        "expired": Text(th="หมดเวลาตอบรับ", en="expired"),
        "undeliverable": Text(th="นำจ่ายไม่ได้", en="undeliverable"),
        "uncollected": Text(th="ไม่มารับภายในกำหนด", en="uncollected"),
        "withdrawn": Text(th="ผู้ส่งถอนคืน", en="withdrawn"),
    }
)
_HOUR, _DAY = 60, 24 * 60


def picture(report: AuditReport, *, thai: bool) -> Iterator[str]:
    """The report as lines for people."""
    for check in report.checks:
        yield from _picture_of(check, thai=thai)
    if report.statistics is not None:
        yield from _numbers(report.statistics, thai=thai)
    result = RESULTS[report.outcome]
    yield result.th if thai else result.en


def _picture_of(check: AuditCheck, *, thai: bool) -> Iterator[str]:
    meaning = MEANINGS[check.name]
    words = meaning.th if thai else meaning.en
    yield f"{SIGNS[check.outcome]} {check.name:<18}{check.checked:>9,}  {words}"
    for example in check.examples[:EXAMPLES_SHOWN]:
        yield f"    ✗ {example}"
    if check.problems > EXAMPLES_SHOWN:
        yield f"    ✗ … {check.problems:,}"
    for note in check.notes[:EXAMPLES_SHOWN]:
        yield f"    – {in_thai(note) if thai else note}"


def _numbers(found: Statistics, *, thai: bool) -> Iterator[str]:
    yield ""
    yield (
        f"จากสมุดบันทึก {found.entries:,} รายการ"
        if thai
        else f"by the {found.entries:,} entries of the log"
    )
    plain = found.to_plain()
    for name, words in _COUNTS:
        yield f"  {plain[name]:>9,}  {words.th if thai else words.en}"
    for name, words in _OUTCOMES.items():
        spread = found.outcomes.get(name, Spread())
        line = f"  {spread.number:>9,}  {words.th if thai else words.en}"
        yield line if spread.p50 is None else f"{line}: {_times(spread, thai=thai)}"
    yield ""


def _times(spread: Spread, *, thai: bool) -> str:
    half, most, longest = (
        _span(each or 0, thai=thai) for each in (spread.p50, spread.p90, spread.most)
    )
    if thai:
        return f"ครึ่งหนึ่งภายใน {half}, ร้อยละ 90 ภายใน {most}, นานสุด {longest}"
    return f"half within {half}, 90 % within {most}, the longest {longest}"


def _span(minutes: int, *, thai: bool) -> str:
    """Minutes are what is counted: less than one is said so."""
    if minutes < 1:
        return "ไม่ถึง 1 นาที" if thai else "under a minute"
    if minutes < _HOUR:
        return f"{minutes} {'นาที' if thai else 'min'}"
    if minutes < 2 * _DAY:
        return f"{minutes / _HOUR:.1f} {'ชั่วโมง' if thai else 'h'}"
    return f"{minutes / _DAY:.1f} {'วัน' if thai else 'd'}"
