"""Every answer that the judge can give: code, indication (EN 319 102-1), Thai and English.

A clerk reads the sentences, a program the code; the sub-indication says how a validator by the book
would name it. Nothing else in the judge writes sentences.
"""

from collections.abc import Mapping
from types import MappingProxyType

from signing.judge.codes import Answer, Code, NoteCode, Refused
from signing.judge.sentences import chain, cms, container, general, pdf, xml
from tdh.domain.verdicts import Reason

__all__ = ["ANSWERS", "NOTES", "Answer", "Code", "NoteCode", "Refused", "note", "reason"]

ANSWERS: Mapping[Code, Answer] = MappingProxyType(
    {
        **general.ANSWERS,
        **pdf.ANSWERS,
        **cms.ANSWERS,
        **xml.ANSWERS,
        **container.ANSWERS,
        **chain.ANSWERS,
    }
)

NOTES: Mapping[NoteCode, tuple[str, str]] = MappingProxyType(
    {
        NoteCode.TIMESTAMP_NOT_COUNTED: (
            "ตราประทับเวลานี้ตรวจไม่ผ่าน จึงไม่นำมาพิจารณา",
            "A timestamp does not verify and was left out of account.",
        ),
        NoteCode.REVOCATION_NOT_CHECKED: (
            "ไม่มีข้อมูลการเพิกถอนใบรับรอง จึงไม่ได้ตรวจส่วนนี้",
            "There are no data on revocation, so it was not checked.",
        ),
        NoteCode.REVOCATION_DATA_OLD: (
            "ตรวจการเพิกถอนใบรับรองจากข้อมูลที่เก่ากว่าเวลาที่ตรวจ",
            "Revocation was checked in data that do not reach to the time of judging.",
        ),
    }
)


def reason(code: Code) -> Reason:
    """Give the sentences of an answer."""
    answer = ANSWERS[code]
    return Reason(code=code.value, th=answer.th, en=answer.en)


def note(code: NoteCode) -> Reason:
    """Give the sentences of a note."""
    th, en = NOTES[code]
    return Reason(code=code.value, th=th, en=en)
