"""Answers about a signature in CMS: its form, its cryptography."""

from collections.abc import Mapping
from types import MappingProxyType

from signing.judge.codes import Answer, Code, failed, malformed, unclear
from tdh.domain.verdicts import Indication, SubIndication

ANSWERS: Mapping[Code, Answer] = MappingProxyType(
    {
        Code.SEVERAL_SIGNERS: malformed(
            "ลายมือชื่อหนึ่งต้องมีผู้ลงลายมือชื่อเพียงคนเดียว",
            "One signature must have exactly one signer.",
        ),
        Code.TOO_MANY_CERTIFICATES: malformed(
            "ลายมือชื่อแนบใบรับรองมากเกินกว่าที่กำหนด",
            "A signature carries more certificates than are allowed.",
        ),
        Code.CONTENT_NOT_DETACHED: malformed(
            "ลายมือชื่อห่อหุ้มเนื้อหาอื่นไว้ แทนที่จะลงนามเอกสารนี้",
            "A signature encloses other content instead of signing this document.",
        ),
        Code.SIGNED_ATTRIBUTES: malformed(
            "ลายมือชื่อขาดข้อมูลกำกับที่มาตรฐานกำหนดให้ลงนามไว้",
            "A signature lacks the signed attributes that the standard requires.",
        ),
        Code.SIGNED_ATTRIBUTE_REPEATED: malformed(
            "ลายมือชื่อมีข้อมูลกำกับซ้ำกัน",
            "A signed attribute of a signature stands there more than once.",
        ),
        Code.SIGNING_CERTIFICATE_ATTRIBUTE: malformed(
            "ลายมือชื่อไม่ได้ผูกไว้กับใบรับรองของผู้ลงลายมือชื่อ",
            "A signature is not bound to the certificate of its signer.",
        ),
        Code.CHANGED_AFTER_SIGNING: failed(
            SubIndication.HASH_FAILURE,
            "เอกสารถูกแก้ไขหลังจากลงลายมือชื่อ",
            "The document was changed after it was signed.",
        ),
        Code.SIGNATURE_DOES_NOT_VERIFY: failed(
            SubIndication.SIG_CRYPTO_FAILURE,
            "ลายมือชื่อไม่ตรงกับใบรับรองของผู้ลงลายมือชื่อ",
            "The signature does not match the certificate of its signer.",
        ),
        Code.WEAK_ALGORITHM: unclear(
            SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
            "ลายมือชื่อหรือใบรับรองใช้วิธีเข้ารหัสลับที่ไม่ปลอดภัยแล้ว",
            "The signature or a certificate uses cryptography that is no longer safe.",
        ),
        Code.UNKNOWN_ALGORITHM: unclear(
            SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
            "ลายมือชื่อใช้วิธีเข้ารหัสลับที่ระบบไม่รู้จัก",
            "The signature uses cryptography that is not known here.",
        ),
        Code.CONTENT_DIFFERS: failed(
            SubIndication.HASH_FAILURE,
            "เอกสารที่ส่งมาด้วยไม่ใช่เอกสารที่อยู่ในลายมือชื่อนี้",
            "The document that came along is not the one that the signature encloses.",
        ),
        Code.TIMESTAMP_VALID: Answer(
            Indication.TOTAL_PASSED,
            None,
            "ตราประทับเวลาถูกต้องและเชื่อถือได้ แต่ไม่ใช่ลายมือชื่อของผู้ใด",
            "The timestamp is valid and trusted; it is nobody's signature.",
        ),
        Code.TIMESTAMP_DAMAGED: malformed(
            "ตราประทับเวลาเสียหาย อ่านไม่ได้",
            "The timestamp is damaged and cannot be read.",
        ),
        Code.TIMESTAMP_REFUSED: malformed(
            "ผู้ให้บริการประทับเวลาปฏิเสธคำขอ ไฟล์นี้จึงไม่มีตราประทับเวลา",
            "The timestamping authority refused the request; there is no timestamp in its answer.",
        ),
        Code.TIMESTAMP_IMPRINT: failed(
            SubIndication.HASH_FAILURE,
            "ตราประทับเวลานี้เป็นของข้อมูลอื่น",
            "The timestamp is of other content.",
        ),
        Code.TIMESTAMP_UNIT: unclear(
            SubIndication.CHAIN_CONSTRAINTS_FAILURE,
            "ใบรับรองที่ใช้ประทับเวลาไม่ได้ออกให้เพื่อประทับเวลาโดยเฉพาะ",
            "The certificate behind the timestamp is not for timestamps, or not for them alone.",
        ),
        Code.TIMESTAMP_FROM_FUTURE: unclear(
            SubIndication.TIMESTAMP_ORDER_FAILURE,
            "ตราประทับเวลาระบุเวลาในอนาคต",
            "The timestamp names a time that is yet to come.",
        ),
    }
)
