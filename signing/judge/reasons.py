"""Every answer that the judge can give: code, indication (EN 319 102-1), Thai and English.

One table. A clerk reads the sentences, a program the code; the sub-indication says how a validator
by the book would name it. Nothing else in the judge writes sentences.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from tdh.domain.verdicts import Indication, Reason, SubIndication


class Code(StrEnum):
    """Stable names of the answers; programs outside may depend on them."""

    SIGNATURE_VALID = "signature-valid"
    NO_SIGNATURE = "no-signature"
    ONLY_A_TIMESTAMP = "only-a-timestamp"

    NOT_A_PDF = "not-a-pdf"
    TOO_LARGE = "document-too-large"
    HEADER_MISPLACED = "header-misplaced"
    STRUCTURE_DAMAGED = "structure-damaged"
    ENCRYPTED = "document-encrypted"
    HYBRID_CROSS_REFERENCE = "hybrid-cross-reference"
    SIGNATURES_DISAGREE = "signatures-disagree"
    SIGNATURE_IN_OBJECT_STREAM = "signature-in-object-stream"
    TOO_MANY_SIGNATURES = "too-many-signatures"
    SIGNATURE_INCOMPLETE = "signature-incomplete"
    BYTE_RANGE_SHAPE = "byte-range-shape"
    BYTE_RANGE_GAP = "byte-range-gap"
    CONTENTS_EMPTY = "contents-empty"
    CONTENTS_DAMAGED = "contents-damaged"
    SUBFILTER = "signature-format-not-accepted"
    SEVERAL_SIGNERS = "several-signers"
    TOO_MANY_CERTIFICATES = "too-many-certificates"
    CONTENT_NOT_DETACHED = "content-not-detached"
    SIGNED_ATTRIBUTES = "signed-attributes-missing"
    SIGNED_ATTRIBUTE_REPEATED = "signed-attribute-repeated"
    SIGNING_CERTIFICATE_ATTRIBUTE = "signing-certificate-attribute-missing"
    BYTES_AFTER_SIGNATURE = "bytes-after-signature"
    REVISION_AFTER_SIGNING = "revision-after-signing"
    CHANGED_BETWEEN_SIGNATURES = "changed-between-signatures"
    CHANGE_FORBIDDEN_BY_SIGNER = "change-forbidden-by-signer"
    XFA_FORM = "xfa-form"
    ACTIVE_CONTENT = "active-content"
    EMBEDDED_FILES = "embedded-files"

    CHANGED_AFTER_SIGNING = "changed-after-signing"
    SIGNATURE_DOES_NOT_VERIFY = "signature-does-not-verify"
    WEAK_ALGORITHM = "weak-algorithm"
    UNKNOWN_ALGORITHM = "unknown-algorithm"
    SIGNING_CERTIFICATE_MISSING = "signing-certificate-missing"
    UNKNOWN_ROOT = "unknown-root"
    CHAIN_INVALID = "chain-invalid"
    KEY_USAGE = "key-usage"
    CERTIFICATE_EXPIRED = "certificate-expired"
    CERTIFICATE_EXPIRED_NOT_REVOKED = "certificate-expired-not-revoked"
    SIGNED_AFTER_EXPIRY = "signed-after-expiry"
    CERTIFICATE_NOT_YET_VALID = "certificate-not-yet-valid"
    CERTIFICATE_REVOKED = "certificate-revoked"
    SIGNED_AFTER_REVOCATION = "signed-after-revocation"
    AUTHORITY_REVOKED = "authority-revoked"
    REVOCATION_UNKNOWN = "revocation-unknown"

    TIME_LIMIT = "judge-time-limit"
    MEMORY_LIMIT = "judge-memory-limit"
    CRASHED = "judge-crashed"
    UNEXPECTED = "judge-unexpected-error"


class NoteCode(StrEnum):
    """What the report mentions although it decides nothing."""

    TIMESTAMP_NOT_COUNTED = "timestamp-not-counted"
    REVOCATION_NOT_CHECKED = "revocation-not-checked"
    REVOCATION_DATA_OLD = "revocation-data-old"


@dataclass(frozen=True, slots=True)
class Answer:
    """One row: what the code means by the book, and in words."""

    indication: Indication
    sub_indication: SubIndication | None
    th: str
    en: str


def _failed(sub: SubIndication, th: str, en: str) -> Answer:
    return Answer(Indication.TOTAL_FAILED, sub, th, en)


def _format(th: str, en: str) -> Answer:
    return _failed(SubIndication.FORMAT_FAILURE, th, en)


def _unclear(sub: SubIndication, th: str, en: str) -> Answer:
    return Answer(Indication.INDETERMINATE, sub, th, en)


def _unsigned(th: str, en: str) -> Answer:
    return Answer(Indication.NO_SIGNATURE, None, th, en)


ANSWERS: Mapping[Code, Answer] = MappingProxyType(
    {
        Code.SIGNATURE_VALID: Answer(
            Indication.TOTAL_PASSED,
            None,
            "ลายมือชื่อถูกต้อง เอกสารไม่ถูกแก้ไขตั้งแต่ลงลายมือชื่อ และใบรับรองของผู้ลงลายมือชื่อเชื่อถือได้",
            "The signature is valid, the document is unchanged since it was signed, and the "
            "signer's certificate is trusted.",
        ),
        Code.NO_SIGNATURE: _unsigned(
            "เอกสารนี้ไม่มีลายมือชื่ออิเล็กทรอนิกส์",
            "The document carries no electronic signature.",
        ),
        Code.ONLY_A_TIMESTAMP: _unsigned(
            "เอกสารนี้มีเพียงตราประทับเวลา แต่ไม่มีลายมือชื่อของผู้ใด",
            "The document carries a timestamp, but nobody's signature.",
        ),
        Code.NOT_A_PDF: _format(
            "ไฟล์นี้ไม่ใช่เอกสาร PDF",
            "The file is not a PDF document.",
        ),
        Code.TOO_LARGE: _format(
            "เอกสารมีขนาดใหญ่เกินกว่าที่จะตรวจลายมือชื่อได้",
            "The document is larger than what can be judged.",
        ),
        Code.HEADER_MISPLACED: _format(
            "ส่วนหัวของ PDF ต้องอยู่ที่จุดเริ่มต้นของไฟล์และมีเพียงแห่งเดียว โปรดบันทึกเอกสารใหม่แล้วลงลายมือชื่ออีกครั้ง",
            "The PDF header must stand at the very start of the file, and only there; save the "
            "document anew and sign it again.",
        ),
        Code.STRUCTURE_DAMAGED: _format(
            "โครงสร้างของเอกสารเสียหาย อ่านไม่ได้อย่างแน่นอน",
            "The structure of the document is damaged and cannot be read without guessing.",
        ),
        Code.ENCRYPTED: _format(
            "เอกสารถูกเข้ารหัสไว้ จึงตรวจเนื้อหาไม่ได้",
            "The document is encrypted, so that its content cannot be checked.",
        ),
        Code.HYBRID_CROSS_REFERENCE: _format(
            "เอกสารมีสารบัญภายในสองชุดที่อาจแสดงผลต่างกัน โปรดบันทึกเป็น PDF ใหม่แล้วลงลายมือชื่ออีกครั้ง",
            "The document has two internal tables that programs may read differently; save it as "
            "a new PDF and sign it again.",
        ),
        Code.SIGNATURES_DISAGREE: _format(
            "การอ่านเอกสารสองวิธีพบลายมือชื่อไม่ตรงกัน อาจมีลายมือชื่อที่ถูกซ่อนหรือถูกถอดออก",
            "Two ways of reading the document find different signatures; one may have been hidden "
            "or detached.",
        ),
        Code.SIGNATURE_IN_OBJECT_STREAM: _format(
            "ลายมือชื่อถูกเก็บในส่วนที่บีบอัด จึงพิสูจน์ไม่ได้ว่าครอบคลุมเอกสารส่วนใด",
            "A signature is kept in a compressed part, so that nothing shows what it covers.",
        ),
        Code.TOO_MANY_SIGNATURES: _format(
            "เอกสารมีลายมือชื่อมากเกินกว่าที่กำหนด",
            "The document carries more signatures than are allowed.",
        ),
        Code.SIGNATURE_INCOMPLETE: _format(
            "ช่องลายมือชื่อมีข้อมูลไม่ครบ",
            "A signature field lacks a necessary part.",
        ),
        Code.BYTE_RANGE_SHAPE: _format(
            "ลายมือชื่อไม่ได้ระบุช่วงของเอกสารที่ครอบคลุมตามรูปแบบที่กำหนด",
            "A signature does not state in the required form which part of the document it covers.",
        ),
        Code.BYTE_RANGE_GAP: _format(
            "ส่วนของเอกสารที่ลายมือชื่อเว้นไว้ มีสิ่งอื่นนอกจากตัวลายมือชื่อ",
            "The part that a signature leaves out holds more than the signature itself.",
        ),
        Code.CONTENTS_EMPTY: _format(
            "ช่องลายมือชื่อว่างเปล่า",
            "A signature field was prepared, but the signature in it is empty.",
        ),
        Code.CONTENTS_DAMAGED: _format(
            "ข้อมูลลายมือชื่อเสียหาย อ่านไม่ได้",
            "The data of a signature are damaged and cannot be read.",
        ),
        Code.SUBFILTER: _format(
            "รูปแบบของลายมือชื่อไม่เป็นที่ยอมรับ ใช้ได้เฉพาะ PAdES หรือ PKCS#7 แบบแยกเนื้อหา",
            "The format of a signature is not accepted; PAdES and detached PKCS#7 are.",
        ),
        Code.SEVERAL_SIGNERS: _format(
            "ลายมือชื่อหนึ่งต้องมีผู้ลงลายมือชื่อเพียงคนเดียว",
            "One signature must have exactly one signer.",
        ),
        Code.TOO_MANY_CERTIFICATES: _format(
            "ลายมือชื่อแนบใบรับรองมากเกินกว่าที่กำหนด",
            "A signature carries more certificates than are allowed.",
        ),
        Code.CONTENT_NOT_DETACHED: _format(
            "ลายมือชื่อห่อหุ้มเนื้อหาอื่นไว้ แทนที่จะลงนามเอกสารนี้",
            "A signature encloses other content instead of signing this document.",
        ),
        Code.SIGNED_ATTRIBUTES: _format(
            "ลายมือชื่อขาดข้อมูลกำกับที่มาตรฐานกำหนดให้ลงนามไว้",
            "A signature lacks the signed attributes that the standard requires.",
        ),
        Code.SIGNED_ATTRIBUTE_REPEATED: _format(
            "ลายมือชื่อมีข้อมูลกำกับซ้ำกัน",
            "A signed attribute of a signature stands there more than once.",
        ),
        Code.SIGNING_CERTIFICATE_ATTRIBUTE: _format(
            "ลายมือชื่อไม่ได้ผูกไว้กับใบรับรองของผู้ลงลายมือชื่อ",
            "A signature is not bound to the certificate of its signer.",
        ),
        Code.BYTES_AFTER_SIGNATURE: _format(
            "มีข้อมูลในเอกสารที่ไม่มีลายมือชื่อใดครอบคลุม",
            "The document holds data that no signature covers.",
        ),
        Code.REVISION_AFTER_SIGNING: _format(
            "เอกสารถูกเพิ่มเติมหรือแก้ไขหลังจากลงลายมือชื่อครั้งสุดท้าย",
            "The document was added to or altered after it was last signed.",
        ),
        Code.CHANGED_BETWEEN_SIGNATURES: _format(
            "เอกสารถูกแก้ไขหลังจากลายมือชื่อก่อนหน้า ในแบบที่ไม่อนุญาต",
            "The document was altered after an earlier signature in a way that is not allowed.",
        ),
        Code.CHANGE_FORBIDDEN_BY_SIGNER: _format(
            "เอกสารถูกแก้ไขในส่วนที่ผู้ลงลายมือชื่อห้ามไว้",
            "The document was altered in a way that its signer had forbidden.",
        ),
        Code.XFA_FORM: _format(
            "เอกสารมีแบบฟอร์มชนิด XFA ซึ่งแสดงผลต่างกันในแต่ละโปรแกรม",
            "The document holds an XFA form, which programs show differently.",
        ),
        Code.ACTIVE_CONTENT: _format(
            "เอกสารมีคำสั่งที่ทำงานเองได้ เช่น JavaScript หรือการเปิดโปรแกรม",
            "The document holds commands that run by themselves, such as JavaScript or starting "
            "a program.",
        ),
        Code.EMBEDDED_FILES: _format(
            "เอกสารมีไฟล์อื่นแนบอยู่ภายใน โปรดส่งไฟล์เหล่านั้นเป็นสิ่งที่ส่งมาด้วย",
            "The document has other files embedded in it; send them as enclosures.",
        ),
        Code.CHANGED_AFTER_SIGNING: _failed(
            SubIndication.HASH_FAILURE,
            "เอกสารถูกแก้ไขหลังจากลงลายมือชื่อ",
            "The document was changed after it was signed.",
        ),
        Code.SIGNATURE_DOES_NOT_VERIFY: _failed(
            SubIndication.SIG_CRYPTO_FAILURE,
            "ลายมือชื่อไม่ตรงกับใบรับรองของผู้ลงลายมือชื่อ",
            "The signature does not match the certificate of its signer.",
        ),
        Code.WEAK_ALGORITHM: _unclear(
            SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
            "ลายมือชื่อหรือใบรับรองใช้วิธีเข้ารหัสลับที่ไม่ปลอดภัยแล้ว",
            "The signature or a certificate uses cryptography that is no longer safe.",
        ),
        Code.UNKNOWN_ALGORITHM: _unclear(
            SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
            "ลายมือชื่อใช้วิธีเข้ารหัสลับที่ระบบไม่รู้จัก",
            "The signature uses cryptography that is not known here.",
        ),
        Code.SIGNING_CERTIFICATE_MISSING: _unclear(
            SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
            "ไม่พบใบรับรองของผู้ลงลายมือชื่อในลายมือชื่อนี้",
            "The certificate of the signer is not in the signature.",
        ),
        Code.UNKNOWN_ROOT: _unclear(
            SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
            "ใบรับรองของผู้ลงลายมือชื่อไม่ได้ออกโดยผู้ให้บริการที่ระบบนี้เชื่อถือ",
            "The signer's certificate does not come from an authority that is trusted here.",
        ),
        Code.CHAIN_INVALID: _unclear(
            SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE,
            "สายใบรับรองของผู้ลงลายมือชื่อไม่ถูกต้อง",
            "The chain of certificates of the signer does not hold.",
        ),
        Code.KEY_USAGE: _unclear(
            SubIndication.CHAIN_CONSTRAINTS_FAILURE,
            "ใบรับรองของผู้ลงลายมือชื่อไม่อนุญาตให้ใช้ลงลายมือชื่อในเอกสาร",
            "The signer's certificate is not meant for signing documents.",
        ),
        Code.CERTIFICATE_EXPIRED: _unclear(
            SubIndication.OUT_OF_BOUNDS_NO_POE,
            "ใบรับรองของผู้ลงลายมือชื่อหมดอายุแล้ว และไม่มีหลักฐานว่าลงลายมือชื่อก่อนหมดอายุ",
            "The signer's certificate has expired, and nothing proves that it was used before.",
        ),
        Code.CERTIFICATE_EXPIRED_NOT_REVOKED: _unclear(
            SubIndication.OUT_OF_BOUNDS_NOT_REVOKED,
            "ใบรับรองของผู้ลงลายมือชื่อหมดอายุแล้วโดยไม่เคยถูกเพิกถอน แต่ไม่มีหลักฐานว่าลงลายมือชื่อก่อนหมดอายุ",
            "The signer's certificate has expired without having been revoked, and nothing proves "
            "that it was used before.",
        ),
        Code.SIGNED_AFTER_EXPIRY: _failed(
            SubIndication.EXPIRED,
            "ลงลายมือชื่อหลังจากใบรับรองหมดอายุแล้ว",
            "The document was signed after the signer's certificate had expired.",
        ),
        Code.CERTIFICATE_NOT_YET_VALID: _failed(
            SubIndication.NOT_YET_VALID,
            "ลงลายมือชื่อก่อนที่ใบรับรองจะเริ่มมีผล",
            "The document was signed before the signer's certificate began to be valid.",
        ),
        Code.CERTIFICATE_REVOKED: _unclear(
            SubIndication.REVOKED_NO_POE,
            "ใบรับรองของผู้ลงลายมือชื่อถูกเพิกถอนแล้ว และไม่มีหลักฐานว่าลงลายมือชื่อก่อนถูกเพิกถอน",
            "The signer's certificate was revoked, and nothing proves that it was used before.",
        ),
        Code.SIGNED_AFTER_REVOCATION: _failed(
            SubIndication.REVOKED,
            "ลงลายมือชื่อหลังจากใบรับรองถูกเพิกถอนแล้ว",
            "The document was signed after the signer's certificate had been revoked.",
        ),
        Code.AUTHORITY_REVOKED: _unclear(
            SubIndication.REVOKED_CA_NO_POE,
            "ใบรับรองของผู้ให้บริการออกใบรับรองถูกเพิกถอนแล้ว",
            "The certificate of the authority that issued the signer's certificate was revoked.",
        ),
        Code.REVOCATION_UNKNOWN: _unclear(
            SubIndication.TRY_LATER,
            "ยังไม่มีข้อมูลล่าสุดว่าใบรับรองถูกเพิกถอนหรือไม่ โปรดลองใหม่ภายหลัง",
            "It is not known whether the certificate has been revoked; try again later.",
        ),
        Code.TIME_LIMIT: _format(
            "ตรวจเอกสารไม่เสร็จภายในเวลาที่กำหนด เอกสารซับซ้อนผิดปกติ",
            "The document could not be judged in the time allowed; it is unusually complicated.",
        ),
        Code.MEMORY_LIMIT: _format(
            "ตรวจเอกสารไม่ได้ภายในหน่วยความจำที่กำหนด เอกสารซับซ้อนผิดปกติ",
            "The document could not be judged in the memory allowed; it is unusually complicated.",
        ),
        Code.CRASHED: _format(
            "โปรแกรมตรวจเอกสารหยุดทำงานขณะอ่านเอกสารนี้ เอกสารอาจเสียหายหรือมุ่งร้าย",
            "The judging program stopped while it read the document, which may be damaged or "
            "hostile.",
        ),
        Code.UNEXPECTED: _format(
            "พบสิ่งที่ไม่คาดคิดในเอกสาร จึงยืนยันความถูกต้องไม่ได้",
            "Something unexpected is in the document, so that it cannot be called valid.",
        ),
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


class Refused(Exception):
    """A clause does not hold; carries the answer's code and, for the log, what was seen."""

    def __init__(self, code: Code, seen: str = "") -> None:
        super().__init__(f"{code.value}: {seen}" if seen else code.value)
        self.code = code
