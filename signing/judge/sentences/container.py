"""Answers about the form of a container (ASiC)."""

from collections.abc import Mapping
from types import MappingProxyType

from signing.judge.codes import Answer, Code, malformed, unclear
from tdh.domain.verdicts import SubIndication

ANSWERS: Mapping[Code, Answer] = MappingProxyType(
    {
        Code.CONTAINER_DAMAGED: malformed(
            "โครงสร้างของไฟล์บรรจุ (ZIP) เสียหาย อ่านไม่ได้อย่างแน่นอน",
            "The structure of the container (ZIP) is damaged and cannot be read without guessing.",
        ),
        Code.CONTAINER_HIDDEN_DATA: malformed(
            "ไฟล์บรรจุมีข้อมูลแฝงอยู่นอกรายการไฟล์",
            "The container holds data that belong to none of its files.",
        ),
        Code.CONTAINER_HEADERS_DISAGREE: malformed(
            "ไฟล์บรรจุระบุข้อมูลของไฟล์เดียวกันไว้สองแบบไม่ตรงกัน",
            "The container states two different things of one and the same file.",
        ),
        Code.CONTAINER_DUPLICATE_NAME: malformed(
            "ไฟล์บรรจุมีไฟล์ชื่อซ้ำกัน หรือชื่อที่บางระบบถือว่าซ้ำกัน",
            "Two files of the container have the same name, or names that some systems take for "
            "the same.",
        ),
        Code.CONTAINER_UNSAFE_NAME: malformed(
            "ไฟล์บรรจุมีไฟล์ที่ชื่อไม่ปลอดภัย",
            "A file of the container has a name that is not safe.",
        ),
        Code.CONTAINER_METHOD: malformed(
            "ไฟล์ในไฟล์บรรจุถูกเข้ารหัสหรือบีบอัดด้วยวิธีที่ไม่เป็นที่ยอมรับ",
            "A file of the container is encrypted, or compressed by a method that is not accepted.",
        ),
        Code.CONTAINER_TOO_LARGE: malformed(
            "เนื้อหาของไฟล์บรรจุมีขนาดหรือจำนวนเกินกว่าที่กำหนด",
            "The content of the container is larger, or in more files, than is allowed.",
        ),
        Code.CONTAINER_MIMETYPE_MISSING: malformed(
            "ไฟล์บรรจุไม่ได้ระบุชนิดของตนเอง (ไม่มีไฟล์ mimetype)",
            "The container does not say of which kind it is: it has no entry mimetype.",
        ),
        Code.CONTAINER_MIMETYPE_WRONG: malformed(
            "ไฟล์บรรจุระบุว่าเป็นชนิดอื่นที่ไม่ใช่ ASiC-E หรือ ASiC-S",
            "The container says that it is of another kind than ASiC-E or ASiC-S.",
        ),
        Code.CONTAINER_EMPTY: malformed(
            "ไฟล์บรรจุไม่มีเอกสารอยู่ภายใน",
            "The container holds no document.",
        ),
        Code.CONTAINER_SEVERAL_FILES: malformed(
            "ไฟล์บรรจุชนิด ASiC-S ต้องมีเอกสารและลายมือชื่ออย่างละหนึ่งไฟล์",
            "A container of the kind ASiC-S must hold exactly one document and one file with its "
            "signatures.",
        ),
        Code.CONTAINER_FILE_PLACE: malformed(
            "เอกสารในไฟล์บรรจุชนิด ASiC-S ต้องไม่อยู่ในโฟลเดอร์ย่อย",
            "The document of a container of the kind ASiC-S must not lie in a folder.",
        ),
        Code.CONTAINER_MIXED: malformed(
            "ไฟล์บรรจุมีลายมือชื่อทั้งแบบ XAdES และ CAdES ปนกัน",
            "The container mixes signatures of the kinds XAdES and CAdES.",
        ),
        Code.CONTAINER_FILE_UNSIGNED: malformed(
            "มีไฟล์ในไฟล์บรรจุที่ไม่มีลายมือชื่อใดครอบคลุม",
            "A file of the container is covered by no signature.",
        ),
        Code.CONTAINER_FILE_PARTLY_SIGNED: unclear(
            SubIndication.SIG_CONSTRAINTS_FAILURE,
            "มีไฟล์ในไฟล์บรรจุที่ผู้ลงลายมือชื่อบางคนไม่ได้ลงลายมือชื่อ",
            "A file of the container is not covered by every signature.",
        ),
        Code.CONTAINER_MANIFEST: malformed(
            "รายการกำกับไฟล์ (manifest) ในไฟล์บรรจุเสียหายหรือไม่เป็นไปตามรูปแบบ",
            "A manifest of the container is damaged or not of the prescribed form.",
        ),
        Code.CONTAINER_SIGNATURE_LOOSE: malformed(
            "มีลายมือชื่อในไฟล์บรรจุที่ไม่มีรายการกำกับ (manifest) ระบุว่าครอบคลุมไฟล์ใด",
            "No manifest of the container says which files a signature covers, or two of them do.",
        ),
        Code.CONTAINER_FILE_MISSING: unclear(
            SubIndication.SIGNED_DATA_NOT_FOUND,
            "ไฟล์ที่ลงลายมือชื่อไว้ไม่อยู่ในไฟล์บรรจุ",
            "A file that was signed is not in the container.",
        ),
        Code.CONTAINER_ONLY_EVIDENCE_RECORD: unclear(
            SubIndication.POLICY_PROCESSING_ERROR,
            "ไฟล์บรรจุมีเพียงบันทึกหลักฐานการเก็บรักษา (evidence record) ซึ่งระบบนี้ไม่ตรวจ",
            "The container is protected by an evidence record only, which is not judged here.",
        ),
    }
)
