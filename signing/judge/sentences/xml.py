"""Answers about the form of an XML signature."""

from collections.abc import Mapping
from types import MappingProxyType

from signing.judge.codes import Answer, Code, malformed, unclear
from tdh.domain.verdicts import SubIndication

ANSWERS: Mapping[Code, Answer] = MappingProxyType(
    {
        Code.XML_MALFORMED: malformed(
            "เอกสารไม่เป็นไปตามรูปแบบ XML จึงอ่านไม่ได้",
            "The document is not well-formed XML and cannot be read.",
        ),
        Code.XML_DOCTYPE: malformed(
            "เอกสาร XML มีการประกาศชนิดเอกสาร (DOCTYPE) ซึ่งเปลี่ยนเนื้อหาที่แสดงได้ จึงไม่รับ",
            "The XML document declares a document type, which can alter what it shows; remove it "
            "and sign again.",
        ),
        Code.XML_ENCODING: malformed(
            "เอกสาร XML ต้องเป็น XML 1.0 ที่เข้ารหัสอักขระแบบ UTF-8",
            "The XML document must be XML 1.0 in UTF-8.",
        ),
        Code.XML_TOO_COMPLEX: malformed(
            "เอกสาร XML มีขนาดหรือความซับซ้อนเกินกว่าที่กำหนด",
            "The XML document is larger or more complicated than is allowed.",
        ),
        Code.XML_COMMENT_IN_TEXT: malformed(
            "มีหมายเหตุ (comment) แทรกอยู่กลางข้อความ ซึ่งลายมือชื่อไม่ครอบคลุมและทำให้โปรแกรมอ่านข้อความต่างกัน",
            "A comment stands inside a text; no signature covers it, and programs read such a text "
            "differently.",
        ),
        Code.XML_SIGNATURE_STRUCTURE: malformed(
            "โครงสร้างของลายมือชื่อ XML ไม่เป็นไปตามมาตรฐาน",
            "The structure of an XML signature is not that of the standard.",
        ),
        Code.XML_REFERENCE: malformed(
            "ลายมือชื่ออ้างอิงสิ่งที่ลงนามในแบบที่ไม่รับ หรืออ้างถึงส่วนที่ไม่มีอยู่",
            "A signature refers to what it signs in a way that is not accepted, or to a part that "
            "does not exist.",
        ),
        Code.XML_ID_AMBIGUOUS: malformed(
            "มีหลายส่วนของเอกสารใช้ชื่ออ้างอิงเดียวกัน จึงไม่แน่ว่าลายมือชื่อครอบคลุมส่วนใด",
            "Several parts of the document have the same identifier, so that it is uncertain which "
            "of them is signed.",
        ),
        Code.XML_TRANSFORM: malformed(
            "ลายมือชื่อแปลงเนื้อหาก่อนลงนามด้วยวิธีที่ไม่รับ เพราะอาจซ่อนส่วนที่ไม่ได้ลงนาม",
            "A signature transforms the content before signing in a way that is not accepted, "
            "because it could hide unsigned parts.",
        ),
        Code.XML_PART_UNSIGNED: malformed(
            "มีส่วนของเอกสาร XML ที่ลายมือชื่อไม่ครอบคลุม",
            "A part of the XML document is not covered by the signature.",
        ),
        Code.NOT_XADES: malformed(
            "ลายมือชื่อ XML นี้ไม่เป็นไปตามมาตรฐาน XAdES จึงไม่ได้ผูกไว้กับใบรับรองของผู้ลงลายมือชื่อ",
            "The XML signature is not XAdES, so that it is not bound to the certificate of its "
            "signer.",
        ),
        Code.XADES_VERSION: malformed(
            "ลายมือชื่อใช้ XAdES รุ่นเก่าที่ไม่รับแล้ว ใช้ได้เฉพาะรุ่น 1.3.2 และ 1.4.1",
            "The signature is of an old version of XAdES; 1.3.2 and 1.4.1 are accepted.",
        ),
        Code.SIGNED_PROPERTIES_UNSIGNED: malformed(
            "คุณสมบัติที่ลายมือชื่ออ้างว่าลงนามไว้ ไม่ได้ถูกลงนามจริง",
            "The properties that a signature calls signed are not signed by it.",
        ),
        Code.SHARED_SECRET: unclear(
            SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
            "ลายมือชื่อทำด้วยรหัสลับร่วม ไม่ใช่กุญแจของผู้ลงลายมือชื่อ จึงระบุตัวบุคคลไม่ได้",
            "The signature was made with a shared secret instead of a signer's own key, so that it "
            "identifies nobody.",
        ),
    }
)
