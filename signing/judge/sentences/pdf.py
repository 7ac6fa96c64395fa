"""Answers about the form of a PDF."""

from collections.abc import Mapping
from types import MappingProxyType

from signing.judge.codes import Answer, Code, malformed

ANSWERS: Mapping[Code, Answer] = MappingProxyType(
    {
        Code.HEADER_MISPLACED: malformed(
            "ส่วนหัวของ PDF ต้องอยู่ที่จุดเริ่มต้นของไฟล์และมีเพียงแห่งเดียว โปรดบันทึกเอกสารใหม่แล้วลงลายมือชื่ออีกครั้ง",
            "The PDF header must stand at the very start of the file, and only there; save the "
            "document anew and sign it again.",
        ),
        Code.STRUCTURE_DAMAGED: malformed(
            "โครงสร้างของเอกสารเสียหาย อ่านไม่ได้อย่างแน่นอน",
            "The structure of the document is damaged and cannot be read without guessing.",
        ),
        Code.ENCRYPTED: malformed(
            "เอกสารถูกเข้ารหัสไว้ จึงตรวจเนื้อหาไม่ได้",
            "The document is encrypted, so that its content cannot be checked.",
        ),
        Code.CROSS_REFERENCE_WRONG: malformed(
            "สารบัญภายในของเอกสารชี้ผิดที่ โปรแกรมที่ซ่อมแซมเองอาจแสดงผลต่างออกไป",
            "The internal table of the document leads to wrong places; a program that repairs it "
            "may show something else.",
        ),
        Code.HYBRID_READINGS_DISAGREE: malformed(
            "เอกสารมีสารบัญภายในสองชุดซึ่งอ่านได้ผลไม่ตรงกัน โปรดบันทึกเป็น PDF ใหม่แล้วลงลายมือชื่ออีกครั้ง",
            "The document has two internal tables, and programs read it differently by the one or "
            "the other; save it as a new PDF and sign it again.",
        ),
        Code.ALSO_AN_ARCHIVE: malformed(
            "ไฟล์นี้เป็นทั้งเอกสาร PDF และไฟล์บีบอัด ZIP ในไฟล์เดียวกัน",
            "The file is a PDF document and a ZIP archive at the same time.",
        ),
        Code.SIGNATURES_DISAGREE: malformed(
            "การอ่านเอกสารสองวิธีพบลายมือชื่อไม่ตรงกัน อาจมีลายมือชื่อที่ถูกซ่อนหรือถูกถอดออก",
            "Two ways of reading the document find different signatures; one may have been hidden "
            "or detached.",
        ),
        Code.SIGNATURE_IN_OBJECT_STREAM: malformed(
            "ลายมือชื่อถูกเก็บในส่วนที่บีบอัด จึงพิสูจน์ไม่ได้ว่าครอบคลุมเอกสารส่วนใด",
            "A signature is kept in a compressed part, so that nothing shows what it covers.",
        ),
        Code.SIGNATURE_INCOMPLETE: malformed(
            "ช่องลายมือชื่อมีข้อมูลไม่ครบ",
            "A signature field lacks a necessary part.",
        ),
        Code.BYTE_RANGE_SHAPE: malformed(
            "ลายมือชื่อไม่ได้ระบุช่วงของเอกสารที่ครอบคลุมตามรูปแบบที่กำหนด",
            "A signature does not state in the required form which part of the document it covers.",
        ),
        Code.BYTE_RANGE_GAP: malformed(
            "ส่วนของเอกสารที่ลายมือชื่อเว้นไว้ มีสิ่งอื่นนอกจากตัวลายมือชื่อ",
            "The part that a signature leaves out holds more than the signature itself.",
        ),
        Code.GAP_OUTSIDE_SIGNATURE: malformed(
            "ส่วนของเอกสารที่ลายมือชื่อเว้นไว้ ไม่ใช่ที่เก็บของลายมือชื่อนั้นเอง",
            "The part that a signature leaves out is not where that signature itself is kept.",
        ),
        Code.CONTENTS_EMPTY: malformed(
            "ช่องลายมือชื่อว่างเปล่า",
            "A signature field was prepared, but the signature in it is empty.",
        ),
        Code.SUBFILTER: malformed(
            "รูปแบบของลายมือชื่อไม่เป็นที่ยอมรับ ใช้ได้เฉพาะ PAdES หรือ PKCS#7 แบบแยกเนื้อหา",
            "The format of a signature is not accepted; PAdES and detached PKCS#7 are.",
        ),
        Code.SIGNATURE_TYPE: malformed(
            "ชนิดของลายมือชื่อที่ระบุไว้ขัดแย้งกับรูปแบบของลายมือชื่อ",
            "A signature says of itself to be of another type than its format is.",
        ),
        Code.BYTES_AFTER_SIGNATURE: malformed(
            "มีข้อมูลในเอกสารที่ไม่มีลายมือชื่อใดครอบคลุม",
            "The document holds data that no signature covers.",
        ),
        Code.REVISION_AFTER_SIGNING: malformed(
            "เอกสารถูกเพิ่มเติมหรือแก้ไขหลังจากลงลายมือชื่อครั้งสุดท้าย",
            "The document was added to or altered after it was last signed.",
        ),
        Code.METADATA_CHANGED: malformed(
            "ชื่อเรื่องหรือข้อมูลกำกับของเอกสารถูกแก้ไขหลังจากลงลายมือชื่อครั้งสุดท้าย",
            "The title or other particulars of the document were altered after it was last signed.",
        ),
        Code.CHANGED_BETWEEN_SIGNATURES: malformed(
            "เอกสารถูกแก้ไขหลังจากลายมือชื่อก่อนหน้า ในแบบที่ไม่อนุญาต",
            "The document was altered after an earlier signature in a way that is not allowed.",
        ),
        Code.CHANGE_FORBIDDEN_BY_SIGNER: malformed(
            "เอกสารถูกแก้ไขในส่วนที่ผู้ลงลายมือชื่อห้ามไว้",
            "The document was altered in a way that its signer had forbidden.",
        ),
        Code.CERTIFICATION_MISPLACED: malformed(
            "การรับรองเอกสารของผู้ลงลายมือชื่อขัดแย้งกันเอง หรือไม่ได้อยู่ที่ลายมือชื่อแรก",
            "The certification of the document contradicts itself, or is not that of the first "
            "signature.",
        ),
        Code.EXTERNAL_CONTENT: malformed(
            "เอกสารแสดงเนื้อหาจากไฟล์อื่นซึ่งลายมือชื่อไม่ครอบคลุม",
            "The document shows content from another file, which no signature covers.",
        ),
        Code.XFA_FORM: malformed(
            "เอกสารมีแบบฟอร์มชนิด XFA ซึ่งแสดงผลต่างกันในแต่ละโปรแกรม",
            "The document holds an XFA form, which programs show differently.",
        ),
        Code.ACTIVE_CONTENT: malformed(
            "เอกสารมีคำสั่งที่ทำงานเองได้ เช่น JavaScript หรือการเปิดโปรแกรม",
            "The document holds commands that run by themselves, such as JavaScript or starting "
            "a program.",
        ),
        Code.EMBEDDED_FILES: malformed(
            "เอกสารมีไฟล์อื่นแนบอยู่ภายใน โปรดส่งไฟล์เหล่านั้นเป็นสิ่งที่ส่งมาด้วย",
            "The document has other files embedded in it; send them as enclosures.",
        ),
    }
)
