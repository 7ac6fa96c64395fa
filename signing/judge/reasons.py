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
        NoteCode.FORM_FILLED_LATER: (
            "หลังจากลายมือชื่อนี้ มีผู้กรอกแบบฟอร์มเพิ่ม ซึ่งผู้ลงลายมือชื่อคนถัดไปเป็นผู้รับรอง",
            "After this signature somebody filled in the form; a later signer signed for that.",
        ),
        NoteCode.TIMESTAMP_NOT_COUNTED: (
            "ตราประทับเวลานี้ตรวจไม่ผ่าน จึงไม่นำมาพิจารณา",
            "A timestamp does not verify and was left out of account.",
        ),
        NoteCode.SIGNATURE_POLICY_NOT_APPLIED: (
            "ลายมือชื่ออ้างถึงนโยบายลายมือชื่อฉบับหนึ่ง ซึ่งไม่ได้นำมาใช้ตรวจ",
            "The signature names a signature policy, which was not applied.",
        ),
        NoteCode.REVOCATION_NOT_CHECKED: (
            "ไม่มีข้อมูลการเพิกถอนใบรับรอง จึงไม่ได้ตรวจส่วนนี้",
            "There are no data on revocation, so it was not checked.",
        ),
        NoteCode.REVOCATION_DATA_OLD: (
            "ตรวจการเพิกถอนใบรับรองจากข้อมูลที่เก่ากว่าเวลาที่ตรวจ",
            "Revocation was checked in data that do not reach to the time of judging.",
        ),
        NoteCode.COUNTERSIGNATURE_NOT_JUDGED: (
            "มีลายมือชื่อกำกับลายมือชื่ออีกชั้นหนึ่ง ซึ่งไม่นำมาพิจารณา",
            "The signature is countersigned; that was left out of account.",
        ),
        NoteCode.ARCHIVE_TIMESTAMP_NOT_JUDGED: (
            "มีตราประทับเวลาเพื่อเก็บรักษาระยะยาวที่ตรวจไม่ได้หรือตรวจไม่ผ่าน จึงไม่นำมาพิจารณา",
            "An archive timestamp does not verify, or its form is not judged; it was left out.",
        ),
        NoteCode.CONTENT_NOT_COMPARED: (
            "ไม่ได้ส่งข้อมูลที่ประทับเวลามาด้วย จึงไม่ได้เทียบว่าเป็นข้อมูลใด",
            "What was timestamped did not come along, so it was not compared.",
        ),
        NoteCode.EVIDENCE_RECORD_NOT_JUDGED: (
            "มีบันทึกหลักฐานการเก็บรักษา (evidence record) ซึ่งไม่นำมาพิจารณา",
            "The container holds an evidence record, which was left out of account.",
        ),
        NoteCode.CONTAINER_MIMETYPE_MISPLACED: (
            "ไฟล์ mimetype ไม่ได้อยู่ลำดับแรกหรือถูกบีบอัด",
            "The entry mimetype is not the first one, or is compressed.",
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
