"""Answers of every kind of document, and those about the judging itself."""

from collections.abc import Mapping
from types import MappingProxyType

from signing.judge.codes import Answer, Code, malformed, unclear, unsigned
from tdh.domain.verdicts import Indication, SubIndication

ANSWERS: Mapping[Code, Answer] = MappingProxyType(
    {
        Code.ALSO_ANOTHER_DOCUMENT: malformed(
            "ไฟล์นี้มีเอกสารอื่นแฝงอยู่ในส่วนที่ไม่มีลายมือชื่อคุ้มครอง บางโปรแกรมอาจแสดงเอกสารนั้นแทน",
            "Parts of the file that no signature covers hold another document, which some programs "
            "would show instead.",
        ),
        Code.SIGNATURE_VALID: Answer(
            Indication.TOTAL_PASSED,
            None,
            "ลายมือชื่อถูกต้อง เอกสารไม่ถูกแก้ไขตั้งแต่ลงลายมือชื่อ และใบรับรองของผู้ลงลายมือชื่อเชื่อถือได้",
            "The signature is valid, the document is unchanged since it was signed, and the "
            "signer's certificate is trusted.",
        ),
        Code.NO_SIGNATURE: unsigned(
            "เอกสารนี้ไม่มีลายมือชื่ออิเล็กทรอนิกส์",
            "The document carries no electronic signature.",
        ),
        Code.ONLY_A_TIMESTAMP: unsigned(
            "เอกสารนี้มีเพียงตราประทับเวลา แต่ไม่มีลายมือชื่อของผู้ใด",
            "The document carries a timestamp, but nobody's signature.",
        ),
        Code.KIND_UNKNOWN: malformed(
            "ไฟล์ชนิดนี้ไม่มีลายมือชื่อที่ระบบตรวจได้ (ตรวจได้ PDF, CMS เช่น .p7m และ .p7s, XML และ ASiC)",
            "The file is of no kind that carries a signature which can be judged here: PDF, CMS "
            "(.p7m, .p7s), XML or ASiC.",
        ),
        Code.TOO_LARGE: malformed(
            "เอกสารมีขนาดใหญ่เกินกว่าที่จะตรวจลายมือชื่อได้",
            "The document is larger than what can be judged.",
        ),
        Code.TIME_LIMIT: malformed(
            "ตรวจเอกสารไม่เสร็จภายในเวลาที่กำหนด เอกสารซับซ้อนผิดปกติ",
            "The document could not be judged in the time allowed; it is unusually complicated.",
        ),
        Code.MEMORY_LIMIT: malformed(
            "ตรวจเอกสารไม่ได้ภายในหน่วยความจำที่กำหนด เอกสารซับซ้อนผิดปกติ",
            "The document could not be judged in the memory allowed; it is unusually complicated.",
        ),
        Code.CRASHED: malformed(
            "โปรแกรมตรวจเอกสารหยุดทำงานขณะอ่านเอกสารนี้ เอกสารอาจเสียหายหรือมุ่งร้าย",
            "The judging program stopped while it read the document, which may be damaged or "
            "hostile.",
        ),
        Code.UNEXPECTED: malformed(
            "พบสิ่งที่ไม่คาดคิดในเอกสาร จึงยืนยันความถูกต้องไม่ได้",
            "Something unexpected is in the document, so that it cannot be called valid.",
        ),
        Code.CONTENTS_DAMAGED: malformed(
            "ข้อมูลลายมือชื่อเสียหาย อ่านไม่ได้",
            "The data of a signature are damaged and cannot be read.",
        ),
        Code.TOO_MANY_SIGNATURES: malformed(
            "เอกสารมีลายมือชื่อมากเกินกว่าที่กำหนด",
            "The document carries more signatures than are allowed.",
        ),
        Code.CONTENT_MISSING: unclear(
            SubIndication.SIGNED_DATA_NOT_FOUND,
            "ลายมือชื่อนี้แยกจากเอกสาร และไม่ได้ส่งเอกสารที่ลงลายมือชื่อมาด้วย",
            "The signature stands apart from its document, and the document did not come with it.",
        ),
    }
)
