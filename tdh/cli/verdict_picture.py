"""A verdict as a clerk reads it in a terminal: Thai first, English below, no code needed."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from signing.judge.report import Note, Report
from tdh.domain.thai_time import BANGKOK, short_day
from tdh.domain.verdicts import (
    AlgorithmFinding,
    Indication,
    RevocationFinding,
    RevocationStatus,
    SignatureKind,
    SignatureType,
    SignatureVerdict,
    Signer,
)

_HEADINGS: Mapping[Indication, tuple[str, str, str]] = MappingProxyType(
    {
        Indication.TOTAL_PASSED: ("✔", "ผ่าน", "VALID"),
        Indication.TOTAL_FAILED: ("✘", "ไม่ผ่าน", "NOT VALID"),
        Indication.INDETERMINATE: ("?", "ยังสรุปไม่ได้", "CANNOT TELL"),
        Indication.NO_SIGNATURE: ("–", "ไม่มีลายมือชื่อ", "NOT SIGNED"),
    }
)
_TYPES: Mapping[SignatureType, str] = MappingProxyType(
    {
        SignatureType.GENERAL: "ลายมือชื่อทั่วไป มาตรา 9 / general, section 9",
        SignatureType.RELIABLE: "ลายมือชื่อที่เชื่อถือได้ มาตรา 26 / reliable, section 26",
        SignatureType.CERTIFIED: "ลายมือชื่อที่มีใบรับรอง มาตรา 28 / certified, section 28",
    }
)
"""Sections of Thailand's Electronic Transactions Act."""
_KINDS: Mapping[SignatureKind, str] = MappingProxyType(
    {
        SignatureKind.PADES: "เอกสาร PDF / PDF document (PAdES)",
        SignatureKind.CADES: "ลายมือชื่อ CMS / CMS signature (.p7m, .p7s)",
        SignatureKind.XADES: "เอกสาร XML / XML document (XAdES)",
        SignatureKind.ASIC_E: "ไฟล์บรรจุเอกสาร / container (ASiC-E)",
        SignatureKind.ASIC_S: "ไฟล์บรรจุเอกสารเดียว / container of one document (ASiC-S)",
        SignatureKind.TIMESTAMP: "ตราประทับเวลา / timestamp",
    }
)
_REVOCATION: Mapping[RevocationStatus, str] = MappingProxyType(
    {
        RevocationStatus.GOOD: "ไม่ถูกเพิกถอน / not revoked",
        RevocationStatus.REVOKED: "ถูกเพิกถอนแล้ว / REVOKED",
        RevocationStatus.UNKNOWN: "ไม่มีข้อมูล / no data",
        RevocationStatus.NOT_NEEDED: "ใบรับรองไม่ระบุแหล่งข้อมูล / certificate names no source",
    }
)
_SIGNATURE = "ลายมือชื่อที่ {number} / signature {number}"
_STAMP = "ตราประทับเวลาที่ {number} / timestamp {number}"
_ONLY_STAMPS = "timestamp-valid"
"""The answer to a container in which timestamps stand alone."""
_RULE = "─" * 72
_DOCUMENT = 2
"""Columns before a fact about the whole document."""
_VALUES_AT = 33
"""The column in which values begin."""


def picture(
    name: str, report: Report, content: str | None = None, steps: Sequence[tuple[str, str]] = ()
) -> str:
    """Draw the whole verdict, in lines of a terminal.

    `content`: the file that came along. `steps`: what may help, in Thai and English.
    """
    return "\n".join(_lines(name, report, content, steps))


def _lines(
    name: str, report: Report, content: str | None, steps: Sequence[tuple[str, str]]
) -> Iterator[str]:
    verdict = report.verdict
    mark, thai, english = _HEADINGS[verdict.indication]
    yield _RULE
    yield f"  {mark}  {thai}  ·  {english}    {printable(name)}"
    yield _RULE
    yield f"  {verdict.reason.th}"
    yield f"  {verdict.reason.en}"
    for step_thai, step_english in steps:
        yield f"  →  {printable(step_thai)}"
        yield f"     {printable(step_english)}"
    stamps = verdict.kind is SignatureKind.TIMESTAMP or verdict.reason.code == _ONLY_STAMPS
    called = _STAMP if stamps else _SIGNATURE
    for number, signature in enumerate(verdict.signatures, 1):
        yield ""
        yield from _signature(called.format(number=number), signature)
    if report.notes:
        yield ""
    for note in report.notes:
        yield from _note(note)
    yield ""
    if verdict.kind:
        yield _row("ชนิดไฟล์ / kind", _KINDS[verdict.kind], _DOCUMENT)
    if content:
        yield _row("เนื้อหาที่ใช้ตรวจ / content", printable(content), _DOCUMENT)
    yield _row("ตรวจ ณ / judged as of", thai_time(verdict.evaluated_at), _DOCUMENT)
    sub = f" · {verdict.sub_indication.value}" if verdict.sub_indication else ""
    code = f"{verdict.indication.value}{sub} · {verdict.reason.code}"
    yield _row("รหัสผล / result", code, _DOCUMENT)
    yield _row("เกณฑ์ / rules", verdict.policy, _DOCUMENT)
    yield _RULE


def _signature(called: str, signature: SignatureVerdict) -> Iterator[str]:
    mark, thai, _ = _HEADINGS[signature.indication]
    who = printable(signature.signer.common_name) if signature.signer else "(ไม่ทราบ / unknown)"
    yield f"  {mark}  {called}: {who}"
    if signature.signer:
        yield from _signer(signature.signer)
    level = f" · {signature.level.value}" if signature.level else ""
    yield _row("ผล / result", f"{thai}{level}")
    if signature.reason and signature.indication is not Indication.TOTAL_PASSED:
        yield _row("", signature.reason.th)
        yield _row("", signature.reason.en)
    if signature.type and signature.indication is Indication.TOTAL_PASSED:
        yield _row("ชนิด / type", _TYPES[signature.type])
    if signature.covers:
        yield _row("ครอบคลุม / covers", printable(", ".join(signature.covers)))
    if signature.claimed_time:
        yield _row("ผู้ลงระบุว่า / claimed", thai_time(signature.claimed_time))
    if signature.proven_time:
        yield _row("มีแล้วเมื่อ / proven", thai_time(signature.proven_time))
    if signature.revocation:
        for finding in signature.revocation:
            yield _row("การเพิกถอน / revocation", _revocation(finding))
    if signature.algorithms:
        yield _row("วิธีเข้ารหัสลับ / crypto", ", ".join(map(_algorithm, signature.algorithms)))


def _signer(signer: Signer) -> Iterator[str]:
    if signer.organization and signer.organization != signer.common_name:
        yield _row("หน่วยงาน / organisation", printable(signer.organization))
    if signer.tax_id:
        yield _row("เลขผู้เสียภาษี / tax id", signer.tax_id)
    if signer.citizen_id:
        # Enough to compare with a card in the hand, too little to copy from a screen.
        yield _row("เลขประชาชน / citizen id", f"{signer.citizen_id[:1]}-xxxx-xxxx{_end(signer)}")
    if signer.issuer:
        yield _row("ออกโดย / issued by", printable(signer.issuer))


def _end(signer: Signer) -> str:
    number = signer.citizen_id or ""
    return f"{number[9:10]}-{number[10:12]}-{number[12:]}"


def _revocation(finding: RevocationFinding) -> str:
    said = _REVOCATION[finding.status]
    if finding.revoked_at:
        if finding.status is RevocationStatus.GOOD:
            said = "ถูกเพิกถอนภายหลัง / revoked only later"
        said = f"{said}: {thai_time(finding.revoked_at)}"
    source = f" · {finding.source}" if finding.source else ""
    told = finding.this_update
    when = f" · ข้อมูลเมื่อ / told on {thai_time(told)}" if told else ""
    return f"{said}{source}{when} · {printable(finding.subject)}"


def _algorithm(finding: AlgorithmFinding) -> str:
    weak = "" if finding.accepted else " (ไม่ยอมรับ / not accepted)"
    return f"{printable(finding.name)}{weak}"


def _row(label: str, value: str, indent: int = 7) -> str:
    """One fact; Thai vowels and tone marks above and below a letter take no column."""
    columns = indent + sum(1 for character in label if not combining(character))
    return f"{' ' * indent}{label}{' ' * max(1, _VALUES_AT - columns)}{value}"


def combining(character: str) -> bool:
    """Whether a terminal draws the character into the column of the one before it."""
    return unicodedata.category(character) in {"Mn", "Me"}


def _note(note: Note) -> Iterator[str]:
    where = f" ({printable(note.field)})" if note.field else ""
    yield f"  !  {note.reason.th}{where}"
    yield f"     {note.reason.en}"


def thai_time(time: datetime) -> str:
    """Thailand's time and year, and the common one beside it: `1 ก.พ. 2569 16.30 น. (…)`."""
    local = time.astimezone(BANGKOK)
    return f"{short_day(local.date())} {local:%H.%M} น. ({local.isoformat(timespec='seconds')})"


def printable(text: str) -> str:
    """Names come from hostile files: no control character reaches the terminal."""
    return "".join(character if character.isprintable() else "�" for character in text)
